/* cli_loss.h -- what the files of `logit loss` share; nobody else includes this.
 *
 * The command.  cli_loss.c reads what is asked, cli_loss_text.c tells of one row of logits,
 * cli_loss_set.c of a set, cli_loss_json.c has both as JSON. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_CLI_LOSS_H
#define LG_CLI_LOSS_H

#include "cli_screen.h"

/* "-log p, shifted": the ways of logit_naive, in words; at most 44 columns. */
extern const char *const lg_cli_loss_ways[LOGIT_NAIVE_WAYS];

/* So many digits; "inf", "nan", whatever the sign bit of the NaN. */
const char *lg_cli_loss_real(char *out, int digits, double value);
/* Nine digits, which tell every float32 from the next. */
const char *lg_cli_loss_float(char *out, double value);
/* How far value is from truth, relative: "exact", "3.1e-08", "all of it"; "-" for not finite. */
const char *lg_cli_loss_off(char *out, double value, double truth);
/* A heading in bold, on a line of its own, after an empty one. */
void lg_cli_loss_heading(const lg_cli *cli, const char *text);

void lg_cli_loss_print_sample(const lg_cli *cli, const logit_loss_sample *sample);
void lg_cli_loss_print_set(const lg_cli *cli, const logit_model *model, int reference,
                           const logit_likelihood *set);
void lg_cli_loss_add_sample(const logit_loss_sample *sample, lg_text *out);
void lg_cli_loss_add_set(const logit_model *model, int reference, const logit_likelihood *set,
                         lg_text *out);

/* A coefficient against the reference: row c of W minus that of the reference, at one feature. */
typedef struct lg_cli_coefficient {
    int class_index;
    int64_t feature;
    double value;
} lg_cli_coefficient;

enum { LG_CLI_COEFFICIENTS = 3 };
/* The largest coefficients of class c against the reference; returns how many. */
int lg_cli_loss_coefficients(logit_model_info info, int c, int reference,
                             lg_cli_coefficient largest[LG_CLI_COEFFICIENTS]);

#endif
