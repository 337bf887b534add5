/* test_dataset.c -- what every format shares: finding the format, one shape, watching, threads. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "data/formats.h"
#include "tests/tree.h"

Suite *lg_suite_dataset(void);

#define TEXTS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* ---------------------------------------------------------------------- paths and formats --- */

START_TEST(path_that_is_not_there_names_its_neighbour)
{
    tree t;
    tree_open(&t);
    tree_folder(&t, "pets");
    tree_refused(&t, "pest", NULL, LOGIT_E_IO, TEXTS("no such file", "did you mean", "/pets?"));
    tree_refused(&t, "pets/", NULL, LOGIT_E_DATA,
                 TEXTS("an empty folder", "one folder per class", "logit data --help",
                       "packed, idx", " and tar)"));
    tree_refused(&t, "something-else", NULL, LOGIT_E_IO, TEXTS("no such file or folder"));
    tree_refused(&t, "a/b", NULL, LOGIT_E_IO, TEXTS("no such file", "nor a folder"));
    tree_close(&t);
}
END_TEST

START_TEST(path_that_is_no_set_says_what_was_seen)
{
    tree t;
    tree_open(&t);
    tree_text(&t, "notes/b.txt", "b");
    tree_text(&t, "notes/a.csv", "a");
    tree_text(&t, "notes/.hidden", "h");
    tree_image(&t, "one.ppm", (tree_size){1, 1, 3}, 0);
    tree_refused(&t, "notes", NULL, LOGIT_E_DATA,
                 TEXTS("2 files", "a.csv", "no folders", "one folder per class",
                       "logit data --help", "packed, idx", " and tar)"));
    tree_refused(&t, "notes/a.csv", NULL, LOGIT_E_DATA,
                 TEXTS("a single file", "one folder per class", "packed, idx", " and tar)"));
    tree_refused(&t, "one.ppm", NULL, LOGIT_E_DATA, TEXTS("a single image"));
    tree_close(&t);
}
END_TEST

START_TEST(table_of_formats_ends)
{
    int i = 0;
    for (; lg_format_name(i); i++) {
        ck_assert_uint_gt(strlen(lg_format_name(i)), 0);
        ck_assert_uint_gt(strlen(lg_format_about(i)), 0);
    }
    ck_assert_int_ge(i, 2);
    ck_assert_ptr_null(lg_format_about(i));
    ck_assert_ptr_null(lg_format_name(-1));
}
END_TEST

START_TEST(closing_nothing_is_fine)
{
    lg_dataset_close(NULL);
    lg_set_destroy(NULL);
}
END_TEST

START_TEST(names_of_parts)
{
    for (int p = 0; p < LG_PART_COUNT; p++) ck_assert_int_eq(lg_part_of_name(lg_part_names[p]), p);
    ck_assert_int_eq(lg_part_of_name("Train"), LG_PART_TRAIN);
    ck_assert_int_eq(lg_part_of_name("validation"), LG_PART_VAL);
    ck_assert_int_eq(lg_part_of_name("t10k"), LG_PART_TEST);
    ck_assert_int_eq(lg_part_of_name("trains"), -1);
    ck_assert_int_eq(lg_part_of_name(""), -1);
}
END_TEST

/* ------------------------------------------------------------------------------ one shape --- */

static const struct {
    const char *what;
    tree_size image[3]; /* of which the third lies in val/ */
    lg_image_target given, want;
} shapes[] = {
    {"all agree, grey", {{4, 6, 1}, {4, 6, 1}, {4, 6, 1}}, {0, 0, 0}, {4, 6, 1}},
    {"all agree, one in colour", {{4, 6, 1}, {4, 6, 3}, {4, 6, 1}}, {0, 0, 0}, {4, 6, 3}},
    {"another height", {{4, 6, 1}, {5, 6, 1}, {4, 6, 1}}, {0, 0, 0}, {100, 100, 1}},
    {"another width", {{4, 6, 1}, {4, 7, 1}, {4, 6, 1}}, {0, 0, 0}, {100, 100, 1}},
    {"all differs", {{4, 6, 3}, {6, 4, 1}, {4, 6, 1}}, {0, 0, 0}, {100, 100, 3}},
    {"only val differs", {{4, 6, 1}, {4, 6, 1}, {9, 9, 3}}, {0, 0, 0}, {100, 100, 3}},
    {"channels given", {{4, 6, 1}, {4, 6, 1}, {4, 6, 1}}, {0, 0, 3}, {4, 6, 3}},
    {"size given", {{4, 6, 1}, {5, 6, 3}, {4, 6, 1}}, {8, 9, 0}, {8, 9, 3}},
    {"all given", {{4, 6, 3}, {5, 6, 3}, {4, 6, 1}}, {8, 9, 1}, {8, 9, 1}},
    {"height given", {{4, 6, 1}, {4, 6, 1}, {4, 6, 1}}, {8, 0, 0}, {8, 6, 1}},
};

START_TEST(shape_is_that_of_all_images_or_the_stated_one)
{
    tree t;
    lg_pool *pool;
    tree_open(&t);
    tree_image(&t, "s/train/a/1.pnm", shapes[_i].image[0], 1);
    tree_image(&t, "s/train/b/1.pnm", shapes[_i].image[1], 2);
    tree_image(&t, "s/val/a/1.pnm", shapes[_i].image[2], 3);
    tree_text(&t, "s/train/a/bad.png", "no image"); /* does not take part */
    ck_assert_int_eq(lg_pool_create(&pool, 3, NULL), LOGIT_OK);
    for (int with_pool = 0; with_pool < 2; with_pool++) {
        const lg_dataset_options options = {.shape = shapes[_i].given,
                                            .pool = with_pool ? pool : NULL};
        lg_dataset *set = tree_dataset(&t, "s", &options);
        for (int p = LG_PART_TRAIN; p <= LG_PART_VAL; p++) {
            const lg_image_target *got = &set->part[p]->shape, *want = &shapes[_i].want;
            ck_assert_msg(got->height == want->height && got->width == want->width &&
                              got->channels == want->channels,
                          "%s: %d x %d x %d", shapes[_i].what, got->height, got->width,
                          got->channels);
        }
        lg_dataset_close(set);
    }
    lg_pool_destroy(pool);
    tree_close(&t);
}
END_TEST

/* One odd image among many, at any place and with any number of threads. */
START_TEST(shape_sees_every_header)
{
    enum { IMAGES = 1100 };
    static const int places[] = {0, 255, 256, 511, 512, 1023, IMAGES - 1};
    tree t;
    char path[64];
    lg_pool *pool;
    tree_open(&t);
    for (int i = 0; i < IMAGES; i++) {
        snprintf(path, sizeof path, "s/%d/%04d.pgm", i >= IMAGES / 2, i);
        tree_image(&t, path, (tree_size){2, 2, 1}, i & 255);
    }
    for (int threads = 1; threads <= 4; threads++) {
        ck_assert_int_eq(lg_pool_create(&pool, threads, NULL), LOGIT_OK);
        const lg_dataset_options options = {.pool = pool};
        for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
            snprintf(path, sizeof path, "s/%d/%04d.pgm", places[i] >= IMAGES / 2, places[i]);
            tree_image(&t, path, (tree_size){2, 3, 3}, 0);
            lg_dataset *set = tree_dataset(&t, "s", &options);
            ck_assert_int_eq(set->part[LG_PART_TRAIN]->shape.height, 100);
            ck_assert_int_eq(set->part[LG_PART_TRAIN]->shape.channels, 3);
            lg_dataset_close(set);
            tree_image(&t, path, (tree_size){2, 2, 1}, 0);
        }
        lg_pool_destroy(pool);
    }
    tree_close(&t);
}
END_TEST

START_TEST(set_without_a_good_header_gives_the_first_reason)
{
    tree t;
    tree_open(&t);
    tree_text(&t, "s/a/1.png", "GIF89a no image");
    tree_text(&t, "s/b/1.jpg", "");
    tree_refused(&t, "s", NULL, LOGIT_E_DATA, TEXTS("none of 2 files", "s/a/1.png", "[UNSUP]"));
    const lg_dataset_options options = {.shape = {8, 8, 1}};
    lg_dataset_close(tree_dataset(&t, "s", &options)); /* no header is read: found when decoded */
    tree_close(&t);
}
END_TEST

/* ------------------------------------------------------------------------------- watching --- */

typedef struct witness {
    pthread_t thread;
    int64_t calls, last, total, stop_after;
    int wrong_thread, wrong_phase;
} witness;

static void see(void *user, const logit_progress *progress)
{
    witness *w = user;
    w->wrong_thread |= !pthread_equal(w->thread, pthread_self());
    w->wrong_phase |= progress->phase != LOGIT_PHASE_SCAN;
    w->last = progress->done;
    w->total = progress->total;
    w->calls++;
}

static int stop(void *user)
{
    const witness *w = user;
    return w->stop_after > 0 && w->calls >= w->stop_after;
}

static void make_pets(const tree *t)
{
    tree_images(t, TEXTS("pets/dog/1.pgm", "pets/cat/1.pgm", "pets/cat/2.pgm", "pets/emu/1.pgm"));
}

START_TEST(progress_comes_from_the_callers_thread)
{
    tree t;
    lg_pool *pool;
    witness w = {.thread = pthread_self()};
    const logit_watch watch = {.user = &w, .progress = see, .stop = stop};
    tree_open(&t);
    make_pets(&t);
    ck_assert_int_eq(lg_pool_create(&pool, 4, NULL), LOGIT_OK);
    const lg_dataset_options options = {.pool = pool, .watch = &watch};
    lg_dataset_close(tree_dataset(&t, "pets", &options));
    ck_assert_int_gt(w.calls, 0);
    ck_assert_int_eq(w.last, 4);
    ck_assert_int_eq(w.total, 4);
    ck_assert(!w.wrong_thread && !w.wrong_phase);
    const int64_t calls = w.calls;
    for (w.stop_after = 1; w.stop_after <= calls; w.stop_after++) {
        w.calls = 0;
        tree_refused(&t, "pets", &options, LOGIT_E_STOPPED, TEXTS("stopped"));
    }
    lg_pool_destroy(pool);
    tree_close(&t);
}
END_TEST

/* Sample i is the same sample whoever asks, and any number of threads may. */
typedef struct reader {
    const lg_set *set;
    int wrong;
} reader;

static void *read_all(void *argument)
{
    reader *r = argument;
    lg_decoder *decoder;
    uint8_t out[6];
    if (lg_decoder_create(&decoder, NULL) != LOGIT_OK) return NULL;
    for (int64_t i = 0; i < r->set->count; i++) {
        const logit_status status = r->set->ops->read(r->set, i, decoder, out, NULL);
        r->wrong += status != LOGIT_OK || out[0] != i || out[5] != i;
    }
    lg_decoder_destroy(decoder);
    return NULL;
}

START_TEST(samples_are_read_by_several_threads)
{
    enum { READERS = 4, IMAGES = 64 };
    tree t;
    char path[64];
    pthread_t thread[READERS];
    reader job[READERS];
    tree_open(&t);
    for (int i = 0; i < IMAGES; i++) {
        snprintf(path, sizeof path, "s/%d/%04d.pgm", i >= IMAGES / 2, i);
        tree_image(&t, path, (tree_size){2, 3, 1}, i);
    }
    lg_dataset *set = tree_dataset(&t, "s", NULL);
    for (int r = 0; r < READERS; r++) {
        job[r] = (reader){.set = set->part[LG_PART_TRAIN]};
        ck_assert_int_eq(pthread_create(&thread[r], NULL, read_all, &job[r]), 0);
    }
    for (int r = 0; r < READERS; r++) {
        pthread_join(thread[r], NULL);
        ck_assert_int_eq(job[r].wrong, 0);
    }
    lg_dataset_close(set);
    tree_close(&t);
}
END_TEST

Suite *lg_suite_dataset(void)
{
    Suite *suite = suite_create("dataset");
    TCase *tests = tcase_create("dataset");
    tcase_set_timeout(tests, 30);
    tcase_add_test(tests, path_that_is_not_there_names_its_neighbour);
    tcase_add_test(tests, path_that_is_no_set_says_what_was_seen);
    tcase_add_test(tests, table_of_formats_ends);
    tcase_add_test(tests, closing_nothing_is_fine);
    tcase_add_test(tests, names_of_parts);
    tcase_add_loop_test(tests, shape_is_that_of_all_images_or_the_stated_one, 0,
                        (int)(sizeof shapes / sizeof *shapes));
    tcase_add_test(tests, shape_sees_every_header);
    tcase_add_test(tests, set_without_a_good_header_gives_the_first_reason);
    tcase_add_test(tests, progress_comes_from_the_callers_thread);
    tcase_add_test(tests, samples_are_read_by_several_threads);
    suite_add_tcase(suite, tests);
    return suite;
}
