/* test_draw_packed.c -- sets drawn straight into a packed file, and training on one that is larger
 * than the memory it is given.
 *
 * Tests (suite draw_packed). */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "datasets/draw.h"
#include "tests/packed_rig.h"
#include "tests/tree.h"

Suite *lg_suite_draw_packed(void);

static tree in;

static void setup(void)
{
    tree_open(&in);
}

static void teardown(void)
{
    tree_close(&in);
}

static lg_draw_options options_of(int family, const char *where, int64_t count)
{
    return (lg_draw_options){.family = &lg_families[family],
                             .folder = where,
                             .count = count,
                             .seed = 5,
                             .format = LG_DRAW_PNG,
                             .size = 16,
                             .threads = 2};
}

static void draw(const lg_draw_options *options)
{
    int64_t written[LG_SPLIT_COUNT];
    logit_error err;
    ck_assert_msg(lg_draw_set(options, written, &err) == LOGIT_OK, "%s", err.message);
    ck_assert_int_eq(written[0] + written[1] + written[2], options->count);
}

START_TEST(the_pixels_are_those_of_the_pictures)
{
    lg_draw_options options = options_of(_i, tree_path(&in, "set"), 157);
    draw(&options);
    options.folder = tree_path(&in, "set.packed");
    draw(&options);
    lg_dataset *folder = tree_dataset(&in, "set", NULL);
    lg_dataset *packed = tree_dataset(&in, "set.packed", NULL);
    lg_decoder *decoder;
    uint8_t want[16 * 16 * 3], got[16 * 16 * 3];
    const size_t bytes = 16 * 16 * (size_t)lg_families[_i].channels;
    ck_assert_int_eq(lg_decoder_create(&decoder, NULL), LOGIT_OK);
    ck_assert_int_eq(packed->classes, folder->classes);
    for (int p = 0; p < LG_PART_COUNT; p++) {
        const lg_set *a = folder->part[p], *b = packed->part[p];
        ck_assert_int_eq(a->count, b->count);
        ck_assert_mem_eq(a->label, b->label, (size_t)a->count * sizeof *a->label);
        ck_assert_mem_eq(&a->shape, &b->shape, sizeof a->shape);
        for (int64_t i = 0; i < a->count; i++) {
            ck_assert_int_eq(a->ops->read(a, i, decoder, want, NULL), LOGIT_OK);
            ck_assert_int_eq(b->ops->read(b, i, decoder, got, NULL), LOGIT_OK);
            ck_assert_msg(memcmp(want, got, bytes) == 0, "part %d, sample %d", p, (int)i);
        }
    }
    lg_decoder_destroy(decoder);
    lg_dataset_close(folder);
    lg_dataset_close(packed);
}
END_TEST

START_TEST(one_seed_gives_one_file_whatever_the_threads)
{
    lg_draw_options options = options_of(1, tree_path(&in, "a.packed"), 2000);
    draw(&options);
    options.folder = tree_path(&in, "b.packed");
    options.threads = 5;
    draw(&options);
    lg_bytes a = packed_load(tree_path(&in, "a.packed")), b = packed_load(options.folder);
    ck_assert_uint_eq(a.size, b.size);
    ck_assert_mem_eq(a.data, b.data, a.size);
    lg_bytes_clear(&b);
    options.force = true;
    options.seed = 6;
    draw(&options);
    b = packed_load(options.folder);
    ck_assert(memcmp(a.data + LG_PACKED_HEADER, b.data + LG_PACKED_HEADER, 100000) != 0);
    lg_bytes_clear(&a);
    lg_bytes_clear(&b);
}
END_TEST

START_TEST(a_file_that_is_there_is_kept_without_force)
{
    int64_t written[LG_SPLIT_COUNT];
    tree_text(&in, "mine.packed", "mine");
    const lg_draw_options options = options_of(0, tree_path(&in, "mine.packed"), 6);
    ck_assert_int_eq(lg_draw_set(&options, written, NULL), LOGIT_E_USAGE);
    const lg_draw_options nowhere = options_of(0, tree_path(&in, "none/x.packed"), 6);
    ck_assert_int_eq(lg_draw_set(&nowhere, written, NULL), LOGIT_E_IO);
    const lg_draw_options few = options_of(0, tree_path(&in, "few.packed"), 5);
    ck_assert_int_eq(lg_draw_set(&few, written, NULL), LOGIT_E_USAGE);
    ck_assert_int_ne(access(tree_path(&in, "few.packed.part"), F_OK), 0);
}
END_TEST

/* ---------------------------------------------------------------- larger than the memory --- */

/* Memory of this process that no file stands behind, in bytes. */
static int64_t anonymous_bytes(void)
{
    char line[200];
    long long kilobytes = 0;
    FILE *file = fopen("/proc/self/status", "r");
    ck_assert_ptr_nonnull(file);
    while (fgets(line, sizeof line, file)) sscanf(line, "RssAnon: %lld", &kilobytes);
    fclose(file);
    return 1024 * (int64_t)kilobytes;
}

static void note_memory(void *user, const logit_progress *progress)
{
    int64_t *most = user;
    const int64_t now = anonymous_bytes();
    (void)progress;
    if (now > *most) *most = now;
}

/* The figure of issue size is measured by hand (docs/benchmarks); this is its smaller sister. */
START_TEST(a_tenth_of_its_size_in_memory_is_enough)
{
    enum { COUNT = 100000, SIDE = 28 };
    const int64_t bytes = (int64_t)COUNT * SIDE * SIDE;
    lg_draw_options drawn = options_of(1, tree_path(&in, "set.packed"), COUNT);
    logit_options options;
    logit_summary few, all;
    logit_error err;
    char run[100];
    drawn.size = SIDE;
    draw(&drawn);
    logit_options_default(&options);
    options.threads = 2;
    options.epochs = 1;
    options.memory = bytes / 10;
    options.force = 1;
    options.out = strcpy(run, tree_path(&in, "run"));
    const int64_t before = anonymous_bytes();
    int64_t most = 0;
    const logit_watch watch = {.user = &most, .progress = note_memory};
    const char *set = tree_path(&in, "set.packed");
    ck_assert_msg(logit_train(set, &options, &watch, &few, &err) == LOGIT_OK, "%s", err.message);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    /* The slots, 8 bytes a sample for labels and order, and 16 MB for threads and the like. */
    ck_assert_msg(most - before < bytes / 10 + 8 * COUNT + (16 << 20), "%lld bytes",
                  (long long)(most - before));
#else
    (void)before;
#endif
    options.memory = 2 * bytes;
    set = tree_path(&in, "set.packed");
    ck_assert_msg(logit_train(set, &options, NULL, &all, &err) == LOGIT_OK, "%s", err.message);
    ck_assert(few.objective == all.objective && few.test_loss == all.test_loss);
    ck_assert_double_gt(few.test_accuracy, 0.8);
}
END_TEST

Suite *lg_suite_draw_packed(void)
{
    Suite *suite = suite_create("draw_packed");
    TCase *tcase = tcase_create("draw_packed");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 240);
    tcase_add_loop_test(tcase, the_pixels_are_those_of_the_pictures, 0, LG_FAMILY_COUNT);
    tcase_add_test(tcase, one_seed_gives_one_file_whatever_the_threads);
    tcase_add_test(tcase, a_file_that_is_there_is_kept_without_force);
    tcase_add_test(tcase, a_tenth_of_its_size_in_memory_is_enough);
    suite_add_tcase(suite, tcase);
    return suite;
}
