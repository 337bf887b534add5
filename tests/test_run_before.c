/* test_run_before.c -- run folders that are numbered, and what earlier runs left in one.
 *
 * The rest of run_folder.h is in tests/test_run_folder.c. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/small_set.h"
#include "train/run_folder.h"

Suite *lg_suite_run_before(void);

static logit_error err;

static lg_run_folder *open_run(const char *path, const char *data, lg_run_before before,
                               logit_status want)
{
    lg_run_folder *folder;
    err = (logit_error){0};
    const logit_status status = lg_run_folder_open(&folder, path, data, before, &err);
    ck_assert_msg(status == want, "status %d, want %d: %s", status, want, err.message);
    ck_assert((folder != NULL) == (want == LOGIT_OK));
    return folder;
}

static void write_file(const char *name, const char *text)
{
    FILE *file = fopen(name, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

static void begin_here(void)
{
    small_set_begin();
    ck_assert_int_eq(chdir(small_set_path(".")), 0);
}

/* What DATA is called, and what the folder is called for it. */
static const struct {
    const char *data, *folder;
} called[] = {
    {"photos", "runs/photos-1"},
    {"some/where/photos/", "runs/photos-1"}, /* it is there: its real name */
    {"my photos, 2024", "runs/my_photos__2024-1"},
    {"\xff\n", "runs/__-1"},
    {"x.tar", "runs/x.tar-1"},
    {"", "runs/x-1"},
};

START_TEST(a_run_is_called_after_its_data)
{
    ck_assert_int_eq(system("mkdir -p some/where/photos"), 0);
    lg_run_folder *folder = open_run(NULL, called[_i].data, LG_RUN_BEFORE_REFUSE, LOGIT_OK);
    ck_assert_str_eq(lg_run_folder_path(folder), called[_i].folder);
    lg_run_folder_close(folder, 0);
    ck_assert_int_ne(access(called[_i].folder, F_OK), 0); /* nothing was written: it goes */
}
END_TEST

START_TEST(runs_are_numbered_and_the_last_is_pointed_at)
{
    char want[32], latest[64] = "";
    for (int i = 1; i <= 12; i++) {
        lg_run_folder *folder = open_run(NULL, "photos", LG_RUN_BEFORE_REFUSE, LOGIT_OK);
        snprintf(want, sizeof want, "runs/photos-%d", i);
        ck_assert_str_eq(lg_run_folder_path(folder), want);
        ck_assert_int_gt(readlink("runs/latest", latest, sizeof latest - 1), 0);
        ck_assert_int_eq(strncmp(latest, want + strlen("runs/"), strlen(want) - strlen("runs/")),
                         0);
        lg_run_folder_close(folder, 1);
    }
    ck_assert_int_eq(unlink("runs/latest"), 0);
    ck_assert_int_eq(mkdir("runs/latest", 0777), 0); /* in the way: no matter */
    lg_run_folder_close(open_run(NULL, "photos", LG_RUN_BEFORE_REFUSE, LOGIT_OK), 1);
    ck_assert_int_eq(system("test -z \"$(find runs -name '.latest*')\""), 0);
}
END_TEST

START_TEST(what_is_no_folder_is_refused)
{
    char path[5000];
    write_file("file", "");
    open_run("file", "photos", LG_RUN_BEFORE_REMOVE, LOGIT_E_USAGE);
    ck_assert_msg(strstr(err.message, "file: is a file") != NULL, "%s", err.message);
    memset(path, 'x', sizeof path);
    path[sizeof path - 1] = '\0';
    open_run(path, "photos", LG_RUN_BEFORE_REFUSE, LOGIT_E_USAGE);
    ck_assert_msg(strstr(err.message, "too long") != NULL, "%s", err.message);
    write_file("runs", "");
    open_run(NULL, "photos", LG_RUN_BEFORE_REFUSE, LOGIT_E_IO);
    ck_assert_msg(strstr(err.message, "runs: folder cannot be made") != NULL, "%s", err.message);
    ck_assert_int_eq(mkdir("run", 0777), 0);
    ck_assert_int_eq(mkdir("run/lock", 0777), 0);
    open_run("run", "photos", LG_RUN_BEFORE_REMOVE, LOGIT_E_IO);
    ck_assert_msg(strstr(err.message, "run/lock: cannot be written") != NULL, "%s", err.message);
}
END_TEST

/* NAME.PID.tmp of our files goes, whatever comes then; names that only look so stay. */
START_TEST(half_written_files_of_a_killed_run_go)
{
    static const char *const ours[] = {"run/checkpoint.0.12.tmp", "run/checkpoint.1.7.tmp",
                                       "run/model.safetensors.99999.tmp", "run/config.ini.1.tmp",
                                       "run/settings/01/model.safetensors.12.tmp"};
    static const char *const others[] = {"run/checkpoint.0.tmp",
                                         "run/checkpoint.0..tmp",
                                         "run/checkpoint.2.5.tmp",
                                         "run/config.ini.1.tmp2",
                                         "run/notes.1.tmp",
                                         "run/settings/01/notes.1.tmp",
                                         "run/settings/x1/model.safetensors.12.tmp"};
    static const char *const folders[] = {"run", "run/settings", "run/settings/01",
                                          "run/settings/x1"};
    for (int i = 0; i < 4; i++) ck_assert_int_eq(mkdir(folders[i], 0777), 0);
    for (int i = 0; i < 5; i++) write_file(ours[i], "x");
    for (int i = 0; i < 7; i++) write_file(others[i], "x");
    lg_run_folder_close(open_run("run", "photos", LG_RUN_BEFORE_GO_ON, LOGIT_OK), 1);
    for (int i = 0; i < 5; i++) ck_assert_msg(access(ours[i], F_OK) != 0, "%s stays", ours[i]);
    for (int i = 0; i < 7; i++) ck_assert_msg(access(others[i], F_OK) == 0, "%s goes", others[i]);
}
END_TEST

START_TEST(metrics_are_cut_and_never_grown)
{
    ck_assert_int_eq(mkdir("run", 0777), 0);
    write_file("run/metrics.jsonl", "0123456789");
    lg_run_folder *folder = open_run("run", "photos", LG_RUN_BEFORE_GO_ON, LOGIT_OK);
    ck_assert_int_eq(lg_run_folder_metrics_bytes(folder), 10);
    ck_assert_int_eq(lg_run_folder_cut_metrics(folder, 4, &err), LOGIT_OK);
    ck_assert_int_eq(lg_run_folder_metrics_bytes(folder), 4);
    ck_assert_int_eq(lg_run_folder_cut_metrics(folder, 5, &err), LOGIT_E_IO);
    ck_assert_msg(strstr(err.message, "run/metrics.jsonl: is shorter") != NULL, "%s", err.message);
    ck_assert_int_eq(lg_run_folder_metrics_bytes(folder), 4);
    ck_assert_int_eq(lg_run_folder_sync(folder, &err), LOGIT_OK);
    lg_run_folder_close(folder, 1);
}
END_TEST

Suite *lg_suite_run_before(void)
{
    Suite *suite = suite_create("run_before");
    TCase *tests = tcase_create("run_before");
    tcase_add_checked_fixture(tests, begin_here, small_set_end);
    tcase_add_loop_test(tests, a_run_is_called_after_its_data, 0, sizeof called / sizeof *called);
    tcase_add_test(tests, runs_are_numbered_and_the_last_is_pointed_at);
    tcase_add_test(tests, what_is_no_folder_is_refused);
    tcase_add_test(tests, half_written_files_of_a_killed_run_go);
    tcase_add_test(tests, metrics_are_cut_and_never_grown);
    suite_add_tcase(suite, tests);
    return suite;
}
