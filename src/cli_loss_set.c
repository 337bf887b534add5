/* cli_loss_set.c -- the likelihood of a set, told line by line.
 *
 * The command. */
/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "cli_loss.h"

static const char *bold(const lg_cli *cli)
{
    return lg_cli_colour_text(cli->out_colour, LG_BOLD);
}

static const char *plain(const lg_cli *cli)
{
    return lg_cli_colour_text(cli->out_colour, LG_PLAIN);
}

/* One product: what is left of it, or when nothing is. */
static void print_product(const lg_cli *cli, const char *type, double product, int64_t zero)
{
    char number[LG_CELL];
    if (zero > 0)
        fprintf(cli->out, "  product in %s     %s0, from sample %s on%s\n", type,
                lg_cli_colour_text(cli->out_colour, LG_RED), lg_cli_count(number, (double)zero),
                plain(cli));
    else
        fprintf(cli->out, "  product in %s     %s\n", type, lg_cli_loss_float(number, product));
}

/* Why there is nothing to see. */
static void print_not_finite(const lg_cli *cli, const logit_model *model,
                             const logit_likelihood *set)
{
    char bad[LG_CELL], all[LG_CELL], weights[LG_CELL];
    const int64_t count = logit_model_describe(model).not_finite;
    if (set->stable_not_finite == 0) return;
    fprintf(cli->out, "  %s of the %s losses are not finite",
            lg_cli_count(bad, (double)set->stable_not_finite), lg_cli_count(all, (double)set->n));
    if (count > 0)
        fprintf(cli->out, ": nor is the model, in %s of its weights",
                lg_cli_count(weights, (double)count));
    fputs("\n", cli->out);
}

static void print_likelihood(const lg_cli *cli, const logit_model *model,
                             const logit_likelihood *set)
{
    char number[LG_CELL], real[LG_CELL];
    lg_cli_loss_heading(cli, "The likelihood of the labels: q_1 x q_2 x ... x q_N");
    fputs("\n", cli->out);
    print_not_finite(cli, model, set);
    print_product(cli, "float32", set->product32, set->zero32);
    print_product(cli, "float64", set->product64, set->zero64);
    fprintf(cli->out, "  least likely         sample %s, q = %s\n",
            lg_cli_count(number, (double)set->worst),
            lg_cli_loss_real(real, 4, set->worst_probability));
    if (set->zero32 > 0 && !cli->set.quiet)
        fprintf(cli->out,
                "\n  Before sample %s the product was %.3g; float32 ends at 1.4e-45, float64\n"
                "  at 4.9e-324, and a set of any size is beyond both.  Logarithms turn the\n"
                "  product into a sum, which has no such end:\n",
                lg_cli_count(number, (double)set->zero32), set->last32);
    fprintf(cli->out, "\n  log q_1 + ... + log q_N     %s\n",
            lg_cli_loss_real(real, 17, set->log_sum));
    fprintf(cli->out, "  ... divided by -N           %s%s%s\n", bold(cli),
            lg_cli_loss_real(real, 17, set->loss), plain(cli));
    fprintf(cli->out, "  exp(-that)                  %s\n",
            lg_cli_loss_real(real, 6, exp(-set->loss)));
    if (cli->set.quiet) return;
    fputs("\n  The mean of -log q is the cross entropy, in nats: the loss that train and\n"
          "  eval print.  exp(-loss) is the likelihood of a sample, on (geometric) average.\n",
          cli->out);
}

static void print_way(const lg_cli *cli, const char *name, double mean, int64_t wrong,
                      int64_t not_finite)
{
    char number[LG_CELL], cell[LG_CELL];
    fprintf(cli->out, "  %-36s%16s%10s", name, lg_cli_loss_float(number, mean),
            lg_cli_count(cell, (double)wrong));
    fprintf(cli->out, "%12s\n", lg_cli_count(cell, (double)not_finite));
}

static void print_ways(const lg_cli *cli, const logit_likelihood *set)
{
    char number[LG_CELL];
    lg_cli_loss_heading(cli, "The same losses by the textbook, in float32");
    fprintf(cli->out, "\n  %s%-36s%16s%10s%12s%s\n", bold(cli), "formula", "mean", "wrong",
            "not finite", plain(cli));
    for (int way = 0; way < LOGIT_NAIVE_WAYS; way++)
        print_way(cli, lg_cli_loss_ways[way], set->naive[way], set->wrong[way],
                  set->not_finite[way]);
    print_way(cli, "log1p(rest) + (m - z_y)  <- logit", set->loss, set->stable_wrong,
              set->stable_not_finite);
    fprintf(cli->out, "  %-36s%16s\n", "the truth, in float64",
            lg_cli_loss_real(number, 15, set->truth));
    if (cli->set.quiet) return;
    lg_text text = {0};
    lg_text_add(
        &text,
        "wrong: samples whose loss is off by more than a hundred thousandth of itself; means "
        "are over the finite ones.  The marked row is the loss that training runs "
        "(core/fmath.h) on %s.",
        set->device);
    fprintf(cli->out, "\n  ");
    lg_cli_wrap(cli->out, text.data ? text.data : "", 2, 2);
    lg_text_clear(&text);
}

/* "pixel x 14, y 7" or "feature 12"; of a map as logit_model_column_name */
static void name_feature(char *out, size_t size, const logit_model *model, int64_t feature)
{
    const logit_model_info info = logit_model_describe(model);
    const int64_t pixel = feature / info.channels;
    if (info.map)
        logit_model_column_name(model, feature, out, size);
    else if (info.floats || info.width == 1)
        snprintf(out, size, "feature %lld", (long long)feature);
    else if (info.channels == 1)
        snprintf(out, size, "pixel x %lld, y %lld", (long long)(pixel % info.width),
                 (long long)(pixel / info.width));
    else
        snprintf(out, size, "pixel x %lld, y %lld, %s", (long long)(pixel % info.width),
                 (long long)(pixel / info.width),
                 (const char *const[]){"red", "green", "blue"}[feature % 3]);
}

static void print_reference(const lg_cli *cli, const logit_model *model, int reference,
                            const logit_likelihood *set)
{
    const logit_model_info info = logit_model_describe(model);
    char cell[LG_CELL], name[LG_CELL], place[LG_CELL], head[LG_CELL * 2];
    snprintf(head, sizeof head, "Against %s: %d rows of W say what %d did",
             lg_cli_name(name, info.class_name[reference], 28), info.classes - 1, info.classes);
    lg_cli_loss_heading(cli, head);
    fprintf(cli->out,
            "\n  largest coefficients, w_c - w_ref; one more unit of x multiplies the odds\n"
            "  of c against the reference by exp(w)\n\n");
    for (int c = 0; c < info.classes; c++) {
        lg_cli_coefficient largest[LG_CLI_COEFFICIENTS];
        if (c == reference) continue;
        const int count = lg_cli_loss_coefficients(info, c, reference, largest);
        for (int i = 0; i < count; i++) {
            fprintf(cli->out, "  ");
            lg_cli_cell(cli->out, i ? "" : lg_cli_name(cell, info.class_name[c], 20), 22);
            name_feature(place, sizeof place, model, largest[i].feature);
            fprintf(cli->out, "%-26s%+10.4f   odds x %.4f\n", place, largest[i].value,
                    exp(largest[i].value));
        }
    }
    fprintf(cli->out, "\n  No probability differs by more than %s over all %s samples.\n",
            lg_cli_loss_real(place, 2, set->reference_gap), lg_cli_count(cell, (double)set->n));
}

void lg_cli_loss_print_set(const lg_cli *cli, const logit_model *model, int reference,
                           const logit_likelihood *set)
{
    char name[LG_CELL], number[LG_CELL];
    fprintf(cli->out, "%s%s%s, %s: %s samples", bold(cli), lg_cli_name(name, cli->argument[1], 50),
            plain(cli), set->part, lg_cli_count(number, (double)set->n));
    if (set->bad > 0) fprintf(cli->out, ", %lld bad ones left out", (long long)set->bad);
    if (set->smoothing > 0.0) fprintf(cli->out, ", smoothed by e = %g", set->smoothing);
    fputs("\n", cli->out);
    print_likelihood(cli, model, set);
    print_ways(cli, set);
    if (reference >= 0) print_reference(cli, model, reference, set);
}
