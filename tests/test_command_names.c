/* test_command_names.c -- names of any bytes go through the whole command: classes, files, labels
 * of ten thousand letters; what programs read stays JSON and UTF-8.
 *
 * Tests (suite command_names).  What the listing makes of such names: tests/test_folder_disk.c. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/command_rig.h"

Suite *lg_suite_command_names(void);

/* Options, blanks, control bytes, whole and broken UTF-8, quotes, what printf or a shell takes. */
static const char *const names[] = {"-rf",
                                    "--help",
                                    " ",
                                    "new\nline",
                                    "tab\there",
                                    "\x1b[31m",
                                    "\x01\x7f",
                                    "\xff\xfe",
                                    "caf\xe9",
                                    "caf\xc3\xa9",
                                    "\xed\xa0\x80",
                                    "\xf4\x90\x80\x80",
                                    "\xc0\xaf",
                                    "\xf0\x9f\x90\xb1",
                                    "%s%n",
                                    "a,b",
                                    "q\"uote",
                                    "back\\slash",
                                    "$(id)",
                                    "null"};
enum { NAMES = sizeof names / sizeof *names, EACH = 3 };

/* $DIR/odd: a class folder of each name, a file of each name in it. */
static void make_odd(void)
{
    char path[700];
    const char *dir = getenv("DIR");
    snprintf(path, sizeof path, "%s/odd", dir);
    if (mkdir(path, 0777) != 0) return; /* made before */
    for (int c = 0; c < NAMES; c++) {
        snprintf(path, sizeof path, "%s/odd/%s", dir, names[c]);
        ck_assert_int_eq(mkdir(path, 0777), 0);
        for (int i = 0; i < EACH; i++) {
            snprintf(path, sizeof path, "%s/odd/%s/%s%d.ppm", dir, names[c], names[(c + i) % NAMES],
                     i);
            draw_image(path, 10 + 12 * c, 100 * c + i);
        }
    }
}

/* 1 if text is UTF-8 by Unicode's table 3-7: no surrogates, no overlong forms, nothing above
 * 10FFFF. */
static int is_utf8(const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
    while (*s) {
        const int more = *s < 0x80                  ? 0
                         : *s >= 0xc2 && *s <= 0xdf ? 1
                         : *s >= 0xe0 && *s <= 0xef ? 2
                         : *s >= 0xf0 && *s <= 0xf4 ? 3
                                                    : -1;
        if (more < 0) return 0;
        if ((*s == 0xe0 && s[1] < 0xa0) || (*s == 0xed && s[1] > 0x9f) ||
            (*s == 0xf0 && s[1] < 0x90) || (*s == 0xf4 && s[1] > 0x8f))
            return 0;
        for (int i = 1; i <= more; i++)
            if ((s[i] & 0xc0) != 0x80) return 0;
        s += 1 + more;
    }
    return 1;
}

/* $DIR/name as JSON: one value, or with `lines` one per line; returns how many. */
static int count_json(const char *name, int lines)
{
    int count = 0;
    char *text = text_of(name), *rest = text;
    ck_assert_msg(is_utf8(text), "%s is not UTF-8", name);
    while (rest && *rest) {
        char *end = lines ? strchr(rest, '\n') : NULL;
        if (end) *end = '\0';
        cJSON *json = cJSON_ParseWithOpts(rest, NULL, 1);
        ck_assert_msg(json != NULL, "%s is not JSON: %.200s", name, rest);
        cJSON_Delete(json);
        rest = end ? end + 1 : NULL;
        count++;
    }
    free(text);
    return count;
}

START_TEST(everything_for_programs_stays_json)
{
    make_odd();
    expect(0, "set -e; cd \"$DIR\"\n"
              "\"$LOGIT\" train odd -o odd-run --force --epochs 2 --val-split 0.3 --format json "
              ">train.json\n"
              "cp odd-run/metrics.jsonl .\n"
              "\"$LOGIT\" data odd --format json >data.json\n"
              "\"$LOGIT\" eval odd-run odd --format json >eval.json\n"
              "find odd -name '*.ppm' -print0 >list\n"
              "\"$LOGIT\" predict odd-run -0 - --format json --top 20 <list >predict.json\n"
              "\"$LOGIT\" predict odd-run -0 - --format csv <list >predict.csv");
    ck_assert_int_eq(count_json("train.json", 0), 1);
    ck_assert_int_eq(count_json("data.json", 0), 1);
    ck_assert_int_eq(count_json("eval.json", 0), 1);
    ck_assert_int_eq(count_json("predict.json", 0), 1);
    ck_assert_int_ge(count_json("metrics.jsonl", 1), 4);
    expect(0, "test \"$(tr -dc '\\r' <\"$DIR/predict.csv\" | wc -c)\" = 61"); /* a head, 60 rows */
}
END_TEST

/* Bad ones are named too: in JSON, and in messages without a control byte. */
START_TEST(bad_files_are_named_in_json_and_escaped_in_text)
{
    char path[700];
    make_odd();
    expect(0, "rm -rf \"$DIR/odder\"; cp -r \"$DIR/odd\" \"$DIR/odder\"");
    for (int c = 0; c < NAMES; c++) {
        snprintf(path, sizeof path, "%s/odder/%s/z%s.ppm", getenv("DIR"), names[c], names[c]);
        FILE *file = fopen(path, "w");
        ck_assert_ptr_nonnull(file);
        fclose(file);
    }
    expect(0, "set -e; cd \"$DIR\"; \"$LOGIT\" data odder --format json >bad.json\n"
              "\"$LOGIT\" data odder >bad.text");
    ck_assert_int_eq(count_json("bad.json", 0), 1);
    expect(4, "cd \"$DIR\"; \"$LOGIT\" train odder -o odder-run");
    static const char *const texts[] = {"bad.text", "err"};
    for (int i = 0; i < 2; i++) {
        char *text = text_of(texts[i]);
        ck_assert_msg(is_utf8(text), "%s is not UTF-8", texts[i]);
        for (const char *at = text; *at; at++)
            ck_assert_msg((unsigned char)*at >= 0x20 ? *at != 0x7f : *at == '\n',
                          "%s: a control byte", texts[i]);
        free(text);
    }
}
END_TEST

/* A class name as long as --classes and a model file take it; folders end at 255 bytes. */
START_TEST(a_label_of_ten_thousand_letters)
{
    expect(
        0,
        "set -e; cd \"$DIR\"; long=$(head -c 250 /dev/zero | tr '\\0' L)\n"
        "rm -rf long; mkdir long; cp -r set/train/dark long/$long; cp -r set/train/light long/b\n"
        "\"$LOGIT\" train long -o long-run --force -q; \"$LOGIT\" data long --format json "
        ">long.json\n"
        "\"$LOGIT\" predict long-run long/$long/000.ppm --format json >long-guess.json\n"
        "\"$LOGIT\" predict long-run long/$long/000.ppm >said; grep -q LLL said");
    ck_assert_int_eq(count_json("long.json", 0), 1);
    ck_assert_int_eq(count_json("long-guess.json", 0), 1);
    expect(2, "cd \"$DIR\"; \"$LOGIT\" train set -o label-run "
              "--classes \"$(head -c 10000 /dev/zero | tr '\\0' L),dark\"");
}
END_TEST

Suite *lg_suite_command_names(void)
{
    Suite *suite = suite_create("command_names");
    TCase *tests = tcase_create("names");
    tcase_set_timeout(tests, 120);
    tcase_add_unchecked_fixture(tests, command_setup, command_teardown);
    tcase_add_test(tests, everything_for_programs_stays_json);
    tcase_add_test(tests, bad_files_are_named_in_json_and_escaped_in_text);
    tcase_add_test(tests, a_label_of_ten_thousand_letters);
    suite_add_tcase(suite, tests);
    return suite;
}
