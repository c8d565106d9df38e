/* The machine that odl runs on: cores are threads, the link is standard input and output. */
#define _POSIX_C_SOURCE 200809L
#include "odl/platform.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "odl/team.h"

static sem_t signals[ODL_CORES];

static void *core(void *number) {
    odl_team_join((uint32_t)(uintptr_t)number);
    return NULL;
}

void odl_platform_start(void) {
    for (uintptr_t i = 0; i < ODL_CORES; i++) {
        sem_init(&signals[i], 0, 0);
    }
    for (uintptr_t i = 1; i < ODL_CORES; i++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, core, (void *)i) != 0) {
            abort();
        }
    }
}

void odl_platform_wait(uint32_t self) {
    while (sem_wait(&signals[self]) != 0) {
    }
}

void odl_platform_signal(uint32_t other) {
    sem_post(&signals[other]);
}

uint64_t odl_platform_count(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

size_t odl_platform_read(void *data, size_t capacity) {
    ssize_t n = read(STDIN_FILENO, data, capacity);
    return n > 0 ? (size_t)n : 0;
}

void odl_platform_write(const void *data, size_t bytes) {
    const char *at = data;
    while (bytes > 0) {
        ssize_t n = write(STDOUT_FILENO, at, bytes);
        if (n <= 0) {
            odl_platform_exit(1);
        }
        at += n;
        bytes -= (size_t)n;
    }
}

_Noreturn void odl_platform_exit(int code) {
    _exit(code);
}
