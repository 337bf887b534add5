/* test_command_words.c -- what the command says to someone who is new to it.
 *
 * Tests (suite command_words). */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <signal.h>
#include <stdio.h>

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

/* Ctrl-C: what was measured before is there, whole, and the exit code says why it ended. */
START_TEST(a_bench_can_be_stopped) /* text, json */
{
    const char *const line[] = {
        "bench", "--device", "cpu", "--seconds", "0.02", _i ? "--format=json" : "-q", NULL};
    const char *name = _i ? "bench-json" : "bench-text";
    char out[64], check[400];
    const pid_t program = start(name, line);
    snprintf(out, sizeof out, "%s.out", name);
    await_text(out, "multiply-add");
    kill(program, SIGINT);
    ck_assert_int_eq(finish(program), 130);
    snprintf(check, sizeof check,
             "set -e; cd \"$DIR\"; cat %s.err; test \"$(cat %s.err)\" = 'logit: stopped; what was "
             "measured before stands above'\n! grep -q 'checkpoint' %s\n"
             "test %d = 0 || test \"$(tail -n 1 %s)\" = ']'",
             name, name, out, _i, out);
    expect(0, check);
}
END_TEST

/* An image, an array, or nothing in the place of the model: what it is, and what is wanted. */
START_TEST(what_is_no_model_is_told_what_one_is)
{
    expect(
        0,
        "cd \"$DIR\"; printf '\\211PNG\\r\\n\\032\\n' >image.png; cp image.png whole.png\n"
        "head -c 99 /dev/zero >>whole.png; printf 'PK\\003\\004zipfile' >a.npz\n"
        "is() { \"$LOGIT\" $2 2>err; test $? = $1 && grep -qF \"$3\" err && "
        "test $(wc -l <err) = 1 || { echo \"$2\"; cat err; exit 1; }; }\n"
        "wanted='(a MODEL is the folder of a run, such as runs/latest, or its model.safetensors)'\n"
        "for line in 'eval whole.png set' 'predict image.png x' 'explain whole.png x' "
        "'info whole.png' 'export whole.png -o x.onnx' 'loss whole.png set'; do\n"
        "is 4 \"$line\" \".png: is a PNG image, and no model $wanted [FORMAT]\"; done\n"
        "is 4 'info a.npz' 'a.npz: is a ZIP archive, as .npz and PyTorch files are, and no model'\n"
        "is 4 'info set/test/dark/000.ppm' '000.ppm: is a PPM image, and no model'\n"
        "is 5 'eval nothing-like-it set' "
        "\"nothing-like-it: there is no such file or folder $wanted\"\n"
        "is 5 'eval rum set' 'there is no such file or folder; did you mean run? (a MODEL is'");
}
END_TEST

START_TEST(a_set_of_other_classes_is_not_damaged)
{
    expect(
        0,
        "set -e; cd \"$DIR\"; mkdir -p other; cp -r set/test/dark other/dark\n"
        "cp -r set/test/light other/lamp; code=0; \"$LOGIT\" eval run other 2>err || code=$?\n"
        "test $code = 4; test \"$(cat err)\" = 'logit: other: 1 of its 2 classes is not known to "
        "the model: lamp.  Known are dark, light.  No file is damaged: rename or leave out what "
        "differs, or train on a set that has it'");
}
END_TEST

Suite *lg_suite_command_words(void)
{
    Suite *suite = suite_create("command_words");
    TCase *tcase = tcase_create("command_words");
    tcase_set_timeout(tcase, 60);
    tcase_add_unchecked_fixture(tcase, command_setup, command_teardown);
    tcase_add_test(tcase, no_gpu_is_a_short_word);
    tcase_add_loop_test(tcase, a_bench_can_be_stopped, 0, 2);
    tcase_add_test(tcase, what_is_no_model_is_told_what_one_is);
    tcase_add_test(tcase, a_set_of_other_classes_is_not_damaged);
    tcase_add_test(tcase, what_changes_nothing_is_said);
    suite_add_tcase(suite, tcase);
    return suite;
}
