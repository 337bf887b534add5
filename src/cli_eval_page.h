/* cli_eval_page.h -- what an evaluation looks like on a terminal.
 *
 * The command.  80 columns of ASCII, but for names; colour where cli->out_colour is set. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_CLI_EVAL_PAGE_H
#define LG_CLI_EVAL_PAGE_H

#include "cli_screen.h"

enum { LG_EVAL_NAME = 27, LG_EVAL_COLUMNS = 80 };

/* All of it; loss: the model's, whose unit it sets. */
void lg_cli_print_score(lg_cli *cli, const logit_score *score, const char *loss);

/* Columns of the class names, LG_EVAL_NAME at most. */
int lg_cli_widest_class(const logit_score *score);

/* cli_eval_reliability.c: a bar per bin of confidence; nothing where there are no probabilities. */
void lg_cli_print_reliability(const lg_cli *cli, const logit_score *score);

/* cli_eval_confusion.c: the matrix where it fits, else the pairs confused most often. */
void lg_cli_print_confusion(const lg_cli *cli, const logit_score *score);

/* cli_eval_wrong.c: the most wrong samples and the likely label errors, cli->set.wrong of each at
 * most; nothing of a list that is empty. */
void lg_cli_print_wrong(const lg_cli *cli, const logit_score *score);

#endif
