/* fuzz_cifar.c -- libFuzzer: any bytes as a batch of CIFAR records, or as the class names.
 *
 * The first byte says of which kind, and whether a batch is filled up to whole records. */
/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <unistd.h>

#include "tests/fuzz_rig.h"

enum { MOST = 1 << 16, PIXELS = 3072, IS_HUNDRED = 1, IS_NAMES = 2, IS_FILLED = 4 };

/* The files of the two kinds. */
static const char *const batch[] = {"c/data_batch_1.bin", "c/train.bin"},
                         *const names[] = {"c/batches.meta.txt", "c/fine_label_names.txt"};

/* Two records, of classes 0 and 1. */
static void write_good(int hundred)
{
    static uint8_t file[2 * (2 + PIXELS)];
    const size_t record = (size_t)hundred + 1 + PIXELS;
    file[record + (size_t)hundred] = 1;
    fuzz_write(batch[hundred], file, 2 * record);
    file[record + (size_t)hundred] = 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static uint8_t file[MOST + 2 + PIXELS];
    if (size < 1 || size > MOST) return 0;
    const int hundred = bytes[0] & IS_HUNDRED;
    const size_t record = (size_t)hundred + 1 + PIXELS;
    size_t length = size - 1;
    memset(file, 0, sizeof file);
    memcpy(file, bytes + 1, length);
    for (int kind = 0; kind < 2; kind++) {
        unlink(fuzz_path(batch[kind]));
        unlink(fuzz_path(names[kind]));
    }
    if (bytes[0] & IS_NAMES) {
        write_good(hundred);
        fuzz_write(names[hundred], file, length);
    } else {
        if (bytes[0] & IS_FILLED) length = (length + record - 1) / record * record;
        fuzz_write(batch[hundred], file, length);
    }
    fuzz_set(fuzz_path("c"), FUZZ_NAMES_NONE);
    return 0;
}
