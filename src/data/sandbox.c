/* sandbox.c -- the nursery as the program sees it: begun, asked, ended. */
/* SPDX-License-Identifier: MIT */
#include "data/sandbox_parts.h"

#include "base/status.h"

#if LG_SANDBOX_BUILT

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static struct {
    int is_on;
    int socket;
    pid_t nursery;
    pid_t program; /* whose nursery it is: not that of a fork of ours */
    pthread_mutex_t mutex;
} now = {.mutex = PTHREAD_MUTEX_INITIALIZER};

int lg_sandbox_is_on(void)
{
    return now.is_on && now.program == getpid();
}

/* One decoder, confined and dismissed: whether the system allows it is better known now. */
static logit_status try_out(logit_error *err)
{
    lg_cell *cell;
    LG_TRY(lg_cell_open(&cell, 1, err));
    lg_cell_close(cell);
    return LOGIT_OK;
}

logit_status lg_sandbox_start(lg_sandbox_work_fn *work, logit_error *err)
{
    int pair[2];
    if (lg_sandbox_is_on()) return LOGIT_OK;
    const pid_t program = getpid();
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        LG_FAIL(err, LOGIT_E_DEVICE, "--untrusted: no socket for the decoders: %s",
                strerror(errno));
    const pid_t nursery = fork();
    if (nursery == 0) {
        close(pair[0]);
        lg_nursery_live(pair[1], program, work);
    }
    const int why = errno;
    close(pair[1]);
    if (nursery < 0) {
        close(pair[0]);
        LG_FAIL(err, LOGIT_E_DEVICE, "--untrusted: no process for the decoders: %s", strerror(why));
    }
    now.is_on = 1;
    now.socket = pair[0];
    now.nursery = nursery;
    now.program = program;
    const logit_status status = try_out(err);
    if (status != LOGIT_OK) logit_sandbox_stop();
    return status;
}

void logit_sandbox_stop(void)
{
    if (!lg_sandbox_is_on()) return;
    now.is_on = 0;
    close(now.socket);
    while (waitpid(now.nursery, NULL, 0) < 0 && errno == EINTR) continue;
}

/* Sends an order with `fds` descriptors.  0 on failure. */
static int send_order(lg_nursery_order order, const int *fd, int fds)
{
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(2 * sizeof(int))];
    } control = {0};
    struct iovec data = {&order, sizeof order};
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1};
    ssize_t sent;
    if (fds > 0) {
        message.msg_control = &control;
        message.msg_controllen = sizeof control;
        control.head.cmsg_level = SOL_SOCKET;
        control.head.cmsg_type = SCM_RIGHTS;
        control.head.cmsg_len = CMSG_LEN((size_t)fds * sizeof(int));
        memcpy(CMSG_DATA(&control.head), fd, (size_t)fds * sizeof(int));
    }
    do sent = sendmsg(now.socket, &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent == (ssize_t)sizeof order;
}

logit_status lg_sandbox_spawn(int memory, int socket, size_t out_room, pid_t *pid, logit_error *err)
{
    const lg_nursery_order order = {.op = LG_NURSERY_SPAWN, .out_room = out_room};
    const int fd[2] = {memory, socket};
    lg_nursery_answer answer = {-1, ECHILD};
    ssize_t got = 0;
    if (!lg_sandbox_is_on())
        LG_FAIL(err, LOGIT_E_DEVICE,
                "--untrusted: there is no sandbox; logit_sandbox_start begins it");
    pthread_mutex_lock(&now.mutex);
    if (send_order(order, fd, 2)) do
            got = recv(now.socket, &answer, sizeof answer, 0);
        while (got < 0 && errno == EINTR);
    pthread_mutex_unlock(&now.mutex);
    if (got != (ssize_t)sizeof answer)
        LG_FAIL(err, LOGIT_E_DEVICE, "--untrusted: the process that starts decoders has died");
    if (answer.pid < 0)
        LG_FAIL(err, LOGIT_E_DEVICE, "--untrusted: no process for a decoder: %s",
                strerror(answer.error));
    *pid = answer.pid;
    return LOGIT_OK;
}

void lg_sandbox_kill(pid_t pid)
{
    if (!lg_sandbox_is_on()) return;
    pthread_mutex_lock(&now.mutex);
    send_order((lg_nursery_order){.op = LG_NURSERY_KILL, .pid = pid}, NULL, 0);
    pthread_mutex_unlock(&now.mutex);
}

#else /* a system without seccomp, or a sanitizer, which makes calls of its own */

#define NOT_BUILT "--untrusted: not available in this build"

int lg_sandbox_is_on(void)
{
    return 0;
}

logit_status lg_sandbox_start(lg_sandbox_work_fn *work, logit_error *err)
{
    (void)work;
    LG_FAIL(err, LOGIT_E_DEVICE, NOT_BUILT);
}

void logit_sandbox_stop(void)
{
}

logit_status lg_cell_open(lg_cell **out, size_t out_bytes, logit_error *err)
{
    (void)out_bytes;
    *out = NULL;
    LG_FAIL(err, LOGIT_E_DEVICE, NOT_BUILT);
}

void lg_cell_close(lg_cell *cell)
{
    (void)cell;
}

size_t lg_cell_room(const lg_cell *cell)
{
    (void)cell;
    return 0;
}

lg_bytes *lg_cell_file(lg_cell *cell)
{
    (void)cell;
    return NULL;
}

logit_status lg_cell_decode(lg_cell *cell, const char *name, lg_image_target target, uint8_t *out,
                            logit_error *err)
{
    (void)cell, (void)name, (void)target, (void)out;
    LG_FAIL(err, LOGIT_E_DEVICE, NOT_BUILT);
}

#endif

logit_status logit_sandbox_start(logit_error *err)
{
    return lg_sandbox_start(lg_image_decode, err);
}
