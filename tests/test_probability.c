/* test_probability.c -- probability, log odds and odds, where doubles are tight; prior shifts.
 *
 * The oracle is the definition in long double, whose exponent reaches to e^11356: sums are taken
 * from the largest logit alone, and nothing is left out or taken away. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/near.h"
#include "train/prior.h"
#include "train/probability.h"

enum { MOST = 8 };

static const struct {
    int classes;
    double z[MOST];
} rows[] = {
    {2, {0.0, 0.0}},
    {2, {0.0, 1e-12}}, /* odds next to 1 */
    {3, {1.0, 2.0, 3.0}},
    {4, {1.0, 1.0, 1.0, 1.0}},
    {3, {0.0, 0.0, -50.0}}, /* two equal ones, and one that hardly counts */
    {2, {690.0, 0.0}},      /* odds 1e299 */
    {3, {690.0, 1.0, 0.5}},
    {2, {709.5, 0.0}},      /* odds at the end of the doubles */
    {3, {40.0, 0.0, -1.0}}, /* 1 - p has few digits, the odds have all */
    {5, {36.7, 0.0, -3.0, 0.0, -800.0}},
    {3, {1e5, 1e5 - 1, 1e5 - 2}}, /* a common shift */
    {3, {-1e4, -1e4 + 3, -1e4 + 1}},
    {8, {0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8}},
    {3, {-1e-9, 0.0, 1e-9}},
};

/* By the definition, term by term. */
static void oracle(int classes, const double *z, int c, long double *p, long double *logit)
{
    long double top = z[0], all = 0.0L, others = 0.0L;
    for (int j = 1; j < classes; j++)
        if (z[j] > top) top = z[j];
    for (int j = classes - 1; j >= 0; j--) {
        all += expl((long double)z[j] - top);
        if (j != c) others += expl((long double)z[j] - top);
    }
    *p = expl((long double)z[c] - top) / all;
    *logit = (long double)z[c] - top - logl(others);
}

/* The error of a log odds is a few units of 1 (it is a difference of logits) or of itself. */
START_TEST(softmax_matches_the_definition)
{
    lg_chance chance[MOST];
    const int classes = rows[_i].classes;
    double alone[MOST], log_odds[MOST];
    lg_chances(LG_LOSS_SOFTMAX, classes, rows[_i].z, NULL, chance);
    lg_probabilities(LG_LOSS_SOFTMAX, classes, rows[_i].z, alone, log_odds);
    for (int c = 0; c < classes; c++) {
        long double p, logit;
        oracle(classes, rows[_i].z, c, &p, &logit);
        const long double odds = expl(logit);
        const double slack = 4e-16 * (double)fmaxl(1.0L, fabsl(logit));
        assert_near(&chance[c].probability, &p, 1, 1e-320, 1e-14);
        assert_near(&chance[c].logit, &logit, 1, slack, 0.0);
        assert_near(&alone[c], &p, 1, 1e-320, 1e-14);
        assert_near(&log_odds[c], &logit, 1, slack, 0.0);
        assert_near(&chance[c].odds, &odds, 1, 1e-320, 2.0 * slack);
        ck_assert(chance[c].score == rows[_i].z[c]);
    }
}
END_TEST

/* Two classes lead side by side: what keeps them from even odds is the third alone. */
START_TEST(a_third_class_is_not_lost)
{
    static const double z[3] = {0.0, 0.0, -50.0};
    const double want = -log1p(exp(-50.0));
    lg_chance chance[3];
    lg_chances(LG_LOSS_SOFTMAX, 3, z, NULL, chance);
    assert_near(&chance[0].logit, &want, 1, 0.0, 1e-15);
    assert_near(&chance[1].logit, &want, 1, 0.0, 1e-15);
}
END_TEST

/* Odds taken from p would be infinite, or wrong in all digits, in each of these. */
START_TEST(odds_keep_their_digits_where_p_is_1)
{
    static const double z[] = {37.0, 50.0, 300.0, 700.0};
    for (int i = 0; i < 4; i++) {
        const double row[2] = {0.0, z[i]}, want = exp(z[i]), against = exp(-z[i]);
        lg_chance soft[2], one[2];
        lg_chances(LG_LOSS_SOFTMAX, 2, row, NULL, soft);
        lg_chances(LG_LOSS_SIGMOID, 2, &z[i], NULL, one);
        ck_assert(soft[1].probability == 1.0 && one[1].probability == 1.0);
        ck_assert(soft[1].odds == want && one[1].odds == want);
        ck_assert(soft[0].odds == against && one[0].odds == against);
        ck_assert(soft[1].logit == z[i] && one[1].logit == z[i]);
        ck_assert(soft[0].probability == against && one[0].probability == against);
    }
}
END_TEST

START_TEST(beyond_the_doubles_the_logit_still_tells)
{
    static const double z[3] = {5000.0, 0.0, 1.0};
    lg_chance chance[3];
    lg_chances(LG_LOSS_SOFTMAX, 3, z, NULL, chance);
    const double want = 5000.0 - 1.0 - log1p(exp(-1.0));
    assert_near(&chance[0].logit, &want, 1, 0.0, 1e-15);
    ck_assert(isinf(chance[0].odds) && chance[0].probability == 1.0);
    ck_assert(chance[1].logit == -5000.0 && chance[1].odds == 0.0);
}
END_TEST

START_TEST(one_output_is_the_softmax_of_0_and_z)
{
    for (double z = -40.0; z <= 40.0; z += 0.37) {
        const double row[2] = {0.0, z};
        lg_chance soft[2], one[2];
        lg_chances(LG_LOSS_SOFTMAX, 2, row, NULL, soft);
        lg_chances(LG_LOSS_SIGMOID, 2, &z, NULL, one);
        for (int c = 0; c < 2; c++) {
            assert_near(&one[c].probability, &soft[c].probability, 1, 0.0, 4e-16);
            ck_assert(one[c].logit == soft[c].logit && one[c].odds == soft[c].odds);
        }
        ck_assert(one[1].score == z && one[0].score == -z);
    }
}
END_TEST

START_TEST(one_versus_rest_stands_alone)
{
    static const double z[3] = {-3.0, 0.0, 800.0};
    lg_chance chance[3];
    lg_chances(LG_LOSS_SIGMOID, 3, z, NULL, chance);
    const double want[3] = {exp(-3.0) / (1.0 + exp(-3.0)), 0.5, 1.0};
    for (int c = 0; c < 3; c++) {
        assert_near(&chance[c].probability, &want[c], 1, 0.0, 2e-16);
        ck_assert(chance[c].logit == z[c] && chance[c].score == z[c]);
    }
    ck_assert(isinf(chance[2].odds) && chance[1].odds == 1.0);
}
END_TEST

START_TEST(mse_claims_no_probability)
{
    static const double z[3] = {0.2, 1.3, -0.1};
    lg_chance chance[3];
    lg_chances(LG_LOSS_MSE, 3, z, NULL, chance);
    for (int c = 0; c < 3; c++) {
        ck_assert(chance[c].score == z[c]);
        ck_assert(isnan(chance[c].probability) && isnan(chance[c].logit) && isnan(chance[c].odds));
    }
    lg_chances(LG_LOSS_MSE, 0, z, NULL, chance); /* a numeric target */
    ck_assert(chance[0].score == 0.2);
}
END_TEST

START_TEST(what_is_not_finite_claims_nothing)
{
    static const double bad[][3] = {
        {NAN, 0, 1}, {0, 1, NAN}, {INFINITY, 0, 1}, {-INFINITY, -INFINITY, -INFINITY}};
    lg_chance chance[3];
    for (int i = 0; i < 4; i++) {
        lg_chances(LG_LOSS_SOFTMAX, 3, bad[i], NULL, chance);
        for (int c = 0; c < 3; c++)
            ck_assert(isnan(chance[c].probability) && isnan(chance[c].logit));
    }
    static const double masked[3] = {1.0, -INFINITY, -INFINITY};
    lg_chances(LG_LOSS_SOFTMAX, 3, masked, NULL, chance);
    ck_assert(chance[0].probability == 1.0 && chance[0].logit == HUGE_VAL);
    ck_assert(chance[1].probability == 0.0 && chance[1].logit == -HUGE_VAL &&
              chance[1].odds == 0.0);
    static const double one_masked[3] = {1.0, 0.0, -INFINITY};
    lg_chances(LG_LOSS_SOFTMAX, 3, one_masked, NULL, chance);
    ck_assert(chance[0].logit == 1.0 && chance[1].logit == -1.0 && chance[2].probability == 0.0);
}
END_TEST

START_TEST(the_best_come_first)
{
    static const double score[6] = {1.0, NAN, 3.0, 3.0, -INFINITY, 2.0};
    static const int want[6] = {2, 3, 5, 0, 4, 1};
    lg_chance chance[6] = {{0}};
    for (int c = 0; c < 6; c++) chance[c].score = score[c];
    for (int count = 0; count <= 6; count++) {
        int order[6] = {9, 9, 9, 9, 9, 9};
        lg_chances_best(chance, 6, order, count);
        for (int p = 0; p < 6; p++) ck_assert_int_eq(order[p], p < count ? want[p] : 9);
    }
}
END_TEST

/* ------------------------------------------------------------------------------------ priors ---
 */

static logit_model *make_model(lg_loss loss, int classes, char **names, const float *prior)
{
    logit_model *model;
    logit_error err;
    ck_assert_msg(lg_model_create(&model, loss, classes, names, (lg_image_target){1, 1, 1}, &err) ==
                      LOGIT_OK,
                  "%s", err.message);
    for (int c = 0; c < classes; c++) model->prior[c] = prior[c];
    return model;
}

static void assert_shift(const logit_model *model, const char *text, const double *want)
{
    double shift[MOST];
    logit_error err;
    ck_assert_msg(lg_prior_shift(shift, model, text, &err) == LOGIT_OK, "%s: %s", text,
                  err.message);
    assert_near(shift, want, model->outputs, 1e-15, 1e-14);
}

static char *abc[] = {"a", "b", "c"};
static const float quarters[] = {0.5f, 0.25f, 0.25f};

START_TEST(priors_shift_by_bayes)
{
    logit_model *soft = make_model(LG_LOSS_SOFTMAX, 3, abc, quarters);
    assert_shift(soft, "a=0.1,b=0.2,c=0.7", (double[]){log(0.2), log(0.8), log(2.8)});
    assert_shift(soft, "c=0.7,a=0.1,b=0.2", (double[]){log(0.2), log(0.8), log(2.8)});
    assert_shift(soft, "b=0.4", (double[]){log(0.8), log(1.6), log(0.8)}); /* 2 : 1 is kept */
    assert_shift(soft, "a=.5,b=.25,c=.25", (double[]){0, 0, 0});
    assert_shift(soft, "a=0.333,b=0.333,c=0.333",
                 (double[]){log(2.0 / 3.0), log(4.0 / 3.0), log(4.0 / 3.0)});
    lg_model_destroy(soft);

    logit_model *one = make_model(LG_LOSS_SIGMOID, 2, abc, (float[]){0.75f, 0.25f});
    assert_shift(one, "b=0.5", (double[]){log(3.0)});
    assert_shift(one, "a=0.9", (double[]){log(1.0 / 9.0) + log(3.0)});
    assert_shift(one, "a=0.9,b=0.1", (double[]){log(1.0 / 9.0) + log(3.0)});
    lg_model_destroy(one);

    logit_model *rest = make_model(LG_LOSS_SIGMOID, 3, abc, quarters);
    assert_shift(rest, "b=0.75", (double[]){0, log(9.0), 0});
    assert_shift(rest, "a=0.9,b=0.9,c=0.25", (double[]){log(9.0), log(27.0), 0});
    lg_model_destroy(rest);

    logit_model *lone = make_model(LG_LOSS_SIGMOID, 3, abc, (float[]){1.0f, 1e-9f, 1e-9f});
    assert_shift(lone, "a=0.5", (double[]){-log(0x1p26 - 1.0), 0, 0}); /* not infinite */
    lg_model_destroy(lone);
}
END_TEST

/* Bayes, in full: the corrected probabilities are those of likelihoods times new priors. */
START_TEST(the_corrected_probability_is_the_posterior)
{
    static const double likelihood[3] = {0.02, 0.5, 0.1}, fresh[3] = {0.8, 0.15, 0.05};
    logit_model *model = make_model(LG_LOSS_SOFTMAX, 3, abc, quarters);
    double z[3], shift[3], sum = 0.0;
    lg_chance chance[3];
    for (int c = 0; c < 3; c++) {
        z[c] = log(likelihood[c] * (double)quarters[c]) + 17.0;
        sum += likelihood[c] * fresh[c];
    }
    ck_assert_int_eq(lg_prior_shift(shift, model, "a=0.8,b=0.15,c=0.05", NULL), LOGIT_OK);
    lg_chances(LG_LOSS_SOFTMAX, 3, z, shift, chance);
    for (int c = 0; c < 3; c++) {
        const double want = likelihood[c] * fresh[c] / sum, score = z[c] + shift[c];
        assert_near(&chance[c].probability, &want, 1, 0.0, 1e-14);
        ck_assert(chance[c].score == score);
    }
    lg_model_destroy(model);
}
END_TEST

START_TEST(names_may_hold_commas_and_equals)
{
    static char *names[] = {"a", "a=0.5,b", "x,y=z"};
    logit_model *model = make_model(LG_LOSS_SIGMOID, 3, names, quarters);
    assert_shift(model, "a=0.5,b=0.75", (double[]){0, log(9.0), 0}); /* the longest name */
    assert_shift(model, "x,y=z=0.75,a=0.75", (double[]){log(3.0), 0, log(9.0)});
    lg_model_destroy(model);
}
END_TEST

static const struct {
    const char *text, *says;
} bad[] = {
    {"", "nothing"},
    {"d=0.5", "nearest"},
    {"a", "nearest"},
    {"a=", "between 0 and 1"},
    {"a=x", "between 0 and 1"},
    {"a=0", "between 0 and 1"},
    {"a=1", "between 0 and 1"},
    {"a=-0.1", "between 0 and 1"},
    {"a=nan", "between 0 and 1"},
    {"a=0.5x", "between 0 and 1"},
    {"a=0.5,", "comma"},
    {",a=0.5", "nearest"},
    {"a=0.5,a=0.2", "twice"},
    {"a=0.5,b=0.5", "leaves nothing"},
    {"a=0.5,b=0.3,c=0.1", "sum to 0.9"},
    {"a=0.5 b=0.3", "between 0 and 1"},
};

START_TEST(what_is_no_prior_is_usage)
{
    logit_model *model = make_model(LG_LOSS_SOFTMAX, 3, abc, quarters);
    double shift[3];
    logit_error err;
    ck_assert_int_eq(lg_prior_shift(shift, model, bad[_i].text, &err), LOGIT_E_USAGE);
    ck_assert_msg(strstr(err.message, bad[_i].says) != NULL, "%s: %s", bad[_i].text, err.message);
    lg_model_destroy(model);
}
END_TEST

START_TEST(models_without_shares_say_so)
{
    double shift[3];
    logit_model *model = make_model(LG_LOSS_SOFTMAX, 3, abc, (float[]){0, 0, 0});
    ck_assert_int_eq(lg_prior_shift(shift, model, "a=0.5", NULL), LOGIT_E_DATA);
    lg_model_destroy(model);
    model = make_model(LG_LOSS_MSE, 3, abc, quarters);
    ck_assert_int_eq(lg_prior_shift(shift, model, "a=0.5", NULL), LOGIT_E_USAGE);
    lg_model_destroy(model);
}
END_TEST

Suite *lg_suite_probability(void);
/* S27 of the vectors: one class alone. */
START_TEST(a_class_that_is_alone_is_certain)
{
    const double z = 5.0;
    lg_chance *chance = malloc(sizeof *chance); /* so that AddressSanitizer sees its end */
    lg_chances(LG_LOSS_SOFTMAX, 1, &z, NULL, chance);
    ck_assert_double_eq(chance->probability, 1.0);
    ck_assert_double_eq(chance->score, 5.0);
    ck_assert(chance->logit == HUGE_VAL && chance->odds == HUGE_VAL);
    free(chance);
}
END_TEST

Suite *lg_suite_probability(void)
{
    Suite *suite = suite_create("probability");
    TCase *tests = tcase_create("chances");
    tcase_add_loop_test(tests, softmax_matches_the_definition, 0,
                        (int)(sizeof rows / sizeof *rows));
    tcase_add_test(tests, a_third_class_is_not_lost);
    tcase_add_test(tests, odds_keep_their_digits_where_p_is_1);
    tcase_add_test(tests, beyond_the_doubles_the_logit_still_tells);
    tcase_add_test(tests, one_output_is_the_softmax_of_0_and_z);
    tcase_add_test(tests, one_versus_rest_stands_alone);
    tcase_add_test(tests, mse_claims_no_probability);
    tcase_add_test(tests, what_is_not_finite_claims_nothing);
    tcase_add_test(tests, the_best_come_first);
    tcase_add_test(tests, priors_shift_by_bayes);
    tcase_add_test(tests, the_corrected_probability_is_the_posterior);
    tcase_add_test(tests, names_may_hold_commas_and_equals);
    tcase_add_loop_test(tests, what_is_no_prior_is_usage, 0, (int)(sizeof bad / sizeof *bad));
    tcase_add_test(tests, models_without_shares_say_so);
    tcase_add_test(tests, a_class_that_is_alone_is_certain);
    suite_add_tcase(suite, tests);
    return suite;
}
