/* cli_eval_wrong.h -- the samples that an evaluation points at.
 *
 * The command. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_CLI_EVAL_WRONG_H
#define LG_CLI_EVAL_WRONG_H

#include "cli_screen.h"

/* The most wrong samples and the likely label errors, cli->set.wrong of each at most; nothing of a
 * list that is empty. */
void lg_cli_print_wrong(const lg_cli *cli, const logit_score *score);

#endif
