/* worst.c -- heaps of the worst, and a list of what may be suspect once all has been seen. */
/* SPDX-License-Identifier: MIT */
#include "train/worst.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "base/status.h"

/* A heap: at[0] is the one that goes first where a worse one comes. */
typedef struct worst_heap {
    logit_sample_score at[LOGIT_WORST_MOST];
    double key[LOGIT_WORST_MOST]; /* the larger, the worse */
    int count;
} worst_heap;

struct lg_worst {
    worst_heap wrong;
    logit_sample_score *mistake; /* [mistakes]: those that the model gets wrong, with chances */
    size_t mistakes, room;
    double *sure;     /* [classes] sum of the probabilities of their own class */
    int64_t *counted; /* [classes] of so many samples */
    int classes, failed;
};

/* ----------------------------------------------------------------------------------- heaps --- */

/* Is a worse than b?  No two samples have one number. */
static int worse(double a_key, int64_t a, double b_key, int64_t b)
{
    return a_key != b_key ? a_key > b_key : a < b;
}

static int is_worse(const worst_heap *heap, int a, int b)
{
    return worse(heap->key[a], heap->at[a].index, heap->key[b], heap->at[b].index);
}

static void swap(worst_heap *heap, int a, int b)
{
    const logit_sample_score sample = heap->at[a];
    const double key = heap->key[a];
    heap->at[a] = heap->at[b];
    heap->key[a] = heap->key[b];
    heap->at[b] = sample;
    heap->key[b] = key;
}

static void rise(worst_heap *heap, int i)
{
    for (; i > 0 && is_worse(heap, (i - 1) / 2, i); i = (i - 1) / 2) swap(heap, i, (i - 1) / 2);
}

static void sink(worst_heap *heap)
{
    for (int i = 0, next; (next = 2 * i + 1) < heap->count; i = next) {
        if (next + 1 < heap->count && is_worse(heap, next, next + 1)) next++;
        if (!is_worse(heap, i, next)) return;
        swap(heap, i, next);
    }
}

static void heap_add(worst_heap *heap, const logit_sample_score *sample, double key)
{
    const int full = heap->count == LOGIT_WORST_MOST;
    if (isnan(key)) return;
    if (full && !worse(key, sample->index, heap->key[0], heap->at[0].index)) return;
    const int i = full ? 0 : heap->count++;
    heap->at[i] = *sample;
    heap->key[i] = key;
    if (full)
        sink(heap);
    else
        rise(heap, i);
}

/* The heap's samples in fresh memory, the worst first.  The heap is used up. */
static logit_status heap_list(worst_heap *heap, logit_sample_score **list, int *count,
                              logit_error *err)
{
    *count = 0;
    *list = calloc((size_t)heap->count + 1, sizeof **list);
    if (!*list) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the most wrong samples");
    *count = heap->count;
    while (heap->count > 0) {
        const int last = --heap->count;
        (*list)[last] = heap->at[0];
        swap(heap, 0, last);
        sink(heap);
    }
    return LOGIT_OK;
}

/* -------------------------------------------------------------------------------- a sample --- */

logit_status lg_worst_create(lg_worst **out, int classes, logit_error *err)
{
    *out = NULL;
    lg_worst *worst = calloc(1, sizeof *worst);
    if (!worst) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the most wrong samples");
    worst->classes = classes;
    worst->sure = calloc((size_t)classes, sizeof *worst->sure);
    worst->counted = calloc((size_t)classes, sizeof *worst->counted);
    if (!worst->sure || !worst->counted) {
        lg_worst_destroy(worst);
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the most wrong samples");
    }
    *out = worst;
    return LOGIT_OK;
}

void lg_worst_destroy(lg_worst *worst)
{
    if (!worst) return;
    free(worst->mistake);
    free(worst->sure);
    free(worst->counted);
    free(worst);
}

static void add_mistake(lg_worst *worst, const logit_sample_score *sample)
{
    if (worst->mistakes == worst->room) {
        const size_t room = worst->room ? 2 * worst->room : 256;
        size_t bytes;
        logit_sample_score *grown =
            lg_size_mul(room, sizeof *grown, &bytes) ? realloc(worst->mistake, bytes) : NULL;
        if (!grown) {
            worst->failed = 1;
            return;
        }
        worst->mistake = grown;
        worst->room = room;
    }
    worst->mistake[worst->mistakes++] = *sample;
}

void lg_worst_add(lg_worst *worst, const logit_sample_score *sample)
{
    const int known = !isnan(sample->p_truth);
    if (known) worst->sure[sample->truth] += sample->p_truth;
    worst->counted[sample->truth] += known;
    if (sample->said < 0 || sample->said == sample->truth) return;
    heap_add(&worst->wrong, sample, sample->loss);
    if (known && !isnan(sample->p_said)) add_mistake(worst, sample);
}

/* ----------------------------------------------------------------------------- at the end --- */

static void find_suspects(const lg_worst *worst, worst_heap *suspect)
{
    for (size_t i = 0; i < worst->mistakes; i++) {
        const logit_sample_score *sample = &worst->mistake[i];
        const int64_t counted = worst->counted[sample->said];
        if (counted > 0 && sample->p_said >= worst->sure[sample->said] / (double)counted)
            heap_add(suspect, sample, sample->p_said - sample->p_truth);
    }
}

logit_status lg_worst_finish(const lg_worst *worst, logit_score *score, logit_error *err)
{
    worst_heap *heap = calloc(2, sizeof *heap);
    if (worst->failed || !heap) {
        free(heap);
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the most wrong samples");
    }
    heap[0] = worst->wrong;
    find_suspects(worst, &heap[1]);
    logit_status status = heap_list(&heap[0], &score->wrong, &score->wrong_count, err);
    if (status == LOGIT_OK)
        status = heap_list(&heap[1], &score->suspect, &score->suspect_count, err);
    free(heap);
    return status;
}

static logit_status name_list(const lg_set *set, logit_sample_score *list, int count,
                              logit_error *err)
{
    char name[4400];
    for (int i = 0; i < count; i++) {
        list[i].name = strdup(set->ops->name(set, list[i].index, name, sizeof name));
        if (!list[i].name) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the names of samples");
    }
    return LOGIT_OK;
}

logit_status lg_worst_name(const lg_set *set, logit_score *score, logit_error *err)
{
    LG_TRY(name_list(set, score->wrong, score->wrong_count, err));
    return name_list(set, score->suspect, score->suspect_count, err);
}

void lg_worst_clear(logit_score *score)
{
    for (int i = 0; i < score->wrong_count; i++) free(score->wrong[i].name);
    for (int i = 0; i < score->suspect_count; i++) free(score->suspect[i].name);
    free(score->wrong);
    free(score->suspect);
    score->wrong = score->suspect = NULL;
    score->wrong_count = score->suspect_count = 0;
}
