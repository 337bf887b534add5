/* packed_layout.h -- what stands where in a packed file: its header page, and the sizes that
 * follow.
 *
 * Layer 1 (data), shared by packed_file.c (reading; packed_check.c: what is refused) and
 * packed_write.c (writing).  The format is
 * described byte by byte in docs/packed-file.md.  All numbers are little endian.
 *
 *   header page | rows of train, val, test | the sections below, part by part | text sections
 *
 * Sections follow one another in this order, each at the next multiple of its alignment, the
 * bytes between them are zero, and the last one ends the file.  So there is one layout for given
 * sizes, no hole and no overlap. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_DATA_PACKED_LAYOUT_H
#define LG_DATA_PACKED_LAYOUT_H

#include "data/dataset.h"

enum {
    LG_PACKED_HEADER = 4096, /* bytes of the header page; rows begin at a multiple of it */
    LG_PACKED_MAGIC = 8,     /* bytes */
    LG_PACKED_VERSION = 1,
    LG_PACKED_ALIGNMENT = 64,     /* of rows and of sections */
    LG_PACKED_BLOCK = 1 << 20,    /* bytes of a block of rows, about */
    LG_PACKED_BAD_ENTRY = 16,     /* bytes */
    LG_PACKED_IDENTITY = 16,      /* bytes */
    LG_PACKED_MOST_TEXT = 1 << 28 /* bytes of class names and of source */
};

/* Where things stand in the header page, in a part of it, and in a section of that. */
enum {
    LG_PACKED_AT_VERSION = 8,
    LG_PACKED_AT_MARK = 12,
    LG_PACKED_AT_FILE_BYTES = 16,
    LG_PACKED_AT_FLAGS = 24,
    LG_PACKED_AT_CLASSES = 28,
    LG_PACKED_AT_IDENTITY = 32,
    LG_PACKED_AT_CLASS_NAMES = 48,
    LG_PACKED_AT_SOURCE = 72,
    LG_PACKED_AT_DECODING = 96,
    LG_PACKED_AT_PARTS = 128,
    LG_PACKED_PART_BYTES = 256,
    LG_PACKED_PART_SHAPE = 8,
    LG_PACKED_PART_ELEMENT = 20,
    LG_PACKED_PART_ROW_BYTES = 24,
    LG_PACKED_PART_STRIDE = 32,
    LG_PACKED_PART_BLOCK_ROWS = 40,
    LG_PACKED_PART_TARGET_WIDTH = 44,
    LG_PACKED_PART_FLAGS = 48,
    LG_PACKED_PART_SECTIONS = 56,
    LG_PACKED_SECTION_BYTES = 24,
    LG_PACKED_AT_CHECK = LG_PACKED_HEADER - 8
};

/* Byte order: what stands at AT_MARK, and what a writer of the other order would leave there. */
enum { LG_PACKED_MARK = 0x01020304, LG_PACKED_TURNED_MARK = 0x04030201 };

extern const uint8_t lg_packed_magic[LG_PACKED_MAGIC];

/* A stretch of the file.  check: XXH3-64 of its bytes; of rows 0, they have theirs by block. */
typedef struct lg_packed_section {
    uint64_t offset, size, check;
} lg_packed_section;

/* Sections of a part, in the order in which they stand in the header.  All but the rows and the
 * sums may be empty. */
typedef enum lg_packed_section_id {
    LG_PACKED_ROWS,   /* [count] rows of stride bytes */
    LG_PACKED_SUMS,   /* u64 [blocks]: XXH3-64 of each block of rows, padding included */
    LG_PACKED_LABELS, /* i32 [count] */
    LG_PACKED_TARGET, /* f32 [count][target_width] */
    LG_PACKED_WEIGHT, /* f32 [count] */
    LG_PACKED_TABLE,  /* u32 [count]: the row of sample i; empty: row i */
    LG_PACKED_BAD,    /* u32 entries, u32 0, then entries {u32 sample, u32 status, u32 at, u32
                       * length} ascending by sample, then the texts they point into */
    LG_PACKED_NAMES,  /* u64 [count + 1] where each name begins, then the names */
    LG_PACKED_SECTIONS
} lg_packed_section_id;

/* Flags of the file, and of a part. */
enum { LG_PACKED_HAS_PARTS = 1 };
enum { LG_PACKED_AS_IT_LIES = 1 }; /* lg_set.as_it_lies of the source */

typedef struct lg_packed_part {
    uint64_t count; /* 0: there is no such part, and all of it is 0 */
    lg_image_target shape;
    lg_element element;
    uint64_t row_bytes, stride;
    uint32_t block_rows, target_width, flags;
    lg_packed_section section[LG_PACKED_SECTIONS];
} lg_packed_part;

typedef struct lg_packed_header {
    uint64_t file_bytes;
    uint32_t flags, classes;
    uint8_t identity[LG_PACKED_IDENTITY]; /* lg_dataset_identity of the source; 0: not recorded */
    lg_packed_section class_names;        /* [classes] names, each ended by a 0 byte */
    lg_packed_section source;             /* JSON: what was packed, and how it was decoded */
    lg_decoding decoding;                 /* what its images were decoded with */
    lg_packed_part part[LG_PART_COUNT];
} lg_packed_header;

static inline uint64_t lg_packed_up(uint64_t bytes, uint64_t alignment)
{
    return (bytes + alignment - 1) / alignment * alignment;
}

/* Sets row_bytes, stride and block_rows of a part from its shape and element.  0 if such rows
 * cannot be. */
int lg_packed_measure(lg_packed_part *part);

static inline uint64_t lg_packed_blocks(const lg_packed_part *part)
{
    if (part->count == 0) return 0;
    return part->count / part->block_rows + (part->count % part->block_rows != 0);
}

/* Section number i in the order of the file, or NULL past the end; *alignment of its offset. */
lg_packed_section *lg_packed_in_order(lg_packed_header *header, int i, uint64_t *alignment);

static inline uint32_t lg_packed_get32(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static inline uint64_t lg_packed_get64(const uint8_t *at)
{
    return lg_packed_get32(at) | (uint64_t)lg_packed_get32(at + 4) << 32;
}

/* The header as its page; its checksum is put in. */
void lg_packed_encode(const lg_packed_header *header, uint8_t page[LG_PACKED_HEADER]);

/* A page of a file of `size` bytes as a header, everything in it checked, but not what the sections
 * hold.  Errors: DATA ("PATH: packed at byte N: reason [CLASS]"). */
logit_status lg_packed_decode(lg_packed_header *out, const uint8_t *page, uint64_t size,
                              const char *path, logit_error *err);

#endif
