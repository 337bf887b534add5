/* weights.c -- class weights and class priors. */
/* SPDX-License-Identifier: MIT */
#include "train/weights.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "base/text.h"

enum { SHOWN = 200 };

static const double LEAST = 1e-30, MOST = 1e30; /* weights of classes: well inside of float */

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

/* The class that text begins with, its name followed by "=", or -1: the longest, since names may
 * hold "=" and ",". */
static int class_at(const char *text, int classes, char *const *class_name)
{
    int best = -1;
    size_t longest = 0;
    for (int c = 0; c < classes; c++) {
        const size_t length = strlen(class_name[c]);
        if (strncmp(text, class_name[c], length) != 0 || text[length] != '=') continue;
        if (best >= 0 && length <= longest) continue;
        best = c;
        longest = length;
    }
    return best;
}

static logit_status no_such_class(const char *text, logit_error *err)
{
    char shown[SHOWN];
    const size_t length = strcspn(text, "=,");
    const int named = text[length] == '=';
    char *name = lg_text_format("%.*s", (int)length, text);
    if (!name) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for --class-weight");
    lg_text_escape(shown, sizeof shown, name);
    free(name);
    if (named)
        LG_FAIL(err, LOGIT_E_USAGE, "--class-weight: there is no class \"%s\" in the training set",
                shown);
    LG_FAIL(err, LOGIT_E_USAGE, "--class-weight: \"%s\" is neither \"balanced\" nor name=weight",
            shown);
}

/* One "name=w" of *text, which moves behind it and its comma.  weight is 0 where none was given. */
static logit_status parse_one(double *weight, const char **text, int classes,
                              char *const *class_name, logit_error *err)
{
    char shown[SHOWN];
    const int c = class_at(*text, classes, class_name);
    if (c < 0) return no_such_class(*text, err);
    const char *name = lg_text_escape(shown, sizeof shown, class_name[c]);
    const char *number = *text + strlen(class_name[c]) + 1;
    char *end;
    const double value = strtod(number, &end);
    if (end == number || (*end != ',' && *end != '\0') || !(value >= LEAST && value <= MOST))
        LG_FAIL(err, LOGIT_E_USAGE,
                "--class-weight: the weight of \"%s\" must be a number between %g and %g", name,
                LEAST, MOST);
    if (weight[c] > 0.0)
        LG_FAIL(err, LOGIT_E_USAGE, "--class-weight: class \"%s\" is there twice", name);
    if (*end == ',' && end[1] == '\0')
        LG_FAIL(err, LOGIT_E_USAGE, "--class-weight: it ends in a comma");
    weight[c] = value;
    *text = *end == ',' ? end + 1 : end;
    return LOGIT_OK;
}

static logit_status parse(double *weight, const char *spec, int classes, char *const *class_name,
                          logit_error *err)
{
    for (int c = 0; c < classes; c++) weight[c] = 0.0;
    while (*spec) LG_TRY(parse_one(weight, &spec, classes, class_name, err));
    for (int c = 0; c < classes; c++)
        if (weight[c] == 0.0) weight[c] = 1.0;
    return LOGIT_OK;
}

logit_status lg_weights_apply(lg_set *set, const int32_t *only, int64_t count, int classes,
                              char *const *class_name, const char *spec, logit_error *err)
{
    if (!spec || !*spec) return LOGIT_OK;
    if (classes == 0)
        LG_FAIL(err, LOGIT_E_USAGE,
                "--class-weight: the targets are numbers, which have no classes to weigh");
    if (!set->label)
        LG_FAIL(err, LOGIT_E_USAGE, "--class-weight needs one class per sample, not soft targets");
    double *weight = calloc((size_t)classes, sizeof *weight);
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
        /* 0 <= label < classes: NOLINTNEXTLINE(clang-analyzer-*) */
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

logit_status lg_mass_balance(lg_mass *mass, const lg_set *set, const int32_t *only, int64_t count,
                             int classes, logit_error *err)
{
    int64_t *members = calloc((size_t)classes + 1, sizeof *members);
    int drawn = 0; /* classes that are */
    if (!members) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for class counts");
    for (int64_t i = 0; i < count; i++) members[set->label[pick(only, i)]]++;
    for (int c = 0; c < classes; c++) drawn += members[c] > 0;
    mass->sum = 0.0;
    for (int c = 0; c < classes; c++) {
        if (members[c] > 0) /* draws of the class, times the mean weight in it */
            mass->per_class[c] *= (double)count / drawn / (double)members[c];
        mass->sum += mass->per_class[c];
    }
    free(members);
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
