/* What a target provides, in targets/NAME/platform.c. Everything else is the same everywhere. */
#ifndef ODL_PLATFORM_H
#define ODL_PLATFORM_H

#include <stddef.h>
#include <stdint.h>

#ifndef ODL_CORES
#define ODL_CORES 1
#endif

/* Bring up the cores 1 .. ODL_CORES-1, each in odl_team_join. Called once, by core 0. */
void odl_platform_start(void);

/*
 * Sleep until a signal for this core arrives; one that arrived since the last wait counts, and a
 * wait may also end without a signal. Signals do not queue.
 */
void odl_platform_wait(uint32_t core);

/* Wake a core. */
void odl_platform_signal(uint32_t core);

/* This core's counter: instructions, cycles or nanoseconds, as target.toml says. */
uint64_t odl_platform_count(void);

/* Wait for at least one byte of the link; the number read, or 0 when the link is closed. */
size_t odl_platform_read(void *data, size_t capacity);

/* Send all bytes. */
void odl_platform_write(const void *data, size_t bytes);

/* End the program, where that means anything. */
_Noreturn void odl_platform_exit(int code);

#endif
