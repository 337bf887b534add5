/* logit.c -- the public interface: what is not written beside its own subject is here.
 *
 * logit_train is in train/trainer.c, logit_eval in train/eval.c, logit_predict_file in
 * train/predict.c, logit_data_describe in train/describe.c, logit_machine_describe in
 * train/machine.c, logit_bench in train/bench.c, logit_compare in train/compare.c, models in
 * train/model.c, options in train/settings.c, status and exit codes in base/status.c. */
/* SPDX-License-Identifier: MIT */
#include "core/backend.h"
#include "core/lift.h"
#include "data/dataset.h"
#include "train/optimum.h"
#include "train/schedule.h"

const char *logit_loss_name(int i)
{
    return i >= 0 && i < LG_LOSS_COUNT ? lg_losses[i].name : NULL;
}

const char *logit_optimizer_name(int i)
{
    if (i == LG_OPTIM_COUNT) return lg_optimum_name;
    return i >= 0 && i < LG_OPTIM_COUNT ? lg_optims[i].name : NULL;
}

const char *logit_schedule_name(int i)
{
    return lg_schedule_name(i);
}

const char *logit_map_name(int i)
{
    return i >= 0 && i < LG_LIFT_COUNT ? lg_lifts[i].name : NULL;
}

const char *logit_format_name(int i)
{
    return lg_format_name(i);
}

const char *logit_decoder_name(int i)
{
    for (int d = 0; d < LG_DECODING_COUNT; d++)
        if (lg_decoding_is_built((lg_decoding)d) && i-- == 0)
            return lg_decoding_name((lg_decoding)d);
    return NULL;
}

const char *logit_format_about(int i)
{
    return lg_format_about(i);
}

const char *logit_device_name(int i)
{
    return lg_device_name(i);
}

const char *logit_precision_name(int i)
{
    return i >= 0 && i < LG_PRECISION_COUNT ? lg_precisions[i].name : NULL;
}
