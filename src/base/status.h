/* status.h -- how a function says that it failed, and why.
 *
 * Layer 0 (base).  Every fallible function returns a logit_status and fills a logit_error (last
 * argument, may be NULL).  An error is plain data: it travels from a decoder thread through the
 * ring to the trainer without an allocation.  Only main.c exits. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_BASE_STATUS_H
#define LG_BASE_STATUS_H

#include <stdarg.h>

#include "logit.h"

/* Fills *err (if not NULL) and returns status.  file and line are the place in our source. */
logit_status lg_fail(logit_error *err, logit_status status, const char *file, int line,
                     const char *format, ...) __attribute__((format(printf, 5, 6)));

#ifdef LG_ANALYZE /* make tidy: what a checker that sees one file cannot know, that a failure is   \
                     one */
#define lg_fail(err, status, ...) ((void)(lg_fail)((err), (status), __VA_ARGS__), (status))
#endif

/* Puts "text: " in front of what *err already says, to add the place a caller knows. */
void lg_error_prefix(logit_error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#define LG_FAIL(err, status, ...) return lg_fail((err), (status), __FILE__, __LINE__, __VA_ARGS__)
#define LG_TRY(call)                                                                               \
    do {                                                                                           \
        const logit_status lg_status_ = (call);                                                    \
        if (lg_status_ != LOGIT_OK) return lg_status_;                                             \
    } while (0)

#endif
