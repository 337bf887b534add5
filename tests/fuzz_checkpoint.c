/* fuzz_checkpoint.c -- libFuzzer: any bytes as a checkpoint; sizes and checksum are put right after
 * most mutations, since nothing would get past them by chance. */
/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <xxhash.h>

#include "tests/fuzz_rig.h"
#include "train/checkpoint_file.h"

enum { FRONT = 24, SUM = 16 };

static void put(uint8_t *to, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++) to[i] = (uint8_t)(value >> (8 * i));
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t most, unsigned seed)
{
    size = LLVMFuzzerMutate(bytes, size, most);
    if (size < FRONT + 8 + SUM || seed % 8 == 0) return size;
    const size_t room = size - FRONT - SUM, head = room / 8 * 8;
    memcpy(bytes, "logitckp\1\0\0\0", 12);
    put(bytes + 12, head, 4);
    put(bytes + 16, room - head, 8);
    const XXH128_hash_t hash = XXH3_128bits(bytes, size - SUM);
    put(bytes + size - SUM, hash.low64, 8);
    put(bytes + size - SUM + 8, hash.high64, 8);
    return size;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    lg_checkpoint_file file;
    logit_error err = {.message = ""};
    if (size > 1 << 16) return 0;
    fuzz_write("c/checkpoint", bytes, size);
    const logit_status status = lg_checkpoint_file_read(fuzz_path("c/checkpoint"), &file, &err);
    if (status != LOGIT_OK) fuzz_refused(status, &err);
    fuzz_must((status == LOGIT_OK) == (file.head != NULL), "a head without a file");
    lg_checkpoint_file_clear(&file);
    return 0;
}
