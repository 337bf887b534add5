/* test_eval_ranking.c -- AUC and curves of whole evaluations: weights, settings of the machine, and
 * what happens where there is no memory for them. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/allocations.h"
#include "tests/near.h"
#include "tests/small_set.h"
#include "tests/train_rig.h"
#include "train/metrics.h"

enum { IMAGES = 60, CLASSES = 3 };

typedef struct heard {
    int count;
    logit_level level;
    char text[400];
} heard;

static void on_message(void *user, logit_level level, const char *text)
{
    heard *h = user;
    if (!strstr(text, "AUC")) return;
    h->count++;
    h->level = level;
    snprintf(h->text, sizeof h->text, "%s", text);
}

static logit_score eval(const char *run, const char *set, heard *h)
{
    logit_score score;
    logit_error err = {.message = ""};
    const logit_watch watch = {.user = h, .message = on_message};
    logit_model *model = open_model(run);
    const logit_status status =
        logit_eval(model, small_set_path(set), NULL, &options, h ? &watch : NULL, &score, &err);
    ck_assert_msg(status == LOGIT_OK, "%s", err.message);
    /* names are the model's, which is closed here */
    for (int c = 0; c < score.classes; c++) score.class_score[c].name = "";
    logit_model_close(model);
    return score;
}

/* The images of "photos" with false labels here and there.  Image i has weight i % 4; weighted 0:
 * it stands there as often instead. */
static void write_list(const char *name, int weighted)
{
    FILE *file = fopen(small_set_path(name), "w");
    ck_assert_ptr_nonnull(file);
    for (int i = 0; i < IMAGES; i++)
        for (int times = weighted ? 1 : i % 4; times > 0; times--) {
            fprintf(file, "photos/c%d/%05d.pgm,%d", i % CLASSES, i, (i % 5 ? i : i / 5) % CLASSES);
            fprintf(file, weighted ? ",%d\n" : "\n", i % 4);
        }
    ck_assert_int_eq(fclose(file), 0);
}

/* A weight of 3 is as good as standing there three times, and one of 0 as not standing there; and
 * ranks alone are weighted. */
START_TEST(a_weight_counts_as_often)
{
    small_set_write_folder(small_set_path("photos"), IMAGES, CLASSES);
    write_list("weighted.csv", 1);
    write_list("repeated.csv", 0);
    options.epochs = 1;
    train("idx", "run", LOGIT_OK, NULL);
    logit_score a = eval("run", "weighted.csv", NULL), b = eval("run", "repeated.csv", NULL);
    ck_assert_int_eq(a.n, IMAGES * 3 / 4);
    ck_assert_int_eq(b.n, IMAGES * 6 / 4);
    ck_assert(a.loss != b.loss && a.auc < 0.99 && a.auc > 0.6);
    assert_near(&a.auc, &b.auc, 1, 1e-14, 0.0);
    assert_near(&a.auc_weighted, &b.auc_weighted, 1, 1e-14, 0.0);
    assert_near(&a.average_precision, &b.average_precision, 1, 1e-14, 0.0);
    assert_near(&a.average_precision_weighted, &b.average_precision_weighted, 1, 1e-14, 0.0);
    for (int c = 0; c < CLASSES; c++) {
        const logit_class_curves *x = &a.curves[c], *y = &b.curves[c];
        ck_assert(x->roc_count == y->roc_count && x->pr_count == y->pr_count && x->roc_count > 2);
        assert_near(x->fpr, y->fpr, 2 * (x->roc_count + x->pr_count), 1e-14, 0.0);
    }
    logit_score_clear(&a);
    logit_score_clear(&b);
}
END_TEST

/* The object, but for what a clock says; to be freed. */
static char *json_of(logit_score *score)
{
    char *text = logit_score_json(score);
    *strstr(text, ", \"seconds\"") = '\0';
    logit_score_clear(score);
    return text;
}

START_TEST(threads_and_memory_change_no_bit)
{
    small_set_write_folder(small_set_path("photos"), IMAGES, CLASSES);
    write_list("weighted.csv", 1);
    options.epochs = 2;
    train("idx", "run", LOGIT_OK, NULL);
    options.threads = 1;
    logit_score score = eval("run", "weighted.csv", NULL);
    char *want = json_of(&score);
    ck_assert_ptr_nonnull(strstr(want, "\"unranked\": null, \"roc\": [{\"class\": "));
    ck_assert_ptr_nonnull(strstr(want, "\"intervals\": {\"accuracy\": [0."));
    for (int i = 0; i < 3; i++) {
        options.threads = i + 2;
        options.memory = i ? 1 << 30 : 1;
        score = eval("run", "weighted.csv", NULL);
        char *is = json_of(&score);
        ck_assert_str_eq(is, want);
        free(is);
    }
    free(want);
}
END_TEST

/* 17,000 samples of 250 classes: 17.4 MB, over what is taken whatever --memory says (16 MiB). */
START_TEST(without_memory_it_is_left_out_and_said)
{
    heard h = {0};
    small_set_write_idx(small_set_path("many"), "train", 500, 250);
    small_set_write_idx(small_set_path("many"), "t10k", 17000, 250);
    options.epochs = 1;
    train("many", "run", LOGIT_OK, NULL);
    options.memory = 32 << 20;
    logit_score all = eval("run", "many", &h);
    ck_assert_int_eq(h.count, 1);
    ck_assert_int_eq(h.level, LOGIT_LEVEL_WARNING);
    ck_assert_str_eq(h.text,
                     "AUC, average precision and their curves are left out: 17.4 MB of log "
                     "odds of 17000 samples and 250 classes are more than half of --memory");
    ck_assert_str_eq(all.unranked, "memory");
    ck_assert(isnan(all.auc) && isnan(all.class_score[0].average_precision) && !all.curves);
    options.memory = 64 << 20;
    logit_score ranked = eval("run", "many", &h);
    ck_assert_int_eq(h.count, 1);
    ck_assert(!ranked.unranked && ranked.auc > 0.5 && ranked.curves);
    ck_assert(ranked.loss == all.loss && ranked.brier == all.brier);
    logit_score_clear(&all);
    logit_score_clear(&ranked);
}
END_TEST

/* Two classes stand against each other: one AUC, two average precisions. */
START_TEST(two_classes_have_one_auc)
{
    small_set_write_idx(small_set_path("two"), "train", 200, 2);
    small_set_write_mixed(small_set_path("mixed"), 90, 2);
    options.epochs = 1;
    options.loss = _i ? "softmax" : "sigmoid";
    train("two", "run", LOGIT_OK, NULL);
    logit_score score = eval("run", "mixed", NULL);
    ck_assert(score.class_score[0].auc == score.class_score[1].auc);
    ck_assert(score.auc == score.class_score[0].auc && score.auc > 0.5);
    logit_score_clear(&score);
}
END_TEST

/* Rows come by number, and so do their weights: of four samples the pair (2, 1) stands right and
 * weighs 2 x 4, the pair (2, 3) wrong and weighs 2 x 8; sample 0 weighs nothing. */
START_TEST(weights_belong_to_samples_not_to_rows)
{
    static const int32_t row[] = {3, 0, 2, 1}, truth[] = {0, 0, 1, 0};
    static const float weight[] = {0, 4, 2, 8};
    static const double z[] = {5, 6, 3, 1}, loss[4] = {0}; /* of samples 3, 0, 2, 1 */
    static char *names[2];
    const lg_metrics_shape shape = {
        .loss = LG_LOSS_SIGMOID, .classes = 2, .outputs = 1, .samples = 4, .ranked = 1};
    const lg_metrics_rows rows = {.count = 4,
                                  .logits = z,
                                  .loss = loss,
                                  .logit_stride = 1,
                                  .loss_stride = 1,
                                  .real_bytes = 8,
                                  .row = row,
                                  .label = truth,
                                  .weight = weight};
    const double want = 4.0 / 12.0;
    lg_metrics *metrics;
    logit_score score;
    ck_assert(lg_metrics_create(&metrics, &shape, NULL) == LOGIT_OK);
    lg_metrics_add(metrics, &rows);
    ck_assert(lg_metrics_finish(metrics, names, &score, NULL) == LOGIT_OK);
    assert_near(&score.auc, &want, 1, 1e-15, 0.0);
    lg_metrics_destroy(metrics);
    logit_score_clear(&score);
}
END_TEST

/* Figures of 2000 rows of two classes, all said right.  during: allocations while they came.  No
 * assertion: they allocate, too. */
static logit_status score_rows(logit_score *score, int64_t *during)
{
    static double z[2000], loss[2000];
    static int32_t label[2000];
    static char *names[2] = {"a", "b"};
    const lg_metrics_shape shape = {
        .loss = LG_LOSS_SIGMOID, .classes = 2, .outputs = 1, .samples = 2000, .ranked = 1};
    lg_metrics *metrics = NULL;
    for (int i = 0; i < 2000; i++) {
        label[i] = i % 2;
        z[i] = i % 2 ? 1.0 + i : -1.0 - i;
    }
    logit_status status = lg_metrics_create(&metrics, &shape, NULL);
    if (!metrics) return status == LOGIT_OK ? LOGIT_E_USAGE : status;
    const int64_t before = allocations_count();
    for (int i = 0; i < 2000; i += 100) {
        const lg_metrics_rows rows = {.count = 100,
                                      .logits = z + i,
                                      .loss = loss + i,
                                      .logit_stride = 1,
                                      .loss_stride = 1,
                                      .real_bytes = 8,
                                      .label = label + i};
        lg_metrics_add(metrics, &rows);
    }
    *during = allocations_count() - before;
    status = lg_metrics_finish(metrics, names, score, NULL);
    lg_metrics_destroy(metrics);
    return status;
}

START_TEST(rows_take_no_memory)
{
    logit_score score;
    int64_t during = -1;
    ck_assert(score_rows(&score, &during) == LOGIT_OK);
    ck_assert_int_eq(during, 0);
    ck_assert(score.auc == 1.0 && score.accuracy_interval.low == 1.0);
    logit_score_clear(&score);
}
END_TEST

/* Every allocation fails once, in create or in finish, and all that was taken is given back. */
START_TEST(memory_that_runs_out_is_an_error)
{
    logit_score score = {0};
    int64_t during, n = 1;
    if (allocations_count() < 0) return; /* a sanitizer's */
    for (; n < 100; n++) {
        allocations_fail(n);
        const int64_t bytes = allocations_bytes();
        const logit_status status = score_rows(&score, &during);
        const int64_t left = allocations_bytes() - bytes;
        allocations_fail(0);
        if (status == LOGIT_OK) break;
        ck_assert_int_eq(status, LOGIT_E_NOMEM);
        ck_assert_int_eq(left, 0);
        ck_assert(!score.curves && !score.class_score && !score.wrong);
    }
    ck_assert_int_ge(n, 20);
    logit_score_clear(&score);
}
END_TEST

/* mse says no probabilities, but ranks by its scores; numbers have no ranks. */
START_TEST(scores_without_probabilities_are_ranked)
{
    options.loss = "mse";
    train("idx", "run", LOGIT_OK, NULL);
    logit_score score = eval("run", "idx", NULL);
    ck_assert(isnan(score.brier) && score.auc > 0.9 && score.curves);
    logit_score_clear(&score);
    small_set_write_targets(small_set_path("numbers"), 60, 1);
    train("numbers", "line", LOGIT_OK, NULL);
    score = eval("line", "numbers", NULL);
    ck_assert(isnan(score.auc) && !score.unranked && !score.curves);
    ck_assert(isnan(score.accuracy_interval.low) && score.loss_interval.low <= score.loss);
    logit_score_clear(&score);
}
END_TEST

Suite *lg_suite_eval_ranking(void);
Suite *lg_suite_eval_ranking(void)
{
    Suite *suite = suite_create("eval_ranking");
    TCase *tests = tcase_create("eval_ranking");
    tcase_add_checked_fixture(tests, begin, small_set_end);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, a_weight_counts_as_often);
    tcase_add_test(tests, threads_and_memory_change_no_bit);
    tcase_add_test(tests, without_memory_it_is_left_out_and_said);
    tcase_add_loop_test(tests, two_classes_have_one_auc, 0, 2);
    tcase_add_test(tests, weights_belong_to_samples_not_to_rows);
    tcase_add_test(tests, rows_take_no_memory);
    tcase_add_test(tests, memory_that_runs_out_is_an_error);
    tcase_add_test(tests, scores_without_probabilities_are_ranked);
    suite_add_tcase(suite, tests);
    return suite;
}
