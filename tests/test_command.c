/* test_command.c -- the built command from outside: what it prints, and how it ends.
 *
 * Tests (suite command).  Everything runs in the shell, as people run it, on a set of PPM images
 * that the tests write themselves. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <cjson/cJSON.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/command_rig.h"

Suite *lg_suite_command(void);

/* ----------------------------------------------------------------------------- exit codes --- */

static const struct {
    int code;
    const char *line, *says; /* on standard error, somewhere */
} endings[] = {
    {0, "\"$LOGIT\"", ""},
    {0, "\"$LOGIT\" --version", ""},
    {0, "\"$LOGIT\" train --help", ""},
    {0, "\"$LOGIT\" help eval", ""},
    {2, "\"$LOGIT\" trian x", "\"trian\" is not a command; did you mean logit train?"},
    {2, "\"$LOGIT\" help trian", "did you mean logit help train?"},
    {2, "\"$LOGIT\" --epochs 3 train x", "--epochs stands before the command"},
    {2, "\"$LOGIT\" train", "DATA is missing"},
    {2, "\"$LOGIT\" train x --leraning-rate 1", "did you mean --lr?"},
    {2, "\"$LOGIT\" train x --epochs ten", "--epochs: found \"ten\", expected a whole number"},
    {2, "LOGIT_EPOCHS=ten \"$LOGIT\" train x", "LOGIT_EPOCHS (environment): found \"ten\""},
    {2, "\"$LOGIT\" train \"$DIR/set\" -o \"$DIR/run\"", "run"}, /* it is not empty */
    {2, "cd \"$DIR/set\"; \"$LOGIT\" train .", "inside the data set"},
    {4,
     "mkdir -p \"$DIR/one\" && cp -r \"$DIR/set/train/dark\" \"$DIR/one\" && "
     "\"$LOGIT\" train \"$DIR/one\" -o \"$DIR/run1\"",
     "class"},
    {4,
     "cp -r \"$DIR/set\" \"$DIR/bad\" && echo junk >\"$DIR/bad/train/dark/zzz.ppm\" && "
     "\"$LOGIT\" train \"$DIR/bad\" -o \"$DIR/run2\"",
     "zzz.ppm"},
    {4, "\"$LOGIT\" eval \"$DIR/set/test/dark/000.ppm\" \"$DIR/set\"", "000.ppm"},
    {5, "\"$LOGIT\" train \"$DIR/nowhere\"", "nowhere"},
    {5, "\"$LOGIT\" eval \"$DIR/nowhere\" \"$DIR/set\"", "nowhere"},
    {5, "\"$LOGIT\" eval \"$DIR/run\" \"$DIR/nowhere\"", "nowhere"},
    {5, "\"$LOGIT\" predict \"$DIR/nowhere\" x", "nowhere"},
    {5, "\"$LOGIT\" data \"$DIR/nowhere\"", "nowhere"},
    {5, "\"$LOGIT\" train \"$DIR/set\" --config \"$DIR/nowhere\"", "nowhere"},
    {5, "\"$LOGIT\" help train >/dev/full", "standard output"},
    {5, "\"$LOGIT\" info >/dev/full", "standard output"},
    {5, "\"$LOGIT\" data \"$DIR/set\" >/dev/full", "standard output"},
    {5, "\"$LOGIT\" eval \"$DIR/run\" \"$DIR/set\" --format json >/dev/full", "standard output"},
    {5, "\"$LOGIT\" predict \"$DIR/run\" \"$DIR/set/test/dark/000.ppm\" >/dev/full",
     "standard output"},
    {5, "\"$LOGIT\" train \"$DIR/set\" -o \"$DIR/run3\" >/dev/full", "standard output"},
    {5, "\"$LOGIT\" train \"$DIR/set\" -o \"$DIR/run6\" >&-", "standard output"},
    {5, "\"$LOGIT\" eval \"$DIR/run\" \"$DIR/set\" >&-", "standard output"},
    {5, "\"$LOGIT\" train \"$DIR/set\" -o /dev/null/x", "/dev/null"},
    {6, "\"$LOGIT\" train \"$DIR/set\" -o \"$DIR/run4\" --device cuda:99", "cuda"},
    {7, "\"$LOGIT\" train \"$DIR/set\" -o \"$DIR/run5\" --optimizer sgd --lr 3 --l2 1e30",
     "learning rate 3"},
};

START_TEST(every_ending_has_its_code_and_its_reason)
{
    expect(endings[_i].code, endings[_i].line);
    char *err = text_of("err");
    ck_assert_msg(strstr(err, endings[_i].says) != NULL, "\"%s\" is not in: %s", endings[_i].says,
                  err);
    if (endings[_i].code) ck_assert_int_eq(strncmp(err, "logit: ", 7), 0);
    free(err);
}
END_TEST

START_TEST(where_an_error_arose_is_said_on_request)
{
    expect(5, "\"$LOGIT\" eval \"$DIR/nowhere\" \"$DIR/set\" -v && false");
    expect(0, "\"$LOGIT\" eval \"$DIR/nowhere\" \"$DIR/set\" -v 2>&1 | grep -q '\\.c:[0-9]*)$'");
    expect(1, "\"$LOGIT\" eval \"$DIR/nowhere\" \"$DIR/set\" 2>&1 | grep -q '\\.c:[0-9]*)$'");
}
END_TEST

/* ------------------------------------------------------------------------------------ train --- */

START_TEST(train_shows_the_run_and_ends_with_its_figures)
{
    expect(0, "\"$LOGIT\" train \"$DIR/set\" -o \"$DIR/shown\" --epochs 3");
    expect(0,
           "set -e; cd \"$DIR\"; \"$LOGIT\" train set -o shown --force --epochs 3 >said\n"
           "for word in images plan model objective optimizer device folder; do\n"
           "    grep -q \"^  $word  *[^ ]\" said; done\n"
           "test \"$(grep -cE '^ +[0-9]+ ' said)\" = 3\n"
           "grep -qE '^test: accuracy [01]\\.[0-9]{4}, loss [0-9]+\\.[0-9]{4}, 16 images$' said\n"
           "grep -q '^model: shown/model.safetensors ' said\n"
           "test \"$(tail -n 1 said)\" = 'next: logit eval shown set'\n"
           "test -s shown/model.safetensors; test -s shown/metrics.jsonl");
}
END_TEST

START_TEST(quiet_leaves_the_result_alone)
{
    expect(0, "set -e; cd \"$DIR\"; \"$LOGIT\" train set -o quiet --epochs 3 -q >said 2>noise\n"
              "test ! -s noise; test \"$(wc -l <said)\" = 1; grep -q '^test: accuracy ' said\n"
              "\"$LOGIT\" eval quiet set -q >said 2>noise\n"
              "test ! -s noise; ! grep -q next: said");
}
END_TEST

START_TEST(a_run_is_repeated_from_its_config_to_the_bit)
{
    expect(0, "set -e; cd \"$DIR\"\n"
              "\"$LOGIT\" train set -o first -q --epochs 4 --seed 3 --l2 1e-3 --batch-size 10 "
              "--optimizer sgd --momentum 0.9 --label-smoothing 0.1 --size 6x5\n"
              "\"$LOGIT\" train set -o second -q --config first/config.ini\n"
              "cmp first/model.safetensors second/model.safetensors\n"
              "sed 's/first/second/' first/config.ini | cmp - second/config.ini\n"
              "\"$LOGIT\" train set -o third -q --config first/config.ini --seed 4\n"
              "! cmp -s first/model.safetensors third/model.safetensors\n"
              "\"$LOGIT\" eval second set --config first/config.ini -q");
}
END_TEST

START_TEST(bad_images_can_be_left_out)
{
    expect(0, "set -e; cd \"$DIR\"; cp -r set holed; echo junk >holed/train/dark/zzz.ppm\n"
              "\"$LOGIT\" train holed -o lax -q --on-bad skip --max-bad 0.5 2>noise\n"
              "grep -q 'warning: 1 bad image' noise");
}
END_TEST

START_TEST(a_folder_in_use_is_exit_8)
{
    const char *words[] = {"train", NULL, "-o", NULL, "--epochs", "1000000", NULL};
    char set[128], run[128];
    snprintf(set, sizeof set, "%s/set", getenv("DIR"));
    snprintf(run, sizeof run, "%s/locked", getenv("DIR"));
    words[1] = set;
    words[3] = run;
    const pid_t holder = start("holder", words);
    await_text("holder.out", "\n     1 ");
    const int code = shell("\"$LOGIT\" train \"$DIR/set\" -o \"$DIR/locked\" --force");
    const int unforced = shell("\"$LOGIT\" train \"$DIR/set\" -o \"$DIR/locked\"");
    kill(holder, SIGTERM);
    ck_assert_int_eq(finish(holder), 143);
    ck_assert_int_eq(code, 8);
    ck_assert_int_eq(unforced, 8);
}
END_TEST

static const int signals[] = {SIGINT, SIGTERM, SIGHUP};

START_TEST(a_signal_ends_a_run_after_saving)
{
    const char *words[] = {"train", NULL, "-o", NULL, "--epochs", "1000000", NULL};
    char set[128], run[128], name[32], file[64];
    snprintf(name, sizeof name, "stopped%d", _i);
    snprintf(set, sizeof set, "%s/set", getenv("DIR"));
    snprintf(run, sizeof run, "%s/%s", getenv("DIR"), name);
    words[1] = set;
    words[3] = run;
    const pid_t program = start(name, words);
    snprintf(file, sizeof file, "%s.out", name);
    await_text(file, "\n     1 ");
    kill(program, signals[_i]);
    ck_assert_int_eq(finish(program), 128 + signals[_i]);
    setenv("RUN", run, 1);
    expect(0, "\"$LOGIT\" eval \"$RUN\" \"$DIR/set\""); /* the model is there, and whole */
    snprintf(file, sizeof file, "%s.err", name);
    char *said = text_of(file);
    ck_assert_msg(strstr(said, "stopped") != NULL, "%s", said);
    free(said);
}
END_TEST

/* Else a file of the run would get the number 2, and warnings would be written into it. */
START_TEST(a_closed_standard_stream_is_not_given_away)
{
    expect(0, "cd \"$DIR\"\n"
              "\"$LOGIT\" train set -o closed --epochs 1000000 >closed.out 2>&- & pid=$!; i=0\n"
              "until grep -q '^     1 ' closed.out || [ $i = 600 ]; do\n"
              "    sleep 0.05; i=$((i + 1)); done\n"
              "link=$(readlink /proc/$pid/fd/2); kill $pid; wait $pid; test \"$link\" = /dev/null");
}
END_TEST

/* ------------------------------------------------------------------------------ eval, data --- */

static cJSON *json_of(const char *name)
{
    char *text = text_of(name);
    cJSON *json = cJSON_ParseWithOpts(text, NULL, 1);
    ck_assert_msg(json != NULL, "no JSON: %.500s", text);
    free(text);
    return json;
}

static double number_of(const cJSON *json, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, key);
    ck_assert_msg(cJSON_IsNumber(item), "%s is not a number", key);
    return item->valuedouble;
}

START_TEST(eval_says_the_same_as_text_and_as_json)
{
    char line[128];
    expect(0, "\"$LOGIT\" eval \"$DIR/run\" \"$DIR/set\" >\"$DIR/text\"\n"
              "\"$LOGIT\" eval \"$DIR/run\" \"$DIR/set\" --format json >\"$DIR/json\"");
    cJSON *json = json_of("json");
    char *text = text_of("text");
    const double accuracy = number_of(json, "accuracy");
    ck_assert_double_eq(number_of(json, "n"), 16);
    ck_assert_double_ge(number_of(json, "loss"), 0);
    snprintf(line, sizeof line, "accuracy  %.4f (95 %%: ", accuracy);
    ck_assert_msg(strstr(text, line) != NULL, "\"%s\" is not in %s", line, text);
    snprintf(line, sizeof line, "), %.0f right\n", accuracy * 16);
    ck_assert_msg(strstr(text, line) != NULL, "\"%s\" is not in %s", line, text);
    snprintf(line, sizeof line, "\n  AUC       %.4f (", number_of(json, "auc"));
    ck_assert_msg(strstr(text, line) != NULL, "\"%s\" is not in %s", line, text);
    const cJSON *classes = cJSON_GetObjectItem(json, "classes");
    ck_assert_str_eq(cJSON_GetArrayItem(classes, 0)->valuestring, "dark");
    ck_assert_str_eq(cJSON_GetArrayItem(classes, 1)->valuestring, "light");
    ck_assert_int_eq(cJSON_GetArraySize(cJSON_GetObjectItem(json, "per_class")), 2);
    const cJSON *row = NULL, *cell = NULL;
    double total = 0, right = 0;
    int i = 0;
    cJSON_ArrayForEach(row, cJSON_GetObjectItem(json, "confusion"))
    {
        int j = 0;
        cJSON_ArrayForEach(cell, row)
        {
            total += cell->valuedouble;
            right += i == j++ ? cell->valuedouble : 0;
        }
        i++;
    }
    ck_assert_double_eq(total, 16);
    ck_assert_double_eq(right, accuracy * 16);
    free(text);
    cJSON_Delete(json);
    expect(0,
           "\"$LOGIT\" eval \"$DIR/run\" \"$DIR/set\" --part train --format json >\"$DIR/json\"");
    json = json_of("json");
    ck_assert_double_eq(number_of(json, "n"), 48);
    cJSON_Delete(json);
}
END_TEST

START_TEST(data_counts_what_is_there)
{
    expect(0,
           "set -e; cd \"$DIR\"; rm -rf odd; cp -r set odd; mkdir odd/train/empty odd/test/empty\n"
           "echo junk >odd/train/dark/zzz.ppm; touch odd/train/dark/.hidden\n"
           "\"$LOGIT\" data odd >text; \"$LOGIT\" data odd --format json >json\n"
           "grep -q '^  dark  *25  *8$' text; grep -q 'dark/zzz.ppm: ' text\n"
           "grep -qx 'next: logit train odd --on-bad skip --max-bad 0.3' text");
    cJSON *json = json_of("json");
    ck_assert_double_eq(number_of(json, "n"), 65);
    ck_assert_double_eq(number_of(json, "bad"), 1);
    ck_assert_double_eq(number_of(json, "hidden"), 1);
    cJSON_Delete(json);
}
END_TEST

START_TEST(every_json_is_json)
{
    static const char *const lines[] = {
        "\"$LOGIT\" info --format json >\"$DIR/json\"",
        "\"$LOGIT\" data \"$DIR/set\" --format json >\"$DIR/json\"",
        "\"$LOGIT\" train \"$DIR/set\" -o \"$DIR/js\" --epochs 2 --format json >\"$DIR/json\"",
        "\"$LOGIT\" predict \"$DIR/run\" \"$DIR\"/set/test/*/00?.ppm --format json >\"$DIR/json\"",
        "\"$LOGIT\" predict \"$DIR/run\" - --format json </dev/null >\"$DIR/json\"",
    };
    expect(0, lines[_i]);
    cJSON_Delete(json_of("json"));
}
END_TEST

/* ---------------------------------------------------------------------------------- predict --- */

START_TEST(predict_goes_on_after_a_bad_image)
{
    expect(0, "cd \"$DIR\"; echo junk >junk.ppm");
    expect(4, "cd \"$DIR\"; \"$LOGIT\" predict run set/test/dark/000.ppm junk.ppm "
              "set/test/light/000.ppm nowhere.ppm --format csv");
    char *out = text_of("out"), *err = text_of("err");
    ck_assert_int_eq(strncmp(out, "file,class,probability,score,logit,odds\r\n", 41), 0);
    ck_assert_ptr_nonnull(strstr(out, "\r\nset/test/dark/000.ppm,"));
    ck_assert_ptr_nonnull(strstr(out, "\r\nset/test/light/000.ppm,"));
    ck_assert_ptr_nonnull(strstr(err, "junk.ppm"));
    ck_assert_ptr_nonnull(strstr(err, "2 of 4 samples could not be read"));
    free(out);
    free(err);
    expect(5, "\"$LOGIT\" predict \"$DIR/run\" \"$DIR/nowhere.ppm\"");
}
END_TEST

START_TEST(predict_reads_lists)
{
    expect(0, "set -e; cd \"$DIR\"; ls set/test/*/*.ppm >list; test $(wc -l <list) = 16\n"
              "\"$LOGIT\" predict run - --format csv <list >by-line\n"
              "tr '\\n' '\\0' <list | \"$LOGIT\" predict run -0 - --format csv >by-nul\n"
              "\"$LOGIT\" predict run $(cat list) --format csv >by-argument\n"
              "cmp by-line by-nul; cmp by-line by-argument; test $(wc -l <by-line) = 17\n"
              "\"$LOGIT\" predict run - --format csv --top 2 <list >both\n"
              "test $(wc -l <both) = 33");
}
END_TEST

/* Names of bytes that are neither printable nor UTF-8: CSV keeps them, text escapes them, JSON
 * stays valid. */
START_TEST(predict_takes_every_name)
{
    static const char *const names[] = {"a,\"b\".ppm", "new\nline.ppm", "\xFF\xC3.ppm",
                                        "\xF0\x9F\x90\xB1.ppm", "-o.ppm"};
    char path[256];
    expect(0, "rm -rf \"$DIR/names\"; mkdir \"$DIR/names\"");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/names/%s", getenv("DIR"), names[i]);
        draw_image(path, 80, (int)i);
    }
    expect(0, "cd \"$DIR/names\"; for f in csv json text; do\n"
              "\"$LOGIT\" predict ../run --format $f -- *.ppm >../names.$f || exit; done");
    char *csv = text_of("names.csv"), *text = text_of("names.text");
    ck_assert_ptr_nonnull(strstr(csv, "\r\n\"a,\"\"b\"\".ppm\",dark,"));
    ck_assert_ptr_nonnull(strstr(csv, "\r\n\"new\nline.ppm\",dark,"));
    ck_assert_ptr_nonnull(strstr(csv, "\r\n\xFF\xC3.ppm,dark,"));
    ck_assert_ptr_nonnull(strstr(text, "new\\x0Aline.ppm"));
    ck_assert_ptr_nonnull(strstr(text, "\\xFF\\xC3.ppm"));
    free(csv);
    free(text);
    expect(0, "iconv -f utf-8 -t utf-8 \"$DIR/names.json\" >/dev/null");
    cJSON *json = json_of("names.json");
    ck_assert_int_eq(cJSON_GetArraySize(json), 5);
    cJSON_Delete(json);
}
END_TEST

/* The reader goes after one line; the writer, with 20000 images to go, ends without a word. */
START_TEST(a_closed_pipe_ends_it_quietly)
{
    expect(0, "cd \"$DIR\"; image=set/test/dark/000.ppm\n"
              "yes $image | head -n 20000 >long\n"
              "{ \"$LOGIT\" predict run - <long 2>noise; echo $? >code; } | head -n 1 >first\n"
              "test -s first && test ! -s noise && test $(cat code) = 141");
}
END_TEST

/* -------------------------------------------------------------------------------------- all --- */

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

Suite *lg_suite_command(void)
{
    Suite *suite = suite_create("command");
    TCase *all = tcase_create("command");
    tcase_add_unchecked_fixture(all, command_setup, command_teardown);
    tcase_set_timeout(all, 120);
    tcase_add_loop_test(all, every_ending_has_its_code_and_its_reason, 0, COUNT(endings));
    tcase_add_test(all, where_an_error_arose_is_said_on_request);
    tcase_add_test(all, train_shows_the_run_and_ends_with_its_figures);
    tcase_add_test(all, quiet_leaves_the_result_alone);
    tcase_add_test(all, a_run_is_repeated_from_its_config_to_the_bit);
    tcase_add_test(all, bad_images_can_be_left_out);
    tcase_add_test(all, a_folder_in_use_is_exit_8);
    tcase_add_loop_test(all, a_signal_ends_a_run_after_saving, 0, COUNT(signals));
    tcase_add_test(all, a_closed_standard_stream_is_not_given_away);
    tcase_add_test(all, eval_says_the_same_as_text_and_as_json);
    tcase_add_test(all, data_counts_what_is_there);
    tcase_add_loop_test(all, every_json_is_json, 0, 5);
    tcase_add_test(all, predict_goes_on_after_a_bad_image);
    tcase_add_test(all, predict_reads_lists);
    tcase_add_test(all, predict_takes_every_name);
    tcase_add_test(all, a_closed_pipe_ends_it_quietly);
    suite_add_tcase(suite, all);
    return suite;
}
