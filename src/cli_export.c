/* cli_export.c -- `logit export`: a model as a file for other programs.
 *
 * The command. */
/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/status.h"
#include "cli_screen.h"

static void print_line(lg_cli *cli, const logit_model *model, const logit_export_summary *summary)
{
    char name[LG_CELL], inputs[LG_CELL], bytes[LG_CELL];
    const logit_model_info info = logit_model_describe(model);
    if (cli->set.quiet) return;
    fprintf(cli->out, "%s: %s, %s inputs, ", lg_cli_name(name, cli->set.export.file, LG_CELL - 1),
            summary->format, lg_cli_count(inputs, (double)info.inputs));
    if (info.classes > 0)
        fprintf(cli->out, "%d classes, ", info.classes);
    else
        fputs("one number, ", cli->out);
    fprintf(cli->out, "%s\n", lg_text_bytes(bytes, (double)summary->bytes));
}

static logit_status export(lg_cli *cli, const logit_model *model, logit_error *err)
{
    logit_export_summary summary;
    logit_export_options options = cli->set.export;
    options.prior = cli->set.library.prior;
    options.temperature = cli->set.library.temperature;
    LG_TRY(logit_export(model, &options, &summary, err));
    print_line(cli, model, &summary);
    return lg_cli_flush(cli, err);
}

logit_status lg_cli_run_export(lg_cli *cli, logit_error *err)
{
    logit_model *model = NULL;
    LG_TRY(logit_model_open(&model, cli->argument[0], err));
    const logit_status status = export(cli, model, err);
    logit_model_close(model);
    return status;
}
