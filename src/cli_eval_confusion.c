/* cli_eval_confusion.c -- which classes are taken for which.
 *
 * The command. */
/* SPDX-License-Identifier: MIT */
#include "cli_eval_page.h"

enum { MATRIX_MOST = 20, PAIRS = 10 };

static int64_t confused(const logit_score *score, int truth, int said)
{
    return score->confusion[(size_t)truth * (size_t)score->classes + (size_t)said];
}

/* Columns of a cell: the widest number or class name in it, and two blanks. */
static int matrix_cell(const logit_score *score)
{
    char cell[LG_CELL];
    int width = 0;
    for (int i = 0; i < score->classes; i++) {
        const int name = lg_cli_width(lg_cli_name(cell, score->class_score[i].name, 10));
        if (name > width) width = name;
        for (int j = 0; j < score->classes; j++) {
            const int number = lg_cli_width(lg_cli_count(cell, (double)confused(score, i, j)));
            if (number > width) width = number;
        }
    }
    return width + 2;
}

static void print_matrix(const lg_cli *cli, const logit_score *score, int width, int cell_width)
{
    char cell[LG_CELL];
    fprintf(cli->out, "\n  %sconfusion%s: rows are true classes, columns predicted ones\n  %*s",
            lg_cli_colour_text(cli->out_colour, LG_BOLD),
            lg_cli_colour_text(cli->out_colour, LG_PLAIN), width, "");
    for (int j = 0; j < score->classes; j++)
        lg_cli_cell(cli->out, lg_cli_name(cell, score->class_score[j].name, 10), -cell_width);
    fprintf(cli->out, "\n");
    for (int i = 0; i < score->classes; i++) {
        fprintf(cli->out, "  ");
        lg_cli_cell(cli->out, lg_cli_name(cell, score->class_score[i].name, LG_EVAL_NAME), width);
        for (int j = 0; j < score->classes; j++) {
            const int64_t count = confused(score, i, j);
            const lg_cli_colour colour = i == j ? LG_GREEN : LG_RED;
            const int coloured = cli->out_colour && count > 0;
            fputs(lg_cli_colour_text(coloured, colour), cli->out);
            lg_cli_cell(cli->out, lg_cli_count(cell, (double)count), -cell_width);
            fputs(lg_cli_colour_text(coloured, LG_PLAIN), cli->out);
        }
        fprintf(cli->out, "\n");
    }
}

typedef struct pair {
    int truth, said;
    int64_t count;
} pair;

/* The most confused pairs, most first; ties in class order.  Returns how many. */
static int worst_pairs(const logit_score *score, pair *worst)
{
    int count = 0;
    for (int i = 0; i < score->classes; i++)
        for (int j = 0; j < score->classes; j++) {
            const pair one = {i, j, confused(score, i, j)};
            if (i == j || one.count == 0) continue;
            if (count == PAIRS && one.count <= worst[count - 1].count) continue;
            int at = count < PAIRS ? count++ : count - 1;
            for (; at > 0 && worst[at - 1].count < one.count; at--) worst[at] = worst[at - 1];
            worst[at] = one;
        }
    return count;
}

static void print_pairs(const lg_cli *cli, const logit_score *score)
{
    char cell[LG_CELL];
    pair worst[PAIRS];
    const int count = worst_pairs(score, worst);
    if (count == 0) return;
    fprintf(cli->out, "\n  %smost confused%s\n", lg_cli_colour_text(cli->out_colour, LG_BOLD),
            lg_cli_colour_text(cli->out_colour, LG_PLAIN));
    for (int i = 0; i < count; i++) {
        const logit_class_score *truth = &score->class_score[worst[i].truth];
        fprintf(cli->out, "  %8s of ", lg_cli_count(cell, (double)worst[i].count));
        fprintf(cli->out, "%s ", lg_cli_count(cell, (double)truth->count));
        fprintf(cli->out, "%s ", lg_cli_name(cell, truth->name, LG_EVAL_NAME));
        fprintf(cli->out, "taken for %s\n",
                lg_cli_name(cell, score->class_score[worst[i].said].name, LG_EVAL_NAME));
    }
}

void lg_cli_print_confusion(const lg_cli *cli, const logit_score *score)
{
    if (score->classes == 0 || !score->confusion) return;
    const int width = lg_cli_widest_class(score);
    const int cell = score->classes <= MATRIX_MOST ? matrix_cell(score) : LG_EVAL_COLUMNS;
    if (2 + width + cell * score->classes <= LG_EVAL_COLUMNS)
        print_matrix(cli, score, width, cell);
    else
        print_pairs(cli, score);
}
