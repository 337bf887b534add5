/* test_cifar.c -- CIFAR-10 and CIFAR-100: where the files lie, what they hold, what is refused. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/small_set.h"
#include "tests/train_rig.h"
#include "tests/tree.h"

Suite *lg_suite_cifar(void);

#define TEXTS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define COUNT(table) ((int)(sizeof(table) / sizeof *(table)))

enum { PIXELS = 3072, PLANE = 1024, MOST = 16 };

static const char names10[] = "airplane\nautomobile\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\n"
                              "truck\n\n";

/* Byte `at` of plane c of record i: whatever is mixed up shows. */
static uint8_t value(int i, int c, int at)
{
    return (uint8_t)(i * 31 + c * 97 + at * 7 + at / 32);
}

/* Records first .. first + count-1; record i has label i % classes, coarse label i % 20. */
static void write_batch(const tree *t, const char *path, int first, int count, int hundred)
{
    static uint8_t bytes[MOST * (2 + PIXELS)];
    uint8_t *to = bytes;
    ck_assert_int_le(count, MOST);
    for (int i = first; i < first + count; i++) {
        if (hundred) *to++ = (uint8_t)(i % 20);
        *to++ = (uint8_t)(i % (hundred ? 100 : 10));
        for (int c = 0; c < 3; c++)
            for (int at = 0; at < PLANE; at++) *to++ = value(i, c, at);
    }
    tree_file(t, path, bytes, (size_t)(to - bytes));
}

/* Sample i is record `record`. */
static void assert_record(const lg_set *set, int64_t i, int record)
{
    lg_decoder *decoder;
    uint8_t out[PIXELS];
    ck_assert_int_eq(lg_decoder_create(&decoder, NULL), LOGIT_OK);
    ck_assert_int_eq(set->ops->read(set, i, decoder, out, NULL), LOGIT_OK);
    for (int at = 0; at < PLANE; at++)
        for (int c = 0; c < 3; c++) ck_assert_int_eq(out[3 * at + c], value(record, c, at));
    if (set->resident) ck_assert_mem_eq(out, set->resident + i * PIXELS, PIXELS);
    lg_decoder_destroy(decoder);
}

/* Two batches of 12 and 3 records, a test batch of 5. */
static void write_ten(const tree *t, const char *folder)
{
    char path[128];
    snprintf(path, sizeof path, "%s/data_batch_1.bin", folder);
    write_batch(t, path, 0, 12, 0);
    snprintf(path, sizeof path, "%s/data_batch_2.bin", folder);
    write_batch(t, path, 12, 3, 0);
    snprintf(path, sizeof path, "%s/test_batch.bin", folder);
    write_batch(t, path, 50, 5, 0);
}

/* ------------------------------------------------------------------------------ good sets --- */

START_TEST(ten_classes_in_either_folder_held_or_not)
{
    static const char *const folders[] = {"s", "s/cifar-10-batches-bin"};
    const lg_dataset_options how = {.memory = _i / 2 ? 15 * PIXELS + 5 * PIXELS - 1 : 0};
    tree t;
    tree_open(&t);
    write_ten(&t, folders[_i % 2]);
    char path[64];
    snprintf(path, sizeof path, "%s/batches.meta.txt", folders[_i % 2]);
    tree_text(&t, path, names10);
    lg_dataset *set = tree_dataset(&t, "s", &how);
    ck_assert_str_eq(set->format, "cifar");
    ck_assert_int_eq(set->has_parts, 1);
    ck_assert_int_eq(set->stray, 0);
    ck_assert_int_eq(set->classes, 10);
    ck_assert_str_eq(set->class_name[3], "cat");
    const lg_set *train_set = set->part[LG_PART_TRAIN], *test_set = set->part[LG_PART_TEST];
    ck_assert_int_eq(train_set->count, 15);
    ck_assert_int_eq(test_set->count, 5);
    ck_assert_int_eq(train_set->resident != NULL, 1);
    ck_assert_int_eq(test_set->resident != NULL, _i / 2 == 0);
    for (int i = 0; i < 15; i++) assert_record(train_set, i, i);
    for (int i = 0; i < 15; i++) ck_assert_int_eq(train_set->label[i], i % 10);
    for (int i = 0; i < 5; i++) assert_record(test_set, i, 50 + i);
    snprintf(path, sizeof path, "%s/data_batch_2.bin[1]", folders[_i % 2]);
    ck_assert_str_eq(tree_sample(&t, train_set, 13), path);
    lg_dataset_close(set);
    tree_close(&t);
}
END_TEST

START_TEST(batches_stand_in_the_order_of_their_numbers)
{
    tree t;
    char path[64];
    tree_open(&t);
    for (int i = 1; i <= 11; i++) {
        snprintf(path, sizeof path, "s/data_batch_%d.bin", i);
        write_batch(&t, path, 2 * i, 2, 0);
    }
    lg_dataset *set = tree_dataset(&t, "s", NULL);
    ck_assert_str_eq(set->class_name[9], "9");
    for (int i = 0; i < 22; i++) assert_record(set->part[LG_PART_TRAIN], i, i + 2);
    lg_dataset_close(set);
    unlink(tree_path(&t, "s/data_batch_4.bin"));
    tree_refused(&t, "s", NULL, LOGIT_E_DATA, TEXTS("data_batch_11.bin", "only 10"));
    tree_close(&t);
}
END_TEST

START_TEST(a_hundred_classes_by_their_fine_names)
{
    tree t;
    char text[2000] = "";
    tree_open(&t);
    write_batch(&t, "s/train.bin", 0, 16, 1);
    write_batch(&t, "s/test.bin", 90, 10, 1);
    for (int i = 99; i >= 0; i--) /* in no order: names decide */
        snprintf(text + strlen(text), sizeof text - strlen(text), "fine%02d\r\n", i);
    tree_text(&t, "s/fine_label_names.txt", text);
    tree_text(&t, "s/coarse_label_names.txt", "not looked at");
    tree_text(&t, "s/notes.md", "a stray");
    lg_dataset *set = tree_dataset(&t, "s", NULL);
    ck_assert_int_eq(set->classes, 100);
    ck_assert_int_eq(set->stray, 1);
    ck_assert_str_eq(set->class_name[7], "fine07");
    for (int i = 0; i < 16; i++) ck_assert_int_eq(set->part[LG_PART_TRAIN]->label[i], 99 - i);
    for (int i = 0; i < 10; i++) assert_record(set->part[LG_PART_TEST], i, 90 + i);
    lg_dataset_close(set);
    tree_close(&t);
}
END_TEST

START_TEST(a_single_file_is_a_set_by_name_or_size)
{
    tree t;
    tree_open(&t);
    write_batch(&t, "s/test_batch.bin", 3, 4, 0);
    write_batch(&t, "s/mine.bin", 3, 4, 0);
    write_batch(&t, "s/fine.bin", 3, 4, 1);
    tree_text(&t, "s/none.bin", "something else");
    const char *const files[] = {"s/test_batch.bin", "s/mine.bin", "s/fine.bin"};
    for (int i = 0; i < 3; i++) {
        lg_dataset *set = tree_dataset(&t, files[i], NULL);
        ck_assert_int_eq(set->has_parts, 0);
        ck_assert_int_eq(set->classes, i == 2 ? 100 : 10);
        for (int j = 0; j < 4; j++) assert_record(set->part[LG_PART_TRAIN], j, 3 + j);
        lg_dataset_close(set);
    }
    tree_refused(&t, "s/none.bin", NULL, LOGIT_E_DATA, TEXTS("a single file", "cifar"));
    tree_close(&t);
}
END_TEST

START_TEST(classes_left_out_and_another_shape)
{
    tree t;
    tree_open(&t);
    write_ten(&t, "s");
    for (int held = 0; held < 2; held++) {
        const lg_dataset_options how = {.classes = "7,2", .memory = held ? 0 : 1};
        lg_dataset *set = tree_dataset(&t, "s", &how);
        const lg_set *part = set->part[LG_PART_TRAIN];
        ck_assert_int_eq(part->count, 3); /* records 2, 7, 12 */
        assert_record(part, 1, 7);
        assert_record(part, 2, 12);
        ck_assert_int_eq(part->label[1], 0);
        ck_assert_str_eq(tree_sample(&t, part, 2), "s/data_batch_2.bin[0]");
        lg_dataset_close(set);
    }
    const lg_dataset_options small = {.shape = {16, 8, 1}};
    lg_dataset *set = tree_dataset(&t, "s", &small);
    ck_assert_ptr_null(set->part[LG_PART_TRAIN]->resident);
    ck_assert_int_eq(tree_count_good(set->part[LG_PART_TRAIN]), 15);
    lg_dataset_close(set);
    tree_close(&t);
}
END_TEST

/* --------------------------------------------------------------------------- spoilt sets --- */

static const struct {
    const char *row, *file;
    int hundred, more; /* bytes added or cut */
    int at, byte;      /* written over; -1: none */
    const char *class_name, *text;
} spoils[] = {
    {"CI1 a byte short", "data_batch_1.bin", 0, -1, -1, 0, "TRUNC", "byte 12291"},
    {"CI1 a byte long", "data_batch_1.bin", 0, 1, -1, 0, "TRAIL", "byte 12292"},
    {"CI1 half a record more", "data_batch_1.bin", 0, 1500, -1, 0, "TRUNC", "inside record 4"},
    {"CI1 less than a record", "data_batch_1.bin", 0, -3 * 3073 - 1, -1, 0, "TRUNC", "record 0"},
    {"CI1 a byte short", "train.bin", 1, -1, -1, 0, "TRUNC", "byte 12295"},
    {"CI1 two bytes long", "train.bin", 1, 2, -1, 0, "TRAIL", "byte 12296"},
    {"CI2 label 10", "data_batch_1.bin", 0, 0, 2 * 3073, 10, "RANGE", "record 2 is 10"},
    {"CI2 label 255", "data_batch_1.bin", 0, 0, 0, 255, "RANGE", "record 0 is 255"},
    {"CI2 coarse 20", "train.bin", 1, 0, 3 * 3074, 20, "RANGE", "coarse label of record 3 is 20"},
    {"CI2 fine 100", "train.bin", 1, 0, 3074 + 1, 100, "RANGE",
     "byte 3075: the fine label of record 1"},
    {"CI3 empty", "data_batch_1.bin", 0, -4 * 3073, -1, 0, "RANGE", "no samples"},
    {"CI3 empty", "train.bin", 1, -4 * 3074, -1, 0, "RANGE", "no samples"},
};

START_TEST(spoilt_file_is_refused)
{
    tree t;
    char path[64], in_brackets[16];
    static uint8_t bytes[8 * 3074];
    tree_open(&t);
    snprintf(path, sizeof path, "s/%s", spoils[_i].file);
    write_batch(&t, path, 0, 4, spoils[_i].hundred);
    FILE *file = fopen(tree_path(&t, path), "rb");
    const size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    if (spoils[_i].at >= 0) bytes[spoils[_i].at] = (uint8_t)spoils[_i].byte;
    tree_file(&t, path, bytes, size + (size_t)spoils[_i].more);
    snprintf(in_brackets, sizeof in_brackets, "[%s]", spoils[_i].class_name);
    const clock_t begin = clock();
    for (int single = 0; single < 2; single++)
        tree_refused(&t, single ? path : "s", NULL, LOGIT_E_DATA,
                     TEXTS(": cifar at byte ", spoils[_i].file, spoils[_i].text, in_brackets));
    ck_assert_double_lt((double)(clock() - begin) / CLOCKS_PER_SEC, 0.1);
    tree_close(&t);
}
END_TEST

START_TEST(names_that_do_not_fit_are_refused)
{
    tree t;
    tree_open(&t);
    write_ten(&t, "s");
    tree_text(&t, "s/batches.meta.txt", "a\nb\n");
    tree_refused(&t, "s", NULL, LOGIT_E_DATA, TEXTS("batches.meta.txt", "2 names", "[MISMATCH]"));
    tree_text(&t, "s/batches.meta.txt", "a\nb\nc\nd\ne\nf\ng\nh\ni\na\n");
    tree_refused(&t, "s", NULL, LOGIT_E_DATA, TEXTS("batches.meta.txt", "twice", "[FORMAT]"));
    unlink(tree_path(&t, "s/batches.meta.txt"));
    write_batch(&t, "s/train.bin", 0, 2, 1);
    tree_refused(&t, "s", NULL, LOGIT_E_DATA, TEXTS("CIFAR-10 and of CIFAR-100"));
    tree_close(&t);
}
END_TEST

START_TEST(file_that_shrinks_is_told)
{
    tree t;
    tree_open(&t);
    write_ten(&t, "s");
    lg_dataset *set = tree_dataset(&t, "s", &(lg_dataset_options){.memory = 1});
    ck_assert_int_eq(truncate(tree_path(&t, "s/data_batch_2.bin"), 3073), 0);
    tree_assert_bad(set->part[LG_PART_TRAIN], 14, LOGIT_E_IO,
                    TEXTS("data_batch_2.bin", "become shorter"));
    lg_dataset_close(set);
    tree_close(&t);
}
END_TEST

/* ------------------------------------------------------------------------------- training --- */

START_TEST(any_memory_and_threads_train_to_the_same_model)
{
    tree t;
    tree_open(&t);
    write_ten(&t, "s");
    options.batch_size = 4;
    options.val_split = 0.0;
    logit_error err = {0};
    for (int i = 0; i < 4; i++) {
        options.threads = 1 + i % 3;
        options.memory = i % 2;
        options.out = small_set_path(i ? "other" : "first");
        const logit_status status = logit_train(tree_path(&t, "s"), &options, NULL, NULL, &err);
        ck_assert_msg(status == LOGIT_OK, "%s", err.message);
        if (i > 0) ck_assert(same_files(MODEL("first"), MODEL("other")));
    }
    tree_close(&t);
}
END_TEST

Suite *lg_suite_cifar(void)
{
    Suite *suite = suite_create("cifar");
    TCase *tests = tcase_create("cifar"), *runs = tcase_create("runs");
    tcase_set_timeout(tests, 60);
    tcase_set_timeout(runs, 60);
    tcase_add_loop_test(tests, ten_classes_in_either_folder_held_or_not, 0, 4);
    tcase_add_test(tests, batches_stand_in_the_order_of_their_numbers);
    tcase_add_test(tests, a_hundred_classes_by_their_fine_names);
    tcase_add_test(tests, a_single_file_is_a_set_by_name_or_size);
    tcase_add_test(tests, classes_left_out_and_another_shape);
    tcase_add_loop_test(tests, spoilt_file_is_refused, 0, COUNT(spoils));
    tcase_add_test(tests, names_that_do_not_fit_are_refused);
    tcase_add_test(tests, file_that_shrinks_is_told);
    tcase_add_checked_fixture(runs, begin, small_set_end);
    tcase_add_test(runs, any_memory_and_threads_train_to_the_same_model);
    suite_add_tcase(suite, tests);
    suite_add_tcase(suite, runs);
    return suite;
}
