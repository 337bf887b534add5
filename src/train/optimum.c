/* optimum.c -- one lbfgs per setting, and the passes they share. */
/* SPDX-License-Identifier: MIT */
#include "train/optimum.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "train/optimum_parts.h"
#include "train/path.h"
#include "train/separation.h"
#include "train/trainer.h"

enum { BATCH = 1024, BATCH_NUMBERS = 1 << 24 };

const char lg_optimum_name[] = "lbfgs";

int lg_optimum_is_asked(const logit_options *options)
{
    return strcmp(options->optimizer, lg_optimum_name) == 0;
}

static int any_above_zero(const logit_list *list)
{
    for (int i = 0; i < list->count; i++)
        if (list->value[i] != 0.0) return 1;
    return 0;
}

logit_status lg_optimum_fit(const logit_options *o, logit_error *err)
{
    if (!lg_optimum_is_asked(o) && any_above_zero(&o->l1))
        LG_FAIL(err, LOGIT_E_USAGE,
                "--l1: %s does not lead weights to exactly 0; take --optimizer lbfgs",
                o->optimizer);
    const int redraws = o->flip || o->shift || strcmp(o->sampling, "balanced") == 0;
    const char *which = o->lr.count > 0                ? "lr"
                        : any_above_zero(&o->momentum) ? "momentum"
                        : o->nesterov                  ? "nesterov"
                        : o->weight_decay != 0.0       ? "weight-decay"
                        : o->warmup != 0.0             ? "warmup"
                        : o->patience != 0             ? "patience"
                        : o->flip                      ? "flip"
                        : o->shift != 0                ? "shift"
                        : redraws                      ? "sampling balanced"
                                                       : NULL;
    if (!lg_optimum_is_asked(o) || !which) return LOGIT_OK;
    if (redraws)
        LG_FAIL(err, LOGIT_E_USAGE,
                "--%s draws other images in every epoch, and --optimizer lbfgs looks for the "
                "optimum of one set; take another optimizer, or leave it out",
                which);
    LG_FAIL(err, LOGIT_E_USAGE,
            "--%s: --optimizer lbfgs chooses its steps by itself; leave it out, or take gd, sgd "
            "or adam",
            which);
}

int64_t lg_optimum_batch(int64_t asked, int64_t features)
{
    const int64_t fit = BATCH_NUMBERS / features, rows = fit < BATCH ? fit : BATCH;
    return asked > rows ? asked : rows;
}

/* ------------------------------------------------------------------------ opening, closing --- */

static lg_lbfgs_shape shape_of(const lg_trainer *t, int s)
{
    const double mean_square = t->mean_square > 0.0 ? t->mean_square : 1.0;
    return (lg_lbfgs_shape){.weights = (int64_t)t->outputs * t->features,
                            .biases = t->outputs,
                            .l2 = t->setting[s].l2,
                            .l1 = t->setting[s].l1,
                            .unit = sqrt(mean_square / (double)t->features),
                            .length = sqrt(mean_square),
                            .tolerance = t->options.tolerance};
}

static logit_status open_searches(lg_trainer *t, lg_optimum *o, logit_error *err)
{
    float *start = malloc((size_t)(o->weights + o->biases) * sizeof *start);
    if (!start) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the weights");
    logit_status status = LOGIT_OK;
    for (int s = 0; s < o->searches && status == LOGIT_OK; s++) {
        const lg_lbfgs_shape shape = shape_of(t, s);
        status = lg_lbfgs_create(&o->of[s], o->vectors, &shape, err);
        if (status == LOGIT_OK)
            status = lg_problem_get(t->problem, s, start, start + o->weights, err);
        if (status == LOGIT_OK) lg_lbfgs_begin(o->of[s], start);
    }
    free(start);
    return status;
}

logit_status lg_optimum_open(lg_trainer *t, logit_error *err)
{
    lg_optimum *o = calloc(1, sizeof *o);
    if (!o) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for lbfgs");
    t->optimum = o;
    o->is_path = lg_path_is_asked(&t->options);
    o->settings = t->settings;
    o->searches = o->is_path ? 1 : t->settings;
    o->weights = (int64_t)t->outputs * t->features;
    o->biases = t->outputs;
    t->least_weight = lg_separation_least(t);
    o->of = calloc((size_t)t->settings, sizeof(lg_lbfgs *));
    o->moved = calloc((size_t)t->settings, sizeof *o->moved);
    o->ended = calloc((size_t)t->settings, sizeof *o->ended);
    if (!o->of || !o->moved || !o->ended) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for lbfgs");
    LG_TRY(lg_vectors_create(&o->vectors, t->options.threads, o->weights + o->biases, err));
    return open_searches(t, o, err);
}

void lg_optimum_close(lg_optimum *o)
{
    if (!o) return;
    for (int s = 0; o->of && s < o->searches; s++) lg_lbfgs_destroy(o->of[s]);
    lg_vectors_destroy(o->vectors);
    free(o->of);
    free(o->moved);
    free(o->ended);
    free(o);
}

/* ---------------------------------------------------------------------------------- passes --- */

static int is_running(const lg_trainer *t, int s)
{
    const lg_optimum *o = t->optimum;
    if (o->is_path) return s == o->at;
    return !t->setting[s].stopped && lg_lbfgs_describe(o->of[s])->end == LG_LBFGS_RUNNING;
}

static logit_status put(lg_trainer *t, int s, const float *at, logit_error *err)
{
    return lg_problem_put(t->problem, s, at, at + t->optimum->weights, err);
}

logit_status lg_optimum_aim(lg_trainer *t, logit_error *err)
{
    lg_optimum *o = t->optimum;
    o->last = o->at;
    if (o->is_path) return put(t, o->at, lg_lbfgs_trial(o->of[0]), err);
    for (int s = 0; s < t->settings; s++) {
        const float *at = is_running(t, s) ? lg_lbfgs_trial(o->of[s]) : lg_lbfgs_point(o->of[s]);
        if (!t->setting[s].stopped) LG_TRY(put(t, s, at, err));
    }
    return LOGIT_OK;
}

logit_status lg_optimum_settle(lg_trainer *t, logit_error *err)
{
    const lg_optimum *o = t->optimum;
    if (o->is_path)
        return o->at < o->settings ? put(t, o->at, lg_lbfgs_point(o->of[0]), err) : LOGIT_OK;
    for (int s = 0; s < t->settings; s++) LG_TRY(put(t, s, lg_lbfgs_point(o->of[s]), err));
    return LOGIT_OK;
}

void lg_optimum_separated(lg_trainer *t, int s)
{
    lg_optimum *o = t->optimum;
    if (o->is_path && s < o->at)
        o->ended[s].end = LG_LBFGS_SEPARABLE;
    else
        lg_lbfgs_end_here(lg_optimum_search(o, s), LG_LBFGS_SEPARABLE);
}

/* The gradients of setting s, from where the pass left them: of one alone they lie in front. */
static logit_status fetch_gradient(lg_trainer *t, int s, logit_error *err)
{
    const lg_optimum *o = t->optimum;
    const lg_step *step = &t->problem->step;
    const int real = t->backend->ops->real_bytes, place = o->is_path ? 0 : s;
    double *to = lg_lbfgs_gradient(lg_optimum_search(o, s));
    const char *gw = (const char *)step->gw + place * o->weights * real;
    const char *gb = (const char *)step->gb + place * o->biases * real;
    LG_TRY(lg_backend_get_double(t->backend, to, gw, o->weights, err));
    return lg_backend_get_double(t->backend, to + o->weights, gb, o->biases, err);
}

static logit_status tell_setting(lg_trainer *t, int s, logit_error *err)
{
    lg_lbfgs *l = lg_optimum_search(t->optimum, s);
    const lg_total *total = &t->total[s];
    LG_TRY(fetch_gradient(t, s, err));
    const int finite = total->bad_step < 0 && isfinite(total->loss);
    const lg_lbfgs_answer answer = lg_lbfgs_tell(l, finite ? total->loss / t->mass.sum : NAN);
    const lg_lbfgs_figures *f = lg_lbfgs_describe(l);
    if (f->end == LG_LBFGS_NOT_FINITE) {
        lg_trainer_stop_setting(t, s, 0);
        return LOGIT_OK;
    }
    t->optimum->moved[s] = answer == LG_LBFGS_ACCEPTED || answer == LG_LBFGS_ENDED;
    if (answer != LG_LBFGS_SEARCHING && lg_separation_shows(t, s, total->loss))
        lg_lbfgs_end_here(l, LG_LBFGS_SEPARABLE);
    t->setting[s].train_loss = f->loss;
    return answer == LG_LBFGS_ENDED ? put(t, s, lg_lbfgs_point(l), err) : LOGIT_OK;
}

/* The setting that a path is at may be done, or out of passes: the next begins where it ended. */
static logit_status walk_on(lg_trainer *t, logit_error *err)
{
    lg_optimum *o = t->optimum;
    const lg_lbfgs_figures *f = lg_lbfgs_describe(o->of[0]);
    if (f->end == LG_LBFGS_RUNNING && f->evaluations < t->options.epochs) return LOGIT_OK;
    if (f->end == LG_LBFGS_RUNNING) LG_TRY(put(t, o->at, lg_lbfgs_point(o->of[0]), err));
    o->moved[o->at] = 1; /* what its trials left is its point's now */
    o->ended[o->at++] = *f;
    if (o->at == o->settings) return LOGIT_OK;
    const lg_setting *next = &t->setting[o->at];
    lg_lbfgs_go_on(o->of[0], next->l2, next->l1);
    return LOGIT_OK;
}

static logit_status tell_path(lg_trainer *t, logit_error *err)
{
    lg_optimum *o = t->optimum;
    o->moved[o->at] = 0;
    LG_TRY(tell_setting(t, o->at, err));
    if (!t->setting[o->at].stopped) return walk_on(t, err);
    LG_FAIL(err, LOGIT_E_DIVERGED,
            "the loss is not finite at the weights that the path begins with");
}

logit_status lg_optimum_tell(lg_trainer *t, logit_error *err)
{
    int alive = 0;
    if (t->optimum->is_path) return tell_path(t, err);
    for (int s = 0; s < t->settings; s++) {
        t->optimum->moved[s] = 0;
        if (is_running(t, s)) LG_TRY(tell_setting(t, s, err));
        alive += !t->setting[s].stopped;
    }
    if (alive == 0)
        LG_FAIL(err, LOGIT_E_DIVERGED,
                "the loss is not finite at the weights that training begins with");
    return LOGIT_OK;
}

int lg_optimum_is_done(const lg_trainer *t)
{
    for (int s = 0; s < t->settings; s++)
        if (is_running(t, s)) return 0;
    return 1;
}

int lg_optimum_has_moved(const lg_trainer *t, int s)
{
    return lg_optimum_took_part(t, s) && t->optimum->moved[s];
}

/* --------------------------------------------------------------------------- one by one --- */

int lg_optimum_took_part(const lg_trainer *t, int s)
{
    return !t->optimum->is_path || s == t->optimum->last;
}

int lg_optimum_has_begun(const lg_trainer *t, int s)
{
    return !t->optimum->is_path || s <= t->optimum->last;
}

int lg_optimum_is_over(const lg_trainer *t, int s)
{
    return t->optimum->is_path ? s < t->optimum->at : !is_running(t, s);
}

int lg_optimum_first(const lg_trainer *t)
{
    return t->optimum && t->optimum->is_path ? t->optimum->last : 0;
}

lg_problem lg_optimum_view(const lg_trainer *t)
{
    return t->optimum && t->optimum->is_path ? lg_problem_narrow(t->problem, t->optimum->last)
                                             : *t->problem;
}

int lg_optimum_most_passes(const lg_trainer *t)
{
    const int64_t all = (int64_t)t->options.epochs * t->settings;
    if (!lg_path_is_asked(&t->options)) return t->options.epochs;
    return all < INT_MAX ? (int)all : INT_MAX;
}
