/* test_stall.c -- a wait that takes too long says for whom: a read that hangs is planted wherever
 * the loader waits, and only the word about it lets it go on.
 *
 * Tests (suite stall).  A wait that stays silent would never end, and Check's clock ends the test.
 */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/stall.h"
#include "data/dataset.h"
#include "tests/fake_set.h"
#include "tests/planted_work.h"
#include "tests/tree.h"

Suite *lg_suite_stall(void);

enum { COUNT = 96, BATCH = 16, STUCK = 41, MOST_WORDS = 8 };

static const double FIRST = 0.1; /* seconds until the first word; a job looks every 0.05 */

static fake set;
static atomic_int is_stuck; /* sample STUCK cannot be read, nor */
static int64_t also_stuck;  /* this one; -1: there is none */
static struct {
    int wanted, words; /* so many words let it be read */
    logit_level level;
    char text[MOST_WORDS][600];
} heard;

static logit_status (*fake_read)(const lg_set *, int64_t, lg_decoder *, uint8_t *, logit_error *);

static logit_status stuck_read(const lg_set *s, int64_t i, lg_decoder *decoder, uint8_t *out,
                               logit_error *err)
{
    while ((i == STUCK || i == also_stuck) && atomic_load(&is_stuck)) usleep(500);
    return fake_read(s, i, decoder, out, err);
}

static const char *name_of(const lg_set *s, int64_t i, char *out, size_t size)
{
    (void)s;
    snprintf(out, size, "mount/sample %d", (int)i);
    return out;
}

static void on_message(void *user, logit_level level, const char *text)
{
    (void)user;
    heard.level = level;
    ck_assert_int_lt(heard.words, MOST_WORDS);
    snprintf(heard.text[heard.words++], sizeof heard.text[0], "%s", text);
    if (heard.words == heard.wanted) atomic_store(&is_stuck, 0);
}

static const logit_watch watch = {.message = on_message};

static void begin(void)
{
    memset(&heard, 0, sizeof heard);
    lg_stall_set(FIRST);
    heard.wanted = 3;
    also_stuck = -1;
    fake_open(&set, COUNT, fake_shape);
    fake_read = set.set.ops->read;
    set.ops = *set.set.ops;
    set.ops.read = stuck_read;
    set.ops.name = name_of;
    set.set.ops = &set.ops;
    atomic_store(&is_stuck, 1);
}

static void end(void)
{
    fake_close(&set);
    lg_stall_set(30.0);
}

/* Streamed through few slots: memory for one batch. */
static lg_loader *open_loader(int threads, int64_t memory)
{
    lg_loader *loader;
    logit_error err;
    lg_loader_options options = fake_options(&set, BATCH);
    options.threads = threads;
    options.memory = memory;
    options.watch = &watch;
    ck_assert_msg(lg_loader_create(&loader, &options, &err) == LOGIT_OK, "%s", err.message);
    return loader;
}

/* Three words, each after twice the time of the one before, about the sample that hangs. */
static void hold_words(const char *what, int threads)
{
    ck_assert_int_eq(heard.words, 3);
    ck_assert_int_eq(heard.level, LOGIT_LEVEL_WARNING);
    for (int i = 0; i < 3; i++) {
        const char *text = heard.text[i];
        double seconds = 0.0;
        int who = 0, of = 0, used = 0;
        ck_assert_msg(strncmp(text, what, strlen(what)) == 0, "%s", text);
        ck_assert_msg(sscanf(text + strlen(what), " for %lf s: decoder %d of %d reads %n", &seconds,
                             &who, &of, &used) == 3 &&
                          used > 0,
                      "%s", text);
        ck_assert_msg(strstr(text, " reads mount/sample 41") != NULL, "%s", text);
        ck_assert_msg(who >= 1 && who <= of && of == threads, "%s", text);
        ck_assert_msg(seconds >= 0.99 * FIRST * (1 << i), "%s", text);
    }
}

static void walk(lg_loader *loader)
{
    const lg_minibatch *batch;
    logit_error err;
    int32_t want[BATCH];
    for (int64_t begun = 0;; begun += BATCH) {
        ck_assert_msg(lg_loader_next(loader, &batch, &err) == LOGIT_OK, "%s", err.message);
        if (!batch) return;
        for (int i = 0; i < BATCH; i++) want[i] = lg_loader_order(loader)[begun + i];
        fake_assert_batch(&set, batch, want, BATCH,
                          0); /* and what comes out is what it always is */
        lg_loader_release(loader, batch);
    }
}

/* ------------------------------------------------------------------------------- each wait --- */

static const int threads_of[] = {1, 2, 5};
enum { WAYS = sizeof threads_of / sizeof *threads_of };

START_TEST(waiting_for_a_batch)
{
    lg_loader *loader = open_loader(threads_of[_i], 1);
    ck_assert_int_eq(lg_loader_start(loader, 0, 0, NULL), LOGIT_OK);
    walk(loader);
    hold_words("no sample", threads_of[_i]);
    lg_loader_destroy(loader);
}
END_TEST

START_TEST(reading_the_set_into_memory)
{
    lg_loader *loader = open_loader(threads_of[_i], FAKE_PLENTY);
    ck_assert_int_eq(lg_loader_preload(loader, NULL), LOGIT_OK);
    hold_words("no sample", threads_of[_i]);
    lg_loader_destroy(loader);
}
END_TEST

START_TEST(measuring_mean_and_deviation)
{
    double mean[3], deviation[3];
    lg_loader *loader = open_loader(threads_of[_i], 1);
    ck_assert_int_eq(lg_loader_normal(loader, mean, deviation, NULL), LOGIT_OK);
    hold_words("no sample", threads_of[_i]);
    lg_loader_destroy(loader);
}
END_TEST

START_TEST(looking_for_bad_samples)
{
    lg_loader *loader = open_loader(threads_of[_i], 1);
    ck_assert_int_eq(lg_loader_find_bad(loader, NULL, NULL), LOGIT_OK);
    hold_words("no sample", threads_of[_i]);
    lg_loader_destroy(loader);
}
END_TEST

/* An epoch from the batch on that has the sample; until nothing else moves. */
static void start_and_get_stuck(lg_loader *loader)
{
    int reads = -1, place = 0;
    atomic_store(&is_stuck, 0);
    ck_assert_int_eq(lg_loader_start(loader, 0, 0, NULL), LOGIT_OK);
    while (lg_loader_order(loader)[place] != STUCK) place++;
    lg_loader_start(loader, 0, lg_loader_batches(loader), NULL); /* nobody reads any more */
    atomic_store(&is_stuck, 1);
    ck_assert_int_eq(lg_loader_start(loader, 0, place / BATCH, NULL), LOGIT_OK);
    for (int now; (now = atomic_load(&set.reads)) != reads; reads = now) usleep(20000);
}

/* Beginning an epoch drops the one before, and ending the loader as well: neither can go on while
 * somebody writes into a slot. */
START_TEST(dropping_an_epoch)
{
    lg_loader *loader = open_loader(2, 1);
    start_and_get_stuck(loader);
    if (_i == 0)
        ck_assert_int_eq(lg_loader_start(loader, 1, 6, NULL), LOGIT_OK);
    else
        lg_loader_destroy(loader);
    hold_words("no end of a pass", 2);
    if (_i == 0) lg_loader_destroy(loader);
}
END_TEST

/* Of two that hang it is the earlier one that the batch waits for. */
START_TEST(the_one_that_is_waited_for_is_named)
{
    const lg_minibatch *batch;
    int64_t place = 0;
    char want[80];
    lg_loader *loader = open_loader(2, 1);
    atomic_store(&is_stuck, 0);
    ck_assert_int_eq(lg_loader_start(loader, 0, 0, NULL), LOGIT_OK);
    const int32_t *order = lg_loader_order(loader);
    while (order[place] != STUCK) place++;
    /* the first sample of the batch behind it, or of the one before */
    const int64_t first = place / BATCH, other = first + (first + 1 < COUNT / BATCH ? 1 : -1);
    lg_loader_start(loader, 0, lg_loader_batches(loader), NULL); /* nobody reads any more */
    also_stuck = order[other * BATCH];
    const int32_t earlier = other > first ? STUCK : (int32_t)also_stuck;
    atomic_store(&is_stuck, 1);
    ck_assert_int_eq(lg_loader_start(loader, 0, other < first ? other : first, NULL), LOGIT_OK);
    ck_assert_int_eq(lg_loader_next(loader, &batch, NULL), LOGIT_OK);
    ck_assert_int_eq(heard.words, 3);
    snprintf(want, sizeof want, " reads mount/sample %d, with 1 more at work", (int)earlier);
    for (int i = 0; i < 3; i++)
        ck_assert_msg(strstr(heard.text[i], want) != NULL, "%s; want%s", heard.text[i], want);
    lg_loader_destroy(loader);
}
END_TEST

static void *let_it_go(void *unused)
{
    usleep((useconds_t)(4.0 * FIRST * 1e6));
    atomic_store(&is_stuck, 0);
    return unused;
}

/* Samples that are merely copied: the caller helps, and may be the one who meets the sample; then
 * it says so once it is back. */
START_TEST(copying_samples)
{
    fake_copy(&set);
    set.ops.name = name_of;
    pthread_t timer;
    lg_loader *loader = open_loader(threads_of[_i], 1);
    heard.wanted = MOST_WORDS;
    ck_assert_int_eq(pthread_create(&timer, NULL, let_it_go, NULL), 0);
    ck_assert_int_eq(lg_loader_start(loader, 0, 0, NULL), LOGIT_OK);
    walk(loader);
    pthread_join(timer, NULL);
    ck_assert_int_ge(heard.words, 1);
    ck_assert_msg(strncmp(heard.text[0], "no sample for ", 14) == 0, "%s", heard.text[0]);
    lg_loader_destroy(loader);
}
END_TEST

/* ---------------------------------------------------------------------------------- silence --- */

START_TEST(nothing_is_said_where_nothing_hangs)
{
    atomic_store(&is_stuck, 0);
    set.delay_us = 300;
    lg_loader *loader = open_loader(2, 1);
    ck_assert_int_eq(lg_loader_start(loader, 0, 0, NULL), LOGIT_OK);
    walk(loader);
    ck_assert_int_eq(heard.words, 0);
    lg_loader_destroy(loader);
}
END_TEST

/* A slow set is none that hangs: what counts is the time since the last batch. */
START_TEST(a_long_pass_is_no_stall)
{
    atomic_store(&is_stuck, 0);
    set.delay_us = 2000;
    lg_loader_options options = fake_options(&set, BATCH);
    lg_loader *loader;
    options.threads = 1;
    options.watch = &watch;
    lg_stall_set(0.2); /* of a pass of about 0.14 s a batch of 16 */
    ck_assert_int_eq(lg_loader_create(&loader, &options, NULL), LOGIT_OK);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(lg_loader_start(loader, (uint32_t)i, 0, NULL), LOGIT_OK);
        walk(loader);
    }
    ck_assert_int_eq(heard.words, 0);
    lg_loader_destroy(loader);
}
END_TEST

/* ---------------------------------------------------------------------------------- decoding ---
 */

/* An image whose decoder does not come to an end within a second of its processor's time. */
START_TEST(a_decoder_that_hangs_is_told_from_a_disk_that_does)
{
    tree folder;
    logit_error err;
    lg_loader *loader;
    const lg_minibatch *batch;
    if (lg_sandbox_start(planted_work, &err) != LOGIT_OK) return; /* not in this build */
    tree_open(&folder);
    for (int i = 0; i < 2; i++) {
        image_bytes file = planted_file(i ? PLANTED_LOOP : PLANTED_NOTHING);
        tree_file(&folder, i ? "set/b/hangs.jpg" : "set/a/good.jpg", file.data, file.size);
        image_clear(&file);
    }
    heard.wanted = MOST_WORDS;
    lg_dataset *data = tree_dataset(&folder, "set", &(lg_dataset_options){.untrusted = 1});
    const lg_loader_options options = {
        .set = data->part[LG_PART_TRAIN], .batch = 2, .threads = 1, .memory = 1, .watch = &watch};
    lg_stall_set(0.3);
    ck_assert_int_eq(lg_loader_create(&loader, &options, &err), LOGIT_OK);
    ck_assert_int_eq(lg_loader_start(loader, 0, 0, &err), LOGIT_OK);
    ck_assert_int_eq(lg_loader_next(loader, &batch, &err), LOGIT_E_DATA); /* ended after 2 s */
    ck_assert_int_ge(heard.words, 2);
    ck_assert_msg(strstr(heard.text[0], "decoder 1 of 1 decodes ") != NULL, "%s", heard.text[0]);
    ck_assert_msg(strstr(heard.text[0], "b/hangs.jpg") != NULL, "%s", heard.text[0]);
    lg_loader_destroy(loader);
    lg_dataset_close(data);
    logit_sandbox_stop();
    tree_close(&folder);
}
END_TEST

Suite *lg_suite_stall(void)
{
    Suite *suite = suite_create("stall");
    TCase *tests = tcase_create("stall");
    tcase_set_timeout(tests, 20);
    tcase_add_checked_fixture(tests, begin, end);
    tcase_add_loop_test(tests, waiting_for_a_batch, 0, WAYS);
    tcase_add_loop_test(tests, reading_the_set_into_memory, 0, WAYS);
    tcase_add_loop_test(tests, measuring_mean_and_deviation, 0, WAYS);
    tcase_add_loop_test(tests, looking_for_bad_samples, 0, WAYS);
    tcase_add_loop_test(tests, dropping_an_epoch, 0, 2);
    tcase_add_test(tests, the_one_that_is_waited_for_is_named);
    tcase_add_loop_test(tests, copying_samples, 0, WAYS);
    tcase_add_test(tests, nothing_is_said_where_nothing_hangs);
    tcase_add_test(tests, a_long_pass_is_no_stall);
    tcase_add_test(tests, a_decoder_that_hangs_is_told_from_a_disk_that_does);
    suite_add_tcase(suite, tests);
    return suite;
}
