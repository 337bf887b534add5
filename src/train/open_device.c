/* open_device.c -- see open_device.h.  Layer 2 (train). */
/* SPDX-License-Identifier: MIT */
#include "train/open_device.h"

#include "base/status.h"
#include "core/plugin.h"
#include "train/trainer.h"

logit_status lg_open_device(lg_backend **out, const logit_options *options, int spin,
                            const logit_watch *watch, logit_error *err)
{
    char note[1000] = "";
    const lg_precision precision = lg_precision_find(options->precision);
    *out = NULL;
    if (precision == LG_PRECISION_COUNT)
        LG_FAIL(err, LOGIT_E_USAGE, "--precision: there is no precision \"%s\"",
                options->precision);
    const lg_backend_options how = {.threads = options->threads > 0 ? options->threads : 1,
                                    .spin = spin,
                                    .precision = precision,
                                    .note = note,
                                    .note_size = sizeof note};
    LG_TRY(lg_backend_open(out, options->device, &how, err));
    if (note[0])
        lg_report_message(watch, lg_plugin_is_there("cuda") ? LOGIT_LEVEL_NOTICE : LOGIT_LEVEL_INFO,
                          "no GPU is used: %s", note);
    return LOGIT_OK;
}
