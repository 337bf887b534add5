/* run_options.c -- one row per option. */
/* SPDX-License-Identifier: MIT */
#include "train/run_options.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"

typedef enum kind { WORD, REAL, INT, LONG, SEED, LIST } kind;

#define ROW(name, kind, field)                                                                     \
    {                                                                                              \
        name, kind, offsetof(logit_options, field)                                                 \
    }
static const struct row {
    const char *name;
    kind kind;
    size_t at;
} rows[] = {
    ROW("device", WORD, device),
    ROW("precision", WORD, precision),
    ROW("seed", SEED, seed),
    ROW("val", WORD, val),
    ROW("val-split", REAL, val_split),
    ROW("folds", INT, folds),
    ROW("pick", WORD, pick),
    ROW("test", WORD, test),
    ROW("size", INT, height),
    ROW("size", INT, width),
    ROW("channels", INT, channels),
    ROW("normalize", WORD, normalize),
    ROW("features", WORD, features),
    ROW("shuffle", WORD, shuffle),
    ROW("sampling", WORD, sampling),
    ROW("flip", INT, flip),
    ROW("shift", INT, shift),
    ROW("classes", WORD, classes),
    ROW("labels", WORD, labels),
    ROW("decoder", WORD, decoder),
    ROW("on-bad", WORD, on_bad),
    ROW("max-bad", REAL, max_bad),
    ROW("loss", WORD, loss),
    ROW("class-weight", WORD, class_weight),
    ROW("init", WORD, init),
    ROW("from", WORD, from),
    ROW("l2", LIST, l2),
    ROW("l1", LIST, l1),
    ROW("path", WORD, path),
    ROW("label-smoothing", LIST, label_smoothing),
    ROW("calibrate", INT, calibrate),
    ROW("optimizer", WORD, optimizer),
    ROW("lr", LIST, lr),
    ROW("momentum", LIST, momentum),
    ROW("nesterov", INT, nesterov),
    ROW("weight-decay", REAL, weight_decay),
    ROW("tolerance", REAL, tolerance),
    ROW("schedule", WORD, schedule),
    ROW("step-every", INT, step_every),
    ROW("step-factor", REAL, step_factor),
    ROW("warmup", REAL, warmup),
    ROW("batch-size", LONG, batch_size),
    ROW("patience", INT, patience),
    ROW("metric", WORD, metric),
};
enum { ROWS = sizeof rows / sizeof *rows, KEY = 40, SHOWN = 200, LONGEST = 16384 };

const char *lg_run_option_name(int i)
{
    return i >= 0 && i < ROWS ? rows[i].name : NULL;
}

/* The key of row i: names may have several rows. */
static const char *key_of(int i, char *key)
{
    const int again = i > 0 && strcmp(rows[i].name, rows[i - 1].name) == 0;
    snprintf(key, KEY, "%s%s", rows[i].name, again ? " 2" : "");
    return key;
}

/* The shortest decimal form that reads back as the same double. */
static void add_real(lg_text *out, double value)
{
    enum { MOST_DIGITS = 17 };
    char text[40];
    int digits = 0;
    do snprintf(text, sizeof text, "%.*g", ++digits, value);
    while (digits < MOST_DIGITS && strtod(text, NULL) != value);
    lg_text_add(out, "%s", text);
}

static void add_value(lg_text *out, const struct row *row, const logit_options *options)
{
    const void *field = (const char *)options + row->at;
    char escaped[LONGEST];
    const char *word;
    const logit_list *list;
    switch (row->kind) {
    case WORD: /* escaped: a path is bytes, and JSON is not */
        word = *(const char *const *)field;
        if (word) lg_text_add(out, "%s", lg_text_escape(escaped, sizeof escaped, word));
        break;
    case REAL:
        add_real(out, *(const double *)field);
        break;
    case INT:
        lg_text_add(out, "%d", *(const int *)field);
        break;
    case LONG:
        lg_text_add(out, "%lld", (long long)*(const int64_t *)field);
        break;
    case SEED:
        lg_text_add(out, "%llu", (unsigned long long)*(const uint64_t *)field);
        break;
    case LIST:
        list = field;
        for (int i = 0; i < list->count; i++) {
            lg_text_add(out, "%s", i ? "," : "");
            add_real(out, list->value[i]);
        }
        break;
    }
}

void lg_run_options_write(const logit_options *options, lg_text *out)
{
    char key[KEY];
    lg_text_add(out, "{");
    for (int i = 0; i < ROWS; i++) {
        lg_text value = {0};
        add_value(&value, &rows[i], options);
        lg_text_add(out, "%s\"%s\":", i ? "," : "", key_of(i, key));
        lg_text_add_json(out, value.data ? value.data : "");
        out->failed |= value.failed;
        lg_text_clear(&value);
    }
    lg_text_add(out, "}");
}

/* "" is what nobody gave, and so is the 0 of what is counted or switched on. */
static const char *show(char *out, const struct row *row, const char *value)
{
    const int given = *value && !(row->kind == INT && strcmp(value, "0") == 0);
    return given ? lg_text_escape(out, SHOWN, value) : "not given";
}

logit_status lg_run_options_match(const logit_options *options, const cJSON *kept, logit_error *err)
{
    char key[KEY], was[SHOWN], is[SHOWN];
    for (int i = 0; i < ROWS; i++) {
        lg_text value = {0};
        add_value(&value, &rows[i], options);
        const char *now = value.data ? value.data : "";
        const char *then =
            cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(kept, key_of(i, key)));
        const int same = then && strcmp(now, then) == 0;
        logit_status status = LOGIT_OK;
        if (value.failed)
            status = lg_fail(err, LOGIT_E_NOMEM, __FILE__, __LINE__,
                             "out of memory for comparing options");
        else if (!same)
            status = lg_fail(err, LOGIT_E_USAGE, __FILE__, __LINE__,
                             "--%s was %s and is %s now; a run goes on with its own options (only "
                             "--epochs may grow): give the same, or another -o",
                             rows[i].name, show(was, &rows[i], then ? then : "unknown"),
                             show(is, &rows[i], now));
        lg_text_clear(&value);
        LG_TRY(status);
    }
    return LOGIT_OK;
}
