/* test_plugin.c -- plug-ins that are missing, broken, foreign, or fine.
 *
 * Tests (suite plugin).  Whatever lies where the plug-in should be, the caller gets a sentence that
 * names the file and says what to do: never a loader's error, never a crash. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/plugin.h"
#include "tests/fake_plugin.h"

Suite *lg_suite_plugin(void);

static const lg_backend_options options = {.threads = 1};

/* Opening `device` ends with this status, and says all of these. */
static void expect(const char *device, logit_status want, const char *const *says)
{
    logit_error err = {.message = ""};
    lg_backend *backend = (lg_backend *)(uintptr_t)&options; /* must be overwritten */
    const logit_status status = lg_backend_open(&backend, device, &options, &err);
    ck_assert_msg(status == want, "%s: status %d: %s", device, status, err.message);
    ck_assert_ptr_null(backend);
    for (; *says; says++)
        ck_assert_msg(strstr(err.message, *says) != NULL, "\"%s\" is not in: %s", *says,
                      err.message);
}

#define EXPECT(device, ...)                                                                        \
    expect((device), LOGIT_E_DEVICE, (const char *const[]){__VA_ARGS__, NULL})

static const char *const advice = "--device cpu";

/* ---------------------------------------------------------------------------- what is wrong --- */

START_TEST(missing_file_is_named_with_its_places)
{
    EXPECT("cuda", "device cuda", "liblogit-cuda.so", fake_plugin_folder(), advice);
    EXPECT("simt:3", "device simt", "liblogit-simt.so", fake_plugin_folder());
    ck_assert_int_eq(lg_plugin_is_there("cuda"), 0);
    setenv("LOGIT_PLUGIN_DIR", "", 1); /* as if it were not set: beside the program, then LIBDIR */
    char program[4096] = "";
    ck_assert_int_gt(readlink("/proc/self/exe", program, sizeof program - 1), 0);
    *strrchr(program, '/') = '\0';
    if (!lg_plugin_is_there("simt")) EXPECT("simt", program, " or ", "/logit;");
}
END_TEST

START_TEST(text_file_is_no_plugin)
{
    fake_plugin_write("liblogit-cuda.so", "this is no shared library\n");
    ck_assert_int_eq(lg_plugin_is_there("cuda"), 1);
    EXPECT("cuda", "device cuda", "cannot be loaded", fake_plugin_path("liblogit-cuda.so"), advice);
    fake_plugin_write("liblogit-cuda.so", "");
    EXPECT("cuda", "device cuda", "cannot be loaded", advice);
}
END_TEST

START_TEST(folder_in_its_place_is_no_plugin)
{
    char command[200];
    snprintf(command, sizeof command, "mkdir '%s'", fake_plugin_path("liblogit-cuda.so"));
    ck_assert_int_eq(system(command), 0);
    EXPECT("cuda", "device cuda", "cannot be loaded", advice);
}
END_TEST

START_TEST(library_that_it_needs_is_named)
{
    fake_plugin_compile("libgone.so.7", "int gone(void) { return 7; }\n",
                        "-Wl,-soname,libgone.so.7");
    fake_plugin_compile("liblogit-cuda.so", "int gone(void);\nint use(void) { return gone(); }\n",
                        "./libgone.so.7");
    ck_assert_int_eq(unlink(fake_plugin_path("libgone.so.7")), 0);
    EXPECT("cuda", "cannot be loaded", "libgone.so.7", "install what is missing");
}
END_TEST

START_TEST(symbol_that_it_lacks_is_named)
{
    fake_plugin_compile("liblogit-cuda.so", "int something_else;\n", "");
    EXPECT("cuda", "no logit_plugin", fake_plugin_path("liblogit-cuda.so"), advice);
}
END_TEST

START_TEST(other_interface_number_is_refused)
{
    char theirs[40], ours[40];
    fake_plugin_make("liblogit-cuda.so", LG_PLUGIN_ABI + 1, "cuda");
    snprintf(theirs, sizeof theirs, "plug-in interface %d", LG_PLUGIN_ABI + 1);
    snprintf(ours, sizeof ours, "needs %d", LG_PLUGIN_ABI);
    EXPECT("cuda", theirs, ours, "different versions", advice);
}
END_TEST

START_TEST(stand_in_is_not_taken_for_a_gpu)
{
    fake_plugin_make("liblogit-cuda.so", LG_PLUGIN_ABI, "simt");
    EXPECT("cuda", "the plug-in for simt under another name", advice);
}
END_TEST

/* ---------------------------------------------------------------------------- what is right --- */

START_TEST(plugin_is_opened_once_and_kept)
{
    fake_plugin_make("liblogit-cuda.so", LG_PLUGIN_ABI, "cuda");
    EXPECT("cuda", "call 1, device 0");
    EXPECT("cuda:7", "call 2, device 7"); /* the same copy, and the number */
    ck_assert_int_eq(unlink(fake_plugin_path("liblogit-cuda.so")), 0);
    setenv("LOGIT_PLUGIN_DIR", "/nowhere", 1);
    EXPECT("cuda:012", "call 3, device 12");
    fake_plugin_make("liblogit-simt.so", LG_PLUGIN_ABI, "simt"); /* another is another */
    setenv("LOGIT_PLUGIN_DIR", fake_plugin_folder(), 1);
    EXPECT("simt:1", "call 1, device 1");
    EXPECT("cuda", "call 4, device 0");
}
END_TEST

START_TEST(broken_one_can_be_mended)
{
    fake_plugin_make("liblogit-cuda.so", LG_PLUGIN_ABI + 1, "cuda");
    EXPECT("cuda", "different versions");
    ck_assert_int_eq(unlink(fake_plugin_path("liblogit-cuda.so")), 0);
    fake_plugin_make("liblogit-cuda.so", LG_PLUGIN_ABI, "cuda");
    EXPECT("cuda", "call 1, device 0");
}
END_TEST

/* --------------------------------------------------------------------------------- "auto" --- */

/* "auto" takes the processor and notes this. */
static void expect_processor(const char *says)
{
    char note[300] = "left over";
    lg_backend_options noted = options;
    lg_backend *backend;
    noted.note = note;
    noted.note_size = sizeof note;
    ck_assert_int_eq(lg_backend_open(&backend, "auto", &noted, NULL), LOGIT_OK);
    ck_assert_str_eq(backend->ops->name, "cpu");
    ck_assert_msg(strstr(note, says) != NULL, "\"%s\" is not in: %s", says, note);
    lg_backend_close(backend);
}

START_TEST(auto_takes_the_processor_and_says_why)
{
    expect_processor("no plug-in liblogit-cuda.so");
    fake_plugin_write("liblogit-cuda.so", "no library");
    expect_processor("cannot be loaded");
    fake_plugin_make("liblogit-cuda.so", LG_PLUGIN_ABI, "cuda");
    expect_processor("call 1, device 0");
    char note[4] = "abc";
    lg_backend_options noted = options;
    lg_backend *backend;
    noted.note = note;
    noted.note_size = sizeof note;
    ck_assert_int_eq(lg_backend_open(&backend, "cpu", &noted, NULL), LOGIT_OK);
    ck_assert_str_eq(note, ""); /* it was asked for: nothing to say */
    lg_backend_close(backend);
    ck_assert_int_eq(lg_backend_open(&backend, "auto", &noted, NULL), LOGIT_OK);
    ck_assert_uint_eq(strlen(note), 3); /* cut */
    lg_backend_close(backend);
    ck_assert_int_eq(lg_backend_open(&backend, "auto", &options, NULL), LOGIT_OK); /* no room */
    lg_backend_close(backend);
}
END_TEST

START_TEST(precision_that_a_device_has_not_is_refused) /* precision */
{
    static const char *const devices[] = {"auto", "cpu", "ref"};
    const lg_backend_options how = {.threads = 1, .precision = (lg_precision)_i};
    const char *name = lg_precisions[_i].name;
    for (int i = 0; i < 3; i++) {
        logit_error err = {.message = ""};
        lg_backend *backend;
        const logit_status status = lg_backend_open(&backend, devices[i], &how, &err);
        ck_assert_int_eq(status, _i == LG_PRECISION_F32 ? LOGIT_OK : LOGIT_E_USAGE);
        lg_backend_close(backend);
        if (status == LOGIT_OK) continue;
        ck_assert_ptr_null(backend);
        ck_assert_msg(strstr(err.message, name) != NULL, "%s", err.message);
        ck_assert_msg(strstr(err.message, "--precision") != NULL, "%s", err.message);
    }
}
END_TEST

Suite *lg_suite_plugin(void)
{
    Suite *suite = suite_create("plugin");
    TCase *tc = tcase_create("plugin");
    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, fake_plugin_begin, fake_plugin_end);
    tcase_add_test(tc, missing_file_is_named_with_its_places);
    tcase_add_test(tc, text_file_is_no_plugin);
    tcase_add_test(tc, folder_in_its_place_is_no_plugin);
    tcase_add_test(tc, library_that_it_needs_is_named);
    tcase_add_test(tc, symbol_that_it_lacks_is_named);
    tcase_add_test(tc, other_interface_number_is_refused);
    tcase_add_test(tc, stand_in_is_not_taken_for_a_gpu);
    tcase_add_test(tc, plugin_is_opened_once_and_kept);
    tcase_add_test(tc, broken_one_can_be_mended);
    tcase_add_test(tc, auto_takes_the_processor_and_says_why);
    tcase_add_loop_test(tc, precision_that_a_device_has_not_is_refused, 0, LG_PRECISION_COUNT);
    suite_add_tcase(suite, tc);
    return suite;
}
