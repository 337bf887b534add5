/* open_device.c -- see open_device.h.  Layer 2 (train). */
/* SPDX-License-Identifier: MIT */
#include "train/open_device.h"

#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "core/plugin.h"
#include "train/trainer.h"

enum { BRIEF = 100 }; /* of a reason: what fits in a line with the words around it */

logit_status lg_open_device(lg_backend **out, const logit_options *options, int spin,
                            lg_device_note *note, logit_error *err)
{
    const lg_precision precision = lg_precision_find(options->precision);
    *out = NULL;
    if (precision == LG_PRECISION_COUNT)
        LG_FAIL(err, LOGIT_E_USAGE, "--precision: there is no precision \"%s\"",
                options->precision);
    const lg_backend_options how = {.threads = options->threads > 0 ? options->threads : 1,
                                    .spin = spin,
                                    .precision = precision,
                                    .note = note ? note->why : NULL,
                                    .note_size = note ? sizeof note->why : 0};
    return lg_backend_open(out, options->device, &how, err);
}

const char *lg_device_reason(const char *message)
{
    static const char prefix[] = "device ";
    const char *colon = strstr(message, ": ");
    return strncmp(message, prefix, sizeof prefix - 1) == 0 && colon ? colon + 2 : message;
}

const char *lg_device_brief(char *out, size_t size, const char *message)
{
    const char *reason = lg_device_reason(message), *more = strstr(reason, " (");
    size_t length = strcspn(reason, ";");
    if (more && (size_t)(more - reason) < length) length = (size_t)(more - reason);
    snprintf(out, size, "%.*s", (int)length, reason);
    return out;
}

void lg_device_tell(const lg_device_note *note, const logit_watch *watch)
{
    char brief[BRIEF];
    if (!note->why[0]) return;
    if (!lg_plugin_is_there("cuda")) {
        lg_report_message(watch, LOGIT_LEVEL_INFO, "no GPU is used: %s", note->why);
        return;
    }
    lg_device_brief(brief, sizeof brief, note->why);
    const int is_all = strcmp(brief, note->why) == 0;
    lg_report_message(watch, LOGIT_LEVEL_NOTICE, "no GPU is used: %s%s", brief,
                      is_all ? "" : " (-v says more)");
    if (!is_all) lg_report_message(watch, LOGIT_LEVEL_INFO, "%s", note->why);
}
