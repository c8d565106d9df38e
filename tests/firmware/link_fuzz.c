/* The link's encoder (records to wire bytes) and decoder (wire bytes to records) on streams. */
#include "odl/link.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A frame without its payload, which follows. */
struct record {
    uint32_t argument;
    uint16_t seq, session, credit, length;
    uint8_t version, type, unused[2];
};

static void check(int holds, const char *what) {
    if (!holds) {
        fprintf(stderr, "%s\n", what);
        exit(1);
    }
}

static void *allocate(size_t n) {
    void *memory = malloc(n ? n : 1);
    check(memory != NULL, "no memory");
    return memory;
}

static void write_record(const struct odl_frame *f) {
    const struct record r = {
        .argument = f->argument,
        .seq = f->seq,
        .session = f->session,
        .credit = f->credit,
        .length = f->length,
        .version = f->version,
        .type = f->type,
    };
    fwrite(&r, sizeof r, 1, stdout);
    fwrite(f->payload, 1, f->length, stdout);
}

static int decode(void) {
    struct odl_decoder *decoder = allocate(sizeof *decoder);
    struct odl_frame frame;
    memset(decoder, 0xa5, sizeof *decoder); /* init must not count on cleared memory */
    odl_decoder_reset(decoder);
    for (int byte; (byte = getchar()) != EOF;) {
        if (odl_decoder_feed(decoder, (uint8_t)byte, &frame)) {
            write_record(&frame);
        }
    }
    fprintf(stderr, "%lu\n", (unsigned long)decoder->dropped);
    free(decoder);
    return 0;
}

/* Encode into exactly `capacity` bytes of heap, so that a byte beyond them is noticed. */
static size_t encode_into(const struct odl_frame *frame, size_t capacity, int print) {
    uint8_t *wire = allocate(capacity);
    const size_t n = odl_frame_encode(frame, wire, capacity);
    check(n <= capacity, "more bytes than fit");
    if (print) {
        fwrite(wire, 1, n, stdout);
    }
    free(wire);
    return n;
}

static int encode(void) {
    uint8_t *payload = allocate(UINT16_MAX);
    for (struct record r; fread(&r, sizeof r, 1, stdin) == 1;) {
        check(fread(payload, 1, r.length, stdin) == r.length, "half a record");
        const struct odl_frame frame = {
            .version = r.version,
            .type = r.type,
            .seq = r.seq,
            .session = r.session,
            .credit = r.credit,
            .argument = r.argument,
            .length = r.length,
            .payload = payload,
        };
        const size_t n = encode_into(&frame, ODL_FRAME_WIRE_BYTES, 0);
        check((n == 0) == (r.length > ODL_LINK_PAYLOAD), "refused, or not, for its length");
        for (size_t less = 0; less < n; less++) {
            check(encode_into(&frame, less, 0) == 0, "a frame where none fits");
        }
        check(encode_into(&frame, n, 1) == n, "no frame where one fits");
    }
    free(payload);
    return 0;
}

int main(int argc, char **argv) {
    check(argc == 2, "usage: link_fuzz encode|decode");
    return strcmp(argv[1], "encode") == 0 ? encode() : decode();
}
