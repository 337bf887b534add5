/* decoding.c -- the table of decoders. */
/* SPDX-License-Identifier: MIT */
#include "data/decoding.h"

#include <string.h>

#include "data/image_parts.h"

static const struct {
    const char *name, *package;
} rows[LG_DECODING_COUNT] = {
#define DECODING(id, name, decode, package) {name, package},
#include "data/decoding.def"
#undef DECODING
};

lg_decoding lg_decoding_find(const char *name)
{
    int i = 0;
    while (i < LG_DECODING_COUNT && strcmp(rows[i].name, name) != 0) i++;
    return (lg_decoding)i;
}

const char *lg_decoding_name(lg_decoding decoding)
{
    return rows[decoding].name;
}

const char *lg_decoding_package(lg_decoding decoding)
{
    return rows[decoding].package;
}

int lg_decoding_is_built(lg_decoding decoding)
{
    return decoding != LG_DECODING_TURBO || lg_turbo_is_built();
}

logit_status lg_jpeg_decode(struct lg_decoder *decoder, const lg_image_source *source,
                            const lg_image_plan *plan, int channels, const uint8_t **pixels,
                            logit_error *err)
{
    switch (decoder->decoding) {
#define DECODING(id, name, decode, package)                                                        \
    case LG_DECODING_##id:                                                                         \
        return decode(decoder, source, plan, channels, pixels, err);
#include "data/decoding.def"
#undef DECODING
    default:
        LG_FAIL(err, LOGIT_E_USAGE, "there is no decoder %d", (int)decoder->decoding);
    }
}
