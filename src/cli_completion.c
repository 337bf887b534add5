/* cli_completion.c -- `logit help --completion bash`: the tables as a completion script.
 *
 * The command.  One case per verb lists its options, one per option whose values can be told lists
 * those; everything else is completed as a file name.  Source: bash(1), Programmable Completion. */
/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cli.h"

static void put_options(lg_cli_verb verb, FILE *out)
{
    fprintf(out, "        %s) words=\"", lg_cli_verbs[verb].name);
    const char *between = "";
    for (int i = 0; i < LG_OPTION_COUNT; i++) {
        if (!lg_cli_option_of(&lg_cli_options[i], verb)) continue;
        fprintf(out, "%s--%s", between, lg_cli_options[i].name);
        between = " ";
    }
    fputs("\" ;;\n", out);
}

static void put_choices(lg_cli_verb verb, const lg_cli_option *option, FILE *out)
{
    const char *name;
    fprintf(out, "        \"%s --%s\") words=\"", lg_cli_verbs[verb].name, option->name);
    for (int i = 0; (name = option->offers(i)) != NULL; i++)
        if (!strchr(name, ':')) fprintf(out, "%s%s", i ? " " : "", name); /* cuda:N is no value */
    fputs("\" ;;\n", out);
}

/* Options whose value is neither a choice nor a file: nothing can be offered. */
static void put_free(lg_cli_verb verb, FILE *out)
{
    const char *between = "        ";
    for (int i = 0; i < LG_OPTION_COUNT; i++) {
        const lg_cli_option *option = &lg_cli_options[i];
        if (!lg_cli_option_of(option, verb) || option->offers || option->kind == LG_KIND_FLAG ||
            option->kind == LG_KIND_PATH)
            continue;
        fprintf(out, "%s\"%s --%s\"", between, lg_cli_verbs[verb].name, option->name);
        between = " | ";
    }
    if (between[1] == '|') fputs(") return ;;\n", out);
}

void lg_cli_completion_bash(FILE *out)
{
    fputs("# bash completion of logit; made by: logit help --completion bash\n"
          "_logit() {\n"
          "    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
          "    local verb=${COMP_WORDS[1]} words=\"\"\n"
          "    COMPREPLY=()\n"
          "    if [ \"$COMP_CWORD\" -eq 1 ] || { [ \"$COMP_CWORD\" -eq 2 ] && [ \"$verb\" = help ] "
          "&& [ \"${current:0:1}\" != - ]; }; then\n"
          "        words=\"",
          out);
    for (int i = 0; i < LG_VERB_COUNT; i++)
        fprintf(out, "%s%s", i ? " " : "", lg_cli_verbs[i].name);
    fputs("\"\n        COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
          "        return\n"
          "    fi\n"
          "    case \"$verb $before\" in\n",
          out);
    for (int v = 0; v < LG_VERB_COUNT; v++) {
        for (int i = 0; i < LG_OPTION_COUNT; i++)
            if (lg_cli_option_of(&lg_cli_options[i], (lg_cli_verb)v) && lg_cli_options[i].offers)
                put_choices((lg_cli_verb)v, &lg_cli_options[i], out);
        put_free((lg_cli_verb)v, out);
    }
    fputs("    esac\n"
          "    if [ -z \"$words\" ] && [ \"${current:0:1}\" = - ]; then\n"
          "        case \"$verb\" in\n",
          out);
    for (int v = 0; v < LG_VERB_COUNT; v++) put_options((lg_cli_verb)v, out);
    fputs("        esac\n"
          "    fi\n"
          "    if [ -n \"$words\" ]; then\n"
          "        COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
          "    else\n"
          "        compopt -o filenames 2>/dev/null\n"
          "        local IFS=$'\\n'\n"
          "        COMPREPLY=($(compgen -f -- \"$current\"))\n"
          "    fi\n"
          "}\n"
          "complete -F _logit logit\n",
          out);
}
