/* test_folder_ahead.c -- files of a folder that are asked for before they are read. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/tree.h"

Suite *lg_suite_folder_ahead(void);

enum { COUNT = 40 };

/* 40 images in two classes. */
static lg_dataset *make(tree *t)
{
    tree_open(t);
    for (int i = 0; i < COUNT; i++) {
        char name[32];
        snprintf(name, sizeof name, "s/%c/%02d.ppm", i % 2 ? 'b' : 'a', i);
        tree_image(t, name, (tree_size){30, 30, 3}, i);
    }
    return tree_dataset(t, "s", NULL);
}

static void tell(const lg_set *set)
{
    int32_t all[COUNT];
    for (int32_t i = 0; i < COUNT; i++) all[i] = COUNT - 1 - i;
    set->ops->ahead(set, all, COUNT);
}

static int open_sample(const tree *t, const lg_set *set, int64_t i)
{
    const int fd = open(tree_path(t, tree_sample(t, set, i)), O_RDONLY);
    ck_assert_int_ge(fd, 0);
    return fd;
}

/* 1 if the file lies in the page cache.  Looked up, not read: reading would bring it there. */
static int is_cached(const tree *t, const lg_set *set, int64_t i)
{
    unsigned char page = 0;
    const int fd = open_sample(t, set, i);
    void *map = mmap(NULL, 1, PROT_READ, MAP_SHARED, fd, 0);
    ck_assert_ptr_ne(map, MAP_FAILED);
    ck_assert_int_eq(mincore(map, 1, &page), 0);
    munmap(map, 1);
    close(fd);
    return page & 1;
}

static int count_cached(const tree *t, const lg_set *set)
{
    int count = 0;
    for (int64_t i = 0; i < set->count; i++) count += is_cached(t, set, i);
    return count;
}

/* Takes the files out of the page cache, where the file system does that. */
static void evict(const tree *t, const lg_set *set)
{
    for (int64_t i = 0; i < set->count; i++) {
        const int fd = open_sample(t, set, i);
        fsync(fd);
        posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
        close(fd);
    }
}

START_TEST(files_come_into_the_cache)
{
    tree t;
    lg_dataset *data = make(&t);
    const lg_set *set = data->part[LG_PART_TRAIN];
    evict(&t, set);
    const int before = count_cached(&t, set);
    if (before > COUNT / 2) { /* a file system in memory, or another that keeps what it has */
        fprintf(stderr, "note: files_come_into_the_cache: skipped, files cannot be evicted here\n");
    } else {
        tell(set);
        for (int i = 0; i < 200 && count_cached(&t, set) < COUNT; i++) usleep(10000);
        ck_assert_int_eq(count_cached(&t, set), COUNT);
    }
    lg_dataset_close(data);
    tree_close(&t);
}
END_TEST

/* Neither waits nor fails; what is wrong comes to light when it is read. */
START_TEST(what_has_changed_is_passed_over)
{
    tree t;
    lg_dataset *data = make(&t);
    lg_set *set = data->part[LG_PART_TRAIN];
    evict(&t, set);
    for (int i = 0; i < 10; i++)
        ck_assert_int_eq(unlink(tree_path(&t, tree_sample(&t, set, i))), 0);
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(mkfifo(tree_path(&t, tree_sample(&t, set, i)), 0600), 0);
    for (int i = 5; i < 7; i++) tree_folder(&t, tree_sample(&t, set, i));
    tell(set);
    int32_t one = 39;
    set->ops->ahead(set, &one, 1);
    ck_assert_int_eq(tree_count_good(set), COUNT - 10);
    lg_dataset_close(data);
    tree_close(&t);
}
END_TEST

START_TEST(descriptors_come_back)
{
    tree t;
    lg_dataset *data = make(&t);
    for (int i = 0; i < 100; i++) {
        evict(&t, data->part[LG_PART_TRAIN]);
        tell(data->part[LG_PART_TRAIN]);
    }
    const int fd = open("/dev/null", O_RDONLY);
    ck_assert_int_lt(fd, 64);
    close(fd);
    lg_dataset_close(data);
    tree_close(&t);
}
END_TEST

Suite *lg_suite_folder_ahead(void)
{
    Suite *suite = suite_create("folder_ahead");
    TCase *tcase = tcase_create("folder_ahead");
    tcase_set_timeout(tcase, 30);
    tcase_add_test(tcase, files_come_into_the_cache);
    tcase_add_test(tcase, what_has_changed_is_passed_over);
    tcase_add_test(tcase, descriptors_come_back);
    suite_add_tcase(suite, tcase);
    return suite;
}
