/* test_image_exif.c -- photos the right way up, whatever is written beside them.
 *
 * The oracle turns a picture by steps that have names: mirror, and exchange of rows and columns. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/image_make.h"

Suite *lg_suite_image_exif(void);

enum { MOST = 64 * 64 * 3 };

/* ------------------------------------------------------------------------------- the oracle --- */

typedef struct picture {
    int height, width;
    uint8_t at[MOST]; /* [height][width][3] */
} picture;

static void mirror(picture *p)
{
    for (int y = 0; y < p->height; y++)
        for (int x = 0; x < p->width / 2; x++)
            for (int c = 0; c < 3; c++) {
                uint8_t *a = &p->at[(y * p->width + x) * 3 + c];
                uint8_t *b = &p->at[(y * p->width + p->width - 1 - x) * 3 + c];
                const uint8_t kept = *a;
                *a = *b;
                *b = kept;
            }
}

static void exchange(picture *p)
{
    static picture from;
    from = *p;
    p->height = from.width;
    p->width = from.height;
    for (int y = 0; y < p->height; y++)
        for (int x = 0; x < p->width; x++)
            memcpy(&p->at[(y * p->width + x) * 3], &from.at[(x * from.width + y) * 3], 3);
}

/* A quarter to the right: rows become columns, then left and right change. */
static void turn_right(picture *p)
{
    exchange(p);
    mirror(p);
}

/* As Exif has it: the 0th row of what is stored is the visual top (1, 2), bottom (3, 4), left (5,
 * 8) or right (6, 7) side. */
static void set_upright(picture *p, int orientation)
{
    static const struct {
        int mirrored, quarters;
    } steps[9] = {{0, 0}, {0, 0}, {1, 0}, {0, 2}, {1, 2}, {1, 3}, {0, 1}, {1, 1}, {0, 3}};
    if (steps[orientation].mirrored) mirror(p);
    for (int i = 0; i < steps[orientation].quarters; i++) turn_right(p);
}

/* ------------------------------------------------------------------------------ files --- */

typedef struct note {
    int little, orientation, entries_before, type, count;
    unsigned first; /* offset of the directory */
} note;

static void put16(image_bytes *b, int little, unsigned value)
{
    image_put_byte(b, (int)(little ? value & 255 : value >> 8));
    image_put_byte(b, (int)(little ? value >> 8 : value & 255));
}

static void put32(image_bytes *b, int little, unsigned value)
{
    put16(b, little, little ? value & 0xffff : value >> 16);
    put16(b, little, little ? value >> 16 : value & 0xffff);
}

/* The TIFF structure, Exif 2.32, 4.5.2: order, 42, directory, entries, no next directory. */
static void put_note(image_bytes *b, note n)
{
    image_put(b, n.little ? "II" : "MM", 2);
    put16(b, n.little, 42);
    put32(b, n.little, n.first);
    image_fill(b, 0, n.first - 8);
    put16(b, n.little, (unsigned)n.entries_before + 1);
    for (int i = 0; i <= n.entries_before; i++) {
        const int is_it = i == n.entries_before;
        put16(b, n.little, is_it ? 0x0112 : 0x0100 + (unsigned)i);
        put16(b, n.little, is_it ? (unsigned)n.type : 3);
        put32(b, n.little, is_it ? (unsigned)n.count : 1);
        put16(b, n.little, is_it ? (unsigned)n.orientation : 7);
        put16(b, n.little, 0);
    }
    put32(b, n.little, 0);
}

static const note plain = {.orientation = 6, .type = 3, .count = 1, .first = 8};

/* The small JPEG with a payload as APP1 behind SOI. */
static void make_jpeg(image_bytes *file, const image_bytes *payload)
{
    image_put(file, image_jpeg_colour, 2);
    image_jpeg_segment(file, 0xe1, payload->data, payload->size);
    image_put(file, image_jpeg_colour + 2, sizeof image_jpeg_colour - 2);
}

static void make_jpeg_note(image_bytes *file, note n)
{
    image_bytes payload = {0};
    image_put(&payload, "Exif\0\0", 6);
    put_note(&payload, n);
    make_jpeg(file, &payload);
    image_clear(&payload);
}

static void take(picture *p, const image_bytes *file)
{
    lg_image_info info;
    uint8_t *pixels;
    ck_assert(image_decode_whole(file->data, file->size, &info, &pixels));
    p->height = info.height;
    p->width = info.width;
    ck_assert_int_eq(info.channels, 3);
    memcpy(p->at, pixels, (size_t)info.height * (size_t)info.width * 3);
    free(pixels);
}

static void take_plain_jpeg(picture *p)
{
    image_bytes file = {0};
    image_put(&file, image_jpeg_colour, sizeof image_jpeg_colour);
    take(p, &file);
    image_clear(&file);
}

static void assert_same(const picture *got, const picture *want)
{
    ck_assert_int_eq(got->height, want->height);
    ck_assert_int_eq(got->width, want->width);
    ck_assert_mem_eq(got->at, want->at, (size_t)want->height * (size_t)want->width * 3);
}

/* -------------------------------------------------------------------------------- the tests --- */

/* _i: orientation 1..8, then the same in the other byte order. */
START_TEST(a_jpeg_is_turned_as_its_note_says)
{
    static picture got, want;
    image_bytes file = {0};
    note n = plain;
    n.orientation = 1 + _i % 8;
    n.little = _i / 8;
    n.entries_before = _i % 3;
    n.first = _i % 2 ? 8 : 26;
    make_jpeg_note(&file, n);
    take(&got, &file);
    take_plain_jpeg(&want);
    set_upright(&want, n.orientation);
    assert_same(&got, &want);
    image_clear(&file);
}
END_TEST

START_TEST(a_png_is_turned_as_its_chunk_says)
{
    static picture got, want;
    const image_png_shape shape = {.width = 13, .height = 9, .depth = 8, .colour = IMAGE_RGB};
    image_bytes file = {0}, chunk = {0}, without = {0};
    note n = plain;
    n.orientation = 1 + _i;
    put_note(&chunk, n);
    image_png_begin(&file, shape);
    image_png_chunk(&file, "gAMA", "\0\1\x86\xa0", 4);
    image_png_chunk(&file, "eXIf", chunk.data, chunk.size);
    image_png_data(&file, shape);
    image_png_end(&file);
    image_png_make(&without, shape);
    take(&got, &file);
    take(&want, &without);
    set_upright(&want, n.orientation);
    assert_same(&got, &want);
    image_clear(&file);
    image_clear(&chunk);
    image_clear(&without);
}
END_TEST

/* A target of another size sees the turned picture: one as wide as it is high after turning. */
START_TEST(what_is_resized_was_turned_before)
{
    static picture whole;
    const lg_image_target target = {8, 8, 3};
    uint8_t got[8 * 8 * 3], want[8 * 8 * 3];
    lg_decoder *decoder;
    logit_error err;
    image_bytes file = {0}, ppm = {0};
    char head[32];
    make_jpeg_note(&file, plain);
    take(&whole, &file);
    snprintf(head, sizeof head, "P6\n%d %d\n255\n", whole.width, whole.height);
    image_put(&ppm, head, strlen(head));
    image_put(&ppm, whole.at, (size_t)whole.width * (size_t)whole.height * 3);
    ck_assert_int_eq(lg_decoder_create(&decoder, &err), LOGIT_OK);
    ck_assert_int_eq(lg_image_decode(decoder, file.data, file.size, "a", target, got, &err),
                     LOGIT_OK);
    ck_assert_int_eq(lg_image_decode(decoder, ppm.data, ppm.size, "b", target, want, &err),
                     LOGIT_OK);
    ck_assert_mem_eq(got, want, sizeof want);
    lg_decoder_destroy(decoder);
    image_clear(&file);
    image_clear(&ppm);
}
END_TEST

/* Notes that make no sense: the picture stays as it is stored. */
static const struct {
    const char *what;
    note note;
} senseless[] = {
    {"orientation 0", {.orientation = 0, .type = 3, .count = 1, .first = 8}},
    {"orientation 9", {.orientation = 9, .type = 3, .count = 1, .first = 8}},
    {"orientation 65535", {.orientation = 65535, .type = 3, .count = 1, .first = 8}},
    {"another type", {.orientation = 6, .type = 4, .count = 1, .first = 8}},
    {"two of them", {.orientation = 6, .type = 3, .count = 2, .first = 8}},
};

START_TEST(a_senseless_note_is_none)
{
    static picture got, want;
    image_bytes file = {0};
    make_jpeg_note(&file, senseless[_i].note);
    take(&got, &file);
    take_plain_jpeg(&want);
    assert_same(&got, &want);
    image_clear(&file);
}
END_TEST

/* Cut anywhere, and with any byte of its head changed, it is turned as told or not at all. */
START_TEST(a_damaged_note_does_no_harm)
{
    static picture got, stored, turned;
    image_bytes payload = {0};
    take_plain_jpeg(&stored);
    turned = stored;
    set_upright(&turned, 6);
    image_put(&payload, "Exif\0\0", 6);
    put_note(&payload, plain);
    const size_t whole = payload.size;
    for (size_t cut = 0; cut < whole; cut++) {
        image_bytes file = {0};
        payload.size = cut;
        make_jpeg(&file, &payload);
        take(&got, &file);
        assert_same(&got, cut < 28 ? &stored : &turned); /* 6 + 8 + 2 + an entry of 12 */
        image_clear(&file);
    }
    payload.size = whole;
    for (size_t at = 0; at < whole; at++)
        for (int value = 0; value < 256; value += 51) {
            image_bytes file = {0};
            const uint8_t kept = payload.data[at];
            payload.data[at] = (uint8_t)value;
            make_jpeg(&file, &payload);
            take(&got, &file);
            image_clear(&file);
            payload.data[at] = kept;
        }
    image_clear(&payload);
}
END_TEST

/* The first note counts, and one behind the frame header does not. */
START_TEST(the_first_note_before_the_frame_counts)
{
    static picture got, want;
    image_bytes file = {0}, first = {0}, second = {0};
    note n = plain;
    image_put(&first, "Exif\0\0", 6);
    put_note(&first, n);
    n.orientation = 3;
    image_put(&second, "Exif\0\0", 6);
    put_note(&second, n);
    image_put(&file, image_jpeg_colour, 2);
    image_jpeg_segment(&file, 0xe1, "http://ns.adobe.com/xap/1.0/", 29);
    image_jpeg_segment(&file, 0xe1, first.data, first.size);
    image_jpeg_segment(&file, 0xe1, second.data, second.size);
    image_put(&file, image_jpeg_colour + 2, sizeof image_jpeg_colour - 2);
    take(&got, &file);
    take_plain_jpeg(&want);
    set_upright(&want, 6);
    assert_same(&got, &want);
    image_clear(&file);
    image_clear(&first);
    image_clear(&second);
}
END_TEST

/* A set takes its images' sizes from memory, from files, or from stretches of a tar. */
START_TEST(every_probe_tells_the_turned_size)
{
    image_bytes file = {0};
    lg_image_info info[3];
    char path[64];
    int64_t bytes;
    make_jpeg_note(&file, plain);
    const int fd = memfd_create("tar", 0);
    ck_assert_int_eq(pwrite(fd, file.data, file.size, 0), (ssize_t)file.size);
    ck_assert_int_eq(pwrite(fd, file.data, file.size, 512), (ssize_t)file.size);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    const lg_image_span span = {fd, 512, file.size};
    ck_assert_int_eq(lg_image_probe(file.data, file.size, "a", &info[0], NULL), LOGIT_OK);
    ck_assert_int_eq(lg_image_probe_file(-1, path, &info[1], &bytes, NULL), LOGIT_OK);
    ck_assert_int_eq(lg_image_probe_span(span, "c", &info[2], NULL), LOGIT_OK);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(info[i].width, 11);
        ck_assert_int_eq(info[i].height, 17);
    }
    close(fd);
    image_clear(&file);
}
END_TEST

Suite *lg_suite_image_exif(void)
{
    Suite *suite = suite_create("image_exif");
    TCase *tcase = tcase_create("exif");
    tcase_add_loop_test(tcase, a_jpeg_is_turned_as_its_note_says, 0, 16);
    tcase_add_loop_test(tcase, a_png_is_turned_as_its_chunk_says, 0, 8);
    tcase_add_test(tcase, what_is_resized_was_turned_before);
    tcase_add_loop_test(tcase, a_senseless_note_is_none, 0, sizeof senseless / sizeof *senseless);
    tcase_add_test(tcase, a_damaged_note_does_no_harm);
    tcase_add_test(tcase, the_first_note_before_the_frame_counts);
    tcase_add_test(tcase, every_probe_tells_the_turned_size);
    suite_add_tcase(suite, tcase);
    return suite;
}
