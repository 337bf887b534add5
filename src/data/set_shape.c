/* set_shape.c -- one height, width and number of channels for all images of a set.
 *
 * Layer 1 (data).  The answer depends on which sizes there are and on whether there is a colour
 * image, not on the order in which headers are read; so threads may read them in any order, and
 * reading may end as soon as nothing can change the answer any more. */
/* SPDX-License-Identifier: MIT */

#include <pthread.h>

#include "data/formats.h"

enum {
    FALLBACK_SIDE = 100,    /* where the images' sizes differ */
    HEADERS_PER_PART = 256, /* read by each thread between two looks at the watch */
    MOST_THREADS = 256      /* with more, one reads */
};

/* What the headers say so far. */
typedef struct seen_shape {
    int64_t good;      /* headers read */
    int height, width; /* of one of them */
    int differ;        /* another has another size */
    int colour;        /* one has three channels */
} seen_shape;

static void note(seen_shape *seen, const lg_image_info *info)
{
    if (seen->good++ == 0) {
        seen->height = info->height;
        seen->width = info->width;
    }
    seen->differ |= info->height != seen->height || info->width != seen->width;
    seen->colour |= info->channels == 3;
}

static void merge(seen_shape *seen, const seen_shape *more)
{
    if (more->good == 0) return;
    note(seen, &(lg_image_info){.height = more->height, .width = more->width, .channels = 1});
    seen->good += more->good - 1;
    seen->differ |= more->differ;
    seen->colour |= more->colour;
}

/* A stretch of samples, cut over the threads of a pool. */
typedef struct header_job {
    const lg_set *set;
    int64_t begin, end;
    seen_shape *seen; /* [parts] */
    int unreadable_ends;
    pthread_mutex_t lock; /* of the rest: the first sample that could not be read, and why */
    int64_t unread;       /* none: end */
    logit_error why;
} header_job;

/* The disk failed, or the file is gone: no fault of the image. */
static void note_unread(header_job *job, int64_t i, const logit_error *why)
{
    pthread_mutex_lock(&job->lock);
    if (i < job->unread) {
        job->unread = i;
        job->why = *why;
    }
    pthread_mutex_unlock(&job->lock);
}

static void read_headers(void *argument, int part, int parts)
{
    header_job *job = argument;
    int64_t begin, end;
    lg_pool_cut(job->end - job->begin, 1, part, parts, &begin, &end);
    for (int64_t i = job->begin + begin; i < job->begin + end; i++) {
        lg_image_info info;
        logit_error why;
        int64_t bytes;
        const logit_status status = job->set->ops->probe(job->set, i, &info, &bytes, &why);
        if (status == LOGIT_OK)
            note(&job->seen[part], &info);
        else if (status != LOGIT_E_DATA && job->unreadable_ends) {
            note_unread(job, i, &why);
            return;
        }
    }
}

/* Is all decided that options->shape leaves open? */
static int is_settled(const seen_shape *seen, const lg_image_target *given)
{
    const int size = (given->height && given->width) || seen->differ;
    return size && (given->channels || seen->colour);
}

typedef struct survey {
    const lg_dataset_options *options;
    seen_shape seen;
    int64_t done, total;
} survey;

/* Reads the headers of samples begin .. end - 1.  Errors: IO, NOMEM, of the first that cannot be
 * read. */
static logit_status survey_stretch(survey *s, const lg_set *set, int64_t begin, int64_t end,
                                   logit_error *err)
{
    seen_shape seen[MOST_THREADS] = {0};
    lg_pool *pool = s->options->pool;
    const int threads = pool ? lg_pool_threads(pool) : 1;
    const int parallel = pool && threads <= MOST_THREADS;
    header_job job = {.set = set,
                      .begin = begin,
                      .end = end,
                      .seen = seen,
                      .unreadable_ends = s->options->unreadable_ends,
                      .lock = PTHREAD_MUTEX_INITIALIZER,
                      .unread = end};
    if (parallel)
        lg_pool_run(pool, read_headers, &job);
    else
        read_headers(&job, 0, 1);
    pthread_mutex_destroy(&job.lock);
    for (int part = 0; part < (parallel ? threads : 1); part++) merge(&s->seen, &seen[part]);
    if (job.unread == end) return LOGIT_OK;
    if (err) *err = job.why;
    return job.why.status;
}

/* Reads headers of a set until it ends or all is decided. */
static logit_status survey_set(survey *s, const lg_set *set, logit_error *err)
{
    lg_pool *pool = s->options->pool;
    const int64_t most = (int64_t)HEADERS_PER_PART * (pool ? lg_pool_threads(pool) : 1);
    for (int64_t i = 0; i < set->count && !is_settled(&s->seen, &s->options->shape);) {
        const int64_t left = set->count - i, end = i + (left < most ? left : most);
        LG_TRY(survey_stretch(s, set, i, end, err));
        s->done += end - i;
        i = end;
        LG_TRY(lg_dataset_progress(s->options->watch, s->done, s->total, err));
    }
    return LOGIT_OK;
}

/* Why no header could be read: the first one's reason. */
static logit_status explain(const lg_dataset *dataset, int64_t total, logit_error *err)
{
    for (int p = 0; p < LG_PART_COUNT; p++) {
        const lg_set *set = dataset->part[p];
        lg_image_info info;
        int64_t bytes;
        if (!set || set->count == 0) continue;
        logit_status status = set->ops->probe(set, 0, &info, &bytes, err);
        if (status == LOGIT_OK)
            status = lg_fail(err, LOGIT_E_IO, __FILE__, __LINE__, "it can be read by now");
        lg_error_prefix(
            err, "none of %lld files can be read as an image; the first: ", (long long)total);
        return status;
    }
    return LOGIT_OK;
}

static lg_image_target choose(const seen_shape *seen, const lg_image_target *given)
{
    lg_image_target shape = *given;
    if (!shape.height) shape.height = seen->differ ? FALLBACK_SIDE : seen->height;
    if (!shape.width) shape.width = seen->differ ? FALLBACK_SIDE : seen->width;
    if (!shape.channels) shape.channels = seen->colour ? 3 : 1;
    return shape;
}

static void give(lg_dataset *dataset, lg_image_target shape)
{
    for (int p = 0; p < LG_PART_COUNT; p++)
        if (dataset->part[p]) dataset->part[p]->shape = shape;
}

logit_status lg_dataset_settle_shape(lg_dataset *dataset, const lg_dataset_options *options,
                                     logit_error *err)
{
    survey s = {.options = options};
    const lg_image_target known =
        options->known ? options->known(options->known_user, dataset) : (lg_image_target){0};
    if (known.height > 0) {
        give(dataset, known);
        return LOGIT_OK;
    }
    for (int p = 0; p < LG_PART_COUNT; p++)
        if (dataset->part[p]) s.total += dataset->part[p]->count;
    for (int p = 0; p < LG_PART_COUNT; p++)
        if (dataset->part[p]) LG_TRY(survey_set(&s, dataset->part[p], err));
    const lg_image_target *given = &options->shape;
    if (s.seen.good == 0 && s.total > 0 && !is_settled(&s.seen, given))
        return explain(dataset, s.total, err);
    give(dataset, choose(&s.seen, given));
    return LOGIT_OK;
}
