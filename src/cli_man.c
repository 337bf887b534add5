/* cli_man.c -- `logit help --man`: the tables as a manual page, logit(1).
 *
 * The command.  Source of the macros: man(7). */
/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cli.h"

/* Text for roff: a backslash is \e, a minus is \-, and a dot or quote at the start of a line is no
 * request.  A newline begins a paragraph. */
static void put(FILE *out, const char *text)
{
    int line_start = 1;
    for (; *text; text++) {
        if (line_start && (*text == '.' || *text == '\'')) fputs("\\&", out);
        line_start = 0;
        if (*text == '\\')
            fputs("\\e", out);
        else if (*text == '-')
            fputs("\\-", out);
        else if (*text == '\n') {
            fputs("\n.PP\n", out);
            line_start = 1;
        } else
            fputc(*text, out);
    }
}

static void put_line(FILE *out, const char *before, const char *text, const char *after)
{
    fputs(before, out);
    put(out, text);
    fputs(after, out);
}

static void put_option(const lg_cli_option *option, FILE *out)
{
    const char *name;
    lg_text standard = {0};
    fputs(".TP\n", out);
    if (option->letter) fprintf(out, "\\fB\\-%c\\fR, ", option->letter);
    put_line(out, "\\fB\\-\\-", option->name, "\\fR");
    if (option->value) put_line(out, " \\fI", option->value, "\\fR");
    if (option->choice)
        for (int i = 0; (name = option->choice(i)) != NULL; i++)
            put_line(out, i ? "|\\fB" : " \\fB", name, "\\fR");
    fputc('\n', out);
    put(out, option->help);
    lg_cli_default(option, &standard);
    if (standard.data && *standard.data) put_line(out, " (default: ", standard.data, ")");
    lg_text_clear(&standard);
    fputs(".\n", out);
}

/* Each verb with its options; those of every verb come once, at the end. */
static void put_verb(lg_cli_verb verb, FILE *out)
{
    const lg_cli_verb_row *row = &lg_cli_verbs[verb];
    fprintf(out, ".SS logit %s %s\n", row->name, row->arguments);
    put_line(out, "", row->details, "\n");
    for (int i = 0; i < LG_OPTION_COUNT; i++)
        if (lg_cli_option_of(&lg_cli_options[i], verb) &&
            lg_cli_options[i].section != LG_SECTION_GENERAL)
            put_option(&lg_cli_options[i], out);
    fputs(".PP\nExamples:\n.PP\n.nf\n", out);
    for (const char *at = row->examples; *at;) {
        char line[200];
        const size_t length = strcspn(at, "\n");
        snprintf(line, sizeof line, "%.*s", (int)(length < 199 ? length : 199), at);
        put_line(out, "    ", line, "\n");
        at += length + (at[length] == '\n');
    }
    fputs(".fi\n", out);
}

static const struct {
    int code;
    const char *meaning;
} exits[] = {
    {0, "done"},
    {2, "an option or an argument makes no sense"},
    {4, "the content of a file is wrong: a damaged image, a set with one class"},
    {5, "a file cannot be read or written, or the disk is full"},
    {6, "no such device, it failed, or memory ran out"},
    {7, "the loss is not finite: the learning rate is too high"},
    {8, "another run holds the run folder"},
    {130, "stopped by Ctrl-C, after saving (143 by SIGTERM)"},
};

typedef struct signal_row {
    const char *names, *meaning;
} signal_row;

static const signal_row signals[] = {
    {"SIGINT, SIGTERM, SIGHUP", "end the step and save; logit train --resume goes on from there. A "
                                "second one ends the program "
                                "at once, and what was saved before stays."},
    {"SIGUSR1",
     "makes logit train save a checkpoint after the step it is in (one that sees the whole set "
     "saves at its end; of --folds those that are complete are saved) and go on; the results are "
     "those of a run without it. Other commands go on as well."},
};

static void put_signal(const signal_row *row, FILE *out)
{
    put_line(out, ".TP\n.B ", row->names, "\n");
    put_line(out, "", row->meaning, "\n");
}

static void put_rest(FILE *out)
{
    fputs(".SH CONFIG FILES AND ENVIRONMENT\n", out);
    put(out,
        "Options can stand in a config file given with --config or in LOGIT_CONFIG, a line each: "
        "name = value. What follows a # is a comment; a value with odd characters stands in "
        "double quotes. They can stand in the environment: LOGIT_BATCH_SIZE=64 is --batch-size 64. "
        "The "
        "command line wins over the environment, the environment over the file. Each run "
        "leaves a config.ini that trains it again.\n"
        "NO_COLOR, if set, turns colour off.");
    fputs("\n.SH FILES\nA run folder holds:\n", out);
    put_line(out, ".TP\n\\fBmodel.safetensors\\fR\n",
             "weights, bias, classes and how to treat "
             "an image; opens in any safetensors reader",
             "\n");
    put_line(out, ".TP\n\\fBmetrics.jsonl\\fR\n", "a line of JSON per epoch", "\n");
    put_line(out, ".TP\n\\fBconfig.ini\\fR\n", "every option the result depends on", "\n");
    fputs(".PP\n", out);
    put(out, "runs/latest points at the newest run that got its name from logit. A run folder can "
             "stand wherever a MODEL is asked for.");
    fputs("\n.SH SIGNALS\n", out);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) put_signal(&signals[i], out);
    fputs(".SH EXIT STATUS\n", out);
    for (size_t i = 0; i < sizeof exits / sizeof *exits; i++) {
        fprintf(out, ".TP\n.B %d\n", exits[i].code);
        put_line(out, "", exits[i].meaning, "\n");
    }
}

void lg_cli_man(FILE *out)
{
    fprintf(out, ".TH LOGIT 1 \"\" \"logit %s\" \"User Commands\"\n", LOGIT_VERSION);
    put_line(out, ".SH NAME\nlogit ", "- logistic and softmax regression on images", "\n");
    fputs(".SH SYNOPSIS\n", out);
    for (int i = 0; i < LG_VERB_COUNT; i++)
        fprintf(out, "%s\\fBlogit %s\\fR %s%s[options]\n", i ? ".br\n" : "", lg_cli_verbs[i].name,
                lg_cli_verbs[i].arguments, *lg_cli_verbs[i].arguments ? " " : "");
    fputs(".SH DESCRIPTION\n", out);
    put(out, "logit trains logistic regression (two classes) and softmax regression (more) on sets "
             "of images, measures what it trained, and predicts with probabilities, odds and "
             "logits. Results go to standard output, progress and warnings to standard error.");
    fputs("\n.SH COMMANDS\n", out);
    for (int i = 0; i < LG_VERB_COUNT; i++) put_verb((lg_cli_verb)i, out);
    fputs(".SH GENERAL OPTIONS\n", out);
    for (int i = 0; i < LG_OPTION_COUNT; i++)
        if (lg_cli_options[i].section == LG_SECTION_GENERAL) put_option(&lg_cli_options[i], out);
    fputs(".SH DATA SETS\n", out);
    const char *name;
    for (int i = 0; (name = logit_format_name(i)) != NULL; i++) {
        fprintf(out, ".TP\n.B %s\n", name);
        put_line(out, "", logit_format_about(i), "\n");
    }
    put_rest(out);
}
