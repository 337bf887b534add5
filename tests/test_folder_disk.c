/* test_folder_disk.c -- image folders with all the trouble of real disks: links, fifos, odd names.
 *
 * Nothing here may block, be opened twice, get lost, or leave a descriptor behind. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "data/folder_list.h"
#include "data/folder_seen.h"
#include "tests/tree.h"

Suite *lg_suite_folder_disk(void);

#define TEXTS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define WANT(...) ((const tree_want[]){__VA_ARGS__, {NULL, 0}})

static const tree_size small = {2, 3, 1};

static int count_descriptors(void)
{
    int count = 0;
    for (int fd = 0; fd < 1024; fd++) count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

/* --------------------------------------------------------------------- what a disk can do --- */

START_TEST(link_loops_end)
{
    tree t;
    tree_open(&t);
    tree_images(&t, TEXTS("s/a/1.pgm", "s/a/deep/2.pgm", "s/b/1.pgm"));
    tree_link(&t, "s/a/deep/up", "..");
    tree_link(&t, "s/a/deep/here", ".");
    tree_link(&t, "s/a/deep/top", "../..");
    tree_link(&t, "s/a/deep/eat.jpg", "eat.jpg"); /* a file that is a link to itself */
    lg_dataset *set = tree_dataset(&t, "s", NULL);
    const lg_set *train = set->part[LG_PART_TRAIN];
    tree_assert_samples(
        &t, train,
        WANT({"s/a/1.pgm", 0}, {"s/a/deep/2.pgm", 0}, {"s/a/deep/eat.jpg", 0}, {"s/b/1.pgm", 1}));
    tree_assert_bad(train, 2, LOGIT_E_IO, TEXTS("s/a/deep/eat.jpg"));
    lg_dataset_close(set);
    tree_close(&t);
}
END_TEST

START_TEST(links_to_folders_and_files_are_followed)
{
    tree t;
    tree_open(&t);
    tree_images(&t, TEXTS("store/cats/1.pgm", "store/dogs/1.pgm", "store/more/2.pgm"));
    tree_folder(&t, "s/train");
    tree_folder(&t, "s/val");
    tree_link(&t, "s/train/cat", "../../store/cats");
    tree_link(&t, "s/train/dog", "../../store/dogs");
    tree_link(&t, "s/val/cat", "../../store/cats"); /* once more, in another part */
    tree_link(&t, "store/cats/2.pgm", "../more/2.pgm");
    tree_link(&t, "store/cats/a-more", "../more");
    tree_link(&t, "store/cats/b-more", "../more"); /* the same folder once more */
    tree_link(&t, "store/dogs/more", "../more");   /* and in another class */
    lg_dataset *set = tree_dataset(&t, "s", NULL);
    tree_assert_samples(&t, set->part[LG_PART_TRAIN],
                        WANT({"s/train/cat/1.pgm", 0}, {"s/train/cat/2.pgm", 0},
                             {"s/train/cat/a-more/2.pgm", 0}, {"s/train/dog/1.pgm", 1},
                             {"s/train/dog/more/2.pgm", 1}));
    ck_assert_int_eq(set->part[LG_PART_VAL]->count, 3);
    ck_assert_int_eq(tree_count_good(set->part[LG_PART_TRAIN]), 5);
    lg_dataset_close(set);
    tree_close(&t);
}
END_TEST

START_TEST(what_is_no_file_is_never_opened)
{
    tree t;
    tree_open(&t);
    tree_images(&t, TEXTS("s/a/1.pgm", "s/b/1.pgm", "s/a/folder.jpg/2.pgm"));
    ck_assert_int_eq(mkfifo(tree_path(&t, "s/a/fifo.jpg"), 0600), 0);
    tree_link(&t, "s/a/null.jpg", "/dev/null");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", tree_path(&t, "s/a/socket.jpg"));
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
    tree_link(&t, "s/a/nothing.jpg", "nowhere");
    lg_dataset *set = tree_dataset(&t, "s", NULL);
    tree_assert_samples(&t, set->part[LG_PART_TRAIN],
                        WANT({"s/a/1.pgm", 0}, {"s/a/folder.jpg/2.pgm", 0}, {"s/a/nothing.jpg", 0},
                             {"s/b/1.pgm", 1}));
    ck_assert_int_eq(set->stray, 3);
    tree_assert_bad(set->part[LG_PART_TRAIN], 2, LOGIT_E_IO,
                    TEXTS("s/a/nothing.jpg", "No such file"));
    lg_dataset_close(set);
    close(fd);
    tree_close(&t);
}
END_TEST

/* A file that is replaced after listing: gone, a folder, or a fifo that nobody writes to. */
START_TEST(set_that_changes_gives_errors_and_never_blocks)
{
    tree t;
    tree_open(&t);
    tree_images(&t, TEXTS("s/a/1.pgm", "s/a/2.pgm", "s/a/3.pgm", "s/b/1.pgm", "s/b/2.pgm"));
    lg_dataset *set = tree_dataset(&t, "s", NULL);
    const lg_set *train = set->part[LG_PART_TRAIN];
    for (int i = 1; i <= 3; i++) {
        char path[32];
        snprintf(path, sizeof path, "s/a/%d.pgm", i);
        ck_assert_int_eq(unlink(tree_path(&t, path)), 0);
    }
    ck_assert_int_eq(mkfifo(tree_path(&t, "s/a/2.pgm"), 0600), 0);
    tree_folder(&t, "s/a/3.pgm");
    ck_assert_int_eq(truncate(tree_path(&t, "s/b/2.pgm"), 5), 0);
    tree_assert_bad(train, 0, LOGIT_E_IO, TEXTS(tree_path(&t, "s/a/1.pgm"), "No such file"));
    tree_assert_bad(train, 1, LOGIT_E_IO, TEXTS(tree_path(&t, "s/a/2.pgm")));
    tree_assert_bad(train, 2, LOGIT_E_IO, TEXTS(tree_path(&t, "s/a/3.pgm"), "folder"));
    tree_assert_bad(train, 4, LOGIT_E_DATA, TEXTS(tree_path(&t, "s/b/2.pgm"), "[TRUNC]"));
    ck_assert_int_eq(tree_count_good(train), 1);
    lg_dataset_close(set);
    tree_close(&t);
}
END_TEST

START_TEST(folder_that_cannot_be_read_is_named)
{
    tree t;
    tree_open(&t);
    tree_images(&t, TEXTS("s/a/1.pgm", "s/b/deep/1.pgm", "s/b/1.pgm"));
    ck_assert_int_eq(chmod(tree_path(&t, "s/b/deep"), 0), 0);
    /* root may read everything: be nobody for a while */
    if (geteuid() == 0) ck_assert_int_eq(seteuid(65534), 0);
    tree_refused(&t, "s", NULL, LOGIT_E_IO, TEXTS(tree_path(&t, "s/b/deep: "), "ermission"));
    if (getuid() == 0) ck_assert_int_eq(seteuid(0), 0);
    ck_assert_int_eq(chmod(tree_path(&t, "s"), 0), 0);
    if (geteuid() == 0) ck_assert_int_eq(seteuid(65534), 0);
    tree_refused(&t, "s", NULL, LOGIT_E_IO, TEXTS(tree_path(&t, "s: "), "ermission"));
    if (getuid() == 0) ck_assert_int_eq(seteuid(0), 0);
    ck_assert_int_eq(chmod(tree_path(&t, "s"), 0755), 0);
    tree_close(&t);
}
END_TEST

/* ---------------------------------------------------------------------------------- names --- */

/* Options, blanks, control bytes, broken and whole UTF-8, and what a shell or printf would take. */
static const char *const stems[] = {
    "-rf",          "--help",           " ",           "a b",
    "new\nline",    "tab\there",        "\x1b[31mred", "\x01\x02",
    "\x7f",         "\xff\xfe",         "caf\xe9",     "caf\xc3\xa9",
    "\xed\xa0\x80", "\xf0\x9f\x98\x80", "*",           "%s%n",
    "a,b",          "quote\"s",         "back\\slash", "'",
    "$(id)",        "semi;colon",       "~",           "#"};
enum { STEMS = sizeof stems / sizeof *stems };

START_TEST(names_may_be_any_bytes)
{
    tree t;
    char path[600], long_name[256];
    tree_open(&t);
    for (int i = 0; i < STEMS; i++) {
        snprintf(path, sizeof path, "s/a/%s.pgm", stems[i]);
        tree_image(&t, path, small, 0);
        snprintf(path, sizeof path, "s/%s/1.pgm", stems[i]); /* as a class too */
        tree_image(&t, path, small, 0);
    }
    memset(long_name, 'n', 251);
    memcpy(long_name + 251, ".pgm", 5);
    snprintf(path, sizeof path, "s/a/%s", long_name);
    tree_image(&t, path, small, 0);
    lg_dataset *set = tree_dataset(&t, "s", NULL);
    const lg_set *train = set->part[LG_PART_TRAIN];
    ck_assert_int_eq(set->classes, STEMS + 1);
    ck_assert_int_eq(train->count, 2 * STEMS + 1);
    ck_assert_int_eq(tree_count_good(train), train->count);
    for (int64_t i = 0; i < train->count; i++) {
        const char *name = tree_sample(&t, train, i);
        for (; *name; name++) ck_assert_msg((unsigned char)*name >= 0x20, "not escaped");
    }
    lg_dataset_close(set);
    tree_close(&t);
}
END_TEST

/* Thirty folders of 200 letters: a path of 6,000 bytes, where the system takes 4,096. */
START_TEST(paths_may_be_longer_than_the_system_takes)
{
    enum { DEPTH = 30, LETTERS = 200 };
    tree t;
    char name[LETTERS + 1] = "";
    memset(name, 'd', LETTERS);
    tree_open(&t);
    tree_images(&t, TEXTS("s/a/1.pgm", "s/a/z.pgm", "s/b/1.pgm"));
    int fd = open(tree_path(&t, "s/a"), O_RDONLY | O_DIRECTORY);
    for (int i = 0; i < DEPTH; i++) {
        ck_assert_int_eq(mkdirat(fd, name, 0755), 0);
        const int next = openat(fd, name, O_RDONLY | O_DIRECTORY);
        close(fd);
        fd = next;
    }
    const int file = openat(fd, "deep.pgm", O_WRONLY | O_CREAT, 0644);
    ck_assert_int_eq(write(file, "P5\n3 2\n255\nabcdef", 17), 17);
    close(file);
    const int bad = openat(fd, "wrong.jpg", O_WRONLY | O_CREAT, 0644);
    close(bad);
    close(fd);

    const int before = count_descriptors();
    lg_dataset *set = tree_dataset(&t, "s", NULL);
    const lg_set *train = set->part[LG_PART_TRAIN];
    ck_assert_int_eq(train->count, 5);
    ck_assert_int_eq(tree_count_good(train), 4);
    tree_assert_bad(train, 2, LOGIT_E_DATA, TEXTS(t.root, "s/a/dddd", "wrong.jpg: ", "[TRUNC]"));
    lg_decoder *decoder;
    uint8_t out[6];
    ck_assert_int_eq(lg_decoder_create(&decoder, NULL), LOGIT_OK);
    ck_assert_int_eq(train->ops->read(train, 1, decoder, out, NULL), LOGIT_OK);
    ck_assert_mem_eq(out, "abcdef", 6);
    lg_decoder_destroy(decoder);
    lg_dataset_close(set);
    ck_assert_int_eq(count_descriptors(), before);
    tree_close(&t);
}
END_TEST

START_TEST(ten_thousand_classes)
{
    enum { CLASSES = 10000 };
    tree t;
    char path[64];
    tree_open(&t);
    tree_folder(&t, "s");
    for (int i = 0; i < CLASSES; i++) {
        snprintf(path, sizeof path, "s/%d", (int)((int64_t)i * 7919 % CLASSES));
        ck_assert_int_eq(mkdir(tree_path(&t, path), 0755), 0);
    }
    tree_images(&t, TEXTS("s/7/1.pgm", "s/9999/1.pgm", "s/123/1.pgm"));
    const clock_t begin = clock();
    lg_dataset *set = tree_dataset(&t, "s", NULL);
    ck_assert_int_lt(clock() - begin, 5 * CLOCKS_PER_SEC);
    ck_assert_int_eq(set->classes, CLASSES);
    ck_assert_int_eq(set->empty_classes, CLASSES - 3);
    for (int i = 0; i < CLASSES; i++) ck_assert_int_eq(atoi(set->class_name[i]), i);
    tree_assert_samples(&t, set->part[LG_PART_TRAIN],
                        WANT({"s/7/1.pgm", 7}, {"s/123/1.pgm", 123}, {"s/9999/1.pgm", 9999}));
    lg_dataset_close(set);
    tree_close(&t);
}
END_TEST

/* No descriptor per class folder, and none left behind. */
START_TEST(descriptors_are_given_back)
{
    tree t;
    tree_open(&t);
    tree_images(&t, TEXTS("s/train/a/1.pgm", "s/train/b/d/e/1.pgm", "s/val/a/1.pgm",
                          "s/test/a/1.pgm", "one/a/1.pgm"));
    const int before = count_descriptors();
    lg_dataset *set = tree_dataset(&t, "s", NULL);
    ck_assert_int_le(count_descriptors(), before + LG_PART_COUNT);
    ck_assert_int_eq(tree_count_good(set->part[LG_PART_TRAIN]), 2);
    lg_dataset_close(set);
    ck_assert_int_eq(count_descriptors(), before);
    tree_refused(&t, "one", NULL, LOGIT_E_DATA, TEXTS("one class"));
    ck_assert_int_eq(count_descriptors(), before);
    tree_close(&t);
}
END_TEST

/* Bytes per file beside its name, from the listing's own arrays. */
START_TEST(listing_is_small)
{
    enum { FILES = 1000, NAME = 5 + 4 + 1 };
    tree t;
    char path[64];
    lg_scan top = {0};
    lg_folder_list list;
    tree_open(&t);
    for (int i = 0; i < FILES; i++) {
        snprintf(path, sizeof path, "a/%05d.jpg", i);
        tree_file(&t, path, "", 0);
    }
    ck_assert_int_eq(lg_folder_list_open(&list, t.root, &top, NULL, NULL), LOGIT_OK);
    ck_assert_int_eq(lg_folder_list_add(&list, top.entry[0].name, NULL), LOGIT_OK);
    lg_folder_list_finish(&list);
    ck_assert_int_eq(list.files, FILES);
    const size_t bytes =
        list.names.room + list.folder_room * sizeof *list.folder +
        (size_t)list.file_room * (sizeof *list.file_name + sizeof *list.file_folder);
    ck_assert_uint_le(bytes, (size_t)FILES * (NAME + 12) + 4096);
    lg_folder_list_close(&list);
    lg_scan_clear(&top);
    tree_close(&t);
}
END_TEST

START_TEST(seen_folders_are_told_apart)
{
    lg_seen seen = {0};
    for (int round = 0; round < 3; round++) {
        for (uint64_t i = 0; i < 1000; i++)
            ck_assert_int_eq(lg_seen_add(&seen, i / 100, i % 100), 1);
        for (uint64_t i = 0; i < 1000; i++)
            ck_assert_int_eq(lg_seen_add(&seen, i / 100, i % 100), 0);
        lg_seen_empty(&seen);
    }
    lg_seen_clear(&seen);
}
END_TEST

Suite *lg_suite_folder_disk(void)
{
    Suite *suite = suite_create("folder_disk");
    TCase *tests = tcase_create("folder_disk");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, link_loops_end);
    tcase_add_test(tests, links_to_folders_and_files_are_followed);
    tcase_add_test(tests, what_is_no_file_is_never_opened);
    tcase_add_test(tests, set_that_changes_gives_errors_and_never_blocks);
    tcase_add_test(tests, folder_that_cannot_be_read_is_named);
    tcase_add_test(tests, names_may_be_any_bytes);
    tcase_add_test(tests, paths_may_be_longer_than_the_system_takes);
    tcase_add_test(tests, ten_thousand_classes);
    tcase_add_test(tests, descriptors_are_given_back);
    tcase_add_test(tests, listing_is_small);
    tcase_add_test(tests, seen_folders_are_told_apart);
    suite_add_tcase(suite, tests);
    return suite;
}
