/* image_jpeg.h -- what the check of a JPEG knows while it walks through one.
 *
 * Layer 1 (data).  Shared by image_jpeg.c (segments, tables, frame) and image_jpeg_scan.c (scans).
 * Source of all rules: ITU-T T.81 (1992), sections B.1.1 to B.2.4 and G.1.1. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_DATA_IMAGE_JPEG_H
#define LG_DATA_IMAGE_JPEG_H

#include "data/image_parts.h"

enum {
    JPEG_SOF0 = 0xc0,
    JPEG_SOF1 = 0xc1,
    JPEG_SOF2 = 0xc2,
    JPEG_DHT = 0xc4,
    JPEG_DAC = 0xcc,
    JPEG_RST0 = 0xd0,
    JPEG_RST7 = 0xd7,
    JPEG_SOI = 0xd8,
    JPEG_EOI = 0xd9,
    JPEG_SOS = 0xda,
    JPEG_DQT = 0xdb,
    JPEG_DNL = 0xdc,
    JPEG_DRI = 0xdd,
    JPEG_APP0 = 0xe0,
    JPEG_APP1 = 0xe1,
    JPEG_APP15 = 0xef,
    JPEG_COM = 0xfe
};

typedef struct lg_jpeg_component {
    int id;
    int h, v;                         /* sampling factors */
    int quant;                        /* its quantisation table */
    int64_t blocks_wide, blocks_high; /* of the picture proper: what a scan of its own holds */
    int scanned;                      /* has a scan (its first DC scan, where progressive) */
} lg_jpeg_component;

typedef struct lg_jpeg_frame {
    int progressive;
    int width, height;
    int count; /* of components; 0: no frame yet */
    lg_jpeg_component component[3];
    int64_t units_wide, units_high; /* MCUs of a scan of several components */
} lg_jpeg_frame;

typedef struct lg_jpeg {
    lg_image_source *source;
    lg_jpeg_frame frame;
    unsigned quant, dc, ac; /* bit t: table t is defined */
    int restart;            /* interval in MCUs; 0: none */
    int scans;
    int64_t visits; /* blocks that the scans so far go through */
} lg_jpeg;

/* A marker and its payload, bytes body .. body + length - 1 of the file. */
typedef struct lg_jpeg_segment {
    int marker;
    size_t at; /* of the marker */
    size_t body, length;
} lg_jpeg_segment;

/* An SOS segment and the scan data behind it.  *next: the marker after them.  All of the source is
 * in memory.  Error: DATA. */
logit_status lg_jpeg_scan(lg_jpeg *jpeg, const lg_jpeg_segment *segment, size_t *next,
                          logit_error *err);

#endif
