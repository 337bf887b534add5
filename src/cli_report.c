/* cli_report.c -- `logit report`: a run's page, drawn anew.
 *
 * The command. */
/* SPDX-License-Identifier: MIT */
#include "base/status.h"
#include "cli_screen.h"

logit_status lg_cli_run_report(lg_cli *cli, logit_error *err)
{
    char folder[LG_CELL];
    const char *run = cli->argument[0], *out = cli->set.report.out;
    LG_TRY(logit_report(run, &cli->set.report, err));
    if (cli->set.quiet) return LOGIT_OK;
    if (out)
        fprintf(cli->out, "report: %s\n", lg_cli_name(folder, out, LG_CELL - 1));
    else
        fprintf(cli->out, "report: %s/report.html\n", lg_cli_name(folder, run, LG_CELL - 1));
    return lg_cli_flush(cli, err);
}
