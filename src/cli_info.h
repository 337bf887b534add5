/* cli_info.h -- what the files of `logit info` share; nobody else includes this.
 *
 * The command.  cli_info.c tells of this logit and its machine, cli_info_model.c of a model. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_CLI_INFO_H
#define LG_CLI_INFO_H

#include "cli_screen.h"

/* "label       text", wrapped. */
void lg_cli_info_row(const lg_cli *cli, const char *label, const char *text);

/* , "key": "value" */
void lg_cli_info_string(lg_text *out, const char *key, const char *value);

/* `logit info MODEL`.  Errors: IO, DATA, NOMEM. */
logit_status lg_cli_info_model(lg_cli *cli, logit_error *err);

#endif
