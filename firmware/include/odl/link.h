/*
 * Frames on any wire: a zero byte, the COBS encoding of a body, a zero byte.
 *
 * body: u8 version, u8 type, u16 seq, u16 session, u16 credit, u32 argument, payload, u32 CRC.
 * Numbers are little-endian; the CRC is CRC-32C (RFC 3720, B.4) over all before it. COBS (Cheshire
 * and Baker, 1999) takes the zeros out of a body, so that a zero byte always means: a frame ends,
 * and whatever was lost or damaged before it does not matter any more. A version is never 0 or 255:
 * the CRC's register stands after 00 00 00 00 and after ff 00 00 00 ff as after any intact frame,
 * so a whole frame before such a one could pass for its beginning.
 */
#ifndef ODL_LINK_H
#define ODL_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Largest payload of a frame. */
#ifndef ODL_LINK_PAYLOAD
#define ODL_LINK_PAYLOAD 1024
#endif

#define ODL_FRAME_HEADER_BYTES 12
#define ODL_FRAME_BODY_BYTES (ODL_FRAME_HEADER_BYTES + ODL_LINK_PAYLOAD + 4)

/* Largest frame on the wire: COBS adds a byte in 254, and one; then the two zeros. */
#define ODL_FRAME_WIRE_BYTES (ODL_FRAME_BODY_BYTES + ODL_FRAME_BODY_BYTES / 254 + 1 + 2)

struct odl_frame {
    uint8_t version, type;
    uint16_t seq, session, credit;
    uint32_t argument;
    uint16_t length; /* of the payload */
    const uint8_t *payload;
};

/* CRC-32C of `n` bytes behind those whose CRC is `crc`; it starts with 0. */
uint32_t odl_crc32c(uint32_t crc, const void *data, size_t n);

/* A stream of bytes on its way to frames. */
struct odl_decoder {
    uint8_t body[ODL_FRAME_BODY_BYTES];
    size_t length;    /* bytes in body */
    uint8_t left;     /* bytes of the present COBS block that are still to come */
    bool zero_due;    /* the present block ends in a zero, unless it is the last */
    bool begun, bad;  /* since the last zero byte: any byte; more than fits */
    uint32_t dropped; /* damaged frames since the start */
};

void odl_decoder_reset(struct odl_decoder *decoder);

/*
 * Take one byte from the wire. True if it completed an intact frame, which is then in *frame; its
 * payload stands in the decoder until the next byte. The version is the caller's business.
 */
__attribute__((warn_unused_result)) bool odl_decoder_feed(struct odl_decoder *decoder, uint8_t byte,
                                                          struct odl_frame *frame);

/* Encode a frame; the bytes on the wire, or 0 if they are more than `capacity`. */
__attribute__((warn_unused_result)) size_t odl_frame_encode(const struct odl_frame *frame,
                                                            uint8_t *wire, size_t capacity);

#endif
