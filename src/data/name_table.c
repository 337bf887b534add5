/* name_table.c -- an open-addressing table of names. */
/* SPDX-License-Identifier: MIT */
#include "data/name_table.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/status.h"

enum { MOST_NAMES = 1 << 24, FIRST_SLOTS = 256 };

void lg_name_table_clear(lg_name_table *table)
{
    lg_names_clear(&table->names);
    free(table->entry);
    free(table->slot);
    *table = (lg_name_table){0};
}

const char *lg_name_table_name(const lg_name_table *table, int32_t number)
{
    return table->names.data + table->entry[number].name;
}

/* The slot that holds the name, or the empty one where it belongs. */
static size_t find_slot(const lg_name_table *table, const char *name, size_t length)
{
    size_t at = (size_t)XXH3_64bits(name, length) & (table->slots - 1);
    for (; table->slot[at] >= 0; at = (at + 1) & (table->slots - 1)) {
        const char *there = lg_name_table_name(table, table->slot[at]);
        if (!strncmp(there, name, length) && !there[length]) break;
    }
    return at;
}

static logit_status widen_slots(lg_name_table *table, logit_error *err)
{
    const size_t slots = table->slots ? 2 * table->slots : FIRST_SLOTS;
    int32_t *slot = malloc(slots * sizeof *slot);
    if (!slot) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for %zu names", slots);
    free(table->slot);
    table->slot = slot;
    table->slots = slots;
    for (size_t i = 0; i < slots; i++) slot[i] = -1;
    for (int32_t i = 0; i < table->count; i++) {
        const char *name = lg_name_table_name(table, i);
        slot[find_slot(table, name, strlen(name))] = i;
    }
    return LOGIT_OK;
}

static logit_status reserve(lg_name_table *table, logit_error *err)
{
    if (table->count == MOST_NAMES)
        LG_FAIL(err, LOGIT_E_DATA, "more than %d classes [LIMIT]", MOST_NAMES);
    if ((size_t)table->count == table->room) {
        const size_t room = table->room + table->room / 2 + 64;
        void *entry = realloc(table->entry, room * sizeof *table->entry);
        if (!entry) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for %zu names", room);
        table->entry = entry;
        table->room = room;
    }
    return 2 * ((size_t)table->count + 1) > table->slots ? widen_slots(table, err) : LOGIT_OK;
}

logit_status lg_name_table_add(lg_name_table *table, const char *name, size_t length, int64_t place,
                               int32_t *number, logit_error *err)
{
    LG_TRY(reserve(table, err));
    const size_t at = find_slot(table, name, length);
    *number = table->slot[at];
    if (*number >= 0) return LOGIT_OK;
    const uint64_t offset = table->names.size;
    LG_TRY(lg_names_add(&table->names, name, length, err));
    table->entry[table->count].name = offset;
    table->entry[table->count].place = place;
    *number = table->slot[at] = table->count++;
    return LOGIT_OK;
}

/* ---------------------------------------------------------------------------- the classes --- */

/* Names of these parts, each once, into all. */
static logit_status unite(lg_name_table *all, const lg_name_table part[LG_PART_COUNT], int last,
                          logit_error *err)
{
    int32_t number;
    for (int p = 0; p <= last; p++)
        for (int32_t i = 0; i < part[p].count; i++) {
            const char *name = lg_name_table_name(&part[p], i);
            LG_TRY(lg_name_table_add(all, name, strlen(name), 0, &number, err));
        }
    return LOGIT_OK;
}

logit_status lg_name_tables_freeze(lg_classes *classes, const lg_name_table part[LG_PART_COUNT],
                                   const char *path, const lg_dataset_options *options,
                                   logit_error *err)
{
    lg_name_table all = {0};
    const int alone = part[LG_PART_TRAIN].count > 0 && !options->known_class;
    logit_status status = unite(&all, part, alone ? LG_PART_TRAIN : LG_PART_COUNT - 1, err);
    char **name = calloc((size_t)all.count + 1, sizeof *name);
    if (!name && status == LOGIT_OK)
        status = lg_fail(err, LOGIT_E_NOMEM, __FILE__, __LINE__, "out of memory for class names");
    if (status == LOGIT_OK) {
        for (int32_t i = 0; i < all.count; i++) name[i] = all.names.data + all.entry[i].name;
        status = lg_classes_freeze(classes, name, all.count, path, options, err);
    }
    free(name);
    lg_name_table_clear(&all);
    return status;
}

int32_t lg_name_table_labels(const lg_name_table *table, const lg_classes *classes, int32_t *label)
{
    int32_t unknown = -1;
    for (int32_t i = table->count - 1; i >= 0; i--) {
        label[i] = lg_classes_label(classes, lg_name_table_name(table, i));
        if (label[i] == LG_CLASS_UNKNOWN) unknown = i;
    }
    return unknown;
}
