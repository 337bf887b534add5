/* small_set.c -- prototypes plus noise, written as IDX or PNM. */
/* SPDX-License-Identifier: MIT */
#include "tests/small_set.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/philox.h"

static char root[64];

void small_set_begin(void)
{
    strcpy(root, "/tmp/logit-small-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(root));
}

void small_set_end(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", root);
    ck_assert_int_eq(system(command), 0);
}

const char *small_set_path(const char *name)
{
    static char path[4][256];
    static int turn;
    turn = (turn + 1) % 4;
    snprintf(path[turn], sizeof path[turn], "%s/%s", root, name);
    return path[turn];
}

void small_set_pixels(int i, int classes, uint8_t *out)
{
    const uint64_t prototype = lg_stream_id(LG_STREAM_TEST, 100 + (uint32_t)(i % classes));
    const uint64_t noise = lg_stream_id(LG_STREAM_TEST, 99);
    for (int p = 0; p < SMALL_PIXELS; p++)
        out[p] = (uint8_t)(lg_random_below(0, prototype, (uint64_t)p, 128) +
                           lg_random_below(0, noise, (uint64_t)(i * SMALL_PIXELS + p), 128));
}

static FILE *create(const char *folder, const char *name)
{
    char path[400];
    mkdir(folder, 0777);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    return file;
}

static void put32(FILE *file, uint32_t value)
{
    for (int shift = 24; shift >= 0; shift -= 8) fputc((int)(value >> shift & 255), file);
}

/* `again` more images repeat the first ones. */
static void write_images(const char *folder, const char *stem, int count, int again, int classes)
{
    char name[100];
    snprintf(name, sizeof name, "%s-images-idx3-ubyte", stem);
    FILE *file = create(folder, name);
    put32(file, 0x00000803);
    put32(file, (uint32_t)(count + again));
    put32(file, SMALL_HEIGHT);
    put32(file, SMALL_WIDTH);
    for (int i = 0; i < count + again; i++) {
        uint8_t pixels[SMALL_PIXELS];
        small_set_pixels(i % count, classes, pixels);
        fwrite(pixels, 1, sizeof pixels, file);
    }
    fclose(file);
}

static FILE *create_labels(const char *folder, const char *stem, int count)
{
    char name[100];
    snprintf(name, sizeof name, "%s-labels-idx1-ubyte", stem);
    FILE *file = create(folder, name);
    put32(file, 0x00000801);
    put32(file, (uint32_t)count);
    return file;
}

void small_set_write_idx(const char *folder, const char *stem, int count, int classes)
{
    write_images(folder, stem, count, 0, classes);
    FILE *file = create_labels(folder, stem, count);
    for (int i = 0; i < count; i++) fputc(i % classes, file);
    fclose(file);
}

void small_set_write_mixed(const char *folder, int count, int classes)
{
    write_images(folder, "train", count, 1, classes);
    FILE *file = create_labels(folder, "train", count + 1);
    for (int i = 0; i < count; i++) fputc(i % classes, file);
    fputc(1, file);
    fclose(file);
}

static void put_float(FILE *file, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    put32(file, bits);
}

void small_set_write_targets(const char *folder, int count, int width)
{
    const int classes = width > 1 ? width : 3;
    write_images(folder, "train", count, 0, classes);
    FILE *file = create(folder, width > 1 ? "train-labels-idx2-float" : "train-labels-idx1-float");
    put32(file, width > 1 ? 0x00000D02 : 0x00000D01);
    put32(file, (uint32_t)count);
    if (width > 1) put32(file, (uint32_t)width);
    for (int i = 0; i < count; i++) {
        uint8_t pixels[SMALL_PIXELS];
        small_set_pixels(i, classes, pixels);
        for (int c = 0; c < width && width > 1; c++) put_float(file, c == i % classes);
        if (width == 1)
            put_float(file, 0.5f + 2.0f * (float)pixels[0] / 255.0f - (float)pixels[7] / 255.0f);
    }
    fclose(file);
}

void small_set_write_folder(const char *folder, int count, int classes)
{
    mkdir(folder, 0777);
    for (int i = 0; i < count; i++) {
        char place[300], name[32];
        uint8_t pixels[SMALL_PIXELS];
        snprintf(place, sizeof place, "%s/c%d", folder, i % classes);
        snprintf(name, sizeof name, "%05d.pgm", i);
        FILE *file = create(place, name);
        small_set_pixels(i, classes, pixels);
        fprintf(file, "P5\n%d %d\n255\n", SMALL_WIDTH, SMALL_HEIGHT);
        fwrite(pixels, 1, sizeof pixels, file);
        fclose(file);
    }
}

uint8_t *small_set_read(const char *path, int64_t *size)
{
    FILE *file = fopen(path, "rb");
    ck_assert_msg(file != NULL, "%s is not there", path);
    fseek(file, 0, SEEK_END);
    *size = ftell(file);
    rewind(file);
    uint8_t *data = malloc((size_t)*size + 1);
    ck_assert_uint_eq(fread(data, 1, (size_t)*size, file), (size_t)*size);
    data[*size] = 0;
    fclose(file);
    return data;
}
