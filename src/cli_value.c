/* cli_value.c -- text to value and back, one row per kind of option.
 *
 * The command.  A value that does not fit its kind or its range leaves the field as it was; what
 * was expected is put into words from the same table, so that the message cannot lie. */
/* SPDX-License-Identifier: MIT */
#include "cli_value.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --------------------------------------------------------------------------------- ranges --- */

typedef struct interval {
    double low, high;
    int open_low, open_high;
} interval;

/* "[0, 1)" as numbers; no range is everything. */
static interval interval_of(const char *range)
{
    interval in = {-HUGE_VAL, HUGE_VAL, 1, 1};
    char left = '(', right = ')';
    if (range) sscanf(range, "%c%lf, %lf%c", &left, &in.low, &in.high, &right);
    in.open_low = left == '(';
    in.open_high = right == ')';
    return in;
}

/* NaN lies in no range. */
static int inside(const char *range, double value)
{
    const interval in = interval_of(range);
    return (in.open_low ? value > in.low : value >= in.low) &&
           (in.open_high ? value < in.high : value <= in.high);
}

static void expect_range(const char *range, const char *each, lg_text *out)
{
    const interval in = interval_of(range);
    if (!range) return;
    if (!in.open_low && !in.open_high) {
        lg_text_add(out, ", %sfrom %.15g to %.15g", each, in.low, in.high);
        return;
    }
    lg_text_add(out, ", %s%s %.15g", each, in.open_low ? "above" : "at least", in.low);
    if (isfinite(in.high))
        lg_text_add(out, " and %s %.15g", in.open_high ? "below" : "at most", in.high);
}

/* -------------------------------------------------------------------------------- numbers --- */

/* A number from the start of text; *end is past it.  0 if there is none. */
static int take_real(const char *text, const char **end, double *value)
{
    char *stop;
    if (*text != '-' && *text != '+' && *text != '.' && (*text < '0' || *text > '9')) return 0;
    *value = strtod(text, &stop);
    *end = stop;
    return stop != text;
}

static int take_whole(const char *text, long long *value)
{
    char *stop;
    if (*text != '-' && (*text < '0' || *text > '9')) return 0;
    errno = 0;
    *value = strtoll(text, &stop, 10);
    return errno == 0 && stop != text && *stop == '\0';
}

static int read_int(const lg_cli_option *option, void *field, const char *text)
{
    long long value;
    if (!take_whole(text, &value) || value < INT_MIN || value > INT_MAX) return 0;
    if (!inside(option->range, (double)value)) return 0;
    *(int *)field = (int)value;
    return 1;
}

static int read_long(const lg_cli_option *option, void *field, const char *text)
{
    long long value;
    if (!take_whole(text, &value) || !inside(option->range, (double)value)) return 0;
    *(int64_t *)field = (int64_t)value;
    return 1;
}

static int read_seed(const lg_cli_option *option, void *field, const char *text)
{
    char *stop;
    (void)option;
    if (*text < '0' || *text > '9') return 0; /* strtoull takes a minus sign */
    errno = 0;
    const unsigned long long value = strtoull(text, &stop, 10);
    if (errno != 0 || *stop != '\0') return 0;
    *(uint64_t *)field = (uint64_t)value;
    return 1;
}

static int read_real(const lg_cli_option *option, void *field, const char *text)
{
    double value;
    const char *end;
    if (!take_real(text, &end, &value) || *end != '\0') return 0;
    if (!inside(option->range, value)) return 0;
    *(double *)field = value;
    return 1;
}

static int read_share(const lg_cli_option *option, void *field, const char *text)
{
    double value;
    const char *end;
    if (!take_real(text, &end, &value)) return 0;
    if (*end == ' ') end++;
    if (*end == '%') {
        value /= 100.0;
        end++;
    }
    if (*end != '\0' || !inside(option->range, value)) return 0;
    *(double *)field = value;
    return 1;
}

_Static_assert(LOGIT_MAX_LIST == 64, "what is said to be expected of a list");

static int read_list(const lg_cli_option *option, void *field, const char *text)
{
    logit_list list = {0};
    for (const char *at = text;; at++) {
        double value;
        at += strspn(at, " ");
        if (list.count == LOGIT_MAX_LIST || !take_real(at, &at, &value)) return 0;
        if (!inside(option->range, value)) return 0;
        list.value[list.count++] = value;
        at += strspn(at, " ");
        if (*at == '\0') break;
        if (*at != ',') return 0;
    }
    *(logit_list *)field = list;
    return 1;
}

static int read_size(const lg_cli_option *option, void *field, const char *text)
{
    int side[2];
    char height[16];
    const size_t length = strcspn(text, "xX");
    if (length >= sizeof height) return 0;
    memcpy(height, text, length);
    height[length] = '\0';
    if (!read_int(option, &side[0], height)) return 0;
    side[1] = side[0];
    if (text[length] && !read_int(option, &side[1], text + length + 1)) return 0;
    memcpy(field, side, sizeof side);
    return 1;
}

static int read_bytes(const lg_cli_option *option, void *field, const char *text)
{
    static const char suffix[] = "KMGT";
    double value;
    const char *end;
    if (!take_real(text, &end, &value)) return 0;
    if (*end == ' ') end++;
    const char letter = (char)(*end >= 'a' && *end <= 'z' ? *end - 'a' + 'A' : *end);
    const char *unit = letter ? strchr(suffix, letter) : NULL;
    if (unit) {
        value = ldexp(value, 10 * (int)(unit - suffix + 1));
        end += strcmp(end + 1, "iB") == 0 ? 3 : 1;
    }
    if (*end != '\0' || !inside(option->range, value) || value >= 0x1p63) return 0;
    *(int64_t *)field = (int64_t)value;
    return 1;
}

/* "200" are steps; "30s", "10m" and "1.5h" a time. */
static int read_every(const lg_cli_option *option, void *field, const char *text)
{
    static const struct {
        char letter;
        double seconds;
    } units[] = {{'s', 1.0}, {'m', 60.0}, {'h', 3600.0}};
    const char *end;
    struct {
        int64_t steps;
        double seconds;
    } every = {0, 0.0};
    if (!take_real(text, &end, &every.seconds) || !inside(option->range, every.seconds)) return 0;
    if (*end == '\0') {
        every.seconds = 0.0;
        if (!read_long(option, &every.steps, text)) return 0;
    } else {
        size_t unit = 0;
        while (unit < 3 && units[unit].letter != *end) unit++;
        if (unit == 3 || end[1] != '\0') return 0;
        every.seconds *= units[unit].seconds;
    }
    memcpy(field, &every, sizeof every);
    return 1;
}

/* ---------------------------------------------------------------------------------- words --- */

static int read_flag(const lg_cli_option *option, void *field, const char *text)
{
    static const char *const yes[] = {"yes", "true", "on", "1"}, *const no[] = {"no", "false",
                                                                                "off", "0"};
    (void)option;
    for (int i = 0; i < 4; i++) {
        if (strcmp(text, yes[i]) != 0 && strcmp(text, no[i]) != 0) continue;
        *(int *)field = strcmp(text, yes[i]) == 0;
        return 1;
    }
    return 0;
}

/* A choice that ends in ":N" stands for every number there. */
static int is_choice(const char *choice, const char *text)
{
    const size_t length = strlen(choice);
    if (strcmp(choice, text) == 0) return length < 2 || strcmp(choice + length - 2, ":N") != 0;
    if (length < 2 || strcmp(choice + length - 2, ":N") != 0) return 0;
    if (strncmp(choice, text, length - 1) != 0) return 0;
    const char *number = text + length - 1;
    const size_t digits = strspn(number, "0123456789");
    return digits > 0 && digits < 6 && number[digits] == '\0';
}

static int read_choice(const lg_cli_option *option, void *field, const char *text)
{
    const char *name;
    for (int i = 0; (name = option->choice(i)) != NULL; i++) {
        if (!is_choice(name, text)) continue;
        *(const char **)field = text;
        return 1;
    }
    return 0;
}

static int read_pick(const lg_cli_option *option, void *field, const char *text)
{
    const char *name = text;
    if (!read_choice(option, &name, text)) return 0;
    *(int *)field = (int)strtol(name, NULL, 10); /* "auto" is 0 */
    return 1;
}

static int read_text(const lg_cli_option *option, void *field, const char *text)
{
    (void)option;
    if (*text == '\0') return 0;
    *(const char **)field = text;
    return 1;
}

/* ---------------------------------------------------------------------------------- kinds --- */

typedef struct kind_row {
    int (*read)(const lg_cli_option *option, void *field, const char *text);
    void (*write)(const void *field, lg_text *out);
    const char *expected, *each; /* "numbers ..", and what the range is said of */
} kind_row;

static const kind_row kinds[LG_KIND_COUNT] = {
    [LG_KIND_FLAG] = {read_flag, lg_cli_write_flag, "yes or no", ""},
    [LG_KIND_INT] = {read_int, lg_cli_write_int, "a whole number", ""},
    [LG_KIND_LONG] = {read_long, lg_cli_write_long, "a whole number", ""},
    [LG_KIND_SEED] = {read_seed, lg_cli_write_seed, "a whole number from 0 to 18446744073709551615",
                      ""},
    [LG_KIND_REAL] = {read_real, lg_cli_write_real, "a number", ""},
    [LG_KIND_SHARE] = {read_share, lg_cli_write_real, "a share, such as 0.1 or 10%", ""},
    [LG_KIND_LIST] = {read_list, lg_cli_write_list, "a number, or up to 64 with commas between",
                      "each "},
    [LG_KIND_SIZE] = {read_size, lg_cli_write_size, "height x width, such as 100x100", "each "},
    [LG_KIND_BYTES] = {read_bytes, lg_cli_write_bytes, "bytes, such as 512M or 4G", ""},
    [LG_KIND_EVERY] = {read_every, lg_cli_write_every, "steps or a time, such as 1000, 30s or 5m",
                       ""},
    [LG_KIND_CHOICE] = {read_choice, lg_cli_write_text, "", ""},
    [LG_KIND_PICK] = {read_pick, lg_cli_write_int, "", ""},
    [LG_KIND_TEXT] = {read_text, lg_cli_write_text, "a text that is not empty", ""},
    [LG_KIND_PATH] = {read_text, lg_cli_write_text, "a path", ""},
};

/* "auto" may be said where nothing given means that logit chooses. */
static int takes_auto(const lg_cli_option *option)
{
    return option->unset && !option->choice && option->kind != LG_KIND_TEXT &&
           option->kind != LG_KIND_PATH;
}

static void clear_field(const lg_cli_option *option, void *field)
{
    switch (option->kind) {
    case LG_KIND_LIST:
        *(logit_list *)field = (logit_list){0};
        break;
    case LG_KIND_SIZE:
        memset(field, 0, 2 * sizeof(int));
        break;
    case LG_KIND_BYTES:
    case LG_KIND_LONG:
        *(int64_t *)field = 0;
        break;
    default:
        *(int *)field = 0;
    }
}

int lg_cli_value_read(const lg_cli_option *option, lg_cli_settings *settings, const char *text)
{
    void *field = (char *)settings + option->offset;
    if (!takes_auto(option) || strcmp(text, "auto") != 0)
        return kinds[option->kind].read(option, field, text);
    clear_field(option, field);
    return 1;
}

void lg_cli_value_expected(const lg_cli_option *option, lg_text *out)
{
    const kind_row *kind = &kinds[option->kind];
    const char *name;
    lg_text_add(out, "%s", kind->expected);
    if (option->choice)
        for (int i = 0; (name = option->choice(i)) != NULL; i++)
            lg_text_add(out, "%s%s", i == 0 ? "" : option->choice(i + 1) ? ", " : " or ", name);
    if (option->kind != LG_KIND_BYTES) expect_range(option->range, kind->each, out);
    if (takes_auto(option)) lg_text_add(out, ", or auto");
}

int lg_cli_value_unset(const lg_cli_option *option, const lg_cli_settings *settings)
{
    const void *field = (const char *)settings + option->offset;
    switch (option->kind) {
    case LG_KIND_CHOICE:
    case LG_KIND_TEXT:
    case LG_KIND_PATH:
        return *(const char *const *)field == NULL;
    case LG_KIND_LIST:
        return ((const logit_list *)field)->count == 0;
    case LG_KIND_BYTES:
    case LG_KIND_LONG:
        return option->unset && *(const int64_t *)field == 0;
    case LG_KIND_INT:
    case LG_KIND_SIZE:
    case LG_KIND_PICK:
        return option->unset && *(const int *)field == 0;
    default:
        return 0;
    }
}

void lg_cli_value_write(const lg_cli_option *option, const lg_cli_settings *settings, lg_text *out)
{
    const void *field = (const char *)settings + option->offset;
    if (lg_cli_value_unset(option, settings))
        lg_text_add(out, takes_auto(option) || option->kind == LG_KIND_PICK ? "auto" : "");
    else
        kinds[option->kind].write(field, out);
}
