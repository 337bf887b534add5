/* wire.c -- tags, varints and lengths. */
/* SPDX-License-Identifier: MIT */
#include "train/wire.h"

#include <string.h>

enum { VARINT = 0, LENGTH = 2, VARINT_BYTES = 10 };

uint64_t lg_wire_size(const lg_wire *wire)
{
    return wire->bytes.size + wire->behind;
}

static void put(lg_wire *wire, const void *data, size_t size)
{
    if (wire->failed || size == 0) return;
    if (lg_bytes_reserve(&wire->bytes, wire->bytes.size + size, NULL) != LOGIT_OK) {
        wire->failed = 1;
        return;
    }
    memcpy(wire->bytes.data + wire->bytes.size, data, size);
    wire->bytes.size += size;
}

/* Seven bits a byte, the lowest first; the top bit says that more follow. */
static void put_varint(lg_wire *wire, uint64_t value)
{
    uint8_t byte[VARINT_BYTES];
    size_t count = 0;
    do {
        byte[count++] = (uint8_t)((value & 0x7F) | (value > 0x7F ? 0x80 : 0));
        value >>= 7;
    } while (value > 0);
    put(wire, byte, count);
}

static void put_tag(lg_wire *wire, int field, unsigned type)
{
    put_varint(wire, (uint64_t)(unsigned)field << 3 | type);
}

void lg_wire_number(lg_wire *wire, int field, uint64_t value)
{
    put_tag(wire, field, VARINT);
    put_varint(wire, value);
}

void lg_wire_bytes(lg_wire *wire, int field, const void *data, size_t size)
{
    put_tag(wire, field, LENGTH);
    put_varint(wire, size);
    put(wire, data, size);
}

void lg_wire_text(lg_wire *wire, int field, const char *text)
{
    lg_wire_bytes(wire, field, text, strlen(text));
}

void lg_wire_behind(lg_wire *wire, int field, uint64_t size)
{
    put_tag(wire, field, LENGTH);
    put_varint(wire, size);
    wire->behind = size;
}

void lg_wire_message(lg_wire *wire, int field, lg_wire *inner)
{
    put_tag(wire, field, LENGTH);
    put_varint(wire, lg_wire_size(inner));
    put(wire, inner->bytes.data, inner->bytes.size);
    wire->behind = inner->behind;
    wire->failed |= inner->failed;
    lg_bytes_clear(&inner->bytes);
    *inner = (lg_wire){0};
}
