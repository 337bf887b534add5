/* cli_run.c -- what a training is, for people: data, model, objective, optimizer.
 *
 * The command.  train says it of what it does, compare of what it holds beside one another. */
/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "cli_screen.h"

enum { LABEL = 13 }; /* columns of "  objective  " */

static void say_part(lg_text *text, int64_t count, const char *what)
{
    char number[LG_CELL];
    if (count > 0) lg_text_add(text, ", %s to %s", lg_cli_count(number, (double)count), what);
}

static void say_values(lg_text *text, const char *name, lg_cli_option_id id,
                       const lg_cli_settings *taken)
{
    lg_text_add(text, ", %s ", name);
    lg_cli_value_write(&lg_cli_options[id], taken, text);
}

/* train and compare have a row each. */
static const char *origin_of_lr(const lg_cli *cli)
{
    return lg_cli_origin(cli, cli->verb == LG_VERB_COMPARE ? LG_OPTION_LR_COMPARE : LG_OPTION_LR);
}

/* Learning rates, to four digits, and where they come from. */
static void say_lr(lg_text *text, const lg_cli *cli, const logit_list *lr)
{
    lg_text_add(text, lr->count > 0 ? ", lr " : ", lr one per setting");
    for (int i = 0; i < lr->count; i++) lg_text_add(text, "%s%.4g", i ? "," : "", lr->value[i]);
    lg_text_add(text, " (%s)", origin_of_lr(cli));
}

static int is_zero(const logit_list *list)
{
    return list->count == 0 || (list->count == 1 && list->value[0] == 0.0);
}

void lg_cli_print_line(const lg_cli *cli, const char *label, lg_text *text)
{
    fprintf(cli->out, "  %-*s", LABEL - 2, label);
    lg_cli_wrap(cli->out, text->data ? text->data : "", LABEL, LABEL);
    lg_text_clear(text);
}

static void print_data(const lg_cli *cli, const char *what, const logit_run *run)
{
    char number[LG_CELL], name[LG_CELL];
    lg_text text = {0};
    fprintf(cli->out, "%s %s%s%s\n", what, lg_cli_colour_text(cli->out_colour, LG_BOLD),
            lg_cli_name(name, run->data, 66), lg_cli_colour_text(cli->out_colour, LG_PLAIN));
    lg_text_add(&text, "%s to train on", lg_cli_count(number, (double)run->train_count));
    say_part(&text, run->val_count, "validate");
    say_part(&text, run->test_count, "test");
    if (run->classes > 0)
        lg_text_add(&text, "; %s classes", lg_cli_count(number, run->classes));
    else
        lg_text_add(&text, "; numeric targets");
    lg_text_add(&text, " (%s)", run->format);
    lg_cli_print_line(cli, lg_cli_things(cli), &text);
    if (run->plan) {
        lg_text_add(&text, "%s", run->plan);
        lg_cli_print_line(cli, "plan", &text);
    }
}

void lg_cli_say_columns(lg_text *text, const char *map, int64_t columns, int outputs)
{
    char number[LG_CELL];
    if (map)
        lg_text_add(text, " -> %s features (%.*s)", lg_cli_count(number, (double)columns),
                    (int)strcspn(map, ","), map);
    lg_text_add(text, " -> %d output%s: %s numbers", outputs, outputs == 1 ? "" : "s",
                lg_cli_count(number, ((double)columns + 1.0) * outputs));
}

static void print_model(const lg_cli *cli, const logit_run *run)
{
    char number[LG_CELL];
    lg_text text = {0};
    if (run->floats)
        lg_text_add(&text, "%s features",
                    lg_cli_count(number, (double)run->height * run->width * run->channels));
    else
        lg_text_add(&text, "%dx%d pixels x %d channel%s", run->height, run->width, run->channels,
                    run->channels == 1 ? "" : "s");
    lg_text_add(&text, " (%s)", run->options->normalize);
    lg_cli_say_columns(&text, run->options->features, run->features, run->outputs);
    lg_cli_print_line(cli, "model", &text);
    lg_text_add(&text, "%s", run->objective);
    lg_cli_print_line(cli, "objective", &text);
}

static void say_schedule(lg_text *text, const logit_options *options)
{
    lg_text_add(text, ", schedule %s", options->schedule);
    if (strcmp(options->schedule, "step") == 0)
        lg_text_add(text, " (times %g every %d epoch%s)", options->step_factor, options->step_every,
                    options->step_every == 1 ? "" : "s");
    if (options->warmup > 0.0)
        lg_text_add(text, " after a warm-up of %g epoch%s", options->warmup,
                    options->warmup == 1.0 ? "" : "s");
}

/* lbfgs has no learning rate; what it has is where it ends. */
static void say_end(lg_text *text, const logit_run *run)
{
    lg_text_add(text, "lbfgs to tolerance %.4g, at most %d passes, seed %llu",
                run->options->tolerance, run->options->epochs,
                (unsigned long long)run->options->seed);
}

static void say_steps(lg_text *text, const lg_cli *cli, const logit_run *run,
                      const lg_cli_settings *taken)
{
    char number[LG_CELL];
    const logit_options *options = run->options;
    lg_text_add(text, "%s", options->optimizer);
    say_lr(text, cli, &options->lr);
    if (!isnan(run->curvature)) lg_text_add(text, ", largest curvature %.3g", run->curvature);
    if (!is_zero(&options->momentum)) {
        say_values(text, "momentum", LG_OPTION_MOMENTUM, taken);
        if (options->nesterov) lg_text_add(text, " (nesterov)");
    }
    if (options->weight_decay > 0.0)
        say_values(text, "weight decay", LG_OPTION_WEIGHT_DECAY, taken);
    say_schedule(text, options);
    lg_text_add(text, ", batch %s, %d epoch%s, seed %llu",
                lg_cli_count(number, (double)options->batch_size), options->epochs,
                options->epochs == 1 ? "" : "s", (unsigned long long)options->seed);
}

static void print_optimizer(const lg_cli *cli, const logit_run *run, const lg_cli_settings *taken)
{
    lg_text text = {0};
    if (lg_cli_is_lbfgs(cli))
        say_end(&text, run);
    else
        say_steps(&text, cli, run, taken);
    if (run->settings > 1 && run->options->path)
        lg_text_add(&text, "; a path of %d, each from the one before", run->settings);
    else if (run->settings > 1)
        lg_text_add(&text, "; %d settings at once", run->settings);
    lg_cli_print_line(cli, "optimizer", &text);
}

void lg_cli_print_run(const lg_cli *cli, const char *what, const logit_run *run,
                      const lg_cli_settings *taken)
{
    print_data(cli, what, run);
    print_model(cli, run);
    print_optimizer(cli, run, taken);
}
