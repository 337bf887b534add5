/* disk_replay.c -- reading the record, and carrying it out. */
/* SPDX-License-Identifier: MIT */
#include "tests/disk_replay.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where a descriptor leads. */
enum { NOWHERE = -1, THE_FOLDER = -2, ITS_PARENT = -3 };

/* ---------------------------------------------------------------------------------- reading --- */

static disk_bytes disk_bytes_read(const char *path)
{
    disk_bytes bytes = {0};
    FILE *file = fopen(path, "rb");
    ck_assert_msg(file != NULL, "%s is not there", path);
    fseek(file, 0, SEEK_END);
    bytes.size = (size_t)ftell(file);
    rewind(file);
    bytes.data = malloc(bytes.size + 1);
    ck_assert_uint_eq(fread(bytes.data, 1, bytes.size, file), bytes.size);
    bytes.data[bytes.size] = '\0';
    fclose(file);
    return bytes;
}

void disk_parse(disk *d, const char *record)
{
    d->record = disk_bytes_read(record);
    for (size_t at = 0; at < d->record.size;) {
        disk_operation op = {0};
        int length = 0;
        ck_assert_int_lt(d->ops, DISK_OPERATIONS);
        ck_assert_int_eq(sscanf((const char *)d->record.data + at, "%c %d %lld %zu%n", &op.kind,
                                &op.fd, &op.offset, &op.size, &length),
                         4);
        at += (size_t)length + 1;
        op.bytes = d->record.data + at;
        at += op.size;
        ck_assert_uint_le(at, d->record.size);
        d->op[d->ops++] = op;
    }
}

/* The name below the folder, in name[DISK_NAME]; 0: it lies elsewhere. */
static int name_below(const disk *d, const uint8_t *path, size_t size, char *name)
{
    const size_t length = strlen(d->folder);
    if (size <= length + 1 || memcmp(path, d->folder, length) != 0 || path[length] != '/') return 0;
    if (memchr(path + length + 1, '/', size - length - 1)) return 0;
    ck_assert_uint_lt(size - length - 1, DISK_NAME);
    snprintf(name, DISK_NAME, "%.*s", (int)(size - length - 1), (const char *)path + length + 1);
    return 1;
}

/* ---------------------------------------------------------------------------------- replay --- */

void disk_bytes_set(disk_bytes *to, const disk_bytes *from)
{
    to->data = realloc(to->data, from->size + 1);
    if (from->size) memcpy(to->data, from->data, from->size);
    to->size = from->size;
}

static void put(disk_bytes *to, size_t offset, const uint8_t *bytes, size_t size)
{
    if (offset + size > to->size) {
        to->data = realloc(to->data, offset + size);
        if (offset > to->size) memset(to->data + to->size, 0, offset - to->size);
        to->size = offset + size;
    }
    memcpy(to->data + offset, bytes, size);
}

int disk_replay_names(const disk_replay *r, int changes, char name[][DISK_NAME], int *inode)
{
    int names = 0;
    for (int c = 0; c < changes; c++) {
        const disk_change *one = &r->change[c];
        for (int i = 0; i < names; i++) {
            if (strcmp(name[i], one->from) != 0 && strcmp(name[i], one->to) != 0) continue;
            names--;
            memmove(name[i], name[names], DISK_NAME);
            inode[i--] = inode[names];
        }
        if (one->inode < 0) continue;
        ck_assert_int_lt(names, DISK_NAMES);
        memcpy(name[names], one->to, DISK_NAME);
        inode[names++] = one->inode;
    }
    return names;
}

static int inode_of(const disk_replay *r, const char *wanted)
{
    char name[DISK_NAMES][DISK_NAME];
    int inode[DISK_NAMES];
    const int names = disk_replay_names(r, r->changes, name, inode);
    for (int i = 0; i < names; i++)
        if (strcmp(name[i], wanted) == 0) return inode[i];
    return -1;
}

static void add_change(disk_replay *r, const char *from, const char *to, int inode)
{
    disk_change *one = &r->change[r->changes++];
    snprintf(one->from, sizeof one->from, "%s", from);
    snprintf(one->to, sizeof one->to, "%s", to);
    one->inode = inode;
}

static void opened(disk_replay *r, const disk_operation *op)
{
    char name[DISK_NAME];
    const size_t length = strlen(r->d->folder);
    const size_t parent = (size_t)(strrchr(r->d->folder, '/') - r->d->folder);
    r->leads[op->fd] = NOWHERE;
    if (op->offset & O_DIRECTORY) {
        if (op->size == length && memcmp(op->bytes, r->d->folder, length) == 0)
            r->leads[op->fd] = THE_FOLDER;
        if (op->size == parent && memcmp(op->bytes, r->d->folder, parent) == 0)
            r->leads[op->fd] = ITS_PARENT;
        return;
    }
    if (!name_below(r->d, op->bytes, op->size, name)) return;
    int found = inode_of(r, name);
    if (found < 0) {
        ck_assert_int_lt(r->inodes, DISK_INODES);
        found = r->inodes++;
        add_change(r, "", name, found);
    }
    if (op->offset & O_TRUNC) r->inode[found].now.size = 0;
    r->leads[op->fd] = found;
}

static void renamed(disk_replay *r, const disk_operation *op)
{
    char from[DISK_NAME], to[DISK_NAME];
    const char *second = (const char *)op->bytes + strlen((const char *)op->bytes) + 1;
    if (!name_below(r->d, op->bytes, strlen((const char *)op->bytes), from) ||
        !name_below(r->d, (const uint8_t *)second, strlen(second), to))
        return;
    add_change(r, from, to, inode_of(r, from));
}

static void synced(disk_replay *r, int leads)
{
    if (leads >= 0 && !(r->lies & DISK_LIES_ON_DATA))
        disk_bytes_set(&r->inode[leads].kept, &r->inode[leads].now);
    if (leads == THE_FOLDER && !(r->lies & DISK_LIES_ON_NAMES)) r->kept_changes = r->changes;
    if (leads == ITS_PARENT) r->folder_kept = 1;
}

int disk_replay_apply(disk_replay *r, const disk_operation *op)
{
    char name[DISK_NAME];
    ck_assert_int_lt(op->fd, DISK_DESCRIPTORS);
    const int leads = op->fd >= 0 ? r->leads[op->fd] : NOWHERE;
    disk_bytes *now = leads >= 0 ? &r->inode[leads].now : NULL;
    const int changes = r->changes;
    switch (op->kind) {
    case 'o':
        opened(r, op);
        break;
    case 'c':
        r->leads[op->fd] = NOWHERE;
        break;
    case 'r':
        renamed(r, op);
        break;
    case 's':
        synced(r, leads);
        break;
    case 'w': /* each descriptor here writes a file from its end on, or says where */
        if (now) put(now, op->offset < 0 ? now->size : (size_t)op->offset, op->bytes, op->size);
        break;
    case 't':
        if (now) now->size = (size_t)op->offset < now->size ? (size_t)op->offset : now->size;
        break;
    case 'u':
        if (name_below(r->d, op->bytes, op->size, name)) add_change(r, name, "", -1);
        break;
    default:
        ck_abort_msg("a record of kind %c", op->kind);
    }
    return r->changes > changes || (leads != NOWHERE && op->kind != 'c');
}

disk_replay *disk_replay_begin(const disk *d, int lies)
{
    disk_replay *r = calloc(1, sizeof *r);
    r->d = d;
    r->lies = lies;
    for (int i = 0; i < DISK_DESCRIPTORS; i++) r->leads[i] = NOWHERE;
    return r;
}

void disk_replay_end(disk_replay *r)
{
    for (int i = 0; i < r->inodes; i++) {
        free(r->inode[i].now.data);
        free(r->inode[i].kept.data);
    }
    free(r);
}
