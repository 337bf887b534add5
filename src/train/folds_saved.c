/* folds_saved.c -- what the folds came to so far, in a checkpoint.
 *
 * A fold is a row of doubles: its seconds, and the figures of every setting in turn.  Rows of folds
 * that are not complete are zero. */
/* SPDX-License-Identifier: MIT */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/status.h"
#include "train/folds_parts.h"

/* Every word that a setting can end with (logit.h): a checkpoint has its place in this list. */
static const char *const words[] = {"epochs",    "patience", "diverged",  "stopped",
                                    "converged", "rounding", "separable", "passes"};
enum { WORDS = sizeof words / sizeof *words };

/* The figures that are doubles, and those that are whole numbers below 2^53. */
static const size_t reals[] = {
    offsetof(logit_setting, lr),        offsetof(logit_setting, l2),
    offsetof(logit_setting, l1),        offsetof(logit_setting, momentum),
    offsetof(logit_setting, val_loss),  offsetof(logit_setting, label_smoothing),
    offsetof(logit_setting, objective), offsetof(logit_setting, val_accuracy),
    offsetof(logit_setting, gap),       offsetof(logit_setting, train_loss)};
enum { REALS = sizeof reals / sizeof *reals, WHOLES = 5, NUMBERS = REALS + WHOLES + 1 };

static void put_figure(const logit_setting *figure, double *to)
{
    int word = 0;
    for (size_t i = 0; i < REALS; i++) memcpy(&to[i], (const char *)figure + reals[i], sizeof *to);
    while (word < WORDS && strcmp(words[word], figure->ended) != 0) word++;
    assert(word < WORDS);
    const double whole[WHOLES + 1] = {(double)figure->diverged_step,
                                      (double)figure->passes,
                                      (double)figure->zeros,
                                      figure->epoch,
                                      figure->epochs,
                                      word};
    memcpy(to + REALS, whole, sizeof whole);
}

/* 1 if it is a whole number from 0 to `most`. */
static int is_whole(double value, double most)
{
    return value >= 0.0 && value <= most && value == floor(value);
}

static int take_figure(const double *from, int setting, logit_setting *figure)
{
    const double *whole = from + REALS;
    for (int i = 0; i < WHOLES; i++)
        if (!is_whole(whole[i], i < 3 ? 0x1p53 : 0x7fffffff)) return 0;
    if (!is_whole(whole[WHOLES], WORDS - 1)) return 0;
    *figure = (logit_setting){.setting = setting,
                              .diverged_step = (int64_t)whole[0],
                              .passes = (int64_t)whole[1],
                              .zeros = (int64_t)whole[2],
                              .epoch = (int)whole[3],
                              .epochs = (int)whole[4],
                              .ended = words[(int)whole[WHOLES]]};
    for (size_t i = 0; i < REALS; i++) memcpy((char *)figure + reals[i], &from[i], sizeof *from);
    return 1;
}

/* Where a fold begins, in doubles. */
static size_t row_at(const lg_folds *f, int fold)
{
    return (size_t)fold * (1 + (size_t)f->settings * NUMBERS);
}

size_t lg_folds_state_bytes(const lg_folds *f)
{
    return f ? row_at(f, f->folds) * sizeof(double) : 0;
}

void lg_folds_get_state(const lg_folds *f, void *to)
{
    const logit_setting *figure = f->figure;
    memset(to, 0, lg_folds_state_bytes(f));
    for (int fold = 0; fold < f->complete; fold++) {
        char *at = (char *)to + row_at(f, fold) * sizeof(double);
        memcpy(at, &f->seconds[fold], sizeof(double));
        at += sizeof(double);
        for (int s = 0; s < f->settings; s++) {
            double numbers[NUMBERS];
            put_figure(figure++, numbers);
            memcpy(at, numbers, sizeof numbers);
            at += sizeof numbers;
        }
    }
}

int lg_folds_put_state(lg_folds *f, const void *from, int64_t complete)
{
    logit_setting *figure = f->figure;
    if (complete < 0 || complete > f->folds) return 0;
    for (int fold = 0; fold < complete; fold++) {
        const char *at = (const char *)from + row_at(f, fold) * sizeof(double);
        memcpy(&f->seconds[fold], at, sizeof(double));
        at += sizeof(double);
        for (int s = 0; s < f->settings; s++) {
            double numbers[NUMBERS];
            memcpy(numbers, at, sizeof numbers);
            if (!take_figure(numbers, s, figure++)) return 0;
            at += sizeof numbers;
        }
    }
    f->complete = (int)complete;
    return 1;
}
