/* cli_dispatch.c -- from argv to a verb: the first word decides.
 *
 * The command. */
/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <sys/stat.h>

#include "base/status.h"
#include "cli_screen.h"

static logit_status (*const run[LG_VERB_COUNT])(lg_cli *cli, logit_error *err) = {
#define VERB(id, word, arguments, least, most, aliases, about, details, examples)                  \
    [LG_VERB_##id] = lg_cli_run_##word,
#include "cli_verbs.def"
#undef VERB
};

static int is_folder(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static logit_status unknown_verb(const char *word, logit_error *err)
{
    char name[200];
    lg_text_escape(name, sizeof name, word);
    const lg_cli_verb near = lg_cli_suggest_verb(word);
    if (near != LG_VERB_COUNT)
        LG_FAIL(err, LOGIT_E_USAGE, "\"%s\" is not a command; did you mean logit %s?", name,
                lg_cli_verbs[near].name);
    if (is_folder(word))
        LG_FAIL(err, LOGIT_E_USAGE, "\"%s\" is a folder; did you mean logit train %s?", name, name);
    LG_FAIL(err, LOGIT_E_USAGE, "\"%s\" is not a command; logit on its own lists them", name);
}

static logit_status misplaced_option(const char *word, logit_error *err)
{
    char name[100];
    lg_text_escape(name, sizeof name, word);
    LG_FAIL(err, LOGIT_E_USAGE, "%s stands before the command; write logit COMMAND ... %s", name,
            name);
}

static int is_one_of(const char *word, const char *a, const char *b)
{
    return strcmp(word, a) == 0 || strcmp(word, b) == 0;
}

logit_status lg_cli_command(lg_cli *cli, int argc, char **argv, char *const *environment,
                            logit_error *err)
{
    if (argc < 2 || is_one_of(argv[1], "--help", "-h")) {
        lg_cli_tour(cli->out);
        return LOGIT_OK;
    }
    if (is_one_of(argv[1], "--version", "-V")) {
        fprintf(cli->out, "logit %s\n", LOGIT_VERSION);
        return LOGIT_OK;
    }
    if (argv[1][0] == '-') return misplaced_option(argv[1], err);
    const lg_cli_verb verb = lg_cli_find_verb(argv[1]);
    if (verb == LG_VERB_COUNT) return unknown_verb(argv[1], err);
    LG_TRY(lg_cli_parse(cli, verb, argc - 1, argv + 1, environment, err));
    if (cli->set.help) {
        lg_cli_help(verb, cli->out);
        return LOGIT_OK;
    }
    if (cli->set.print_config) {
        lg_text config = {0};
        lg_cli_config_print(cli, &config);
        return lg_cli_put(cli, &config, err);
    }
    if (cli->set.library.untrusted) LG_TRY(logit_sandbox_start(err)); /* before any thread */
    lg_cli_screen_open(cli);
    return run[verb](cli, err);
}
