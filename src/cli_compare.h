/* cli_compare.h -- `logit compare`: what its files know of each other.
 *
 * The command.  cli_compare.c asks; cli_compare_text.c shows the answer to people,
 * cli_compare_json.c to programs. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_CLI_COMPARE_H
#define LG_CLI_COMPARE_H

#include "cli_screen.h"

/* The verdict in one word, for programs: "equal", "different" or "inconclusive". */
const char *lg_cli_verdict(const logit_comparison *c);

void lg_cli_compare_text(lg_cli *cli, const logit_comparison *c);
void lg_cli_compare_json(const logit_comparison *c, lg_text *out);

#endif
