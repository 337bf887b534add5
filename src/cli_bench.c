/* cli_bench.c -- `logit bench`: speed of the parts, each beside the floor of this machine.
 *
 * The command.  A line is printed as soon as it is measured. */
/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "base/status.h"
#include "cli_screen.h"

/* Whether less is better: a time, not a rate. */
static int is_time(const logit_measure *line)
{
    return strchr(line->unit, '/') == NULL;
}

/* How many times worse than the floor; 1 is all the machine allows. */
static double ratio_of(const logit_measure *line)
{
    if (isnan(line->floor) || line->value <= 0.0 || line->floor <= 0.0) return NAN;
    return is_time(line) ? line->value / line->floor : line->floor / line->value;
}

/* Four digits, with separators where they are whole. */
static const char *amount(char *out, double value)
{
    if (isnan(value))
        snprintf(out, LG_CELL, "-");
    else if (fabs(value) >= 1000.0)
        return lg_cli_count(out, value);
    else
        snprintf(out, LG_CELL, "%.4g", value);
    return out;
}

static void print_line(const lg_cli *cli, const logit_measure *line)
{
    char cell[LG_CELL];
    const double ratio = ratio_of(line);
    lg_cli_cell(cli->out, lg_cli_name(cell, line->name, 22), 23);
    lg_cli_cell(cli->out, lg_cli_name(cell, line->shape, 32), 33);
    fprintf(cli->out, "%12s", amount(cell, line->value));
    fprintf(cli->out, "%12s", amount(cell, line->floor));
    snprintf(cell, sizeof cell, isnan(ratio) ? "-" : "%.2f", ratio);
    fprintf(cli->out, "%7s  %s%s%s\n", cell, line->unit, line->bound[0] ? ", " : "", line->bound);
}

static void add_json(const logit_measure *line, int first, lg_text *out)
{
    lg_text_add(out, "%s{\"name\": ", first ? "\n " : ",\n ");
    lg_text_add_json(out, line->name);
    lg_text_add(out, ", \"shape\": ");
    lg_text_add_json(out, line->shape);
    lg_text_add(out, ", \"value\": ");
    lg_text_add_number(out, line->value);
    lg_text_add(out, ", \"unit\": ");
    lg_text_add_json(out, line->unit);
    lg_text_add(out, ", \"floor\": ");
    lg_text_add_number(out, line->floor);
    lg_text_add(out, ", \"bound\": ");
    lg_text_add_json(out, line->bound);
    lg_text_add(out, ", \"ratio\": ");
    lg_text_add_number(out, ratio_of(line));
    lg_text_add(out, "}");
}

static void on_measure(void *user, const logit_measure *line)
{
    lg_cli *cli = user;
    lg_text json = {0};
    if (cli->failed != LOGIT_OK) return;
    cli->lines++;
    if (lg_cli_is_json(cli)) {
        add_json(line, cli->lines == 1, &json);
        cli->failed = lg_cli_put(cli, &json, &cli->failure);
        return;
    }
    print_line(cli, line);
    cli->failed = lg_cli_flush(cli, &cli->failure);
}

static logit_status refuse_only(lg_cli *cli, logit_error *err)
{
    char only[LG_CELL];
    LG_TRY(lg_cli_flush(cli, err));
    LG_FAIL(err, LOGIT_E_USAGE,
            "--only %s: no line has that in its name or shape, as in \"epoch\" or \"MNIST\"; "
            "logit bench prints them all",
            lg_cli_name(only, cli->set.only, 40));
}

logit_status lg_cli_run_bench(lg_cli *cli, logit_error *err)
{
    const char *data = cli->arguments > 0 ? cli->argument[0] : NULL;
    if (data) (void)logit_sandbox_start(NULL); /* without it a line is missing */
    if (lg_cli_is_json(cli))
        fputs("[", cli->out);
    else
        fprintf(cli->out, "%s%-23s%-33s%12s%12s%7s  %s%s\n",
                lg_cli_colour_text(cli->out_colour, LG_BOLD), "what", "shape", "measured", "floor",
                "ratio", "unit, bound by", lg_cli_colour_text(cli->out_colour, LG_PLAIN));
    logit_watch watch = lg_cli_watch(cli);
    watch.measure = on_measure;
    const logit_status measured =
        logit_bench(data, &cli->set.library, cli->set.seconds, cli->set.only, &watch, err);
    const logit_status status = lg_cli_watched(cli, measured, err);
    if (lg_cli_is_json(cli) && (status == LOGIT_OK || status == LOGIT_E_STOPPED))
        fputs("\n]\n", cli->out);
    LG_TRY(status);
    if (cli->lines == 0 && cli->set.only) return refuse_only(cli, err);
    lg_cli_next(cli, "logit train DATA");
    return lg_cli_flush(cli, err);
}
