/* compare_verdict.c -- what a comparison found, as a status and a sentence.
 *
 * Layer 2 (train). */
/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "base/status.h"
#include "train/compare.h"

/* A loss that moved by less than this many tolerances has not shown that anything was trained. */
static const double ENOUGH = 100.0;
static const double LOSS_FLOOR = 1e-3; /* of what a loss is relative to */

static int is_mode(const logit_comparison *out, const char *mode)
{
    return strcmp(out->mode, mode) == 0;
}

/* --------------------------------------------------------------------------- what is wrong --- */

/* "step 3, gradient, dog, pixel 3,4: cpu gives 0.1, ref 0.2; the bound is 1e-07" */
static void describe_first(const logit_divergence *first, lg_text *text)
{
    lg_text_add(text, "different: ");
    if (first->step > 0) lg_text_add(text, "step %lld, ", (long long)first->step);
    lg_text_add(text, "%s", first->stage);
    if (first->sample[0]) lg_text_add(text, ", sample %.200s", first->sample);
    if (first->of[0]) lg_text_add(text, ", %s", first->of);
    lg_text_add(text, ": %s gives %.9g, %s %.9g, and the bound is %.3g", first->a, first->got,
                first->b, first->want, first->bound);
}

/* |W_a - W_b| / |W_b| is no number that somebody gave. */
static void describe_drift(const logit_divergence *first, lg_text *text)
{
    lg_text_add(text,
                "outside: from step %lld on %s and %s are farther apart than rounding can take "
                "them: |W - W_%s| / |W_%s| is %.3g, and the envelope ends at %.3g",
                (long long)first->step, first->a, first->b, first->b, first->b, first->got,
                first->bound);
}

static logit_status find_wrong(const lg_compare *c, lg_text *text)
{
    const logit_comparison *out = c->out;
    if (out->first.step >= 0) {
        if (is_mode(out, "free"))
            describe_drift(&out->first, text);
        else
            describe_first(&out->first, text);
        return LOGIT_E_CHECK;
    }
    if (is_mode(out, "free") || out->loss_difference <= c->options->tolerance) return LOGIT_OK;
    lg_text_add(text,
                "different: the mean loss%s %.3g apart (relative), more than the tolerance %g",
                is_mode(out, "model") ? "es of the set are" : " of a batch is",
                out->loss_difference, c->options->tolerance);
    return LOGIT_E_CHECK;
}

/* ----------------------------------------------------------------------- what is not known --- */

/* Whether the loss moved enough for the stages to have been tried; a model is not trained. */
static logit_status find_unknown(const lg_compare *c, lg_text *text)
{
    const logit_comparison *out = c->out;
    const double moved = fabs(out->loss_end - out->loss_start);
    const double enough = ENOUGH * c->options->tolerance * fmax(fabs(out->loss_start), LOSS_FLOOR);
    if (!is_mode(out, "lockstep") && !is_mode(out, "free")) return LOGIT_OK;
    if (moved >= enough) return LOGIT_OK;
    lg_text_add(text,
                "inconclusive: nothing differs, but nothing was trained either: in %lld step%s the "
                "loss of the first batch went from %.9g to %.9g, expected a change of %.2g or more "
                "(%g times the tolerance)",
                (long long)out->steps, out->steps == 1 ? "" : "s", out->loss_start, out->loss_end,
                enough, ENOUGH);
    return LOGIT_E_INCONCLUSIVE;
}

/* ---------------------------------------------------------------------------- what is good --- */

static void describe_good(const lg_compare *c, lg_text *text)
{
    const logit_comparison *out = c->out;
    const char *s = out->steps == 1 ? "" : "s";
    if (is_mode(out, "free"))
        lg_text_add(
            text,
            "inside: in %lld step%s the runs drifted apart by at most %.2g of what rounding "
            "can do (%s and %s, step %lld)",
            (long long)out->steps, s, out->margin, c->farthest[0], c->farthest[1],
            (long long)c->farthest_step);
    else if (is_mode(out, "model"))
        lg_text_add(text,
                    "equal: every one of %lld samples is within its bound, the mean losses are "
                    "%.3g apart (relative)",
                    (long long)out->samples, out->loss_difference);
    else if (is_mode(out, "self-test"))
        lg_text_add(text, "found: faults of these sizes in every stage; smaller ones pass");
    else
        lg_text_add(text,
                    "equal: every stage of %lld step%s is within its bound, the mean losses of a "
                    "batch are at most %.3g apart (relative)",
                    (long long)out->steps, s, out->loss_difference);
}

logit_status lg_compare_judge(const lg_compare *c, logit_error *err)
{
    logit_comparison *out = c->out;
    lg_text text = {0};
    out->verdict = find_wrong(c, &text);
    if (out->verdict == LOGIT_OK) out->verdict = find_unknown(c, &text);
    if (out->verdict == LOGIT_OK) describe_good(c, &text);
    snprintf(out->sentence, sizeof out->sentence, "%s", text.data ? text.data : "");
    lg_text_clear(&text);
    if (out->verdict == LOGIT_OK) return LOGIT_OK;
    return lg_fail(err, out->verdict, __FILE__, __LINE__, "%s", out->sentence);
}
