/* cli_train.c -- `logit train`: says what is trained, shows each epoch, says how it ended.
 *
 * The command.  What is said stands on stdout, with the lines of the epochs; progress goes to
 * stderr.  The library writes the run folder, all but config.ini, which is made of the table of
 * options and so is written here. */
/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "cli_grid.h"
#include "cli_screen.h"

/* -------------------------------------------------------------------------- the beginning --- */

/* The columns of an epoch's line. */
static void print_head(const lg_cli *cli)
{
    char speed[16];
    snprintf(speed, sizeof speed, "%s/s", lg_cli_things(cli));
    fprintf(cli->out, "\n%s", lg_cli_colour_text(cli->out_colour, LG_BOLD));
    if (cli->settings > 1)
        lg_cli_grid_head(cli);
    else
        fprintf(cli->out, "%6s %11s %10s %10s %11s %8s\n", lg_cli_round(cli), "train loss",
                "val loss", "val acc", speed, "seconds");
    fputs(lg_cli_colour_text(cli->out_colour, LG_PLAIN), cli->out);
}

static logit_status write_config(const lg_cli *cli, const logit_run *run,
                                 const lg_cli_settings *taken, logit_error *err)
{
    lg_text text = {0};
    char *path = lg_text_format("%s/config.ini", run->folder);
    lg_text_add(&text, "# What logit %s trained here.  To train it again:\n# logit train ",
                LOGIT_VERSION);
    lg_cli_shell_word(&text, run->data);
    lg_text_add(&text, " --config ");
    lg_cli_shell_word(&text, path ? path : "");
    lg_text_add(&text, "\n");
    lg_cli_config_write(cli->verb, taken, &text);
    const lg_piece piece = {text.data, text.size};
    logit_status status = path && !text.failed ? lg_file_replace(path, &piece, 1, err)
                                               : lg_fail(err, LOGIT_E_NOMEM, __FILE__, __LINE__,
                                                         "out of memory for config.ini");
    lg_text_clear(&text);
    free(path);
    return status;
}

static void on_start(void *user, const logit_run *run)
{
    lg_cli *cli = user;
    char folder[1024];
    lg_text text = {0};
    lg_cli_settings taken = cli->set;
    taken.library = *run->options;
    cli->settings = run->settings;
    cli->floats = run->floats;
    lg_cli_progress_clear(cli);
    if (lg_cli_is_text(cli) && !cli->set.quiet) {
        lg_cli_print_run(cli, "training on", run, &taken);
        lg_text_add(&text, "%s", run->device);
        lg_cli_print_line(cli, "device", &text);
        lg_text_add(&text, "%s", lg_text_escape(folder, sizeof folder, run->folder));
        lg_cli_print_line(cli, "folder", &text);
        print_head(cli);
    }
    cli->failed = lg_cli_flush(cli, &cli->failure);
    if (cli->failed == LOGIT_OK) cli->failed = write_config(cli, run, &taken, &cli->failure);
}

/* ----------------------------------------------------------------------------- the epochs --- */

/* Long runs show about twenty of their epochs, and the last; metrics.jsonl has them all. */
static int is_shown(const lg_cli *cli, const logit_epoch *epoch)
{
    if (cli->set.library.path && cli->set.library.folds == 0)
        return cli->set.verbose > 0 || epoch->ended; /* each of its points */
    const int every = epoch->epochs <= 30 ? 1 : (epoch->epochs + 19) / 20;
    return cli->set.verbose > 0 || epoch->epoch == 1 || epoch->epoch % every == 0 ||
           epoch->epoch == epoch->epochs || epoch->training == 0;
}

static void print_epoch(lg_cli *cli, const logit_epoch *epoch)
{
    char number[LG_CELL];
    if (cli->settings > 1) {
        lg_cli_grid_epoch(cli, epoch);
        return;
    }
    fprintf(cli->out, "%6d %11s", epoch->epoch, lg_cli_figure(number, epoch->train_loss));
    fprintf(cli->out, " %10s", lg_cli_figure(number, epoch->val_loss));
    fprintf(cli->out, " %10s", lg_cli_figure(number, epoch->val_accuracy));
    fprintf(cli->out, " %11s", lg_cli_count(number, epoch->samples_per_second));
    fprintf(cli->out, " %8.2f\n", epoch->seconds);
}

static void on_epoch(void *user, const logit_epoch *epoch)
{
    lg_cli *cli = user;
    if (!lg_cli_is_text(cli) || cli->set.quiet || cli->failed != LOGIT_OK) return;
    if (!is_shown(cli, epoch)) return;
    lg_cli_progress_clear(cli);
    print_epoch(cli, epoch);
    cli->failed = lg_cli_flush(cli, &cli->failure);
}

static void on_fold(void *user, const logit_fold *fold)
{
    lg_cli *cli = user;
    if (!lg_cli_is_text(cli) || cli->set.quiet || cli->failed != LOGIT_OK) return;
    lg_cli_progress_clear(cli);
    lg_cli_grid_fold(cli, fold);
    cli->failed = lg_cli_flush(cli, &cli->failure);
}

static void on_setting(void *user, const logit_setting *setting)
{
    lg_cli_grid_add(user, setting);
}

/* -------------------------------------------------------------------------------- the end --- */

/* Which epoch the model is of, and why there were no more. */
static void print_patience(const lg_cli *cli, const logit_summary *summary)
{
    const logit_options *o = &cli->set.library;
    if (o->patience == 0) return;
    fprintf(cli->out, "epoch: %d of %d has the best validation %s", summary->epoch, summary->epochs,
            o->metric);
    if (summary->out_of_patience)
        fprintf(cli->out, "; stopped after %d without a better one%s", o->patience,
                cli->settings > 1 ? ", in every setting" : "");
    fputs("\n", cli->out);
}

static void print_end(lg_cli *cli, const logit_summary *summary)
{
    char number[LG_CELL], folder[1100];
    lg_text next = {0};
    fprintf(cli->out, "model: %s/model.safetensors",
            lg_text_escape(folder, sizeof folder, summary->folder));
    fprintf(cli->out, " (objective %s", lg_cli_figure(number, summary->objective));
    fprintf(cli->out, ", %s)\nreport: %s/report.html\n", lg_cli_elapsed(number, summary->seconds),
            lg_text_escape(folder, sizeof folder, summary->folder));
    if (summary->ended[0]) fprintf(cli->out, "lbfgs: %s\n", summary->ended);
    if (cli->set.library.folds > 0)
        fprintf(cli->out, "kept:  setting %d, trained on all %s\n", summary->setting,
                "samples of the training part");
    else if (cli->settings > 1)
        fprintf(cli->out, "kept:  setting %d\n", summary->setting);
    print_patience(cli, summary);
    lg_text_add(&next, "logit eval ");
    lg_cli_shell_word(&next, summary->folder);
    lg_text_add(&next, " ");
    lg_cli_shell_word(&next, cli->set.library.test ? cli->set.library.test : cli->argument[0]);
    lg_cli_next(cli, next.data ? next.data : "logit eval");
    lg_text_clear(&next);
}

/* The line of results; scripts look for it. */
static void print_test(const lg_cli *cli, const logit_summary *summary)
{
    if (summary->test_count <= 0) return;
    if (isnan(summary->test_accuracy)) /* numeric targets */
        fprintf(cli->out, "test: loss %.4f, %lld %s\n", summary->test_loss,
                (long long)summary->test_count, lg_cli_things(cli));
    else
        fprintf(cli->out, "test: accuracy %.4f, loss %.4f, %lld %s\n", summary->test_accuracy,
                summary->test_loss, (long long)summary->test_count, lg_cli_things(cli));
}

static void add_field(lg_text *out, const char *name, double value)
{
    lg_text_add(out, ", \"%s\": ", name);
    lg_text_add_number(out, value);
}

static void make_json(const lg_cli *cli, const logit_summary *summary, lg_text *out)
{
    lg_text_add(out, "{\"folder\": ");
    lg_text_add_json(out, summary->folder);
    add_field(out, "train_loss", summary->train_loss);
    add_field(out, "objective", summary->objective);
    add_field(out, "val_loss", summary->val_loss);
    add_field(out, "val_accuracy", summary->val_accuracy);
    lg_text_add(out, ", \"test_count\": %lld", (long long)summary->test_count);
    add_field(out, "test_loss", summary->test_count > 0 ? summary->test_loss : NAN);
    add_field(out, "test_accuracy", summary->test_count > 0 ? summary->test_accuracy : NAN);
    lg_text_add(out, ", \"setting\": %d, \"epoch\": %d, \"epochs\": %d, \"out_of_patience\": %s",
                summary->setting, summary->epoch, summary->epochs,
                summary->out_of_patience ? "true" : "false");
    lg_text_add(out, ", \"bad\": %lld", (long long)summary->bad);
    if (summary->ended[0]) {
        lg_text_add(out, ", \"ended\": ");
        lg_text_add_json(out, summary->ended);
        add_field(out, "gradient", summary->gradient);
        add_field(out, "gap", summary->gap);
        lg_text_add(out, ", \"zeros\": %lld", (long long)summary->zeros);
    }
    add_field(out, "seconds", summary->seconds);
    lg_text_add(out, ", \"settings\": [%s]}\n", cli->grid.data ? cli->grid.data : "");
    out->failed |= cli->grid.failed;
}

logit_status lg_cli_run_train(lg_cli *cli, logit_error *err)
{
    LG_TRY(lg_cli_hold_idle(cli, err));
    logit_summary summary = {0};
    logit_watch watch = lg_cli_watch(cli);
    watch.start = on_start;
    watch.epoch = on_epoch;
    watch.setting = on_setting;
    watch.fold = on_fold;
    const logit_status trained =
        logit_train(cli->argument[0], &cli->set.library, &watch, &summary, err);
    LG_TRY(lg_cli_watched(cli, trained, err));
    LG_TRY(logit_report(summary.folder, &cli->set.report, err));
    if (lg_cli_is_json(cli)) {
        lg_text json = {0};
        make_json(cli, &summary, &json);
        return lg_cli_put(cli, &json, err);
    }
    if (cli->grid.failed) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the table of settings");
    if (summary.bad > 0) {
        char text[LG_CELL], number[LG_CELL];
        snprintf(text, sizeof text, "%.20s bad %s were left out",
                 lg_cli_count(number, (double)summary.bad), lg_cli_things(cli));
        lg_cli_say(cli, LOGIT_LEVEL_WARNING, text);
    }
    if (!cli->set.quiet && cli->grid.data) fputs(cli->grid.data, cli->out);
    if (!cli->set.quiet) fprintf(cli->out, "\n");
    print_test(cli, &summary);
    if (!cli->set.quiet) print_end(cli, &summary);
    return lg_cli_flush(cli, err);
}
