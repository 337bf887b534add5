/* stb_image.c -- stb's JPEG and PNG decoder, alone in its translation unit and on a leash.
 *
 * Layer 1 (data).  Only files that image_jpeg.c or image_png.c have checked come here.  Memory
 * comes from the caller's arena (zeroed, budgeted); a failed assertion, which would end the
 * process, jumps out and ends this image.  Both belong to the thread, since stb's hooks take no
 * context.
 *
 * Two things that stb does with damaged data C leaves undefined: sums of DC differences beyond 32
 * bits, and shifting an empty bit buffer by more than its width.  Both are harmless (the sum is cut
 * to 16 bits, the buffer is 0).  The first is defined by -fwrapv, which the Makefile sets for this
 * file; UBSan is told to leave both alone. */
/* SPDX-License-Identifier: MIT */
#include "data/image_parts.h"

#include <setjmp.h>

static _Thread_local lg_image_arena *arena_now;
static _Thread_local jmp_buf way_out;

#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_ONLY_JPEG
#define STBI_ONLY_PNG
#define STBI_NO_HDR
#define STBI_NO_LINEAR
#define STBI_NO_GIF
#define STBI_NO_STDIO
#define STBI_MAX_DIMENSIONS LG_IMAGE_MAX_SIDE
#define STBI_MALLOC(size) lg_arena_take(arena_now, (size))
#define STBI_REALLOC_SIZED(block, old_size, size)                                                  \
    lg_arena_grow(arena_now, (block), (old_size), (size))
#define STBI_FREE(block) lg_arena_drop(arena_now, (block))
#define STBI_ASSERT(truth)                                                                         \
    do {                                                                                           \
        if (!(truth)) longjmp(way_out, 1);                                                         \
    } while (0)
#if defined(__ARM_NEON) || defined(__aarch64__)
#define STBI_NEON
#endif

#pragma GCC diagnostic ignored "-Wunused-function" /* reported at the end of the file */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wsign-compare"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wunused-but-set-variable"
#pragma GCC diagnostic ignored "-Wimplicit-fallthrough"
#ifdef __clang__ /* gcc has no such pragma: the Makefile's -fno-sanitize=shift */
#pragma clang attribute push(__attribute__((no_sanitize("signed-integer-overflow", "shift"))),     \
                             apply_to = function)
#endif
#include <stb/stb_image.h>
#ifdef __clang__
#pragma clang attribute pop
#endif
#pragma GCC diagnostic pop

/* The decoder's state and the block it may take a second time, beside the pixels. */
_Static_assert(2 * sizeof(stbi__jpeg) + 4 * LG_ARENA_BLOCK <= LG_STB_STATE,
               "stb's JPEG decoder has grown");

/* stb skips only chunks that it does not know, and asks for the end only in a JPEG: neither is in
 * what image_plain.c writes.  A read of 0 bytes is an end as well. */
static void skip_nothing(void *user, int count)
{
    (void)user;
    if (count) longjmp(way_out, 1);
}

static int never_at_end(void *user)
{
    (void)user;
    return 0;
}

static uint8_t *load(lg_stb_job *job)
{
    int channels_stored;
    if (!job->read)
        return stbi_load_from_memory(job->bytes, (int)job->size, &job->width, &job->height,
                                     &channels_stored, job->channels);
    const stbi_io_callbacks calls = {job->read, skip_nothing, never_at_end};
    return stbi_load_from_callbacks(&calls, job->user, &job->width, &job->height, &channels_stored,
                                    job->channels);
}

uint8_t *lg_stb_decode(lg_image_arena *arena, lg_stb_job *job)
{
    arena_now = arena;
    job->reason = "a check inside the decoder failed";
    if (setjmp(way_out)) return NULL;
    uint8_t *pixels = load(job);
    if (!pixels) job->reason = stbi_failure_reason();
    return pixels;
}
