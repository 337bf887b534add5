/* cli_grid.h -- what `logit train` shows of several settings at once.
 *
 * The command.  An epoch is one line, of the setting that is best in it; -v shows them all.  At the
 * end there is a table of all of them, best first. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_CLI_GRID_H
#define LG_CLI_GRID_H

#include "cli.h"

/* The head of the epochs' lines, and the line of an epoch once its last setting is there. */
void lg_cli_grid_head(const lg_cli *cli);
void lg_cli_grid_epoch(lg_cli *cli, const logit_epoch *epoch);

/* A line for each fold of a cross-validation, of the setting that is best in it; -v shows all. */
void lg_cli_grid_fold(lg_cli *cli, const logit_fold *fold);

/* Adds what a setting came to, to cli->grid: a row of the table, or an element of a JSON array. */
void lg_cli_grid_add(lg_cli *cli, const logit_setting *setting);

#endif
