/* The program of a device that serves one model over its link. */
#include "odl/platform.h"
#include "odl/session.h"

extern const struct odl_model odl_model;

int main(void) {
    odl_platform_start();
    odl_session_serve(&odl_model);
    odl_platform_exit(0);
}
