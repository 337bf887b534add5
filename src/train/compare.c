/* compare.c -- opens a training and its devices, asks, and puts the answer into words.
 *
 * Layer 2 (train).  The training is opened as a rehearsal (trainer.h): every choice is made on the
 * processor, so that all parties, and all machines, compare the same thing. */
/* SPDX-License-Identifier: MIT */
#include "train/compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/status.h"
#include "train/compare_record.h"
#include "train/settings.h"

void logit_compare_options_default(logit_compare_options *options)
{
    *options = (logit_compare_options){.mode = "lockstep", .steps = 100, .tolerance = 1e-5};
    logit_options_default(&options->train);
}

void logit_comparison_clear(logit_comparison *comparison)
{
    free(comparison->drift);
    *comparison = (logit_comparison){0};
}

/* -------------------------------------------------------------------------------- options --- */

/* What is asked, in one word; NULL if it is no word that is known. */
static const char *mode_of(const logit_compare_options *o, const logit_model *model)
{
    if (o->replay) return "replay";
    if (model) return "model";
    if (o->self_test) return "self-test";
    return strcmp(o->mode, "free") == 0       ? "free"
           : strcmp(o->mode, "lockstep") == 0 ? "lockstep"
                                              : NULL;
}

static logit_status hold_options(const logit_compare_options *o, const char *mode, logit_error *err)
{
    if (!mode) LG_FAIL(err, LOGIT_E_USAGE, "--mode \"%.40s\": expected lockstep or free", o->mode);
    if (o->train.folds > 0)
        LG_FAIL(err, LOGIT_E_USAGE, "--folds: one training is judged; leave it out");
    if (o->steps < 1)
        LG_FAIL(err, LOGIT_E_USAGE, "--steps %lld: expected at least 1", (long long)o->steps);
    if (!(o->tolerance > 0.0 && o->tolerance < 1.0))
        LG_FAIL(err, LOGIT_E_USAGE, "--tolerance %g: expected a number above 0 and below 1",
                o->tolerance);
    if ((o->record || o->against) && strcmp(mode, "lockstep") != 0)
        LG_FAIL(err, LOGIT_E_USAGE,
                "--%s goes with --mode lockstep, not with %s: a record holds every stage",
                o->record ? "record" : "against", mode);
    if (o->record && o->against)
        LG_FAIL(err, LOGIT_E_USAGE, "--record and --against: one run either writes or reads");
    if (o->stress && strcmp(mode, "lockstep") != 0)
        LG_FAIL(err, LOGIT_E_USAGE, "--stress goes with --mode lockstep, not with %s", mode);
    return LOGIT_OK;
}

/* Whether "cuda" can be opened; if not, note says why. */
static int has_gpu(lg_device_note *note)
{
    lg_backend *backend;
    logit_error why = {.message = ""};
    const lg_backend_options how = {.threads = 1};
    const int usable = lg_backend_open(&backend, "cuda", &how, &why) == LOGIT_OK;
    lg_backend_close(backend);
    snprintf(note->why, sizeof note->why, "%s", why.message);
    return usable;
}

static void choose_devices(lg_compare *c)
{
    const int gpu = has_gpu(&c->device_note);
    c->device[0] = gpu ? "cuda" : "cpu";
    c->device[1] = gpu && !c->options->against ? "cpu" : NULL;
}

void lg_compare_tell_devices(const lg_compare *c)
{
    char brief[100];
    if (!c->device_note.why[0]) return;
    lg_device_brief(brief, sizeof brief, c->device_note.why);
    lg_report_message(c->watch, LOGIT_LEVEL_NOTICE, "comparing cpu with %s, since %s",
                      c->options->against ? "the record" : "ref", brief);
    lg_report_message(c->watch, LOGIT_LEVEL_INFO, "%s", c->device_note.why);
}

static int is_reference(const char *device)
{
    return device && strcmp(device, "ref") == 0;
}

/* The number type that was asked for is that of a GPU's matmuls; the processor knows one alone. */
lg_precision lg_compare_precision(const lg_compare *c, const char *device)
{
    return strcmp(device, "cpu") == 0 || is_reference(device)
               ? LG_PRECISION_F32
               : lg_precision_find(c->options->train.precision);
}

/* A number type that no device of the two has was not meant. */
static logit_status hold_precision(const lg_compare *c, logit_error *err)
{
    const lg_precision wanted = lg_precision_find(c->options->train.precision);
    for (int i = 0; i < 2; i++)
        if (c->device[i] && lg_compare_precision(c, c->device[i]) == wanted) return LOGIT_OK;
    LG_FAIL(err, LOGIT_E_USAGE,
            "--precision %s: it takes a GPU, and none is compared; leave it out, or name one in "
            "--devices",
            c->options->train.precision);
}

/* What is compared are steps that a device does. */
static logit_status hold_optimizer(const lg_compare *c, logit_error *err)
{
    if (!lg_optimum_is_asked(&c->options->train)) return LOGIT_OK;
    LG_FAIL(err, LOGIT_E_USAGE,
            "--optimizer lbfgs moves the weights on the processor, whatever the device: compare "
            "has no step of it to judge; take gd, whose gradients are the same");
}

/* Before anything is read: a device that is not there is said at once. */
static logit_status try_device(const lg_compare *c, const char *device, logit_error *err)
{
    lg_backend *backend;
    if (!device || strcmp(device, "cpu") == 0) return LOGIT_OK;
    const lg_backend_options how = {.threads = 1, .precision = lg_compare_precision(c, device)};
    LG_TRY(lg_backend_open(&backend, device, &how, err));
    lg_backend_close(backend);
    return LOGIT_OK;
}

/* A and B as they were given.  The reference is always there beside them. */
static logit_status take_devices(lg_compare *c, logit_error *err)
{
    const char *a = c->options->device[0], *b = c->options->device[1];
    if (is_reference(a)) {
        a = b;
        b = NULL;
    }
    if (!a || is_reference(a))
        LG_FAIL(err, LOGIT_E_USAGE,
                "--devices: the reference is always there; name what is to be held against it, "
                "such as cpu,ref or cuda,cpu");
    if (is_reference(b)) b = NULL;
    if (c->options->against && b)
        LG_FAIL(err, LOGIT_E_USAGE,
                "--against takes the place of the second device: give one alone, as in "
                "--devices %.20s",
                a);
    c->device[0] = a;
    c->device[1] = b;
    return LOGIT_OK;
}

static logit_status name_devices(lg_compare *c, logit_error *err)
{
    if (c->options->device[0] || c->options->device[1])
        LG_TRY(take_devices(c, err));
    else
        choose_devices(c);
    LG_TRY(hold_precision(c, err));
    LG_TRY(hold_optimizer(c, err));
    LG_TRY(try_device(c, c->device[0], err));
    return try_device(c, c->device[1], err);
}

/* -------------------------------------------------------------------------------- parties --- */

logit_status lg_compare_open_parties(lg_compare *c, const lg_problem_shape *shape, int target_width,
                                     logit_error *err)
{
    lg_compare_tell_devices(c);
    for (int i = 0; i < LG_COMPARE_PARTIES; i++) {
        const char *device = i == LG_COMPARE_REF ? "ref" : c->device[i];
        if (!device) continue;
        LG_TRY(lg_party_open(&c->party[i], device, lg_compare_precision(c, device),
                             c->trainer.options.threads, shape, target_width, err));
        snprintf(c->out->device[i], sizeof c->out->device[i], "%s", c->party[i]->device);
    }
    if (c->opened) c->opened(c);
    return LOGIT_OK;
}

/* The weights that training begins with, to every party. */
static logit_status put_start(lg_compare *c, const float *weight, const float *bias, double *wide,
                              logit_error *err)
{
    const lg_trainer *t = &c->trainer;
    const int64_t weights = t->settings * t->outputs * t->features,
                  biases = t->settings * t->outputs;
    for (int i = 0; i < LG_COMPARE_PARTIES; i++) {
        if (!c->party[i]) continue;
        for (int64_t j = 0; j < weights; j++) wide[j] = (double)weight[j];
        LG_TRY(lg_party_put(c->party[i], LG_ARRAY_W, wide, err));
        for (int64_t j = 0; j < biases; j++) wide[j] = (double)bias[j];
        LG_TRY(lg_party_put(c->party[i], LG_ARRAY_B, wide, err));
    }
    return LOGIT_OK;
}

static logit_status start_weights(lg_compare *c, logit_error *err)
{
    const lg_trainer *t = &c->trainer;
    const size_t rows = (size_t)t->settings * (size_t)t->outputs, d = (size_t)t->features;
    float *weight = malloc(rows * d * sizeof *weight), *bias = malloc(rows * sizeof *bias);
    double *wide = malloc(rows * d * sizeof *wide);
    logit_status status = LOGIT_OK;
    if (!weight || !bias || !wide)
        status = lg_fail(err, LOGIT_E_NOMEM, __FILE__, __LINE__,
                         "out of memory for %zu weights of a comparison", rows * d);
    for (int s = 0; s < t->settings && status == LOGIT_OK; s++)
        status = lg_problem_get(t->problem, s, weight + (size_t)s * (size_t)t->outputs * d,
                                bias + (size_t)s * (size_t)t->outputs, err);
    if (status == LOGIT_OK) status = put_start(c, weight, bias, wide, err);
    free(weight);
    free(bias);
    free(wide);
    return status;
}

logit_status lg_compare_open_training(lg_compare *c, logit_error *err)
{
    lg_trainer *t = &c->trainer;
    LG_TRY(lg_trainer_open(t, err));
    const lg_problem_shape shape = {.features = t->features,
                                    .lift = lg_feature_map_lift(t->map),
                                    .batch = t->options.batch_size,
                                    .element = t->sources.part[LG_PART_TRAIN].set->element,
                                    .outputs = t->outputs,
                                    .settings = t->settings,
                                    .loss = t->loss,
                                    .optim = t->optim,
                                    .nesterov = t->options.nesterov};
    c->scalars = calloc((size_t)t->settings, sizeof *c->scalars);
    if (!c->scalars) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for %d settings", t->settings);
    LG_TRY(
        lg_compare_open_parties(c, &shape, t->sources.part[LG_PART_TRAIN].set->target_width, err));
    const lg_normal normal = lg_trainer_normal(t);
    for (int i = 0; i < LG_COMPARE_PARTIES; i++)
        if (c->party[i]) LG_TRY(lg_problem_set_normal(c->party[i]->problem, &normal, err));
    LG_TRY(start_weights(c, err));
    return lg_report_start(t, err);
}

/* ------------------------------------------------------------------------------- training --- */

/* The reference's loss on the first minibatch of the training, with the weights that it has. */
static logit_status first_loss(lg_compare *c, double *loss, logit_error *err)
{
    const int64_t steps = c->out->steps, samples = c->out->samples;
    lg_party *ref = c->party[LG_COMPARE_REF];
    LG_TRY(lg_compare_begin(c, err));
    double *rows = malloc((size_t)c->mini->count * (size_t)c->trainer.settings * sizeof *rows);
    if (!rows) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the losses of a batch");
    ref->problem->step.keep_logits = 1;
    logit_status status = lg_party_batch(ref, c->mini, c->scalars, err);
    for (lg_stage stage = LG_STAGE_PIXELS; stage <= LG_STAGE_LOSS && status == LOGIT_OK; stage++)
        status = lg_party_run(ref, stage, err);
    if (status == LOGIT_OK) status = lg_party_get(ref, LG_ARRAY_ROW_LOSS, rows, err);
    ref->problem->step.keep_logits = 0;
    *loss = 0.0;
    for (int s = 0; s < c->trainer.settings && status == LOGIT_OK; s++)
        *loss += lg_compare_mean(c, rows, s) / c->trainer.settings;
    free(rows);
    c->out->steps = steps;
    c->out->samples = samples;
    return status;
}

/* ------------------------------------------------------------------------------------ all --- */

static logit_status ask_training(lg_compare *c, logit_error *err)
{
    logit_comparison *out = c->out;
    LG_TRY(lg_compare_open_training(c, err));
    LG_TRY(first_loss(c, &out->loss_start, err));
    if (c->options->self_test) return lg_compare_self_test(c, err);
    LG_TRY(lg_record_open(c, err));
    LG_TRY(strcmp(out->mode, "free") == 0 ? lg_compare_free(c, err) : lg_compare_lockstep(c, err));
    LG_TRY(lg_record_finish(c, err));
    return first_loss(c, &out->loss_end, err);
}

static logit_status ask(lg_compare *c, const char *data, logit_model *model, logit_error *err)
{
    const logit_compare_options *o = c->options;
    LG_TRY(hold_options(o, c->out->mode, err));
    LG_TRY(lg_options_settle(&c->trainer.options, err));
    LG_TRY(name_devices(c, err));
    if (o->out) LG_TRY(lg_folder_make(o->out, err));
    LG_TRY(o->replay ? lg_compare_replay(c, err)
           : model   ? lg_compare_model(c, model, data, err)
                     : ask_training(c, err));
    const logit_status verdict = lg_compare_judge(c, err);
    if (o->out) LG_TRY(lg_compare_write(c->out, o->out, err));
    return verdict;
}

void lg_compare_close(lg_compare *c)
{
    lg_record_close(c);
    for (int i = 0; i < LG_COMPARE_PARTIES; i++) lg_party_close(c->party[i]);
    lg_trainer_close(&c->trainer);
    free(c->scalars);
}

static int is_verdict(logit_status status)
{
    return status == LOGIT_OK || status == LOGIT_E_CHECK || status == LOGIT_E_INCONCLUSIVE;
}

logit_status logit_compare(const char *data, logit_model *model,
                           const logit_compare_options *options, const logit_watch *watch,
                           logit_comparison *out, logit_error *err)
{
    *out = (logit_comparison){.mode = mode_of(options, model),
                              .first = {.step = -1},
                              .loss = {NAN, NAN, NAN},
                              .loss_start = NAN,
                              .loss_end = NAN,
                              .margin = NAN,
                              .largest_logit = NAN,
                              .smallest_probability = NAN};
    for (int i = 0; i < LOGIT_COMPARE_STAGES; i++) out->smallest_fault[i] = NAN;
    lg_compare c = {.options = options, .watch = watch, .out = out};
    c.trainer = (lg_trainer){.path = data,
                             .options = options->train,
                             .watch = watch,
                             .rehearsal = 1,
                             .started = lg_seconds()};
    const logit_status status = ask(&c, data, model, err);
    lg_compare_close(&c);
    if (!is_verdict(status)) logit_comparison_clear(out);
    return status;
}
