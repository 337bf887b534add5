/* test_compare_free.c -- drift and its envelope: what stays inside, and what does not.
 *
 * Tests (suite compare_free). */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/status.h"
#include "tests/compare_rig.h"
#include "tests/small_set.h"
#include "tests/train_rig.h"
#include "train/compare_difference.h"
#include "train/compare_envelope.h"
#include "train/settings.h"

Suite *lg_suite_compare_free(void);

static void begin_free(void)
{
    compare_begin();
    asked.mode = "free";
    asked.steps = 60;
    asked.train.lr = (logit_list){1, {0.02}};
}

static const char *const optimizers[] = {"gd", "sgd", "adam"};
static const fault faults[] = {FAULT_TF32, FAULT_LAST_ROW, FAULT_LAST_TERM, FAULT_SCALE};

START_TEST(a_good_device_stays_inside)
{
    asked.train.optimizer = optimizers[_i];
    compare_spoiled(FAULT_NONE, 1, "idx", LOGIT_OK);
    ck_assert_double_lt(answer.margin, 0.5);
    ck_assert_double_gt(answer.margin, 1e-4); /* the yardstick is one */
}
END_TEST

/* From the step on in which it begins, and not before. */
START_TEST(a_bad_device_leaves_the_envelope)
{
    const fault which = faults[_i / 3];
    const int adam = _i % 3 == 2;
    asked.train.optimizer = optimizers[_i % 3];
    if (adam && which == FAULT_SCALE) { /* adam divides a gradient by its own size */
        compare_spoiled(which, 1, "idx", LOGIT_OK);
        return;
    }
    compare_spoiled(which, 1, "idx", LOGIT_E_CHECK);
    /* With W = 0 the logits are the biases, whatever is done to the factors of their products, and
     * the first step of adam is made of signs alone. */
    ck_assert_int_le(answer.first.step, adam || which == FAULT_LAST_TERM ? 2 : 1);
    ck_assert_double_gt(answer.margin, 5.0);
    ck_assert_str_eq(answer.first.stage, "weights");
    ck_assert_double_gt(answer.first.got, answer.first.bound);
    ck_assert_ptr_nonnull(strstr(answer.sentence, "outside: from step"));

    if (strcmp(asked.train.optimizer, "gd") == 0) return; /* its faults go by minibatch */
    compare_spoiled(which, 30, "idx", LOGIT_E_CHECK);
    ck_assert_int_ge(answer.first.step, 30);
    /* Later a step moves the weights little, and what is off in it still less. */
    ck_assert_int_le(answer.first.step, which == FAULT_TF32 ? 50 : 32);
}
END_TEST

START_TEST(every_step_is_told)
{
    compare("idx", LOGIT_OK);
    ck_assert_int_eq(answer.drifts, 60);
    double widest = 0.0, largest = 0.0;
    for (int64_t i = 0; i < answer.drifts; i++) {
        const logit_drift *d = &answer.drift[i];
        ck_assert_int_eq(d->step, i + 1);
        ck_assert_double_ge(d->envelope, widest); /* the farthest so far */
        widest = d->envelope;
        largest = fmax(largest, d->distance[0] / d->envelope);
        ck_assert(isnan(d->distance[1]) && isnan(d->distance[2]) && isnan(d->loss[1]));
        ck_assert_double_eq_tol(d->loss[0], d->loss[2], 1e-5 * d->loss[2]);
    }
    ck_assert_double_eq(largest, answer.margin);
}
END_TEST

/* ---------------------------------------------------------------------------- the envelope --- */

typedef struct bench {
    lg_compare c;
    lg_envelope *envelope;
    logit_comparison out;
} bench;

static void open_bench(bench *b)
{
    logit_error err = {0};
    *b = (bench){.out = {.mode = "free", .first = {.step = -1}}};
    b->c = (lg_compare){.options = &asked, .out = &b->out, .device = {"cpu"}};
    b->c.trainer =
        (lg_trainer){.path = small_set_path("idx"), .options = asked.train, .rehearsal = 1};
    ck_assert_int_eq(lg_options_settle(&b->c.trainer.options, &err), LOGIT_OK);
    ck_assert_msg(lg_compare_open_training(&b->c, &err) == LOGIT_OK, "%s", err.message);
    ck_assert_msg(lg_envelope_open(&b->envelope, &b->c, b->c.party[LG_COMPARE_A], "cpu", &err) ==
                      LOGIT_OK,
                  "%s", err.message);
}

static void close_bench(bench *b)
{
    lg_envelope_close(b->envelope);
    lg_compare_close(&b->c);
}

/* All steps, by A and by the members; widths [steps] of setting 0. */
static void train_both(bench *b, double *width)
{
    logit_error err = {0};
    lg_compare *c = &b->c;
    logit_status status = lg_compare_begin(c, &err);
    for (int64_t step = 0; status == LOGIT_OK && c->mini; step++) {
        status = lg_compare_send(c, &err);
        if (status == LOGIT_OK) status = lg_party_run(c->party[LG_COMPARE_A], LG_STAGE_STEP, &err);
        if (status == LOGIT_OK) status = lg_envelope_step(b->envelope, c, NULL, &err);
        width[step] = lg_envelope_width(b->envelope, 0);
        if (status == LOGIT_OK) status = lg_compare_next(c, NAN, &err);
    }
    ck_assert_msg(status == LOGIT_OK, "%s", err.message);
}

/* Member 0 is the training itself, to the bit. */
START_TEST(the_first_member_has_no_noise)
{
    bench b;
    double width[60];
    open_bench(&b);
    train_both(&b, width);
    const int64_t all = lg_party_count(b.envelope->party, LG_ARRAY_W);
    const int64_t one = lg_party_count(b.c.party[LG_COMPARE_A], LG_ARRAY_W);
    double *w = malloc((size_t)(all + one) * sizeof *w);
    lg_party_get(b.envelope->party, LG_ARRAY_W, w, NULL);
    lg_party_get(b.c.party[LG_COMPARE_A], LG_ARRAY_W, w + all, NULL);
    ck_assert_int_eq(all, b.envelope->members * one);
    ck_assert_mem_eq(w, w + all, (size_t)one * sizeof *w);
    for (int m = 1; m < b.envelope->members;
         m++) /* and the others differ, from it and each other */
        for (int other = 0; other < m; other++)
            ck_assert_int_ne(memcmp(w + m * one, w + other * one, (size_t)one * sizeof *w), 0);
    free(w);
    close_bench(&b);
}
END_TEST

/* One-ulp noise on every weight: after the first step 2^-24 to a few 2^-23 of |W|, then more. */
START_TEST(noise_is_of_the_size_of_a_rounding)
{
    bench b;
    double width[60], again[60];
    open_bench(&b);
    train_both(&b, width);
    ck_assert_double_gt(width[0] / b.envelope->factor, 0x1p-25);
    ck_assert_double_lt(width[0] / b.envelope->factor, 0x1p-21);
    ck_assert_double_gt(width[59], 1.5 * width[0]);
    ck_assert_double_lt(width[59] / b.envelope->factor, 1e-5);
    close_bench(&b);

    open_bench(&b); /* seeded: the same again */
    train_both(&b, again);
    ck_assert_mem_eq(width, again, sizeof width);
    close_bench(&b);
    asked.train.seed = 1;
    open_bench(&b);
    train_both(&b, again);
    ck_assert_mem_ne(width, again, sizeof width);
    close_bench(&b);
}
END_TEST

/* Not the weights alone: with none but theirs all would be one ulp away after the first step. */
START_TEST(noise_goes_into_the_gradients)
{
    static const lg_array arrays[] = {LG_ARRAY_W, LG_ARRAY_B};
    bench b;
    double width[1], w[9 * 3 * SMALL_PIXELS];
    int away[3] = {0}; /* by 0, 1 and more ulps */
    asked.steps = 1;
    asked.train.init = "zero";
    asked.train.optimizer = "sgd";
    open_bench(&b);
    train_both(&b, width);
    const int64_t all = lg_party_count(b.envelope->party, arrays[_i]), one = all / 9;
    ck_assert_int_eq(lg_party_get(b.envelope->party, arrays[_i], w, NULL), LOGIT_OK);
    for (int64_t i = one; i < all; i++) {
        const double ulps = fabs(w[i] - w[i % one]) / lg_float_ulp(w[i % one]);
        away[ulps < 0.5 ? 0 : ulps < 1.5 ? 1 : 2]++;
    }
    ck_assert_int_gt(away[0], 0);
    ck_assert_int_gt(away[2], 0);
    close_bench(&b);
}
END_TEST

/* Weights that are zero are not rounded. */
START_TEST(zero_stays_zero)
{
    bench b;
    double width[60];
    asked.train.lr = (logit_list){1, {0.0}};
    open_bench(&b);
    train_both(&b, width);
    for (int i = 0; i < 60; i++) ck_assert_double_eq(width[i], 0.0);
    close_bench(&b);
}
END_TEST

/* ------------------------------------------------------------------------- what train runs --- */

/* One minibatch through A, as compare_free.c has it. */
static logit_status train_a(lg_compare *c)
{
    lg_party *a = c->party[LG_COMPARE_A];
    LG_TRY(lg_compare_send(c, NULL));
    if (c->first && c->last) return lg_party_run(a, LG_STAGE_STEP, NULL);
    for (lg_stage stage = LG_STAGE_PIXELS; stage <= LG_STAGE_GRADIENT; stage++)
        LG_TRY(lg_party_run(a, stage, NULL));
    return c->last ? lg_party_run(a, LG_STAGE_UPDATE, NULL) : LOGIT_OK;
}

/* All epochs, to the bit: the same minibatches, rates and sums as those of a run. */
START_TEST(what_is_compared_is_what_train_runs)
{
    bench b;
    double w[3 * SMALL_PIXELS];
    asked.steps = 1000;
    asked.train.lr.count = 0;
    asked.train.epochs = options.epochs = 3;
    asked.train.optimizer = options.optimizer = optimizers[_i];
    train("idx", "run", LOGIT_OK, NULL);
    logit_model *model = open_model("run");
    open_bench(&b);
    ck_assert_int_eq(lg_compare_begin(&b.c, NULL), LOGIT_OK);
    while (b.c.mini) {
        ck_assert_int_eq(train_a(&b.c), LOGIT_OK);
        ck_assert_int_eq(lg_compare_next(&b.c, NAN, NULL), LOGIT_OK);
    }
    lg_party_get(b.c.party[LG_COMPARE_A], LG_ARRAY_W, w, NULL);
    for (int i = 0; i < 3 * SMALL_PIXELS; i++)
        ck_assert_double_eq(w[i], (double)logit_model_describe(model).weight[i]);
    ck_assert_int_eq(b.out.steps, _i == 0 ? 3 : 3 * 9);
    close_bench(&b);
    logit_model_close(model);
}
END_TEST

START_TEST(the_factor_is_as_it_is_said)
{
    ck_assert_double_eq(lg_envelope_factor(784, 128), 28.0);
    ck_assert_double_eq(lg_envelope_factor(30, 32), 16.0);
    ck_assert_double_eq(lg_envelope_factor(30, 900), 30.0);
    ck_assert_double_eq(lg_envelope_factor(784, 54000), 54000.0 / 32.0);
}
END_TEST

/* Adam steps by the sign of a gradient, also where it is rounding alone: two classes, as many of
 * each in the whole set, one batch.  The envelope knows, since noise goes into the gradients. */
START_TEST(a_gradient_of_rounding_alone_is_no_fault)
{
    small_set_write_idx(small_set_path("pair"), "train", 64, 2);
    asked.train.val_split = 0.0;
    asked.train.batch_size = 64;
    asked.train.normalize = "unit";
    compare("pair", LOGIT_OK);
}
END_TEST

/* ------------------------------------------------------------------------------- real data --- */

START_TEST(tf32_is_found_on_mnist)
{
    const char *data = getenv("LOGIT_TEST_DATA");
    char path[4096];
    if (!data) {
        puts("compare_free: MNIST was skipped, LOGIT_TEST_DATA is not set");
        return;
    }
    snprintf(path, sizeof path, "%s/mnist", data);
    ck_assert_int_eq(symlink(path, small_set_path("mnist")), 0);
    logit_options_default(&asked.train);
    asked.train.threads = 2;
    asked.train.optimizer = optimizers[1 + _i % 2];
    asked.mode = _i < 2 ? "free" : "lockstep";
    asked.steps = 20;
    compare_spoiled(FAULT_NONE, 1, "mnist", LOGIT_OK);
    compare_spoiled(FAULT_TF32, 1, "mnist", LOGIT_E_CHECK);
    ck_assert_int_le(answer.first.step, 2);
    if (_i < 2) ck_assert_double_gt(answer.margin, 20.0);
}
END_TEST

Suite *lg_suite_compare_free(void)
{
    Suite *suite = suite_create("compare_free");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, begin_free, compare_end);
    tcase_set_timeout(all, 120);
    tcase_add_loop_test(all, a_good_device_stays_inside, 0, 3);
    tcase_add_loop_test(all, a_bad_device_leaves_the_envelope, 0, 12);
    tcase_add_test(all, every_step_is_told);
    tcase_add_test(all, the_first_member_has_no_noise);
    tcase_add_test(all, noise_is_of_the_size_of_a_rounding);
    tcase_add_loop_test(all, noise_goes_into_the_gradients, 0, 2);
    tcase_add_test(all, zero_stays_zero);
    tcase_add_loop_test(all, what_is_compared_is_what_train_runs, 0, 3);
    tcase_add_test(all, the_factor_is_as_it_is_said);
    tcase_add_test(all, a_gradient_of_rounding_alone_is_no_fault);
    tcase_add_loop_test(all, tf32_is_found_on_mnist, 0, 4);
    suite_add_tcase(suite, all);
    return suite;
}
