/* fuzz_tar.c -- libFuzzer: any bytes as a shard, alone or beside one that is in order.
 *
 * The first byte says which, and whether the checksums of its headers are made right: nothing would
 * get past them by chance. */
/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/fuzz_rig.h"

enum { BLOCK = 512, NAME_AT = 0, SIZE_AT = 124, SUM_AT = 148, TYPE_AT = 156, MOST = 1 << 16 };
enum { IS_SEALED = 1, IS_BESIDE = 2 };

/* The checksum of a header: of its bytes, its own as blanks. */
static void seal_header(uint8_t *header)
{
    unsigned sum = 0;
    memset(header + SUM_AT, ' ', 8);
    for (int i = 0; i < BLOCK; i++) sum += header[i];
    snprintf((char *)header + SUM_AT, 7, "%06o", sum);
}

/* The size a header tells, in octal digits; 0 where it is none that would lie in the file. */
static size_t size_of(const uint8_t *header)
{
    size_t size = 0;
    for (int i = 0; i < 11 && header[SIZE_AT + i] >= '0' && header[SIZE_AT + i] <= '7'; i++)
        size = size * 8 + (size_t)(header[SIZE_AT + i] - '0');
    return size <= MOST ? size : 0;
}

static void seal(uint8_t *file, size_t size)
{
    for (size_t at = 0; at + BLOCK <= size;) {
        const uint8_t *header = file + at;
        if (header[0] == 0 && !memcmp(header, header + 1, BLOCK - 1)) return;
        seal_header(file + at);
        at += BLOCK + (size_of(header) + BLOCK - 1) / BLOCK * BLOCK;
    }
}

/* Two images of two classes. */
static void write_good(void)
{
    static const char image[] = "P5 2 1 255\nab";
    static uint8_t file[6 * BLOCK];
    memset(file, 0, sizeof file);
    for (int i = 0; i < 2; i++) {
        uint8_t *header = file + (size_t)i * 2 * BLOCK;
        snprintf((char *)header + NAME_AT, 100, "%c/1.pgm", 'a' + i);
        snprintf((char *)header + SIZE_AT, 12, "%011o", (unsigned)(sizeof image - 1));
        header[TYPE_AT] = '0';
        memcpy(header + BLOCK, image, sizeof image - 1);
        seal_header(header);
    }
    fuzz_write("t/train-0.tar", file, sizeof file);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static uint8_t file[MOST];
    if (size < 1 || size > MOST) return 0;
    memcpy(file, bytes + 1, size - 1);
    if (bytes[0] & IS_SEALED) seal(file, size - 1);
    unlink(fuzz_path("t/train-0.tar"));
    if (bytes[0] & IS_BESIDE) write_good();
    fuzz_write("t/train-1.tar", file, size - 1);
    fuzz_set(fuzz_path("t"), FUZZ_NAMES_NONE);
    return 0;
}
