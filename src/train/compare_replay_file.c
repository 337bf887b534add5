/* compare_replay_file.c -- a replay to a file and back, every number of it looked at. */
/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/half.h"
#include "base/status.h"
#include "base/text.h"
#include "train/class_names.h"
#include "train/compare_replay.h"
#include "train/model_map.h"
#include "train/safetensors.h"
#include "train/settings.h"

static const char FORMAT[] = "logit-replay-1";
enum { NAMES_ROOM = 700 * 1024, SHOWN = 80, LARGEST = 1 << 30 };

static const char *const names[LG_REPLAY_ARRAYS] = {
    "weight",       "bias",         "state_weight_1",  "state_weight_2",
    "state_bias_1", "state_bias_2", "gradient_weight", "gradient_bias",
    "scale",        "shift",        "pixels",          "truth",
    "sample_weight"};

/* --------------------------------------------------------------------------------- numbers --- */

/* Every number of the metadata that is a plain integer, with the range it must lie in. */
typedef struct number {
    const char *key;
    int64_t value, least, most;
} number;
enum { NUMBERS = 12 };

static void list_numbers(const lg_replay *r, number list[NUMBERS])
{
    const number all[NUMBERS] = {{"batch", r->shape.batch, 1, LARGEST},
                                 {"outputs", r->shape.outputs, 1, LARGEST},
                                 {"settings", r->shape.settings, 1, LG_MAX_SETTINGS},
                                 {"height", r->image.height, 1, 1 << 24},
                                 {"width", r->image.width, 1, 1 << 24},
                                 {"channels", r->image.channels, 1, 3},
                                 {"nesterov", r->shape.nesterov, 0, 1},
                                 {"target_width", r->target_width, 0, LARGEST},
                                 {"weighted", r->weighted, 0, 1},
                                 {"first", r->first, 0, 1},
                                 {"last", r->last, 0, 1},
                                 {"step", r->step, 1, INT64_MAX}};
    memcpy(list, all, sizeof all);
}

static void take_numbers(lg_replay *r, const number list[NUMBERS])
{
    r->shape.batch = list[0].value;
    r->shape.outputs = (int)list[1].value;
    r->shape.settings = (int)list[2].value;
    r->image.height = (int)list[3].value;
    r->image.width = (int)list[4].value;
    r->image.channels = (int)list[5].value;
    r->shape.nesterov = (int)list[6].value;
    r->target_width = (int)list[7].value;
    r->weighted = (int)list[8].value;
    r->first = (int)list[9].value;
    r->last = (int)list[10].value;
    r->step = list[11].value;
}

/* The scalars of a setting, in the order in which they are written. */
enum { SCALARS = 11 };
static double *scalar(lg_scalars *s, int i)
{
    double *const all[SCALARS] = {&s->lr,        &s->l2,       &s->decay,   &s->momentum,
                                  &s->smoothing, &s->scale,    &s->beta1,   &s->beta2,
                                  &s->epsilon,   &s->correct1, &s->correct2};
    return all[i];
}

/* --------------------------------------------------------------------------------- writing --- */

typedef struct writing {
    lg_meta_out meta[NUMBERS + 16];
    int metas;
    char value[NUMBERS][24];
    lg_text classes, samples, scalars;
    lg_tensor_out tensor[LG_REPLAY_ARRAYS + LG_MAP_TENSORS];
    int tensors;
} writing;

static void add_meta(writing *w, const char *key, const char *value)
{
    w->meta[w->metas++] = (lg_meta_out){key, value};
}

static void add_all_meta(writing *w, const lg_replay *r)
{
    number list[NUMBERS];
    list_numbers(r, list);
    add_meta(w, "format", FORMAT);
    add_meta(w, "version", LOGIT_VERSION);
    add_meta(w, "loss", lg_losses[r->shape.loss].name);
    add_meta(w, "optimizer", lg_optims[r->shape.optim].name);
    for (int i = 0; i < NUMBERS; i++) {
        snprintf(w->value[i], sizeof w->value[i], "%lld", (long long)list[i].value);
        add_meta(w, list[i].key, w->value[i]);
    }
    for (int s = 0; s < r->shape.settings; s++)
        for (int i = 0; i < SCALARS; i++)
            lg_text_add(&w->scalars, "%s%a", s + i > 0 ? " " : "", *scalar(&r->scalars[s], i));
    lg_class_names_add(&w->classes, r->class_name, r->classes);
    if (r->sample_name) lg_class_names_add(&w->samples, r->sample_name, (int)r->shape.batch);
    add_meta(w, "scalars", w->scalars.data);
    add_meta(w, "stage", r->stage);
    add_meta(w, "device_a", r->device[0]);
    add_meta(w, "device_b", r->device[1][0] ? r->device[1] : NULL);
    add_meta(w, "precision", lg_precisions[r->precision].name);
    if (lg_element_is_float(r->shape.element))
        add_meta(w, "element", lg_element_name(r->shape.element));
    add_meta(w, "features", r->map ? r->map->text : NULL);
    add_meta(w, "classes", w->classes.data);
    add_meta(w, "samples", w->samples.size < NAMES_ROOM ? w->samples.data : NULL);
}

static void add_tensors(writing *w, const lg_replay *r)
{
    for (lg_replay_array i = 0; i < LG_REPLAY_ARRAYS; i++) {
        lg_tensor_out out = {.name = names[i], .data = r->array[i]};
        if (lg_replay_shape(r, i, out.shape, &out.rank) > 0) w->tensor[w->tensors++] = out;
    }
    if (r->map) w->tensors += lg_model_map_tensors(r->map, w->tensor + w->tensors);
}

logit_status lg_replay_save(const lg_replay *replay, const char *path, logit_error *err)
{
    writing w = {.metas = 0};
    logit_status status;
    add_all_meta(&w, replay);
    add_tensors(&w, replay);
    const lg_safetensors_out content = {w.meta, w.metas, w.tensor, w.tensors};
    if (w.classes.failed || w.samples.failed || w.scalars.failed)
        status = lg_fail(err, LOGIT_E_NOMEM, __FILE__, __LINE__, "out of memory for a replay file");
    else
        status = lg_safetensors_write(path, &content, err);
    lg_text_clear(&w.classes);
    lg_text_clear(&w.samples);
    lg_text_clear(&w.scalars);
    return status;
}

/* --------------------------------------------------------------------------------- reading --- */

typedef struct reading {
    lg_safetensors *file;
    lg_replay *replay;
    logit_error *err;
} reading;

#define FAULT(r, entry, kind, ...)                                                                 \
    lg_safetensors_fault((r)->file, (entry), (kind), (r)->err, __VA_ARGS__)

static logit_status need(const reading *r, const char *key, const cJSON **out)
{
    *out = lg_safetensors_meta(r->file, key);
    if (*out) return LOGIT_OK;
    return FAULT(r, NULL, "MISMATCH", "\"%s\" is missing: this is no replay of logit compare", key);
}

/* The text of a key, of at most size - 1 bytes. */
static logit_status read_text(const reading *r, const char *key, char *out, size_t size)
{
    const cJSON *entry;
    LG_TRY(need(r, key, &entry));
    if (strlen(entry->valuestring) >= size) return FAULT(r, entry, "LIMIT", "%s is too long", key);
    snprintf(out, size, "%s", entry->valuestring);
    return LOGIT_OK;
}

static logit_status read_numbers(const reading *r)
{
    number list[NUMBERS];
    list_numbers(r->replay, list);
    for (int i = 0; i < NUMBERS; i++) {
        const cJSON *entry;
        LG_TRY(need(r, list[i].key, &entry));
        const char *text = entry->valuestring;
        const size_t length = strspn(text, "0123456789");
        if (length == 0 || length > 18 || text[length] != '\0')
            return FAULT(r, entry, "FORMAT", "%s is not a whole number", list[i].key);
        list[i].value = strtoll(text, NULL, 10);
        if (list[i].value < list[i].least || list[i].value > list[i].most)
            return FAULT(r, entry, "RANGE", "%s is %lld, expected %lld to %lld", list[i].key,
                         (long long)list[i].value, (long long)list[i].least,
                         (long long)list[i].most);
    }
    take_numbers(r->replay, list);
    return LOGIT_OK;
}

/* Of the samples: bytes, where nothing is said. */
static logit_status read_element(const reading *r)
{
    const cJSON *entry = lg_safetensors_meta(r->file, "element");
    lg_element *element = &r->replay->shape.element;
    for (*element = 0; entry && *element < LG_ELEMENT_COUNT; ++*element)
        if (strcmp(entry->valuestring, lg_element_name(*element)) == 0) return LOGIT_OK;
    return entry ? FAULT(r, entry, "UNSUP", "an unknown element") : LOGIT_OK;
}

static logit_status read_kinds(const reading *r)
{
    lg_replay *replay = r->replay;
    const cJSON *format, *loss, *optim, *precision;
    LG_TRY(need(r, "format", &format));
    if (strcmp(format->valuestring, FORMAT) != 0)
        return FAULT(r, format, "UNSUP", "format is not %s: no replay of this logit compare",
                     FORMAT);
    LG_TRY(need(r, "loss", &loss));
    LG_TRY(need(r, "optimizer", &optim));
    LG_TRY(need(r, "precision", &precision));
    replay->shape.loss = lg_loss_find(loss->valuestring);
    replay->shape.optim = lg_optim_find(optim->valuestring);
    replay->precision = lg_precision_find(precision->valuestring);
    if (replay->shape.loss == LG_LOSS_COUNT) return FAULT(r, loss, "UNSUP", "an unknown loss");
    if (replay->shape.optim == LG_OPTIM_COUNT)
        return FAULT(r, optim, "UNSUP", "an unknown optimizer");
    if (replay->precision == LG_PRECISION_COUNT)
        return FAULT(r, precision, "UNSUP", "an unknown precision");
    LG_TRY(read_element(r));
    LG_TRY(read_text(r, "stage", replay->stage, sizeof replay->stage));
    LG_TRY(read_text(r, "device_a", replay->device[0], sizeof replay->device[0]));
    if (!lg_safetensors_meta(r->file, "device_b")) return LOGIT_OK;
    return read_text(r, "device_b", replay->device[1], sizeof replay->device[1]);
}

static logit_status read_names(const reading *r, const char *key, char ***out, int *count)
{
    lg_class_names_fault fault;
    const cJSON *entry;
    LG_TRY(need(r, key, &entry));
    const logit_status status = lg_class_names_read(out, count, entry->valuestring, &fault);
    if (status == LOGIT_E_DATA) return FAULT(r, entry, fault.kind, "%s: %s", key, fault.reason);
    if (status != LOGIT_OK) LG_FAIL(r->err, status, "out of memory for the %s of a replay", key);
    return LOGIT_OK;
}

static logit_status read_all_names(const reading *r)
{
    lg_replay *replay = r->replay;
    int samples = 0;
    LG_TRY(read_names(r, "classes", &replay->class_name, &replay->classes));
    if (!lg_safetensors_meta(r->file, "samples")) return LOGIT_OK;
    LG_TRY(read_names(r, "samples", &replay->sample_name, &samples));
    if (samples == replay->shape.batch) return LOGIT_OK;
    lg_class_names_free(replay->sample_name, samples);
    replay->sample_name = NULL;
    return FAULT(r, lg_safetensors_meta(r->file, "samples"), "MISMATCH",
                 "%d samples, batch is %lld", samples, (long long)replay->shape.batch);
}

static logit_status read_scalars(const reading *r)
{
    lg_replay *replay = r->replay;
    const cJSON *entry;
    LG_TRY(need(r, "scalars", &entry));
    const char *at = entry->valuestring;
    replay->scalars = calloc((size_t)replay->shape.settings, sizeof *replay->scalars);
    if (!replay->scalars) LG_FAIL(r->err, LOGIT_E_NOMEM, "out of memory for a replay's scalars");
    for (int i = 0; i < replay->shape.settings * SCALARS; i++) {
        char *end;
        const double value = strtod(at, &end);
        if (end == at || !isfinite(value))
            return FAULT(r, entry, "FORMAT", "number %d of the scalars is none, or not finite", i);
        *scalar(&replay->scalars[i / SCALARS], i % SCALARS) = value;
        at = end;
    }
    return *at == '\0' ? LOGIT_OK : FAULT(r, entry, "TRAIL", "more scalars than settings");
}

/* What the numbers must have to do with each other. */
static logit_status check_kinds(const reading *r)
{
    lg_replay *replay = r->replay;
    const lg_loss_row *loss = &lg_losses[replay->shape.loss];
    replay->shape.features =
        (int64_t)replay->image.height * replay->image.width * replay->image.channels;
    if (replay->classes == 1 || (replay->classes == 0 && loss->link != LG_LINK_IDENTITY))
        return FAULT(r, NULL, "MISMATCH", "%d classes do not go with loss %s", replay->classes,
                     loss->name);
    if (replay->shape.outputs != loss->outputs(replay->classes))
        return FAULT(r, NULL, "MISMATCH", "%d outputs, %d classes with loss %s have %d",
                     replay->shape.outputs, replay->classes, loss->name,
                     loss->outputs(replay->classes));
    if (replay->target_width > 0 ? replay->target_width != replay->shape.outputs
                                 : replay->classes == 0)
        return FAULT(r, NULL, "MISMATCH", "targets of %d numbers, %d outputs", replay->target_width,
                     replay->shape.outputs);
    if (!lg_optims[replay->shape.optim].whole && !(replay->first && replay->last))
        return FAULT(r, NULL, "MISMATCH", "a step of %s has one minibatch",
                     lg_optims[replay->shape.optim].name);
    return LOGIT_OK;
}

/* 1 if a sample of that element can hold the number. */
static int is_element(lg_element element, double value)
{
    uint16_t half;
    if (element == LG_ELEMENT_F32) return 1;
    if (element == LG_ELEMENT_F16) return lg_half_of_float((float)value, &half);
    return value >= 0.0 && value <= 255.0 && value == floor(value);
}

/* What number an array may hold. */
static int is_allowed(const lg_replay *replay, lg_replay_array array, double value)
{
    const int classes = replay->classes;
    if (!isfinite(value)) return 0;
    if (array == LG_REPLAY_PIXELS) return is_element(replay->shape.element, value);
    if (array == LG_REPLAY_WEIGHT) return value >= 0.0;
    if (array != LG_REPLAY_TRUTH || replay->target_width > 0) return 1;
    return value >= 0.0 && value < classes && value == floor(value);
}

static logit_status read_tensor(const reading *r, lg_replay_array array)
{
    int64_t shape[2];
    int rank;
    const int64_t count = lg_replay_shape(r->replay, array, shape, &rank);
    const lg_tensor *tensor = lg_safetensors_find(r->file, names[array]);
    if (count == 0 && !tensor) return LOGIT_OK;
    if (!tensor) return FAULT(r, NULL, "MISMATCH", "tensor \"%s\" is missing", names[array]);
    if (count == 0 || strcmp(tensor->dtype, "F32") != 0 || tensor->rank != rank ||
        memcmp(tensor->shape, shape, (size_t)rank * sizeof *shape) != 0)
        return FAULT(r, tensor->entry, "MISMATCH",
                     "%s does not have the type and shape that the numbers above ask for",
                     names[array]);
    float *values = malloc((size_t)tensor->bytes);
    r->replay->array[array] = values;
    if (!values)
        LG_FAIL(r->err, LOGIT_E_NOMEM, "%s of a replay: %lld bytes", names[array],
                (long long)tensor->bytes);
    LG_TRY(lg_safetensors_read(r->file, tensor, values, r->err));
    for (int64_t i = 0; i < count; i++)
        if (!is_allowed(r->replay, array, (double)values[i]))
            return FAULT(r, tensor->entry, "RANGE", "%s[%lld] is %g", names[array], (long long)i,
                         (double)values[i]);
    return LOGIT_OK;
}

static logit_status read_map(const reading *r)
{
    lg_replay *replay = r->replay;
    LG_TRY(lg_model_map_read(r->file, replay->image, &replay->map, r->err));
    if (!replay->map) return LOGIT_OK;
    replay->shape.lift = &replay->map->lift;
    replay->shape.features = lg_feature_map_features(replay->map);
    return LOGIT_OK;
}

static logit_status read_all(const reading *r)
{
    LG_TRY(read_kinds(r));
    LG_TRY(read_numbers(r));
    LG_TRY(read_all_names(r));
    LG_TRY(check_kinds(r));
    LG_TRY(read_map(r));
    LG_TRY(read_scalars(r));
    for (lg_replay_array i = 0; i < LG_REPLAY_ARRAYS; i++) LG_TRY(read_tensor(r, i));
    return LOGIT_OK;
}

logit_status lg_replay_load(lg_replay *replay, const char *path, logit_error *err)
{
    reading r = {.replay = replay, .err = err};
    *replay = (lg_replay){0};
    LG_TRY(lg_safetensors_open(&r.file, path, err));
    const logit_status status = read_all(&r);
    lg_safetensors_close(r.file);
    if (status != LOGIT_OK) lg_replay_clear(replay);
    return status;
}
