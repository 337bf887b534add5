/* test_schedule.c -- the learning rate of every step, beside values worked out by hand.
 *
 * Tests (suite schedule). */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/small_set.h"
#include "tests/train_rig.h"
#include "train/trainer.h"

Suite *lg_suite_schedule(void);

/* Six epochs of four steps. */
enum { STEPS = 24, PER_EPOCH = 4 };

/* Binary fractions: all of them are exact. */
static const struct {
    lg_rate_plan plan;
    double want[STEPS];
} exact[] = {
    {{LG_SCHEDULE_CONST, STEPS, PER_EPOCH, 0, 0, 0},
     {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}},
    {{LG_SCHEDULE_CONST, STEPS, PER_EPOCH, 8, 0, 0},
     {.125, .25, .375, .5, .625, .75, .875, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}},
    {{LG_SCHEDULE_CONST, STEPS, PER_EPOCH, 1, 0, 0}, /* one step of it is none */
     {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}},
    {{LG_SCHEDULE_STEP, STEPS, PER_EPOCH, 0, 2, 0.5},
     {1,  1,  1,  1,  1,   1,   1,   1,   .5,  .5,  .5,  .5,
      .5, .5, .5, .5, .25, .25, .25, .25, .25, .25, .25, .25}},
    {{LG_SCHEDULE_STEP, STEPS, PER_EPOCH, 4, 1, 0.25}, /* epochs count from the beginning */
     {.25,    .5,     .75,    1,      .25,     .25,     .25,     .25,
      .0625,  .0625,  .0625,  .0625,  .015625, .015625, .015625, .015625,
      0x1p-8, 0x1p-8, 0x1p-8, 0x1p-8, 0x1p-10, 0x1p-10, 0x1p-10, 0x1p-10}},
    {{LG_SCHEDULE_STEP, STEPS, PER_EPOCH, 8, 1, 0.5}, /* and a fall within it counts */
     {.125, .25,  .375, .5,   .3125, .375,  .4375, .5,    .25,    .25,    .25,    .25,
      .125, .125, .125, .125, .0625, .0625, .0625, .0625, .03125, .03125, .03125, .03125}},
    {{LG_SCHEDULE_STEP, STEPS, PER_EPOCH, 0, 5, 0},
     {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0}},
};

START_TEST(every_step_has_its_rate)
{
    for (int i = 0; i < STEPS; i++) {
        const double got = lg_schedule_factor(&exact[_i].plan, i);
        ck_assert_msg(got == exact[_i].want[i], "step %d: %.17g, want %.17g", i, got,
                      exact[_i].want[i]);
    }
}
END_TEST

/* The definition, in long double: from 1 down to 0 over what the warm-up leaves. */
START_TEST(cosine_begins_behind_the_warm_up) /* steps of it */
{
    const lg_rate_plan plan = {LG_SCHEDULE_COSINE, STEPS, PER_EPOCH, _i, 0, 0};
    for (int i = 0; i < STEPS; i++) {
        const long double pi = acosl(-1.0L), left = STEPS - _i;
        const long double want =
            i < _i ? (i + 1.0L) / _i : (1.0L + cosl(pi * (i - _i) / left)) / 2.0L;
        ck_assert_double_eq_tol(lg_schedule_factor(&plan, i), (double)want, 1e-15);
    }
    ck_assert_double_eq(lg_schedule_factor(&plan, _i), 1.0);
}
END_TEST

/* ------------------------------------------------------------------------------ whole runs --- */

/* 300 images, 30 of them held out, batches of 30: nine steps an epoch. */
typedef struct rates {
    int every, warmup;
} rates;

static void take_plan(void *user, const logit_run *run)
{
    *(rates *)user = (rates){run->options->step_every, run->options->warmup > 0.0};
}

/* Steps of rate 0 change nothing: a run whose rate falls to nothing after epoch 2 is one of two
 * epochs. */
START_TEST(a_run_takes_its_schedule)
{
    rates seen = {0, 0};
    logit_error err;
    const logit_watch watch = {.user = &seen, .start = take_plan};
    options.optimizer = "sgd";
    options.lr = (logit_list){1, {0.1}};
    options.l2 = (logit_list){1, {1e-3}};
    options.batch_size = 30;
    options.epochs = 2;
    train("idx", "two", LOGIT_OK, NULL);
    options.epochs = 6;
    options.schedule = "step";
    options.step_factor = 0.0;
    options.out = small_set_path("six");
    ck_assert_int_eq(logit_train(small_set_path("idx"), &options, &watch, NULL, &err), LOGIT_OK);
    ck_assert_int_eq(seen.every, 2); /* a third of six */
    logit_model *a = open_model("two"), *b = open_model("six");
    ck_assert_mem_eq(logit_model_describe(a).weight, logit_model_describe(b).weight,
                     sizeof(float) * 3 * SMALL_PIXELS);
    logit_model_close(a);
    logit_model_close(b);
}
END_TEST

/* What the trainer hands to the device, step by step. */
START_TEST(the_trainer_asks_for_each_step)
{
    lg_setting settings[2] = {{.lr = 0.5}, {.lr = 0.25, .stopped = 1}};
    lg_trainer t = {.setting = settings,
                    .settings = 2,
                    .rate = {LG_SCHEDULE_STEP, STEPS, PER_EPOCH, 2, 1, 0.5}};
    static const double want[] = {0.25, 0.5, 0.5, 0.5, 0.25, 0.25};
    for (t.step = 0; t.step < 6; t.step++) {
        lg_scalars scalars[2];
        lg_trainer_scalars(&t, 1.0, scalars);
        ck_assert_double_eq(scalars[0].lr, want[t.step]);
        ck_assert_double_eq(scalars[1].lr, 0.0);
    }
}
END_TEST

START_TEST(what_makes_no_sense_is_refused)
{
    logit_error err;
    options.epochs = 3;
    options.warmup = 3.5;
    train("idx", "run", LOGIT_E_USAGE, &err);
    ck_assert_ptr_nonnull(strstr(err.message, "--warmup 3.5: the run has 3 epochs"));
    options.warmup = 3.0;
    train("idx", "whole", LOGIT_OK, NULL);
    options.warmup = 0.0;
    options.step_every = 2;
    train("idx", "run", LOGIT_E_USAGE, &err);
    ck_assert_ptr_nonnull(strstr(err.message, "give --schedule step"));
}
END_TEST

Suite *lg_suite_schedule(void)
{
    Suite *suite = suite_create("schedule");
    TCase *factors = tcase_create("factors");
    tcase_add_loop_test(factors, every_step_has_its_rate, 0, (int)(sizeof exact / sizeof *exact));
    tcase_add_loop_test(factors, cosine_begins_behind_the_warm_up, 0, PER_EPOCH * 2);
    tcase_add_test(factors, the_trainer_asks_for_each_step);
    suite_add_tcase(suite, factors);
    TCase *runs = tcase_create("runs");
    tcase_add_checked_fixture(runs, begin, small_set_end);
    tcase_add_test(runs, a_run_takes_its_schedule);
    tcase_add_test(runs, what_makes_no_sense_is_refused);
    suite_add_tcase(suite, runs);
    return suite;
}
