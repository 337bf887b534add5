/* test_command_rows.c -- the command: rows of text in, lines out; a config out and in again; a
 * model for other programs.
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

/* What --print-config prints trains the same model to the bit, and trains nothing itself. */
START_TEST(a_printed_config_trains_the_same)
{
    expect(0, "set -e; cd \"$DIR\"; given='--lr 0.05 --epochs 3 --normalize unit --seed 4'\n"
              "LOGIT_BATCH_SIZE=7 \"$LOGIT\" train set --print-config $given >printed.ini\n"
              "test ! -e runs\n"
              "LOGIT_BATCH_SIZE=7 \"$LOGIT\" train set $given -o here -q\n"
              "\"$LOGIT\" train set --config printed.ini -o there -q\n"
              "cmp here/model.safetensors there/model.safetensors\n"
              "test $(diff here/config.ini there/config.ini | grep -c '^[<>] [^#]') = 0");
}
END_TEST

START_TEST(export_writes_what_its_name_says)
{
    expect(
        0,
        "set -e; cd \"$DIR\"; \"$LOGIT\" export run -o m.onnx; grep -q '^m.onnx: onnx, 192 inputs, "
        "2 "
        "classes' out; \"$LOGIT\" export run -o m.c -q; grep -q 'int logit_predict' m.c\n"
        "\"$LOGIT\" export run -o m --format c --prior dark=0.9 --temperature 2; grep -q prior m");
    expect(2, "\"$LOGIT\" export \"$DIR/run\" -o \"$DIR/m.c\"");
    expect(0, "\"$LOGIT\" export \"$DIR/run\" -o \"$DIR/m.c\" --force");
    expect(2, "\"$LOGIT\" export \"$DIR/run\"");
    expect(5, "\"$LOGIT\" export \"$DIR/nowhere\" -o \"$DIR/n.c\"");
    expect(5, "\"$LOGIT\" export \"$DIR/run\" -o \"$DIR/no/where.c\"");
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
    tcase_add_test(all, a_printed_config_trains_the_same);
    tcase_add_test(all, export_writes_what_its_name_says);
    suite_add_tcase(suite, all);
    return suite;
}
