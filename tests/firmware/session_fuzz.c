/* The session fed with hostile frames of sound CRC, and with garbage; each answer is judged. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "odl/platform.h"
#include "odl/session.h"

static void check(int holds, const char *what) {
    if (!holds) {
        fprintf(stderr, "%s\n", what);
        exit(1);
    }
}

/* --- chance --- */

static uint64_t state;

static uint32_t any(void) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 33) ^ (uint32_t)(state >> 40);
}

static uint32_t below(uint32_t n) {
    return any() % n;
}

/* --- a model: tensors of all kinds, each an object of its own, so that ASan guards its ends --- */

enum { STEPS = 3, TENSORS = 5 };

static uint8_t input[24], inner[1500], one[1];
static uint64_t output[2];
static const uint8_t constant[8] = {1, 2, 3, 4, 5, 6, 7, 8};
static const uint32_t shapes[] = {2, 3, 4};
static const struct odl_tensor tensors[TENSORS] = {
    {"input", input, sizeof input, ODL_I8, ODL_INPUT, 3, shapes},
    {"inner", inner, sizeof inner, ODL_U8, ODL_INNER, 0, NULL},
    {"one", one, sizeof one, ODL_B8, ODL_INNER, 0, NULL},
    {"output", output, sizeof output, ODL_I64, ODL_OUTPUT, 1, shapes},
    {"constant", constant, sizeof constant, ODL_U8, ODL_CONSTANT, 0, NULL},
};

static uint32_t steps_done;

static void step(const void *args, struct odl_core core) {
    check(args == NULL && core.id == 0 && core.count == 1, "a kernel's arguments");
    steps_done++;
}

static const struct odl_step steps[STEPS] = {{.run = step}, {.run = step}, {.run = step}};
static const struct odl_model model = {
    .name = "fuzzed",
    .hash = {0, 1, 2, 3},
    .tensors = tensors,
    .steps = steps,
    .tensor_count = TENSORS,
    .step_count = STEPS,
};

/* --- what is asked --- */

static struct {
    uint32_t frames, left;  /* all, and those that are still to come */
    uint8_t bytes[8192];    /* on their way to the session */
    size_t at, end;         /* of the bytes */
    struct odl_frame asked; /* the frame that is to be answered */
    uint8_t payload[ODL_LINK_PAYLOAD];
    uint16_t session, expected; /* as the host believes */
    uint32_t steps_before;
    int due, open; /* an answer is; a session is */
} host;

/* What became of the frames, to see that none of it is rare. */
static uint32_t errors[9], answers[8];

static uint32_t edge(uint32_t limit) {
    const uint32_t edges[] = {0, 1, limit - 1, limit, limit + 1, 0xffff, 0xffffffff, below(limit)};
    return edges[below(8)];
}

static void put(int at, uint32_t value) {
    host.payload[at] = (uint8_t)value;
    host.payload[at + 1] = (uint8_t)(value >> 8);
}

static uint16_t payload_of(uint8_t type) {
    for (unsigned i = 0; i < 16; i++) {
        host.payload[i] = (uint8_t)any();
    }
    if (below(8) == 0) {
        return (uint16_t)(below(2) ? below(20) : below(ODL_LINK_PAYLOAD + 1));
    }
    if (type == ODL_WRITE) {
        put(0, below(8) ? below(TENSORS) : edge(TENSORS));
        return (uint16_t)(4 + (below(8) ? below(25) : below(ODL_LINK_PAYLOAD - 3)));
    }
    if (type == ODL_READ) {
        put(0, below(8) ? below(TENSORS) : edge(TENSORS));
        put(2, below(2) ? below(25) : edge(ODL_LINK_PAYLOAD));
        return 4;
    }
    if (type == ODL_RUN) {
        put(0, below(2) ? below(STEPS) : edge(STEPS));
        put(2, below(2) ? below(STEPS) : edge(STEPS));
        put(4, below(4) ? below(2) : edge(2));
        return 8;
    }
    return 0;
}

static void ask(uint8_t type, uint16_t seq, uint16_t session, uint8_t version) {
    host.asked = (struct odl_frame){
        .version = version,
        .type = type,
        .seq = seq,
        .session = session,
        .credit = (uint16_t)any(),
        .argument = below(2) ? below(24) : edge(below(2) ? TENSORS : sizeof inner),
        .length = payload_of(type),
        .payload = host.payload,
    };
    host.end += odl_frame_encode(&host.asked, host.bytes + host.end, sizeof host.bytes - host.end);
    host.due = 1;
    host.steps_before = steps_done;
}

static void ask_anything(void) {
    uint8_t type = (uint8_t)(below(16) ? 1 + below(6) : any());
    uint16_t seq = host.expected, session = host.session;
    if (below(8) == 0) {
        seq = (uint16_t)(below(2) ? seq + below(5) - 2 : any());
    }
    if (below(16) == 0) {
        session = (uint16_t)any();
    }
    if (type == ODL_BYE && session == host.session) {
        type = 0; /* it would end the test */
    }
    ask(type, seq, session, below(16) ? ODL_PROTOCOL : (uint8_t)(1 + below(254)));
}

/* Garbage holds no frame: its runs are too short or too long for one, or its CRC is not sound. */
static void add_garbage(void) {
    const uint32_t n = below(3) ? below(40) : below(4000), zeros = below(2) ? 13 : 4000;
    for (uint32_t i = 0; i < n; i++) {
        host.bytes[host.end++] = i % zeros == 12 ? 0 : (uint8_t)(1 + below(255));
    }
}

/* --- how it is answered --- */

static uint64_t number(const struct odl_frame *f, int at, int bytes) {
    uint64_t value = 0;
    for (int i = 0; i < bytes; i++) {
        value |= (uint64_t)f->payload[at + i] << 8 * i;
    }
    return value;
}

/* The first reason to refuse what was asked, in the order of the session's checks; 0: none yet. */
static unsigned reason(void) {
    static const uint16_t least[] = {0, 0, 0, 4, 8, 4, 0, 0};
    static const uint16_t most[] = {0, 0, 0, ODL_LINK_PAYLOAD, 8, 4, 0, 0};
    const struct odl_frame *asked = &host.asked;
    const uint16_t behind = (uint16_t)(host.expected - asked->seq);
    if (asked->version != ODL_PROTOCOL) {
        return ODL_E_VERSION;
    }
    if (asked->type < ODL_HELLO || asked->type > ODL_BYE) {
        return ODL_E_TYPE;
    }
    if (asked->length < least[asked->type] || asked->length > most[asked->type]) {
        return ODL_E_SIZE;
    }
    if (asked->type == ODL_HELLO) {
        return 0;
    }
    if (!host.open || asked->session != host.session) {
        return ODL_E_SESSION;
    }
    return behind >= 0x8000 || (asked->type == ODL_RUN && behind > 1) ? ODL_E_SEQUENCE : 0;
}

static void judge_answer(const struct odl_frame *f) {
    const struct odl_frame *asked = &host.asked;
    const uint64_t which = asked->length < 2 ? 0 : number(asked, 0, 2);
    const uint8_t *data = asked->type == ODL_READ || asked->type == ODL_WRITE
                              ? (const uint8_t *)tensors[which].data + asked->argument
                              : NULL;
    check(reason() == 0, "served what is to be refused");
    check(f->argument == asked->argument, "the argument");
    answers[asked->type]++;
    if (asked->type == ODL_HELLO) {
        check(f->session == asked->session && f->length == 24 + 6, "hello");
        host.open = 1;
        host.session = asked->session;
        host.expected = asked->seq;
    } else if (asked->type == ODL_TENSOR) {
        check(number(f, 4, 4) == tensors[asked->argument].bytes, "a tensor's bytes");
    } else if (asked->type == ODL_COUNTERS) {
        check(f->length == 16, "counters"); /* this team counts no events */
    } else if (asked->type == ODL_WRITE) {
        check(which < 4 && memcmp(data, asked->payload + 4, asked->length - 4u) == 0, "a write");
    } else if (asked->type == ODL_READ) {
        check(f->length == number(asked, 2, 2), "a read's length");
        check(memcmp(data, f->payload, f->length) == 0, "a read");
    } else if (asked->type == ODL_RUN && asked->seq == host.expected) {
        check(steps_done - host.steps_before == number(asked, 2, 2), "steps run");
    }
    if (asked->type != ODL_RUN || asked->seq != host.expected) {
        check(steps_done == host.steps_before, "steps run unasked");
    }
    host.expected = (uint16_t)(host.expected + (asked->seq == host.expected));
}

static void judge_error(const struct odl_frame *f) {
    const unsigned code = f->length ? f->payload[0] : 0, why = reason();
    check(f->length > 1, "an error without words");
    check(steps_done == host.steps_before, "steps run and refused");
    check(why ? code == why : ODL_E_SIZE <= code && code <= ODL_E_CONSTANT, "another reason");
    errors[code]++;
    if (code == ODL_E_SEQUENCE) {
        check(f->argument == host.expected, "another number is expected");
    }
    if (!why && host.asked.seq == host.expected) {
        host.expected++; /* refused, but it was its turn */
    }
}

/* --- the platform --- */

void odl_platform_start(void) {}

void odl_platform_wait(uint32_t core) {
    check(core != 0, "one core never waits");
}

void odl_platform_signal(uint32_t core) {
    check(core == 0, "there is one core");
}

uint64_t odl_platform_count(void) {
    return steps_done;
}

size_t odl_platform_read(void *data, size_t capacity) {
    if (host.at == host.end) {
        check(!host.due, "a request without an answer");
        if (host.left == 0) {
            return 0;
        }
        host.at = host.end = 0;
        if (below(4) == 0) {
            add_garbage();
        }
        if (--host.left == 0) {
            ask(ODL_HELLO, 1, 1, ODL_PROTOCOL);
        } else if (host.left + 1 == host.frames) {
            ask(ODL_COUNTERS, 1, 0, ODL_PROTOCOL); /* before any session */
        } else {
            ask_anything();
        }
    }
    const size_t most = 1 + below(300), there = host.end - host.at;
    size_t n = there < capacity ? there : capacity;
    n = n < most ? n : most;
    memcpy(data, host.bytes + host.at, n);
    host.at += n;
    return n;
}

void odl_platform_write(const void *data, size_t bytes) {
    static struct odl_decoder decoder;
    struct odl_frame frame;
    unsigned frames = 0;
    for (size_t i = 0; i < bytes; i++) {
        if (odl_decoder_feed(&decoder, ((const uint8_t *)data)[i], &frame)) {
            frames++;
            check(frame.version == ODL_PROTOCOL && frame.credit == ODL_LINK_CREDIT, "a header");
            check(host.due && frame.seq == host.asked.seq, "an answer to nothing");
            host.due = 0;
            if (frame.type == ODL_ERROR) {
                judge_error(&frame);
            } else {
                check(frame.type == (host.asked.type | ODL_ANSWER), "an answer's type");
                judge_answer(&frame);
            }
        }
    }
    check(frames == 1 && decoder.dropped == 0, "not one whole frame");
}

_Noreturn void odl_platform_exit(int code) {
    exit(code);
}

int main(int argc, char **argv) {
    check(argc == 3, "usage: session_fuzz FRAMES SEED");
    host.frames = host.left = (uint32_t)strtoul(argv[1], NULL, 10);
    state = strtoul(argv[2], NULL, 10);
    odl_session_serve(&model);
    check(constant[0] == 1 && constant[7] == 8, "a constant was written");
    for (unsigned i = 1; i < 8; i++) {
        printf("%lu %lu\n", (unsigned long)answers[i], (unsigned long)errors[i]);
    }
    return 0;
}
