/* test_pack.c -- logit_pack: shapes, targets and bad samples are packed, and packing survives.
 *
 * Tests (suite pack). */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "datasets/draw.h"
#include "tests/packed_rig.h"
#include "tests/small_set.h"
#include "tests/train_rig.h"

Suite *lg_suite_pack(void);

static logit_pack_options asked;

/* A drawn set "pets" of real PNG and JPEG files, with three parts. */
static void setup(void)
{
    int64_t written[LG_SPLIT_COUNT];
    logit_error err;
    begin();
    const lg_draw_options draw = {.family = &lg_families[0],
                                  .folder = small_set_path("pets"),
                                  .count = 150,
                                  .format = LG_DRAW_MIXED,
                                  .size = 20,
                                  .threads = 2};
    ck_assert_msg(lg_draw_set(&draw, written, &err) == LOGIT_OK, "%s", err.message);
    logit_pack_options_default(&asked);
    asked.data.threads = 2;
    options.epochs = 2;
}

static logit_status pack(const char *set, const char *file, const logit_watch *watch,
                         logit_pack_summary *summary, logit_error *err)
{
    char to[200];
    snprintf(to, sizeof to, "%s", small_set_path(file));
    asked.file = to;
    return logit_pack(small_set_path(set), &asked, watch, summary, err);
}

static logit_pack_summary packed(const char *set, const char *file)
{
    logit_pack_summary summary;
    logit_error err;
    ck_assert_msg(pack(set, file, NULL, &summary, &err) == LOGIT_OK, "%s", err.message);
    return summary;
}

/* ------------------------------------------------------------------------------- same bits --- */

START_TEST(options_of_the_shape_may_stand_at_packing_or_at_training)
{
    options.height = options.width = 12;
    options.channels = 1;
    train("pets", "folder-run", LOGIT_OK, NULL);
    asked.data.height = asked.data.width = 12;
    asked.data.channels = 1;
    packed("pets", "small.packed");
    options.height = options.width = options.channels = 0;
    train("small.packed", "run", LOGIT_OK, NULL);
    ck_assert(same_files(MODEL("folder-run"), MODEL("run")));
}
END_TEST

START_TEST(numbers_and_soft_targets_are_packed)
{
    const char *set = _i ? "soft" : "numbers";
    small_set_write_targets(small_set_path(set), 120, _i ? 3 : 1);
    options.loss = _i ? "softmax" : "mse";
    train(set, "idx-run", LOGIT_OK, NULL);
    packed(set, "targets.packed");
    train("targets.packed", "run", LOGIT_OK, NULL);
    ck_assert(same_files(MODEL("idx-run"), MODEL("run")));
    packed("targets.packed", "again.packed"); /* and from a packed set */
    train("again.packed", "run", LOGIT_OK, NULL);
    ck_assert(same_files(MODEL("idx-run"), MODEL("run")));
}
END_TEST

START_TEST(the_order_of_classes_is_packed)
{
    options.classes = "2,0,1";
    train("idx", "idx-run", LOGIT_OK, NULL);
    asked.data.classes = "2,0,1";
    packed("idx", "classes.packed");
    options.classes = NULL;
    train("classes.packed", "run", LOGIT_OK, NULL);
    ck_assert(same_files(MODEL("idx-run"), MODEL("run")));
}
END_TEST

START_TEST(the_file_does_not_depend_on_threads)
{
    packed("pets", "two.packed");
    lg_bytes two = packed_load(small_set_path("two.packed"));
    static const int counts[] = {1, 3, 8};
    for (int i = 0; i < 3; i++) {
        asked.data.threads = counts[i];
        asked.data.force = 1;
        packed("pets", "more.packed");
        ck_assert_msg(same_files("two.packed", "more.packed"), "%d threads", counts[i]);
    }
    lg_bytes_clear(&two);
}
END_TEST

/* -------------------------------------------------------------------------- bad samples --- */

/* The file of a picture, whichever kind it was drawn as. */
static const char *picture(const char *name)
{
    static char path[300];
    snprintf(path, sizeof path, "%s/%s.png", small_set_path("pets"), name);
    if (access(path, F_OK) != 0) memcpy(strrchr(path, '.'), ".jpg", 4);
    return path;
}

START_TEST(bad_samples_stay_bad_with_their_reason)
{
    logit_error folder, file;
    ck_assert_int_eq(truncate(picture("train/cat/000000"), 60), 0);
    ck_assert_int_eq(pack("pets", "pets.packed", NULL, NULL, &folder), LOGIT_E_DATA);
    ck_assert_ptr_nonnull(strstr(folder.message, "train/cat/000000."));
    asked.data.on_bad = "skip";
    ck_assert_int_eq(pack("pets", "pets.packed", NULL, NULL, &folder), LOGIT_E_DATA);
    ck_assert_ptr_nonnull(strstr(folder.message, "--max-bad"));
    asked.data.max_bad = 0.1;
    ck_assert_int_eq(packed("pets", "pets.packed").bad, 1);

    train("pets", "run", LOGIT_E_DATA, &folder);
    train("pets.packed", "run", LOGIT_E_DATA, &file);
    ck_assert_str_eq(folder.message, file.message);
    options.on_bad = "skip";
    options.max_bad = 0.1;
    options.force = 1;
    train("pets", "folder-run", LOGIT_OK, NULL);
    train("pets.packed", "run", LOGIT_OK, NULL);
    ck_assert(same_files(MODEL("folder-run"), MODEL("run")));
    options.memory = 1; /* streamed: copied many rows at a time, of which one is bad */
    train("pets.packed", "run", LOGIT_OK, NULL);
    ck_assert(same_files(MODEL("folder-run"), MODEL("run")));
    options.on_bad = "fail";
    train("pets.packed", "run", LOGIT_E_DATA, &file);
    ck_assert_str_eq(folder.message, file.message);
}
END_TEST

/* A block that is not as it was written makes all of its samples bad, and only those. */
START_TEST(a_wrong_block_is_skipped_like_bad_samples)
{
    packed("idx", "idx.packed"); /* 300 rows of 64 bytes, one block */
    lg_bytes bytes = packed_load(small_set_path("idx.packed"));
    bytes.data[LG_PACKED_HEADER + 5] ^= 1;
    packed_save(small_set_path("idx.packed"), &bytes);
    lg_bytes_clear(&bytes);
    logit_error err;
    train("idx.packed", "run", LOGIT_E_DATA, &err);
    ck_assert_msg(strstr(err.message, "packed at byte 4096: block 0 of the train part (rows 0 to "
                                      "299) does not have its checksum [CORRUPT]") != NULL,
                  "%s", err.message);
    options.on_bad = "skip";
    options.max_bad = 0.5;
    train("idx.packed", "run", LOGIT_E_DATA, &err); /* too many */
    ck_assert_ptr_nonnull(strstr(err.message, "--max-bad"));
}
END_TEST

/* PK4 through the whole of a training: exit code 5, and soon. */
static void cut_file(void *user, const logit_epoch *epoch)
{
    (void)user;
    if (epoch->epoch == 3) ck_assert_int_eq(truncate(small_set_path("pets.packed"), 20000), 0);
}

START_TEST(a_training_whose_file_shrinks_ends_with_an_io_error)
{
    logit_error err = {0};
    const logit_watch watch = {.epoch = cut_file};
    packed("pets", "pets.packed");
    options.epochs = 1000;
    options.memory = 1;
    options.out = small_set_path("run");
    const double began = lg_seconds();
    const logit_status status =
        logit_train(small_set_path("pets.packed"), &options, &watch, NULL, &err);
    ck_assert_msg(status == LOGIT_E_IO && logit_exit_code(status) == 5, "%s", err.message);
    ck_assert_ptr_nonnull(strstr(err.message, "became shorter while it was read"));
    ck_assert_double_lt(lg_seconds() - began, 5.0);
}
END_TEST

/* ---------------------------------------------------------------- stopped, killed, gone on --- */

static int64_t stop_at;

static int stop_soon(void *user)
{
    const int64_t *done = user;
    return *done >= stop_at;
}

static void note_done(void *user, const logit_progress *progress)
{
    int64_t *done = user;
    if (progress->phase == LOGIT_PHASE_PACK) *done = progress->done;
}

static void die_soon(void *user, const logit_progress *progress)
{
    (void)user;
    if (progress->phase == LOGIT_PHASE_PACK && progress->done >= stop_at) raise(SIGKILL);
}

START_TEST(a_packing_that_was_stopped_goes_on)
{
    int64_t done = 0;
    logit_error err;
    const logit_watch watch = {.user = &done, .progress = note_done, .stop = stop_soon};
    packed("pets", "straight.packed");
    stop_at = 10;
    ck_assert_int_eq(pack("pets", "pets.packed", &watch, NULL, &err), LOGIT_E_STOPPED);
    ck_assert_ptr_nonnull(strstr(err.message, "the same command goes on"));
    ck_assert_int_ne(access(small_set_path("pets.packed"), F_OK), 0);
    ck_assert_int_eq(access(small_set_path("pets.packed.part"), F_OK), 0);
    const logit_pack_summary summary = packed("pets", "pets.packed");
    ck_assert_int_eq(summary.before, done);
    ck_assert_int_ge(summary.before, 10);
    ck_assert(same_files("straight.packed", "pets.packed"));
}
END_TEST

START_TEST(a_packing_that_was_killed_goes_on)
{
    packed("pets", "straight.packed");
    static const int64_t moments[] = {100, 130, 150};
    for (int i = 0; i < 3; i++) {
        stop_at = moments[i];
        const pid_t child = fork();
        if (child == 0) {
            const logit_watch watch = {.progress = die_soon};
            pack("pets", "pets.packed", &watch, NULL, NULL);
            _exit(1); /* it should be dead */
        }
        int end;
        ck_assert_int_eq(waitpid(child, &end, 0), child);
        ck_assert(WIFSIGNALED(end) && WTERMSIG(end) == SIGKILL);
    }
    const logit_pack_summary summary = packed("pets", "pets.packed");
    ck_assert_int_gt(summary.before, 0);
    ck_assert(same_files("straight.packed", "pets.packed"));
}
END_TEST

START_TEST(a_source_that_has_changed_is_packed_anew)
{
    int64_t done = 0;
    const logit_watch watch = {.user = &done, .progress = note_done, .stop = stop_soon};
    stop_at = 10;
    ck_assert_int_eq(pack("pets", "pets.packed", &watch, NULL, NULL), LOGIT_E_STOPPED);
    asked.order = "index"; /* another file altogether */
    ck_assert_int_eq(packed("pets", "pets.packed").before, 0);
    asked.order = "random";
    asked.data.force = 1;
    ck_assert_int_eq(pack("pets", "pets.packed", &watch, NULL, NULL), LOGIT_E_STOPPED);
    ck_assert_int_eq(unlink(picture("train/dog/000001")), 0);
    ck_assert_int_eq(packed("pets", "pets.packed").before, 0);
}
END_TEST

START_TEST(options_that_make_no_sense_are_refused)
{
    logit_error err;
    asked.order = "backwards";
    ck_assert_int_eq(pack("pets", "pets.packed", NULL, NULL, &err), LOGIT_E_USAGE);
    asked.order = "random";
    ck_assert_int_eq(logit_pack(small_set_path("pets"),
                                &(logit_pack_options){.data = asked.data, .order = "random"}, NULL,
                                NULL, &err),
                     LOGIT_E_USAGE);
    packed("pets", "pets.packed");
    ck_assert_int_eq(pack("pets", "pets.packed", NULL, NULL, &err), LOGIT_E_USAGE);
    ck_assert_int_eq(pack("pets", "none/pets.packed", NULL, NULL, &err), LOGIT_E_IO);
    ck_assert_int_eq(pack("nothing", "other.packed", NULL, NULL, &err), LOGIT_E_IO);
}
END_TEST

Suite *lg_suite_pack(void)
{
    Suite *suite = suite_create("pack");
    TCase *tcase = tcase_create("pack");
    tcase_add_checked_fixture(tcase, setup, small_set_end);
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, options_of_the_shape_may_stand_at_packing_or_at_training);
    tcase_add_loop_test(tcase, numbers_and_soft_targets_are_packed, 0, 2);
    tcase_add_test(tcase, the_order_of_classes_is_packed);
    tcase_add_test(tcase, the_file_does_not_depend_on_threads);
    tcase_add_test(tcase, bad_samples_stay_bad_with_their_reason);
    tcase_add_test(tcase, a_wrong_block_is_skipped_like_bad_samples);
    tcase_add_test(tcase, a_training_whose_file_shrinks_ends_with_an_io_error);
    tcase_add_test(tcase, a_packing_that_was_stopped_goes_on);
    tcase_add_test(tcase, a_packing_that_was_killed_goes_on);
    tcase_add_test(tcase, a_source_that_has_changed_is_packed_anew);
    tcase_add_test(tcase, options_that_make_no_sense_are_refused);
    suite_add_tcase(suite, tcase);
    return suite;
}
