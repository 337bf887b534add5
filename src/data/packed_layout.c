/* packed_layout.c -- the sizes of a packed file, and its header page as bytes. */
/* SPDX-License-Identifier: MIT */
#include "data/packed_layout.h"

#include <string.h>
#include <xxhash.h>

#include "base/size.h"

const uint8_t lg_packed_magic[LG_PACKED_MAGIC] = {0x93, 'L', 'G', 'P', 'A', 'C', 'K', '\n'};

/* ------------------------------------------------------------------------------- the sizes --- */

int lg_packed_measure(lg_packed_part *part)
{
    const lg_image_target shape = part->shape;
    size_t bytes;
    if (shape.height < 1 || shape.width < 1 || shape.channels < 1) return 0;
    if ((unsigned)part->element >= LG_ELEMENT_COUNT) return 0;
    if (!lg_size_mul((size_t)shape.height, (size_t)shape.width, &bytes) ||
        !lg_size_mul(bytes, (size_t)shape.channels, &bytes) ||
        !lg_size_mul(bytes, lg_element_bytes(part->element), &bytes) || bytes > INT64_MAX / 2)
        return 0;
    part->row_bytes = bytes;
    part->stride = lg_packed_up(bytes, LG_PACKED_ALIGNMENT);
    part->block_rows =
        part->stride < LG_PACKED_BLOCK ? LG_PACKED_BLOCK / (uint32_t)part->stride : 1;
    return 1;
}

lg_packed_section *lg_packed_in_order(lg_packed_header *header, int i, uint64_t *alignment)
{
    const int rest = LG_PACKED_SECTIONS - 1; /* of a part, behind its rows */
    *alignment = i < LG_PART_COUNT ? LG_PACKED_HEADER : LG_PACKED_ALIGNMENT;
    if (i < LG_PART_COUNT) return &header->part[i].section[LG_PACKED_ROWS];
    i -= LG_PART_COUNT;
    if (i < LG_PART_COUNT * rest) return &header->part[i / rest].section[1 + i % rest];
    i -= LG_PART_COUNT * rest;
    return i == 0 ? &header->class_names : i == 1 ? &header->source : NULL;
}

/* -------------------------------------------------------------------------------- to bytes --- */

static void put32(uint8_t *at, uint32_t value)
{
    for (int i = 0; i < 4; i++) at[i] = (uint8_t)(value >> 8 * i);
}

static void put64(uint8_t *at, uint64_t value)
{
    for (int i = 0; i < 8; i++) at[i] = (uint8_t)(value >> 8 * i);
}

static void put_section(uint8_t *at, const lg_packed_section *section)
{
    put64(at, section->offset);
    put64(at + 8, section->size);
    put64(at + 16, section->check);
}

static void put_part(uint8_t *at, const lg_packed_part *part)
{
    put64(at, part->count);
    put32(at + LG_PACKED_PART_SHAPE, (uint32_t)part->shape.height);
    put32(at + LG_PACKED_PART_SHAPE + 4, (uint32_t)part->shape.width);
    put32(at + LG_PACKED_PART_SHAPE + 8, (uint32_t)part->shape.channels);
    put32(at + LG_PACKED_PART_ELEMENT, (uint32_t)part->element);
    put64(at + LG_PACKED_PART_ROW_BYTES, part->row_bytes);
    put64(at + LG_PACKED_PART_STRIDE, part->stride);
    put32(at + LG_PACKED_PART_BLOCK_ROWS, part->block_rows);
    put32(at + LG_PACKED_PART_TARGET_WIDTH, part->target_width);
    put32(at + LG_PACKED_PART_FLAGS, part->flags);
    for (int i = 0; i < LG_PACKED_SECTIONS; i++)
        put_section(at + LG_PACKED_PART_SECTIONS + i * LG_PACKED_SECTION_BYTES, &part->section[i]);
}

void lg_packed_encode(const lg_packed_header *header, uint8_t page[LG_PACKED_HEADER])
{
    memset(page, 0, LG_PACKED_HEADER);
    memcpy(page, lg_packed_magic, LG_PACKED_MAGIC);
    put32(page + LG_PACKED_AT_VERSION, LG_PACKED_VERSION);
    put32(page + LG_PACKED_AT_MARK, LG_PACKED_MARK);
    put64(page + LG_PACKED_AT_FILE_BYTES, header->file_bytes);
    put32(page + LG_PACKED_AT_FLAGS, header->flags);
    put32(page + LG_PACKED_AT_CLASSES, header->classes);
    memcpy(page + LG_PACKED_AT_IDENTITY, header->identity, LG_PACKED_IDENTITY);
    put_section(page + LG_PACKED_AT_CLASS_NAMES, &header->class_names);
    put_section(page + LG_PACKED_AT_SOURCE, &header->source);
    put32(page + LG_PACKED_AT_DECODING, (uint32_t)header->decoding);
    for (int p = 0; p < LG_PART_COUNT; p++)
        if (header->part[p].count)
            put_part(page + LG_PACKED_AT_PARTS + p * LG_PACKED_PART_BYTES, &header->part[p]);
    put64(page + LG_PACKED_AT_CHECK, XXH3_64bits(page, LG_PACKED_AT_CHECK));
}
