/* compare_batch.c -- the minibatches of the training that is compared, one after the other.
 *
 * Layer 2 (train).  The same loader, order and numbers of a step as in training (trainer_epoch.c);
 * here they are handed to several parties.  Blocks while a batch is being decoded. */
/* SPDX-License-Identifier: MIT */
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/status.h"
#include "train/compare.h"

static const double REPORT_SECONDS = 0.1;

static lg_loader *loader_of(const lg_compare *c)
{
    return c->trainer.sources.part[LG_PART_TRAIN].loader;
}

/* Steps that are compared: those asked for, or all that there are. */
static int64_t steps_of(const lg_compare *c)
{
    return c->options->steps < c->trainer.steps ? c->options->steps : c->trainer.steps;
}

static int is_whole(const lg_compare *c)
{
    return lg_optims[c->trainer.optim].whole;
}

/* Batches that one step sees. */
static int64_t batches_per_step(const lg_compare *c)
{
    return is_whole(c) ? lg_loader_batches(loader_of(c)) : 1;
}

/* Takes the next batch, from the next epoch where this one is over. */
static logit_status take(lg_compare *c, logit_error *err)
{
    lg_trainer *t = &c->trainer;
    c->mini = NULL;
    if (t->step >= steps_of(c)) return LOGIT_OK;
    LG_TRY(lg_loader_next(loader_of(c), &c->mini, err));
    if (!c->mini) {
        LG_TRY(lg_loader_start(loader_of(c), (uint32_t)++t->epoch, 0, err));
        LG_TRY(lg_loader_next(loader_of(c), &c->mini, err));
    }
    const double weight = is_whole(c) ? t->mass.sum : lg_batch_weight(c->mini);
    lg_trainer_scalars(t, weight, c->scalars);
    c->step = t->step + 1;
    c->first = c->mini->number % batches_per_step(c) == 0;
    c->last = (c->mini->number + 1) % batches_per_step(c) == 0;
    return LOGIT_OK;
}

logit_status lg_compare_begin(lg_compare *c, logit_error *err)
{
    lg_trainer *t = &c->trainer;
    if (c->mini) lg_loader_release(loader_of(c), c->mini);
    c->mini = NULL;
    t->epoch = 0;
    t->step = 0;
    c->out->steps = 0;
    c->out->samples = 0;
    c->started = c->moment = lg_seconds();
    lg_loader_augment(loader_of(c), 1);
    LG_TRY(lg_loader_start(loader_of(c), 0, 0, err));
    return take(c, err);
}

static void tell(lg_compare *c, double loss)
{
    const logit_watch *watch = c->watch;
    const double now = lg_seconds(), seconds = now - c->started;
    const int64_t steps = steps_of(c), per_epoch = c->trainer.steps_per_epoch;
    if (!watch || !watch->progress || now - c->moment < REPORT_SECONDS) return;
    c->moment = now;
    const logit_progress progress = {
        .phase = LOGIT_PHASE_TRAIN,
        .done = c->out->samples,
        .epoch = c->trainer.epoch + 1,
        .epochs = (int)((steps + per_epoch - 1) / per_epoch),
        .step = c->out->steps,
        .steps = steps,
        .loss = loss,
        .samples_per_second = (double)c->out->samples / seconds,
        .seconds_left = c->out->steps > 0
                            ? seconds * (double)(steps - c->out->steps) / (double)c->out->steps
                            : NAN};
    watch->progress(watch->user, &progress);
}

logit_status lg_compare_next(lg_compare *c, double loss, logit_error *err)
{
    const logit_watch *watch = c->watch;
    c->out->samples += c->mini->count;
    if (c->last) c->out->steps = ++c->trainer.step;
    lg_loader_release(loader_of(c), c->mini);
    c->mini = NULL;
    if (watch && watch->stop && watch->stop(watch->user))
        LG_FAIL(err, LOGIT_E_STOPPED, "stopped after step %lld of %lld: there is no verdict",
                (long long)c->out->steps, (long long)steps_of(c));
    tell(c, loss);
    return take(c, err);
}

logit_status lg_compare_send(lg_compare *c, logit_error *err)
{
    for (int i = 0; i < LG_COMPARE_PARTIES; i++) {
        lg_party *party = c->party[i];
        if (!party) continue;
        LG_TRY(lg_party_batch(party, c->mini, c->scalars, err));
        party->problem->step.number =
            is_whole(c) ? c->trainer.step * batches_per_step(c) + c->mini->number : c->trainer.step;
        party->problem->step.accumulate = !c->first;
    }
    return LOGIT_OK;
}

double lg_compare_mean(const lg_compare *c, const double *row_loss, int setting)
{
    const lg_minibatch *mini = c->mini;
    const int settings = c->trainer.settings;
    double sum = 0.0;
    for (int64_t i = 0; i < mini->count; i++) {
        const double weight = mini->weight ? mini->weight[mini->row ? mini->row[i] : i] : 1.0;
        sum += weight * row_loss[i * settings + setting];
    }
    const double weight = lg_batch_weight(mini);
    return weight > 0.0 ? sum / weight : 0.0;
}

const char *lg_compare_sample(const lg_compare *c, int64_t row, char *out, size_t size)
{
    const lg_set *set = c->trainer.sources.part[LG_PART_TRAIN].set;
    char name[400];
    out[0] = '\0';
    if (row < 0 || row >= c->mini->count) return out;
    const char *raw = set->ops->name(set, c->mini->sample[row], name, sizeof name);
    return lg_text_escape(out, size, raw);
}

/* -------------------------------------------------------------------------------- regimes --- */

void lg_compare_meet(logit_comparison *out, lg_link link, const double *z, int k)
{
    double top = z[0], sum = 0.0;
    for (int j = 1; j < k; j++) top = fmax(top, z[j]);
    for (int j = 0; j < k; j++) sum += exp(z[j] - top);
    for (int j = 0; j < k; j++) {
        if (!(fabs(z[j]) <= out->largest_logit)) out->largest_logit = fabs(z[j]);
        if (link == LG_LINK_IDENTITY) continue;
        const double p =
            link == LG_LINK_SOFTMAX ? exp(z[j] - top) / sum : 1.0 / (1.0 + exp(fabs(z[j])));
        if (!(p >= out->smallest_probability)) out->smallest_probability = p;
        out->denormals += p > 0.0 && p < (double)FLT_MIN;
    }
}

/* ---------------------------------------------------------------------------- what is where --- */

/* Output number `column` of [settings * outputs]: "dog", "dog, setting 3". */
static void name_output(const lg_compare *c, int64_t column, lg_text *text)
{
    const lg_trainer *t = &c->trainer;
    const lg_dataset *data = t->sources.data;
    const int64_t output = column % t->outputs;
    char name[120];
    if (data->classes == t->outputs || (data->classes == 2 && t->outputs == 1))
        lg_text_add(
            text, "class %s",
            lg_text_escape(name, sizeof name, data->class_name[t->outputs == 1 ? 1 : output]));
    else
        lg_text_add(text, "output %lld", (long long)output);
    if (t->settings > 1) lg_text_add(text, ", setting %lld", (long long)(column / t->outputs));
}

/* Element number `feature` of a sample. */
static void name_input(const lg_compare *c, int64_t feature, lg_text *text)
{
    const lg_image_target *shape = &c->trainer.shape;
    if (c->trainer.floats && shape->height == 1 && shape->channels == 1) {
        lg_text_add(text, "feature %lld", (long long)feature);
        return;
    }
    const int64_t pixel = feature / shape->channels;
    lg_text_add(text, "row %lld, column %lld", (long long)(pixel / shape->width),
                (long long)(pixel % shape->width));
    if (shape->channels > 1)
        lg_text_add(text, ", channel %lld", (long long)(feature % shape->channels));
}

/* What a feature map made feature number `feature` of. */
static void name_lifted(const lg_compare *c, const lg_lift *lift, int64_t feature, lg_text *text)
{
    const lg_lift_family family = lg_lifts[lift->kind].family;
    const int64_t pair = feature - lift->in, cell = feature / 2 / lift->units;
    if (family == LG_LIFT_LAYER) {
        lg_text_add(text, "unit %lld", (long long)feature);
    } else if (family == LG_LIFT_WINDOWS) {
        lg_text_add(text, "unit %lld %s, cell %lld,%lld", (long long)(feature / 2 % lift->units),
                    feature % 2 ? "below" : "above", (long long)(cell / lift->grid),
                    (long long)(cell % lift->grid));
    } else if (pair < 0) {
        name_input(c, feature, text);
    } else {
        name_input(c, lift->pair[2 * pair], text);
        lg_text_add(text, " times ");
        name_input(c, lift->pair[2 * pair + 1], text);
    }
}

static void name_feature(const lg_compare *c, int64_t feature, lg_text *text)
{
    const lg_lift *lift = lg_feature_map_lift(c->trainer.map);
    if (lift)
        name_lifted(c, lift, feature, text);
    else
        name_input(c, feature, text);
}

/* Where in a batch or a model element `index` of an array stands; the row of the batch, or -1. */
static int64_t name_place(const lg_compare *c, lg_array array, int64_t index, lg_text *text)
{
    const lg_trainer *t = &c->trainer;
    const int64_t d = t->features, columns = (int64_t)t->settings * t->outputs;
    switch (array) {
    case LG_ARRAY_U:
        name_input(c, index % t->inputs, text);
        return index / t->inputs;
    case LG_ARRAY_X:
        name_feature(c, index % d, text);
        return index / d;
    case LG_ARRAY_Z:
        name_output(c, index % columns, text);
        return index / columns;
    case LG_ARRAY_ROW_LOSS:
        if (t->settings > 1) lg_text_add(text, "setting %lld", (long long)(index % t->settings));
        return index / t->settings;
    case LG_ARRAY_GB:
    case LG_ARRAY_B:
    case LG_ARRAY_STATE_B0:
    case LG_ARRAY_STATE_B1:
        name_output(c, index, text);
        return -1;
    default:
        name_output(c, index / d, text);
        lg_text_add(text, ", ");
        name_feature(c, index % d, text);
        return -1;
    }
}

void lg_compare_place(const lg_compare *c, lg_array array, int64_t index, logit_divergence *first)
{
    static const char *const prefix[LG_ARRAY_COUNT] = {
        [LG_ARRAY_B] = "bias of ",
        [LG_ARRAY_GB] = "gradient of the bias of ",
        [LG_ARRAY_STATE_W0] = "state 1 of ",
        [LG_ARRAY_STATE_W1] = "state 2 of ",
        [LG_ARRAY_STATE_B0] = "state 1 of the bias of ",
        [LG_ARRAY_STATE_B1] = "state 2 of the bias of ",
    };
    lg_text text = {0};
    if (prefix[array]) lg_text_add(&text, "%s", prefix[array]);
    const int64_t row = name_place(c, array, index, &text);
    lg_compare_sample(c, row, first->sample, sizeof first->sample);
    snprintf(first->of, sizeof first->of, "%s", text.data ? text.data : "");
    lg_text_clear(&text);
}
