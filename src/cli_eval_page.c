/* cli_eval_page.c -- the figures of an evaluation, and its classes.
 *
 * The command. */
/* SPDX-License-Identifier: MIT */
#include "cli_eval_page.h"

#include <math.h>
#include <string.h>

enum { CLASSES = 20 /* rows of the table of classes */ };

/* -------------------------------------------------------------------------------- figures --- */

static int64_t correct_count(const logit_score *score)
{
    int64_t correct = 0;
    for (int c = 0; c < score->classes; c++) correct += score->class_score[c].correct;
    return correct;
}

/* Only the negative log of a probability is in nats; the square of a difference is not. */
static const char *unit_of(const char *loss)
{
    return strcmp(loss, "softmax") == 0 || strcmp(loss, "sigmoid") == 0 ? " nats" : "";
}

static void print_if(const lg_cli *cli, const char *name, double value)
{
    char number[LG_CELL];
    if (!isnan(value)) fprintf(cli->out, "  %-9s %s\n", name, lg_cli_figure(number, value));
}

/* " (95 %: 0.9178 to 0.9283)" */
static void print_interval(const lg_cli *cli, logit_interval interval)
{
    char low[LG_CELL], high[LG_CELL];
    if (isnan(interval.low)) return;
    fprintf(cli->out, " (95 %%: %s to %s)", lg_cli_figure(low, interval.low),
            lg_cli_figure(high, interval.high));
}

static void print_head(const lg_cli *cli, const logit_score *score)
{
    char cell[LG_CELL];
    fprintf(cli->out, "%s%s%s, %s: ", lg_cli_colour_text(cli->out_colour, LG_BOLD),
            lg_cli_name(cell, cli->argument[1], 60), lg_cli_colour_text(cli->out_colour, LG_PLAIN),
            score->part);
    fprintf(cli->out, "%s %s%s\n", lg_cli_count(cell, (double)score->n), lg_cli_things(cli),
            strcmp(score->part, "all") == 0 ? ", perhaps those it was trained on" : "");
}

static void print_ranks(const lg_cli *cli, const logit_score *score)
{
    char cell[LG_CELL];
    const char *mean = score->classes > 2 ? ", mean of each class against the rest" : "";
    if (score->unranked) {
        fprintf(cli->out, "  AUC       left out: %s\n",
                strcmp(score->unranked, "memory") == 0 ? "more than half of --memory"
                                                       : "log odds that are not finite");
        return;
    }
    if (!isnan(score->auc))
        fprintf(cli->out, "  AUC       %s (area under ROC%s)\n", lg_cli_figure(cell, score->auc),
                mean);
    if (!isnan(score->average_precision))
        fprintf(cli->out, "  AP        %s (average precision%s)\n",
                lg_cli_figure(cell, score->average_precision),
                *mean ? mean : ", mean of both classes");
}

static void print_chances(const lg_cli *cli, const logit_score *score)
{
    char cell[LG_CELL];
    print_if(cli, "Brier", score->brier);
    print_if(cli, "ECE", score->ece);
    if (score->temperature != 1.0) {
        fprintf(cli->out, "  T         %s", lg_cli_figure(cell, score->temperature));
        fprintf(cli->out, " (without it, ECE %s)\n", lg_cli_figure(cell, score->ece_uncalibrated));
    }
    print_if(cli, "entropy", score->target_entropy);
    print_if(cli, "KL", score->kl);
}

static void print_figures(const lg_cli *cli, const logit_score *score, const char *loss)
{
    char cell[LG_CELL];
    fprintf(cli->out, "  loss      %s%s", lg_cli_figure(cell, score->loss), unit_of(loss));
    print_interval(cli, score->loss_interval);
    fputs("\n", cli->out);
    if (!isnan(score->accuracy)) {
        fprintf(cli->out, "  accuracy  %s", lg_cli_figure(cell, score->accuracy));
        print_interval(cli, score->accuracy_interval);
        fprintf(cli->out, ", %s right\n", lg_cli_count(cell, (double)correct_count(score)));
    }
    if (score->top_k > 1 && score->top_k < score->classes)
        fprintf(cli->out, "  top %-5d %s\n", score->top_k,
                lg_cli_figure(cell, score->top_k_accuracy));
    print_if(cli, "RMSE", score->rmse);
    print_if(cli, "MAE", score->mae);
    print_if(cli, "R^2", score->r2);
    if (!isnan(score->balanced_accuracy)) {
        fprintf(cli->out, "  balanced  %s", lg_cli_figure(cell, score->balanced_accuracy));
        print_interval(cli, score->balanced_accuracy_interval);
        fputs("\n", cli->out);
    }
    print_if(cli, "macro F1", score->macro_f1);
    print_if(cli, "Matthews", score->matthews);
    print_ranks(cli, score);
    print_chances(cli, score);
}

/* -------------------------------------------------------------------------------- classes --- */

int lg_cli_widest_class(const logit_score *score)
{
    char name[LG_CELL];
    int widest = 5; /* "class" */
    for (int c = 0; c < score->classes; c++) {
        const int width = lg_cli_width(lg_cli_name(name, score->class_score[c].name, LG_EVAL_NAME));
        if (width > widest) widest = width;
    }
    return widest;
}

static void print_class(const lg_cli *cli, const logit_class_score *one, int width)
{
    char cell[LG_CELL];
    fprintf(cli->out, "  ");
    lg_cli_cell(cli->out, lg_cli_name(cell, one->name, LG_EVAL_NAME), width);
    fprintf(cli->out, "%10s", lg_cli_count(cell, (double)one->count));
    fprintf(cli->out, "%11s", lg_cli_figure(cell, one->precision));
    fprintf(cli->out, "%10s", lg_cli_figure(cell, one->recall));
    fprintf(cli->out, "%10s", lg_cli_figure(cell, one->f1));
    fprintf(cli->out, "%10s\n", lg_cli_figure(cell, one->auc));
}

/* Does class a come before b where not all are shown?  The smaller F1; one without is last. */
static int is_harder(const logit_score *score, int a, int b)
{
    const double x = score->class_score[a].f1, y = score->class_score[b].f1;
    return x < y || (isnan(y) && !isnan(x));
}

/* The classes to show, in order: all, or the hardest; ties in class order.  Returns how many. */
static int choose_classes(const logit_score *score, int chosen[CLASSES])
{
    int count = 0;
    for (int c = 0; c < score->classes; c++) {
        const int all = score->classes <= CLASSES;
        if (count == CLASSES && !is_harder(score, c, chosen[count - 1])) continue;
        int at = count < CLASSES ? count++ : count - 1;
        for (; at > 0 && !all && is_harder(score, c, chosen[at - 1]); at--)
            chosen[at] = chosen[at - 1];
        chosen[at] = c;
    }
    return count;
}

static void print_classes(const lg_cli *cli, const logit_score *score)
{
    char cell[LG_CELL];
    int chosen[CLASSES];
    if (score->classes == 0) return;
    const int width = lg_cli_widest_class(score), count = choose_classes(score, chosen);
    fprintf(cli->out, "\n  %s", lg_cli_colour_text(cli->out_colour, LG_BOLD));
    lg_cli_cell(cli->out, "class", width);
    fprintf(cli->out, "%10s%11s%10s%10s%10s%s\n", lg_cli_things(cli), "precision", "recall", "F1",
            "AUC", lg_cli_colour_text(cli->out_colour, LG_PLAIN));
    for (int i = 0; i < count; i++) print_class(cli, &score->class_score[chosen[i]], width);
    if (count < score->classes)
        fprintf(cli->out, "  the smallest F1 first; %s more classes: --format json has all\n",
                lg_cli_count(cell, (double)(score->classes - count)));
}

/* ------------------------------------------------------------------------------------ all --- */

void lg_cli_print_score(lg_cli *cli, const logit_score *score, const char *loss)
{
    lg_text next = {0};
    print_head(cli, score);
    print_figures(cli, score, loss);
    lg_cli_print_reliability(cli, score);
    print_classes(cli, score);
    lg_cli_print_confusion(cli, score);
    lg_cli_print_wrong(cli, score);
    lg_text_add(&next, "logit predict ");
    lg_cli_shell_word(&next, cli->argument[0]);
    lg_text_add(&next, cli->floats ? " FILE.npy" : " IMAGE...");
    if (!cli->set.quiet) fprintf(cli->out, "\n");
    lg_cli_next(cli, next.data ? next.data : "logit predict");
    lg_text_clear(&next);
}
