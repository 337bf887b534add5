/* report_head.c -- the top of the page, and its end. */
/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "report/report_html.h"
#include "report/report_parts.h"

/* A figure in large type, with what it is, and a line of small print that may be NULL. */
static void add_tile(lg_text *page, const char *what, double value, const char *small)
{
    if (!isfinite(value)) return;
    lg_text_add(page, "<div><b>");
    lg_html_figure(page, value);
    lg_text_add(page, "</b><span>%s</span>", what);
    if (small) lg_text_add(page, "<small>%s</small>", small);
    lg_text_add(page, "</div>\n");
}

/* "0.9154 to 0.9260 (95 %)", or NULL where the evaluation holds no interval. */
static const char *interval(const cJSON *eval, const char *name, char *out, size_t size)
{
    const cJSON *all = cJSON_GetObjectItemCaseSensitive(eval, "intervals");
    const cJSON *one = cJSON_GetObjectItemCaseSensitive(all, name);
    const cJSON *low = cJSON_GetArrayItem(one, 0), *high = cJSON_GetArrayItem(one, 1);
    if (!cJSON_IsNumber(low) || !cJSON_IsNumber(high)) return NULL;
    snprintf(out, size, "%.4g to %.4g (95 %%)", low->valuedouble, high->valuedouble);
    return out;
}

/* The figures of the part that was held out: test where there is one, else validation. */
static void add_tiles(lg_text *page, const lg_run *run)
{
    char small[80], what[40];
    const cJSON *eval = run->eval, *end = run->end;
    const char *part = lg_run_text(eval, "part");
    lg_text_add(page, "<div class=\"big\">\n");
    if (part && strcmp(part, "val") == 0) part = "validation";
    if (eval) {
        snprintf(what, sizeof what, "%.12s accuracy", part ? part : "");
        add_tile(page, what, lg_run_number(eval, "accuracy"),
                 interval(eval, "accuracy", small, sizeof small));
        snprintf(what, sizeof what, "%.12s loss", part ? part : "");
        add_tile(page, what, lg_run_number(eval, "loss"),
                 interval(eval, "loss", small, sizeof small));
        add_tile(page, "root mean squared error", lg_run_number(eval, "rmse"), NULL);
        add_tile(page, "R<sup>2</sup>", lg_run_number(eval, "r2"), NULL);
        add_tile(page, "entropy of the targets", lg_run_number(eval, "target_entropy"), NULL);
        add_tile(page, "KL divergence, the rest of the loss", lg_run_number(eval, "kl"), NULL);
    } else {
        add_tile(page, "test accuracy", lg_run_number(end, "test_accuracy"), NULL);
        add_tile(page, "test loss", lg_run_number(end, "test_loss"), NULL);
        add_tile(page, "validation accuracy", lg_run_number(end, "val_accuracy"), NULL);
        add_tile(page, "validation loss", lg_run_number(end, "val_loss"), NULL);
    }
    add_tile(page, "objective J", lg_run_number(end, "objective"), NULL);
    add_tile(page, "seconds", lg_run_number(end, "seconds"), NULL);
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

void lg_report_head(lg_text *page, const lg_report *report)
{
    const lg_run *run = report->run;
    const char *data = lg_run_text(run->start, "data");
    const char *objective = lg_run_text(run->start, "objective");
    lg_text_add(page, "<header><h1>");
    lg_html_add(page, last_part(run->folder));
    if (data) {
        lg_text_add(page, ": ");
        lg_html_add(page, last_part(data));
    }
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

void lg_report_settings(lg_text *page, const lg_report *report)
{
    const cJSON *start = report->run->start;
    const char *device = lg_run_text(start, "device"), *version = lg_run_text(start, "version");
    const char *data = lg_run_text(start, "data");
    const double curvature = lg_run_number(start, "curvature");
    lg_html_section(page, "settings", "Settings and machine", NULL);
    lg_text_add(page, "<div class=\"scroll\"><table>\n<tr><td>data</td><td>");
    lg_html_add(page, data ? data : "");
    lg_text_add(page, "</td></tr>\n<tr><td>device</td><td>");
    lg_html_add(page, device ? device : "");
    lg_text_add(page, "</td></tr>\n<tr><td>logit</td><td>");
    lg_html_add(page, version ? version : "");
    lg_text_add(page, "</td></tr>\n");
    if (isfinite(curvature))
        lg_text_add(page, "<tr><td>largest curvature L</td><td>%.5g</td></tr>\n", curvature);
    lg_text_add(page, "</table></div>\n<pre>");
    lg_html_add_lines(page, report->run->config);
    lg_text_add(page, "</pre>\n");
    lg_html_section_end(page);
}
