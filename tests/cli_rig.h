/* cli_rig.h -- what the tests of the command share: lines to parse, values to try, pages.
 *
 * Tests. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TESTS_CLI_RIG_H
#define LG_TESTS_CLI_RIG_H

#include "cli_screen.h"

enum { MOST_WORDS = 16 };

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* Parses these words (the verb first; NULL ends them) as main does; variable is the environment,
 * or NULL. */
logit_status parse_words(lg_cli *cli, const char *variable, const char *const *words,
                         logit_error *err);

/* Parses `name value` (value may be NULL) for a verb, with as many arguments as it needs. */
logit_status parse_option(lg_cli *cli, lg_cli_verb verb, const char *name, const char *value,
                          logit_error *err);

/* What is written of the option's field.  Returns out. */
const char *written(const lg_cli_option *option, const lg_cli_settings *settings, char *out,
                    size_t size);

/* What a function prints; to be freed. */
char *page(void (*print)(FILE *out));

/* Fails unless text is that of tests/golden/name; LOGIT_GOLDEN=write writes it there.  Frees text.
 */
void compare_golden(const char *name, char *text);

/* The help of page_verb, for page(). */
extern lg_cli_verb page_verb;
void print_help(FILE *out);

/* A config file of these bytes, in a folder of its own under /tmp. */
typedef struct config_file {
    char folder[32], path[64];
} config_file;

config_file write_config(const char *text, size_t size);
void remove_config(config_file file);

#endif
