/* blas.c -- loading OpenBLAS with the right environment, once.  Layer 1 (core). */
/* SPDX-License-Identifier: MIT */
#include "core/blas.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* cblas.h's numbers; its header is not needed at build time. */
enum { ROW_MAJOR = 101, NO_TRANSPOSE = 111, TRANSPOSE = 112 };

typedef void sgemm_fn(int order, int transpose_a, int transpose_b, int m, int n, int k, float alpha,
                      const float *a, int lda, const float *b, int ldb, float beta, float *c,
                      int ldc);

static struct {
    pthread_mutex_t mutex;
    int tried;
    sgemm_fn *sgemm;
    char text[160];
} blas = {.mutex = PTHREAD_MUTEX_INITIALIZER};

/* Sets a variable, remembering what was there; restore frees it. */
typedef struct saved_variable {
    const char *name;
    char *before;
} saved_variable;

static saved_variable set_variable(const char *name, const char *value)
{
    const char *before = getenv(name);
    const saved_variable saved = {name, before ? strdup(before) : NULL};
    setenv(name, value, 1);
    return saved;
}

static void restore_variable(saved_variable saved)
{
    if (saved.before)
        setenv(saved.name, saved.before, 1);
    else
        unsetenv(saved.name);
    free(saved.before);
}

static const char *core_type(const char *isa)
{
    const char *users = getenv("OPENBLAS_CORETYPE");
    if (users && *users) return users;
#if defined(__x86_64__)
    if (strcmp(isa, "avx512") == 0) return "SkylakeX";
    if (strcmp(isa, "avx2") == 0) return "Haswell";
    return "Prescott"; /* SSE3: what every x86-64 in use has */
#else
    return "";
#endif
}

static void *load(const char *isa)
{
    const saved_variable threads = set_variable("OPENBLAS_NUM_THREADS", "1");
    const char *core = core_type(isa);
    saved_variable type = {NULL, NULL};
    if (*core) type = set_variable("OPENBLAS_CORETYPE", core);
    void *library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
    if (type.name) restore_variable(type);
    restore_variable(threads);
    return library;
}

/* dlsym gives a data pointer; POSIX promises that its bytes are the function's. */
static void find(void *library, const char *name, void *function, size_t size)
{
    void *symbol = dlsym(library, name);
    memcpy(function, &symbol, size);
}

static void describe(void *library)
{
    char *(*config)(void), *(*core)(void);
    char version[40] = "OpenBLAS";
    find(library, "openblas_get_config", &config, sizeof config);
    find(library, "openblas_get_corename", &core, sizeof core);
    if (config) { /* "OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH ..." */
        const char *text = config();
        const char *second = strchr(text, ' ');
        const char *end = second ? strchr(second + 1, ' ') : NULL;
        snprintf(version, sizeof version, "%.*s", end ? (int)(end - text) : 39, text);
    }
    snprintf(blas.text, sizeof blas.text, "%s%s%s", version, core ? " " : "", core ? core() : "");
}

static void open_once(const char *isa)
{
    const char *choice = getenv("LOGIT_BLAS");
    if (choice && strcmp(choice, "off") == 0) {
        snprintf(blas.text, sizeof blas.text, "no OpenBLAS (LOGIT_BLAS=off)");
        return;
    }
    void *library = load(isa);
    if (!library) {
        const char *why = dlerror();
        snprintf(blas.text, sizeof blas.text, "no OpenBLAS (%s)", why ? why : "dlopen failed");
        return;
    }
    int (*get_threads)(void);
    void (*set_threads)(int);
    find(library, "openblas_get_num_threads", &get_threads, sizeof get_threads);
    find(library, "openblas_set_num_threads", &set_threads, sizeof set_threads);
    /* More than one only where the program had loaded it before us. */
    if (get_threads && set_threads && get_threads() != 1) set_threads(1);
    describe(library);
    find(library, "cblas_sgemm", &blas.sgemm, sizeof blas.sgemm);
    if (!blas.sgemm)
        snprintf(blas.text, sizeof blas.text, "no OpenBLAS (libopenblas.so.0 has no cblas_sgemm)");
}

int lg_blas_open(const char *isa)
{
    pthread_mutex_lock(&blas.mutex);
    if (!blas.tried) open_once(isa);
    blas.tried = 1;
    const int there = blas.sgemm != NULL;
    pthread_mutex_unlock(&blas.mutex);
    return there;
}

void lg_blas_gemm(const lg_gemm *g)
{
    blas.sgemm(ROW_MAJOR, g->transpose_a ? TRANSPOSE : NO_TRANSPOSE,
               g->transpose_b ? TRANSPOSE : NO_TRANSPOSE, g->m, g->n, g->k, 1.0f, g->a, g->lda,
               g->b, g->ldb, g->beta, g->c, g->ldc);
}

const char *lg_blas_describe(void)
{
    return blas.tried ? blas.text : "OpenBLAS not loaded";
}
