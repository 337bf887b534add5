/* image_parts.h -- what the image*.c files share; nobody else includes it.
 *
 * Layer 1 (data).  The way of an image:
 *   image_probe.c   which kind is it, its header
 *   image_jpeg.c, image_jpeg_scan.c, image_png.c, image_pnm.c   the whole file, checked
 *   image_exif.c    which way is up
 *   image_plain.c   a PNG as a plain one: inflated by zlib, nothing optional left in it
 *   stb_image.c     stb's decoder, in the arena (image_arena.c)
 *   decoding.c, image_turbo.c   or another library's, for JPEG
 *   image_turn.c    the right way up
 *   image_resize.c  to the target's size
 *   image.c         all of it in order
 *   sandbox.h       or in a process of its own */
/* SPDX-License-Identifier: MIT */
#ifndef LG_DATA_IMAGE_PARTS_H
#define LG_DATA_IMAGE_PARTS_H

#include <stddef.h>
#include <stdatomic.h>
#include <stdint.h>
#include <zlib.h>

#include "base/file.h"
#include "base/status.h"
#include "data/image.h"

/* ------------------------------------------------------------ the bytes, and errors in them --- */

#define LG_IMAGE_WINDOW 4096 /* bytes read from a file at a time while probing */

/* A file of `size` bytes, of which bytes[0 .. count-1] from `base` on are in memory.  With a
 * descriptor the rest is read on demand, else bytes is all there is. */
typedef struct lg_image_source {
    const char *name;   /* for messages */
    const char *format; /* for messages: "image" until the kind is known */
    size_t size;
    const uint8_t *bytes;
    size_t base, count;
    int fd;          /* -1: none */
    int64_t offset;  /* of byte 0 in the file behind fd */
    uint8_t *window; /* [LG_IMAGE_WINDOW], with a descriptor */
} lg_image_source;

/* *at is where byte `offset` lies; n <= LG_IMAGE_WINDOW bytes can be read there until the next
 * call.  Errors: DATA (the file ends before), IO. */
logit_status lg_source_at(lg_image_source *source, size_t offset, size_t n, const uint8_t **at,
                          logit_error *err);

/* Makes "NAME: jpeg at byte OFFSET: reason [CLASS]" of the reason that *err holds. */
void lg_image_place(logit_error *err, const lg_image_source *source, size_t offset,
                    const char *class_name);

/* LG_BAD(err, source, offset, "TRUNC", "the reason, %d", ..): fails with DATA. */
#define LG_BAD(err, source, offset, class_name, ...)                                               \
    return (void)lg_fail((err), LOGIT_E_DATA, __FILE__, __LINE__, __VA_ARGS__),                    \
           lg_image_place((err), (source), (offset), (class_name)), LOGIT_E_DATA

static inline unsigned lg_be16(const uint8_t *p)
{
    return (unsigned)p[0] << 8 | p[1];
}

static inline uint32_t lg_be32(const uint8_t *p)
{
    return (uint32_t)lg_be16(p) << 16 | lg_be16(p + 2);
}

/* -------------------------------------------------------------------------------- the arena --- */

/* One block of memory, handed out from its start, zeroed; all of it is taken back at once.  What
 * was handed out last can grow, shrink and be given back in place.  The budget is set before an
 * image is begun: a request beyond it is refused and remembered in `refused`. */
typedef struct lg_image_arena {
    uint8_t *memory;
    size_t room;   /* bytes at memory */
    size_t budget; /* of the image at hand, <= room */
    size_t used;
    size_t last; /* offset of what was handed out last */
    int refused;
    int is_fixed; /* memory is not malloc's, and as large as it will ever be */
} lg_image_arena;

/* Empties the arena and sets the budget.  Error: NOMEM. */
logit_status lg_arena_begin(lg_image_arena *arena, size_t budget, logit_error *err);
void lg_arena_clear(lg_image_arena *arena); /* frees */

void *lg_arena_take(lg_image_arena *arena, size_t size); /* NULL beyond the budget */
void *lg_arena_grow(lg_image_arena *arena, void *block, size_t old_size, size_t size);
void lg_arena_drop(lg_image_arena *arena, void *block);

#define LG_ARENA_BLOCK 64 /* an allocation takes at most its size and this */

/* ------------------------------------------------------------------------------ stb_image.c --- */

#define LG_STB_STATE 65536 /* bytes of arena that stb needs beside the pixels; checked there */

/* Gives the next `size` bytes of a file to `data`; returns how many there were. */
typedef int lg_stb_read_fn(void *user, char *data, int size);

/* What stb is to decode: bytes, or a function that reads them. */
typedef struct lg_stb_job {
    const uint8_t *bytes;
    size_t size;
    lg_stb_read_fn *read; /* NULL: bytes */
    void *user;
    int channels; /* 1 or 3 */
    int width, height;
    const char *reason; /* out: why not; static */
} lg_stb_job;

/* Pixels [height][width][channels] in the arena, or NULL. */
uint8_t *lg_stb_decode(lg_image_arena *arena, lg_stb_job *job);

/* ------------------------------------------------------------------------------------ kinds --- */

/* What the check of a whole file found. */
typedef struct lg_image_plan {
    lg_image_info info;
    size_t arena_bytes; /* to decode it, to the channels asked for */
    size_t data_at;     /* where the pixels begin, for messages */
    /* PNG only */
    size_t data_end;        /* behind the last IDAT */
    const uint8_t *header;  /* 13 bytes of IHDR */
    const uint8_t *palette; /* NULL: none */
    size_t palette_bytes;   /* of it */
    size_t inflated_bytes;  /* filtered rows of all passes */
} lg_image_plan;

struct lg_decoder;

/* One row per kind, in the order they are tried. */
typedef struct lg_image_kind {
    const char *name;
    uint8_t magic[8];
    size_t magic_bytes;
    /* Sizes and channels from the header, within the limits. */
    logit_status (*probe)(lg_image_source *source, lg_image_info *info, logit_error *err);
    /* Everything; the source is all in memory and its probe passed.  channels: asked for. */
    logit_status (*check)(lg_image_source *source, int channels, lg_image_plan *plan,
                          logit_error *err);
    /* *pixels: u8 [h][w][channels], in the arena or in the source. */
    logit_status (*decode)(struct lg_decoder *decoder, const lg_image_source *source,
                           const lg_image_plan *plan, int channels, const uint8_t **pixels,
                           logit_error *err);
} lg_image_kind;

/* Finds the kind, reads the header, checks the limits; sizes are as stored.  Errors: DATA, IO. */
logit_status lg_image_open(lg_image_source *source, const lg_image_kind **kind, lg_image_info *info,
                           logit_error *err);

/* Sizes within the limits?  offset: where they stand in the file. */
logit_status lg_image_limits(const lg_image_source *source, size_t offset,
                             const lg_image_info *info, logit_error *err);

logit_status lg_jpeg_probe(lg_image_source *source, lg_image_info *info, logit_error *err);
logit_status lg_jpeg_check(lg_image_source *source, int channels, lg_image_plan *plan,
                           logit_error *err);
logit_status lg_jpeg_decode(struct lg_decoder *decoder, const lg_image_source *source,
                            const lg_image_plan *plan, int channels, const uint8_t **pixels,
                            logit_error *err);
/* The same by one library each (decoding.def); decoding.c chooses. */
logit_status lg_jpeg_decode_stb(struct lg_decoder *decoder, const lg_image_source *source,
                                const lg_image_plan *plan, int channels, const uint8_t **pixels,
                                logit_error *err);
logit_status lg_jpeg_decode_turbo(struct lg_decoder *decoder, const lg_image_source *source,
                                  const lg_image_plan *plan, int channels, const uint8_t **pixels,
                                  logit_error *err);
int lg_turbo_is_built(void);
logit_status lg_png_probe(lg_image_source *source, lg_image_info *info, logit_error *err);
logit_status lg_png_check(lg_image_source *source, int channels, lg_image_plan *plan,
                          logit_error *err);
logit_status lg_png_decode(struct lg_decoder *decoder, const lg_image_source *source,
                           const lg_image_plan *plan, int channels, const uint8_t **pixels,
                           logit_error *err);
/* image_plain.c: bytes of IDAT that stb gets for so many bytes of rows. */
size_t lg_plain_data_bytes(size_t rows);

logit_status lg_pnm_probe(lg_image_source *source, lg_image_info *info, logit_error *err);
logit_status lg_pnm_check(lg_image_source *source, int channels, lg_image_plan *plan,
                          logit_error *err);
logit_status lg_pnm_decode(struct lg_decoder *decoder, const lg_image_source *source,
                           const lg_image_plan *plan, int channels, const uint8_t **pixels,
                           logit_error *err);

/* -------------------------------------------------------------------------------- which way --- */

/* The Exif orientation in the TIFF structure at bytes at .. at + size - 1; 0 if there is none. */
int lg_exif_orientation(lg_image_source *source, size_t at, size_t size);

/* Sizes after turning. */
static inline lg_image_info lg_image_turned(lg_image_info stored)
{
    const int height = stored.height;
    if (stored.orientation < 5) return stored;
    stored.height = stored.width;
    stored.width = height;
    return stored;
}

/* pixels u8 [height][width][channels] as stored -> the right way up, in the arena; NULL if it has
 * no room for them. */
const uint8_t *lg_image_turn(lg_image_arena *arena, const uint8_t *pixels, lg_image_info stored,
                             int channels);

/* ----------------------------------------------------------------------------- image_resize --- */

/* Bytes of arena that lg_image_resize needs; 0 if the sizes agree and nothing is to be done. */
size_t lg_resize_bytes(int height, int width, lg_image_target target);

/* pixels u8 [height][width][target.channels] -> out, by LG_IMAGE_RESIZE_RULE.  The arena has
 * lg_resize_bytes left.  Returns 0 if it had not. */
int lg_image_resize(lg_image_arena *arena, const uint8_t *pixels, int height, int width,
                    lg_image_target target, uint8_t *out);

struct lg_decoder {
    lg_decoding decoding;
    lg_image_arena arena;
    lg_bytes file;   /* lg_image_decode_file */
    z_stream stream; /* kept from PNG to PNG */
    int stream_is_open;
    int is_confined;        /* files are decoded in a process of their own, */
    struct lg_cell *cell;   /* in this one, once the first has been */
    atomic_int is_decoding; /* what was read; for who waits for it */
};

#endif
