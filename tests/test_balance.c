/* test_balance.c -- --sampling balanced: what is drawn, and runs on it.
 *
 * Tests (suite balance). */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/philox.h"
#include "data/balance.h"
#include "tests/simt_runs.h"
#include "tests/small_set.h"
#include "tests/train_rig.h"
#include "train/model.h"

Suite *lg_suite_balance(void);

/* ----------------------------------------------------------------------------------- draws --- */

/* Class 2 has no samples, class 3 one; the others are mixed, and some samples are held out. */
enum { SAMPLES = 5000, CLASSES = 5, DRAWS = 40000 };
static int32_t label[SAMPLES], only[SAMPLES], order[DRAWS], again[DRAWS];
static int64_t only_count;

static void make_labels(void)
{
    for (int i = 0; i < SAMPLES; i++) label[i] = i % 50 == 7 ? 4 : i % 9 == 2 ? 0 : 1;
    label[1234] = 3;
    only_count = 0;
    for (int i = 0; i < SAMPLES; i++)
        if (i % 10 != 3) only[only_count++] = i;
}

/* Sample number n of a class, by walking over all of them; -1: it has fewer. */
static int32_t walk(int class, int64_t n, int held_out)
{
    for (int64_t i = 0; i < (held_out ? only_count : SAMPLES); i++) {
        const int32_t sample = held_out ? only[i] : (int32_t)i;
        if (label[sample] == class && n-- == 0) return sample;
    }
    return -1;
}

static int64_t size_of(int class, int held_out)
{
    int64_t n = 0;
    while (walk(class, n, held_out) >= 0) n += 64;
    while (n > 0 && walk(class, n - 1, held_out) < 0) n--;
    return n;
}

/* The rule of balance.h, from its text. */
START_TEST(each_place_draws_by_the_rule) /* all samples, or some held out */
{
    static const int classes[] = {0, 1, 3, 4};
    const uint64_t seed = 77;
    const uint32_t epoch = 5;
    int64_t sizes[4];
    lg_balance b;
    make_labels();
    for (int c = 0; c < 4; c++) sizes[c] = size_of(classes[c], _i);
    ck_assert_int_eq(
        lg_balance_init(&b, label, _i ? only : NULL, _i ? only_count : SAMPLES, CLASSES, NULL),
        LOGIT_OK);
    ck_assert_int_eq(b.classes, 4);
    lg_balance_draw(&b, order, 300, seed, epoch);
    for (int p = 0; p < 300; p++) {
        const lg_random4 r = lg_philox(seed, lg_stream_id(LG_STREAM_BALANCE, epoch), (uint64_t)p);
        const long double first = ((long double)r.word[1] * 0x1p32L + r.word[0]) * 0x1p-64L;
        const long double second = ((long double)r.word[3] * 0x1p32L + r.word[2]) * 0x1p-64L;
        const int c = (int)floorl(first * 4);
        const int64_t n = (int64_t)floorl(second * (long double)sizes[c]);
        ck_assert_int_eq(order[p], walk(classes[c], n, _i));
    }
    lg_balance_clear(&b);
}
END_TEST

/* Within five standard deviations of a binomial count. */
static void assert_share(int64_t got, double share)
{
    const double want = DRAWS * share, deviation = sqrt(want * (1.0 - share));
    ck_assert_msg(fabs((double)got - want) <= 5.0 * deviation, "%lld, want %.0f", (long long)got,
                  want);
}

START_TEST(classes_and_samples_come_equally_often)
{
    int64_t of_class[CLASSES] = {0}, half = 0;
    lg_balance b;
    make_labels();
    ck_assert_int_eq(lg_balance_init(&b, label, NULL, SAMPLES, CLASSES, NULL), LOGIT_OK);
    lg_balance_draw(&b, order, DRAWS, 1, 0);
    const int32_t middle = walk(1, size_of(1, 0) / 2, 0);
    for (int p = 0; p < DRAWS; p++) {
        of_class[label[order[p]]]++;
        half += label[order[p]] == 1 && order[p] < middle;
    }
    ck_assert_int_eq(of_class[2], 0);
    for (int c = 0; c < CLASSES; c++)
        if (c != 2) assert_share(of_class[c], 0.25);
    assert_share(half, 0.125);
    lg_balance_clear(&b);
}
END_TEST

START_TEST(draws_depend_on_seed_and_epoch_alone)
{
    lg_balance b;
    make_labels();
    ck_assert_int_eq(lg_balance_init(&b, label, NULL, SAMPLES, CLASSES, NULL), LOGIT_OK);
    lg_balance_draw(&b, order, DRAWS, 3, 4);
    lg_balance_draw(&b, again, DRAWS, 3, 4);
    ck_assert_mem_eq(order, again, sizeof order);
    lg_balance_draw(&b, again, 100, 3, 4); /* a place does not know how many there are */
    ck_assert_mem_eq(order, again, 100 * sizeof *order);
    lg_balance_draw(&b, again, 100, 3, 5);
    ck_assert_mem_ne(order, again, 100 * sizeof *order);
    lg_balance_draw(&b, again, 100, 4, 4);
    ck_assert_mem_ne(order, again, 100 * sizeof *order);
    lg_balance_clear(&b);
}
END_TEST

/* -------------------------------------------------------------------------------- the runs --- */

/* Eight of ten images belong to class 0 now, one each to the others. */
static void make_rare(void)
{
    FILE *file = fopen(small_set_path("idx/train-labels-idx1-ubyte"), "r+b");
    ck_assert_ptr_nonnull(file);
    fseek(file, 8, SEEK_SET);
    for (int i = 0; i < 300; i++) fputc(i % 10 == 8 ? 1 : i % 10 == 9 ? 2 : 0, file);
    fclose(file);
    options.sampling = "balanced";
}

START_TEST(every_machine_draws_the_same)
{
    static const struct {
        int threads;
        int64_t memory;
    } machines[] = {{1, 0}, {2, 1}, {7, 1}, {3, 40000}};
    logit_pack_options packing;
    logit_pack_options_default(&packing);
    small_set_write_folder(small_set_path("folder"), 200, 3);
    char to[200]; /* a path lasts four calls */
    snprintf(to, sizeof to, "%s", small_set_path("packed"));
    packing.file = to;
    ck_assert_int_eq(logit_pack(small_set_path("folder"), &packing, NULL, NULL, NULL), LOGIT_OK);
    options.sampling = "balanced";
    train("folder", "first", LOGIT_OK, NULL);
    train("packed", "other", LOGIT_OK, NULL);
    ck_assert(same_files(MODEL("first"), MODEL("other")));
    for (size_t i = 0; i < sizeof machines / sizeof *machines; i++) {
        options.threads = machines[i].threads;
        options.memory = machines[i].memory;
        train("folder", "other", LOGIT_OK, NULL);
        ck_assert_msg(same_files(MODEL("first"), MODEL("other")), "machine %d", (int)i);
    }
    options.sampling = "all";
    train("folder", "other", LOGIT_OK, NULL);
    ck_assert(!same_files(MODEL("first"), MODEL("other")));
}
END_TEST

/* Wherever the set lies: kept on the device as it comes, in part, or not; drawn twice in a batch.
 */
START_TEST(every_place_on_a_device_draws_the_same)
{
    static const simt_way ways[] = {SIMT_RESIDENT, SIMT_KEPT, SIMT_PARTLY, SIMT_SQUEEZED};
    if (!simt_is_built()) return;
    const simt_variant *variant = &simt_variants[0];
    simt_choose(variant, 5);
    options.device = "simt";
    options.sampling = "balanced";
    simt_choose_way(SIMT_STREAMED, variant);
    train(variant->set, "first", LOGIT_OK, NULL);
    simt_choose_way(ways[_i], variant);
    train(variant->set, "other", LOGIT_OK, NULL);
    simt_count();
    ck_assert(same_files(MODEL("first"), MODEL("other")));
}
END_TEST

static char objective[300];

static void hear(void *user, const logit_run *run)
{
    (void)user;
    snprintf(objective, sizeof objective, "%s", run->objective);
}

/* Biases begin where all classes are alike; pixels are normalised as ever. */
START_TEST(a_run_begins_balanced)
{
    const logit_watch watch = {.start = hear};
    logit_error err;
    make_rare();
    options.epochs = 1;
    options.lr = (logit_list){1, {1e-30}}; /* steps that no bias feels */
    options.out = small_set_path("run");
    ck_assert_int_eq(logit_train(small_set_path("idx"), &options, &watch, NULL, &err), LOGIT_OK);
    ck_assert_msg(strstr(objective, ", estimated on balanced draws") != NULL, "%s", objective);
    logit_model *balanced = open_model("run");
    const logit_model_info m = logit_model_describe(balanced);
    for (int c = 0; c < 3; c++) ck_assert_double_eq_tol(m.bias[c], log(1.0 / 3.0), 1e-6);
    options.sampling = "all";
    train("idx", "all", LOGIT_OK, NULL);
    logit_model *all = open_model("all");
    ck_assert_double_gt(logit_model_describe(all).bias[0], log(0.7));
    ck_assert_double_eq(balanced->mean[0], all->mean[0]);
    ck_assert_double_eq(balanced->std[0], all->std[0]);
    logit_model_close(balanced);
    logit_model_close(all);
}
END_TEST

static double recall_of_rare(const char *run)
{
    logit_error err;
    logit_score score;
    logit_model *model = open_model(run);
    ck_assert_int_eq(logit_eval(model, small_set_path("idx"), NULL, &options, NULL, &score, &err),
                     LOGIT_OK);
    const double recall = (score.class_score[1].recall + score.class_score[2].recall) / 2.0;
    logit_score_clear(&score);
    logit_model_close(model);
    return recall;
}

/* Labels that the pixels say nothing of: who sees them as they are never guesses a rare one. */
START_TEST(rare_classes_are_found)
{
    make_rare();
    options.normalize = "unit";
    options.l2 = (logit_list){1, {1.0}};
    train("idx", "balanced", LOGIT_OK, NULL);
    options.sampling = "all";
    train("idx", "all", LOGIT_OK, NULL);
    ck_assert_double_eq(recall_of_rare("all"), 0.0);
    ck_assert_double_gt(recall_of_rare("balanced"), 0.3);
}
END_TEST

static int steps_left;

static int stop_later(void *user)
{
    (void)user;
    return --steps_left == 0;
}

START_TEST(a_stopped_run_goes_on_to_the_same_bits)
{
    const logit_watch watch = {.stop = stop_later};
    make_rare();
    train("idx", "straight", LOGIT_OK, NULL);
    options.out = small_set_path("run");
    steps_left = 4 + 5 * _i;
    ck_assert_int_eq(logit_train(small_set_path("idx"), &options, &watch, NULL, NULL),
                     LOGIT_E_STOPPED);
    options.resume = 1;
    train("idx", "run", LOGIT_OK, NULL);
    ck_assert(same_files(MODEL("straight"), MODEL("run")));
}
END_TEST

static void with_blocks(void)
{
    options.shuffle = "block";
}
static void with_order(void)
{
    options.shuffle = "none";
}
static void with_the_whole_set(void)
{
    options.optimizer = "gd";
}
static void with_weights(void)
{
    options.class_weight = "balanced";
}
static void with_another_word(void)
{
    options.sampling = "fair";
}
static const struct {
    void (*change)(void);
    const char *says;
} senseless[] = {{with_blocks, "--shuffle block takes neighbours in the file; give --shuffle full"},
                 {with_order, "--shuffle none takes them as they come"},
                 {with_the_whole_set, "gd sees the whole set in each step"},
                 {with_weights, "rare classes would count twice"},
                 {with_another_word, "expected all or balanced"}};

START_TEST(what_makes_no_sense_is_refused)
{
    logit_error err;
    options.sampling = "balanced";
    senseless[_i].change();
    train("idx", "run", LOGIT_E_USAGE, &err);
    ck_assert_msg(strstr(err.message, senseless[_i].says) != NULL, "%s", err.message);
}
END_TEST

START_TEST(samples_need_classes)
{
    logit_error err;
    options.sampling = "balanced";
    small_set_write_targets(small_set_path("numbers"), 60, 1);
    train("numbers", "run", LOGIT_E_USAGE, &err);
    ck_assert_msg(strstr(err.message, "has numbers") != NULL, "%s", err.message);
    small_set_write_targets(small_set_path("soft"), 60, 3);
    train("soft", "run", LOGIT_E_USAGE, &err);
    ck_assert_msg(strstr(err.message, "has soft targets") != NULL, "%s", err.message);
}
END_TEST

static void add_runs(TCase *runs)
{
    tcase_add_test(runs, every_machine_draws_the_same);
    tcase_add_test(runs, a_run_begins_balanced);
    tcase_add_test(runs, rare_classes_are_found);
    tcase_add_loop_test(runs, a_stopped_run_goes_on_to_the_same_bits, 0, 5);
    tcase_add_loop_test(runs, what_makes_no_sense_is_refused, 0,
                        (int)(sizeof senseless / sizeof *senseless));
    tcase_add_test(runs, samples_need_classes);
}

Suite *lg_suite_balance(void)
{
    Suite *suite = suite_create("balance");
    TCase *draws = tcase_create("draws"), *runs = tcase_create("runs");
    tcase_add_loop_test(draws, each_place_draws_by_the_rule, 0, 2);
    tcase_add_test(draws, classes_and_samples_come_equally_often);
    tcase_add_test(draws, draws_depend_on_seed_and_epoch_alone);
    suite_add_tcase(suite, draws);
    tcase_add_checked_fixture(runs, begin, small_set_end);
    tcase_set_timeout(runs, 120);
    add_runs(runs);
    suite_add_tcase(suite, runs);
    TCase *places = tcase_create("places");
    tcase_add_unchecked_fixture(places, simt_runs_begin, simt_runs_end);
    tcase_add_checked_fixture(places, simt_make_sets, small_set_end);
    tcase_set_timeout(places, 120);
    tcase_add_loop_test(places, every_place_on_a_device_draws_the_same, 0, 4);
    suite_add_tcase(suite, places);
    return suite;
}
