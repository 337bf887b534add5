/* cli_eval_reliability.c -- whether a model is right as often as it is sure.
 *
 * The command.  A bar for every bin of confidence that has samples: 40 columns are the way from 0
 * to
 * 1.  '#' as far as it is right and sure, '-' from there to how sure it is, '+' to how often it is
 * right. */
/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "cli_eval_page.h"

enum { BAR = 40 };

/* What stands in column i of a bin's bar. */
static char mark_of(const logit_calibration_bin *bin, int i)
{
    const double at = (i + 0.5) / BAR;
    if (at < fmin(bin->accuracy, bin->confidence)) return '#';
    if (at < bin->confidence) return '-';
    return at < bin->accuracy ? '+' : ' ';
}

static void print_bar(const lg_cli *cli, const logit_calibration_bin *bin)
{
    char last = '#';
    for (int i = 0; i < BAR; i++) {
        const char mark = mark_of(bin, i);
        if (mark == ' ') break;
        if (mark != last)
            fputs(lg_cli_colour_text(cli->out_colour, mark == '-' ? LG_RED : LG_GREEN), cli->out);
        fputc(mark, cli->out);
        last = mark;
    }
    fprintf(cli->out, "%s\n", last == '#' ? "" : lg_cli_colour_text(cli->out_colour, LG_PLAIN));
}

void lg_cli_print_reliability(const lg_cli *cli, const logit_score *score)
{
    char cell[LG_CELL];
    if (isnan(score->ece)) return;
    fprintf(cli->out,
            "\n  %sreliability%s: - surer than it is right, + right more often than it is sure\n",
            lg_cli_colour_text(cli->out_colour, LG_BOLD),
            lg_cli_colour_text(cli->out_colour, LG_PLAIN));
    fprintf(cli->out, "  %6s%8s%10s\n", "sure", "right", lg_cli_things(cli));
    for (int b = 0; b < LOGIT_CALIBRATION_BINS; b++) {
        const logit_calibration_bin *bin = &score->calibration[b];
        if (bin->count == 0) continue;
        fprintf(cli->out, "  %6s", lg_cli_figure(cell, bin->confidence));
        fprintf(cli->out, "%8s", lg_cli_figure(cell, bin->accuracy));
        fprintf(cli->out, "%10s  ", lg_cli_count(cell, (double)bin->count));
        print_bar(cli, bin);
    }
}
