/* report_head.c -- the top of the page, and its end. */
/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "report/report_html.h"
#include "report/report_parts.h"
#include "report/report_table.h"

/* A figure in large type, with what it is. */
static void add_tile(lg_text *page, const char *what, double value)
{
    if (!isfinite(value)) return;
    lg_text_add(page, "<div><b>");
    lg_html_figure(page, value);
    lg_text_add(page, "</b><span>%s</span></div>\n", what);
}

/* The same of a figure of the evaluation, with its interval where there is one, which is written
 * with the decimals of the figure. */
static void add_estimate(lg_text *page, const cJSON *eval, const char *part, const char *name,
                         lg_column_kind kind)
{
    const double value = lg_run_number(eval, name);
    const cJSON *all = cJSON_GetObjectItemCaseSensitive(eval, "intervals");
    const cJSON *ends = cJSON_GetObjectItemCaseSensitive(all, name);
    const cJSON *low = cJSON_GetArrayItem(ends, 0), *high = cJSON_GetArrayItem(ends, 1);
    lg_decimals decimals = {0};
    if (!isfinite(value)) return;
    lg_decimals_see(&decimals, value);
    lg_text_add(page, "<div><b>");
    lg_decimals_write(page, &decimals, kind, value);
    lg_text_add(page, "</b><span>");
    lg_html_add(page, part);
    lg_text_add(page, " %s</span>", name);
    if (cJSON_IsNumber(low) && cJSON_IsNumber(high)) {
        lg_text_add(page, "<small><span class=\"whole\">");
        lg_decimals_write(page, &decimals, kind, low->valuedouble);
        lg_text_add(page, " to ");
        lg_decimals_write(page, &decimals, kind, high->valuedouble);
        lg_text_add(page, "</span> <span class=\"whole\">(95 %%)</span></small>");
    }
    lg_text_add(page, "</div>\n");
}

static void add_evaluation(lg_text *page, const cJSON *eval)
{
    const char *part = lg_run_text(eval, "part");
    if (!part) part = "";
    if (strcmp(part, "val") == 0) part = "validation";
    add_estimate(page, eval, part, "accuracy", LG_COLUMN_SHARE);
    add_estimate(page, eval, part, "loss", LG_COLUMN_FIGURE);
    add_tile(page, "root mean squared error", lg_run_number(eval, "rmse"));
    add_tile(page, "R<sup>2</sup>", lg_run_number(eval, "r2"));
    add_tile(page, "entropy of the targets", lg_run_number(eval, "target_entropy"));
    add_tile(page, "KL divergence, the rest of the loss", lg_run_number(eval, "kl"));
}

/* The figures of the part that was held out: test where there is one, else validation. */
static void add_tiles(lg_text *page, const lg_run *run)
{
    const cJSON *end = run->end;
    lg_text_add(page, "<div class=\"big\">\n");
    if (run->eval) {
        add_evaluation(page, run->eval);
    } else {
        add_tile(page, "test accuracy", lg_run_number(end, "test_accuracy"));
        add_tile(page, "test loss", lg_run_number(end, "test_loss"));
        add_tile(page, "validation accuracy", lg_run_number(end, "val_accuracy"));
        add_tile(page, "validation loss", lg_run_number(end, "val_loss"));
    }
    add_tile(page, "objective J", lg_run_number(end, "objective"));
    add_tile(page, "seconds", lg_run_number(end, "seconds"));
    lg_text_add(page, "</div>\n");
}

/* How lbfgs ended, and how near to the optimum. */
static void add_optimum(lg_text *page, const cJSON *end)
{
    const char *ended = lg_run_text(end, "ended");
    const double gap = lg_run_number(end, "gap"), zeros = lg_run_number(end, "zeros");
    if (!ended || !isfinite(lg_run_number(end, "passes"))) return;
    lg_text_add(page, "<p class=\"about\">lbfgs: ");
    lg_html_add(page,
                strcmp(ended, "passes") == 0      ? "not converged"
                : strcmp(ended, "rounding") == 0  ? "stopped where float32 leaves nothing to gain"
                : strcmp(ended, "separable") == 0 ? "stopped, for the classes can be separated"
                                                  : ended);
    lg_text_add(page, " after ");
    lg_html_count(page, lg_run_number(end, "passes"));
    lg_text_add(page, " passes, |gradient| %.2g", lg_run_number(end, "gradient"));
    if (zeros > 0.0) {
        lg_text_add(page, "; ");
        lg_html_count(page, zeros);
        lg_text_add(page, " weights are 0");
    }
    if (isfinite(gap)) lg_text_add(page, "; J is at most %.2g above its optimum", gap);
    lg_text_add(page, ".</p>\n");
}

/* "54,000 images to train on, 6,000 to validate, 10,000 to test, 10 classes, 7,850 numbers." */
static void add_counts(lg_text *page, const lg_report *report)
{
    const cJSON *start = report->run->start;
    const logit_model_info *info = &report->info;
    static const struct {
        const char *name, *words;
    } counts[] = {{"train_count", "to train on"},
                  {"val_count", "to validate"},
                  {"test_count", "to test"},
                  {"classes", "classes"}};
    int said = 0;
    lg_text_add(page, "<p class=\"about\">");
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        const double count = lg_run_number(start, counts[i].name);
        if (!(count > 0.0)) continue;
        lg_text_add(page, "%s", said++ ? ", " : "");
        lg_html_count(page, count);
        lg_text_add(page, " %s", counts[i].words);
    }
    const double numbers =
        info->map ? ((double)info->features + 1.0) * info->outputs
                  : (lg_run_number(start, "features") + 1.0) * lg_run_number(start, "outputs");
    if (info->map) {
        lg_text_add(page, "; ");
        lg_html_count(page, (double)info->inputs);
        lg_text_add(page, " numbers of each become ");
        lg_html_count(page, (double)info->features);
        lg_text_add(page, " features (");
        for (const char *c = info->map; *c && *c != ','; c++) lg_text_add(page, "%c", *c);
        lg_text_add(page, ")");
    }
    if (isfinite(numbers)) {
        lg_text_add(page, "; W and b are ");
        lg_html_count(page, numbers);
        lg_text_add(page, " numbers");
    }
    lg_text_add(page, ".</p>\n");
}

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash && slash[1] ? slash + 1 : path;
}

void lg_report_name(lg_text *page, const lg_run *run)
{
    const char *data = lg_run_text(run->start, "data");
    lg_html_add(page, last_part(run->folder));
    if (!data) return;
    lg_text_add(page, ": ");
    lg_html_add(page, last_part(data));
}

void lg_report_head(lg_text *page, const lg_report *report)
{
    const lg_run *run = report->run;
    const char *objective = lg_run_text(run->start, "objective");
    lg_text_add(page, "<header><h1>");
    lg_report_name(page, run);
    lg_text_add(page, "</h1>\n");
    add_counts(page, report);
    add_tiles(page, run);
    if (objective) {
        lg_text_add(page, "<p class=\"objective\">");
        lg_html_add(page, objective);
        lg_text_add(page, "</p>\n");
    }
    add_optimum(page, run->end);
    if (!run->end)
        lg_text_add(page, "<p class=\"note\">The run has not ended: what follows is as it stood "
                          "when this page was written.</p>\n");
    lg_text_add(page, "</header>\n");
}

/* A fact that may be long, as a path is; none where there is none. */
static void add_fact(lg_text *page, const char *name, const char *fact)
{
    if (!fact) return;
    lg_text_add(page, "<tr><th scope=\"row\">%s</th><td>", name);
    lg_html_add(page, fact);
    lg_text_add(page, "</td></tr>\n");
}

void lg_report_settings(lg_text *page, const lg_report *report)
{
    const cJSON *start = report->run->start;
    const double curvature = lg_run_number(start, "curvature");
    lg_html_section(page, "settings", "Settings and machine", NULL);
    lg_text_add(page, "<table class=\"facts\">\n");
    add_fact(page, "data", lg_run_text(start, "data"));
    add_fact(page, "device", lg_run_text(start, "device"));
    add_fact(page, "logit", lg_run_text(start, "version"));
    if (isfinite(curvature))
        lg_text_add(page, "<tr><th scope=\"row\">largest curvature L</th><td>%.5g</td></tr>\n",
                    curvature);
    lg_text_add(page, "</table>\n<details><summary>All options, as config.ini has them</summary>"
                      "<pre tabindex=\"0\">");
    lg_html_add_lines(page, report->run->config);
    lg_text_add(page, "</pre></details>\n");
    lg_html_section_end(page);
}
