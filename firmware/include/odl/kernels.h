/*
 * Every kernel: its argument struct, its shapes, and its functions.
 *
 * - A struct's fields are those of the kernel's NumPy definition in odl/ops, in the same order.
 * - Tensors are dense and row-major unless strides are given; strides and sizes are in elements.
 * - Loop nests have ODL_RANK dimensions, the unused ones first, with size 1 and stride 0.
 * - Names are odl_<kernel>_<types>[_<isa>]; types are f32, f16, i8, u8, i32, i64, b8 (bool), and
 *   b8, b16, b32, b64 for kernels that only move elements of so many bits.
 * - An operand that may be absent is NULL then.
 * - Unless a comment says otherwise, the output may stand where x (or a, or b) stands if their
 *   elements correspond, and the error is that of correctly rounded IEEE arithmetic.
 * - Sums run in one order, whatever the number of cores: results do not depend on it. Bodies for
 *   an ISA may have another order than the portable ones, and that of the sums and means over long
 *   runs (reduce_*_rvv) depends on the length of the vectors; the errors stated hold for any order.
 */
#ifndef ODL_KERNELS_H
#define ODL_KERNELS_H

#include "odl/kernels/activation.h"
#include "odl/kernels/arithmetic.h"
#include "odl/kernels/conv.h"
#include "odl/kernels/gather.h"
#include "odl/kernels/matmul.h"
#include "odl/kernels/movement.h"
#include "odl/kernels/optimizer.h"
#include "odl/kernels/pool.h"
#include "odl/kernels/quantised.h"
#include "odl/kernels/random.h"
#include "odl/kernels/recurrent.h"
#include "odl/kernels/reduce.h"
#include "odl/kernels/resize.h"
#include "odl/kernels/scan.h"
#include "odl/kernels/rvv.h"
#include "odl/kernels/xpulp.h"

#endif
