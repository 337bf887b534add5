/* mapping.c -- mapped files, and the SIGBUS handler that guards them.
 *
 * The handler runs inside of whatever a reader was doing, in any thread.  It only reads a list of
 * guards that grows at its head and never shrinks (a closed mapping's guard is used again), stores
 * a flag, and makes one system call. */
/* SPDX-License-Identifier: MIT */
#include "data/mapping.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"
#include "base/status.h"
#include "base/text.h"

enum { SHOWN = 600 }; /* bytes of a path inside a message */

/* An address range that is watched; begin 0: free to be used again. */
struct lg_guard {
    atomic_uintptr_t begin, end;
    atomic_int failed;
    struct lg_guard *next; /* fixed once the guard is in the list */
};

static _Atomic(lg_guard *) guards;
static pthread_mutex_t guards_mutex = PTHREAD_MUTEX_INITIALIZER; /* of those who add and free */
static struct sigaction before;
static uintptr_t page_bytes;

/* ---------------------------------------------------------------------------- the handler --- */

static lg_guard *find_guard(uintptr_t address)
{
    for (lg_guard *guard = atomic_load(&guards); guard; guard = guard->next) {
        const uintptr_t begin = atomic_load(&guard->begin);
        if (begin && address >= begin && address < atomic_load(&guard->end)) return guard;
    }
    return NULL;
}

/* A fault that is not ours: as if this handler had never been there. */
static void pass_on(int number, siginfo_t *info, void *context)
{
    if (before.sa_flags & SA_SIGINFO) {
        before.sa_sigaction(number, info, context);
        return;
    }
    if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN) {
        before.sa_handler(number);
        return;
    }
    struct sigaction fatal = {.sa_handler = SIG_DFL};
    sigaction(number, &fatal, NULL); /* the instruction is tried again, and ends the process */
    if (info->si_code <= 0) raise(number); /* sent by kill: no instruction will fault again */
}

static void on_fault(int number, siginfo_t *info, void *context)
{
    const int kept = errno;
    const uintptr_t address = (uintptr_t)info->si_addr;
    lg_guard *guard = info->si_code > 0 ? find_guard(address) : NULL;
    long page = -1;
    if (guard) {
        atomic_store(&guard->failed, 1);
        /* Not mmap(): sanitizers wrap it, and their wrapper may not run in here. */
        page = syscall(SYS_mmap, address & ~(page_bytes - 1), page_bytes, PROT_READ,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0L);
    }
    if (page == -1) pass_on(number, info, context);
    errno = kept;
}

static void install(void)
{
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_RESTART};
    sigemptyset(&action.sa_mask);
    page_bytes = (uintptr_t)sysconf(_SC_PAGESIZE);
    sigaction(SIGBUS, NULL, &before); /* first, so that a fault in between is passed on rightly */
    sigaction(SIGBUS, &action, NULL);
}

/* ----------------------------------------------------------------------------- the guards --- */

/* A guard over [begin, end), a free one where there is one; NULL if out of memory. */
static lg_guard *add_guard(uintptr_t begin, uintptr_t end)
{
    pthread_mutex_lock(&guards_mutex);
    lg_guard *guard = atomic_load(&guards);
    while (guard && atomic_load(&guard->begin)) guard = guard->next;
    const int is_new = !guard;
    if (is_new) guard = calloc(1, sizeof *guard);
    if (guard) {
        atomic_store(&guard->failed, 0);
        atomic_store(&guard->end, end);
        atomic_store(&guard->begin, begin);
    }
    if (guard && is_new) {
        guard->next = atomic_load(&guards);
        atomic_store(&guards, guard);
    }
    pthread_mutex_unlock(&guards_mutex);
    return guard;
}

static void free_guard(lg_guard *guard)
{
    pthread_mutex_lock(&guards_mutex);
    atomic_store(&guard->begin, 0);
    pthread_mutex_unlock(&guards_mutex);
}

/* ---------------------------------------------------------------------------- the mapping --- */

static logit_status map_file(lg_mapping *out, const char *path, logit_error *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    char name[SHOWN];
    if (out->size == 0) return LOGIT_OK;
    pthread_once(&once, install);
    void *map = mmap(NULL, out->size, PROT_READ, MAP_SHARED, out->fd, 0);
    if (map == MAP_FAILED)
        LG_FAIL(err, errno == ENOMEM ? LOGIT_E_NOMEM : LOGIT_E_IO, "%s: cannot be mapped: %s",
                lg_text_escape(name, sizeof name, path), strerror(errno));
    out->bytes = map;
    out->guard = add_guard((uintptr_t)map, (uintptr_t)map + out->size);
    if (!out->guard) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a mapped file");
    return LOGIT_OK;
}

logit_status lg_mapping_open(lg_mapping *out, const char *path, logit_error *err)
{
    int64_t size;
    *out = (lg_mapping){.fd = -1};
    LG_TRY(lg_file_open(&out->fd, AT_FDCWD, path, &size, err));
    out->size = (size_t)size;
    const logit_status status = map_file(out, path, err);
    if (status != LOGIT_OK) lg_mapping_close(out);
    return status;
}

void lg_mapping_close(lg_mapping *mapping)
{
    /* Unmapped before the guard goes: until then a late fault is still one of ours. */
    if (mapping->bytes) munmap((void *)(uintptr_t)mapping->bytes, mapping->size);
    if (mapping->guard) free_guard(mapping->guard);
    if (mapping->fd >= 0) close(mapping->fd);
    *mapping = (lg_mapping){.fd = -1};
}

int lg_mapping_failed(const lg_mapping *mapping)
{
    return mapping->guard && atomic_load_explicit(&mapping->guard->failed, memory_order_acquire);
}

int lg_mapping_shrank(const lg_mapping *mapping)
{
    struct stat now;
    if (!mapping->guard) return 0;
    if (fstat(mapping->fd, &now) == 0 && (size_t)now.st_size >= mapping->size)
        return lg_mapping_failed(mapping);
    atomic_store(&mapping->guard->failed, 1);
    return 1;
}

void lg_mapping_ahead(const lg_mapping *mapping, size_t at, size_t size)
{
    const size_t begin = at & ~((size_t)page_bytes - 1);
    if (!mapping->bytes || at >= mapping->size) return;
    if (size > mapping->size - at) size = mapping->size - at;
    madvise((void *)(uintptr_t)(mapping->bytes + begin), at - begin + size, MADV_WILLNEED);
}

logit_status lg_mapping_fail(const char *path, logit_error *err)
{
    char name[SHOWN];
    LG_FAIL(err, LOGIT_E_IO, "%s: the file became shorter while it was read",
            lg_text_escape(name, sizeof name, path));
}
