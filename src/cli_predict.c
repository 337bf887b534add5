/* cli_predict.c -- `logit predict`: what is in an image, at what odds; or what a row of features
 * is.
 *
 * The command.  Files come as arguments, or by name from standard input, which can hold the samples
 * themselves as well; each result is on its way before the next image is read, so that it can stand
 * in a pipe and Ctrl-C, left to do what it does, loses nothing.  A bad image is reported and the
 * others go on. */
/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/status.h"
#include "cli_screen.h"

enum { NAME_MOST = 28 };

typedef struct prediction {
    lg_cli *cli;
    logit_model *model;
    const logit_guess *guess; /* of the sample that is printed */
    int top;
    int numbers; /* the model predicts a number, not a class */
    int width;   /* of the column of class names */
    int64_t images, failures;
    logit_status printing; /* how the printing of the last sample went */
    logit_status first;    /* what the first failure was */
} prediction;

/* A numeric target has no class. */
static const char *class_of(const logit_guess *guess)
{
    return guess->class_name ? guess->class_name : "";
}

/* ----------------------------------------------------------------------------------- text --- */

/* Columns of the class names of the model. */
static int widest_name(logit_model_info info)
{
    char cell[LG_CELL];
    int widest = 5; /* "class" */
    for (int c = 0; c < info.classes; c++) {
        const int width = lg_cli_width(lg_cli_name(cell, info.class_name[c], NAME_MOST));
        if (width > widest) widest = width;
    }
    return widest;
}

/* Before the first row. */
static void print_head(const prediction *p)
{
    FILE *out = p->cli->out;
    if (p->cli->set.quiet || p->images > p->failures) return;
    fputs(lg_cli_colour_text(p->cli->out_colour, LG_BOLD), out);
    if (p->numbers) {
        fprintf(out, "%13s  file", "value");
    } else {
        lg_cli_cell(out, "class", p->width);
        fprintf(out, "%13s%11s  %-20sfile", "probability", "logit", "odds");
    }
    fprintf(out, "%s\n", lg_cli_colour_text(p->cli->out_colour, LG_PLAIN));
}

/* A row per class; the file stands last, where its length does no harm, and once. */
static void print_text(const prediction *p, const char *file, int count)
{
    FILE *out = p->cli->out;
    char cell[LG_CELL], shown[4096];
    print_head(p);
    if (p->numbers)
        fprintf(out, "%13.6g  %s\n", p->guess->score, lg_text_escape(shown, sizeof shown, file));
    for (int i = 0; i < count && !p->numbers; i++) {
        const logit_guess *guess = &p->guess[i];
        lg_cli_cell(out, lg_cli_name(cell, class_of(guess), NAME_MOST), p->width);
        fprintf(out, "%13s", lg_cli_figure(cell, guess->probability));
        snprintf(cell, sizeof cell, "%+.4f", guess->logit);
        fprintf(out, "%11s  ", isnan(guess->logit) ? "-" : cell);
        lg_cli_cell(out, lg_cli_odds(cell, guess->logit), i ? 0 : 20);
        fprintf(out, "%s\n", i ? "" : lg_text_escape(shown, sizeof shown, file));
    }
}

/* ------------------------------------------------------------------------------ CSV, JSON --- */

/* A field as RFC 4180 wants it; bytes go through as they are. */
static void add_csv(lg_text *out, const char *field)
{
    if (!field[strcspn(field, ",\"\r\n")]) {
        lg_text_add(out, "%s", field);
        return;
    }
    lg_text_add(out, "\"");
    for (; *field; field++) lg_text_add(out, *field == '"' ? "\"%c" : "%c", *field);
    lg_text_add(out, "\"");
}

/* A number, or an empty field for NaN, whose sign and spelling differ from system to system. */
static void add_csv_number(lg_text *out, double value)
{
    lg_text_add(out, ",");
    if (!isnan(value)) lg_text_add(out, "%.17g", value);
}

static void add_csv_rows(const prediction *p, const char *file, int count, lg_text *out)
{
    for (int i = 0; i < count; i++) {
        const logit_guess *guess = &p->guess[i];
        add_csv(out, file);
        lg_text_add(out, ",");
        add_csv(out, class_of(guess));
        add_csv_number(out, guess->probability);
        add_csv_number(out, guess->score);
        add_csv_number(out, guess->logit);
        add_csv_number(out, guess->odds);
        lg_text_add(out, "\r\n");
    }
}

static void add_json_guess(const logit_guess *guess, lg_text *out)
{
    lg_text_add(out, "{\"class\": ");
    lg_text_add_json(out, class_of(guess));
    lg_text_add(out, ", \"probability\": ");
    lg_text_add_number(out, guess->probability);
    lg_text_add(out, ", \"score\": ");
    lg_text_add_number(out, guess->score);
    lg_text_add(out, ", \"logit\": ");
    lg_text_add_number(out, guess->logit);
    lg_text_add(out, ", \"odds\": ");
    lg_text_add_number(out, guess->odds);
    lg_text_add(out, "}");
}

static int is_json_lines(const prediction *p)
{
    return strcmp(p->cli->set.format, "jsonl") == 0;
}

/* One element of the array, or one line: with guesses, or with the error (then count is 0). */
static void add_json(const prediction *p, const char *file, int count, const char *error,
                     lg_text *out)
{
    if (!is_json_lines(p)) lg_text_add(out, p->images ? ",\n " : "\n ");
    lg_text_add(out, "{\"file\": ");
    lg_text_add_json(out, file);
    lg_text_add(out, ", \"temperature\": ");
    lg_text_add_number(out, p->cli->set.library.temperature);
    if (error) {
        lg_text_add(out, ", \"error\": ");
        lg_text_add_json(out, error);
    } else {
        lg_text_add(out, ", \"guesses\": [");
        for (int i = 0; i < count; i++) {
            lg_text_add(out, "%s", i ? ", " : "");
            add_json_guess(&p->guess[i], out);
        }
        lg_text_add(out, "]");
    }
    lg_text_add(out, is_json_lines(p) ? "}\n" : "}");
}

/* ------------------------------------------------------------------------------ one image --- */

static logit_status print_image(prediction *p, const char *file, int count, const char *error,
                                logit_error *err)
{
    lg_text text = {0};
    if (lg_cli_is_json(p->cli) || is_json_lines(p))
        add_json(p, file, count, error, &text);
    else if (lg_cli_is_text(p->cli)) {
        if (!error) print_text(p, file, count);
    } else if (!error)
        add_csv_rows(p, file, count, &text);
    p->images++;
    return lg_cli_put(p->cli, &text, err);
}

static logit_status complain(prediction *p, const char *name, const logit_error *why,
                             logit_error *err)
{
    const int skip = why->status == LOGIT_E_DATA && strcmp(p->cli->set.library.on_bad, "skip") == 0;
    if (skip)
        lg_cli_say(p->cli, LOGIT_LEVEL_WARNING, why->message);
    else
        lg_cli_complain(p->cli, why);
    if (!skip && p->first == LOGIT_OK) p->first = why->status;
    p->failures++;
    return print_image(p, name, 0, why->message, err);
}

static logit_status on_sample(void *user, const logit_prediction *one, logit_error *err)
{
    prediction *p = user;
    p->guess = one->guess;
    p->printing = one->error ? complain(p, one->name, one->error, err)
                             : print_image(p, one->name, one->count, NULL, err);
    return p->printing;
}

/* Only what would fail for every image ends the whole. */
static logit_status predict_image(prediction *p, const char *file, logit_error *err)
{
    logit_error one = {0};
    const logit_status status =
        logit_predict_samples(p->model, file, &p->cli->set.library, p->top, on_sample, p, &one);
    if (status == LOGIT_OK) return LOGIT_OK;
    const int is_file = status == LOGIT_E_DATA || status == LOGIT_E_IO;
    if (is_file && p->printing == LOGIT_OK) return complain(p, file, &one, err);
    if (err) *err = one;
    return status;
}

static logit_status predict_list(prediction *p, logit_error *err)
{
    char *line = NULL;
    size_t room = 0;
    const int end = p->cli->set.null_list ? '\0' : '\n';
    logit_status status = LOGIT_OK;
    ssize_t length;
    while (status == LOGIT_OK && (length = getdelim(&line, &room, end, stdin)) > 0) {
        if (line[length - 1] == end) line[--length] = '\0';
        if (length > 0) status = predict_image(p, line, err);
    }
    free(line);
    if (status == LOGIT_OK && ferror(stdin))
        LG_FAIL(err, LOGIT_E_IO, "standard input: the list of files cannot be read");
    return status;
}

static logit_status predict_stdin(prediction *p, logit_error *err)
{
    const char *input = p->cli->set.input;
    if (strcmp(input, "names") == 0) return predict_list(p, err);
    return logit_predict_rows(p->model, STDIN_FILENO, "-", input, &p->cli->set.library, p->top,
                              on_sample, p, err);
}

/* ------------------------------------------------------------------------------------ all --- */

static logit_status predict_all(prediction *p, logit_error *err)
{
    const lg_cli *cli = p->cli;
    if (lg_cli_is_json(cli)) fputs("[", cli->out);
    if (strcmp(cli->set.format, "csv") == 0)
        fputs("file,class,probability,score,logit,odds\r\n", cli->out);
    for (int i = 1; i < cli->arguments; i++) {
        if (strcmp(cli->argument[i], "-") == 0)
            LG_TRY(predict_stdin(p, err));
        else
            LG_TRY(predict_image(p, cli->argument[i], err));
    }
    if (lg_cli_is_json(cli)) fputs("\n]\n", cli->out);
    return LOGIT_OK;
}

static void print_next(lg_cli *cli)
{
    lg_text next = {0};
    lg_text_add(&next, "logit eval ");
    lg_cli_shell_word(&next, cli->argument[0]);
    lg_text_add(&next, " DATA");
    lg_cli_next(cli, next.data ? next.data : "logit eval");
    lg_text_clear(&next);
}

/* Says so where the images cannot be decoded as those that the model learnt from. */
static void check_decoder(lg_cli *cli, const char *decoder)
{
    char text[256];
    const char *name;
    if (strcmp(cli->set.library.decoder, "auto") != 0) return;
    for (int i = 0; (name = logit_decoder_name(i)); i++)
        if (strcmp(name, decoder) == 0) return;
    snprintf(
        text, sizeof text,
        "the model learnt from images that %s decoded, which this logit was built without: stb "
        "decodes them here, and some pixels differ by a few of 255",
        decoder);
    lg_cli_say(cli, LOGIT_LEVEL_WARNING, text);
}

/* Says so where probabilities are not those of z = W x + b. */
static void tell_temperature(lg_cli *cli, double temperature)
{
    char text[160];
    const double asked = cli->set.library.temperature;
    if (temperature == 1.0) return;
    int used = snprintf(
        text, sizeof text,
        "probabilities and odds are those of z / %.4g, the temperature of the model", temperature);
    if (asked != 1.0)
        snprintf(text + used, sizeof text - (size_t)used, ", and / %.4g, that of --temperature",
                 asked);
    lg_cli_say(cli, LOGIT_LEVEL_NOTICE, text);
}

static logit_status predict(prediction *p, logit_error *err)
{
    const logit_model_info info = logit_model_describe(p->model);
    tell_temperature(p->cli, info.temperature);
    if (!info.floats) check_decoder(p->cli, info.decoder);
    const int wanted = p->cli->set.library.top_k > 0 ? p->cli->set.library.top_k : 1;
    p->top = wanted < info.classes ? wanted : info.classes > 0 ? info.classes : 1;
    p->numbers = info.classes == 0;
    p->width = widest_name(info);
    LG_TRY(predict_all(p, err));
    if (p->images > p->failures) print_next(p->cli);
    LG_TRY(lg_cli_flush(p->cli, err));
    if (p->first == LOGIT_OK) return LOGIT_OK;
    LG_FAIL(err, p->first, "%lld of %lld samples could not be read", (long long)p->failures,
            (long long)p->images);
}

logit_status lg_cli_run_predict(lg_cli *cli, logit_error *err)
{
    prediction p = {.cli = cli};
    if (cli->set.null_list && strcmp(cli->set.input, "names") != 0)
        LG_FAIL(err, LOGIT_E_USAGE, "--null ends names, and --input %s is rows", cli->set.input);
    LG_TRY(logit_model_open(&p.model, cli->argument[0], err));
    lg_cli_take_model(cli, p.model);
    const logit_status status = predict(&p, err);
    logit_model_close(p.model);
    return status;
}
