/* test_augment.c -- flips and shifts: by the definition, pixel by pixel, and through the loader. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/philox.h"
#include "tests/fake_set.h"

Suite *lg_suite_augment(void);

enum { MOST = 8192, GUARD = 64, TIMEOUT = 60 };

/* --- one image --- */

static int clamp(int value, int most)
{
    return value < 0 ? 0 : value > most ? most : value;
}

/* The definition: mirror the whole image, then look up every pixel. */
static void oracle(const lg_view *view, lg_image_target s, const uint8_t *from, uint8_t *to)
{
    for (int y = 0; y < s.height; y++)
        for (int x = 0; x < s.width; x++)
            for (int c = 0; c < s.channels; c++) {
                const int row = clamp(y - view->down, s.height - 1);
                const int moved = clamp(x - view->right, s.width - 1);
                const int column = view->flip ? s.width - 1 - moved : moved;
                to[(y * s.width + x) * s.channels + c] =
                    from[(row * s.width + column) * s.channels + c];
            }
}

static const lg_image_target shapes[] = {{1, 1, 1},  {1, 1, 3},  {2, 3, 1},   {3, 2, 3},
                                         {5, 7, 3},  {7, 5, 1},  {28, 28, 1}, {16, 33, 3},
                                         {9, 17, 1}, {1, 50, 3}, {50, 1, 3}};
enum { SHAPES = sizeof shapes / sizeof *shapes };

/* Every move by up to more than the image, and a byte on either side that stays as it is. */
START_TEST(views_are_as_defined)
{
    const lg_image_target s = shapes[_i / 2];
    const size_t bytes = (size_t)(s.height * s.width * s.channels);
    uint8_t *from = malloc(bytes); /* exact: a byte too far is seen by AddressSanitizer */
    static uint8_t want[MOST], got[MOST + 2 * GUARD];
    for (size_t i = 0; i < bytes; i++) from[i] = (uint8_t)(i * 37 + i / 256 + 1);
    for (int down = -s.height - 1; down <= s.height + 1; down++)
        for (int right = -s.width - 1; right <= s.width + 1; right++) {
            const lg_view view = {_i % 2, down, right};
            memset(got, 0xC5, sizeof got);
            oracle(&view, s, from, want);
            lg_view_apply(&view, s, from, got + GUARD);
            if (memcmp(got + GUARD, want, bytes) != 0)
                ck_abort_msg("%dx%dx%d, down %d, right %d", s.height, s.width, s.channels, down,
                             right);
            for (int g = 0; g < GUARD; g++)
                if (got[g] != 0xC5 || got[(size_t)GUARD + bytes + (size_t)g] != 0xC5)
                    ck_abort_msg("written beside the image");
        }
    free(from);
}
END_TEST

/* --- which view --- */

/* From a second implementation of Philox4x32-10, in another language, and the description. */
static const struct {
    uint64_t seed;
    uint32_t epoch;
    int64_t sample;
    int flip, down, right; /* with shift 4 */
} known[] = {
    {0x0u, 0u, 0, 0, 1, 2},
    {0x0u, 0u, 1, 1, 3, -1},
    {0x0u, 1u, 0, 0, -3, 3},
    {0x7u, 3u, 12345, 1, 1, -3},
    {0x123456789abcdef0u, 2u, 2147483646, 1, 2, -4},
    {0x63u, 4294967295u, 5, 0, -4, 0},
};
enum { KNOWN = sizeof known / sizeof *known };

START_TEST(views_have_known_values)
{
    const lg_augment both = {1, 4}, shift = {0, 4}, flip = {1, 0};
    const lg_view v = lg_augment_draw(&both, known[_i].seed, known[_i].epoch, known[_i].sample);
    ck_assert_int_eq(v.flip, known[_i].flip);
    ck_assert_int_eq(v.down, known[_i].down);
    ck_assert_int_eq(v.right, known[_i].right);
    const lg_view w = lg_augment_draw(&shift, known[_i].seed, known[_i].epoch, known[_i].sample);
    ck_assert(!w.flip && w.down == v.down && w.right == v.right);
    const lg_view x = lg_augment_draw(&flip, known[_i].seed, known[_i].epoch, known[_i].sample);
    ck_assert(x.flip == v.flip && x.down == 0 && x.right == 0);
}
END_TEST

/* Of 18 views 1000 each: chi-square with 17 degrees of freedom has mean 17 and deviation 5.8.  The
 * numbers are fixed, so this never fails by chance. */
START_TEST(views_are_equally_likely)
{
    enum { EACH = 1000, VIEWS = 18 };
    int cell[VIEWS] = {0};
    const lg_augment augment = {1, 1};
    for (int64_t i = 0; i < EACH * VIEWS; i++) {
        const lg_view v = lg_augment_draw(&augment, 5, _i ? (uint32_t)i : 3, _i ? 3 : i);
        ck_assert_int_le(abs(v.down), 1);
        ck_assert_int_le(abs(v.right), 1);
        cell[v.flip * 9 + (v.down + 1) * 3 + v.right + 1]++;
    }
    double chi2 = 0.0;
    for (int i = 0; i < VIEWS; i++) chi2 += (double)(cell[i] - EACH) * (cell[i] - EACH) / EACH;
    ck_assert_double_gt(chi2, 4.0);
    ck_assert_double_lt(chi2, 40.0);
}
END_TEST

/* --- through the loader --- */

static void assert_batch(const fake *f, const lg_loader_options *o, uint32_t epoch,
                         const lg_minibatch *batch, const int32_t *sample, int is_on)
{
    uint8_t plain[FAKE_MOST_BYTES], want[FAKE_MOST_BYTES];
    ck_assert_ptr_nonnull(batch);
    for (int64_t i = 0; i < batch->count; i++) {
        const int64_t row = batch->row ? batch->row[i] : i;
        const int is_bad = o->skip_bad && fake_is_bad(f, sample[i]);
        const lg_view none = {0, 0, 0},
                      view = is_on ? lg_augment_draw(&o->augment, o->seed, epoch, sample[i]) : none;
        for (size_t j = 0; j < f->features; j++)
            plain[j] = is_bad ? 0 : fake_pixel(f, sample[i], j);
        oracle(&view, f->set.shape, plain, want);
        ck_assert_int_eq(batch->sample[i], sample[i]);
        if (memcmp(batch->pixels + (size_t)row * f->features, want, f->features) != 0)
            ck_abort_msg("sample %d of epoch %u", sample[i], epoch);
        ck_assert_int_eq(batch->label[row], f->set.label[sample[i]]);
        const float weight = batch->weight ? batch->weight[row] : 1.0f;
        ck_assert_float_eq(weight, is_bad ? 0.0f : 1.0f);
    }
}

/* _i: ways x (decoded, held by the format) x (all good, some bad and skipped).  Plain epochs come
 * between augmented ones. */
START_TEST(batches_are_augmented_whatever_the_machine)
{
    enum { COUNT = 500, BATCH = 32 };
    static int32_t order[COUNT];
    static const int is_on[] = {0, 1, 1, 0, 1};
    fake f;
    double mean, std, plain_mean, plain_std;
    fake_open(&f, COUNT, (lg_image_target){6, 7, 1});
    f.delay_us = 20;
    if (_i / 2 % 2) fake_hold(&f);
    lg_loader_options options = fake_way(&f, BATCH, _i / 4);
    lg_loader *plain = fake_loader(&options);
    ck_assert_int_eq(lg_loader_normal(plain, &plain_mean, &plain_std, NULL), LOGIT_OK);
    lg_loader_destroy(plain);
    options.augment = (lg_augment){1, 2};
    if (_i % 2 && !f.set.resident) {
        f.bad_every = 7;
        options.skip_bad = 1;
        options.max_bad = 1.0;
    }
    lg_loader *loader = fake_loader(&options);
    ck_assert_int_eq(lg_loader_has_slots(loader), 1);
    ck_assert_int_eq(lg_loader_normal(loader, &mean, &std, NULL), LOGIT_OK);
    if (!options.skip_bad) ck_assert(mean == plain_mean && std == plain_std);
    for (uint32_t epoch = 0; epoch < 5; epoch++) {
        lg_loader_augment(loader, is_on[epoch]);
        fake_start(loader, epoch, 0);
        fake_order(&options, epoch, order);
        for (int64_t at = 0; at < COUNT; at += BATCH) {
            const lg_minibatch *batch = fake_next(loader);
            assert_batch(&f, &options, epoch, batch, order + at, is_on[epoch]);
            lg_loader_release(loader, batch);
        }
        ck_assert_ptr_null(fake_next(loader));
    }
    lg_loader_destroy(loader);
    fake_close(&f);
}
END_TEST

START_TEST(floats_are_refused)
{
    fake f;
    logit_error err;
    lg_loader *loader;
    fake_open(&f, 10, fake_shape);
    f.set.element = LG_ELEMENT_F32;
    lg_loader_options options = fake_options(&f, 4);
    options.augment.flip = 1;
    ck_assert_int_eq(lg_loader_create(&loader, &options, &err), LOGIT_E_USAGE);
    ck_assert_ptr_nonnull(strstr(err.message, "for images"));
    fake_close(&f);
}
END_TEST

Suite *lg_suite_augment(void)
{
    Suite *suite = suite_create("augment");
    TCase *tcase = tcase_create("augment");
    tcase_set_timeout(tcase, TIMEOUT);
    tcase_add_loop_test(tcase, views_are_as_defined, 0, 2 * SHAPES);
    tcase_add_loop_test(tcase, views_have_known_values, 0, KNOWN);
    tcase_add_loop_test(tcase, views_are_equally_likely, 0, 2);
    tcase_add_loop_test(tcase, batches_are_augmented_whatever_the_machine, 0, 4 * FAKE_WAYS);
    tcase_add_test(tcase, floats_are_refused);
    suite_add_tcase(suite, tcase);
    return suite;
}
