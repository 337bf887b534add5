/* cli_info.c -- `logit info`: what this logit is, and what it found to compute with.
 *
 * The command. */
/* SPDX-License-Identifier: MIT */
#include "base/status.h"
#include "cli_info.h"

void lg_cli_info_row(const lg_cli *cli, const char *label, const char *text)
{
    fprintf(cli->out, "%-12s", label);
    lg_cli_wrap(cli->out, text, 12, 12);
}

/* "folder, idx" */
static void add_names(lg_text *out, const char *(*name_of)(int i))
{
    const char *name;
    for (int i = 0; (name = name_of(i)) != NULL; i++) lg_text_add(out, "%s%s", i ? ", " : "", name);
}

static const struct {
    const char *label, *key;
    const char *(*name_of)(int i);
} families[] = {
    {"devices", "devices", logit_device_name},
    {"formats", "formats", logit_format_name},
    {"decoders", "decoders", logit_decoder_name},
    {"losses", "losses", logit_loss_name},
    {"maps", "maps", logit_map_name},
    {"optimizers", "optimizers", logit_optimizer_name},
    {"schedules", "schedules", logit_schedule_name},
};

enum { FAMILIES = sizeof families / sizeof *families };

static void print_text(lg_cli *cli, const logit_machine *machine)
{
    char total[LG_CELL], available[LG_CELL];
    lg_text text = {0};
    fprintf(cli->out, "%slogit %s%s\n", lg_cli_colour_text(cli->out_colour, LG_BOLD),
            machine->version, lg_cli_colour_text(cli->out_colour, LG_PLAIN));
    lg_cli_info_row(cli, "build", machine->build);
    lg_cli_info_row(cli, "processor", machine->processor);
    fprintf(cli->out, "%-12s%d, using %s instructions\n", "cores", machine->cores, machine->isa);
    lg_cli_info_row(cli, "blas", machine->blas);
    lg_cli_info_row(cli, "cuda", machine->cuda);
    fprintf(cli->out, "%-12s%s, %s available\n", "memory",
            lg_text_bytes(total, (double)machine->memory_total),
            lg_text_bytes(available, (double)machine->memory_available));
    for (int i = 0; i < FAMILIES; i++) {
        add_names(&text, families[i].name_of);
        lg_cli_info_row(cli, families[i].label, text.data ? text.data : "");
        lg_text_clear(&text);
    }
    if (!cli->set.quiet) fprintf(cli->out, "\n");
    lg_cli_next(cli, "logit bench");
}

void lg_cli_info_string(lg_text *out, const char *key, const char *value)
{
    lg_text_add(out, ", \"%s\": ", key);
    lg_text_add_json(out, value);
}

static void make_json(const logit_machine *machine, lg_text *out)
{
    const char *name;
    lg_text_add(out, "{\"version\": ");
    lg_text_add_json(out, machine->version);
    lg_cli_info_string(out, "build", machine->build);
    lg_cli_info_string(out, "processor", machine->processor);
    lg_text_add(out, ", \"cores\": %d", machine->cores);
    lg_cli_info_string(out, "isa", machine->isa);
    lg_cli_info_string(out, "blas", machine->blas);
    lg_cli_info_string(out, "cuda", machine->cuda);
    lg_text_add(out, ", \"memory_total\": %lld, \"memory_available\": %lld",
                (long long)machine->memory_total, (long long)machine->memory_available);
    for (int i = 0; i < FAMILIES; i++) {
        lg_text_add(out, ", \"%s\": [", families[i].key);
        for (int j = 0; (name = families[i].name_of(j)) != NULL; j++) {
            lg_text_add(out, "%s", j ? ", " : "");
            lg_text_add_json(out, name);
        }
        lg_text_add(out, "]");
    }
    lg_text_add(out, "}\n");
}

logit_status lg_cli_run_info(lg_cli *cli, logit_error *err)
{
    logit_machine machine = {0};
    if (cli->arguments > 0) return lg_cli_info_model(cli, err);
    LG_TRY(logit_machine_describe(&machine, err));
    if (lg_cli_is_json(cli)) {
        lg_text json = {0};
        make_json(&machine, &json);
        return lg_cli_put(cli, &json, err);
    }
    print_text(cli, &machine);
    return lg_cli_flush(cli, err);
}
