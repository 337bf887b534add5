/* test_compare_lockstep.c -- one wrong number is found, and named; a right one is not.
 *
 * Tests (suite compare_lockstep).  The set is small_set.h's: 6x5 grey pixels, 3 classes, 32 to a
 * batch, unshuffled, so that sample and weight can be told by counting. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/faulty.h"
#include "tests/small_set.h"

Suite *lg_suite_compare_lockstep(void);

enum { BATCH = 32, STEP = 3 };

static void begin_lockstep(void)
{
    compare_begin();
    asked.steps = 5;
    asked.train.val_split = 0.0;
    asked.train.shuffle = "none";
}

static const logit_difference *line(lg_stage stage, const char *b)
{
    for (int i = 0; i < answer.differences; i++)
        if (strcmp(answer.difference[i].stage, lg_stage_name[stage]) == 0 &&
            strcmp(answer.difference[i].b, b) == 0)
            return &answer.difference[i];
    ck_abort_msg("no line for %s", lg_stage_name[stage]);
}

/* ---------------------------------------------------------------------- one number of an op --- */

/* What is spoiled, and what it must be called: sample = which of the set (-1: none). */
static const struct spot {
    lg_stage stage;
    lg_array array;
    int64_t index;
    int sample;
    const char *of;
} spots[] = {
    {LG_STAGE_PIXELS, LG_ARRAY_X, 7 * SMALL_PIXELS + 13, 7, "row 2, column 3"},
    {LG_STAGE_LOGITS, LG_ARRAY_Z, 31 * 3 + 2, 31, "class 2"},
    {LG_STAGE_LOSS, LG_ARRAY_ROW_LOSS, 16, 16, ""},
    {LG_STAGE_LOSS, LG_ARRAY_Z, 5 * 3 + 1, 5, "class 1"},
    {LG_STAGE_LOSS, LG_ARRAY_GB, 1, -1, "gradient of the bias of class 1"},
    {LG_STAGE_GRADIENT, LG_ARRAY_GW, 2 * SMALL_PIXELS + 29, -1, "class 2, row 5, column 4"},
    {LG_STAGE_UPDATE, LG_ARRAY_W, 1 * SMALL_PIXELS + 6, -1, "class 1, row 1, column 1"},
    {LG_STAGE_UPDATE, LG_ARRAY_B, 0, -1, "bias of class 0"},
    {LG_STAGE_UPDATE, LG_ARRAY_STATE_W0, 12, -1, "state 1 of class 0, row 2, column 2"},
    {LG_STAGE_UPDATE, LG_ARRAY_STATE_W1, 61, -1, "state 2 of class 2, row 0, column 1"},
    {LG_STAGE_UPDATE, LG_ARRAY_STATE_B1, 2, -1, "state 2 of the bias of class 2"},
};
enum { SPOTS = sizeof spots / sizeof *spots };

static faulty_plan plan_of(const struct spot *spot)
{
    return (faulty_plan){
        .stage = spot->stage, .array = spot->array, .index = spot->index, .step = STEP};
}

static void assert_first(const struct spot *spot)
{
    const logit_divergence *first = &answer.first;
    char name[32] = "";
    if (spot->sample >= 0) snprintf(name, sizeof name, "[%d]", (STEP - 1) * BATCH + spot->sample);
    ck_assert_int_eq(first->step, STEP);
    ck_assert_str_eq(first->stage, lg_stage_name[spot->stage]);
    ck_assert_str_eq(first->a, "cpu");
    ck_assert_str_eq(first->b, "ref");
    ck_assert_str_eq(first->of, spot->of);
    ck_assert_msg(spot->sample < 0 ? first->sample[0] == '\0' : strstr(first->sample, name) != NULL,
                  "sample \"%s\", want %s", first->sample, name);
}

/* Far off: it is found, and where; then the bound that was found there is taken at its word. */
START_TEST(one_number_beyond_its_bound_is_named)
{
    const struct spot *spot = &spots[_i];
    faulty_plan plan = plan_of(spot);
    plan.value = 77.0f;
    faulty_compare(&plan, 0, "idx", LOGIT_E_CHECK);
    assert_first(spot);
    ck_assert_double_eq(answer.first.got, 77.0);
    ck_assert_int_ge(line(spot->stage, "ref")->outside, 1);

    const double want = answer.first.want, bound = answer.first.bound;
    const double ulp = fabs(want) * 0x1p-23;
    ck_assert_double_gt(bound, 0.0);
    ck_assert_double_lt(bound, 1e-3);
    plan.value = (float)(want + bound + 2.0 * ulp + bound / 8.0);
    faulty_compare(&plan, 0, "idx", LOGIT_E_CHECK);
    assert_first(spot);
}
END_TEST

START_TEST(one_number_within_its_bound_is_not)
{
    const struct spot *spot = &spots[_i];
    faulty_plan plan = plan_of(spot);
    plan.value = 77.0f;
    faulty_compare(&plan, 0, "idx", LOGIT_E_CHECK);
    const double want = answer.first.want, bound = answer.first.bound;
    const float near = (float)(want + bound / 2.0);
    plan.value = fabs((double)near - want) < bound ? near : (float)want;
    plan.spoiled = 0;
    faulty_compare(&plan, 0, "idx", LOGIT_OK);
    ck_assert_int_ge(plan.spoiled, 1);
    ck_assert_int_lt(answer.first.step, 0);
}
END_TEST

START_TEST(a_device_without_a_fault_passes) /* every loss with every optimiser */
{
    static const char *const kinds[] = {"softmax", "sigmoid", "mse"};
    faulty_plan none = {.step = 0};
    asked.train.loss = kinds[_i % 3];
    asked.train.optimizer = logit_optimizer_name(_i / 3);
    asked.train.label_smoothing = (logit_list){2, {0.0, 0.1}};
    asked.train.momentum = (logit_list){2, {0.0, 0.9}};
    asked.train.nesterov = _i % 2;
    asked.train.val_split = 0.1;
    asked.stress = 1;
    faulty_compare(&none, 1, "idx", LOGIT_OK);
    ck_assert_int_eq(answer.steps, 5);
    for (int i = 0; i < answer.differences; i++) {
        ck_assert_int_eq(answer.difference[i].outside, 0);
        ck_assert_int_gt(answer.difference[i].count, 0);
    }
    ck_assert_double_gt(answer.largest_logit, 100.0); /* by --stress */
}
END_TEST

START_TEST(a_number_that_is_none_is_found)
{
    faulty_plan plan = plan_of(&spots[_i]);
    plan.value = NAN;
    faulty_compare(&plan, 0, "idx", LOGIT_E_CHECK);
    assert_first(&spots[_i]);
    ck_assert_double_nan(answer.first.got);
}
END_TEST

/* ------------------------------------------------------------------------------- two devices ---
 */

/* One ulp is within every bound to the reference; between two devices it is not. */
START_TEST(devices_agree_to_the_last_bit)
{
    faulty_plan plan = plan_of(&spots[_i]);
    plan.party = LG_COMPARE_B;
    plan.ulps = 1;
    const lg_stage stage = spots[_i].stage;
    const int exact = stage != LG_STAGE_LOGITS && stage != LG_STAGE_GRADIENT;
    faulty_compare(&plan, 1, "idx", exact ? LOGIT_E_CHECK : LOGIT_OK);
    ck_assert_int_ge(plan.spoiled, 1);
    if (!exact) return;
    ck_assert_int_eq(answer.first.step, STEP);
    ck_assert_str_eq(answer.first.stage, lg_stage_name[stage]);
    ck_assert_int_ge(line(stage, "cpu")->outside, 1);
    if (stage == LG_STAGE_PIXELS) return; /* where half an ulp is the bound */
    ck_assert_str_eq(answer.first.b, "cpu");
}
END_TEST

/* ---------------------------------------------------------------------------- a whole step --- */

static const struct spot step_spots[] = {
    {LG_STAGE_STEP, LG_ARRAY_W, 33, -1, "class 1, row 0, column 3"},
    {LG_STAGE_STEP, LG_ARRAY_STATE_W1, 0, -1, "state 2 of class 0, row 0, column 0"},
    {LG_STAGE_STEP, LG_ARRAY_B, 2, -1, "bias of class 2"},
    {LG_STAGE_STEP, LG_ARRAY_ROW_LOSS, 3, 3, ""},
};

START_TEST(a_fused_step_has_the_bits_of_its_parts)
{
    faulty_plan plan = plan_of(&step_spots[_i]);
    plan.ulps = _i % 2 ? -1 : 1;
    faulty_compare(&plan, 0, "idx", LOGIT_E_CHECK);
    ck_assert_int_eq(answer.first.step, STEP);
    ck_assert_str_eq(answer.first.stage, "step");
    ck_assert_str_eq(answer.first.of, step_spots[_i].of);
    ck_assert_str_eq(answer.first.b, "cpu op by op");
    ck_assert_int_eq(line(LG_STAGE_STEP, "ref")->outside, 1);
}
END_TEST

static void use_folds(faulty_plan *plan)
{
    asked.train.optimizer = "sgd";
    asked.train.l2 = (logit_list){1, {0.01}};
    asked.train.weight_decay = 0.02;
    asked.train.lr = (logit_list){1, {0.05}};
    plan->folds = 1;
}

START_TEST(a_folded_step_passes)
{
    faulty_plan plan = {.step = 0};
    use_folds(&plan);
    faulty_compare(&plan, 0, "idx", LOGIT_OK);
    ck_assert_double_gt(line(LG_STAGE_STEP, "ref")->share, 1e-3);
    ck_assert_double_lt(line(LG_STAGE_STEP, "ref")->absolute, 1e-4); /* gradients, not weights */
}
END_TEST

/* The gradient is recovered from the weights; its bound is what the stages leave. */
START_TEST(a_folded_step_is_held_to_its_gradient)
{
    faulty_plan plan = plan_of(&step_spots[0]);
    use_folds(&plan);
    plan.value = 0.5f;
    faulty_compare(&plan, 0, "idx", LOGIT_E_CHECK);
    ck_assert_int_eq(answer.first.step, STEP);
    ck_assert_str_eq(answer.first.stage, "step");
    ck_assert_str_eq(answer.first.of, step_spots[0].of);
    ck_assert_double_lt(answer.first.bound, 1e-4);

    /* got = (w - 0.5) / lr; so the weight that gives the reference's gradient and a part of the
     * bound is 0.5 + lr (got - want -+ part bound) */
    const double lr = 0.05, off = answer.first.got - answer.first.want;
    const double bound = answer.first.bound;
    plan.value = (float)(0.5 + lr * (off - 1.3 * bound));
    faulty_compare(&plan, 0, "idx", LOGIT_E_CHECK);
    ck_assert_str_eq(answer.first.of, step_spots[0].of);
    plan.value = (float)(0.5 + lr * (off - 0.5 * bound));
    faulty_compare(&plan, 0, "idx", LOGIT_OK);
}
END_TEST

/* ----------------------------------------------------------------------------- other faults --- */

START_TEST(rounded_factors_are_found)
{
    faulty_plan plan = {.step = 2, .tf32 = 1};
    faulty_compare(&plan, 0, "idx", LOGIT_E_CHECK);
    ck_assert_int_eq(answer.first.step, 2);
    ck_assert_str_eq(answer.first.stage, "logits");
    ck_assert_double_gt(line(LG_STAGE_LOGITS, "ref")->share, 4.0);
    ck_assert_double_gt(line(LG_STAGE_GRADIENT, "ref")->share, 4.0);
    ck_assert_double_lt(line(LG_STAGE_LOSS, "ref")->share, 1.0); /* each stage alone */
}
END_TEST

/* Who says that factors are rounded is held to that: in products, and in what comes of them in a
 * step.  The weights are large, so that logits are what a step's bound is made of. */
START_TEST(rounded_factors_pass_where_they_are_announced)
{
    faulty_plan plan = {.step = 1, .tf32 = 2};
    asked.train.optimizer = logit_optimizer_name(_i);
    asked.train.lr = (logit_list){1, {_i == LG_OPTIM_ADAM ? 1.0 : 30.0}};
    asked.steps = 20;
    faulty_compare(&plan, 0, "idx", LOGIT_OK);
    ck_assert_double_gt(line(LG_STAGE_LOGITS, "ref")->share, 0.01);
    ck_assert_ptr_nonnull(strstr(line(LG_STAGE_LOGITS, "ref")->bound, "tf32"));
}
END_TEST

START_TEST(gradients_that_add_up_are_compared) /* gd: ten minibatches to a step */
{
    faulty_plan plan = plan_of(&spots[5]);
    asked.train.optimizer = "gd";
    asked.train.lr = (logit_list){1, {0.1}};
    plan.value = 77.0f;
    faulty_compare(&plan, 0, "idx", LOGIT_E_CHECK);
    assert_first(&spots[5]);
    ck_assert_int_eq(plan.spoiled, 10);
    ck_assert_int_eq(answer.steps, 5);
    plan.step = 0;
    faulty_compare(&plan, 1, "idx", LOGIT_OK);
    ck_assert_int_eq(answer.differences, 15); /* five stages, three pairs, no step of its own */
}
END_TEST

/* What one minibatch got wrong is not charged to the next, which adds to it. */
START_TEST(sums_go_on_from_the_reference)
{
    faulty_plan plan = plan_of(&spots[_i == 0 ? 4 : 5]);
    asked.train.optimizer = "gd";
    asked.train.lr = (logit_list){1, {0.1}};
    plan.value = 77.0f;
    plan.times = 1;
    faulty_compare(&plan, 0, "idx", LOGIT_E_CHECK);
    ck_assert_int_eq(line(spots[_i == 0 ? 4 : 5].stage, "ref")->outside, 1);
    ck_assert_int_eq(line(LG_STAGE_UPDATE, "ref")->outside, 0);
}
END_TEST

START_TEST(a_training_that_diverges_is_none)
{
    faulty_plan plan = {.step = 0};
    asked.train.loss = "mse";
    asked.train.optimizer = "sgd";
    asked.train.lr = (logit_list){1, {1e30}};
    faulty_compare(&plan, 0, "idx", LOGIT_E_DIVERGED);
}
END_TEST

/* -------------------------------------------------------------------------------- self-test --- */

START_TEST(planted_faults_are_sized)
{
    double smallest[2][LOGIT_COMPARE_STAGES];
    faulty_plan plan = {.step = 0};
    asked.self_test = 1;
    for (int i = 0; i < 2; i++) {
        asked.train.batch_size = i == 0 ? 4 : 256;
        faulty_compare(&plan, 0, "idx", LOGIT_OK);
        memcpy(smallest[i], answer.smallest_fault, sizeof smallest[i]);
        ck_assert_double_nan(smallest[i][LG_STAGE_FEATURES]);
        for (int s = 0; s < LOGIT_COMPARE_STAGES; s++) {
            if (s == LG_STAGE_FEATURES) continue;
            ck_assert_double_gt(smallest[i][s], 0x1p-26);
            ck_assert_double_lt(smallest[i][s], 0.5);
        }
        ck_assert_double_le(smallest[i][LG_STAGE_PIXELS], 0x1p-22);
        ck_assert_double_lt(smallest[i][LG_STAGE_UPDATE], smallest[i][LG_STAGE_STEP]);
    }
    /* 8 sqrt(n) u: a shorter sum lets less through */
    ck_assert_double_lt(smallest[0][LG_STAGE_GRADIENT], smallest[1][LG_STAGE_GRADIENT]);
}
END_TEST

/* -------------------------------------------------------------------------------- real size --- */

/* MNIST, 784 pixels: the gate is as wide as it gets with small images. */
START_TEST(rounded_factors_are_found_on_mnist)
{
    static char mnist[600];
    const char *data = getenv("LOGIT_TEST_DATA");
    if (!data) {
        fprintf(stderr, "compare on MNIST: skipped, LOGIT_TEST_DATA is not set\n");
        return;
    }
    faulty_plan plan = {.step = 2, .tf32 = 1};
    snprintf(mnist, sizeof mnist, "%s/mnist", data);
    asked.train.batch_size = 128;
    asked.train.shuffle = "full";
    asked.steps = 3;
    faulty_compare(&plan, 0, mnist, LOGIT_E_CHECK);
    ck_assert_int_eq(answer.first.step, 2);
    ck_assert_str_eq(answer.first.stage, "logits");
    ck_assert_str_eq(answer.reference_rows, "all");
    plan.step = 0;
    plan.tf32 = 0;
    asked.train.batch_size = 20000; /* more than the reference works out: it samples */
    asked.steps = 1;
    faulty_compare(&plan, 0, mnist, LOGIT_OK);
    ck_assert_msg(strstr(answer.reference_rows, "of 20000 rows of a batch") != NULL, "%s",
                  answer.reference_rows);
}
END_TEST

Suite *lg_suite_compare_lockstep(void)
{
    Suite *suite = suite_create("compare_lockstep");
    TCase *tc = tcase_create("compare_lockstep");
    tcase_set_timeout(tc, 120);
    tcase_add_checked_fixture(tc, begin_lockstep, compare_end);
    tcase_add_loop_test(tc, one_number_beyond_its_bound_is_named, 0, SPOTS);
    tcase_add_loop_test(tc, one_number_within_its_bound_is_not, 0, SPOTS);
    tcase_add_loop_test(tc, a_device_without_a_fault_passes, 0, 3 * LG_OPTIM_COUNT);
    tcase_add_loop_test(tc, a_number_that_is_none_is_found, 0, SPOTS);
    tcase_add_loop_test(tc, devices_agree_to_the_last_bit, 0, SPOTS);
    tcase_add_loop_test(tc, a_fused_step_has_the_bits_of_its_parts, 0, 4);
    tcase_add_test(tc, a_folded_step_passes);
    tcase_add_test(tc, a_folded_step_is_held_to_its_gradient);
    tcase_add_test(tc, rounded_factors_are_found);
    tcase_add_loop_test(tc, rounded_factors_pass_where_they_are_announced, 0, LG_OPTIM_COUNT);
    tcase_add_test(tc, gradients_that_add_up_are_compared);
    tcase_add_loop_test(tc, sums_go_on_from_the_reference, 0, 2);
    tcase_add_test(tc, a_training_that_diverges_is_none);
    tcase_add_test(tc, planted_faults_are_sized);
    tcase_add_test(tc, rounded_factors_are_found_on_mnist);
    suite_add_tcase(suite, tc);
    return suite;
}
