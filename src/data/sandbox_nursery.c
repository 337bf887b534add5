/* sandbox_nursery.c -- the process that forks decoders, and the decoders themselves.
 *
 * Layer 1 (data).  Everything a decoder will need is there before it is confined: its memory is
 * mapped, its arena reserved, zlib has a pool.  From then on a system call other than read, write
 * and exit ends it, and so does a failed check of the stack or of the heap, since either would say
 * so by a call. */
/* SPDX-License-Identifier: MIT */
#include "data/sandbox_parts.h"

#if LG_SANDBOX_BUILT

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/status.h"
#include "data/image_parts.h"

/* The nursery blocks it, and sends it to its process group at the end. */
#define END_OF_DECODERS SIGUSR2

/* ------------------------------------------------------------------------------ the decoder --- */

/* zlib's memory: the state and the window of one stream, which are never given back. */
typedef struct pool {
    size_t used;
    _Alignas(16) uint8_t bytes[256 << 10];
} pool;

static voidpf pool_take(voidpf opaque, uInt count, uInt size)
{
    pool *p = opaque;
    const size_t bytes = ((size_t)count * size + 15) / 16 * 16;
    if (bytes > sizeof p->bytes - p->used) return Z_NULL;
    p->used += bytes;
    return p->bytes + p->used - bytes;
}

static void pool_drop(voidpf opaque, voidpf block)
{
    (void)opaque, (void)block;
}

typedef struct decoder_life {
    lg_cell_control *control;
    uint8_t *pixels;
    const uint8_t *file;
    size_t out_room;
    lg_decoder *decoder;
    lg_sandbox_work_fn *work;
    size_t most; /* bytes of arena that an image took so far */
} decoder_life;

/* A decoder with memory that need not be asked for.  0 where there is none. */
static int furnish(lg_decoder **decoder)
{
    void *arena = mmap(NULL, LG_IMAGE_MAX_ARENA, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    pool *p = calloc(1, sizeof *p);
    if (arena == MAP_FAILED || !p || lg_decoder_create(decoder, NULL) != LOGIT_OK) {
        errno = ENOMEM;
        return 0;
    }
    (*decoder)->arena =
        (lg_image_arena){.memory = arena, .room = LG_IMAGE_MAX_ARENA, .is_fixed = 1};
    (*decoder)->stream = (z_stream){.zalloc = pool_take, .zfree = pool_drop, .opaque = p};
    return 1;
}

/* The file is mapped a second time, so that the first mapping, which may be written to, ends before
 * it: a file that a decoder died of is the same for the next. */
static int map_memory(decoder_life *life, int memory)
{
    const size_t file_at = lg_cell_file_at(life->out_room);
    uint8_t *writable = mmap(NULL, file_at, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
    life->file = mmap(NULL, LG_IMAGE_MAX_FILE, PROT_READ, MAP_SHARED, memory, (off_t)file_at);
    if (writable == MAP_FAILED || life->file == MAP_FAILED) return 0;
    life->control = (lg_cell_control *)(void *)writable;
    life->pixels = writable + LG_CELL_CONTROL;
    return 1;
}

static int limit(int what, rlim_t most)
{
    const struct rlimit both = {most, most};
    return setrlimit(what, &both) == 0;
}

/* Gives up everything.  Descriptor 0 is the line to the program, and there is no other.  Returns 0
 * with errno on failure. */
static int confine(decoder_life *life, int memory, int line, pid_t nursery)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return 0;
    if (getppid() != nursery) _exit(0);
    if (!map_memory(life, memory) || !furnish(&life->decoder)) return 0;
    if (dup2(line, 0) < 0) return 0;
    closefrom(1);
    if (!limit(RLIMIT_CORE, 0) || !limit(RLIMIT_CPU, LG_CELL_LIFE_SECONDS)) return 0;
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) == 0;
}

static void answer(decoder_life *life)
{
    lg_cell_control *control = life->control;
    logit_error error = {0};
    lg_image_arena *arena = &life->decoder->arena;
    const size_t size = control->size < LG_IMAGE_MAX_FILE ? control->size : LG_IMAGE_MAX_FILE;
    arena->budget = 0;
    const logit_status status = life->work(life->decoder, life->file, size, control->name,
                                           control->target, life->pixels, &error);
    if (arena->budget > life->most) life->most = arena->budget;
    control->status = (int32_t)status;
    control->hoards = life->most > LG_CELL_KEEP && arena->budget <= LG_CELL_KEEP;
    memcpy(control->message, error.message, sizeof control->message);
}

static _Noreturn void decoder_live(decoder_life *life, int memory, int line, pid_t nursery)
{
    int32_t word = LG_CELL_READY;
    if (!confine(life, memory, line, nursery)) {
        word = errno;
        (void)!write(line, &word, sizeof word); /* closed by now: */
        (void)!write(0, &word, sizeof word);
        _exit(1);
    }
    while (write(0, &word, sizeof word) == sizeof word && read(0, &word, sizeof word) > 0)
        answer(life);
    for (;;) syscall(SYS_exit, 0); /* _exit would end all threads, by a call that is not allowed */
}

/* ------------------------------------------------------------------------------ the nursery --- */

typedef struct nursery {
    int socket;
    pid_t self;
    lg_sandbox_work_fn *work;
    sigset_t at_rest; /* blocked while it waits for orders */
} nursery;

static void on_child(int number)
{
    (void)number;
}

/* Nothing of the program's is kept, and the end of the program is the end.  A process group of its
 * own: Ctrl-C on a terminal asks the program, which wants its last images decoded.  A signal to all
 * that is called logit (pkill) leaves the decoders alone. */
static void settle(nursery *n, pid_t program)
{
    static const int unheard[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGUSR1};
    const struct sigaction noticed = {.sa_handler = on_child};
    sigset_t at_work;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != program) _exit(0);
    setpgid(0, 0);
    for (size_t i = 0; i < sizeof unheard / sizeof *unheard; i++) signal(unheard[i], SIG_IGN);
    sigaction(SIGCHLD, &noticed, NULL);
    signal(END_OF_DECODERS, SIG_DFL); /* whoever began the program may have ignored it */
    sigemptyset(&n->at_rest);
    sigaddset(&n->at_rest, END_OF_DECODERS);
    at_work = n->at_rest;
    sigaddset(&at_work, SIGCHLD);
    sigprocmask(SIG_SETMASK, &at_work, NULL);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    prctl(PR_SET_NAME, "logit-nursery");
    n->self = getpid();
    n->socket = fcntl(n->socket, F_DUPFD, 3);
    const int nothing = open("/dev/null", O_RDWR);
    if (n->socket < 0 || nothing < 0 || dup2(n->socket, 3) < 0) _exit(1);
    for (int fd = 0; fd < 3; fd++)
        if (nothing != fd) dup2(nothing, fd);
    n->socket = 3;
    closefrom(4);
}

/* The next order and its descriptors (-1 where none came).  0 at the end of the program. */
static int next_order(const nursery *n, lg_nursery_order *order, int fd[2])
{
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(2 * sizeof(int))];
    } control;
    struct iovec data = {order, sizeof *order};
    struct msghdr message = {.msg_iov = &data,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof control};
    ssize_t got;
    fd[0] = fd[1] = -1;
    do got = recvmsg(n->socket, &message, MSG_CMSG_CLOEXEC);
    while (got < 0 && errno == EINTR);
    const struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    if (got > 0 && head && head->cmsg_len == CMSG_LEN(2 * sizeof(int)))
        memcpy(fd, CMSG_DATA(head), 2 * sizeof(int));
    return got == (ssize_t)sizeof *order;
}

static void spawn(const nursery *n, const lg_nursery_order *order, const int fd[2])
{
    lg_nursery_answer said = {.pid = fork()};
    if (said.pid == 0) {
        decoder_life life = {.out_room = order->out_room, .work = n->work};
        decoder_live(&life, fd[0], fd[1], n->self);
    }
    said.error = said.pid < 0 ? errno : 0;
    (void)!send(n->socket, &said, sizeof said, MSG_NOSIGNAL);
}

/* A number that is nobody's any more, or another's, is not in the list of our own children. */
static void end_decoder(pid_t pid)
{
    siginfo_t info;
    if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0) kill(pid, SIGKILL);
}

_Noreturn void lg_nursery_live(int socket, pid_t program, lg_sandbox_work_fn *work)
{
    nursery n = {.socket = socket, .work = work};
    lg_nursery_order order;
    int fd[2];
    settle(&n, program);
    for (;;) {
        struct pollfd news = {.fd = n.socket, .events = POLLIN};
        const int count = ppoll(&news, 1, NULL, &n.at_rest); /* a child's end interrupts it */
        while (waitpid(-1, NULL, WNOHANG) > 0) continue;
        if (count < 1) continue;
        if (!next_order(&n, &order, fd)) break;
        if (order.op == LG_NURSERY_KILL) end_decoder(order.pid);
        if (order.op == LG_NURSERY_SPAWN) spawn(&n, &order, fd);
        for (int i = 0; i < 2; i++)
            if (fd[i] >= 0) close(fd[i]);
    }
    kill(0, END_OF_DECODERS);
    while (wait(NULL) > 0 || errno == EINTR) continue;
    _exit(0);
}

#endif
