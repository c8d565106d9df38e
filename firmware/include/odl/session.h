/*
 * The session: a host writes tensors, runs steps and reads tensors, in frames (link.h).
 *
 * The host asks, the device answers; the answer's type is the request's with ODL_ANSWER set, and it
 * carries the request's seq. HELLO opens a session under an id that the host chooses; every other
 * request must carry it, so a device that has restarted is noticed. Requests are numbered from 1
 * and done in order: one from the future (its predecessor was lost) is refused with
 * ODL_E_SEQUENCE and the number expected; one from the past is done again, which changes nothing,
 * since RUN is only answered again. RUN is sent while no other request is under way, and only the
 * latest can be repeated. `credit` of every answer is the number of encoded bytes that the host may
 * have under way.
 *
 * request     argument     payload                            answer's payload
 * HELLO       -            -                                  struct below
 * TENSOR      number       -                                  u8 dtype, kind, rank, 0; u32 bytes;
 *                                                             u32 shape[rank]; name
 * WRITE       byte offset  u16 tensor, u16 0, data            -
 * RUN         -            u16 first step, count, cores, 0    -
 * READ        byte offset  u16 tensor, u16 bytes              data
 * COUNTERS    -            -                                  since the start: u64 critical, total,
 *                                                             and each event of target.toml
 * BYE         -            -                                  - (a simulated device then ends)
 *
 * HELLO's answer: u8 hash[16]; u16 tensors, steps, cores, largest payload; model name.
 * ERROR's payload: u8 code; text. All numbers are little-endian. ODL_E_TRAP comes unasked.
 */
#ifndef ODL_SESSION_H
#define ODL_SESSION_H

#include "odl/link.h"
#include "odl/model.h"

#define ODL_PROTOCOL 2

/* Encoded bytes that the platform can take while the device computes. */
#ifndef ODL_LINK_CREDIT
#define ODL_LINK_CREDIT 4096
#endif

enum odl_message {
    ODL_HELLO = 0x01,
    ODL_TENSOR = 0x02,
    ODL_WRITE = 0x03,
    ODL_RUN = 0x04,
    ODL_READ = 0x05,
    ODL_COUNTERS = 0x06,
    ODL_BYE = 0x07,
    ODL_ANSWER = 0x80,
    ODL_ERROR = 0xff,
};

enum odl_error {
    ODL_E_VERSION = 1,  /* the frame's version is not ODL_PROTOCOL */
    ODL_E_SESSION = 2,  /* no such session: the device has restarted */
    ODL_E_SEQUENCE = 3, /* argument: the number expected */
    ODL_E_TYPE = 4,     /* unknown request */
    ODL_E_SIZE = 5,     /* the payload is too short or too long */
    ODL_E_RANGE = 6,    /* no such tensor, bytes, steps or cores */
    ODL_E_CONSTANT = 7, /* constants cannot be written */
    ODL_E_TRAP = 8,     /* the processor trapped; the text says where */
};

/* Answer requests until the link closes or BYE. */
void odl_session_serve(const struct odl_model *model);

/* Send ODL_E_TRAP, from a platform's trap handler. */
void odl_session_trap(const char *text);

#endif
