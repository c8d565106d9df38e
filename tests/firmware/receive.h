/* What the host sends, whole; the program ends when the host has gone. */
#ifndef RECEIVE_H
#define RECEIVE_H

#include "odl/platform.h"

static void receive(void *to, size_t bytes) {
    char *at = to;
    while (bytes > 0) {
        const size_t n = odl_platform_read(at, bytes);
        if (n == 0) {
            odl_platform_exit(0);
        }
        at += n;
        bytes -= n;
    }
}

#endif
