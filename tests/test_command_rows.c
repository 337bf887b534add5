/* test_command_rows.c -- the command: rows of text in, lines out.
 *
 * Tests (suite command_rows). */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/command_rig.h"

Suite *lg_suite_command_rows(void);

/* The images' own pixels as rows: a model of their size sees the same, from a file and from
 * standard input, a line for a line. */
START_TEST(predict_reads_rows)
{
    expect(
        0,
        "set -e; cd \"$DIR\"; images=$(ls set/test/*/*.ppm); rm -f r.csv\n"
        "for i in $images; do tail -c 192 $i | od -An -v -tu1 -w192 | sed 's/^ *//; s/  */,/g' "
        ">>r.csv; done\n"
        "sed 's/.*/{\"pixels\": [&]}/' r.csv >r.jsonl\n"
        "\"$LOGIT\" predict run $images --format csv | cut -d, -f2- >want\n"
        "\"$LOGIT\" predict run r.csv --format csv | cut -d, -f2- | cmp - want\n"
        "\"$LOGIT\" predict run - --input csv --format csv <r.csv >stdin\n"
        "cut -d, -f2- stdin | cmp - want; sed -n 2p stdin | grep -q '^-:1,'\n"
        "cat r.jsonl | \"$LOGIT\" predict run - --input jsonl --format csv | cut -d, -f2- | cmp - "
        "want\n"
        "ls $images | sed 's/.*/{\"path\": \"&\"}/' | \"$LOGIT\" predict run - --input jsonl "
        "--format jsonl --top 2 >lines; test $(wc -l <lines) = 16\n"
        "\"$LOGIT\" predict run $images --format json --top 2 | sed 's/^ //; s/,$//' | grep '^{' | "
        "cmp - lines");
}
END_TEST

START_TEST(predict_says_which_row_is_bad)
{
    expect(0, "cd \"$DIR\"; for i in 1 2 3 4; do yes 7 | head -n 192 | paste -sd,; done >r.csv");
    expect(
        4,
        "cd \"$DIR\"; sed '3s/^/999,/' r.csv | \"$LOGIT\" predict run - --input csv --format csv");
    char *out = text_of("out"), *err = text_of("err");
    ck_assert_ptr_nonnull(strstr(err, "logit: -:3: 193 values, expected 192 (pixels of 8x8x3"));
    ck_assert_ptr_nonnull(strstr(err, "1 of 4 samples could not be read"));
    ck_assert_ptr_nonnull(strstr(out, "\r\n-:4,"));
    free(out);
    free(err);
    expect(
        0,
        "cd \"$DIR\"; sed '3s/^/999,/' r.csv | \"$LOGIT\" predict run - --input csv --on-bad skip "
        "--format csv >rows; test $(wc -l <rows) = 4; grep -q 'warning: -:3: 193' err");
    expect(
        5,
        "cd \"$DIR\"; echo '{\"path\": \"nowhere.ppm\"}' | \"$LOGIT\" predict run - --input jsonl "
        "--on-bad skip");
    expect(2, "\"$LOGIT\" predict \"$DIR/run\" -0 - --input csv");
    expect(5, "\"$LOGIT\" predict \"$DIR/run\" \"$DIR/nowhere.csv\"");
    expect(5, "\"$LOGIT\" predict \"$DIR/run\" - --input csv <\"$DIR\"");
}
END_TEST

Suite *lg_suite_command_rows(void)
{
    Suite *suite = suite_create("command_rows");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 60);
    tcase_add_unchecked_fixture(all, command_setup, command_teardown);
    tcase_add_test(all, predict_reads_rows);
    tcase_add_test(all, predict_says_which_row_is_bad);
    suite_add_tcase(suite, all);
    return suite;
}
