/* planted_work.h -- work for the sandbox that does what a hostile file would have a decoder do.
 *
 * Tests.  A file that ends with PLANTED and a deed is decoded by that deed; all others by
 * lg_image_decode, which leaves bytes behind the end of a JPEG aside. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TESTS_PLANTED_WORK_H
#define LG_TESTS_PLANTED_WORK_H

#include <sys/types.h>

#include "data/sandbox.h"
#include "tests/image_make.h"

typedef enum planted {
    PLANTED_NOTHING,
    PLANTED_GETPID, /* a harmless call */
    PLANTED_OPEN,
    PLANTED_FORK,
    PLANTED_MMAP,
    PLANTED_WILD,  /* a write to where nothing is */
    PLANTED_INPUT, /* a write to the file */
    PLANTED_STACK, /* recursion without an end */
    PLANTED_ABORT, /* a failed check of libc's */
    PLANTED_ONCE,  /* dies in the first decoder that sees it, and decodes it in the second */
    PLANTED_LOOP,
    PLANTED_LIAR,  /* an answer that no decoder gives */
    PLANTED_HASTE, /* answers, and goes on writing into the answer's memory */
    PLANTED_COUNT
} planted;

lg_sandbox_work_fn planted_work;

/* A small JPEG that does this; the caller clears it. */
image_bytes planted_file(planted deed);

/* Children of a process that have not ended: at most `room`; how many there are. */
int children_of(pid_t process, pid_t *list, int room);
/* Waits up to 10 s until it has so many, zombies included: an ended one is one until its parent has
 * looked; 0 if it never has. */
int await_children(pid_t process, int count);
/* Waits up to 10 s until the process is gone, or a zombie of somebody else's; 0 if it is not. */
int await_end(pid_t process);
/* The nursery of this process, and its only decoder. */
pid_t nursery_of(pid_t process);
pid_t decoder_of(pid_t process);

#endif
