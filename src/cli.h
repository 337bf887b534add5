/* cli.h -- the command `logit`: what its parts know of each other.
 *
 * The command knows include/logit.h and base, nothing else.
 *
 *   main.c            the process: descriptors, SIGPIPE, the exit code
 *   cli_dispatch.c    from argv to a verb
 *   cli_table.h       cli_verbs.def and cli_options.def: cli_table.c, cli_value*.c, cli_suggest.c
 *   cli_parse.c       the command line, the environment, and which source wins
 *   cli_idle.c        options that would change nothing
 *   cli_config.c      config files: reading and writing
 *   cli_help.c, cli_man.c, cli_completion*.c, cli_tour.c    the tables as text
 *   cli_screen.h      colour, columns, numbers for people; progress; Ctrl-C
 *   cli_VERB.c        one file per verb; cli_run.c and cli_compare.h: what several share
 *
 * One lg_cli lives as long as the program. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_CLI_H
#define LG_CLI_H

#include <stdio.h>

#include "base/file.h"
#include "base/text.h"
#include "cli_table.h"
#include "logit.h"

/* Where a value came from; the later wins. */
typedef enum lg_cli_source {
    LG_SOURCE_DEFAULT,
    LG_SOURCE_CONFIG,
    LG_SOURCE_ENVIRONMENT,
    LG_SOURCE_LINE
} lg_cli_source;

typedef enum lg_cli_progress {
    LG_PROGRESS_NONE,
    LG_PROGRESS_PLAIN, /* a line now and then */
    LG_PROGRESS_LINE   /* one line on the terminal, rewritten */
} lg_cli_progress;

typedef struct lg_cli {
    lg_cli_verb verb;
    lg_cli_settings set;
    lg_cli_source source[LG_OPTION_COUNT];
    char **argument; /* [arguments]; the array is owned, its strings are argv's */
    int arguments;
    lg_bytes config; /* text of the config file: settings point into it */
    lg_text notes;   /* what was ignored, a line each, for -v */

    int floats; /* the samples are known to be features, and are not called images */

    FILE *out; /* results */
    int out_colour, err_colour;
    int out_errno; /* of a write to out that failed */

    lg_cli_progress progress;
    int line_shown;     /* a progress line stands on the terminal */
    double line_moment; /* when a line was last written, or the call began */

    logit_status failed; /* inside a callback of the library: stops the call */
    logit_error failure;
    int settings;                       /* train: combinations trained at once */
    logit_setting best_of_fold;         /* train, with folds: the best of the fold so far */
    logit_epoch best;                   /* train, of a grid: the best of the epoch so far */
    lg_text grid;                       /* train: what the settings came to, text or JSON */
    lg_text doubts;                     /* verify: what is not proven, text or JSON */
    int lines;                          /* bench, verify: how many were printed */
    const logit_comparison *comparison; /* compare: as far as it is filled in */
} lg_cli;

/* Everything between main and the verbs: tour, --version, help, the verb.  environment is
 * NULL-terminated "NAME=value".  Errors: whatever can happen. */
logit_status lg_cli_command(lg_cli *cli, int argc, char **argv, char *const *environment,
                            logit_error *err);

/* Reads the command line (argv[0] is the verb), config file and environment into cli.  --help ends
 * the reading at once with set.help.  Errors: USAGE, IO, DATA, NOMEM. */
logit_status lg_cli_parse(lg_cli *cli, lg_cli_verb verb, int argc, char **argv,
                          char *const *environment, logit_error *err);
void lg_cli_clear(lg_cli *cli); /* frees */

/* Sets one option from text.  `place` says where the text stands: "--epochs", "run.ini:3: epochs".
 * Error: USAGE. */
logit_status lg_cli_assign(lg_cli *cli, const lg_cli_option *option, const char *text,
                           lg_cli_source source, const char *place, logit_error *err);

/* The variable that is the option in the environment: "LOGIT_BATCH_SIZE".  Returns out. */
enum { LG_VARIABLE = 64 };
const char *lg_cli_variable(char out[LG_VARIABLE], const lg_cli_option *option);

/* Says or refuses what was given and would change nothing.  Error: USAGE. */
logit_status lg_cli_hold_idle(lg_cli *cli, logit_error *err);

/* Adds to message what a wrong name may have meant, or where help is; `dashes` stand before it. */
void lg_cli_advise(lg_cli_verb verb, const char *word, const char *dashes, lg_text *message);

/* Applies config file cli->set.config.  Errors: IO, DATA (too long), USAGE, NOMEM. */
logit_status lg_cli_config_read(lg_cli *cli, logit_error *err);

/* The options that a run's config.ini holds, with the values of `settings`, as such a file. */
void lg_cli_config_write(lg_cli_verb verb, const lg_cli_settings *settings, lg_text *out);

/* Every option of cli's verb that a config file can hold, as such a file, with where it came from
 * beside it: read back, it says the same. */
void lg_cli_config_print(const lg_cli *cli, lg_text *out);

/* "given", "from the config file", "from the environment", "chosen". */
const char *lg_cli_origin(const lg_cli *cli, lg_cli_option_id id);

/* --------------------------------------------------------------------- the tables as text --- */

void lg_cli_help(lg_cli_verb verb, FILE *out);
void lg_cli_man(FILE *out);
void lg_cli_completion_bash(FILE *out);
void lg_cli_completion_zsh(FILE *out);
void lg_cli_tour(FILE *out);

/* Text from column `at` on, wrapped before column 80, later lines from column `indent` on; ends
 * with a newline.  A newline in text begins a new paragraph. */
void lg_cli_wrap(FILE *out, const char *text, int at, int indent);

/* "20", "all cores", or nothing for an option that is off by default. */
void lg_cli_default(const lg_cli_option *option, lg_text *out);

/* ---------------------------------------------------------------------------------- verbs --- */

#define VERB(id, word, arguments, least, most, aliases, about, details, examples)                  \
    logit_status lg_cli_run_##word(lg_cli *cli, logit_error *err);
#include "cli_verbs.def"
#undef VERB

#endif
