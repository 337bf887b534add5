/* image_exif.c -- how a photo is to be turned.
 *
 * Layer 1 (data).  Cameras store what the sensor saw and note beside it which way is up.  The note
 * is tag 0x0112 of the first directory of a TIFF structure, in an APP1 segment of a JPEG or an eXIf
 * chunk of a PNG.  Source: CIPA DC-008-2019 (Exif 2.32), sections 4.5.2, 4.6.2 and 4.6.4 A.
 *
 * Whatever is wrong with the note, it is then none: pictures are not refused for it. */
/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "data/image_parts.h"

enum {
    ENTRY = 12, /* bytes of a directory's entry */
    ORIENTATION = 0x0112,
    SHORT = 3,
    MOST_ENTRIES = 512 /* of the first directory; cameras write 10 to 20 */
};

/* A TIFF structure: bytes at .. at + size - 1 of the file. */
typedef struct tiff {
    lg_image_source *source;
    size_t at, size;
    int little; /* its byte order */
} tiff;

/* n bytes at `offset` of the structure, or NULL. */
static const uint8_t *bytes_at(const tiff *t, size_t offset, size_t n)
{
    const uint8_t *p;
    if (offset > t->size || n > t->size - offset) return NULL;
    return lg_source_at(t->source, t->at + offset, n, &p, NULL) == LOGIT_OK ? p : NULL;
}

static unsigned number16(const tiff *t, const uint8_t *p)
{
    return t->little ? (unsigned)p[1] << 8 | p[0] : lg_be16(p);
}

static uint32_t number32(const tiff *t, const uint8_t *p)
{
    return t->little ? (uint32_t)number16(t, p + 2) << 16 | number16(t, p) : lg_be32(p);
}

/* Finds the byte order; 0 if this is no such structure. */
static int read_order(tiff *t)
{
    const uint8_t *p = bytes_at(t, 0, 8);
    if (!p || (memcmp(p, "II", 2) != 0 && memcmp(p, "MM", 2) != 0)) return 0;
    t->little = p[0] == 'I';
    return number16(t, p + 2) == 42;
}

int lg_exif_orientation(lg_image_source *source, size_t at, size_t size)
{
    tiff t = {.source = source, .at = at, .size = size};
    if (!read_order(&t)) return 0;
    const size_t directory = number32(&t, bytes_at(&t, 4, 4));
    const uint8_t *p = bytes_at(&t, directory, 2);
    if (!p) return 0;
    const unsigned entries = number16(&t, p);
    for (unsigned i = 0; i < entries && i < MOST_ENTRIES; i++) {
        p = bytes_at(&t, directory + 2 + i * ENTRY, ENTRY);
        if (!p) return 0;
        if (number16(&t, p) != ORIENTATION) continue;
        const unsigned value = number16(&t, p + 8);
        if (number16(&t, p + 2) != SHORT || number32(&t, p + 4) != 1) return 0;
        return value >= 1 && value <= 8 ? (int)value : 0;
    }
    return 0;
}
