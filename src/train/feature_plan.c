/* feature_plan.c -- the keys of feature maps, and what they are unless they are given. */
/* SPDX-License-Identifier: MIT */
#include "train/feature_plan.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "data/dataset.h"

enum { NAME = 16 };

/* Maps that know a key, as bits. */
#define OF(id) (1u << LG_LIFT_##id)
#define ALL ((1u << LG_LIFT_COUNT) - 1)

typedef struct key {
    const char *name;
    unsigned maps;
    int whole;    /* an int, else a double */
    size_t field; /* of lg_feature_plan */
    double least, most;
} key;

#define AT(field) offsetof(lg_feature_plan, field)
static const key keys[] = {
    {"size", OF(PATCH), 1, AT(size), 2, 12},
    {"stride", OF(PATCH), 1, AT(stride), 1, 64},
    {"grid", OF(PATCH), 1, AT(grid), 1, 16},
    {"threshold", OF(PATCH), 0, AT(threshold), 0.0, 1e3},
    {"contrast", OF(PATCH), 0, AT(contrast), 1e-6, 1e3},
    {"whiten", OF(PATCH), 0, AT(whiten), 1e-6, 1e3},
    {"rounds", OF(PATCH), 1, AT(rounds), 0, 1000},
    {"width", OF(RFF) | OF(SIGMOID), 0, AT(width), 1e-3, 1e3},
    {"standard", ALL, 0, AT(standard), 0.0, 1.0},
};
enum { KEYS = sizeof keys / sizeof *keys };

/* The plan of a name alone; docs/features.md has the measurements behind it. */
static const lg_feature_plan defaults[LG_LIFT_COUNT] = {
    [LG_LIFT_SQUARE] = {.kind = LG_LIFT_SQUARE, .standard = 1.0},
    [LG_LIFT_CROSS] = {.kind = LG_LIFT_CROSS, .units = 4096, .standard = 1.0},
    [LG_LIFT_RFF] = {.kind = LG_LIFT_RFF, .units = 4096, .width = 0.7, .standard = 1.0},
    [LG_LIFT_SIGMOID] = {.kind = LG_LIFT_SIGMOID, .units = 4096, .width = 4.0, .standard = 1.0},
    [LG_LIFT_STEP] = {.kind = LG_LIFT_STEP, .units = 4096, .width = 1.0, .standard = 1.0},
    [LG_LIFT_PATCH] = {.kind = LG_LIFT_PATCH,
                       .units = 128,
                       .size = 8,
                       .stride = 2,
                       .grid = 4,
                       .threshold = 0.25,
                       .contrast = 0.01,
                       .whiten = 0.3,
                       .rounds = 10,
                       .standard = 1.0},
};

static void *field_of(lg_feature_plan *plan, const key *k)
{
    return (char *)plan + k->field;
}

static double value_of(const lg_feature_plan *plan, const key *k)
{
    const void *field = (const char *)plan + k->field;
    return k->whole ? (double)*(const int *)field : *(const double *)field;
}

static logit_status read_name(lg_feature_plan *out, const char **at, logit_error *err)
{
    char name[NAME];
    const size_t length = strcspn(*at, ":,");
    snprintf(name, sizeof name, "%.*s", (int)(length < NAME ? length : NAME - 1), *at);
    const lg_lift_kind kind = lg_lift_find(name);
    if (kind == LG_LIFT_COUNT)
        LG_FAIL(err, LOGIT_E_USAGE,
                "--features %.40s: there is no map \"%s\"; there are square, cross, rff, sigmoid, "
                "step and patch",
                *at, name);
    *out = defaults[kind];
    *at += length;
    return LOGIT_OK;
}

static logit_status read_units(lg_feature_plan *out, const char **at, logit_error *err)
{
    char *end;
    if (**at != ':') return LOGIT_OK;
    const long n = strtol(*at + 1, &end, 10);
    if (end == *at + 1 || (*end != '\0' && *end != ',') || n < 1 || n > LG_MAP_UNITS_MAX)
        LG_FAIL(err, LOGIT_E_USAGE, "--features %s%.40s: expected a number of units from 1 to %d",
                lg_lifts[out->kind].name, *at, LG_MAP_UNITS_MAX);
    if (out->kind == LG_LIFT_SQUARE)
        LG_FAIL(err, LOGIT_E_USAGE, "--features square: it has no number of units");
    out->units = (int)n;
    *at = end;
    return LOGIT_OK;
}

static const key *find_key(const lg_feature_plan *plan, const char *name, size_t length)
{
    for (int i = 0; i < KEYS; i++)
        if (strlen(keys[i].name) == length && strncmp(keys[i].name, name, length) == 0 &&
            keys[i].maps & 1u << plan->kind)
            return &keys[i];
    return NULL;
}

static logit_status refuse_key(const lg_feature_plan *plan, const char *at, logit_error *err)
{
    char known[128] = "";
    size_t used = 0;
    for (int i = 0; i < KEYS; i++)
        if (keys[i].maps & 1u << plan->kind)
            used += (size_t)snprintf(known + used, sizeof known - used, "%s%s", used ? ", " : "",
                                     keys[i].name);
    LG_FAIL(err, LOGIT_E_USAGE, "--features %s: expected KEY=NUMBER at \"%.40s\"; its keys are %s",
            lg_lifts[plan->kind].name, at, known);
}

/* ",key=value" at *at. */
static logit_status read_key(lg_feature_plan *out, const char **at, logit_error *err)
{
    const char *name = *at + 1;
    const size_t length = strcspn(name, "=,");
    const key *k = find_key(out, name, length);
    char *end;
    if (!k || name[length] != '=') return refuse_key(out, name, err);
    const double value = strtod(name + length + 1, &end);
    if (end == name + length + 1 || (*end != '\0' && *end != ',') ||
        !(value >= k->least && value <= k->most) || (k->whole && value != floor(value)))
        LG_FAIL(err, LOGIT_E_USAGE, "--features %s: %s=%.20s: expected %s from %g to %g",
                lg_lifts[out->kind].name, k->name, name + length + 1,
                k->whole ? "a whole number" : "a number", k->least, k->most);
    if (k->whole)
        *(int *)field_of(out, k) = (int)value;
    else
        *(double *)field_of(out, k) = value;
    *at = end;
    return LOGIT_OK;
}

logit_status lg_feature_plan_read(lg_feature_plan *out, const char *text, logit_error *err)
{
    const char *at = text;
    LG_TRY(read_name(out, &at, err));
    LG_TRY(read_units(out, &at, err));
    while (*at != '\0') LG_TRY(read_key(out, &at, err));
    if (out->standard != 0.0 && out->standard != 1.0)
        LG_FAIL(err, LOGIT_E_USAGE, "--features %s: standard=%g: expected 0 or 1",
                lg_lifts[out->kind].name, out->standard);
    return LOGIT_OK;
}

static logit_status check_windows(const lg_feature_plan *plan, const lg_lift *lift,
                                  logit_error *err)
{
    const int least = lift->height < lift->width ? lift->height : lift->width;
    if (lift->height == 1)
        LG_FAIL(err, LOGIT_E_USAGE,
                "--features patch is for images; these are vectors of %lld numbers",
                (long long)lift->in);
    if (plan->size > least)
        LG_FAIL(err, LOGIT_E_USAGE,
                "--features patch: size=%d: the images have %dx%d pixels; give a smaller size",
                plan->size, lift->height, lift->width);
    if (plan->grid > lg_lift_down(lift) || plan->grid > lg_lift_across(lift))
        LG_FAIL(err, LOGIT_E_USAGE,
                "--features patch: grid=%d: there are %d x %d windows; give a smaller grid",
                plan->grid, lg_lift_down(lift), lg_lift_across(lift));
    return LOGIT_OK;
}

logit_status lg_feature_plan_fit(lg_feature_plan *plan, lg_image_target shape, lg_lift *lift,
                                 logit_error *err)
{
    const char *name = lg_lifts[plan->kind].name;
    *lift = (lg_lift){.kind = plan->kind,
                      .in = (int64_t)shape.height * shape.width * shape.channels,
                      .units = plan->units,
                      .height = shape.height,
                      .width = shape.width,
                      .channels = shape.channels,
                      .size = plan->size,
                      .stride = plan->stride,
                      .grid = plan->grid,
                      .contrast = (float)plan->contrast,
                      .threshold = (float)plan->threshold};
    if (plan->kind == LG_LIFT_SQUARE) lift->units = (int)lift->in;
    const double pairs = 0.5 * (double)lift->in * (double)(lift->in - 1);
    if (plan->kind == LG_LIFT_CROSS && (double)lift->units > pairs) lift->units = (int)pairs;
    if (lift->units < 1)
        LG_FAIL(err, LOGIT_E_USAGE, "--features %s multiplies pairs of numbers; samples have %lld",
                name, (long long)lift->in);
    if (lg_lifts[plan->kind].family == LG_LIFT_WINDOWS) LG_TRY(check_windows(plan, lift, err));
    plan->units = plan->kind == LG_LIFT_SQUARE ? 0 : lift->units;
    if (lg_lift_features(lift) > LG_FEATURES_MAX)
        LG_FAIL(err, LOGIT_E_USAGE,
                "--features %s makes %lld features of %lld; 1 to %d are possible", name,
                (long long)lg_lift_features(lift), (long long)lift->in, LG_FEATURES_MAX);
    return LOGIT_OK;
}

/* ",key=value" in the fewest digits that read back as the same number. */
static size_t write_key(const lg_feature_plan *plan, const key *k, char *out, size_t size)
{
    const double value = value_of(plan, k);
    int digits = k->whole ? 9 : 1, used;
    do used = snprintf(out, size, ",%s=%.*g", k->name, digits, value);
    while (digits++ < 17 && strtod(strchr(out, '=') + 1, NULL) != value);
    return (size_t)used;
}

void lg_feature_plan_write(const lg_feature_plan *plan, char out[LG_MAP_TEXT])
{
    size_t used = (size_t)snprintf(out, LG_MAP_TEXT, "%s", lg_lifts[plan->kind].name);
    if (plan->units > 0)
        used += (size_t)snprintf(out + used, LG_MAP_TEXT - used, ":%d", plan->units);
    for (int i = 0; i < KEYS; i++)
        if (keys[i].maps & 1u << plan->kind)
            used += write_key(plan, &keys[i], out + used, LG_MAP_TEXT - used);
}
