/* test_base.c -- random numbers, pool, files, text. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/philox.h"
#include "base/pool.h"
#include "base/size.h"
#include "base/status.h"
#include "base/text.h"

Suite *lg_suite_base(void);

/* Known answers of Philox4x32-10: kat_vectors of the Random123 distribution (Salmon et al.). */
static const struct {
    uint64_t seed, stream, index;
    uint32_t want[4];
} known[] = {
    {0, 0, 0, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
    {UINT64_MAX, UINT64_MAX, UINT64_MAX, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
    {0x299f31d0a4093822,
     0x0370734413198a2e,
     0x85a308d3243f6a88,
     {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
};

START_TEST(philox_gives_the_published_answers)
{
    const lg_random4 r = lg_philox(known[_i].seed, known[_i].stream, known[_i].index);
    for (int i = 0; i < 4; i++) ck_assert_uint_eq(r.word[i], known[_i].want[i]);
}
END_TEST

START_TEST(numbers_below_n_are_even)
{
    enum { N = 7, DRAWS = 70000 };
    int count[N] = {0};
    for (uint64_t i = 0; i < DRAWS; i++) {
        const uint64_t x = lg_random_below(1, lg_stream_id(LG_STREAM_TEST, 0), i, N);
        ck_assert_uint_lt(x, N);
        count[x]++;
    }
    double chi2 = 0.0;
    for (int i = 0; i < N; i++) chi2 += pow(count[i] - DRAWS / N, 2) / (DRAWS / N);
    ck_assert_double_lt(chi2, 22.46); /* 6 degrees of freedom, p = 0.001 */
}
END_TEST

typedef struct job {
    int64_t count;
    atomic_int hits[1000];
    atomic_int parts;
} job;

static void hit(void *argument, int part, int parts)
{
    job *j = argument;
    int64_t begin, end;
    lg_pool_cut(j->count, 8, part, parts, &begin, &end);
    for (int64_t i = begin; i < end; i++) atomic_fetch_add(&j->hits[i], 1);
    atomic_fetch_add(&j->parts, 1);
}

START_TEST(pool_does_every_part_once)
{
    static const int threads[] = {1, 2, 3, 8};
    lg_pool *pool;
    logit_error err;
    ck_assert_int_eq(lg_pool_create(&pool, threads[_i % 4], &err), LOGIT_OK);
    lg_pool_spin(pool, _i < 4 ? 0 : 50);
    for (int round = 0; round < 200; round++) {
        job j = {.count = round * 5};
        lg_pool_run(pool, hit, &j);
        ck_assert_int_eq(j.parts, threads[_i % 4]);
        for (int i = 0; i < 1000; i++) ck_assert_int_eq(j.hits[i], i < j.count);
    }
    lg_pool_destroy(pool);
}
END_TEST

START_TEST(sizes_that_do_not_fit_are_told)
{
    size_t out = 5;
    ck_assert(!lg_size_mul(SIZE_MAX / 2, 3, &out));
    ck_assert(!lg_size_add(SIZE_MAX, 1, &out));
    ck_assert_uint_eq(out, 5);
    ck_assert(lg_size_mul(SIZE_MAX / 3, 3, &out) && lg_size_add(2, 3, &out));
    ck_assert_uint_eq(out, 5);
}
END_TEST

static char folder[64];

static void make_folder(void)
{
    strcpy(folder, "/tmp/logit-base-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void remove_folder(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    ck_assert_int_eq(system(command), 0);
}

static const char *in_folder(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

START_TEST(file_comes_back_as_it_was_written)
{
    const lg_piece pieces[] = {{"abc", 3}, {"", 0}, {"defg", 4}};
    lg_bytes bytes = {0};
    logit_error err;
    ck_assert_int_eq(lg_file_replace(in_folder("x"), pieces, 3, &err), LOGIT_OK);
    ck_assert_int_eq(lg_file_read(AT_FDCWD, in_folder("x"), 7, &bytes, &err), LOGIT_OK);
    ck_assert_uint_eq(bytes.size, 7);
    ck_assert_mem_eq(bytes.data, "abcdefg", 7);
    ck_assert_int_eq(lg_file_read(AT_FDCWD, in_folder("x"), 6, &bytes, &err), LOGIT_E_DATA);
    ck_assert_ptr_nonnull(strstr(err.message, "[LIMIT]"));
    lg_bytes_clear(&bytes);
}
END_TEST

START_TEST(file_that_cannot_be_written_stays_as_it_was)
{
    static char big[1 << 16];
    const lg_piece small = {"old", 3}, large = {big, sizeof big};
    lg_bytes bytes = {0};
    logit_error err;
    ck_assert_int_eq(lg_file_replace(in_folder("x"), &small, 1, &err), LOGIT_OK);
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &(struct rlimit){4096, 4096}), 0);
    ck_assert_int_eq(lg_file_replace(in_folder("x"), &large, 1, &err), LOGIT_E_IO);
    ck_assert_int_eq(lg_file_read(AT_FDCWD, in_folder("x"), 100, &bytes, &err), LOGIT_OK);
    ck_assert_uint_eq(bytes.size, 3);
    char command[200];
    snprintf(command, sizeof command, "test \"$(ls %s)\" = x", folder); /* no temporary file */
    ck_assert_int_eq(system(command), 0);
    lg_bytes_clear(&bytes);
}
END_TEST

START_TEST(sweeping_takes_what_killed_writers_left_and_no_more)
{
    static const char *const stale[] = {"x.1.tmp", "x.4194304.tmp"};
    static const char *const kept[] = {"x",        "x.tmp",   "x..tmp", "x.1.tmp2",
                                       "x.1a.tmp", "y.1.tmp", "x1.tmp"};
    const lg_piece piece = {"a", 1};
    logit_error err;
    for (size_t i = 0; i < 2; i++)
        ck_assert_int_eq(lg_file_replace(in_folder(stale[i]), &piece, 1, &err), LOGIT_OK);
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        ck_assert_int_eq(lg_file_replace(in_folder(kept[i]), &piece, 1, &err), LOGIT_OK);
    lg_file_sweep(in_folder("x"));
    for (size_t i = 0; i < 2; i++) ck_assert_int_ne(access(in_folder(stale[i]), F_OK), 0);
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        ck_assert_msg(access(in_folder(kept[i]), F_OK) == 0, "%s is gone", kept[i]);
    lg_file_sweep(in_folder("nowhere/x"));
}
END_TEST

START_TEST(fifo_and_folder_are_not_files)
{
    logit_error err;
    int fd;
    ck_assert_int_eq(mkfifo(in_folder("fifo"), 0600), 0);
    ck_assert_int_eq(lg_file_open(&fd, AT_FDCWD, in_folder("fifo"), NULL, &err), LOGIT_E_IO);
    ck_assert_int_eq(lg_file_open(&fd, AT_FDCWD, folder, NULL, &err), LOGIT_E_IO);
    ck_assert_int_eq(lg_file_open(&fd, AT_FDCWD, in_folder("none"), NULL, &err), LOGIT_E_IO);
    ck_assert_ptr_nonnull(strstr(err.message, "none"));
}
END_TEST

START_TEST(folders_are_made_one_in_the_other)
{
    logit_error err;
    ck_assert_int_eq(lg_folder_make(in_folder("a/b/c"), &err), LOGIT_OK);
    ck_assert_int_eq(lg_folder_make(in_folder("a/b/c"), &err), LOGIT_OK);
    const lg_piece piece = {"x", 1};
    ck_assert_int_eq(lg_file_replace(in_folder("a/file"), &piece, 1, &err), LOGIT_OK);
    ck_assert_int_eq(lg_folder_make(in_folder("a/file/d"), &err), LOGIT_E_IO);
}
END_TEST

START_TEST(text_is_escaped)
{
    static const struct {
        const char *text, *want, *json;
    } cases[] = {
        {"plain", "plain", "\"plain\""},
        {"a\nb", "a\\x0Ab", "\"a\\u000ab\""},
        {"\xC3\xA9", "\xC3\xA9", "\"\xC3\xA9\""},
        {"\xFFz", "\\xFFz", "\"\xEF\xBF\xBDz\""},
        {"\xC0\xAF", "\\xC0\\xAF", "\"\xEF\xBF\xBD\xEF\xBF\xBD\""}, /* overlong */
        {"\xED\xA0\x80", "\\xED\\xA0\\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
        {"q\"\\", "q\"\\", "\"q\\\"\\\\\""},
    };
    char out[64];
    lg_text text = {0};
    ck_assert_str_eq(lg_text_escape(out, sizeof out, cases[_i].text), cases[_i].want);
    lg_text_add_json(&text, cases[_i].text);
    ck_assert_str_eq(text.data, cases[_i].json);
    lg_text_clear(&text);
}
END_TEST

START_TEST(long_text_is_cut)
{
    char out[16];
    ck_assert_str_eq(lg_text_escape(out, sizeof out, "0123456789abcdefgh"), "0123456789ab...");
}
END_TEST

START_TEST(numbers_keep_17_digits)
{
    lg_text text = {0};
    lg_text_add_number(&text, 0.1);
    lg_text_add_number(&text, NAN);
    ck_assert_str_eq(text.data, "0.10000000000000001null");
    lg_text_clear(&text);
}
END_TEST

START_TEST(distance_counts_edits)
{
    static const struct {
        const char *a, *b;
        int want;
    } cases[] = {{"", "", 0},
                 {"lr", "lr", 0},
                 {"epoch", "epochs", 1},
                 {"momentmu", "momentum", 1},
                 {"kitten", "sitting", 3},
                 {"abc", "", 3}};
    ck_assert_int_eq(lg_text_distance(cases[_i].a, cases[_i].b), cases[_i].want);
    ck_assert_int_eq(lg_text_distance(cases[_i].b, cases[_i].a), cases[_i].want);
}
END_TEST

START_TEST(errors_carry_their_place)
{
    logit_error err = {0};
    ck_assert_int_eq(lg_fail(&err, LOGIT_E_IO, "x.c", 7, "%d bytes", 3), LOGIT_E_IO);
    lg_error_prefix(&err, "%s: ", "file");
    ck_assert_str_eq(err.message, "file: 3 bytes");
    ck_assert_int_eq(err.line, 7);
    ck_assert_int_eq(lg_fail(NULL, LOGIT_E_DATA, "x.c", 7, "nobody listens"), LOGIT_E_DATA);
    ck_assert_int_eq(logit_exit_code(LOGIT_E_NOMEM), 6);
    ck_assert_int_eq(logit_exit_code(LOGIT_E_DIVERGED), 7);
}
END_TEST

START_TEST(machine_has_memory_and_a_processor)
{
    int64_t total, available;
    lg_memory_read(&total, &available);
    ck_assert_int_gt(available, 0);
    ck_assert_int_le(available, total);
    ck_assert_int_ge(lg_processor_count(), 1);
}
END_TEST

START_TEST(sizes_have_three_digits_and_units_of_a_thousand)
{
    static const struct {
        double bytes;
        const char *want;
    } cases[] = {
        {0, "0 B"},
        {999, "999 B"},
        {1000, "1.00 KB"},
        {1023, "1.02 KB"},
        {9994, "9.99 KB"},
        {9995, "10.0 KB"},
        {9996, "10.0 KB"},
        {99949, "99.9 KB"},
        {99951, "100 KB"},
        {999499, "999 KB"},
        {999500, "1.00 MB"},
        {24536000, "24.5 MB"},
        {2147483648, "2.15 GB"},
        {0x1p64, "18.4 EB"},
        {1e21, "1000 EB"},
    };
    char out[LG_TEXT_BYTES];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_assert_str_eq(lg_text_bytes(out, cases[i].bytes), cases[i].want);
}
END_TEST

Suite *lg_suite_base(void)
{
    Suite *suite = suite_create("base");
    TCase *plain = tcase_create("plain");
    tcase_add_loop_test(plain, philox_gives_the_published_answers, 0, 3);
    tcase_add_test(plain, numbers_below_n_are_even);
    tcase_add_loop_test(plain, pool_does_every_part_once, 0, 8);
    tcase_add_test(plain, sizes_that_do_not_fit_are_told);
    tcase_add_loop_test(plain, text_is_escaped, 0, 7);
    tcase_add_test(plain, long_text_is_cut);
    tcase_add_test(plain, numbers_keep_17_digits);
    tcase_add_test(plain, sizes_have_three_digits_and_units_of_a_thousand);
    tcase_add_loop_test(plain, distance_counts_edits, 0, 6);
    tcase_add_test(plain, errors_carry_their_place);
    tcase_add_test(plain, machine_has_memory_and_a_processor);
    suite_add_tcase(suite, plain);
    TCase *files = tcase_create("files");
    tcase_add_checked_fixture(files, make_folder, remove_folder);
    tcase_add_test(files, file_comes_back_as_it_was_written);
    tcase_add_test(files, file_that_cannot_be_written_stays_as_it_was);
    tcase_add_test(files, fifo_and_folder_are_not_files);
    tcase_add_test(files, folders_are_made_one_in_the_other);
    tcase_add_test(files, sweeping_takes_what_killed_writers_left_and_no_more);
    suite_add_tcase(suite, files);
    return suite;
}
