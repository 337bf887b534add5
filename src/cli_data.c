/* cli_data.c -- `logit data`: what is in a set, and what is wrong with it.
 *
 * The command. */
/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "base/status.h"
#include "cli_screen.h"

enum { NAME_MOST = 28, CLASSES_MOST = 40, BAD_MOST = 20, COLUMN = 12 };

static int64_t class_total(const logit_data_report *report, int c)
{
    int64_t total = 0;
    for (int p = 0; p < report->parts; p++)
        if (report->part[p].class_count) total += report->part[p].class_count[c];
    return total;
}

static int64_t total_count(const logit_data_report *report)
{
    int64_t total = 0;
    for (int p = 0; p < report->parts; p++) total += report->part[p].count;
    return total;
}

/* ----------------------------------------------------------------------------------- text --- */

static void print_head(const lg_cli *cli, const logit_data_report *report)
{
    char cell[LG_CELL], path[LG_CELL];
    int64_t bytes = 0;
    for (int p = 0; p < report->parts; p++) bytes += report->part[p].bytes;
    fprintf(cli->out, "%s%s%s: ", lg_cli_colour_text(cli->out_colour, LG_BOLD),
            lg_cli_name(path, cli->argument[0], 60), lg_cli_colour_text(cli->out_colour, LG_PLAIN));
    fprintf(cli->out, "%s images", lg_cli_count(cell, (double)total_count(report)));
    if (report->classes > 0)
        fprintf(cli->out, " in %s classes", lg_cli_count(cell, report->classes));
    fprintf(cli->out, ", format %s", report->format);
    if (bytes > 0) fprintf(cli->out, ", %s", lg_cli_bytes(cell, bytes));
    fprintf(cli->out, "\n");
}

static int widest_name(const logit_data_report *report)
{
    char name[LG_CELL];
    int widest = 5; /* "class" and "total" */
    for (int c = 0; c < report->classes; c++) {
        const int width = lg_cli_width(lg_cli_name(name, report->class_name[c], NAME_MOST));
        if (width > widest) widest = width;
    }
    return widest;
}

static void print_row(const lg_cli *cli, const logit_data_report *report, int c, int width)
{
    char cell[LG_CELL];
    const char *name = c < 0 ? "total" : lg_cli_name(cell, report->class_name[c], NAME_MOST);
    fprintf(cli->out, "  ");
    lg_cli_cell(cli->out, name, width);
    for (int p = 0; p < report->parts; p++) {
        const logit_part_report *part = &report->part[p];
        const int64_t count = c < 0 ? part->count : part->class_count ? part->class_count[c] : 0;
        fprintf(cli->out, "%*s", COLUMN, lg_cli_count(cell, (double)count));
    }
    fprintf(cli->out, "\n");
}

/* A row per class; of very many only the first, unless -v asks for all. */
static void print_counts(const lg_cli *cli, const logit_data_report *report)
{
    const int width = widest_name(report);
    const int all = report->classes <= CLASSES_MOST || cli->set.verbose;
    const int shown = all ? report->classes : CLASSES_MOST / 2;
    fprintf(cli->out, "\n  %s", lg_cli_colour_text(cli->out_colour, LG_BOLD));
    lg_cli_cell(cli->out, "class", width);
    for (int p = 0; p < report->parts; p++) fprintf(cli->out, "%*s", COLUMN, report->part[p].part);
    fprintf(cli->out, "%s\n", lg_cli_colour_text(cli->out_colour, LG_PLAIN));
    for (int c = 0; c < shown; c++) print_row(cli, report, c, width);
    if (!all)
        fprintf(cli->out, "  .. and %d more classes; -v lists them all\n", report->classes - shown);
    print_row(cli, report, -1, width);
    fprintf(cli->out, "\n");
}

/* Sizes and colours of a part on one line. */
static void print_part(const lg_cli *cli, const logit_part_report *part)
{
    fprintf(cli->out, "  %-12s", part->part);
    if (part->smallest_width == part->largest_width &&
        part->smallest_height == part->largest_height)
        fprintf(cli->out, "all %lldx%lld (height x width)", (long long)part->smallest_height,
                (long long)part->smallest_width);
    else
        fprintf(cli->out, "%lldx%lld to %lldx%lld (height x width)",
                (long long)part->smallest_height, (long long)part->smallest_width,
                (long long)part->largest_height, (long long)part->largest_width);
    if (part->grey == 0 || part->colour == 0)
        fprintf(cli->out, ", all %s", part->colour ? "in colour" : "grey");
    else
        fprintf(cli->out, ", %lld in colour, %lld grey", (long long)part->colour,
                (long long)part->grey);
    fprintf(cli->out, "\n");
}

/* "largest class: 300 images, 6 times the smallest" */
static void print_imbalance(const lg_cli *cli, const logit_data_report *report)
{
    char cell[LG_CELL];
    int most = 0, least = -1;
    for (int c = 0; c < report->classes; c++) {
        const int64_t count = class_total(report, c);
        if (count > class_total(report, most)) most = c;
        if (count > 0 && (least < 0 || count < class_total(report, least))) least = c;
    }
    if (least < 0) return;
    const double large = (double)class_total(report, most);
    const double small = (double)class_total(report, least);
    fprintf(cli->out, "  %-12s", "imbalance");
    if (large == small) {
        fprintf(cli->out, "none, each class has %s images\n", lg_cli_count(cell, large));
        return;
    }
    fprintf(cli->out, "%s has ", lg_cli_name(cell, report->class_name[most], NAME_MOST));
    fprintf(cli->out, "%.3g times the images of ", large / small);
    fprintf(cli->out, "%s%s\n", lg_cli_name(cell, report->class_name[least], NAME_MOST),
            large / small >= 3.0 ? "; see --class-weight balanced" : "");
}

static void print_aside(const lg_cli *cli, const logit_data_report *report)
{
    char cell[LG_CELL];
    if (report->stray > 0)
        fprintf(cli->out, "  %-12s%s left aside: not an image, or not in a class folder\n", "stray",
                lg_cli_count(cell, (double)report->stray));
    if (report->hidden > 0)
        fprintf(cli->out, "  %-12s%s passed over\n", "hidden",
                lg_cli_count(cell, (double)report->hidden));
    if (report->empty_classes > 0)
        fprintf(cli->out, "  %-12s%d with no image\n", "empty", report->empty_classes);
    if (report->bad == 0) {
        fprintf(cli->out, "  %-12snone\n", "bad");
        return;
    }
    fprintf(cli->out, "  %-12s%s%s%s that cannot be read\n", "bad",
            lg_cli_colour_text(cli->out_colour, LG_RED), lg_cli_count(cell, (double)report->bad),
            lg_cli_colour_text(cli->out_colour, LG_PLAIN));
    int shown = cli->set.verbose || report->listed < BAD_MOST ? report->listed : BAD_MOST;
    for (int i = 0; i < shown; i++) {
        char name[600], reason[600];
        const logit_bad_sample *bad = &report->bad_sample[i];
        const int named = strncmp(bad->reason, bad->name, strlen(bad->name)) == 0;
        fprintf(cli->out, "    %s%s%s\n", named ? "" : lg_text_escape(name, sizeof name, bad->name),
                named ? "" : ": ", lg_text_escape(reason, sizeof reason, bad->reason));
    }
    if (report->bad > shown)
        fprintf(cli->out, "    .. and %s more\n",
                lg_cli_count(cell, (double)(report->bad - shown)));
}

/* Images that training would hold out of this part to validate with, at least. */
static int64_t least_held_out(const logit_data_report *report, const logit_part_report *part,
                              double share)
{
    int64_t held = 0;
    for (int c = 0; c < report->classes && part->class_count; c++)
        held += (int64_t)(share * (double)part->class_count[c]);
    if (report->classes == 0) held = (int64_t)(share * (double)part->count);
    return held > 0 ? held : 1;
}

/* The share of bad images that a run may meet in what it trains on or measures with.  Where a set
 * has no val part, all that are bad may be among the images that are held out for it. */
static double worst_share(const logit_data_report *report, double val_split)
{
    double worst = 0.0;
    int has_val = 0;
    for (int p = 0; p < report->parts; p++) has_val |= strcmp(report->part[p].part, "val") == 0;
    for (int p = 0; p < report->parts; p++) {
        const logit_part_report *part = &report->part[p];
        const int split = p == 0 && !has_val && val_split > 0.0;
        const int64_t among = split ? least_held_out(report, part, val_split) : part->count;
        worst = fmax(worst, (double)part->bad / (double)among);
    }
    return fmin(worst, 1.0);
}

/* The options with which a set with bad images can be trained on: the share they need, rounded up
 * to one digit. */
static void add_skip(const logit_data_report *report, const logit_options *options, lg_text *out)
{
    const double share = worst_share(report, options->val_split);
    lg_text_add(out, " --on-bad skip");
    if (!(share > options->max_bad)) return;
    const double digit = pow(10.0, floor(log10(share)));
    lg_text_add(out, " --max-bad %.1g", fmin(1.0, (floor(share / digit) + 1.0) * digit));
}

static void print_text(lg_cli *cli, const logit_data_report *report)
{
    lg_text next = {0};
    print_head(cli, report);
    print_counts(cli, report);
    for (int p = 0; p < report->parts; p++)
        if (report->part[p].count > report->part[p].bad) print_part(cli, &report->part[p]);
    if (report->classes > 1) print_imbalance(cli, report);
    print_aside(cli, report);
    if (!cli->set.quiet) fprintf(cli->out, "\n");
    lg_text_add(&next, "logit train ");
    lg_cli_shell_word(&next, cli->argument[0]);
    if (report->bad > 0) add_skip(report, &cli->set.library, &next);
    lg_cli_next(cli, next.data ? next.data : "logit train");
    lg_text_clear(&next);
}

/* ----------------------------------------------------------------------------------- JSON --- */

static void add_part(lg_text *out, const logit_data_report *report, int p)
{
    const logit_part_report *part = &report->part[p];
    lg_text_add(out, "%s{\"part\": ", p ? ", " : "");
    lg_text_add_json(out, part->part);
    lg_text_add(out, ", \"count\": %lld, \"bad\": %lld, \"bytes\": %lld", (long long)part->count,
                (long long)part->bad, (long long)part->bytes);
    lg_text_add(out, ", \"smallest\": [%lld, %lld], \"largest\": [%lld, %lld]",
                (long long)part->smallest_height, (long long)part->smallest_width,
                (long long)part->largest_height, (long long)part->largest_width);
    lg_text_add(out, ", \"grey\": %lld, \"colour\": %lld, \"class_count\": [",
                (long long)part->grey, (long long)part->colour);
    for (int c = 0; part->class_count && c < report->classes; c++)
        lg_text_add(out, "%s%lld", c ? ", " : "", (long long)part->class_count[c]);
    lg_text_add(out, "]}");
}

static void make_json(const logit_data_report *report, lg_text *out)
{
    lg_text_add(out, "{\"format\": ");
    lg_text_add_json(out, report->format);
    lg_text_add(out, ", \"n\": %lld, \"classes\": [", (long long)total_count(report));
    for (int c = 0; c < report->classes; c++) {
        lg_text_add(out, "%s", c ? ", " : "");
        lg_text_add_json(out, report->class_name[c]);
    }
    lg_text_add(out, "], \"parts\": [");
    for (int p = 0; p < report->parts; p++) add_part(out, report, p);
    lg_text_add(out, "], \"stray\": %lld, \"hidden\": %lld, \"empty_classes\": %d, \"bad\": %lld",
                (long long)report->stray, (long long)report->hidden, report->empty_classes,
                (long long)report->bad);
    lg_text_add(out, ", \"bad_samples\": [");
    for (int i = 0; i < report->listed; i++) {
        lg_text_add(out, "%s{\"name\": ", i ? ", " : "");
        lg_text_add_json(out, report->bad_sample[i].name);
        lg_text_add(out, ", \"reason\": ");
        lg_text_add_json(out, report->bad_sample[i].reason);
        lg_text_add(out, "}");
    }
    lg_text_add(out, "]}\n");
}

logit_status lg_cli_run_data(lg_cli *cli, logit_error *err)
{
    logit_data_report report = {0};
    const logit_watch watch = lg_cli_watch(cli);
    logit_status status =
        logit_data_describe(cli->argument[0], &cli->set.library, &watch, &report, err);
    status = lg_cli_watched(cli, status, err);
    if (status == LOGIT_OK && lg_cli_is_json(cli)) {
        lg_text json = {0};
        make_json(&report, &json);
        status = lg_cli_put(cli, &json, err);
    } else if (status == LOGIT_OK) {
        print_text(cli, &report);
        status = lg_cli_flush(cli, err);
    }
    logit_data_report_clear(&report);
    return status;
}
