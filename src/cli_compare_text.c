/* cli_compare_text.c -- what a comparison found, as a table for people.
 *
 * The command.  100 columns: a line per stage and pair, then the losses, the regimes that were met,
 * and the verdict. */
/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli_compare.h"

enum { DRIFT_ROWS = 12, PAIR = 13 };
static const double SURE = 6.0; /* standard deviations of a sign test: chance gives that to one
                                 * line in 500 millions */

/* --------------------------------------------------------------------------------- numbers --- */

/* "1.2e-07", "0" */
static const char *tiny(char *out, double value)
{
    if (value == 0.0)
        snprintf(out, LG_CELL, "0");
    else if (isnan(value))
        snprintf(out, LG_CELL, "-");
    else
        snprintf(out, LG_CELL, "%.1e", value);
    return out;
}

/* "0.27", "13", "1.2e+05": two digits that count */
static const char *ratio(char *out, double value)
{
    if (isnan(value))
        snprintf(out, LG_CELL, "-");
    else if (value >= 1e99)
        snprintf(out, LG_CELL, ">1e99");
    else if (value >= 9999.5)
        snprintf(out, LG_CELL, "%.1e", value);
    else if (value >= 9.95)
        snprintf(out, LG_CELL, "%.0f", value);
    else if (value > 0.0 && value < 0.005)
        snprintf(out, LG_CELL, "<0.01");
    else
        snprintf(out, LG_CELL, value == 0.0 ? "0" : "%.2f", value);
    return out;
}

/* "1,234,567", "1.23e+11" where that is too long for its column */
static const char *amount(char *out, int64_t count)
{
    if (count < 100000000) return lg_cli_count(out, (double)count);
    snprintf(out, LG_CELL, "%.2e", (double)count);
    return out;
}

/* Never 100 % unless it is all. */
static const char *share(char *out, int64_t part, int64_t all)
{
    if (part == all)
        snprintf(out, LG_CELL, "all");
    else
        snprintf(out, LG_CELL, "%.2f %%", floor(1e4 * (double)part / (double)all) / 100.0);
    return out;
}

/* The sign test: by how many standard deviations one side is the larger one too often. */
static const char *signs(char *out, const logit_difference *d)
{
    if (d->above + d->below == 0)
        snprintf(out, LG_CELL, "-");
    else if (fabs(d->bias) > SURE)
        snprintf(out, LG_CELL, "biased");
    else
        snprintf(out, LG_CELL, "%+.1f", d->bias);
    return out;
}

static const char *coloured(const lg_cli *cli, lg_cli_colour colour)
{
    return lg_cli_colour_text(cli->out_colour, colour);
}

/* ---------------------------------------------------------------------------------- stages --- */

static void print_stage(const lg_cli *cli, const logit_difference *d, int again)
{
    char cell[LG_CELL], pair[64];
    const int red = cli->out_colour && d->outside > 0;
    const int yellow = cli->out_colour && !red && fabs(d->bias) > SURE;
    snprintf(pair, sizeof pair, "%s - %s", d->a, d->b);
    if (strlen(pair) > PAIR) snprintf(pair, sizeof pair, "%s-%s", d->a, d->b);
    fputs(lg_cli_colour_text(red, LG_RED), cli->out);
    fprintf(cli->out, "%-9s%-14s", again ? "" : d->stage, lg_cli_name(cell, pair, PAIR));
    fprintf(cli->out, "%11s", amount(cell, d->count));
    fprintf(cli->out, "%9s", share(cell, d->equal, d->count));
    fprintf(cli->out, "%9s", tiny(cell, d->absolute));
    fprintf(cli->out, "%9s", tiny(cell, d->relative));
    fprintf(cli->out, "%8s", ratio(cell, d->ulps));
    fprintf(cli->out, "%7s", ratio(cell, d->share));
    fprintf(cli->out, "%7s", ratio(cell, d->worst_case));
    fprintf(cli->out, "%10s", tiny(cell, d->signed_mean));
    fprintf(cli->out, "%s%7s%s\n", lg_cli_colour_text(yellow, LG_YELLOW), signs(cell, d),
            lg_cli_colour_text(red || yellow, LG_PLAIN));
}

static void print_stages(const lg_cli *cli, const logit_comparison *c)
{
    if (c->differences == 0) return;
    fprintf(cli->out, "\n%s%-9s%-14s%11s%9s%9s%9s%8s%7s%7s%10s%7s%s\n", coloured(cli, LG_BOLD),
            "stage", "pair", "numbers", "equal", "largest", "relative", "ulps", "/bound", "worst",
            "mean", "signs", coloured(cli, LG_PLAIN));
    for (int i = 0; i < c->differences; i++) {
        const logit_difference *d = &c->difference[i];
        print_stage(cli, d, i > 0 && strcmp(d->stage, d[-1].stage) == 0);
    }
}

static int is_same_pair(const logit_difference *d, const logit_difference *e)
{
    return strcmp(d->a, e->a) == 0 && strcmp(d->b, e->b) == 0;
}

static int is_same_stage(const logit_difference *d, const logit_difference *e)
{
    return strcmp(d->stage, e->stage) == 0;
}

/* Whether line j says of another stage or pair what line i says. */
static int is_same_bound(const logit_comparison *c, int i, int j)
{
    const logit_difference *d = &c->difference[i], *e = &c->difference[j];
    return strcmp(d->bound, e->bound) == 0 && (is_same_pair(d, e) || is_same_stage(d, e));
}

/* "pixels, loss of cuda - cpu: 0: the same bits", once for all that it is true of. */
static void add_bound(lg_text *text, const logit_comparison *c, int line)
{
    const logit_difference *d = &c->difference[line], *last = d;
    for (int i = 0; i < line; i++)
        if (is_same_bound(c, line, i)) return;
    if (!*d->bound) return;
    lg_text_add(text, "%s", d->stage);
    for (int i = line + 1; i < c->differences; i++) {
        const logit_difference *e = &c->difference[i];
        if (!is_same_bound(c, line, i) || !is_same_pair(d, e) || is_same_stage(last, e)) continue;
        lg_text_add(text, ", %s", e->stage);
        last = e;
    }
    lg_text_add(text, " of %s - %s", d->a, d->b);
    for (int i = line + 1; i < c->differences; i++) {
        const logit_difference *e = &c->difference[i];
        if (is_same_bound(c, line, i) && is_same_stage(d, e) && !is_same_pair(d, e))
            lg_text_add(text, ", %s - %s", e->a, e->b);
    }
    lg_text_add(text, ": %s", d->bound);
}

/* What the columns mean, and the bounds in words. */
static void print_legend(const lg_cli *cli, const logit_comparison *c)
{
    lg_text text = {0};
    if (c->differences == 0) return;
    fputc('\n', cli->out);
    lg_text_add(&text,
                "largest, relative and ulps are the largest of |a - b|; /bound: the largest as a "
                "share of its bound, above 1 is outside; worst: what the worst-case bound would "
                "be, in ours; mean: of a - b, relative; signs: of a - b, in standard deviations, "
                "\"biased\" above %g",
                SURE);
    lg_cli_print_line(cli, "columns", &text);
    for (int i = 0; i < c->differences; i++) {
        add_bound(&text, c, i);
        if (text.size > 0) lg_cli_print_line(cli, "bound", &text);
    }
}

/* ----------------------------------------------------------------------------------- drift --- */

static double largest_of(const double *value, int count)
{
    double largest = NAN;
    for (int i = 0; i < count; i++) largest = fmax(largest, value[i]); /* NaN: there is none */
    return largest;
}

static void print_drift(const lg_cli *cli, const logit_comparison *c, const logit_drift *d)
{
    static const int party[] = {0, 1, 2};
    char cell[LG_CELL];
    const int both = c->device[1][0] != '\0';
    const double part = largest_of(d->distance, LOGIT_COMPARE_PAIRS) / d->envelope;
    const int shown = cli->out_colour && part > 1.0;
    fprintf(cli->out, "%s%8lld", lg_cli_colour_text(shown, LG_RED), (long long)d->step);
    for (int i = 0; i < 3; i++)
        if (both || i != 1) fprintf(cli->out, "%14.9f", d->loss[party[i]]);
    for (int p = 0; p < LOGIT_COMPARE_PAIRS; p++)
        if (both || p == 0) fprintf(cli->out, "%10s", tiny(cell, d->distance[p]));
    fprintf(cli->out, "%10s", tiny(cell, d->envelope));
    fprintf(cli->out, "%8s%s\n", ratio(cell, isnan(part) ? 0.0 : part),
            lg_cli_colour_text(shown, LG_PLAIN));
}

static void print_drifts(const lg_cli *cli, const logit_comparison *c)
{
    const int both = c->device[1][0] != '\0';
    if (c->drifts == 0) return;
    fprintf(cli->out, "\n%s%8s%14s", coloured(cli, LG_BOLD), "step", "loss A");
    if (both) fprintf(cli->out, "%14s", "loss B");
    fprintf(cli->out, "%14s%10s", "loss ref", "A - ref");
    if (both) fprintf(cli->out, "%10s%10s", "B - ref", "A - B");
    fprintf(cli->out, "%10s%8s%s\n", "envelope", "share", coloured(cli, LG_PLAIN));
    int64_t last = -1;
    for (int row = 0; row < DRIFT_ROWS; row++) {
        const double at = (double)row * (double)(c->drifts - 1) / (DRIFT_ROWS - 1);
        const int64_t i = (int64_t)lround(at);
        if (i != last) print_drift(cli, c, &c->drift[i]);
        last = i;
    }
    lg_text text = {0};
    fputc('\n', cli->out);
    lg_text_add(&text, "A - ref: |W_A - W_ref| / |W_ref|; envelope: how far rounding can take two "
                       "correct runs apart, by members trained beside them with one-ulp noise");
    lg_cli_print_line(cli, "columns", &text);
}

/* ------------------------------------------------------------------------------------ rest --- */

static void add_figure(lg_text *text, const char *name, double value)
{
    if (!isnan(value)) lg_text_add(text, "%s%s %.9g", text->size > 0 ? ", " : "", name, value);
}

/* "cuda:1" of "cuda:1: NVIDIA H200". */
static const char *short_name(char *out, const char *device)
{
    const char *end = strstr(device, ": ");
    snprintf(out, LG_CELL, "%.*s", (int)(end ? (size_t)(end - device) : strlen(device)), device);
    return out;
}

static void print_losses(const lg_cli *cli, const logit_comparison *c)
{
    char name[LG_CELL];
    lg_text text = {0};
    for (int i = 0; i < 3; i++)
        if (c->device[i][0]) add_figure(&text, short_name(name, c->device[i]), c->loss[i]);
    if (text.size > 0 && strcmp(c->mode, "free") != 0)
        lg_text_add(&text, "; %s %.2g apart, relative",
                    strcmp(c->mode, "model") == 0 ? "they are" : "those of a batch at most",
                    c->loss_difference);
    if (text.size > 0) lg_cli_print_line(cli, "mean loss", &text);
    if (!isnan(c->loss_end)) {
        lg_text_add(&text,
                    "of the first batch, by the reference: %.9g before, %.9g after %lld step%s",
                    c->loss_start, c->loss_end, (long long)c->steps, c->steps == 1 ? "" : "s");
        lg_cli_print_line(cli, "loss", &text);
    }
}

static void print_regimes(const lg_cli *cli, const logit_comparison *c)
{
    char number[LG_CELL];
    lg_text text = {0};
    if (!isnan(c->largest_logit)) lg_text_add(&text, "largest |logit| %.3g", c->largest_logit);
    if (!isnan(c->smallest_probability))
        lg_text_add(&text, ", smallest probability %.3g, %s below 2^-126", c->smallest_probability,
                    c->denormals == 0 ? "none" : lg_cli_count(number, (double)c->denormals));
    if (text.size > 0) lg_cli_print_line(cli, "regimes", &text);
    if (c->reference_rows[0] && strcmp(c->reference_rows, "all") != 0) {
        lg_text_add(&text, "worked out %s", c->reference_rows);
        lg_cli_print_line(cli, "reference", &text);
    }
}

/* Of a model: the sample that differs most, though it is inside its bound. */
static void print_worst(const lg_cli *cli, const logit_divergence *first)
{
    lg_text text = {0};
    if (!first->stage || first->step >= 0) return;
    lg_text_add(&text, "%s: %s %.9g, %s %.9g, bound %.2g", first->sample, first->a, first->got,
                first->b, first->want, first->bound);
    lg_cli_print_line(cli, "farthest", &text);
}

static void print_faults(const lg_cli *cli, const logit_comparison *c)
{
    static const char *const stage[LOGIT_COMPARE_STAGES] = {
        "pixels", "features", "logits", "loss", "gradient", "update", "step"};
    if (strcmp(c->mode, "self-test") != 0) return;
    fprintf(cli->out, "\n%s%-10s%s%s\n", coloured(cli, LG_BOLD), "stage",
            "smallest fault that was found, relative", coloured(cli, LG_PLAIN));
    for (int i = 0; i < LOGIT_COMPARE_STAGES; i++)
        if (!isnan(c->smallest_fault[i]))
            fprintf(cli->out, "%-10s%.2g\n", stage[i], c->smallest_fault[i]);
}

const char *lg_cli_verdict(const logit_comparison *c)
{
    return c->verdict == LOGIT_E_CHECK          ? "different"
           : c->verdict == LOGIT_E_INCONCLUSIVE ? "inconclusive"
                                                : "equal";
}

/* The first word of the sentence is the verdict. */
static void print_verdict(const lg_cli *cli, const logit_comparison *c)
{
    const lg_cli_colour colour = c->verdict == LOGIT_E_CHECK          ? LG_RED
                                 : c->verdict == LOGIT_E_INCONCLUSIVE ? LG_YELLOW
                                                                      : LG_GREEN;
    const int word = (int)strcspn(c->sentence, ":");
    fprintf(cli->out, "%s%.*s%s", coloured(cli, colour), word, c->sentence,
            coloured(cli, LG_PLAIN));
    lg_cli_wrap(cli->out, c->sentence + word, word, word + 2);
}

static void print_replay(lg_cli *cli, const logit_comparison *c)
{
    lg_text next = {0};
    if (!c->replay[0]) return;
    lg_text_add(&next, "logit compare --replay ");
    lg_cli_shell_word(&next, c->replay);
    lg_cli_next(cli, next.data ? next.data : "logit compare --replay FILE");
    lg_text_clear(&next);
}

void lg_cli_compare_text(lg_cli *cli, const logit_comparison *c)
{
    if (!cli->set.quiet) {
        print_stages(cli, c);
        print_drifts(cli, c);
        print_faults(cli, c);
        print_legend(cli, c);
        print_losses(cli, c);
        print_worst(cli, &c->first);
        print_regimes(cli, c);
        fputc('\n', cli->out);
    }
    print_verdict(cli, c);
    print_replay(cli, c);
}
