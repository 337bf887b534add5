/* test_philox_many.c -- blocks drawn side by side are those drawn one by one, in every register.
 *
 * Tests (suite philox_many).  Known answers of Philox itself: test_base.c. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <string.h>

#include "base/philox.h"
#include "base/philox_many.h"

Suite *lg_suite_philox_many(void);

enum { MOST = 100 };

static const struct {
    uint64_t seed, stream, first;
} from[] = {
    {0, 0, 0},
    {7, (uint64_t)LG_STREAM_SHUFFLE << 32 | 3, 12345},
    {0xffffffffffffffff, 0xffffffffffffffff, 0},
    {0x123456789abcdef0, 0xfedcba9876543210, 0xffffffe0},        /* over a word's end */
    {0x8000000080000000, 0x7fffffff80000001, 0xffffffffffffffe0} /* over the index's */
};
enum { FROM = sizeof from / sizeof *from };

static void assert_blocks(int i, const uint64_t *low, const uint64_t *high, int64_t count)
{
    for (int64_t k = 0; k < count; k++) {
        const lg_random4 r = lg_philox(from[i].seed, from[i].stream, from[i].first + (uint64_t)k);
        ck_assert_uint_eq(low[k], (uint64_t)r.word[1] << 32 | r.word[0]);
        if (high) ck_assert_uint_eq(high[k], (uint64_t)r.word[3] << 32 | r.word[2]);
    }
}

/* Any number of them; what stands behind is left alone. */
START_TEST(many_are_as_one_by_one)
{
    uint64_t low[MOST + 1], high[MOST + 1];
    for (int64_t count = 0; count <= MOST; count++) {
        memset(low, 0x5a, sizeof low);
        memset(high, 0x5a, sizeof high);
        lg_philox_many(from[_i].seed, from[_i].stream, from[_i].first, count, low, high);
        assert_blocks(_i, low, high, count);
        ck_assert_uint_eq(low[count], 0x5a5a5a5a5a5a5a5a);
        ck_assert_uint_eq(high[count], 0x5a5a5a5a5a5a5a5a);
        lg_philox_many(from[_i].seed, from[_i].stream, from[_i].first, count, low, NULL);
        assert_blocks(_i, low, NULL, count);
    }
}
END_TEST

/* Not the fastest alone: this processor may be the last to try the others. */
START_TEST(every_way_draws_the_same)
{
    lg_philox_draw *draw;
    uint64_t low[MOST + 1], high[MOST + 1];
    int usable, tried = 0;
    for (int i = 0; (draw = lg_philox_way(i, &usable)) != NULL; i++) {
        if (!usable) continue;
        for (int64_t count = 0; count <= MOST; count++) {
            memset(low, 0x5a, sizeof low);
            const int64_t done =
                draw(from[_i].seed, from[_i].stream, from[_i].first, count, low, high);
            ck_assert(done >= 0 && done <= count && count - done < 16);
            assert_blocks(_i, low, high, done);
            ck_assert_uint_eq(low[done], 0x5a5a5a5a5a5a5a5a);
        }
        tried++;
    }
#if defined(__x86_64__)
    ck_assert_int_ge(tried, 1);
#endif
}
END_TEST

Suite *lg_suite_philox_many(void)
{
    Suite *suite = suite_create("philox_many");
    TCase *all = tcase_create("philox_many");
    tcase_add_loop_test(all, many_are_as_one_by_one, 0, FROM);
    tcase_add_loop_test(all, every_way_draws_the_same, 0, FROM);
    suite_add_tcase(suite, all);
    return suite;
}
