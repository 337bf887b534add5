/* lift.c -- the feature maps by name, and their shapes. */
/* SPDX-License-Identifier: MIT */
#include "core/lift.h"

#include <string.h>

const lg_lift_row lg_lifts[LG_LIFT_COUNT] = {
#define LIFT(id, name, family, formula) {#name, family, formula},
#include "core/lift.def"
#undef LIFT
};

lg_lift_kind lg_lift_find(const char *name)
{
    for (int i = 0; i < LG_LIFT_COUNT; i++)
        if (strcmp(lg_lifts[i].name, name) == 0) return (lg_lift_kind)i;
    return LG_LIFT_COUNT;
}

int64_t lg_lift_filter_width(const lg_lift *lift)
{
    switch (lg_lifts[lift->kind].family) {
    case LG_LIFT_LAYER:
        return lift->in;
    case LG_LIFT_WINDOWS:
        return lg_lift_window(lift);
    default:
        return 0;
    }
}

int64_t lg_lift_features(const lg_lift *lift)
{
    switch (lg_lifts[lift->kind].family) {
    case LG_LIFT_LAYER:
        return lift->units;
    case LG_LIFT_WINDOWS:
        return 2 * (int64_t)lift->grid * lift->grid * lift->units;
    default:
        return lift->in + lift->units;
    }
}

double lg_lift_work(const lg_lift *lift)
{
    const double units = (double)lift->units;
    switch (lg_lifts[lift->kind].family) {
    case LG_LIFT_LAYER:
        return 2.0 * units * (double)lift->in;
    case LG_LIFT_WINDOWS:
        return 2.0 * units * (double)lg_lift_window(lift) * lg_lift_down(lift) *
               lg_lift_across(lift);
    default:
        return units;
    }
}
