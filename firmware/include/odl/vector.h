/*
 * Vectors as the kernels *_rvv see them, over RISC-V's vector extension (Zve32f, with Zvfh for half
 * precision). An instruction set of another kind may define the same names. There is here what the
 * kernels use, and no more.
 *
 * - A vector has up to odl_lanes() lanes; every operation takes the number n of those in use, and
 *   what the others hold does not matter. n is the same for all vectors that meet.
 * - Arithmetic is in single precision (odl_vec). Half precision (odl_half) is a form of storage:
 *   it is loaded, converted, rounded when stored, and multiplied into sums of single precision.
 * - odl_vload and its like take a pointer to float or _Float16 and do the same for both, so that a
 *   kernel's body is written once. In such bodies T is the element and V the vector of it.
 * - Strides are in elements. A mask says which lanes an operation is for.
 * - Each operation is one instruction or two.
 */
#ifndef ODL_VECTOR_H
#define ODL_VECTOR_H

#include <riscv_vector.h>
#include <stddef.h>
#include <stdint.h>

typedef vfloat32m4_t odl_vec;
typedef vfloat16m2_t odl_half;
typedef vuint32m4_t odl_index;
typedef vint32m4_t odl_whole;
typedef vbool8_t odl_mask;

#define ODL_INLINE static inline __attribute__((always_inline))

/* --- lanes --- */

/* The most lanes of a vector. */
ODL_INLINE size_t odl_lanes(void) {
    return __riscv_vsetvlmax_e32m4();
}

/* As many lanes as `left` elements take, at most all. */
ODL_INLINE size_t odl_lanes_for(int32_t left) {
    const size_t all = odl_lanes();
    return (size_t)left < all ? (size_t)left : all;
}

/* --- memory --- */

#define ODL_BY_TYPE(p, f32, f16) _Generic(*(p), float: f32, _Float16: f16)

ODL_INLINE odl_vec odl_vload_f32(const float *p, int32_t stride, size_t n) {
    const ptrdiff_t bytes = stride * (ptrdiff_t)sizeof *p;
    return stride == 1 ? __riscv_vle32_v_f32m4(p, n) : __riscv_vlse32_v_f32m4(p, bytes, n);
}
ODL_INLINE odl_half odl_vload_f16(const _Float16 *p, int32_t stride, size_t n) {
    const ptrdiff_t bytes = stride * (ptrdiff_t)sizeof *p;
    return stride == 1 ? __riscv_vle16_v_f16m2(p, n) : __riscv_vlse16_v_f16m2(p, bytes, n);
}
/* p[0], p[stride], p[2 * stride], ... as they are stored. */
#define odl_vload(p, stride, n) ODL_BY_TYPE(p, odl_vload_f32, odl_vload_f16)(p, stride, n)

ODL_INLINE odl_vec odl_vload_where_f32(odl_mask m, const float *p, size_t n) {
    return __riscv_vle32_v_f32m4_m(m, p, n);
}
ODL_INLINE odl_half odl_vload_where_f16(odl_mask m, const _Float16 *p, size_t n) {
    return __riscv_vle16_v_f16m2_m(m, p, n);
}
/* p[0], p[1], ... in the lanes of a mask alone; what the others point to is not touched. */
#define odl_vload_where(m, p, n) ODL_BY_TYPE(p, odl_vload_where_f32, odl_vload_where_f16)(m, p, n)

ODL_INLINE odl_vec odl_vgather_f32(odl_mask m, const float *p, odl_index at, size_t n) {
    return __riscv_vluxei32_v_f32m4_m(m, p, at, n);
}
ODL_INLINE odl_half odl_vgather_f16(odl_mask m, const _Float16 *p, odl_index at, size_t n) {
    return __riscv_vluxei32_v_f16m2_m(m, p, at, n);
}
/* The elements `at` bytes behind p, for the lanes of a mask. */
#define odl_vgather(m, p, at, n) ODL_BY_TYPE(p, odl_vgather_f32, odl_vgather_f16)(m, p, at, n)

ODL_INLINE odl_vec odl_vread_f16(const _Float16 *p, int32_t stride, size_t n) {
    return __riscv_vfwcvt_f_f_v_f32m4(odl_vload_f16(p, stride, n), n);
}
/* As odl_vload, converted to single precision. */
#define odl_vread(p, stride, n) ODL_BY_TYPE(p, odl_vload_f32, odl_vread_f16)(p, stride, n)

ODL_INLINE void odl_vstore_f32(float *p, int32_t stride, odl_vec v, size_t n) {
    if (stride == 1) {
        __riscv_vse32_v_f32m4(p, v, n);
    } else {
        __riscv_vsse32_v_f32m4(p, stride * (ptrdiff_t)sizeof *p, v, n);
    }
}
ODL_INLINE void odl_vstore_f16(_Float16 *p, int32_t stride, odl_half v, size_t n) {
    if (stride == 1) {
        __riscv_vse16_v_f16m2(p, v, n);
    } else {
        __riscv_vsse16_v_f16m2(p, stride * (ptrdiff_t)sizeof *p, v, n);
    }
}
/* p[0], p[stride], ... = v, which is of their type. */
#define odl_vstore(p, stride, v, n) ODL_BY_TYPE(p, odl_vstore_f32, odl_vstore_f16)(p, stride, v, n)

ODL_INLINE void odl_vwrite_f16(_Float16 *p, int32_t stride, odl_vec v, size_t n) {
    odl_vstore_f16(p, stride, __riscv_vfncvt_f_f_w_f16m2(v, n), n);
}
/* The same from single precision, rounded to their type. */
#define odl_vwrite(p, stride, v, n) ODL_BY_TYPE(p, odl_vstore_f32, odl_vwrite_f16)(p, stride, v, n)

/* --- sums of products: a vector as it was loaded times a scalar of its type --- */

ODL_INLINE odl_vec odl_vfma_f32(odl_vec sum, float a, odl_vec v, size_t n) {
    return __riscv_vfmacc_vf_f32m4(sum, a, v, n);
}
ODL_INLINE odl_vec odl_vfma_f16(odl_vec sum, _Float16 a, odl_half v, size_t n) {
    return __riscv_vfwmacc_vf_f32m4(sum, a, v, n);
}
/* sum + a[0] * v, rounded once. */
#define odl_vfma(sum, a, v, n) ODL_BY_TYPE(a, odl_vfma_f32, odl_vfma_f16)(sum, *(a), v, n)

ODL_INLINE odl_vec odl_vfma_where_f32(odl_mask m, odl_vec sum, float a, odl_vec v, size_t n) {
    return __riscv_vfmacc_vf_f32m4_mu(m, sum, a, v, n);
}
ODL_INLINE odl_vec odl_vfma_where_f16(odl_mask m, odl_vec sum, _Float16 a, odl_half v, size_t n) {
    return __riscv_vfwmacc_vf_f32m4_mu(m, sum, a, v, n);
}
/* The same in the lanes of a mask; the others keep their sum. */
#define odl_vfma_where(m, sum, a, v, n)                                                            \
    ODL_BY_TYPE(a, odl_vfma_where_f32, odl_vfma_where_f16)(m, sum, *(a), v, n)

/* --- arithmetic in single precision --- */

/* The same value in all lanes. */
ODL_INLINE odl_vec odl_vset(float a, size_t n) {
    return __riscv_vfmv_v_f_f32m4(a, n);
}
ODL_INLINE odl_vec odl_vadd(odl_vec a, odl_vec b, size_t n) {
    return __riscv_vfadd_vv_f32m4(a, b, n);
}
ODL_INLINE odl_vec odl_vsub(odl_vec a, odl_vec b, size_t n) {
    return __riscv_vfsub_vv_f32m4(a, b, n);
}
ODL_INLINE odl_vec odl_vmul(odl_vec a, odl_vec b, size_t n) {
    return __riscv_vfmul_vv_f32m4(a, b, n);
}
ODL_INLINE odl_vec odl_vdiv(odl_vec a, odl_vec b, size_t n) {
    return __riscv_vfdiv_vv_f32m4(a, b, n);
}
/* v + a, v * a, v / a, and v * a + b rounded once. */
ODL_INLINE odl_vec odl_vadd_by(odl_vec v, float a, size_t n) {
    return __riscv_vfadd_vf_f32m4(v, a, n);
}
ODL_INLINE odl_vec odl_vmul_by(odl_vec v, float a, size_t n) {
    return __riscv_vfmul_vf_f32m4(v, a, n);
}
ODL_INLINE odl_vec odl_vdiv_by(odl_vec v, float a, size_t n) {
    return __riscv_vfdiv_vf_f32m4(v, a, n);
}
ODL_INLINE odl_vec odl_vmul_by_add(odl_vec v, float a, odl_vec b, size_t n) {
    return __riscv_vfmadd_vf_f32m4(v, a, b, n);
}
ODL_INLINE odl_vec odl_vmul_add(odl_vec v, odl_vec a, odl_vec b, size_t n) {
    return __riscv_vfmadd_vv_f32m4(v, a, b, n);
}
ODL_INLINE odl_vec odl_vabs(odl_vec v, size_t n) {
    return __riscv_vfabs_v_f32m4(v, n);
}
ODL_INLINE odl_vec odl_vneg(odl_vec v, size_t n) {
    return __riscv_vfneg_v_f32m4(v, n);
}
ODL_INLINE odl_vec odl_vsqrt(odl_vec v, size_t n) {
    return __riscv_vfsqrt_v_f32m4(v, n);
}
/* |a| with the sign of b. */
ODL_INLINE odl_vec odl_vcopysign(odl_vec a, odl_vec b, size_t n) {
    return __riscv_vfsgnj_vv_f32m4(a, b, n);
}
/* Between low and high, which NaN becomes. */
ODL_INLINE odl_vec odl_vclamp(odl_vec v, float low, float high, size_t n) {
    return __riscv_vfmin_vf_f32m4(__riscv_vfmax_vf_f32m4(v, low, n), high, n);
}
/* a where m, else v. */
ODL_INLINE odl_vec odl_vput(odl_mask m, float a, odl_vec v, size_t n) {
    return __riscv_vfmerge_vfm_f32m4(v, a, m, n);
}
/* a where m, else b. */
ODL_INLINE odl_vec odl_vpick(odl_mask m, odl_vec a, odl_vec b, size_t n) {
    return __riscv_vmerge_vvm_f32m4(b, a, m, n);
}

/* --- comparisons; false where a lane is NaN --- */

ODL_INLINE odl_mask odl_vless_by(odl_vec v, float a, size_t n) {
    return __riscv_vmflt_vf_f32m4_b8(v, a, n);
}
ODL_INLINE odl_mask odl_vmore_by(odl_vec v, float a, size_t n) {
    return __riscv_vmfgt_vf_f32m4_b8(v, a, n);
}
ODL_INLINE odl_mask odl_vmore(odl_vec a, odl_vec b, size_t n) {
    return __riscv_vmfgt_vv_f32m4_b8(a, b, n);
}

/* Where a is smaller than b, or NaN; where it is larger, or NaN. */
ODL_INLINE odl_mask odl_vless_or_nan(odl_vec a, odl_vec b, size_t n) {
    return __riscv_vmor_mm_b8(odl_vmore(b, a, n), __riscv_vmfne_vv_f32m4_b8(a, a, n), n);
}
ODL_INLINE odl_mask odl_vmore_or_nan(odl_vec a, odl_vec b, size_t n) {
    return __riscv_vmor_mm_b8(odl_vmore(a, b, n), __riscv_vmfne_vv_f32m4_b8(a, a, n), n);
}
/* Where v is NaN. */
ODL_INLINE odl_mask odl_vnan(odl_vec v, size_t n) {
    return __riscv_vmfne_vv_f32m4_b8(v, v, n);
}

/* --- whole numbers with a sign --- */

/* v without its fraction. */
ODL_INLINE odl_whole odl_vwhole(odl_vec v, size_t n) {
    return __riscv_vfcvt_rtz_x_f_v_i32m4(v, n);
}
ODL_INLINE odl_vec odl_wfloat(odl_whole w, size_t n) {
    return __riscv_vfcvt_f_x_v_f32m4(w, n);
}
/* The next whole number below w / 2. */
ODL_INLINE odl_whole odl_whalf(odl_whole w, size_t n) {
    return __riscv_vsra_vx_i32m4(w, 1, n);
}
ODL_INLINE odl_whole odl_wsub(odl_whole a, odl_whole b, size_t n) {
    return __riscv_vsub_vv_i32m4(a, b, n);
}
/* 2^w for -126 <= w <= 127. */
ODL_INLINE odl_vec odl_wpower(odl_whole w, size_t n) {
    const odl_whole biased = __riscv_vadd_vx_i32m4(w, 127, n);
    return __riscv_vreinterpret_v_i32m4_f32m4(__riscv_vsll_vx_i32m4(biased, 23, n));
}

/* --- whole numbers: where a lane's element stands --- */

/* first, first + 1, ... */
ODL_INLINE odl_index odl_icount(uint32_t first, size_t n) {
    return __riscv_vadd_vx_u32m4(__riscv_vid_v_u32m4(n), first, n);
}
/* i / by and i % by. */
ODL_INLINE odl_index odl_idiv(odl_index i, uint32_t by, size_t n) {
    return __riscv_vdivu_vx_u32m4(i, by, n);
}
ODL_INLINE odl_index odl_imod(odl_index i, uint32_t by, size_t n) {
    return __riscv_vremu_vx_u32m4(i, by, n);
}
/* i * by + j. */
ODL_INLINE odl_index odl_imul_add(odl_index i, uint32_t by, odl_index j, size_t n) {
    return __riscv_vmadd_vx_u32m4(i, by, j, n);
}
ODL_INLINE odl_index odl_imul(odl_index i, uint32_t by, size_t n) {
    return __riscv_vmul_vx_u32m4(i, by, n);
}
/* Where 0 <= i + a < end, as whole numbers with a sign. */
ODL_INLINE odl_mask odl_iwithin(odl_index i, int32_t a, int32_t end, size_t n) {
    const odl_index moved = __riscv_vadd_vx_u32m4(i, (uint32_t)a, n);
    return __riscv_vmsltu_vx_u32m4_b8(moved, (uint32_t)end, n);
}
ODL_INLINE odl_mask odl_both(odl_mask a, odl_mask b, size_t n) {
    return __riscv_vmand_mm_b8(a, b, n);
}

/* --- reductions --- */

/* start + v[0] + v[1] + ..., in this order, whatever the machine. */
ODL_INLINE float odl_vsum(float start, odl_vec v, size_t n) {
    const vfloat32m1_t from = __riscv_vfmv_s_f_f32m1(start, 1);
    return __riscv_vfmv_f_s_f32m1_f32(__riscv_vfredosum_vs_f32m4_f32m1(v, from, n));
}
/* The largest of `start` and the lanes; NaN is passed over where there is a number. */
ODL_INLINE float odl_vmax(float start, odl_vec v, size_t n) {
    const vfloat32m1_t from = __riscv_vfmv_s_f_f32m1(start, 1);
    return __riscv_vfmv_f_s_f32m1_f32(__riscv_vfredmax_vs_f32m4_f32m1(v, from, n));
}

#endif
