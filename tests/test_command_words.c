/* test_command_words.c -- what the command says to someone who is new to it.
 *
 * Tests (suite command_words). */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/command_rig.h"
#include "tests/npy_bytes.h"
#include "tests/small_set.h"

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

/* A row of lbfgs is a pass, and is called that; of the others an epoch. */
START_TEST(rounds_have_their_name)
{
    expect(
        0,
        "set -e; cd \"$DIR\"; \"$LOGIT\" train set -o passes --force --epochs 3 --optimizer lbfgs "
        "--progress plain >text 2>err\n"
        "grep -qE '^  +pass  train loss   val loss    val acc    images/s  seconds$' text\n"
        "! grep -q 'epoch ' text err\n"
        "\"$LOGIT\" train set -o passes --force --epochs 2 >text\n"
        "grep -qE '^ +epoch  train loss ' text; ! grep -q 'pass ' text");
}
END_TEST

/* Vectors are no images. */
START_TEST(features_are_called_samples)
{
    expect(0, "set -e; cd \"$DIR\"; \"$LOGIT\" train f32 -o vectors --force --epochs 2 >train\n"
              "\"$LOGIT\" train f32 -o vectors --force --epochs 2 --lr 1,2 >grid\n"
              "\"$LOGIT\" eval vectors f32 >eval; \"$LOGIT\" data f32 >data\n"
              "grep -q '  samples/s  ' train; grep -q '  samples/s  ' grid\n"
              "grep -q '^f32, all: 300 samples, ' eval; grep -qE '^  class +samples ' eval\n"
              "grep -q '^next: logit predict vectors FILE.npy$' eval\n"
              "grep -q 'none, each class has 100 samples$' data; ! grep -l image train grid eval "
              "data");
}
END_TEST

/* What stands beside the samples, where it is no class. */
START_TEST(data_says_what_the_targets_are)
{
    expect(
        0,
        "set -e; cd \"$DIR\"; \"$LOGIT\" data \"$SOFT\" >soft; \"$LOGIT\" data \"$NUMBERS\" "
        ">numbers\n"
        "grep -q ': 60 images in 3 classes (soft targets: counted by the likeliest), format idx' "
        "soft\n"
        "grep -q ': 60 images, targets are numbers, format idx' numbers\n"
        "\"$LOGIT\" data \"$SOFT\" --format json | grep -q '\"targets\": \"soft\"'\n"
        "\"$LOGIT\" data \"$NUMBERS\" --format json | grep -q '\"targets\": \"numbers\"'\n"
        "\"$LOGIT\" data set --format json | grep -q '\"targets\": \"classes\"'\n"
        "\"$LOGIT\" data set | head -1 | grep -q ' in 2 classes, format folder'");
}
END_TEST

/* One bias is a NaN, with either sign: the loss is "nan", and why is said where the figures are. */
START_TEST(a_model_that_is_not_finite_is_told) /* the sign */
{
    char line[1200];
    snprintf(
        line, sizeof line,
        "set -e; cd \"$DIR\"; mkdir -p nan%d; cp run/model.safetensors nan%d; cd nan%d\n"
        "head=$(od -An -tu8 -N8 model.safetensors)\n"
        "at=$(tail -c +9 model.safetensors | head -c $head | "
        "sed -E 's/.*\"bias\"[^}]*\"data_offsets\": *.([0-9]+),.*/\\1/')\n"
        "printf '\\000\\000\\300\\%s' | dd of=model.safetensors bs=1 conv=notrunc "
        "seek=$((8 + head + at)) 2>dd\n"
        "cd ..; \"$LOGIT\" loss nan%d set >text 2>err; cat text err\n"
        "grep -qx 'logit: warning: the model is not finite: 1 of its weights is nan or infinite' "
        "err\n"
        "grep -qx '  16 of the 16 losses are not finite: nor is the model, in 1 of its weights' "
        "text\n"
        "! grep -q -e '-nan' text; test $(grep -c ' nan' text) -ge 7\n"
        "\"$LOGIT\" loss nan%d set --format json 2>err | grep -q '\"stable_not_finite\": 16,'",
        _i, _i, _i, _i ? "377" : "177", _i, _i);
    expect(0, line);
}
END_TEST

/* Of a model that is nowhere near the optimum nothing is proven: 1200 predictions, 1000 listed. */
START_TEST(verify_lists_a_thousand_and_counts_all)
{
    small_set_write_idx(small_set_path("many"), "train", 1200, 3);
    setenv("MANY", small_set_path("many"), 1);
    expect(0,
           "cd \"$DIR\"; \"$LOGIT\" train \"$MANY\" --l2 1e-3 --epochs 1 --val-split 0 -o far -q "
           "|| exit 9\n"
           "\"$LOGIT\" verify far \"$MANY\" --format json >few 2>err; test $? = 1 || exit 9\n"
           "\"$LOGIT\" verify far \"$MANY\" --format json -v >all 2>err; set -e\n"
           "n=$(sed 's/.*\"not_proven_count\": \\([0-9]*\\),.*/\\1/' few); test $n -gt 1000\n"
           "test $(grep -o '\"margin\"' few | wc -l) = 1000\n"
           "test $(grep -o '\"margin\"' all | wc -l) = $n; grep -q \"_count\\\": $n,\" all");
}
END_TEST

static void setup(void)
{
    tree here = {0};
    command_setup();
    small_set_begin();
    small_set_write_targets(small_set_path("numbers"), 60, 1);
    small_set_write_targets(small_set_path("soft"), 60, 3);
    setenv("SOFT", small_set_path("soft"), 1);
    setenv("NUMBERS", small_set_path("numbers"), 1);
    snprintf(here.root, sizeof here.root, "%s", getenv("DIR"));
    npy_write(&here, "f32/X", LG_ELEMENT_F32, NPY_COUNT);
}

static void teardown(void)
{
    small_set_end();
    command_teardown();
}

Suite *lg_suite_command_words(void)
{
    Suite *suite = suite_create("command_words");
    TCase *tcase = tcase_create("command_words");
    tcase_set_timeout(tcase, 60);
    tcase_add_unchecked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, no_gpu_is_a_short_word);
    tcase_add_loop_test(tcase, a_bench_can_be_stopped, 0, 2);
    tcase_add_test(tcase, what_is_no_model_is_told_what_one_is);
    tcase_add_test(tcase, a_set_of_other_classes_is_not_damaged);
    tcase_add_test(tcase, rounds_have_their_name);
    tcase_add_test(tcase, features_are_called_samples);
    tcase_add_test(tcase, data_says_what_the_targets_are);
    tcase_add_loop_test(tcase, a_model_that_is_not_finite_is_told, 0, 2);
    tcase_add_test(tcase, verify_lists_a_thousand_and_counts_all);
    tcase_add_test(tcase, what_changes_nothing_is_said);
    suite_add_tcase(suite, tcase);
    return suite;
}
