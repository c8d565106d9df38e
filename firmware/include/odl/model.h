/* What a generated model.c tells the run time about itself. */
#ifndef ODL_MODEL_H
#define ODL_MODEL_H

#include <stdint.h>

#include "odl/team.h"

/* Element types, as the link numbers them. */
enum odl_dtype {
    ODL_F32 = 0,
    ODL_F16 = 1,
    ODL_I8 = 2,
    ODL_U8 = 3,
    ODL_I32 = 4,
    ODL_I64 = 5,
    ODL_B8 = 6,
};

enum odl_kind {
    ODL_INPUT = 0,
    ODL_OUTPUT = 1,
    ODL_INNER = 2,
    ODL_CONSTANT = 3,
    ODL_STATE = 4, /* lives from run to run */
};

/* A named tensor and where it stands while it lives. Constants may not be written. */
struct odl_tensor {
    const char *name;
    const void *data;
    uint32_t bytes;
    uint8_t dtype, kind, rank;
    const uint32_t *shape;
};

struct odl_model {
    const char *name;
    uint8_t hash[16]; /* of the program: the host refuses a device that runs another one */
    const struct odl_tensor *tensors;
    const struct odl_step *steps;
    uint16_t tensor_count, step_count;
    int (*init)(void); /* NULL where there is nothing to prepare */
};

#endif
