/* column_name.c -- what the columns of W stand for. */
/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "train/feature_map.h"
#include "train/model.h"

/* Element i of the sample. */
static int name_input(const logit_model *model, int64_t i, char *out, size_t size)
{
    static const char *const colour[] = {", red", ", green", ", blue"};
    const int channels = model->shape.channels, width = model->shape.width;
    const int64_t pixel = i / channels;
    if (model->floats) return snprintf(out, size, "feature %lld", (long long)i);
    return snprintf(out, size, "x %lld, y %lld%s", (long long)(pixel % width),
                    (long long)(pixel / width), channels == 3 ? colour[i % 3] : "");
}

static void name_pair(const logit_model *model, const int32_t *pair, char *out, size_t size)
{
    const size_t used = (size_t)name_input(model, pair[0], out, size);
    if (used < size) {
        const size_t more = (size_t)snprintf(out + used, size - used, " by ");
        if (used + more < size) name_input(model, pair[1], out + used + more, size - used - more);
    }
}

static void name_window(const lg_lift *lift, int64_t column, char *out, size_t size)
{
    const int64_t unit = column / 2 % lift->units, cell = column / 2 / lift->units;
    snprintf(out, size, "unit %lld %s, cell %lld,%lld", (long long)unit,
             column % 2 ? "below" : "above", (long long)(cell / lift->grid),
             (long long)(cell % lift->grid));
}

const char *logit_model_column_name(const logit_model *model, int64_t column, char *out,
                                    size_t size)
{
    const lg_lift *lift = lg_model_lift(model);
    const lg_lift_family family = lift ? lg_lifts[lift->kind].family : LG_LIFT_PRODUCTS;
    if (family == LG_LIFT_WINDOWS)
        name_window(lift, column, out, size);
    else if (family == LG_LIFT_LAYER)
        snprintf(out, size, "unit %lld", (long long)column);
    else if (lift && column >= lift->in)
        name_pair(model, lift->pair + 2 * (column - lift->in), out, size);
    else
        name_input(model, column, out, size);
    return out;
}
