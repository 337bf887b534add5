/* packed_check.c -- the header page of a packed file, read and held against the file's size.
 *
 * Nothing is allocated, and no number is used before it was checked. */
/* SPDX-License-Identifier: MIT */
#include "data/packed_layout.h"

#include <string.h>
#include <xxhash.h>

#include "base/size.h"
#include "data/formats.h"

/* A header that is being read. */
typedef struct reading {
    const uint8_t *page;
    uint64_t size; /* of the file */
    const char *path;
    logit_error *err;
} reading;

#define REFUSE(r, at, class_name, ...)                                                             \
    return lg_place_fail((r)->err, LG_PLACE((r)->path, "packed", (int64_t)(at)), class_name,       \
                         __VA_ARGS__)

static logit_status check_kind(const reading *r)
{
    if (r->size < LG_PACKED_HEADER)
        REFUSE(r, r->size, "TRUNC", "the file ends inside its header page of %d bytes",
               LG_PACKED_HEADER);
    if (memcmp(r->page, lg_packed_magic, LG_PACKED_MAGIC) != 0)
        REFUSE(r, 0, "FORMAT", "this is not a packed set: it does not begin with \\x93LGPACK\\n");
    const uint32_t found = lg_packed_get32(r->page + LG_PACKED_AT_MARK);
    if (found == LG_PACKED_TURNED_MARK)
        REFUSE(r, LG_PACKED_AT_MARK, "UNSUP",
               "numbers in big-endian order; packed sets are little-endian");
    if (found != LG_PACKED_MARK)
        REFUSE(r, LG_PACKED_AT_MARK, "FORMAT", "the byte-order mark is %08x, expected %08x", found,
               LG_PACKED_MARK);
    const uint32_t version = lg_packed_get32(r->page + LG_PACKED_AT_VERSION);
    if (version != LG_PACKED_VERSION)
        REFUSE(r, LG_PACKED_AT_VERSION, "UNSUP",
               "version %u; this program reads version %d: pack the set "
               "anew, or use a later program",
               version, LG_PACKED_VERSION);
    if (lg_packed_get64(r->page + LG_PACKED_AT_CHECK) != XXH3_64bits(r->page, LG_PACKED_AT_CHECK))
        REFUSE(r, LG_PACKED_AT_CHECK, "CORRUPT", "the header page does not have its checksum");
    return LOGIT_OK;
}

/* What must agree with itself in a part that is there. */
static logit_status check_part(const reading *r, const lg_packed_header *header, int p)
{
    const lg_packed_part *part = &header->part[p];
    const int64_t at = LG_PACKED_AT_PARTS + p * LG_PACKED_PART_BYTES;
    lg_packed_part right = *part;
    if (part->count > INT32_MAX)
        REFUSE(r, at, "LIMIT", "the %s part holds %llu samples; at most %d are read",
               lg_part_names[p], (unsigned long long)part->count, INT32_MAX);
    if ((unsigned)part->element >= LG_ELEMENT_COUNT)
        REFUSE(r, at + LG_PACKED_PART_ELEMENT, "UNSUP", "element type %u is not known",
               part->element);
    const lg_image_target shape = part->shape;
    if (!lg_packed_measure(&right) || right.row_bytes > r->size)
        REFUSE(r, at + LG_PACKED_PART_SHAPE, "RANGE", "samples of %u x %u x %u cannot be",
               (unsigned)shape.height, (unsigned)shape.width, (unsigned)shape.channels);
    if (part->row_bytes != right.row_bytes)
        REFUSE(r, at + LG_PACKED_PART_ROW_BYTES, "MISMATCH",
               "rows of %llu bytes; the shape makes it %llu", (unsigned long long)part->row_bytes,
               (unsigned long long)right.row_bytes);
    if (part->stride != right.stride)
        REFUSE(r, at + LG_PACKED_PART_STRIDE, "MISMATCH",
               "a stride of %llu bytes; rows of %llu make it %llu",
               (unsigned long long)part->stride, (unsigned long long)part->row_bytes,
               (unsigned long long)right.stride);
    if (part->block_rows != right.block_rows)
        REFUSE(r, at + LG_PACKED_PART_BLOCK_ROWS, "MISMATCH", "blocks of %u rows, expected %u",
               part->block_rows, right.block_rows);
    if (part->target_width && header->classes && part->target_width != header->classes)
        REFUSE(r, at + LG_PACKED_PART_TARGET_WIDTH, "MISMATCH", "targets over %u classes of %u",
               part->target_width, header->classes);
    if (!header->classes && part->target_width != 1)
        REFUSE(r, at + LG_PACKED_PART_TARGET_WIDTH, "MISMATCH",
               "no classes, and %u numbers per sample", part->target_width);
    return LOGIT_OK;
}

/* Section `id` has `want` bytes: all sizes are products that check_part has bounded. */
static logit_status check_size(const reading *r, const lg_packed_header *header, int p,
                               lg_packed_section_id id, uint64_t want)
{
    static const char *const names[LG_PACKED_SECTIONS] = {
        "rows",    "block checksums", "labels",    "targets",
        "weights", "row table",       "bad table", "names"};
    const uint64_t found = header->part[p].section[id].size;
    if (found == want) return LOGIT_OK;
    REFUSE(r,
           LG_PACKED_AT_PARTS + p * LG_PACKED_PART_BYTES + LG_PACKED_PART_SECTIONS +
               (int)id * LG_PACKED_SECTION_BYTES + 8,
           "MISMATCH", "%s of the %s part: %llu bytes; its %llu samples make it %llu", names[id],
           lg_part_names[p], (unsigned long long)found, (unsigned long long)header->part[p].count,
           (unsigned long long)want);
}

static logit_status check_sizes(const reading *r, const lg_packed_header *header, int p)
{
    const lg_packed_part *part = &header->part[p];
    const lg_packed_section *section = part->section;
    const uint64_t n = part->count;
    size_t rows;
    if (!lg_size_mul(n, part->stride, &rows))
        REFUSE(r, LG_PACKED_AT_PARTS + p * LG_PACKED_PART_BYTES, "OVERFLOW",
               "%llu rows of %llu bytes", (unsigned long long)n, (unsigned long long)part->stride);
    LG_TRY(check_size(r, header, p, LG_PACKED_ROWS, rows));
    LG_TRY(check_size(r, header, p, LG_PACKED_SUMS, 8 * lg_packed_blocks(part)));
    LG_TRY(check_size(r, header, p, LG_PACKED_LABELS, part->target_width ? 0 : 4 * n));
    LG_TRY(check_size(r, header, p, LG_PACKED_TARGET, 4 * n * part->target_width));
    if (section[LG_PACKED_WEIGHT].size) LG_TRY(check_size(r, header, p, LG_PACKED_WEIGHT, 4 * n));
    if (section[LG_PACKED_TABLE].size) LG_TRY(check_size(r, header, p, LG_PACKED_TABLE, 4 * n));
    if (section[LG_PACKED_NAMES].size && section[LG_PACKED_NAMES].size < 8 * (n + 1))
        return check_size(r, header, p, LG_PACKED_NAMES, 8 * (n + 1));
    return LOGIT_OK;
}

/* Sections stand one behind the other, from the header page to the end of the file. */
static logit_status check_places(const reading *r, lg_packed_header *header)
{
    uint64_t end = LG_PACKED_HEADER, alignment;
    lg_packed_section *section;
    for (int i = 0; (section = lg_packed_in_order(header, i, &alignment)); i++) {
        if (section->size == 0 && section->offset == 0 && section->check == 0) continue;
        const uint64_t want = lg_packed_up(end, alignment); /* end <= size < 2^63 */
        if (section->size == 0 || section->offset != want)
            REFUSE(r, section->offset, "RANGE",
                   "section %d of %llu bytes begins there; it should begin at byte %llu", i,
                   (unsigned long long)section->size, (unsigned long long)want);
        if (want > r->size || section->size > r->size - want)
            REFUSE(r, want, "RANGE", "section %d of %llu bytes does not fit in the file of %llu", i,
                   (unsigned long long)section->size, (unsigned long long)r->size);
        end = want + section->size;
    }
    if (end != r->size)
        REFUSE(r, end, "TRAIL", "%llu bytes behind the last section",
               (unsigned long long)(r->size - end));
    return LOGIT_OK;
}

static lg_packed_section get_section(const uint8_t *at)
{
    return (lg_packed_section){lg_packed_get64(at), lg_packed_get64(at + 8),
                               lg_packed_get64(at + 16)};
}

static void read_fields(lg_packed_header *out, const uint8_t *page)
{
    *out =
        (lg_packed_header){.file_bytes = lg_packed_get64(page + LG_PACKED_AT_FILE_BYTES),
                           .flags = lg_packed_get32(page + LG_PACKED_AT_FLAGS),
                           .classes = lg_packed_get32(page + LG_PACKED_AT_CLASSES),
                           .class_names = get_section(page + LG_PACKED_AT_CLASS_NAMES),
                           .source = get_section(page + LG_PACKED_AT_SOURCE),
                           .decoding = (lg_decoding)lg_packed_get32(page + LG_PACKED_AT_DECODING)};
    memcpy(out->identity, page + LG_PACKED_AT_IDENTITY, LG_PACKED_IDENTITY);
    for (int p = 0; p < LG_PART_COUNT; p++) {
        const uint8_t *at = page + LG_PACKED_AT_PARTS + p * LG_PACKED_PART_BYTES;
        lg_packed_part *part = &out->part[p];
        part->count = lg_packed_get64(at);
        part->shape = (lg_image_target){(int)lg_packed_get32(at + LG_PACKED_PART_SHAPE),
                                        (int)lg_packed_get32(at + LG_PACKED_PART_SHAPE + 4),
                                        (int)lg_packed_get32(at + LG_PACKED_PART_SHAPE + 8)};
        part->element = (lg_element)lg_packed_get32(at + LG_PACKED_PART_ELEMENT);
        part->row_bytes = lg_packed_get64(at + LG_PACKED_PART_ROW_BYTES);
        part->stride = lg_packed_get64(at + LG_PACKED_PART_STRIDE);
        part->block_rows = lg_packed_get32(at + LG_PACKED_PART_BLOCK_ROWS);
        part->target_width = lg_packed_get32(at + LG_PACKED_PART_TARGET_WIDTH);
        part->flags = lg_packed_get32(at + LG_PACKED_PART_FLAGS);
        for (int i = 0; i < LG_PACKED_SECTIONS; i++)
            part->section[i] =
                get_section(at + LG_PACKED_PART_SECTIONS + i * LG_PACKED_SECTION_BYTES);
    }
}

/* What a header says that this version has no meaning for: encoding the fields again must give the
 * same page. */
static logit_status check_rest(const reading *r, const lg_packed_header *header)
{
    uint8_t again[LG_PACKED_HEADER];
    lg_packed_encode(header, again);
    for (int i = 0; i < LG_PACKED_AT_CHECK; i++)
        if (again[i] != r->page[i])
            REFUSE(r, i, "UNSUP", "a byte of the header page that has no meaning is not 0");
    return LOGIT_OK;
}

static logit_status check_whole(const reading *r, const lg_packed_header *header)
{
    if (header->file_bytes > r->size)
        REFUSE(r, r->size, "TRUNC", "the file ends there, %llu bytes short",
               (unsigned long long)(header->file_bytes - r->size));
    if (header->file_bytes < r->size)
        REFUSE(r, header->file_bytes, "TRAIL", "%llu bytes behind the end of the set",
               (unsigned long long)(r->size - header->file_bytes));
    if (header->flags & ~(uint32_t)LG_PACKED_HAS_PARTS)
        REFUSE(r, LG_PACKED_AT_FLAGS, "UNSUP", "flags %08x are not known", header->flags);
    if ((uint32_t)header->decoding >= LG_DECODING_COUNT)
        REFUSE(r, LG_PACKED_AT_DECODING, "UNSUP", "decoder %u is not known",
               (uint32_t)header->decoding);
    if (header->classes > INT32_MAX || header->class_names.size > LG_PACKED_MOST_TEXT ||
        header->source.size > LG_PACKED_MOST_TEXT || header->classes > header->class_names.size)
        REFUSE(r, LG_PACKED_AT_CLASSES, "RANGE", "%u classes, whose names take %llu bytes",
               header->classes, (unsigned long long)header->class_names.size);
    uint64_t parts = 0;
    for (int p = 0; p < LG_PART_COUNT; p++) parts += header->part[p].count != 0;
    if (parts == 0) REFUSE(r, LG_PACKED_AT_PARTS, "RANGE", "the set holds no sample");
    return LOGIT_OK;
}

logit_status lg_packed_decode(lg_packed_header *out, const uint8_t *page, uint64_t size,
                              const char *path, logit_error *err)
{
    const reading r = {page, size, path, err};
    LG_TRY(check_kind(&r));
    read_fields(out, page);
    LG_TRY(check_whole(&r, out));
    LG_TRY(check_rest(&r, out));
    for (int p = 0; p < LG_PART_COUNT; p++) {
        if (out->part[p].count == 0) continue;
        if (out->part[p].flags & ~(uint32_t)LG_PACKED_AS_IT_LIES)
            REFUSE(&r, LG_PACKED_AT_PARTS + p * LG_PACKED_PART_BYTES + LG_PACKED_PART_FLAGS,
                   "UNSUP", "flags %08x are not known", out->part[p].flags);
        LG_TRY(check_part(&r, out, p));
        LG_TRY(check_sizes(&r, out, p));
    }
    return check_places(&r, out);
}
