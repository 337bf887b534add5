/* cli_value.h -- what the files of option values share: how each kind is written.
 *
 * The command.  cli_value.c reads, holds ranges and has the table of kinds. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_CLI_VALUE_H
#define LG_CLI_VALUE_H

#include "cli_table.h"

/* Adds the value at field to out. */
typedef void lg_cli_write_fn(const void *field, lg_text *out);

lg_cli_write_fn lg_cli_write_real, lg_cli_write_flag, lg_cli_write_int, lg_cli_write_long,
    lg_cli_write_seed, lg_cli_write_list, lg_cli_write_size, lg_cli_write_every, lg_cli_write_bytes,
    lg_cli_write_text;

#endif
