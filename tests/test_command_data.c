/* test_command_data.c -- what `logit data` prints of copies, imbalance and bad files.
 *
 * Tests (suite command_data).  The counts themselves: test_describe.c. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>

#include "tests/command_rig.h"

Suite *lg_suite_command_data(void);

/* A set with three copies (one within train, one in test with another label, one in test) and two
 * bad files. */
static void setup(void)
{
    command_setup();
    expect(0, "set -e; cd \"$DIR\"; cp -r set odd; cd odd\n"
              "cp train/dark/000.ppm train/dark/copy.ppm\n"
              "cp train/dark/001.ppm test/light/leak.ppm\n"
              "cp train/light/002.ppm test/light/leak2.ppm\n"
              "head -c 100 train/dark/003.ppm >train/dark/cut.ppm; echo junk >test/dark/junk.jpg");
}

START_TEST(copies_are_shown_by_part_and_by_name)
{
    expect(0,
           "set -e; cd \"$DIR\"; \"$LOGIT\" data odd >text\n"
           "grep -qx '  duplicates  3 copies of an earlier image, 1 in another class' text\n"
           "grep -qx '    1 within train' text\n"
           "grep -qx '    2 of test are in train too: figures on test will look too good' text\n"
           "grep -qx '    odd/train/dark/copy.ppm = odd/train/dark/000.ppm' text\n"
           "grep -qx '    odd/test/light/leak.ppm = odd/train/dark/001.ppm (another class)' text\n"
           "grep -qx '    odd/test/light/leak2.ppm = odd/train/light/002.ppm' text\n"
           "\"$LOGIT\" data set | grep -qx '  duplicates  none'");
}
END_TEST

START_TEST(json_holds_everything)
{
    expect(0,
           "set -e; cd \"$DIR\"; \"$LOGIT\" data odd --format json >json\n"
           "for text in '\"duplicates\": {\"count\": 3, \"other_class\": 1, \"repeats\": "
           "[{\"part\": \"train\", \"in\": \"train\", \"count\": 1}, "
           "{\"part\": \"test\", \"in\": \"train\", \"count\": 2}]' "
           "'{\"name\": \"odd/test/light/leak.ppm\", \"first\": \"odd/train/dark/001.ppm\", "
           "\"part\": \"test\", \"in\": \"train\", \"other_class\": true}' "
           "'\"imbalance\": {\"ratio\": 1.0833333333333333, \"largest\": \"dark\", "
           "\"smallest\": \"light\"}' "
           "'\"bad\": 2, \"bad_samples\": [{\"name\": \"odd/train/dark/cut.ppm\", \"byte\": 100, '"
           "\ndo grep -qF \"$text\" json || { echo \"$text\"; exit 1; }; done");
}
END_TEST

/* Of 25 bad files and 25 copies 20 each, unless all are asked for. */
START_TEST(long_lists_are_cut)
{
    expect(0,
           "set -e; cd \"$DIR\"; cp -r set many; i=10; while [ $i -lt 35 ]; do\n"
           "echo junk >many/train/dark/junk$i.jpg\n"
           "cp many/train/dark/000.ppm many/train/dark/twin$i.ppm; i=$((i + 1)); done\n"
           "\"$LOGIT\" data many >short; \"$LOGIT\" data many -v >long\n"
           "test $(grep -c 'junk..[.]jpg:' short) = 20; test $(grep -c 'twin.* = ' short) = 20\n"
           "test $(grep -cx '    .. and 5 more; -v lists them' short) = 2\n"
           "test $(grep -c 'junk..[.]jpg:' long) = 25; test $(grep -c 'twin.* = ' long) = 25\n"
           "! grep -q 'and 5 more' long\n"
           "test $(\"$LOGIT\" data many --format json | grep -o 'junk..[.]jpg\", ' | wc -l) = 25");
}
END_TEST

START_TEST(strong_imbalance_has_a_word)
{
    expect(0, "set -e; cd \"$DIR\"; mkdir -p lop/a lop/b; cp set/train/dark/00?.ppm lop/a\n"
              "cp set/train/dark/01?.ppm lop/a; cp set/train/light/000.ppm lop/b\n"
              "\"$LOGIT\" data lop >text\n"
              "grep -qx '  imbalance   strong: a has 20 times the images of b; "
              "see --class-weight balanced' text\n"
              "cp set/train/light/00[1-4].ppm lop/b; \"$LOGIT\" data lop >text\n"
              "grep -qx '  imbalance   a has 4 times the images of b; "
              "see --class-weight balanced' text");
}
END_TEST

Suite *lg_suite_command_data(void)
{
    Suite *suite = suite_create("command_data");
    TCase *tcase = tcase_create("command_data");
    tcase_set_timeout(tcase, 60);
    tcase_add_unchecked_fixture(tcase, setup, command_teardown);
    tcase_add_test(tcase, copies_are_shown_by_part_and_by_name);
    tcase_add_test(tcase, json_holds_everything);
    tcase_add_test(tcase, long_lists_are_cut);
    tcase_add_test(tcase, strong_imbalance_has_a_word);
    suite_add_tcase(suite, tcase);
    return suite;
}
