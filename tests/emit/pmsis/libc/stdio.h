/* What main.c prints with, for a compiler that comes without a C library. */
__attribute__((format(printf, 1, 2))) int printf(const char *format, ...);
