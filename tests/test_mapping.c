/* test_mapping.c -- a file that shrinks under its readers, and faults that are none of ours.
 *
 * Tests (suite mapping). */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "data/mapping.h"
#include "tests/tree.h"

Suite *lg_suite_mapping(void);

enum { PAGE = 4096, PAGES = 256 };

static tree in;
static char path[100];

static void write_file(const char *name)
{
    uint8_t *bytes = malloc(PAGES * PAGE);
    memset(bytes, 7, PAGES * PAGE);
    tree_file(&in, name, bytes, PAGES * PAGE);
    free(bytes);
}

static void setup(void)
{
    tree_open(&in);
    write_file("file");
    snprintf(path, sizeof path, "%s", tree_path(&in, "file"));
}

static void teardown(void)
{
    tree_close(&in);
}

static lg_mapping open_file(const char *name)
{
    lg_mapping map;
    logit_error err;
    ck_assert_msg(lg_mapping_open(&map, tree_path(&in, name), &err) == LOGIT_OK, "%s", err.message);
    ck_assert_uint_eq(map.size, PAGES * PAGE);
    return map;
}

static long sum(const lg_mapping *map)
{
    long all = 0;
    for (size_t at = 0; at < map->size; at += 512)
        all += ((const volatile uint8_t *)map->bytes)[at];
    return all;
}

START_TEST(pages_that_are_gone_read_as_zeros_and_are_noticed)
{
    write_file("other");
    lg_mapping map = open_file("file"), other = open_file("other");
    ck_assert_int_eq(sum(&map), 7 * PAGES * 8);
    ck_assert_int_eq(truncate(path, 3 * PAGE), 0);
    ck_assert(!lg_mapping_failed(&map));
    ck_assert_int_eq(sum(&map), 7 * 3 * 8);
    ck_assert(lg_mapping_failed(&map));
    ck_assert_int_eq(sum(&other), 7 * PAGES * 8);
    ck_assert(!lg_mapping_failed(&other));
    lg_mapping_close(&map);
    map = open_file("other"); /* the guard is used again, and clean */
    ck_assert(!lg_mapping_failed(&map));
    lg_mapping_close(&map);
    lg_mapping_close(&other);
    lg_mapping_close(&other);
}
END_TEST

START_TEST(a_cut_within_the_last_page_is_noticed_when_asked)
{
    lg_mapping map = open_file("file");
    ck_assert(!lg_mapping_shrank(&map));
    ck_assert_int_eq(truncate(path, PAGES * PAGE - 1), 0);
    ck_assert_uint_eq(map.bytes[map.size - 1], 0); /* no fault */
    ck_assert(!lg_mapping_failed(&map));
    ck_assert(lg_mapping_shrank(&map));
    ck_assert(lg_mapping_failed(&map));
    lg_mapping_close(&map);
}
END_TEST

START_TEST(an_empty_file_is_mapped_to_nothing)
{
    lg_mapping map;
    tree_file(&in, "empty", "", 0);
    ck_assert_int_eq(lg_mapping_open(&map, tree_path(&in, "empty"), NULL), LOGIT_OK);
    ck_assert_uint_eq(map.size, 0);
    ck_assert(!lg_mapping_failed(&map) && !lg_mapping_shrank(&map));
    lg_mapping_ahead(&map, 0, 100);
    lg_mapping_close(&map);
    ck_assert_int_eq(lg_mapping_open(&map, tree_path(&in, "none"), NULL), LOGIT_E_IO);
    ck_assert_int_eq(map.fd, -1);
    lg_mapping_close(&map);
}
END_TEST

typedef struct reader {
    lg_mapping *map;
    atomic_int *go_on;
    long rounds;
} reader;

static void *read_on(void *argument)
{
    reader *r = argument;
    while (atomic_load(r->go_on) && !lg_mapping_failed(r->map)) {
        sum(r->map);
        r->rounds++;
    }
    return NULL;
}

START_TEST(many_readers_survive)
{
    enum { READERS = 4 };
    atomic_int go_on = 1;
    lg_mapping map = open_file("file");
    pthread_t thread[READERS];
    reader readers[READERS];
    for (int i = 0; i < READERS; i++) {
        readers[i] = (reader){&map, &go_on, 0};
        ck_assert_int_eq(pthread_create(&thread[i], NULL, read_on, &readers[i]), 0);
    }
    usleep(20000);
    ck_assert_int_eq(truncate(path, PAGE), 0);
    for (int i = 0; i < READERS; i++) ck_assert_int_eq(pthread_join(thread[i], NULL), 0);
    ck_assert(lg_mapping_failed(&map));
    lg_mapping_close(&map);
}
END_TEST

/* --------------------------------------------------------------------- faults of others --- */

/* Touches a mapped page beyond the end of a file that the guard knows nothing of. */
static void fault_elsewhere(void)
{
    const int fd = open(path, O_RDWR);
    const volatile uint8_t *own = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
    if (ftruncate(fd, 0) != 0) _exit(3);
    const uint8_t byte = own[0];
    _exit(10 + byte);
}

static void say_and_leave(int number)
{
    (void)number;
    _exit(42);
}

/* How a child that runs into such a fault ends, as wait() says it; a guarded file is open. */
static int end_of_child(int with_handler)
{
    const pid_t child = fork();
    if (child == 0) {
        lg_mapping map;
        signal(SIGBUS, with_handler ? say_and_leave : SIG_DFL);
        write_file("guarded");
        if (lg_mapping_open(&map, tree_path(&in, "guarded"), NULL) != LOGIT_OK) _exit(4);
        fault_elsewhere();
    }
    int end;
    ck_assert_int_eq(waitpid(child, &end, 0), child);
    return end;
}

START_TEST(a_fault_of_others_ends_the_process_as_ever)
{
    const int end = end_of_child(0);
    ck_assert_msg(WIFSIGNALED(end) && WTERMSIG(end) == SIGBUS, "%x", (unsigned)end);
}
END_TEST

START_TEST(a_handler_that_was_there_gets_its_faults)
{
    const int end = end_of_child(1);
    ck_assert_msg(WIFEXITED(end) && WEXITSTATUS(end) == 42, "%x", (unsigned)end);
}
END_TEST

START_TEST(a_signal_that_somebody_sends_is_no_fault)
{
    const pid_t child = fork();
    if (child == 0) {
        lg_mapping map;
        signal(SIGBUS, SIG_DFL);
        if (lg_mapping_open(&map, path, NULL) != LOGIT_OK) _exit(4);
        raise(SIGBUS);
        _exit(5);
    }
    int end;
    ck_assert_int_eq(waitpid(child, &end, 0), child);
    ck_assert_msg(WIFSIGNALED(end) && WTERMSIG(end) == SIGBUS, "%x", (unsigned)end);
}
END_TEST

Suite *lg_suite_mapping(void)
{
    Suite *suite = suite_create("mapping");
    TCase *tcase = tcase_create("mapping");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, pages_that_are_gone_read_as_zeros_and_are_noticed);
    tcase_add_test(tcase, a_cut_within_the_last_page_is_noticed_when_asked);
    tcase_add_test(tcase, an_empty_file_is_mapped_to_nothing);
    tcase_add_test(tcase, many_readers_survive);
    tcase_add_test(tcase, a_fault_of_others_ends_the_process_as_ever);
    tcase_add_test(tcase, a_handler_that_was_there_gets_its_faults);
    tcase_add_test(tcase, a_signal_that_somebody_sends_is_no_fault);
    suite_add_tcase(suite, tcase);
    return suite;
}
