/* optimum.c -- one lbfgs per setting, and the passes they share. */
/* SPDX-License-Identifier: MIT */
#include "train/optimum.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "train/separation.h"
#include "train/trainer.h"

enum { BATCH = 1024, BATCH_NUMBERS = 1 << 24 };

const char lg_optimum_name[] = "lbfgs";

struct lg_optimum {
    lg_vectors *vectors;
    lg_lbfgs **of; /* [settings] */
    int *moved;    /* [settings]: in the last pass */
    int settings;
    int64_t weights, biases; /* of one */
};

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

static logit_status open_settings(lg_trainer *t, lg_optimum *o, logit_error *err)
{
    float *start = malloc((size_t)(o->weights + o->biases) * sizeof *start);
    if (!start) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the weights");
    logit_status status = LOGIT_OK;
    for (int s = 0; s < t->settings && status == LOGIT_OK; s++) {
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
    o->settings = t->settings;
    o->weights = (int64_t)t->outputs * t->features;
    o->biases = t->outputs;
    t->least_weight = lg_separation_least(t);
    o->of = calloc((size_t)t->settings, sizeof(lg_lbfgs *));
    o->moved = calloc((size_t)t->settings, sizeof *o->moved);
    if (!o->of || !o->moved) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for lbfgs");
    LG_TRY(lg_vectors_create(&o->vectors, t->options.threads, o->weights + o->biases, err));
    return open_settings(t, o, err);
}

void lg_optimum_close(lg_optimum *o)
{
    if (!o) return;
    for (int s = 0; o->of && s < o->settings; s++) lg_lbfgs_destroy(o->of[s]);
    lg_vectors_destroy(o->vectors);
    free(o->of);
    free(o->moved);
    free(o);
}

/* ---------------------------------------------------------------------------------- passes --- */

static int is_running(const lg_trainer *t, int s)
{
    return !t->setting[s].stopped && lg_lbfgs_describe(t->optimum->of[s])->end == LG_LBFGS_RUNNING;
}

logit_status lg_optimum_aim(lg_trainer *t, logit_error *err)
{
    const lg_optimum *o = t->optimum;
    for (int s = 0; s < t->settings; s++) {
        const float *at = is_running(t, s) ? lg_lbfgs_trial(o->of[s]) : lg_lbfgs_point(o->of[s]);
        if (!t->setting[s].stopped) LG_TRY(lg_problem_put(t->problem, s, at, at + o->weights, err));
    }
    return LOGIT_OK;
}

logit_status lg_optimum_settle(lg_trainer *t, logit_error *err)
{
    const lg_optimum *o = t->optimum;
    for (int s = 0; s < t->settings; s++) {
        const float *at = lg_lbfgs_point(o->of[s]);
        LG_TRY(lg_problem_put(t->problem, s, at, at + o->weights, err));
    }
    return LOGIT_OK;
}

void lg_optimum_separated(lg_trainer *t, int s)
{
    lg_lbfgs_end_here(t->optimum->of[s], LG_LBFGS_SEPARABLE);
}

/* The gradients of setting s, from where the pass left them. */
static logit_status fetch_gradient(lg_trainer *t, int s, logit_error *err)
{
    const lg_optimum *o = t->optimum;
    const lg_step *step = &t->problem->step;
    const int real = t->backend->ops->real_bytes;
    double *to = lg_lbfgs_gradient(o->of[s]);
    const char *gw = (const char *)step->gw + s * o->weights * real;
    const char *gb = (const char *)step->gb + s * o->biases * real;
    LG_TRY(lg_backend_get_double(t->backend, to, gw, o->weights, err));
    return lg_backend_get_double(t->backend, to + o->weights, gb, o->biases, err);
}

static logit_status tell_setting(lg_trainer *t, int s, logit_error *err)
{
    lg_lbfgs *l = t->optimum->of[s];
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
    return LOGIT_OK;
}

logit_status lg_optimum_tell(lg_trainer *t, logit_error *err)
{
    int alive = 0;
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
    return t->optimum->moved[s];
}

/* ------------------------------------------------------------------------- what became of it ---
 */

static double gradient_norm(const lg_lbfgs_figures *f)
{
    return hypot(f->weight_norm, f->bias_norm);
}

void lg_optimum_summarise(const lg_trainer *t, logit_summary *summary)
{
    static const char *const reason[] = {
        [LG_LBFGS_RUNNING] = "not converged, for --epochs allowed no more",
        [LG_LBFGS_CONVERGED] = "converged",
        [LG_LBFGS_STALLED] = "stopped where float32 leaves nothing to gain",
        [LG_LBFGS_SEPARABLE] = "stopped, for there is no optimum: the classes can be separated",
        [LG_LBFGS_NOT_FINITE] = "stopped, for the loss was not finite",
    };
    const lg_lbfgs_figures *f = lg_lbfgs_describe(t->optimum->of[summary->setting]);
    char gap[100] = "", zeros[120] = "";
    if (t->setting[summary->setting].l1 > 0.0)
        snprintf(zeros, sizeof zeros, " (largest KKT residual %.2g); %lld of %lld weights are 0",
                 f->largest, (long long)f->zeros, (long long)t->optimum->weights);
    if (isfinite(f->gap))
        snprintf(gap, sizeof gap, "; the objective is at most %.2g above its optimum", f->gap);
    snprintf(summary->ended, sizeof summary->ended, "%s after %lld passes, |gradient| %.2g%s%s",
             reason[f->end], (long long)f->evaluations, gradient_norm(f), zeros, gap);
    summary->zeros = f->zeros;
    summary->gradient = gradient_norm(f);
    summary->gap = f->gap;
}

void lg_optimum_write(const lg_trainer *t, int s, lg_text *out)
{
    static const char *const end[] = {
        [LG_LBFGS_RUNNING] = "passes",        [LG_LBFGS_CONVERGED] = "converged",
        [LG_LBFGS_STALLED] = "rounding",      [LG_LBFGS_SEPARABLE] = "separable",
        [LG_LBFGS_NOT_FINITE] = "not finite",
    };
    const lg_lbfgs_figures *f = lg_lbfgs_describe(t->optimum->of[s]);
    lg_text_add(out,
                ",\"ended\":\"%s\",\"passes\":%lld,\"iterations\":%lld,\"gradient\":", end[f->end],
                (long long)f->evaluations, (long long)f->iterations);
    lg_text_add_number(out, gradient_norm(f));
    lg_text_add(out, ",\"residual\":");
    lg_text_add_number(out, f->largest);
    lg_text_add(out, ",\"zeros\":%lld", (long long)f->zeros);
    lg_text_add(out, ",\"gap\":");
    lg_text_add_number(out, f->gap);
}

/* ------------------------------------------------------------------------------- checkpoint --- */

size_t lg_optimum_state_bytes(const lg_trainer *t)
{
    size_t bytes = 0;
    for (int s = 0; t->optimum && s < t->settings; s++)
        bytes += lg_lbfgs_state_bytes(t->optimum->of[s]);
    return bytes;
}

void lg_optimum_get_state(const lg_trainer *t, void *to)
{
    char *at = to;
    for (int s = 0; t->optimum && s < t->settings; s++) {
        lg_lbfgs_get_state(t->optimum->of[s], at);
        at += lg_lbfgs_state_bytes(t->optimum->of[s]);
    }
}

void lg_optimum_put_state(lg_trainer *t, const void *from)
{
    const char *at = from;
    for (int s = 0; t->optimum && s < t->settings; s++) {
        lg_lbfgs_put_state(t->optimum->of[s], at);
        at += lg_lbfgs_state_bytes(t->optimum->of[s]);
    }
}
