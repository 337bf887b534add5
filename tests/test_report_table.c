/* test_report_table.c -- numbers of a column are written alike, and an axis has round ones that
 * have room. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/report_axis.h"
#include "report/report_table.h"
#include "tests/page_rig.h"

/* ------------------------------------------------------------------------- equal decimals --- */

enum { MOST = 4 };

static const struct {
    lg_column_kind kind;
    double value[MOST];
    const char *words;
} columns[] = {
    {LG_COLUMN_SHARE, {0.8, 0.8123456, 1, 0}, "0.8000 0.8123 1.0000 0.0000"},
    {LG_COLUMN_FIGURE, {0.2712, 1.0128, 12.5, 0}, "0.2712 1.0128 12.5000 0.0000"},
    {LG_COLUMN_FIGURE, {1.5, NAN, 3, INFINITY}, "1.500 \xe2\x80\x93 3.000 \xe2\x88\x9e"},
    {LG_COLUMN_FIGURE, {1234.5, 98765, 5000, 4999}, "1234 98765 5000 4999"},
    {LG_COLUMN_FIGURE, {3.1e-7, 0.5, 0, -0.25}, "3.100e-07 5.000e-01 0.000e+00 -2.500e-01"},
    {LG_COLUMN_FIGURE, {0.5, 1922305.4, 1, 2}, "5.000e-01 1.922e+06 1.000e+00 2.000e+00"},
    {LG_COLUMN_GIVEN, {0.3, 0.1, 0.03, 1}, "0.30 0.10 0.03 1.00"},
    {LG_COLUMN_GIVEN, {0, 1e-4, 1e-3, 1e-2}, "0.0000 0.0001 0.0010 0.0100"},
    {LG_COLUMN_GIVEN, {1, 2, 10, 500}, "1 2 10 500"},
    {LG_COLUMN_GIVEN, {1e-7, 1, 0, 2.5e-8}, "1.00e-07 1.00e+00 0.00e+00 2.50e-08"},
    {LG_COLUMN_GIVEN, {0.000784, 0.0123456, 0, 0}, "0.000784 0.012346 0.000000 0.000000"},
    {LG_COLUMN_GIVEN, {0.09999999, 0.2, 1, 2}, "0.1 0.2 1.0 2.0"},
};

START_TEST(a_column_has_equal_decimals)
{
    lg_decimals all = {0};
    lg_text text = {0};
    for (int i = 0; i < MOST; i++) lg_decimals_see(&all, columns[_i].value[i]);
    for (int i = 0; i < MOST; i++) {
        if (i) lg_text_add(&text, " ");
        lg_decimals_write(&text, &all, columns[_i].kind, columns[_i].value[i]);
    }
    ck_assert_str_eq(text.data, columns[_i].words);
    lg_text_clear(&text);
}
END_TEST

START_TEST(a_table_is_written)
{
    static const lg_column heads[] = {{"name", LG_COLUMN_TEXT},
                                      {"n", LG_COLUMN_COUNT},
                                      {"loss", LG_COLUMN_FIGURE},
                                      {"right", LG_COLUMN_SHARE},
                                      {"share", LG_COLUMN_PER_CENT}};
    lg_table table = {.name = "a \"b\"", .column = heads, .columns = 5};
    lg_text page = {0};
    lg_table_row(&table, "kept", "kept");
    lg_table_text(&table, "<x>");
    lg_table_number(&table, 12345);
    lg_table_mean(&table, 0.5, 0.0123);
    lg_table_number(&table, 0.25);
    lg_table_number(&table, 1.0 / 3);
    lg_table_row(&table, NULL, NULL);
    lg_table_text(&table, NULL);
    for (int i = 0; i < 4; i++) lg_table_number(&table, NAN);
    lg_table_draw(&page, &table);
    ck_assert_str_eq(
        page.data,
        "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"a &#34;b&#34;\"><table>"
        "<thead><tr><th scope=\"col\" class=\"text\">name</th><th scope=\"col\">n</th>"
        "<th scope=\"col\">loss</th><th scope=\"col\">right</th><th scope=\"col\">share</th></tr>"
        "</thead><tbody>\n"
        "<tr class=\"kept\"><th scope=\"row\" class=\"text\">&#60;x&#62; (kept)</th>"
        "<td>12,345</td><td>0.5000 &#177; 0.0123</td>"
        "<td class=\"share\" style=\"--share:25.0%\">0.2500</td><td>33.3 %</td></tr>\n"
        "<tr><th scope=\"row\" class=\"text\"></th><td>\xe2\x80\x93</td><td>\xe2\x80\x93</td>"
        "<td>\xe2\x80\x93</td><td>\xe2\x80\x93</td></tr>\n</tbody></table></div>\n");
    lg_text_clear(&page);
}
END_TEST

/* Names of classes may be long: they break, and short words do not. */
START_TEST(long_texts_may_break)
{
    static const lg_column heads[] = {{"a", LG_COLUMN_TEXT}, {"b", LG_COLUMN_TEXT}};
    lg_table table = {.name = "t", .column = heads, .columns = 2};
    lg_text page = {0};
    lg_table_row(&table, NULL, NULL);
    lg_table_text(&table, "a_name_without_any_space");
    lg_table_text(&table, "sixteen letters!");
    lg_table_draw(&page, &table);
    ck_assert_int_eq(count_of(page.data, "class=\"text long\""), 2);
    ck_assert_int_eq(count_of(page.data, "class=\"text\""), 2);
    lg_text_clear(&page);
}
END_TEST

/* ------------------------------------------------------------------------------- the axis --- */

static const struct {
    double from, to;
    int log, whole, room;
    const char *labels;
} axes[] = {
    {0, 1, 0, 0, 34, "0.0 0.2 0.4 0.6 0.8 1.0"},
    {0.914, 0.9225, 0, 0, 1000, "0.914 0.916 0.918 0.920 0.922"},
    {-0.02, 3.02, 0, 1, 34, "0 1 2 3"},
    {1, 2, 0, 1, 34, "1 2"},
    {0, 7000, 0, 0, 34, "0 2000 4000 6000"},
    {0, 4500, 0, 1, 34, "0 1000 2000 3000 4000"},
    {0.00018, 0.00022, 0, 0, 34, "0.00018 0.00020 0.00022"},
    {0.00018, 0.00022, 0, 0, 1000, "0.00018 0.00019 0.00020 0.00021 0.00022"},
    {0, 4e-8, 0, 0, 1000, "0 1e-8 2e-8 3e-8 4e-8"},
    {0, 5e7, 0, 0, 1000, "0 1e7 2e7 3e7 4e7 5e7"},
    {0.05, 2, 1, 0, 1000, "0.05 0.1 0.2 0.5 1 2"},
    {0.0001, 0.1, 1, 0, 34, "0.0001 0.001 0.01 0.1"},
    {1e-9, 1, 1, 0, 34, "1e-9 1e-6 0.001 1"},
    {0.0011, 0.09, 1, 0, 34, "0.01"},
};

START_TEST(ticks_are_round_and_have_room)
{
    const double range[] = {axes[_i].from, axes[_i].to};
    lg_axis axis = {.log = axes[_i].log, .whole = axes[_i].whole};
    char labels[400] = "";
    int used = 0;
    lg_axis_settle(&axis, range, 0.0);
    lg_axis_mark(&axis, axes[_i].room);
    for (int t = 0; t < axis.ticks; t++) {
        const double at = lg_axis_place(&axis, axis.tick[t]);
        ck_assert_double_le(fabs(strtod(axis.label[t], NULL) - axis.tick[t]),
                            1e-9 * fabs(axis.tick[t]));
        ck_assert_msg(at >= -1e-6 && at <= 1000.0 + 1e-6, "%s at %g", axis.label[t], at);
        strcat(strcat(labels, t ? " " : ""), axis.label[t]);
        used += (int)strlen(axis.label[t]);
    }
    ck_assert_str_eq(labels, axes[_i].labels);
    ck_assert_int_le(used, axes[_i].room);
}
END_TEST

/* A place is a share of the axis; downwards it begins at the other end. */
START_TEST(a_number_has_its_place)
{
    const double value[] = {2, NAN, -3, INFINITY, 5}, one[] = {7, 7};
    lg_axis axis = {.least = NAN, .most = NAN};
    ck_assert_int_eq((int)lg_axis_widen(&axis, value, 5), 3);
    lg_axis_settle(&axis, NULL, 0.0);
    ck_assert_double_eq(lg_axis_place(&axis, -3), 0.0);
    ck_assert_double_eq(lg_axis_place(&axis, 1), 500.0);
    axis.down = 1;
    ck_assert_double_eq(lg_axis_place(&axis, 5), 0.0);
    ck_assert_double_eq(lg_axis_place(&axis, -3), 1000.0);
    axis = (lg_axis){.least = NAN, .most = NAN};
    lg_axis_widen(&axis, one, 2);
    lg_axis_settle(&axis, NULL, 0.05);
    ck_assert_double_eq(lg_axis_place(&axis, 7), 500.0);
}
END_TEST

Suite *lg_suite_report_table(void);
Suite *lg_suite_report_table(void)
{
    Suite *suite = suite_create("report_table");
    TCase *tests = tcase_create("report");
    tcase_add_loop_test(tests, a_column_has_equal_decimals, 0, sizeof columns / sizeof *columns);
    tcase_add_test(tests, a_table_is_written);
    tcase_add_test(tests, long_texts_may_break);
    tcase_add_loop_test(tests, ticks_are_round_and_have_room, 0, sizeof axes / sizeof *axes);
    tcase_add_test(tests, a_number_has_its_place);
    suite_add_tcase(suite, tests);
    return suite;
}
