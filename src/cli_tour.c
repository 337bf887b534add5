/* cli_tour.c -- the bare `logit`: what this is, what to try first, what there is.
 *
 * The command. */
/* SPDX-License-Identifier: MIT */
#include "cli.h"

static const struct {
    const char *command, *what;
} steps[] = {
    {"build/draw pets -o data/pets", "draws cats and dogs"},
    {"logit train data/pets", "trains; results in runs/pets-1"},
    {"logit eval runs/latest data/pets", "how good, and on which class?"},
    {"logit predict runs/latest data/pets/test/cat/*", "what is in it, at what odds?"},
};

void lg_cli_tour(FILE *out)
{
    lg_cli_wrap(out,
                "logit learns to tell images apart by logistic and softmax regression: from a "
                "folder of cats/ and dogs/ to a classifier that says \"6 : 1 for dog\". It is a "
                "command and a small C library, for image sets of any size.",
                0, 0);
    fputs("\nTry it\n", out);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        fprintf(out, "  %-48s%s\n", steps[i].command, steps[i].what);
    fputs("\nCommands\n", out);
    for (int i = 0; i < LG_VERB_COUNT; i++)
        fprintf(out, "  logit %-8s%-14s%s\n", lg_cli_verbs[i].name, lg_cli_verbs[i].arguments,
                lg_cli_verbs[i].about);
    fputs("\nlogit COMMAND --help explains a command and its options.\n", out);
}
