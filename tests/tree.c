/* tree.c -- making and removing files for tests. */
/* SPDX-License-Identifier: MIT */
#include "tests/tree.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

#define MUST(call, path)                                                                           \
    do {                                                                                           \
        if (!(call)) ck_abort_msg("%s: %s", (path), strerror(errno));                              \
    } while (0)

void tree_open(tree *t)
{
    snprintf(t->root, sizeof t->root, "/tmp/logit-tree-XXXXXX");
    MUST(mkdtemp(t->root), t->root);
    MUST(chmod(t->root, 0755) == 0, t->root);
}

static void empty_folder(int fd)
{
    DIR *folder = fdopendir(fd);
    ck_assert_ptr_nonnull(folder);
    for (const struct dirent *found; (found = readdir(folder));) {
        const char *name = found->d_name;
        if (!strcmp(name, ".") || !strcmp(name, "..")) continue;
        if (unlinkat(dirfd(folder), name, 0) == 0) continue;
        if (fchmodat(dirfd(folder), name, 0700, 0) != 0) continue;
        const int below = openat(dirfd(folder), name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        MUST(below >= 0, name);
        empty_folder(below);
        MUST(unlinkat(dirfd(folder), name, AT_REMOVEDIR) == 0, name);
    }
    closedir(folder);
}

void tree_close(tree *t)
{
    const int fd = open(t->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    MUST(fd >= 0, t->root);
    empty_folder(fd);
    MUST(rmdir(t->root) == 0, t->root);
}

const char *tree_path(const tree *t, const char *path)
{
    enum { KEPT = 4, ROOM = 2 * PATH_MAX };
    static char kept[KEPT][ROOM];
    static int next;
    char *out = kept[next++ % KEPT];
    snprintf(out, ROOM, "%s%s%s", t->root, *path ? "/" : "", path);
    return out;
}

void tree_folder(const tree *t, const char *path)
{
    logit_error err;
    const char *whole = tree_path(t, path);
    if (lg_folder_make(whole, &err) != LOGIT_OK) ck_abort_msg("%s", err.message);
}

static void make_folder_of(const tree *t, const char *path)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    if (!slash) return;
    snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
    tree_folder(t, folder);
}

void tree_file(const tree *t, const char *path, const void *bytes, size_t size)
{
    make_folder_of(t, path);
    const char *whole = tree_path(t, path);
    FILE *file = fopen(whole, "wb");
    MUST(file, whole);
    if (size > 0) MUST(fwrite(bytes, 1, size, file) == size, whole);
    MUST(fclose(file) == 0, whole);
}

void tree_text(const tree *t, const char *path, const char *text)
{
    tree_file(t, path, text, strlen(text));
}

void tree_link(const tree *t, const char *path, const char *target)
{
    make_folder_of(t, path);
    const char *whole = tree_path(t, path);
    MUST(symlink(target, whole) == 0, whole);
}

void tree_image(const tree *t, const char *path, tree_size size, int value)
{
    char bytes[4096];
    const int header = snprintf(bytes, sizeof bytes, "P%d\n%d %d\n255\n",
                                size.channels == 3 ? 6 : 5, size.width, size.height);
    const size_t pixels = (size_t)size.height * (size_t)size.width * (size_t)size.channels;
    ck_assert_uint_le((size_t)header + pixels, sizeof bytes);
    memset(bytes + header, value, pixels);
    tree_file(t, path, bytes, (size_t)header + pixels);
}

void tree_images(const tree *t, const char *const *path)
{
    for (; *path; path++) tree_image(t, *path, (tree_size){2, 3, 1}, 7);
}

lg_dataset *tree_dataset(const tree *t, const char *path, const lg_dataset_options *options)
{
    const lg_dataset_options none = {0};
    lg_dataset *dataset;
    logit_error err = {0};
    if (lg_dataset_open(&dataset, tree_path(t, path), options ? options : &none, &err) != LOGIT_OK)
        ck_abort_msg("%s", err.message);
    return dataset;
}

void tree_refused(const tree *t, const char *path, const lg_dataset_options *options,
                  logit_status status, const char *const *text)
{
    const lg_dataset_options none = {0};
    lg_dataset *dataset = (void *)&status;
    logit_error err = {0};
    const logit_status got =
        lg_dataset_open(&dataset, tree_path(t, path), options ? options : &none, &err);
    if (got != status)
        ck_abort_msg("%s: status %d (%s), expected %d", path, got, err.message, status);
    ck_assert_ptr_null(dataset);
    ck_assert_int_eq(err.status, status);
    for (; *text; text++)
        if (!strstr(err.message, *text)) ck_abort_msg("no '%s' in: %s", *text, err.message);
}

const char *tree_sample(const tree *t, const lg_set *set, int64_t i)
{
    static char name[4 * PATH_MAX];
    set->ops->name(set, i, name, sizeof name);
    const size_t root = strlen(t->root);
    ck_assert_msg(!strncmp(name, t->root, root) && name[root] == '/', "%s", name);
    return name + root + 1;
}

void tree_assert_samples(const tree *t, const lg_set *set, const tree_want *want)
{
    int64_t i = 0;
    for (; want[i].name; i++) {
        ck_assert_msg(i < set->count, "only %lld samples, no %s", (long long)set->count,
                      want[i].name);
        ck_assert_str_eq(tree_sample(t, set, i), want[i].name);
        ck_assert_int_eq(set->label[i], want[i].label);
    }
    ck_assert_msg(i == set->count, "more samples than expected: %s", tree_sample(t, set, i));
}

void tree_assert_classes(const lg_dataset *dataset, const char *const *want)
{
    int i = 0;
    for (; want[i]; i++) {
        ck_assert_msg(i < dataset->classes, "only %d classes, no %s", dataset->classes, want[i]);
        ck_assert_str_eq(dataset->class_name[i], want[i]);
    }
    ck_assert_int_eq(i, dataset->classes);
}

int64_t tree_count_good(const lg_set *set)
{
    lg_decoder *decoder;
    int64_t good = 0;
    const size_t bytes = (size_t)set->shape.height * (size_t)set->shape.width *
                         (size_t)set->shape.channels * lg_element_bytes(set->element);
    uint8_t *out = malloc(bytes);
    ck_assert_int_eq(lg_decoder_create(&decoder, NULL), LOGIT_OK);
    for (int64_t i = 0; i < set->count; i++)
        good += set->ops->read(set, i, decoder, out, NULL) == LOGIT_OK;
    lg_decoder_destroy(decoder);
    free(out);
    return good;
}

void tree_assert_bad(const lg_set *set, int64_t i, logit_status status, const char *const *text)
{
    lg_decoder *decoder;
    logit_error err = {0};
    uint8_t out[100 * 100 * 3];
    ck_assert_int_eq(lg_decoder_create(&decoder, NULL), LOGIT_OK);
    const logit_status got = set->ops->read(set, i, decoder, out, &err);
    ck_assert_msg(got == status, "status %d: %s", got, err.message);
    for (; *text; text++)
        if (!strstr(err.message, *text)) ck_abort_msg("no '%s' in: %s", *text, err.message);
    lg_decoder_destroy(decoder);
}
