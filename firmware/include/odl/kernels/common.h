/* What every argument struct is made of. */
#ifndef ODL_KERNELS_COMMON_H
#define ODL_KERNELS_COMMON_H

#include <stdint.h>

#include "odl/team.h"

/*
 * A kernel of half precision whose sums are in half precision too, at most 96 terms long and then
 * added up: where a kernel's error is gamma(n), n is for these min(n, 96) + n / 64 + 1, and the
 * unit roundoff is half's.
 */
typedef odl_kernel odl_half_kernel;

/* Dimensions of a loop nest. */
#define ODL_RANK 6

#endif
