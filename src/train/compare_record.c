/* compare_record.c -- what device A gave, as hashes and samples in a file. */
/* SPDX-License-Identifier: MIT */
#include "train/compare_record.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/philox.h"
#include "base/status.h"

/* A record that is read, or one that is written. */
struct lg_record {
    lg_against *against;
    lg_text lines; /* all but the first */
    int64_t count; /* of them */
    XXH3_state_t *state;
    uint64_t data;            /* hash of all batches */
    const lg_minibatch *mini; /* the last one that has its line */
    int64_t step;             /* and its step */
};

const char *const lg_array_name[LG_ARRAY_COUNT] = {
    [LG_ARRAY_X] = "x",
    [LG_ARRAY_Z] = "z",
    [LG_ARRAY_ROW_LOSS] = "loss",
    [LG_ARRAY_GW] = "gw",
    [LG_ARRAY_GB] = "gb",
    [LG_ARRAY_W] = "w",
    [LG_ARRAY_B] = "b",
    [LG_ARRAY_STATE_W0] = "state_w0",
    [LG_ARRAY_STATE_W1] = "state_w1",
    [LG_ARRAY_STATE_B0] = "state_b0",
    [LG_ARRAY_STATE_B1] = "state_b1",
    [LG_ARRAY_U] = "u",
};

const char *lg_record_stage_name(lg_stage stage)
{
    return stage == LG_STAGE_COUNT ? "start" : lg_stage_name[stage];
}

/* ---------------------------------------------------------------------------- what is kept --- */

uint32_t lg_record_bits(double value)
{
    const float number = (float)value;
    uint32_t bits;
    if (isnan(number)) return 0x7fc00000u;
    memcpy(&bits, &number, sizeof bits);
    return bits == 0x80000000u ? 0u : bits;
}

uint64_t lg_record_hash(XXH3_state_t *state, const double *value, int64_t count)
{
    enum { AT_ONCE = 1024 };
    uint32_t part[AT_ONCE];
    XXH3_64bits_reset(state);
    for (int64_t done = 0; done < count; done += AT_ONCE) {
        const int64_t size = count - done < AT_ONCE ? count - done : AT_ONCE;
        for (int64_t i = 0; i < size; i++) part[i] = lg_record_bits(value[done + i]);
        XXH3_64bits_update(state, part, (size_t)size * sizeof *part);
    }
    return XXH3_64bits_digest(state);
}

uint64_t lg_record_hash_batch(XXH3_state_t *state, const lg_compare *c)
{
    const lg_minibatch *mini = c->mini;
    const lg_set *set = c->trainer.sources.part[LG_PART_TRAIN].set;
    const size_t bytes = (size_t)c->trainer.inputs * lg_element_bytes(mini->element);
    const size_t width = (size_t)set->target_width;
    XXH3_64bits_reset(state);
    for (int64_t i = 0; i < mini->count; i++) {
        const size_t row = (size_t)(mini->row ? mini->row[i] : i);
        XXH3_64bits_update(state, mini->pixels + row * bytes, bytes);
        if (mini->label) XXH3_64bits_update(state, mini->label + row, sizeof(int32_t));
        if (mini->target)
            XXH3_64bits_update(state, mini->target + row * width, width * sizeof(float));
        const float weight = mini->weight ? mini->weight[row] : 1.0f;
        XXH3_64bits_update(state, &weight, sizeof weight);
    }
    return XXH3_64bits_digest(state);
}

uint64_t lg_record_hash_more(uint64_t all, uint64_t batch)
{
    return XXH3_64bits_withSeed(&batch, sizeof batch, all);
}

int lg_record_sample_count(int64_t count)
{
    return count < LG_RECORD_SAMPLE ? (int)count : LG_RECORD_SAMPLE;
}

int64_t lg_record_sample_at(const lg_compare *c, const lg_seen *seen, int i)
{
    static const uint32_t number[LG_STAGE_COUNT + 1] = {
        [LG_STAGE_PIXELS] = 0,   [LG_STAGE_LOGITS] = 1,  [LG_STAGE_LOSS] = 2,
        [LG_STAGE_GRADIENT] = 3, [LG_STAGE_UPDATE] = 4,  [LG_STAGE_STEP] = 5,
        [LG_STAGE_COUNT] = 6,    [LG_STAGE_FEATURES] = 7}; /* what a record was made with */
    const uint32_t what = number[seen->stage] << 8 | (uint32_t)seen->array;
    if (seen->count <= LG_RECORD_SAMPLE) return i;
    return (int64_t)lg_random_below(c->trainer.options.seed, lg_stream_id(LG_STREAM_SAMPLE, what),
                                    (uint64_t)(c->step * LG_RECORD_SAMPLE + i),
                                    (uint64_t)seen->count);
}

/* --------------------------------------------------------------------------------- options --- */

static void list_text(char *out, size_t size, const logit_list *list)
{
    lg_text text = {0};
    for (int i = 0; i < list->count; i++)
        lg_text_add(&text, "%s%.17g", i ? "," : "", list->value[i]);
    snprintf(out, size, "%s", text.data ? text.data : "");
    lg_text_clear(&text);
}

const char *lg_record_option(const lg_compare *c, int i, char *value, size_t size)
{
    const lg_trainer *t = &c->trainer;
    const logit_options *o = &t->options;
    const struct {
        const char *name, *text;
        const logit_list *list;
        double number;
    } row[] = {
        {"loss", o->loss, NULL, 0},
        {"optimizer", o->optimizer, NULL, 0},
        {"lr", NULL, &o->lr, 0},
        {"l2", NULL, &o->l2, 0},
        {"momentum", NULL, &o->momentum, 0},
        {"label-smoothing", NULL, &o->label_smoothing, 0},
        {"schedule", o->schedule, NULL, 0},
        {"step-every", NULL, NULL, o->step_every},
        {"step-factor", NULL, NULL, o->step_factor},
        {"warmup", NULL, NULL, o->warmup},
        {"normalize", o->normalize, NULL, 0},
        {"shuffle", o->shuffle, NULL, 0},
        {"sampling", o->sampling, NULL, 0},
        {"flip", NULL, NULL, o->flip},
        {"shift", NULL, NULL, o->shift},
        {"nesterov", NULL, NULL, o->nesterov},
        {"weight-decay", NULL, NULL, o->weight_decay},
        {"seed", NULL, NULL, (double)o->seed},
        {"epochs", NULL, NULL, o->epochs},
        {"batch-size", NULL, NULL, (double)o->batch_size},
        {"steps", NULL, NULL, (double)c->options->steps},
        {"height", NULL, NULL, t->shape.height},
        {"width", NULL, NULL, t->shape.width},
        {"channels", NULL, NULL, t->shape.channels},
        {"outputs", NULL, NULL, t->outputs},
        {"precision", c->options->train.precision, NULL, 0},
        {"features", t->map ? t->map->text : LG_RECORD_NONE, NULL, 0},
    };
    if (i >= (int)(sizeof row / sizeof *row)) return NULL;
    if (row[i].list)
        list_text(value, size, row[i].list);
    else if (row[i].text)
        snprintf(value, size, "%s", row[i].text);
    else
        snprintf(value, size, "%.17g", row[i].number);
    return row[i].name;
}

/* --------------------------------------------------------------------------------- writing --- */

static void write_batch(lg_record *r, const lg_compare *c)
{
    const uint64_t hash = lg_record_hash_batch(r->state, c);
    lg_text_add(&r->lines,
                "{\"type\":\"batch\",\"step\":%lld,\"batch\":%lld,\"data\":\"%016llx\"}\n",
                (long long)c->step, (long long)c->mini->number, (unsigned long long)hash);
    r->data = lg_record_hash_more(r->data, hash);
    r->mini = c->mini;
    r->step = c->step;
    r->count++;
}

static double mean_loss(const lg_compare *c, const double *row_loss)
{
    double sum = 0.0;
    for (int s = 0; s < c->trainer.settings; s++) sum += lg_compare_mean(c, row_loss, s);
    return sum / c->trainer.settings;
}

static void write_array(lg_record *r, const lg_compare *c, const lg_seen *seen)
{
    const uint64_t hash = lg_record_hash(r->state, seen->value, seen->count);
    const int sample = lg_record_sample_count(seen->count);
    lg_text_add(
        &r->lines,
        "{\"type\":\"array\",\"step\":%lld,\"stage\":\"%s\",\"array\":\"%s\",\"count\":%lld,"
        "\"hash\":\"%016llx\"",
        (long long)c->step, lg_record_stage_name(seen->stage), lg_array_name[seen->array],
        (long long)seen->count, (unsigned long long)hash);
    if (seen->array == LG_ARRAY_ROW_LOSS)
        lg_text_add(&r->lines, ",\"loss\":\"%a\"", mean_loss(c, seen->value));
    lg_text_add(&r->lines, ",\"sample\":\"");
    for (int i = 0; i < sample; i++)
        lg_text_add(&r->lines, "%08x",
                    lg_record_bits(seen->value[lg_record_sample_at(c, seen, i)]));
    lg_text_add(&r->lines, "\"}\n");
    r->count++;
}

static void write_head(const lg_record *r, const lg_compare *c, lg_text *head)
{
    char value[2000];
    const char *name;
    lg_text_add(head, "{\"type\":\"record\",\"format\":%d,\"version\":\"%s\",\"device\":",
                LG_RECORD_FORMAT, LOGIT_VERSION);
    lg_text_add_json(head, c->party[LG_COMPARE_A]->device);
    lg_text_add(head, ",\"data\":\"%016llx\",\"options\":{", (unsigned long long)r->data);
    for (int i = 0; (name = lg_record_option(c, i, value, sizeof value)) != NULL; i++) {
        if (strcmp(name, "features") == 0 && !c->trainer.map) continue;
        lg_text_add(head, "%s\"%s\":", i ? "," : "", name);
        lg_text_add_json(head, value);
    }
    lg_text_add(head, "}}\n");
}

static logit_status write_file(lg_record *r, const lg_compare *c, logit_error *err)
{
    lg_text head = {0};
    write_head(r, c, &head);
    lg_text_add(&r->lines, "{\"type\":\"end\",\"lines\":%lld}\n", (long long)r->count);
    logit_status status = LOGIT_OK;
    if (head.failed || r->lines.failed)
        status = lg_fail(err, LOGIT_E_NOMEM, __FILE__, __LINE__, "out of memory for the record");
    const lg_piece piece[] = {{head.data, head.size}, {r->lines.data, r->lines.size}};
    if (status == LOGIT_OK) status = lg_file_replace(c->options->record, piece, 2, err);
    lg_text_clear(&head);
    return status;
}

/* ------------------------------------------------------------------------------------ both --- */

static logit_status on_seen(lg_compare *c, const lg_seen *seen, logit_error *err)
{
    lg_record *r = c->record;
    if (r->against) return lg_against_seen(r->against, c, seen, err);
    if (r->mini != c->mini || r->step != c->step) write_batch(r, c);
    write_array(r, c, seen);
    return LOGIT_OK;
}

/* The file is written when all is done: a folder that cannot be written is said before. */
static logit_status try_folder(const char *path, logit_error *err)
{
    char name[600];
    const char *slash = strrchr(path, '/');
    char *folder = slash ? lg_text_format("%.*s", (int)(slash - path) + 1, path) : NULL;
    const int bad = access(folder ? folder : ".", W_OK | X_OK) != 0;
    const int why = errno;
    free(folder);
    if (!bad) return LOGIT_OK;
    LG_FAIL(err, LOGIT_E_IO, "--record %s: its folder cannot be written: %s",
            lg_text_escape(name, sizeof name, path), strerror(why));
}

logit_status lg_record_open(lg_compare *c, logit_error *err)
{
    if (!c->options->record && !c->options->against) return LOGIT_OK;
    lg_record *r = c->record = calloc(1, sizeof *r);
    if (r) r->state = XXH3_createState();
    if (!r || !r->state) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a record");
    c->seen = on_seen;
    return c->options->against ? lg_against_open(&r->against, c, err)
                               : try_folder(c->options->record, err);
}

logit_status lg_record_finish(lg_compare *c, logit_error *err)
{
    if (!c->record) return LOGIT_OK;
    return c->record->against ? lg_against_finish(c->record->against, c, err)
                              : write_file(c->record, c, err);
}

void lg_record_close(lg_compare *c)
{
    lg_record *r = c->record;
    if (!r) return;
    lg_against_close(r->against);
    XXH3_freeState(r->state);
    lg_text_clear(&r->lines);
    free(r);
    c->record = NULL;
}
