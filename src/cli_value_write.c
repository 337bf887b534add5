/* cli_value_write.c -- values as text, so that reading the text gives the value again.
 *
 * The command. */
/* SPDX-License-Identifier: MIT */
#include "cli_value.h"

#include <stdlib.h>
#include <string.h>

/* The shortest decimal form that reads back as the same double. */
void lg_cli_write_real(const void *field, lg_text *out)
{
    char text[40];
    const double value = *(const double *)field;
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value) break;
    }
    lg_text_add(out, "%s", text);
}

void lg_cli_write_flag(const void *field, lg_text *out)
{
    lg_text_add(out, *(const int *)field ? "yes" : "no");
}

void lg_cli_write_int(const void *field, lg_text *out)
{
    lg_text_add(out, "%d", *(const int *)field);
}

void lg_cli_write_long(const void *field, lg_text *out)
{
    lg_text_add(out, "%lld", (long long)*(const int64_t *)field);
}

void lg_cli_write_seed(const void *field, lg_text *out)
{
    lg_text_add(out, "%llu", (unsigned long long)*(const uint64_t *)field);
}

void lg_cli_write_list(const void *field, lg_text *out)
{
    const logit_list *list = field;
    for (int i = 0; i < list->count; i++) {
        if (i) lg_text_add(out, ",");
        lg_cli_write_real(&list->value[i], out);
    }
}

void lg_cli_write_size(const void *field, lg_text *out)
{
    const int *side = field;
    lg_text_add(out, "%dx%d", side[0], side[1]);
}

void lg_cli_write_every(const void *field, lg_text *out)
{
    int64_t steps;
    double seconds;
    memcpy(&steps, field, sizeof steps);
    memcpy(&seconds, (const char *)field + sizeof steps, sizeof seconds);
    if (steps > 0)
        lg_cli_write_long(&steps, out);
    else
        lg_text_add(out, "%.15gs", seconds);
}

void lg_cli_write_bytes(const void *field, lg_text *out)
{
    static const char *const suffix[] = {"", "K", "M", "G", "T"};
    int64_t value = *(const int64_t *)field;
    int unit = 0;
    for (; unit < 4 && value != 0 && value % 1024 == 0; unit++) value /= 1024;
    lg_text_add(out, "%lld%s", (long long)value, suffix[unit]);
}

void lg_cli_write_text(const void *field, lg_text *out)
{
    const char *text = *(const char *const *)field;
    lg_text_add(out, "%s", text ? text : "");
}
