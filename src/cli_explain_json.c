/* cli_explain_json.c -- what `logit explain` says, for programs: all terms, 17 digits.
 *
 * The command. */
/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>

#include "cli_explain.h"

static void add_field(lg_text *out, const char *name, double value)
{
    lg_text_add(out, ", \"%s\": ", name);
    lg_text_add_number(out, value);
}

static void add_array(lg_text *out, const char *name, const double *value, int64_t count)
{
    lg_text_add(out, ", \"%s\": [", name);
    for (int64_t i = 0; i < count; i++) {
        if (i) lg_text_add(out, ", ");
        lg_text_add_number(out, value[i]);
    }
    lg_text_add(out, "]");
}

static void add_pixel(const logit_explanation *e, int which, int64_t f, lg_text *out)
{
    if (e->pixels)
        lg_text_add(out, ", \"x\": %lld, \"y\": %lld, \"channel\": %lld",
                    (long long)(f / e->channels % e->width),
                    (long long)(f / e->channels / e->width), (long long)(f % e->channels));
    add_field(out, "stored", e->stored[f]);
    add_field(out, "value", e->x[f]);
    add_field(out, "weight", e->of[which].weight[f]);
    add_field(out, "product", e->of[which].product[f]);
}

static void add_column(const logit_model *model, const logit_explanation *e, int which, int64_t j,
                       lg_text *out)
{
    char name[LG_CELL];
    lg_text_add(out, ", \"name\": ");
    lg_text_add_json(out, logit_model_column_name(model, j, name, sizeof name));
    add_field(out, "value", e->y[j]);
    add_field(out, "weight", e->of[which].weight[j]);
    add_field(out, "product", e->of[which].term[j]);
}

static void add_terms(const logit_model *model, const logit_explanation *e, int which, int most,
                      lg_text *out)
{
    int64_t *feature = calloc((size_t)most + 1, sizeof *feature);
    const int count = feature ? lg_cli_explain_terms(e, which, most, feature) : 0;
    if (!feature) out->failed = 1;
    lg_text_add(out, ", \"terms\": [");
    for (int i = 0; i < count; i++) {
        const int64_t f = feature[i];
        lg_text_add(out, "%s{\"feature\": %lld", i ? ", " : "", (long long)f);
        if (e->y)
            add_column(model, e, which, f, out);
        else
            add_pixel(e, which, f, out);
        lg_text_add(out, "}");
    }
    lg_text_add(out, "]");
    free(feature);
}

static void add_support(const logit_model *model, const logit_explained *one, lg_text *out)
{
    const logit_model_info info = logit_model_describe(model);
    lg_text_add(out, ", \"training\": [");
    for (int i = 0; i < one->fors + one->againsts; i++) {
        const logit_support *s = &one->support[i];
        lg_text_add(out, "%s{\"file\": ", i ? ", " : "");
        lg_text_add_json(out, s->name);
        lg_text_add(out, ", \"class\": ");
        if (s->label >= 0 && s->label < info.classes)
            lg_text_add_json(out, info.class_name[s->label]);
        else
            lg_text_add(out, "null");
        add_field(out, "alpha", s->alpha);
        add_field(out, "similarity", s->similarity);
        add_field(out, "share", s->share);
        lg_text_add(out, "}");
    }
    lg_text_add(out, "]");
    add_field(out, "supported", one->supported);
    add_field(out, "residual", one->residual);
    add_field(out, "gradient", one->gradient);
}

static void add_class(const logit_model *model, const logit_explanation *e, int which, int terms,
                      lg_text *out)
{
    const logit_model_info info = logit_model_describe(model);
    const logit_explained *one = &e->of[which];
    lg_text_add(out, "%s{\"class\": ", which ? ",\n  " : "\n  ");
    lg_text_add_json(out, info.classes > 0 ? info.class_name[one->class_index] : "");
    if (one->versus_index >= 0) {
        lg_text_add(out, ", \"versus\": ");
        lg_text_add_json(out, info.class_name[one->versus_index]);
    }
    add_field(out, "score", one->z);
    add_field(out, "bias", one->bias);
    add_field(out, "sum", one->sum);
    add_field(out, "predicted", one->predicted);
    add_field(out, "probability", one->probability);
    add_field(out, "logit", one->logit);
    add_terms(model, e, which, terms, out);
    if (!isnan(e->l2)) add_support(model, one, out);
    add_array(out, "weights", one->weight, e->columns);
    add_array(out, "products", one->product, e->features);
    if (e->y) add_array(out, "map_terms", one->term, e->columns);
    lg_text_add(out, "}");
}

void lg_cli_explain_json(const logit_model *model, const logit_explanation *e, int terms,
                         lg_text *out)
{
    lg_text_add(out, "{\"file\": ");
    lg_text_add_json(out, e->name);
    lg_text_add(out, ", \"height\": %d, \"width\": %d, \"channels\": %d, \"features\": %lld",
                e->height, e->width, e->channels, (long long)e->features);
    if (e->y) {
        lg_text_add(out, ", \"map\": ");
        lg_text_add_json(out, e->map);
        lg_text_add(out, ", \"columns\": %lld", (long long)e->columns);
        add_array(out, "map_values", e->y, e->columns);
    }
    if (!isnan(e->l2)) {
        add_field(out, "l2", e->l2);
        lg_text_add(out, ", \"samples\": %lld, \"trained\": %lld", (long long)e->samples,
                    (long long)e->trained);
    }
    add_array(out, "values", e->x, e->features);
    lg_text_add(out, ", \"classes\": [");
    for (int i = 0; i < e->count; i++) add_class(model, e, i, terms, out);
    lg_text_add(out, "]}\n");
}
