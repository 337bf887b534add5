/* test_report_page.c -- how the page of a run is built, whatever the run was: that it is whole,
 * that its tables and charts can be read by eye and by ear, and that it needs nothing but itself.
 */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/allocations.h"
#include "tests/page_rig.h"
#include "tests/page_walk.h"
#include "tests/small_set.h"
#include "tests/train_rig.h"

#define LONG_NAME "Gavia immer <Great> & \"Northern\" Diver, in its winter plumage of 2026"

/* ------------------------------------------------------------------------------- the runs --- */

static void train_one(void)
{
    options.epochs = 3;
    options.batch_size = 32;
    options.log_steps = 1;
    train("idx", "run", LOGIT_OK, NULL);
}

static void train_grid(void)
{
    options.epochs = 2;
    options.lr = (logit_list){3, {0.3, 0.1, 0.03}};
    options.l2 = (logit_list){2, {0.0, 1e-4}};
    train("idx", "run", LOGIT_OK, NULL);
}

static void train_path(void)
{
    options.optimizer = "lbfgs";
    options.path = "l1:0.1,0.01,0";
    options.val_split = 0.2;
    train("idx", "run", LOGIT_OK, NULL);
}

static void train_folds(void)
{
    options.epochs = 2;
    options.folds = 3;
    options.lr = (logit_list){2, {0.1, 0.01}};
    train("idx", "run", LOGIT_OK, NULL);
}

static void train_long(void)
{
    char from[300];
    small_set_write_folder(small_set_path("photos"), 90, 3);
    snprintf(from, sizeof from, "%s", small_set_path("photos/c1"));
    ck_assert_int_eq(rename(from, small_set_path("photos/" LONG_NAME)), 0);
    options.epochs = 1;
    train("photos", "run", LOGIT_OK, NULL);
}

/* More classes than a matrix holds, and wrong samples of each. */
static void train_many(void)
{
    small_set_write_idx(small_set_path("many"), "train", 400, 40);
    small_set_write_idx(small_set_path("many"), "t10k", 240, 40);
    options.epochs = 1;
    train("many", "run", LOGIT_OK, NULL);
}

static void train_numbers(void)
{
    small_set_write_targets(small_set_path("numbers"), 120, 1);
    options.loss = "mse";
    options.epochs = 2;
    train("numbers", "run", LOGIT_OK, NULL);
}

static void train_compared(void)
{
    static const char lines[] =
        "{\"type\":\"start\",\"device_a\":\"cpu\",\"device_ref\":\"ref\"}\n"
        "{\"type\":\"stage\",\"stage\":\"pixels\",\"a\":\"cpu\",\"b\":\"ref\",\"count\":7000,"
        "\"equal\":3,\"outside\":0,\"absolute\":1.17e-7,\"relative\":0.5,\"ulps\":0.5,"
        "\"share\":0.9,\"signed_mean\":-2.3e-10}\n"
        "{\"type\":\"stage\",\"stage\":\"logits\",\"a\":\"cpu\",\"b\":\"ref\",\"count\":70,"
        "\"equal\":70,\"outside\":2,\"absolute\":0,\"relative\":null,\"ulps\":1922305.4,"
        "\"share\":0.01,\"signed_mean\":0.25}\n"
        "{\"type\":\"drift\",\"step\":1,\"loss_ref\":1,\"loss_a\":1,\"distance_a_ref\":1e-7}\n"
        "{\"type\":\"drift\",\"step\":2,\"loss_ref\":0.5,\"loss_a\":0.5,\"distance_a_ref\":2e-7}\n"
        "{\"type\":\"end\",\"sentence\":\"equal\"}\n";
    train_one();
    page_write("run/compare.jsonl", lines, sizeof lines - 1);
}

static void (*const runs[])(void) = {train_one,  train_grid, train_path,    train_folds,
                                     train_long, train_many, train_numbers, train_compared};
enum { RUNS = sizeof runs / sizeof *runs, NUMBERS = 6 /* has no table */ };

static char *page; /* of run _i */

static char *make_page(int run)
{
    runs[run]();
    return page_of("run");
}

/* ------------------------------------------------------------------------------ the whole --- */

START_TEST(every_tag_is_closed_in_its_place)
{
    enum { DEEPEST = 40 };
    static char open[DEEPEST][16];
    int depth = 0;
    page_tag tag;
    page = make_page(_i);
    for (const char *at = page; page_next_tag(&at, &tag);) {
        if (page_is_void(&tag)) continue;
        if (!tag.closes) {
            ck_assert_int_lt(depth, DEEPEST);
            snprintf(open[depth++], sizeof open[0], "%s", tag.name);
            continue;
        }
        ck_assert_msg(depth > 0 && strcmp(open[depth - 1], tag.name) == 0, "%.80s within <%s>",
                      tag.start, depth > 0 ? open[depth - 1] : "");
        depth--;
    }
    ck_assert_int_eq(depth, 0);
    free(page);
}
END_TEST

/* Nothing is fetched, and no script runs. */
START_TEST(it_stands_alone)
{
    page_tag tag;
    page = make_page(_i);
    ck_assert_ptr_null(strstr(page, "url("));
    ck_assert_ptr_null(strstr(page, "@import"));
    for (const char *at = page; page_next_tag(&at, &tag);) {
        const char *source = page_attribute(&tag, "src"), *to = page_attribute(&tag, "href");
        ck_assert_str_ne(tag.name, "script");
        ck_assert_msg(!source || strncmp(source, "data:image/png;", 15) == 0, "%s", source);
        ck_assert_msg(!to || *to == '#' || strcmp(to, "data:,") == 0, "%s", to);
        ck_assert_msg(strstr(tag.start, " on") == NULL ||
                          strstr(tag.start, " on") > tag.start + tag.size ||
                          page_attribute(&tag, "title") || page_attribute(&tag, "aria-label"),
                      "%.80s", tag.start);
    }
    free(page);
}
END_TEST

/* One h1, then an h2 to each section, whose list stands above them in the same order. */
START_TEST(headings_and_links_are_in_order)
{
    char links[2000] = "", sections[2000] = "";
    int headings = 0, in_section = 0;
    page_tag tag;
    page = make_page(_i);
    for (const char *at = page; page_next_tag(&at, &tag);) {
        const char *to = tag.closes ? NULL : page_attribute(&tag, "href");
        if (to && *to == '#') {
            strcat(strcat(links, to + 1), page_words(&tag));
            ck_assert_int_eq(headings, 1);
        }
        if (tag.closes) continue;
        if (strcmp(tag.name, "section") == 0) {
            strcat(sections, page_attribute(&tag, "id"));
            in_section = 1;
        }
        if (tag.name[0] != 'h' || !isdigit((unsigned char)tag.name[1])) continue;
        ck_assert_str_eq(tag.name, headings++ ? "h2" : "h1");
        ck_assert_int_eq(in_section, headings > 1);
        if (headings > 1) strcat(sections, page_words(&tag));
        in_section = 0;
    }
    ck_assert_int_ge(headings, 3);
    ck_assert_str_eq(*links || headings > 4 ? links : sections, sections);
    free(page);
}
END_TEST

START_TEST(pictures_say_what_they_are)
{
    page_tag tag;
    page = make_page(_i);
    for (const char *at = page; page_next_tag(&at, &tag);) {
        if (strcmp(tag.name, "img") != 0) continue;
        const char *alt = page_attribute(&tag, "alt");
        ck_assert_msg(alt && *alt, "%.80s", tag.start);
    }
    free(page);
}
END_TEST

/* ----------------------------------------------------------------------------- the tables --- */

/* 0: no number; else 1 + its decimals, or 100 + those of a number with a power of ten. */
static int decimals_of(const char *text, const char **end)
{
    size_t length = strspn(text + (*text == '-'), "0123456789,");
    int decimals = 0, power = 0;
    if (length == 0) return 0;
    text += length + (*text == '-');
    if (*text == '.') decimals = (int)strspn(++text, "0123456789");
    text += decimals;
    if (*text == 'e') power = 99;
    if (power) text += strcspn(text, " ");
    *end = text;
    return 1 + decimals + power;
}

enum { COLUMNS = 50 };

/* The decimals of what stands in a cell, against those of the cells above it. */
static void check_decimals(const char *words, int *known)
{
    const char *end;
    int decimals = decimals_of(words, &end);
    ck_assert_msg(decimals || *known == 0 || !*words || strcmp(words, "\xe2\x80\x93") == 0,
                  "%s is no number as the others are", words);
    if (!decimals) return;
    ck_assert_msg(*known == 0 || *known == decimals, "%s: %d for %d", words, decimals, *known);
    *known = decimals;
    if (strncmp(end, " &#177; ", 8) == 0) {
        ck_assert_int_eq(decimals_of(end + 8, &end), decimals);
    }
    ck_assert_msg(!*end || strcmp(end, " %") == 0 || strcmp(end, " (kept)") == 0, "%s", words);
}

/* Tables with a head: cells under each of its columns, with the decimals of their column. */
START_TEST(cells_fit_their_heads)
{
    int heads = 0, cells = 0, rows = 0, in_head = 0, known[COLUMNS];
    page_tag tag;
    page = make_page(_i);
    for (const char *at = page; page_next_tag(&at, &tag);) {
        const int is_cell = strcmp(tag.name, "th") == 0 || strcmp(tag.name, "td") == 0;
        if (strcmp(tag.name, "table") == 0) heads = 0;
        if (strcmp(tag.name, "thead") == 0) in_head = !tag.closes;
        if (strcmp(tag.name, "tr") == 0 && tag.closes && heads) {
            ck_assert_msg(in_head || cells == heads, "%d cells under %d heads before %.60s", cells,
                          heads, tag.start);
            rows += !in_head;
        }
        if (strcmp(tag.name, "tr") == 0) cells = 0;
        if (!is_cell || tag.closes) continue;
        const char *scope = page_attribute(&tag, "scope");
        ck_assert_msg(tag.name[1] == 'd' || (scope && strcmp(scope, in_head ? "col" : "row") == 0),
                      "%.80s", tag.start);
        if (in_head) ck_assert_int_lt(heads, COLUMNS);
        if (in_head) known[heads++] = 0;
        if (!in_head && heads) check_decimals(page_words(&tag), &known[cells++]);
    }
    ck_assert(rows >= (_i == NUMBERS ? 0 : 2));
    free(page);
}
END_TEST

/* Whatever is wider than the page is reached by keyboard, and has a name there. */
START_TEST(what_scrolls_is_in_reach)
{
    page_tag tag;
    int found = 0;
    page = make_page(_i);
    for (const char *at = page; page_next_tag(&at, &tag);) {
        const char *class = tag.closes ? NULL : page_attribute(&tag, "class");
        if (!class || strcmp(class, "scroll") != 0) continue;
        const char *name = page_attribute(&tag, "aria-label"),
                   *tab = page_attribute(&tag, "tabindex");
        ck_assert_msg(name && *name && tab && strcmp(tab, "0") == 0, "%.80s", tag.start);
        found++;
    }
    ck_assert(found >= (_i == NUMBERS ? 0 : 1));
    free(page);
}
END_TEST

/* ----------------------------------------------------------------------------- the charts --- */

/* What is written is not stretched with the curves, and the whole has a sentence. */
START_TEST(charts_are_words_too)
{
    int depth = 0, charts = 0, boxes = 0;
    page_tag tag;
    page = make_page(_i);
    for (const char *at = page; page_next_tag(&at, &tag);) {
        if (strcmp(tag.name, "svg") == 0) {
            depth += tag.closes ? -1 : 1;
            if (tag.closes) continue;
            const char *name = page_attribute(&tag, "aria-label");
            const char *role = page_attribute(&tag, "role");
            ck_assert_int_eq(page_attribute(&tag, "viewBox") != NULL, depth == 2);
            ck_assert_msg(depth == 2 || (name && strstr(name, ": ") && strstr(name, " by ")),
                          "%.80s", tag.start);
            ck_assert_msg(depth == 2 || (role && strcmp(role, "img") == 0), "%.80s", tag.start);
            charts += depth == 1;
            boxes += depth == 2;
        } else if (strcmp(tag.name, "text") == 0 || strcmp(tag.name, "circle") == 0) {
            ck_assert_int_eq(depth, 1);
        }
    }
    ck_assert_int_ge(charts, 2);
    ck_assert_int_eq(charts, boxes);
    ck_assert_int_eq(count_of(page, "<figure class=\"chart\"><figcaption>"), charts);
    free(page);
}
END_TEST

/* -------------------------------------------------------------------------- what is said --- */

START_TEST(an_interval_stays_on_its_line)
{
    page = make_page(0);
    ck_assert_int_eq(count_of(page, "<small><span class=\"whole\">"), 2);
    ck_assert_int_eq(count_of(page, "</span> <span class=\"whole\">(95 %)</span></small>"), 2);
    ck_assert_ptr_nonnull(strstr(page, "\n.whole{white-space:nowrap}"));
    free(page);
}
END_TEST

/* Squares are no nats; and lines within epochs are drawn where there are such. */
START_TEST(the_loss_has_its_unit)
{
    page = make_page(0);
    ck_assert_int_eq(count_of(page, ">nats per sample</text>"), 1);
    ck_assert_ptr_nonnull(strstr(page, "key c0 faint\">train, within epochs<"));
    free(page);
    options.log_steps = 9; /* of the 9 of an epoch: its end says the same */
    options.force = 1;
    train("idx", "run", LOGIT_OK, NULL);
    page = page_of("run");
    char *metrics = page_text("run/metrics.jsonl");
    ck_assert_int_eq(count_of(metrics, "\"type\":\"step\""), 3);
    free(metrics);
    ck_assert_ptr_null(strstr(page, "within epochs"));
    free(page);
    small_set_write_targets(small_set_path("numbers"), 120, 1);
    options.loss = "mse";
    train("numbers", "run", LOGIT_OK, NULL);
    page = page_of("run");
    ck_assert_int_eq(count_of(page, "nats"), 0);
    ck_assert_int_eq(count_of(page, ">half the squared error</text>"), 1);
    ck_assert_ptr_null(strstr(page, "within epochs"));
    free(page);
}
END_TEST

/* ------------------------------------------------------------------------- without memory --- */

/* One allocation fails, anywhere in the making: an error, or a page without some picture. */
START_TEST(without_memory_it_is_an_error)
{
    enum { TRIES = 150 };
    logit_report_options report;
    logit_error err;
    int failed = 0;
    if (allocations_count() < 0) return; /* a sanitizer's */
    logit_report_options_default(&report);
    free(make_page(_i));
    const char *run = small_set_path("run");
    const int64_t first = allocations_count();
    ck_assert_int_eq(logit_report(run, &report, &err), LOGIT_OK);
    const int64_t all = allocations_count() - first, step = all / TRIES + 1;
    for (int64_t n = 1; n <= all; n += step) {
        allocations_fail(n);
        const logit_status status = logit_report(run, &report, &err);
        allocations_fail(0);
        ck_assert_msg(status == LOGIT_OK || status == LOGIT_E_NOMEM, "%d: %s", (int)n, err.message);
        failed += status == LOGIT_E_NOMEM;
    }
    ck_assert_int_ge(failed, 60);
}
END_TEST

Suite *lg_suite_report_page(void);
Suite *lg_suite_report_page(void)
{
    Suite *suite = suite_create("report_page");
    TCase *tests = tcase_create("report");
    tcase_add_checked_fixture(tests, begin, small_set_end);
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, every_tag_is_closed_in_its_place, 0, RUNS);
    tcase_add_loop_test(tests, it_stands_alone, 0, RUNS);
    tcase_add_loop_test(tests, headings_and_links_are_in_order, 0, RUNS);
    tcase_add_loop_test(tests, pictures_say_what_they_are, 0, RUNS);
    tcase_add_loop_test(tests, cells_fit_their_heads, 0, RUNS);
    tcase_add_loop_test(tests, what_scrolls_is_in_reach, 0, RUNS);
    tcase_add_loop_test(tests, charts_are_words_too, 0, RUNS);
    tcase_add_test(tests, an_interval_stays_on_its_line);
    tcase_add_test(tests, the_loss_has_its_unit);
    tcase_add_loop_test(tests, without_memory_it_is_an_error, 0, RUNS);
    suite_add_tcase(suite, tests);
    return suite;
}
