/* cli_verify.c -- `logit verify`: what is proven, as text or JSON, and which predictions are not.
 *
 * The command. */
/* SPDX-License-Identifier: MIT */
#include "base/status.h"
#include "cli_screen.h"

enum { SHOWN = 10, LISTED = 1000 }; /* doubts that text and JSON list without -v */

static void add_doubt_line(lg_text *to, const logit_doubt *doubt)
{
    char said[LG_CELL], name[512];
    lg_text_add(to, "  %12.4g %14.4g  %-5s %-16s %s\n", doubt->margin, doubt->reach, doubt->part,
                lg_cli_name(said, doubt->said, 16), lg_text_escape(name, sizeof name, doubt->name));
}

static void add_doubt_object(lg_text *to, const logit_doubt *doubt)
{
    lg_text_add(to, "%s{\"part\": \"%s\", \"index\": %lld, \"name\": ", to->size ? ", " : "",
                doubt->part, (long long)doubt->index);
    lg_text_add_json(to, doubt->name);
    lg_text_add(to, ", \"said\": ");
    lg_text_add_json(to, doubt->said);
    lg_text_add(to, ", \"margin\": ");
    lg_text_add_number(to, doubt->margin);
    lg_text_add(to, ", \"reach\": ");
    lg_text_add_number(to, doubt->reach);
    lg_text_add(to, "}");
}

static void on_doubt(void *user, const logit_doubt *doubt)
{
    lg_cli *cli = user;
    const int most = lg_cli_is_json(cli) ? LISTED : SHOWN;
    if (++cli->lines > most && !cli->set.verbose) return;
    if (lg_cli_is_json(cli))
        add_doubt_object(&cli->doubts, doubt);
    else
        add_doubt_line(&cli->doubts, doubt);
}

static void print_doubts(const lg_cli *cli)
{
    if (!cli->doubts.size) return;
    fprintf(cli->out,
            "\nnot proven%s\n        margin  may change by  part  says             sample\n%s",
            cli->lines > SHOWN && !cli->set.verbose ? " (the first 10; -v lists all)" : "",
            cli->doubts.data);
}

static void print_line(const lg_cli *cli, const char *label, const char *format, double value,
                       const char *meaning)
{
    char number[LG_CELL];
    snprintf(number, sizeof number, format, value);
    fprintf(cli->out, "  %-16s %-12s %s\n", label, number, meaning);
}

static void print_text(const lg_cli *cli, const logit_certificate *c)
{
    char count[LG_CELL], certain[LG_CELL];
    fprintf(cli->out, "the optimum of the objective with l2 %g on %s training samples:\n", c->l2,
            lg_cli_count(count, (double)c->samples));
    print_line(cli, "objective J", "%.8g", c->objective, "at the model's weights, in float64");
    print_line(cli, "|gradient|", "%.3g", c->gradient, "with the biases where they are best");
    print_line(cli, "J - J*", "%.3g", c->gap, "at most: |gradient|^2 / (2 l2)");
    print_line(cli, "|W - W*|", "%.3g", c->radius, "at most: |gradient| / l2");
    print_line(cli, "|W|", "%.4g", c->weight_norm, "");
    for (int i = 0; i < c->parts; i++) {
        const logit_certain *part = &c->part[i];
        fprintf(cli->out, "%s%-5s %s of %s predictions (%.2f %%) are certainly the optimum's\n",
                i ? "" : "\n", part->part, lg_cli_count(certain, (double)part->certain),
                lg_cli_count(count, (double)part->count),
                part->count > 0 ? 100.0 * (double)part->certain / (double)part->count : 0.0);
    }
}

static void make_json(const lg_cli *cli, const logit_certificate *c, lg_text *out)
{
    const struct {
        const char *name;
        double value;
    } fields[] = {
        {"l2", c->l2},
        {"objective", c->objective},
        {"weight_norm", c->weight_norm},
        {"bias_step", c->bias_step},
        {"gradient", c->gradient},
        {"radius", c->radius},
        {"gap", c->gap},
        {"seconds", c->seconds},
    };
    lg_text_add(out, "{\"samples\": %lld", (long long)c->samples);
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        lg_text_add(out, ", \"%s\": ", fields[i].name);
        lg_text_add_number(out, fields[i].value);
    }
    lg_text_add(out, ", \"parts\": [");
    for (int i = 0; i < c->parts; i++)
        lg_text_add(out, "%s{\"part\": \"%s\", \"count\": %lld, \"certain\": %lld}", i ? ", " : "",
                    c->part[i].part, (long long)c->part[i].count, (long long)c->part[i].certain);
    lg_text_add(out, "], \"not_proven_count\": %d, \"not_proven\": [%s]}\n", cli->lines,
                cli->doubts.size ? cli->doubts.data : "");
}

static logit_status print(lg_cli *cli, const logit_certificate *c, logit_error *err)
{
    if (lg_cli_is_json(cli)) {
        lg_text json = {0};
        make_json(cli, c, &json);
        json.failed |= cli->doubts.failed;
        return lg_cli_put(cli, &json, err);
    }
    print_text(cli, c);
    print_doubts(cli);
    return lg_cli_flush(cli, err);
}

logit_status lg_cli_run_verify(lg_cli *cli, logit_error *err)
{
    logit_certificate certificate;
    logit_model *model = NULL;
    logit_watch watch = lg_cli_watch(cli);
    watch.doubt = on_doubt;
    LG_TRY(logit_model_open(&model, cli->argument[0], err));
    lg_cli_take_model(cli, model);
    logit_status status =
        logit_verify(model, cli->argument[1], &cli->set.library, &watch, &certificate, err);
    status = lg_cli_watched(cli, status, err);
    if (status == LOGIT_OK || (status == LOGIT_E_CHECK && certificate.radius > 0.0)) {
        const logit_status printed = print(cli, &certificate, err);
        if (printed != LOGIT_OK) status = printed;
    }
    logit_model_close(model);
    return status;
}
