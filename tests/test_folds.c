/* test_folds.c -- cross-validation: who is in which fold, figures that are those of runs alone, the
 * pick, and the run on everything.
 *
 * Tests (suite folds).  The oracle of a fold is a run through the public API on a set that holds
 * the other folds' samples and nothing else, validated on a set that holds the fold's. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "data/order.h"
#include "tests/folds_rig.h"
#include "tests/small_set.h"
#include "tests/train_rig.h"

Suite *lg_suite_folds(void);

/* ---------------------------------------------------------------------------- dealing out --- */

static const struct {
    int64_t count;
    int classes, folds;
} deals[] = {{300, 3, 5}, {101, 7, 4}, {20, 1, 20}, {60, 60, 2}, {1000, 10, 3}, {7, 2, 3}};
enum { DEALS = sizeof deals / sizeof *deals };

/* Classes of very different sizes; class c has about c + 1 shares. */
static int32_t *uneven_labels(int64_t count, int classes)
{
    int32_t *label = malloc((size_t)count * sizeof *label);
    for (int64_t i = 0; i < count; i++) {
        int64_t at = i * 7919 % (classes * (classes + 1) / 2);
        int32_t c = 0;
        while (at > c) at -= ++c;
        label[i] = c;
    }
    return label;
}

static int32_t *deal(const int32_t *label, int64_t count, int classes, int folds, uint64_t seed)
{
    int32_t *fold;
    ck_assert_int_eq(lg_order_folds(&fold, label, count, classes, folds, seed, NULL), LOGIT_OK);
    return fold;
}

START_TEST(folds_are_as_even_as_can_be)
{
    const int64_t count = deals[_i].count;
    const int classes = deals[_i].classes, folds = deals[_i].folds;
    int32_t *label = uneven_labels(count, classes), *fold = deal(label, count, classes, folds, 3);
    int64_t least = count, most = 0;
    for (int f = 0; f < folds; f++) {
        int64_t size = 0;
        for (int64_t i = 0; i < count; i++) size += fold[i] == f;
        least = size < least ? size : least;
        most = size > most ? size : most;
    }
    ck_assert_int_le(most - least, 1);
    for (int c = 0; c < classes; c++) {
        int64_t few = count, many = 0;
        for (int f = 0; f < folds; f++) {
            int64_t size = 0;
            for (int64_t i = 0; i < count; i++) size += fold[i] == f && label[i] == c;
            few = size < few ? size : few;
            many = size > many ? size : many;
        }
        ck_assert_msg(many - few <= 1, "class %d: %d to %d", c, (int)few, (int)many);
    }
    for (int64_t i = 0; i < count; i++) ck_assert(fold[i] >= 0 && fold[i] < folds);
    free(label);
    free(fold);
}
END_TEST

START_TEST(folds_depend_on_the_seed_and_on_nothing_else)
{
    int32_t *a = deal(NULL, 500, 0, 5, 1), *b = deal(NULL, 500, 0, 5, 1),
            *c = deal(NULL, 500, 0, 5, 2);
    ck_assert_mem_eq(a, b, 500 * sizeof *a);
    ck_assert_mem_ne(a, c, 500 * sizeof *a);
    free(a);
    free(b);
    free(c);
}
END_TEST

/* Two samples of ten share a fold of five in 1 of 9 deals: 2222 of 20000, deviation 44. */
START_TEST(folds_are_fair)
{
    int together = 0, at[5] = {0};
    for (uint64_t seed = 0; seed < 20000; seed++) {
        int32_t *fold = deal(NULL, 10, 0, 5, seed);
        together += fold[0] == fold[7];
        at[fold[4]]++;
        free(fold);
    }
    ck_assert_msg(abs(together - 2222) < 200, "%d", together);
    for (int f = 0; f < 5; f++) ck_assert_msg(abs(at[f] - 4000) < 260, "%d: %d", f, at[f]);
}
END_TEST

/* The rows of an IDX file whose fold is, or is not, f. */
static void copy_rows(const char *from, const char *to, const char *file, const int32_t *fold,
                      int f, int inside)
{
    char name[64];
    int64_t size, count = 0;
    snprintf(name, sizeof name, "%s/%s", from, file);
    uint8_t *all = small_set_read(small_set_path(name), &size);
    const int64_t head = 4 + 4 * (int64_t)all[3], row = (size - head) / COUNT;
    uint8_t *out = malloc((size_t)size);
    for (int i = 0; i < COUNT; i++)
        if ((fold[i] == f) == inside)
            memcpy(out + head + row * count++, all + head + row * i, (size_t)row);
    memcpy(out, all, (size_t)head);
    out[6] = (uint8_t)(count >> 8);
    out[7] = (uint8_t)count;
    snprintf(name, sizeof name, "%s/%s", to, file);
    FILE *there = fopen(small_set_path(name), "wb");
    ck_assert_ptr_nonnull(there);
    fwrite(out, 1, (size_t)(head + row * count), there);
    fclose(there);
    free(out);
    free(all);
}

/* The sets "others" and "held" of fold f of `set`. */
static void part_set(const char *set, const char *labels, const int32_t *fold, int f)
{
    for (int inside = 0; inside < 2; inside++) {
        const char *to = inside ? "held" : "others";
        small_set_write_idx(small_set_path(to), "t10k", 3, CLASSES); /* makes the folder */
        char old[64];
        snprintf(old, sizeof old, "%s/t10k-images-idx3-ubyte", to);
        unlink(small_set_path(old));
        snprintf(old, sizeof old, "%s/t10k-labels-idx1-ubyte", to);
        unlink(small_set_path(old));
        copy_rows(set, to, "train-images-idx3-ubyte", fold, f, inside);
        copy_rows(set, to, labels, fold, f, inside);
    }
}

/* ------------------------------------------------------------------------ folds and runs alone ---
 */

static const struct {
    const char *what, *optimizer, *path, *loss, *weight, *labels, *sampling;
    int lrs, l2s;
} kinds[] = {
    {"one setting", "adam", NULL, "auto", NULL, "u", "all", 0, 0},
    {"a grid", "sgd", NULL, "auto", NULL, "u", "all", 3, 2},
    {"gd, its rates chosen", "gd", NULL, "auto", NULL, "u", "all", 0, 2},
    {"balanced weights", "adam", NULL, "auto", "balanced", "u", "all", 2, 0},
    {"weights by name", "lbfgs", NULL, "sigmoid", "1=2.5", "u", "all", 0, 2},
    {"balanced draws", "sgd", NULL, "auto", NULL, "u", "balanced", 2, 0},
    {"a path", "lbfgs", "1:1e-4:4", "auto", NULL, "u", "all", 0, 0},
    {"a path over l1", "lbfgs", "l1:0.1,0.01", "auto", NULL, "u", "all", 0, 0},
    {"numbers", "lbfgs", "1:1e-3:3", "auto", NULL, "n", "all", 0, 0},
    {"soft targets", "adam", NULL, "softmax", NULL, "s", "all", 2, 0},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

static const char *ask(int kind)
{
    static const logit_list lrs = {3, {0.01, 0.1, 0.3}}, l2s = {2, {1e-3, 1e-1}};
    options.optimizer = kinds[kind].optimizer;
    options.path = kinds[kind].path;
    options.loss = kinds[kind].loss;
    options.class_weight = kinds[kind].weight;
    options.sampling = kinds[kind].sampling;
    options.lr = lrs;
    options.l2 = l2s;
    options.lr.count = kinds[kind].lrs;
    options.l2.count = kinds[kind].l2s;
    if (strcmp(options.optimizer, "lbfgs") == 0) options.epochs = 0;
    if (*kinds[kind].labels == 'u') return "train-labels-idx1-ubyte";
    small_set_write_targets(small_set_path("soft"), COUNT,
                            *kinds[kind].labels == 's' ? CLASSES : 1);
    return *kinds[kind].labels == 's' ? "train-labels-idx2-float" : "train-labels-idx1-float";
}

/* Every figure of every fold is, bit for bit, that of a run on the others alone. */
START_TEST(a_fold_is_a_run_on_the_others)
{
    const char *labels = ask(_i), *set = *kinds[_i].labels == 'u' ? "idx" : "soft";
    int32_t label[COUNT];
    for (int i = 0; i < COUNT; i++) label[i] = i % CLASSES;
    int32_t *fold = deal(*kinds[_i].labels == 'u' ? label : NULL, COUNT, CLASSES, 3, 7);
    folds_go(set, "cross");
    const int settings = folds_tolds;
    logit_setting folds[3][MOST];
    memcpy(folds, folds_figure, sizeof folds);
    ck_assert_int_eq(folds_figures, 3 * settings);
    static char held[600];
    snprintf(held, sizeof held, "%s", small_set_path("held"));
    options.folds = 0;
    options.val = held;
    for (int f = 0; f < 3; f++) {
        part_set(set, labels, fold, f);
        const logit_summary s = folds_go("others", "alone");
        ck_assert_int_eq(folds_tolds, settings);
        for (int i = 0; i < settings; i++) {
            ck_assert_msg(folds[f][i].val_loss == folds_told[i].val_loss,
                          "%s, fold %d, %d: %.17g, %.17g", kinds[_i].what, f, i,
                          folds[f][i].val_loss, folds_told[i].val_loss);
            ck_assert(folds[f][i].val_accuracy == folds_told[i].val_accuracy ||
                      (isnan(folds[f][i].val_accuracy) && isnan(folds_told[i].val_accuracy)));
            ck_assert(folds[f][i].train_loss == folds_told[i].train_loss);
            ck_assert(folds[f][i].passes == folds_told[i].passes);
        }
        ck_assert(isfinite(s.val_loss));
    }
    free(fold);
}
END_TEST

/* Three labels of ten are another class's: nobody can tell all of them. */
static void mislabel(void)
{
    FILE *file = fopen(small_set_path("idx/train-labels-idx1-ubyte"), "r+b");
    ck_assert_ptr_nonnull(file);
    fseek(file, 8, SEEK_SET);
    for (int i = 0; i < COUNT; i++) fputc((i + (i * 7919 % 31 % 10 < 3)) % CLASSES, file);
    fclose(file);
}

/* Mean, its error, and the pick; and the model is that of a run that was given the pick. */
START_TEST(the_best_mean_is_trained_on_everything)
{
    const logit_list lrs = {4, {1e-4, 1e-2, 0.1, 30.0}};
    options.optimizer = "sgd";
    options.lr = lrs;
    options.folds = 4;
    options.metric = _i ? "accuracy" : "loss";
    small_set_write_idx(small_set_path("idx"), "t10k", 90, CLASSES);
    mislabel();
    const logit_summary s = folds_go("idx", "cross");
    int best = 0;
    ck_assert_int_eq(folds_tolds, 4);
    for (int i = 0; i < 4; i++) {
        double mean = 0.0, squares = 0.0;
        for (int f = 0; f < 4; f++) mean += folds_figure[f][i].val_loss / 4.0;
        for (int f = 0; f < 4; f++) squares += pow(folds_figure[f][i].val_loss - mean, 2.0);
        ck_assert_double_eq_tol(folds_told[i].val_loss, mean, 1e-12 * mean);
        ck_assert_double_eq_tol(folds_told[i].val_loss_error, sqrt(squares / 3.0) / 2.0,
                                1e-9 * mean);
        ck_assert_int_eq(folds_told[i].folds, 4);
        ck_assert(folds_told[i].lr == lrs.value[i]);
        const int better = _i ? folds_told[i].val_accuracy > folds_told[best].val_accuracy
                              : folds_told[i].val_loss < folds_told[best].val_loss;
        if (better) best = i;
    }
    ck_assert_int_eq(best, _i ? 1 : 2); /* accuracy and loss prefer different settings */
    for (int i = 0; i < 4; i++) ck_assert_int_eq(folds_told[i].kept, i == s.setting);
    ck_assert_int_eq(s.setting, best);
    ck_assert(s.val_loss == folds_told[s.setting].val_loss);
    options.folds = 0;
    options.val_split = 0.0;
    options.lr = (logit_list){1, {lrs.value[s.setting]}};
    const logit_summary alone = train("idx", "alone", LOGIT_OK, NULL);
    ck_assert(same_files(MODEL("cross"), MODEL("alone")));
    ck_assert(alone.test_loss == s.test_loss && alone.objective == s.objective);
    ck_assert_int_eq((int)s.test_count, 90);
}
END_TEST

START_TEST(one_standard_error_picks_the_stronger_penalty)
{
    options.optimizer = "lbfgs";
    options.normalize = "unit";
    options.epochs = 0;
    options.path = "1:1e-6:40";
    options.seed = 2; /* folds whose best is not the strongest that will do */
    small_set_write_idx(small_set_path("idx"), "train", 60, CLASSES);
    options.folds = 5;
    const int best = folds_go("idx", "best").setting;
    options.pick = "1se";
    const int picked = folds_go("idx", "1se").setting;
    const double bound = folds_told[best].val_loss + folds_told[best].val_loss_error;
    ck_assert_int_lt(picked, best); /* it measures: penalties fall along the path */
    ck_assert(folds_told[picked].val_loss <= bound);
    for (int i = 0; i < picked; i++) ck_assert(folds_told[i].val_loss > bound);
    options.folds = 0;
    options.val_split = 0.0;
    options.pick = "best";
    options.path = NULL;
    options.l2 = (logit_list){1, {folds_told[picked].l2}};
    train("idx", "alone", LOGIT_OK, NULL);
    ck_assert(same_files(MODEL("1se"), MODEL("alone")));
}
END_TEST

/* The test part is another matter: nothing in the folds depends on it. */
START_TEST(the_test_part_has_no_say)
{
    double loss[3];
    options.lr = (logit_list){2, {0.1, 0.01}};
    folds_go("idx", "without");
    for (int f = 0; f < 3; f++) loss[f] = folds_figure[f][1].val_loss;
    small_set_write_idx(small_set_path("idx"), "t10k", 90, CLASSES);
    const logit_summary s = folds_go("idx", "with");
    for (int f = 0; f < 3; f++) ck_assert(loss[f] == folds_figure[f][1].val_loss);
    ck_assert_int_eq((int)s.test_count, 90);
    ck_assert(same_files(MODEL("with"), MODEL("without")));
}
END_TEST

Suite *lg_suite_folds(void)
{
    Suite *suite = suite_create("folds");
    TCase *dealt = tcase_create("dealt");
    tcase_add_loop_test(dealt, folds_are_as_even_as_can_be, 0, DEALS);
    tcase_add_test(dealt, folds_depend_on_the_seed_and_on_nothing_else);
    tcase_add_test(dealt, folds_are_fair);
    suite_add_tcase(suite, dealt);
    TCase *all = tcase_create("folds");
    tcase_add_checked_fixture(all, folds_begin, small_set_end);
    tcase_set_timeout(all, 120);
    tcase_add_loop_test(all, a_fold_is_a_run_on_the_others, 0, KINDS);
    tcase_add_loop_test(all, the_best_mean_is_trained_on_everything, 0, 2);
    tcase_add_test(all, one_standard_error_picks_the_stronger_penalty);
    tcase_add_test(all, the_test_part_has_no_say);
    suite_add_tcase(suite, all);
    return suite;
}
