/* test_report_style.c -- what the style sheet promises to eyes, fingers and paper.
 *
 * The colours are read from the sheet itself and held against WCAG 2.1: contrast of text at least
 * 4.5 (success criterion 1.4.3), of lines that say something at least 3 (1.4.11). */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/report_style.h"
#include "tests/page_rig.h"

typedef struct colour {
    double rgb[3]; /* 0 to 255 */
} colour;

/* The rules of a scheme: 0 light, 1 dark. */
static const char *scheme(int dark)
{
    const char *rules = strstr(lg_report_style, dark ? "(prefers-color-scheme:dark)" : ":root{");
    ck_assert_ptr_nonnull(rules);
    return rules;
}

static colour colour_of(int dark, const char *name)
{
    char mark[40];
    unsigned rgb = 0;
    snprintf(mark, sizeof mark, "--%s:", name);
    const char *at = strstr(scheme(dark), mark);
    ck_assert_ptr_nonnull(at);
    at += strlen(mark);
    colour c;
    if (*at != '#') {
        ck_assert_int_eq(sscanf(at, "%lf,%lf,%lf", &c.rgb[0], &c.rgb[1], &c.rgb[2]), 3);
        return c;
    }
    const int short_form = strspn(at + 1, "0123456789abcdef") == 3;
    ck_assert_int_eq(sscanf(at + 1, short_form ? "%3x" : "%6x", &rgb), 1);
    for (int i = 0; i < 3; i++)
        c.rgb[i] = short_form ? 17.0 * (rgb >> (8 - 4 * i) & 15) : rgb >> (16 - 8 * i) & 255;
    return c;
}

/* Relative luminance, as WCAG defines it. */
static double luminance(colour c)
{
    static const double weight[] = {0.2126, 0.7152, 0.0722};
    double sum = 0.0;
    for (int i = 0; i < 3; i++) {
        const double v = c.rgb[i] / 255.0;
        sum += weight[i] * (v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4));
    }
    return sum;
}

static double contrast(colour a, colour b)
{
    const double one = luminance(a), other = luminance(b);
    return (fmax(one, other) + 0.05) / (fmin(one, other) + 0.05);
}

static colour mixed(colour over, colour under, double share)
{
    for (int i = 0; i < 3; i++) over.rgb[i] = share * over.rgb[i] + (1.0 - share) * under.rgb[i];
    return over;
}

/* By the definition: white on black is 21, and #767676 on white the darkest grey that passes. */
START_TEST(contrast_is_what_wcag_says)
{
    const colour white = {{255, 255, 255}}, black = {{0, 0, 0}}, grey = {{118, 118, 118}};
    ck_assert_double_eq_tol(contrast(white, black), 21.0, 1e-9);
    ck_assert_double_eq_tol(contrast(grey, white), 4.54, 0.005);
    ck_assert_double_eq(colour_of(0, "card").rgb[1], 255.0);
    ck_assert_double_eq(colour_of(1, "cell").rgb[2], 170.0);
}
END_TEST

START_TEST(text_is_legible)
{
    static const char *const inks[] = {"ink", "soft", "mark"}, *const grounds[] = {"paper", "card"};
    for (int i = 0; i < 3; i++)
        for (int g = 0; g < 2; g++) {
            const double is = contrast(colour_of(_i, inks[i]), colour_of(_i, grounds[g]));
            ck_assert_msg(is >= 4.5, "%s on %s: %.2f", inks[i], grounds[g], is);
        }
    for (int share = 0; share <= 75; share++) { /* of a cell's colour: report_matrix.c */
        const colour ground = mixed(colour_of(_i, "cell"), colour_of(_i, "paper"), share / 100.0);
        const double is = contrast(colour_of(_i, "ink"), ground);
        ck_assert_msg(is >= 4.5, "a cell of %d %%: %.2f", share, is);
    }
}
END_TEST

START_TEST(lines_can_be_seen)
{
    for (int c = 0; c < 8; c++) {
        char name[8];
        snprintf(name, sizeof name, "c%d", c);
        const double is = contrast(colour_of(_i, name), colour_of(_i, "paper"));
        ck_assert_msg(is >= 3.0, "%s: %.2f", name, is);
    }
}
END_TEST

/* What the sheet says, and what stands in the head of the @media that it stands within. */
static const struct {
    const char *rule, *within; /* NULL: none */
} promises[] = {
    {"scroll-behavior", "prefers-reduced-motion:no-preference"},
    {"details::details-content{content-visibility:visible", "print"},
    {"color-scheme:light}", "print"},
    {"nav,summary{display:none}", "print"},
    {"break-inside:avoid", "print"},
    {"--paper:#14171a", "screen and (prefers-color-scheme:dark)"},
    {"vector-effect:non-scaling-stroke", NULL},
    {".scroll{overflow-x:auto", NULL},
    {"font-variant-numeric:tabular-nums;margin:.5rem 0", NULL},
    {"tr>:first-child{position:sticky;left:0", NULL},
    {":focus-visible{outline:", NULL},
};

/* Braces that are open at a place: 0 outside of any rule. */
static int depth_at(const char *at)
{
    int depth = 0;
    for (const char *c = lg_report_style; c < at; c++) depth += (*c == '{') - (*c == '}');
    return depth;
}

START_TEST(the_sheet_holds_it)
{
    const char *at = strstr(lg_report_style, promises[_i].rule), *media = NULL, *next;
    ck_assert_ptr_nonnull(at);
    for (const char *c = lg_report_style; (next = strstr(c, "@media")) && next < at; c = next + 1)
        media = next;
    const int starts_rule = strchr(promises[_i].rule, '{') != NULL;
    const int within = depth_at(at) - !starts_rule > 0;
    ck_assert_int_eq(within && media, promises[_i].within != NULL);
    if (!promises[_i].within) return;
    const char *rule = strstr(media, promises[_i].within);
    ck_assert_msg(rule && rule < strchr(media, '{'), "%.60s", media);
}
END_TEST

START_TEST(braces_are_even_and_nothing_moves)
{
    ck_assert_int_eq(depth_at(lg_report_style + strlen(lg_report_style)), 0);
    ck_assert_int_eq(count_of(lg_report_style, "animation"), 0);
    ck_assert_int_eq(count_of(lg_report_style, "transition"), 0);
    ck_assert_int_eq(count_of(lg_report_style, "<"), 0);
}
END_TEST

Suite *lg_suite_report_style(void);
Suite *lg_suite_report_style(void)
{
    Suite *suite = suite_create("report_style");
    TCase *tests = tcase_create("report");
    tcase_add_test(tests, contrast_is_what_wcag_says);
    tcase_add_loop_test(tests, text_is_legible, 0, 2);
    tcase_add_loop_test(tests, lines_can_be_seen, 0, 2);
    tcase_add_loop_test(tests, the_sheet_holds_it, 0, sizeof promises / sizeof *promises);
    tcase_add_test(tests, braces_are_even_and_nothing_moves);
    suite_add_tcase(suite, tests);
    return suite;
}
