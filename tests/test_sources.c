/* test_sources.c -- one set, wherever it lies: folder, list, packed file, cache and tar.
 *
 * One drawn set of real PNG and JPEG files lies in every form.  With any --threads and any --memory
 * each form trains to the model of the folder, bit for bit, for each --shuffle; a tar in an order
 * of its own trains to one of its own. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "datasets/draw.h"
#include "tests/small_set.h"
#include "tests/train_rig.h"

Suite *lg_suite_sources(void);

enum { IMAGES = 150, CACHE_OFF = 0, CACHE_FILLED = 1, CACHE_EMPTY = 2 };

static const char *const shuffles[] = {"full", "block", "none"};
static const int threads[] = {1, 2, 3, 8};
static const int64_t memories[] = {1 << 28, 1}; /* the last leaves a cache behind */

/* A form of the set.  `says` is what a run on it must have said where its images do not fit. */
static const struct source {
    const char *path;
    int cache;
    const char *says;
} sources[] = {{"pets", CACHE_OFF, NULL},
               {"list", CACHE_OFF, NULL},
               {"random.packed", CACHE_OFF, NULL},
               {"index.packed", CACHE_OFF, NULL},
               {"pets", CACHE_EMPTY, "decoded once"},
               {"pets", CACHE_FILLED, "taken from the cache"}},
  sorted = {"sorted", CACHE_OFF, NULL}, mixed = {"mixed", CACHE_OFF, NULL}; /* tars */

#define COUNT(table) ((int)(sizeof(table) / sizeof *(table)))

static char said[4000], cache_folder[300];

static void hear(void *user, logit_level level, const char *text)
{
    const size_t used = strlen(said);
    (void)user;
    if (level != LOGIT_LEVEL_INFO) snprintf(said + used, sizeof said - used, "%s\n", text);
}

/* A command in the folder of the sets. */
static void shell(const char *text)
{
    char command[2000];
    snprintf(command, sizeof command, "cd '%s' && %s", small_set_path(""), text);
    ck_assert_msg(system(command) == 0, "%s", command);
}

/* Packs the folder; what the file holds is all of it. */
static void pack(const char *file, const char *order)
{
    char to[300];
    logit_pack_options asked;
    logit_pack_summary summary;
    logit_error err;
    snprintf(to, sizeof to, "%s", small_set_path(file));
    logit_pack_options_default(&asked);
    asked.file = to;
    asked.order = order;
    const logit_status status = logit_pack(small_set_path("pets"), &asked, NULL, &summary, &err);
    ck_assert_msg(status == LOGIT_OK, "%s", err.message);
    ck_assert_int_eq(summary.count, IMAGES);
    ck_assert_int_eq(summary.before + summary.bad, 0);
    ck_assert_int_eq(summary.channels, 3);
}

/* The set in every form.  The lists are not in the folder's order, nor are the tars of `mixed`. */
static void setup(void)
{
    int64_t written[LG_SPLIT_COUNT];
    logit_error err;
    begin();
    const lg_draw_options draw = {.family = &lg_families[0],
                                  .folder = small_set_path("pets"),
                                  .count = IMAGES,
                                  .format = LG_DRAW_MIXED,
                                  .size = 20,
                                  .threads = 2};
    ck_assert_msg(lg_draw_set(&draw, written, &err) == LOGIT_OK, "%s", err.message);
    shell("mkdir list sorted mixed && for part in train val test; do "
          "(cd pets/$part && find . -mindepth 2 -type f | sed 's|^./||' | LC_ALL=C sort) >names && "
          "sort -R --random-source=/dev/zero names >order && "
          "sed \"s|\\(.*\\)/.*|../pets/$part/&,\\1|\" order >list/$part.csv && "
          "tar -C pets/$part -cf sorted/$part.tar -T names && "
          "tar -C pets/$part -cf mixed/$part.tar -T order || exit; done");
    pack("random.packed", "random");
    pack("index.packed", "index");
    snprintf(cache_folder, sizeof cache_folder, "%s", small_set_path("cache"));
    options.epochs = 2;
    options.batch_size = 16;
    options.cache = "off";
}

static void run_source(const struct source *source, const char *run)
{
    const logit_watch watch = {.message = hear};
    logit_error err = {.message = ""};
    if (source->cache == CACHE_EMPTY) shell("rm -rf cache");
    options.cache = source->cache == CACHE_OFF ? "off" : cache_folder;
    options.out = small_set_path(run);
    said[0] = '\0';
    const logit_status status =
        logit_train(small_set_path(source->path), &options, &watch, NULL, &err);
    ck_assert_msg(status == LOGIT_OK, "%s: %s", source->path, err.message);
    if (source->says && options.memory == 1)
        ck_assert_msg(strstr(said, source->says) != NULL, "%s: \"%s\"", source->path, said);
}

/* Runs the source with any threads and memory: the model is that of `want`, always. */
static void run_all(const struct source *source, const char *want)
{
    char want_model[300];
    snprintf(want_model, sizeof want_model, "%s/model.safetensors", want);
    for (int m = 0; m < COUNT(memories); m++)
        for (int t = 0; t < COUNT(threads); t++) {
            options.memory = memories[m];
            options.threads = threads[t];
            run_source(source, "run");
            ck_assert_msg(same_files(want_model, MODEL("run")),
                          "%s, cache %d, shuffle %s, %d threads, memory %lld: another model",
                          source->path, source->cache, options.shuffle, options.threads,
                          (long long)options.memory);
        }
}

START_TEST(a_set_trains_to_the_same_bits_wherever_it_lies)
{
    options.shuffle = shuffles[_i];
    run_source(&sources[0], "folder-run");
    for (int s = 0; s < COUNT(sources); s++) run_all(&sources[s], "folder-run");
}
END_TEST

START_TEST(a_tar_trains_in_its_own_order)
{
    options.shuffle = shuffles[_i];
    run_source(&sources[0], "folder-run");
    run_source(&mixed, "tar-run");
    ck_assert(!same_files(MODEL("folder-run"), MODEL("tar-run")));
    run_all(&mixed, "tar-run");
}
END_TEST

/* Blocks of neighbours are another matter: those of a tar lie side by side in it. */
START_TEST(a_tar_in_the_order_of_a_folder_is_the_folder)
{
    options.shuffle = shuffles[_i];
    run_source(&sources[0], "folder-run");
    if (strcmp(options.shuffle, "block") != 0) {
        run_all(&sorted, "folder-run");
        return;
    }
    run_source(&sorted, "tar-run");
    ck_assert(!same_files(MODEL("folder-run"), MODEL("tar-run")));
}
END_TEST

/* What all of the above compares could be told apart. */
START_TEST(each_shuffle_has_a_model_of_its_own)
{
    static const char *const models[] = {MODEL("full"), MODEL("block"), MODEL("none")};
    for (int s = 0; s < COUNT(shuffles); s++) {
        options.shuffle = shuffles[s];
        run_source(&sources[0], shuffles[s]);
        for (int other = 0; other < s; other++)
            ck_assert_msg(!same_files(models[s], models[other]), "%s", shuffles[s]);
    }
}
END_TEST

Suite *lg_suite_sources(void)
{
    Suite *suite = suite_create("sources");
    TCase *tcase = tcase_create("sources");
    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, setup, small_set_end);
    tcase_add_loop_test(tcase, a_set_trains_to_the_same_bits_wherever_it_lies, 0, COUNT(shuffles));
    tcase_add_loop_test(tcase, a_tar_trains_in_its_own_order, 0, COUNT(shuffles));
    tcase_add_loop_test(tcase, a_tar_in_the_order_of_a_folder_is_the_folder, 0, COUNT(shuffles));
    tcase_add_test(tcase, each_shuffle_has_a_model_of_its_own);
    suite_add_tcase(suite, tcase);
    return suite;
}
