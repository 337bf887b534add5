/* shim.c -- makes the n-th system or library call of a program fail, or kills the program there.
 *
 * Tests.  A library for LD_PRELOAD.  In the environment:
 *
 *   LOGIT_FAULT=CALL:N[:HOW]   CALL: alloc, open, read, write, fsync (and fdatasync), rename, mmap,
 *                              ftruncate, close, any
 *                              N:    from 1
 *                              HOW:  once (the default): the N-th alone fails;  always: from the
 *                              N-th on;  kill: the program is killed there, before the call;
 *                              after: just behind it;  eintr: interrupted, and tried again by who
 *                              is right;  short: half of what was asked for is read or written;
 *                              full: ENOSPC in place of EIO
 *   LOGIT_FAULT_COUNT=FILE     at the end "CALL COUNT" lines are written there
 *   LOGIT_FAULT_LEAKS=FILE     at the end what is still there is written there: "block SIZE OBJECT
 *                              +OFFSET" (where it was asked for), "descriptor N PATH"
 *   LOGIT_RECORD=FILE          what is done to files that are written, for tests/disk.h
 *
 * Calls of the dynamic linker and of OpenBLAS (which exits where memory is short) are passed on
 * untouched: they are not ours to survive. */
/* SPDX-License-Identifier: MIT */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

typedef enum call { ALLOC, OPEN, READ, WRITE, FSYNC, RENAME, MMAP, FTRUNCATE, CLOSE, CALLS } call;
static const char *const names[CALLS] = {"alloc",  "open", "read",      "write", "fsync",
                                         "rename", "mmap", "ftruncate", "close"};
typedef enum how { ONCE, ALWAYS, KILL, AFTER, EINTR_ONCE, SHORT, FULL, HOWS } how;
static const char *const hows[HOWS] = {"once", "always", "kill", "after", "eintr", "short", "full"};

static atomic_long count[CALLS + 1]; /* the last: any */
static int wanted = -1;
static long at;
static how what;
static int ready;
static int record = -1;   /* descriptor */
static const char *leaks; /* path */

__attribute__((constructor)) static void begin(void)
{
    const char *text = getenv("LOGIT_FAULT");
    char name[16] = "", way[16] = "once";
    if (text && sscanf(text, "%15[^:]:%ld:%15s", name, &at, way) >= 2) {
        for (int i = 0; i < CALLS; i++)
            if (strcmp(names[i], name) == 0) wanted = i;
        if (strcmp(name, "any") == 0) wanted = CALLS;
        for (int i = 0; i < HOWS; i++)
            if (strcmp(hows[i], way) == 0) what = (how)i;
    }
    const char *path = getenv("LOGIT_RECORD");
    if (path)
        record = (int)syscall(SYS_openat, AT_FDCWD, path,
                              O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666);
    leaks = getenv("LOGIT_FAULT_LEAKS");
    ready = 1;
}

static void list_leaks(void);

static void list_counts(const char *path)
{
    char text[512];
    int used = 0;
    const int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    for (int i = 0; i <= CALLS; i++)
        used += snprintf(text + used, sizeof text - (size_t)used, "%s %ld\n",
                         i < CALLS ? names[i] : "any", atomic_load(&count[i]));
    if (fd >= 0) syscall(SYS_write, fd, text, (size_t)used);
    syscall(SYS_close, fd);
}

/* Straight to the kernel: nothing here may be counted or fail on purpose. */
__attribute__((destructor)) static void end(void)
{
    const char *counts = getenv("LOGIT_FAULT_COUNT");
    if (counts) list_counts(counts);
    if (leaks) list_leaks(); /* nothing works behind it, getenv for one */
}

/* A call from here counts unless it is the linker's, OpenBLAS's or our own. */
static int is_ours(const void *from)
{
    static const char *const others[] = {"ld-linux", "openblas", "libgfortran", "libshim"};
    static __thread int looking;
    Dl_info info;
    if (!ready || looking) return 0;
    looking = 1;
    int ours = dladdr(from, &info) != 0 && info.dli_fname;
    for (size_t i = 0; ours && i < sizeof others / sizeof *others; i++)
        ours = !strstr(info.dli_fname, others[i]);
    looking = 0;
    return ours;
}

/* Counts; 1 if this is the call that is meant. */
static int is_meant(call c, const void *from)
{
    if (!is_ours(from)) return 0;
    const long mine = atomic_fetch_add(&count[c], 1) + 1;
    const long any = c == ALLOC ? 0 : atomic_fetch_add(&count[CALLS], 1) + 1;
    const long number = wanted == CALLS ? any : wanted == (int)c ? mine : 0;
    if (number == 0 || number < at || (number > at && what != ALWAYS && what != FULL)) return 0;
    if (what == KILL) syscall(SYS_kill, syscall(SYS_getpid), SIGKILL);
    return 1;
}

static int failed(int code)
{
    errno = what == EINTR_ONCE ? EINTR : what == FULL ? ENOSPC : code;
    return -1;
}

/* Does the call go through all the same? */
static int goes_through(void)
{
    return what == AFTER || what == SHORT;
}

static void die_after(int meant)
{
    if (meant && what == AFTER) syscall(SYS_kill, syscall(SYS_getpid), SIGKILL);
}

#define HERE __builtin_return_address(0)

/* ------------------------------------------------------------------------------------ record ---
 */

/* A line "KIND FD OFFSET SIZE" and that many bytes: o open (its flags as offset, the path), w write
 * (-1: where the descriptor stands), t ftruncate, s fsync, c close, r rename (both paths, each with
 * its NUL), u unlink. */
static void note(char kind, int fd, long long offset, const void *bytes, size_t size)
{
    char line[80];
    if (record < 0) return;
    const int length = snprintf(line, sizeof line, "%c %d %lld %zu\n", kind, fd, offset, size);
    syscall(SYS_write, record, line, (size_t)length);
    if (size > 0) syscall(SYS_write, record, bytes, size);
}

static int noted_open(int fd, const char *path, int flags)
{
    if (fd >= 0 && (flags & (O_WRONLY | O_RDWR | O_DIRECTORY)))
        note('o', fd, flags, path, strlen(path));
    return fd;
}

static void note_rename(const char *from, const char *to)
{
    char both[8192];
    const int length = snprintf(both, sizeof both, "%s%c%s", from, '\0', to);
    if (length > 0 && (size_t)length < sizeof both) note('r', -1, 0, both, (size_t)length + 1);
}

/* ------------------------------------------------------------------------------------ memory ---
 */

/* What was allocated and not freed, where that is asked for: a table that is probed from the
 * address's own place on; a freed entry keeps its place (size 0) for those behind it. */
enum { BLOCKS = 1 << 16 };
typedef struct entry {
    void *block; /* NULL: never used */
    size_t size; /* and 1 */
    const void *from;
} entry;
static entry live[BLOCKS];
static int used;
static __thread int stays; /* what is allocated now libc keeps for good */
static atomic_flag busy = ATOMIC_FLAG_INIT;

/* The entry of a block, or where it belongs.  A table that is full ends the program. */
static entry *look_up(const void *block)
{
    size_t i = (size_t)(((uintptr_t)block >> 4) * 0x9E3779B97F4A7C15u >> 40) % BLOCKS;
    while (live[i].block && live[i].block != block) i = (i + 1) % BLOCKS;
    if (used == BLOCKS - 1) syscall(SYS_exit_group, 99);
    return &live[i];
}

static void *keep(void *block, size_t size, const void *from)
{
    if (!leaks || !block || stays || !is_ours(from)) return block;
    while (atomic_flag_test_and_set(&busy)) {
    }
    entry *e = look_up(block);
    used += !e->block;
    *e = (entry){block, size + 1, from};
    atomic_flag_clear(&busy);
    return block;
}

static void forget(const void *block)
{
    if (!leaks || !block) return;
    while (atomic_flag_test_and_set(&busy)) {
    }
    look_up(block)->size = 0;
    atomic_flag_clear(&busy);
}

static void list_descriptors(int to)
{
    char name[64], path[512], line[640];
    for (int fd = 3; fd < 256; fd++) {
        snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
        const long length = syscall(SYS_readlinkat, AT_FDCWD, name, path, sizeof path - 1);
        if (length < 0 || fd == to || fd == record) continue;
        path[length] = '\0';
        syscall(SYS_write, to, line, snprintf(line, sizeof line, "descriptor %d %s\n", fd, path));
    }
}

extern void __libc_freeres(void); /* what libc keeps for itself; valgrind asks for it as well */

static void list_leaks(void)
{
    char line[640];
    __libc_freeres();
    const int fd = (int)syscall(SYS_openat, AT_FDCWD, leaks, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    for (size_t i = 0; i < BLOCKS; i++) {
        Dl_info info = {0};
        if (!live[i].size || !dladdr(live[i].from, &info)) continue;
        const char *object = strrchr(info.dli_fname, '/');
        const int length = snprintf(line, sizeof line, "block %zu %.500s+%#tx\n", live[i].size - 1,
                                    object ? object + 1 : info.dli_fname,
                                    (const char *)live[i].from - (const char *)info.dli_fbase);
        syscall(SYS_write, fd, line, (size_t)length);
    }
    list_descriptors(fd);
    syscall(SYS_close, fd);
}

extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t),
    *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

EXPORT void *malloc(size_t size)
{
    if (is_meant(ALLOC, HERE)) return errno = ENOMEM, NULL;
    return keep(__libc_malloc(size), size, HERE);
}

EXPORT void *calloc(size_t n, size_t size)
{
    if (is_meant(ALLOC, HERE)) return errno = ENOMEM, NULL;
    return keep(__libc_calloc(n, size), n * size, HERE);
}

EXPORT void *realloc(void *old, size_t size)
{
    if (is_meant(ALLOC, HERE)) return errno = ENOMEM, NULL;
    forget(old); /* before somebody else is given it */
    void *block = __libc_realloc(old, size);
    if (!block) keep(old, size, HERE); /* there as before */
    return keep(block, size, HERE);
}

EXPORT void *aligned_alloc(size_t alignment, size_t size)
{
    if (is_meant(ALLOC, HERE)) return errno = ENOMEM, NULL;
    return keep(__libc_memalign(alignment, size), size, HERE);
}

EXPORT int posix_memalign(void **out, size_t alignment, size_t size)
{
    if (is_meant(ALLOC, HERE)) return ENOMEM;
    *out = keep(__libc_memalign(alignment, size), size, HERE);
    return *out ? 0 : ENOMEM;
}

/* Where memory is short the real one loses the string. */
EXPORT int setenv(const char *name, const char *value, int replace)
{
    int (*real)(const char *, const char *, int);
    *(void **)&real = dlsym(RTLD_NEXT, "setenv");
    stays = 1;
    const int done = real(name, value, replace);
    stays = 0;
    return done;
}

EXPORT void free(void *block)
{
    forget(block);
    __libc_free(block);
}

EXPORT void *mmap(void *address, size_t size, int protection, int flags, int fd, off_t offset)
{
    if (is_meant(MMAP, HERE)) return errno = ENOMEM, MAP_FAILED;
    return (void *)syscall(SYS_mmap, address, size, protection, flags, fd, offset);
}

/* ------------------------------------------------------------------------------------- files ---
 */

EXPORT int openat(int folder, const char *path, int flags, ...)
{
    va_list list;
    va_start(list, flags);
    const mode_t mode = flags & O_CREAT ? va_arg(list, mode_t) : 0;
    va_end(list);
    if (is_meant(OPEN, HERE) && !goes_through()) return failed(EIO);
    return noted_open((int)syscall(SYS_openat, folder, path, flags, mode), path, flags);
}

EXPORT int open(const char *path, int flags, ...)
{
    va_list list;
    va_start(list, flags);
    const mode_t mode = flags & O_CREAT ? va_arg(list, mode_t) : 0;
    va_end(list);
    if (is_meant(OPEN, HERE) && !goes_through()) return failed(EIO);
    return noted_open((int)syscall(SYS_openat, AT_FDCWD, path, flags, mode), path, flags);
}

static size_t cut(int meant, size_t size)
{
    return meant && what == SHORT && size > 1 ? size / 2 : size;
}

EXPORT ssize_t read(int fd, void *to, size_t size)
{
    const int meant = is_meant(READ, HERE);
    if (meant && !goes_through()) return failed(EIO);
    return syscall(SYS_read, fd, to, cut(meant, size));
}

EXPORT ssize_t pread(int fd, void *to, size_t size, off_t offset)
{
    const int meant = is_meant(READ, HERE);
    if (meant && !goes_through()) return failed(EIO);
    return syscall(SYS_pread64, fd, to, cut(meant, size), offset);
}

EXPORT ssize_t write(int fd, const void *from, size_t size)
{
    const int meant = is_meant(WRITE, HERE);
    if (meant && !goes_through()) return failed(EIO);
    const ssize_t done = syscall(SYS_write, fd, from, cut(meant, size));
    if (done > 0) note('w', fd, -1, from, (size_t)done);
    die_after(meant);
    return done;
}

EXPORT ssize_t pwrite(int fd, const void *from, size_t size, off_t offset)
{
    const int meant = is_meant(WRITE, HERE);
    if (meant && !goes_through()) return failed(EIO);
    const ssize_t done = syscall(SYS_pwrite64, fd, from, cut(meant, size), offset);
    if (done > 0) note('w', fd, offset, from, (size_t)done);
    die_after(meant);
    return done;
}

EXPORT int fsync(int fd)
{
    const int meant = is_meant(FSYNC, HERE);
    if (meant && !goes_through()) return failed(EIO);
    const int done = (int)syscall(SYS_fsync, fd);
    if (done == 0) note('s', fd, 0, NULL, 0);
    die_after(meant);
    return done;
}

EXPORT int fdatasync(int fd)
{
    const int meant = is_meant(FSYNC, HERE);
    if (meant && !goes_through()) return failed(EIO);
    const int done = (int)syscall(SYS_fdatasync, fd);
    if (done == 0) note('s', fd, 0, NULL, 0);
    die_after(meant);
    return done;
}

/* One that fails has closed the descriptor all the same, as on Linux. */
EXPORT int close(int fd)
{
    const int meant = is_meant(CLOSE, HERE);
    if (fd >= 0) note('c', fd, 0, NULL, 0);
    const int done = (int)syscall(SYS_close, fd);
    if (meant && !goes_through()) return failed(EIO);
    die_after(meant);
    return done;
}

EXPORT int unlink(const char *path)
{
    const int done = (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
    if (done == 0) note('u', -1, 0, path, strlen(path));
    return done;
}

EXPORT int ftruncate(int fd, off_t size)
{
    const int meant = is_meant(FTRUNCATE, HERE);
    if (meant && !goes_through()) return failed(EIO);
    const int done = (int)syscall(SYS_ftruncate, fd, size);
    if (done == 0) note('t', fd, size, NULL, 0);
    die_after(meant);
    return done;
}

EXPORT int rename(const char *from, const char *to)
{
    const int meant = is_meant(RENAME, HERE);
    if (meant && !goes_through()) return failed(EIO);
    const int done = (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
    if (done == 0) note_rename(from, to);
    die_after(meant);
    return done;
}

/* 64-bit names of the same calls. */
EXPORT int open64(const char *, int, ...) __attribute__((alias("open")));
EXPORT int openat64(int, const char *, int, ...) __attribute__((alias("openat")));
EXPORT ssize_t pread64(int, void *, size_t, off_t) __attribute__((alias("pread")));
EXPORT ssize_t pwrite64(int, const void *, size_t, off_t) __attribute__((alias("pwrite")));
EXPORT int ftruncate64(int, off_t) __attribute__((alias("ftruncate")));
EXPORT void *mmap64(void *, size_t, int, int, int, off_t) __attribute__((alias("mmap")));
