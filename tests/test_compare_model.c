/* test_compare_model.c -- one model's losses on two devices.
 *
 * Tests (suite compare_model). */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/compare_rig.h"
#include "tests/small_set.h"
#include "tests/train_rig.h"
#include "train/model.h"

Suite *lg_suite_compare_model(void);

static const char *const losses[] = {"softmax", "sigmoid", "mse"};

/* A model trained on the small set, which has a test part of its own as well. */
static logit_model *trained(const char *loss)
{
    small_set_write_idx(small_set_path("idx"), "t10k", 77, 3);
    options.loss = loss;
    options.optimizer = "sgd";
    options.lr = (logit_list){1, {0.02}};
    train("idx", "run", LOGIT_OK, NULL);
    return open_model("run");
}

START_TEST(losses_of_a_model_agree)
{
    logit_model *model = trained(losses[_i]);
    logit_score score;
    logit_error err;
    compare_model(model, "idx", LOGIT_OK);
    ck_assert_str_eq(answer.mode, "model");
    ck_assert_str_eq(answer.part, "test");
    ck_assert_int_eq(answer.samples, 77);
    ck_assert_int_eq(answer.differences, 2);
    ck_assert_int_eq(answer.difference[0].count, 77 * 3);
    ck_assert_int_eq(answer.difference[1].count, 77);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(answer.difference[i].outside, 0);
        ck_assert_double_gt(answer.difference[i].share, 1e-5); /* the bound is near */
    }
    ck_assert_double_lt(answer.loss_difference, 1e-6);
    ck_assert_int_eq(answer.first.step, -1);
    ck_assert_str_eq(answer.first.stage, "loss");
    ck_assert_ptr_nonnull(strstr(answer.first.sample, "t10k"));
    ck_assert_double_eq(fabs(answer.first.got - answer.first.want), answer.difference[1].absolute);

    ck_assert_int_eq(logit_eval(model, small_set_path("idx"), NULL, &options, NULL, &score, &err),
                     LOGIT_OK);
    ck_assert_double_eq_tol(score.loss, answer.loss[0], 1e-12);
    logit_score_clear(&score);
    logit_model_close(model);
}
END_TEST

START_TEST(a_part_can_be_named)
{
    logit_model *model = trained("softmax");
    asked.part = "train";
    asked.device[1] = "cpu";
    compare_model(model, "idx", LOGIT_OK);
    ck_assert_str_eq(answer.part, "train");
    ck_assert_int_eq(answer.samples, 300);
    ck_assert_int_eq(answer.differences, 6);
    ck_assert_double_eq(answer.loss[0], answer.loss[1]);
    asked.part = "val";
    compare_model(model, "idx", LOGIT_E_DATA);
    logit_model_close(model);
}
END_TEST

START_TEST(a_bad_device_is_found)
{
    logit_model *model = trained(losses[_i]);
    compare_spoiled_model(FAULT_NONE, model, "idx", LOGIT_OK);
    compare_spoiled_model(FAULT_LAST_TERM, model, "idx", LOGIT_E_CHECK);
    ck_assert_int_eq(answer.first.step, 0);
    ck_assert_str_eq(answer.first.stage, "logits");
    ck_assert_ptr_nonnull(strstr(answer.first.sample, "t10k"));
    ck_assert_double_gt(fabs(answer.first.got - answer.first.want), answer.first.bound);
    compare_spoiled_model(FAULT_TF32, model, "idx", LOGIT_E_CHECK);
    ck_assert_ptr_nonnull(strstr(answer.sentence, "different: logits, sample"));
    logit_model_close(model);
}
END_TEST

/* Half the tolerance that it needs: the gate on the mean alone. */
START_TEST(the_mean_has_its_own_gate)
{
    logit_model *model = trained("softmax");
    compare_model(model, "idx", LOGIT_OK);
    ck_assert_double_gt(answer.loss_difference, 0.0);
    asked.tolerance = answer.loss_difference / 2.0;
    compare_model(model, "idx", LOGIT_E_CHECK);
    ck_assert_int_eq(answer.first.step, -1);
    ck_assert_ptr_nonnull(strstr(answer.sentence, "more than the tolerance"));
    logit_model_close(model);
}
END_TEST

/* Weights so large that all logits are extreme, and such that are no numbers. */
START_TEST(wild_weights_are_compared_too)
{
    logit_model *model = trained("softmax");
    for (int64_t i = 0; i < model->outputs * model->features; i++) model->weight[i] *= 0x1p60f;
    compare_model(model, "idx", LOGIT_OK);
    ck_assert_double_gt(answer.largest_logit, 1e15);
    ck_assert_double_eq(answer.smallest_probability, 0.0);
    for (int64_t i = 0; i < model->outputs * model->features; i++) model->weight[i] = NAN;
    compare_model(model, "idx", LOGIT_OK);
    logit_model_close(model);
}
END_TEST

START_TEST(a_set_that_does_not_fit_is_refused)
{
    logit_model *model = trained("softmax");
    small_set_write_idx(small_set_path("wider"), "t10k", 40, 5);
    compare_model(model, "wider", LOGIT_E_DATA);
    compare_model(model, "nowhere", LOGIT_E_IO);
    asked.record = "x";
    compare_model(model, "idx", LOGIT_E_USAGE);
    logit_model_close(model);
}
END_TEST

Suite *lg_suite_compare_model(void)
{
    Suite *suite = suite_create("compare_model");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, compare_begin, compare_end);
    tcase_set_timeout(all, 60);
    tcase_add_loop_test(all, losses_of_a_model_agree, 0, 3);
    tcase_add_test(all, a_part_can_be_named);
    tcase_add_loop_test(all, a_bad_device_is_found, 0, 3);
    tcase_add_test(all, the_mean_has_its_own_gate);
    tcase_add_test(all, wild_weights_are_compared_too);
    tcase_add_test(all, a_set_that_does_not_fit_is_refused);
    suite_add_tcase(suite, all);
    return suite;
}
