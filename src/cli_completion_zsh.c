/* cli_completion_zsh.c -- `logit help --completion zsh`: the tables as a completion script.
 *
 * The command.  The words after a verb are handed to _arguments, one specification per option: its
 * help in brackets, then what its value is called and how it is completed.  Sources: zshcompsys(1),
 * _arguments; zshmisc(1), quoting. */
/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cli.h"

/* Text inside single quotes; a backslash in front of what _arguments would take as its own. */
static void put_quoted(const char *text, const char *special, FILE *out)
{
    for (; *text; text++) {
        if (strchr(special, *text)) fputc('\\', out);
        if (*text == '\'')
            fputs("'\\''", out);
        else
            fputc(*text, out);
    }
}

static void put_choices(const lg_cli_option *option, FILE *out)
{
    const char *name;
    fprintf(out, ":%s:(", option->name);
    for (int i = 0; (name = option->offers(i)) != NULL; i++)
        if (!strchr(name, ':')) fprintf(out, "%s%s", i ? " " : "", name); /* cuda:N is no value */
    fputc(')', out);
}

/* "(-o --out)--out=[file to write]:FILE:_files"; word: "--out=", "-o+", or of a flag "--flip". */
static void put_option(const lg_cli_option *option, const char *word, FILE *out)
{
    fputs(" \\\n                '", out);
    if (option->letter) fprintf(out, "(-%c --%s)", option->letter, option->name);
    fprintf(out, "%s[", word);
    put_quoted(option->help, "[]\\", out);
    fputc(']', out);
    if (option->offers) {
        put_choices(option, out);
    } else if (option->kind != LG_KIND_FLAG) {
        fputc(':', out);
        put_quoted(option->value, ":\\", out);
        fputs(option->kind == LG_KIND_PATH ? ":_files" : ": ", out);
    }
    fputc('\'', out);
}

static void put_options(lg_cli_verb verb, FILE *out)
{
    for (int i = 0; i < LG_OPTION_COUNT; i++) {
        const lg_cli_option *option = &lg_cli_options[i];
        char word[64];
        const int flag = option->kind == LG_KIND_FLAG;
        if (!lg_cli_option_of(option, verb)) continue;
        snprintf(word, sizeof word, "--%s%s", option->name, flag ? "" : "=");
        put_option(option, word, out);
        if (!option->letter) continue;
        snprintf(word, sizeof word, "-%c%s", option->letter, flag ? "" : "+");
        put_option(option, word, out);
    }
}

static void put_verb(lg_cli_verb verb, FILE *out)
{
    const lg_cli_verb_row *row = &lg_cli_verbs[verb];
    fprintf(out, "        %s)\n            _arguments -s -S", row->name);
    put_options(verb, out);
    if (verb == LG_VERB_HELP) {
        fputs(" \\\n                '1:command:(", out);
        for (int v = 0; v < LG_VERB_COUNT; v++)
            fprintf(out, "%s%s", v ? " " : "", lg_cli_verbs[v].name);
        fputs(")'", out);
    } else if (row->most > 0)
        fputs(" \\\n                '*:file:_files'", out);
    fputs(" ;;\n", out);
}

void lg_cli_completion_zsh(FILE *out)
{
    fputs("#compdef logit\n"
          "# zsh completion of logit; made by: logit help --completion zsh\n"
          "_logit() {\n"
          "    local curcontext=$curcontext state line\n"
          "    typeset -A opt_args\n"
          "    local -a verbs=(\n",
          out);
    for (int v = 0; v < LG_VERB_COUNT; v++) {
        fprintf(out, "        '%s:", lg_cli_verbs[v].name);
        put_quoted(lg_cli_verbs[v].about, ":\\", out);
        fputs("'\n", out);
    }
    fputs("    )\n"
          "    _arguments -C '1:command:->verb' '*::argument:->rest'\n"
          "    if [[ $state = verb ]]; then\n"
          "        _describe command verbs\n"
          "    elif [[ $state = rest ]]; then\n"
          "        curcontext=${curcontext%:*:*}:logit-$words[1]:\n"
          "        case $words[1] in\n",
          out);
    for (int v = 0; v < LG_VERB_COUNT; v++) put_verb((lg_cli_verb)v, out);
    fputs("        esac\n"
          "    fi\n"
          "}\n"
          "if [[ $zsh_eval_context[-1] = loadautofunc ]]; then\n"
          "    _logit \"$@\"\n"
          "else\n"
          "    compdef _logit logit\n"
          "fi\n",
          out);
}
