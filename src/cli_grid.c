/* cli_grid.c -- the epochs of many settings in one line each, and the table of them at the end.
 *
 * The command. */
/* SPDX-License-Identifier: MIT */
#include "cli_grid.h"

#include <math.h>
#include <string.h>

#include "cli_screen.h"

enum { ERROR = 7 }; /* columns of a standard error */

static int shows_all(const lg_cli *cli)
{
    return cli->set.verbose > 0;
}

void lg_cli_grid_head(const lg_cli *cli)
{
    const int all = shows_all(cli), lbfgs = lg_cli_is_lbfgs(cli),
              path = cli->set.library.path != NULL;
    char speed[16];
    snprintf(speed, sizeof speed, "%s/s", lg_cli_things(cli));
    fprintf(cli->out, "%5s %*s %8s %8s %11s %9s %8s %10s%s\n", lg_cli_round(cli), all ? 7 : 5,
            all    ? "setting"
            : path ? "point"
                   : "best",
            lbfgs ? "l1" : "lr", "l2", "train loss", "val loss", "val acc", speed,
            all    ? ""
            : path ? "  left"
                   : "  train");
}

/* By the figure that the run goes by; the first of those that are equal. */
static int is_better(const lg_cli *cli, const logit_epoch *a, const logit_epoch *b)
{
    if (strcmp(cli->set.library.metric, "accuracy") == 0)
        return a->val_accuracy > b->val_accuracy || isnan(b->val_accuracy);
    return a->val_loss < b->val_loss || isnan(b->val_loss);
}

void lg_cli_grid_epoch(lg_cli *cli, const logit_epoch *epoch)
{
    char number[LG_CELL];
    const logit_epoch *e = &cli->best;
    const int all = shows_all(cli), is_first = cli->best.epoch != epoch->epoch;
    if (all || is_first || is_better(cli, epoch, e)) cli->best = *epoch;
    if (epoch->left > 0 && !all) return;
    fprintf(cli->out, "%5d %*d %8.3g %8.3g", e->epoch, all ? 7 : 5, e->setting,
            lg_cli_is_lbfgs(cli) ? e->l1 : e->lr, e->l2);
    fprintf(cli->out, " %11s", lg_cli_figure(number, e->train_loss));
    fprintf(cli->out, " %9s", lg_cli_figure(number, e->val_loss));
    fprintf(cli->out, " %8s", lg_cli_figure(number, e->val_accuracy));
    fprintf(cli->out, " %10s", lg_cli_count(number, e->samples_per_second));
    if (!all) fprintf(cli->out, "  %d/%d", e->training, cli->settings);
    fputs("\n", cli->out);
}

/* ------------------------------------------------------------------------------- the folds --- */

static void fold_head(const lg_cli *cli, const logit_fold *f)
{
    const logit_options *o = &cli->set.library;
    char shown[LG_CELL];
    fprintf(cli->out, "%d folds of %s, seed %llu%s\n", f->folds,
            lg_cli_name(shown, cli->argument[0], 50), (unsigned long long)o->seed,
            f->settings > 1 ? (shows_all(cli) ? "" : "; of each its best setting") : "");
    fprintf(cli->out, "\n%s%5s %7s %9s %9s %11s %10s %10s %8s%s\n",
            lg_cli_colour_text(cli->out_colour, LG_BOLD), "fold", "setting",
            lg_cli_is_lbfgs(cli) ? "l1" : "lr", "l2", "train loss", "val loss", "val acc",
            "seconds", lg_cli_colour_text(cli->out_colour, LG_PLAIN));
}

static int is_better_setting(const lg_cli *cli, const logit_setting *a, const logit_setting *b)
{
    const logit_epoch one = {.val_loss = a->val_loss, .val_accuracy = a->val_accuracy};
    const logit_epoch other = {.val_loss = b->val_loss, .val_accuracy = b->val_accuracy};
    return is_better(cli, &one, &other);
}

void lg_cli_grid_fold(lg_cli *cli, const logit_fold *f)
{
    char number[LG_CELL];
    const logit_setting *s = &cli->best_of_fold;
    const int all = shows_all(cli), first = f->setting->setting == 0;
    if (all || first || is_better_setting(cli, f->setting, s)) cli->best_of_fold = *f->setting;
    if (first && f->fold == 1) fold_head(cli, f);
    if (!all && f->setting->setting + 1 < f->settings) return;
    fprintf(cli->out, "%5d %7d %9.3g %9.3g", f->fold, s->setting,
            lg_cli_is_lbfgs(cli) ? s->l1 : s->lr, s->l2);
    fprintf(cli->out, " %11s", lg_cli_figure(number, s->train_loss));
    fprintf(cli->out, " %10s", lg_cli_figure(number, s->val_loss));
    fprintf(cli->out, " %10s", lg_cli_figure(number, s->val_accuracy));
    fprintf(cli->out, " %8.2f\n", f->seconds);
    if (f->fold == f->folds && f->setting->setting + 1 == f->settings) fputs("\n", cli->out);
}

/* ----------------------------------------------------------------------------- the table --- */

/* True zeros are an l1's doing. */
static int shows_zeros(const lg_cli *cli)
{
    const logit_list *l1 = &cli->set.library.l1;
    const char *path = cli->set.library.path;
    return l1->count > 1 || l1->value[0] > 0.0 || (path && strncmp(path, "l1:", 3) == 0);
}

/* Hyperparameters that nobody gave a list of are the same in every row, and have no column. */
static void add_head(const lg_cli *cli, lg_text *out)
{
    const logit_options *o = &cli->set.library;
    const int lbfgs = lg_cli_is_lbfgs(cli); /* has no learning rate to show, and may have an l1 */
    lg_text_add(out, "\n%s%7s %9s %9s", lg_cli_colour_text(cli->out_colour, LG_BOLD), "setting",
                lbfgs ? "l1" : "lr", "l2");
    if (o->momentum.count > 1) lg_text_add(out, " %9s", "momentum");
    if (o->label_smoothing.count > 1) lg_text_add(out, " %9s", "smoothing");
    if (lbfgs) lg_text_add(out, " %9s %8s", "objective", "gap");
    if (shows_zeros(cli)) lg_text_add(out, " %9s", "zeros");
    const int error = o->folds > 0 ? 1 + ERROR : 0;
    lg_text_add(out, " %11s %10s%*s %10s%*s %7s%s\n", "train loss", "val loss", error,
                error ? "+-" : "", "val acc", error, error ? "+-" : "", lbfgs ? "passes" : "epoch",
                lg_cli_colour_text(cli->out_colour, LG_PLAIN));
}

/* With --patience the best epoch of those that were trained. */
static void add_figures(const lg_cli *cli, const logit_setting *s, lg_text *out)
{
    char number[LG_CELL];
    if (lg_cli_is_lbfgs(cli)) {
        lg_text_add(out, " %9s", lg_cli_figure(number, s->objective));
        lg_text_add(out, " %8.1e", s->gap);
    }
    if (shows_zeros(cli)) lg_text_add(out, " %9s", lg_cli_count(number, (double)s->zeros));
    lg_text_add(out, " %11s", lg_cli_figure(number, s->train_loss));
    lg_text_add(out, " %10s", lg_cli_figure(number, s->val_loss));
    if (s->folds > 0) lg_text_add(out, " %*s", ERROR, lg_cli_figure(number, s->val_loss_error));
    lg_text_add(out, " %10s", lg_cli_figure(number, s->val_accuracy));
    if (s->folds > 0) lg_text_add(out, " %*s", ERROR, lg_cli_figure(number, s->val_accuracy_error));
    if (lg_cli_is_lbfgs(cli))
        snprintf(number, sizeof number, "%lld", (long long)s->passes);
    else
        snprintf(number, sizeof number, cli->set.library.patience > 0 ? "%d/%d" : "%d", s->epoch,
                 s->epochs);
    lg_text_add(out, " %7s%s", number, s->kept ? "  kept" : "");
    if (strcmp(s->ended, "patience") == 0)
        lg_text_add(out, "%s", s->kept ? ", out of patience" : "  out of patience");
}

static void add_row(const lg_cli *cli, const logit_setting *s, lg_text *out)
{
    const logit_options *o = &cli->set.library;
    const lg_cli_colour colour = s->kept ? LG_GREEN : s->diverged_step > 0 ? LG_DIM : LG_PLAIN;
    const int coloured = cli->out_colour && colour != LG_PLAIN;
    if (s->rank == 0) add_head(cli, out);
    lg_text_add(out, "%s%7d %9.3g %9.3g", lg_cli_colour_text(coloured, colour), s->setting,
                lg_cli_is_lbfgs(cli) ? s->l1 : s->lr, s->l2);
    if (o->momentum.count > 1) lg_text_add(out, " %9.3g", s->momentum);
    if (o->label_smoothing.count > 1) lg_text_add(out, " %9.3g", s->label_smoothing);
    if (s->diverged_step > 0)
        lg_text_add(out, "  diverged in step %lld, and was frozen", (long long)s->diverged_step);
    else
        add_figures(cli, s, out);
    lg_text_add(out, "%s\n", lg_cli_colour_text(coloured, LG_PLAIN));
}

static void add_number(lg_text *out, const char *name, double value)
{
    lg_text_add(out, ", \"%s\": ", name);
    lg_text_add_number(out, value);
}

static void add_element(const logit_setting *s, lg_text *out)
{
    lg_text_add(out, "%s{\"setting\": %d, \"kept\": %s, \"ended\": \"%s\"", s->rank ? ", " : "",
                s->setting, s->kept ? "true" : "false", s->ended);
    add_number(out, "diverged_step", s->diverged_step > 0 ? (double)s->diverged_step : NAN);
    lg_text_add(out, ", \"epoch\": %d, \"epochs\": %d", s->epoch, s->epochs);
    add_number(out, "lr", s->lr);
    add_number(out, "l2", s->l2);
    add_number(out, "l1", s->l1);
    add_number(out, "momentum", s->momentum);
    add_number(out, "label_smoothing", s->label_smoothing);
    add_number(out, "train_loss", s->train_loss);
    add_number(out, "val_loss", s->val_loss);
    add_number(out, "val_accuracy", s->val_accuracy);
    if (s->folds > 0) {
        lg_text_add(out, ", \"folds\": %d", s->folds);
        add_number(out, "val_loss_error", s->val_loss_error);
        add_number(out, "val_accuracy_error", s->val_accuracy_error);
    }
    if (s->passes > 0) {
        add_number(out, "objective", s->objective);
        add_number(out, "gap", s->gap);
        lg_text_add(out, ", \"passes\": %lld, \"zeros\": %lld", (long long)s->passes,
                    (long long)s->zeros);
    }
    lg_text_add(out, "}");
}

void lg_cli_grid_add(lg_cli *cli, const logit_setting *setting)
{
    if (lg_cli_is_json(cli))
        add_element(setting, &cli->grid);
    else if (cli->settings > 1 || setting->folds > 0)
        add_row(cli, setting, &cli->grid);
}
