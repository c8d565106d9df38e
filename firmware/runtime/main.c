/* The program of a device that serves one model over its link. ODL_MODEL names the model. */
#include "odl/platform.h"
#include "odl/session.h"

extern const struct odl_model ODL_MODEL;

int main(void) {
    odl_platform_start();
    odl_session_serve(&ODL_MODEL);
    odl_platform_exit(0);
}
