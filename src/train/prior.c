/* prior.c -- "cat=0.9,dog=0.1" -> an addition to each logit. */
/* SPDX-License-Identifier: MIT */
#include "train/prior.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "base/text.h"

enum { SHOWN = 120 };

static const double ROUNDING = 1e-3; /* of shares that a person wrote, in their sum */

/* The class that text begins with, its name followed by "=", or -1. */
static int class_at(const logit_model *model, const char *text)
{
    int best = -1;
    size_t longest = 0;
    for (int c = 0; c < model->classes; c++) {
        const size_t length = strlen(model->class_name[c]);
        if (strncmp(text, model->class_name[c], length) != 0 || text[length] != '=') continue;
        if (best >= 0 && length <= longest) continue;
        best = c;
        longest = length;
    }
    return best;
}

static logit_status no_such_class(const logit_model *model, const char *text, logit_error *err)
{
    char shown[SHOWN], close[SHOWN];
    char *name = lg_text_format("%.*s", (int)strcspn(text, "=,"), text);
    int nearest = 0, least = -1;
    if (!name) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for --prior");
    for (int c = 0; c < model->classes; c++) {
        const int distance = lg_text_distance(name, model->class_name[c]);
        if (least >= 0 && distance >= least) continue;
        least = distance;
        nearest = c;
    }
    const logit_status status =
        lg_fail(err, LOGIT_E_USAGE, __FILE__, __LINE__,
                "--prior: \"%s\" is not NAME=SHARE for a class of the model; the nearest is \"%s\"",
                lg_text_escape(shown, sizeof shown, name),
                lg_text_escape(close, sizeof close, model->class_name[nearest]));
    free(name);
    return status;
}

/* One "name=p" of *text, which moves behind it and its comma. */
static logit_status parse_one(double *share, const logit_model *model, const char **text,
                              logit_error *err)
{
    char shown[SHOWN];
    const int c = class_at(model, *text);
    if (c < 0) return no_such_class(model, *text, err);
    const char *name = lg_text_escape(shown, sizeof shown, model->class_name[c]);
    const char *number = *text + strlen(model->class_name[c]) + 1;
    char *end;
    const double p = strtod(number, &end);
    if (end == number || (*end != ',' && *end != '\0') || !(p > 0.0 && p < 1.0))
        LG_FAIL(err, LOGIT_E_USAGE, "--prior: the share of \"%s\" must be a number between 0 and 1",
                name);
    if (share[c] > 0.0) LG_FAIL(err, LOGIT_E_USAGE, "--prior: class \"%s\" is there twice", name);
    if (*end == ',' && end[1] == '\0') LG_FAIL(err, LOGIT_E_USAGE, "--prior: it ends in a comma");
    share[c] = p;
    *text = *end == ',' ? end + 1 : end;
    return LOGIT_OK;
}

/* Shares that were given -> shares of all classes, with the sum 1. */
static logit_status complete(double *share, const logit_model *model, logit_error *err)
{
    double given = 0.0, old_rest = 0.0;
    int missing = 0;
    for (int c = 0; c < model->classes; c++) {
        given += share[c];
        missing += share[c] == 0.0;
        if (share[c] == 0.0) old_rest += (double)model->prior[c];
    }
    if (missing == 0 && !(fabs(given - 1.0) <= ROUNDING))
        LG_FAIL(err, LOGIT_E_USAGE, "--prior: the shares sum to %g, not to 1", given);
    if (missing > 0 && !(given < 1.0))
        LG_FAIL(err, LOGIT_E_USAGE,
                "--prior: the shares sum to %g, which leaves nothing for the %d "
                "classes that are not named",
                given, missing);
    for (int c = 0; c < model->classes; c++)
        if (share[c] == 0.0)
            share[c] = (1.0 - given) * (double)model->prior[c] / old_rest;
        else if (missing == 0)
            share[c] /= given;
    return LOGIT_OK;
}

static double log_odds(double p)
{
    return log(p) - log1p(-p);
}

/* A share in training next to 1 is stored as 1: half a float away is as much as is known. */
static double old_log_odds(float p)
{
    return log_odds(fmin((double)p, 1.0 - 0x1p-26));
}

static void fill_shift(double *shift, const logit_model *model, const double *share)
{
    const float *old = model->prior;
    if (model->outputs == 1) {
        shift[0] = log(share[1] / (double)old[1]) - log(share[0] / (double)old[0]);
        return;
    }
    for (int c = 0; c < model->classes; c++) {
        if (lg_losses[model->loss].link == LG_LINK_SOFTMAX)
            shift[c] = log(share[c] / (double)old[c]);
        else
            shift[c] = share[c] > 0.0 ? log_odds(share[c]) - old_log_odds(old[c]) : 0.0;
    }
}

logit_status lg_prior_shift(double *shift, const logit_model *model, const char *text,
                            logit_error *err)
{
    if (lg_losses[model->loss].link == LG_LINK_IDENTITY)
        LG_FAIL(err, LOGIT_E_USAGE, "--prior: a model of loss mse has no probabilities to correct");
    if (!(model->prior[0] > 0.0f))
        LG_FAIL(err, LOGIT_E_DATA,
                "--prior: the model does not say in which shares it met its "
                "classes (it has no tensor \"prior\"); train it anew");
    if (!*text) LG_FAIL(err, LOGIT_E_USAGE, "--prior: expected NAME=SHARE,.. and found nothing");
    double *share = calloc((size_t)model->classes, sizeof *share);
    if (!share) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for --prior");
    const int independent = lg_losses[model->loss].link == LG_LINK_SIGMOID && model->outputs > 1;
    logit_status status = LOGIT_OK;
    while (*text && status == LOGIT_OK) status = parse_one(share, model, &text, err);
    if (status == LOGIT_OK && !independent) status = complete(share, model, err);
    if (status == LOGIT_OK) fill_shift(shift, model, share);
    free(share);
    return status;
}
