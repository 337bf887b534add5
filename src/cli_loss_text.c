/* cli_loss_text.c -- one row of logits, told line by line.
 *
 * The command. */
/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "cli_loss.h"

enum { ROWS = 12 /* most classes that are shown */ };

static const char *bold(const lg_cli *cli)
{
    return lg_cli_colour_text(cli->out_colour, LG_BOLD);
}

static const char *plain(const lg_cli *cli)
{
    return lg_cli_colour_text(cli->out_colour, LG_PLAIN);
}

/* -------------------------------------------------------------------------------- classes --- */

/* Is class c among those that are shown: the label, the reference, and the largest logits? */
static int is_shown(const logit_loss_sample *s, int c)
{
    int before = 0;
    if (s->classes <= ROWS || c == s->label || c == s->reference) return 1;
    for (int j = 0; j < s->classes && before < ROWS; j++)
        before += s->of[j].z > s->of[c].z || (s->of[j].z == s->of[c].z && j < c);
    return before < ROWS - 2;
}

/* Odds of more digits than a line has are as good as certain. */
static const char *odds_of(char *out, double logit)
{
    return lg_cli_odds(out, fabs(logit) < 1e6 ? logit : copysign(HUGE_VAL, logit));
}

static void print_class(const lg_cli *cli, const logit_loss_sample *s, int c)
{
    const logit_loss_class *one = &s->of[c];
    char cell[LG_CELL];
    fprintf(cli->out, "%s%7d%11.6g", c == s->label ? bold(cli) : "", c, one->z);
    fprintf(cli->out, "%14.5g", one->probability);
    fprintf(cli->out, fabs(one->logit) < 1e5 ? "%+11.4f  " : "%+11.4g  ", one->logit);
    lg_cli_cell(cli->out, odds_of(cell, one->logit), 22);
    fprintf(cli->out, "%+11.4g%s\n", one->gradient, c == s->label ? plain(cli) : "");
}

static void print_classes(const lg_cli *cli, const logit_loss_sample *s)
{
    int left = 0;
    double others = 0.0;
    fprintf(cli->out, "\n  %sclass%11s%14s%11s  %-22s%11s%s\n", bold(cli), "z", "probability",
            "logit", "odds", "gradient", plain(cli));
    for (int c = 0; c < s->classes; c++) {
        if (is_shown(s, c)) {
            print_class(cli, s, c);
        } else {
            left++;
            others += s->of[c].probability;
        }
    }
    if (left > 0) fprintf(cli->out, "  and %d more, together of probability %.5g\n", left, others);
}

static void print_key(const lg_cli *cli)
{
    if (cli->set.quiet) return;
    fputs("\n"
          "  z            the score of a class, any number; only differences count\n"
          "  probability  p = exp(z) / sum of exp(z) over all classes: the softmax\n"
          "  logit        log(p / (1 - p)), here as z - log(sum of exp(z) of the others)\n"
          "  odds         exp(logit) : 1; 2 : 1 for is p = 2/3, 2 : 1 against is 1/3\n"
          "  gradient     d loss / d z = p - target: training moves z the other way\n",
          cli->out);
}

/* ----------------------------------------------------------------------------------- loss --- */

static void print_way(const lg_cli *cli, const char *name, double value, double truth)
{
    char number[LG_CELL], off[LG_CELL];
    const double far = fabs(value - truth) / fabs(truth);
    const int good = value == truth || value == (double)(float)truth || far <= 1e-5;
    fprintf(cli->out, "  %-36s%s%18s%s  %s\n", name,
            lg_cli_colour_text(cli->out_colour, good ? LG_GREEN : LG_RED),
            lg_cli_loss_float(number, value), plain(cli), lg_cli_loss_off(off, value, truth));
}

/* Why a textbook's form is off, where one is. */
static void print_reasons(const lg_cli *cli, const logit_loss_sample *s)
{
    const double shifted = s->naive[LOGIT_NAIVE_P_SHIFTED];
    const double *naive = s->naive;
    if (cli->set.quiet) return;
    if (!isfinite(s->truth) || (double)(float)s->truth > 3.5e38) return;
    if (!isfinite(naive[LOGIT_NAIVE_LSE]))
        fputs("\n  Without a shift exp(z) leaves float32 on one side or the other: it is inf\n"
              "  from z = 88.8 on and 0 from -104 down.  m = max z taken from every logit\n"
              "  first changes no probability, and the largest power is then exp(0) = 1.\n",
              cli->out);
    if (isinf(shifted) && isfinite(s->stable))
        fputs("\n  With the shift p itself can be 0: the label is more than 103 behind, and\n"
              "  float32 has nothing below 1.4e-45.  The loss is no more than that gap.\n",
              cli->out);
    if (shifted == 0.0 && s->truth > 0.0)
        fputs("\n  p rounds to 1 once the label leads by 17, and log 1 is 0: nothing is left.\n"
              "  log1p(rest) is log(1 + rest) without ever writing 1 + rest down.\n",
              cli->out);
}

static void print_parts(const lg_cli *cli, const logit_loss_sample *s)
{
    char cell[LG_CELL];
    if (s->smoothing > 0.0)
        fprintf(cli->out,
                "\n  target: 1 - e + e/K = %.6g for the label, e/K = %.6g for the others\n",
                1.0 - s->smoothing + s->smoothing / s->classes, s->smoothing / s->classes);
    fprintf(cli->out, "\n  m = max z = %s", lg_cli_loss_float(cell, s->top));
    fprintf(cli->out, ", rest = sum of exp(z - m) of the others = %.9g\n", s->rest);
}

static void print_loss(const lg_cli *cli, const logit_loss_sample *s)
{
    char head[LG_CELL], cell[LG_CELL];
    snprintf(head, sizeof head, "The loss of label %d: -log %.9g", s->label,
             s->of[s->label].probability);
    lg_cli_loss_heading(cli, s->smoothing > 0.0 ? "The loss, sum of target x -log p" : head);
    print_parts(cli, s);
    fprintf(cli->out, "\n  %s%-36s%18s  %s%s\n", bold(cli), "formula", "in float32", "off by",
            plain(cli));
    for (int way = 0; way < LOGIT_NAIVE_WAYS; way++)
        print_way(cli, lg_cli_loss_ways[way], s->naive[way], s->truth);
    print_way(cli, "log1p(rest) + (m - z_y)  <- logit", s->stable, s->truth);
    fprintf(cli->out, "  %-36s%18.17g\n", "the truth, in float64", s->truth);
    print_reasons(cli, s);
    if (!isfinite(s->stable))
        fputs("\n  The loss itself does not fit into a float32: training stops here, with exit\n"
              "  code 7, and keeps what it had.\n",
              cli->out);
    snprintf(cell, sizeof cell, "%s", s->device);
    if (!cli->set.quiet) {
        lg_text text = {0};
        lg_text_add(&text,
                    "The marked value and the gradients come from the loss that training runs "
                    "(core/fmath.h, core/loss_softmax.h) on %s.",
                    cell);
        fprintf(cli->out, "\n  ");
        lg_cli_wrap(cli->out, text.data ? text.data : "", 2, 2);
        lg_text_clear(&text);
    }
}

/* ----------------------------------------------------------------------- two, and K-1 rows --- */

static void print_sigmoid(const lg_cli *cli, const logit_loss_sample *s)
{
    char a[LG_CELL], b[LG_CELL];
    lg_cli_loss_heading(cli, "Two classes are one sigmoid");
    fprintf(cli->out, "\n  z = z_1 - z_0 = %s; softmax of (0, z) is sigmoid(z)\n\n",
            lg_cli_loss_float(a, s->difference));
    fprintf(cli->out, "  %s%-20s%24s%18s%s\n", bold(cli), "", "p of class 1, float64",
            "loss, float32", plain(cli));
    fprintf(cli->out, "  %-20s%24.17g%18s\n", "softmax of (0, z)", s->of[1].probability,
            lg_cli_loss_float(a, s->stable));
    fprintf(cli->out, "  %-20s%24.17g%18s\n", "sigmoid(z)", s->sigmoid_probability,
            lg_cli_loss_float(b, s->sigmoid_loss));
    fprintf(cli->out, "  %-20s%24s%18s  %s\n", "-log of a probability", "",
            lg_cli_loss_float(a, s->sigmoid_naive), lg_cli_loss_off(b, s->sigmoid_naive, s->truth));
    if (!cli->set.quiet)
        fputs("\n  The sigmoid's loss is max(z,0) - y z + log1p(exp(-|z|)): the same log1p.\n",
              cli->out);
}

static void print_reference(const lg_cli *cli, const logit_loss_sample *s)
{
    char cell[LG_CELL], head[LG_CELL];
    snprintf(head, sizeof head, "Against class %d: %d row%s say%s the same", s->reference,
             s->classes - 1, s->classes == 2 ? "" : "s", s->classes == 2 ? "s" : "");
    lg_cli_loss_heading(cli, head);
    fprintf(cli->out, "\n  %sclass%14s  %-22s%16s%16s%s\n", bold(cli), "z - z_ref",
            "odds against it", "p of K-1 rows", "p of K rows", plain(cli));
    for (int c = 0; c < s->classes; c++) {
        const logit_loss_class *one = &s->of[c];
        if (!is_shown(s, c)) continue;
        fprintf(cli->out, "%7d%+14.6g  ", c, one->against);
        lg_cli_cell(cli->out,
                    c == s->reference ? "1 : 1, by definition" : odds_of(cell, one->against), 22);
        fprintf(cli->out, "%16.9g%16.9g\n", one->against_probability, one->probability);
    }
    if (cli->set.quiet) return;
    fputs("\n  Taking one class's z from all of them changes no probability.  What is left is\n"
          "  log(p / p_ref), log odds against that class alone; the odds of the first table\n"
          "  are against all the others together.\n",
          cli->out);
}

void lg_cli_loss_print_sample(const lg_cli *cli, const logit_loss_sample *s)
{
    fprintf(cli->out, "%sone sample%s: %d class%s, the label is class %d (from 0)", bold(cli),
            plain(cli), s->classes, s->classes == 1 ? "" : "es", s->label);
    if (s->smoothing > 0.0) fprintf(cli->out, ", smoothed by e = %g", s->smoothing);
    fputs("\n", cli->out);
    print_classes(cli, s);
    for (int c = 0; c < s->classes; c++) {
        if (s->of[c].asked == s->of[c].z || !is_shown(s, c)) continue;
        fprintf(cli->out, "  note: %.17g is %.17g in float32\n", s->of[c].asked, s->of[c].z);
        break;
    }
    print_key(cli);
    print_loss(cli, s);
    if (s->classes == 2) print_sigmoid(cli, s);
    if (s->reference >= 0) print_reference(cli, s);
}
