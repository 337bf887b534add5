/* image_jpeg.c -- is this JPEG whole, and is all that it uses defined?
 *
 * Layer 1 (data).  stb's decoder believes what a file says.  This walk does not: every segment
 * lies inside the file, every table is one that can exist, one frame, scans that use what was
 * defined before them, as much scan data as their blocks need at the least, and an end.  The walk
 * sees segments where the decoder will see them.
 *
 * Read: 8 bits, Huffman, baseline, extended or progressive, 1 or 3 components. */
/* SPDX-License-Identifier: MIT */
#include "data/image_jpeg.h"

#include <string.h>

#define PADDING_MAX 4096 /* bytes of rubbish before the frame header that are stepped over */

/* --------------------------------------------------------------------------------- segments --- */

/* The marker at or after *at; *at moves behind it.  Fill bytes (0xff) may stand before any marker;
 * some cameras pad their segments with other bytes, which is forgiven up to the frame header. */
static logit_status next_marker(lg_image_source *source, size_t *at, int padding_is_fine,
                                int *marker, logit_error *err)
{
    const uint8_t *p;
    const size_t begin = *at;
    LG_TRY(lg_source_at(source, *at, 1, &p, err));
    while (*p != 0xff) {
        if (!padding_is_fine)
            LG_BAD(err, source, *at, "CORRUPT", "a marker should begin here, not 0x%02x", *p);
        if (*at - begin == PADDING_MAX)
            LG_BAD(err, source, begin, "CORRUPT", "no marker in the next %d bytes", PADDING_MAX);
        ++*at;
        LG_TRY(lg_source_at(source, *at, 1, &p, err));
    }
    while (*p == 0xff) {
        ++*at;
        LG_TRY(lg_source_at(source, *at, 1, &p, err));
    }
    *marker = *p;
    ++*at;
    return LOGIT_OK;
}

/* The segment at or after *at; *at moves behind it.  SOI and EOI have no payload. */
static logit_status next_segment(lg_image_source *source, size_t *at, int padding_is_fine,
                                 lg_jpeg_segment *segment, logit_error *err)
{
    const uint8_t *p;
    LG_TRY(next_marker(source, at, padding_is_fine, &segment->marker, err));
    segment->at = *at - 2;
    segment->body = *at;
    segment->length = 0;
    if (segment->marker == JPEG_SOI || segment->marker == JPEG_EOI) return LOGIT_OK;
    if (segment->marker < JPEG_SOF0 ||
        (segment->marker >= JPEG_RST0 && segment->marker <= JPEG_RST7))
        LG_BAD(err, source, segment->at, "FORMAT", "marker 0x%02x between segments",
               segment->marker);

    LG_TRY(lg_source_at(source, *at, 2, &p, err));
    const size_t length = lg_be16(p);
    if (length < 2) LG_BAD(err, source, *at, "FORMAT", "a segment of %zu bytes", length);
    if (length > source->size - *at)
        LG_BAD(err, source, *at, "TRUNC", "a segment of %zu bytes, %zu are left", length,
               source->size - *at);
    segment->body = *at + 2;
    segment->length = length - 2;
    *at += length;
    return LOGIT_OK;
}

/* A marker that no reader here knows: why. */
static logit_status refuse_marker(const lg_image_source *source, const lg_jpeg_segment *segment,
                                  logit_error *err)
{
    const int m = segment->marker;
    if (m == JPEG_SOI) LG_BAD(err, source, segment->at, "FORMAT", "a second start of image");
    if (m == JPEG_DNL)
        LG_BAD(err, source, segment->at, "UNSUP", "its height comes after its first scan");
    if (m == JPEG_DAC || (m >= 0xc9 && m <= 0xcf))
        LG_BAD(err, source, segment->at, "UNSUP", "arithmetic coding; save it as baseline JPEG");
    if (m > JPEG_SOF2 && m <= 0xcf)
        LG_BAD(err, source, segment->at, "UNSUP",
               "lossless or hierarchical (0x%02x); save it as baseline JPEG", m);
    LG_BAD(err, source, segment->at, "UNSUP", "marker 0x%02x", m);
}

/* ------------------------------------------------------------------------------------ frame --- */

static int is_frame(int marker)
{
    return marker >= JPEG_SOF0 && marker <= JPEG_SOF2;
}

static int is_comment(int marker)
{
    return (marker >= JPEG_APP0 && marker <= JPEG_APP15) || marker == JPEG_COM;
}

/* Sampling factors: 1 to 4, and each divides the largest. */
static logit_status check_sampling(const lg_image_source *source, size_t at, lg_jpeg_frame *frame,
                                   logit_error *err)
{
    int h_max = 1, v_max = 1;
    for (int c = 0; c < frame->count; c++) {
        const lg_jpeg_component *part = &frame->component[c];
        if (part->h < 1 || part->h > 4 || part->v < 1 || part->v > 4)
            LG_BAD(err, source, at, "FORMAT", "sampling %d x %d of component %d", part->h, part->v,
                   c);
        h_max = part->h > h_max ? part->h : h_max;
        v_max = part->v > v_max ? part->v : v_max;
    }
    frame->units_wide = (frame->width + 8 * h_max - 1) / (8 * h_max);
    frame->units_high = (frame->height + 8 * v_max - 1) / (8 * v_max);
    for (int c = 0; c < frame->count; c++) {
        lg_jpeg_component *part = &frame->component[c];
        if (h_max % part->h || v_max % part->v)
            LG_BAD(err, source, at, "UNSUP", "sampling %d x %d beside %d x %d", part->h, part->v,
                   h_max, v_max);
        const int wide = (frame->width * part->h + h_max - 1) / h_max;
        const int high = (frame->height * part->v + v_max - 1) / v_max;
        part->blocks_wide = (wide + 7) / 8;
        part->blocks_high = (high + 7) / 8;
    }
    return LOGIT_OK;
}

static logit_status read_components(const lg_image_source *source, size_t at, const uint8_t *p,
                                    lg_jpeg_frame *frame, logit_error *err)
{
    for (int c = 0; c < frame->count; c++) {
        lg_jpeg_component *part = &frame->component[c];
        part->id = p[3 * c];
        part->h = p[3 * c + 1] >> 4;
        part->v = p[3 * c + 1] & 15;
        part->quant = p[3 * c + 2];
        if (part->quant > 3)
            LG_BAD(err, source, at, "FORMAT", "quantisation table %d", part->quant);
        for (int before = 0; before < c; before++)
            if (frame->component[before].id == part->id)
                LG_BAD(err, source, at, "FORMAT", "two components have the number %d", part->id);
    }
    return check_sampling(source, at, frame, err);
}

/* SOF0, SOF1, SOF2 (B.2.2), and the limits. */
static logit_status read_frame(lg_image_source *source, const lg_jpeg_segment *segment,
                               lg_jpeg_frame *frame, logit_error *err)
{
    const uint8_t *p;
    const size_t at = segment->body;
    if (segment->length < 6)
        LG_BAD(err, source, at, "FORMAT", "a frame header of %zu bytes", segment->length);
    LG_TRY(lg_source_at(source, at, segment->length < 15 ? segment->length : 15, &p, err));
    if (p[0] != 8) LG_BAD(err, source, at, "UNSUP", "%d bits per sample; save it with 8", p[0]);
    const int count = p[5];
    if (count == 4) LG_BAD(err, source, at + 5, "UNSUP", "CMYK; save it as RGB or grey");
    if (count != 1 && count != 3)
        LG_BAD(err, source, at + 5, "UNSUP", "%d components; 1 or 3 are read", count);
    if (segment->length != 6 + 3 * (size_t)count)
        LG_BAD(err, source, at, "FORMAT", "a frame header of %zu bytes for %d components",
               segment->length, count);
    memset(frame, 0, sizeof *frame);
    frame->progressive = segment->marker == JPEG_SOF2;
    frame->height = (int)lg_be16(p + 1);
    frame->width = (int)lg_be16(p + 3);
    frame->count = count;
    const lg_image_info info = {frame->width, frame->height, count, source->format, 0};
    LG_TRY(lg_image_limits(source, at + 1, &info, err));
    return read_components(source, at + 6, p + 6, frame, err);
}

/* Notes which way is up, if the segment says so and none before it did. */
static void read_orientation(lg_image_source *source, const lg_jpeg_segment *segment,
                             lg_image_info *info)
{
    static const char head[6] = {'E', 'x', 'i', 'f', 0, 0};
    const uint8_t *p;
    if (segment->marker != JPEG_APP1 || info->orientation || segment->length < sizeof head) return;
    if (lg_source_at(source, segment->body, sizeof head, &p, NULL) != LOGIT_OK) return;
    if (memcmp(p, head, sizeof head) != 0) return;
    info->orientation =
        lg_exif_orientation(source, segment->body + sizeof head, segment->length - sizeof head);
}

logit_status lg_jpeg_probe(lg_image_source *source, lg_image_info *info, logit_error *err)
{
    lg_jpeg_segment segment;
    lg_jpeg_frame frame;
    size_t at = 2;
    do {
        LG_TRY(next_segment(source, &at, 1, &segment, err));
        if (segment.marker == JPEG_EOI || segment.marker == JPEG_SOS)
            LG_BAD(err, source, segment.at, "FORMAT", "no frame header before this");
        if (!is_frame(segment.marker) && !is_comment(segment.marker) &&
            segment.marker != JPEG_DQT && segment.marker != JPEG_DHT && segment.marker != JPEG_DRI)
            return refuse_marker(source, &segment, err);
        read_orientation(source, &segment, info);
    } while (!is_frame(segment.marker));
    LG_TRY(read_frame(source, &segment, &frame, err));
    info->width = frame.width;
    info->height = frame.height;
    info->channels = frame.count;
    return LOGIT_OK;
}

/* ----------------------------------------------------------------------------------- tables --- */

/* DQT (B.2.4.1): one or more tables of 64 values of 8 or 16 bits. */
static logit_status read_quant(lg_jpeg *jpeg, const lg_jpeg_segment *segment, logit_error *err)
{
    const uint8_t *bytes = jpeg->source->bytes;
    size_t at = segment->body;
    const size_t end = at + segment->length;
    while (at < end) {
        const int wide = bytes[at] >> 4, id = bytes[at] & 15;
        if (wide > 1 || id > 3)
            LG_BAD(err, jpeg->source, at, "FORMAT", "quantisation table 0x%02x", bytes[at]);
        const size_t size = wide ? 129 : 65;
        if (size > end - at)
            LG_BAD(err, jpeg->source, at, "FORMAT", "%zu bytes for a quantisation table of %zu",
                   end - at, size);
        jpeg->quant |= 1u << id;
        at += size;
    }
    return LOGIT_OK;
}

/* One Huffman table (B.2.4.2) in `left` bytes at `at`; *size: what it takes.  count[i] codes have
 * i + 1 bits; they must fit into 16 bits (Kraft: the sum of 2^-bits is at most 1). */
static logit_status read_one_huffman(lg_jpeg *jpeg, size_t at, size_t left, size_t *size,
                                     logit_error *err)
{
    const uint8_t *p = jpeg->source->bytes + at;
    if (left < 17) LG_BAD(err, jpeg->source, at, "FORMAT", "%zu bytes for a Huffman table", left);
    const int is_ac = p[0] >> 4, id = p[0] & 15;
    if (is_ac > 1 || id > 3) LG_BAD(err, jpeg->source, at, "FORMAT", "Huffman table 0x%02x", p[0]);
    unsigned codes = 0, space = 0;
    for (int i = 0; i < 16; i++) {
        codes += p[1 + i];
        space += (unsigned)p[1 + i] << (15 - i);
    }
    if (codes > 256) LG_BAD(err, jpeg->source, at, "FORMAT", "a Huffman table of %u codes", codes);
    if (space > 65536)
        LG_BAD(err, jpeg->source, at, "FORMAT", "a Huffman table that no code can have");
    if (codes > left - 17)
        LG_BAD(err, jpeg->source, at, "FORMAT", "%zu bytes for a Huffman table of %u codes", left,
               codes);
    for (unsigned i = 0; i < codes && !is_ac; i++)
        if (p[17 + i] > 15)
            LG_BAD(err, jpeg->source, at, "FORMAT", "a DC difference of %d bits", p[17 + i]);
    if (is_ac)
        jpeg->ac |= 1u << id;
    else
        jpeg->dc |= 1u << id;
    *size = 17 + codes;
    return LOGIT_OK;
}

static logit_status read_huffman(lg_jpeg *jpeg, const lg_jpeg_segment *segment, logit_error *err)
{
    size_t at = segment->body, size = 0;
    const size_t end = at + segment->length;
    for (; at < end; at += size) LG_TRY(read_one_huffman(jpeg, at, end - at, &size, err));
    return LOGIT_OK;
}

/* ------------------------------------------------------------------------------- whole file --- */

static logit_status read_segment(lg_jpeg *jpeg, const lg_jpeg_segment *segment, size_t *at,
                                 logit_error *err)
{
    lg_image_source *source = jpeg->source;
    if (is_comment(segment->marker)) return LOGIT_OK;
    if (is_frame(segment->marker)) {
        if (jpeg->frame.count) LG_BAD(err, source, segment->at, "FORMAT", "a second frame header");
        return read_frame(source, segment, &jpeg->frame, err);
    }
    switch (segment->marker) {
    case JPEG_DQT:
        return read_quant(jpeg, segment, err);
    case JPEG_DHT:
        return read_huffman(jpeg, segment, err);
    case JPEG_SOS:
        return lg_jpeg_scan(jpeg, segment, at, err);
    case JPEG_DRI:
        if (segment->length != 2)
            LG_BAD(err, source, segment->at, "FORMAT", "a restart interval of %zu bytes",
                   segment->length);
        jpeg->restart = (int)lg_be16(source->bytes + segment->body);
        return LOGIT_OK;
    default:
        return refuse_marker(source, segment, err);
    }
}

/* What stb takes: planes rounded up to whole MCUs (three times that with coefficients, where
 * progressive), a line per component, the result. */
static size_t arena_bytes(const lg_jpeg_frame *frame, int channels)
{
    const size_t pixels = (size_t)frame->width * (size_t)frame->height;
    size_t sum = LG_STB_STATE + pixels * (size_t)channels + LG_ARENA_BLOCK;
    for (int c = 0; c < frame->count; c++) {
        const lg_jpeg_component *part = &frame->component[c];
        const size_t units = (size_t)(frame->units_wide * frame->units_high);
        const size_t plane = units * (size_t)(part->h * part->v) * 64;
        sum += plane * (frame->progressive ? 3 : 1) + (size_t)frame->width + 4 * LG_ARENA_BLOCK;
    }
    return sum;
}

logit_status lg_jpeg_check(lg_image_source *source, int channels, lg_image_plan *plan,
                           logit_error *err)
{
    lg_jpeg jpeg = {.source = source};
    lg_jpeg_segment segment;
    size_t at = 2;
    for (;;) {
        LG_TRY(next_segment(source, &at, !jpeg.frame.count, &segment, err));
        if (segment.marker == JPEG_EOI) break;
        if (segment.marker == JPEG_SOS && !plan->data_at) plan->data_at = segment.at;
        LG_TRY(read_segment(&jpeg, &segment, &at, err));
    }
    for (int c = 0; c < jpeg.frame.count; c++)
        if (!jpeg.frame.component[c].scanned)
            LG_BAD(err, source, segment.at, "TRUNC", "the end, and no scan of component %d yet", c);
    if (!jpeg.frame.count) LG_BAD(err, source, segment.at, "FORMAT", "no frame header");
    plan->arena_bytes = arena_bytes(&jpeg.frame, channels);
    return LOGIT_OK;
}

logit_status lg_jpeg_decode_stb(lg_decoder *decoder, const lg_image_source *source,
                                const lg_image_plan *plan, int channels, const uint8_t **pixels,
                                logit_error *err)
{
    lg_stb_job job = {.bytes = source->bytes, .size = source->size, .channels = channels};
    *pixels = lg_stb_decode(&decoder->arena, &job);
    if (!*pixels && decoder->arena.refused)
        LG_BAD(err, source, plan->data_at, "LIMIT", "more memory is needed than the header tells");
    if (!*pixels) LG_BAD(err, source, plan->data_at, "CORRUPT", "%s", job.reason);
    if (job.width != plan->info.width || job.height != plan->info.height)
        LG_BAD(err, source, plan->data_at, "CORRUPT", "%d x %d pixels where %d x %d were declared",
               job.width, job.height, plan->info.width, plan->info.height);
    return LOGIT_OK;
}
