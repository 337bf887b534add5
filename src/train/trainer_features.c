/* trainer_features.c -- the feature map of a run: asked for, or brought by a model. */
/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "base/text.h"
#include "train/feature_fit.h"
#include "train/trainer.h"

/* A model's map goes on: its weights mean nothing with another.  The same one may be named. */
static logit_status fit_from(const lg_trainer *t, const logit_model *from, logit_error *err)
{
    const char *own = from->map ? from->map->text : NULL;
    char text[LG_MAP_TEXT] = "";
    lg_feature_plan plan;
    lg_lift lift;
    if (!t->options.features) return LOGIT_OK;
    LG_TRY(lg_feature_plan_read(&plan, t->options.features, err));
    LG_TRY(lg_feature_plan_fit(&plan, from->shape, &lift, err));
    lg_feature_plan_write(&plan, text);
    if (own && strcmp(own, text) == 0) return LOGIT_OK;
    LG_FAIL(err, LOGIT_E_USAGE, "--from: that model has %s%s; leave --features out",
            own ? "the feature map " : "no feature map", own ? own : "");
}

logit_status lg_trainer_plan_features(lg_trainer *t, const logit_model *from, logit_error *err)
{
    lg_lift lift;
    t->features = t->inputs;
    if (from) {
        LG_TRY(fit_from(t, from, err));
        t->features = from->features;
        if (from->map) t->options.features = t->map_text;
        if (from->map) memcpy(t->map_text, from->map->text, sizeof t->map_text);
        return LOGIT_OK;
    }
    if (!t->options.features) return LOGIT_OK;
    LG_TRY(lg_feature_plan_read(&t->map_plan, t->options.features, err));
    LG_TRY(lg_feature_plan_fit(&t->map_plan, t->shape, &lift, err));
    lg_feature_plan_write(&t->map_plan, t->map_text);
    t->options.features = t->map_text;
    t->features = lg_lift_features(&lift);
    return LOGIT_OK;
}

logit_status lg_trainer_fit_features(lg_trainer *t, const logit_model *from, logit_error *err)
{
    const lg_normal normal = lg_trainer_normal(t);
    const lg_feature_fit fit = {.backend = t->backend,
                                .loader = t->sources.part[LG_PART_TRAIN].loader,
                                .normal = &normal,
                                .seed = t->options.seed,
                                .threads = t->options.threads,
                                .watch = t->watch};
    if (!t->options.features) return LOGIT_OK;
    if (from) {
        LG_TRY(lg_feature_map_copy(&t->map, from->map, err));
        return lg_feature_fit_measure(t->map, &fit, &t->mean_square, err);
    }
    LG_TRY(lg_feature_map_create(&t->map, &t->map_plan, t->shape, err));
    return lg_feature_fit_map(t->map, &fit, &t->mean_square, err);
}

/* ------------------------------------------------------------------------------- kept or not ---
 */

/* Bytes that may be kept: of --memory what the samples leave, or of the device what nobody has. */
static int64_t room_for(const lg_trainer *t)
{
    size_t free_bytes = 0, total_bytes;
    int64_t left = t->options.memory;
    if (!t->backend->ops->unified) {
        if (!t->backend->ops->memory ||
            t->backend->ops->memory(t->backend, &free_bytes, &total_bytes, NULL) != LOGIT_OK)
            return 0;
        return (int64_t)(free_bytes / 10 * 9);
    }
    for (int i = 0; i < LG_PART_COUNT; i++) {
        const lg_source *source = &t->sources.part[i];
        if (source->set && lg_loader_is_resident(source->loader))
            left -= source->count * t->inputs * (int64_t)lg_element_bytes(source->set->element);
    }
    return left;
}

/* The part before this one that has the same array of samples, or NULL. */
static const lg_kept *find_shared(const lg_trainer *t, int part)
{
    for (int i = 0; i < part && t->backend->ops->unified; i++)
        if (t->kept[i] && t->sources.part[i].set == t->sources.part[part].set) return t->kept[i];
    return NULL;
}

/* Keeps a part if there is room; *left is what remains, *why is set where it is not kept. */
static logit_status keep_part(lg_trainer *t, int part, int64_t *left, const char **why,
                              logit_error *err)
{
    const lg_kept *shared = find_shared(t, part);
    const int64_t rows = lg_feed_kept_rows(t->feed[part]);
    const int64_t bytes = shared ? 0 : lg_kept_bytes(t->problem, rows);
    *why = lg_kept_why_not(t->problem, t->sources.part[part].loader);
    if (!*why && !t->backend->ops->unified && !lg_feed_is_resident(t->feed[part]))
        *why = "the samples do not stay on the device";
    if (!*why && bytes > *left) *why = "there is no room for them";
    if (*why) return LOGIT_OK;
    const logit_status status =
        lg_kept_create(&t->kept[part], t->problem, rows, shared, t->watch, err);
    if (status == LOGIT_E_NOMEM) *why = "there is no memory for them after all";
    if (status != LOGIT_OK) return status == LOGIT_E_NOMEM ? LOGIT_OK : status;
    lg_feed_keep_features(t->feed[part], t->kept[part]);
    *left -= bytes;
    return LOGIT_OK;
}

/* For people. */
static void describe(lg_trainer *t, const char *why)
{
    const int64_t bytes = lg_kept_bytes(t->problem, lg_feed_kept_rows(t->feed[LG_PART_TRAIN]));
    char size[LG_TEXT_BYTES];
    snprintf(t->mapped, sizeof t->mapped, "%.*s: %lld features, %s of float32, %s%s%s",
             (int)strcspn(t->options.features, ","), t->options.features, (long long)t->features,
             lg_text_bytes(size, (double)bytes),
             why ? "made anew in each step (" : "made once and kept", why ? why : "",
             why ? ")" : "");
}

logit_status lg_trainer_keep_features(lg_trainer *t, logit_error *err)
{
    const char *why = NULL, *val = NULL;
    if (!t->map || t->rehearsal) return LOGIT_OK;
    int64_t left = room_for(t);
    if (t->options.epochs > 1 || lg_optimum_is_asked(&t->options)) {
        LG_TRY(keep_part(t, LG_PART_TRAIN, &left, &why, err));
        if (t->feed[LG_PART_VAL]) LG_TRY(keep_part(t, LG_PART_VAL, &left, &val, err));
    } else {
        why = "one epoch alone";
    }
    describe(t, why);
    return LOGIT_OK;
}
