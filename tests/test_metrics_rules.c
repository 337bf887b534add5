/* test_metrics_rules.c -- what counts as right, what is left empty: by hand, case by case. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "train/metrics.h"

static char *names[] = {"a", "b", "c"};

static lg_metrics *create(const lg_metrics_shape *shape)
{
    lg_metrics *metrics;
    logit_error err;
    ck_assert_msg(lg_metrics_create(&metrics, shape, &err) == LOGIT_OK, "%s", err.message);
    return metrics;
}

static logit_score finish(lg_metrics *metrics)
{
    logit_score score;
    logit_error err;
    ck_assert_msg(lg_metrics_finish(metrics, names, &score, &err) == LOGIT_OK, "%s", err.message);
    lg_metrics_destroy(metrics);
    return score;
}

/* One row of three logits, truth given: is it right, and right among two? */
static const struct {
    double z[3];
    int32_t truth;
    int right, in_two, said;
} decisions[] = {
    {{1, 2, 3}, 2, 1, 1, 2},
    {{1, 2, 3}, 1, 0, 1, 2},
    {{1, 2, 3}, 0, 0, 0, 2},
    {{2, 2, 2}, 0, 1, 1, 0}, /* ties: the lowest class stands first */
    {{2, 2, 2}, 1, 0, 1, 0},
    {{2, 2, 2}, 2, 0, 0, 0},
    {{0, 5, 5}, 2, 0, 1, 1},
    {{-INFINITY, -INFINITY, -INFINITY}, 0, 1, 1, 0},
    {{-INFINITY, 0, INFINITY}, 2, 1, 1, 2},
    {{NAN, 2, 3}, 2, 0, 0, -1}, /* a NaN says nothing */
    {{1, 2, NAN}, 2, 0, 0, -1},
    {{3, 2, NAN}, 0, 0, 0, -1},
    {{NAN, NAN, NAN}, 0, 0, 0, -1},
};

START_TEST(decisions_follow_the_rule)
{
    const double loss = 1.0;
    const lg_metrics_shape shape = {
        .loss = LG_LOSS_SOFTMAX, .classes = 3, .outputs = 3, .top_k = 2};
    const lg_metrics_rows rows = {.count = 1,
                                  .logits = decisions[_i].z,
                                  .loss = &loss,
                                  .logit_stride = 3,
                                  .loss_stride = 1,
                                  .real_bytes = 8,
                                  .label = &decisions[_i].truth};
    lg_metrics *metrics = create(&shape);
    lg_metrics_add(metrics, &rows);
    logit_score s = finish(metrics);
    ck_assert(s.accuracy == decisions[_i].right);
    ck_assert(s.top_k_accuracy == decisions[_i].in_two);
    for (int c = 0; c < 3; c++)
        ck_assert_int_eq(s.class_score[c].predicted, c == decisions[_i].said);
    logit_score_clear(&s);
}
END_TEST

START_TEST(one_output_says_class_1_above_0)
{
    static const double z[] = {0.0, -0.0, 1e-300, -1e-300, NAN, INFINITY};
    static const int32_t label[] = {0, 0, 1, 0, 1, 1};
    static const double loss[6] = {0};
    const lg_metrics_shape shape = {
        .loss = LG_LOSS_SIGMOID, .classes = 2, .outputs = 1, .top_k = 1};
    const lg_metrics_rows rows = {.count = 6,
                                  .logits = z,
                                  .loss = loss,
                                  .logit_stride = 1,
                                  .loss_stride = 1,
                                  .real_bytes = 8,
                                  .label = label};
    lg_metrics *metrics = create(&shape);
    lg_metrics_add(metrics, &rows);
    logit_score s = finish(metrics);
    ck_assert(s.accuracy == 5.0 / 6.0);
    ck_assert_int_eq(s.confusion[0] + s.confusion[3], 5);
    ck_assert_int_eq(s.class_score[1].count, 3);
    ck_assert_int_eq(s.class_score[1].predicted, 2);
    logit_score_clear(&s);
}
END_TEST

START_TEST(empty_denominators_are_nan)
{
    static const double z[] = {1, 0, 0, 1, 0, 0}, loss[2] = {0.5, 0.5};
    static const int32_t label[] = {0, 1};
    const lg_metrics_shape shape = {
        .loss = LG_LOSS_SOFTMAX, .classes = 3, .outputs = 3, .top_k = 3};
    const lg_metrics_rows rows = {.count = 2,
                                  .logits = z,
                                  .loss = loss,
                                  .logit_stride = 3,
                                  .loss_stride = 1,
                                  .real_bytes = 8,
                                  .label = label};
    lg_metrics *metrics = create(&shape);
    logit_score none, s;
    ck_assert_int_eq(lg_metrics_finish(metrics, names, &none, NULL), LOGIT_OK);
    ck_assert_int_eq(none.n, 0);
    ck_assert(isnan(none.loss) && isnan(none.loss_stderr) && isnan(none.accuracy));
    logit_score_clear(&none);
    lg_metrics_add(metrics, &rows);
    s = finish(metrics);
    ck_assert(s.class_score[0].precision == 0.5 && s.class_score[0].recall == 1.0);
    ck_assert(isnan(s.class_score[1].precision)); /* met, never said */
    ck_assert(s.class_score[1].recall == 0.0 && s.class_score[1].f1 == 0.0);
    ck_assert(isnan(s.class_score[2].precision) && isnan(s.class_score[2].recall));
    ck_assert(isnan(s.class_score[2].f1)); /* neither met nor said */
    ck_assert(s.top_k_accuracy == 1.0);    /* as many places as classes */
    ck_assert(s.loss_stderr == 0.0);
    logit_score_clear(&s);
}
END_TEST

START_TEST(a_matrix_up_to_1000_classes)
{
    for (int classes = 1000; classes <= 1001; classes++) {
        lg_metrics_shape shape = {
            .loss = LG_LOSS_SOFTMAX, .classes = classes, .outputs = classes, .top_k = 0};
        logit_score s;
        char **many = calloc((size_t)classes, sizeof *many);
        lg_metrics *metrics = create(&shape);
        ck_assert_int_eq(lg_metrics_finish(metrics, many, &s, NULL), LOGIT_OK);
        ck_assert_int_eq(s.confusion != NULL, classes <= 1000);
        ck_assert_ptr_nonnull(s.class_score);
        lg_metrics_destroy(metrics);
        logit_score_clear(&s);
        shape.brief = 1;
        metrics = create(&shape);
        ck_assert_int_eq(lg_metrics_finish(metrics, NULL, &s, NULL), LOGIT_OK);
        ck_assert(!s.confusion && !s.class_score);
        lg_metrics_destroy(metrics);
        free(many);
    }
}
END_TEST

Suite *lg_suite_metrics_rules(void);
Suite *lg_suite_metrics_rules(void)
{
    Suite *suite = suite_create("metrics_rules");
    TCase *tests = tcase_create("rules");
    tcase_add_loop_test(tests, decisions_follow_the_rule, 0,
                        (int)(sizeof decisions / sizeof *decisions));
    tcase_add_test(tests, one_output_says_class_1_above_0);
    tcase_add_test(tests, empty_denominators_are_nan);
    tcase_add_test(tests, a_matrix_up_to_1000_classes);
    suite_add_tcase(suite, tests);
    return suite;
}
