/* test_sandbox.c -- decoders that can do nothing else: the same answers, and nothing worse.
 *
 * What lg_image_decode says in this process is what its pixels and its messages are held against.
 * A build with a sanitizer has no sandbox, and there is nothing to test. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "data/sandbox_parts.h"
#include "tests/planted_work.h"
#include "tests/tree.h"

Suite *lg_suite_sandbox(void);

#if LG_SANDBOX_BUILT

enum { HEIGHT = 11, WIDTH = 17, PIXELS = HEIGHT * WIDTH * 3 };
static const lg_image_target target = {HEIGHT, WIDTH, 3};

static lg_decoder *plain, *confined;
static tree folder;

static void setup(void)
{
    logit_error err;
    ck_assert_msg(lg_sandbox_start(planted_work, &err) == LOGIT_OK, "%s", err.message);
    ck_assert(lg_sandbox_is_on());
    tree_open(&folder);
    ck_assert_int_eq(lg_decoder_create(&plain, NULL), LOGIT_OK);
    ck_assert_int_eq(lg_decoder_create(&confined, NULL), LOGIT_OK);
    lg_decoder_confine(confined);
}

static void teardown(void)
{
    lg_decoder_destroy(plain);
    lg_decoder_destroy(confined);
    logit_sandbox_stop();
    ck_assert(!lg_sandbox_is_on());
    tree_close(&folder);
}

static logit_status decode(lg_decoder *decoder, const uint8_t *bytes, size_t size, uint8_t *out,
                           logit_error *err)
{
    tree_file(&folder, "x.img", bytes, size);
    memset(err, 0, sizeof *err);
    return lg_image_decode_file(decoder, AT_FDCWD, tree_path(&folder, "x.img"), target, out, err);
}

/* Both ways say the same of these bytes; 1 if they are an image. */
static int agree(const uint8_t *bytes, size_t size)
{
    uint8_t want[PIXELS], got[PIXELS];
    logit_error why, err;
    const logit_status status = decode(plain, bytes, size, want, &why);
    ck_assert_int_eq(decode(confined, bytes, size, got, &err), status);
    if (status == LOGIT_OK)
        ck_assert_mem_eq(got, want, PIXELS);
    else
        ck_assert_str_eq(err.message, why.message);
    return status == LOGIT_OK;
}

static void assert_decodes(void)
{
    ck_assert(agree(image_jpeg_colour, sizeof image_jpeg_colour));
}

/* ------------------------------------------------------------------------------ the answers --- */

START_TEST(jpegs_cut_and_flipped_get_the_same_answers)
{
    int good = 0, bad = 0;
    uint8_t copy[sizeof image_jpeg_progressive];
    for (size_t size = 1; size <= sizeof image_jpeg_colour; size += 3)
        agree(image_jpeg_colour, size) ? good++ : bad++;
    for (size_t i = 0; i < sizeof copy; i++) {
        memcpy(copy, image_jpeg_progressive, sizeof copy);
        copy[i] ^= (uint8_t)(1u << i % 8);
        agree(copy, sizeof copy) ? good++ : bad++;
    }
    ck_assert_int_gt(good, 50);
    ck_assert_int_gt(bad, 50);
}
END_TEST

START_TEST(pngs_of_all_kinds_get_the_same_answers)
{
    static const image_png_shape shapes[] = {{17, 11, 8, IMAGE_RGB, 0},
                                             {17, 11, 16, IMAGE_RGBA, 1},
                                             {17, 11, 4, IMAGE_PALETTE, 0},
                                             {5, 300, 1, IMAGE_GREY, 0},
                                             {200, 90, 8, IMAGE_GREY_ALPHA, 1}};
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        image_bytes file = {0};
        image_png_make(&file, shapes[s]);
        ck_assert(agree(file.data, file.size));
        for (size_t i = 0; i < file.size; i += 1 + file.size / 40) {
            file.data[i] ^= 4;
            agree(file.data, file.size);
            file.data[i] ^= 4;
        }
        ck_assert(!agree(file.data, file.size - 5)); /* IEND is cut */
        image_clear(&file);
    }
}
END_TEST

START_TEST(a_stretch_of_a_file_is_decoded_as_well)
{
    uint8_t want[PIXELS], got[PIXELS], padded[sizeof image_jpeg_restart + 30];
    logit_error err, why;
    memset(padded, 0xff, sizeof padded);
    memcpy(padded + 20, image_jpeg_restart, sizeof image_jpeg_restart);
    tree_file(&folder, "x.tar", padded, sizeof padded);
    const int fd = open(tree_path(&folder, "x.tar"), O_RDONLY | O_CLOEXEC);
    lg_image_span span = {fd, 20, sizeof image_jpeg_restart};
    ck_assert_int_eq(lg_image_decode_span(plain, span, "a", target, want, NULL), LOGIT_OK);
    ck_assert_int_eq(lg_image_decode_span(confined, span, "a", target, got, NULL), LOGIT_OK);
    ck_assert_mem_eq(got, want, PIXELS);
    span.size = 31; /* a part of it, under a name that has to be escaped */
    ck_assert_int_eq(lg_image_decode_span(plain, span, "a\n", target, got, &why), LOGIT_E_DATA);
    ck_assert_int_eq(lg_image_decode_span(confined, span, "a\n", target, got, &err), LOGIT_E_DATA);
    ck_assert_str_eq(err.message, why.message);
    close(fd);
}
END_TEST

/* A decoder keeps memory as large as the image at hand needs, another one follows a larger image;
 * and the room for pixels grows with the target. */
START_TEST(large_images_leave_nothing_behind)
{
    enum { SIDE = 600 };
    image_bytes large = {0};
    image_jpeg_grey(&large, 3000, 2000);
    assert_decodes();
    const pid_t first = decoder_of(getpid());
    for (int i = 0; i < 2; i++) ck_assert(agree(large.data, large.size));
    ck_assert_int_eq(decoder_of(getpid()), first);
    for (int i = 0; i < 2; i++) assert_decodes();
    ck_assert_int_ne(decoder_of(getpid()), first);
    uint8_t *want = malloc(SIDE * SIDE * 3), *got = malloc(SIDE * SIDE * 3);
    const lg_image_target whole = {SIDE, SIDE, 3};
    const char *path = tree_path(&folder, "x.img");
    ck_assert_int_eq(lg_image_decode_file(plain, AT_FDCWD, path, whole, want, NULL), LOGIT_OK);
    ck_assert_int_eq(lg_image_decode_file(confined, AT_FDCWD, path, whole, got, NULL), LOGIT_OK);
    ck_assert_mem_eq(got, want, SIDE * SIDE * 3);
    free(want);
    free(got);
    image_clear(&large);
}
END_TEST

/* -------------------------------------------------------------------------------- the deeds --- */

static const struct {
    planted deed;
    const char *says; /* NULL: it is decoded */
} deeds[] = {
    {PLANTED_GETPID, "x.img: image at byte 0: decoding it killed the decoder, twice [CORRUPT]"},
    {PLANTED_OPEN, "killed the decoder, twice [CORRUPT]"},
    {PLANTED_FORK, "killed the decoder, twice [CORRUPT]"},
    {PLANTED_MMAP, "killed the decoder, twice [CORRUPT]"},
    {PLANTED_WILD, "killed the decoder, twice [CORRUPT]"},
    {PLANTED_INPUT, "killed the decoder, twice [CORRUPT]"},
    {PLANTED_STACK, "killed the decoder, twice [CORRUPT]"},
    {PLANTED_ABORT, "killed the decoder, twice [CORRUPT]"},
    {PLANTED_ONCE, NULL},
    {PLANTED_LOOP, "image at byte 0: decoding it takes more than 2 s of processor time [LIMIT]"},
    {PLANTED_LIAR, "?[31mnot?so"},
};

START_TEST(a_deed_ends_one_image)
{
    uint8_t out[PIXELS];
    logit_error err;
    image_bytes file = planted_file(deeds[_i].deed);
    assert_decodes();
    const logit_status status = decode(confined, file.data, file.size, out, &err);
    if (deeds[_i].says) {
        ck_assert_int_eq(status, LOGIT_E_DATA);
        ck_assert_int_eq(err.status, LOGIT_E_DATA);
        ck_assert_msg(strstr(err.message, deeds[_i].says) != NULL, "%s", err.message);
        ck_assert_uint_lt(strlen(err.message), sizeof err.message);
    } else {
        ck_assert_msg(status == LOGIT_OK, "%s", err.message);
        ck_assert(agree(file.data, file.size));
    }
    assert_decodes();
    image_clear(&file);
}
END_TEST

/* What it wrote early is taken, and it does not live to write more. */
START_TEST(haste_is_ended)
{
    logit_error err;
    uint8_t out[PIXELS];
    image_bytes file = planted_file(PLANTED_HASTE);
    assert_decodes();
    const pid_t hasty = decoder_of(getpid());
    (void)decode(confined, file.data, file.size, out, &err);
    lg_decoder_destroy(confined);
    ck_assert(await_end(hasty));
    ck_assert_int_eq(lg_decoder_create(&confined, NULL), LOGIT_OK);
    lg_decoder_confine(confined);
    assert_decodes();
    image_clear(&file);
}
END_TEST

/* ----------------------------------------------------------------------------- who goes when ---
 */

START_TEST(a_decoder_killed_from_outside_costs_nothing)
{
    for (int i = 0; i < 20; i++) {
        assert_decodes();
        ck_assert_int_eq(kill(decoder_of(getpid()), SIGKILL), 0);
    }
    assert_decodes();
    ck_assert(await_children(nursery_of(getpid()), 1)); /* and no zombies */
}
END_TEST

START_TEST(signals_from_a_terminal_are_not_heard)
{
    static const int heard[] = {SIGINT, SIGTERM, SIGHUP};
    assert_decodes();
    const pid_t nursery = nursery_of(getpid()), decoder = decoder_of(getpid());
    ck_assert_int_ne(getpgid(nursery), getpgrp());
    ck_assert_int_eq(getpgid(decoder), getpgid(nursery));
    for (size_t i = 0; i < sizeof heard / sizeof *heard; i++)
        ck_assert_int_eq(kill(-getpgid(nursery), heard[i]), 0);
    assert_decodes();
    ck_assert_int_eq(decoder_of(getpid()), decoder);
}
END_TEST

START_TEST(without_its_nursery_nothing_is_decoded)
{
    uint8_t out[PIXELS];
    logit_error err;
    assert_decodes();
    const pid_t decoder = decoder_of(getpid());
    ck_assert_int_eq(kill(nursery_of(getpid()), SIGKILL), 0);
    ck_assert(await_end(decoder));
    ck_assert_int_eq(decode(confined, image_jpeg_colour, sizeof image_jpeg_colour, out, &err),
                     LOGIT_E_DEVICE);
    ck_assert_ptr_nonnull(strstr(err.message, "the process that starts decoders has died"));
}
END_TEST

START_TEST(the_end_is_the_end_of_all)
{
    pid_t list[4];
    assert_decodes();
    const pid_t nursery = nursery_of(getpid()), decoder = decoder_of(getpid());
    logit_sandbox_stop();
    ck_assert_int_eq(children_of(getpid(), list, 4), 0);
    ck_assert(await_end(nursery));
    ck_assert(await_end(decoder));
}
END_TEST

/* However the program ends: killed in the middle of a loop. */
START_TEST(a_killed_program_leaves_nobody)
{
    int tell[2], word;
    image_bytes file = planted_file(PLANTED_LOOP);
    tree_file(&folder, "loop.jpg", file.data, file.size);
    ck_assert_int_eq(pipe(tell), 0);
    const pid_t program = fork();
    if (program == 0) {
        uint8_t out[PIXELS];
        lg_decoder *own;
        if (lg_sandbox_is_on() || lg_sandbox_start(planted_work, NULL) != LOGIT_OK ||
            lg_decoder_create(&own, NULL) != LOGIT_OK || write(tell[1], "go!", 4) != 4)
            _exit(1);
        lg_decoder_confine(own);
        for (;;)
            (void)lg_image_decode_file(own, AT_FDCWD, tree_path(&folder, "loop.jpg"), target, out,
                                       NULL);
    }
    ck_assert_int_eq(read(tell[0], &word, 4), 4);
    while (children_of(nursery_of(program), &word, 1) == 0) usleep(1000);
    const pid_t nursery = nursery_of(program), decoder = decoder_of(program);
    ck_assert_int_eq(kill(program, SIGKILL), 0);
    ck_assert_int_eq(waitpid(program, NULL, 0), program);
    ck_assert(await_end(nursery));
    ck_assert(await_end(decoder));
    image_clear(&file);
}
END_TEST

/* ---------------------------------------------------------------------------------- threads --- */

static const planted turns[] = {PLANTED_NOTHING, PLANTED_GETPID, PLANTED_ONCE, PLANTED_WILD};

static void *decode_many(void *argument)
{
    const char *const *path = argument;
    uint8_t want[PIXELS], got[PIXELS];
    lg_decoder *decoder;
    size_t wrong = 0;
    if (lg_decoder_create(&decoder, NULL) != LOGIT_OK) return (void *)1;
    (void)lg_image_decode_file(decoder, AT_FDCWD, path[0], target, want, NULL);
    lg_decoder_confine(decoder);
    for (int i = 0; i < 200; i++) {
        const planted deed = turns[i % 4];
        const logit_status status =
            lg_image_decode_file(decoder, AT_FDCWD, path[i % 4], target, got, NULL);
        const int should = deed == PLANTED_NOTHING || deed == PLANTED_ONCE;
        wrong += status != (should ? LOGIT_OK : LOGIT_E_DATA);
        wrong += should && memcmp(got, want, PIXELS) != 0;
    }
    lg_decoder_destroy(decoder);
    return (void *)(uintptr_t)wrong;
}

START_TEST(threads_do_not_meet)
{
    enum { THREADS = 7 };
    static const char *const names[] = {"0.jpg", "1.jpg", "2.jpg", "3.jpg"};
    const char *path[4];
    pthread_t thread[THREADS];
    for (int i = 0; i < 4; i++) {
        image_bytes file = planted_file(turns[i]);
        tree_file(&folder, names[i], file.data, file.size);
        image_clear(&file);
        path[i] = tree_path(&folder, names[i]);
    }
    for (int t = 0; t < THREADS; t++)
        ck_assert_int_eq(pthread_create(&thread[t], NULL, decode_many, path), 0);
    for (int t = 0; t < THREADS; t++) {
        void *wrong;
        pthread_join(thread[t], &wrong);
        ck_assert_ptr_null(wrong);
    }
    ck_assert(await_children(nursery_of(getpid()), 0));
}
END_TEST

Suite *lg_suite_sandbox(void)
{
    Suite *suite = suite_create("sandbox");
    TCase *answers = tcase_create("answers"), *all = tcase_create("deeds");
    tcase_add_checked_fixture(answers, setup, teardown);
    tcase_add_checked_fixture(all, setup, teardown);
    tcase_set_timeout(answers, 120);
    tcase_set_timeout(all, 120);
    tcase_add_test(answers, jpegs_cut_and_flipped_get_the_same_answers);
    tcase_add_test(answers, pngs_of_all_kinds_get_the_same_answers);
    tcase_add_test(answers, a_stretch_of_a_file_is_decoded_as_well);
    tcase_add_test(answers, large_images_leave_nothing_behind);
    tcase_add_loop_test(all, a_deed_ends_one_image, 0, (int)(sizeof deeds / sizeof *deeds));
    tcase_add_test(all, haste_is_ended);
    tcase_add_test(all, a_decoder_killed_from_outside_costs_nothing);
    tcase_add_test(all, signals_from_a_terminal_are_not_heard);
    tcase_add_test(all, without_its_nursery_nothing_is_decoded);
    tcase_add_test(all, the_end_is_the_end_of_all);
    tcase_add_test(all, a_killed_program_leaves_nobody);
    tcase_add_test(all, threads_do_not_meet);
    suite_add_tcase(suite, answers);
    suite_add_tcase(suite, all);
    return suite;
}

#else

START_TEST(it_says_that_it_is_not_in_this_build)
{
    logit_error err;
    puts("sandbox: not in a build with a sanitizer");
    ck_assert_int_eq(logit_sandbox_start(&err), LOGIT_E_DEVICE);
    ck_assert_str_eq(err.message, "--untrusted: not available in this build");
}
END_TEST

Suite *lg_suite_sandbox(void)
{
    Suite *suite = suite_create("sandbox");
    TCase *none = tcase_create("none");
    tcase_add_test(none, it_says_that_it_is_not_in_this_build);
    suite_add_tcase(suite, none);
    return suite;
}

#endif
