/* compare_against.c -- a record in the place of the second device.
 *
 * Layer 2 (train).  Its lines are taken one by one as the stages go by.  Where a hash agrees all
 * numbers do; where it does not, the sample sizes the difference, and one more number is counted as
 * different for those that are not in the sample. */
/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "core/fmath.h"
#include "train/compare_difference.h"
#include "train/compare_record.h"

enum { STAGES = LG_STAGE_COUNT + 1 };

struct lg_against {
    lg_record_file file;
    XXH3_state_t *state;
    const lg_minibatch *mini; /* the last one that was looked at */
    int64_t step;             /* and its step */
    logit_difference row[STAGES];
    lg_tally tally[STAGES];
    int bounded[STAGES]; /* some array of it may differ */
    double loss, weight; /* sums over the run */
    logit_divergence first;
};

/* --------------------------------------------------------------------- is it the same training ---
 */

/* Options that are chosen by the data where they are not given. */
static int is_chosen(const char *name)
{
    return strcmp(name, "lr") == 0 || strcmp(name, "l2") == 0;
}

/* The record must be of the training that runs: options that are chosen, or the others. */
static logit_status hold_options(const lg_against *a, const lg_compare *c, int chosen,
                                 logit_error *err)
{
    char value[2000], shown[300];
    const char *name;
    const cJSON *options = cJSON_GetObjectItemCaseSensitive(a->file.head, "options");
    for (int i = 0; (name = lg_record_option(c, i, value, sizeof value)) != NULL; i++) {
        const char *said = lg_record_text(options, name), *there = *said ? said : LG_RECORD_NONE;
        if (is_chosen(name) != chosen || strcmp(there, value) == 0) continue;
        LG_FAIL(err, LOGIT_E_USAGE,
                "--against %s: it was made with %s %s, this run has %.300s; give the same options "
                "as there",
                a->file.path, name, lg_text_escape(shown, sizeof shown, there), value);
    }
    return LOGIT_OK;
}

/* A line is not the one that the run has come to. */
static logit_status expected(const lg_against *a, const char *what, logit_error *err)
{
    char text[160];
    snprintf(text, sizeof text, "expected %s here", what);
    return lg_record_file_damaged(&a->file, text, err);
}

static logit_status see_batch(lg_against *a, const lg_compare *c, logit_error *err)
{
    uint64_t there;
    const uint64_t here = lg_record_hash_batch(a->state, c);
    cJSON *line = lg_record_file_next(&a->file, err);
    if (!line) return LOGIT_E_DATA;
    const int fits = lg_record_is(line, "batch") && lg_record_count(line, "step") == c->step &&
                     lg_record_count(line, "batch") == c->mini->number;
    lg_record_hash_field(line, "data", &there);
    cJSON_Delete(line);
    if (!fits) return expected(a, "the next batch", err);
    if (here != there)
        LG_FAIL(err, LOGIT_E_USAGE,
                "--against %s, line %lld: batch %lld of step %lld holds other data: hash %016llx "
                "there, %016llx here; compare on the same set",
                a->file.path, (long long)a->file.number - 1, (long long)c->mini->number,
                (long long)c->step, (unsigned long long)there, (unsigned long long)here);
    a->mini = c->mini;
    a->step = c->step;
    return LOGIT_OK;
}

/* Other data changes what is chosen by it, so it is looked at in between. */
static logit_status hold_training(lg_against *a, lg_compare *c, logit_error *err)
{
    LG_TRY(hold_options(a, c, 0, err));
    LG_TRY(lg_compare_begin(c, err));
    LG_TRY(see_batch(a, c, err));
    return hold_options(a, c, 1, err);
}

logit_status lg_against_open(lg_against **out, lg_compare *c, logit_error *err)
{
    *out = NULL;
    lg_against *a = calloc(1, sizeof *a);
    if (a) a->state = XXH3_createState();
    if (!a || !a->state) {
        free(a);
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a record");
    }
    a->first.step = -1;
    for (int i = 0; i < STAGES; i++)
        lg_tally_begin(&a->tally[i], &a->row[i], lg_record_stage_name((lg_stage)i),
                       c->party[LG_COMPARE_A]->name, "record");
    logit_status status = lg_record_file_open(&a->file, c->options->against, err);
    if (status == LOGIT_OK) status = hold_training(a, c, err);
    if (status != LOGIT_OK) {
        lg_against_close(a);
        return status;
    }
    snprintf(c->out->device[LG_COMPARE_B], sizeof c->out->device[0], "record: %.240s",
             lg_record_text(a->file.head, "device"));
    *out = a;
    return LOGIT_OK;
}

void lg_against_close(lg_against *a)
{
    if (!a) return;
    lg_record_file_close(&a->file);
    XXH3_freeState(a->state);
    free(a);
}

/* ---------------------------------------------------------------------------------- arrays --- */

/* The sampled numbers of both, and their bounds; `at` where they stand. */
typedef struct sample {
    int count;
    int64_t at[LG_RECORD_SAMPLE];
    double here[LG_RECORD_SAMPLE], there[LG_RECORD_SAMPLE], bound[LG_RECORD_SAMPLE];
} sample;

static void take_sample(const lg_compare *c, const lg_seen *seen, const char *text, sample *s)
{
    s->count = lg_record_sample_count(seen->count);
    for (int i = 0; i < s->count; i++) {
        uint64_t bits = 0;
        lg_record_hex(text + i * LG_RECORD_HEX, LG_RECORD_HEX, &bits);
        s->at[i] = lg_record_sample_at(c, seen, i);
        s->here[i] = (double)lg_bits_float(lg_record_bits(seen->value[s->at[i]]));
        s->there[i] = (double)lg_bits_float((uint32_t)bits);
        s->bound[i] = seen->bound ? seen->bound[s->at[i]] : 0.0;
    }
}

/* Keeps the first number outside its bound; i < 0: one that is not in the sample. */
static void keep_first(lg_against *a, const lg_compare *c, const lg_seen *seen, const sample *s,
                       int64_t i)
{
    logit_divergence *first = &a->first;
    if (first->step >= 0) return;
    *first = (logit_divergence){.step = c->step, .stage = lg_record_stage_name(seen->stage)};
    snprintf(first->a, sizeof first->a, "%s", c->party[LG_COMPARE_A]->name);
    snprintf(first->b, sizeof first->b, "record");
    if (i < 0) {
        snprintf(first->of, sizeof first->of, "a number of %s that is not in the sample",
                 lg_array_name[seen->array]);
        first->got = first->want = NAN;
        return;
    }
    lg_compare_place(c, seen->array, s->at[i], first);
    first->got = s->here[i];
    first->want = s->there[i];
    first->bound = s->bound[i];
}

/* The recorded mean loss of a batch, for the loss of the run. */
static void add_loss(lg_against *a, const lg_compare *c, const cJSON *line)
{
    double loss;
    const double weight = lg_batch_weight(c->mini);
    if (!lg_record_loss(line, &loss)) return;
    a->loss += weight * loss;
    a->weight += weight;
}

/* The numbers differ somewhere: how far, by the sample. */
static void see_difference(lg_against *a, const lg_compare *c, const lg_seen *seen,
                           const char *text)
{
    sample s;
    logit_difference *row = &a->row[seen->stage];
    const int64_t equal = row->equal, count = row->count;
    take_sample(c, seen, text, &s);
    const lg_sides sides = {
        .a = s.here, .b = s.there, .bound = s.bound, .factor = 1.0, .count = s.count};
    const int64_t outside = lg_tally_add(&a->tally[seen->stage], &sides);
    if (outside >= 0) keep_first(a, c, seen, &s, outside);
    if (row->equal - equal < row->count - count) return;
    row->count++; /* what differs is not in the sample */
    if (seen->bound) return;
    row->outside++;
    keep_first(a, c, seen, &s, -1);
}

static logit_status see_array(lg_against *a, const lg_compare *c, const lg_seen *seen,
                              logit_error *err)
{
    uint64_t there;
    char what[120];
    cJSON *line = lg_record_file_next(&a->file, err);
    if (!line) return LOGIT_E_DATA;
    const char *stage = lg_record_stage_name(seen->stage), *array = lg_array_name[seen->array];
    const int fits = lg_record_is(line, "array") && lg_record_count(line, "step") == c->step &&
                     strcmp(lg_record_text(line, "stage"), stage) == 0 &&
                     strcmp(lg_record_text(line, "array"), array) == 0 &&
                     lg_record_count(line, "count") == seen->count;
    lg_record_hash_field(line, "hash", &there);
    a->bounded[seen->stage] |= seen->bound != NULL;
    if (seen->array == LG_ARRAY_ROW_LOSS) add_loss(a, c, line);
    if (fits && there == lg_record_hash(a->state, seen->value, seen->count)) {
        const lg_sides same = {
            .a = seen->value, .b = seen->value, .factor = 1.0, .count = seen->count};
        lg_tally_add(&a->tally[seen->stage], &same);
    } else if (fits) {
        see_difference(a, c, seen, lg_record_text(line, "sample"));
    }
    cJSON_Delete(line);
    if (fits) return LOGIT_OK;
    snprintf(what, sizeof what, "array %s of stage %s in step %lld, %lld numbers", array, stage,
             (long long)c->step, (long long)seen->count);
    return expected(a, what, err);
}

logit_status lg_against_seen(lg_against *a, lg_compare *c, const lg_seen *seen, logit_error *err)
{
    if (a->mini != c->mini || a->step != c->step) LG_TRY(see_batch(a, c, err));
    return see_array(a, c, seen, err);
}

/* ---------------------------------------------------------------------------------- ending --- */

/* What a step starts from comes before its stages. */
static int place_of(const char *stage)
{
    for (int i = 0; i < LG_STAGE_COUNT; i++)
        if (strcmp(stage, lg_stage_name[i]) == 0) return i;
    return -1;
}

static int comes_first(const logit_divergence *a, const logit_divergence *b)
{
    if (a->step < 0 || b->step < 0) return a->step >= 0;
    return a->step < b->step || (a->step == b->step && place_of(a->stage) < place_of(b->stage));
}

logit_status lg_against_finish(lg_against *a, lg_compare *c, logit_error *err)
{
    logit_comparison *out = c->out;
    cJSON *line = lg_record_file_next(&a->file, err);
    if (!line) return LOGIT_E_DATA;
    const int over = lg_record_is(line, "end");
    cJSON_Delete(line);
    if (!over) return expected(a, "the end", err);
    for (int i = 0; i < STAGES; i++) {
        const int stage = (i + LG_STAGE_COUNT) % STAGES; /* the start comes first */
        logit_difference *row = &a->row[stage];
        lg_tally_end(&a->tally[stage]);
        if (row->count == 0) continue;
        snprintf(row->bound, sizeof row->bound, "%s",
                 a->bounded[stage] ? "the bounds of both, added" : "0: the same bits");
        out->difference[out->differences++] = *row;
    }
    if (comes_first(&a->first, &out->first)) out->first = a->first;
    if (a->weight > 0.0) out->loss[LG_COMPARE_B] = a->loss / a->weight;
    return LOGIT_OK;
}
