/* decoding.h -- which library decodes JPEGs.
 *
 * Layer 1 (data).  stb is always there.  Others are, where the build found them; a name is known
 * in every build, so that a model that was trained with one can say so. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_DATA_DECODING_H
#define LG_DATA_DECODING_H

typedef enum lg_decoding {
#define DECODING(id, name, decode, package) LG_DECODING_##id,
#include "data/decoding.def"
#undef DECODING
    LG_DECODING_COUNT
} lg_decoding;

lg_decoding lg_decoding_find(const char *name); /* LG_DECODING_COUNT: there is none */
const char *lg_decoding_name(lg_decoding decoding);
const char *lg_decoding_package(lg_decoding decoding);
int lg_decoding_is_built(lg_decoding decoding);

#endif
