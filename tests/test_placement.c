/* test_placement.c -- how much of a set lies on a device: every size of both, by arithmetic of its
 * own.
 *
 * Tests (suite placement). */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <string.h>

#include "train/placement.h"

Suite *lg_suite_placement(void);

/* 1000 images of 100 bytes, 8 for label and weight, in batches of 10: a slot is 10 * 108 + 20. */
enum { SAMPLES = 1000, PIXELS = 100, ANSWER = 8, BATCH = 10, NOTES = 20, SLOT = 1100 };

static lg_placement_need need_of(size_t room)
{
    return (lg_placement_need){.samples = SAMPLES,
                               .pixel_bytes = PIXELS,
                               .answer_bytes = ANSWER,
                               .batch = BATCH,
                               .note_bytes = NOTES,
                               .passes = 2,
                               .keeps = 1,
                               .free_bytes = room,
                               .total_bytes = 0};
}

/* What is taken fits, is as much as fits, and never less where there is more room. */
START_TEST(as_much_stays_as_fits) /* in memory of the host, and not */
{
    int64_t rows = 0;
    int seen[3] = {0};
    for (size_t room = 0; room < 125000; room += 7) {
        lg_placement_need need = need_of(room);
        need.in_memory = _i;
        const lg_placement p = lg_placement_choose(&need);
        const size_t all = SAMPLES * (PIXELS + ANSWER) + 3 * (_i ? NOTES : SLOT);
        const size_t bytes = lg_placement_bytes(&p, &need);
        ck_assert(p.slots == 1 || bytes <= room);
        ck_assert_int_ge(p.rows, rows);
        ck_assert_int_eq(p.place == LG_PLACE_RESIDENT, room >= all);
        if (p.place == LG_PLACE_PARTIAL && p.rows < SAMPLES - 1)
            ck_assert_uint_gt(bytes + PIXELS, room);
        if (p.place == LG_PLACE_STREAMED && p.slots < 3)
            ck_assert_uint_gt((size_t)(p.slots + 1) * SLOT, room);
        rows = p.rows;
        seen[p.place]++;
    }
    for (int i = 0; i < 3; i++) ck_assert_int_gt(seen[i], 0);
}
END_TEST

START_TEST(what_others_need_is_left_alone)
{
    lg_placement_need need = need_of(200000);
    ck_assert_int_eq(lg_placement_choose(&need).place, LG_PLACE_RESIDENT);
    need.total_bytes = 64 * 150000; /* margin: 150000 */
    ck_assert_int_eq(lg_placement_choose(&need).rows, (50000 - 3 * SLOT) / PIXELS);
    need.others = 20000;
    ck_assert_int_eq(lg_placement_choose(&need).rows, (30000 - 3 * SLOT) / PIXELS);
    need.limit = 10000;
    ck_assert_int_eq(lg_placement_choose(&need).rows, (10000 - 3 * SLOT) / PIXELS);
    need.limit = 40000; /* there is less than that */
    ck_assert_int_eq(lg_placement_choose(&need).rows, (30000 - 3 * SLOT) / PIXELS);
    need.others = 300000;
    ck_assert_int_eq(lg_placement_choose(&need).slots, 1);
}
END_TEST

/* What is seen once is not worth keeping; what cannot be kept is not. */
START_TEST(nothing_is_kept_for_nobody)
{
    lg_placement_need need = need_of(200000);
    need.passes = 1;
    ck_assert_int_eq(lg_placement_choose(&need).place, LG_PLACE_STREAMED);
    need.in_memory = 1;
    ck_assert_int_eq(lg_placement_choose(&need).place, LG_PLACE_RESIDENT);
    need.free_bytes = 50000;
    ck_assert_int_eq(lg_placement_choose(&need).rows, 0);
    need = need_of(50000);
    need.keeps = 0;
    ck_assert_int_eq(lg_placement_choose(&need).place, LG_PLACE_STREAMED);
}
END_TEST

START_TEST(a_smaller_plan_is_smaller_until_there_is_none)
{
    const lg_placement_need need = need_of(200000);
    lg_placement p = lg_placement_choose(&need);
    size_t bytes = lg_placement_bytes(&p, &need);
    int steps = 0, partial = 0;
    while (lg_placement_shrink(&p, &need)) {
        ck_assert_uint_lt(lg_placement_bytes(&p, &need), bytes);
        bytes = lg_placement_bytes(&p, &need);
        partial += p.place == LG_PLACE_PARTIAL;
        ck_assert_int_lt(++steps, 100);
    }
    ck_assert_int_gt(partial, 3);
    ck_assert_int_eq(p.place, LG_PLACE_STREAMED);
    ck_assert_int_eq(p.slots, 1);
}
END_TEST

/* Sizes that no device has stay too large, and do not wrap round. */
START_TEST(huge_sets_are_streamed)
{
    lg_placement_need need = need_of((size_t)1 << 40);
    need.samples = INT32_MAX;
    need.pixel_bytes = (size_t)1 << 40;
    ck_assert_int_eq(lg_placement_choose(&need).place, LG_PLACE_STREAMED);
    need.samples = INT64_MAX;
    need.in_memory = 1;
    ck_assert_int_eq(lg_placement_choose(&need).place, LG_PLACE_STREAMED);
}
END_TEST

START_TEST(a_plan_is_one_clear_line) /* size of the device */
{
    static const struct {
        size_t free;
        int in_memory;
        const char *says;
    } of[] = {
        {138700000, 1, "1000 images on the device, 108 KB of 139 MB free"},
        {138700000, 0,
         "1000 images on the device, kept there as u8 after the first pass, 108 KB of 139 MB free"},
        {50000, 0, "46.7 KB of 100 KB on the device, the rest streamed: 50.0 KB are free"},
        {3300, 0, "streamed to the device, 3 slots of 10 images, 3.30 KB: 3.30 KB are free"},
    };
    char text[300];
    lg_placement_need need = need_of(of[_i].free);
    need.in_memory = of[_i].in_memory;
    const lg_placement p = lg_placement_choose(&need);
    lg_placement_describe(&p, &need, text, sizeof text);
    ck_assert_str_eq(text, of[_i].says);
}
END_TEST

Suite *lg_suite_placement(void)
{
    Suite *suite = suite_create("placement");
    TCase *tc = tcase_create("placement");
    tcase_add_loop_test(tc, as_much_stays_as_fits, 0, 2);
    tcase_add_test(tc, what_others_need_is_left_alone);
    tcase_add_test(tc, nothing_is_kept_for_nobody);
    tcase_add_test(tc, a_smaller_plan_is_smaller_until_there_is_none);
    tcase_add_test(tc, huge_sets_are_streamed);
    tcase_add_loop_test(tc, a_plan_is_one_clear_line, 0, 4);
    suite_add_tcase(suite, tc);
    return suite;
}
