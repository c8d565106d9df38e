/* A device with many models: its first argument says which one it serves. */
#include <stdlib.h>

#include "odl/platform.h"
#include "odl/session.h"

/* models.inc is a list of MODEL(name), made by the test. */
#define MODEL(name) extern const struct odl_model odl_##name##_model;
#include "models.inc"
#undef MODEL

static const struct odl_model *const models[] = {
#define MODEL(name) &odl_##name##_model,
#include "models.inc"
};

int main(int argc, char **argv) {
    const unsigned long number = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
    if (number >= sizeof models / sizeof *models) {
        return 2;
    }
    odl_platform_start();
    odl_session_serve(models[number]);
    return 0;
}
