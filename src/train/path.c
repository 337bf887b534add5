/* path.c -- see path.h. */
/* SPDX-License-Identifier: MIT */
#include "train/path.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "base/text.h"
#include "train/optimum.h"

enum { POINTS = 20, SHOWN = 200 };

int lg_path_is_asked(const logit_options *options)
{
    return options->path != NULL;
}

static logit_status refuse(const char *text, const char *why, logit_error *err)
{
    char shown[SHOWN];
    LG_FAIL(err, LOGIT_E_USAGE,
            "--path \"%s\": %s; expected FROM:TO[:N], as in 10:1e-5:20, or values that fall, as in "
            "1,0.1,0.01, with l1: before them for a path over l1",
            lg_text_escape(shown, sizeof shown, text), why);
}

/* A number at *text, which moves behind it; 0 if there is none. */
static int take(const char **text, double *value)
{
    char *end;
    if (!isdigit((unsigned char)**text) && **text != '.') return 0; /* nor a sign, nor "inf" */
    *value = strtod(*text, &end);
    *text = end;
    return isfinite(*value);
}

/* The numbers of text, of which *separator stands between two; how many there are, or -1. */
static int take_all(const char *text, double *value, char *separator)
{
    int count = 0;
    *separator = '\0';
    for (;; text++) {
        if (count == LOGIT_MAX_LIST || !take(&text, &value[count])) return -1;
        count++;
        if (*text == '\0') return count;
        if (*separator == '\0' && (*text == ',' || *text == ':')) *separator = *text;
        if (*text != *separator) return -1;
    }
}

static logit_status fill(logit_list *list, const double *range, int numbers, const char *text,
                         logit_error *err)
{
    const double from = range[0], to = range[1], points = numbers == 3 ? range[2] : POINTS;
    if (!(from > to && to > 0.0)) return refuse(text, "FROM must be above TO, and TO above 0", err);
    if (!(points >= 2 && points <= LOGIT_MAX_LIST && points == floor(points)))
        return refuse(text, "N must be a whole number from 2 to 64", err);
    list->count = (int)points;
    list->value[0] = from;
    for (int i = 1; i + 1 < list->count;
         i++) /* by powers of ten: TO/FROM may be below any double */
        list->value[i] = pow(10.0, log10(from) + (log10(to) - log10(from)) * (i / (points - 1.0)));
    list->value[list->count - 1] = to;
    return LOGIT_OK;
}

_Static_assert(LOGIT_MAX_LIST == 64, "what is said of N");

static logit_status parse(logit_list *list, const char *text, const char *whole, logit_error *err)
{
    double value[LOGIT_MAX_LIST];
    char separator;
    const int count = take_all(text, value, &separator);
    if (count < 0) return refuse(whole, "it is no list of numbers", err);
    if (separator == ':' && count <= 3) return fill(list, value, count, whole, err);
    if (separator == ':') return refuse(whole, "it has more than three numbers", err);
    if (count < 2) return refuse(whole, "one value is no path", err);
    for (int i = 1; i < count; i++)
        if (!(value[i] < value[i - 1])) return refuse(whole, "its values do not fall", err);
    list->count = count;
    memcpy(list->value, value, (size_t)count * sizeof *value);
    return LOGIT_OK;
}

static int same(const logit_list *a, const logit_list *b)
{
    return a->count == b->count &&
           memcmp(a->value, b->value, (size_t)a->count * sizeof *a->value) == 0;
}

/* Settings side by side and one after the other do not go together. */
static logit_status fit(const logit_options *o, int over_l1, logit_error *err)
{
    const char *which = !over_l1 && o->l1.count > 1    ? "l1"
                        : over_l1 && o->l2.count > 1   ? "l2"
                        : o->label_smoothing.count > 1 ? "label-smoothing"
                                                       : NULL;
    if (!lg_optimum_is_asked(o))
        LG_FAIL(err, LOGIT_E_USAGE,
                "--path goes from optimum to optimum, and %s does not end at one; give --optimizer "
                "lbfgs",
                o->optimizer);
    if (!which) return LOGIT_OK;
    LG_FAIL(err, LOGIT_E_USAGE,
            "--%s: a list is trained side by side, and --path %s one after "
            "the other; give one value, or leave --path out",
            which, o->path);
}

logit_status lg_path_apply(logit_options *o, logit_error *err)
{
    logit_list values = {0};
    if (!o->path) return LOGIT_OK;
    const int over_l1 = strncmp(o->path, "l1:", 3) == 0;
    const int named = over_l1 || strncmp(o->path, "l2:", 3) == 0;
    logit_list *list = over_l1 ? &o->l1 : &o->l2;
    LG_TRY(parse(&values, o->path + (named ? 3 : 0), o->path, err));
    LG_TRY(fit(o, over_l1, err));
    const int given = over_l1 ? list->count != 1 || list->value[0] != 0.0 : list->count > 0;
    if (given && !same(list, &values)) /* config.ini of a run holds both, and they agree */
        LG_FAIL(err, LOGIT_E_USAGE, "--%s and --path both say what %s is; leave one of them out",
                over_l1 ? "l1" : "l2", over_l1 ? "l1" : "l2");
    *list = values;
    return LOGIT_OK;
}
