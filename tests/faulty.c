/* faulty.c -- a table of operations that call the good ones, and one number too many. */
/* SPDX-License-Identifier: MIT */
#include "tests/faulty.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "core/fmath.h"
#include "tests/small_set.h"
#include "train/settings.h"

/* Stands in the place of a backend's table, which is its first member. */
typedef struct faulty {
    lg_backend_ops ops;
    const lg_backend_ops *good;
    faulty_plan *plan;
} faulty;

static faulty planted;

static faulty *of(const lg_backend *backend)
{
    return (faulty *)(uintptr_t)backend->ops;
}

/* --------------------------------------------------------------------------------- one number ---
 */

static float *array_of(const lg_step *step, lg_array array)
{
    void *const arrays[LG_ARRAY_COUNT] = {
        [LG_ARRAY_X] = step->x,
        [LG_ARRAY_Z] = step->z,
        [LG_ARRAY_ROW_LOSS] = step->row_loss,
        [LG_ARRAY_GW] = step->gw,
        [LG_ARRAY_GB] = step->gb,
        [LG_ARRAY_W] = step->w,
        [LG_ARRAY_B] = step->b,
        [LG_ARRAY_STATE_W0] = step->state_w[0],
        [LG_ARRAY_STATE_W1] = step->state_w[1],
        [LG_ARRAY_STATE_B0] = step->state_b[0],
        [LG_ARRAY_STATE_B1] = step->state_b[1],
        [LG_ARRAY_U] = step->u,
    };
    return arrays[array];
}

/* The processor's memory is the host's. */
static void spoil(const lg_backend *backend, const lg_step *step, lg_stage stage)
{
    faulty_plan *plan = of(backend)->plan;
    if (plan->stage != stage || plan->step != step->number + 1 || plan->tf32) return;
    if (plan->skip > 0) {
        plan->skip--;
        return;
    }
    if (plan->times > 0 && plan->spoiled >= plan->times) return;
    float *number = array_of(step, plan->array) + plan->index;
    plan->before = *number;
    plan->spoiled++;
    float value = plan->ulps != 0 ? *number : plan->value;
    for (int i = 0; i < abs(plan->ulps); i++)
        value = nextafterf(value, plan->ulps > 0 ? INFINITY : -INFINITY);
    *number = value;
}

/* ------------------------------------------------------------------------------------- tf32 --- */

/* The nearest float with 10 bits after the point; ties to even. */
static float *rounded(const void *array, int64_t count)
{
    const float *from = array;
    float *to = malloc((size_t)count * sizeof *to);
    ck_assert_ptr_nonnull(to);
    for (int64_t i = 0; i < count; i++) {
        const uint32_t bits = lg_float_bits(from[i]);
        to[i] = lg_bits_float((bits + 0xFFFu + (bits >> 13 & 1u)) & ~0x1FFFu);
    }
    return to;
}

static int rounds(const lg_backend *backend, const lg_step *step)
{
    const faulty_plan *plan = of(backend)->plan;
    return plan->tf32 && step->number + 1 >= plan->step;
}

/* --------------------------------------------------------------------------------- operations ---
 */

static logit_status bad_pixels(lg_backend *backend, const lg_step *step, logit_error *err)
{
    LG_TRY(of(backend)->good->pixels(backend, step, err));
    spoil(backend, step, LG_STAGE_PIXELS);
    return LOGIT_OK;
}

static logit_status bad_features(lg_backend *backend, const lg_step *step, logit_error *err)
{
    LG_TRY(of(backend)->good->features(backend, step, err));
    spoil(backend, step, LG_STAGE_FEATURES);
    return LOGIT_OK;
}

static logit_status bad_logits(lg_backend *backend, const lg_step *step, logit_error *err)
{
    const int64_t d = step->features, columns = (int64_t)step->settings * step->outputs;
    lg_step other = *step;
    if (rounds(backend, step)) {
        other.x = rounded(step->x, step->batch.count * d);
        other.w = rounded(step->w, columns * d);
    }
    const logit_status status = of(backend)->good->logits(backend, &other, err);
    if (other.x != step->x) free(other.x);
    if (other.w != step->w) free(other.w);
    spoil(backend, step, LG_STAGE_LOGITS);
    return status;
}

static logit_status bad_loss(lg_backend *backend, const lg_step *step, logit_error *err)
{
    LG_TRY(of(backend)->good->loss(backend, step, err));
    spoil(backend, step, LG_STAGE_LOSS);
    return LOGIT_OK;
}

static logit_status bad_gradient(lg_backend *backend, const lg_step *step, logit_error *err)
{
    const int64_t n = step->batch.count, columns = (int64_t)step->settings * step->outputs;
    lg_step other = *step;
    if (rounds(backend, step)) {
        other.x = rounded(step->x, n * step->features);
        other.z = rounded(step->z, n * columns);
    }
    const logit_status status = of(backend)->good->gradient(backend, &other, err);
    if (other.x != step->x) free(other.x);
    if (other.z != step->z) free(other.z);
    spoil(backend, step, LG_STAGE_GRADIENT);
    return status;
}

static logit_status bad_update(lg_backend *backend, const lg_step *step, logit_error *err)
{
    LG_TRY(of(backend)->good->update(backend, step, err));
    spoil(backend, step, LG_STAGE_UPDATE);
    return LOGIT_OK;
}

/* W <- (1 - lr decay - lr l2) W - sum (lr dz) x, b likewise, as one product would have it. */
static void fold(const lg_step *step)
{
    const int64_t d = step->features;
    const int columns = step->settings * step->outputs;
    for (int c = 0; c < columns; c++) {
        const lg_scalars *s = &step->scalars[c / step->outputs];
        const float keep = (float)(1.0 - s->lr * s->decay - s->lr * s->l2), lr = (float)s->lr;
        float *w = (float *)step->w + c * d, *b = (float *)step->b + c;
        for (int64_t j = 0; j < d; j++) w[j] *= keep;
        for (int64_t i = 0; i < step->batch.count; i++) {
            const float dz = ((const float *)step->z)[i * columns + c] * lr;
            for (int64_t j = 0; j < d; j++)
                w[j] = lg_fma(-dz, ((const float *)step->x)[i * d + j], w[j]);
        }
        *b -= ((const float *)step->gb)[c] * lr;
    }
}

static logit_status bad_step(lg_backend *backend, const lg_step *step, logit_error *err)
{
    const lg_backend_ops *good = of(backend)->good;
    if (of(backend)->plan->folds) {
        LG_TRY(good->pixels(backend, step, err));
        LG_TRY(good->logits(backend, step, err));
        LG_TRY(good->loss(backend, step, err));
        LG_TRY(good->sum(backend, step, err));
        fold(step);
    } else {
        LG_TRY(good->step(backend, step, err));
    }
    spoil(backend, step, LG_STAGE_STEP);
    return LOGIT_OK;
}

static lg_fold bad_folds(const lg_backend *backend, const lg_step *step)
{
    (void)step;
    return of(backend)->plan->folds ? LG_FOLD_WEIGHTS : LG_FOLD_NONE;
}

/* ------------------------------------------------------------------------------------- all --- */

static faulty_plan *plan_of_next;

static void spoil_party(lg_compare *c)
{
    lg_backend *backend = c->party[plan_of_next->party]->backend;
    planted = (faulty){*backend->ops, backend->ops, plan_of_next};
    planted.ops.pixels = bad_pixels;
    planted.ops.features = bad_features;
    planted.ops.logits = bad_logits;
    planted.ops.loss = bad_loss;
    planted.ops.gradient = bad_gradient;
    planted.ops.update = bad_update;
    planted.ops.step = bad_step;
    planted.ops.folds = bad_folds;
    if (plan_of_next->stage != LG_STAGE_STEP && plan_of_next->step > 0) planted.ops.fuses = NULL;
    if (plan_of_next->tf32 == 2) c->party[plan_of_next->party]->precision = LG_PRECISION_TF32;
    backend->ops = &planted.ops;
}

static logit_status ask(lg_compare *c, logit_error *err)
{
    LG_TRY(lg_options_settle(&c->trainer.options, err));
    if (asked.replay) {
        LG_TRY(lg_compare_replay(c, err));
        return lg_compare_judge(c, err);
    }
    LG_TRY(lg_compare_open_training(c, err));
    LG_TRY(asked.self_test ? lg_compare_self_test(c, err) : lg_compare_lockstep(c, err));
    answer.loss_start = 1.0; /* that it trained is not the question */
    answer.loss_end = 0.0;
    return lg_compare_judge(c, err);
}

void faulty_compare(faulty_plan *plan, int two, const char *set, logit_status want)
{
    const char *mode = asked.replay ? "replay" : asked.self_test ? "self-test" : "lockstep";
    const char *path = set && *set != '/' ? small_set_path(set) : set;
    logit_comparison_clear(&answer);
    answer_error = (logit_error){0};
    answer = (logit_comparison){.mode = mode, .first = {.step = -1}};
    for (int i = 0; i < LOGIT_COMPARE_STAGES; i++) answer.smallest_fault[i] = NAN;
    plan_of_next = plan;
    lg_compare c = {.options = &asked,
                    .out = &answer,
                    .device = {"cpu", two ? "cpu" : NULL},
                    .opened = spoil_party};
    c.trainer = (lg_trainer){.path = path, .options = asked.train, .rehearsal = 1};
    const logit_status status = ask(&c, &answer_error);
    lg_compare_close(&c);
    ck_assert_msg(status == want, "status %d, want %d: %s", status, want,
                  status == LOGIT_OK ? answer.sentence : answer_error.message);
}
