/* test_power.c -- the power goes at any moment of saving: what is left on the disk is the old
 * checkpoint or the new one, never a third, and nothing that was saved is lost.
 *
 * Tests (suite power).  A run of the command that saves four times is recorded by tests/shim; every
 * state that its disk may be in (disk.h) is laid out as a folder, and the run's own code finds the
 * checkpoint in it.  Runs are resumed from LOGIT_POWER of the states (12; make check-long: 400). */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/disk.h"
#include "tests/small_set.h"
#include "tests/train_rig.h"
#include "train/trainer.h"

Suite *lg_suite_power(void);

enum { SHOWN_STATES = 2000, LAID_FILES = 4 };

static const char *const laid[LAID_FILES] = {"checkpoint.0", "checkpoint.1", "metrics.jsonl",
                                             "model.safetensors"};
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { IS_WATCHED = 1 };
#else
enum { IS_WATCHED = 0 };
#endif

static disk *power;

/* What is judged, and how: each state must show version least .. most, or none if least is -1. */
typedef struct judge {
    disk_bytes there[LAID_FILES]; /* what the folder holds now */
    int exists[LAID_FILES];
    int may_lose;              /* the disk lies: old versions, or none, are all that is asked */
    int64_t found, lost, torn; /* states: with a checkpoint, with too old a one, damaged ones */
    int64_t every, number;     /* resumes each every-th */
} judge;

/* ------------------------------------------------------------------------------- the record --- */

static void configure(void)
{
    options.threads = 1;
    options.epochs = 2;
    options.batch_size = 64;
    options.checkpoint_steps = 3; /* of 8 */
    options.optimizer = "adam";
    options.force = 0;
    options.resume = 1;
}

/* The same run by the command, so that the shim can be put before it. */
static void record_run(void)
{
    char line[2400];
    const char *bin = getenv("LOGIT_BIN"), *shim = getenv("LOGIT_SHIM");
    begin();
    configure();
    train("idx", "straight", LOGIT_OK, NULL);
    ck_assert_msg(bin && shim, "LOGIT_BIN and LOGIT_SHIM say where the command and the shim are");
    snprintf(
        line, sizeof line,
        "LOGIT_RECORD='%s' LD_PRELOAD='%s' '%s' train '%s' -o '%s' -q --device cpu --threads 1 "
        "--epochs 2 --batch-size 64 --checkpoint-every 3 --optimizer adam --resume >'%s' 2>&1",
        small_set_path("record"), shim, bin, small_set_path("idx"), small_set_path("cut"),
        small_set_path("log"));
    ck_assert_msg(system(line) == 0, "%s", line);
    ck_assert(same_files(MODEL("straight"), MODEL("cut")));
    power = disk_open(small_set_path("record"), small_set_path("cut"));
}

static void forget(void)
{
    if (!power) return;
    disk_close(power);
    small_set_end();
}

/* ---------------------------------------------------------------------------------- judging --- */

/* Makes the folder of a state; files that are there already stay. */
static void lay_out(judge *j, const disk_state *state)
{
    for (int f = 0; f < LAID_FILES; f++) {
        char path[300];
        const disk_file *file = NULL;
        for (int i = 0; i < state->files; i++)
            if (strcmp(state->file[i].name, laid[f]) == 0) file = &state->file[i];
        snprintf(path, sizeof path, "%s/%s", small_set_path("found"), laid[f]);
        if (!file && j->exists[f]) unlink(path);
        const int same = file && j->exists[f] && j->there[f].size == file->holds.size &&
                         (file->holds.size == 0 ||
                          memcmp(j->there[f].data, file->holds.data, file->holds.size) == 0);
        j->exists[f] = file != NULL;
        if (!file || same) continue;
        FILE *out = fopen(path, "wb");
        ck_assert_ptr_nonnull(out);
        fwrite(file->holds.data, 1, file->holds.size, out);
        ck_assert_int_eq(fclose(out), 0);
        j->there[f].data = realloc(j->there[f].data, file->holds.size + 1);
        if (file->holds.size) memcpy(j->there[f].data, file->holds.data, file->holds.size);
        j->there[f].size = file->holds.size;
    }
}

/* The number of the checkpoint with these bytes, among all that were written; -1: a third. */
static int number_of(const lg_bytes *bytes, int *before, int operations)
{
    int versions, number = 0, found = -1;
    const disk_version *version = disk_versions(power, &versions);
    *before = -1;
    for (int i = 0; i < versions; i++) {
        if (strncmp(version[i].name, "checkpoint.", 11) != 0) continue;
        if (version[i].done >= 0 && version[i].done <= operations) *before = number;
        if (bytes->data && version[i].holds.size == bytes->size &&
            memcmp(version[i].holds.data, bytes->data, bytes->size) == 0)
            found = number;
        number++;
    }
    return found;
}

static void count_damage(void *user, logit_level level, const char *text)
{
    if (level == LOGIT_LEVEL_NOTICE && strstr(text, "passed over")) ((judge *)user)->torn++;
}

/* metrics.jsonl holds what belongs to the checkpoint. */
static void assert_metrics(const judge *j, const lg_trainer *t, int operations)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(t->saving.from.head, "metrics");
    const size_t want = (size_t)item->valuedouble;
    const disk_bytes all = disk_at_end(power, "metrics.jsonl");
    ck_assert_msg(j->exists[2] && j->there[2].size >= want &&
                      memcmp(j->there[2].data, all.data, want) == 0,
                  "after %d operations: metrics.jsonl lacks what the checkpoint says", operations);
}

static void resume(int operations)
{
    char line[900];
    snprintf(line, sizeof line, "rm -rf '%s' && cp -r '%s' '%s'", small_set_path("again"),
             small_set_path("found"), small_set_path("again"));
    ck_assert_int_eq(system(line), 0);
    train("idx", "again", LOGIT_OK, NULL);
    ck_assert_msg(same_files(MODEL("straight"), MODEL("again")), "after %d operations: resumed",
                  operations);
}

static void judge_state(void *user, const disk_state *state)
{
    judge *j = user;
    int before;
    logit_error err = {0};
    const logit_watch watch = {.user = j, .message = count_damage};
    lay_out(j, state);
    options.out = small_set_path("found");
    lg_trainer *t = calloc(1, sizeof *t);
    *t = (lg_trainer){.options = options, .asked = options, .watch = &watch};
    ck_assert_msg(lg_checkpoint_find(t, &err) == LOGIT_OK, "after %d operations: %s",
                  state->operations, err.message);
    const lg_bytes *bytes = &t->saving.from.bytes;
    const int found = number_of(bytes, &before, state->operations);
    if (bytes->data) ck_assert_msg(found >= 0, "after %d: a third", state->operations);
    j->found += found >= 0;
    j->lost += found < before;
    if (!j->may_lose) {
        ck_assert_msg(found >= before, "after %d operations: checkpoint %d was saved, %d is there",
                      state->operations, before, found);
        if (found >= 0) assert_metrics(j, t, state->operations);
        if (j->every && j->number % j->every == 0) resume(state->operations);
    }
    j->number++;
    lg_checkpoint_clear(&t->saving);
    free(t);
}

/* Returns how many states there were. */
static int64_t judge_all(judge *j, int lies)
{
    mkdir(small_set_path("found"), 0777);
    const int64_t count = disk_each_state(power, lies, judge_state, j);
    for (int f = 0; f < LAID_FILES; f++) free(j->there[f].data);
    return count;
}

/* ----------------------------------------------------------------------------------- tests --- */

static void count_state(void *user, const disk_state *state)
{
    (void)user;
    (void)state;
}

START_TEST(nothing_saved_is_lost_and_there_is_no_third)
{
    const char *wanted = getenv("LOGIT_POWER");
    judge j = {0};
    const int64_t all = disk_each_state(power, 0, count_state, NULL);
    const int64_t resumes = wanted ? atoll(wanted) : 12;
    j.every = resumes > 0 && resumes < all ? all / resumes : 1;
    const int64_t count = judge_all(&j, 0);
    ck_assert_int_gt(j.found, count / 2);
    ck_assert_int_eq(j.lost, 0);
    printf("power: %lld states, a checkpoint in %lld\n", (long long)count, (long long)j.found);
}
END_TEST

/* A disk that calls data synced that it does not have: what it tears is seen, and passed over. */
START_TEST(a_disk_that_lies_gives_no_third)
{
    judge j = {.may_lose = 1};
    const int64_t count = judge_all(&j, DISK_LIES_ON_DATA);
    ck_assert_int_ge(count, SHOWN_STATES);
    ck_assert_int_gt(j.torn, count / 4);
    ck_assert_int_gt(j.found, 0);
    printf("power: %lld states of a lying disk, %lld damaged files passed over\n", (long long)count,
           (long long)j.torn);
}
END_TEST

/* The judge itself: with any sync left out something is lost. */
START_TEST(without_a_sync_something_would_be_lost)
{
    judge j = {.may_lose = 1};
    judge_all(&j, 1 << _i);
    ck_assert_int_gt(j.lost, 0);
}
END_TEST

START_TEST(it_was_saved_several_times)
{
    int versions, saves = 0;
    const disk_version *version = disk_versions(power, &versions);
    for (int i = 0; i < versions; i++) {
        ck_assert_msg(version[i].done > version[i].renamed, "%s is not synced", version[i].name);
        saves += strncmp(version[i].name, "checkpoint.", 11) == 0;
    }
    ck_assert_int_ge(saves, 3);
}
END_TEST

Suite *lg_suite_power(void)
{
    Suite *suite = suite_create("power");
    if (IS_WATCHED) {
        printf("power: skipped: a sanitizer stands where the shim has to\n");
        return suite;
    }
    TCase *cases = tcase_create("states");
    tcase_add_unchecked_fixture(cases, record_run, forget);
    tcase_set_timeout(cases, 600);
    tcase_add_test(cases, it_was_saved_several_times);
    tcase_add_test(cases, nothing_saved_is_lost_and_there_is_no_third);
    tcase_add_test(cases, a_disk_that_lies_gives_no_third);
    tcase_add_loop_test(cases, without_a_sync_something_would_be_lost, 0, 2);
    suite_add_tcase(suite, cases);
    return suite;
}
