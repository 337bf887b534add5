/* test_train_faults.c -- runs that go wrong, or that are told to do what cannot be done. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/allocations.h"
#include "tests/small_set.h"
#include "tests/train_rig.h"
#include "train/run_folder.h"

Suite *lg_suite_train_faults(void);

START_TEST(a_loss_that_is_not_finite_ends_the_run)
{
    logit_error err;
    options.optimizer = "sgd";
    options.lr = (logit_list){1, {1e38}};
    train("idx", "run", LOGIT_E_DIVERGED, &err);
    ck_assert_ptr_nonnull(strstr(err.message, "step "));
    ck_assert_ptr_nonnull(strstr(err.message, "1e+38"));
    ck_assert_ptr_nonnull(strstr(err.message, "train-images"));
    ck_assert_int_ne(access(small_set_path(MODEL("run")), F_OK), 0);
}
END_TEST

START_TEST(a_setting_that_diverges_leaves_the_others_alone)
{
    options.optimizer = "sgd";
    options.lr = (logit_list){2, {1e38, 0.01}};
    const logit_summary summary = train("idx", "grid", LOGIT_OK, NULL);
    ck_assert_int_eq(summary.setting, 1);
    options.lr = (logit_list){1, {0.01}};
    train("idx", "solo", LOGIT_OK, NULL);
    ck_assert(same_files(MODEL("grid"), MODEL("solo")));
}
END_TEST

/* Counts the questions that come after training has begun. */
static void training_begins(void *user, const logit_run *run)
{
    (void)run;
    *(int *)user = 1;
}

static int stop_soon(void *user)
{
    int *asked = user;
    return *asked > 0 && ++*asked > 5;
}

START_TEST(a_run_that_is_stopped_saves_its_model)
{
    int calls = 0;
    const logit_watch watch = {.user = &calls, .start = training_begins, .stop = stop_soon};
    logit_error err;
    options.epochs = 100;
    options.out = small_set_path("run");
    ck_assert_int_eq(logit_train(small_set_path("idx"), &options, &watch, NULL, &err),
                     LOGIT_E_STOPPED);
    logit_model_close(open_model("run"));
}
END_TEST

START_TEST(a_folder_has_one_run_at_a_time)
{
    lg_run_folder *folder;
    logit_error err;
    ck_assert_int_eq(
        lg_run_folder_open(&folder, small_set_path("run"), "x", LG_RUN_BEFORE_REMOVE, &err),
        LOGIT_OK);
    train("idx", "run", LOGIT_E_LOCKED, &err);
    char pid[32];
    snprintf(pid, sizeof pid, "process %ld", (long)getpid());
    ck_assert_msg(strstr(err.message, pid) != NULL, "%s", err.message);
    lg_run_folder_close(folder, 0);
    train("idx", "run", LOGIT_OK, &err);
    options.force = 0;
    train("idx", "run", LOGIT_E_USAGE, &err);
}
END_TEST

START_TEST(bad_images_fail_or_are_skipped)
{
    small_set_write_folder(small_set_path("folder"), 200, 3);
    FILE *file = fopen(small_set_path("folder/c1/00001.pgm"), "wb");
    fputs("P5\n5 6\n255\nshort", file);
    fclose(file);
    logit_error err;
    options.memory = _i ? 1 : 0; /* resident, streamed */
    train("folder", "run", LOGIT_E_DATA, &err);
    ck_assert_ptr_nonnull(strstr(err.message, "00001.pgm"));
    options.on_bad = "skip";
    train("folder", "run", LOGIT_E_DATA, &err); /* one of 200 is more than 0.1 % */
    options.max_bad = 0.05;
    ck_assert_int_eq(train("folder", "run", LOGIT_OK, &err).bad, 1);
}
END_TEST

/* Every option with a range, at a value outside it. */
static const struct {
    const char *name;
    size_t offset;
    double value;
} wrong[] = {
    {"val-split", offsetof(logit_options, val_split), 1.0},
    {"val-split", offsetof(logit_options, val_split), NAN},
    {"weight-decay", offsetof(logit_options, weight_decay), -1.0},
    {"max-bad", offsetof(logit_options, max_bad), 1.5},
    {"lr", offsetof(logit_options, lr.value[0]), -0.1},
    {"l2", offsetof(logit_options, l2.value[0]), NAN},
    {"momentum", offsetof(logit_options, momentum.value[0]), 1.0},
    {"label-smoothing", offsetof(logit_options, label_smoothing.value[0]), 1.1},
};

START_TEST(values_out_of_range_are_named)
{
    logit_error err;
    options.lr.count = options.l2.count = 1;
    memcpy((char *)&options + wrong[_i].offset, &wrong[_i].value, sizeof(double));
    train("idx", "run", LOGIT_E_USAGE, &err);
    ck_assert_msg(strstr(err.message, wrong[_i].name) != NULL, "%s", err.message);
}
END_TEST

START_TEST(a_grid_without_validation_is_refused)
{
    options.lr = (logit_list){2, {0.1, 0.2}};
    options.val_split = 0.0;
    train("idx", "run", LOGIT_E_USAGE, NULL);
}
END_TEST

START_TEST(steps_allocate_nothing)
{
    if (allocations_count() < 0) return; /* a sanitizer's allocator */
    int64_t made[2];
    small_set_write_folder(small_set_path("folder"), 200, 3);
    options.memory = _i ? 1 : 0;
    train("folder", "run", LOGIT_OK, NULL); /* libraries take what they need once */
    for (int run = 0; run < 2; run++) {
        options.batch_size = run ? 4 : 16; /* four times the steps in as many epochs */
        const int64_t before = allocations_count();
        train("folder", "run", LOGIT_OK, NULL);
        made[run] = allocations_count() - before;
    }
    ck_assert_msg(llabs(made[1] - made[0]) <= 1, "%lld allocations, and %lld with smaller batches",
                  (long long)made[0], (long long)made[1]);
}
END_TEST

Suite *lg_suite_train_faults(void)
{
    Suite *suite = suite_create("train_faults");
    TCase *faults = tcase_create("faults");
    tcase_add_checked_fixture(faults, begin, small_set_end);
    tcase_set_timeout(faults, 120);
    tcase_add_test(faults, a_loss_that_is_not_finite_ends_the_run);
    tcase_add_test(faults, a_setting_that_diverges_leaves_the_others_alone);
    tcase_add_test(faults, a_run_that_is_stopped_saves_its_model);
    tcase_add_test(faults, a_folder_has_one_run_at_a_time);
    tcase_add_loop_test(faults, bad_images_fail_or_are_skipped, 0, 2);
    tcase_add_loop_test(faults, values_out_of_range_are_named, 0,
                        (int)(sizeof wrong / sizeof *wrong));
    tcase_add_test(faults, a_grid_without_validation_is_refused);
    tcase_add_loop_test(faults, steps_allocate_nothing, 0, 2);
    suite_add_tcase(suite, faults);
    return suite;
}
