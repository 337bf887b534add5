/* cli_compare.c -- `logit compare`: whether two devices train alike.
 *
 * The command.  The verdict is a result: it stands on standard output, also where it is bad, and
 * the exit code says it again. */
/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/status.h"
#include "cli_compare.h"

enum { NAME = 24 }; /* room of a device's name */

/* ---------------------------------------------------------------------------- what is asked --- */

/* "A,B" or "A" in two names; 0 if it is neither. */
static int cut_devices(const char *text, char name[2][NAME])
{
    const char *comma = strchr(text, ',');
    const size_t first = comma ? (size_t)(comma - text) : strlen(text);
    const char *rest = comma ? comma + 1 : "";
    if (first == 0 || first >= NAME || strlen(rest) >= NAME || strchr(rest, ',')) return 0;
    if (comma && !*rest) return 0;
    snprintf(name[0], NAME, "%.*s", (int)first, text);
    snprintf(name[1], NAME, "%s", rest);
    return 1;
}

/* An argument or none, and no more than one beside a replay. */
static logit_status check_arguments(const lg_cli *cli, logit_error *err)
{
    char name[128];
    const int replay = cli->set.compare.replay != NULL;
    if (replay && cli->arguments > 0)
        LG_FAIL(err, LOGIT_E_USAGE, "--replay holds its own data: \"%s\" is one argument too many",
                lg_text_escape(name, sizeof name, cli->argument[0]));
    if (!replay && cli->arguments == 0)
        LG_FAIL(err, LOGIT_E_USAGE, "DATA is missing; usage: logit compare [MODEL] DATA [options]");
    if (cli->set.part && cli->arguments < 2)
        LG_FAIL(err, LOGIT_E_USAGE,
                "--part is of a model's comparison: logit compare MODEL DATA --part %s",
                cli->set.part);
    return LOGIT_OK;
}

static logit_status fill_options(const lg_cli *cli, logit_compare_options *options,
                                 char name[2][NAME], logit_error *err)
{
    char shown[128];
    LG_TRY(check_arguments(cli, err));
    *options = cli->set.compare;
    options->train = cli->set.library;
    options->part = cli->set.part;
    if (!cli->set.devices) return LOGIT_OK;
    if (!cut_devices(cli->set.devices, name))
        LG_FAIL(err, LOGIT_E_USAGE,
                "--devices: found \"%s\", expected two names with a comma between, such as cpu,ref "
                "or cuda,cpu",
                lg_text_escape(shown, sizeof shown, cli->set.devices));
    options->device[0] = name[0];
    options->device[1] = *name[1] ? name[1] : NULL;
    return LOGIT_OK;
}

/* --------------------------------------------------------------------------- on the way --- */

static void print_device(const lg_cli *cli, const char *label, const char *device)
{
    char shown[600];
    lg_text text = {0};
    lg_text_add(&text, "%s", lg_text_escape(shown, sizeof shown, device));
    if (*device) lg_cli_print_line(cli, label, &text);
    lg_text_clear(&text);
}

static void print_mode(const lg_cli *cli)
{
    const logit_compare_options *o = &cli->set.compare;
    char number[LG_CELL];
    lg_text text = {0};
    if (o->self_test)
        lg_text_add(&text, "self-test: faults are planted in the results of the first device");
    else if (strcmp(o->mode, "free") == 0)
        lg_text_add(&text, "free: each device keeps its own weights, for up to %s steps",
                    lg_cli_count(number, (double)o->steps));
    else
        lg_text_add(&text, "lockstep: every stage from the same numbers, for up to %s steps",
                    lg_cli_count(number, (double)o->steps));
    if (!o->self_test && strcmp(o->mode, "free") == 0 && cli->set.library.features)
        lg_text_add(&text, "; all of them on the reference's features");
    if (o->stress) lg_text_add(&text, "; weights scaled until everything saturates");
    lg_cli_print_line(cli, "mode", &text);
}

static void on_start(void *user, const logit_run *run)
{
    lg_cli *cli = user;
    lg_cli_settings taken = cli->set;
    taken.library = *run->options;
    cli->floats = run->floats;
    lg_cli_progress_clear(cli);
    if (!lg_cli_is_text(cli) || cli->set.quiet) return;
    cli->settings = run->settings;
    lg_cli_print_run(cli, "comparing on", run, &taken);
    print_mode(cli);
    print_device(cli, "device A", cli->comparison->device[0]);
    print_device(cli, "device B",
                 cli->set.compare.against ? cli->set.compare.against : cli->comparison->device[1]);
    print_device(cli, "reference", cli->comparison->device[2]);
    cli->failed = lg_cli_flush(cli, &cli->failure);
}

/* ------------------------------------------------------------------------------------ all --- */

/* Of a comparison without a training nothing was said before. */
static void print_head(const lg_cli *cli, const logit_comparison *c)
{
    char name[LG_CELL];
    if (cli->arguments == 2) {
        fprintf(cli->out, "comparing the losses of %s%s%s",
                lg_cli_colour_text(cli->out_colour, LG_BOLD),
                lg_cli_name(name, cli->argument[0], 60),
                lg_cli_colour_text(cli->out_colour, LG_PLAIN));
        fprintf(cli->out, "\n  data       %s, %s: ", lg_cli_name(name, cli->argument[1], 60),
                c->part);
        fprintf(cli->out, "%s %s\n", lg_cli_count(name, (double)c->samples), lg_cli_things(cli));
    } else if (cli->set.compare.replay) {
        fprintf(cli->out, "replaying %s%s%s\n", lg_cli_colour_text(cli->out_colour, LG_BOLD),
                lg_cli_name(name, cli->set.compare.replay, 60),
                lg_cli_colour_text(cli->out_colour, LG_PLAIN));
    } else {
        return;
    }
    print_device(cli, "device A", c->device[0]);
    print_device(cli, "device B", c->device[1]);
    print_device(cli, "reference", c->device[2]);
}

static logit_status print(lg_cli *cli, const logit_comparison *c, logit_error *err)
{
    if (lg_cli_is_json(cli)) {
        lg_text json = {0};
        lg_cli_compare_json(c, &json);
        return lg_cli_put(cli, &json, err);
    }
    if (!cli->set.quiet) print_head(cli, c);
    lg_cli_compare_text(cli, c);
    return lg_cli_flush(cli, err);
}

static logit_status compare(lg_cli *cli, const logit_compare_options *options, logit_model *model,
                            logit_error *err)
{
    logit_comparison comparison = {0};
    logit_watch watch = lg_cli_watch(cli);
    const char *data = cli->arguments > 0 ? cli->argument[cli->arguments - 1] : NULL;
    watch.start = on_start;
    cli->comparison = &comparison;
    logit_status status = logit_compare(data, model, options, &watch, &comparison, err);
    status = lg_cli_watched(cli, status, err);
    if (logit_exit_code(status) == 0 || status == LOGIT_E_CHECK || status == LOGIT_E_INCONCLUSIVE) {
        const logit_status printed = print(cli, &comparison, err);
        if (printed != LOGIT_OK) status = printed;
    }
    cli->comparison = NULL;
    logit_comparison_clear(&comparison);
    return status;
}

logit_status lg_cli_run_compare(lg_cli *cli, logit_error *err)
{
    char name[2][NAME];
    logit_compare_options options;
    logit_model *model = NULL;
    LG_TRY(lg_cli_hold_idle(cli, err));
    LG_TRY(fill_options(cli, &options, name, err));
    if (cli->arguments == 2) {
        LG_TRY(logit_model_open(&model, cli->argument[0], err));
        lg_cli_take_model(cli, model);
    }
    const logit_status status = compare(cli, &options, model, err);
    logit_model_close(model);
    return status;
}
