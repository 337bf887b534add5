/* stall.c -- see stall.h. */
/* SPDX-License-Identifier: MIT */
#include "base/stall.h"

static double patience = 30.0;

double lg_stall_seconds(void)
{
    return patience;
}

void lg_stall_set(double seconds)
{
    patience = seconds;
}
