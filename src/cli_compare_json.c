/* cli_compare_json.c -- what a comparison found, as one JSON object.
 *
 * The command. */
/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cli_compare.h"

static const char *const party_name[] = {"a", "b", "ref"};
static const char *const pair_name[LOGIT_COMPARE_PAIRS] = {"a_ref", "b_ref", "a_b"};

static void add_number(lg_text *out, const char *name, double value)
{
    lg_text_add(out, ", \"%s\": ", name);
    lg_text_add_number(out, value);
}

static void add_count(lg_text *out, const char *name, int64_t value)
{
    lg_text_add(out, ", \"%s\": %lld", name, (long long)value);
}

static void add_text(lg_text *out, const char *name, const char *value)
{
    lg_text_add(out, ", \"%s\": ", name);
    if (value && *value)
        lg_text_add_json(out, value);
    else
        lg_text_add(out, "null");
}

/* {"a": .., "b": .., "ref": ..} or the pairs' names. */
static void add_three(lg_text *out, const char *name, const char *const *key, const double *value)
{
    lg_text_add(out, ", \"%s\": {", name);
    for (int i = 0; i < 3; i++) {
        lg_text_add(out, "%s\"%s\": ", i ? ", " : "", key[i]);
        lg_text_add_number(out, value[i]);
    }
    lg_text_add(out, "}");
}

static void add_devices(lg_text *out, const logit_comparison *c)
{
    lg_text_add(out, ", \"devices\": {");
    for (int i = 0; i < 3; i++) {
        lg_text_add(out, "%s\"%s\": ", i ? ", " : "", party_name[i]);
        if (c->device[i][0])
            lg_text_add_json(out, c->device[i]);
        else
            lg_text_add(out, "null");
    }
    lg_text_add(out, "}");
}

static void add_stage(lg_text *out, const logit_difference *d)
{
    lg_text_add(out, "{\"stage\": \"%s\"", d->stage);
    add_text(out, "a", d->a);
    add_text(out, "b", d->b);
    add_count(out, "count", d->count);
    add_count(out, "equal", d->equal);
    add_count(out, "outside", d->outside);
    add_number(out, "absolute", d->absolute);
    add_number(out, "relative", d->relative);
    add_number(out, "ulps", d->ulps);
    add_number(out, "share", d->share);
    add_number(out, "signed_mean", d->signed_mean);
    add_count(out, "above", d->above);
    add_count(out, "below", d->below);
    add_number(out, "bias", d->bias);
    add_text(out, "bound", d->bound);
    add_number(out, "worst_case", d->worst_case);
    lg_text_add(out, "}");
}

static void add_lists(lg_text *out, const logit_comparison *c)
{
    lg_text_add(out, ", \"stages\": [");
    for (int i = 0; i < c->differences; i++) {
        lg_text_add(out, "%s", i ? ", " : "");
        add_stage(out, &c->difference[i]);
    }
    lg_text_add(out, "], \"drift\": [");
    for (int64_t i = 0; i < c->drifts; i++) {
        const logit_drift *d = &c->drift[i];
        lg_text_add(out, "%s{\"step\": %lld", i ? ", " : "", (long long)d->step);
        add_three(out, "loss", party_name, d->loss);
        add_three(out, "distance", pair_name, d->distance);
        add_number(out, "envelope", d->envelope);
        lg_text_add(out, "}");
    }
    lg_text_add(out, "]");
}

static void add_first(lg_text *out, const logit_divergence *first)
{
    if (!first->stage) {
        lg_text_add(out, ", \"first\": null");
        return;
    }
    lg_text_add(out, ", \"first\": {\"outside\": %s", first->step >= 0 ? "true" : "false");
    add_count(out, "step", first->step);
    add_text(out, "stage", first->stage);
    add_text(out, "a", first->a);
    add_text(out, "b", first->b);
    add_text(out, "sample", first->sample);
    add_text(out, "of", first->of);
    add_number(out, "got", first->got);
    add_number(out, "want", first->want);
    add_number(out, "bound", first->bound);
    lg_text_add(out, "}");
}

static int has_stage(const logit_comparison *c, const char *stage)
{
    for (int i = 0; i < c->differences; i++)
        if (strcmp(c->difference[i].stage, stage) == 0) return 1;
    return 0;
}

static void add_faults(lg_text *out, const logit_comparison *c)
{
    static const char *const stage[LOGIT_COMPARE_STAGES] = {
        "pixels", "features", "logits", "loss", "gradient", "update", "step"};
    lg_text_add(out, ", \"smallest_fault\": {");
    for (int i = 0; i < LOGIT_COMPARE_STAGES; i++) {
        if (strcmp(stage[i], "features") == 0 && !has_stage(c, stage[i])) continue;
        lg_text_add(out, "%s\"%s\": ", i ? ", " : "", stage[i]);
        lg_text_add_number(out, c->smallest_fault[i]);
    }
    lg_text_add(out, "}");
}

void lg_cli_compare_json(const logit_comparison *c, lg_text *out)
{
    lg_text_add(out, "{\"verdict\": \"%s\"", lg_cli_verdict(c));
    add_text(out, "sentence", c->sentence);
    add_text(out, "mode", c->mode);
    add_text(out, "part", c->part);
    add_devices(out, c);
    add_count(out, "steps", c->steps);
    add_count(out, "samples", c->samples);
    add_three(out, "loss", party_name, c->loss);
    add_number(out, "loss_start", c->loss_start);
    add_number(out, "loss_end", c->loss_end);
    add_number(out, "loss_difference", c->loss_difference);
    add_number(out, "margin", c->margin);
    add_number(out, "largest_logit", c->largest_logit);
    add_number(out, "smallest_probability", c->smallest_probability);
    add_count(out, "denormals", c->denormals);
    add_text(out, "reference_rows", c->reference_rows);
    add_first(out, &c->first);
    add_text(out, "replay", c->replay);
    add_faults(out, c);
    add_lists(out, c);
    lg_text_add(out, "}\n");
}
