/* disk.c -- what may be left of a disk at each moment of a record. */
/* SPDX-License-Identifier: MIT */
#include "tests/disk.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/disk_replay.h"

/* ---------------------------------------------------------------------------------- states --- */

typedef struct emitting {
    disk_visit *visit;
    void *user;
    int64_t count;
    disk_state state;
    int inode[DISK_NAMES];
} emitting;

static void emit(emitting *e)
{
    e->visit(e->user, &e->state);
    e->count++;
}

/* The file is torn at each multiple of unit, in each of three ways. */
static void emit_torn(emitting *e, disk_bytes *file, const disk_content *of, size_t unit)
{
    const size_t kept = of->kept.size, size = of->now.size;
    for (size_t cut = (kept / unit + 1) * unit; cut < size; cut += unit) {
        memcpy(file->data, of->now.data, size);
        file->size = cut;
        emit(e);
        file->size = size;
        memset(file->data + cut, 0, size - cut);
        emit(e);
        memcpy(file->data, of->now.data, size);
        memset(file->data + kept, 0, cut - kept);
        emit(e);
    }
}

/* One file in all its states, the others as they are in e. */
static void emit_file(emitting *e, int which, const disk_content *of)
{
    const disk_bytes whole = e->state.file[which].holds;
    disk_bytes *file = &e->state.file[which].holds;
    *file = of->now;
    emit(e);
    *file = of->kept;
    emit(e);
    if (of->kept.size < of->now.size) {
        file->data = malloc(of->now.size);
        file->size = of->now.size;
        memcpy(file->data, of->now.data, of->now.size);
        memset(file->data + of->kept.size, 0, of->now.size - of->kept.size);
        emit(e);
        emit_torn(e, file, of, 512);
        emit_torn(e, file, of, 4096);
        free(file->data);
    }
    *file = whole;
}

static int is_unsynced(const disk_content *of)
{
    return of->now.size != of->kept.size ||
           (of->now.size > 0 && memcmp(of->now.data, of->kept.data, of->now.size) != 0);
}

/* All states of these names. */
static void emit_names(const disk_replay *r, emitting *e, int changes)
{
    char name[DISK_NAMES][DISK_NAME];
    int unsynced = 0;
    e->state.files = disk_replay_names(r, changes, name, e->inode);
    for (int kept = 0; kept < 2; kept++) {
        for (int i = 0; i < e->state.files; i++) {
            const disk_content *of = &r->inode[e->inode[i]];
            memcpy(e->state.file[i].name, name[i], DISK_NAME);
            e->state.file[i].holds = kept ? of->kept : of->now;
        }
        unsynced = 0;
        for (int i = 0; i < e->state.files; i++) unsynced += is_unsynced(&r->inode[e->inode[i]]);
        for (int i = 0; i < e->state.files; i++)
            if (is_unsynced(&r->inode[e->inode[i]])) emit_file(e, i, &r->inode[e->inode[i]]);
        if (unsynced < 2) break; /* there are no others */
    }
    if (unsynced == 0) emit(e);
}

int64_t disk_each_state(const disk *d, int lies, disk_visit *visit, void *user)
{
    emitting *e = calloc(1, sizeof *e);
    disk_replay *r = disk_replay_begin(d, lies);
    e->visit = visit;
    e->user = user;
    for (int i = 0; i < d->ops; i++) {
        if (!disk_replay_apply(r, &d->op[i])) continue;
        e->state.operations = i + 1;
        if (!r->folder_kept) { /* nothing may be left of it */
            e->state.files = 0;
            emit(e);
        }
        /* A disk that forgets names forgets the last few: all orders of long ago say no more. */
        const int first = r->kept_changes > r->changes - 4 ? r->kept_changes : r->changes - 4;
        for (int changes = first; changes <= r->changes; changes++) emit_names(r, e, changes);
    }
    const int64_t count = e->count;
    disk_replay_end(r);
    free(e);
    return count;
}

/* ------------------------------------------------------------------------------------- disk --- */

/* Runs through it once and notes what was renamed, what was synced then, and how it ends. */
static void note_versions(disk *d)
{
    char name[DISK_NAMES][DISK_NAME];
    int inode[DISK_NAMES];
    disk_replay *r = disk_replay_begin(d, 0);
    for (int i = 0; i < d->ops; i++) {
        const int changes = r->changes;
        disk_replay_apply(r, &d->op[i]);
        if (d->op[i].kind == 'r' && r->changes > changes) {
            const disk_change *last = &r->change[changes];
            ck_assert_int_lt(d->versions, DISK_VERSIONS);
            disk_version *v = &d->version[d->versions++];
            memcpy(v->name, last->to, DISK_NAME);
            disk_bytes_set(&v->holds, &r->inode[last->inode].now);
            v->renamed = i + 1;
            v->done = -1;
        }
        for (int v = 0; v < d->versions && r->kept_changes == r->changes; v++)
            if (d->version[v].done < 0) d->version[v].done = i + 1;
    }
    d->ends = disk_replay_names(r, r->changes, name, inode);
    for (int i = 0; i < d->ends; i++) {
        memcpy(d->end[i].name, name[i], DISK_NAME);
        disk_bytes_set(&d->end[i].holds, &r->inode[inode[i]].now);
    }
    disk_replay_end(r);
}

disk *disk_open(const char *record, const char *folder)
{
    disk *d = calloc(1, sizeof *d);
    snprintf(d->folder, sizeof d->folder, "%s", folder);
    disk_parse(d, record);
    note_versions(d);
    return d;
}

void disk_close(disk *d)
{
    for (int i = 0; i < d->versions; i++) free(d->version[i].holds.data);
    for (int i = 0; i < d->ends; i++) free(d->end[i].holds.data);
    free(d->record.data);
    free(d);
}

int disk_operations(const disk *d)
{
    return d->ops;
}

const disk_version *disk_versions(const disk *d, int *count)
{
    *count = d->versions;
    return d->version;
}

disk_bytes disk_at_end(const disk *d, const char *name)
{
    for (int i = 0; i < d->ends; i++)
        if (strcmp(d->end[i].name, name) == 0) return d->end[i].holds;
    return (disk_bytes){0};
}
