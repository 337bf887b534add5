/* score_json.c -- an evaluation as a JSON object (docs/figures.md has every key). */
/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "base/text.h"
#include "logit.h"

static void add_field(lg_text *out, const char *name, double value)
{
    lg_text_add(out, ", \"%s\": ", name);
    lg_text_add_number(out, value);
}

static void add_classes(lg_text *out, const logit_score *score)
{
    lg_text_add(out, ", \"classes\": [");
    for (int c = 0; c < score->classes; c++) {
        lg_text_add(out, "%s", c ? ", " : "");
        lg_text_add_json(out, score->class_score[c].name);
    }
    lg_text_add(out, "], \"per_class\": [");
    for (int c = 0; c < score->classes; c++) {
        const logit_class_score *one = &score->class_score[c];
        lg_text_add(out, "%s{\"class\": ", c ? ", " : "");
        lg_text_add_json(out, one->name);
        lg_text_add(out, ", \"count\": %lld, \"predicted\": %lld, \"correct\": %lld",
                    (long long)one->count, (long long)one->predicted, (long long)one->correct);
        add_field(out, "precision", one->precision);
        add_field(out, "recall", one->recall);
        add_field(out, "f1", one->f1);
        add_field(out, "loss", one->loss);
        add_field(out, "auc", one->auc);
        add_field(out, "average_precision", one->average_precision);
        lg_text_add(out, "}");
    }
    lg_text_add(out, "]");
}

static void add_numbers(lg_text *out, const char *name, const double *value, int count)
{
    lg_text_add(out, ", \"%s\": [", name);
    for (int i = 0; i < count; i++) {
        lg_text_add(out, "%s", i ? ", " : "");
        lg_text_add_number(out, value[i]);
    }
    lg_text_add(out, "]");
}

static void add_roc(lg_text *out, const logit_score *score)
{
    lg_text_add(out, ", \"unranked\": ");
    if (score->unranked)
        lg_text_add_json(out, score->unranked);
    else
        lg_text_add(out, "null");
    lg_text_add(out, ", \"roc\": %s", score->curves ? "[" : "null");
    for (int c = 0; c < score->classes && score->curves; c++) {
        const logit_class_curves *of = &score->curves[c];
        lg_text_add(out, "%s{\"class\": ", c ? ", " : "");
        lg_text_add_json(out, score->class_score[c].name);
        add_numbers(out, "fpr", of->fpr, of->roc_count);
        add_numbers(out, "tpr", of->tpr, of->roc_count);
        add_numbers(out, "recall", of->recall, of->pr_count);
        add_numbers(out, "precision", of->precision, of->pr_count);
        lg_text_add(out, "}");
    }
    lg_text_add(out, "%s", score->curves ? "]" : "");
}

static void add_confusion(lg_text *out, const logit_score *score)
{
    if (!score->confusion) {
        lg_text_add(out, ", \"confusion\": null");
        return;
    }
    lg_text_add(out, ", \"confusion\": [");
    for (int i = 0; i < score->classes; i++) {
        lg_text_add(out, "%s[", i ? ", " : "");
        for (int j = 0; j < score->classes; j++)
            lg_text_add(out, "%s%lld", j ? ", " : "",
                        (long long)score->confusion[(int64_t)i * score->classes + j]);
        lg_text_add(out, "]");
    }
    lg_text_add(out, "]");
}

static void add_samples(lg_text *out, const char *name, const logit_score *score,
                        const logit_sample_score *list, int count)
{
    lg_text_add(out, ", \"%s\": [", name);
    for (int i = 0; i < count; i++) {
        lg_text_add(out, "%s{\"index\": %lld, \"name\": ", i ? ", " : "", (long long)list[i].index);
        lg_text_add_json(out, list[i].name ? list[i].name : "");
        lg_text_add(out, ", \"truth\": ");
        lg_text_add_json(out, score->class_score[list[i].truth].name);
        lg_text_add(out, ", \"said\": ");
        lg_text_add_json(out, score->class_score[list[i].said].name);
        add_field(out, "p_truth", list[i].p_truth);
        add_field(out, "p_said", list[i].p_said);
        add_field(out, "loss", list[i].loss);
        lg_text_add(out, "}");
    }
    lg_text_add(out, "]");
}

static void add_calibration(lg_text *out, const logit_score *score)
{
    lg_text_add(out, ", \"calibration\": [");
    for (int b = 0; b < LOGIT_CALIBRATION_BINS; b++) {
        const logit_calibration_bin *bin = &score->calibration[b];
        lg_text_add(out, "%s{\"count\": %lld", b ? ", " : "", (long long)bin->count);
        add_field(out, "confidence", bin->confidence);
        add_field(out, "accuracy", bin->accuracy);
        lg_text_add(out, "}");
    }
    lg_text_add(out, "]");
}

static void add_interval(lg_text *out, const char *name, logit_interval interval)
{
    lg_text_add(out, "\"%s\": ", name);
    if (isnan(interval.low)) {
        lg_text_add(out, "null");
        return;
    }
    lg_text_add(out, "[");
    lg_text_add_number(out, interval.low);
    lg_text_add(out, ", ");
    lg_text_add_number(out, interval.high);
    lg_text_add(out, "]");
}

static void add_intervals(lg_text *out, const logit_score *score)
{
    lg_text_add(out, ", \"intervals\": {");
    add_interval(out, "accuracy", score->accuracy_interval);
    lg_text_add(out, ", ");
    add_interval(out, "loss", score->loss_interval);
    lg_text_add(out, ", ");
    add_interval(out, "balanced_accuracy", score->balanced_accuracy_interval);
    lg_text_add(out, "}");
}

static void add_score(lg_text *out, const logit_score *score)
{
    lg_text_add(out, "{\"part\": ");
    lg_text_add_json(out, score->part);
    lg_text_add(out, ", \"n\": %lld, \"bad\": %lld", (long long)score->n, (long long)score->bad);
    add_field(out, "loss", score->loss);
    add_field(out, "loss_stderr", score->loss_stderr);
    add_field(out, "accuracy", score->accuracy);
    lg_text_add(out, ", \"top_k\": %d", score->top_k);
    add_field(out, "top_k_accuracy", score->top_k_accuracy);
    add_field(out, "rmse", score->rmse);
    add_field(out, "r2", score->r2);
    add_field(out, "mae", score->mae);
    add_field(out, "balanced_accuracy", score->balanced_accuracy);
    add_field(out, "macro_f1", score->macro_f1);
    add_field(out, "weighted_f1", score->weighted_f1);
    add_field(out, "matthews", score->matthews);
    add_field(out, "auc", score->auc);
    add_field(out, "auc_weighted", score->auc_weighted);
    add_field(out, "average_precision", score->average_precision);
    add_field(out, "average_precision_weighted", score->average_precision_weighted);
    add_field(out, "brier", score->brier);
    add_field(out, "ece", score->ece);
    add_field(out, "ece_uncalibrated", score->ece_uncalibrated);
    add_field(out, "temperature", score->temperature);
    add_field(out, "target_entropy", score->target_entropy);
    add_field(out, "kl", score->kl);
    add_calibration(out, score);
    add_intervals(out, score);
    add_classes(out, score);
    add_confusion(out, score);
    add_roc(out, score);
    add_samples(out, "wrong", score, score->wrong, score->wrong_count);
    add_samples(out, "suspect", score, score->suspect, score->suspect_count);
    add_field(out, "seconds", score->seconds);
    lg_text_add(out, "}");
}

char *logit_score_json(const logit_score *score)
{
    lg_text text = {0};
    add_score(&text, score);
    if (!text.failed) return text.data;
    lg_text_clear(&text);
    return NULL;
}
