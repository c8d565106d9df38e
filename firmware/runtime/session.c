/* The session: requests in frames come in, the model's tensors and steps answer (session.h). */
#include "odl/session.h"

#include <stdbool.h>
#include <stddef.h>

#include "odl/link.h"
#include "odl/platform.h"
#include "odl/team.h"

static struct {
    const struct odl_model *model;
    bool open, ended;
    uint16_t id;                        /* chosen by the host in HELLO */
    uint16_t expected;                  /* seq of the next request */
    struct odl_decoder decoder;         /* the request's payload stands in here */
    uint8_t payload[ODL_LINK_PAYLOAD];  /* of the answer being made */
    uint8_t wire[ODL_FRAME_WIRE_BYTES]; /* the answer, encoded */
} session;

/* --- answers --- */

static void send(uint8_t type, uint16_t seq, uint32_t argument, uint16_t length) {
    const struct odl_frame frame = {
        .version = ODL_PROTOCOL,
        .type = type,
        .seq = seq,
        .session = session.id,
        .credit = ODL_LINK_CREDIT,
        .argument = argument,
        .length = length,
        .payload = session.payload,
    };
    odl_platform_write(session.wire, odl_frame_encode(&frame, session.wire, sizeof session.wire));
}

static uint16_t put_text(uint16_t at, const char *text) {
    while (*text && at < ODL_LINK_PAYLOAD) {
        session.payload[at++] = (uint8_t)*text++;
    }
    return at;
}

static void refuse(uint16_t seq, enum odl_error code, uint32_t argument, const char *text) {
    session.payload[0] = (uint8_t)code;
    send(ODL_ERROR, seq, argument, put_text(1, text));
}

static uint16_t put(uint16_t at, uint64_t value, int bytes) {
    for (int i = 0; i < bytes; i++) {
        session.payload[at++] = (uint8_t)(value >> 8 * i);
    }
    return at;
}

static uint32_t get(const struct odl_frame *request, int at) {
    return (uint32_t)request->payload[at] | (uint32_t)request->payload[at + 1] << 8;
}

static void answer(const struct odl_frame *request, uint16_t length) {
    send(request->type | ODL_ANSWER, request->seq, request->argument, length);
}

/* --- requests, each checked in full before it acts --- */

static void hello(const struct odl_frame *request) {
    const struct odl_model *model = session.model;
    session.open = true;
    session.id = request->session;
    session.expected = (uint16_t)(request->seq + 1);
    uint16_t at = 0;
    for (unsigned i = 0; i < sizeof model->hash; i++) {
        session.payload[at++] = model->hash[i];
    }
    at = put(at, model->tensor_count, 2);
    at = put(at, model->step_count, 2);
    at = put(at, ODL_CORES, 2);
    at = put(at, ODL_LINK_PAYLOAD, 2);
    answer(request, put_text(at, model->name));
}

static const struct odl_tensor *find(const struct odl_frame *request, uint32_t number) {
    if (number >= session.model->tensor_count) {
        refuse(request->seq, ODL_E_RANGE, number, "no such tensor");
        return NULL;
    }
    return &session.model->tensors[number];
}

static void describe_tensor(const struct odl_frame *request) {
    const struct odl_tensor *t = find(request, request->argument);
    if (t == NULL) {
        return;
    }
    uint16_t at = put(0, t->dtype, 1);
    at = put(at, t->kind, 1);
    at = put(at, t->rank, 1);
    at = put(at, 0, 1);
    at = put(at, t->bytes, 4);
    for (int i = 0; i < t->rank; i++) {
        at = put(at, t->shape[i], 4);
    }
    answer(request, put_text(at, t->name));
}

/* The tensor of a WRITE or READ, if `bytes` at the request's offset lie inside it. */
static const struct odl_tensor *find_bytes(const struct odl_frame *request, uint32_t bytes) {
    const struct odl_tensor *t = find(request, get(request, 0));
    if (t != NULL && (bytes > t->bytes || request->argument > t->bytes - bytes)) {
        refuse(request->seq, ODL_E_RANGE, t->bytes, "beyond the tensor's end");
        return NULL;
    }
    return t;
}

static void write_tensor(const struct odl_frame *request) {
    const uint32_t bytes = (uint32_t)request->length - 4;
    const struct odl_tensor *t = find_bytes(request, bytes);
    if (t == NULL) {
        return;
    }
    if (t->kind == ODL_CONSTANT) {
        refuse(request->seq, ODL_E_CONSTANT, 0, "a constant");
        return;
    }
    /* Not a constant, so it stands in the arena, which may be written. */
    uint8_t *to = (uint8_t *)(uintptr_t)t->data + request->argument;
    for (uint32_t i = 0; i < bytes; i++) {
        to[i] = request->payload[4 + i];
    }
    answer(request, 0);
}

static void read_tensor(const struct odl_frame *request) {
    const uint32_t bytes = get(request, 2);
    const struct odl_tensor *t = find_bytes(request, bytes);
    if (t == NULL) {
        return;
    }
    if (bytes > ODL_LINK_PAYLOAD) {
        refuse(request->seq, ODL_E_SIZE, ODL_LINK_PAYLOAD, "more than a frame can carry");
        return;
    }
    const uint8_t *from = (const uint8_t *)t->data + request->argument;
    for (uint32_t i = 0; i < bytes; i++) {
        session.payload[i] = from[i];
    }
    answer(request, (uint16_t)bytes);
}

static void run(const struct odl_frame *request) {
    const uint32_t first = get(request, 0), count = get(request, 2), cores = get(request, 4);
    if (first + count > session.model->step_count || cores > ODL_CORES) {
        refuse(request->seq, ODL_E_RANGE, 0, "no such steps or cores");
        return;
    }
    odl_team_run(session.model->steps + first, count, cores);
    answer(request, 0);
}

static void counters(const struct odl_frame *request) {
    const struct odl_cost cost = odl_team_cost();
    uint16_t at = put(0, cost.critical, 8);
    at = put(at, cost.total, 8);
    for (uint32_t i = 0; i < cost.event_count && at + 8 <= ODL_LINK_PAYLOAD; i++) {
        at = put(at, cost.events[i], 8);
    }
    answer(request, at);
}

static void bye(const struct odl_frame *request) {
    session.ended = true;
    answer(request, 0);
}

/* --- dispatch --- */

static const struct {
    void (*serve)(const struct odl_frame *request);
    uint16_t least, most; /* bytes of payload */
} requests[] = {
    [ODL_HELLO] = {hello, 0, 0},
    [ODL_TENSOR] = {describe_tensor, 0, 0},
    [ODL_WRITE] = {write_tensor, 4, ODL_LINK_PAYLOAD},
    [ODL_RUN] = {run, 8, 8},
    [ODL_READ] = {read_tensor, 4, 4},
    [ODL_COUNTERS] = {counters, 0, 0},
    [ODL_BYE] = {bye, 0, 0},
};

/* Whether to serve the request: requests from the past change nothing, but for RUN. */
static bool in_order(const struct odl_frame *request) {
    const uint16_t behind = (uint16_t)(session.expected - request->seq);
    const bool run_again = request->type == ODL_RUN && behind > 0;
    if (behind == 0) {
        session.expected++;
    } else if (behind >= 0x8000 || (run_again && behind > 1)) {
        refuse(request->seq, ODL_E_SEQUENCE, session.expected, "out of sequence");
        return false;
    } else if (run_again) {
        answer(request, 0);
        return false;
    }
    return true;
}

static bool valid(const struct odl_frame *request) {
    const uint8_t type = request->type;
    if (request->version != ODL_PROTOCOL) {
        refuse(request->seq, ODL_E_VERSION, ODL_PROTOCOL, "protocol version");
    } else if (type >= sizeof requests / sizeof *requests || requests[type].serve == NULL) {
        refuse(request->seq, ODL_E_TYPE, type, "unknown request");
    } else if (request->length < requests[type].least || request->length > requests[type].most) {
        refuse(request->seq, ODL_E_SIZE, request->length, "payload size");
    } else if (type != ODL_HELLO && (!session.open || request->session != session.id)) {
        refuse(request->seq, ODL_E_SESSION, 0, "no such session: the device has restarted");
    } else {
        return true;
    }
    return false;
}

static void serve(const struct odl_frame *request) {
    if (valid(request) && (request->type == ODL_HELLO || in_order(request))) {
        requests[request->type].serve(request);
    }
}

void odl_session_serve(const struct odl_model *model) {
    static uint8_t bytes[256];
    struct odl_frame request;
    session.model = model;
    if (model->init != NULL && model->init() != 0) {
        return;
    }
    odl_decoder_reset(&session.decoder);
    while (!session.ended) {
        const size_t n = odl_platform_read(bytes, sizeof bytes);
        if (n == 0) {
            return;
        }
        for (size_t i = 0; i < n && !session.ended; i++) {
            if (odl_decoder_feed(&session.decoder, bytes[i], &request)) {
                serve(&request);
            }
        }
    }
}

void odl_session_trap(const char *text) {
    refuse(0, ODL_E_TRAP, 0, text);
}
