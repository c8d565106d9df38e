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

#endif
