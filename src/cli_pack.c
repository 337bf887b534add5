/* cli_pack.c -- `logit pack`: a set decoded once, into one file.
 *
 * The command. */
/* SPDX-License-Identifier: MIT */
#include "base/status.h"
#include "cli_screen.h"

static void print_text(lg_cli *cli, const logit_pack_summary *summary)
{
    char cell[LG_CELL], file[LG_CELL];
    lg_text next = {0};
    fprintf(cli->out, "%s%s%s: ", lg_cli_colour_text(cli->out_colour, LG_BOLD),
            lg_cli_name(file, cli->set.pack.file, 60),
            lg_cli_colour_text(cli->out_colour, LG_PLAIN));
    fprintf(cli->out, "%s images", lg_cli_count(cell, (double)summary->count));
    if (summary->classes > 0)
        fprintf(cli->out, " in %s classes", lg_cli_count(cell, summary->classes));
    fprintf(cli->out, ", %dx%dx%d", summary->height, summary->width, summary->channels);
    fprintf(cli->out, ", %s", lg_text_bytes(cell, (double)summary->bytes));
    fprintf(cli->out, ", %s\n", lg_cli_elapsed(cell, summary->seconds));
    if (summary->before > 0)
        fprintf(cli->out, "went on after %s that were packed before\n",
                lg_cli_count(cell, (double)summary->before));
    if (!cli->set.quiet) fprintf(cli->out, "\n");
    lg_text_add(&next, "logit train ");
    lg_cli_shell_word(&next, cli->set.pack.file);
    if (summary->bad > 0) lg_text_add(&next, " --on-bad skip");
    lg_cli_next(cli, next.data ? next.data : "logit train");
    lg_text_clear(&next);
}

static void make_json(const lg_cli *cli, const logit_pack_summary *summary, lg_text *out)
{
    lg_text_add(out, "{\"file\": ");
    lg_text_add_json(out, cli->set.pack.file);
    lg_text_add(out, ", \"n\": %lld, \"before\": %lld, \"bad\": %lld, \"classes\": %d",
                (long long)summary->count, (long long)summary->before, (long long)summary->bad,
                summary->classes);
    lg_text_add(out, ", \"height\": %d, \"width\": %d, \"channels\": %d, \"bytes\": %lld",
                summary->height, summary->width, summary->channels, (long long)summary->bytes);
    lg_text_add(out, ", \"seconds\": ");
    lg_text_add_number(out, summary->seconds);
    lg_text_add(out, "}\n");
}

logit_status lg_cli_run_pack(lg_cli *cli, logit_error *err)
{
    logit_pack_summary summary;
    const logit_watch watch = lg_cli_watch(cli);
    logit_pack_options options = cli->set.pack;
    options.data = cli->set.library;
    const logit_status status = logit_pack(cli->argument[0], &options, &watch, &summary, err);
    LG_TRY(lg_cli_watched(cli, status, err));
    if (lg_cli_is_json(cli)) {
        lg_text json = {0};
        make_json(cli, &summary, &json);
        return lg_cli_put(cli, &json, err);
    }
    if (summary.bad > 0) {
        char text[LG_CELL], number[LG_CELL];
        snprintf(text, sizeof text, "%.20s images cannot be read; they are packed as such",
                 lg_cli_count(number, (double)summary.bad));
        lg_cli_say(cli, LOGIT_LEVEL_WARNING, text);
    }
    print_text(cli, &summary);
    return lg_cli_flush(cli, err);
}
