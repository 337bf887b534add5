/* report.c -- logit_report: a run folder in, one page out. */
/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/status.h"
#include "report/report_html.h"
#include "report/report_parts.h"
#include "report/report_style.h"

void logit_report_options_default(logit_report_options *options)
{
    *options = (logit_report_options){0};
}

static void begin(lg_text *page, const lg_run *run)
{
    lg_text_add(page, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
                      "<meta name=\"color-scheme\" content=\"light dark\">\n"
                      "<link rel=\"icon\" href=\"data:,\">\n<title>");
    lg_report_name(page, run);
    lg_text_add(page, " - logit</title>\n<style>\n%s</style>\n</head>\n<body>\n", lg_report_style);
}

static void end(lg_text *page)
{
    lg_text_add(page, "</main>\n<footer><p class=\"note\">Every number here stands, with all its "
                      "digits, in metrics.jsonl and eval.json beside this page; biases in "
                      "model.safetensors.</p></footer>\n</body>\n</html>\n");
}

/* What comes below the head. */
static logit_status add_sections(lg_text *body, const lg_report *report, logit_error *err)
{
    lg_report_curves(body, report);
    lg_report_grid(body, report);
    lg_report_path(body, report);
    lg_report_figures(body, report);
    lg_report_calibration(body, report);
    LG_TRY(lg_report_ranking(body, report, err));
    LG_TRY(lg_report_wrong(body, report, err));
    LG_TRY(lg_report_weights(body, report, err));
    LG_TRY(lg_report_dictionary(body, report, err));
    lg_report_compare(body, report);
    lg_report_settings(body, report);
    return LOGIT_OK;
}

static logit_status compose(lg_text *page, const lg_report *report, logit_error *err)
{
    lg_text body = {0};
    const logit_status status = add_sections(&body, report, err);
    begin(page, report->run);
    lg_report_head(page, report);
    if (body.data && !body.failed) {
        lg_html_contents(page, body.data);
        lg_text_add(page, "<main>\n%s", body.data);
    }
    end(page);
    page->failed |= body.failed;
    lg_text_clear(&body);
    LG_TRY(status);
    if (page->failed) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a report");
    return LOGIT_OK;
}

/* The model of the run, which is there once it has ended. */
static logit_status open_model(lg_report *report, logit_error *err)
{
    char path[4200];
    snprintf(path, sizeof path, "%s/model.safetensors", report->run->folder);
    if (access(path, F_OK) != 0) return LOGIT_OK;
    LG_TRY(logit_model_open(&report->model, path, err));
    report->info = logit_model_describe(report->model);
    return LOGIT_OK;
}

static logit_status write_page(const lg_text *page, const lg_report *report, logit_error *err)
{
    char path[4200];
    snprintf(path, sizeof path, "%s/report.html", report->run->folder);
    const lg_piece piece = {page->data, page->size};
    return lg_file_replace(report->options->out ? report->options->out : path, &piece, 1, err);
}

logit_status logit_report(const char *run_folder, const logit_report_options *options,
                          logit_error *err)
{
    lg_run run;
    lg_text page = {0};
    LG_TRY(lg_run_read(&run, run_folder, err));
    lg_report report = {.run = &run, .options = options};
    logit_status status = open_model(&report, err);
    if (status == LOGIT_OK) status = compose(&page, &report, err);
    if (status == LOGIT_OK) status = write_page(&page, &report, err);
    logit_model_close(report.model);
    lg_text_clear(&page);
    lg_run_clear(&run);
    return status;
}
