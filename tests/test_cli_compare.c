/* test_cli_compare.c -- what `logit compare` takes, and what it shows.
 *
 * Tests (suite cli_compare).  Answers are made up here, so that every corner of the screen is
 * seen; tests/compare_test.sh looks at the command with real ones. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli_compare.h"
#include "tests/cli_rig.h"

Suite *lg_suite_cli_compare(void);

enum { COLUMNS = 100, DRIFTS = 1000 };

static logit_comparison c;
static logit_drift drift[DRIFTS];
static lg_cli cli;
static char *shown; /* what was printed last */

static void begin_answer(void)
{
    c = (logit_comparison){.mode = "lockstep",
                           .steps = 200,
                           .samples = 25600,
                           .sentence = "equal: every stage of 200 steps is within its bound",
                           .device = {"cuda:1: NVIDIA H200", "cpu: 16 threads", "ref: float64"},
                           .loss = {0.25, 0.2500001, 0.25000005},
                           .loss_start = 2.3,
                           .loss_end = 0.5,
                           .loss_difference = 3e-8,
                           .margin = NAN,
                           .largest_logit = 23.4,
                           .smallest_probability = 1e-40,
                           .denormals = 12,
                           .first = {.step = -1},
                           .reference_rows = "64 of 4096 rows"};
    for (int i = 0; i < LOGIT_COMPARE_STAGES; i++) c.smallest_fault[i] = NAN;
}

static void add_row(const char *stage, const char *a, const char *b)
{
    logit_difference *d = &c.difference[c.differences++];
    *d = (logit_difference){.stage = stage,
                            .count = 123456789012,
                            .equal = 123456789011,
                            .absolute = 1.25e-7,
                            .relative = 2.5e-300,
                            .ulps = 16777216.0,
                            .share = 0.5,
                            .signed_mean = -1e-12,
                            .above = 40,
                            .below = 60,
                            .bias = -2.0,
                            .worst_case = 12.3};
    snprintf(d->a, sizeof d->a, "%s", a);
    snprintf(d->b, sizeof d->b, "%s", b);
    snprintf(d->bound, sizeof d->bound, "8 sqrt(784) u sum |x w|");
}

static void begin_screen(void)
{
    begin_answer();
    cli = (lg_cli){0};
    lg_cli_settings_default(&cli.set);
}

static void end_screen(void)
{
    free(shown);
    shown = NULL;
}

static void show(void)
{
    size_t size;
    free(shown);
    shown = NULL;
    cli.out = open_memstream(&shown, &size);
    lg_cli_compare_text(&cli, &c);
    fclose(cli.out);
}

static void expect_shown(const char *text)
{
    ck_assert_msg(strstr(shown, text) != NULL, "\"%s\" is not in:\n%s", text, shown);
}

/* Text within 80 columns, tables within 100, and no blank at the end of a line. */
static void expect_neat(void)
{
    char *rest = NULL, *copy = strdup(shown);
    for (char *line = strtok_r(copy, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        ck_assert_msg(lg_cli_width(line) <= COLUMNS, "too wide: %s", line);
        ck_assert_msg(line[strlen(line) - 1] != ' ', "ends with a blank: %s", line);
    }
    free(copy);
}

/* The line that begins so. */
static const char *line_of(const char *start, char *out, size_t size)
{
    const char *at = strstr(shown, start);
    ck_assert_msg(at != NULL, "no line %s in\n%s", start, shown);
    snprintf(out, size, "%.*s", (int)strcspn(at, "\n"), at);
    return out;
}

/* ----------------------------------------------------------------------------------- table --- */

START_TEST(the_table_is_aligned)
{
    char head[200], row[200];
    add_row("gradient", "cuda:1", "ref");
    add_row("gradient", "cpu", "ref");
    add_row("gradient", "cuda:1", "record");
    show();
    expect_neat();
    line_of("stage", head, sizeof head);
    line_of("gradient ", row, sizeof row);
    ck_assert_uint_eq(strlen(head), strlen(row));
    expect_shown("gradient cuda:1 - ref");
    expect_shown("\n         cpu - ref"); /* a stage is named once */
    expect_shown("\n         cuda:1-record ");
    expect_shown("99.99 %"); /* one of many is not all */
    expect_shown(" 1.23e+11 ");
    expect_shown("sqrt(784)");
    expect_shown("64 of 4096 rows");
    expect_shown("12 below 2^-126");
    expect_shown("cuda:1 0.25, cpu 0.2500001, ref 0.25000005");
}
END_TEST

START_TEST(a_bias_has_a_word)
{
    char row[200];
    add_row("logits", "cpu", "ref");
    show();
    ck_assert_ptr_null(strstr(line_of("logits ", row, sizeof row), "biased"));
    ck_assert_ptr_nonnull(strstr(row, "-2.0"));
    c.difference[0].bias = -6.01;
    show();
    ck_assert_ptr_nonnull(strstr(line_of("logits ", row, sizeof row), "biased"));
    c.difference[0].above = c.difference[0].below = 0;
    show();
    ck_assert_str_eq(line_of("logits ", row, sizeof row) + strlen(row) - 2, " -");
}
END_TEST

START_TEST(odd_numbers_keep_their_columns)
{
    static const double odd[] = {0.0, NAN, INFINITY, 1e300, 1e-300, 0.0049, 9.95, 9999.4, 9999.6};
    char head[200], row[200];
    add_row("pixels", "cpu", "ref");
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        logit_difference *d = &c.difference[0];
        d->absolute = d->relative = d->ulps = d->share = d->worst_case = odd[i];
        d->signed_mean = -odd[i];
        show();
        expect_neat();
        line_of("stage", head, sizeof head);
        ck_assert_uint_eq(strlen(head), strlen(line_of("pixels ", row, sizeof row)));
    }
}
END_TEST

START_TEST(a_bound_is_told_once)
{
    add_row("pixels", "cpu", "cpu");
    add_row("pixels", "cpu", "cpu"); /* --devices cpu,cpu */
    add_row("pixels", "cpu", "ref");
    add_row("loss", "cpu", "cpu");
    add_row("loss", "cpu", "ref");
    strcpy(c.difference[4].bound, "another");
    show();
    expect_shown("bound      pixels, loss of cpu - cpu, cpu - ref: 8 sqrt");
    expect_shown("bound      loss of cpu - ref: another\n");
    ck_assert_ptr_null(strstr(strstr(shown, "8 sqrt") + 1, "8 sqrt"));
}
END_TEST

/* ----------------------------------------------------------------------------------- drift --- */

static void give_drift(int64_t steps)
{
    c.mode = "free";
    c.drift = drift;
    c.drifts = steps;
    for (int64_t i = 0; i < steps; i++)
        drift[i] = (logit_drift){.step = i + 1,
                                 .loss = {0.123456789, 0.123456788, 0.123456787},
                                 .distance = {1e-7, 2e-7, 3e-7},
                                 .envelope = 4e-6};
}

static int rows_shown(void)
{
    int rows = 0;
    for (const char *at = strstr(shown, "envelope"); at; at = strchr(at + 1, '\n'))
        rows += strstr(at, "0.123456789") && strchr(at + 1, '\n') > strstr(at, "0.123456789");
    return rows;
}

START_TEST(a_long_run_is_shown_in_a_dozen_rows)
{
    static const struct {
        int64_t steps;
        int rows;
    } cases[] = {{1, 1}, {2, 2}, {11, 11}, {12, 12}, {13, 12}, {1000, 12}};
    char last[40];
    give_drift(cases[_i].steps);
    show();
    expect_neat();
    ck_assert_int_eq(rows_shown(), cases[_i].rows);
    snprintf(last, sizeof last, "\n%8lld  ", (long long)cases[_i].steps);
    expect_shown(last);
    expect_shown("\n       1  ");
    expect_shown("loss B");
}
END_TEST

START_TEST(two_parties_have_no_third_column)
{
    give_drift(30);
    c.device[1][0] = '\0';
    for (int i = 0; i < 30; i++) {
        drift[i].loss[1] = NAN;
        drift[i].distance[1] = drift[i].distance[2] = NAN;
    }
    show();
    expect_neat();
    ck_assert_ptr_null(strstr(shown, "loss B"));
    ck_assert_ptr_null(strstr(shown, "nan"));
    expect_shown("0.03"); /* 1e-7 of 4e-6 */
}
END_TEST

/* --------------------------------------------------------------------------------- the rest --- */

START_TEST(quiet_is_the_verdict_alone)
{
    add_row("pixels", "cpu", "ref");
    cli.set.quiet = 1;
    show();
    ck_assert_str_eq(shown, "equal: every stage of 200 steps is within its bound\n");
}
END_TEST

START_TEST(a_replay_is_offered)
{
    c.verdict = LOGIT_E_CHECK;
    strcpy(c.sentence, "different: step 3, gradient");
    strcpy(c.replay, "out folder/step-3.safetensors");
    show();
    expect_shown("\ndifferent: step 3, gradient\n");
    expect_shown("next: logit compare --replay 'out folder/step-3.safetensors'\n");
}
END_TEST

START_TEST(faults_that_were_found_are_listed)
{
    c.mode = "self-test";
    c.smallest_fault[0] = 6e-8;
    c.smallest_fault[4] = 3.1e-5;
    show();
    expect_neat();
    expect_shown("pixels    6e-08\n");
    expect_shown("gradient  3.1e-05\n");
    ck_assert_ptr_null(strstr(shown, "nan"));
}
END_TEST

START_TEST(programs_get_one_object)
{
    lg_text text = {0};
    add_row("logits", "cpu", "ref");
    add_row("logits", "cpu", "a \"b\"\n");
    give_drift(3);
    c.verdict = LOGIT_E_CHECK;
    c.difference[0].worst_case = INFINITY;
    c.first = (logit_divergence){.step = 4, .stage = "logits", .sample = "x\xFFy", .bound = 1.0};
    lg_cli_compare_json(&c, &text);
    const char *end = NULL;
    cJSON *json = cJSON_ParseWithOpts(text.data, &end, 0);
    ck_assert_msg(json != NULL, "%s", text.data);
    ck_assert_str_eq(end, "\n");
    ck_assert_str_eq(cJSON_GetObjectItem(json, "verdict")->valuestring, "different");
    const cJSON *stages = cJSON_GetObjectItem(json, "stages");
    ck_assert_int_eq(cJSON_GetArraySize(stages), 2);
    ck_assert(cJSON_IsNull(cJSON_GetObjectItem(cJSON_GetArrayItem(stages, 0), "worst_case")));
    ck_assert_int_eq(cJSON_GetArraySize(cJSON_GetObjectItem(json, "drift")), 3);
    const cJSON *first = cJSON_GetObjectItem(json, "first");
    ck_assert_int_eq(cJSON_GetObjectItem(first, "step")->valueint, 4);
    ck_assert(cJSON_IsTrue(cJSON_GetObjectItem(first, "outside")));
    ck_assert(cJSON_IsNull(cJSON_GetObjectItem(json, "margin")));
    const cJSON *loss = cJSON_GetObjectItem(json, "loss");
    ck_assert_double_eq(cJSON_GetObjectItem(loss, "b")->valuedouble, 0.2500001);
    cJSON_Delete(json);
    lg_text_clear(&text);
}
END_TEST

/* ------------------------------------------------------------------------------- what it takes ---
 */

START_TEST(options_arrive_where_they_are_meant)
{
    lg_cli asked;
    logit_error err;
    const char *const *words =
        WORDS("compare", "set", "--devices", "cuda:1,cpu", "--mode", "free", "--steps", "17",
              "--tolerance", "1e-3", "--lr", "0", "-o", "out", "--epochs=3");
    ck_assert_msg(parse_words(&asked, NULL, words, &err) == LOGIT_OK, "%s", err.message);
    ck_assert_str_eq(asked.set.devices, "cuda:1,cpu");
    ck_assert_str_eq(asked.set.compare.mode, "free");
    ck_assert_int_eq(asked.set.compare.steps, 17);
    ck_assert_double_eq(asked.set.compare.tolerance, 1e-3);
    ck_assert_str_eq(asked.set.compare.out, "out");
    ck_assert_int_eq(asked.set.library.lr.count, 1);
    ck_assert_double_eq(asked.set.library.lr.value[0], 0.0);
    ck_assert_int_eq(asked.set.library.epochs, 3);
    lg_cli_clear(&asked);
}
END_TEST

/* A rate of 0 is for compare alone, and --device is for the others. */
START_TEST(other_verbs_are_as_they_were)
{
    lg_cli asked;
    logit_error err;
    ck_assert_int_eq(parse_words(&asked, NULL, WORDS("train", "set", "--lr", "0"), &err),
                     LOGIT_E_USAGE);
    lg_cli_clear(&asked);
    ck_assert_int_eq(parse_words(&asked, NULL, WORDS("compare", "set", "--device", "cpu"), &err),
                     LOGIT_E_USAGE);
    ck_assert_ptr_nonnull(strstr(err.message, "--device"));
    lg_cli_clear(&asked);
}
END_TEST

static const struct {
    const char *words[6];
    const char *says;
} refused[] = {
    {{"compare"}, "DATA is missing"},
    {{"compare", "a", "b", "c"}, "one argument too many"},
    {{"compare", "a", "--replay", "x"}, "--replay"},
    {{"compare", "a", "--devices", ","}, "two names with a comma"},
    {{"compare", "a", "--devices", "cpu,"}, "two names with a comma"},
    {{"compare", "a", "--devices", ",cpu"}, "two names with a comma"},
    {{"compare", "a", "--devices", "cpu,ref,cuda"}, "two names with a comma"},
    {{"compare", "a", "--devices", "a-name-that-is-too-long-for-a-device,ref"}, "two names"},
    {{"compare", "a", "--devices", "cpu,gpu"}, "gpu"},
    {{"compare", "a", "--devices", "ref"}, "the reference is always there"},
    {{"compare", "a", "--part", "val"}, "--part"},
    {{"compare", "a", "--steps", "0"}, "from 1"},
    {{"compare", "a", "--tolerance", "1"}, "below 1"},
    {{"compare", "a", "--mode", "fast"}, "lockstep or free"},
};
enum { REFUSED = sizeof refused / sizeof *refused };

START_TEST(what_makes_no_sense_is_refused)
{
    lg_cli asked;
    logit_error err;
    logit_status status = parse_words(&asked, NULL, refused[_i].words, &err);
    if (status == LOGIT_OK) status = lg_cli_run_compare(&asked, &err);
    ck_assert_int_eq(status, LOGIT_E_USAGE);
    ck_assert_msg(strstr(err.message, refused[_i].says) != NULL, "\"%s\" is not in: %s",
                  refused[_i].says, err.message);
    lg_cli_clear(&asked);
}
END_TEST

Suite *lg_suite_cli_compare(void)
{
    Suite *suite = suite_create("cli_compare");
    TCase *screen = tcase_create("screen");
    tcase_add_checked_fixture(screen, begin_screen, end_screen);
    tcase_add_test(screen, the_table_is_aligned);
    tcase_add_test(screen, a_bias_has_a_word);
    tcase_add_test(screen, odd_numbers_keep_their_columns);
    tcase_add_test(screen, a_bound_is_told_once);
    tcase_add_loop_test(screen, a_long_run_is_shown_in_a_dozen_rows, 0, 6);
    tcase_add_test(screen, two_parties_have_no_third_column);
    tcase_add_test(screen, quiet_is_the_verdict_alone);
    tcase_add_test(screen, a_replay_is_offered);
    tcase_add_test(screen, faults_that_were_found_are_listed);
    tcase_add_test(screen, programs_get_one_object);
    suite_add_tcase(suite, screen);
    TCase *line = tcase_create("line");
    tcase_add_test(line, options_arrive_where_they_are_meant);
    tcase_add_test(line, other_verbs_are_as_they_were);
    tcase_add_loop_test(line, what_makes_no_sense_is_refused, 0, REFUSED);
    suite_add_tcase(suite, line);
    return suite;
}
