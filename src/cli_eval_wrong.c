/* cli_eval_wrong.c -- which samples to look at: the most wrong, and likely label errors.
 *
 * The command. */
/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "cli_eval_page.h"

enum { FILE_MOST = 44, CLASS_MOST = 16 };

/* A name that is long keeps its end: there stands which of the samples in a file it is. */
static const char *file_name(char *out, const char *name)
{
    char tail[LG_CELL];
    const char *from = name;
    if (lg_cli_width(name) <= FILE_MOST) return lg_cli_name(out, name, FILE_MOST);
    while (*from && lg_cli_width(from) > FILE_MOST - 2) do
            from++;
        while (((unsigned char)*from & 0xc0) == 0x80); /* the rest of a character */
    snprintf(tail, sizeof tail, "..%s", from);
    return lg_cli_name(out, tail, FILE_MOST);
}

static int widest(const logit_sample_score *list, int count)
{
    char name[LG_CELL];
    int most = 0;
    for (int i = 0; i < count; i++) {
        const int width = lg_cli_width(file_name(name, list[i].name));
        if (width > most) most = width;
    }
    return most;
}

/* "train/7/a.png  7 taken for 1  (0.9812 against 0.0021)" */
static void print_sample(const lg_cli *cli, const logit_score *score,
                         const logit_sample_score *sample, int width)
{
    char cell[LG_CELL];
    fprintf(cli->out, "  ");
    lg_cli_cell(cli->out, file_name(cell, sample->name), width);
    fprintf(cli->out, "  %s",
            lg_cli_name(cell, score->class_score[sample->truth].name, CLASS_MOST));
    fprintf(cli->out, " taken for %s",
            lg_cli_name(cell, score->class_score[sample->said].name, CLASS_MOST));
    if (!isnan(sample->p_said)) {
        fprintf(cli->out, "  (%s", lg_cli_figure(cell, sample->p_said));
        fprintf(cli->out, " against %s)", lg_cli_figure(cell, sample->p_truth));
    }
    fprintf(cli->out, "\n");
}

static void print_list(const lg_cli *cli, const logit_score *score, const char *title,
                       const logit_sample_score *list, int count)
{
    const int shown = count < cli->set.wrong ? count : cli->set.wrong;
    const int width = widest(list, shown);
    if (shown == 0) return;
    fprintf(cli->out, "\n  %s%s%s\n", lg_cli_colour_text(cli->out_colour, LG_BOLD), title,
            lg_cli_colour_text(cli->out_colour, LG_PLAIN));
    for (int i = 0; i < shown; i++) print_sample(cli, score, &list[i], width);
}

void lg_cli_print_wrong(const lg_cli *cli, const logit_score *score)
{
    print_list(cli, score, "most wrong", score->wrong, score->wrong_count);
    print_list(cli, score, "likely label errors", score->suspect, score->suspect_count);
}
