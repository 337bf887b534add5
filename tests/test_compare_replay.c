/* test_compare_replay.c -- the step that went wrong, from its file: again, and no more.
 *
 * Tests (suite compare_replay). */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/faulty.h"
#include "tests/small_set.h"
#include "tests/train_rig.h"
#include "train/compare_replay.h"

Suite *lg_suite_compare_replay(void);

enum { STEP = 4 };

static char file[1024];

static void begin_replay(void)
{
    compare_begin();
    asked.steps = 5;
    asked.out = small_set_path("found");
    mkdir(asked.out, 0777);
}

static faulty_plan fault_in(lg_stage stage, lg_array array, int64_t index)
{
    return (faulty_plan){
        .stage = stage, .array = array, .index = index, .step = STEP, .value = 77.0f};
}

/* Compares with a fault, and keeps where its file lies. */
static void find(faulty_plan *plan, const char *set)
{
    faulty_compare(plan, 0, set, LOGIT_E_CHECK);
    ck_assert_str_ne(answer.replay, "");
    snprintf(file, sizeof file, "%s", answer.replay);
}

/* ---------------------------------------------------------------------------- again, and not ---
 */

/* A training and what is spoiled in it. */
static const struct fault_kind {
    const char *loss, *optimizer, *set, *features;
    lg_stage stage;
    lg_array array;
    int64_t index;
} fault_kinds[] = {
    {"softmax", "adam", "idx", NULL, LG_STAGE_PIXELS, LG_ARRAY_X, 40},
    {"softmax", "adam", "idx", NULL, LG_STAGE_LOGITS, LG_ARRAY_Z, 17},
    {"softmax", "sgd", "idx", NULL, LG_STAGE_LOSS, LG_ARRAY_ROW_LOSS, 9},
    {"sigmoid", "gd", "idx", NULL, LG_STAGE_GRADIENT, LG_ARRAY_GW, 50},
    {"mse", "adam", "idx", NULL, LG_STAGE_UPDATE, LG_ARRAY_STATE_W1, 3},
    {"softmax", "adam", "idx", NULL, LG_STAGE_STEP, LG_ARRAY_W, 61},
    {"auto", "adam", "numbers", NULL, LG_STAGE_LOGITS, LG_ARRAY_Z, 5},
    {"softmax", "sgd", "soft", NULL, LG_STAGE_LOSS, LG_ARRAY_Z, 5},
    {"softmax", "adam", "idx", "patch:5,size=3,grid=2,stride=1", LG_STAGE_FEATURES, LG_ARRAY_X, 44},
    {"softmax", "gd", "idx", "square", LG_STAGE_PIXELS, LG_ARRAY_X, 44},
    {"mse", "sgd", "idx", "cross:9", LG_STAGE_FEATURES, LG_ARRAY_X, 3},
    {"auto", "adam", "numbers", "step:12", LG_STAGE_LOGITS, LG_ARRAY_Z, 5},
    {"sigmoid", "adam", "idx", "rff:12", LG_STAGE_UPDATE, LG_ARRAY_W, 5},
};
enum { FAULT_KINDS = sizeof fault_kinds / sizeof *fault_kinds };

START_TEST(a_replay_finds_it_again_and_not_when_it_is_gone)
{
    const struct fault_kind *kind = &fault_kinds[_i];
    faulty_plan plan = fault_in(kind->stage, kind->array, kind->index);
    small_set_write_targets(small_set_path("numbers"), 90, 1);
    small_set_write_targets(small_set_path("soft"), 90, 3);
    asked.train.loss = kind->loss;
    asked.train.optimizer = kind->optimizer;
    asked.train.features = kind->features;
    asked.train.momentum = (logit_list){1, {0.9}};
    asked.train.label_smoothing = (logit_list){1, {strcmp(kind->set, "numbers") == 0 ? 0.0 : 0.1}};
    if (strcmp(kind->set, "idx") == 0) asked.train.class_weight = "balanced";
    if (strcmp(kind->optimizer, "gd") == 0) plan.skip = 3; /* the fourth minibatch of the step */
    find(&plan, kind->set);
    const logit_divergence first = answer.first;

    asked.replay = file;
    faulty_compare(&plan, 0, NULL, LOGIT_E_CHECK);
    ck_assert_int_eq(answer.first.step, STEP);
    ck_assert_str_eq(answer.first.stage, first.stage);
    ck_assert_str_eq(answer.first.sample, first.sample);
    ck_assert_str_eq(answer.first.of, first.of);
    ck_assert_double_eq(answer.first.got, first.got); /* the same numbers, to the last bit */
    ck_assert_double_eq(answer.first.want, first.want);
    ck_assert_double_eq(answer.first.bound, first.bound);
    ck_assert_str_eq(answer.replay, ""); /* no file of a file */

    plan.step = 0;
    faulty_compare(&plan, 0, NULL, LOGIT_OK);
    ck_assert_int_eq(answer.steps, 1);
    ck_assert_int_gt(answer.samples, 0);
    ck_assert_int_eq(answer.difference[0].outside, 0);
    ck_assert_int_gt(answer.difference[0].count, 0);
}
END_TEST

/* Where W was scaled the file holds it so. */
START_TEST(a_replay_of_a_stressed_step_finds_it_again)
{
    faulty_plan plan = fault_in(LG_STAGE_LOSS, LG_ARRAY_ROW_LOSS, 2);
    asked.stress = 1;
    plan.value = 5e-30f; /* less than any loss but a saturated one's */
    find(&plan, "idx");
    const logit_divergence first = answer.first;
    ck_assert_int_eq(first.step, STEP);
    ck_assert_str_eq(first.of, "W x 2");
    asked.stress = 0;
    asked.replay = file;
    faulty_compare(&plan, 0, NULL, LOGIT_E_CHECK);
    ck_assert_str_eq(answer.first.stage, "loss");
    ck_assert_double_eq(answer.first.want, first.want);
}
END_TEST

START_TEST(the_devices_of_a_replay_are_those_of_the_file_or_others)
{
    faulty_plan plan = fault_in(LG_STAGE_LOGITS, LG_ARRAY_Z, 17);
    find(&plan, "idx");
    asked.replay = file;
    asked.device[0] = asked.device[1] = NULL;
    logit_comparison_clear(&answer);
    ck_assert_int_eq(logit_compare(NULL, NULL, &asked, NULL, &answer, &answer_error), LOGIT_OK);
    ck_assert_int_eq(strncmp(answer.device[0], "cpu:", 4), 0);
    ck_assert_str_eq(answer.device[1], "");
    asked.device[0] = asked.device[1] = "cpu";
    ck_assert_int_eq(logit_compare(NULL, NULL, &asked, NULL, &answer, &answer_error), LOGIT_OK);
    ck_assert_int_eq(strncmp(answer.device[1], "cpu:", 4), 0);
    ck_assert_int_eq(answer.differences, 18);
}
END_TEST

/* --------------------------------------------------------------------------------- its file --- */

static void assert_refused(const char *path, const char *why)
{
    lg_replay replay;
    logit_error err = {0};
    ck_assert_int_eq(lg_replay_load(&replay, path, &err), LOGIT_E_DATA);
    ck_assert_msg(strstr(err.message, why) != NULL, "\"%s\" does not say \"%s\"", err.message, why);
    ck_assert_ptr_null(replay.array[LG_REPLAY_W]);
}

/* Written again, the file is the same, byte for byte. */
static void assert_same_again(const lg_replay *replay)
{
    int64_t size[2];
    const char *path = small_set_path("same.safetensors");
    ck_assert_int_eq(lg_replay_save(replay, path, NULL), LOGIT_OK);
    uint8_t *a = small_set_read(file, &size[0]), *b = small_set_read(path, &size[1]);
    ck_assert_int_eq(size[0], size[1]);
    ck_assert_mem_eq(a, b, (size_t)size[0]);
    free(a);
    free(b);
}

/* A file whose content was changed in memory. */
static void assert_changed(const lg_replay *replay, const char *why)
{
    const char *path = small_set_path("changed.safetensors");
    ck_assert_int_eq(lg_replay_save(replay, path, NULL), LOGIT_OK);
    assert_refused(path, why);
}

static void open_found(lg_replay *replay)
{
    faulty_plan plan = fault_in(LG_STAGE_LOGITS, LG_ARRAY_Z, 17);
    find(&plan, "idx");
    ck_assert_int_eq(lg_replay_load(replay, file, NULL), LOGIT_OK);
}

START_TEST(a_file_says_what_was_found)
{
    lg_replay replay;
    open_found(&replay);
    ck_assert_int_eq(replay.step, STEP);
    ck_assert_str_eq(replay.stage, "logits");
    ck_assert_str_eq(replay.device[0], "cpu");
    ck_assert_int_eq(replay.classes, 3);
    assert_same_again(&replay);
    lg_replay_clear(&replay);
}
END_TEST

START_TEST(every_number_of_an_array_is_looked_at)
{
    static const struct {
        lg_replay_array array;
        int64_t index;
        float value;
        const char *why;
    } bad[] = {{LG_REPLAY_W, 4, NAN, "weight[4] is nan"},
               {LG_REPLAY_STATE_B1, 2, INFINITY, "state_bias_2[2] is inf"},
               {LG_REPLAY_PIXELS, 7, 0.5f, "pixels[7] is 0.5"},
               {LG_REPLAY_PIXELS, 7, 256.0f, "pixels[7] is 256"},
               {LG_REPLAY_PIXELS, 7, -1.0f, "pixels[7] is -1"},
               {LG_REPLAY_TRUTH, 0, 3.0f, "truth[0] is 3"},
               {LG_REPLAY_TRUTH, 0, 0.5f, "truth[0] is 0.5"}};
    lg_replay replay;
    open_found(&replay);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        float *at = &replay.array[bad[i].array][bad[i].index];
        const float before = *at;
        *at = bad[i].value;
        assert_changed(&replay, bad[i].why);
        *at = before;
    }
    lg_replay_clear(&replay);
}
END_TEST

START_TEST(every_number_of_the_metadata_is_looked_at)
{
    lg_replay replay;
    open_found(&replay);
    replay.step = 0;
    assert_changed(&replay, "step is 0");
    replay.step = STEP;
    replay.last = 0;
    assert_changed(&replay, "adam");
    replay.last = 1;
    replay.image.width--;
    assert_changed(&replay, "shape");
    replay.image.width++;
    replay.scalars[0].lr = NAN;
    assert_changed(&replay, "scalars");
    lg_replay_clear(&replay);
}
END_TEST

START_TEST(a_file_cut_short_or_of_another_kind_is_refused)
{
    faulty_plan plan = fault_in(LG_STAGE_LOGITS, LG_ARRAY_Z, 17);
    int64_t size;
    lg_replay replay;
    find(&plan, "idx");
    uint8_t *bytes = small_set_read(file, &size);
    const char *path = small_set_path("cut.safetensors");
    for (int64_t length = 0; length < size; length += length < 2000 ? 37 : 1999) {
        FILE *out = fopen(path, "wb");
        fwrite(bytes, 1, (size_t)length, out);
        fclose(out);
        ck_assert_int_eq(lg_replay_load(&replay, path, NULL), LOGIT_E_DATA);
    }
    free(bytes);
    options.epochs = 1;
    train("idx", "run", LOGIT_OK, NULL);
    assert_refused(small_set_path("run/model.safetensors"), "replay");
    ck_assert_int_eq(lg_replay_load(&replay, small_set_path("none"), NULL), LOGIT_E_IO);
}
END_TEST

Suite *lg_suite_compare_replay(void)
{
    Suite *suite = suite_create("compare_replay");
    TCase *tc = tcase_create("compare_replay");
    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, begin_replay, compare_end);
    tcase_add_loop_test(tc, a_replay_finds_it_again_and_not_when_it_is_gone, 0, FAULT_KINDS);
    tcase_add_test(tc, a_replay_of_a_stressed_step_finds_it_again);
    tcase_add_test(tc, the_devices_of_a_replay_are_those_of_the_file_or_others);
    tcase_add_test(tc, a_file_says_what_was_found);
    tcase_add_test(tc, every_number_of_an_array_is_looked_at);
    tcase_add_test(tc, every_number_of_the_metadata_is_looked_at);
    tcase_add_test(tc, a_file_cut_short_or_of_another_kind_is_refused);
    suite_add_tcase(suite, tc);
    return suite;
}
