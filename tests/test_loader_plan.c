/* test_loader_plan.c -- what a loader refuses, and where it puts the images. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fake_set.h"

Suite *lg_suite_loader_plan(void);

static void assert_refused(const lg_loader_options *options, logit_status want_status,
                           const char *part)
{
    lg_loader *loader;
    logit_error err;
    ck_assert_int_eq(lg_loader_create(&loader, options, &err), want_status);
    ck_assert_ptr_null(loader);
    ck_assert_msg(strstr(err.message, part) != NULL, "%s", err.message);
}

START_TEST(options_that_make_no_sense_are_refused)
{
    fake f;
    const int32_t outside = 10, negative = -1;
    fake_open(&f, 10, fake_shape);
    lg_loader_options options = fake_options(&f, 0);
    assert_refused(&options, LOGIT_E_USAGE, "batch of 0");
    options = fake_options(&f, 4);
    options.threads = 0;
    assert_refused(&options, LOGIT_E_USAGE, "0 decoder threads");
    options = fake_options(&f, 4);
    options.only = &outside;
    options.only_count = 1;
    assert_refused(&options, LOGIT_E_USAGE, "sample 10");
    options.only = &negative;
    assert_refused(&options, LOGIT_E_USAGE, "sample -1");
    options = fake_options(&f, 4);
    options.classes = FAKE_CLASSES; /* labels 3, 0, 7, 4, 1, 8, 5, 2, 9, 6 */
    lg_loader_destroy(fake_loader(&options));
    options.classes = 9;
    assert_refused(&options, LOGIT_E_DATA, "sample 8 has class 9; there are classes 0 to 8");
    f.set.label[2] = -1;
    assert_refused(&options, LOGIT_E_DATA, "sample 2 has class -1");
    f.set.shape.channels = 4;
    assert_refused(&options, LOGIT_E_DATA, "class");
    options.classes = 0;
    assert_refused(&options, LOGIT_E_USAGE, "channels");
    f.set.shape = fake_shape;
    f.set.count = (int64_t)INT32_MAX + 1;
    assert_refused(&options, LOGIT_E_DATA, "2147483648 samples; at most 2147483647");
    fake_close(&f);
}
END_TEST

START_TEST(a_batch_that_no_memory_holds_is_refused)
{
    fake f;
    fake_open(&f, 10, fake_shape);
    f.set.count = INT32_MAX;
    f.set.shape = (lg_image_target){.height = INT32_MAX, .width = INT32_MAX, .channels = 3};
    lg_loader_options options = fake_options(&f, INT64_MAX);
    assert_refused(&options, LOGIT_E_NOMEM, "--batch-size");
    fake_close(&f);
}
END_TEST

START_TEST(a_first_batch_past_the_end_is_refused)
{
    fake f;
    logit_error err;
    fake_open(&f, 10, fake_shape);
    lg_loader_options options = fake_options(&f, 4);
    options.memory = _i ? FAKE_PLENTY : 0;
    lg_loader *loader = fake_loader(&options);
    ck_assert_int_eq(lg_loader_start(loader, 0, 4, &err), LOGIT_E_USAGE);
    ck_assert_int_eq(lg_loader_start(loader, 0, -1, &err), LOGIT_E_USAGE);
    fake_start(loader, 0, 3);
    ck_assert_ptr_null(fake_next(loader));
    lg_loader_destroy(loader);
    fake_close(&f);
}
END_TEST

/* One epoch of a loader of its own. */
static void drain(const lg_loader_options *options)
{
    lg_loader *loader = fake_loader(options);
    const lg_minibatch *batch;
    fake_start(loader, 0, 0);
    while ((batch = fake_next(loader))) lg_loader_release(loader, batch);
    lg_loader_destroy(loader);
}

typedef struct host {
    int given, back, fail;
} host;

static void *host_alloc(void *user, size_t bytes)
{
    host *h = user;
    if (h->fail) return NULL;
    h->given++;
    return aligned_alloc(64, (bytes + 63) / 64 * 64);
}

static void host_free(void *user, void *memory)
{
    ((host *)user)->back++;
    free(memory);
}

START_TEST(slots_come_from_where_the_caller_says)
{
    fake f;
    host h = {0};
    fake_open(&f, 300, fake_shape);
    lg_loader_options options = fake_options(&f, 16);
    options.alloc_host = host_alloc;
    options.free_host = host_free;
    options.alloc_user = &h;
    options.memory = 0;
    drain(&options);
    ck_assert_int_eq(h.given, 1);
    ck_assert_int_eq(h.back, 1);
    h.fail = 1;
    assert_refused(&options, LOGIT_E_NOMEM, "--batch-size");
    options.memory = FAKE_PLENTY; /* no slots */
    drain(&options);
    ck_assert_int_eq(h.given + h.back, 2);
    fake_close(&f);
}
END_TEST

START_TEST(the_plan_can_be_told)
{
    static const struct {
        int64_t memory;
        int held;
        const char *want;
    } plans[] = {
        {1 << 30, 0, "1000 images in memory, 105 KB, decoded once"},
        {0, 1, "1000 images in memory, 105 KB"},
        {100000, 0, "8 slots of 100 images, 91.6 KB, decoded anew each epoch"},
        {1000, 0,
         "2 slots of 100 images, 22.9 KB (over the budget of 1.00 KB), decoded anew each "
         "epoch"},
    };
    fake f;
    char text[200];
    fake_open(&f, 1000, fake_shape);
    if (plans[_i].held) fake_hold(&f);
    lg_loader_options options = fake_options(&f, 100);
    options.memory = plans[_i].memory;
    lg_loader *loader = fake_loader(&options);
    lg_loader_describe(loader, text, sizeof text);
    ck_assert_str_eq(text, plans[_i].want);
    lg_loader_destroy(loader);
    fake_close(&f);
}
END_TEST

Suite *lg_suite_loader_plan(void)
{
    Suite *suite = suite_create("loader_plan");
    TCase *tcase = tcase_create("loader_plan");
    tcase_add_test(tcase, options_that_make_no_sense_are_refused);
    tcase_add_test(tcase, a_batch_that_no_memory_holds_is_refused);
    tcase_add_loop_test(tcase, a_first_batch_past_the_end_is_refused, 0, 2);
    tcase_add_test(tcase, slots_come_from_where_the_caller_says);
    tcase_add_loop_test(tcase, the_plan_can_be_told, 0, 4);
    suite_add_tcase(suite, tcase);
    return suite;
}
