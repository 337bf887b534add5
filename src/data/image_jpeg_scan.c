/* image_jpeg_scan.c -- the scans of a JPEG: legal parameters, defined tables, enough data.
 *
 * Layer 1 (data).  A decoder reads zeros where scan data are missing and calls the result a
 * picture; so the least number of bits that the blocks of a scan can take is compared with the
 * bits that are there.  That also stops bombs: 16384 x 2048 pixels need 128 KiB at the least. */
/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "data/image_jpeg.h"

#define SCANS_MAX 100 /* a progressive file has about 10 */
#define VISITS_MAX                                                                                 \
    ((int64_t)1 << 26) /* blocks of all scans; 10 scans of 2^25 pixels are 2^23.9                  \
                        */

typedef struct scan_header {
    int count;
    lg_jpeg_component *component[3];
    int dc[3], ac[3]; /* Huffman tables */
    int start, end;   /* spectral selection */
    int high, low;    /* successive approximation */
} scan_header;

static logit_status read_header(lg_jpeg *jpeg, const lg_jpeg_segment *segment, scan_header *scan,
                                logit_error *err)
{
    const lg_image_source *source = jpeg->source;
    const uint8_t *p = source->bytes + segment->body;
    memset(scan, 0, sizeof *scan);
    if (!jpeg->frame.count) LG_BAD(err, source, segment->at, "FORMAT", "a scan before its frame");
    scan->count = segment->length ? p[0] : 0;
    if (scan->count < 1 || scan->count > jpeg->frame.count ||
        segment->length != 4 + 2 * (size_t)scan->count)
        LG_BAD(err, source, segment->at, "FORMAT", "a scan header of %zu bytes for %d components",
               segment->length, scan->count);
    for (int i = 0; i < scan->count; i++) {
        const uint8_t *entry = p + 1 + 2 * i;
        for (int c = 0; c < jpeg->frame.count; c++)
            if (jpeg->frame.component[c].id == entry[0])
                scan->component[i] = &jpeg->frame.component[c];
        scan->dc[i] = entry[1] >> 4;
        scan->ac[i] = entry[1] & 15;
        for (int before = 0; before < i; before++)
            if (scan->component[before] == scan->component[i]) scan->component[i] = NULL;
        if (!scan->component[i] || scan->dc[i] > 3 || scan->ac[i] > 3)
            LG_BAD(err, source, segment->body + 1 + 2 * (size_t)i, "FORMAT",
                   "component %d with tables 0x%02x in a scan", entry[0], entry[1]);
    }
    p += 1 + 2 * scan->count;
    scan->start = p[0];
    scan->end = p[1];
    scan->high = p[2] >> 4;
    scan->low = p[2] & 15;
    return LOGIT_OK;
}

/* G.1.1.1: DC apart from AC, AC one component at a time, refinements one bit at a time. */
static int is_legal(const lg_jpeg *jpeg, const scan_header *scan)
{
    if (!jpeg->frame.progressive) return scan->start == 0 && scan->high == 0 && scan->low == 0;
    if (scan->start > scan->end || scan->end > 63 || scan->low > 13) return 0;
    if (scan->high != 0 && scan->high != scan->low + 1) return 0;
    return scan->start == 0 ? scan->end == 0 : scan->count == 1;
}

/* Every table that this scan looks up has been defined. */
static logit_status check_tables(const lg_jpeg *jpeg, const lg_jpeg_segment *segment,
                                 const scan_header *scan, logit_error *err)
{
    const int progressive = jpeg->frame.progressive;
    const int needs_dc = scan->start == 0 && scan->high == 0;
    const int needs_ac = !progressive || scan->start > 0;
    for (int i = 0; i < scan->count; i++) {
        if (!(jpeg->quant >> scan->component[i]->quant & 1))
            LG_BAD(err, jpeg->source, segment->at, "FORMAT", "quantisation table %d is not defined",
                   scan->component[i]->quant);
        if (needs_dc && !(jpeg->dc >> scan->dc[i] & 1))
            LG_BAD(err, jpeg->source, segment->at, "FORMAT", "DC table %d is not defined",
                   scan->dc[i]);
        if (needs_ac && !(jpeg->ac >> scan->ac[i] & 1))
            LG_BAD(err, jpeg->source, segment->at, "FORMAT", "AC table %d is not defined",
                   scan->ac[i]);
    }
    return LOGIT_OK;
}

/* Marks the components as scanned.  Sequential: exactly one scan each (B.2.3). */
static logit_status mark_components(lg_jpeg *jpeg, const lg_jpeg_segment *segment,
                                    const scan_header *scan, logit_error *err)
{
    if (jpeg->frame.progressive && (scan->start != 0 || scan->high != 0)) return LOGIT_OK;
    for (int i = 0; i < scan->count; i++) {
        if (!jpeg->frame.progressive && scan->component[i]->scanned)
            LG_BAD(err, jpeg->source, segment->at, "FORMAT", "component %d is scanned twice",
                   scan->component[i]->id);
        scan->component[i]->scanned = 1;
    }
    return LOGIT_OK;
}

/* What lies between an SOS segment and the next marker. */
typedef struct scan_data {
    size_t end;   /* of the data: the next marker's 0xff */
    size_t bytes; /* of entropy-coded data: no stuffing, no restart markers */
    int64_t restarts;
    size_t out_of_order; /* a restart marker with the wrong number, or 0 */
} scan_data;

/* B.1.1.5: a 0xff in the data is followed by 0x00; RST0..7 follow one another cyclically. */
static logit_status measure_data(const lg_image_source *source, size_t begin, scan_data *data,
                                 logit_error *err)
{
    const uint8_t *bytes = source->bytes;
    size_t at = begin, extra = 0;
    memset(data, 0, sizeof *data);
    for (;;) {
        const uint8_t *p = at < source->size ? memchr(bytes + at, 0xff, source->size - at) : NULL;
        if (!p || p + 1 == bytes + source->size)
            LG_BAD(err, source, source->size, "TRUNC", "the file ends inside the scan data");
        at = (size_t)(p - bytes);
        if (p[1] == 0xff) { /* a fill byte */
            extra += 1;
            at += 1;
            continue;
        }
        if (p[1] != 0 && (p[1] < JPEG_RST0 || p[1] > JPEG_RST7)) break;
        if (p[1] != 0 && p[1] - JPEG_RST0 != data->restarts++ % 8 && !data->out_of_order)
            data->out_of_order = at;
        extra += p[1] ? 2 : 1;
        at += 2;
    }
    data->end = at;
    data->bytes = at - begin - extra;
    return LOGIT_OK;
}

/* The least that a block takes: DC and AC codes of a bit each; in a progressive DC scan one bit;
 * in an AC scan an end-of-band run of 15 bits can stand for 32767 blocks. */
static int64_t least_bits(const lg_jpeg *jpeg, const scan_header *scan, int64_t blocks)
{
    if (!jpeg->frame.progressive) return 2 * blocks;
    if (scan->start == 0) return blocks;
    return 1 + 15 * (blocks / 32768);
}

/* A decoder that misses a restart marker leaves the rest of the scan as it was. */
static logit_status check_restarts(const lg_jpeg *jpeg, size_t begin, const scan_data *data,
                                   int64_t units, logit_error *err)
{
    const int64_t interval = jpeg->restart;
    const int64_t want = interval ? (units - 1) / interval : 0;
    const int one_more = interval && units % interval == 0; /* after the last unit: harmless */
    if (data->out_of_order)
        LG_BAD(err, jpeg->source, data->out_of_order, "CORRUPT", "a restart marker out of order");
    if (data->restarts < want || data->restarts > want + one_more)
        LG_BAD(err, jpeg->source, begin, data->restarts < want ? "TRUNC" : "CORRUPT",
               "%lld restart markers in a scan that needs %lld", (long long)data->restarts,
               (long long)want);
    return LOGIT_OK;
}

logit_status lg_jpeg_scan(lg_jpeg *jpeg, const lg_jpeg_segment *segment, size_t *next,
                          logit_error *err)
{
    const lg_image_source *source = jpeg->source;
    scan_header scan;
    scan_data data;
    LG_TRY(read_header(jpeg, segment, &scan, err));
    if (!is_legal(jpeg, &scan))
        LG_BAD(err, source, segment->at, "FORMAT", "a scan of coefficients %d to %d, bits %d to %d",
               scan.start, scan.end, scan.high, scan.low);
    LG_TRY(check_tables(jpeg, segment, &scan, err));
    LG_TRY(mark_components(jpeg, segment, &scan, err));

    /* B.2.3 and A.2: a scan of one component goes by blocks, one of several by MCUs. */
    int64_t units = jpeg->frame.units_wide * jpeg->frame.units_high, unit_blocks = 0;
    for (int i = 0; i < scan.count; i++) unit_blocks += scan.component[i]->h * scan.component[i]->v;
    if (scan.count == 1) {
        units = scan.component[0]->blocks_wide * scan.component[0]->blocks_high;
        unit_blocks = 1;
    } else if (unit_blocks > 10) {
        LG_BAD(err, source, segment->at, "FORMAT", "%lld blocks in an MCU", (long long)unit_blocks);
    }
    const int64_t blocks = units * unit_blocks;
    jpeg->visits += blocks;
    if (++jpeg->scans > SCANS_MAX || jpeg->visits > VISITS_MAX)
        LG_BAD(err, source, segment->at, "LIMIT", "too many scans");

    LG_TRY(measure_data(source, *next, &data, err));
    if ((int64_t)data.bytes * 8 < least_bits(jpeg, &scan, blocks))
        LG_BAD(err, source, *next, "TRUNC", "%zu bytes of scan data for %lld blocks", data.bytes,
               (long long)blocks);
    LG_TRY(check_restarts(jpeg, *next, &data, units, err));
    *next = data.end;
    return LOGIT_OK;
}
