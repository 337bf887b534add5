/* fuzz_packed.c -- libFuzzer target: any bytes as a packed file, opened, and read to its end.
 *
 * The header's checksum is made right first, or nothing would get past it: byte 0 of the input
 * says whether the sections' checksums are made right, too. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xxhash.h>

#include "data/dataset.h"
#include "data/packed_layout.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Checksums of all sections that lie inside the file, then that of the page. */
static void seal(uint8_t *bytes, size_t size, int sections)
{
    if (size < LG_PACKED_HEADER) return;
    for (int at = LG_PACKED_AT_CLASS_NAMES; sections && at + 24 <= 896; at += 8) {
        const uint64_t offset = lg_packed_get64(bytes + at),
                       length = lg_packed_get64(bytes + at + 8);
        if (offset < LG_PACKED_HEADER || offset > size || length > size - offset || !length)
            continue;
        const uint64_t check = XXH3_64bits(bytes + offset, length);
        memcpy(bytes + at + 16, &check, sizeof check);
    }
    const uint64_t check = XXH3_64bits(bytes, LG_PACKED_AT_CHECK);
    memcpy(bytes + LG_PACKED_AT_CHECK, &check, sizeof check);
}

static void read_all(const lg_dataset *dataset)
{
    for (int p = 0; p < LG_PART_COUNT; p++) {
        const lg_set *set = dataset->part[p];
        if (!set) continue;
        const lg_image_target shape = set->shape;
        uint8_t *out = malloc((size_t)shape.height * (size_t)shape.width * (size_t)shape.channels *
                              lg_element_bytes(set->element));
        char name[64];
        for (int64_t i = 0; out && i < set->count; i++) {
            set->ops->read(set, i, NULL, out, NULL);
            set->ops->name(set, i, name, sizeof name);
        }
        free(out);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    lg_dataset *dataset;
    const lg_dataset_options how = {0};
    if (size < 1) return 0;
    const int fd = memfd_create("packed", 0);
    uint8_t *copy = malloc(size);
    if (fd < 0 || !copy) abort();
    memcpy(copy, data + 1, size - 1);
    seal(copy, size - 1, data[0] & 1);
    if (write(fd, copy, size - 1) != (ssize_t)(size - 1)) abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (lg_dataset_open(&dataset, path, &how, NULL) == LOGIT_OK) {
        read_all(dataset);
        lg_dataset_close(dataset);
    }
    free(copy);
    close(fd);
    return 0;
}
