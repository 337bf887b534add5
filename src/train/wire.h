/* wire.h -- messages in the wire format of protocol buffers, written from the inside out.
 *
 * Layer 2 (train).  Two of the wire types are all that ONNX takes here: varint (0) and a length
 * with as many bytes (2).  A message that others hold is finished before they are begun, since its
 * length stands in front of it.  Bytes that a message does not hold itself (`behind`, an array of
 * weights) are counted in its length, and in that of all around it, as its last ones: what is
 * written to a file is the outermost message, then those bytes.
 *
 * A writer that runs out of memory remembers it; it is looked at once, at the end.
 * Source: protobuf.dev/programming-guides/encoding. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_WIRE_H
#define LG_TRAIN_WIRE_H

#include "base/file.h"

/* Zero it first; lg_bytes_clear(&wire->bytes) frees. */
typedef struct lg_wire {
    lg_bytes bytes;
    uint64_t behind; /* bytes that follow and are part of it */
    int failed;      /* out of memory */
} lg_wire;

/* The length of the message. */
uint64_t lg_wire_size(const lg_wire *wire);

/* Field `field` is this number. */
void lg_wire_number(lg_wire *wire, int field, uint64_t value);

/* Field `field` is these bytes, this text. */
void lg_wire_bytes(lg_wire *wire, int field, const void *data, size_t size);
void lg_wire_text(lg_wire *wire, int field, const char *text);

/* Field `field` is `size` bytes that follow: nothing may be added after this. */
void lg_wire_behind(lg_wire *wire, int field, uint64_t size);

/* Field `field` is this message, which is cleared.  If bytes follow it nothing may be added after
 * this. */
void lg_wire_message(lg_wire *wire, int field, lg_wire *inner);

#endif
