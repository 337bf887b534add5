/* compare_replay.c -- a minibatch written down where something was found, and taken apart again. */
/* SPDX-License-Identifier: MIT */
#include "train/compare_replay.h"

#include <stdlib.h>
#include <string.h>

#include "base/half.h"
#include "base/status.h"
#include "train/class_names.h"
#include "train/compare_lockstep.h"

/* ------------------------------------------------------------------------------ writing it --- */

/* Where the arrays of the reference's start go. */
static const lg_array starts[] = {
    [LG_REPLAY_W] = LG_ARRAY_W,
    [LG_REPLAY_B] = LG_ARRAY_B,
    [LG_REPLAY_STATE_W0] = LG_ARRAY_STATE_W0,
    [LG_REPLAY_STATE_W1] = LG_ARRAY_STATE_W1,
    [LG_REPLAY_STATE_B0] = LG_ARRAY_STATE_B0,
    [LG_REPLAY_STATE_B1] = LG_ARRAY_STATE_B1,
    [LG_REPLAY_GW] = LG_ARRAY_GW,
    [LG_REPLAY_GB] = LG_ARRAY_GB,
};

static void fill_start(const lg_lockstep *ls, lg_replay_array array, float *to, int64_t count)
{
    const double *from = ls->start[starts[array]];
    const double scale = array == LG_REPLAY_W ? ls->first_scale : 1.0;
    for (int64_t i = 0; i < count; i++) to[i] = (float)(scale * from[i]);
}

/* Element number `at` of the minibatch's samples, and the other way round. */
static float number_at(const lg_minibatch *mini, int64_t at)
{
    uint16_t half;
    float single;
    switch (mini->element) {
    case LG_ELEMENT_F16:
        memcpy(&half, mini->pixels + 2 * at, sizeof half);
        return lg_half_float(half);
    case LG_ELEMENT_F32:
        memcpy(&single, mini->pixels + 4 * at, sizeof single);
        return single;
    default:
        return (float)mini->pixels[at];
    }
}

static void put_number(uint8_t *pixels, lg_element element, int64_t at, float number)
{
    uint16_t half;
    switch (element) {
    case LG_ELEMENT_F16:
        lg_half_of_float(number, &half); /* the file was looked at: it is one */
        memcpy(pixels + 2 * at, &half, sizeof half);
        break;
    case LG_ELEMENT_F32:
        memcpy(pixels + 4 * at, &number, sizeof number);
        break;
    default:
        pixels[at] = (uint8_t)number;
    }
}

/* Row i of what the minibatch holds. */
static void fill_row(const lg_replay *replay, const lg_minibatch *mini, int64_t i)
{
    const int64_t row = mini->row ? mini->row[i] : i, d = lg_problem_shape_inputs(&replay->shape);
    const int64_t width = replay->target_width;
    for (int64_t j = 0; j < d; j++)
        replay->array[LG_REPLAY_PIXELS][i * d + j] = number_at(mini, row * d + j);
    if (mini->weight) replay->array[LG_REPLAY_WEIGHT][i] = mini->weight[row];
    if (width == 0) replay->array[LG_REPLAY_TRUTH][i] = (float)mini->label[row];
    for (int64_t j = 0; j < width; j++)
        replay->array[LG_REPLAY_TRUTH][i * width + j] = mini->target[row * width + j];
}

static logit_status fill_arrays(const lg_lockstep *ls, lg_replay *replay, logit_error *err)
{
    for (lg_replay_array i = 0; i < LG_REPLAY_ARRAYS; i++) {
        int64_t shape[2];
        int rank;
        const int64_t count = lg_replay_shape(replay, i, shape, &rank);
        if (count == 0) continue;
        replay->array[i] = malloc((size_t)count * sizeof(float));
        if (!replay->array[i]) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a replay file");
        if (i <= LG_REPLAY_GB) fill_start(ls, i, replay->array[i], count);
    }
    for (int64_t i = 0; i < replay->shape.batch; i++) fill_row(replay, ls->c->mini, i);

    lg_party *ref = ls->c->party[LG_COMPARE_REF];
    const lg_backend_ops *ops = ref->backend->ops;
    const size_t bytes = (size_t)lg_problem_shape_inputs(&replay->shape) * sizeof(float);
    LG_TRY(ops->download(ref->backend, LG_QUEUE_COMPUTE, replay->array[LG_REPLAY_SCALE],
                         ref->problem->step.scale, bytes, err));
    LG_TRY(ops->download(ref->backend, LG_QUEUE_COMPUTE, replay->array[LG_REPLAY_SHIFT],
                         ref->problem->step.shift, bytes, err));
    return ops->sync(ref->backend, err);
}

static logit_status fill_names(const lg_lockstep *ls, lg_replay *replay, logit_error *err)
{
    const int64_t n = replay->shape.batch;
    replay->sample_name = calloc((size_t)n, sizeof *replay->sample_name);
    replay->class_name =
        lg_class_names_copy(ls->c->trainer.sources.data->class_name, replay->classes);
    replay->scalars = malloc((size_t)replay->shape.settings * sizeof *replay->scalars);
    if (!replay->sample_name || !replay->class_name || !replay->scalars)
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a replay file");
    memcpy(replay->scalars, ls->c->scalars,
           (size_t)replay->shape.settings * sizeof *replay->scalars);
    for (int64_t i = 0; i < n; i++) {
        char name[256];
        lg_compare_sample(ls->c, i, name, sizeof name);
        replay->sample_name[i] = lg_text_format("%lld %s", (long long)i, name); /* none twice */
        if (!replay->sample_name[i]) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a replay file");
    }
    return LOGIT_OK;
}

logit_status lg_replay_write(const lg_lockstep *ls, const char *path, logit_error *err)
{
    const lg_compare *c = ls->c;
    lg_party *const *party = c->party;
    lg_replay replay = {.shape = ls->shape,
                        .map = c->trainer.map,
                        .image = c->trainer.shape,
                        .classes = c->trainer.sources.data->classes,
                        .target_width = party[LG_COMPARE_REF]->target_width,
                        .weighted = c->mini->weight != NULL,
                        .first = c->first,
                        .last = c->last,
                        .step = c->step,
                        .precision = party[LG_COMPARE_A]->precision};
    replay.shape.batch = c->mini->count;
    replay.shape.element = c->mini->element;
    snprintf(replay.stage, sizeof replay.stage, "%s", c->out->first.stage);
    for (int i = LG_COMPARE_A; i <= LG_COMPARE_B; i++) {
        if (!party[i]) continue;
        snprintf(replay.device[i], sizeof replay.device[i], "%s", party[i]->name);
        if (party[i]->precision != LG_PRECISION_F32) replay.precision = party[i]->precision;
    }
    logit_status status = fill_names(ls, &replay, err);
    if (status == LOGIT_OK) status = fill_arrays(ls, &replay, err);
    if (status == LOGIT_OK) status = lg_replay_save(&replay, path, err);
    replay.map = NULL; /* the training's */
    lg_replay_clear(&replay);
    return status;
}

/* ------------------------------------------------------------------------------ reading it --- */

/* A replay in the place of a training: its names, and its one minibatch. */
typedef struct batch {
    const lg_replay *replay;
    lg_dataset data;
    lg_set set;
    lg_minibatch mini;
    uint8_t *pixels;
    int32_t *label, *sample;
} batch;

static const char *name_of_sample(const lg_set *set, int64_t i, char *out, size_t size)
{
    const lg_replay *replay = set->own;
    const char *name = replay->sample_name ? strchr(replay->sample_name[i], ' ') : NULL;
    if (name)
        snprintf(out, size, "%s", name + 1);
    else
        snprintf(out, size, "%lld of the batch", (long long)i);
    return out;
}

static const lg_set_ops set_ops = {.name = name_of_sample};

static logit_status make_batch(batch *b, logit_error *err)
{
    const lg_replay *replay = b->replay;
    const int64_t n = replay->shape.batch, count = n * lg_problem_shape_inputs(&replay->shape);
    b->pixels = malloc((size_t)count * lg_element_bytes(replay->shape.element));
    b->label = malloc((size_t)n * sizeof *b->label);
    b->sample = malloc((size_t)n * sizeof *b->sample);
    if (!b->pixels || !b->label || !b->sample)
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a replay");
    for (int64_t i = 0; i < count; i++)
        put_number(b->pixels, replay->shape.element, i, replay->array[LG_REPLAY_PIXELS][i]);
    for (int64_t i = 0; i < n; i++) b->sample[i] = (int32_t)i;
    for (int64_t i = 0; i < n && replay->target_width == 0; i++)
        b->label[i] = (int32_t)replay->array[LG_REPLAY_TRUTH][i];
    b->mini = (lg_minibatch){
        .count = n,
        .element = replay->shape.element,
        .pixels = b->pixels,
        .label = replay->target_width == 0 ? b->label : NULL,
        .target = replay->target_width > 0 ? replay->array[LG_REPLAY_TRUTH] : NULL,
        .weight = replay->array[LG_REPLAY_WEIGHT],
        .sample = b->sample,
        .slot = -1,
    };
    return LOGIT_OK;
}

/* The devices of the file, unless others were asked for. */
static void name_devices(lg_compare *c, const lg_replay *replay)
{
    if (c->options->device[0] || c->options->device[1]) return;
    c->device[0] = replay->device[0];
    c->device[1] = replay->device[1][0] ? replay->device[1] : NULL;
}

static logit_status open_parties(lg_compare *c, const lg_replay *replay, logit_error *err)
{
    for (int i = 0; i < LG_COMPARE_PARTIES; i++) {
        const char *device = i == LG_COMPARE_REF ? "ref" : c->device[i];
        if (!device) continue;
        const lg_precision precision =
            strcmp(device, "cpu") == 0 ? LG_PRECISION_F32 : replay->precision;
        LG_TRY(lg_party_open(&c->party[i], device, precision, c->trainer.options.threads,
                             &replay->shape, replay->target_width, err));
        snprintf(c->out->device[i], sizeof c->out->device[i], "%s", c->party[i]->device);
    }
    if (c->opened) c->opened(c);
    return LOGIT_OK;
}

/* scale and shift of the pixels, to every party. */
static logit_status put_normal(lg_compare *c, const lg_replay *replay, logit_error *err)
{
    const size_t bytes = (size_t)lg_problem_shape_inputs(&replay->shape) * sizeof(float);
    for (int i = 0; i < LG_COMPARE_PARTIES; i++) {
        if (!c->party[i]) continue;
        lg_backend *backend = c->party[i]->backend;
        const lg_step *step = &c->party[i]->problem->step;
        LG_TRY(backend->ops->upload(backend, LG_QUEUE_COMPUTE, (void *)(uintptr_t)step->scale,
                                    replay->array[LG_REPLAY_SCALE], bytes, err));
        LG_TRY(backend->ops->upload(backend, LG_QUEUE_COMPUTE, (void *)(uintptr_t)step->shift,
                                    replay->array[LG_REPLAY_SHIFT], bytes, err));
        LG_TRY(backend->ops->sync(backend, err));
    }
    return LOGIT_OK;
}

/* Where the minibatch starts, as ls has it once it is open. */
static void take_start(lg_lockstep *ls, const lg_replay *replay)
{
    for (lg_replay_array i = 0; i <= LG_REPLAY_GB; i++) {
        int64_t shape[2];
        int rank;
        const int64_t count = lg_replay_shape(replay, i, shape, &rank);
        for (int64_t j = 0; j < count; j++) ls->start[starts[i]][j] = (double)replay->array[i][j];
    }
}

/* What the names of samples, classes and weights come from. */
static void pose_as_training(lg_compare *c, batch *b)
{
    lg_trainer *t = &c->trainer;
    const lg_replay *replay = b->replay;
    b->data = (lg_dataset){.classes = replay->classes, .class_name = replay->class_name};
    b->set = (lg_set){
        .ops = &set_ops, .element = replay->shape.element, .own = (void *)(uintptr_t)replay};
    t->sources.data = &b->data;
    t->sources.part[LG_PART_TRAIN].set = &b->set;
    t->shape = replay->image;
    t->map = replay->map;
    t->inputs = lg_problem_shape_inputs(&replay->shape);
    t->features = replay->shape.features;
    t->floats = lg_element_is_float(replay->shape.element);
    t->classes = replay->classes;
    t->outputs = replay->shape.outputs;
    t->settings = replay->shape.settings;
    c->mini = &b->mini;
    c->scalars = replay->scalars;
    c->step = replay->step;
    c->first = replay->first;
    c->last = replay->last;
}

static logit_status run(lg_compare *c, lg_lockstep *ls, batch *b, logit_error *err)
{
    const lg_replay *replay = b->replay;
    LG_TRY(make_batch(b, err));
    name_devices(c, replay);
    lg_compare_tell_devices(c);
    LG_TRY(open_parties(c, replay, err));
    LG_TRY(put_normal(c, replay, err));
    pose_as_training(c, b);
    LG_TRY(lg_lockstep_open(ls, c, &replay->shape, err));
    take_start(ls, replay);
    LG_TRY(lg_lockstep_batch(ls, err));
    lg_lockstep_end(ls);
    c->out->steps = 1;
    c->out->samples = b->mini.count;
    return LOGIT_OK;
}

logit_status lg_compare_replay(lg_compare *c, logit_error *err)
{
    lg_replay replay;
    lg_lockstep ls = {0};
    LG_TRY(lg_replay_load(&replay, c->options->replay, err));
    batch b = {.replay = &replay};
    const logit_status status = run(c, &ls, &b, err);
    lg_lockstep_close(&ls);
    free(b.pixels);
    free(b.label);
    free(b.sample);
    c->trainer.sources = (lg_sources){0}; /* all of this was the replay's */
    c->trainer.map = NULL;
    c->scalars = NULL;
    c->mini = NULL;
    c->device[0] = c->device[1] = NULL;
    lg_replay_clear(&replay);
    return status;
}
