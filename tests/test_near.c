/* test_near.c -- the comparator must be able to say no.
 *
 * Tests (suite near).  Every numeric test leans on near.c, so it is held to its own contract here:
 * what passes, what does not, and what the message says. */
/* SPDX-License-Identifier: MIT */
#include "tests/near.h"

#include <float.h>
#include <math.h>
#include <string.h>

Suite *lg_suite_near(void);

static char message[NEAR_MESSAGE];

static int64_t one(double got, double want, double absolute, double relative)
{
    return near_check(NEAR_PAIR(&got, &want, 1), (near_bound){absolute, relative, NULL}, message);
}

START_TEST(equal_values_pass_with_no_tolerance)
{
    ck_assert_int_eq(one(1.5, 1.5, 0, 0), 0);
    ck_assert_int_eq(one(0.0, -0.0, 0, 0), 0);
    ck_assert_str_eq(message, "");
}
END_TEST

START_TEST(tolerance_is_the_larger_of_absolute_and_relative)
{
    ck_assert_int_eq(one(100.5, 100, 0.5, 0), 0); /* the edge itself passes */
    ck_assert_int_eq(one(100.5, 100, 0.25, 0), 1);
    ck_assert_int_eq(one(100.5, 100, 0, 0.0078125), 0);
    ck_assert_int_eq(one(100.5, 100, 0, 0.00390625), 1);
    ck_assert_int_eq(one(100.5, 100, 0.25, 0.00390625), 1); /* not their sum */
    ck_assert_int_eq(one(-100.5, -100, 0, 0.0078125), 0);
    ck_assert_int_eq(one(1e-30, 0, 0, 0.5), 1); /* relative to zero is zero */
}
END_TEST

START_TEST(nan_never_passes)
{
    ck_assert_int_eq(one(NAN, 1, 1e300, 1e300), 1);
    ck_assert_int_eq(one(1, NAN, 1e300, 1e300), 1);
    ck_assert_int_eq(one(NAN, NAN, 1e300, 1e300), 1);
    ck_assert_ptr_nonnull(strstr(message, "NaN never passes"));
    ck_assert_int_eq(one(1, 2, NAN, 0), 1);
    ck_assert_int_eq(one(1, 2, 0, NAN), 1);
    ck_assert_int_eq(one(1, 1, NAN, 0), 1);
    const double each = NAN;
    const double got = 1, want = 2;
    ck_assert_int_eq(near_check(NEAR_PAIR(&got, &want, 1), (near_bound){10, 10, &each}, message),
                     1);
}
END_TEST

START_TEST(an_infinity_passes_only_as_itself)
{
    ck_assert_int_eq(one(INFINITY, INFINITY, 0, 0), 0);
    ck_assert_int_eq(one(-INFINITY, INFINITY, 1e300, 1e300), 1);
    ck_assert_int_eq(one(INFINITY, 1, 1e300, 1e300), 1);
    ck_assert_int_eq(one(1, INFINITY, 1e300, 1e300), 1); /* relative to infinity is not a pass */
    ck_assert_int_eq(one(INFINITY, 1, INFINITY, 0), 1);
}
END_TEST

START_TEST(message_names_the_worst_element)
{
    const float loss[5] = {1, 2.5f, 3, INFINITY, 5};
    const double want[5] = {1, 2, 3, 236.6, 5};
    ck_assert_int_eq(near_check(NEAR_PAIR(loss, want, 5), (near_bound){0.125, 0, NULL}, message),
                     2);
    ck_assert_str_eq(message, "loss[3]: got inf, want 236.6 (inf x tolerance); 2 of 5 outside");
    ck_assert_int_eq(near_check(NEAR_PAIR(loss, want, 3), (near_bound){0.125, 0, NULL}, message),
                     1);
    ck_assert_str_eq(message, "loss[1]: got 2.5, want 2 (4 x tolerance)");
}
END_TEST

START_TEST(nan_is_worse_than_infinity)
{
    const double z[3] = {INFINITY, NAN, 7}, want[3] = {0, 0, 0};
    ck_assert_int_eq(near_check(NEAR_PAIR(z, want, 3), (near_bound){1, 1, NULL}, message), 3);
    ck_assert_str_eq(message, "z[1]: got nan, want 0 (NaN never passes); 3 of 3 outside");
    ck_assert(isnan(near_worst(NEAR_PAIR(z, want, 3), (near_bound){1, 1, NULL})));
    ck_assert(near_worst(NEAR_PAIR(z + 2, want, 1), (near_bound){2, 0, NULL}) == 3.5);
}
END_TEST

START_TEST(every_element_may_have_its_own_bound)
{
    const double got[3] = {1.5, 2.5, 3.5}, want[3] = {1, 2, 3}, each[3] = {0.5, 0.25, 1};
    ck_assert_int_eq(near_check(NEAR_PAIR(got, want, 3), (near_bound){0, 0, each}, message), 1);
    ck_assert_str_eq(message, "got[1]: got 2.5, want 2 (2 x tolerance)");
}
END_TEST

START_TEST(types_may_be_mixed)
{
    const float got[2] = {0.1f, 0.2f};
    const long double want[2] = {0.1L, 0.2L};
    ck_assert_int_eq(near_check(NEAR_PAIR(got, want, 2), (near_bound){0, 0x1p-24, NULL}, message),
                     0);
    ck_assert_int_eq(near_check(NEAR_PAIR(got, want, 2), (near_bound){0, 0x1p-28, NULL}, message),
                     2);
    const double narrow = 1.0; /* a difference that only long double can hold */
    const long double wide = 1.0L + 0x1p-60L;
    ck_assert_int_eq(near_check(NEAR_PAIR(&narrow, &wide, 1), (near_bound){0}, message), 1);
}
END_TEST

START_TEST(ulps_count_floats)
{
    ck_assert_uint_eq(near_ulps_float(1.0f, 1.0f), 0);
    ck_assert_uint_eq(near_ulps_float(1.0f, nextafterf(1.0f, 2.0f)), 1);
    ck_assert_uint_eq(near_ulps_float(nextafterf(1.0f, 0.0f), 1.0f), 1);
    ck_assert_uint_eq(near_ulps_float(0.0f, -0.0f), 0);
    ck_assert_uint_eq(near_ulps_float(-0x1p-149f, 0x1p-149f), 2); /* across zero */
    ck_assert_uint_eq(near_ulps_float(1.0f, 2.0f), 1u << 23);
    ck_assert_uint_eq(near_ulps_float(FLT_MAX, INFINITY), 1);
    ck_assert_uint_eq(near_ulps_float(NAN, NAN), UINT64_MAX);
    ck_assert_uint_eq(near_ulps_float(-FLT_MAX, FLT_MAX), 2ull * 0x7f7fffff);
    ck_assert_uint_eq(near_ulps_double(1.0, nextafter(1.0, 2.0)), 1);
    ck_assert_uint_eq(near_ulps_double(-0x1p-1074, 0x1p-1074), 2);
    ck_assert_uint_eq(near_ulps_double(1.0, NAN), UINT64_MAX);
}
END_TEST

START_TEST(ulp_check_rounds_the_wanted_value)
{
    const float got[2] = {0.1f, nextafterf(nextafterf(0.2f, 1.0f), 1.0f)};
    const double want[2] = {0.1, 0.2};
    ck_assert_int_eq(near_check_ulps(NEAR_PAIR(got, want, 2), 2, message), 0);
    ck_assert_int_eq(near_check_ulps(NEAR_PAIR(got, want, 2), 1, message), 1);
    ck_assert_ptr_nonnull(strstr(message, "got[1]: "));
    ck_assert_ptr_nonnull(strstr(message, "(2 ulp, 1 allowed)"));
    const float poison = NAN;
    ck_assert_int_eq(near_check_ulps(NEAR_PAIR(&poison, &poison, 1), UINT64_MAX, message), 1);
}
END_TEST

START_TEST(nothing_to_compare_passes)
{
    const float *none = NULL;
    ck_assert_int_eq(near_check(NEAR_PAIR(none, none, 0), (near_bound){0}, message), 0);
    ck_assert_int_eq(near_check_ulps(NEAR_PAIR(none, none, 0), 0, message), 0);
}
END_TEST

Suite *lg_suite_near(void)
{
    Suite *suite = suite_create("near");
    TCase *tc = tcase_create("comparator");
    tcase_add_test(tc, equal_values_pass_with_no_tolerance);
    tcase_add_test(tc, tolerance_is_the_larger_of_absolute_and_relative);
    tcase_add_test(tc, nan_never_passes);
    tcase_add_test(tc, an_infinity_passes_only_as_itself);
    tcase_add_test(tc, message_names_the_worst_element);
    tcase_add_test(tc, nan_is_worse_than_infinity);
    tcase_add_test(tc, every_element_may_have_its_own_bound);
    tcase_add_test(tc, types_may_be_mixed);
    tcase_add_test(tc, ulps_count_floats);
    tcase_add_test(tc, ulp_check_rounds_the_wanted_value);
    tcase_add_test(tc, nothing_to_compare_passes);
    suite_add_tcase(suite, tc);
    return suite;
}
