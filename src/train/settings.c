/* settings.c -- one row per range. */
/* SPDX-License-Identifier: MIT */
#include "train/settings.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/status.h"
#include "data/dataset.h"
#include "data/order.h"
#include "train/folds.h"
#include "train/model.h"
#include "train/optimum.h"
#include "train/path.h"
#include "train/trainer.h"

void logit_options_default(logit_options *options)
{
    *options = (logit_options){
        .device = "auto",
        .precision = "f32",
        .val_split = 0.1,
        .pick = "best",
        .normalize = "standard",
        .shuffle = "auto",
        .labels = "auto",
        .sampling = "all",
        .decoder = "auto",
        .on_bad = "fail",
        .max_bad = 0.001,
        .loss = "auto",
        .init = "prior",
        .l1 = {1, {0.0}},
        .label_smoothing = {1, {0.0}},
        .momentum = {1, {0.0}},
        .optimizer = "adam",
        .tolerance = 1e-5,
        .schedule = "auto",
        .step_factor = 0.1,
        .metric = "loss",
        .batch_size = 128,
        .checkpoint_seconds = 60.0,
        .log_steps = 1000,
        .temperature = 1.0,
    };
}

/* value, where it may lie, and whether the ends belong to it. */
typedef struct range {
    const char *name;
    double value, least, most;
    int least_open, most_open;
} range;

static logit_status hold(const range *r, logit_error *err)
{
    const int low = r->least_open ? r->value > r->least : r->value >= r->least;
    const int high = r->most_open ? r->value < r->most : r->value <= r->most;
    if (low && high) return LOGIT_OK;
    LG_FAIL(err, LOGIT_E_USAGE, "--%s %g: expected a number %s %g and %s %g", r->name, r->value,
            r->least_open ? "above" : "of at least", r->least, r->most_open ? "below" : "at most",
            r->most);
}

static logit_status hold_list(const char *name, const logit_list *list, double most, int most_open,
                              logit_error *err)
{
    if (list->count < 0 || list->count > LOGIT_MAX_LIST)
        LG_FAIL(err, LOGIT_E_USAGE, "--%s: %d values, at most %d fit", name, list->count,
                LOGIT_MAX_LIST);
    for (int i = 0; i < list->count; i++) {
        const range r = {name, list->value[i], 0.0, most, 0, most_open};
        LG_TRY(hold(&r, err));
    }
    return LOGIT_OK;
}

static logit_status hold_ranges(const logit_options *o, logit_error *err)
{
    const range ranges[] = {
        {"threads", o->threads, 0, 4096, 0, 0},
        {"memory", (double)o->memory, 0, 0x1p60, 0, 0},
        {"device-memory", (double)o->device_memory, 0, 0x1p60, 0, 0},
        {"val-split", o->val_split, 0, 1, 0, 1},
        {"folds", o->folds, 0, 1e9, 0, 0},
        {"size", o->height, 0, 16384, 0, 0},
        {"size", o->width, 0, 16384, 0, 0},
        {"max-bad", o->max_bad, 0, 1, 0, 0},
        {"shift", o->shift, 0, 16383, 0, 0},
        {"weight-decay", o->weight_decay, 0, 1e30, 0, 0},
        {"warmup", o->warmup, 0, 1e9, 0, 0},
        {"step-every", o->step_every, 0, 1e9, 0, 0},
        {"step-factor", o->step_factor, 0, 1, 0, 0},
        {"tolerance", o->tolerance, 0, 1, 0, 1},
        {"epochs", o->epochs, 0, 1e9, 0, 0},
        {"patience", o->patience, 0, 1e9, 0, 0},
        {"batch-size", (double)o->batch_size, 1, 0x1p30, 0, 0},
        {"top", o->top_k, 0, 1e6, 0, 0},
        {"checkpoint-every", (double)o->checkpoint_steps, 0, 0x1p60, 0, 0},
        {"checkpoint-every", o->checkpoint_seconds, 0, 1e9, 0, 0},
        {"log-every", (double)o->log_steps, 0, 0x1p60, 0, 0},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) LG_TRY(hold(&ranges[i], err));
    LG_TRY(hold_list("lr", &o->lr, 1e300, 0, err));
    LG_TRY(hold_list("l2", &o->l2, 1e300, 0, err));
    LG_TRY(hold_list("l1", &o->l1, 1e300, 0, err));
    LG_TRY(hold_list("momentum", &o->momentum, 1.0, 1, err));
    return hold_list("label-smoothing", &o->label_smoothing, 1.0, 0, err);
}

/* One of two words. */
static logit_status hold_word(const char *name, const char *value, const char *a, const char *b,
                              logit_error *err)
{
    if (strcmp(value, a) == 0 || strcmp(value, b) == 0) return LOGIT_OK;
    LG_FAIL(err, LOGIT_E_USAGE, "--%s \"%s\": expected %s or %s", name, value, a, b);
}

/* Under the sandbox's rules nothing may allocate but stb, in its arena. */
static logit_status hold_untrusted(lg_decoding decoding, const logit_options *options,
                                   logit_error *err)
{
    const char *name = lg_decoding_name(decoding);
    if (!options->untrusted || decoding == LG_DECODING_STB) return LOGIT_OK;
    if (strcmp(options->decoder, "auto") != 0)
        LG_FAIL(err, LOGIT_E_USAGE,
                "--untrusted goes with --decoder stb alone: %s asks the system for memory, which a "
                "decoder of untrusted files may not",
                name);
    LG_FAIL(err, LOGIT_E_USAGE,
            "--untrusted: the model learnt from images that %s decoded, and %s asks the system for "
            "memory, which a decoder of untrusted files may not; with --decoder stb some pixels "
            "differ by a few of 255",
            name, name);
}

logit_status lg_decoder_choose(lg_decoding *out, const logit_options *options,
                               const logit_model *model, const logit_watch *watch, logit_error *err)
{
    *out = model ? model->decoding : LG_DECODING_STB;
    if (strcmp(options->decoder, "auto") == 0 && lg_decoding_is_built(*out))
        return hold_untrusted(*out, options, err);
    if (strcmp(options->decoder, "auto") == 0) {
        lg_report_message(
            watch, LOGIT_LEVEL_WARNING,
            "the model learnt from images that %s decoded, which this logit was built "
            "without: stb decodes them here, and some pixels differ by a few of 255",
            lg_decoding_name(*out));
        *out = LG_DECODING_STB;
        return LOGIT_OK;
    }
    *out = lg_decoding_find(options->decoder);
    if (*out == LG_DECODING_COUNT)
        LG_FAIL(err, LOGIT_E_USAGE, "--decoder \"%s\": expected auto, stb or turbo",
                options->decoder);
    if (!lg_decoding_is_built(*out))
        LG_FAIL(err, LOGIT_E_USAGE,
                "--decoder %s: this logit was built without it; install the package %s and build "
                "it anew, or use --decoder stb",
                options->decoder, lg_decoding_package(*out));
    return hold_untrusted(*out, options, err);
}

static logit_status hold_words(const logit_options *o, logit_error *err)
{
    LG_TRY(hold_word("normalize", o->normalize, "standard", "unit", err));
    LG_TRY(hold_word("on-bad", o->on_bad, "fail", "skip", err));
    if (lg_label_find(o->labels) < 0)
        LG_FAIL(err, LOGIT_E_USAGE, "--labels \"%s\": expected auto, coarse or fine", o->labels);
    lg_decoding decoding;
    LG_TRY(lg_decoder_choose(&decoding, o, NULL, NULL, err));
    LG_TRY(hold_word("sampling", o->sampling, "all", "balanced", err));
    LG_TRY(hold_word("pick", o->pick, "best", "1se", err));
    LG_TRY(lg_folds_fit(o, err));
    LG_TRY(hold_word("metric", o->metric, "loss", "accuracy", err));
    LG_TRY(hold_word("init", o->init, "prior", "zero", err));
    if (strcmp(o->shuffle, "auto") != 0 && lg_shuffle_find(o->shuffle) < 0)
        LG_FAIL(err, LOGIT_E_USAGE, "--shuffle \"%s\": expected auto, full, block or none",
                o->shuffle);
    if (o->channels != 0 && o->channels != 1 && o->channels != 3)
        LG_FAIL(err, LOGIT_E_USAGE, "--channels %d: expected 1 or 3", o->channels);
    if ((o->height == 0) != (o->width == 0))
        LG_FAIL(err, LOGIT_E_USAGE, "--size: height and width go together, as in 64x64");
    if (lg_precision_find(o->precision) == LG_PRECISION_COUNT)
        LG_FAIL(err, LOGIT_E_USAGE, "--precision: there is no precision \"%s\"", o->precision);
    if (strcmp(o->loss, "auto") != 0 && lg_loss_find(o->loss) == LG_LOSS_COUNT)
        LG_FAIL(err, LOGIT_E_USAGE, "--loss: there is no loss \"%s\"", o->loss);
    LG_TRY(lg_optimum_fit(o, err));
    if (lg_optim_find(o->optimizer) == LG_OPTIM_COUNT && !lg_optimum_is_asked(o))
        LG_FAIL(err, LOGIT_E_USAGE, "--optimizer: there is no optimizer \"%s\"", o->optimizer);
    if (strcmp(o->schedule, "auto") != 0 && lg_schedule_find(o->schedule) == LG_SCHEDULE_COUNT)
        LG_FAIL(err, LOGIT_E_USAGE, "--schedule: there is no schedule \"%s\"", o->schedule);
    return LOGIT_OK;
}

logit_status lg_options_settle(logit_options *options, logit_error *err)
{
    int64_t total, available;
    LG_TRY(lg_path_apply(options, err));
    LG_TRY(hold_ranges(options, err));
    LG_TRY(hold_words(options, err));
    if (options->threads == 0) options->threads = lg_processor_count();
    lg_memory_read(&total, &available);
    if (options->memory == 0) options->memory = total > 0 ? available / 2 + 1 : (int64_t)1 << 30;
    return LOGIT_OK;
}

logit_status lg_settings_combine(struct lg_setting **out, int *count, const logit_options *o,
                                 logit_error *err)
{
    *out = NULL;
    const int lrs = o->lr.count > 0 ? o->lr.count : 1;
    const int l2s = o->l2.count > 0 ? o->l2.count : 1;
    const int64_t all =
        (int64_t)lrs * l2s * o->momentum.count * o->label_smoothing.count * o->l1.count;
    if (all < 1 || all > LG_MAX_SETTINGS)
        LG_FAIL(err, LOGIT_E_USAGE,
                "%lld combinations of hyperparameters: at most %d are trained "
                "at once",
                (long long)all, LG_MAX_SETTINGS);
    lg_setting *list = calloc((size_t)all, sizeof *list);
    if (!list) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the settings");
    for (int i = 0; i < (int)all; i++) {
        int rest = i;
        list[i] =
            (lg_setting){.bad_step = -1, .train_loss = NAN, .val_loss = NAN, .val_accuracy = NAN};
        list[i].lr = o->lr.count > 0 ? o->lr.value[rest % lrs] : NAN;
        rest /= lrs;
        list[i].momentum = o->momentum.value[rest % o->momentum.count];
        rest /= o->momentum.count;
        list[i].smoothing = o->label_smoothing.value[rest % o->label_smoothing.count];
        rest /= o->label_smoothing.count;
        list[i].l2 = o->l2.count > 0 ? o->l2.value[rest % l2s] : NAN;
        list[i].l1 = o->l1.value[rest / l2s];
    }
    *out = list;
    *count = (int)all;
    return LOGIT_OK;
}
