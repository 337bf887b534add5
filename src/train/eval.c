/* eval.c -- a model's figures on a set. */
/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "train/ranking.h"
#include "train/settings.h"
#include "train/survey.h"
#include "train/worst.h"

logit_status logit_eval(logit_model *model, const char *data, const char *part,
                        const logit_options *given, const logit_watch *watch, logit_score *score,
                        logit_error *err)
{
    lg_survey survey = {0};
    logit_options options = *given;
    memset(score, 0, sizeof *score);
    LG_TRY(lg_options_settle(&options, err));
    logit_status status = lg_survey_open(&survey, model, data, part, &options, watch, err);
    if (status == LOGIT_OK) status = lg_pass_score(&survey.pass, score, err);
    score->part = survey.part;
    lg_survey_close(&survey);
    return status;
}

void logit_score_clear(logit_score *score)
{
    free(score->class_score);
    free(score->confusion);
    lg_ranking_clear(score);
    lg_worst_clear(score);
    *score = (logit_score){0};
}
