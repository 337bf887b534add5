/* cli_screen.h -- what the command shows to people: results, colours, columns, progress.
 *
 * The command.  Results go to cli->out (stdout), everything else to stderr.  A write to out that
 * fails is remembered and becomes the exit code. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_CLI_SCREEN_H
#define LG_CLI_SCREEN_H

#include "cli.h"

/* -------------------------------------------------------------------------------- results --- */

int lg_cli_is_text(const lg_cli *cli); /* for people, not json or csv */
int lg_cli_is_json(const lg_cli *cli);

/* Sends what was printed to cli->out on its way.  Error: IO (a full disk, a closed pipe). */
logit_status lg_cli_flush(lg_cli *cli, logit_error *err);

/* Prints a finished text, flushes, and frees it.  Errors: NOMEM, IO. */
logit_status lg_cli_put(lg_cli *cli, lg_text *text, logit_error *err);

/* "next: ..." on a line of its own, in text without -q. */
void lg_cli_next(lg_cli *cli, const char *command);

/* "  label      text", wrapped; frees the text. */
void lg_cli_print_line(const lg_cli *cli, const char *label, lg_text *text);

/* "WHAT data" and the lines that say what is trained.  taken: the settings with every choice. */
void lg_cli_print_run(const lg_cli *cli, const char *what, const logit_run *run,
                      const lg_cli_settings *taken);

/* " -> 4,096 features (patch:128) -> 10 outputs: 40,970 numbers"; map NULL: " -> 10 outputs: ..".
 */
void lg_cli_say_columns(lg_text *text, const char *map, int64_t columns, int outputs);

/* --------------------------------------------------------------------------------- colour --- */

typedef enum lg_cli_colour { LG_PLAIN, LG_BOLD, LG_DIM, LG_RED, LG_GREEN, LG_YELLOW } lg_cli_colour;

/* Whether stream is a terminal that wants colour; NO_COLOR (no-color.org) and TERM=dumb say no. */
int lg_cli_wants_colour(FILE *stream);
/* The escape sequence, or "" where `wanted` is 0. */
const char *lg_cli_colour_text(int wanted, lg_cli_colour colour);

/* ---------------------------------------------------------------------- numbers and names --- */

enum { LG_CELL = 128 }; /* room of every `out` below */

const char *lg_cli_count(char *out, double value);      /* 1234567.8 -> "1,234,568" */
const char *lg_cli_duration(char *out, double seconds); /* "0:07", "1:02:03" */
const char *lg_cli_elapsed(char *out, double seconds);  /* "2.34 s", "1:02" */
const char *lg_cli_figure(char *out, double value);     /* 4 decimals; "-" for NaN */
const char *lg_cli_odds(char *out, double log_odds);    /* "6 : 1 for", "6 : 1 against", "even" */

/* A name for a table: control and invalid bytes escaped, at most `columns` wide, cut with "..". */
const char *lg_cli_name(char *out, const char *name, int columns);

/* What the samples are called, "images" or "samples", and a round of training, "epoch" or, with
 * lbfgs, "pass". */
int lg_cli_is_lbfgs(const lg_cli *cli);
const char *lg_cli_things(const lg_cli *cli);
const char *lg_cli_round(const lg_cli *cli);

/* Columns that UTF-8 text takes on a terminal; wide and combining characters are known. */
int lg_cli_width(const char *text);

/* Prints text in a cell of `columns`: at its left end, or at its right end where negative. */
void lg_cli_cell(FILE *out, const char *text, int columns);

/* Adds a word for the shell, quoted where it must be. */
void lg_cli_shell_word(lg_text *text, const char *word);

/* ------------------------------------------------------------------ progress and messages --- */

/* Settles progress and colour from settings and terminal. */
void lg_cli_screen_open(lg_cli *cli);

/* A watch for a long call: messages, progress and stop are filled in; user is cli. */
logit_watch lg_cli_watch(lg_cli *cli);

/* How a call ended: an error in a callback and a signal win over what the library says. */
logit_status lg_cli_watched(lg_cli *cli, logit_status status, logit_error *err);

/* The progress line for a terminal of this many columns; at most columns - 1 are used. */
const char *lg_cli_progress_line(char *out, size_t size, const lg_cli *cli,
                                 const logit_progress *progress, int columns);

/* Takes the progress line off the terminal, before anything else is printed. */
void lg_cli_progress_clear(lg_cli *cli);

/* "logit: warning: ..." on stderr; NOTICE not with -q, INFO only with -v. */
void lg_cli_say(lg_cli *cli, logit_level level, const char *text);
/* Notes what the model's samples are called, and warns of weights that are not all finite. */
void lg_cli_take_model(lg_cli *cli, const logit_model *model);
/* "logit: ..." on stderr, with the place in the source under -v. */
void lg_cli_complain(lg_cli *cli, const logit_error *err);

/* SIGINT, SIGTERM and SIGHUP ask once; the second ends the program at once. */
void lg_cli_signals_catch(void);
int lg_cli_signal(void); /* the one that asked, or 0 */

/* SIGUSR1 asks for a checkpoint, from the first moment of the program on: it never ends it. */
void lg_cli_save_signal_catch(void);
int lg_cli_save_signal(void); /* 1 if it came since the last call */

#endif
