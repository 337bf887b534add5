/* test_run_folder.c -- whose a folder is, what stays in it, and where it may not be. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "tests/small_set.h"
#include "train/run_folder.h"

Suite *lg_suite_run_folder(void);

static logit_error err;

/* Opens the run folder of this name in the temporary folder; the data lie elsewhere. */
static lg_run_folder *open_run(const char *name, int force, logit_status want)
{
    lg_run_folder *folder;
    err = (logit_error){0};
    const logit_status status =
        lg_run_folder_open(&folder, small_set_path(name), "nowhere", force, &err);
    ck_assert_msg(status == want, "status %d, want %d: %s", status, want, err.message);
    ck_assert((folder != NULL) == (want == LOGIT_OK));
    return folder;
}

/* Makes a file and the folders above it. */
static void write_file(const char *name, const char *text)
{
    char folder[4096];
    snprintf(folder, sizeof folder, "%s", small_set_path(name));
    *strrchr(folder, '/') = '\0';
    ck_assert_int_eq(lg_folder_make(folder, &err), LOGIT_OK);
    FILE *file = fopen(small_set_path(name), "wb");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    ck_assert_int_eq(fclose(file), 0);
}

static int is_there(const char *name)
{
    return access(small_set_path(name), F_OK) == 0;
}

/* ----------------------------------------------------------------------------------- lock --- */

START_TEST(a_folder_in_use_is_locked_forced_or_not)
{
    lg_run_folder *folder = open_run("run", 0, LOGIT_OK);
    for (int force = 0; force < 2; force++) {
        char pid[32];
        snprintf(pid, sizeof pid, "process %ld", (long)getpid());
        open_run("run", force, LOGIT_E_LOCKED);
        ck_assert_msg(strstr(err.message, pid) != NULL, "%s", err.message);
        ck_assert(is_there("run/lock"));
        ck_assert_int_eq(lg_run_folder_check(small_set_path("run"), "nowhere", force, &err),
                         LOGIT_E_LOCKED);
    }
    lg_run_folder_close(folder, 0);
    ck_assert(!is_there("run"));
}
END_TEST

/* Its owner has the lock and is about to write its number. */
START_TEST(a_lock_without_a_number_is_a_lock)
{
    write_file("run/lock", "");
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    const int fd = open(small_set_path("run/lock"), O_RDWR | O_CLOEXEC);
    ck_assert_int_eq(fcntl(fd, F_OFD_SETLK, &whole), 0);
    open_run("run", 0, LOGIT_E_LOCKED);
    open_run("run", 1, LOGIT_E_LOCKED);
    ck_assert(is_there("run/lock"));
    close(fd);
}
END_TEST

START_TEST(a_lock_that_a_dead_run_left_is_none)
{
    write_file("run/lock", "123\n");
    lg_run_folder_close(open_run("run", 0, LOGIT_OK), 1);
    ck_assert(!is_there("run/lock"));
    write_file("run/lock", "123\n");
    open_run("run", 0, LOGIT_E_USAGE); /* for its metrics.jsonl, not for its lock */
}
END_TEST

/* ------------------------------------------------------------------------------- failures --- */

START_TEST(a_folder_that_cannot_be_opened_is_left_as_it_was)
{
    struct rlimit old;
    getrlimit(RLIMIT_NOFILE, &old);
    const int next = dup(STDERR_FILENO);
    close(next);
    const struct rlimit one = {.rlim_cur = (rlim_t)next + 1, .rlim_max = old.rlim_max};
    setrlimit(RLIMIT_NOFILE, &one); /* enough for the lock, not for metrics.jsonl */
    open_run("run", 0, LOGIT_E_IO);
    setrlimit(RLIMIT_NOFILE, &old);
    ck_assert_msg(strstr(err.message, "metrics.jsonl") != NULL, "%s", err.message);
    ck_assert(!is_there("run"));
}
END_TEST

START_TEST(a_line_that_cannot_be_written_names_the_file)
{
    lg_run_folder *folder = open_run("run", 0, LOGIT_OK);
    lg_text line = {0};
    lg_text_add(&line, "{}");
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){.rlim_cur = 0, .rlim_max = RLIM_INFINITY});
    ck_assert_int_eq(lg_run_folder_add_line(folder, &line, &err), LOGIT_E_IO);
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){RLIM_INFINITY, RLIM_INFINITY});
    const char *file = small_set_path("run/metrics.jsonl");
    ck_assert_msg(strncmp(err.message, file, strlen(file)) == 0, "%s", err.message);
    lg_text_clear(&line);
    lg_run_folder_close(folder, 0);
}
END_TEST

/* --------------------------------------------------------------------------- the run before --- */

START_TEST(force_removes_what_the_run_before_wrote_and_nothing_else)
{
    static const char *const old[] = {"run/model.safetensors", "run/config.ini",
                                      "run/settings/00/model.safetensors",
                                      "run/settings/01/model.safetensors", "run/settings/00"};
    static const char *const mine[] = {
        "run/notes.txt", "run/settings/01/notes.txt", "run/settings/mine/model.safetensors",
        "run/other/model.safetensors", "elsewhere/model.safetensors"};
    for (int i = 0; i < 4; i++) write_file(old[i], "old");
    for (int i = 0; i < 5; i++) write_file(mine[i], "mine");
    write_file("run/metrics.jsonl", "old");
    ck_assert_int_eq(symlink("../../elsewhere", small_set_path("run/settings/07")), 0);
    lg_run_folder_close(open_run("run", 1, LOGIT_OK), 0);
    for (int i = 0; i < 5; i++) ck_assert_msg(!is_there(old[i]), "%s is still there", old[i]);
    for (int i = 0; i < 5; i++) ck_assert_msg(is_there(mine[i]), "%s is gone", mine[i]);
    ck_assert(!is_there("run/metrics.jsonl"));
}
END_TEST

START_TEST(an_old_model_that_cannot_be_removed_ends_the_run)
{
    write_file("run/model.safetensors/x", "a folder");
    open_run("run", 1, LOGIT_E_IO);
    ck_assert_msg(strstr(err.message, "model.safetensors") != NULL, "%s", err.message);
    ck_assert(!is_there("run/lock"));
}
END_TEST

/* ------------------------------------------------------------------------------- the place --- */

/* Seen from pets/cat; data is where it lies from there, out is -o. */
static const struct {
    const char *data, *out;
    int refused;
} places[] = {
    {"..", NULL, 1},
    {"..", "run", 1},
    {"..", ".", 1},
    {"..", "../run", 1},
    {"..", "../new/../run", 1},
    {"../.", "../../pets/a/b", 1},
    {"..", "../..", 0},
    {"..", "../../run", 0},
    {"..", "new/../../../run", 0},
    {"..", ".hidden/run", 0},
    {"..", "../../pets2/run", 0},
    {"../../link", "run", 1},
    {"1.pgm", NULL, 0},
    {"../dog", NULL, 0},
    {"../nowhere", NULL, 0},
    {".", "../run", 0},
};

START_TEST(results_inside_the_data_are_refused)
{
    write_file("pets/cat/1.pgm", "");
    write_file("pets/dog/1.pgm", "");
    ck_assert_int_eq(symlink("pets", small_set_path("link")), 0);
    ck_assert_int_eq(chdir(small_set_path("pets/cat")), 0);
    err = (logit_error){0};
    const logit_status status = lg_run_folder_check(places[_i].out, places[_i].data, 1, &err);
    ck_assert_int_eq(chdir("/"), 0);
    ck_assert_msg(status == (places[_i].refused ? LOGIT_E_USAGE : LOGIT_OK), "%d: %s", status,
                  err.message);
    if (places[_i].refused) ck_assert_ptr_nonnull(strstr(err.message, "give -o"));
    ck_assert(!is_there("pets/run") && !is_there("pets/new")); /* only asked */
}
END_TEST

Suite *lg_suite_run_folder(void)
{
    Suite *suite = suite_create("run_folder");
    TCase *all = tcase_create("run_folder");
    tcase_add_checked_fixture(all, small_set_begin, small_set_end);
    tcase_add_test(all, a_folder_in_use_is_locked_forced_or_not);
    tcase_add_test(all, a_lock_without_a_number_is_a_lock);
    tcase_add_test(all, a_lock_that_a_dead_run_left_is_none);
    tcase_add_test(all, a_folder_that_cannot_be_opened_is_left_as_it_was);
    tcase_add_test(all, a_line_that_cannot_be_written_names_the_file);
    tcase_add_test(all, force_removes_what_the_run_before_wrote_and_nothing_else);
    tcase_add_test(all, an_old_model_that_cannot_be_removed_ends_the_run);
    tcase_add_loop_test(all, results_inside_the_data_are_refused, 0,
                        (int)(sizeof places / sizeof *places));
    suite_add_tcase(suite, all);
    return suite;
}
