/* sandbox_cell.c -- one decoder process: asked, waited for, replaced. */
/* SPDX-License-Identifier: MIT */
#include "data/sandbox_parts.h"

#if LG_SANDBOX_BUILT

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "base/status.h"
#include "data/image_parts.h"

enum {
    TICK_MS = 100,   /* between two looks at a decoder that does not answer */
    IDLE_TICKS = 600 /* without any processor time: it was stopped, or hangs */
};

struct lg_cell {
    int memory;       /* the file without a name */
    uint8_t *mapping; /* of all of it */
    size_t out_room;
    lg_bytes file; /* in the mapping */
    int line;      /* the socket to the decoder; -1: there is none */
    pid_t pid;
};

/* How a question ended. */
typedef enum outcome {
    ANSWERED,
    DIED, /* the line is closed */
    SLOW
} outcome;

static lg_cell_control *control_of(lg_cell *cell)
{
    return (lg_cell_control *)(void *)cell->mapping;
}

/* -------------------------------------------------------------------------------- the child --- */

/* Processor time of the decoder; negative where it cannot be told. */
static double seconds_used(pid_t pid)
{
    clockid_t clock;
    struct timespec time;
    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &time) != 0) return -1.0;
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* Waits for the decoder's word.  Time is its processor's, not the clock's: that other programs keep
 * the machine busy makes no image bad.  The first tick is not looked at, and counts in full. */
static outcome await_word(const lg_cell *cell, int32_t *word)
{
    double begun = -1.0, before = -1.0;
    for (int idle = 0; idle < IDLE_TICKS;) {
        const ssize_t got = recv(cell->line, word, sizeof *word, MSG_WAITALL);
        if (got == (ssize_t)sizeof *word) return ANSWERED;
        if (got >= 0 || (errno != EINTR && errno != EAGAIN && errno != EWOULDBLOCK)) return DIED;
        if (errno == EINTR) continue;
        const double used = seconds_used(cell->pid);
        if (begun < 0.0) begun = used;
        if (used - begun >= LG_SANDBOX_SECONDS - 1e-3 * TICK_MS) return SLOW;
        idle = used > before ? 0 : idle + 1;
        before = used;
    }
    return DIED;
}

/* No decoder is left behind that could still write to the memory.  None can close its line, so that
 * the end of that is the end of the process. */
static void dismiss(lg_cell *cell)
{
    int32_t word;
    ssize_t got;
    if (cell->line < 0) return;
    lg_sandbox_kill(cell->pid);
    do got = recv(cell->line, &word, sizeof word, 0);
    while (got > 0 || (got < 0 && (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK)));
    close(cell->line);
    cell->line = -1;
}

static logit_status settle(lg_cell *cell, logit_error *err)
{
    int32_t word = 0;
    const outcome found = await_word(cell, &word);
    if (found == ANSWERED && word == LG_CELL_READY) return LOGIT_OK;
    dismiss(cell);
    if (found == ANSWERED)
        LG_FAIL(err, word == ENOMEM ? LOGIT_E_NOMEM : LOGIT_E_DEVICE,
                "--untrusted: a decoder cannot be confined here: %s", strerror(word));
    LG_FAIL(err, LOGIT_E_DEVICE, "--untrusted: a decoder ended before it was confined");
}

/* A decoder, if the cell has none. */
static logit_status occupy(lg_cell *cell, logit_error *err)
{
    int pair[2];
    const struct timeval tick = {.tv_usec = TICK_MS * 1000};
    if (cell->line >= 0) return LOGIT_OK;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        LG_FAIL(err, LOGIT_E_DEVICE, "--untrusted: no socket for a decoder: %s", strerror(errno));
    cell->line = pair[0];
    setsockopt(cell->line, SOL_SOCKET, SO_RCVTIMEO, &tick, sizeof tick);
    const logit_status status =
        lg_sandbox_spawn(cell->memory, pair[1], cell->out_room, &cell->pid, err);
    close(pair[1]);
    if (status == LOGIT_OK) return settle(cell, err);
    close(cell->line);
    cell->line = -1;
    return status;
}

/* -------------------------------------------------------------------------------- questions --- */

static int send_word(const lg_cell *cell)
{
    const int32_t word = LG_CELL_READY;
    ssize_t sent;
    do sent = send(cell->line, &word, sizeof word, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent == (ssize_t)sizeof word;
}

/* Puts the question to a decoder; another where this one has ended meanwhile. */
static logit_status ask(lg_cell *cell, const char *name, lg_image_target target, outcome *how,
                        logit_error *err)
{
    int32_t word;
    lg_cell_control *control = control_of(cell);
    LG_TRY(occupy(cell, err));
    control->size = cell->file.size;
    control->target = target;
    snprintf(control->name, sizeof control->name, "%s", name);
    if (!send_word(cell)) {
        dismiss(cell);
        LG_TRY(occupy(cell, err));
        (void)send_word(cell);
    }
    *how = await_word(cell, &word);
    if (*how != ANSWERED) dismiss(cell);
    return LOGIT_OK;
}

/* What a decoder says is text, whatever it is. */
static logit_status take_complaint(lg_cell *cell, logit_error *err)
{
    char text[sizeof err->message];
    memcpy(text, control_of(cell)->message, sizeof text);
    text[sizeof text - 1] = '\0';
    for (char *c = text; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 127) *c = '?';
    LG_FAIL(err, LOGIT_E_DATA, "%s", text);
}

static logit_status take_answer(lg_cell *cell, lg_image_target target, uint8_t *out,
                                logit_error *err)
{
    const lg_cell_control *control = control_of(cell);
    const int32_t status = control->status;
    logit_status result = LOGIT_OK;
    if (status == LOGIT_OK)
        memcpy(out, cell->mapping + LG_CELL_CONTROL,
               (size_t)target.height * (size_t)target.width * (size_t)target.channels);
    else
        result = take_complaint(cell, err);
    if (control->hoards) dismiss(cell);
    return result;
}

/* A large file leaves no pages behind. */
static void trim(const lg_cell *cell)
{
    if (cell->file.size > LG_CELL_KEEP) madvise(cell->file.data, LG_IMAGE_MAX_FILE, MADV_REMOVE);
}

static logit_status decode(lg_cell *cell, const char *name, lg_image_target target, uint8_t *out,
                           logit_error *err)
{
    const lg_image_source source = {.name = name, .format = "image"};
    for (int deaths = 0; deaths < 2; deaths++) {
        outcome how;
        LG_TRY(ask(cell, name, target, &how, err));
        if (how == ANSWERED) return take_answer(cell, target, out, err);
        if (how == SLOW)
            LG_BAD(err, &source, 0, "LIMIT", "decoding it takes more than %d s of processor time",
                   LG_SANDBOX_SECONDS);
    }
    LG_BAD(err, &source, 0, "CORRUPT", "decoding it killed the decoder, twice");
}

logit_status lg_cell_decode(lg_cell *cell, const char *name, lg_image_target target, uint8_t *out,
                            logit_error *err)
{
    const logit_status status = decode(cell, name, target, out, err);
    trim(cell);
    return status;
}

/* ----------------------------------------------------------------------------- open, close --- */

static logit_status open_memory(lg_cell *cell, logit_error *err)
{
    const size_t bytes = lg_cell_bytes(cell->out_room);
    cell->memory = memfd_create("logit-decoder", MFD_CLOEXEC);
    if (cell->memory < 0 || ftruncate(cell->memory, (off_t)bytes) != 0)
        LG_FAIL(err, LOGIT_E_NOMEM, "--untrusted: no %zu bytes to share with a decoder: %s", bytes,
                strerror(errno));
    void *mapping = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, cell->memory, 0);
    if (mapping == MAP_FAILED)
        LG_FAIL(err, LOGIT_E_NOMEM, "--untrusted: no %zu bytes to share with a decoder: %s", bytes,
                strerror(errno));
    cell->mapping = mapping;
    cell->file = (lg_bytes){.data = cell->mapping + lg_cell_file_at(cell->out_room),
                            .room = LG_IMAGE_MAX_FILE};
    return LOGIT_OK;
}

logit_status lg_cell_open(lg_cell **out, size_t out_bytes, logit_error *err)
{
    *out = NULL;
    lg_cell *cell = calloc(1, sizeof *cell);
    if (!cell) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a decoder");
    cell->memory = cell->line = -1;
    cell->out_room = (out_bytes + LG_CELL_CONTROL - 1) / LG_CELL_CONTROL * LG_CELL_CONTROL;
    logit_status status = open_memory(cell, err);
    if (status == LOGIT_OK) status = occupy(cell, err);
    if (status != LOGIT_OK) {
        lg_cell_close(cell);
        return status;
    }
    *out = cell;
    return LOGIT_OK;
}

void lg_cell_close(lg_cell *cell)
{
    if (!cell) return;
    dismiss(cell);
    if (cell->mapping) munmap(cell->mapping, lg_cell_bytes(cell->out_room));
    if (cell->memory >= 0) close(cell->memory);
    free(cell);
}

size_t lg_cell_room(const lg_cell *cell)
{
    return cell->out_room;
}

lg_bytes *lg_cell_file(lg_cell *cell)
{
    return &cell->file;
}

#endif
