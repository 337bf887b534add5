/* plugin.h -- backends that live in a shared library of their own, opened at run time.
 *
 * Layer 1 (core).  The CUDA backend is liblogit-cuda.so, so that one program runs with and without
 * a GPU.  A plug-in exports one symbol, `logit_plugin`, a lg_plugin; it brings its own hidden copy
 * of base.  It is looked for in LOGIT_PLUGIN_DIR (then nowhere else), beside the program, and in
 * LIBDIR/logit.  Once opened it stays for the life of the process. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_CORE_PLUGIN_H
#define LG_CORE_PLUGIN_H

#include "core/backend.h"

/* Grows with every change of backend.h, loss.def, optim.def or of what stands below. */
enum { LG_PLUGIN_ABI = 5 };

typedef struct lg_plugin {
    uint32_t abi;      /* LG_PLUGIN_ABI; looked at first */
    const char *name;  /* "cuda" */
    const char *built; /* what it was built with, for people: "CUDA 13.0" */
    /* number: which device of the kind, from 0.  Errors: DEVICE (none, no driver, one too old: both
     * named), NOMEM. */
    logit_status (*open)(lg_backend **out, int number, const lg_backend_options *options,
                         logit_error *err);
} lg_plugin;

/* Opens liblogit-NAME.so and its device `number`.  Errors: DEVICE (no such file, another ABI, a
 * library it needs is missing, or as lg_plugin.open), USAGE (a precision that the device has not),
 * NOMEM. */
logit_status lg_plugin_open(lg_backend **out, const char *name, int number,
                            const lg_backend_options *options, logit_error *err);

/* 1 if there is a file liblogit-NAME.so where plug-ins are looked for. */
int lg_plugin_is_there(const char *name);

#endif
