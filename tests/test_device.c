/* test_device.c -- what a run, an evaluation and the command make of --device and --precision.
 *
 * Tests (suite device).  With plug-ins that open no device (fake_plugin.h), and, as users have it,
 * with whatever lies beside the program. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "core/plugin.h"
#include "tests/command_rig.h"
#include "tests/fake_plugin.h"
#include "tests/small_set.h"
#include "tests/train_rig.h"
#include "train/open_device.h"

Suite *lg_suite_device(void);

/* What was heard of a call: of the lines about a GPU the first. */
typedef struct heard {
    int count, details;
    logit_level level;
    char text[1200], device[300], name[20];
} heard;

static void on_message(void *user, logit_level level, const char *text)
{
    heard *h = user;
    h->details += level == LOGIT_LEVEL_INFO && strstr(text, "build the plug-in again") != NULL;
    if (!strstr(text, "GPU")) return;
    h->count++;
    h->level = level;
    snprintf(h->text, sizeof h->text, "%s", text);
}

static void on_start(void *user, const logit_run *run)
{
    heard *h = user;
    snprintf(h->device, sizeof h->device, "%s", run->device);
    snprintf(h->name, sizeof h->name, "%s", run->options->device);
}

/* Trains on "idx" into "run", listening. */
static logit_status listen(heard *h, logit_error *err)
{
    const logit_watch watch = {.user = h, .message = on_message, .start = on_start};
    *h = (heard){0};
    *err = (logit_error){.message = ""};
    options.out = small_set_path("run");
    options.epochs = 1;
    return logit_train(small_set_path("idx"), &options, &watch, NULL, err);
}

static void begin_both(void)
{
    begin();
    fake_plugin_begin();
}

static void end_both(void)
{
    fake_plugin_end();
    small_set_end();
}

/* ---------------------------------------------------------------------------- what is told --- */

START_TEST(auto_without_a_plugin_is_information)
{
    heard h;
    logit_error err;
    options.device = "auto";
    ck_assert_int_eq(listen(&h, &err), LOGIT_OK);
    ck_assert_int_eq(h.count, 1); /* once */
    ck_assert_int_eq(h.level, LOGIT_LEVEL_INFO);
    ck_assert_msg(strstr(h.text, "no plug-in") != NULL, "%s", h.text);
    ck_assert_str_eq(h.name, "cpu"); /* what was taken is what is recorded */
    ck_assert_msg(strncmp(h.device, "cpu: ", 5) == 0, "%s", h.device);
}
END_TEST

START_TEST(auto_with_a_plugin_and_no_device_is_a_notice)
{
    heard h;
    logit_error err;
    fake_plugin_make("liblogit-cuda.so", LG_PLUGIN_ABI, "cuda");
    options.device = "auto";
    ck_assert_int_eq(listen(&h, &err), LOGIT_OK);
    ck_assert_int_eq(h.count, 1);
    ck_assert_int_eq(h.level, LOGIT_LEVEL_NOTICE);
    ck_assert_msg(strstr(h.text, "call 1, device 0") != NULL, "%s", h.text);
}
END_TEST

/* One short line; the particulars and what to do about them are information. */
START_TEST(a_long_reason_is_cut)
{
    heard h;
    logit_error err;
    fake_plugin_write("liblogit-cuda.so", "no library");
    options.device = "auto";
    ck_assert_int_eq(listen(&h, &err), LOGIT_OK);
    ck_assert_int_eq(h.level, LOGIT_LEVEL_NOTICE);
    ck_assert_msg(strncmp(h.text, "no GPU is used: the plug-in cannot be loaded", 44) == 0 &&
                      !strstr(h.text, "install") && strlen(h.text) < 140,
                  "%s", h.text);
    ck_assert_int_eq(h.details, 1);
}
END_TEST

START_TEST(reasons_are_cut_where_advice_begins)
{
    static const struct {
        const char *message, *reason, *brief;
    } cases[] = {
        {"device cuda: no driver (lib.so.1); install one", "no driver (lib.so.1); install one",
         "no driver"},
        {"device cuda:7: two; three (four)", "two; three (four)", "two"},
        {"call 1, device 0", "call 1, device 0", "call 1, device 0"},
        {"device", "device", "device"},
        {"device cuda: 12345678901234567890", "12345678901234567890", "1234567890123456"},
    };
    char out[17];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ck_assert_str_eq(lg_device_reason(cases[i].message), cases[i].reason);
        ck_assert_str_eq(lg_device_brief(out, sizeof out, cases[i].message), cases[i].brief);
    }
}
END_TEST

/* An error about a path is all that is said: the device is opened before. */
START_TEST(a_path_that_is_not_there_comes_first)
{
    heard h = {0};
    logit_error err;
    logit_score score;
    const logit_watch watch = {.user = &h, .message = on_message};
    fake_plugin_make("liblogit-cuda.so", LG_PLUGIN_ABI, "cuda");
    train("idx", "run", LOGIT_OK, NULL);
    logit_model *model = open_model("run");
    options.device = "auto";
    options.out = small_set_path("none");
    ck_assert_int_eq(logit_train("/nowhere", &options, &watch, NULL, &err), LOGIT_E_IO);
    ck_assert_int_eq(logit_eval(model, "/nowhere", NULL, &options, &watch, &score, &err),
                     LOGIT_E_IO);
    ck_assert_int_eq(h.count, 0);
    logit_model_close(model);
}
END_TEST

START_TEST(what_was_asked_for_needs_no_word)
{
    heard h;
    logit_error err;
    fake_plugin_make("liblogit-cuda.so", LG_PLUGIN_ABI, "cuda");
    options.device = "cpu";
    ck_assert_int_eq(listen(&h, &err), LOGIT_OK);
    ck_assert_int_eq(h.count, 0);
}
END_TEST

START_TEST(evaluation_tells_it_too)
{
    heard h = {0};
    logit_score score;
    logit_error err = {.message = ""};
    const logit_watch watch = {.user = &h, .message = on_message};
    train("idx", "run", LOGIT_OK, NULL);
    fake_plugin_write("liblogit-cuda.so", "no library");
    logit_model *model = open_model("run");
    options.device = "auto";
    ck_assert_int_eq(logit_eval(model, small_set_path("idx"), NULL, &options, &watch, &score, &err),
                     LOGIT_OK);
    ck_assert_int_eq(h.count, 1);
    ck_assert_int_eq(h.level, LOGIT_LEVEL_NOTICE);
    logit_score_clear(&score);
    logit_model_close(model);
}
END_TEST

/* -------------------------------------------------------------------------- what is refused --- */

/* Before data is read: there is none at that path, and the device is what is spoken of. */
START_TEST(missing_device_ends_the_call_at_once)
{
    logit_error err = {.message = ""};
    logit_score score;
    logit_guess guess;
    int count;
    train("idx", "run", LOGIT_OK, NULL);
    logit_model *model = open_model("run");
    fake_plugin_make("liblogit-cuda.so", LG_PLUGIN_ABI, "cuda");
    options.device = "cuda:3";
    options.out = small_set_path("none");
    ck_assert_int_eq(logit_train("/nowhere", &options, NULL, NULL, &err), LOGIT_E_DEVICE);
    ck_assert_str_eq(err.message, "call 1, device 3");
    ck_assert_int_ne(access(small_set_path("none"), F_OK), 0); /* no run folder is left behind */
    ck_assert_int_eq(logit_eval(model, "/nowhere", NULL, &options, NULL, &score, &err),
                     LOGIT_E_DEVICE);
    ck_assert_int_eq(logit_predict_file(model, "/nowhere", &options, &guess, 1, &count, &err),
                     LOGIT_E_DEVICE);
    logit_model_close(model);
}
END_TEST

START_TEST(precision_needs_a_gpu) /* precision x device */
{
    static const char *const devices[] = {"auto", "cpu", "ref"};
    heard h;
    logit_error err;
    const char *name = logit_precision_name(_i % LG_PRECISION_COUNT);
    options.device = devices[_i / LG_PRECISION_COUNT];
    options.precision = name;
    if (_i % 2) fake_plugin_make("liblogit-cuda.so", LG_PLUGIN_ABI, "cuda");
    const logit_status status = listen(&h, &err);
    ck_assert_int_eq(status,
                     _i % LG_PRECISION_COUNT == LG_PRECISION_F32 ? LOGIT_OK : LOGIT_E_USAGE);
    if (status != LOGIT_OK) ck_assert_msg(strstr(err.message, name) != NULL, "%s", err.message);
}
END_TEST

START_TEST(precisions_have_names)
{
    heard h;
    logit_error err;
    ck_assert_str_eq(logit_precision_name(0), "f32");
    ck_assert_ptr_nonnull(logit_precision_name(LG_PRECISION_COUNT - 1));
    ck_assert_ptr_null(logit_precision_name(LG_PRECISION_COUNT));
    ck_assert_ptr_null(logit_precision_name(-1));
    options.precision = "f31";
    ck_assert_int_eq(listen(&h, &err), LOGIT_E_USAGE);
    ck_assert_msg(strstr(err.message, "f31") != NULL, "%s", err.message);
}
END_TEST

START_TEST(machine_says_why_there_is_no_gpu)
{
    logit_machine machine;
    ck_assert_int_eq(logit_machine_describe(&machine, NULL), LOGIT_OK);
    ck_assert_msg(strncmp(machine.cuda, "no plug-in", 10) == 0, "%s", machine.cuda);
    fake_plugin_make("liblogit-cuda.so", LG_PLUGIN_ABI, "cuda");
    ck_assert_int_eq(logit_machine_describe(&machine, NULL), LOGIT_OK);
    ck_assert_str_eq(machine.cuda, "call 1, device 0");
}
END_TEST

/* ----------------------------------------------------------------------------- the command --- */

/* As users have it: the plug-in of the build, if there is one, beside the program. */
START_TEST(command_without_a_gpu_ends_with_a_sentence)
{
    const double start = lg_seconds();
    const int code = shell("LOGIT_PLUGIN_DIR= \"$LOGIT\" train \"$DIR/set\" -o \"$DIR/gpu\" "
                           "--device cuda --epochs 1 -q");
    const double seconds = lg_seconds() - start;
    char *said = text_of("err");
    ck_assert_msg(code == 0 || code == 6, "exit code %d: %s", code, said); /* 0: there is one */
    if (code == 6) {
        ck_assert_msg(seconds < 1.0, "%g s", seconds);
        ck_assert_msg(strncmp(said, "logit: device cuda: ", 20) == 0, "%s", said);
        ck_assert_msg(strstr(said, "--device cpu") != NULL, "%s", said);
        ck_assert_msg(strstr(said, "no plug-in") ||
                          (strstr(said, "driver") && strstr(said, "built with CUDA")),
                      "%s", said);
    }
    free(said);
    expect(6, "LOGIT_PLUGIN_DIR= \"$LOGIT\" train \"$DIR/set\" -o \"$DIR/gpu99\" --device cuda:99");
}
END_TEST

START_TEST(command_with_no_gpu_takes_the_processor)
{
    expect(0, "LOGIT_PLUGIN_DIR= \"$LOGIT\" train \"$DIR/set\" -o \"$DIR/any\" --epochs 1");
    expect(0, "LOGIT_PLUGIN_DIR=/nowhere \"$LOGIT\" train \"$DIR/set\" -o \"$DIR/cpu\" --epochs 1");
    char *said = text_of("err");
    ck_assert_msg(strstr(said, "plug-in") == NULL, "%s", said); /* information, for -v */
    free(said);
    expect(0,
           "LOGIT_PLUGIN_DIR=/nowhere \"$LOGIT\" train \"$DIR/set\" -o \"$DIR/v\" --epochs 1 -v");
    said = text_of("err");
    ck_assert_msg(strstr(said, "no plug-in liblogit-cuda.so in /nowhere") != NULL, "%s", said);
    free(said);
    expect(0, "mkdir -p \"$DIR/broken\"; echo text > \"$DIR/broken/liblogit-cuda.so\"; "
              "LOGIT_PLUGIN_DIR=\"$DIR/broken\" \"$LOGIT\" train \"$DIR/set\" -o \"$DIR/b\" "
              "--epochs 1");
    said = text_of("err");
    ck_assert_msg(strstr(said, "cannot be loaded") != NULL, "%s", said);
    free(said);
    expect(2, "LOGIT_PLUGIN_DIR=/nowhere \"$LOGIT\" train \"$DIR/set\" -o \"$DIR/t\" "
              "--precision tf32");
}
END_TEST

Suite *lg_suite_device(void)
{
    Suite *suite = suite_create("device");
    TCase *tc = tcase_create("library");
    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, begin_both, end_both);
    tcase_add_test(tc, auto_without_a_plugin_is_information);
    tcase_add_test(tc, auto_with_a_plugin_and_no_device_is_a_notice);
    tcase_add_test(tc, a_long_reason_is_cut);
    tcase_add_test(tc, reasons_are_cut_where_advice_begins);
    tcase_add_test(tc, a_path_that_is_not_there_comes_first);
    tcase_add_test(tc, what_was_asked_for_needs_no_word);
    tcase_add_test(tc, evaluation_tells_it_too);
    tcase_add_test(tc, missing_device_ends_the_call_at_once);
    tcase_add_loop_test(tc, precision_needs_a_gpu, 0, 3 * LG_PRECISION_COUNT);
    tcase_add_test(tc, precisions_have_names);
    tcase_add_test(tc, machine_says_why_there_is_no_gpu);
    suite_add_tcase(suite, tc);
    TCase *command = tcase_create("command");
    tcase_set_timeout(command, 120);
    tcase_add_unchecked_fixture(command, command_setup, command_teardown);
    tcase_add_test(command, command_without_a_gpu_ends_with_a_sentence);
    tcase_add_test(command, command_with_no_gpu_takes_the_processor);
    suite_add_tcase(suite, command);
    return suite;
}
