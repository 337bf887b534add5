/* fuzz_image.c -- libFuzzer: any bytes end as an image or as an error, the same one twice.
 *
 *   clang -fsanitize=fuzzer,address,undefined -fno-sanitize=shift ... tests/fuzz_image.c
 *
 * Beside what the sanitizers see: the header that probing finds is the one that decoding uses, and
 * the same bytes give the same pixels whatever the decoder met before.  PNG checksums are put
 * right after each mutation, since nothing would get past them by chance. */
/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "data/image.h"

#define PIXELS_MAX (1 << 16) /* larger images only take longer */
#define SIDE 24

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
size_t LLVMFuzzerMutate(uint8_t *bytes, size_t size, size_t most);
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t most, unsigned seed);

static void must(int truth, const char *what)
{
    if (truth) return;
    fprintf(stderr, "fuzz_image: %s\n", what);
    abort();
}

/* The fuzzer itself is not watched, so that its bytes count as unwritten (make msan). */
#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if __has_feature(memory_sanitizer)
#include <sanitizer/msan_interface.h>
#define TAKE(bytes, size) __msan_unpoison(bytes, size)
#else
#define TAKE(bytes, size) (void)0
#endif

static uint32_t be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t most, unsigned seed)
{
    size = LLVMFuzzerMutate(bytes, size, most);
    TAKE(bytes, size);
    if (size < 20 || memcmp(bytes + 1, "PNG", 3) != 0 || seed % 16 == 0) return size;
    for (size_t at = 8; size - at >= 12;) {
        const size_t length = be32(bytes + at);
        if (length > size - at - 12) break;
        const uint32_t crc = (uint32_t)crc32(0, bytes + at + 4, (uInt)length + 4);
        for (int i = 0; i < 4; i++)
            bytes[at + 8 + length + (size_t)i] = (uint8_t)(crc >> (24 - 8 * i));
        at += length + 12;
    }
    return size;
}

/* Every other library there is may differ in pixels and in what it takes, but ends as well, and the
 * same twice. */
static void ask_others(const uint8_t *bytes, size_t size, lg_image_target target)
{
    static lg_decoder *decoder;
    static uint8_t out[2][SIDE * SIDE * 3];
    logit_error err;
    if (!decoder) must(lg_decoder_create(&decoder, &err) == LOGIT_OK, "no decoder");
    for (int d = LG_DECODING_STB + 1; d < LG_DECODING_COUNT; d++) {
        if (!lg_decoding_is_built((lg_decoding)d)) continue;
        int good[2];
        lg_decoder_use(decoder, (lg_decoding)d);
        for (int i = 0; i < 2; i++) {
            good[i] =
                lg_image_decode(decoder, bytes, size, "fuzz", target, out[i], &err) == LOGIT_OK;
            if (!good[i])
                must(err.status == LOGIT_E_DATA && strrchr(err.message, '['), "an odd error");
        }
        must(good[0] == good[1] && (!good[0] || !memcmp(out[0], out[1], sizeof out[0])),
             "another library, and not the same twice");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static lg_decoder *decoder;
    static uint8_t small[2][SIDE * SIDE * 3], whole[PIXELS_MAX * 3];
    lg_image_info info;
    logit_error err;
    TAKE(bytes, size);
    if (!decoder) must(lg_decoder_create(&decoder, &err) == LOGIT_OK, "no decoder");

    const int is_image = lg_image_probe(bytes, size, "fuzz", &info, &err) == LOGIT_OK;
    if (is_image && info.width * info.height > PIXELS_MAX) return 0;
    const lg_image_target target = {SIDE, SIDE, size % 3 ? 3 : 1};
    memset(small, 0, sizeof small);
    const int first =
        lg_image_decode(decoder, bytes, size, "fuzz", target, small[0], &err) == LOGIT_OK;
    if (!first) must(err.status == LOGIT_E_DATA && strrchr(err.message, '['), "an odd error");
    must(is_image || !first, "decoded, and yet not an image");
    ask_others(bytes, size, target);
    if (!first) memset(small[0], 0, sizeof small[0]);

    if (is_image) { /* something else in between */
        const lg_image_target own = {info.height, info.width, info.channels};
        const int other =
            lg_image_decode(decoder, bytes, size, "fuzz", own, whole, NULL) == LOGIT_OK;
        must(other == first, "an image for one target and not for another");
    }
    const int second =
        lg_image_decode(decoder, bytes, size, "fuzz", target, small[1], NULL) == LOGIT_OK;
    if (!second) memset(small[1], 0, sizeof small[1]);
    must(first == second && !memcmp(small[0], small[1], sizeof small[0]), "not the same twice");
    return 0;
}
