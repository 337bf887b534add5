/* optimum_result.c -- what became of each setting, for people and records; and checkpoints. */
/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "train/optimum_parts.h"
#include "train/trainer.h"

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
    const lg_lbfgs_figures *f = lg_optimum_figures(t->optimum, summary->setting);
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

static const char *const ends[] = {
    [LG_LBFGS_RUNNING] = "passes",        [LG_LBFGS_CONVERGED] = "converged",
    [LG_LBFGS_STALLED] = "rounding",      [LG_LBFGS_SEPARABLE] = "separable",
    [LG_LBFGS_NOT_FINITE] = "not finite",
};

void lg_optimum_write(const lg_trainer *t, int s, lg_text *out)
{
    const lg_lbfgs_figures *f = lg_optimum_figures(t->optimum, s);
    lg_text_add(out,
                ",\"ended\":\"%s\",\"passes\":%lld,\"iterations\":%lld,\"gradient\":", ends[f->end],
                (long long)f->evaluations, (long long)f->iterations);
    lg_text_add_number(out, gradient_norm(f));
    lg_text_add(out, ",\"residual\":");
    lg_text_add_number(out, f->largest);
    lg_text_add(out, ",\"zeros\":%lld", (long long)f->zeros);
    lg_text_add(out, ",\"gap\":");
    lg_text_add_number(out, f->gap);
}

void lg_optimum_result(const lg_trainer *t, logit_setting *result)
{
    const int s = result->setting;
    result->objective = result->gap = NAN;
    if (!t->optimum || t->setting[s].stopped || !lg_optimum_has_begun(t, s)) return;
    const lg_lbfgs_figures *f = lg_optimum_figures(t->optimum, s);
    result->passes = f->evaluations;
    result->zeros = f->zeros;
    result->objective = f->objective;
    result->gap = f->gap;
    if (!t->stopping || f->end != LG_LBFGS_RUNNING) result->ended = ends[f->end];
}

int64_t lg_optimum_passes(const lg_trainer *t, int s)
{
    return lg_optimum_has_begun(t, s) ? lg_optimum_figures(t->optimum, s)->evaluations : 0;
}

/* ------------------------------------------------------------------------------- checkpoint ---
 *
 * The searches, one after the other; of a path also where it is, and the figures behind it. */

size_t lg_optimum_state_bytes(const lg_trainer *t)
{
    const lg_optimum *o = t->optimum;
    size_t bytes = 0;
    for (int s = 0; o && s < o->searches; s++) bytes += lg_lbfgs_state_bytes(o->of[s]);
    if (o && o->is_path) bytes += 2 * sizeof(int) + (size_t)o->settings * sizeof *o->ended;
    return bytes;
}

void lg_optimum_get_state(const lg_trainer *t, void *to)
{
    const lg_optimum *o = t->optimum;
    char *at = to;
    for (int s = 0; o && s < o->searches; s++) {
        lg_lbfgs_get_state(o->of[s], at);
        at += lg_lbfgs_state_bytes(o->of[s]);
    }
    if (!o || !o->is_path) return;
    const int where[2] = {o->at, o->last};
    memcpy(at, where, sizeof where);
    memcpy(at + sizeof where, o->ended, (size_t)o->settings * sizeof *o->ended);
}

static void put_path(lg_trainer *t, const char *from)
{
    lg_optimum *o = t->optimum;
    int where[2];
    memcpy(where, from, sizeof where);
    memcpy(o->ended, from + sizeof where, (size_t)o->settings * sizeof *o->ended);
    o->at = where[0] >= 0 && where[0] <= o->settings ? where[0] : o->settings;
    o->last = where[1] >= 0 && where[1] < o->settings ? where[1] : o->settings - 1;
    if (o->at == o->settings) return;
    lg_lbfgs_penalise(o->of[0], t->setting[o->at].l2, t->setting[o->at].l1);
}

void lg_optimum_put_state(lg_trainer *t, const void *from)
{
    const lg_optimum *o = t->optimum;
    const char *at = from;
    for (int s = 0; o && s < o->searches; s++) {
        lg_lbfgs_put_state(o->of[s], at);
        at += lg_lbfgs_state_bytes(o->of[s]);
    }
    if (o && o->is_path) put_path(t, at);
}
