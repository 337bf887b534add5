/* test_bad_images.c -- a run over one malformed image of every kind: it ends, and lists them all.
 *
 * Tests (suite bad_images).  Rows IM1 to IM11 in one set, as files of a folder and as members of a
 * tar: each is refused with the class that its row names, training skips it, and the list in
 * metrics.jsonl holds these and no others, however the set is read. */
/* SPDX-License-Identifier: MIT */
#include <cjson/cJSON.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/image_make.h"
#include "tests/small_set.h"
#include "tests/tar_bytes.h"
#include "tests/train_rig.h"

Suite *lg_suite_bad_images(void);

static const image_png_shape small = {7, 5, 8, IMAGE_RGB, 0};
static const image_png_shape indexed = {7, 5, 8, IMAGE_PALETTE, 0};

/* --------------------------------------------------------------------------- one per kind --- */

static void good(image_bytes *file)
{
    image_png_make(file, small);
}

static void begin_jpeg(image_bytes *file)
{
    image_put_be16(file, 0xffd8);
    image_jpeg_tables(file);
}

static void end_jpeg(image_bytes *file, int components)
{
    image_jpeg_scan(file, components, 0, 63, 0, 0);
    image_fill(file, 0, 20);
    image_put_be16(file, 0xffd9);
}

static void two_frames(image_bytes *file)
{
    begin_jpeg(file);
    for (int i = 0; i < 2; i++) image_jpeg_frame(file, 0xc0, 16, 8, 1);
    end_jpeg(file, 1);
}

static void too_many_codes(image_bytes *file)
{
    uint8_t table[17 + 4080] = {0x10};
    memset(table + 1, 255, 16);
    image_put_be16(file, 0xffd8);
    image_jpeg_segment(file, 0xc4, table, sizeof table);
    image_jpeg_tables(file);
    image_jpeg_frame(file, 0xc0, 16, 8, 1);
    end_jpeg(file, 1);
}

static void arithmetic(image_bytes *file)
{
    begin_jpeg(file);
    image_jpeg_frame(file, 0xc9, 16, 8, 3);
    end_jpeg(file, 3);
}

static void cmyk(image_bytes *file)
{
    begin_jpeg(file);
    image_jpeg_frame(file, 0xc0, 16, 8, 4);
    end_jpeg(file, 4);
}

static void cut_jpeg(image_bytes *file)
{
    image_put(file, image_jpeg_colour, sizeof image_jpeg_colour - 30);
}

static void without_scan_data(image_bytes *file)
{
    begin_jpeg(file);
    image_jpeg_frame(file, 0xc0, 160, 80, 1);
    image_jpeg_scan(file, 1, 0, 63, 0, 0);
    image_put_be16(file, 0xffd9);
}

static void jpeg_bomb(image_bytes *file)
{
    begin_jpeg(file);
    image_jpeg_frame(file, 0xc0, 16000, 16000, 1);
    end_jpeg(file, 1);
}

static void five_hundred_scans(image_bytes *file)
{
    begin_jpeg(file);
    image_jpeg_frame(file, 0xc2, 400, 400, 1);
    image_jpeg_scan(file, 1, 0, 0, 0, 0);
    image_fill(file, 0, 50 * 50 / 8 + 1);
    for (int i = 1; i < 500; i++) {
        image_jpeg_scan(file, 1, 1, 63, 0, 0);
        image_fill(file, 0, 20);
    }
    image_put_be16(file, 0xffd9);
}

static void idat_past_the_end(image_bytes *file)
{
    image_png_begin(file, small);
    image_put_be32(file, 0x7fffffff);
    image_put(file, "IDAT", 4);
    image_fill(file, 'x', 100);
}

static void wrong_checksum(image_bytes *file)
{
    image_png_make(file, small);
    file->data[file->size - 14] ^= 1; /* of IDAT */
}

static void no_end(image_bytes *file)
{
    image_png_begin(file, small);
    image_png_data(file, small);
}

static void two_headers(image_bytes *file)
{
    image_png_begin(file, small);
    image_png_header(file, small);
    image_png_data(file, small);
    image_png_end(file);
}

static void palette_of_257(image_bytes *file)
{
    image_png_begin(file, indexed);
    image_png_palette(file, 257);
    image_png_data(file, indexed);
    image_png_end(file);
}

static void transparency_first(image_bytes *file)
{
    image_png_begin(file, indexed);
    image_png_chunk(file, "tRNS", "\1", 1);
    image_png_palette(file, 256);
    image_png_data(file, indexed);
    image_png_end(file);
}

static void png_bomb(image_bytes *file)
{
    image_bytes rows = {0}, data = {0};
    image_fill(&rows, 0, 1 << 20);
    image_deflate(&data, &rows);
    image_png_begin(file, small);
    image_png_chunk(file, "IDAT", data.data, data.size);
    image_png_end(file);
    image_clear(&rows);
    image_clear(&data);
}

static void no_width(image_bytes *file)
{
    const image_png_shape none = {0, 5, 8, IMAGE_RGB, 0};
    image_png_begin(file, none);
    image_png_data(file, small);
    image_png_end(file);
}

static void too_high(image_bytes *file)
{
    const image_png_shape high = {1, 16385, 8, IMAGE_RGB, 0};
    image_png_begin(file, high);
    image_png_data(file, small);
    image_png_end(file);
}

static void gif(image_bytes *file)
{
    image_put(file, "GIF89a\1\0\1\0\0\0\0", 13);
}

static void nothing(image_bytes *file)
{
    (void)file;
}

static void line_ends_changed(image_bytes *file)
{
    image_png_make(file, small);
    file->data[4] = '\n';
}

/* In order of their names, which is the order of the samples. */
static const struct {
    const char *name;
    void (*make)(image_bytes *file);
    const char *class_name; /* NULL: the image is good */
} images[] = {
    {"a/00-good.png", good, NULL},
    {"a/01-im1-frames.jpg", two_frames, "FORMAT"},
    {"a/02-im1-codes.jpg", too_many_codes, "FORMAT"},
    {"a/03-im2-arithmetic.jpg", arithmetic, "UNSUP"},
    {"a/04-im2-cmyk.jpg", cmyk, "UNSUP"},
    {"a/05-im3-cut.jpg", cut_jpeg, "TRUNC"},
    {"a/06-im3-empty.jpg", without_scan_data, "TRUNC"},
    {"a/07-im4-bomb.jpg", jpeg_bomb, "LIMIT"},
    {"a/08-im5-scans.jpg", five_hundred_scans, "LIMIT"},
    {"a/09-good.png", good, NULL},
    {"b/00-im6-length.png", idat_past_the_end, "TRUNC"},
    {"b/01-im7-checksum.png", wrong_checksum, "CORRUPT"},
    {"b/02-im7-end.png", no_end, "FORMAT"},
    {"b/03-im7-headers.png", two_headers, "FORMAT"},
    {"b/04-im7-palette.png", palette_of_257, "FORMAT"},
    {"b/05-im7-transparency.png", transparency_first, "FORMAT"},
    {"b/06-im8-bomb.png", png_bomb, "LIMIT"},
    {"b/07-im9-width.png", no_width, "RANGE"},
    {"b/08-im9-height.png", too_high, "LIMIT"},
    {"b/09-im10-gif.jpg", gif, "UNSUP"},
    {"b/10-im10-nothing.jpg", nothing, "TRUNC"},
    {"b/11-im11-signature.png", line_ends_changed, "CORRUPT"},
    {"b/12-good.png", good, NULL},
};
enum { IMAGES = sizeof images / sizeof *images, BAD = IMAGES - 3 };

START_TEST(each_ends_with_its_class)
{
    image_bytes file = {0};
    images[_i].make(&file);
    image_expect_made(&file, images[_i].class_name);
}
END_TEST

/* -------------------------------------------------------------------------- sets and runs --- */

static void write_set(const tree *t, int as_tar)
{
    char path[100];
    lg_bytes tar = {0};
    for (int i = 0; i < IMAGES; i++) {
        image_bytes file = {0};
        images[i].make(&file);
        snprintf(path, sizeof path, "set/%s", images[i].name);
        if (as_tar)
            tar_file(&tar, images[i].name, file.data, file.size);
        else
            tree_file(t, path, file.data, file.size);
        image_clear(&file);
    }
    if (!as_tar) return;
    tar_end(&tar);
    tar_write(t, "set.tar", &tar);
}

/* One line of the list against image i. */
static void assert_listed(const char *line, int i)
{
    char in_brackets[20];
    cJSON *entry = cJSON_Parse(line);
    ck_assert_msg(entry != NULL, "%s", line);
    snprintf(in_brackets, sizeof in_brackets, "[%s]", images[i].class_name);
    ck_assert_int_eq(cJSON_GetObjectItem(entry, "sample")->valueint, i);
    ck_assert_str_eq(cJSON_GetObjectItem(entry, "part")->valuestring, "train");
    const char *reason = cJSON_GetObjectItem(entry, "reason")->valuestring;
    ck_assert_msg(strstr(reason, images[i].name) && strstr(reason, " at byte ") &&
                      strstr(reason, in_brackets),
                  "%s, expected %s", reason, in_brackets);
    cJSON_Delete(entry);
}

/* The list of the run: every bad image, in order, and nothing else. */
static void assert_list(const char *run)
{
    char path[100];
    int64_t size;
    int i = 0, listed = 0;
    snprintf(path, sizeof path, "%s/metrics.jsonl", run);
    uint8_t *bytes = small_set_read(small_set_path(path), &size);
    char *text = strndup((const char *)bytes, (size_t)size), *next;
    for (char *line = strtok_r(text, "\n", &next); line; line = strtok_r(NULL, "\n", &next)) {
        if (strncmp(line, "{\"type\":\"bad\",", 14) != 0) continue;
        while (i < IMAGES && !images[i].class_name) i++;
        ck_assert_int_lt(i, IMAGES);
        assert_listed(line, i++);
        listed++;
    }
    ck_assert_int_eq(listed, BAD);
    free(text);
    free(bytes);
}

static int warnings;
static char said[12000];

static void on_message(void *user, logit_level level, const char *text)
{
    const size_t used = strlen(said);
    (void)user;
    warnings += level == LOGIT_LEVEL_WARNING;
    if (level == LOGIT_LEVEL_WARNING) snprintf(said + used, sizeof said - used, "%s\n", text);
}

START_TEST(training_completes_with_the_exact_list)
{
    const logit_watch watch = {.message = on_message};
    const char *set = _i ? "set.tar" : "set";
    logit_summary summary;
    logit_error err = {.message = ""};
    tree t;
    tree_open(&t);
    write_set(&t, _i);
    options.on_bad = "skip";
    options.max_bad = 0.95;
    options.val_split = 0.0;
    options.cache = "off";
    for (int i = 0; i < 6; i++) {
        options.threads = 1 + i / 2;
        options.memory = i % 2 ? 1 : 1 << 28; /* streamed, resident */
        options.out = small_set_path(i ? "other" : "first");
        const logit_status status =
            logit_train(tree_path(&t, set), &options, i ? NULL : &watch, &summary, &err);
        ck_assert_msg(status == LOGIT_OK, "%s", err.message);
        ck_assert_int_eq(summary.bad, BAD);
        assert_list(i ? "other" : "first");
        if (i) ck_assert(same_files(MODEL("first"), MODEL("other")));
    }
    ck_assert_int_eq(warnings, 11); /* ten of them, and how many more */
    ck_assert_msg(strstr(said, "left out: 10 more") != NULL, "%s", said);
    options.on_bad = "fail";
    ck_assert_int_eq(logit_train(tree_path(&t, set), &options, NULL, &summary, &err), LOGIT_E_DATA);
    ck_assert_msg(strstr(err.message, images[1].name) != NULL, "%s", err.message);
    tree_close(&t);
}
END_TEST

Suite *lg_suite_bad_images(void)
{
    Suite *suite = suite_create("bad_images");
    TCase *kinds = tcase_create("kinds"), *runs = tcase_create("runs");
    tcase_set_timeout(runs, 60);
    tcase_add_loop_test(kinds, each_ends_with_its_class, 0, IMAGES);
    tcase_add_checked_fixture(runs, begin, small_set_end);
    tcase_add_loop_test(runs, training_completes_with_the_exact_list, 0, 2);
    suite_add_tcase(suite, kinds);
    suite_add_tcase(suite, runs);
    return suite;
}
