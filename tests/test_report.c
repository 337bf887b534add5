/* test_report.c -- the page of a run: what it says, that it is whole, and that it is safe. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "data/image_write.h"
#include "report/report_chart.h"
#include "report/report_html.h"
#include "report/report_picture.h"
#include "report/report_run.h"
#include "tests/allocations.h"
#include "tests/page_rig.h"
#include "tests/small_set.h"

static logit_error err;

/* ----------------------------------------------------------------------------- the words --- */

static const struct {
    const char *text, *page;
} words[] = {{"", ""},
             {"a", "a"},
             {"a<b>&\"c\"'d'", "a&#60;b&#62;&#38;&#34;c&#34;&#39;d&#39;"},
             {"<script>alert(1)</script>", "&#60;script&#62;alert(1)&#60;/script&#62;"},
             {"\xff\x01", "\\xFF\\x01"},
             {"\xc3\xa9", "\xc3\xa9"}};

START_TEST(text_is_safe_in_a_page)
{
    lg_text page = {0};
    lg_text_add(&page, "%s", "");
    lg_html_add(&page, words[_i].text);
    ck_assert_str_eq(page.data, words[_i].page);
    lg_text_clear(&page);
}
END_TEST

static const struct {
    double value;
    const char *page;
} counts[] = {{0, "0"},
              {7, "7"},
              {999, "999"},
              {1000, "1,000"},
              {-1234, "-1,234"},
              {54000, "54,000"},
              {1234567890, "1,234,567,890"}};

START_TEST(counts_are_cut_in_threes)
{
    lg_text page = {0};
    lg_html_count(&page, counts[_i].value);
    ck_assert_str_eq(page.data, counts[_i].page);
    lg_text_clear(&page);
}
END_TEST

/* ---------------------------------------------------------------------------- the charts --- */

/* The box of a chart is 0 .. 1000 by 1000 .. 0; a range that is given is kept as it is. */
START_TEST(a_point_lies_where_its_numbers_say)
{
    const double x[] = {0, 5, 10}, y[] = {0, 1, 4}, x_range[] = {0, 10}, y_range[] = {0, 4};
    const lg_curve curve = {"a & b", x, y, 3, 2, LG_LOOK_LINE};
    const lg_chart chart = {
        .title = "t", .x_name = "x", .y_name = "y", .x_range = x_range, .y_range = y_range};
    lg_text page = {0};
    lg_chart_draw(&page, &chart, &curve, 1);
    ck_assert_msg(strstr(page.data, "d=\"M0.0 1000.0L500.0 750.0L1000.0 0.0\"") != NULL, "%s",
                  page.data);
    ck_assert_msg(strstr(page.data, "class=\"line c2\"") != NULL, "%s", page.data);
    ck_assert_int_eq(count_of(page.data, "<circle"), 3);
    ck_assert_msg(strstr(page.data, "a &#38; b: 4 at 10") != NULL, "%s", page.data);
    lg_text_clear(&page);
}
END_TEST

START_TEST(a_logarithmic_axis_is_one)
{
    const double x[] = {1, 10, 100}, y[] = {3, 3, 3}, x_range[] = {1, 100};
    const lg_curve curve = {NULL, x, y, 3, 0, LG_LOOK_LINE};
    const lg_chart chart = {
        .title = "t", .x_name = "x", .y_name = "y", .log_x = 1, .x_range = x_range};
    lg_text page = {0};
    lg_chart_draw(&page, &chart, &curve, 1);
    ck_assert_msg(strstr(page.data, "M0.0 500.0L500.0 500.0L1000.0 500.0") != NULL, "%s",
                  page.data);
    lg_text_clear(&page);
}
END_TEST

/* What is not a number breaks the line; nothing but that is no chart. */
START_TEST(a_gap_breaks_the_line)
{
    const double x[] = {1, 2, 3, 4}, y[] = {1, NAN, INFINITY, 2}, none[] = {NAN, NAN, NAN, NAN};
    lg_curve curve = {NULL, x, y, 4, 0, LG_LOOK_LINE};
    const lg_chart chart = {.title = "t", .x_name = "x", .y_name = "y"};
    lg_text page = {0};
    lg_chart_draw(&page, &chart, &curve, 1);
    const char *line = strstr(page.data, "class=\"line");
    ck_assert_ptr_nonnull(line);
    char path[200];
    snprintf(path, sizeof path, "%.*s", (int)strcspn(strstr(line, "d=\"") + 3, "\""),
             strstr(line, "d=\"") + 3);
    ck_assert_int_eq(count_of(path, "M"), 2);
    ck_assert_int_eq(count_of(path, "L"), 0);
    ck_assert_ptr_null(strstr(page.data, "nan"));
    ck_assert_ptr_null(strstr(page.data, "inf"));
    lg_text_clear(&page);
    curve.y = none;
    lg_text_add(&page, "%s", "");
    lg_chart_draw(&page, &chart, &curve, 1);
    ck_assert_str_eq(page.data, "");
    lg_text_clear(&page);
}
END_TEST

START_TEST(a_long_curve_keeps_its_ends_and_few_points)
{
    enum { POINTS = 100000 };
    double *x = malloc(2 * POINTS * sizeof *x), *y = x + POINTS;
    const double range[] = {0, POINTS - 1};
    for (int i = 0; i < POINTS; i++) x[i] = y[i] = i;
    const lg_curve curve = {NULL, x, y, POINTS, 0, LG_LOOK_LINE};
    const lg_chart chart = {
        .title = "t", .x_name = "x", .y_name = "y", .x_range = range, .y_range = range};
    lg_text page = {0};
    lg_chart_draw(&page, &chart, &curve, 1);
    ck_assert_msg(strstr(page.data, "M0.0 1000.0") && strstr(page.data, "L1000.0 0.0"), "%s",
                  page.data);
    ck_assert_int_le((int)page.size, 20000);
    lg_text_clear(&page);
    free(x);
}
END_TEST

/* Of a full grid: the one with a name keeps its points, the others share what a page has room for.
 */
START_TEST(many_curves_fit_a_page)
{
    enum { CURVES = 1024, POINTS = 500 };
    static double x[POINTS], y[POINTS];
    static lg_curve curve[CURVES];
    for (int i = 0; i < POINTS; i++) x[i] = y[i] = i;
    for (int c = 0; c < CURVES; c++)
        curve[c] = (lg_curve){c ? NULL : "kept", x, y, POINTS, 0, LG_LOOK_FAINT};
    const lg_chart chart = {.title = "t", .x_name = "x", .y_name = "y"};
    lg_text page = {0};
    lg_chart_draw(&page, &chart, curve, CURVES);
    ck_assert_uint_lt(page.size, 900000);
    ck_assert_int_ge(count_of(page.data, "L"), POINTS - 1);
    const char *path = strstr(page.data, "<path class=\"line faint");
    ck_assert_int_eq((int)strcspn(path, ">") > 10 * POINTS, 1);
    ck_assert_int_eq(count_of(page.data, "<path class=\"line faint"), CURVES);
    lg_text_clear(&page);
}
END_TEST

/* -------------------------------------------------------------------------- the pictures --- */

START_TEST(signs_have_their_colours)
{
    uint8_t rgb[3];
    lg_picture_signed(0.0, rgb);
    ck_assert(rgb[0] == 247 && rgb[1] == 247 && rgb[2] == 247);
    lg_picture_signed(1.0, rgb);
    ck_assert(rgb[0] == 178 && rgb[1] == 24 && rgb[2] == 43);
    lg_picture_signed(-7.0, rgb); /* as -1 */
    ck_assert(rgb[0] == 33 && rgb[1] == 102 && rgb[2] == 172);
    lg_picture_signed(NAN, rgb);
    ck_assert(rgb[0] == 0 && rgb[1] == 0 && rgb[2] == 0);
}
END_TEST

/* Every allocation fails once; what was taken is given back, by the library that writes PNG too. */
START_TEST(a_picture_without_memory_is_an_error)
{
    static uint8_t grey[24 * 24];
    const lg_pixels pixels = {grey, 24, 24, 1};
    int n = 1;
    if (allocations_count() < 0) return; /* a sanitizer's */
    for (size_t i = 0; i < sizeof grey; i++) grey[i] = (uint8_t)(i * i);
    for (; n < 100; n++) {
        lg_bytes bytes = {0};
        const int64_t before = allocations_bytes();
        allocations_fail(n);
        const logit_status status = lg_pixels_encode(&pixels, LG_FILE_PNG, 0, &bytes, &err);
        allocations_fail(0);
        lg_bytes_clear(&bytes);
        ck_assert_msg(allocations_bytes() == before, "%d: %d bytes", n,
                      (int)(allocations_bytes() - before));
        if (status == LOGIT_OK) break;
        ck_assert_int_eq(status, LOGIT_E_NOMEM);
    }
    ck_assert_int_ge(n, 6);
}
END_TEST

/* ------------------------------------------------------------------------- a run read back --- */

static void begin_here(void)
{
    small_set_begin();
    ck_assert_int_eq(chdir(small_set_path(".")), 0);
}

static void write_text(const char *path, const char *text)
{
    const lg_piece piece = {text, strlen(text)};
    ck_assert_int_eq(lg_file_replace(path, &piece, 1, &err), LOGIT_OK);
}

START_TEST(a_run_is_read_back)
{
    lg_run run;
    ck_assert_int_eq(lg_folder_make("run", &err), LOGIT_OK);
    ck_assert_int_eq(lg_run_read(&run, "run", &err), LOGIT_E_IO);
    ck_assert_msg(strstr(err.message, "run/metrics.jsonl") != NULL, "%s", err.message);
    write_text("run/metrics.jsonl",
               "{\"type\":\"start\",\"data\":\"d\",\"classes\":3}\n"
               "{\"type\":\"epoch\",\"epoch\":1,\"setting\":0,\"lr\":0.5,\"l2\":0,"
               "\"train_loss\":2,\"val_loss\":null}\n"
               "{\"type\":\"epoch\",\"epoch\":1,\"setting\":2,\"lr\":0.25,\"l2\":1e-3}\n"
               "{\"type\":\"epoch\",\"epoch\":2,\"setting\":0,\"lr\":0.5,\"train_loss\":1}\n"
               "{\"type\":\"note\"}\n{\"type\":\"end\",\"setting\":2}\n{\"type\":\"ep");
    ck_assert_int_eq(lg_run_read(&run, "run", &err), LOGIT_OK);
    ck_assert_int_eq(run.settings, 3);
    ck_assert_int_eq(run.kept, 2);
    ck_assert_int_eq(run.other.count, 1);
    ck_assert_int_eq((int)run.setting[0].epoch.rows, 2);
    ck_assert_int_eq((int)run.setting[1].epoch.rows, 0);
    ck_assert_double_eq(run.setting[0].epoch.column[LG_RUN_TRAIN_LOSS][1], 1.0);
    ck_assert(isnan(run.setting[0].epoch.column[LG_RUN_VAL_LOSS][0]));
    ck_assert_double_eq(run.setting[2].l2, 1e-3);
    ck_assert_str_eq(lg_run_text(run.start, "data"), "d");
    lg_run_clear(&run);
    write_text("run/metrics.jsonl", "{\"type\":\"start\"}\nnonsense\n");
    ck_assert_int_eq(lg_run_read(&run, "run", &err), LOGIT_E_DATA);
    ck_assert_msg(strstr(err.message, "run/metrics.jsonl: line 2") != NULL, "%s", err.message);
}
END_TEST

Suite *lg_suite_report(void)
{
    Suite *suite = suite_create("report");
    TCase *tests = tcase_create("report");
    tcase_add_checked_fixture(tests, begin_here, small_set_end);
    tcase_add_loop_test(tests, text_is_safe_in_a_page, 0, sizeof words / sizeof *words);
    tcase_add_loop_test(tests, counts_are_cut_in_threes, 0, sizeof counts / sizeof *counts);
    tcase_add_test(tests, a_point_lies_where_its_numbers_say);
    tcase_add_test(tests, a_logarithmic_axis_is_one);
    tcase_add_test(tests, a_gap_breaks_the_line);
    tcase_add_test(tests, a_long_curve_keeps_its_ends_and_few_points);
    tcase_add_test(tests, many_curves_fit_a_page);
    tcase_add_test(tests, signs_have_their_colours);
    tcase_add_test(tests, a_picture_without_memory_is_an_error);
    tcase_add_test(tests, a_run_is_read_back);
    suite_add_tcase(suite, tests);
    return suite;
}
