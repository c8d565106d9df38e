/* The two formats of 16 bits, as classes of the same functions; both round as frm asks. */
#ifndef ODL_SPIKE_HALF_H
#define ODL_SPIKE_HALF_H

#include "cluster.h"

namespace odl {

/* IEEE half precision. */
struct Half {
    static constexpr uint32_t FORMAT = 2; /* in funct3 of the packed instructions */
    static constexpr uint16_t ONE_HALF = 0x3800;
    static constexpr auto add = f16_add, sub = f16_sub, mul = f16_mul, div = f16_div;
    static constexpr auto min = f16_min, max = f16_max;
    static constexpr auto root = f16_sqrt;
    static constexpr auto fused = f16_mulAdd;
    static constexpr auto eq = f16_eq, lt = f16_lt_quiet, le = f16_le_quiet;
    static constexpr auto classify = f16_classify;
    static constexpr auto wide = f16_to_f32;
    static constexpr auto narrow = f32_to_f16;
    static constexpr auto integer = i32_to_f16;
};

/* bfloat16: the upper half of a single, whose quotients and roots round twice without harm. */
struct Brain {
    static constexpr uint32_t FORMAT = 1;
    static constexpr uint16_t ONE_HALF = 0x3f00;
    static constexpr auto add = bf16_add, sub = bf16_sub, mul = bf16_mul;
    static constexpr auto min = bf16_min, max = bf16_max;
    static constexpr auto fused = bf16_mulAdd;
    static constexpr auto eq = bf16_eq, lt = bf16_lt, le = bf16_le;
    static constexpr auto classify = bf16_classify;
    static constexpr auto wide = bf16_to_f32;
    static constexpr auto narrow = f32_to_bf16;
    static constexpr auto integer = i32_to_bf16;

    static float16_t div(float16_t a, float16_t b) {
        return narrow(f32_div(wide(a), wide(b)));
    }

    static float16_t root(float16_t a) {
        return narrow(f32_sqrt(wide(a)));
    }
};

inline float16_t negated(float16_t v) {
    return float16_t{(uint16_t)(v.v ^ 0x8000)};
}

inline float16_t sign_of(float16_t a, float16_t b) {
    return float16_t{(uint16_t)((a.v & 0x7fff) | (b.v & 0x8000))};
}

inline float16_t sign_against(float16_t a, float16_t b) {
    return sign_of(a, negated(b));
}

inline float16_t sign_both(float16_t a, float16_t b) {
    return float16_t{(uint16_t)(a.v ^ (b.v & 0x8000))};
}

inline void round_as_asked(processor_t *p) {
    softfloat_roundingMode = (uint_fast8_t)p->state.frm->read();
}

} // namespace odl
#endif
