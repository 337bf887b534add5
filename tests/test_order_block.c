/* test_order_block.c -- the order of an epoch that is drawn in blocks, and the mixed order below
 * it.
 *
 * Known values come from a second implementation, written in another language from the description
 * in order.h: lists of lists, no arithmetic on places.  The oracle here is a third one, that keeps
 * every step in an array of its own, for more sizes than values can be written down for. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/philox.h"
#include "data/order.h"

Suite *lg_suite_order_block(void);

enum { MOST = 200000, TIMEOUT = 60 };

static int32_t *get(int64_t count)
{
    int32_t *list = malloc(((size_t)count + 1) * sizeof *list);
    ck_assert_ptr_nonnull(list);
    return list;
}

/* The order of an epoch in blocks; to be freed. */
static int32_t *draw(int64_t set, int lies, const int32_t *only, int64_t count, uint64_t seed,
                     uint32_t epoch)
{
    int32_t *place, *order = get(count);
    order[count] = INT32_MIN; /* guard */
    ck_assert_int_eq(lg_order_places(&place, set, lies, only, count, NULL), LOGIT_OK);
    lg_order_fill(order, place, count, LG_SHUFFLE_BLOCK, seed, epoch);
    ck_assert_int_eq(order[count], INT32_MIN);
    free(place);
    return order;
}

/* --- known values --- */

/* Which samples of a set. */
static int all(int64_t i)
{
    return i >= 0;
}

static int not_every_tenth(int64_t i)
{
    return i % 10 != 3;
}

static int some(int64_t i)
{
    return i * i % 7 != 1;
}

static const struct {
    int64_t set;
    int lies;
    int (*wanted)(int64_t i);
    uint64_t seed;
    uint32_t epoch;
    int32_t head[4], tail[4];
    int64_t count, sum; /* sum of (i+1) order[i] */
} known[] = {
    {1000, 0, all, 5, 2, {439, 221, 65, 563}, {920, 727, 404, 157}, 1000, 248426712},
    {40000,
     0,
     all,
     0,
     0,
     {22020, 23057, 15736, 16801},
     {20775, 37593, 15603, 21261},
     40000,
     15996810659130},
    {40000,
     0,
     all,
     0,
     1,
     {37374, 38452, 11498, 1539},
     {28498, 28131, 6778, 30995},
     40000,
     16001735427129},
    {40000,
     0,
     all,
     0x123456789abcdef0u,
     7,
     {7157, 10262, 24330, 24713},
     {31467, 27520, 1816, 33992},
     40000,
     16006983486077},
    {40000,
     1,
     all,
     42,
     3,
     {37753, 33312, 33583, 6674},
     {16220, 28283, 13639, 16651},
     40000,
     15858739453207},
    {40000,
     0,
     not_every_tenth,
     42,
     3,
     {8314, 16759, 22199, 16689},
     {30895, 3417, 30598, 13235},
     36000,
     12950822190405},
    {17409,
     1,
     some,
     5,
     2,
     {1225, 11791, 8270, 13781},
     {8071, 6429, 12988, 8661},
     12435,
     676315422358},
};
enum { KNOWN = sizeof known / sizeof *known };

/* The samples of a set that are wanted, ascending; to be freed. */
static int32_t *list_wanted(int64_t set, int (*wanted)(int64_t), int64_t *count)
{
    int32_t *only = get(set);
    *count = 0;
    for (int64_t i = 0; i < set; i++)
        if (wanted(i)) only[(*count)++] = (int32_t)i;
    return only;
}

START_TEST(blocks_have_known_values)
{
    int64_t count, sum = 0;
    int32_t *only = list_wanted(known[_i].set, known[_i].wanted, &count);
    ck_assert_int_eq(count, known[_i].count);
    int32_t *order =
        draw(known[_i].set, known[_i].lies, only, count, known[_i].seed, known[_i].epoch);
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(order[i], known[_i].head[i]);
        ck_assert_int_eq(order[count - 4 + i], known[_i].tail[i]);
    }
    for (int64_t i = 0; i < count; i++) sum += (i + 1) * order[i];
    ck_assert_int_eq(sum, known[_i].sum);
    free(order);
    free(only);
}
END_TEST

/* --- the oracle --- */

/* Fisher-Yates of a list, drawing at first + i for place i. */
static void naive_shuffle(int32_t *list, int64_t count, uint64_t seed, uint64_t stream,
                          uint64_t first)
{
    for (int64_t i = count - 1; i > 0; i--) {
        const uint64_t n = (uint64_t)i + 1;
        const int64_t j = (int64_t)lg_random_below(seed, stream, first + (uint64_t)i, n);
        const int32_t kept = list[i];
        list[i] = list[j];
        list[j] = kept;
    }
}

static int32_t *naive_order(int64_t set, int lies, const char *is_in, int64_t count, uint64_t seed,
                            uint32_t epoch)
{
    const uint64_t stream = (uint64_t)LG_STREAM_SHUFFLE << 32 | epoch;
    int32_t *place = get(set), *list = get(count), *order = get(count);
    int64_t kept = 0, blocks = (count + 1023) / 1024, at = 0;
    int32_t *block = get(blocks);
    for (int64_t i = 0; i < set; i++) place[i] = (int32_t)i;
    if (!lies) naive_shuffle(place, set, 0, (uint64_t)LG_STREAM_MIX << 32, 0);
    for (int64_t p = 0; p < set; p++)
        if (is_in[place[p]]) list[kept++] = place[p];
    ck_assert_int_eq(kept, count);
    for (int32_t b = 0; b < blocks; b++) block[b] = b;
    naive_shuffle(block, blocks, seed, stream, 4294967296u);
    for (int64_t b = 0; b < blocks; b++)
        for (int64_t i = 1024 * (int64_t)block[b]; i < 1024 * (block[b] + 1) && i < count; i++)
            order[at++] = list[i];
    for (at = 0; at < count; at += 16384)
        naive_shuffle(order + at, count - at < 16384 ? count - at : 16384, seed, stream,
                      (uint64_t)at);
    free(place);
    free(list);
    free(block);
    return order;
}

/* Around the edges of a block and of a window, and none, one and two samples. */
static const int64_t counts[] = {0,     1,     2,     1023,  1024,  1025,  2047,  2049,
                                 16383, 16384, 16385, 17407, 17408, 17409, 33000, 65537};
enum { COUNTS = sizeof counts / sizeof *counts };

/* _i: counts x (mixed, as it lies) x (all, some). */
START_TEST(blocks_are_as_described)
{
    const int64_t set = counts[_i / 4];
    const int lies = _i / 2 % 2, in_part = _i % 2;
    char *is_in = calloc((size_t)set + 1, 1), *seen = calloc((size_t)set + 1, 1);
    int32_t *only = get(set);
    int64_t count = 0;
    for (int64_t i = 0; i < set; i++) {
        is_in[i] = !in_part || lg_random_below(9, LG_STREAM_TEST, (uint64_t)i, 10) > 0;
        if (is_in[i]) only[count++] = (int32_t)i;
    }
    int32_t *order = draw(set, lies, in_part ? only : NULL, count, 77, 5);
    int32_t *want = naive_order(set, lies, is_in, count, 77, 5);
    for (int64_t i = 0; i < count; i++) {
        ck_assert_msg(order[i] == want[i], "[%d]: got %d, want %d", (int)i, order[i], want[i]);
        if (!is_in[order[i]] || seen[order[i]]++) ck_abort_msg("sample %d again", order[i]);
    }
    free(want);
    free(order);
    free(only);
    free(seen);
    free(is_in);
}
END_TEST

START_TEST(the_list_of_samples_has_no_order)
{
    enum { COUNT = 30000 };
    int32_t *only = get(COUNT);
    for (int32_t i = 0; i < COUNT; i++) only[i] = COUNT - 1 - i;
    int32_t *want = draw(COUNT, _i, NULL, COUNT, 3, 4);
    int32_t *order = draw(COUNT, _i, only, COUNT, 3, 4);
    ck_assert_mem_eq(order, want, COUNT * sizeof *order);
    free(only);
    free(want);
    free(order);
}
END_TEST

START_TEST(a_wrong_list_of_samples_is_refused)
{
    static const int32_t wrong[][3] = {{0, 5, 5}, {0, 5, 10}, {-1, 2, 3}};
    int32_t *place;
    logit_error err;
    ck_assert_int_eq(lg_order_places(&place, 10, 0, wrong[_i], 3, &err), LOGIT_E_USAGE);
    ck_assert_ptr_null(place);
    ck_assert_ptr_nonnull(strstr(err.message, "each once"));
}
END_TEST

/* --- how well it mixes: sets sorted by class, in ten classes --- */

enum { CLASSES = 10, COUNT = MOST };

/* Pairs of neighbours of different classes, as a share. */
static double changes(const int32_t *order)
{
    int64_t n = 0;
    for (int64_t i = 1; i < COUNT; i++)
        n += order[i] / (COUNT / CLASSES) != order[i - 1] / (COUNT / CLASSES);
    return (double)n / (COUNT - 1);
}

/* In the mixed order any neighbours are unrelated: 0.9 of them differ, give or take
 * sqrt(0.09 / n) = 0.0007.  As it lies a window holds 16 blocks of (nearly all) one class each: two
 * samples of it come from one block in 1 of 16 cases, and else differ in 0.9 of them (rather more,
 * since blocks are drawn without putting them back): 0.9 * 15/16 * 195/194 = 0.848, give or take
 * the luck of 12 windows. */
START_TEST(neighbours_come_from_different_classes)
{
    for (uint32_t epoch = 0; epoch < 3; epoch++) {
        int32_t *order = draw(COUNT, _i, NULL, COUNT, 1, epoch);
        const double got = changes(order);
        if (_i)
            ck_assert_msg(fabs(got - 0.848) < 0.02, "as it lies: %.4f", got);
        else
            ck_assert_msg(fabs(got - 0.9) < 0.003, "mixed: %.4f", got);
        free(order);
    }
}
END_TEST

/* Batches of 100 in the mixed order: chi-square of their class counts has mean 9. */
START_TEST(batches_hold_every_class)
{
    int32_t *order = draw(COUNT, 0, NULL, COUNT, 1, 1);
    double chi2 = 0.0;
    for (int64_t begin = 0; begin < COUNT; begin += 100) {
        int seen[CLASSES] = {0};
        for (int64_t i = begin; i < begin + 100; i++) seen[order[i] / (COUNT / CLASSES)]++;
        for (int c = 0; c < CLASSES; c++) chi2 += (seen[c] - 10.0) * (seen[c] - 10.0) / 10.0;
    }
    chi2 /= COUNT / 100; /* mean of 2000: deviation sqrt(18 / 2000) = 0.095 */
    ck_assert_msg(fabs(chi2 - 9.0) < 0.4, "%.3f", chi2);
    free(order);
}
END_TEST

/* A sample is as likely to come at one time of the epoch as at another, and two epochs are
 * unrelated: places differ by a third of the set in the mean. */
START_TEST(samples_wander_through_the_whole_set)
{
    int32_t *a = draw(COUNT, _i, NULL, COUNT, 1, 0), *b = draw(COUNT, _i, NULL, COUNT, 1, 1);
    int32_t *when = get(COUNT);
    double lies = 0.0, wanders = 0.0;
    for (int32_t i = 0; i < COUNT; i++) when[a[i]] = i;
    for (int32_t i = 0; i < COUNT; i++) {
        lies += fabs((double)a[i] - i) / COUNT;
        wanders += fabs((double)when[b[i]] - i) / COUNT;
    }
    /* 195 blocks move as one: deviation 0.236 / sqrt(195) = 0.017 */
    ck_assert_msg(fabs(lies / COUNT - 1.0 / 3.0) < 0.06, "%.4f", lies / COUNT);
    ck_assert_msg(fabs(wanders / COUNT - 1.0 / 3.0) < 0.06, "%.4f", wanders / COUNT);
    free(a);
    free(b);
    free(when);
}
END_TEST

/* What blocks are for: within a window no more than 16 stretches of 1024 places are read (17 where
 * the short block is among them). */
START_TEST(a_window_reads_few_blocks)
{
    int32_t *place, *where = get(COUNT);
    ck_assert_int_eq(lg_order_places(&place, COUNT, 0, NULL, 0, NULL), LOGIT_OK);
    for (int32_t p = 0; p < COUNT; p++) where[place[p]] = p;
    int32_t *order = draw(COUNT, 0, NULL, COUNT, 8, 0);
    for (int64_t begin = 0; begin < COUNT; begin += LG_ORDER_WINDOW) {
        char read[COUNT / LG_ORDER_BLOCK + 1] = {0};
        int blocks = 0;
        for (int64_t i = begin; i < COUNT && i < begin + LG_ORDER_WINDOW; i++)
            read[where[order[i]] / LG_ORDER_BLOCK] = 1;
        for (size_t b = 0; b < sizeof read; b++) blocks += read[b];
        ck_assert_int_le(blocks, LG_ORDER_WINDOW / LG_ORDER_BLOCK + 1);
    }
    free(order);
    free(where);
    free(place);
}
END_TEST

START_TEST(names_are_found)
{
    ck_assert_int_eq(lg_shuffle_find("full"), LG_SHUFFLE_FULL);
    ck_assert_int_eq(lg_shuffle_find("block"), LG_SHUFFLE_BLOCK);
    ck_assert_int_eq(lg_shuffle_find("none"), LG_SHUFFLE_NONE);
    ck_assert_int_eq(lg_shuffle_find("auto"), -1);
    ck_assert_int_eq(lg_shuffle_find(""), -1);
}
END_TEST

Suite *lg_suite_order_block(void)
{
    Suite *suite = suite_create("order_block");
    TCase *tcase = tcase_create("order_block");
    tcase_set_timeout(tcase, TIMEOUT);
    tcase_add_loop_test(tcase, blocks_have_known_values, 0, KNOWN);
    tcase_add_loop_test(tcase, blocks_are_as_described, 0, 4 * COUNTS);
    tcase_add_loop_test(tcase, the_list_of_samples_has_no_order, 0, 2);
    tcase_add_loop_test(tcase, a_wrong_list_of_samples_is_refused, 0, 3);
    tcase_add_loop_test(tcase, neighbours_come_from_different_classes, 0, 2);
    tcase_add_test(tcase, batches_hold_every_class);
    tcase_add_loop_test(tcase, samples_wander_through_the_whole_set, 0, 2);
    tcase_add_test(tcase, a_window_reads_few_blocks);
    tcase_add_test(tcase, names_are_found);
    suite_add_tcase(suite, tcase);
    return suite;
}
