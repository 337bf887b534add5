/* test_cli.c -- the tables of the command, and every row of them, everywhere.
 *
 * Tests (suite cli).  The tests loop over cli_options.def: a new row is tested with no edit here.
 */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/cli_rig.h"

Suite *lg_suite_cli(void);

#define EACH_OPTION(option, verb)                                                                  \
    for (const lg_cli_option *option = lg_cli_options; option < lg_cli_options + LG_OPTION_COUNT;  \
         option++)                                                                                 \
        for (lg_cli_verb verb = 0; verb < LG_VERB_COUNT; verb++)                                   \
            if (lg_cli_option_of(option, verb))

/* A value that this option takes, in the form in which it is written, and not its default where it
 * has another. */
static const char *sample(const lg_cli_option *option, char *out, size_t size)
{
    static const char *const by_kind[LG_KIND_COUNT] = {
        [LG_KIND_FLAG] = "yes",
        [LG_KIND_INT] = "3",
        [LG_KIND_LONG] = "7",
        [LG_KIND_SEED] = "18446744073709551615",
        [LG_KIND_REAL] = "0.25",
        [LG_KIND_SHARE] = "0.25",
        [LG_KIND_LIST] = "0.5,0.001",
        [LG_KIND_SIZE] = "30x40",
        [LG_KIND_BYTES] = "3M",
        [LG_KIND_EVERY] = "30s",
        [LG_KIND_TEXT] = "a=1,b=2",
        [LG_KIND_PATH] = " a \"b\"#\\\n\xFF c", /* blanks, quotes, no UTF-8 */
    };
    if (by_kind[option->kind]) {
        snprintf(out, size, "%s", by_kind[option->kind]);
        return out;
    }
    int last = 0;
    while (option->choice(last + 1)) last++;
    snprintf(out, size, "%s", option->choice(last));
    if (strlen(out) > 2 && strcmp(out + strlen(out) - 2, ":N") == 0) out[strlen(out) - 1] = '3';
    return out;
}

/* ------------------------------------------------------------------------------ the table --- */

START_TEST(no_two_options_of_a_verb_share_a_name_or_a_letter)
{
    EACH_OPTION(option, verb)
    {
        ck_assert_ptr_eq(lg_cli_find_option(verb, option->name), option);
        for (const lg_cli_option *other = option + 1; other < lg_cli_options + LG_OPTION_COUNT;
             other++)
            if (option->letter && lg_cli_option_of(other, verb))
                ck_assert_msg(option->letter != other->letter, "-%c of --%s and --%s",
                              option->letter, option->name, other->name);
    }
}
END_TEST

START_TEST(every_row_is_whole)
{
    for (int i = 0; i < LG_OPTION_COUNT; i++) {
        const lg_cli_option *option = &lg_cli_options[i];
        const int listed = option->kind == LG_KIND_CHOICE || option->kind == LG_KIND_PICK;
        ck_assert_msg(option->verbs != 0, "--%s has no verb", option->name);
        ck_assert_msg(*option->help && option->help[strlen(option->help) - 1] != '.',
                      "--%s: help is a phrase without a full stop", option->name);
        ck_assert_msg(listed == (option->choice != NULL), "--%s: choices", option->name);
        ck_assert_msg((listed || option->kind == LG_KIND_FLAG) == (option->value == NULL),
                      "--%s: name of its value", option->name);
    }
}
END_TEST

START_TEST(an_alias_is_no_option_itself)
{
    EACH_OPTION(option, verb)
    {
        char aliases[256], *rest = NULL;
        snprintf(aliases, sizeof aliases, "%s", option->aliases);
        for (char *alias = strtok_r(aliases, " ", &rest); alias; alias = strtok_r(NULL, " ", &rest))
            ck_assert_msg(!lg_cli_find_option(verb, alias), "%s: alias %s of --%s is an option",
                          lg_cli_verbs[verb].name, alias, option->name);
    }
}
END_TEST

START_TEST(every_default_is_a_value_the_option_takes)
{
    EACH_OPTION(option, verb)
    {
        char text[200];
        lg_cli_settings settings, again;
        lg_cli_settings_default(&settings);
        lg_cli_settings_default(&again);
        written(option, &settings, text, sizeof text);
        if (!*text) continue; /* unset, and not to be said in words */
        ck_assert_msg(lg_cli_value_read(option, &again, text), "--%s %s", option->name, text);
        (void)verb;
    }
}
END_TEST

/* --------------------------------------------------------------- every option, everywhere --- */

START_TEST(every_option_is_parsed)
{
    EACH_OPTION(option, verb)
    {
        char value[64], name[128], got[128];
        lg_cli cli;
        logit_error err;
        sample(option, value, sizeof value);
        for (int joined = 0; joined < 2; joined++) {
            const int alone = option->kind == LG_KIND_FLAG && !joined;
            snprintf(name, sizeof name, joined ? "--%s=%s" : "--%s", option->name, value);
            const logit_status status =
                parse_option(&cli, verb, name, joined || alone ? NULL : value, &err);
            if (option == &lg_cli_options[LG_OPTION_CONFIG]) {
                ck_assert_int_eq(status, LOGIT_E_IO); /* it is no file */
                lg_cli_clear(&cli);
                continue;
            }
            ck_assert_msg(status == LOGIT_OK, "%s %s: %s", lg_cli_verbs[verb].name, name,
                          err.message);
            if (option != &lg_cli_options[LG_OPTION_HELP]) /* it ends the reading at once */
                ck_assert_int_eq(cli.source[option - lg_cli_options], LG_SOURCE_LINE);
            ck_assert_str_eq(written(option, &cli.set, got, sizeof got), value);
            lg_cli_clear(&cli);
        }
    }
}
END_TEST

/* "batch-size" -> "LOGIT_BATCH_SIZE" */
static void variable_name(const char *name, char *out)
{
    strcpy(out, "LOGIT_");
    size_t used = strlen(out);
    for (; *name; name++)
        out[used++] = (char)(*name == '-' ? '_' : *name >= 'a' ? *name - 'a' + 'A' : *name);
    out[used] = '\0';
}

START_TEST(every_option_is_read_from_the_environment)
{
    EACH_OPTION(option, verb)
    {
        char value[64], variable[200], got[128];
        const char *words[MOST_WORDS] = {lg_cli_verbs[verb].name, "a", "b"};
        lg_cli cli;
        logit_error err;
        if (option->keep < LG_KEEP_ANY) continue;
        words[1 + lg_cli_verbs[verb].least] = NULL;
        variable_name(option->name, variable);
        strcat(variable, "=");
        strcat(variable, sample(option, value, sizeof value));
        ck_assert_msg(parse_words(&cli, variable, words, &err) == LOGIT_OK, "%s", err.message);
        ck_assert_str_eq(written(option, &cli.set, got, sizeof got), value);
        ck_assert_int_eq(cli.source[option - lg_cli_options], LG_SOURCE_ENVIRONMENT);
        lg_cli_clear(&cli);
    }
}
END_TEST

START_TEST(every_option_is_documented)
{
    char *man = page(lg_cli_man), *bash = page(lg_cli_completion_bash),
         *zsh = page(lg_cli_completion_zsh);
    EACH_OPTION(option, verb)
    {
        char name[64];
        page_verb = verb;
        char *help = page(print_help);
        snprintf(name, sizeof name, "--%s", option->name);
        ck_assert_msg(strstr(help, name) != NULL, "%s --help: %s", lg_cli_verbs[verb].name, name);
        ck_assert_msg(strstr(bash, name) != NULL, "bash: %s", name);
        ck_assert_msg(strstr(zsh, name) != NULL, "zsh: %s", name);
        free(help);
    }
    for (int i = 0; i < LG_OPTION_COUNT; i++) {
        char name[64] = "\\-\\-";
        for (const char *c = lg_cli_options[i].name; *c; c++)
            strcat(name, *c == '-' ? "\\-" : (char[]){*c, '\0'});
        ck_assert_msg(strstr(man, name) != NULL, "man page: %s", name);
    }
    free(man);
    free(bash);
    free(zsh);
}
END_TEST

/* All recorded options set to their samples, written, and read back: nothing may change. */
START_TEST(what_is_recorded_is_read_back_unchanged)
{
    lg_cli cli;
    logit_error err;
    lg_cli_settings settings;
    lg_cli_settings_default(&settings);
    char value[LG_OPTION_COUNT][64];
    for (int i = 0; i < LG_OPTION_COUNT; i++)
        if (lg_cli_options[i].keep == LG_KEEP_RECORD)
            ck_assert(lg_cli_value_read(&lg_cli_options[i], &settings,
                                        sample(&lg_cli_options[i], value[i], sizeof value[i])));
    lg_text text = {0};
    lg_cli_config_write(LG_VERB_TRAIN, &settings, &text);
    ck_assert_int_eq(text.failed, 0);
    const config_file file = write_config(text.data, text.size);
    ck_assert_msg(parse_words(&cli, NULL, WORDS("train", "set", "--config", file.path), &err) ==
                      LOGIT_OK,
                  "%s in\n%s", err.message, text.data);
    for (int i = 0; i < LG_OPTION_COUNT; i++) {
        char before[128], after[128];
        if (lg_cli_options[i].keep != LG_KEEP_RECORD) continue;
        ck_assert_str_eq(written(&lg_cli_options[i], &cli.set, after, sizeof after),
                         written(&lg_cli_options[i], &settings, before, sizeof before));
        ck_assert_int_eq(cli.source[i], LG_SOURCE_CONFIG);
    }
    lg_cli_clear(&cli);
    lg_text_clear(&text);
    remove_config(file);
}
END_TEST

/* ------------------------------------------------------------------------------------ all --- */

Suite *lg_suite_cli(void)
{
    Suite *suite = suite_create("cli");
    TCase *table = tcase_create("table");
    tcase_add_test(table, no_two_options_of_a_verb_share_a_name_or_a_letter);
    tcase_add_test(table, every_row_is_whole);
    tcase_add_test(table, an_alias_is_no_option_itself);
    tcase_add_test(table, every_default_is_a_value_the_option_takes);
    tcase_add_test(table, every_option_is_parsed);
    tcase_add_test(table, every_option_is_read_from_the_environment);
    tcase_add_test(table, every_option_is_documented);
    tcase_add_test(table, what_is_recorded_is_read_back_unchanged);
    suite_add_tcase(suite, table);
    return suite;
}
