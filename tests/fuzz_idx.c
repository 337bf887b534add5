/* fuzz_idx.c -- libFuzzer: any bytes as IDX images, or as their labels, plain or gzipped.
 *
 * The first byte says which.  A gzipped file is made of the bytes, or is the bytes. */
/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "tests/fuzz_rig.h"

static const uint8_t images[] = {0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 10, 20, 30, 40};
static const uint8_t labels[] = {0, 0, 8, 1, 0, 0, 0, 2, 0, 1};

/* The bytes as a gzip file that is in order. */
static size_t gzip(uint8_t *to, size_t room, const uint8_t *bytes, size_t size)
{
    z_stream z = {.next_in = (Bytef *)(uintptr_t)bytes,
                  .avail_in = (uInt)size,
                  .next_out = to,
                  .avail_out = (uInt)room};
    fuzz_must(deflateInit2(&z, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK, "zlib");
    deflate(&z, Z_FINISH);
    deflateEnd(&z);
    return room - z.avail_out;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static uint8_t packed[1 << 17];
    if (size < 1 || size > 1 << 16) return 0;
    const int is_labels = bytes[0] & 1, is_gzip = bytes[0] & 2, is_made = bytes[0] & 4;
    const char *const names[] = {"s/train-images-idx3-ubyte", "s/train-labels-idx1-ubyte",
                                 "s/train-images-idx3-ubyte.gz", "s/train-labels-idx1-ubyte.gz"};
    const uint8_t *file = bytes + 1;
    size_t length = size - 1;
    if (is_gzip && is_made) {
        length = gzip(packed, sizeof packed, file, length);
        file = packed;
    }
    for (int i = 0; i < 4; i++) unlink(fuzz_path(names[i]));
    fuzz_write(names[is_labels + (is_gzip ? 2 : 0)], file, length);
    if (is_labels)
        fuzz_write(names[0], images, sizeof images);
    else
        fuzz_write(names[1], labels, sizeof labels);
    fuzz_set(fuzz_path("s"), FUZZ_NAMES_NONE);
    return 0;
}
