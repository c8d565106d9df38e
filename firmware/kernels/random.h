/* Numbers that are the same on every machine, each from its place and a seed. */
#ifndef ODL_RANDOM_H
#define ODL_RANDOM_H

#include <stdint.h>

/* Number `i` of `seed`, evenly distributed. */
static inline uint32_t odl_random(uint32_t seed, uint32_t i) {
    uint32_t x = seed + 0x9E3779B9u * (i + 1);
    x = (x ^ x >> 16) * 0x21F0AAADu;
    x = (x ^ x >> 15) * 0xD35A2D97u;
    return x ^ x >> 15;
}

#endif
