/* cli_idle.c -- options that were given and would change nothing: refused, or said, never silent.
 *
 * The command.  The library sees values and not who gave them: a default, a config file that
 * repeats a run and holds every option, the environment that serves all verbs, or the line. */
/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/status.h"
#include "cli_screen.h"

enum { MESSAGE = 400, NEVER = LG_SOURCE_LINE + 1 };

/* An option of which nothing comes where `is_idle`: refused from one source on, said from another
 * on (of lg_cli_source, or NEVER). */
typedef struct idle_rule {
    lg_cli_option_id option;
    int refused, said;
    int (*is_idle)(const logit_options *o);
    const char *why;
} idle_rule;

static int has_folds(const logit_options *o)
{
    return o->folds != 0 && o->val_split != 0.0;
}

static int any_above_zero(const logit_list *list)
{
    for (int i = 0; i < list->count; i++)
        if (list->value[i] != 0.0) return 1;
    return 0;
}

static int takes_no_momentum(const logit_options *o)
{
    return any_above_zero(&o->momentum) && strcmp(o->optimizer, "adam") == 0;
}

static int takes_no_nesterov(const logit_options *o)
{
    return o->nesterov && strcmp(o->optimizer, "adam") == 0;
}

static int has_no_tolerance(const logit_options *o)
{
    return strcmp(o->optimizer, "lbfgs") != 0;
}

static int takes_whole_sets(const logit_options *o)
{
    return strcmp(o->optimizer, "lbfgs") == 0 || strcmp(o->optimizer, "gd") == 0;
}

static int has_no_steps(const logit_options *o)
{
    return strcmp(o->schedule, "step") != 0;
}

#define ADAM                                                                                       \
    "--optimizer adam has averages of its own and would not use it; leave it out, or take gd or "  \
    "sgd"
#define STEP "only --schedule step has falls of the learning rate; give that, or leave it out"

static const idle_rule rules[] = {
    {LG_OPTION_VAL_SPLIT, LG_SOURCE_ENVIRONMENT, LG_SOURCE_ENVIRONMENT, has_folds,
     "--folds measures on the training part itself, a fold at a time; leave one of them out"},
    {LG_OPTION_MOMENTUM, LG_SOURCE_CONFIG, LG_SOURCE_CONFIG, takes_no_momentum, ADAM},
    {LG_OPTION_NESTEROV, LG_SOURCE_CONFIG, LG_SOURCE_CONFIG, takes_no_nesterov, ADAM},
    {LG_OPTION_TOLERANCE_TRAIN, LG_SOURCE_LINE, LG_SOURCE_ENVIRONMENT, has_no_tolerance,
     "only --optimizer lbfgs ends by it; take that, or leave it out"},
    {LG_OPTION_STEP_EVERY, LG_SOURCE_ENVIRONMENT, LG_SOURCE_ENVIRONMENT, has_no_steps, STEP},
    {LG_OPTION_STEP_FACTOR, LG_SOURCE_LINE, LG_SOURCE_ENVIRONMENT, has_no_steps, STEP},
    {LG_OPTION_BATCH_SIZE, NEVER, LG_SOURCE_ENVIRONMENT, takes_whole_sets,
     "gd and lbfgs see all images in each step; it only says how many of them, at the least, are "
     "computed at once"},
};

#undef ADAM
#undef STEP

/* "--tolerance: ...", or "LOGIT_TOLERANCE: ..." where it stands there. */
static void write_message(char out[MESSAGE], const idle_rule *rule, int source)
{
    const lg_cli_option *option = &lg_cli_options[rule->option];
    char variable[LG_VARIABLE];
    if (source == LG_SOURCE_ENVIRONMENT)
        snprintf(out, MESSAGE, "%s: %s", lg_cli_variable(variable, option), rule->why);
    else
        snprintf(out, MESSAGE, "--%s: %s", option->name, rule->why);
}

logit_status lg_cli_hold_idle(lg_cli *cli, logit_error *err)
{
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        const idle_rule *rule = &rules[i];
        const int source = cli->source[rule->option];
        char text[MESSAGE];
        if (source < rule->said || !rule->is_idle(&cli->set.library)) continue;
        write_message(text, rule, source);
        if (source >= rule->refused) LG_FAIL(err, LOGIT_E_USAGE, "%s", text);
        lg_cli_say(cli, LOGIT_LEVEL_NOTICE, text);
    }
    return LOGIT_OK;
}
