/* test_train_augment.c -- runs with --flip and --shift: the same bits whatever the machine, other
 * ones than without, and what they leave alone. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "core/optim.h"
#include "tests/small_set.h"
#include "tests/train_rig.h"

Suite *lg_suite_train_augment(void);

START_TEST(augmented_runs_are_the_same_whatever_the_machine)
{
    static const struct {
        const char *device;
        int threads;
        int64_t memory;
    } machines[] = {{"cpu", 1, 0}, {"cpu", 2, 1}, {"cpu", 7, 1}, {"cpu", 3, 8000}, {"cpu", 8, 0}};
    small_set_write_folder(small_set_path("folder"), 200, 3);
    options.optimizer = logit_optimizer_name(_i);
    options.flip = 1;
    options.shift = 2;
    train("folder", "first", LOGIT_OK, NULL);
    for (size_t i = 0; i < sizeof machines / sizeof *machines; i++) {
        options.device = machines[i].device;
        options.threads = machines[i].threads;
        options.memory = machines[i].memory;
        train("folder", "other", LOGIT_OK, NULL);
        ck_assert_msg(same_files(MODEL("first"), MODEL("other")), "machine %d", (int)i);
    }
    options.seed = 1;
    train("folder", "other", LOGIT_OK, NULL);
    ck_assert(!same_files(MODEL("first"), MODEL("other")));
}
END_TEST

/* Rows of a packed file are copied many at a time, but not where each is moved.  _i: in blocks. */
START_TEST(a_packed_file_gives_the_bits_of_its_folder)
{
    char to[200];
    logit_error err = {.message = ""};
    logit_pack_options asked;
    small_set_write_folder(small_set_path("folder"), 200, 3);
    snprintf(to, sizeof to, "%s", small_set_path("packed"));
    logit_pack_options_default(&asked);
    asked.file = to;
    ck_assert_msg(logit_pack(small_set_path("folder"), &asked, NULL, NULL, &err) == LOGIT_OK, "%s",
                  err.message);
    options.shuffle = _i ? "block" : "full";
    options.flip = 1;
    options.shift = 2;
    train("folder", "first", LOGIT_OK, NULL);
    for (int i = 0; i < 4; i++) {
        options.threads = 1 + 2 * (i / 2);
        options.memory = i % 2;
        train("packed", "other", LOGIT_OK, NULL);
        ck_assert_msg(same_files(MODEL("first"), MODEL("other")), "machine %d", i);
    }
}
END_TEST

/* The stand-in's memory is its own: streamed and resident sets go through the same slots. */
START_TEST(a_device_of_its_own_gives_one_answer)
{
    small_set_write_folder(small_set_path("folder"), 60, 3);
    options.device = "simt";
    options.flip = 1;
    options.shift = 1;
    options.epochs = 2;
    train("folder", "resident", LOGIT_OK, NULL);
    options.memory = 1;
    train("folder", "streamed", LOGIT_OK, NULL);
    ck_assert(same_files(MODEL("resident"), MODEL("streamed")));
    options.threads = 5;
    train("folder", "streamed", LOGIT_OK, NULL);
    ck_assert(same_files(MODEL("resident"), MODEL("streamed")));
}
END_TEST

/* With a step of next to nothing the weights stay at zero, so that only the images could make a
 * difference; validation and the objective see them as they are. */
START_TEST(the_objective_is_of_the_images_as_they_are)
{
    options.lr = (logit_list){1, {1e-30}};
    options.l2 = (logit_list){1, {0.0}};
    options.epochs = 1;
    const logit_summary plain = train("idx", "plain", LOGIT_OK, NULL);
    options.flip = 1;
    options.shift = 3;
    const logit_summary moved = train("idx", "moved", LOGIT_OK, NULL);
    ck_assert_double_eq(plain.objective, moved.objective);
    ck_assert_double_eq(plain.val_loss, moved.val_loss);
}
END_TEST

START_TEST(the_ways_of_moving_are_different_runs)
{
    train("idx", "none", LOGIT_OK, NULL);
    options.flip = 1;
    train("idx", "flip", LOGIT_OK, NULL);
    options.shift = 1;
    train("idx", "both", LOGIT_OK, NULL);
    options.flip = 0;
    train("idx", "shift", LOGIT_OK, NULL);
    static const char *const runs[] = {MODEL("none"), MODEL("flip"), MODEL("both"), MODEL("shift")};
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < i; j++) ck_assert(!same_files(runs[i], runs[j]));
}
END_TEST

START_TEST(what_cannot_be_moved_is_refused)
{
    logit_error err;
    options.shift = SMALL_WIDTH;
    train("idx", "run", LOGIT_E_USAGE, &err);
    ck_assert_ptr_nonnull(strstr(err.message, "out of sight"));
    options.shift = -1;
    train("idx", "run", LOGIT_E_USAGE, &err);
    ck_assert_ptr_nonnull(strstr(err.message, "--shift"));
}
END_TEST

START_TEST(compare_sees_the_same_batches)
{
    logit_compare_options asked;
    logit_comparison found;
    logit_error err = {.message = ""};
    for (int mode = 0; mode < 2; mode++) {
        logit_compare_options_default(&asked);
        asked.train = options;
        asked.train.flip = 1;
        asked.train.shift = 2;
        asked.train.memory = _i ? 1 : 0;
        asked.device[0] = "cpu";
        asked.device[1] = "ref";
        asked.mode = mode ? "free" : "lockstep";
        asked.steps = 20;
        const logit_status status =
            logit_compare(small_set_path("idx"), NULL, &asked, NULL, &found, &err);
        ck_assert_msg(status == LOGIT_OK, "%s", err.message);
        ck_assert_int_eq(found.steps, 20);
        logit_comparison_clear(&found);
    }
}
END_TEST

Suite *lg_suite_train_augment(void)
{
    Suite *suite = suite_create("train_augment");
    TCase *tcase = tcase_create("train_augment");
    int optimizers = 0;
    while (logit_optimizer_name(optimizers)) optimizers++;
    optimizers--; /* lbfgs, the last, takes one set for all epochs */
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, begin, small_set_end);
    tcase_add_loop_test(tcase, augmented_runs_are_the_same_whatever_the_machine, 0, optimizers);
    tcase_add_loop_test(tcase, a_packed_file_gives_the_bits_of_its_folder, 0, 2);
    tcase_add_test(tcase, a_device_of_its_own_gives_one_answer);
    tcase_add_test(tcase, the_objective_is_of_the_images_as_they_are);
    tcase_add_test(tcase, the_ways_of_moving_are_different_runs);
    tcase_add_test(tcase, what_cannot_be_moved_is_refused);
    tcase_add_loop_test(tcase, compare_sees_the_same_batches, 0, 2);
    suite_add_tcase(suite, tcase);
    return suite;
}
