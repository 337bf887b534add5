/* fuzz_npy.c -- libFuzzer: any bytes as the samples, the labels or the weights of a NumPy set.
 *
 * The first byte says which.  By another bit of it the header gets the length that it has, and by
 * a third the file is cut or filled up to the data of three samples of two floats. */
/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/fuzz_rig.h"

enum { HEADER = 64, MOST = 1 << 16, IS_MEASURED = 4, IS_FITTED = 8, DATA_BYTES = 24 };

static const char *const names[] = {"n/X.npy", "n/y.npy", "n/X.weights.npy"};
static const char *const good[] = {"'<f4', 'fortran_order': False, 'shape': (3, 2)",
                                   "'<i8', 'fortran_order': False, 'shape': (3,)",
                                   "'<f8', 'fortran_order': False, 'shape': (3,)"};
static const float samples[] = {1, 2, 3, 4, 5, 6};
static const int64_t labels[] = {0, 1, 0};
static const double weights[] = {1, 0.5, 2};
static const void *const data[] = {samples, labels, weights};

/* Writes the file of that kind in order: every one has 24 bytes of data. */
static void write_good(int kind)
{
    char file[2 * HEADER + DATA_BYTES];
    memcpy(file, "\x93NUMPY\x01\x00\x76\x00", 10);
    snprintf(file + 10, 2 * HEADER - 10, "{'descr': %s, }%*s", good[kind], 2 * HEADER, "");
    file[2 * HEADER - 1] = '\n';
    memcpy(file + 2 * HEADER, data[kind], DATA_BYTES);
    fuzz_write(names[kind], file, sizeof file);
}

/* Sets the header's length to that of its first line; returns where the data begin, or 0. */
static size_t measure(uint8_t *file, size_t size)
{
    if (size < 12) return 0;
    const size_t from = file[6] < 2 ? 10 : 12;
    const uint8_t *end = memchr(file + from, '\n', size - from);
    if (!end) return 0;
    const size_t length = (size_t)(end - file) + 1 - from;
    file[8] = (uint8_t)length;
    file[9] = (uint8_t)(length >> 8);
    if (from == 12) file[10] = file[11] = 0;
    return from + length;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static uint8_t file[MOST + DATA_BYTES];
    if (size < 1 || size > MOST) return 0;
    const int kind = (bytes[0] & 3) % 3;
    size_t length = size - 1;
    memset(file, 0, sizeof file);
    memcpy(file, bytes + 1, length);
    if (bytes[0] & IS_MEASURED) {
        const size_t from = measure(file, length);
        if (from && bytes[0] & IS_FITTED) length = from + DATA_BYTES;
    }
    unlink(fuzz_path(names[2]));
    for (int i = 0; i < 2; i++) write_good(i);
    fuzz_write(names[kind], file, length);
    fuzz_set(fuzz_path("n"), FUZZ_NAMES_NONE);
    return 0;
}
