/* Division and conversion of 64-bit integers, which compilers call since RV32 has no such thing. */
#include <stdint.h>

uint64_t __udivdi3(uint64_t a, uint64_t b);
uint64_t __umoddi3(uint64_t a, uint64_t b);
int64_t __divdi3(int64_t a, int64_t b);
int64_t __moddi3(int64_t a, int64_t b);
float __floatundisf(uint64_t a);
float __floatdisf(int64_t a);
uint64_t __fixunssfdi(float x);
int64_t __fixsfdi(float x);

/* Bit by bit; by zero, all bits of the quotient are set, as the 32-bit instruction has it. */
static uint64_t divide(uint64_t a, uint64_t b, uint64_t *remainder) {
    uint64_t quotient = 0, rest = 0;
    for (int i = 63; i >= 0; i--) {
        const uint64_t carry = rest >> 63;
        rest = rest << 1 | (a >> i & 1);
        if (carry || rest >= b) {
            rest -= b;
            quotient |= (uint64_t)1 << i;
        }
    }
    *remainder = rest;
    return quotient;
}

static uint64_t magnitude(int64_t v) {
    return v < 0 ? 0u - (uint64_t)v : (uint64_t)v;
}

uint64_t __udivdi3(uint64_t a, uint64_t b) {
    uint64_t rest;
    return divide(a, b, &rest);
}

uint64_t __umoddi3(uint64_t a, uint64_t b) {
    uint64_t rest;
    divide(a, b, &rest);
    return rest;
}

int64_t __divdi3(int64_t a, int64_t b) {
    uint64_t rest;
    const uint64_t q = divide(magnitude(a), magnitude(b), &rest);
    return (int64_t)((a < 0) != (b < 0) ? 0u - q : q);
}

int64_t __moddi3(int64_t a, int64_t b) {
    uint64_t rest;
    divide(magnitude(a), magnitude(b), &rest);
    return (int64_t)(a < 0 ? 0u - rest : rest);
}

/* The nearest float, of two the even one: the 24 leading bits, and whether something is below them.
 */
float __floatundisf(uint64_t a) {
    int shift = 0;
    while (a >> shift >> 32) {
        shift++;
    }
    const uint64_t below = a & (((uint64_t)1 << shift) - 1);
    const uint32_t head =
        (uint32_t)(a >> shift) | (below != 0); /* bit 0 is far from the rounding */
    const float scale = shift ? 0x1p32f : 1.0f;
    float value = (float)head;
    for (int i = shift; i < 32 && shift; i++) {
        value *= 0.5f;
    }
    return value * scale;
}

float __floatdisf(int64_t a) {
    return a < 0 ? -__floatundisf(magnitude(a)) : __floatundisf(magnitude(a));
}

/* Towards zero; the caller has made sure that the value fits. */
uint64_t __fixunssfdi(float x) {
    const uint32_t high = (uint32_t)(x * 0x1p-32f);
    return (uint64_t)high << 32 | (uint32_t)(x - (float)high * 0x1p32f);
}

int64_t __fixsfdi(float x) {
    const uint64_t size = __fixunssfdi(__builtin_fabsf(x));
    return (int64_t)(x < 0.0f ? 0u - size : size);
}
