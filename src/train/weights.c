/* weights.c -- class weights and class priors. */
/* SPDX-License-Identifier: MIT */
#include "train/weights.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "base/text.h"

static int64_t pick(const int32_t *only, int64_t i)
{
    return only ? only[i] : i;
}

static void balanced(double *weight, const lg_set *set, const int32_t *only, int64_t count,
                     int classes)
{
    int present = 0;
    for (int c = 0; c < classes; c++) weight[c] = 0.0;
    for (int64_t i = 0; i < count; i++) weight[set->label[pick(only, i)]] += 1.0;
    for (int c = 0; c < classes; c++) present += weight[c] > 0.0;
    for (int c = 0; c < classes; c++)
        weight[c] = weight[c] > 0.0 ? (double)count / (present * weight[c]) : 1.0;
}

/* One "name=w" of length `length`. */
static logit_status parse_one(double *weight, const char *text, size_t length, int classes,
                              char *const *class_name, logit_error *err)
{
    char shown[200], *end;
    char *item = lg_text_format("%.*s", (int)length, text);
    logit_status status = LOGIT_OK;
    if (!item) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for class weights");
    char *equals = strrchr(item, '=');
    const double value = equals ? strtod(equals + 1, &end) : 0.0;
    int c = 0;
    if (!equals || end == equals + 1 || *end || !(value > 0.0) || !isfinite(value)) {
        status = lg_fail(err, LOGIT_E_USAGE, __FILE__, __LINE__,
                         "--class-weight: \"%s\" should be name=weight with a weight above 0",
                         lg_text_escape(shown, sizeof shown, item));
    } else {
        *equals = '\0';
        while (c < classes && strcmp(class_name[c], item) != 0) c++;
        if (c < classes)
            weight[c] = value;
        else
            status = lg_fail(err, LOGIT_E_USAGE, __FILE__, __LINE__,
                             "--class-weight: there is no class \"%s\" in the training set",
                             lg_text_escape(shown, sizeof shown, item));
    }
    free(item);
    return status;
}

static logit_status parse(double *weight, const char *spec, int classes, char *const *class_name,
                          logit_error *err)
{
    for (int c = 0; c < classes; c++) weight[c] = 1.0;
    while (*spec) {
        const size_t length = strcspn(spec, ",");
        LG_TRY(parse_one(weight, spec, length, classes, class_name, err));
        spec += length + (spec[length] == ',');
    }
    return LOGIT_OK;
}

logit_status lg_weights_apply(lg_set *set, const int32_t *only, int64_t count, int classes,
                              char *const *class_name, const char *spec, logit_error *err)
{
    if (!spec || !*spec) return LOGIT_OK;
    if (!set->label)
        LG_FAIL(err, LOGIT_E_USAGE, "--class-weight needs one class per sample, not soft targets");
    double *weight = malloc((size_t)classes * sizeof *weight);
    if (!set->weight) {
        set->weight = malloc((size_t)set->count * sizeof *set->weight);
        for (int64_t i = 0; set->weight && i < set->count; i++) set->weight[i] = 1.0f;
    }
    logit_status status = LOGIT_OK;
    if (!weight || !set->weight)
        status = lg_fail(err, LOGIT_E_NOMEM, __FILE__, __LINE__, "out of memory for weights");
    else if (strcmp(spec, "balanced") == 0)
        balanced(weight, set, only, count, classes);
    else
        status = parse(weight, spec, classes, class_name, err);
    for (int64_t i = 0; status == LOGIT_OK && i < count; i++) {
        const int64_t sample = pick(only, i);
        set->weight[sample] = (float)(set->weight[sample] * weight[set->label[sample]]);
    }
    free(weight);
    return status;
}

logit_status lg_mass_measure(lg_mass *mass, const lg_set *set, const int32_t *only, int64_t count,
                             int classes, logit_error *err)
{
    *mass = (lg_mass){0};
    mass->per_class = calloc((size_t)(classes > 0 ? classes : 1), sizeof *mass->per_class);
    if (!mass->per_class) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for class counts");
    for (int64_t i = 0; i < count; i++) {
        const int64_t sample = pick(only, i);
        const double w = set->weight ? set->weight[sample] : 1.0;
        mass->sum += w;
        if (set->label) {
            mass->per_class[set->label[sample]] += w;
            continue;
        }
        const float *target = set->target + sample * set->target_width;
        mass->mean_target += w * target[0];
        for (int c = 0; c < classes && set->target_width == classes; c++)
            mass->per_class[c] += w * target[c];
        if (classes == 2 && set->target_width == 1) { /* the probability of class 1 alone */
            mass->per_class[0] += w * (1.0 - target[0]);
            mass->per_class[1] += w * target[0];
        }
    }
    if (mass->sum > 0.0) mass->mean_target /= mass->sum;
    return LOGIT_OK;
}

void lg_mass_clear(lg_mass *mass)
{
    free(mass->per_class);
    *mass = (lg_mass){0};
}

void lg_mass_prior(const lg_mass *mass, lg_loss loss, int classes, int outputs, float *bias)
{
    if (classes == 0) {
        bias[0] = (float)mass->mean_target;
        return;
    }
    const double *n = mass->per_class, all = mass->sum + classes;
    const lg_link link = lg_losses[loss].link;
    if (link == LG_LINK_SIGMOID && outputs == 1) {
        bias[0] = (float)log((n[1] + 1.0) / (n[0] + 1.0));
        return;
    }
    for (int c = 0; c < outputs; c++) {
        const double q = (n[c] + 1.0) / all;
        bias[c] = (float)(link == LG_LINK_SOFTMAX   ? log(q)
                          : link == LG_LINK_SIGMOID ? log(q / (1.0 - q))
                                                    : q);
    }
}
