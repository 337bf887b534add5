/* compare_write.c -- compare.jsonl: what a comparison found, one JSON object per line.
 *
 * Layer 2 (train).  "start", a "stage" for each line of the table, a "drift" for each step of a
 * free run, "end" with the verdict.  Floats have 17 significant digits; NaN and infinities are
 * null. */
/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/status.h"
#include "train/compare.h"

static void add_text(lg_text *text, const char *name, const char *value)
{
    lg_text_add(text, ",\"%s\":", name);
    if (value && *value)
        lg_text_add_json(text, value);
    else
        lg_text_add(text, "null");
}

static void add_number(lg_text *text, const char *name, double value)
{
    lg_text_add(text, ",\"%s\":", name);
    lg_text_add_number(text, value);
}

static void add_count(lg_text *text, const char *name, int64_t value)
{
    lg_text_add(text, ",\"%s\":%lld", name, (long long)value);
}

static void add_start(lg_text *text, const logit_comparison *c)
{
    lg_text_add(text, "{\"type\":\"start\",\"version\":\"%s\"", LOGIT_VERSION);
    add_text(text, "mode", c->mode);
    add_text(text, "part", c->part);
    add_text(text, "device_a", c->device[LG_COMPARE_A]);
    add_text(text, "device_b", c->device[LG_COMPARE_B]);
    add_text(text, "device_ref", c->device[LG_COMPARE_REF]);
    lg_text_add(text, "}\n");
}

static void add_stage(lg_text *text, const logit_difference *d)
{
    lg_text_add(text, "{\"type\":\"stage\"");
    add_text(text, "stage", d->stage);
    add_text(text, "a", d->a);
    add_text(text, "b", d->b);
    add_count(text, "count", d->count);
    add_count(text, "equal", d->equal);
    add_count(text, "outside", d->outside);
    add_number(text, "absolute", d->absolute);
    add_number(text, "relative", d->relative);
    add_number(text, "ulps", d->ulps);
    add_number(text, "share", d->share);
    add_number(text, "signed_mean", d->signed_mean);
    add_count(text, "above", d->above);
    add_count(text, "below", d->below);
    add_number(text, "bias", d->bias);
    add_text(text, "bound", d->bound);
    add_number(text, "worst_case", d->worst_case);
    lg_text_add(text, "}\n");
}

static void add_drift(lg_text *text, const logit_drift *d)
{
    lg_text_add(text, "{\"type\":\"drift\"");
    add_count(text, "step", d->step);
    add_number(text, "loss_a", d->loss[LG_COMPARE_A]);
    add_number(text, "loss_b", d->loss[LG_COMPARE_B]);
    add_number(text, "loss_ref", d->loss[LG_COMPARE_REF]);
    add_number(text, "distance_a_ref", d->distance[0]);
    add_number(text, "distance_b_ref", d->distance[1]);
    add_number(text, "distance_a_b", d->distance[2]);
    add_number(text, "envelope", d->envelope);
    lg_text_add(text, "}\n");
}

static void add_first(lg_text *text, const logit_divergence *first)
{
    if (!first->stage) {
        lg_text_add(text, ",\"first\":null");
        return;
    }
    lg_text_add(text, ",\"first\":{\"outside\":%s", first->step >= 0 ? "true" : "false");
    add_count(text, "step", first->step);
    add_text(text, "stage", first->stage);
    add_text(text, "a", first->a);
    add_text(text, "b", first->b);
    add_text(text, "sample", first->sample);
    add_text(text, "of", first->of);
    add_number(text, "got", first->got);
    add_number(text, "want", first->want);
    add_number(text, "bound", first->bound);
    lg_text_add(text, "}");
}

static void add_faults(lg_text *text, const logit_comparison *c)
{
    for (int i = 0; i < LOGIT_COMPARE_STAGES; i++) {
        char name[40];
        snprintf(name, sizeof name, "smallest_fault_%s", lg_stage_name[i]);
        if (!isnan(c->smallest_fault[i])) add_number(text, name, c->smallest_fault[i]);
    }
}

static void add_end(lg_text *text, const logit_comparison *c)
{
    static const char *const verdict[] = {[LOGIT_OK] = "equal",
                                          [LOGIT_E_CHECK] = "different",
                                          [LOGIT_E_INCONCLUSIVE] = "inconclusive"};
    lg_text_add(text, "{\"type\":\"end\"");
    add_text(text, "verdict", verdict[c->verdict]);
    add_text(text, "sentence", c->sentence);
    add_count(text, "steps", c->steps);
    add_count(text, "samples", c->samples);
    add_number(text, "loss_a", c->loss[LG_COMPARE_A]);
    add_number(text, "loss_b", c->loss[LG_COMPARE_B]);
    add_number(text, "loss_ref", c->loss[LG_COMPARE_REF]);
    add_number(text, "loss_start", c->loss_start);
    add_number(text, "loss_end", c->loss_end);
    add_number(text, "loss_difference", c->loss_difference);
    add_number(text, "margin", c->margin);
    add_number(text, "largest_logit", c->largest_logit);
    add_number(text, "smallest_probability", c->smallest_probability);
    add_count(text, "denormals", c->denormals);
    add_text(text, "reference_rows", c->reference_rows);
    add_faults(text, c);
    add_first(text, &c->first);
    add_text(text, "replay", c->replay);
    lg_text_add(text, "}\n");
}

logit_status lg_compare_write(const logit_comparison *c, const char *folder, logit_error *err)
{
    lg_text text = {0};
    add_start(&text, c);
    for (int i = 0; i < c->differences; i++) add_stage(&text, &c->difference[i]);
    for (int64_t i = 0; i < c->drifts; i++) add_drift(&text, &c->drift[i]);
    add_end(&text, c);
    char *path = lg_text_format("%s/compare.jsonl", folder);
    const lg_piece piece = {text.data, text.size};
    logit_status status = LOGIT_OK;
    if (text.failed || !path)
        status = lg_fail(err, LOGIT_E_NOMEM, __FILE__, __LINE__, "out of memory for compare.jsonl");
    if (status == LOGIT_OK) status = lg_folder_make(folder, err);
    if (status == LOGIT_OK) status = lg_file_replace(path, &piece, 1, err);
    lg_text_clear(&text);
    free(path);
    return status;
}
