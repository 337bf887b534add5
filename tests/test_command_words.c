/* test_command_words.c -- what the command says to someone who is new to it.
 *
 * Tests (suite command_words). */
/* SPDX-License-Identifier: MIT */
#include <check.h>

#include "tests/command_rig.h"

Suite *lg_suite_command_words(void);

/* What stands in the environment serves many verbs: what this one has no use for is said. */
START_TEST(what_changes_nothing_is_said)
{
    expect(
        0,
        "set -e; cd \"$DIR\"; LOGIT_TOLERANCE=1e-3 \"$LOGIT\" train set -o said --epochs 1 2>err\n"
        "grep -q '^logit: LOGIT_TOLERANCE: only --optimizer lbfgs ends by it' err\n"
        "\"$LOGIT\" train set -o said --force --epochs 2 --optimizer lbfgs --batch-size 8 2>err\n"
        "grep -q '^logit: --batch-size: gd and lbfgs see all images' err\n"
        "\"$LOGIT\" train --config said/config.ini set -o said --force -q 2>err\n"
        "! grep -q 'batch-size' err");
}
END_TEST

/* A plug-in that no GPU answers: one short line, and none before an error about a path. */
START_TEST(no_gpu_is_a_short_word)
{
    expect(0, "cd \"$DIR\"; mkdir -p broken; echo text >broken/liblogit-cuda.so\n"
              "export LOGIT_PLUGIN_DIR=\"$DIR/broken\"\n"
              "for line in 'train nowhere' 'eval run nowhere' 'compare nowhere' 'loss run nowhere' "
              "'explain run nowhere' 'verify run nowhere'; do \"$LOGIT\" $line >/dev/null 2>err\n"
              "test $? = 5 && test $(wc -l <err) = 1 && grep -q nowhere err || "
              "{ echo \"$line\"; cat err; exit 1; }; done\n"
              "set -e; \"$LOGIT\" eval run set 2>err >/dev/null; test $(wc -l <err) = 1\n"
              "grep -q '^logit: no GPU is used: the plug-in cannot be loaded' err\n"
              "! grep -q 'build the plug-in again' err\n"
              "\"$LOGIT\" eval run set -v 2>&1 >/dev/null | grep -q 'build the plug-in again'");
}
END_TEST

Suite *lg_suite_command_words(void)
{
    Suite *suite = suite_create("command_words");
    TCase *tcase = tcase_create("command_words");
    tcase_set_timeout(tcase, 60);
    tcase_add_unchecked_fixture(tcase, command_setup, command_teardown);
    tcase_add_test(tcase, no_gpu_is_a_short_word);
    tcase_add_test(tcase, what_changes_nothing_is_said);
    suite_add_tcase(suite, tcase);
    return suite;
}
