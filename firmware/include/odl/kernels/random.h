/* Draws by odl_random (firmware/kernels/random.h): the same on every machine. */
#ifndef ODL_KERNELS_RANDOM_H
#define ODL_KERNELS_RANDOM_H

#include "odl/kernels/common.h"

/*
 * y[i] = whether i is among the `count` of n numbers that draw *number of `seed` chooses: those
 * whose random numbers are the smallest, of equal ones the first. n * n steps in all.
 */
struct odl_choose {
    const void *number;
    void *y;
    int32_t n, count, seed;
};
odl_kernel odl_choose_i32;

/*
 * Of n positions with these norms the k that stand for all in a sum: index[j], int32, and how often
 * it counts, weight[j], float. The c largest count once; k - c are drawn by draw *number of `seed`,
 * each with a probability p in proportion to its norm among those left, and count 1 / (p (k - c))
 * times; c makes what is left for each that is drawn the least. Norms count as integers below
 * 2^15 + 1, scaled by a power of two, 1 at least; those that are not finite count as 0. Of equal
 * ones the first is the larger. k < n <= 65536; keys and sums are scratch of n words each.
 * Error of a weight: gamma(4) of it. The variant is the type of the norms.
 */
struct odl_sample {
    const void *norm, *number;
    void *index, *weight, *keys, *sums;
    int32_t n, k, seed;
};
odl_kernel odl_sample_f32, odl_sample_f16;

/*
 * y[i] = scale * number (e % width) * step + e / width of `seed`, with e = first + i, for n
 * elements. A number is its 24 high bits, evenly in [-1, 1); the product rounds once, and once more
 * to half precision.
 */
struct odl_seeded {
    void *y;
    int32_t n, first, width, step, seed;
    float scale;
};
odl_kernel odl_seeded_f32, odl_seeded_f16;

#endif
