/* cli_parse.c -- from text to settings: default < config file < environment < command line.
 *
 * The command.  getopt_long cuts the line; what it found is kept as text until the sources before
 * it have been applied, since --config stands on the line as well.  Names must be given in full:
 * an abbreviation that works today would change its meaning with the next option. */
/* SPDX-License-Identifier: MIT */
#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "cli.h"

enum { LONG_VALUE = 1000 }; /* what getopt_long returns for option i is LONG_VALUE + i */

/* What getopt_long needs to know of a verb's options. */
typedef struct line_table {
    struct option name[LG_OPTION_COUNT + 1];
    char letter[2 + 3 * LG_OPTION_COUNT + 1];
} line_table;

static void make_table(lg_cli_verb verb, line_table *table)
{
    int names = 0, letters = 0;
    table->letter[letters++] = '-'; /* arguments are handed out in their order */
    table->letter[letters++] = ':'; /* a missing value is told from an unknown option */
    for (int i = 0; i < LG_OPTION_COUNT; i++) {
        const lg_cli_option *option = &lg_cli_options[i];
        if (!lg_cli_option_of(option, verb)) continue;
        const int flag = option->kind == LG_KIND_FLAG;
        table->name[names++] = (struct option){
            option->name, flag ? optional_argument : required_argument, NULL, LONG_VALUE + i};
        if (!option->letter) continue;
        table->letter[letters++] = (char)option->letter;
        if (!flag) table->letter[letters++] = ':';
    }
    table->name[names] = (struct option){0};
    table->letter[letters] = '\0';
}

static int option_by_letter(lg_cli_verb verb, int letter)
{
    int i = 0;
    while (i < LG_OPTION_COUNT &&
           (!lg_cli_option_of(&lg_cli_options[i], verb) || lg_cli_options[i].letter != letter))
        i++;
    return i;
}

/* --------------------------------------------------------------------------------- errors --- */

static void add_verbs_of(const char *name, lg_text *message)
{
    unsigned verbs = 0;
    for (int i = 0; i < LG_OPTION_COUNT; i++)
        if (strcmp(lg_cli_options[i].name, name) == 0) verbs |= lg_cli_options[i].verbs;
    const char *between = "";
    for (int v = 0; v < LG_VERB_COUNT; v++) {
        if (!(verbs >> v & 1u)) continue;
        const int last = verbs >> v == 1u;
        lg_text_add(message, "%s%s", *between && last ? " and " : between, lg_cli_verbs[v].name);
        between = ", ";
    }
}

void lg_cli_advise(lg_cli_verb verb, const char *word, const char *dashes, lg_text *message)
{
    const lg_cli_option *other = lg_cli_find_any_option(word);
    const lg_cli_option *near = lg_cli_suggest_option(verb, word);
    if (other && !lg_cli_find_option(verb, word)) {
        lg_text_add(message, "; it belongs to ");
        add_verbs_of(other->name, message);
        lg_text_add(message, ", not to %s", lg_cli_verbs[verb].name);
        return;
    }
    if (near)
        lg_text_add(message, "; did you mean %s%s?", dashes, near->name);
    else
        lg_text_add(message, "; see logit %s --help", lg_cli_verbs[verb].name);
}

static logit_status fail_with(logit_status status, lg_text *message, logit_error *err)
{
    if (message->failed)
        status = lg_fail(err, LOGIT_E_NOMEM, __FILE__, __LINE__, "out of memory");
    else
        status = lg_fail(err, status, __FILE__, __LINE__, "%s", message->data);
    lg_text_clear(message);
    return status;
}

/* word: as it stands on the line, with its dashes. */
static logit_status unknown_option(lg_cli_verb verb, const char *word, logit_error *err)
{
    char name[64], shown[128];
    lg_text message = {0};
    const char *bare = word + strspn(word, "-");
    snprintf(name, sizeof name, "%.*s", (int)strcspn(bare, "="), bare);
    const int shown_length = (int)(bare - word) + (int)strcspn(bare, "=");
    char *cut = lg_text_format("%.*s", shown_length < 80 ? shown_length : 80, word);
    lg_text_add(&message, "unknown option %s", lg_text_escape(shown, sizeof shown, cut ? cut : ""));
    free(cut);
    lg_cli_advise(verb, name, "--", &message);
    return fail_with(LOGIT_E_USAGE, &message, err);
}

static logit_status missing_value(const lg_cli_option *option, logit_error *err)
{
    lg_text message = {0};
    lg_text_add(&message, "--%s needs a value: expected ", option->name);
    lg_cli_value_expected(option, &message);
    return fail_with(LOGIT_E_USAGE, &message, err);
}

logit_status lg_cli_assign(lg_cli *cli, const lg_cli_option *option, const char *text,
                           lg_cli_source source, const char *place, logit_error *err)
{
    if (lg_cli_value_read(option, &cli->set, text)) {
        cli->source[option - lg_cli_options] = source;
        return LOGIT_OK;
    }
    char found[200];
    lg_text message = {0};
    lg_text_add(&message, "%s: found \"%s\", expected ", place,
                lg_text_escape(found, sizeof found, text));
    lg_cli_value_expected(option, &message);
    if (option == &lg_cli_options[LG_OPTION_INIT])
        lg_text_add(&message, "; weights to begin with come by --from MODEL");
    return fail_with(LOGIT_E_USAGE, &message, err);
}

/* ----------------------------------------------------------------------- the command line --- */

/* The option that getopt_long's answer means, or an error.  word: the element it came from. */
static logit_status understand(lg_cli_verb verb, int answer, const char *word,
                               const lg_cli_option **option, logit_error *err)
{
    const int is_long = strncmp(word, "--", 2) == 0;
    const int letter = answer == '?' || answer == ':' ? optopt : answer;
    const int i = is_long && answer >= LONG_VALUE ? answer - LONG_VALUE
                  : is_long && answer == ':'      ? optopt - LONG_VALUE
                                                  : option_by_letter(verb, letter);
    if (is_long) {
        const size_t length = strcspn(word + 2, "=");
        if (answer == '?' || i < 0 || i >= LG_OPTION_COUNT ||
            strlen(lg_cli_options[i].name) != length)
            return unknown_option(verb, word, err);
    } else if (i == LG_OPTION_COUNT) {
        const char only[] = {'-', (char)letter, '\0'};
        return unknown_option(verb, word[1] == letter ? word : only, err);
    }
    *option = &lg_cli_options[i];
    return answer == ':' ? missing_value(*option, err) : LOGIT_OK;
}

/* Cuts the line: given[i] is the text of option i, the arguments go to cli. */
static logit_status cut_line(lg_cli *cli, int argc, char **argv, const char **given,
                             logit_error *err)
{
    line_table table;
    make_table(cli->verb, &table);
    optind = 0; /* GNU: start anew */
    opterr = 0;
    for (;;) {
        const char *word = argv[optind ? optind : 1];
        const int answer = getopt_long(argc, argv, table.letter, table.name, NULL);
        const lg_cli_option *option = NULL;
        if (answer == -1) break;
        if (answer == 1) {
            cli->argument[cli->arguments++] = optarg;
            continue;
        }
        LG_TRY(understand(cli->verb, answer, word, &option, err));
        given[option - lg_cli_options] = optarg ? optarg : "yes";
        if (option == &lg_cli_options[LG_OPTION_HELP]) break;
    }
    while (optind < argc && !given[LG_OPTION_HELP])
        cli->argument[cli->arguments++] = argv[optind++];
    return LOGIT_OK;
}

static logit_status apply_line(lg_cli *cli, const char **given, logit_error *err)
{
    for (int i = 0; i < LG_OPTION_COUNT; i++) {
        char place[80];
        snprintf(place, sizeof place, "--%s", lg_cli_options[i].name);
        if (given[i])
            LG_TRY(lg_cli_assign(cli, &lg_cli_options[i], given[i], LG_SOURCE_LINE, place, err));
    }
    return LOGIT_OK;
}

/* ---------------------------------------------------------------------------- environment --- */

static const char prefix[] = "LOGIT_";

const char *lg_cli_variable(char out[LG_VARIABLE], const lg_cli_option *option)
{
    int used = snprintf(out, LG_VARIABLE, "%s", prefix);
    for (const char *c = option->name; *c && used + 1 < LG_VARIABLE; c++)
        out[used++] = (char)(*c == '-' ? '_' : *c >= 'a' ? *c - 'a' + 'A' : *c);
    out[used] = '\0';
    return out;
}

/* "LOGIT_BATCH_SIZE" -> "batch-size" in out[size]. */
static void option_name_of(const char *variable, size_t length, char *out, size_t size)
{
    size_t used = 0;
    for (size_t i = sizeof prefix - 1; i < length && used + 1 < size; i++) {
        const char c = variable[i];
        out[used++] = (char)(c == '_' ? '-' : c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
    out[used] = '\0';
}

/* Variables that steer the library and the tests; they are no options. */
static int is_known_variable(const char *name)
{
    static const char *const known[] = {"test-data", "isa", "plugin-dir", "bin", "draw", "golden"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(name, known[i]) == 0) return 1;
    return 0;
}

static logit_status apply_variable(lg_cli *cli, const char *variable, logit_error *err)
{
    char name[64], shown[72], place[128];
    const size_t length = strcspn(variable, "=");
    const char *value = variable + length + (variable[length] == '=');
    if (*value == '\0') return LOGIT_OK; /* empty is the same as unset */
    option_name_of(variable, length, name, sizeof name);
    const lg_cli_option *option = lg_cli_find_option(cli->verb, name);
    snprintf(shown, sizeof shown, "%.*s", (int)(length < 64 ? length : 64), variable);
    snprintf(place, sizeof place, "%s (environment)", shown);
    if (option && option->keep != LG_KEEP_LINE)
        return lg_cli_assign(cli, option, value, LG_SOURCE_ENVIRONMENT, place, err);
    const lg_cli_option *other = lg_cli_find_any_option(name);
    if ((!other || other->keep == LG_KEEP_LINE) && !is_known_variable(name))
        lg_text_add(&cli->notes, "logit: %s: ignored, no option of that name can be set there\n",
                    lg_text_escape(place, sizeof place, shown));
    return LOGIT_OK;
}

static logit_status apply_environment(lg_cli *cli, char *const *environment, logit_error *err)
{
    for (int i = 0; environment && environment[i]; i++)
        if (strncmp(environment[i], prefix, sizeof prefix - 1) == 0)
            LG_TRY(apply_variable(cli, environment[i], err));
    return LOGIT_OK;
}

/* The value of an option's variable, or NULL where it is not set, or empty. */
static const char *find_variable(const lg_cli_option *option, char *const *environment)
{
    char name[LG_VARIABLE];
    const size_t length = strlen(lg_cli_variable(name, option));
    for (int i = 0; environment && environment[i]; i++)
        if (strncmp(environment[i], name, length) == 0 && environment[i][length] == '=' &&
            environment[i][length + 1] != '\0')
            return environment[i] + length + 1;
    return NULL;
}

/* ------------------------------------------------------------------------------------ all --- */

/* The line's file, else the environment's; the other sources come later, and win over it. */
static logit_status apply_config(lg_cli *cli, const char *given, char *const *environment,
                                 logit_error *err)
{
    const lg_cli_option *option = &lg_cli_options[LG_OPTION_CONFIG];
    if (!lg_cli_option_of(option, cli->verb)) return LOGIT_OK;
    cli->set.config = given ? given : find_variable(option, environment);
    return cli->set.config ? lg_cli_config_read(cli, err) : LOGIT_OK;
}

static logit_status check_arguments(const lg_cli *cli, logit_error *err)
{
    const lg_cli_verb_row *verb = &lg_cli_verbs[cli->verb];
    if (cli->arguments > verb->most) {
        char name[128];
        LG_FAIL(err, LOGIT_E_USAGE,
                "\"%s\" is one argument too many; usage: logit %s%s%s [options]",
                lg_text_escape(name, sizeof name, cli->argument[verb->most]), verb->name,
                *verb->arguments ? " " : "", verb->arguments);
    }
    if (cli->arguments < verb->least) {
        const char *missing = verb->arguments;
        for (int i = 0; i < cli->arguments; i++) missing += strcspn(missing, " ") + 1;
        LG_FAIL(err, LOGIT_E_USAGE, "%.*s is missing; usage: logit %s %s [options]",
                (int)strcspn(missing, " ."), missing, verb->name, verb->arguments);
    }
    return LOGIT_OK;
}

logit_status lg_cli_parse(lg_cli *cli, lg_cli_verb verb, int argc, char **argv,
                          char *const *environment, logit_error *err)
{
    const char *given[LG_OPTION_COUNT] = {NULL};
    cli->verb = verb;
    lg_cli_settings_default(&cli->set);
    cli->argument = calloc((size_t)argc + 1, sizeof *cli->argument);
    if (!cli->argument) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for %d arguments", argc);

    LG_TRY(cut_line(cli, argc, argv, given, err));
    cli->set.help = given[LG_OPTION_HELP] != NULL;
    if (cli->set.help) return LOGIT_OK;
    LG_TRY(apply_config(cli, given[LG_OPTION_CONFIG], environment, err));
    LG_TRY(apply_environment(cli, environment, err));
    LG_TRY(apply_line(cli, given, err));
    return cli->set.print_config ? LOGIT_OK : check_arguments(cli, err);
}

void lg_cli_clear(lg_cli *cli)
{
    free(cli->argument);
    cli->argument = NULL;
    lg_bytes_clear(&cli->config);
    lg_text_clear(&cli->notes);
    lg_text_clear(&cli->grid);
    lg_text_clear(&cli->doubts);
}

const char *lg_cli_origin(const lg_cli *cli, lg_cli_option_id id)
{
    static const char *const names[] = {
        [LG_SOURCE_DEFAULT] = "chosen",
        [LG_SOURCE_CONFIG] = "from the config file",
        [LG_SOURCE_ENVIRONMENT] = "from the environment",
        [LG_SOURCE_LINE] = "given",
    };
    return lg_cli_value_unset(&lg_cli_options[id], &cli->set) ? names[0] : names[cli->source[id]];
}
