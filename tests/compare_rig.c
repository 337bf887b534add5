/* compare_rig.c -- a faulty device is the processor's backend with some of its operations replaced.
 */
/* SPDX-License-Identifier: MIT */
#include "tests/compare_rig.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "tests/small_set.h"
#include "tests/train_rig.h"
#include "train/settings.h"

logit_compare_options asked;
logit_comparison answer;
logit_error answer_error;

void compare_begin(void)
{
    begin();
    logit_compare_options_default(&asked);
    options.epochs = 30;
    asked.train = options;
    asked.device[0] = "cpu";
    asked.device[1] = "ref";
    asked.steps = 20;
}

void compare_end(void)
{
    logit_comparison_clear(&answer);
    small_set_end();
}

static void expect_status(logit_status status, logit_status want)
{
    ck_assert_msg(status == want, "status %d, want %d: %s", status, want,
                  status == LOGIT_OK ? answer.sentence : answer_error.message);
}

void compare_model(logit_model *model, const char *set, logit_status want)
{
    logit_comparison_clear(&answer);
    answer_error = (logit_error){0};
    const char *path = set ? small_set_path(set) : NULL;
    expect_status(logit_compare(path, model, &asked, NULL, &answer, &answer_error), want);
}

void compare(const char *set, logit_status want)
{
    compare_model(NULL, set, want);
}

/* ----------------------------------------------------------------------------------- faults --- */

static const lg_backend_ops *good;
static lg_backend_ops bad;
static fault planted;
static int64_t first_step;

static int is_on(const lg_step *step, fault which)
{
    return planted == which && step->number + 1 >= first_step;
}

/* The nearest float with 10 bits after the point; ties to even. */
static float tf32(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    bits += 0xFFFu + (bits >> 13 & 1u);
    bits &= ~0x1FFFu;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static float *rounded(const void *array, int64_t count)
{
    const float *from = array;
    float *to = malloc((size_t)count * sizeof *to);
    ck_assert_ptr_nonnull(to);
    for (int64_t i = 0; i < count; i++) to[i] = tf32(from[i]);
    return to;
}

static logit_status bad_logits(lg_backend *backend, const lg_step *step, logit_error *err)
{
    const int64_t n = step->batch.count, d = step->features, k = step->outputs * step->settings;
    lg_step other = *step;
    if (is_on(step, FAULT_TF32)) {
        other.x = rounded(step->x, n * d);
        other.w = rounded(step->w, k * d);
        const logit_status status = good->logits(backend, &other, err);
        free(other.x);
        free(other.w);
        return status;
    }
    if (is_on(step, FAULT_LAST_TERM)) {
        other.x = malloc((size_t)(n * d) * sizeof(float));
        memcpy(other.x, step->x, (size_t)(n * d) * sizeof(float));
        for (int64_t i = 0; i < n; i++) ((float *)other.x)[i * d + d - 1] = 0.0f;
        const logit_status status = good->logits(backend, &other, err);
        free(other.x);
        return status;
    }
    return good->logits(backend, step, err);
}

static logit_status bad_gradient(lg_backend *backend, const lg_step *step, logit_error *err)
{
    const int64_t n = step->batch.count, d = step->features, k = step->outputs * step->settings;
    lg_step other = *step;
    if (is_on(step, FAULT_LAST_ROW)) other.batch.count--;
    if (is_on(step, FAULT_TF32)) {
        other.x = rounded(step->x, n * d);
        other.z = rounded(step->z, n * k);
    }
    const logit_status status = good->gradient(backend, &other, err);
    if (is_on(step, FAULT_TF32)) {
        free(other.x);
        free(other.z);
    }
    for (int64_t i = 0; i < k * d && is_on(step, FAULT_SCALE); i++)
        ((float *)step->gw)[i] *= 1.0f + 0x1p-12f;
    return status;
}

static void spoil(lg_compare *c)
{
    lg_backend *backend = c->party[LG_COMPARE_A]->backend;
    good = backend->ops;
    bad = *good;
    bad.logits = bad_logits;
    bad.gradient = bad_gradient;
    bad.fuses = NULL;
    backend->ops = &bad;
}

static logit_status ask_spoiled(lg_compare *c, logit_model *model, const char *set)
{
    logit_error *err = &answer_error;
    LG_TRY(lg_options_settle(&c->trainer.options, err));
    if (model) {
        LG_TRY(lg_compare_model(c, model, set, err));
        return lg_compare_judge(c, err);
    }
    LG_TRY(lg_compare_open_training(c, err));
    LG_TRY(strcmp(asked.mode, "free") == 0 ? lg_compare_free(c, err) : lg_compare_lockstep(c, err));
    answer.loss_start = 1.0; /* that it trained is not the question */
    answer.loss_end = 0.0;
    return lg_compare_judge(c, err);
}

static void run_spoiled(fault which, int64_t from, logit_model *model, const char *set,
                        logit_status want)
{
    logit_comparison_clear(&answer);
    answer_error = (logit_error){0};
    answer = (logit_comparison){.mode = model ? "model" : asked.mode, .first = {.step = -1}};
    planted = which;
    first_step = from;
    lg_compare c = {.options = &asked, .out = &answer, .device = {"cpu"}, .opened = spoil};
    c.trainer = (lg_trainer){.path = small_set_path(set), .options = asked.train, .rehearsal = 1};
    const logit_status status = ask_spoiled(&c, model, small_set_path(set));
    lg_compare_close(&c);
    expect_status(status, want);
}

void compare_spoiled(fault which, int64_t from, const char *set, logit_status want)
{
    run_spoiled(which, from, NULL, set, want);
}

void compare_spoiled_model(fault which, logit_model *model, const char *set, logit_status want)
{
    run_spoiled(which, 1, model, set, want);
}
