/* test_cache.c -- images that do not fit are decoded once: what is cached, found again, done
 * without.
 *
 * That a run from the cache has the bits of one without is test_sources.c. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/small_set.h"
#include "tests/train_rig.h"

Suite *lg_suite_cache(void);

enum { IMAGES = 90 };

static char said[4000];

static void on_message(void *user, logit_level level, const char *text)
{
    const size_t used = strlen(said);
    (void)user;
    if (level != LOGIT_LEVEL_INFO) snprintf(said + used, sizeof said - used, "%s\n", text);
}

static logit_summary go(const char *run, logit_status want)
{
    const logit_watch watch = {.message = on_message};
    logit_summary summary;
    logit_error err = {.message = ""};
    said[0] = '\0';
    options.out = small_set_path(run);
    const logit_status status =
        logit_train(small_set_path("photos"), &options, &watch, &summary, &err);
    ck_assert_msg(status == want, "status %d: %s", status, err.message);
    return summary;
}

/* Name of the one packed file in the cache, "" if there is none; fails at a second. */
static const char *cached(void)
{
    static char name[300];
    int count = 0;
    name[0] = '\0';
    DIR *folder = opendir(small_set_path("cache"));
    for (const struct dirent *at; folder && (at = readdir(folder)) != NULL;) {
        if (at->d_name[0] == '.') continue;
        ck_assert_msg(strstr(at->d_name, ".packed") != NULL, "%s", at->d_name);
        snprintf(name, sizeof name, "cache/%.250s", at->d_name);
        count++;
    }
    if (folder) closedir(folder);
    ck_assert_int_le(count, 1);
    return name;
}

static void start(void)
{
    begin();
    small_set_write_folder(small_set_path("photos"), IMAGES, 3);
    options.memory = 1;
    options.cache = "off";
}

/* The cache's folder, in a buffer of its own: options borrow it. */
static void use_cache(void)
{
    static char folder[300];
    snprintf(folder, sizeof folder, "%s", small_set_path("cache"));
    options.cache = folder;
}

/* An image that is overwritten in place, with its time put back, is not looked at again: so the
 * pixels are the cache's.  With another time it is another set. */
START_TEST(the_cache_is_found_by_names_sizes_and_times)
{
    char kept[300], photo[300];
    struct stat info;
    use_cache();
    go("first", LOGIT_OK);
    snprintf(kept, sizeof kept, "%s", cached());
    snprintf(photo, sizeof photo, "%s", small_set_path("photos/c0/00000.pgm"));
    ck_assert_int_eq(stat(photo, &info), 0);
    FILE *file = fopen(photo, "r+b");
    fseek(file, -1, SEEK_END);
    fputc(255, file);
    fclose(file);
    const struct timespec times[2] = {info.st_atim, info.st_mtim};
    ck_assert_int_eq(utimensat(AT_FDCWD, photo, times, 0), 0);
    go("second", LOGIT_OK);
    ck_assert(same_files(MODEL("first"), MODEL("second")));
    ck_assert_str_eq(cached(), kept);
    ck_assert_int_eq(unlink(small_set_path(kept)), 0);
    const struct timespec later[2] = {{info.st_atim.tv_sec, 0}, {info.st_mtim.tv_sec + 1, 0}};
    ck_assert_int_eq(utimensat(AT_FDCWD, photo, later, 0), 0);
    go("third", LOGIT_OK);
    ck_assert_str_ne(cached(), kept);
    ck_assert(!same_files(MODEL("first"), MODEL("third")));
}
END_TEST

START_TEST(bad_images_are_the_same_from_the_cache)
{
    FILE *file = fopen(small_set_path("photos/c1/zz.pgm"), "wb");
    fputs("P5\n5 6\n255\nshort", file);
    fclose(file);
    options.on_bad = "skip";
    options.max_bad = 0.5;
    ck_assert_int_eq(go("streamed", LOGIT_OK).bad, 1);
    use_cache();
    ck_assert_int_eq(go("first", LOGIT_OK).bad, 1);
    ck_assert_int_eq(go("second", LOGIT_OK).bad, 1);
    ck_assert(same_files(MODEL("streamed"), MODEL("first")));
    ck_assert(same_files(MODEL("streamed"), MODEL("second")));
    options.on_bad = "fail";
    go("third", LOGIT_E_DATA);
}
END_TEST

/* A folder that cannot be made, and a file that was damaged. */
START_TEST(a_cache_that_cannot_be_used_is_done_without)
{
    go("streamed", LOGIT_OK);
    FILE *file = fopen(small_set_path("cache"), "wb");
    fclose(file);
    use_cache();
    go("first", LOGIT_OK);
    ck_assert_msg(strstr(said, "no cache") != NULL, "%s", said);
    ck_assert(same_files(MODEL("streamed"), MODEL("first")));
    unlink(small_set_path("cache"));
    go("second", LOGIT_OK);
    file = fopen(small_set_path(cached()), "r+b");
    fseek(file, 24, SEEK_SET);
    fputc(0x5a, file);
    fclose(file);
    go("third", LOGIT_OK);
    ck_assert_msg(strstr(said, "cannot be used") && strstr(said, "decoded once"), "%s", said);
    ck_assert(same_files(MODEL("streamed"), MODEL("third")));
}
END_TEST

/* Small sets, and sets that fit, leave nothing behind unless somebody asked for it. */
START_TEST(nothing_is_cached_that_is_not_worth_it)
{
    char home[300];
    snprintf(home, sizeof home, "%s", small_set_path("home"));
    setenv("XDG_CACHE_HOME", home, 1);
    options.cache = NULL;
    go("small", LOGIT_OK);
    ck_assert_int_ne(access(home, F_OK), 0);
    use_cache();
    options.memory = 1 << 20;
    go("fits", LOGIT_OK);
    ck_assert_str_eq(cached(), "");
    unsetenv("XDG_CACHE_HOME");
}
END_TEST

/* A model of the cached run, on the set itself, and the other way round. */
START_TEST(an_evaluation_takes_the_cache_too)
{
    logit_score score[2];
    logit_error err;
    use_cache();
    go("run", LOGIT_OK);
    logit_model *model = open_model("run");
    for (int i = 0; i < 2; i++) {
        options.memory = i ? 0 : 1;
        ck_assert_int_eq(
            logit_eval(model, small_set_path("photos"), NULL, &options, NULL, &score[i], &err),
            LOGIT_OK);
    }
    ck_assert_double_eq(score[0].loss, score[1].loss);
    ck_assert_int_eq(score[0].n, IMAGES);
    for (int i = 0; i < 2; i++) logit_score_clear(&score[i]);
    logit_model_close(model);
}
END_TEST

Suite *lg_suite_cache(void)
{
    Suite *suite = suite_create("cache");
    TCase *tcase = tcase_create("cache");
    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, start, small_set_end);
    tcase_add_test(tcase, the_cache_is_found_by_names_sizes_and_times);
    tcase_add_test(tcase, bad_images_are_the_same_from_the_cache);
    tcase_add_test(tcase, a_cache_that_cannot_be_used_is_done_without);
    tcase_add_test(tcase, nothing_is_cached_that_is_not_worth_it);
    tcase_add_test(tcase, an_evaluation_takes_the_cache_too);
    suite_add_tcase(suite, tcase);
    return suite;
}
