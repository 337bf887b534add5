/* test_cli_wrong.c -- what a verb is given that it cannot take: said at once, by name.
 *
 * Tests (suite cli_wrong).  Words that no verb takes are tested in test_cli_parse.c. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "tests/cli_rig.h"

Suite *lg_suite_cli_wrong(void);

typedef logit_status run_verb(lg_cli *cli, logit_error *err);

/* Runs the line; the error must begin so.  What it prints is kept in out. */
static void refused(run_verb *run, const char *const *words, logit_status want, const char *start,
                    char *out, size_t size)
{
    lg_cli cli;
    logit_error err;
    memset(out, 0, size);
    ck_assert_msg(parse_words(&cli, NULL, words, &err) == LOGIT_OK, "%s", err.message);
    cli.out = fmemopen(out, size, "w");
    ck_assert_ptr_nonnull(cli.out);
    const logit_status got = run(&cli, &err);
    fclose(cli.out);
    ck_assert_msg(got == want && strncmp(err.message, start, strlen(start)) == 0, "%d: %s", got,
                  err.message);
    lg_cli_clear(&cli);
}

/* The share that is the default, too, where it was given; but not where a file repeats a run. */
START_TEST(a_share_and_folds_are_one_too_many)
{
    char out[4096];
    const config_file file = write_config("folds = 3\nval-split = 0.1\n", 26);
    refused(lg_cli_run_train, WORDS("train", "/nowhere", "--folds", "3", "--val-split", "0.1"),
            LOGIT_E_USAGE, "--val-split: --folds", out, sizeof out);
    refused(lg_cli_run_train,
            WORDS("train", "/nowhere", "--config", file.path, "--device", "cpu", "--quiet"),
            LOGIT_E_IO, "/nowhere: ", out, sizeof out);
    remove_config(file);
}
END_TEST

/* Whatever the optimiser and the schedule would leave unused; the second line of each is taken. */
static const struct {
    const char *const idle[6], *start, *const used[8];
} idles[] = {
    {{"train", "/nowhere", "--tolerance", "1e-5", NULL},
     "--tolerance: only --optimizer lbfgs",
     {"train", "/nowhere", "--tolerance", "1e-5", "--optimizer", "lbfgs", "--quiet", NULL}},
    {{"train", "/nowhere", "--step-every", "3", NULL},
     "--step-every: only --schedule step",
     {"train", "/nowhere", "--step-every", "3", "--schedule", "step", "--quiet", NULL}},
    {{"train", "/nowhere", "--step-factor", "0.1", NULL},
     "--step-factor: only --schedule step",
     {"train", "/nowhere", "--step-factor", "0.1", "--schedule", "step", "--quiet", NULL}},
    {{"compare", "/nowhere", "--momentum", "0.9", NULL},
     "--momentum: --optimizer adam",
     {"compare", "/nowhere", "--momentum", "0.9", "--optimizer", "sgd", "--quiet", NULL}},
};

START_TEST(options_that_would_change_nothing_are_refused)
{
    char out[4096];
    run_verb *run = strcmp(idles[_i].idle[0], "train") == 0 ? lg_cli_run_train : lg_cli_run_compare;
    refused(run, idles[_i].idle, LOGIT_E_USAGE, idles[_i].start, out, sizeof out);
    refused(run, idles[_i].used, LOGIT_E_IO, "/nowhere: ", out, sizeof out);
}
END_TEST

/* The library would refuse it in the name of an option that nobody gave. */
START_TEST(a_variable_that_would_change_nothing_is_refused_by_its_name)
{
    lg_cli cli;
    logit_error err;
    ck_assert_int_eq(parse_words(&cli, "LOGIT_STEP_EVERY=3", WORDS("train", "/nowhere"), &err),
                     LOGIT_OK);
    ck_assert_int_eq(lg_cli_run_train(&cli, &err), LOGIT_E_USAGE);
    ck_assert_msg(strncmp(err.message, "LOGIT_STEP_EVERY: ", 18) == 0, "%s", err.message);
    lg_cli_clear(&cli);
}
END_TEST

START_TEST(adam_takes_no_momentum)
{
    char out[4096];
    refused(lg_cli_run_train, WORDS("train", "/nowhere", "--momentum", "0,0.9"), LOGIT_E_USAGE,
            "--momentum: --optimizer adam", out, sizeof out);
    refused(lg_cli_run_train, WORDS("train", "/nowhere", "--nesterov"), LOGIT_E_USAGE,
            "--nesterov: --optimizer adam", out, sizeof out);
    refused(lg_cli_run_train,
            WORDS("train", "/nowhere", "--optimizer", "sgd", "--momentum", "0.9", "--nesterov",
                  "--device", "cpu", "--quiet"),
            LOGIT_E_IO, "/nowhere: ", out, sizeof out);
}
END_TEST

/* The data set in the place of the model, say. */
START_TEST(a_folder_without_a_model_says_what_is_wanted)
{
    char out[4096], start[128];
    const config_file file = write_config("", 0);
    snprintf(start, sizeof start, "%s: a folder without model.safetensors: ", file.folder);
    refused(lg_cli_run_info, WORDS("info", file.folder), LOGIT_E_IO, start, out, sizeof out);
    remove_config(file);
}
END_TEST

/* A shell that completes the name of a folder adds a slash. */
START_TEST(a_slash_at_the_end_does_not_hide_what_was_meant)
{
    char out[4096], path[128], start[300];
    const config_file file = write_config("", 0);
    snprintf(path, sizeof path, "%sx//", file.folder);
    snprintf(start, sizeof start, "%s: there is no such file or folder; did you mean %s?", path,
             file.folder);
    refused(lg_cli_run_info, WORDS("info", path), LOGIT_E_IO, start, out, sizeof out);
    refused(lg_cli_run_info, WORDS("info", ""), LOGIT_E_IO, "\"\": the name of a file or folder is",
            out, sizeof out);
    remove_config(file);
}
END_TEST

START_TEST(a_bench_of_nothing_is_refused_before_it_measures)
{
    char out[4096];
    refused(lg_cli_run_bench, WORDS("bench", "/nowhere/photos", "--device", "cpu"), LOGIT_E_IO,
            "/nowhere/photos: ", out, sizeof out);
    ck_assert_ptr_null(strstr(out, "ceiling"));
}
END_TEST

START_TEST(a_loss_of_one_thing_says_what_the_other_is)
{
    char out[4096];
    refused(lg_cli_run_loss, WORDS("loss", "run1"), LOGIT_E_USAGE,
            "run1 alone does not say of which samples the loss is asked: give MODEL and DATA", out,
            sizeof out);
    refused(lg_cli_run_loss, WORDS("loss"), LOGIT_E_USAGE, "nothing to tell of: give --logits", out,
            sizeof out);
}
END_TEST

START_TEST(a_bench_of_no_line_says_so)
{
    char out[4096];
    refused(lg_cli_run_bench,
            WORDS("bench", "--device", "cpu", "--seconds", "0.001", "--only", "no such line"),
            LOGIT_E_USAGE, "--only no such line: ", out, sizeof out);
}
END_TEST

Suite *lg_suite_cli_wrong(void)
{
    Suite *suite = suite_create("cli_wrong");
    TCase *tests = tcase_create("wrong");
    tcase_add_test(tests, a_share_and_folds_are_one_too_many);
    tcase_add_loop_test(tests, options_that_would_change_nothing_are_refused, 0,
                        (int)(sizeof idles / sizeof *idles));
    tcase_add_test(tests, a_variable_that_would_change_nothing_is_refused_by_its_name);
    tcase_add_test(tests, adam_takes_no_momentum);
    tcase_add_test(tests, a_folder_without_a_model_says_what_is_wanted);
    tcase_add_test(tests, a_slash_at_the_end_does_not_hide_what_was_meant);
    tcase_add_test(tests, a_bench_of_nothing_is_refused_before_it_measures);
    tcase_add_test(tests, a_loss_of_one_thing_says_what_the_other_is);
    tcase_add_test(tests, a_bench_of_no_line_says_so);
    tcase_set_timeout(tests, 60); /* ceilings are measured */
    suite_add_tcase(suite, tests);
    return suite;
}
