/* A device with many models: the first two bytes on its link say which one it serves. */
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

int main(void) {
    odl_platform_start();
    uint8_t number[2];
    for (size_t n = 0; n < sizeof number;) {
        const size_t got = odl_platform_read(number + n, sizeof number - n);
        if (got == 0) {
            odl_platform_exit(2);
        }
        n += got;
    }
    odl_session_serve(models[number[0] | number[1] << 8]);
    odl_platform_exit(0);
}
