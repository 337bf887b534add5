/* cli_eval.c -- `logit eval`: how good a model is, in all and class by class.
 *
 * The command. */
/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/status.h"
#include "cli_eval_page.h"

static logit_status print_score(lg_cli *cli, const logit_score *score, const char *loss,
                                logit_error *err)
{
    if (lg_cli_is_json(cli)) {
        lg_text json = {0};
        char *text = logit_score_json(score);
        if (text)
            lg_text_add(&json, "%s\n", text);
        else
            json.failed = 1;
        free(text);
        return lg_cli_put(cli, &json, err);
    }
    if (score->bad > 0) {
        char text[LG_CELL], number[LG_CELL];
        snprintf(text, sizeof text, "%.20s bad %s were left out",
                 lg_cli_count(number, (double)score->bad), lg_cli_things(cli));
        lg_cli_say(cli, LOGIT_LEVEL_WARNING, text);
    }
    lg_cli_print_score(cli, score, loss);
    return lg_cli_flush(cli, err);
}

logit_status lg_cli_run_eval(lg_cli *cli, logit_error *err)
{
    logit_score score = {0};
    logit_model *model = NULL;
    const logit_watch watch = lg_cli_watch(cli);
    LG_TRY(logit_model_open(&model, cli->argument[0], err));
    lg_cli_take_model(cli, model);
    logit_status status =
        logit_eval(model, cli->argument[1], cli->set.part, &cli->set.library, &watch, &score, err);
    status = lg_cli_watched(cli, status, err);
    if (status == LOGIT_OK)
        status = print_score(cli, &score, logit_model_describe(model).loss, err);
    logit_score_clear(&score);
    logit_model_close(model);
    return status;
}
