/* image_arena.c -- the memory of one image: zeroed, budgeted, taken back at once.
 *
 * Layer 1 (data).  Zeroed, because stb's JPEG decoder reads tables that a damaged file never
 * defined: what it finds there must not be what the image before left behind.  Budgeted, because
 * a header of 30 bytes may ask for gigabytes.  After longjmp nothing leaks: the next image begins
 * with an empty arena.
 *
 * Under AddressSanitizer what is not handed out is poisoned, with a gap behind every block, so
 * that an overrun inside the arena is seen as one of malloc's would be.  Under MemorySanitizer what
 * an image left behind counts as never written. */
/* SPDX-License-Identifier: MIT */
#include "data/image_parts.h"

#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define WITH_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_ASAN 1
#elif __has_feature(memory_sanitizer)
#define WITH_MSAN 1
#endif
#endif

#ifdef WITH_ASAN
#include <sanitizer/asan_interface.h>
#define HIDE(at, size) ASAN_POISON_MEMORY_REGION((at), (size))
#define SHOW(at, size) ASAN_UNPOISON_MEMORY_REGION((at), (size))
#define GAP 32
#elif defined(WITH_MSAN)
#include <sanitizer/msan_interface.h>
#define HIDE(at, size) __msan_allocated_memory((at), (size))
#define SHOW(at, size) ((void)(at), (void)(size))
#define GAP 0
#else
#define HIDE(at, size) ((void)(at), (void)(size))
#define SHOW(at, size) ((void)(at), (void)(size))
#define GAP 0
#endif

#define ALIGN 16
#define NOTHING SIZE_MAX                /* last: nothing can grow or be given back */
#define KEEP_BYTES ((size_t)16 << 20)   /* more than this is not kept for small images */
#define LEAST_BYTES ((size_t)256 << 10) /* less is not worth a second malloc */

/* What a block of this size takes, or 0 on overflow. */
static size_t footprint(size_t size)
{
    if (size > SIZE_MAX - ALIGN - GAP) return 0;
    if (size == 0) size = 1; /* every block has its own address */
    return (size + ALIGN - 1) / ALIGN * ALIGN + GAP;
}

logit_status lg_arena_begin(lg_image_arena *arena, size_t budget, logit_error *err)
{
    const int hoards = !arena->is_fixed && arena->room > KEEP_BYTES && budget <= KEEP_BYTES;
    if (arena->room < budget || hoards) {
        lg_arena_clear(arena);
        const size_t room = budget < LEAST_BYTES ? LEAST_BYTES : budget;
        arena->memory = malloc(room);
        if (!arena->memory) LG_FAIL(err, LOGIT_E_NOMEM, "%zu bytes to decode an image", room);
        arena->room = room;
    }
    arena->budget = budget;
    arena->used = 0;
    arena->last = NOTHING;
    arena->refused = 0;
    HIDE(arena->memory, arena->room);
    return LOGIT_OK;
}

void lg_arena_clear(lg_image_arena *arena)
{
    if (arena->memory) SHOW(arena->memory, arena->room);
    free(arena->memory);
    memset(arena, 0, sizeof *arena);
}

void *lg_arena_take(lg_image_arena *arena, size_t size)
{
    const size_t whole = footprint(size);
    if (!whole || whole > arena->budget - arena->used) {
        arena->refused = 1;
        return NULL;
    }
    uint8_t *block = arena->memory + arena->used;
    arena->last = arena->used;
    arena->used += whole;
    SHOW(block, size);
    memset(block, 0, size);
    return block;
}

void *lg_arena_grow(lg_image_arena *arena, void *block, size_t old_size, size_t size)
{
    const int in_place = block && arena->last != NOTHING && block == arena->memory + arena->last;
    if (!in_place || size < old_size) {
        void *copy = lg_arena_take(arena, size);
        if (copy && block) memcpy(copy, block, old_size < size ? old_size : size);
        return copy;
    }
    const size_t whole = footprint(size);
    if (!whole || whole > arena->budget - arena->last) {
        arena->refused = 1;
        return NULL;
    }
    arena->used = arena->last + whole;
    SHOW(block, size);
    memset((uint8_t *)block + old_size, 0, size - old_size);
    return block;
}

void lg_arena_drop(lg_image_arena *arena, void *block)
{
    if (!block || arena->last == NOTHING || block != arena->memory + arena->last) return;
    HIDE(block, arena->used - arena->last);
    arena->used = arena->last;
    arena->last = NOTHING;
}
