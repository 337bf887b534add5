/* verify_summary.c -- what a model says that it was trained for. */
/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "base/status.h"
#include "train/verify.h"

static double number_of(const cJSON *summary, const char *name)
{
    const cJSON *found = cJSON_GetObjectItemCaseSensitive(summary, name);
    return cJSON_IsNumber(found) ? found->valuedouble : NAN;
}

logit_status lg_verify_summary(const cJSON *summary, double *l2, lg_verify_rule *rule,
                               logit_options *options, logit_error *err)
{
    *l2 = number_of(summary, "l2");
    const double l1 = number_of(summary, "l1");
    const double split = number_of(summary, "val_split"), seed = number_of(summary, "seed");
    if (!summary || !isfinite(*l2) || !isfinite(split) || !isfinite(seed))
        LG_FAIL(err, LOGIT_E_DATA,
                "the model does not say what it was trained for (l2, val_split, seed): train it "
                "with this version");
    if (!(*l2 > 0.0))
        LG_FAIL(err, LOGIT_E_CHECK,
                "the model was trained without l2: nothing keeps W near its optimum, so there is "
                "no certificate");
    if (l1 > 0.0)
        LG_FAIL(err, LOGIT_E_CHECK,
                "the model was trained with l1 %g: the certificate is for objectives without", l1);
    rule->smoothing = fmax(number_of(summary, "label_smoothing"), 0.0);
    options->val_split = split;
    options->seed = (uint64_t)seed;
    options->class_weight =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(summary, "class_weight"));
    return LOGIT_OK;
}
