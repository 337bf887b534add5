/* cublas.c -- fills the table of cublas.h: from libcublas.so.MAJOR, or from the functions that the
 * stand-in links.
 *
 * Layer 1 (cuda).  The library is found by the plug-in's own run path, the loader's cache and
 * LD_LIBRARY_PATH. */
/* SPDX-License-Identifier: MIT */
#include "cuda/cublas.h"

#include "base/status.h"

#ifdef LG_SIMT

logit_status lg_cublas_open(const lg_cublas **out, logit_error *err)
{
#define ROW(member, function) .member = (function),
    static const lg_cublas table = {LG_CUBLAS_FUNCTIONS(ROW)};
#undef ROW
    (void)err;
    *out = &table;
    return LOGIT_OK;
}

#else

#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

#define TEXT_OF(token) #token
#define TEXT(macro) TEXT_OF(macro)
static const char library_name[] = "libcublas.so." TEXT(CUBLAS_VER_MAJOR);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static lg_cublas table;
static int is_filled;

/* The functions' names as the header has them: cublasCreate is cublasCreate_v2. */
static const struct entry {
    const char *name;
    size_t offset;
} entries[] = {
#define ROW(member, function) {TEXT(function), offsetof(lg_cublas, member)},
    LG_CUBLAS_FUNCTIONS(ROW)
#undef ROW
};

static logit_status fill(logit_error *err)
{
    void *library = dlopen(library_name, RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        const char *why = dlerror();
        LG_FAIL(err, LOGIT_E_DEVICE,
                "device cuda: %s cannot be loaded: %.700s; install cuBLAS of CUDA %d, or take "
                "--device cpu",
                library_name, why ? why : "the reason is not known", CUBLAS_VER_MAJOR);
    }
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++) {
        void *function = dlsym(library, entries[i].name);
        if (!function)
            LG_FAIL(err, LOGIT_E_DEVICE,
                    "device cuda: %s has no function %s; install cuBLAS of CUDA %d, or take "
                    "--device cpu",
                    library_name, entries[i].name, CUBLAS_VER_MAJOR);
        memcpy((char *)&table + entries[i].offset, &function, sizeof function);
    }
    is_filled = 1;
    return LOGIT_OK;
}

logit_status lg_cublas_open(const lg_cublas **out, logit_error *err)
{
    pthread_mutex_lock(&lock);
    const logit_status status = is_filled ? LOGIT_OK : fill(err);
    pthread_mutex_unlock(&lock);
    *out = status == LOGIT_OK ? &table : NULL;
    return status;
}

#endif
