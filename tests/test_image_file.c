/* test_image_file.c -- images where they lie: files that are probed and decoded, and photos. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "tests/image_make.h"

Suite *lg_suite_image_file(void);

static int folder_fd;
static char folder[64];

static void make_folder(void)
{
    snprintf(folder, sizeof folder, "/tmp/logit-image-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    folder_fd = open(folder, O_RDONLY | O_DIRECTORY);
    ck_assert_int_ge(folder_fd, 0);
}

static void remove_folder(void)
{
    static const char *const names[] = {"a.jpg", "pipe.jpg"};
    for (int i = 0; i < 2; i++) unlinkat(folder_fd, names[i], 0);
    unlinkat(folder_fd, "folder.jpg", AT_REMOVEDIR);
    close(folder_fd);
    rmdir(folder);
}

static void write_file(const uint8_t *bytes, size_t size)
{
    const int fd = openat(folder_fd, "a.jpg", O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(lg_file_write_all(fd, "a.jpg", bytes, size, NULL), LOGIT_OK);
    close(fd);
}

START_TEST(a_file_is_probed_and_decoded_where_it_lies)
{
    lg_image_info info;
    lg_decoder *decoder;
    int64_t size;
    uint8_t from_file[9 * 13 * 3], from_memory[9 * 13 * 3];
    const lg_image_target target = {9, 13, 3};
    write_file(image_jpeg_colour, sizeof image_jpeg_colour);
    ck_assert_int_eq(lg_image_probe_file(folder_fd, "a.jpg", &info, &size, NULL), LOGIT_OK);
    ck_assert_int_eq(info.width, 17);
    ck_assert_int_eq(info.height, 11);
    ck_assert_int_eq(info.channels, 3);
    ck_assert_str_eq(info.format, "jpeg");
    ck_assert_int_eq(size, sizeof image_jpeg_colour);
    ck_assert_int_eq(lg_decoder_create(&decoder, NULL), LOGIT_OK);
    ck_assert_int_eq(lg_image_decode_file(decoder, folder_fd, "a.jpg", target, from_file, NULL),
                     LOGIT_OK);
    ck_assert_int_eq(lg_image_decode(decoder, image_jpeg_colour, sizeof image_jpeg_colour, "x",
                                     target, from_memory, NULL),
                     LOGIT_OK);
    ck_assert_mem_eq(from_file, from_memory, sizeof from_file);
    lg_decoder_destroy(decoder);
}
END_TEST

/* The frame header lies behind more than the first bytes that are read; whether it crosses their
 * end is a matter of a few bytes. */
START_TEST(a_frame_header_far_from_the_beginning)
{
    static const size_t lengths[] = {0, 3000, 4060, 4070, 4075, 4080, 4085, 4090, 8170, 65000};
    uint8_t *exif = calloc(1, 65000);
    for (int i = 0; i < 10; i++) {
        image_bytes file = {0};
        lg_image_info info;
        image_put_be16(&file, 0xffd8);
        for (int k = 0; k < 3; k++) image_jpeg_segment(&file, 0xe1, exif, lengths[i]);
        image_put(&file, image_jpeg_colour + 2, sizeof image_jpeg_colour - 2);
        write_file(file.data, file.size);
        ck_assert_int_eq(lg_image_probe_file(folder_fd, "a.jpg", &info, NULL, NULL), LOGIT_OK);
        ck_assert_int_eq(info.width, 17);
        const size_t end = file.size - sizeof image_jpeg_colour; /* cut inside the last of them */
        if (lengths[i]) {
            logit_error err;
            write_file(file.data, end);
            ck_assert_int_eq(lg_image_probe_file(folder_fd, "a.jpg", &info, NULL, &err),
                             LOGIT_E_DATA);
            ck_assert_msg(strstr(err.message, "[TRUNC]") != NULL, "%s", err.message);
        }
        image_clear(&file);
    }
    free(exif);
}
END_TEST

START_TEST(im10_what_is_no_file)
{
    lg_image_info info;
    lg_decoder *decoder;
    uint8_t out[27];
    const lg_image_target target = {3, 3, 3};
    ck_assert_int_eq(mkdirat(folder_fd, "folder.jpg", 0700), 0);
    ck_assert_int_eq(mkfifoat(folder_fd, "pipe.jpg", 0600), 0);
    static const char *const names[] = {"folder.jpg", "pipe.jpg", "nothing.jpg"};
    ck_assert_int_eq(lg_decoder_create(&decoder, NULL), LOGIT_OK);
    for (int i = 0; i < 3; i++) { /* and none of them blocks */
        ck_assert_int_eq(lg_image_probe_file(folder_fd, names[i], &info, NULL, NULL), LOGIT_E_IO);
        ck_assert_int_eq(lg_image_decode_file(decoder, folder_fd, names[i], target, out, NULL),
                         LOGIT_E_IO);
    }
    write_file(NULL, 0);
    ck_assert_int_eq(lg_image_decode_file(decoder, folder_fd, "a.jpg", target, out, NULL),
                     LOGIT_E_DATA);
    write_file(image_jpeg_colour, 3);
    const int fd = openat(folder_fd, "a.jpg", O_WRONLY); /* sparse, and one byte too large */
    ck_assert_int_eq(ftruncate(fd, (off_t)LG_IMAGE_MAX_FILE + 1), 0);
    close(fd);
    logit_error err;
    ck_assert_int_eq(lg_image_decode_file(decoder, folder_fd, "a.jpg", target, out, &err),
                     LOGIT_E_DATA);
    ck_assert_msg(strstr(err.message, "[LIMIT]") != NULL, "%s", err.message);
    ck_assert_int_eq(lg_image_probe_file(folder_fd, "a.jpg", &info, NULL, &err), LOGIT_E_DATA);
    ck_assert_msg(strstr(err.message, "[LIMIT]") != NULL, "%s", err.message);
    lg_decoder_destroy(decoder);
}
END_TEST

/* ----------------------------------------------------------------------------------- photos --- */

/* Every file of one class folder: decodes, and as stb alone would. */
static int decode_folder(const char *path, lg_decoder *decoder)
{
    DIR *dir = opendir(path);
    ck_assert_ptr_nonnull(dir);
    lg_bytes file = {0};
    int count = 0;
    for (const struct dirent *entry; (entry = readdir(dir));) {
        if (entry->d_name[0] == '.') continue;
        logit_error err;
        lg_image_info info;
        int width, height;
        ck_assert_int_eq(lg_file_read(dirfd(dir), entry->d_name, LG_IMAGE_MAX_FILE, &file, NULL),
                         LOGIT_OK);
        ck_assert_msg(lg_image_probe(file.data, file.size, entry->d_name, &info, &err) == LOGIT_OK,
                      "%s", err.message);
        const lg_image_target target = {info.height, info.width, info.channels};
        uint8_t *got = malloc((size_t)info.height * (size_t)info.width * 3);
        ck_assert_msg(lg_image_decode(decoder, file.data, file.size, entry->d_name, target, got,
                                      &err) == LOGIT_OK,
                      "%s", err.message);
        uint8_t *want = image_stock_decode(file.data, file.size, info.channels, &width, &height);
        ck_assert_int_eq(width, info.width);
        ck_assert_int_eq(height, info.height);
        ck_assert_mem_eq(got, want, (size_t)(width * height * info.channels));
        free(got);
        free(want);
        count++;
    }
    closedir(dir);
    lg_bytes_clear(&file);
    return count;
}

START_TEST(a_thousand_photos)
{
    const char *data = getenv("LOGIT_TEST_DATA");
    if (!data) {
        fprintf(stderr, "a_thousand_photos: skipped, LOGIT_TEST_DATA is not set\n");
        return;
    }
    char path[4096];
    int count = 0;
    lg_decoder *decoder;
    snprintf(path, sizeof path, "%s/caltech-10", data);
    DIR *dir = opendir(path);
    ck_assert_msg(dir != NULL, "%s", path);
    ck_assert_int_eq(lg_decoder_create(&decoder, NULL), LOGIT_OK);
    for (const struct dirent *entry; (entry = readdir(dir));) {
        if (entry->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "%s/caltech-10/%s", data, entry->d_name);
        count += decode_folder(path, decoder);
    }
    closedir(dir);
    lg_decoder_destroy(decoder);
    ck_assert_int_eq(count, 1000);
}
END_TEST

Suite *lg_suite_image_file(void)
{
    Suite *suite = suite_create("image_file");
    TCase *files = tcase_create("files"), *photos = tcase_create("photos");
    tcase_set_timeout(photos, 120);
    tcase_add_checked_fixture(files, make_folder, remove_folder);
    tcase_add_test(files, a_file_is_probed_and_decoded_where_it_lies);
    tcase_add_test(files, a_frame_header_far_from_the_beginning);
    tcase_add_test(files, im10_what_is_no_file);
    tcase_add_test(photos, a_thousand_photos);
    suite_add_tcase(suite, files);
    suite_add_tcase(suite, photos);
    return suite;
}
