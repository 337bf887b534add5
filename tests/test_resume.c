/* test_resume.c -- a run that was stopped and goes on ends with the bits of one that was not.
 *
 * Stopped after each of its steps in turn, mid-epoch too, by a watch that says so; killed by a
 * signal: tests/kill_test.sh. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "cli.h"
#include "tests/same_run.h"
#include "tests/simt_runs.h"
#include "tests/small_set.h"
#include "tests/train_rig.h"
#include "train/checkpoint_file.h"
#include "train/run_options.h"

Suite *lg_suite_resume(void);

/* Stops the run when its step number `at` is done; 0: never. */
typedef struct stopper {
    int at, asked, started;
    char said[2000];
} stopper;

static void on_start(void *user, const logit_run *run)
{
    (void)run;
    ((stopper *)user)->started = 1;
}

static int on_stop(void *user)
{
    stopper *s = user;
    return s->started && ++s->asked == s->at;
}

static void on_message(void *user, logit_level level, const char *text)
{
    stopper *s = user;
    const size_t used = strlen(s->said);
    if (level != LOGIT_LEVEL_INFO) snprintf(s->said + used, sizeof s->said - used, "%s\n", text);
}

/* A run into `run`, stopped after `at` steps. */
static logit_status go(const char *run, int at, stopper *s, logit_error *err)
{
    logit_summary summary;
    *s = (stopper){.at = at};
    const logit_watch watch = {
        .user = s, .start = on_start, .stop = on_stop, .message = on_message};
    *err = (logit_error){0};
    options.out = small_set_path(run);
    return logit_train(small_set_path("idx"), &options, &watch, &summary, err);
}

static void expect(logit_status got, logit_status want, const logit_error *err, int at)
{
    ck_assert_msg(got == want, "stop at %d: status %d, want %d: %s", at, got, want, err->message);
}

/* ------------------------------------------------------------------------------ every step --- */

static const struct {
    const char *what, *device, *optimizer;
    double lr[2], momentum, l2[2];
    int nesterov, whole;
    int64_t memory;
    const char *schedule;
    const char *features;
} variants[] = {
    {"adam, its rate chosen", "cpu", "adam", {0}, 0, {0}, 0, 0, 0, "auto", NULL},
    {"sgd", "cpu", "sgd", {0.1}, 0, {1e-3}, 0, 0, 0, "auto", NULL},
    {"Nesterov, streamed", "cpu", "sgd", {0.1}, 0.9, {0}, 1, 0, 1, "cosine", NULL},
    {"a grid, streamed", "cpu", "adam", {0.01, 0.003}, 0, {0, 1e-2}, 0, 0, 1, "auto", NULL},
    {"a grid, one of which diverges", "cpu", "sgd", {0.1, 1e30}, 0.5, {0}, 0, 0, 0, "auto", NULL},
    {"a rate that rises, then falls in steps",
     "cpu",
     "sgd",
     {0.1},
     0.9,
     {0},
     0,
     0,
     0,
     "step",
     NULL},
    {"the whole set a step", "cpu", "gd", {0.5}, 0.5, {0}, 0, 1, 0, "auto", NULL},
    {"double precision", "ref", "adam", {0.01}, 0, {0}, 0, 0, 0, "auto", NULL},
    {"lbfgs", "cpu", "lbfgs", {0}, 0, {1e-3}, 0, 0, 0, "auto", NULL},
    {"lbfgs, a grid", "cpu", "lbfgs", {0}, 0, {1e-4, 1e-2}, 0, 0, 1, "auto", NULL},
    {"the kernels, sgd", "simt", "sgd", {0.1}, 0.9, {0}, 0, 0, 1, "auto", NULL},
    {"the kernels, adam", "simt", "adam", {0.01}, 0, {1e-3}, 0, 0, 0, "auto", NULL},
    {"patches", "cpu", "adam", {0.01}, 0, {0}, 0, 0, 0, "auto", "patch:5,size=3,grid=2,stride=1"},
    {"patches, streamed", "cpu", "sgd", {0.1}, 0.9, {0}, 0, 0, 1, "auto", "patch:5,size=3,grid=2"},
    {"Fourier features", "simt", "sgd", {0.1}, 0.9, {0}, 0, 0, 0, "auto", "rff:20"},
};
enum { VARIANTS = sizeof variants / sizeof *variants, STEPS = 27 };

static int count_of(const double list[2])
{
    return list[0] == 0.0 && list[1] == 0.0 ? 0 : list[1] == 0.0 ? 1 : 2;
}

static void choose(int i)
{
    options.device = variants[i].device;
    options.optimizer = variants[i].optimizer;
    options.schedule = variants[i].schedule;
    options.features = variants[i].features;
    options.log_steps = 2;
    options.warmup = strcmp(variants[i].schedule, "step") == 0 ? 0.7 : 0.0;
    options.nesterov = variants[i].nesterov;
    options.memory = variants[i].memory;
    options.momentum = (logit_list){1, {variants[i].momentum}};
    options.lr = (logit_list){count_of(variants[i].lr), {variants[i].lr[0], variants[i].lr[1]}};
    options.l2 = (logit_list){count_of(variants[i].l2), {variants[i].l2[0], variants[i].l2[1]}};
    if (strcmp(variants[i].optimizer, "lbfgs") == 0) options.epochs = 30; /* a pass is a batch */
    if (variants[i].memory) options.height = options.width = 8; /* else the file is in memory */
}

START_TEST(a_run_stopped_at_any_step_goes_on_to_the_same_bits)
{
    stopper s;
    logit_error err;
    const int far = strcmp(variants[_i].device, "simt") == 0;
    if (far && !simt_is_built()) return;
    choose(_i);
    expect(go("straight", 0, &s, &err), LOGIT_OK, &err, 0);
    for (int at = 1; at < STEPS; at += far ? 5 : 1) {
        options.resume = 0;
        expect(go("run", at, &s, &err), LOGIT_E_STOPPED, &err, at);
        options.resume = 1;
        expect(go("run", 0, &s, &err), LOGIT_OK, &err, at);
        same_run("straight", "run", at);
    }
}
END_TEST

/* Stopped again and again, three steps further each time. */
START_TEST(a_run_stopped_many_times_goes_on_to_the_same_bits)
{
    stopper s;
    logit_error err;
    choose(_i);
    expect(go("straight", 0, &s, &err), LOGIT_OK, &err, 0);
    options.resume = 1;
    for (int at = 3; at < STEPS; at += 3) expect(go("run", 3, &s, &err), LOGIT_E_STOPPED, &err, at);
    expect(go("run", 0, &s, &err), LOGIT_OK, &err, 0);
    same_run("straight", "run", 3);
}
END_TEST

/* ------------------------------------------------------------------------------- two files --- */

static void damage(const char *name)
{
    FILE *file = fopen(small_set_path(name), "r+b");
    ck_assert_ptr_nonnull(file);
    fseek(file, 100, SEEK_SET);
    const int byte = fgetc(file);
    fseek(file, 100, SEEK_SET);
    fputc(byte ^ 1, file);
    fclose(file);
}

/* Saved after every step and stopped after ten: one file is of step 10, the other of step 9. */
START_TEST(a_damaged_checkpoint_costs_one_interval)
{
    static const char *const files[] = {"run/checkpoint.0", "run/checkpoint.1"};
    stopper s;
    logit_error err;
    options.checkpoint_steps = 1;
    expect(go("straight", 0, &s, &err), LOGIT_OK, &err, 0);
    expect(go("run", 10, &s, &err), LOGIT_E_STOPPED, &err, 10);
    for (int i = 0; i < 2; i++)
        if (_i == i || _i == 2) damage(files[i]);
    options.resume = 1;
    expect(go("run", 0, &s, &err), LOGIT_OK, &err, 10);
    ck_assert_ptr_nonnull(strstr(s.said, "[CORRUPT]"));
    same_run("straight", "run", 10);
}
END_TEST

/* The newer of two is taken, whichever file it is in. */
START_TEST(the_newest_checkpoint_is_taken)
{
    stopper s;
    logit_error err;
    char want[64];
    options.checkpoint_steps = 1;
    expect(go("run", 10 + _i, &s, &err), LOGIT_E_STOPPED, &err, 10 + _i);
    options.resume = 1;
    expect(go("run", 0, &s, &err), LOGIT_OK, &err, 0);
    snprintf(want, sizeof want, "going on after step %d,", 10 + _i);
    ck_assert_msg(strstr(s.said, want) != NULL, "%s", s.said);
}
END_TEST

/* Puts other words into the heads of both checkpoints. */
static void reword(const char *run, const char *from, const char *to)
{
    for (int i = 0; i < 2; i++) {
        lg_checkpoint_file file;
        char path[64];
        snprintf(path, sizeof path, "%s/checkpoint.%d", run, i);
        ck_assert_int_eq(lg_checkpoint_file_read(small_set_path(path), &file, NULL), LOGIT_OK);
        char *text = cJSON_PrintUnformatted(file.head), *at = strstr(text, from);
        lg_text head = {0};
        ck_assert_msg(at != NULL, "no %s in %s", from, text);
        lg_text_add(&head, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
        ck_assert_int_eq(lg_checkpoint_file_write(small_set_path(path), &head, file.state,
                                                  file.state_bytes, NULL),
                         LOGIT_OK);
        lg_text_clear(&head);
        cJSON_free(text);
        lg_checkpoint_file_clear(&file);
    }
}

static const struct {
    const char *from, *to, *said; /* NULL: nothing, for no bit depends on it */
} differences[] = {
    {"\"version\":\"" LOGIT_VERSION "\"", "\"version\":\"9.8.7\"", "is of logit 9.8.7"},
    {"cpu: ", "gpu: ", "another device (gpu: "},
    {"cpu: 3 threads", "cpu: 7 threads", NULL},
    {"", "", NULL},
};
enum { DIFFERENCES = sizeof differences / sizeof *differences };

START_TEST(another_version_or_device_is_said)
{
    stopper s;
    logit_error err;
    options.checkpoint_steps = 1;
    options.threads = 3;
    expect(go("run", 10, &s, &err), LOGIT_E_STOPPED, &err, 10);
    reword("run", differences[_i].from, differences[_i].to);
    options.resume = 1;
    expect(go("run", 0, &s, &err), LOGIT_OK, &err, 0);
    const char *want = differences[_i].said ? differences[_i].said : "going on after step 10,";
    ck_assert_msg(strstr(s.said, want) != NULL, "%s", s.said);
    ck_assert_msg(!strstr(s.said, "bits may differ") == !differences[_i].said, "%s", s.said);
}
END_TEST

/* ------------------------------------------------------------------------- what may change --- */

START_TEST(without_a_checkpoint_a_run_begins)
{
    stopper s;
    logit_error err;
    options.resume = 1;
    expect(go("run", 0, &s, &err), LOGIT_OK, &err, 0);
    options.resume = 0;
    expect(go("straight", 0, &s, &err), LOGIT_OK, &err, 0);
    same_run("straight", "run", 0);
    options.resume = 1;
    options.out = NULL;
    ck_assert_int_eq(logit_train(small_set_path("idx"), &options, NULL, NULL, &err), LOGIT_E_USAGE);
}
END_TEST

START_TEST(a_finished_run_is_left_alone)
{
    stopper s;
    logit_error err;
    int64_t before, after;
    expect(go("run", 0, &s, &err), LOGIT_OK, &err, 0);
    uint8_t *x = small_set_read(small_set_path("run/metrics.jsonl"), &before);
    options.resume = 1;
    expect(go("run", 0, &s, &err), LOGIT_OK, &err, 0);
    ck_assert_msg(strstr(s.said, "finished") != NULL, "%s", s.said);
    uint8_t *y = small_set_read(small_set_path("run/metrics.jsonl"), &after);
    ck_assert_int_eq(before, after);
    ck_assert_mem_eq(x, y, (size_t)before);
    free(x);
    free(y);
}
END_TEST

/* A constant rate does not know how many epochs there will be. */
START_TEST(epochs_may_grow)
{
    stopper s;
    logit_error err;
    options.lr = (logit_list){1, {0.01}};
    options.epochs = 2;
    expect(go("run", 0, &s, &err), LOGIT_OK, &err, 0);
    options.epochs = 5;
    expect(go("straight", 0, &s, &err), LOGIT_OK, &err, 0);
    options.resume = 1;
    expect(go("run", 0, &s, &err), LOGIT_OK, &err, 0);
    same_run("straight", "run", 0);
    options.epochs = 4;
    expect(go("run", 0, &s, &err), LOGIT_E_USAGE, &err, 0);
}
END_TEST

/* Who gives --resume alone goes on as it was planned, to the same bits. */
START_TEST(epochs_that_are_not_given_are_those_of_the_run)
{
    stopper s;
    logit_error err;
    options.epochs = 3;
    expect(go("straight", 0, &s, &err), LOGIT_OK, &err, 0);
    expect(go("run", 7, &s, &err), LOGIT_E_STOPPED, &err, 0);
    options.resume = 1;
    options.epochs = 0;
    expect(go("run", 0, &s, &err), LOGIT_OK, &err, 0);
    same_run("straight", "run", 0);
}
END_TEST

START_TEST(other_options_are_refused)
{
    stopper s;
    logit_error err;
    expect(go("run", 5, &s, &err), LOGIT_E_STOPPED, &err, 5);
    options.resume = 1;
    options.seed = 1;
    expect(go("run", 0, &s, &err), LOGIT_E_USAGE, &err, 0);
    ck_assert_msg(strstr(err.message, "--seed was 0 and is 1 now") != NULL, "%s", err.message);
    options.seed = 0;
    options.height = options.width = 8; /* the size that the images have, and nobody had given */
    expect(go("run", 0, &s, &err), LOGIT_E_USAGE, &err, 0);
    ck_assert_msg(strstr(err.message, "--size was not given and is 8 now") != NULL, "%s",
                  err.message);
    options.height = options.width = 0;
    options.threads = 1; /* changes no bit */
    options.memory = 1;
    expect(go("run", 0, &s, &err), LOGIT_OK, &err, 0);
}
END_TEST

START_TEST(other_data_are_refused)
{
    stopper s;
    logit_error err;
    expect(go("run", 5, &s, &err), LOGIT_E_STOPPED, &err, 5);
    small_set_write_idx(small_set_path("idx"), "train", 290, 3);
    options.resume = 1;
    expect(go("run", 0, &s, &err), LOGIT_E_DATA, &err, 0);
    ck_assert_msg(strstr(err.message, "is not the set") != NULL, "%s", err.message);
}
END_TEST

/* Every option that a run's config.ini keeps is held against the checkpoint's; epochs may grow. */
START_TEST(no_recorded_option_is_forgotten)
{
    for (int i = 0; i < LG_OPTION_COUNT; i++) {
        const lg_cli_option *option = &lg_cli_options[i];
        const char *name;
        int found = strcmp(option->name, "epochs") == 0;
        if (option->keep != LG_KEEP_RECORD || !lg_cli_option_of(option, lg_cli_find_verb("train")))
            continue;
        for (int j = 0; !found && (name = lg_run_option_name(j)) != NULL; j++)
            found = strcmp(option->name, name) == 0;
        ck_assert_msg(found, "--%s is not in run_options.c", option->name);
    }
}
END_TEST

static void add_case(Suite *suite, const char *name, const TTest *test, int first, int last)
{
    TCase *tcase = tcase_create(name);
    tcase_set_timeout(tcase, 300);
    tcase_add_checked_fixture(tcase, begin, small_set_end);
    tcase_add_loop_test(tcase, test, first, last);
    suite_add_tcase(suite, tcase);
}

Suite *lg_suite_resume(void)
{
    Suite *suite = suite_create("resume");
    add_case(suite, "steps", a_run_stopped_at_any_step_goes_on_to_the_same_bits, 0, VARIANTS);
    add_case(suite, "many", a_run_stopped_many_times_goes_on_to_the_same_bits, 0, 5);
    add_case(suite, "damage", a_damaged_checkpoint_costs_one_interval, 0, 3);
    add_case(suite, "newest", the_newest_checkpoint_is_taken, 0, 2);
    add_case(suite, "differences", another_version_or_device_is_said, 0, DIFFERENCES);
    add_case(suite, "anew", without_a_checkpoint_a_run_begins, 0, 1);
    add_case(suite, "finished", a_finished_run_is_left_alone, 0, 1);
    add_case(suite, "epochs", epochs_may_grow, 0, 1);
    add_case(suite, "same", epochs_that_are_not_given_are_those_of_the_run, 0, 1);
    add_case(suite, "options", other_options_are_refused, 0, 1);
    add_case(suite, "data", other_data_are_refused, 0, 1);
    add_case(suite, "names", no_recorded_option_is_forgotten, 0, 1);
    return suite;
}
