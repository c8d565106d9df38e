/* Frames to wire bytes and back (link.h). */
#include "odl/link.h"

/* --- encoding --- */

/* COBS output: the code byte of a block is known when the block ends. */
struct writer {
    uint8_t *wire;
    size_t at, capacity, code_at;
    uint32_t crc;
};

static void put_raw(struct writer *w, uint8_t byte) {
    if (w->at < w->capacity) {
        w->wire[w->at] = byte;
    }
    w->at++;
}

static void end_block(struct writer *w) {
    if (w->code_at < w->capacity) {
        w->wire[w->code_at] = (uint8_t)(w->at - w->code_at);
    }
    w->code_at = w->at;
    put_raw(w, 0);
}

static void put(struct writer *w, uint8_t byte) {
    w->crc = odl_crc32c(w->crc, &byte, 1);
    if (w->at - w->code_at == 255) {
        end_block(w);
    }
    if (byte == 0) {
        end_block(w);
    } else {
        put_raw(w, byte);
    }
}

static void put_number(struct writer *w, uint32_t value, int bytes) {
    for (int i = 0; i < bytes; i++) {
        put(w, (uint8_t)(value >> 8 * i));
    }
}

size_t odl_frame_encode(const struct odl_frame *frame, uint8_t *wire, size_t capacity) {
    struct writer w = {.wire = wire, .capacity = capacity};
    if (frame->length > ODL_LINK_PAYLOAD) {
        return 0;
    }
    put_raw(&w, 0);
    w.code_at = w.at;
    put_raw(&w, 0);
    put_number(&w, frame->version, 1);
    put_number(&w, frame->type, 1);
    put_number(&w, frame->seq, 2);
    put_number(&w, frame->session, 2);
    put_number(&w, frame->credit, 2);
    put_number(&w, frame->argument, 4);
    for (uint16_t i = 0; i < frame->length; i++) {
        put(&w, frame->payload[i]);
    }
    put_number(&w, w.crc, 4);
    end_block(&w); /* the code byte that it begins is the final zero */
    return w.at <= capacity ? w.at : 0;
}

/* --- decoding --- */

static uint32_t get_number(const uint8_t *at, int bytes) {
    uint32_t value = 0;
    for (int i = 0; i < bytes; i++) {
        value |= (uint32_t)at[i] << 8 * i;
    }
    return value;
}

static void restart(struct odl_decoder *d) {
    d->length = 0;
    d->left = 0;
    d->zero_due = d->begun = d->bad = false;
}

void odl_decoder_reset(struct odl_decoder *decoder) {
    decoder->dropped = 0;
    restart(decoder);
}

static void keep(struct odl_decoder *d, uint8_t byte) {
    if (d->length < sizeof d->body) {
        d->body[d->length++] = byte;
    } else {
        d->bad = true;
    }
}

static void begin_block(struct odl_decoder *d, uint8_t code) {
    if (d->zero_due) {
        keep(d, 0);
    }
    d->left = (uint8_t)(code - 1);
    d->zero_due = code != 255;
}

static bool intact(const struct odl_decoder *d) {
    if (d->bad || d->left != 0 || d->length < ODL_FRAME_HEADER_BYTES + 4) {
        return false;
    }
    const size_t n = d->length - 4;
    return odl_crc32c(0, d->body, n) == get_number(d->body + n, 4);
}

static void unpack(const struct odl_decoder *d, struct odl_frame *frame) {
    const uint8_t *b = d->body;
    *frame = (struct odl_frame){
        .version = b[0],
        .type = b[1],
        .seq = (uint16_t)get_number(b + 2, 2),
        .session = (uint16_t)get_number(b + 4, 2),
        .credit = (uint16_t)get_number(b + 6, 2),
        .argument = get_number(b + 8, 4),
        .length = (uint16_t)(d->length - ODL_FRAME_HEADER_BYTES - 4),
        .payload = b + ODL_FRAME_HEADER_BYTES,
    };
}

bool odl_decoder_feed(struct odl_decoder *decoder, uint8_t byte, struct odl_frame *frame) {
    if (byte != 0) {
        decoder->begun = true;
        if (decoder->left == 0) {
            begin_block(decoder, byte);
        } else {
            decoder->left--;
            keep(decoder, byte);
        }
        return false;
    }
    const bool begun = decoder->begun, whole = begun && intact(decoder);
    if (whole) {
        unpack(decoder, frame);
    }
    decoder->dropped += begun && !whole;
    restart(decoder);
    return whole;
}
