/* report_parts.h -- the sections of the page, in the order in which they come.
 *
 * Layer 3 (report), private to src/report.  Each adds nothing where the run has nothing of it. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_REPORT_PARTS_H
#define LG_REPORT_PARTS_H

#include "base/text.h"
#include "report/report_run.h"

typedef struct lg_report {
    const lg_run *run;
    logit_model *model; /* or NULL: the run has not ended */
    logit_model_info info;
    const logit_report_options *options;
} lg_report;

/* report_head.c: what the run is called; name, objective, the figures that matter; and at the end
 * settings and machine. */
void lg_report_name(lg_text *page, const lg_run *run);
void lg_report_head(lg_text *page, const lg_report *report);
void lg_report_settings(lg_text *page, const lg_report *report);
/* report_curves.c: loss and accuracy of every setting, epoch by epoch. */
void lg_report_curves(lg_text *page, const lg_report *report);
/* report_grid.c: all settings in a table and, by learning rate and l2, in a picture. */
void lg_report_grid(lg_text *page, const lg_report *report);
/* report_path.c: the same of a path, by penalty, and of cross-validation; 1 if the run is either.
 */
void lg_report_path(lg_text *page, const lg_report *report);
int lg_report_has_path(const lg_run *run);
/* report_figures.c: confusion, classes. */
void lg_report_figures(lg_text *page, const lg_report *report);
/* report_calibration.c: what a probability is worth. */
void lg_report_calibration(lg_text *page, const lg_report *report);
/* report_ranking.c: ROC and precision-recall curves of the classes.  Error: NOMEM. */
logit_status lg_report_ranking(lg_text *page, const lg_report *report, logit_error *err);
/* report_wrong.c: the most wrong samples and the likely label errors, as pictures where the data
 * are there.  Error: NOMEM. */
logit_status lg_report_wrong(lg_text *page, const lg_report *report, logit_error *err);
/* report_weights.c: rows of W as pictures.  Errors: USAGE (no such class), NOMEM. */
logit_status lg_report_weights(lg_text *page, const lg_report *report, logit_error *err);
/* report_dictionary.c: the filters of a patch map as pictures.  Error: NOMEM. */
logit_status lg_report_dictionary(lg_text *page, const lg_report *report, logit_error *err);
/* report_compare.c: two devices against each other, where `compare -o RUN` ran. */
void lg_report_compare(lg_text *page, const lg_report *report);

#endif
