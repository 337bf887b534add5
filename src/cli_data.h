/* cli_data.h -- what the files of `logit data` share.
 *
 * The command. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_CLI_DATA_H
#define LG_CLI_DATA_H

#include "cli.h"

int64_t lg_cli_data_count(const logit_data_report *report); /* samples of all parts */

/* The whole report as one JSON object. */
void lg_cli_data_json(const logit_data_report *report, lg_text *out);

#endif
