/* cli_help.c -- `logit VERB --help`: the tables as a page for a terminal of 80 columns.
 *
 * The command. */
/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/status.h"
#include "cli_screen.h"

enum { PAGE = 80, NAME_COLUMN = 30 };

/* Where a word that begins at text ends. */
static size_t word_length(const char *text)
{
    return strcspn(text, " \n");
}

void lg_cli_wrap(FILE *out, const char *text, int at, int indent)
{
    int column = at, first = 1;
    while (*text) {
        const size_t length = word_length(text);
        char word[LG_CELL];
        snprintf(word, sizeof word, "%.*s", (int)(length < LG_CELL ? length : LG_CELL - 1), text);
        const int width = lg_cli_width(word);
        if (!first && column + 1 + width >= PAGE) {
            fprintf(out, "\n%*s", indent, "");
            column = indent;
        } else if (!first) {
            fputc(' ', out);
            column++;
        }
        fwrite(text, 1, length, out);
        column += width;
        first = 0;
        text += length;
        if (*text == '\n') {
            fprintf(out, "\n%*s", indent, "");
            column = indent;
            first = 1;
        }
        if (*text) text++;
    }
    fputc('\n', out);
}

void lg_cli_default(const lg_cli_option *option, lg_text *out)
{
    lg_cli_settings settings;
    lg_cli_settings_default(&settings);
    if (option->kind == LG_KIND_FLAG) return;
    if (lg_cli_value_unset(option, &settings))
        lg_text_add(out, "%s", option->unset ? option->unset : "");
    else
        lg_cli_value_write(option, &settings, out);
}

/* "DIR", "cpu|ref|cuda", or nothing for a flag. */
static void add_value_name(const lg_cli_option *option, lg_text *out)
{
    const char *name;
    if (option->value) lg_text_add(out, " %s", option->value);
    if (option->choice)
        for (int i = 0; (name = option->choice(i)) != NULL; i++)
            lg_text_add(out, "%s%s", i ? "|" : " ", name);
}

static void print_option(const lg_cli_option *option, FILE *out)
{
    lg_text head = {0}, help = {0}, standard = {0};
    if (option->letter)
        lg_text_add(&head, "  -%c, --%s", option->letter, option->name);
    else
        lg_text_add(&head, "      --%s", option->name);
    add_value_name(option, &head);
    lg_cli_default(option, &standard);
    lg_text_add(&help, "%s", option->help);
    if (standard.data && *standard.data) lg_text_add(&help, " (default: %s)", standard.data);

    if (!head.failed && !help.failed) {
        const int wide = lg_cli_width(head.data) > NAME_COLUMN - 2;
        lg_cli_cell(out, head.data, wide ? 1 : NAME_COLUMN);
        if (wide) fprintf(out, "\n%*s", NAME_COLUMN, "");
        lg_cli_wrap(out, help.data, NAME_COLUMN, NAME_COLUMN);
    }
    lg_text_clear(&head);
    lg_text_clear(&help);
    lg_text_clear(&standard);
}

static void print_options(lg_cli_verb verb, FILE *out)
{
    for (int section = 0; section < LG_SECTION_COUNT; section++) {
        int printed = 0;
        for (int i = 0; i < LG_OPTION_COUNT; i++) {
            const lg_cli_option *option = &lg_cli_options[i];
            if (!lg_cli_option_of(option, verb) || (int)option->section != section) continue;
            if (!printed++) fprintf(out, "\n%s\n", lg_cli_section_names[section]);
            print_option(option, out);
        }
    }
}

static void print_formats(FILE *out)
{
    const char *name;
    fputs("\nData sets\n", out);
    for (int i = 0; (name = logit_format_name(i)) != NULL; i++) {
        fprintf(out, "  %-10s", name);
        lg_cli_wrap(out, logit_format_about(i), 12, 12);
    }
}

static void print_examples(const char *examples, FILE *out)
{
    fputs("\nExamples\n", out);
    while (*examples) {
        const size_t length = strcspn(examples, "\n");
        fprintf(out, "  %.*s\n", (int)length, examples);
        examples += length + (examples[length] == '\n');
    }
}

void lg_cli_help(lg_cli_verb verb, FILE *out)
{
    const lg_cli_verb_row *row = &lg_cli_verbs[verb];
    fprintf(out, "logit %s: %s\n\nUsage\n  logit %s%s%s [options]\n\n", row->name, row->about,
            row->name, *row->arguments ? " " : "", row->arguments);
    lg_cli_wrap(out, row->details, 0, 0);
    print_examples(row->examples, out);
    if (strstr(row->arguments, "DATA")) print_formats(out);
    print_options(verb, out);
    if (lg_cli_find_option(verb, "config")) {
        fputc('\n', out);
        lg_cli_wrap(out,
                    "Every option can also stand in a config file, as a line like epochs = 40, or "
                    "in the environment, as LOGIT_EPOCHS=40. The command line wins over the "
                    "environment, and the environment over the file.",
                    0, 0);
    }
}

logit_status lg_cli_run_help(lg_cli *cli, logit_error *err)
{
    if (cli->set.man) {
        lg_cli_man(cli->out);
        return LOGIT_OK;
    }
    if (cli->set.completion) {
        const int zsh = strcmp(cli->set.completion, "zsh") == 0;
        (zsh ? lg_cli_completion_zsh : lg_cli_completion_bash)(cli->out);
        return LOGIT_OK;
    }
    if (cli->arguments == 0) {
        lg_cli_tour(cli->out);
        return LOGIT_OK;
    }
    const lg_cli_verb verb = lg_cli_find_verb(cli->argument[0]);
    if (verb == LG_VERB_COUNT) {
        char name[128];
        const lg_cli_verb near = lg_cli_suggest_verb(cli->argument[0]);
        LG_FAIL(err, LOGIT_E_USAGE, "there is no command \"%s\"; %s%s%s",
                lg_text_escape(name, sizeof name, cli->argument[0]),
                near == LG_VERB_COUNT ? "logit on its own lists them" : "did you mean logit help ",
                near == LG_VERB_COUNT ? "" : lg_cli_verbs[near].name,
                near == LG_VERB_COUNT ? "" : "?");
    }
    lg_cli_help(verb, cli->out);
    return LOGIT_OK;
}
