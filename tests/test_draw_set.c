/* test_draw_set.c -- drawn sets of files: whole, balanced, and honest about a full disk. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "datasets/draw.h"
#include "tests/tree.h"

static tree in;
static char folder[100]; /* where sets are drawn */

static void setup(void)
{
    tree_open(&in);
    snprintf(folder, sizeof folder, "%s", tree_path(&in, "set"));
}

static void teardown(void)
{
    tree_close(&in);
}

static lg_draw_options options_of(int family, const char *where, int count)
{
    return (lg_draw_options){.family = &lg_families[family],
                             .folder = where,
                             .count = count,
                             .seed = 5,
                             .format = lg_families[family].format,
                             .size = 16,
                             .threads = 1};
}

static void draw_set(const lg_draw_options *options)
{
    int64_t written[LG_SPLIT_COUNT];
    logit_error err;
    ck_assert_msg(lg_draw_set(options, written, &err) == LOGIT_OK, "%s", err.message);
    ck_assert_int_eq(written[0] + written[1] + written[2], options->count);
}

/* The file of picture i, whole; the caller frees with lg_bytes_clear. */
static lg_bytes read_picture(const lg_draw_options *options, int64_t image)
{
    char below[64], path[200];
    lg_bytes bytes = {0};
    logit_error err;
    snprintf(path, sizeof path, "%s/%s", options->folder,
             lg_draw_path(options, image, below, sizeof below));
    ck_assert_msg(lg_file_read(AT_FDCWD, path, 1 << 20, &bytes, &err) == LOGIT_OK, "%s",
                  err.message);
    return bytes;
}

START_TEST(a_file_depends_neither_on_the_size_of_the_set_nor_on_threads)
{
    char few[100];
    snprintf(few, sizeof few, "%s", tree_path(&in, "few"));
    const int count = 4 * lg_families[_i].class_count;
    lg_draw_options a = options_of(_i, few, count), b = options_of(_i, folder, 3 * count + 1);
    a.format = b.format = LG_DRAW_MIXED;
    b.threads = 3;
    draw_set(&a);
    draw_set(&b);
    for (int64_t image = 0; image < count; image++) {
        lg_bytes one = read_picture(&a, image), other = read_picture(&b, image);
        ck_assert_uint_eq(one.size, other.size);
        ck_assert_mem_eq(one.data, other.data, one.size);
        lg_bytes_clear(&one);
        lg_bytes_clear(&other);
    }
}
END_TEST

START_TEST(classes_are_balanced_and_parts_are_80_10_10)
{
    const lg_family *family = &lg_families[_i];
    int count[LG_SPLIT_COUNT][10] = {{0}};
    const int images = 30 * family->class_count;
    for (int64_t image = 0; image < images; image++)
        count[lg_draw_split(family, image)][lg_draw_class(family, image)]++;
    for (int c = 0; c < family->class_count; c++) {
        ck_assert_int_eq(count[LG_SPLIT_TRAIN][c], 24);
        ck_assert_int_eq(count[LG_SPLIT_VAL][c], 3);
        ck_assert_int_eq(count[LG_SPLIT_TEST][c], 3);
    }
}
END_TEST

START_TEST(the_smallest_set_has_every_class_in_every_part)
{
    lg_draw_options options = options_of(_i, folder, 3 * lg_families[_i].class_count);
    int64_t written[LG_SPLIT_COUNT];
    ck_assert_int_eq(lg_draw_set(&options, written, NULL), LOGIT_OK);
    for (int p = 0; p < LG_SPLIT_COUNT; p++)
        ck_assert_int_eq(written[p], lg_families[_i].class_count);
    for (int64_t image = 0; image < options.count; image++) {
        lg_bytes bytes = read_picture(&options, image);
        lg_bytes_clear(&bytes);
    }
}
END_TEST

/* Two bytes, the high one first. */
static int word_at(const lg_bytes *bytes, size_t at)
{
    ck_assert_uint_le(at + 2, bytes->size);
    return bytes->data[at] << 8 | bytes->data[at + 1];
}

static void assert_png(const lg_bytes *file, int side, int channels)
{
    static const uint8_t magic[] = {137, 'P', 'N', 'G', 13,  10,  26,  10,
                                    0,   0,   0,   13,  'I', 'H', 'D', 'R'};
    ck_assert_mem_eq(file->data, magic, sizeof magic);
    ck_assert_int_eq(word_at(file, 18), side);
    ck_assert_int_eq(word_at(file, 22), side);
    ck_assert_int_eq(file->data[25], channels == 3 ? 2 : 0); /* truecolour, greyscale */
    ck_assert_mem_eq(file->data + file->size - 8, "IEND\xAE\x42\x60\x82", 8);
}

static void assert_jpg(const lg_bytes *file, int side, int channels)
{
    ck_assert_int_eq(word_at(file, 0), 0xFFD8);
    ck_assert_int_eq(word_at(file, file->size - 2), 0xFFD9);
    size_t at = 2;
    while (word_at(file, at) != 0xFFC0) at += 2 + (size_t)word_at(file, at + 2);
    ck_assert_int_eq(word_at(file, at + 5), side);
    ck_assert_int_eq(word_at(file, at + 7), side);
    ck_assert_int_eq(file->data[at + 9], channels == 3 ? 3 : file->data[at + 9]);
}

START_TEST(files_are_what_their_names_say)
{
    const int family = _i % LG_FAMILY_COUNT;
    lg_draw_options options = options_of(family, folder, 60);
    options.format = (lg_draw_format)(_i / LG_FAMILY_COUNT);
    options.size = 24;
    draw_set(&options);
    int kinds[2] = {0};
    for (int64_t image = 0; image < options.count; image++) {
        char below[64];
        const char *dot = strrchr(lg_draw_path(&options, image, below, sizeof below), '.');
        const lg_file_kind kind = strcmp(dot, ".png") == 0 ? LG_FILE_PNG : LG_FILE_JPG;
        lg_bytes file = read_picture(&options, image);
        kinds[kind]++;
        (kind == LG_FILE_PNG ? assert_png : assert_jpg)(&file, 24, lg_families[family].channels);
        lg_bytes_clear(&file);
    }
    ck_assert_int_eq(kinds[LG_FILE_PNG] > 0, options.format != LG_DRAW_JPG);
    ck_assert_int_eq(kinds[LG_FILE_JPG] > 0, options.format != LG_DRAW_PNG);
}
END_TEST

/* ------------------------------------------------------------------------------ errors --- */

static void refused(const lg_draw_options *options, logit_status status, const char *text)
{
    int64_t written[LG_SPLIT_COUNT];
    logit_error err = {0};
    ck_assert_int_eq(lg_draw_set(options, written, &err), status);
    ck_assert_msg(strstr(err.message, text) != NULL, "\"%s\" does not say \"%s\"", err.message,
                  text);
}

START_TEST(options_that_make_no_sense_are_refused)
{
    lg_draw_options options = options_of(0, folder, 5);
    refused(&options, LOGIT_E_USAGE, "-n 5: expected 6");
    options.count = 6;
    options.size = 7;
    refused(&options, LOGIT_E_USAGE, "--size 7");
    options.size = 4096;
    refused(&options, LOGIT_E_USAGE, "--size 4096");
    ck_assert_int_ne(access(options.folder, F_OK), 0); /* and nothing was made */
}
END_TEST

START_TEST(a_folder_that_is_not_empty_is_refused_or_cleared)
{
    lg_draw_options digits = options_of(1, folder, 60);
    draw_set(&digits);
    tree_text(&in, "set/notes.txt", "mine");
    tree_text(&in, "set/train/3/notes.txt", "mine too");
    lg_draw_options pets = options_of(0, folder, 6);
    refused(&pets, LOGIT_E_USAGE, "is not empty");
    pets.force = true;
    draw_set(&pets);
    ck_assert_int_ne(access(tree_path(&in, "set/train/0"), F_OK), 0); /* digits are gone */
    ck_assert_int_ne(access(tree_path(&in, "set/train/3/000003.png"), F_OK), 0);
    ck_assert_int_eq(access(tree_path(&in, "set/train/3/notes.txt"), F_OK), 0);
    ck_assert_int_eq(access(tree_path(&in, "set/notes.txt"), F_OK), 0);
}
END_TEST

START_TEST(a_file_in_the_way_is_an_io_error)
{
    tree_text(&in, "file", "no folder");
    const lg_draw_options inside = options_of(0, tree_path(&in, "file/set"), 6);
    refused(&inside, LOGIT_E_IO, "file");
    const lg_draw_options itself = options_of(0, tree_path(&in, "file"), 6);
    refused(&itself, LOGIT_E_IO, "file");
}
END_TEST

/* A file that may not grow stands for a full disk: the write is cut short, then refused. */
START_TEST(a_full_disk_is_an_io_error_and_leaves_no_half_picture)
{
    lg_draw_options options = options_of(0, folder, 6);
    options.format = LG_DRAW_PNG;
    options.size = 64;
    options.threads = _i;
    struct rlimit old, small;
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &old), 0);
    small = (struct rlimit){.rlim_cur = 1000, .rlim_max = old.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
    int64_t written[LG_SPLIT_COUNT];
    logit_error err = {0};
    const logit_status status = lg_draw_set(&options, written, &err);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &old), 0);
    ck_assert_int_eq(status, LOGIT_E_IO);
    ck_assert_ptr_nonnull(strstr(err.message, "bytes left"));
    ck_assert_int_eq(written[0] + written[1] + written[2], 0);
    for (int64_t image = 0; image < options.count; image++) {
        char below[64], path[100];
        snprintf(path, sizeof path, "set/%s", lg_draw_path(&options, image, below, sizeof below));
        ck_assert_int_ne(access(tree_path(&in, path), F_OK), 0);
    }
}
END_TEST

/* The command, where the Makefile names it. */
START_TEST(the_command_says_how_it_ended)
{
    static const struct {
        const char *arguments;
        int code;
    } calls[] = {
        {"--help", 0},
        {"", 2},
        {"horses -o %s/set", 2},
        {"pets", 2},
        {"pets -o %s/set -n 7x", 2},
        {"pets -o %s/set --format gif", 2},
        {"pets -o %s/set --size 1", 2},
        {"pets -o %s/set --blink", 2},
        {"pets digits -o %s/set", 2},
        {"pets -o /dev/null/set -n 6", 5},
        {"pets -o %s/set -n 6 --size 16 --seed 3", 0},
    };
    const char *program = getenv("LOGIT_DRAW");
    char arguments[200], line[400];
    if (!program) {
        printf("draw: the command is not tested, LOGIT_DRAW is not set\n");
        return;
    }
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        snprintf(arguments, sizeof arguments, calls[i].arguments, in.root);
        snprintf(line, sizeof line, "'%s' %s >/dev/null 2>&1", program, arguments);
        const int end = system(line);
        ck_assert_msg(WIFEXITED(end) && WEXITSTATUS(end) == calls[i].code, "draw %s: ended with %d",
                      arguments, WEXITSTATUS(end));
    }
}
END_TEST

Suite *lg_suite_draw_set(void);
Suite *lg_suite_draw_set(void)
{
    Suite *suite = suite_create("draw_set");
    TCase *tcase = tcase_create("draw_set");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, a_file_depends_neither_on_the_size_of_the_set_nor_on_threads, 0,
                        LG_FAMILY_COUNT);
    tcase_add_loop_test(tcase, classes_are_balanced_and_parts_are_80_10_10, 0, LG_FAMILY_COUNT);
    tcase_add_loop_test(tcase, the_smallest_set_has_every_class_in_every_part, 0, LG_FAMILY_COUNT);
    tcase_add_loop_test(tcase, files_are_what_their_names_say, 0, 3 * LG_FAMILY_COUNT);
    tcase_add_test(tcase, options_that_make_no_sense_are_refused);
    tcase_add_test(tcase, a_folder_that_is_not_empty_is_refused_or_cleared);
    tcase_add_test(tcase, a_file_in_the_way_is_an_io_error);
    tcase_add_loop_test(tcase, a_full_disk_is_an_io_error_and_leaves_no_half_picture, 1, 3);
    tcase_add_test(tcase, the_command_says_how_it_ended);
    suite_add_tcase(suite, tcase);
    return suite;
}
