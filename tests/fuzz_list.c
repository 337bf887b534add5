/* fuzz_list.c -- libFuzzer: any bytes as a CSV list: the list itself, or one part of a folder's.
 *
 * The first byte says which, and whether a header path,label comes first. */
/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <unistd.h>

#include "tests/fuzz_rig.h"

enum { MOST = 1 << 16, IS_VAL = 1, IS_HEADED = 2, IS_ALONE = 4 };

static const char header[] = "path,label\n", train[] = "path,label\na.pgm,one\nb.pgm,two\n";

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static char file[MOST + sizeof header];
    size_t length = 0;
    if (size < 1 || size > MOST) return 0;
    if (bytes[0] & IS_HEADED) {
        length = sizeof header - 1;
        memcpy(file, header, length);
    }
    memcpy(file + length, bytes + 1, size - 1);
    length += size - 1;
    fuzz_write("l/a.pgm", "P5 2 1 255\nab", 13);
    fuzz_write("l/b.pgm", "P5 2 1 255\ncd", 13);
    unlink(fuzz_path("l/val.csv"));
    if (bytes[0] & IS_VAL) {
        fuzz_write("l/train.csv", train, sizeof train - 1);
        fuzz_write("l/val.csv", file, length);
    } else {
        fuzz_write("l/train.csv", file, length);
    }
    fuzz_set(fuzz_path(bytes[0] & IS_ALONE ? "l/train.csv" : "l"), FUZZ_NAMES_FILES);
    return 0;
}
