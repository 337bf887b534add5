/* test_train_care.c -- runs in which something small would go wrong without a word. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "logit.h"
#include "tests/small_set.h"

Suite *lg_suite_train_care(void);

static logit_options options;

static void begin(void)
{
    small_set_begin();
    logit_options_default(&options);
    options.device = "cpu";
    options.threads = 2;
    options.force = 1;
    options.val_split = 0.0;
    options.batch_size = 32;
}

static logit_summary train(const char *set, logit_status want, const logit_watch *watch)
{
    logit_summary summary;
    logit_error err = {0};
    options.out = small_set_path("run");
    const logit_status status = logit_train(small_set_path(set), &options, watch, &summary, &err);
    ck_assert_msg(status == want, "status %d, want %d: %s", status, want, err.message);
    return summary;
}

START_TEST(a_last_step_that_breaks_the_weights_is_seen)
{
    small_set_write_idx(small_set_path("idx"), "train", 300, 3);
    options.optimizer = "gd";
    options.epochs = 1;
    options.lr = (logit_list){1, {1e300}};
    train("idx", LOGIT_E_DIVERGED, NULL);
    ck_assert_int_ne(access(small_set_path("run/model.safetensors"), F_OK), 0);
    options.val_split = 0.1;
    options.lr = (logit_list){2, {1e300, 1e-3}};
    ck_assert_int_eq(train("idx", LOGIT_OK, NULL).setting, 1);
}
END_TEST

START_TEST(bad_images_do_not_weigh_in_the_objective)
{
    logit_summary clean, skipped;
    small_set_write_folder(small_set_path("good"), 200, 2);
    small_set_write_folder(small_set_path("bad"), 200, 2);
    for (int i = 0; i < 60; i++) {
        char name[64];
        snprintf(name, sizeof name, "bad/c%d/x%05d.pgm", i % 2, i);
        FILE *file = fopen(small_set_path(name), "wb");
        fputs("P5\n5 6\n255\nshort", file);
        fclose(file);
    }
    options.optimizer = "gd";
    options.normalize = "unit";
    options.epochs = 300;
    options.lr = (logit_list){1, {0.5}};
    options.l2 = (logit_list){1, {0.1}};
    clean = train("good", LOGIT_OK, NULL);
    options.on_bad = "skip";
    options.max_bad = 1.0;
    options.memory = _i ? 1 : 0;
    skipped = train("bad", LOGIT_OK, NULL);
    ck_assert_int_eq(skipped.bad, 60);
    ck_assert_double_eq_tol(skipped.objective, clean.objective, 1e-6 * clean.objective);
}
END_TEST

static void take_loss(void *user, const logit_epoch *epoch)
{
    ((double *)user)[epoch->epoch - 1] = epoch->train_loss;
}

/* One class in fifty, and bright: its weight lifts the curvature far above that of the images. */
static void write_minority(void)
{
    mkdir(small_set_path("few"), 0777);
    mkdir(small_set_path("few/a"), 0777);
    mkdir(small_set_path("few/b"), 0777);
    for (int i = 0; i < 400; i++) {
        char name[64];
        uint8_t pixels[SMALL_PIXELS];
        const int rare = i % 50 == 0;
        small_set_pixels(i, 2, pixels);
        for (int p = 0; p < SMALL_PIXELS; p++) pixels[p] = rare ? 255 : pixels[p] / 16;
        snprintf(name, sizeof name, "few/%s/%05d.pgm", rare ? "b" : "a", i);
        FILE *file = fopen(small_set_path(name), "wb");
        fprintf(file, "P5\n%d %d\n255\n", SMALL_WIDTH, SMALL_HEIGHT);
        fwrite(pixels, 1, sizeof pixels, file);
        fclose(file);
    }
}

START_TEST(the_learning_rate_knows_the_weights_of_the_classes)
{
    double loss[40];
    const logit_watch watch = {.user = loss, .epoch = take_loss};
    write_minority();
    options.optimizer = "gd";
    options.schedule = "const";
    options.normalize = "unit";
    options.class_weight = "balanced";
    options.epochs = 40;
    train("few", LOGIT_OK, &watch);
    for (int e = 1; e < 40; e++) ck_assert_double_le(loss[e], loss[e - 1] * (1.0 + 1e-7));
}
END_TEST

START_TEST(numbers_and_classes_are_not_mixed)
{
    logit_model *model;
    logit_score score;
    logit_error err;
    small_set_write_idx(small_set_path("classes"), "train", 100, 3);
    small_set_write_targets(small_set_path("numbers"), 100, 1);
    options.epochs = 2;
    train("numbers", LOGIT_OK, NULL);
    ck_assert_int_eq(logit_model_open(&model, small_set_path("run"), &err), LOGIT_OK);
    ck_assert_int_eq(
        logit_eval(model, small_set_path("classes"), NULL, &options, NULL, &score, &err),
        LOGIT_E_DATA);
    logit_score_clear(&score);
    logit_model_close(model);
    options.val = small_set_path("classes");
    train("numbers", LOGIT_E_DATA, NULL);
}
END_TEST

START_TEST(a_test_set_with_a_val_part_alone_is_taken)
{
    small_set_write_folder(small_set_path("set"), 100, 2);
    mkdir(small_set_path("other"), 0777);
    small_set_write_folder(small_set_path("other/val"), 40, 2);
    options.epochs = 2;
    char other[256];
    snprintf(other, sizeof other, "%s", small_set_path("other"));
    options.test = other;
    ck_assert_int_eq(train("set", LOGIT_OK, NULL).test_count, 40);
}
END_TEST

START_TEST(what_a_model_fixes_is_not_asked_for)
{
    small_set_write_folder(small_set_path("set"), 100, 2);
    options.epochs = 2;
    train("set", LOGIT_OK, NULL);
    ck_assert_int_eq(rename(small_set_path("run"), small_set_path("model")), 0);
    char from[256];
    snprintf(from, sizeof from, "%s", small_set_path("model"));
    options.from = from;
    options.height = options.width = 9;
    train("set", LOGIT_E_USAGE, NULL);
    options.height = options.width = 0;
    options.classes = "c1,c0";
    train("set", LOGIT_E_USAGE, NULL);
    options.classes = NULL;
    train("set", LOGIT_OK, NULL);
}
END_TEST

Suite *lg_suite_train_care(void)
{
    Suite *suite = suite_create("train_care");
    TCase *all = tcase_create("care");
    tcase_add_checked_fixture(all, begin, small_set_end);
    tcase_set_timeout(all, 120);
    tcase_add_test(all, a_last_step_that_breaks_the_weights_is_seen);
    tcase_add_loop_test(all, bad_images_do_not_weigh_in_the_objective, 0, 2);
    tcase_add_test(all, the_learning_rate_knows_the_weights_of_the_classes);
    tcase_add_test(all, numbers_and_classes_are_not_mixed);
    tcase_add_test(all, a_test_set_with_a_val_part_alone_is_taken);
    tcase_add_test(all, what_a_model_fixes_is_not_asked_for);
    suite_add_tcase(suite, all);
    return suite;
}
