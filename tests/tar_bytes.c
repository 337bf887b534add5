/* tar_bytes.c -- ustar headers by hand. */
/* SPDX-License-Identifier: MIT */
#include "tests/tar_bytes.h"

#include <check.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static void add(lg_bytes *to, const void *data, size_t size)
{
    ck_assert_int_eq(lg_bytes_reserve(to, to->size + size + 1, NULL), LOGIT_OK);
    if (size > 0) memcpy(to->data + to->size, data, size);
    to->size += size;
}

void tar_sum(lg_bytes *to, size_t at)
{
    uint8_t *header = to->data + at;
    unsigned sum = 0;
    memset(header + 148, ' ', 8);
    for (int i = 0; i < TAR_BLOCK; i++) sum += header[i];
    snprintf((char *)header + 148, 8, "%06o", sum);
}

void tar_header(lg_bytes *to, const char *name, char type, int64_t size)
{
    char header[TAR_BLOCK] = {0};
    ck_assert_uint_le(strlen(name), 100);
    memcpy(header, name, strlen(name));
    memcpy(header + 100, "0000644\0", 8);
    memcpy(header + 108, "0000000\0", 8);
    memcpy(header + 116, "0000000\0", 8);
    snprintf(header + 124, 12, "%011llo", (long long)size);
    memcpy(header + 136, "00000000000", 12);
    header[156] = type;
    memcpy(header + 257, "ustar\00000", 8);
    add(to, header, sizeof header);
    tar_sum(to, to->size - TAR_BLOCK);
}

void tar_data(lg_bytes *to, const void *data, size_t size)
{
    static const char zeros[TAR_BLOCK];
    add(to, data, size);
    add(to, zeros, (TAR_BLOCK - size % TAR_BLOCK) % TAR_BLOCK);
}

void tar_file(lg_bytes *to, const char *name, const void *data, size_t size)
{
    tar_header(to, name, '0', (int64_t)size);
    tar_data(to, data, size);
}

void tar_text(lg_bytes *to, const char *name, const char *text)
{
    tar_file(to, name, text, strlen(text));
}

void tar_image(lg_bytes *to, const char *name, int value)
{
    char image[32] = "P5\n3 2\n255\n";
    const size_t header = strlen(image);
    memset(image + header, value, 6);
    tar_file(to, name, image, header + 6);
}

void tar_pax(lg_bytes *to, const char *body, size_t size)
{
    tar_header(to, "PaxHeaders/x", 'x', (int64_t)size);
    tar_data(to, body, size);
}

void tar_end(lg_bytes *to)
{
    static const char zeros[2 * TAR_BLOCK];
    add(to, zeros, sizeof zeros);
}

void tar_write(const tree *t, const char *path, lg_bytes *bytes)
{
    tree_file(t, path, bytes->data, bytes->size);
    lg_bytes_clear(bytes);
}

void tar_good(lg_bytes *tar)
{
    tar_image(tar, "a/1.ppm", 1);
    tar_image(tar, "b/2.ppm", 2);
    tar_image(tar, "a/3.ppm", 3);
    tar_end(tar);
}

static double processor_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec * 1e-6;
}

/* Refused as DATA with this class, in time, naming a byte. */
void tar_refused(const tree *t, const char *path, const char *class_name, const char *text)
{
    char in_brackets[32];
    snprintf(in_brackets, sizeof in_brackets, "[%s]", class_name);
    const double begin = processor_ms();
    tree_refused(t, path, NULL, LOGIT_E_DATA,
                 ((const char *const[]){in_brackets, text, ": tar at byte ", NULL}));
    ck_assert_double_lt(processor_ms() - begin, 100.0);
}
