/* test_worst.c -- the most wrong samples and the likely label errors, against sorting them all. */
/* SPDX-License-Identifier: MIT */
#include "train/worst.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/philox.h"
#include "tests/small_set.h"
#include "tests/train_rig.h"
#include "train/metrics.h"

enum { N = 900, K = 4 };

static char *names[K] = {"a", "b", "c", "d"};
static double logits[N * K], loss[N];
static int32_t label[N], number[N];
static int n = N; /* rows of them that are looked at */

static double draw(int i)
{
    return lg_random_unit(31, LG_STREAM_TEST, (uint64_t)i);
}

/* Samples come in another order than theirs, and each is there twice: all keys are equal in twos.
 */
static void make_rows(void)
{
    for (int i = 0; i < N; i++) {
        number[i] = (int32_t)((i * 7919LL) % N);
        const int seed = 10 * (number[i] / 2);
        for (int j = 0; j < K; j++) logits[i * K + j] = (double)(float)(4.0 * draw(seed + j));
        label[i] = (int32_t)(draw(seed + 8) * K);
        double *own = &logits[i * K + label[i]];
        *own = (double)(float)(*own + 3.0 * draw(seed + 7));
        loss[i] = floor(20.0 * draw(seed + 9)) / 4.0;
    }
    logits[5 * K] = NAN; /* says no class */
}

static logit_score score_by(int batch, int real_bytes)
{
    const lg_metrics_shape shape = {
        .loss = LG_LOSS_SOFTMAX, .classes = K, .outputs = K, .top_k = 1};
    static float small_logits[N * K], small_loss[N];
    lg_metrics *metrics;
    logit_score score;
    for (int i = 0; i < N * K; i++) small_logits[i] = (float)logits[i];
    for (int i = 0; i < N; i++) small_loss[i] = (float)loss[i];
    ck_assert(lg_metrics_create(&metrics, &shape, NULL) == LOGIT_OK);
    for (int at = 0; at < n; at += batch) {
        const void *z = real_bytes == 8 ? (void *)(logits + at * K) : small_logits + at * K;
        const void *l = real_bytes == 8 ? (void *)(loss + at) : small_loss + at;
        const lg_metrics_rows rows = {.count = at + batch < n ? batch : n - at,
                                      .logits = z,
                                      .loss = l,
                                      .logit_stride = K,
                                      .loss_stride = 1,
                                      .real_bytes = real_bytes,
                                      .label = label + at,
                                      .sample = number + at};
        lg_metrics_add(metrics, &rows);
    }
    ck_assert(lg_metrics_finish(metrics, names, &score, NULL) == LOGIT_OK);
    lg_metrics_destroy(metrics);
    return score;
}

/* ------------------------------------------------------------------------------- the oracle --- */

typedef struct plain {
    int64_t index;
    int truth, said;
    double p_truth, p_said, loss, key;
} plain;

static int by_key(const void *a, const void *b)
{
    const plain *x = a, *y = b;
    if (x->key != y->key) return x->key > y->key ? -1 : 1;
    return x->index < y->index ? -1 : 1;
}

/* Every row by plain exponentials; said -1: none. */
static void plain_rows(plain *row)
{
    for (int i = 0; i < n; i++) {
        const double *z = logits + i * K;
        double sum = 0.0;
        int said = 0;
        for (int j = 0; j < K; j++) sum += exp(z[j]);
        for (int j = 1; j < K; j++)
            if (z[j] > z[said]) said = j;
        row[i] = (plain){number[i], label[i], isnan(sum) ? -1 : said, 0, 0, loss[i], loss[i]};
        row[i].p_truth = exp(z[label[i]]) / sum;
        row[i].p_said = exp(z[said]) / sum;
    }
}

/* Sorted as the score has them; how many. */
static int plain_wrong(plain *row)
{
    int count = 0;
    for (int i = 0; i < n; i++)
        if (row[i].said >= 0 && row[i].said != row[i].truth) row[count++] = row[i];
    qsort(row, (size_t)count, sizeof *row, by_key);
    return count;
}

static int plain_suspect(plain *row)
{
    int count = 0;
    double mean[K] = {0}, counted[K] = {0};
    for (int i = 0; i < n; i++) {
        if (row[i].said < 0) continue;
        mean[row[i].truth] += row[i].p_truth;
        counted[row[i].truth]++;
    }
    for (int i = 0; i < n; i++) {
        const int said = row[i].said;
        if (said < 0 || said == row[i].truth || row[i].p_said < mean[said] / counted[said])
            continue;
        row[count] = row[i];
        row[count].key = row[i].p_said - row[i].p_truth;
        count++;
    }
    qsort(row, (size_t)count, sizeof *row, by_key);
    return count;
}

static void assert_list(const logit_sample_score *is, int count, const plain *want, int of)
{
    ck_assert_int_eq(count, of < LOGIT_WORST_MOST ? of : LOGIT_WORST_MOST);
    for (int i = 0; i < count; i++) {
        ck_assert_int_eq(is[i].truth, want[i].truth);
        ck_assert_int_eq(is[i].said, want[i].said);
        ck_assert_double_eq_tol(is[i].p_said, want[i].p_said, 1e-14);
        ck_assert_double_eq_tol(is[i].p_truth, want[i].p_truth, 1e-14);
        ck_assert_double_eq(is[i].loss, want[i].loss);
    }
}

/* More than are listed; and few, so that the last of the suspects is just one. */
START_TEST(the_lists_are_those_of_sorting_all)
{
    static plain row[N];
    n = _i ? 120 : N;
    make_rows();
    logit_score score = score_by(n, 8);
    plain_rows(row);
    const int wrong = plain_wrong(row);
    ck_assert_int_gt(wrong, n / 3);
    assert_list(score.wrong, score.wrong_count, row, wrong);
    for (int i = 0; i < score.wrong_count; i++)
        ck_assert_int_eq(score.wrong[i].index, row[i].index);
    plain_rows(row);
    const int suspect = plain_suspect(row);
    ck_assert(suspect > 9 && suspect < wrong && (suspect < LOGIT_WORST_MOST) == _i);
    assert_list(score.suspect, score.suspect_count, row, suspect);
    logit_score_clear(&score);
    ck_assert_ptr_null(score.wrong);
}
END_TEST

START_TEST(batches_make_no_difference)
{
    static const int batches[] = {1, 7, 128};
    make_rows();
    logit_score want = score_by(n, 8);
    for (int i = 0; i < 6; i++) {
        logit_score is = score_by(batches[i % 3], i < 3 ? 8 : 4); /* all are exact in floats */
        ck_assert_int_eq(is.wrong_count, want.wrong_count);
        ck_assert_int_eq(is.suspect_count, want.suspect_count);
        ck_assert_mem_eq(is.wrong, want.wrong, (size_t)is.wrong_count * sizeof *is.wrong);
        ck_assert_mem_eq(is.suspect, want.suspect, (size_t)is.suspect_count * sizeof *is.suspect);
        logit_score_clear(&is);
    }
    logit_score_clear(&want);
}
END_TEST

/* ------------------------------------------------------------------------------ whole sets --- */

/* 1 if sample i of the test part, of class i % 3, has the label of another class: the first and the
 * second have it of each other, six samples each. */
static int is_swapped(int64_t i)
{
    return i % 21 < 2;
}

static void write_swapped(void)
{
    int64_t size;
    small_set_write_idx(small_set_path("idx"), "t10k", 120, 3);
    const char *path = small_set_path("idx/t10k-labels-idx1-ubyte");
    uint8_t *bytes = small_set_read(path, &size);
    for (int i = 0; i < 120; i++)
        if (is_swapped(i)) bytes[8 + i] ^= 1;
    FILE *file = fopen(path, "wb");
    ck_assert(fwrite(bytes, 1, (size_t)size, file) == (size_t)size);
    fclose(file);
    free(bytes);
}

START_TEST(swapped_labels_are_found_and_named)
{
    logit_score score;
    logit_error err;
    write_swapped();
    options.epochs = 30;
    train("idx", "run", LOGIT_OK, NULL);
    options.threads = 1 + 3 * _i;
    logit_model *model = open_model("run");
    const logit_status status =
        logit_eval(model, small_set_path("idx"), "test", &options, NULL, &score, &err);
    ck_assert_msg(status == LOGIT_OK, "%s", err.message);
    ck_assert_int_ge(score.suspect_count, 10);
    ck_assert_int_ge(score.wrong_count, 12);
    for (int i = 0; i < score.suspect_count; i++) {
        const logit_sample_score *sample = &score.suspect[i];
        char end[16];
        ck_assert(is_swapped(sample->index));
        ck_assert_int_eq(sample->said, (int)(sample->index % 3));
        ck_assert_int_eq(sample->truth, 1 - sample->said);
        snprintf(end, sizeof end, "[%d]", (int)sample->index);
        ck_assert_msg(strstr(sample->name, end) != NULL, "%s", sample->name);
    }
    logit_score_clear(&score);
    logit_model_close(model);
}
END_TEST

Suite *lg_suite_worst(void);
Suite *lg_suite_worst(void)
{
    Suite *suite = suite_create("worst");
    TCase *rows = tcase_create("rows"), *sets = tcase_create("sets");
    tcase_add_loop_test(rows, the_lists_are_those_of_sorting_all, 0, 2);
    tcase_add_test(rows, batches_make_no_difference);
    suite_add_tcase(suite, rows);
    tcase_add_checked_fixture(sets, begin, small_set_end);
    tcase_add_loop_test(sets, swapped_labels_are_found_and_named, 0, 2);
    suite_add_tcase(suite, sets);
    return suite;
}
