/* text.c -- text that may have come from anywhere. */
/* SPDX-License-Identifier: MIT */
#include "base/text.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* Length of the valid UTF-8 sequence at s (1 to 4), or 0.  Overlong forms, surrogates and values
 * above U+10FFFF are not valid (RFC 3629). */
static int utf8_length(const unsigned char *s)
{
    if (s[0] < 0x80) return 1;
    const int length = s[0] >= 0xC2 && s[0] <= 0xDF   ? 2
                       : s[0] >= 0xE0 && s[0] <= 0xEF ? 3
                       : s[0] >= 0xF0 && s[0] <= 0xF4 ? 4
                                                      : 0;
    for (int i = 1; i < length; i++)
        if ((s[i] & 0xC0) != 0x80) return 0;
    if ((s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xED && s[1] > 0x9F) ||
        (s[0] == 0xF0 && s[1] < 0x90) || (s[0] == 0xF4 && s[1] > 0x8F))
        return 0;
    return length;
}

const char *lg_text_escape(char *out, size_t size, const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
    size_t used = 0;
    if (size < 8) return "";
    while (*s) {
        const int length = utf8_length(s);
        const int plain = length > 0 && *s >= 0x20 && *s != 0x7F;
        const int room = plain ? length : 4;
        if (used + (size_t)room + 4 > size) {
            memcpy(out + used, "...", 4);
            return out;
        }
        if (plain)
            memcpy(out + used, s, (size_t)length);
        else
            snprintf(out + used, 5, "\\x%02X", *s);
        used += (size_t)room;
        s += plain ? length : 1;
    }
    out[used] = '\0';
    return out;
}

static int text_reserve(lg_text *text, size_t more)
{
    if (text->failed) return 0;
    if (text->size + more + 1 <= text->room) return 1;
    const size_t room = (text->size + more + 1) * 2;
    char *data = realloc(text->data, room);
    if (!data) {
        text->failed = 1;
        return 0;
    }
    text->data = data;
    text->room = room;
    return 1;
}

void lg_text_add(lg_text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0 || !text_reserve(text, (size_t)length)) return;
    va_start(arguments, format);
    vsnprintf(text->data + text->size, (size_t)length + 1, format, arguments);
    va_end(arguments);
    text->size += (size_t)length;
}

void lg_text_add_json(lg_text *text, const char *string)
{
    const unsigned char *s = (const unsigned char *)string;
    lg_text_add(text, "\"");
    while (*s) {
        const int length = utf8_length(s);
        if (length == 0)
            lg_text_add(text, "\xEF\xBF\xBD");
        else if (*s == '"' || *s == '\\')
            lg_text_add(text, "\\%c", *s);
        else if (*s < 0x20 || *s == 0x7F)
            lg_text_add(text, "\\u%04x", *s);
        else
            lg_text_add(text, "%.*s", length, (const char *)s);
        s += length ? length : 1;
    }
    lg_text_add(text, "\"");
}

void lg_text_add_number(lg_text *text, double value)
{
    if (isfinite(value))
        lg_text_add(text, "%.17g", value);
    else
        lg_text_add(text, "null");
}

void lg_text_clear(lg_text *text)
{
    free(text->data);
    *text = (lg_text){0};
}

char *lg_text_format(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    char *out = length < 0 ? NULL : malloc((size_t)length + 1);
    if (!out) return NULL;
    va_start(arguments, format);
    vsnprintf(out, (size_t)length + 1, format, arguments);
    va_end(arguments);
    return out;
}

static int min3(int a, int b, int c)
{
    const int ab = a < b ? a : b;
    return ab < c ? ab : c;
}

const char *lg_text_bytes(char *out, double bytes)
{
    static const char *const unit[] = {"B", "KB", "MB", "GB", "TB", "PB", "EB"};
    const int units = sizeof unit / sizeof *unit;
    int u = 0;
    while (u + 1 < units && bytes >= (u > 0 ? 999.5 : 1000.0)) { /* 999.5 would be "1000" */
        bytes /= 1000.0;
        u++;
    }
    const int decimals = u == 0 || bytes >= 99.95 ? 0 : bytes >= 9.995 ? 1 : 2;
    snprintf(out, LG_TEXT_BYTES, "%.*f %s", decimals, bytes, unit[u]);
    return out;
}

int lg_text_distance(const char *a, const char *b)
{
    enum { LONGEST = 63 };
    int row[3][LONGEST + 1]; /* of the distance table: two before, one before, this */
    const int n = (int)strnlen(a, LONGEST), m = (int)strnlen(b, LONGEST);
    for (int j = 0; j <= m; j++) row[0][j] = j;
    for (int i = 1; i <= n; i++) {
        int *now = row[i % 3], *last = row[(i + 2) % 3], *before = row[(i + 1) % 3];
        now[0] = i;
        for (int j = 1; j <= m; j++) {
            const int differ = a[i - 1] != b[j - 1];
            now[j] = min3(last[j] + 1, now[j - 1] + 1, last[j - 1] + differ);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = min3(now[j], before[j - 2] + 1, now[j]);
        }
    }
    return row[n % 3][m];
}
