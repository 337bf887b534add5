/* test_order.c -- the order of an epoch and the split into train and val.
 *
 * Known values come from a second implementation of Philox4x32-10 (checked against the vectors
 * of the paper's own library), Fisher-Yates and the draw, written in another language from the
 * description in order.h. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/philox.h"
#include "data/order.h"

Suite *lg_suite_order(void);

enum { MOST = 1000 };

static void assert_list(const int32_t *got, int64_t got_count, const int32_t *want,
                        int64_t want_count)
{
    ck_assert_int_eq(got_count, want_count);
    for (int64_t i = 0; i < want_count; i++)
        ck_assert_msg(got[i] == want[i], "[%d]: got %d, want %d", (int)i, (int)got[i],
                      (int)want[i]);
}

/* --- shuffling --- */

static const struct {
    uint64_t seed;
    uint32_t epoch;
    int32_t want[10];
} shuffles[] = {
    {0, 0, {1, 0, 9, 5, 4, 2, 3, 8, 7, 6}},
    {0, 1, {1, 2, 8, 6, 4, 5, 9, 0, 3, 7}},
    {0x123456789abcdef0u, 7, {9, 2, 6, 3, 1, 5, 7, 0, 4, 8}},
};

START_TEST(order_has_known_values)
{
    int32_t order[10];
    lg_order_fill(order, NULL, 10, LG_SHUFFLE_FULL, shuffles[_i].seed, shuffles[_i].epoch);
    assert_list(order, 10, shuffles[_i].want, 10);
}
END_TEST

/* Long enough to cross several blocks of draws: the ends, and sum of (i+1) order[i]. */
START_TEST(long_order_has_known_values)
{
    static const int32_t head[] = {740, 689, 962, 874, 283, 99, 857, 773},
                         tail[] = {586, 667, 0, 683};
    int32_t order[MOST];
    lg_order_fill(order, NULL, MOST, LG_SHUFFLE_FULL, 42, 3);
    assert_list(order, 8, head, 8);
    assert_list(order + MOST - 4, 4, tail, 4);
    int64_t sum = 0;
    for (int64_t i = 0; i < MOST; i++) sum += (i + 1) * order[i];
    ck_assert_int_eq(sum, 247844179);
}
END_TEST

/* Around the edges of a block of 64 draws, and none, one and two samples. */
static const int64_t counts[] = {0, 1, 2, 3, 63, 64, 65, 66, 128, 129, 130, MOST};

START_TEST(order_is_a_permutation)
{
    const int64_t count = counts[_i];
    int32_t order[MOST + 1];
    char seen[MOST] = {0};
    order[count] = INT32_MIN; /* guard */
    lg_order_fill(order, NULL, count, LG_SHUFFLE_FULL, 11, 2);
    ck_assert_int_eq(order[count], INT32_MIN);
    for (int64_t i = 0; i < count; i++) {
        ck_assert_int_ge(order[i], 0);
        ck_assert_int_lt(order[i], count);
        ck_assert_int_eq(seen[order[i]]++, 0);
    }
}
END_TEST

START_TEST(order_of_a_list_is_the_list_in_that_order)
{
    int32_t plain[100], base[100], order[100];
    for (int32_t i = 0; i < 100; i++) base[i] = 7 * i + 3;
    lg_order_fill(plain, NULL, 100, LG_SHUFFLE_FULL, 5, 6);
    lg_order_fill(order, base, 100, LG_SHUFFLE_FULL, 5, 6);
    for (int i = 0; i < 100; i++) ck_assert_int_eq(order[i], base[plain[i]]);
}
END_TEST

START_TEST(no_shuffle_keeps_the_order)
{
    const int32_t base[] = {4, 2, 9};
    int32_t order[5];
    lg_order_fill(order, NULL, 5, LG_SHUFFLE_NONE, 1, 1);
    for (int i = 0; i < 5; i++) ck_assert_int_eq(order[i], i);
    lg_order_fill(order, base, 3, LG_SHUFFLE_NONE, 1, 1);
    assert_list(order, 3, base, 3);
}
END_TEST

static int same_places(uint64_t seed_a, uint32_t epoch_a, uint64_t seed_b, uint32_t epoch_b)
{
    int32_t a[MOST], b[MOST];
    int same = 0;
    lg_order_fill(a, NULL, MOST, LG_SHUFFLE_FULL, seed_a, epoch_a);
    lg_order_fill(b, NULL, MOST, LG_SHUFFLE_FULL, seed_b, epoch_b);
    for (int i = 0; i < MOST; i++) same += a[i] == b[i];
    return same;
}

/* Two unrelated permutations agree in one place on average (Poisson: 10 has p = 1e-7). */
START_TEST(seeds_and_epochs_are_unrelated)
{
    ck_assert_int_eq(same_places(3, 4, 3, 4), MOST);
    for (uint32_t epoch = 1; epoch < 20; epoch++) {
        ck_assert_int_lt(same_places(0, 0, 0, epoch), 10);
        ck_assert_int_lt(same_places(0, 0, epoch, 0), 10);
        ck_assert_int_lt(same_places(0, epoch, (uint64_t)epoch << 32, 0), 10);
    }
}
END_TEST

/* Place of a permutation of 5 among all 120 (Lehmer code). */
static int rank5(const int32_t *order)
{
    int rank = 0;
    for (int i = 0; i < 5; i++) {
        int smaller = 0;
        for (int j = i + 1; j < 5; j++) smaller += order[j] < order[i];
        rank = rank * (5 - i) + smaller;
    }
    return rank;
}

/* Each permutation of 5 is as likely as another: chi-square with 119 degrees of freedom has mean
 * 119 and deviation 15.4.  Between 58 and 196 is 4 and 5 deviations; the numbers are fixed, so
 * this never fails by chance. */
START_TEST(order_is_uniform)
{
    enum { PER_CELL = 500 };
    int cell[120] = {0};
    for (uint32_t t = 0; t < 120 * PER_CELL; t++) {
        int32_t order[5];
        lg_order_fill(order, NULL, 5, LG_SHUFFLE_FULL, _i ? t : 0, _i ? 0 : t);
        cell[rank5(order)]++;
    }
    double chi2 = 0.0;
    for (int i = 0; i < 120; i++)
        chi2 += (double)(cell[i] - PER_CELL) * (cell[i] - PER_CELL) / PER_CELL;
    ck_assert_double_gt(chi2, 58.0);
    ck_assert_double_lt(chi2, 196.0);
}
END_TEST

/* --- splitting --- */

typedef struct parts {
    int32_t *train, *val;
    int64_t train_count, val_count;
} parts;

static parts split(const int32_t *label, int64_t count, int classes, double share, uint64_t seed)
{
    parts p;
    logit_error err;
    ck_assert_int_eq(lg_order_split(label, count, classes, share, seed, &p.train, &p.train_count,
                                    &p.val, &p.val_count, &err),
                     LOGIT_OK);
    ck_assert_ptr_nonnull(p.train);
    ck_assert_ptr_nonnull(p.val);
    return p;
}

static void parts_clear(parts *p)
{
    free(p->train);
    free(p->val);
}

START_TEST(split_has_known_values)
{
    static const int32_t strata[] = {5, 13, 18, 19, 21, 25}, plain[] = {6, 9, 11, 14, 16};
    int32_t label[30];
    for (int i = 0; i < 30; i++) label[i] = i * i % 7 % 3; /* 5, 17 and 8 of a class */
    parts p = split(label, 30, 3, 0.2, 5);
    assert_list(p.val, p.val_count, strata, 6);
    parts_clear(&p);
    p = split(NULL, 20, 0, 0.25, 9);
    assert_list(p.val, p.val_count, plain, 5);
    parts_clear(&p);
}
END_TEST

/* Of a class of n: how many go to val. */
static const struct {
    int n;
    double share;
    int want;
} shares[] = {
    {100, 0.0, 0}, {100, 0.1, 10}, {104, 0.1, 10}, {105, 0.1, 11}, {1, 0.5, 0},       {1, 0.99, 0},
    {2, 0.01, 1},  {2, 0.99, 1},   {3, 0.5, 2},    {10, 1.0, 9},   {10, 0.96, 9},     {0, 0.5, 0},
    {4, 1e-9, 1},  {10, 1e300, 9}, {10, -1.0, 0},  {5, 0.1, 1},    {1000, 0.0004, 1},
};

START_TEST(split_takes_the_share_of_each_class)
{
    /* two classes interleaved: the one of the case, and one of 40 */
    const int n = shares[_i].n, count = n + 40;
    int32_t label[MOST + 40];
    for (int i = 0, left = n, other = 40; i < count; i++) {
        const int first = left > 0 && (other == 0 || i % 2);
        label[i] = first ? 0 : 1;
        if (first)
            left--;
        else
            other--;
    }
    parts p = split(label, count, 2, shares[_i].share, 3);
    int of_class = 0;
    for (int64_t i = 0; i < p.val_count; i++) of_class += label[p.val[i]] == 0;
    ck_assert_int_eq(of_class, shares[_i].want);
    parts_clear(&p);
}
END_TEST

START_TEST(split_parts_are_ascending_disjoint_and_complete)
{
    enum { N = 997 };
    int32_t label[N];
    for (int i = 0; i < N; i++) label[i] = (i * 31 + 7) % 11;
    parts p = split(_i ? label : NULL, N, 11, 0.3, 17);
    char seen[N] = {0};
    for (int64_t i = 0; i < p.train_count; i++) seen[p.train[i]]++;
    for (int64_t i = 0; i < p.val_count; i++) seen[p.val[i]]++;
    for (int i = 0; i < N; i++) ck_assert_int_eq(seen[i], 1);
    for (int64_t i = 1; i < p.train_count; i++) ck_assert_int_lt(p.train[i - 1], p.train[i]);
    for (int64_t i = 1; i < p.val_count; i++) ck_assert_int_lt(p.val[i - 1], p.val[i]);
    ck_assert_int_eq(p.train_count + p.val_count, N);
    parts_clear(&p);
}
END_TEST

START_TEST(split_depends_on_the_seed_and_on_nothing_else)
{
    parts a = split(NULL, 500, 0, 0.5, 1), b = split(NULL, 500, 0, 0.5, 1),
          c = split(NULL, 500, 0, 0.5, 2);
    assert_list(a.val, a.val_count, b.val, b.val_count);
    ck_assert_int_eq(a.val_count, c.val_count);
    ck_assert_int_ne(memcmp(a.val, c.val, (size_t)a.val_count * sizeof *a.val), 0);
    parts_clear(&a);
    parts_clear(&b);
    parts_clear(&c);
}
END_TEST

/* Each of 10 samples is drawn in 2 of 10 splits: 4000 of 20000, deviation 57. */
START_TEST(split_is_fair)
{
    int drawn[10] = {0};
    for (uint64_t seed = 0; seed < 20000; seed++) {
        parts p = split(NULL, 10, 0, 0.2, seed);
        for (int64_t i = 0; i < p.val_count; i++) drawn[p.val[i]]++;
        parts_clear(&p);
    }
    for (int i = 0; i < 10; i++) {
        ck_assert_int_gt(drawn[i], 4000 - 5 * 57);
        ck_assert_int_lt(drawn[i], 4000 + 5 * 57);
    }
}
END_TEST

START_TEST(split_of_nothing_is_two_empty_lists)
{
    parts p = split(NULL, 0, 0, 0.5, 1);
    ck_assert_int_eq(p.train_count + p.val_count, 0);
    parts_clear(&p);
}
END_TEST

#define ROWS(table) (int)(sizeof(table) / sizeof *(table))

Suite *lg_suite_order(void)
{
    Suite *suite = suite_create("order");
    TCase *fill = tcase_create("fill");
    tcase_add_loop_test(fill, order_has_known_values, 0, ROWS(shuffles));
    tcase_add_test(fill, long_order_has_known_values);
    tcase_add_loop_test(fill, order_is_a_permutation, 0, ROWS(counts));
    tcase_add_test(fill, order_of_a_list_is_the_list_in_that_order);
    tcase_add_test(fill, no_shuffle_keeps_the_order);
    tcase_add_test(fill, seeds_and_epochs_are_unrelated);
    tcase_add_loop_test(fill, order_is_uniform, 0, 2);
    suite_add_tcase(suite, fill);

    TCase *parted = tcase_create("split");
    tcase_add_test(parted, split_has_known_values);
    tcase_add_loop_test(parted, split_takes_the_share_of_each_class, 0, ROWS(shares));
    tcase_add_loop_test(parted, split_parts_are_ascending_disjoint_and_complete, 0, 2);
    tcase_add_test(parted, split_depends_on_the_seed_and_on_nothing_else);
    tcase_add_test(parted, split_is_fair);
    tcase_add_test(parted, split_of_nothing_is_two_empty_lists);
    suite_add_tcase(suite, parted);
    return suite;
}
