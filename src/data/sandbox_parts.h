/* sandbox_parts.h -- what the sandbox*.c files share; nobody else includes it.
 *
 * Layer 1 (data).  A cell's memory is a file without a name, mapped by program and decoder:
 *
 *   control   the question and the answer
 *   pixels    out_room bytes
 *   file      LG_IMAGE_MAX_FILE bytes; the decoder may only read them
 *
 * A socket leads from one to the other.  Each sends LG_CELL_READY or an errno: the decoder once it
 * is confined (or cannot be), the program when it has put a question, the decoder when the answer
 * is there.  What the program finds in the memory is to be mistrusted: it is copied, then looked
 * at, and no pointer or size is taken from it. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_DATA_SANDBOX_PARTS_H
#define LG_DATA_SANDBOX_PARTS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "data/sandbox.h"

#define LG_SANDBOX_BUILT 1
#if !defined(__linux__) || defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#undef LG_SANDBOX_BUILT
#define LG_SANDBOX_BUILT 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#undef LG_SANDBOX_BUILT
#define LG_SANDBOX_BUILT 0
#endif
#endif

enum {
    LG_CELL_READY = 0,
    LG_CELL_NAME = 4096,      /* bytes of a file's name that a decoder is told */
    LG_CELL_CONTROL = 65536,  /* bytes in front of the pixels: whole pages, on any machine */
    LG_CELL_LIFE_SECONDS = 60 /* of processor time; another decoder follows then */
};

#define LG_CELL_KEEP ((size_t)16 << 20) /* more memory is not kept after an image that took it */

typedef struct lg_cell_control {
    /* question */
    size_t size; /* of the file */
    lg_image_target target;
    char name[LG_CELL_NAME];
    /* answer */
    int32_t status; /* OK or DATA */
    int32_t hoards; /* 1: it holds memory that it does not need for images like this one */
    char message[sizeof((logit_error *)0)->message];
} lg_cell_control;

_Static_assert(sizeof(lg_cell_control) <= LG_CELL_CONTROL, "the control page is too small");

static inline size_t lg_cell_file_at(size_t out_room)
{
    return LG_CELL_CONTROL + out_room;
}

static inline size_t lg_cell_bytes(size_t out_room)
{
    return lg_cell_file_at(out_room) + LG_IMAGE_MAX_FILE;
}

/* What the program sends the nursery; with SPAWN two descriptors: memory and socket. */
typedef enum lg_nursery_op { LG_NURSERY_SPAWN, LG_NURSERY_KILL } lg_nursery_op;

typedef struct lg_nursery_order {
    lg_nursery_op op;
    pid_t pid;       /* KILL: which */
    size_t out_room; /* SPAWN: a multiple of LG_CELL_CONTROL */
} lg_nursery_order;

/* And the answer to SPAWN: the decoder, or errno and -1. */
typedef struct lg_nursery_answer {
    pid_t pid;
    int error;
} lg_nursery_answer;

/* The life of the nursery, from the fork on: serves the socket until its other end is closed, then
 * ends all decoders and itself. */
_Noreturn void lg_nursery_live(int socket, pid_t program, lg_sandbox_work_fn *work);

/* sandbox.c: asks the nursery for a decoder.  Error: DEVICE. */
logit_status lg_sandbox_spawn(int memory, int socket, size_t out_room, pid_t *pid,
                              logit_error *err);
/* Ends a decoder that has not been seen to end. */
void lg_sandbox_kill(pid_t pid);

#endif
