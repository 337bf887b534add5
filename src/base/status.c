/* status.c -- errors as plain data. */
/* SPDX-License-Identifier: MIT */
#include "base/status.h"

#include <stdio.h>
#include <string.h>

logit_status(lg_fail)(logit_error *err, logit_status status, const char *file, int line,
                      const char *format, ...)
{
    if (!err) return status;
    err->status = status;
    err->file = file;
    err->line = line;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(err->message, sizeof err->message, format, arguments);
    va_end(arguments);
    return status;
}

void lg_error_prefix(logit_error *err, const char *format, ...)
{
    if (!err) return;
    char text[sizeof err->message];
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (length < 0) return;
    const size_t used = strlen(text);
    snprintf(text + used, sizeof text - used, "%s", err->message);
    memcpy(err->message, text, sizeof text);
}

int logit_exit_code(logit_status status)
{
    switch (status) {
    case LOGIT_OK:
        return 0;
    case LOGIT_E_CHECK:
        return 1;
    case LOGIT_E_USAGE:
        return 2;
    case LOGIT_E_INCONCLUSIVE:
        return 3;
    case LOGIT_E_DATA:
        return 4;
    case LOGIT_E_IO:
        return 5;
    case LOGIT_E_DEVICE:
    case LOGIT_E_NOMEM:
        return 6;
    case LOGIT_E_DIVERGED:
        return 7;
    case LOGIT_E_LOCKED:
        return 8;
    case LOGIT_E_STOPPED:
        return 130;
    }
    return 6;
}

const char *logit_status_text(logit_status status)
{
    switch (status) {
    case LOGIT_OK:
        return "done";
    case LOGIT_E_CHECK:
        return "outside the tolerance";
    case LOGIT_E_USAGE:
        return "usage";
    case LOGIT_E_INCONCLUSIVE:
        return "inconclusive";
    case LOGIT_E_DATA:
        return "bad data";
    case LOGIT_E_IO:
        return "input/output error";
    case LOGIT_E_DEVICE:
        return "device error";
    case LOGIT_E_NOMEM:
        return "out of memory";
    case LOGIT_E_DIVERGED:
        return "the loss is not finite";
    case LOGIT_E_LOCKED:
        return "run folder in use";
    case LOGIT_E_STOPPED:
        return "stopped";
    }
    return "unknown status";
}
