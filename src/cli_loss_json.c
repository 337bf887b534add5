/* cli_loss_json.c -- what `logit loss` says, for programs: 17 digits, null where a number is not
 * finite.
 *
 * The command. */
/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "cli_loss.h"

static const char *const ways[LOGIT_NAIVE_WAYS] = {
    [LOGIT_NAIVE_P] = "p",
    [LOGIT_NAIVE_P_SHIFTED] = "p_shifted",
    [LOGIT_NAIVE_LSE] = "log_sum_exp",
    [LOGIT_NAIVE_LSE_SHIFTED] = "log_sum_exp_shifted",
};

static void add_field(lg_text *out, const char *name, double value)
{
    lg_text_add(out, ", \"%s\": ", name);
    lg_text_add_number(out, value);
}

static void add_class(const logit_loss_sample *s, int c, lg_text *out)
{
    const logit_loss_class *one = &s->of[c];
    lg_text_add(out, "%s{\"class\": %d", c ? ",\n  " : "\n  ", c);
    add_field(out, "z", one->z);
    add_field(out, "probability", one->probability);
    add_field(out, "logit", one->logit);
    add_field(out, "odds", one->odds);
    add_field(out, "gradient", one->gradient);
    if (s->reference >= 0) {
        add_field(out, "against", one->against);
        add_field(out, "against_probability", one->against_probability);
    }
    lg_text_add(out, "}");
}

void lg_cli_loss_add_sample(const logit_loss_sample *s, lg_text *out)
{
    lg_text_add(out, "{\"label\": %d", s->label);
    add_field(out, "smoothing", s->smoothing);
    if (s->reference >= 0) lg_text_add(out, ", \"reference\": %d", s->reference);
    add_field(out, "max", s->top);
    add_field(out, "rest", s->rest);
    lg_text_add(out, ", \"naive\": {");
    for (int way = 0; way < LOGIT_NAIVE_WAYS; way++) {
        lg_text_add(out, "%s\"%s\": ", way ? ", " : "", ways[way]);
        lg_text_add_number(out, s->naive[way]);
    }
    lg_text_add(out, "}");
    add_field(out, "stable", s->stable);
    add_field(out, "truth", s->truth);
    if (s->classes == 2) {
        add_field(out, "difference", s->difference);
        add_field(out, "sigmoid_probability", s->sigmoid_probability);
        add_field(out, "sigmoid_loss", s->sigmoid_loss);
        add_field(out, "sigmoid_naive", s->sigmoid_naive);
    }
    lg_text_add(out, ", \"device\": ");
    lg_text_add_json(out, s->device);
    lg_text_add(out, ", \"classes\": [");
    for (int c = 0; c < s->classes; c++) add_class(s, c, out);
    lg_text_add(out, "]}\n");
}

static void add_coefficients(const logit_model *model, int reference, lg_text *out)
{
    const logit_model_info info = logit_model_describe(model);
    int first = 1;
    lg_text_add(out, ", \"reference\": ");
    lg_text_add_json(out, info.class_name[reference]);
    lg_text_add(out, ", \"coefficients\": [");
    for (int c = 0; c < info.classes; c++) {
        lg_cli_coefficient largest[LG_CLI_COEFFICIENTS];
        if (c == reference) continue;
        const int count = lg_cli_loss_coefficients(info, c, reference, largest);
        for (int i = 0; i < count; i++) {
            lg_text_add(out, "%s{\"class\": ", first ? "" : ", ");
            lg_text_add_json(out, info.class_name[c]);
            lg_text_add(out, ", \"feature\": %lld", (long long)largest[i].feature);
            add_field(out, "log_odds", largest[i].value);
            lg_text_add(out, "}");
            first = 0;
        }
    }
    lg_text_add(out, "]");
}

void lg_cli_loss_add_set(const logit_model *model, int reference, const logit_likelihood *set,
                         lg_text *out)
{
    lg_text_add(out, "{\"part\": ");
    lg_text_add_json(out, set->part);
    lg_text_add(out, ", \"n\": %lld, \"bad\": %lld", (long long)set->n, (long long)set->bad);
    add_field(out, "smoothing", set->smoothing);
    add_field(out, "product_float32", set->product32);
    lg_text_add(out, ", \"zero_float32\": %lld", (long long)set->zero32);
    add_field(out, "product_float64", set->product64);
    lg_text_add(out, ", \"zero_float64\": %lld", (long long)set->zero64);
    add_field(out, "log_sum", set->log_sum);
    add_field(out, "loss", set->loss);
    add_field(out, "truth", set->truth);
    lg_text_add(out, ", \"stable_wrong\": %lld, \"stable_not_finite\": %lld, \"worst\": %lld",
                (long long)set->stable_wrong, (long long)set->stable_not_finite,
                (long long)set->worst);
    add_field(out, "worst_likelihood", set->worst_probability);
    lg_text_add(out, ", \"naive\": {");
    for (int way = 0; way < LOGIT_NAIVE_WAYS; way++) {
        lg_text_add(out, "%s\"%s\": {\"wrong\": %lld, \"not_finite\": %lld", way ? ", " : "",
                    ways[way], (long long)set->wrong[way], (long long)set->not_finite[way]);
        add_field(out, "mean", set->naive[way]);
        lg_text_add(out, "}");
    }
    lg_text_add(out, "}");
    if (reference >= 0) {
        add_coefficients(model, reference, out);
        add_field(out, "reference_gap", set->reference_gap);
    }
    lg_text_add(out, ", \"device\": ");
    lg_text_add_json(out, set->device);
    lg_text_add(out, "}\n");
}
