/* cli_info_model.c -- `logit info MODEL`: from what a model takes to what it gives.
 *
 * The command. */
/* SPDX-License-Identifier: MIT */
#include "base/status.h"
#include "cli_info.h"

enum { NAMES = 20 /* of classes that are listed */ };

static void add_row(const lg_cli *cli, const char *label, lg_text *text)
{
    lg_cli_info_row(cli, label, text->data ? text->data : "");
    lg_text_clear(text);
}

/* "28x28 pixels x 1 channel (standard) -> 4,096 features (patch:128) -> 10 outputs: .. numbers" */
static void say_model(lg_text *text, const logit_model_info *info)
{
    char number[LG_CELL];
    if (info->floats)
        lg_text_add(text, "%s features", lg_cli_count(number, (double)info->inputs));
    else
        lg_text_add(text, "%dx%d pixels x %d channel%s", info->height, info->width, info->channels,
                    info->channels == 1 ? "" : "s");
    lg_text_add(text, " (%s)", info->normalize);
    lg_cli_say_columns(text, info->map, info->features, info->outputs);
}

static void say_classes(lg_text *text, const logit_model_info *info)
{
    char cell[LG_CELL];
    if (info->classes == 0) lg_text_add(text, "none: a number");
    if (info->classes > 0) lg_text_add(text, "%s: ", lg_cli_count(cell, info->classes));
    for (int c = 0; c < info->classes && c < NAMES; c++)
        lg_text_add(text, "%s%s", c ? ", " : "", lg_cli_name(cell, info->class_name[c], 40));
    if (info->classes > NAMES) lg_text_add(text, ", ..");
}

static void print_text(const lg_cli *cli, const logit_model_info *info)
{
    char path[4096];
    lg_text text = {0};
    fprintf(cli->out, "%s%s%s\n", lg_cli_colour_text(cli->out_colour, LG_BOLD),
            lg_text_escape(path, sizeof path, cli->argument[0]),
            lg_cli_colour_text(cli->out_colour, LG_PLAIN));
    say_model(&text, info);
    add_row(cli, "model", &text);
    for (const char *c = info->map; c && *c; c++) lg_text_add(&text, *c == ',' ? ", " : "%c", *c);
    if (info->map) add_row(cli, "features", &text);
    say_classes(&text, info);
    add_row(cli, "classes", &text);
    lg_cli_info_row(cli, "loss", info->loss);
    if (!info->floats) lg_cli_info_row(cli, "decoder", info->decoder);
    lg_text_add(&text, "%.6g", info->temperature);
    add_row(cli, "temperature", &text);
}

static void make_json(const logit_model_info *info, lg_text *out)
{
    const double numbers = ((double)info->features + 1.0) * info->outputs;
    lg_text_add(out, "{\"height\": %d, \"width\": %d, \"channels\": %d, \"inputs\": %lld",
                info->height, info->width, info->channels, (long long)info->inputs);
    lg_cli_info_string(out, "element", info->floats ? "float" : "pixel");
    lg_cli_info_string(out, "normalize", info->normalize);
    if (info->map)
        lg_cli_info_string(out, "map", info->map);
    else
        lg_text_add(out, ", \"map\": null");
    lg_text_add(out, ", \"features\": %lld, \"outputs\": %d, \"numbers\": %.0f",
                (long long)info->features, info->outputs, numbers);
    lg_cli_info_string(out, "loss", info->loss);
    lg_cli_info_string(out, "decoder", info->decoder);
    lg_text_add(out, ", \"temperature\": ");
    lg_text_add_number(out, info->temperature);
    lg_text_add(out, ", \"not_finite\": %lld, \"classes\": [", (long long)info->not_finite);
    for (int c = 0; c < info->classes; c++) {
        lg_text_add(out, "%s", c ? ", " : "");
        lg_text_add_json(out, info->class_name[c]);
    }
    lg_text_add(out, "]}\n");
}

logit_status lg_cli_info_model(lg_cli *cli, logit_error *err)
{
    logit_model *model = NULL;
    lg_text json = {0};
    LG_TRY(logit_model_open(&model, cli->argument[0], err));
    lg_cli_take_model(cli, model);
    const logit_model_info info = logit_model_describe(model);
    if (lg_cli_is_json(cli))
        make_json(&info, &json);
    else
        print_text(cli, &info);
    logit_model_close(model);
    if (lg_cli_is_json(cli)) return lg_cli_put(cli, &json, err);
    return lg_cli_flush(cli, err);
}
