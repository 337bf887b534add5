/* packed_rig.c -- the small packed file of the tests. */
/* SPDX-License-Identifier: MIT */
#include "tests/packed_rig.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <xxhash.h>

#include "data/order.h"

const char packed_bad_reason[] = "set/cat/11.jpg: jpeg at byte 7: it ends there [TRUNC]";

uint8_t packed_byte(int part, int64_t i, size_t j)
{
    return (uint8_t)(31 * part + 7 * i + 3 * (int64_t)j + (i * (int64_t)j) % 5);
}

int32_t packed_label(int64_t i)
{
    return (int32_t)((i / 2) % PACKED_CLASSES);
}

float packed_weight(int64_t i)
{
    return 0.25f * (float)(i % 9);
}

lg_packed_plan packed_plan(const char *path, int64_t count, lg_image_target shape,
                           lg_element element)
{
    lg_packed_plan plan = {.path = path, .replace = 1};
    plan.header.classes = PACKED_CLASSES;
    plan.header.part[LG_PART_TRAIN] =
        (lg_packed_part){.count = (uint64_t)count, .shape = shape, .element = element};
    return plan;
}

static void put(lg_packed_writer *writer, int part, int64_t row, int64_t sample)
{
    uint8_t pixels[PACKED_PIXELS];
    logit_error err;
    for (size_t j = 0; j < PACKED_PIXELS; j++) pixels[j] = packed_byte(part, sample, j);
    if (part == LG_PART_TRAIN && sample == PACKED_BAD) memset(pixels, 0, sizeof pixels);
    ck_assert_msg(lg_packed_put(writer, part, row, 1, pixels, &err) == LOGIT_OK, "%s", err.message);
}

static const char *name_small(const lg_set *set, int64_t i, char *out, size_t size)
{
    (void)set;
    snprintf(out, size, "set/%c/%lld.png", "cde"[packed_label(i)], (long long)i);
    return out;
}

static void finish_small(lg_packed_writer *writer, const int32_t *place)
{
    static char *names[] = {"cat", "dog", "emu"};
    static const lg_set_ops ops = {.name = name_small};
    const lg_set named = {.ops = &ops};
    int32_t label[PACKED_TRAIN];
    float weight[PACKED_TRAIN];
    int64_t bytes;
    logit_error err;
    for (int i = 0; i < PACKED_TRAIN; i++) {
        label[i] = packed_label(i);
        weight[i] = packed_weight(i);
    }
    lg_packed_rest rest = {.class_name = names, .source = "{\"format\": \"test\"}"};
    rest.part[LG_PART_TRAIN].label = rest.part[LG_PART_TEST].label = label;
    rest.part[LG_PART_TRAIN].weight = weight;
    rest.part[LG_PART_TRAIN].place = place;
    rest.part[LG_PART_TRAIN].named = &named;
    ck_assert_msg(lg_packed_finish(writer, &rest, &bytes, &err) == LOGIT_OK, "%s", err.message);
    lg_packed_writer_destroy(writer, 0);
}

void packed_write_small(const char *path, int backwards)
{
    lg_packed_writer *writer;
    logit_error err;
    int32_t place[PACKED_TRAIN];
    lg_packed_plan plan =
        packed_plan(path, PACKED_TRAIN, (lg_image_target){7, 5, 1}, LG_ELEMENT_U8);
    plan.header.flags = LG_PACKED_HAS_PARTS;
    plan.header.part[LG_PART_TEST] = plan.header.part[LG_PART_TRAIN];
    plan.header.part[LG_PART_TEST].count = PACKED_TEST;
    ck_assert_msg(lg_packed_create(&writer, &plan, &err) == LOGIT_OK, "%s", err.message);
    lg_order_mix(place, PACKED_TRAIN);
    for (int i = 0; i < PACKED_TRAIN; i++) {
        const int row = backwards ? PACKED_TRAIN - 1 - i : i;
        put(writer, LG_PART_TRAIN, row, place[row]);
        if (i < PACKED_TEST) put(writer, LG_PART_TEST, i, i);
    }
    logit_error why = {.status = LOGIT_E_DATA};
    snprintf(why.message, sizeof why.message, "%s", packed_bad_reason);
    ck_assert_int_eq(lg_packed_put_bad(writer, LG_PART_TRAIN, PACKED_BAD, &why, &err), LOGIT_OK);
    finish_small(writer, place);
}

/* -------------------------------------------------------------------------------- spoiling --- */

lg_bytes packed_load(const char *path)
{
    lg_bytes bytes = {0};
    logit_error err;
    ck_assert_msg(lg_file_read(AT_FDCWD, path, (size_t)1 << 30, &bytes, &err) == LOGIT_OK, "%s",
                  err.message);
    return bytes;
}

void packed_save(const char *path, const lg_bytes *bytes)
{
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes->data, 1, bytes->size, file), bytes->size);
    ck_assert_int_eq(fclose(file), 0);
}

void packed_seal(lg_bytes *bytes)
{
    const uint64_t check = XXH3_64bits(bytes->data, LG_PACKED_HEADER - sizeof check);
    memcpy(bytes->data + LG_PACKED_HEADER - sizeof check, &check, sizeof check);
}

void packed_poke(lg_bytes *bytes, size_t at, uint64_t value, int size)
{
    memcpy(bytes->data + at, &value, (size_t)size);
    packed_seal(bytes);
}

size_t packed_section_at(int part, lg_packed_section_id id)
{
    return 128 + (size_t)part * 256 + 56 + (size_t)id * 24; /* docs/packed-file.md */
}

void packed_seal_section(lg_bytes *bytes, int part, lg_packed_section_id id)
{
    uint64_t place[2];
    const size_t at = packed_section_at(part, id);
    memcpy(place, bytes->data + at, sizeof place);
    packed_poke(bytes, at + 16, XXH3_64bits(bytes->data + place[0], place[1]), 8);
}

void packed_refused(const char *path, const char *class_name, const char *text)
{
    lg_packed_file *file;
    logit_error err = {0};
    char tag[32];
    snprintf(tag, sizeof tag, "[%s]", class_name);
    const clock_t began = clock(); /* of this process: a busy machine is no fault of the reader */
    const logit_status status = lg_packed_open(&file, path, &err);
    ck_assert_double_lt((double)(clock() - began) / CLOCKS_PER_SEC, 0.1);
    ck_assert_msg(status == LOGIT_E_DATA && !file, "status %d: %s", status, err.message);
    ck_assert_msg(strstr(err.message, tag) && strstr(err.message, text) &&
                      strstr(err.message, ": packed at byte "),
                  "\"%s\" does not say %s and \"%s\"", err.message, tag, text);
}
