/* What every argument struct is made of. */
#ifndef ODL_KERNELS_COMMON_H
#define ODL_KERNELS_COMMON_H

#include <stdint.h>

#include "odl/team.h"

/* Dimensions of a loop nest. */
#define ODL_RANK 6

#endif
