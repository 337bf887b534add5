/* test_predict_rows.c -- lines of text as samples: read whole, the same bits as arrays, refused.
 *
 * Tests (suite predict_rows). */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "data/line_read.h"
#include "tests/export_rig.h"
#include "train/rows.h"

Suite *lg_suite_predict_rows(void);

#define OK(call) ck_assert_msg((call) == LOGIT_OK, "%s", err.message)

static logit_error err;

/* ----------------------------------------------------------------------------------- lines --- */

/* The read end of a pipe into which a child writes text, `step` bytes at a time. */
static int pipe_of(const char *text, size_t size, size_t step, pid_t *child)
{
    int end[2];
    ck_assert_int_eq(pipe(end), 0);
    *child = fork();
    ck_assert_int_ge(*child, 0);
    if (*child == 0) {
        close(end[0]);
        for (size_t at = 0; at < size; at += step)
            if (write(end[1], text + at, size - at < step ? size - at : step) < 0) _exit(1);
        _exit(0);
    }
    close(end[1]);
    return end[0];
}

static void close_pipe(int fd, pid_t child)
{
    int status;
    close(fd);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
}

START_TEST(lines_are_whole_however_they_come)
{
    static const char text[] = "\xEF\xBB\xBF"
                               "first\n\nthird\r\n\r\nfi\rfth\nlast";
    static const char *const want[] = {"first", "", "third", "", "fi\rfth", "last"};
    static const size_t steps[] = {1, 2, 3, 7, 100};
    lg_lines lines;
    pid_t child;
    const int fd = pipe_of(text, sizeof text - 1, steps[_i], &child);
    OK(lg_lines_open(&lines, fd, "pipe", 8, &err)); /* the mark and "first" */
    for (int i = 0; i < 6; i++) {
        OK(lg_lines_next(&lines, &err));
        ck_assert(!lines.ended && !lines.too_long);
        ck_assert_int_eq(lines.number, i + 1);
        ck_assert_str_eq((char *)lines.line.data, want[i]);
        ck_assert_uint_eq(lines.line.size, strlen(want[i]));
    }
    OK(lg_lines_next(&lines, &err));
    ck_assert(lines.ended);
    lg_lines_close(&lines);
    close_pipe(fd, child);
}
END_TEST

/* 7 bytes fit, with either end; 8 do not, and what comes after is not lost.  Windows are crossed.
 */
START_TEST(a_line_that_is_too_long_is_left_out)
{
    enum { LONG = 3 * LG_LINES_WINDOW };
    static char text[LONG + 100];
    lg_lines lines;
    pid_t child;
    memset(text, 'x', LONG);
    strcpy(text + LONG, "\n1234567\r\n12345678\r\n12345678\n1234567\n");
    const int fd = pipe_of(text, strlen(text), 60000, &child);
    OK(lg_lines_open(&lines, fd, "pipe", 7, &err));
    for (int i = 0; i < 5; i++) {
        OK(lg_lines_next(&lines, &err));
        ck_assert_int_eq(lines.too_long, i == 0 || i == 2 || i == 3);
        if (!lines.too_long) ck_assert_str_eq((char *)lines.line.data, "1234567");
    }
    ck_assert_uint_le(lines.line.room, 64); /* the long one was never kept */
    OK(lg_lines_next(&lines, &err));
    ck_assert(lines.ended);
    lg_lines_close(&lines);
    close_pipe(fd, child);
}
END_TEST

/* -------------------------------------------------------------------------------- the same --- */

enum { MOST = 64 };

/* What was found of a file: the best class's probability and score, or the message. */
typedef struct answers {
    int count;
    double probability[MOST], score[MOST];
    char name[MOST][256], error[MOST][1200];
} answers;

static logit_status note(void *user, const logit_prediction *one, logit_error *unused)
{
    answers *a = user;
    (void)unused;
    ck_assert_int_lt(a->count, MOST);
    snprintf(a->name[a->count], sizeof a->name[0], "%s", one->name);
    snprintf(a->error[a->count], sizeof a->error[0], "%s", one->error ? one->error->message : "");
    a->probability[a->count] = one->count ? one->guess[0].probability : 0.0;
    a->score[a->count++] = one->count ? one->guess[0].score : 0.0;
    return LOGIT_OK;
}

static void ask(const export_made *made, const char *file, answers *a)
{
    logit_options options;
    char path[200];
    logit_options_default(&options);
    options.device = "cpu";
    snprintf(path, sizeof path, "%s/%s", made->in.folder, file);
    memset(a, 0, sizeof *a);
    OK(logit_predict_samples(made->model, path, &options, 1, note, a, &err));
}

static FILE *create(const export_made *made, const char *file)
{
    char path[200];
    snprintf(path, sizeof path, "%s/%s", made->in.folder, file);
    FILE *out = fopen(path, "wb");
    ck_assert_ptr_nonnull(out);
    return out;
}

static void write_values(FILE *out, const export_made *made, int row)
{
    const int64_t d = made->model->features;
    for (int64_t j = 0; j < d; j++) {
        if (j > 0) fputc(',', out);
        if (made->features)
            fprintf(out, "%.9g", (double)made->features[row * d + j]);
        else
            fprintf(out, "%d", made->pixels[row * d + j]);
    }
}

static void write_rows(const export_made *made)
{
    FILE *csv = create(made, "rows.csv"), *json = create(made, "rows.jsonl");
    for (int64_t j = 0; j < made->model->features; j++)
        fprintf(csv, "%s\"column, %lld\"", j > 0 ? ", " : "", (long long)j);
    fputs("\r\n", csv);
    for (int row = 0; row < EXPORT_SAMPLES; row++) {
        write_values(csv, made, row);
        fputs(row % 2 ? "\r\n" : "\n \n", csv);
        fprintf(json, "{\"id\": {\"a\": [1]}, \"%s\": [",
                made->features || row % 2 ? "x" : "pixels");
        write_values(json, made, row);
        fputs("]}\n", json);
    }
    ck_assert_int_eq(fclose(csv), 0);
    ck_assert_int_eq(fclose(json), 0);
}

START_TEST(rows_are_the_samples_of_an_array)
{
    export_made made;
    answers array, csv, json;
    char name[250];
    export_make(&made, _i, "");
    write_rows(&made);
    ask(&made, "X.npy", &array);
    ask(&made, "rows.csv", &csv);
    ask(&made, "rows.jsonl", &json);
    ck_assert_int_eq(array.count, EXPORT_SAMPLES);
    ck_assert_int_eq(csv.count, EXPORT_SAMPLES);
    ck_assert_int_eq(json.count, EXPORT_SAMPLES);
    ck_assert_mem_eq(csv.score, array.score, sizeof array.score);
    ck_assert_mem_eq(json.score, array.score, sizeof array.score);
    ck_assert_mem_eq(csv.probability, array.probability, sizeof array.score);
    for (int i = 0; i < EXPORT_SAMPLES; i++) ck_assert_str_eq(csv.error[i], "");
    snprintf(name, sizeof name, "%s/rows.jsonl:12", made.in.folder);
    ck_assert_str_eq(json.name[11], name);
    snprintf(name, sizeof name, "%s/rows.csv:5", made.in.folder);
    ck_assert_str_eq(csv.name[2], name); /* a head, two rows, an empty line */
    export_clear(&made);
}
END_TEST

/* --------------------------------------------------------------------------------- refused --- */

/* A line of a model of 3x4 grey pixels (mse of classes), or of 33 features; good ones around it. */
static const struct {
    const char *file, *line, *message;
} bad[] = {
    {"a.csv", "1,2,3", "3 values, expected 12 (pixels of 3x4x1"},
    {"a.csv", "0,0,0,0,0,0,0,0,0,0,0,0,0",
     "13 values, expected 12 (pixels of 3x4x1: rows, columns, "
     "channels); is one of them a class? [MISMATCH]"},
    {"a.csv", "0,0,0,0,0,0,0,0,0,0,0,256",
     "value 12 is \"256\", expected a whole number from 0 to"},
    {"a.csv", "-1,0,0,0,0,0,0,0,0,0,0,0", "value 1 is \"-1\""},
    {"a.csv", "0.5,0,0,0,0,0,0,0,0,0,0,0", "value 1 is \"0.5\""},
    {"a.csv", "0,0x1,0,0,0,0,0,0,0,0,0,0", "value 2 is \"0x1\""},
    {"a.csv", "0,,0,0,0,0,0,0,0,0,0,0", "value 2 is \"\""},
    {"a.csv", "0,nan,0,0,0,0,0,0,0,0,0,0", "value 2 is \"nan\""},
    {"a.csv", "0,1 2,0,0,0,0,0,0,0,0,0,0", "value 2 is \"1 2\""},
    {"a.csv", "0,1e999,0,0,0,0,0,0,0,0,0,0", "value 2 is \"1e999\""},
    {"a.csv", "0,\"1,0,0,0,0,0,0,0,0,0,0", "the quotes of field 2 do not hold all of it [FORMAT]"},
    {"a.csv", "0,\"1\"2,0,0,0,0,0,0,0,0,0,0", "the quotes of field 2"},
    {"a.csv", "a,b,c,d,e,f,g,h,i,j,k,l", "value 1 is \"a\""},
    {"a.jsonl", "{\"pixels\": [1, 2]}", "2 values, expected 12"},
    {"a.jsonl", "{\"pixels\": [300,0,0,0,0,0,0,0,0,0,0,0]}", "value 1 is \"300\""},
    {"a.jsonl", "{\"x\": [0,0,0,0,0,0,0,\"a\",0,0,0,0]}", "value 8 is \"a string\""},
    {"a.jsonl", "{\"x\": [[0,0,0,0,0,0,0,0,0,0,0,0]]}", "1 value, expected 12"},
    {"a.jsonl", "{\"x\": [0,0,0,0,[0],0,0,0,0,0,0,null]}", "value 5 is \"an array\""},
    {"a.jsonl", "{\"x\": [0,0,0,0,0,0,0,0,0,0,0,null]}", "value 12 is \"no number\""},
    {"a.csv", "cat,0,0,0,0,0,0,0,0,0,0,0,0", "13 values, expected 12"},
    {"a.jsonl", "{\"x\": 7}", "\"x\" is not an array of numbers [FORMAT]"},
    {"a.jsonl", "{\"x\": [], \"path\": \"a\"}", "2 of the keys"},
    {"a.jsonl", "{\"y\": [1]}", "0 of the keys \"path\", \"pixels\" and \"x\", expected 1"},
    {"a.jsonl", "[1,2]", "not a JSON object"},
    {"a.jsonl", "{\"x\": [1,]}", "at byte 9 of the line: "},
    {"a.jsonl", "{\"x\": [1]} {\"x\": [1]}", "at byte 11 of the line: "},
    {"a.jsonl", "{\"x\": [01]}", "of the line: "},
    {"a.jsonl", "{\"path\": 7}", "\"path\" is not the name of a file"},
    {"a.jsonl", "{\"path\": \"\"}", "\"path\" is not the name of a file"},
    {"a.jsonl", "{\"path\": \"/nowhere/a.png\"}", "/nowhere/a.png: cannot be opened"},
    {"a.jsonl", "{\"path\": \"/dev/null\"}", "/dev/null: "},
};
enum { BAD = sizeof bad / sizeof *bad, MSE_CASE = 10, FEATURES_CASE = 13 };

START_TEST(a_bad_row_is_told_and_the_others_go_on)
{
    static const char good[] = "1, \"2\" ,3,4.0,5,6e0,+7,8,9,10,11,255";
    const int csv = strstr(bad[_i].file, ".csv") != NULL;
    const char *open = csv ? "" : "{\"pixels\": [",
               *values = csv ? good : "1,2,3,4,5,6,7,8,9,10,11,255";
    const char *close = csv ? "" : "]}";
    export_made made;
    answers a;
    char place[250];
    export_make(&made, MSE_CASE, "");
    FILE *out = create(&made, bad[_i].file);
    fprintf(out, "%s%s%s\n%s\n%s%s%s\n", open, values, close, bad[_i].line, open, values, close);
    ck_assert_int_eq(fclose(out), 0);
    const double began = lg_seconds();
    ask(&made, bad[_i].file, &a);
    ck_assert_msg(lg_seconds() - began < 0.1, "%g s", lg_seconds() - began);
    ck_assert_int_eq(a.count, 3);
    ck_assert_str_eq(a.error[0], "");
    ck_assert_str_eq(a.error[2], "");
    ck_assert(a.score[0] == a.score[2]);
    snprintf(place, sizeof place, "%s/%s:2: ", made.in.folder, bad[_i].file);
    ck_assert_msg(strncmp(a.error[1], place, strlen(place)) == 0, "%s", a.error[1]);
    ck_assert_msg(strstr(a.error[1], bad[_i].message) != NULL, "%s", a.error[1]);
    export_clear(&made);
}
END_TEST

/* Before the first row: a head of words of another width, and words that are numbers to strtod. */
START_TEST(a_head_is_words_and_as_wide_as_a_row)
{
    export_made made;
    answers a;
    FILE *out;
    export_make(&made, MSE_CASE, "");
    out = create(&made, "a.csv");
    fputs("\n\nlabel,p1,p2,p3,p4,p5,p6,p7,p8,p9,p10,p11,p12\n1,2,3,4,5,6,7,8,9,10,11,12\n", out);
    ck_assert_int_eq(fclose(out), 0);
    ask(&made, "a.csv", &a);
    ck_assert_int_eq(a.count, 2);
    ck_assert_ptr_nonnull(strstr(a.error[0], "a.csv:3: 13 values, expected 12"));
    ck_assert_str_eq(a.error[1], "");
    out = create(&made, "b.csv");
    fputs("nan,inf,nan,nan,nan,nan,nan,nan,nan,nan,nan,nan\n", out);
    ck_assert_int_eq(fclose(out), 0);
    ask(&made, "b.csv", &a);
    ck_assert_int_eq(a.count, 1);
    ck_assert_ptr_nonnull(strstr(a.error[0], "b.csv:1: value 1 is \"nan\""));
    out = create(&made, "c.csv"); /* one word is a mistake */
    fputs("1,2,x,4,5,6,7,8,9,10,11,12\n", out);
    ck_assert_int_eq(fclose(out), 0);
    ask(&made, "c.csv", &a);
    ck_assert_int_eq(a.count, 1);
    ck_assert_ptr_nonnull(strstr(a.error[0], "c.csv:1: value 3 is \"x\""));
    export_clear(&made);
}
END_TEST

/* NUL bytes, lines longer than any sample, and features that are no floats. */
START_TEST(what_is_no_text_is_refused)
{
    export_made made;
    answers a;
    export_make(&made, FEATURES_CASE, "");
    FILE *out = create(&made, "a.csv");
    fwrite("1,2\0,3\n", 1, 7, out);
    for (size_t i = 0; i < lg_rows_longest(made.model) + 1; i++) fputc('1', out);
    fputs("\n1e39", out);
    for (int i = 0; i < 32; i++) fputs(",0", out);
    fputs("\n", out);
    ck_assert_int_eq(fclose(out), 0);
    ask(&made, "a.csv", &a);
    ck_assert_int_eq(a.count, 3);
    ck_assert_ptr_nonnull(strstr(a.error[0], "a.csv:1: holds a NUL byte"));
    ck_assert_ptr_nonnull(strstr(a.error[1], "a.csv:2: a line of more than "));
    ck_assert_ptr_nonnull(
        strstr(a.error[2], "value 1 is \"1e39\", expected a number that a float32"));
    out = create(&made, "a.jsonl");
    fputs("{\"pixels\": [1]}\n", out);
    ck_assert_int_eq(fclose(out), 0);
    ask(&made, "a.jsonl", &a);
    ck_assert_ptr_nonnull(strstr(a.error[0], "the model is of features"));
    export_clear(&made);
}
END_TEST

Suite *lg_suite_predict_rows(void)
{
    Suite *suite = suite_create("predict_rows");
    TCase *all = tcase_create("all");
    tcase_add_loop_test(all, lines_are_whole_however_they_come, 0, 5);
    tcase_add_test(all, a_line_that_is_too_long_is_left_out);
    tcase_add_loop_test(all, rows_are_the_samples_of_an_array, 0, EXPORT_CASES);
    tcase_add_loop_test(all, a_bad_row_is_told_and_the_others_go_on, 0, BAD);
    tcase_add_test(all, a_head_is_words_and_as_wide_as_a_row);
    tcase_add_test(all, what_is_no_text_is_refused);
    suite_add_tcase(suite, all);
    return suite;
}
