/* test_sandbox_set.c -- hostile files in a data set: each is one bad image, and the run goes on.
 *
 * The decoders do what planted_work.h says.  A build with a sanitizer has no sandbox. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/sandbox_parts.h"
#include "tests/planted_work.h"
#include "tests/tree.h"

Suite *lg_suite_sandbox_set(void);

#if LG_SANDBOX_BUILT

enum { EACH = 20 }; /* images of a class */

/* The bad ones, in the order in which the set lists them. */
static const struct {
    const char *name;
    planted deed;
    const char *reason;
} bad[] = {
    {"set/cat/003.jpg", PLANTED_GETPID, "killed the decoder, twice [CORRUPT]"},
    {"set/cat/011.jpg", PLANTED_LOOP, "more than 2 s of processor time [LIMIT]"},
    {"set/dog/000.jpg", PLANTED_WILD, "killed the decoder, twice [CORRUPT]"},
    {"set/dog/019.jpg", PLANTED_OPEN, "killed the decoder, twice [CORRUPT]"},
};
enum { BAD = sizeof bad / sizeof *bad };

static tree folder;

/* What the files are. */
typedef enum drawing {
    EMPTY, /* in the place of each deed */
    QUICK, /* a deed without a loop */
    ALL
} drawing;

static planted deed_in(const char *path, drawing how)
{
    for (int i = 0; i < BAD; i++)
        if (strcmp(path, bad[i].name) == 0)
            return how != ALL && bad[i].deed == PLANTED_LOOP ? PLANTED_STACK : bad[i].deed;
    return strcmp(path, "set/cat/005.jpg") == 0 ? PLANTED_ONCE : PLANTED_NOTHING;
}

static void draw_set(drawing how)
{
    static const char *const classes[] = {"cat", "dog"};
    for (int i = 0; i < 2 * EACH; i++) {
        char path[64];
        snprintf(path, sizeof path, "set/%s/%03d.jpg", classes[i / EACH], i % EACH);
        const planted deed = deed_in(path, how);
        image_bytes file = planted_file(deed);
        const int is_empty = deed != PLANTED_NOTHING && deed != PLANTED_ONCE && how == EMPTY;
        image_fill(&file, 0,
                   (size_t)(deed == PLANTED_NOTHING) * (size_t)i); /* no two are the same */
        tree_file(&folder, path, file.data, is_empty ? 0 : file.size);
        image_clear(&file);
    }
}

static logit_options options_of(int threads)
{
    logit_options options;
    logit_options_default(&options);
    options.untrusted = 1;
    options.threads = threads;
    options.on_bad = "skip";
    options.max_bad = 0.5;
    options.device = "cpu";
    options.height = 11;
    options.width = 17;
    return options;
}

static void setup(void)
{
    tree_open(&folder);
}

static void teardown(void)
{
    logit_sandbox_stop();
    tree_close(&folder);
}

static void begin(void)
{
    logit_error err;
    ck_assert_msg(lg_sandbox_start(planted_work, &err) == LOGIT_OK, "%s", err.message);
}

START_TEST(each_is_listed_with_its_reason)
{
    static const int threads[] = {1, 7};
    draw_set(ALL);
    begin();
    for (int t = 0; t < 2; t++) {
        const logit_options options = options_of(threads[t]);
        logit_data_report report;
        logit_error err;
        ck_assert_msg(logit_data_describe(tree_path(&folder, "set"), &options, NULL, &report,
                                          &err) == LOGIT_OK,
                      "%s", err.message);
        ck_assert_int_eq(report.bad, BAD);
        ck_assert_int_eq(report.listed, BAD);
        for (int i = 0; i < BAD; i++) {
            ck_assert_ptr_nonnull(strstr(report.bad_sample[i].name, bad[i].name));
            ck_assert_ptr_nonnull(strstr(report.bad_sample[i].reason, bad[i].reason));
        }
        logit_data_report_clear(&report);
    }
}
END_TEST

/* Bytes of the model that is trained on the set. */
static image_bytes train(const char *run, int threads)
{
    logit_options options = options_of(threads);
    logit_summary summary;
    logit_error err;
    char path[256];
    image_bytes model = {0};
    uint8_t piece[4096];
    options.out = tree_path(&folder, run);
    options.epochs = 3;
    options.batch_size = 8;
    options.memory = 1; /* streamed: each epoch decodes anew */
    options.cache = "off";
    options.untrusted = lg_sandbox_is_on();
    ck_assert_msg(logit_train(tree_path(&folder, "set"), &options, NULL, &summary, &err) ==
                      LOGIT_OK,
                  "%s", err.message);
    ck_assert_int_eq(summary.bad, BAD);
    snprintf(path, sizeof path, "%s/%s/model.safetensors", folder.root, run);
    FILE *file = fopen(path, "rbe");
    ck_assert_ptr_nonnull(file);
    for (size_t got; (got = fread(piece, 1, sizeof piece, file)) > 0;)
        image_put(&model, piece, got);
    fclose(file);
    return model;
}

/* Bad is bad: what is learnt is what a run without a sandbox learns from a set in which these files
 * are empty. */
START_TEST(training_goes_on_as_without_them)
{
    static const int threads[] = {1, 7};
    draw_set(EMPTY);
    image_bytes want = train("want", 2);
    draw_set(QUICK);
    begin();
    for (int t = 0; t < 2; t++) {
        image_bytes got = train(t ? "got-7" : "got-1", threads[t]);
        const size_t header = 8 + (size_t)want.data[0] + 256 * (size_t)want.data[1];
        ck_assert_uint_eq(got.size, want.size);
        ck_assert_mem_eq(got.data + header, want.data + header, want.size - header);
        image_clear(&got);
    }
    image_clear(&want);
}
END_TEST

START_TEST(with_on_bad_fail_the_first_ends_the_run)
{
    logit_options options = options_of(2);
    logit_summary summary;
    logit_error err;
    draw_set(QUICK);
    begin();
    options.on_bad = "fail";
    options.shuffle = "none";
    options.out = tree_path(&folder, "run");
    ck_assert_int_eq(logit_train(tree_path(&folder, "set"), &options, NULL, &summary, &err),
                     LOGIT_E_DATA);
    ck_assert_msg(strstr(err.message, ".jpg: image at byte 0: decoding it") != NULL, "%s",
                  err.message);
}
END_TEST

START_TEST(nothing_is_decoded_without_a_sandbox)
{
    const logit_options options = options_of(2);
    logit_data_report report;
    logit_error err;
    draw_set(QUICK);
    ck_assert_int_eq(logit_data_describe(tree_path(&folder, "set"), &options, NULL, &report, &err),
                     LOGIT_E_DEVICE);
    ck_assert_ptr_nonnull(strstr(err.message, "logit_sandbox_start"));
}
END_TEST

#endif

Suite *lg_suite_sandbox_set(void)
{
    Suite *suite = suite_create("sandbox_set");
    TCase *all = tcase_create("all");
    suite_add_tcase(suite, all);
#if LG_SANDBOX_BUILT
    tcase_add_checked_fixture(all, setup, teardown);
    tcase_set_timeout(all, 120);
    tcase_add_test(all, each_is_listed_with_its_reason);
    tcase_add_test(all, training_goes_on_as_without_them);
    tcase_add_test(all, with_on_bad_fail_the_first_ends_the_run);
    tcase_add_test(all, nothing_is_decoded_without_a_sandbox);
#endif
    return suite;
}
