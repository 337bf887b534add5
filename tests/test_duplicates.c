/* test_duplicates.c -- which samples hold the same, by an oracle that compares each with each. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/philox.h"
#include "base/status.h"
#include "data/duplicates.h"
#include "tests/allocations.h"
#include "tests/tree.h"

Suite *lg_suite_duplicates(void);

enum { MOST = 3000, VALUES = 60 };

/* A set of three parts (the middle one may be missing); what sample i of part p holds is a number,
 * and its size follows from that number, but the same for several. */
typedef struct world {
    lg_set_ops ops;
    lg_set set[LG_PART_COUNT];
    lg_dataset data;
    int value[LG_PART_COUNT][MOST];
    int unreadable; /* samples with this value cannot be read any more; -1: none */
    lg_pool *pool;
} world;

static world w; /* Check gives each test a process of its own */

static logit_status tell(const lg_set *set, int64_t i, lg_content *content, logit_error *err)
{
    const int value = w.value[set->part][i];
    if (value == w.unreadable) LG_FAIL(err, LOGIT_E_IO, "gone");
    *content = lg_content_of(&value, sizeof value);
    return LOGIT_OK;
}

static int64_t bytes_of(int value)
{
    return 100 + value % 7;
}

/* stored: the set can tell what is stored. */
static void begin_world(const int64_t *counts, int stored)
{
    w.unreadable = -1;
    w.ops.content = stored ? tell : NULL;
    for (int p = 0; p < LG_PART_COUNT; p++) {
        w.set[p] = (lg_set){.ops = &w.ops, .part = (lg_part)p, .count = counts[p]};
        w.data.part[p] = counts[p] > 0 ? &w.set[p] : NULL;
        for (int64_t i = 0; i < counts[p]; i++)
            w.value[p][i] = (int)lg_random_below(17, LG_STREAM_TEST, (uint64_t)(p * MOST + i),
                                                 VALUES * (counts[0] > 100 ? 20 : 1));
    }
    ck_assert_int_eq(lg_pool_create(&w.pool, 3, NULL), LOGIT_OK);
}

static logit_status add_all(lg_duplicates *all)
{
    LG_TRY(lg_duplicates_open(all, &w.data, NULL));
    for (int p = 0; p < LG_PART_COUNT; p++)
        for (int64_t i = 0; w.data.part[p] && i < w.set[p].count; i++)
            lg_duplicates_add(all, lg_place_of((lg_part)p, i), bytes_of(w.value[p][i]),
                              lg_content_of(&w.value[p][i], sizeof(int)));
    return LOGIT_OK;
}

/* What should be left, in order: for every first with a later one of its kind, all of them. */
static int64_t oracle(lg_duplicate *out)
{
    static char done[LG_PART_COUNT][MOST];
    int64_t count = 0;
    memset(done, 0, sizeof done);
    for (int p = 0; p < LG_PART_COUNT; p++)
        for (int64_t i = 0; i < w.set[p].count; i++) {
            const int64_t begin = count;
            const int value = w.value[p][i];
            if (done[p][i] || value == w.unreadable) continue;
            for (int q = 0; q < LG_PART_COUNT; q++)
                for (int64_t j = 0; j < w.set[q].count; j++) {
                    if (w.value[q][j] != value) continue;
                    out[count++] =
                        (lg_duplicate){lg_place_of((lg_part)p, i), 0, lg_place_of((lg_part)q, j)};
                    done[q][j] = 1;
                }
            if (count - begin == 1) count = begin;
        }
    return count;
}

static void assert_found(const lg_duplicates *all)
{
    static lg_duplicate want[LG_PART_COUNT * MOST];
    const int64_t count = oracle(want);
    ck_assert_int_eq(all->count, count);
    for (int64_t i = 0; i < count; i++) {
        ck_assert_uint_eq(all->entry[i].low, want[i].low);
        ck_assert_uint_eq(all->entry[i].place, want[i].place);
    }
}

static const int64_t shapes[][LG_PART_COUNT] = {
    {1, 0, 0},   {2, 0, 0}, {0, 0, 50},   {40, 20, 30},
    {90, 0, 10}, {3, 1, 1}, {MOST, 0, 0}, {2000, 500, 900},
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

/* _i: shapes x (by what is stored, by elements). */
START_TEST(all_that_are_the_same_are_found)
{
    lg_duplicates all;
    begin_world(shapes[_i / 2], _i % 2);
    ck_assert_int_eq(add_all(&all), LOGIT_OK);
    ck_assert_int_eq(lg_duplicates_find(&all, w.pool, NULL, NULL), LOGIT_OK);
    assert_found(&all);
    if (_i / 2 == SHAPES - 1) ck_assert_int_gt(all.count, 1000);
    lg_duplicates_close(&all);
    lg_pool_destroy(w.pool);
}
END_TEST

START_TEST(one_content_of_all_samples)
{
    lg_duplicates all;
    begin_world(shapes[SHAPES - 1], _i);
    for (int p = 0; p < LG_PART_COUNT; p++) memset(w.value[p], 0, sizeof w.value[p]);
    ck_assert_int_eq(add_all(&all), LOGIT_OK);
    ck_assert_int_eq(lg_duplicates_find(&all, w.pool, NULL, NULL), LOGIT_OK);
    assert_found(&all);
    ck_assert_int_eq(all.count, 3400);
    lg_duplicates_close(&all);
    lg_pool_destroy(w.pool);
}
END_TEST

/* A file that went away between the first look and the second is not the same as another one. */
START_TEST(what_cannot_be_read_any_more_is_left_out)
{
    lg_duplicates all;
    begin_world(shapes[3], 1);
    w.unreadable = w.value[0][0];
    ck_assert_int_eq(add_all(&all), LOGIT_OK);
    ck_assert_int_eq(lg_duplicates_find(&all, w.pool, NULL, NULL), LOGIT_OK);
    assert_found(&all);
    lg_duplicates_close(&all);
    lg_pool_destroy(w.pool);
}
END_TEST

/* A sample whose size no other has is not read again. */
static atomic_int told;

static logit_status count_telling(const lg_set *set, int64_t i, lg_content *content,
                                  logit_error *err)
{
    atomic_fetch_add(&told, 1);
    return tell(set, i, content, err);
}

START_TEST(a_size_of_its_own_is_enough)
{
    static const int64_t counts[LG_PART_COUNT] = {MOST, 0, 0};
    lg_duplicates all;
    begin_world(counts, 1);
    w.ops.content = count_telling;
    ck_assert_int_eq(lg_duplicates_open(&all, &w.data, NULL), LOGIT_OK);
    for (int64_t i = 0; i < MOST; i++) { /* sizes 0, 1, .. and one twice */
        w.value[0][i] = (int)(i == 77 ? 5 : i);
        lg_duplicates_add(&all, lg_place_of(LG_PART_TRAIN, i), w.value[0][i], (lg_content){0, 0});
    }
    ck_assert_int_eq(lg_duplicates_find(&all, w.pool, NULL, NULL), LOGIT_OK);
    ck_assert_int_eq(told, 2);
    assert_found(&all);
    lg_duplicates_close(&all);
    lg_pool_destroy(w.pool);
}
END_TEST

START_TEST(all_128_bits_count)
{
    static const int64_t counts[LG_PART_COUNT] = {4, 0, 0};
    lg_duplicates all;
    begin_world(counts, 0);
    ck_assert_int_eq(lg_duplicates_open(&all, &w.data, NULL), LOGIT_OK);
    for (int64_t i = 0; i < 4; i++)
        lg_duplicates_add(&all, lg_place_of(LG_PART_TRAIN, i), 9,
                          (lg_content){5 + (uint64_t)i / 2, 7 + (uint64_t)i % 2});
    ck_assert_int_eq(lg_duplicates_find(&all, w.pool, NULL, NULL), LOGIT_OK);
    ck_assert_int_eq(all.count, 0);
    lg_duplicates_close(&all);
    lg_pool_destroy(w.pool);
}
END_TEST

/* 24 bytes a sample, taken at once, and nothing while sorting. */
START_TEST(memory_is_as_said)
{
    lg_duplicates all;
    ck_assert_uint_eq(sizeof(lg_duplicate), 24);
    begin_world(shapes[SHAPES - 1], 0);
    const int64_t before = allocations_count();
    const logit_status added = add_all(&all);
    const logit_status found = lg_duplicates_find(&all, w.pool, NULL, NULL);
    const int64_t taken = allocations_count() - before;
    ck_assert_int_eq(added, LOGIT_OK);
    ck_assert_int_eq(found, LOGIT_OK);
    ck_assert_int_eq(taken, before >= 0);
    ck_assert_int_eq(all.room, 3400);
    lg_duplicates_add(&all, 0, 0, (lg_content){0, 0});
    lg_duplicates_close(&all);
    lg_pool_destroy(w.pool);
}
END_TEST

static int stop_at_once(void *user)
{
    (void)user;
    return 1;
}

START_TEST(it_can_be_stopped)
{
    lg_duplicates all;
    logit_error err;
    const logit_watch watch = {.stop = stop_at_once};
    begin_world(shapes[3], 1);
    ck_assert_int_eq(add_all(&all), LOGIT_OK);
    ck_assert_int_eq(lg_duplicates_find(&all, w.pool, &watch, &err), LOGIT_E_STOPPED);
    lg_duplicates_close(&all);
    lg_duplicates_close(&all);
    lg_pool_destroy(w.pool);
}
END_TEST

/* --- contents --- */

/* From the reference implementation's own list: XXH3_128bits of nothing, with seed 0. */
START_TEST(content_is_xxh3)
{
    const lg_content none = lg_content_of("", 0);
    ck_assert_uint_eq(none.low, 0x6001c324468d497f);
    ck_assert_uint_eq(none.high, 0x99aa06d3014798d8);
}
END_TEST

/* Below, at and above the buffer that files are read through. */
START_TEST(content_of_a_file_is_that_of_its_bytes)
{
    static const size_t sizes[] = {0, 1, 1000, 65535, 65536, 65537, 200000};
    static uint8_t bytes[200000];
    tree t;
    lg_content content;
    logit_error err;
    tree_open(&t);
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)(i * 7 + i / 251);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        tree_file(&t, "f", bytes, sizes[i]);
        const lg_content want = lg_content_of(bytes, sizes[i]);
        ck_assert_int_eq(lg_content_of_file(AT_FDCWD, tree_path(&t, "f"), &content, &err),
                         LOGIT_OK);
        ck_assert_uint_eq(content.low, want.low);
        ck_assert_uint_eq(content.high, want.high);
    }
    tree_folder(&t, "d");
    ck_assert_int_eq(lg_content_of_file(AT_FDCWD, tree_path(&t, "d"), &content, &err), LOGIT_E_IO);
    ck_assert_int_eq(lg_content_of_file(AT_FDCWD, tree_path(&t, "g"), &content, &err), LOGIT_E_IO);
    tree_close(&t);
}
END_TEST

Suite *lg_suite_duplicates(void)
{
    Suite *suite = suite_create("duplicates");
    TCase *tcase = tcase_create("duplicates");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, all_that_are_the_same_are_found, 0, 2 * SHAPES);
    tcase_add_loop_test(tcase, one_content_of_all_samples, 0, 2);
    tcase_add_test(tcase, what_cannot_be_read_any_more_is_left_out);
    tcase_add_test(tcase, a_size_of_its_own_is_enough);
    tcase_add_test(tcase, all_128_bits_count);
    tcase_add_test(tcase, memory_is_as_said);
    tcase_add_test(tcase, it_can_be_stopped);
    tcase_add_test(tcase, content_is_xxh3);
    tcase_add_test(tcase, content_of_a_file_is_that_of_its_bytes);
    suite_add_tcase(suite, tcase);
    return suite;
}
