/* test_packed_write.c -- packing that is stopped, refused, or runs out of room.
 *
 * Tests (suite packed_write). */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/packed_rig.h"
#include "tests/tree.h"

Suite *lg_suite_packed_write(void);

enum { COUNT = 700, BYTES = 3 * 32 * 32 }; /* three blocks of 341 rows */

static tree in;
static char path[100], part[110], journal[120];
static lg_packed_plan plan;

static void setup(void)
{
    tree_open(&in);
    snprintf(path, sizeof path, "%s", tree_path(&in, "set.packed"));
    snprintf(part, sizeof part, "%s.part", path);
    snprintf(journal, sizeof journal, "%s.journal", part);
    plan = packed_plan(path, COUNT, (lg_image_target){32, 32, 3}, LG_ELEMENT_U8);
    plan.resume = 1;
    plan.key[0] = 1;
}

static void teardown(void)
{
    tree_close(&in);
}

static lg_packed_writer *begin(void)
{
    lg_packed_writer *writer;
    logit_error err;
    ck_assert_msg(lg_packed_create(&writer, &plan, &err) == LOGIT_OK, "%s", err.message);
    return writer;
}

static void put_rows(lg_packed_writer *writer, int64_t first, int64_t last, int64_t step)
{
    uint8_t row[BYTES];
    for (int64_t i = first; i != last; i += step) {
        if (lg_packed_has(writer, 0, i)) continue;
        for (size_t j = 0; j < BYTES; j++) row[j] = packed_byte(0, i, j);
        ck_assert_int_eq(lg_packed_put(writer, 0, i, 1, row, NULL), LOGIT_OK);
    }
}

static lg_bytes finish(lg_packed_writer *writer)
{
    static char *names[] = {"cat", "dog", "emu"};
    int32_t label[COUNT];
    int64_t bytes;
    logit_error err;
    for (int i = 0; i < COUNT; i++) label[i] = packed_label(i);
    lg_packed_rest rest = {.class_name = names, .source = "{}"};
    rest.part[0].label = label;
    ck_assert_msg(lg_packed_finish(writer, &rest, &bytes, &err) == LOGIT_OK, "%s", err.message);
    lg_packed_writer_destroy(writer, 1);
    ck_assert_int_ne(access(part, F_OK), 0);
    ck_assert_int_ne(access(journal, F_OK), 0);
    return packed_load(path);
}

/* What a writer gives that nothing disturbs. */
static lg_bytes straight(void)
{
    lg_packed_writer *writer = begin();
    put_rows(writer, 0, COUNT, 1);
    return finish(writer);
}

static void add_bad(lg_packed_writer *writer, int64_t sample, const char *reason)
{
    logit_error why = {.status = LOGIT_E_IO};
    snprintf(why.message, sizeof why.message, "%s", reason);
    ck_assert_int_eq(lg_packed_put_bad(writer, 0, sample, &why, NULL), LOGIT_OK);
}

START_TEST(a_writer_that_was_kept_goes_on_where_it_stopped)
{
    lg_bytes want = straight();
    lg_packed_writer *writer = begin();
    put_rows(writer, 0, 100, 1);
    put_rows(writer, 600, 500, -1);
    ck_assert_int_eq(lg_packed_keep(writer, NULL), LOGIT_OK);
    put_rows(writer, 100, 120, 1); /* after the journal: forgotten */
    lg_packed_writer_destroy(writer, 1);
    ck_assert_int_eq(access(part, F_OK), 0);
    writer = begin();
    ck_assert_int_eq(lg_packed_done(writer, 0), 200);
    ck_assert(lg_packed_has(writer, 0, 99) && !lg_packed_has(writer, 0, 100));
    ck_assert(lg_packed_has(writer, 0, 501) && !lg_packed_has(writer, 0, 500));
    put_rows(writer, COUNT - 1, -1, -1);
    lg_bytes got = finish(writer);
    ck_assert_uint_eq(got.size, want.size);
    ck_assert_mem_eq(got.data, want.data, want.size);
    lg_bytes_clear(&want);
    lg_bytes_clear(&got);
}
END_TEST

START_TEST(bad_samples_outlast_a_stop)
{
    lg_packed_writer *writer = begin();
    add_bad(writer, 30, "second");
    add_bad(writer, 7, "first");
    put_rows(writer, 0, 50, 1);
    ck_assert_int_eq(lg_packed_keep(writer, NULL), LOGIT_OK);
    lg_packed_writer_destroy(writer, 1);
    writer = begin();
    ck_assert_int_eq(lg_packed_bads(writer, 0), 2);
    add_bad(writer, 30, "second, met again");
    put_rows(writer, 0, COUNT, 1);
    lg_bytes got = finish(writer);
    lg_bytes_clear(&got);
    lg_packed_file *file;
    logit_error err;
    uint8_t out[BYTES];
    ck_assert_msg(lg_packed_open(&file, path, &err) == LOGIT_OK, "%s", err.message);
    ck_assert_int_eq(lg_packed_read(file, 0, 7, out, &err), LOGIT_E_IO);
    ck_assert_str_eq(err.message, "first");
    ck_assert_int_eq(lg_packed_read(file, 0, 30, out, &err), LOGIT_E_IO);
    ck_assert_str_eq(strtok(err.message, ","), "second");
    ck_assert_int_eq(lg_packed_read(file, 0, 29, out, &err), LOGIT_OK);
    lg_packed_close(file);
}
END_TEST

/* Another set, another order, a journal that is damaged or that speaks of a file that is gone: all
 * begin anew. */
START_TEST(what_does_not_fit_is_begun_anew)
{
    lg_packed_writer *writer = begin();
    put_rows(writer, 0, 100, 1);
    ck_assert_int_eq(lg_packed_keep(writer, NULL), LOGIT_OK);
    lg_packed_writer_destroy(writer, 1);
    lg_bytes bytes = packed_load(journal);
    for (int way = 0; way < 4; way++) {
        lg_bytes spoiled = packed_load(journal);
        if (way == 0) plan.key[3] = 1;
        if (way == 1) spoiled.data[spoiled.size / 2] ^= 1;
        if (way == 2) spoiled.size--;
        if (way == 3) ck_assert_int_eq(truncate(part, 5000), 0);
        packed_save(journal, &spoiled);
        writer = begin();
        ck_assert_msg(lg_packed_done(writer, 0) == 0, "way %d", way);
        put_rows(writer, 0, 100, 1);
        plan.key[3] = 0;
        lg_packed_writer_destroy(writer, 0);
        ck_assert_int_ne(access(part, F_OK), 0); /* not kept */
        writer = begin();
        put_rows(writer, 0, 100, 1);
        ck_assert_int_eq(lg_packed_keep(writer, NULL), LOGIT_OK);
        lg_packed_writer_destroy(writer, 1);
        lg_bytes_clear(&spoiled);
    }
    lg_bytes_clear(&bytes);
}
END_TEST

START_TEST(a_file_that_is_there_is_replaced_only_where_asked)
{
    lg_packed_writer *writer;
    logit_error err;
    tree_text(&in, "set.packed", "mine");
    plan.replace = 0;
    ck_assert_int_eq(lg_packed_create(&writer, &plan, &err), LOGIT_E_USAGE);
    ck_assert_ptr_null(writer);
    ck_assert_ptr_nonnull(strstr(err.message, "--force"));
    plan.replace = 1;
    writer = begin();
    lg_packed_writer_destroy(writer, 1);
    lg_bytes still = packed_load(path);
    ck_assert_uint_eq(still.size, 4);
    lg_bytes_clear(&still);
    tree_folder(&in, "folder");
    plan.path = tree_path(&in, "folder");
    ck_assert_int_eq(lg_packed_create(&writer, &plan, &err), LOGIT_E_USAGE);
}
END_TEST

START_TEST(two_writers_of_one_file_do_not_meet)
{
    lg_packed_writer *writer = begin(), *other;
    logit_error err;
    ck_assert_int_eq(lg_packed_create(&other, &plan, &err), LOGIT_E_LOCKED);
    ck_assert_ptr_nonnull(strstr(err.message, "set.packed.part"));
    put_rows(writer, 0, COUNT, 1);
    lg_bytes whole = finish(writer);
    lg_bytes_clear(&whole);
}
END_TEST

/* A file that may not grow stands for a full disk. */
START_TEST(a_full_disk_is_told_before_anything_is_written)
{
    struct rlimit old, small;
    lg_packed_writer *writer;
    logit_error err;
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &old), 0);
    small = (struct rlimit){.rlim_cur = 1 << 20, .rlim_max = old.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
    ck_assert_int_eq(lg_packed_create(&writer, &plan, &err), LOGIT_E_IO);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &old), 0);
    ck_assert_msg(strstr(err.message, "set.packed.part: no room for 2154496 bytes") != NULL, "%s",
                  err.message);
    ck_assert_int_ne(access(part, F_OK), 0);
}
END_TEST

/* ... and one that fills up while the rest is written leaves what was there, and goes on later. */
START_TEST(a_disk_that_fills_up_at_the_end_costs_nothing)
{
    static char *names[] = {"cat", "dog", "emu"};
    struct rlimit old, small;
    int32_t label[COUNT] = {0};
    int64_t bytes;
    logit_error err;
    lg_packed_rest rest = {.class_name = names, .source = "{}"};
    rest.part[0].label = label;
    lg_bytes want = straight();
    lg_packed_writer *writer = begin();
    put_rows(writer, 0, COUNT, 1);
    ck_assert_int_eq(lg_packed_keep(writer, NULL), LOGIT_OK);
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &old), 0);
    small = (struct rlimit){.rlim_cur = 2154496 + 100, .rlim_max = old.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
    ck_assert_int_eq(lg_packed_finish(writer, &rest, &bytes, &err), LOGIT_E_IO);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &old), 0);
    ck_assert_msg(strstr(err.message, "set.packed.part: writing at byte") != NULL, "%s",
                  err.message);
    lg_packed_writer_destroy(writer, 1);
    writer = begin();
    ck_assert_int_eq(lg_packed_done(writer, 0), COUNT);
    lg_bytes got = finish(writer);
    ck_assert_uint_eq(got.size, want.size);
    ck_assert_mem_eq(got.data, want.data, want.size);
    lg_bytes_clear(&want);
    lg_bytes_clear(&got);
}
END_TEST

START_TEST(shapes_that_cannot_be_are_refused)
{
    lg_packed_writer *writer;
    plan.header.part[0].shape.height = 0;
    ck_assert_int_eq(lg_packed_create(&writer, &plan, NULL), LOGIT_E_USAGE);
    plan.header.part[0].shape = (lg_image_target){1 << 30, 1 << 30, 1 << 30};
    ck_assert_int_eq(lg_packed_create(&writer, &plan, NULL), LOGIT_E_USAGE);
    plan.header.part[0].shape = (lg_image_target){1 << 20, 1 << 20, 3};
    plan.header.part[0].count = (uint64_t)1 << 30;
    ck_assert_int_eq(lg_packed_create(&writer, &plan, NULL), LOGIT_E_USAGE);
    ck_assert_int_ne(access(part, F_OK), 0);
}
END_TEST

Suite *lg_suite_packed_write(void)
{
    Suite *suite = suite_create("packed_write");
    TCase *tcase = tcase_create("packed_write");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, a_writer_that_was_kept_goes_on_where_it_stopped);
    tcase_add_test(tcase, bad_samples_outlast_a_stop);
    tcase_add_test(tcase, what_does_not_fit_is_begun_anew);
    tcase_add_test(tcase, a_file_that_is_there_is_replaced_only_where_asked);
    tcase_add_test(tcase, two_writers_of_one_file_do_not_meet);
    tcase_add_test(tcase, a_full_disk_is_told_before_anything_is_written);
    tcase_add_test(tcase, a_disk_that_fills_up_at_the_end_costs_nothing);
    tcase_add_test(tcase, shapes_that_cannot_be_are_refused);
    suite_add_tcase(suite, tcase);
    return suite;
}
