/* cli_eval.c -- `logit eval`: how good a model is, in all and class by class.
 *
 * The command. */
/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "cli_eval_wrong.h"
#include "cli_screen.h"

enum { NAME_MOST = 28, MATRIX_MOST = 20, MATRIX_COLUMNS = 80, PAIRS = 10 };

/* ----------------------------------------------------------------------------------- text --- */

static int widest_name(const logit_score *score, int most)
{
    char name[LG_CELL];
    int widest = 5; /* "class" */
    for (int c = 0; c < score->classes; c++) {
        const int width = lg_cli_width(lg_cli_name(name, score->class_score[c].name, most));
        if (width > widest) widest = width;
    }
    return widest;
}

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

static void print_figures(const lg_cli *cli, const logit_score *score, const char *loss)
{
    char number[LG_CELL], path[LG_CELL];
    fprintf(cli->out, "%s%s%s, %s: ", lg_cli_colour_text(cli->out_colour, LG_BOLD),
            lg_cli_name(path, cli->argument[1], 60), lg_cli_colour_text(cli->out_colour, LG_PLAIN),
            score->part);
    fprintf(cli->out, "%s images%s\n", lg_cli_count(number, (double)score->n),
            strcmp(score->part, "all") == 0 ? ", perhaps those it was trained on" : "");
    fprintf(cli->out, "  loss      %s", lg_cli_figure(number, score->loss));
    if (!isnan(score->loss_stderr))
        fprintf(cli->out, " +- %s", lg_cli_figure(number, 1.96 * score->loss_stderr));
    fprintf(cli->out, "%s%s\n", unit_of(loss),
            isnan(score->loss_stderr) ? "" : " (95 % interval of the mean)");
    if (!isnan(score->accuracy)) {
        fprintf(cli->out, "  accuracy  %s", lg_cli_figure(number, score->accuracy));
        fprintf(cli->out, " (%s right)\n", lg_cli_count(number, (double)correct_count(score)));
    }
    if (score->top_k > 1 && score->top_k < score->classes)
        fprintf(cli->out, "  top %-5d %s\n", score->top_k,
                lg_cli_figure(number, score->top_k_accuracy));
    if (!isnan(score->rmse))
        fprintf(cli->out, "  RMSE      %s\n", lg_cli_figure(number, score->rmse));
    print_if(cli, "MAE", score->mae);
    if (!isnan(score->r2)) fprintf(cli->out, "  R^2       %s\n", lg_cli_figure(number, score->r2));
    print_if(cli, "balanced", score->balanced_accuracy);
    print_if(cli, "macro F1", score->macro_f1);
    print_if(cli, "Matthews", score->matthews);
    print_if(cli, "Brier", score->brier);
    print_if(cli, "ECE", score->ece);
    if (score->temperature != 1.0) {
        fprintf(cli->out, "  T         %s", lg_cli_figure(number, score->temperature));
        fprintf(cli->out, " (without it, ECE %s)\n",
                lg_cli_figure(number, score->ece_uncalibrated));
    }
    print_if(cli, "entropy", score->target_entropy);
    print_if(cli, "KL", score->kl);
}

static void print_classes(const lg_cli *cli, const logit_score *score)
{
    char cell[LG_CELL];
    const int width = widest_name(score, NAME_MOST);
    fprintf(cli->out, "\n  %s", lg_cli_colour_text(cli->out_colour, LG_BOLD));
    lg_cli_cell(cli->out, "class", width);
    fprintf(cli->out, "%10s%11s%10s%10s%s\n", "images", "precision", "recall", "F1",
            lg_cli_colour_text(cli->out_colour, LG_PLAIN));
    for (int c = 0; c < score->classes; c++) {
        const logit_class_score *one = &score->class_score[c];
        fprintf(cli->out, "  ");
        lg_cli_cell(cli->out, lg_cli_name(cell, one->name, NAME_MOST), width);
        fprintf(cli->out, "%10s", lg_cli_count(cell, (double)one->count));
        fprintf(cli->out, "%11s", lg_cli_figure(cell, one->precision));
        fprintf(cli->out, "%10s", lg_cli_figure(cell, one->recall));
        fprintf(cli->out, "%10s\n", lg_cli_figure(cell, one->f1));
    }
}

static int64_t confused(const logit_score *score, int truth, int said)
{
    return score->confusion[(size_t)truth * (size_t)score->classes + (size_t)said];
}

/* Columns of a cell: the widest number or class name in it, and two blanks. */
static int matrix_cell(const logit_score *score)
{
    char cell[LG_CELL];
    int width = 0;
    for (int i = 0; i < score->classes; i++) {
        const int name = lg_cli_width(lg_cli_name(cell, score->class_score[i].name, 10));
        if (name > width) width = name;
        for (int j = 0; j < score->classes; j++) {
            const int number = lg_cli_width(lg_cli_count(cell, (double)confused(score, i, j)));
            if (number > width) width = number;
        }
    }
    return width + 2;
}

static void print_matrix(const lg_cli *cli, const logit_score *score, int width, int cell_width)
{
    char cell[LG_CELL];
    fprintf(cli->out, "\n  %sconfusion%s: rows are true classes, columns predicted ones\n  %*s",
            lg_cli_colour_text(cli->out_colour, LG_BOLD),
            lg_cli_colour_text(cli->out_colour, LG_PLAIN), width, "");
    for (int j = 0; j < score->classes; j++)
        lg_cli_cell(cli->out, lg_cli_name(cell, score->class_score[j].name, 10), -cell_width);
    fprintf(cli->out, "\n");
    for (int i = 0; i < score->classes; i++) {
        fprintf(cli->out, "  ");
        lg_cli_cell(cli->out, lg_cli_name(cell, score->class_score[i].name, NAME_MOST), width);
        for (int j = 0; j < score->classes; j++) {
            const int64_t count = confused(score, i, j);
            const lg_cli_colour colour = i == j ? LG_GREEN : LG_RED;
            const int coloured = cli->out_colour && count > 0;
            fputs(lg_cli_colour_text(coloured, colour), cli->out);
            lg_cli_cell(cli->out, lg_cli_count(cell, (double)count), -cell_width);
            fputs(lg_cli_colour_text(coloured, LG_PLAIN), cli->out);
        }
        fprintf(cli->out, "\n");
    }
}

typedef struct pair {
    int truth, said;
    int64_t count;
} pair;

/* The most confused pairs, most first; ties in class order.  Returns how many. */
static int worst_pairs(const logit_score *score, pair *worst)
{
    int count = 0;
    for (int i = 0; i < score->classes; i++)
        for (int j = 0; j < score->classes; j++) {
            const pair one = {i, j, confused(score, i, j)};
            if (i == j || one.count == 0) continue;
            if (count == PAIRS && one.count <= worst[count - 1].count) continue;
            int at = count < PAIRS ? count++ : count - 1;
            for (; at > 0 && worst[at - 1].count < one.count; at--) worst[at] = worst[at - 1];
            worst[at] = one;
        }
    return count;
}

static void print_pairs(const lg_cli *cli, const logit_score *score)
{
    char cell[LG_CELL];
    pair worst[PAIRS];
    const int count = worst_pairs(score, worst);
    if (count == 0) return;
    fprintf(cli->out, "\n  %smost confused%s\n", lg_cli_colour_text(cli->out_colour, LG_BOLD),
            lg_cli_colour_text(cli->out_colour, LG_PLAIN));
    for (int i = 0; i < count; i++) {
        const logit_class_score *truth = &score->class_score[worst[i].truth];
        fprintf(cli->out, "  %8s of ", lg_cli_count(cell, (double)worst[i].count));
        fprintf(cli->out, "%s ", lg_cli_count(cell, (double)truth->count));
        fprintf(cli->out, "%s ", lg_cli_name(cell, truth->name, NAME_MOST));
        fprintf(cli->out, "taken for %s\n",
                lg_cli_name(cell, score->class_score[worst[i].said].name, NAME_MOST));
    }
}

static void print_text(lg_cli *cli, const logit_score *score, const char *loss)
{
    lg_text next = {0};
    print_figures(cli, score, loss);
    if (score->classes > 0) print_classes(cli, score);
    if (score->classes > 0 && score->confusion) {
        const int width = widest_name(score, NAME_MOST);
        const int cell = score->classes <= MATRIX_MOST ? matrix_cell(score) : MATRIX_COLUMNS;
        if (2 + width + cell * score->classes <= MATRIX_COLUMNS)
            print_matrix(cli, score, width, cell);
        else
            print_pairs(cli, score);
    }
    lg_cli_print_wrong(cli, score);
    lg_text_add(&next, "logit predict ");
    lg_cli_shell_word(&next, cli->argument[0]);
    lg_text_add(&next, " IMAGE...");
    if (!cli->set.quiet) fprintf(cli->out, "\n");
    lg_cli_next(cli, next.data ? next.data : "logit predict");
    lg_text_clear(&next);
}

/* ------------------------------------------------------------------------------------ all --- */

static logit_status print_score(lg_cli *cli, const logit_score *score, const char *loss,
                                logit_error *err)
{
    if (lg_cli_is_json(cli)) {
        lg_text json = {0};
        char *text = logit_score_json(score);
        if (text)
            lg_text_add(&json, "%s\n", text);
        else
            json.failed = 1;
        free(text);
        return lg_cli_put(cli, &json, err);
    }
    if (score->bad > 0) {
        char text[LG_CELL], number[LG_CELL];
        snprintf(text, sizeof text, "%.20s bad images were left out",
                 lg_cli_count(number, (double)score->bad));
        lg_cli_say(cli, LOGIT_LEVEL_WARNING, text);
    }
    print_text(cli, score, loss);
    return lg_cli_flush(cli, err);
}

logit_status lg_cli_run_eval(lg_cli *cli, logit_error *err)
{
    logit_score score = {0};
    logit_model *model = NULL;
    const logit_watch watch = lg_cli_watch(cli);
    LG_TRY(logit_model_open(&model, cli->argument[0], err));
    lg_cli_check_model(cli, model);
    logit_status status =
        logit_eval(model, cli->argument[1], cli->set.part, &cli->set.library, &watch, &score, err);
    status = lg_cli_watched(cli, status, err);
    if (status == LOGIT_OK)
        status = print_score(cli, &score, logit_model_describe(model).loss, err);
    logit_score_clear(&score);
    logit_model_close(model);
    return status;
}
