/* Numbers that are the same on every machine, each from its place and a seed. */
#ifndef ODL_RANDOM_H
#define ODL_RANDOM_H

#include <stdint.h>

#define ODL_RANDOM_STRIDE 0x9E3779B9u

/* What number `i` of `seed` is mixed from; the next one's is ODL_RANDOM_STRIDE more. */
static inline uint32_t odl_random_start(uint32_t seed, uint32_t i) {
    return seed + ODL_RANDOM_STRIDE * (i + 1);
}

static inline uint32_t odl_random_mix(uint32_t x) {
    x = (x ^ x >> 16) * 0x21F0AAADu;
    x = (x ^ x >> 15) * 0xD35A2D97u;
    return x ^ x >> 15;
}

/* Number `i` of `seed`, evenly distributed. */
static inline uint32_t odl_random(uint32_t seed, uint32_t i) {
    return odl_random_mix(odl_random_start(seed, i));
}

#endif
