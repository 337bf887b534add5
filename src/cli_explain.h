/* cli_explain.h -- what the files of `logit explain` share; nobody else includes this.
 *
 * The command.  cli_explain.c asks and tells, cli_explain_map.c draws on the terminal,
 * cli_explain_json.c is for programs. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_CLI_EXPLAIN_H
#define LG_CLI_EXPLAIN_H

#include "cli_screen.h"

/* "x 3, y 4, red", "x 3, y 4" or "feature 17". */
const char *lg_cli_explain_place(char *out, const logit_explanation *e, int64_t feature);

/* The sample and its heat side by side, at most 76 columns: half blocks in 24-bit colours where
 * out has colour, else signs and shades.  Nothing for features. */
void lg_cli_explain_map(const lg_cli *cli, const logit_explanation *e, int which);

/* The `most` terms of largest size, largest first: pixels, of a map its features; returns how many
 * there are. */
int lg_cli_explain_terms(const logit_explanation *e, int which, int most, int64_t *feature);

void lg_cli_explain_json(const logit_model *model, const logit_explanation *e, int terms,
                         lg_text *out);

#endif
