/* npy_bytes.c -- see npy_bytes.h.
 *
 * Tests. */
/* SPDX-License-Identifier: MIT */
#include "tests/npy_bytes.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "base/philox.h"
#include "tests/elements.h"

void npy_add(lg_bytes *to, const void *data, size_t size)
{
    ck_assert_int_eq(lg_bytes_reserve(to, to->size + size + 1, NULL), LOGIT_OK);
    if (size > 0) memcpy(to->data + to->size, data, size);
    to->size += size;
}

void npy_header(lg_bytes *to, const char *dictionary)
{
    const size_t text = strlen(dictionary), room = (10 + text + 1 + 63) / 64 * 64;
    const uint8_t start[10] = {
        0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, (uint8_t)(room - 10), (uint8_t)((room - 10) >> 8)};
    npy_add(to, start, sizeof start);
    npy_add(to, dictionary, text);
    for (size_t i = 10 + text; i + 1 < room; i++) npy_add(to, " ", 1);
    npy_add(to, "\n", 1);
}

void npy_array(lg_bytes *to, const char *descr, const char *shape)
{
    char text[300];
    snprintf(text, sizeof text, "{'descr': '%s', 'fortran_order': False, 'shape': %s, }", descr,
             shape);
    npy_header(to, text);
}

const char *npy_descr(lg_element element)
{
    static const char *const descr[LG_ELEMENT_COUNT] = {"|u1", "<f2", "<f4"};
    return descr[element];
}

void npy_file(const tree *t, const char *path, lg_bytes *bytes)
{
    tree_file(t, path, bytes->data, bytes->size);
    lg_bytes_clear(bytes);
}

int npy_class(int i)
{
    return i * 7 / 3 % NPY_CLASSES;
}

/* Eighths between -4 and 4 around a mean of the class and the feature; feature 4 is always 3. */
double npy_value(int i, int j)
{
    const uint64_t stream = lg_stream_id(LG_STREAM_TEST, 77);
    const uint64_t mean = lg_stream_id(LG_STREAM_TEST, 78);
    if (j == 4) return 3.0;
    const double noise = (double)lg_random_below(1, stream, (uint64_t)(i * NPY_WIDTH + j), 64);
    const double centre =
        (double)lg_random_below(1, mean, (uint64_t)(npy_class(i) * NPY_WIDTH + j), 16);
    return (noise + centre * (1 + j % 3)) / 8.0 - 4.0;
}

void npy_samples(lg_bytes *to, lg_element element, int count)
{
    for (int i = 0; i < count; i++)
        for (int j = 0; j < NPY_WIDTH; j++) {
            const float value = (float)npy_value(i, j);
            const uint8_t byte = (uint8_t)(8.0 * npy_value(i, j) + 64.0);
            uint16_t half = 0;
            if (element == LG_ELEMENT_F16) ck_assert(elements_find_half((double)value, &half));
            npy_add(to,
                    element == LG_ELEMENT_U8    ? (const void *)&byte
                    : element == LG_ELEMENT_F16 ? (const void *)&half
                                                : (const void *)&value,
                    lg_element_bytes(element));
        }
}

void npy_write(const tree *t, const char *stem, lg_element element, int count)
{
    char shape[40], path[200];
    lg_bytes samples = {0}, labels = {0};
    snprintf(shape, sizeof shape, "(%d, %d)", count, NPY_WIDTH);
    npy_array(&samples, npy_descr(element), shape);
    npy_samples(&samples, element, count);
    snprintf(path, sizeof path, "%s.npy", stem);
    npy_file(t, path, &samples);
    snprintf(shape, sizeof shape, "(%d,)", count);
    npy_array(&labels, "<i8", shape);
    for (int i = 0; i < count; i++) {
        const int64_t class = npy_class(i);
        npy_add(&labels, &class, sizeof class);
    }
    snprintf(path, sizeof path, "%s.labels.npy", stem);
    npy_file(t, path, &labels);
}
