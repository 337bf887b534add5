/* test_compare_asked.c -- what may be asked of a comparison, and what it says on the way.
 *
 * Tests (suite compare_asked). */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <math.h>
#include <string.h>

#include "tests/compare_rig.h"
#include "tests/small_set.h"

Suite *lg_suite_compare_asked(void);

/* ------------------------------------------------------------------------------ what is refused
 * --- */

static void ask_wrong_mode(void)
{
    asked.mode = "hard";
}
static void ask_folds(void)
{
    asked.train.folds = 3;
}

static void ask_no_step(void)
{
    asked.steps = 0;
}
static void ask_no_tolerance(void)
{
    asked.tolerance = 0.0;
}
static void ask_nan_tolerance(void)
{
    asked.tolerance = NAN;
}
static void ask_two_references(void)
{
    asked.device[0] = "ref";
}
static void ask_one_reference(void)
{
    asked.device[0] = "ref";
    asked.device[1] = NULL;
}
static void ask_no_such_device(void)
{
    asked.device[0] = "abacus";
}
static void ask_record_of_free(void)
{
    asked.mode = "free";
    asked.record = "x";
}
static void ask_record_and_against(void)
{
    asked.record = asked.against = "x";
}
static void ask_against_and_device(void)
{
    asked.device[1] = "cpu";
    asked.against = "x";
}
static void ask_stress_of_free(void)
{
    asked.mode = "free";
    asked.stress = 1;
}
static void ask_precision_of_cpu(void)
{
    asked.train.precision = "tf32";
}
static void ask_wrong_option(void)
{
    asked.train.batch_size = 0;
}
static void ask_gpu(void)
{
    asked.device[0] = "cuda:99";
}
static void ask_folder_in_file(void)
{
    asked.out = "/dev/null/x";
}

static const struct {
    void (*ask)(void);
    logit_status status;
    const char *says;
} refused[] = {
    {ask_wrong_mode, LOGIT_E_USAGE, "lockstep or free"},
    {ask_folds, LOGIT_E_USAGE, "--folds"},
    {ask_no_step, LOGIT_E_USAGE, "--steps 0"},
    {ask_no_tolerance, LOGIT_E_USAGE, "--tolerance 0"},
    {ask_nan_tolerance, LOGIT_E_USAGE, "--tolerance"},
    {ask_two_references, LOGIT_E_USAGE, "the reference is always there"},
    {ask_one_reference, LOGIT_E_USAGE, "the reference is always there"},
    {ask_no_such_device, LOGIT_E_USAGE, "abacus"},
    {ask_record_of_free, LOGIT_E_USAGE, "--mode lockstep"},
    {ask_record_and_against, LOGIT_E_USAGE, "--record and --against"},
    {ask_against_and_device, LOGIT_E_USAGE, "--against"},
    {ask_stress_of_free, LOGIT_E_USAGE, "--stress"},
    {ask_precision_of_cpu, LOGIT_E_USAGE, "--precision tf32"},
    {ask_wrong_option, LOGIT_E_USAGE, "batch-size"},
    {ask_gpu, LOGIT_E_DEVICE, "cuda"},
    {ask_folder_in_file, LOGIT_E_IO, "/dev/null"},
};
enum { REFUSED = sizeof refused / sizeof *refused };

START_TEST(what_makes_no_sense_is_refused)
{
    refused[_i].ask();
    compare("idx", refused[_i].status);
    ck_assert_msg(strstr(answer_error.message, refused[_i].says) != NULL, "\"%s\" is not in: %s",
                  refused[_i].says, answer_error.message);
    ck_assert_int_eq(answer.drifts, 0); /* cleared */
    ck_assert_ptr_null(answer.drift);
}
END_TEST

START_TEST(a_set_that_is_not_there_is_said)
{
    compare("nowhere", LOGIT_E_IO);
    ck_assert_ptr_nonnull(strstr(answer_error.message, "nowhere"));
}
END_TEST

/* ------------------------------------------------------------------------------- the watch --- */

typedef struct heard {
    int messages, starts, asked;
    char text[1200];
} heard;

static void hear(void *user, logit_level level, const char *text)
{
    heard *h = user;
    if (level != LOGIT_LEVEL_NOTICE) return;
    h->messages++;
    snprintf(h->text, sizeof h->text, "%s", text);
}

static void hear_start(void *user, const logit_run *run)
{
    heard *h = user;
    h->starts++;
    ck_assert_ptr_null(run->folder);
    ck_assert_int_eq(run->train_count, 270);
    ck_assert_double_eq(run->options->lr.value[0], 2e-3);
}

static int stop_later(void *user)
{
    heard *h = user;
    return ++h->asked > 40;
}

/* This machine may have a GPU: then there is nothing to say. */
START_TEST(the_devices_that_were_taken_are_said)
{
    heard h = {0};
    const logit_watch watch = {.user = &h, .message = hear, .start = hear_start};
    asked.device[0] = asked.device[1] = NULL;
    const logit_status status =
        logit_compare(small_set_path("idx"), NULL, &asked, &watch, &answer, &answer_error);
    ck_assert_int_eq(status, LOGIT_OK);
    ck_assert_int_eq(h.starts, 1);
    if (strncmp(answer.device[0], "cuda", 4) == 0) return;
    ck_assert_int_eq(h.messages, 1);
    ck_assert_ptr_nonnull(strstr(h.text, "comparing cpu with ref"));
}
END_TEST

START_TEST(it_stops_when_it_is_asked_to)
{
    heard h = {0};
    const logit_watch watch = {.user = &h, .stop = stop_later};
    asked.mode = _i ? "free" : "lockstep";
    asked.steps = 200;
    const logit_status status =
        logit_compare(small_set_path("idx"), NULL, &asked, &watch, &answer, &answer_error);
    ck_assert_int_eq(status, LOGIT_E_STOPPED);
    ck_assert_ptr_nonnull(strstr(answer_error.message, "stopped after step"));
    ck_assert_ptr_null(answer.drift);
}
END_TEST

Suite *lg_suite_compare_asked(void)
{
    Suite *suite = suite_create("compare_asked");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, compare_begin, compare_end);
    tcase_set_timeout(all, 60);
    tcase_add_loop_test(all, what_makes_no_sense_is_refused, 0, REFUSED);
    tcase_add_test(all, a_set_that_is_not_there_is_said);
    tcase_add_test(all, the_devices_that_were_taken_are_said);
    tcase_add_loop_test(all, it_stops_when_it_is_asked_to, 0, 2);
    suite_add_tcase(suite, all);
    return suite;
}
