/* cli_explain.c -- `logit explain`: the terms of a score, as a picture and as a list.
 *
 * The command. */
/* SPDX-License-Identifier: MIT */
#include "cli_explain.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"

const char *lg_cli_explain_place(char *out, const logit_explanation *e, int64_t feature)
{
    static const char *const channel[] = {", red", ", green", ", blue"};
    const int64_t pixel = feature / e->channels;
    if (!e->pixels)
        snprintf(out, LG_CELL, "feature %lld", (long long)feature);
    else
        snprintf(out, LG_CELL, "x %lld, y %lld%s", (long long)(pixel % e->width),
                 (long long)(pixel / e->width), e->channels == 3 ? channel[feature % 3] : "");
    return out;
}

int lg_cli_explain_terms(const logit_explanation *e, int which, int most, int64_t *feature)
{
    const double *product = e->y ? e->of[which].term : e->of[which].product;
    int count = 0;
    for (int64_t i = 0; i < e->columns && most > 0; i++) {
        if (count == most && !(fabs(product[i]) > fabs(product[feature[count - 1]]))) continue;
        int at = count < most ? count++ : count - 1;
        for (; at > 0 && fabs(product[feature[at - 1]]) < fabs(product[i]); at--)
            feature[at] = feature[at - 1];
        feature[at] = i;
    }
    return count;
}

/* --------------------------------------------------------------------------------- class --- */

static const char *class_name(const logit_model *model, int c, char *cell)
{
    const logit_model_info info = logit_model_describe(model);
    return lg_cli_name(cell, info.classes > c ? info.class_name[c] : "the number", 24);
}

/* "dog: 7.3 : 1 for (p 0.8795)" */
static void print_head(const lg_cli *cli, const logit_model *model, const logit_explained *one)
{
    char name[LG_CELL], other[LG_CELL], odds[LG_CELL], p[LG_CELL];
    fprintf(cli->out, "\n%s%s", lg_cli_colour_text(cli->out_colour, LG_BOLD),
            class_name(model, one->class_index, name));
    if (one->versus_index >= 0)
        fprintf(cli->out, " rather than %s", class_name(model, one->versus_index, other));
    fprintf(cli->out, "%s", lg_cli_colour_text(cli->out_colour, LG_PLAIN));
    if (!isnan(one->logit))
        fprintf(cli->out, ": odds %s %s (probability %s)", lg_cli_odds(odds, one->logit), name,
                lg_cli_figure(p, one->probability));
    fputs("\n", cli->out);
}

static void print_sum(const lg_cli *cli, const logit_explanation *e, const logit_explained *one)
{
    const char *what = one->versus_index >= 0 ? "difference z" : "score z";
    fprintf(cli->out, "\n  %-17s %+24.16g\n", e->y ? "b + sum of w s" : "bias b", one->bias);
    fprintf(cli->out, "  %-17s %+24.16g\n", e->y ? "sum of w y" : "sum of w x", one->sum);
    fprintf(cli->out, "  %-17s %+24.16g  = b + sum\n", what, one->z);
    fprintf(cli->out, "  as predicted      %+24.16g  in float64, by %.1g\n", one->predicted,
            fabs(one->predicted - one->z));
}

static void print_pixels(const lg_cli *cli, const logit_explanation *e, int which,
                         const int64_t *feature, int count)
{
    char place[LG_CELL];
    fprintf(cli->out, "\n  %s%-24s%10s%13s%13s%13s%s\n",
            lg_cli_colour_text(cli->out_colour, LG_BOLD), "largest terms", "stored", "x", "w",
            "w x", lg_cli_colour_text(cli->out_colour, LG_PLAIN));
    for (int i = 0; i < count; i++) {
        const int64_t f = feature[i];
        fprintf(cli->out, "  %-24s%10.5g%+13.5g%+13.5g%+13.5g\n", lg_cli_explain_place(place, e, f),
                e->stored[f], e->x[f], e->of[which].weight[f], e->of[which].product[f]);
    }
}

static void print_columns(const lg_cli *cli, const logit_model *model, const logit_explanation *e,
                          int which, const int64_t *column, int count)
{
    char place[LG_CELL];
    fprintf(cli->out, "\n  %s%-38s%13s%13s%13s%s\n", lg_cli_colour_text(cli->out_colour, LG_BOLD),
            "largest terms", "y", "w", "w y", lg_cli_colour_text(cli->out_colour, LG_PLAIN));
    for (int i = 0; i < count; i++) {
        const int64_t j = column[i];
        fprintf(cli->out, "  %-38s%+13.5g%+13.5g%+13.5g\n",
                logit_model_column_name(model, j, place, sizeof place), e->y[j],
                e->of[which].weight[j], e->of[which].term[j]);
    }
}

static logit_status print_terms(const lg_cli *cli, const logit_model *model,
                                const logit_explanation *e, int which, logit_error *err)
{
    const int most = cli->set.story.terms;
    int64_t *found = calloc((size_t)most + 1, sizeof *found);
    if (!found) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a list of terms");
    const int count = lg_cli_explain_terms(e, which, most, found);
    if (count > 0 && e->y)
        print_columns(cli, model, e, which, found, count);
    else if (count > 0)
        print_pixels(cli, e, which, found, count);
    free(found);
    return LOGIT_OK;
}

/* --------------------------------------------------------------------------- training set --- */

static void print_side(const lg_cli *cli, const logit_model *model, const logit_explained *one,
                       int first, int count)
{
    char cell[LG_CELL], name[4096];
    for (int i = first; i < first + count; i++) {
        const logit_support *s = &one->support[i];
        fprintf(cli->out, "  %+11.5f  ", s->share);
        lg_cli_cell(cli->out, s->label >= 0 ? class_name(model, s->label, cell) : "", 14);
        const char *shown = lg_text_escape(name, sizeof name, s->name);
        const size_t length = strlen(shown);
        fprintf(cli->out, " %s%s\n", length > 50 ? ".." : "",
                length > 50 ? shown + length - 48 : shown);
    }
}

static void print_support(const lg_cli *cli, const logit_model *model, const logit_explanation *e,
                          int which)
{
    const logit_explained *one = &e->of[which];
    const double far = fabs(one->residual) / fmax(fabs(one->sum), 1e-300);
    fprintf(cli->out, "\n  %straining %s for%s (their shares of the sum)\n",
            lg_cli_colour_text(cli->out_colour, LG_BOLD), lg_cli_things(cli),
            lg_cli_colour_text(cli->out_colour, LG_PLAIN));
    print_side(cli, model, one, 0, one->fors);
    fprintf(cli->out, "  %sand against%s\n", lg_cli_colour_text(cli->out_colour, LG_BOLD),
            lg_cli_colour_text(cli->out_colour, LG_PLAIN));
    print_side(cli, model, one, one->fors, one->againsts);
    fprintf(cli->out, "\n  all %lld shares   %+24.16g\n", (long long)e->samples, one->supported);
    fprintf(cli->out, "  left over        %+24.16g  (%.2g of the sum)\n", one->residual, far);
    if (far > 0.01)
        fprintf(cli->out,
                "  The model is not at the optimum (gradient %.2g, l2 %.3g): there the shares\n"
                "  are the whole sum. Here they are the optimum's reading of this model.\n",
                one->gradient, e->l2);
    else if (!cli->set.quiet)
        fprintf(cli->out,
                "  At the optimum w = -1/(l2 N) sum of dz_i x_i: the sum is these shares,\n"
                "  alpha_i <x_i, x> each (gradient %.2g, l2 %.3g).\n",
                one->gradient, e->l2);
}

static void warn_of_samples(lg_cli *cli, const logit_explanation *e)
{
    char text[300];
    if (isnan(e->l2) || e->trained == 0 || e->trained == e->samples) return;
    snprintf(text, sizeof text,
             "the model was trained on %lld %s, this training part has %lld: give --config "
             "RUN/config.ini, or --val-split as it was",
             (long long)e->trained, lg_cli_things(cli), (long long)e->samples);
    lg_cli_say(cli, LOGIT_LEVEL_WARNING, text);
}

/* ------------------------------------------------------------------------------- pictures --- */

/* A class's file in a folder: what is no letter, digit, dot or dash becomes '_'. */
static char *picture_path(const char *folder, const logit_model *model, const logit_explained *one)
{
    const logit_model_info info = logit_model_describe(model);
    const char *name = info.classes > 0 ? info.class_name[one->class_index] : "number";
    char *path = lg_text_format("%s/%03d-%.60s.png", folder, one->class_index, name);
    for (char *c = path ? path + strlen(folder) + 1 : NULL; c && *c; c++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-", *c))
            *c = '_';
    return path;
}

static void say_written(const lg_cli *cli, const char *path)
{
    char shown[4096];
    if (!lg_cli_is_text(cli) || cli->set.quiet) return;
    fprintf(cli->out, "wrote %s\n", lg_text_escape(shown, sizeof shown, path));
}

static logit_status draw(const lg_cli *cli, const logit_model *model, const logit_explanation *e,
                         logit_error *err)
{
    const char *out = cli->set.story.out;
    const size_t length = out ? strlen(out) : 0;
    if (!out) return LOGIT_OK;
    if (length > 4 && strcmp(out + length - 4, ".png") == 0) {
        LG_TRY(logit_explanation_draw(e, -1, out, err));
        say_written(cli, out);
        return LOGIT_OK;
    }
    LG_TRY(lg_folder_make(out, err));
    for (int i = 0; i < e->count; i++) {
        char *path = picture_path(out, model, &e->of[i]);
        if (!path) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a path");
        const logit_status status = logit_explanation_draw(e, i, path, err);
        if (status == LOGIT_OK) say_written(cli, path);
        free(path);
        LG_TRY(status);
    }
    return LOGIT_OK;
}

/* ----------------------------------------------------------------------------------- all --- */

static void print_formula(const lg_cli *cli, const logit_explanation *e)
{
    char name[4096];
    const char *what = e->floats ? "features" : e->channels == 1 ? "pixels" : "pixels and channels";
    fprintf(cli->out, "%s: ", lg_text_escape(name, sizeof name, e->name));
    if (!e->y) {
        fprintf(cli->out, "z = b + sum of w x over %lld %s\n", (long long)e->features, what);
        return;
    }
    fprintf(cli->out,
            "z = b + sum of w (y + s) over %lld features (%.*s);\n"
            "  s is the same for all samples, y comes from %lld %s\n",
            (long long)e->columns, (int)strcspn(e->map, ","), e->map, (long long)e->features, what);
}

static logit_status print_text(lg_cli *cli, const logit_model *model, const logit_explanation *e,
                               logit_error *err)
{
    print_formula(cli, e);
    for (int i = 0; i < e->count; i++) {
        print_head(cli, model, &e->of[i]);
        lg_cli_explain_map(cli, e, i);
        print_sum(cli, e, &e->of[i]);
        LG_TRY(print_terms(cli, model, e, i, err));
        if (!isnan(e->l2)) print_support(cli, model, e, i);
    }
    return LOGIT_OK;
}

static logit_status tell(lg_cli *cli, const logit_model *model, const logit_explanation *e,
                         logit_error *err)
{
    lg_text json = {0};
    warn_of_samples(cli, e);
    if (lg_cli_is_json(cli))
        lg_cli_explain_json(model, e, cli->set.story.terms, &json);
    else
        LG_TRY(print_text(cli, model, e, err));
    LG_TRY(lg_cli_put(cli, &json, err));
    LG_TRY(draw(cli, model, e, err));
    return lg_cli_flush(cli, err);
}

logit_status lg_cli_run_explain(lg_cli *cli, logit_error *err)
{
    logit_model *model = NULL;
    logit_explanation explanation;
    logit_explain_options asked;
    const logit_watch watch = lg_cli_watch(cli);
    logit_explain_options_default(&asked);
    asked.classes = cli->set.story.shown;
    asked.versus = cli->set.story.versus;
    asked.data = cli->set.story.data;
    asked.supports = cli->set.story.terms;
    if (cli->set.library.top_k > 0) asked.top = cli->set.library.top_k;
    LG_TRY(logit_model_open(&model, cli->argument[0], err));
    lg_cli_take_model(cli, model);
    logit_status status = logit_explain(model, cli->argument[1], &asked, &cli->set.library, &watch,
                                        &explanation, err);
    status = lg_cli_watched(cli, status, err);
    if (status == LOGIT_OK) status = tell(cli, model, &explanation, err);
    logit_explanation_clear(&explanation);
    logit_model_close(model);
    return status;
}
