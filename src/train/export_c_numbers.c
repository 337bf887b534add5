/* export_c_numbers.c -- see export_c.h. */
/* SPDX-License-Identifier: MIT */
#include <stdint.h>
#include <string.h>

#include "train/export_c.h"

enum { LINE = 8, MANTISSA = 23, BIAS = 127 };

/* The fraction has 24 binary digits, the last a zero, so that six hexadecimal ones hold it; zeros
 * at its end are left out. */
void lg_export_c_float(lg_text *text, float value)
{
    uint32_t bits;
    char digit[8];
    memcpy(&bits, &value, sizeof bits);
    const int stored = (int)(bits >> MANTISSA & 0xFF);
    const unsigned fraction = (bits & ((1u << MANTISSA) - 1)) << 1;
    const char *sign = bits >> 31 ? "-" : "";
    if (stored == 0 && fraction == 0) {
        lg_text_add(text, "%s0.0f", sign);
        return;
    }
    int count = snprintf(digit, sizeof digit, "%06x", fraction);
    while (count > 0 && digit[count - 1] == '0') digit[--count] = '\0';
    lg_text_add(text, "%s0x%d%s%sp%+df", sign, stored > 0, count > 0 ? "." : "", digit,
                (stored > 0 ? stored : 1) - BIAS);
}

void lg_export_c_double(lg_text *text, double value)
{
    char number[40];
    snprintf(number, sizeof number, "%.17g", value);
    for (char *c = number; *c; c++)
        if (*c == ',') *c = '.'; /* of some locales */
    lg_text_add(text, "%s%s", number, strpbrk(number, ".e") ? "" : ".0");
}

/* `count` numbers, `stride` apart, a line of them at a time. */
static void add_floats(lg_text *text, const char *indent, const float *number, int64_t count,
                       int64_t stride)
{
    for (int64_t i = 0; i < count; i++) {
        if (i % LINE == 0) lg_text_add(text, "%s%s", i > 0 ? "\n" : "", i > 0 ? indent : "");
        lg_export_c_float(text, number[i * stride]);
        if (i + 1 < count) lg_text_add(text, i % LINE == LINE - 1 ? "," : ", ");
    }
}

void lg_export_c_vector(lg_text *text, const char *name, const char *size, const float *number,
                        int64_t count)
{
    lg_text_add(text, "static const float %s[%s] = {\n    ", name, size);
    add_floats(text, "    ", number, count, 1);
    lg_text_add(text, "};\n");
}

void lg_export_c_matrix(lg_text *text, const char *name, const char *size, const float *number,
                        lg_export_c_shape shape)
{
    lg_text_add(text, "static const float %s%s = {\n", name, size);
    for (int64_t i = 0; i < shape.rows && !text->failed; i++) {
        lg_text_add(text, "    {");
        add_floats(text, "     ", number + i * shape.row_step, shape.columns, shape.step);
        lg_text_add(text, "}%s\n", i + 1 < shape.rows ? "," : "");
    }
    lg_text_add(text, "};\n");
}
