/* cli_data.c -- `logit data`: what is in a set, and what is wrong with it.
 *
 * The command.  The same for programs: cli_data_json.c. */
/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "base/status.h"
#include "cli_data.h"
#include "cli_screen.h"

enum { NAME_MOST = 28, CLASSES_MOST = 40, LIST_MOST = 20, COLUMN = 12 };
static const double NOTICED = 3.0, STRONG = 10.0; /* times as many images in one class */

int64_t lg_cli_data_count(const logit_data_report *report)
{
    int64_t total = 0;
    for (int p = 0; p < report->parts; p++) total += report->part[p].count;
    return total;
}

/* ----------------------------------------------------------------------------------- text --- */

/* What stands beside the samples, where it is no class each. */
static const char *say_targets(const logit_data_report *report)
{
    const char *targets = report->parts > 0 ? report->part[0].targets : "classes";
    if (strcmp(targets, "numbers") == 0) return ", targets are numbers";
    return strcmp(targets, "soft") == 0 ? " (soft targets: counted by the likeliest)" : "";
}

static void print_head(const lg_cli *cli, const logit_data_report *report)
{
    char cell[LG_CELL], path[LG_CELL];
    int64_t bytes = 0;
    for (int p = 0; p < report->parts; p++) bytes += report->part[p].bytes;
    fprintf(cli->out, "%s%s%s: ", lg_cli_colour_text(cli->out_colour, LG_BOLD),
            lg_cli_name(path, cli->argument[0], 60), lg_cli_colour_text(cli->out_colour, LG_PLAIN));
    fprintf(cli->out, "%s %s", lg_cli_count(cell, (double)lg_cli_data_count(report)),
            lg_cli_things(cli));
    if (report->classes > 0)
        fprintf(cli->out, " in %s classes", lg_cli_count(cell, report->classes));
    fputs(say_targets(report), cli->out);
    fprintf(cli->out, ", format %s", report->format);
    if (bytes > 0) fprintf(cli->out, ", %s", lg_text_bytes(cell, (double)bytes));
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
    if (strcmp(part->element, "uint8") != 0) {
        char cell[LG_CELL];
        fprintf(cli->out, "%s features of type %s\n",
                lg_cli_count(cell, (double)(part->largest_height * part->largest_width) *
                                       (part->colour ? 3 : 1)),
                part->element);
        return;
    }
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

/* "strong: dogs has 25 times the images of cats; see --class-weight balanced" */
static void print_imbalance(const lg_cli *cli, const logit_data_report *report)
{
    char cell[LG_CELL];
    if (report->largest_class < 0) return;
    fprintf(cli->out, "  %-12s", "imbalance");
    if (report->imbalance == 1.0) {
        const double each = (double)report->part[0].class_count[report->largest_class];
        fprintf(cli->out, "none, each class has %s %s\n", lg_cli_count(cell, each),
                lg_cli_things(cli));
        return;
    }
    if (report->imbalance > STRONG)
        fprintf(cli->out, "%sstrong%s: ", lg_cli_colour_text(cli->out_colour, LG_YELLOW),
                lg_cli_colour_text(cli->out_colour, LG_PLAIN));
    fprintf(cli->out, "%s has ",
            lg_cli_name(cell, report->class_name[report->largest_class], NAME_MOST));
    fprintf(cli->out, "%.3g times the %s of ", report->imbalance, lg_cli_things(cli));
    fprintf(cli->out, "%s%s\n",
            lg_cli_name(cell, report->class_name[report->smallest_class], NAME_MOST),
            report->imbalance >= NOTICED ? "; see --class-weight balanced" : "");
}

/* How many of a list of `listed` are shown, and afterwards what is not: of `all` there are. */
static int shown_of(const lg_cli *cli, int listed)
{
    return cli->set.verbose || listed < LIST_MOST ? listed : LIST_MOST;
}

static void print_rest(const lg_cli *cli, int64_t all, int listed)
{
    char cell[LG_CELL];
    const int shown = shown_of(cli, listed);
    if (all == shown) return;
    fprintf(cli->out, "    .. and %s more", lg_cli_count(cell, (double)(all - shown)));
    if (listed > shown) fprintf(cli->out, "; -v lists %s", listed < all ? "some of them" : "them");
    fprintf(cli->out, "\n");
}

static void print_bad(const lg_cli *cli, const logit_data_report *report)
{
    char cell[LG_CELL];
    if (report->bad == 0) {
        fprintf(cli->out, "  %-12snone\n", "bad");
        return;
    }
    fprintf(cli->out, "  %-12s%s%s%s that cannot be read\n", "bad",
            lg_cli_colour_text(cli->out_colour, LG_RED), lg_cli_count(cell, (double)report->bad),
            lg_cli_colour_text(cli->out_colour, LG_PLAIN));
    for (int i = 0; i < shown_of(cli, report->listed); i++) {
        char name[600], reason[600];
        const logit_bad_sample *bad = &report->bad_sample[i];
        const int named = strncmp(bad->reason, bad->name, strlen(bad->name)) == 0;
        fprintf(cli->out, "    %s%s%s\n", named ? "" : lg_text_escape(name, sizeof name, bad->name),
                named ? "" : ": ", lg_text_escape(reason, sizeof reason, bad->reason));
    }
    print_rest(cli, report->bad, report->listed);
}

/* "3 of test are in train too: figures on test will look too good" */
static void print_repeats(const lg_cli *cli, const logit_data_report *report, int p, int q)
{
    char cell[LG_CELL];
    const int64_t count = report->repeats[p][q];
    const char *part = report->part[p].part, *other = report->part[q].part;
    if (count == 0) return;
    lg_cli_count(cell, (double)count);
    if (p == q) {
        fprintf(cli->out, "    %s within %s\n", cell, part);
        return;
    }
    const int leaks = strcmp(other, "train") == 0;
    fprintf(cli->out, "    %s%s of %s %s in %s too%s",
            lg_cli_colour_text(cli->out_colour, LG_YELLOW), cell, part, count == 1 ? "is" : "are",
            other, lg_cli_colour_text(cli->out_colour, LG_PLAIN));
    if (leaks) fprintf(cli->out, ": figures on %s will look too good", part);
    fprintf(cli->out, "\n");
}

static void print_duplicates(const lg_cli *cli, const logit_data_report *report)
{
    char cell[LG_CELL];
    fprintf(cli->out, "  %-12s", "duplicates");
    if (report->duplicates == 0) {
        fprintf(cli->out, "none\n");
        return;
    }
    fprintf(cli->out, "%s %s of an earlier image", lg_cli_count(cell, (double)report->duplicates),
            report->duplicates == 1 ? "copy" : "copies");
    if (report->other_class > 0)
        fprintf(cli->out, ", %s%s in another class%s",
                lg_cli_colour_text(cli->out_colour, LG_YELLOW),
                lg_cli_count(cell, (double)report->other_class),
                lg_cli_colour_text(cli->out_colour, LG_PLAIN));
    fprintf(cli->out, "\n");
    for (int p = 0; p < report->parts && report->parts > 1; p++)
        for (int q = 0; q <= p; q++) print_repeats(cli, report, p, q);
    for (int i = 0; i < shown_of(cli, report->duplicates_listed); i++) {
        char name[600], first[600];
        const logit_duplicate_sample *twin = &report->duplicate_sample[i];
        fprintf(cli->out, "    %s = %s%s\n", lg_text_escape(name, sizeof name, twin->name),
                lg_text_escape(first, sizeof first, twin->first),
                twin->other_class ? " (another class)" : "");
    }
    print_rest(cli, report->duplicates, report->duplicates_listed);
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
    cli->floats = report->parts > 0 && strcmp(report->part[0].element, "uint8") != 0;
    print_head(cli, report);
    print_counts(cli, report);
    for (int p = 0; p < report->parts; p++)
        if (report->part[p].count > report->part[p].bad) print_part(cli, &report->part[p]);
    print_imbalance(cli, report);
    print_duplicates(cli, report);
    print_aside(cli, report);
    print_bad(cli, report);
    if (!cli->set.quiet) fprintf(cli->out, "\n");
    lg_text_add(&next, "logit train ");
    lg_cli_shell_word(&next, cli->argument[0]);
    if (report->bad > 0) add_skip(report, &cli->set.library, &next);
    lg_cli_next(cli, next.data ? next.data : "logit train");
    lg_text_clear(&next);
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
        lg_cli_data_json(&report, &json);
        status = lg_cli_put(cli, &json, err);
    } else if (status == LOGIT_OK) {
        print_text(cli, &report);
        status = lg_cli_flush(cli, err);
    }
    logit_data_report_clear(&report);
    return status;
}
