/* cli_config.c -- config files: lines of "name = value", # begins a comment.
 *
 * The command.  A value may stand in double quotes, with \" \\ \n \t and \xNN inside, so that every
 * path can be written; a run's config.ini is read back to the same values.  An option of another
 * verb is passed over, so that one file serves train and eval. */
/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "cli.h"

enum { LONGEST_CONFIG = 1 << 20, PLACE = 700 };

/* One line being read: where it stands, for messages. */
typedef struct config_line {
    const char *path; /* escaped */
    int number;
} config_line;

static int is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The character after a backslash, at *at; *at moves to its end.  -1: there is no such escape. */
static int take_escape(const char **at)
{
    const char c = *(*at)++;
    if (c == 'n') return '\n';
    if (c == 't') return '\t';
    if (c == '"' || c == '\\') return c;
    if (c != 'x') return -1;
    const int high = hex_digit(**at), low = high < 0 ? -1 : hex_digit((*at)[1]);
    if (low < 0 || high * 16 + low == 0) return -1;
    *at += 2;
    return high * 16 + low;
}

/* Takes the quotes and escapes off a value, in place.  The end of the line, or NULL if the quotes
 * do not close, an escape is unknown or something follows. */
static char *unquote(char *value)
{
    char *to = value;
    const char *at = value + 1;
    while (*at != '"') {
        int c = (unsigned char)*at++;
        if (c == '\\') c = take_escape(&at);
        if (c <= 0) return NULL;
        *to++ = (char)c;
    }
    at++;
    while (is_blank(*at)) at++;
    *to = '\0';
    return *at == '\0' || *at == '#' ? to : NULL;
}

/* Cuts a trailing comment and blanks off a value that has no quotes. */
static void trim(char *value)
{
    size_t end = 0;
    for (size_t i = 0; value[i] && !(value[i] == '#' && (i == 0 || is_blank(value[i - 1]))); i++)
        if (!is_blank(value[i])) end = i + 1;
    value[end] = '\0';
}

static logit_status unknown_name(lg_cli_verb verb, config_line line, const char *name,
                                 logit_error *err)
{
    char shown[80];
    lg_text advice = {0};
    lg_cli_advise(verb, name, "", &advice);
    lg_fail(err, LOGIT_E_USAGE, __FILE__, __LINE__, "%s:%d: unknown option \"%s\"%s", line.path,
            line.number, lg_text_escape(shown, sizeof shown, name), advice.data ? advice.data : "");
    lg_text_clear(&advice);
    return LOGIT_E_USAGE;
}

/* Sets the option called name; seen[i] is the line on which option i was set before, or 0. */
static logit_status set_named(lg_cli *cli, config_line line, const char *name, const char *value,
                              int *seen, logit_error *err)
{
    char place[PLACE + 100];
    const lg_cli_option *any = lg_cli_find_any_option(name);
    const lg_cli_option *option = lg_cli_find_option(cli->verb, name);
    if (!any) return unknown_name(cli->verb, line, name, err);
    if (any->keep < LG_KEEP_ANY)
        LG_FAIL(err, LOGIT_E_USAGE, "%s:%d: %s can only be given on the command line%s", line.path,
                line.number, any->name, any->keep == LG_KEEP_START ? " or in the environment" : "");
    if (seen[any - lg_cli_options])
        LG_FAIL(err, LOGIT_E_USAGE, "%s:%d: %s is already set on line %d", line.path, line.number,
                any->name, seen[any - lg_cli_options]);
    seen[any - lg_cli_options] = line.number;
    if (!option) return LOGIT_OK;
    snprintf(place, sizeof place, "%s:%d: %s", line.path, line.number, any->name);
    return lg_cli_assign(cli, option, value, LG_SOURCE_CONFIG, place, err);
}

static logit_status read_line(lg_cli *cli, config_line line, char *text, int *seen,
                              logit_error *err)
{
    while (is_blank(*text)) text++;
    if (*text == '\0' || *text == '#') return LOGIT_OK;
    char *equals = strchr(text, '=');
    size_t length = equals ? (size_t)(equals - text) : 0;
    while (length > 0 && is_blank(text[length - 1])) length--;
    if (length == 0) {
        char shown[100];
        LG_FAIL(err, LOGIT_E_USAGE, "%s:%d: found \"%s\", expected name = value", line.path,
                line.number, lg_text_escape(shown, sizeof shown, text));
    }
    char *value = equals + 1;
    while (is_blank(*value)) value++;
    text[length] = '\0';
    if (*value != '"')
        trim(value);
    else if (!unquote(value))
        LG_FAIL(err, LOGIT_E_USAGE,
                "%s:%d: the quotes of %s do not hold one value: expected \"...\" with \\\", \\\\, "
                "\\n, \\t or \\xNN inside and nothing after",
                line.path, line.number, text);
    return set_named(cli, line, text, value, seen, err);
}

logit_status lg_cli_config_read(lg_cli *cli, logit_error *err)
{
    char path[PLACE];
    int seen[LG_OPTION_COUNT] = {0};
    LG_TRY(lg_file_read(AT_FDCWD, cli->set.config, LONGEST_CONFIG, &cli->config, err));
    LG_TRY(lg_bytes_reserve(&cli->config, cli->config.size + 1, err));
    char *text = (char *)cli->config.data, *end = text + cli->config.size;
    *end = '\0';
    config_line line = {lg_text_escape(path, sizeof path, cli->set.config), 0};
    if (strncmp(text, "\xEF\xBB\xBF", 3) == 0) text += 3; /* byte order mark */
    while (text < end) {
        char *stop = memchr(text, '\n', (size_t)(end - text));
        if (!stop) stop = end;
        line.number++;
        *stop = '\0';
        if (strlen(text) != (size_t)(stop - text))
            LG_FAIL(err, LOGIT_E_USAGE, "%s:%d: holds a NUL byte, expected text", line.path,
                    line.number);
        LG_TRY(read_line(cli, line, text, seen, err));
        text = stop + 1;
    }
    return LOGIT_OK;
}

/* -------------------------------------------------------------------------------- writing --- */

static int needs_quotes(const char *value)
{
    const size_t length = strlen(value);
    if (length == 0 || value[0] == '"' || is_blank(value[0]) || is_blank(value[length - 1]))
        return 1;
    for (const unsigned char *c = (const unsigned char *)value; *c; c++)
        if (*c < 0x20 || *c >= 0x7F || *c == '#') return 1;
    return 0;
}

static void add_value(lg_text *out, const char *value)
{
    if (!needs_quotes(value)) {
        lg_text_add(out, "%s", value);
        return;
    }
    lg_text_add(out, "\"");
    for (const unsigned char *c = (const unsigned char *)value; *c; c++) {
        if (*c == '"' || *c == '\\')
            lg_text_add(out, "\\%c", *c);
        else if (*c < 0x20 || *c == 0x7F)
            lg_text_add(out, "\\x%02X", *c);
        else
            lg_text_add(out, "%c", *c);
    }
    lg_text_add(out, "\"");
}

void lg_cli_config_write(lg_cli_verb verb, const lg_cli_settings *settings, lg_text *out)
{
    lg_cli_section section = LG_SECTION_COUNT;
    for (int i = 0; i < LG_OPTION_COUNT; i++) {
        const lg_cli_option *option = &lg_cli_options[i];
        if (option->keep != LG_KEEP_RECORD || !lg_cli_option_of(option, verb)) continue;
        lg_text value = {0};
        lg_cli_value_write(option, settings, &value);
        if (value.data && *value.data) {
            if (section != option->section)
                lg_text_add(out, "\n# %s\n", lg_cli_section_names[option->section]);
            section = option->section;
            lg_text_add(out, "%s = ", option->name);
            add_value(out, value.data);
            lg_text_add(out, "\n");
        }
        out->failed |= value.failed;
        lg_text_clear(&value);
    }
}

/* Where a value came from, as a comment; for one that logit is to choose, how it will. */
static void add_origin(const lg_cli *cli, const lg_cli_option *option, lg_text *out)
{
    char path[PLACE], variable[LG_VARIABLE];
    switch (cli->source[option - lg_cli_options]) {
    case LG_SOURCE_CONFIG:
        lg_text_add(out, "%s", lg_text_escape(path, sizeof path, cli->set.config));
        break;
    case LG_SOURCE_ENVIRONMENT:
        lg_text_add(out, "%s", lg_cli_variable(variable, option));
        break;
    case LG_SOURCE_LINE:
        lg_text_add(out, "command line");
        break;
    default:
        lg_text_add(out, "default");
    }
    if (lg_cli_value_unset(option, &cli->set) && option->unset)
        lg_text_add(out, ": %s", option->unset);
}

static void add_option(const lg_cli *cli, const lg_cli_option *option, lg_text *out)
{
    lg_text value = {0};
    lg_cli_value_write(option, &cli->set, &value);
    if (value.data && *value.data) {
        lg_text_add(out, "%s = ", option->name);
        add_value(out, value.data);
        lg_text_add(out, "  # ");
    } else { /* a line could not say this */
        lg_text_add(out, "# %s: ", option->name);
    }
    add_origin(cli, option, out);
    lg_text_add(out, "\n");
    out->failed |= value.failed;
    lg_text_clear(&value);
}

void lg_cli_config_print(const lg_cli *cli, lg_text *out)
{
    lg_text_add(out, "# The options of logit %s, and where each came from\n",
                lg_cli_verbs[cli->verb].name);
    for (int section = 0; section < LG_SECTION_COUNT; section++) {
        int some = 0;
        for (int i = 0; i < LG_OPTION_COUNT; i++) {
            const lg_cli_option *option = &lg_cli_options[i];
            if (option->keep < LG_KEEP_ANY || (int)option->section != section ||
                !lg_cli_option_of(option, cli->verb))
                continue;
            if (!some++) lg_text_add(out, "\n# %s\n", lg_cli_section_names[section]);
            add_option(cli, option, out);
        }
    }
}
