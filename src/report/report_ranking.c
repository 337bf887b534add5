/* report_ranking.c -- how well each class is told from the rest: ROC and precision-recall curves.
 *
 * Up to LG_CHART_COLOURS classes each have a colour.  Of more those have one that are told worst,
 * by average precision; others are faint, and of very many not drawn, which the page says. */
/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "report/report_chart.h"
#include "report/report_html.h"
#include "report/report_parts.h"

enum { MOST_CURVES = 100, FAINT = 6 /* the colour of the others */ };

static const double unit[] = {0.0, 1.0};

/* A class and how well it is told; classes without the figure come last. */
typedef struct told {
    const cJSON *curves;
    int class;
    double figure;
} told;

static const cJSON *member(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

static int worst_first(const void *a, const void *b)
{
    const told *one = a, *other = b;
    if (one->figure < other->figure) return -1;
    if (one->figure > other->figure) return 1;
    if (isnan(one->figure) != isnan(other->figure)) return isnan(one->figure) ? 1 : -1;
    return one->class - other->class;
}

/* All classes, those that have a colour first; NULL: no memory. */
static told *list_classes(const cJSON *eval, int *count)
{
    const cJSON *roc = member(eval, "roc"), *one;
    *count = 0;
    told *list = calloc((size_t)cJSON_GetArraySize(roc) + 1, sizeof *list);
    if (!list) return NULL;
    const cJSON *row = member(eval, "per_class");
    row = row ? row->child : NULL;
    cJSON_ArrayForEach(one, roc)
    {
        list[*count] = (told){one, *count, lg_run_number(row, "average_precision")};
        ++*count;
        row = row ? row->next : NULL;
    }
    if (*count > LG_CHART_COLOURS) qsort(list, (size_t)*count, sizeof *list, worst_first);
    return list;
}

/* Numbers of a JSON array in fresh memory; NULL: none, or no memory. */
static double *numbers(const cJSON *array, int64_t *count)
{
    const int size = cJSON_GetArraySize(array);
    double *value = size > 0 ? malloc((size_t)size * sizeof *value) : NULL;
    const cJSON *item;
    *count = 0;
    if (!value) return NULL;
    cJSON_ArrayForEach(item, array) value[(*count)++] =
        cJSON_IsNumber(item) ? item->valuedouble : NAN;
    return value;
}

static lg_curve curve_of(const told *of, int place, const char *x, const char *y)
{
    int64_t xs, ys;
    const int named = place < LG_CHART_COLOURS;
    lg_curve curve = {.name = named ? lg_run_text(of->curves, "class") : NULL,
                      .x = numbers(member(of->curves, x), &xs),
                      .y = numbers(member(of->curves, y), &ys),
                      .colour = named ? place : FAINT,
                      .look = named ? LG_LOOK_PLAIN : LG_LOOK_FAINT};
    curve.count = xs < ys ? xs : ys;
    return curve;
}

/* Faint ones below the others. */
static logit_status draw(lg_text *page, const told *list, int count, const char *x, const char *y,
                         const lg_chart *chart, logit_error *err)
{
    const int named = count < LG_CHART_COLOURS ? count : LG_CHART_COLOURS;
    lg_curve *curve = calloc((size_t)count, sizeof *curve);
    if (!curve) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a report");
    for (int i = 0; i < count; i++) {
        const int place = i < count - named ? named + i : i - (count - named);
        curve[i] = curve_of(&list[place], place, x, y);
    }
    lg_chart_draw(page, chart, curve, count);
    for (int i = 0; i < count; i++) {
        free((double *)(uintptr_t)curve[i].x);
        free((double *)(uintptr_t)curve[i].y);
    }
    free(curve);
    return LOGIT_OK;
}

static void add_figures(lg_text *page, const cJSON *eval, int classes)
{
    const double auc = lg_run_number(eval, "auc");
    if (!isfinite(auc)) return;
    lg_text_add(page, "<p>Area under ROC ");
    lg_html_share(page, auc);
    lg_text_add(page, "; average precision ");
    lg_html_share(page, lg_run_number(eval, "average_precision"));
    lg_text_add(page, classes > 2 ? " (means over the classes).</p>\n" : ".</p>\n");
}

static void add_note(lg_text *page, int classes)
{
    if (classes <= LG_CHART_COLOURS) return;
    lg_text_add(page,
                "<p class=\"note\">In colour: the %d of %d classes with the least average "
                "precision.",
                LG_CHART_COLOURS, classes);
    if (classes > MOST_CURVES)
        lg_text_add(page, " Only the %d with the least are drawn.", MOST_CURVES);
    lg_text_add(page, "</p>\n");
}

static logit_status add_curves(lg_text *page, const cJSON *eval, logit_error *err)
{
    static const lg_chart rates = {.title = "ROC: each class against the rest",
                                   .x_name = "false positives, of the rest",
                                   .y_name = "true positives, of the class",
                                   .diagonal = 1,
                                   .x_range = unit,
                                   .y_range = unit};
    static const lg_chart precision = {.title = "Precision and recall",
                                       .x_name = "recall",
                                       .y_name = "precision",
                                       .x_range = unit,
                                       .y_range = unit};
    int classes;
    told *list = list_classes(eval, &classes);
    if (!list) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a report");
    const int shown = classes < MOST_CURVES ? classes : MOST_CURVES;
    add_figures(page, eval, classes);
    add_note(page, classes);
    lg_text_add(page, "<div class=\"charts\">\n");
    logit_status status = draw(page, list, shown, "fpr", "tpr", &rates, err);
    if (status == LOGIT_OK)
        status = draw(page, list, shown, "recall", "precision", &precision, err);
    lg_text_add(page, "</div>\n");
    free(list);
    return status;
}

logit_status lg_report_ranking(lg_text *page, const lg_report *report, logit_error *err)
{
    const cJSON *eval = report->run->eval;
    const char *unranked = lg_run_text(eval, "unranked");
    logit_status status = LOGIT_OK;
    if (!unranked && cJSON_GetArraySize(member(eval, "roc")) == 0) return LOGIT_OK;
    lg_html_section(page, "roc", "How well it ranks",
                    "Wherever the line between yes and no is drawn: one curve per class.");
    if (!unranked)
        status = add_curves(page, eval, err);
    else
        lg_text_add(page, "<p class=\"note\">Left out: %s.</p>\n",
                    strcmp(unranked, "memory") == 0
                        ? "the log odds of all samples are more than half of --memory"
                        : "some log odds are not finite");
    lg_html_section_end(page);
    return status;
}
