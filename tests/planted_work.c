/* planted_work.c -- deeds, and a look at who lives. */
/* SPDX-License-Identifier: MIT */
#include "tests/planted_work.h"

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/status.h"

#define MARK "planted:"
enum { MARK_BYTES = 8 };

image_bytes planted_file(planted deed)
{
    image_bytes file = {0};
    image_put(&file, image_jpeg_colour, sizeof image_jpeg_colour);
    image_put(&file, MARK, MARK_BYTES);
    image_put_byte(&file, (int)deed);
    return file;
}

static planted deed_of(const uint8_t *bytes, size_t size)
{
    if (size <= MARK_BYTES || memcmp(bytes + size - 1 - MARK_BYTES, MARK, MARK_BYTES) != 0)
        return PLANTED_NOTHING;
    return (planted)bytes[size - 1];
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Winfinite-recursion"
static int dig(volatile char *above)
{
    volatile char here[4096];
    here[0] = *above;
    return dig(here) + here[0];
}
#pragma GCC diagnostic pop

static void loop_for_ever(void)
{
    for (volatile unsigned turns = 0;; turns++) continue;
}

static logit_status lie(logit_error *err)
{
    (void)lg_fail(err, LOGIT_E_NOMEM, NULL, 0, "%s", "\033[31mnot\nso");
    memset(err->message + 11, 'x', sizeof err->message - 11); /* no end */
    return LOGIT_E_NOMEM;
}

static void hurry(uint8_t *out)
{
    const int32_t word = 0;
    memset(out, 7, 64);
    (void)!write(0, &word, sizeof word);
    for (volatile uint8_t n = 0;; n++) ((volatile uint8_t *)out)[0] = n;
}

/* The pixels' memory is the one thing that a decoder leaves behind. */
static void die_the_first_time(uint8_t *out)
{
    if (out[0] == 0xa5) return;
    out[0] = 0xa5;
    syscall(SYS_getpid);
}

static void do_deed(planted deed, const uint8_t *bytes, uint8_t *out)
{
    volatile char top = 0, *volatile nowhere = (volatile char *)(uintptr_t)64;
    switch (deed) {
    case PLANTED_GETPID:
        syscall(SYS_getpid);
        break;
    case PLANTED_OPEN:
        (void)open("/etc/passwd", O_RDONLY);
        break;
    case PLANTED_FORK:
        (void)fork();
        break;
    case PLANTED_MMAP:
        (void)mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        break;
    case PLANTED_WILD:
        *nowhere = 1;
        break;
    case PLANTED_INPUT:
        *(volatile uint8_t *)(uintptr_t)bytes = 0;
        break;
    case PLANTED_STACK:
        (void)dig(&top);
        break;
    case PLANTED_ABORT:
        abort();
    case PLANTED_ONCE:
        die_the_first_time(out);
        break;
    case PLANTED_LOOP:
        loop_for_ever();
        break;
    case PLANTED_HASTE:
        hurry(out);
        break;
    default:
        break;
    }
}

logit_status planted_work(lg_decoder *decoder, const uint8_t *bytes, size_t size, const char *name,
                          lg_image_target target, uint8_t *out, logit_error *err)
{
    const planted deed = deed_of(bytes, size);
    if (deed == PLANTED_LIAR) return lie(err);
    do_deed(deed, bytes, out);
    return lg_image_decode(decoder, bytes, size, name, target, out, err);
}

/* ------------------------------------------------------------------------------- who lives --- */

/* State and parent of a process; 0 if there is none. */
static int look_at(pid_t process, char *state, pid_t *parent)
{
    char path[64], text[512] = "";
    int above;
    snprintf(path, sizeof path, "/proc/%ld/stat", (long)process);
    FILE *file = fopen(path, "re");
    if (!file) return 0;
    const size_t got = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    const char *behind = strrchr(text, ')'); /* a name may hold spaces */
    if (got == 0 || !behind || sscanf(behind + 1, " %c %d", state, &above) != 2) return 0;
    *parent = (pid_t)above;
    return 1;
}

int children_of(pid_t process, pid_t *list, int room)
{
    int count = 0;
    DIR *folder = opendir("/proc");
    ck_assert_ptr_nonnull(folder);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        const pid_t pid = (pid_t)atol(entry->d_name);
        char state;
        pid_t parent;
        if (pid < 1 || !look_at(pid, &state, &parent) || parent != process) continue;
        if (state == 'X') continue;
        if (count < room) list[count] = pid;
        count++;
    }
    closedir(folder);
    return count;
}

int await_end(pid_t process)
{
    char state;
    pid_t parent;
    for (int tries = 0; tries < 1000; tries++) {
        if (!look_at(process, &state, &parent)) return 1;
        if ((state == 'Z' || state == 'X') && parent != getpid()) return 1;
        usleep(10000);
    }
    return 0;
}

int await_children(pid_t process, int count)
{
    pid_t one;
    int tries = 0;
    while (children_of(process, &one, 1) != count && tries < 1000) {
        usleep(10000);
        tries++;
    }
    return tries < 1000;
}

static pid_t only_child(pid_t process)
{
    pid_t child = -1;
    ck_assert(await_children(process, 1));
    ck_assert_int_eq(children_of(process, &child, 1), 1);
    return child;
}

pid_t nursery_of(pid_t process)
{
    return only_child(process);
}

pid_t decoder_of(pid_t process)
{
    return only_child(nursery_of(process));
}
