/* test_cli_parse.c -- the command line, its values, and which source wins.
 *
 * Tests (suite cli_parse).  */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <string.h>

#include "tests/cli_rig.h"

Suite *lg_suite_cli_parse(void);

/* ------------------------------------------------------------------------------- the line --- */

START_TEST(options_and_arguments_may_stand_in_any_order)
{
    lg_cli cli;
    logit_error err;
    ck_assert_int_eq(parse_words(&cli, NULL,
                                 WORDS("predict", "-q", "model", "--top", "3", "-", "a", "-0v",
                                       "--", "--top", "-q"),
                                 &err),
                     LOGIT_OK);
    ck_assert_int_eq(cli.arguments, 5);
    ck_assert_str_eq(cli.argument[0], "model");
    ck_assert_str_eq(cli.argument[1], "-");
    ck_assert_str_eq(cli.argument[3], "--top");
    ck_assert_str_eq(cli.argument[4], "-q");
    ck_assert_int_eq(cli.set.library.top_k, 3);
    ck_assert(cli.set.quiet && cli.set.verbose && cli.set.null_list);
    lg_cli_clear(&cli);
    ck_assert_int_eq(parse_words(&cli, NULL, WORDS("train", "-orun", "a"), &err), LOGIT_OK);
    ck_assert_str_eq(cli.set.library.out, "run");
    lg_cli_clear(&cli);
}
END_TEST

START_TEST(help_is_given_whatever_else_is_wrong)
{
    lg_cli cli;
    logit_error err;
    ck_assert_int_eq(parse_words(&cli, "LOGIT_EPOCHS=x", WORDS("train", "--help", "--zzz"), &err),
                     LOGIT_OK);
    ck_assert_int_eq(cli.set.help, 1);
    lg_cli_clear(&cli);
}
END_TEST

/* Words, and what the message must say. */
static const struct {
    const char *words[6], *message;
} wrong[] = {
    {{"train", "a", "--leraning-rate", "1"}, "unknown option --leraning-rate; did you mean --lr?"},
    {{"train", "a", "--learning-rate=1"}, "unknown option --learning-rate; did you mean --lr?"},
    {{"train", "a", "--batch", "1"}, "unknown option --batch; did you mean --batch-size?"},
    {{"train", "a", "--batch-siz"}, "unknown option --batch-siz; did you mean --batch-size?"},
    {{"train", "a", "--bs", "1"}, "unknown option --bs; did you mean --batch-size?"},
    {{"train", "a", "--gpu"}, "unknown option --gpu; did you mean --device?"},
    {{"train", "a", "--output=b"}, "unknown option --output; did you mean --out?"},
    {{"train", "a", "--opech", "1"}, "unknown option --opech; did you mean --epochs?"},
    {{"train", "a", "-lr", "1"}, "unknown option -lr; did you mean --lr?"},
    {{"train", "a", "-x"}, "unknown option -x; see logit train --help"},
    {{"train", "a", "--frobnicate"}, "unknown option --frobnicate; see logit train --help"},
    {{"train", "a", "--top", "3"}, "unknown option --top; it belongs to eval, predict and explain"},
    {{"eval", "a", "b", "--epochs=3"}, "unknown option --epochs; it belongs to train"},
    {{"train", "a", "--lr"}, "--lr needs a value: expected a number"},
    {{"train", "a", "-o"}, "--out needs a value: expected a path"},
    {{"train", "a", "--lr", "0"}, "--lr: found \"0\", expected a number, or up to 64"},
    {{"train", "a", "--epochs", "ten"}, "--epochs: found \"ten\", expected a whole number, from 1"},
    {{"train", "a", "--loss", "hinge"}, "--loss: found \"hinge\", expected auto, softmax"},
    {{"train", "a", "--init", "runs/1"},
     "--init: found \"runs/1\", expected prior or zero; weights to begin with come by --from "
     "MODEL"},
    {{"train", "a", "--nesterov=perhaps"}, "--nesterov: found \"perhaps\", expected yes or no"},
    {{"train"}, "DATA is missing; usage: logit train DATA"},
    {{"eval", "model"}, "DATA is missing; usage: logit eval MODEL DATA"},
    {{"predict", "model"}, "FILE is missing; usage: logit predict MODEL FILE..."},
    {{"train", "a", "b\n"}, "\"b\\x0A\" is one argument too many; usage: logit train DATA"},
};

START_TEST(a_wrong_line_is_exit_2_and_says_what_to_do)
{
    lg_cli cli;
    logit_error err;
    ck_assert_int_eq(parse_words(&cli, NULL, wrong[_i].words, &err), LOGIT_E_USAGE);
    ck_assert_int_eq(err.status, LOGIT_E_USAGE);
    ck_assert_msg(strncmp(err.message, wrong[_i].message, strlen(wrong[_i].message)) == 0,
                  "\"%s\" does not begin with \"%s\"", err.message, wrong[_i].message);
    lg_cli_clear(&cli);
}
END_TEST

START_TEST(a_wrong_verb_has_a_neighbour)
{
    ck_assert_int_eq(lg_cli_suggest_verb("trian"), LG_VERB_TRAIN);
    ck_assert_int_eq(lg_cli_suggest_verb("fit"), LG_VERB_TRAIN);
    ck_assert_int_eq(lg_cli_suggest_verb("evaluate"), LG_VERB_EVAL);
    ck_assert_int_eq(lg_cli_suggest_verb("pred"), LG_VERB_PREDICT);
    ck_assert_int_eq(lg_cli_suggest_verb("dataset"), LG_VERB_DATA);
    ck_assert_int_eq(lg_cli_suggest_verb("zebra"), LG_VERB_COUNT);
}
END_TEST

/* --------------------------------------------------------------------------------- values --- */

/* Option of train, its text, and what is written of it; NULL: refused. */
static const struct {
    const char *name, *text, *written;
} values[] = {
    {"epochs", "1", "1"},
    {"epochs", "0", NULL},
    {"epochs", "1000000", "1000000"},
    {"epochs", "1000001", NULL},
    {"epochs", "-1", NULL},
    {"epochs", "3.0", NULL},
    {"epochs", "3 ", NULL},
    {"epochs", " 3", NULL},
    {"epochs", "", NULL},
    {"epochs", "99999999999999999999", NULL},
    {"epochs", "auto", "auto"},
    {"batch-size", "1000000000", "1000000000"},
    {"batch-size", "0", NULL},
    {"threads", "auto", "auto"},
    {"threads", "4096", "4096"},
    {"threads", "4097", NULL},
    {"seed", "0", "0"},
    {"seed", "18446744073709551615", "18446744073709551615"},
    {"seed", "18446744073709551616", NULL},
    {"seed", "-1", NULL},
    {"weight-decay", "1e-4", "0.0001"},
    {"weight-decay", "0.1", "0.1"},
    {"weight-decay", "0.30000000000000004", "0.30000000000000004"},
    {"weight-decay", "nan", NULL},
    {"weight-decay", "inf", NULL},
    {"weight-decay", "1e999", NULL},
    {"weight-decay", "-0.1", NULL},
    {"val-split", "10%", "0.1"},
    {"val-split", "25 %", "0.25"},
    {"val-split", "0", "0"},
    {"val-split", "1", NULL},
    {"val-split", "100%", NULL},
    {"max-bad", "100%", "1"},
    {"lr", "0.1,0.01", "0.1,0.01"},
    {"lr", "0.1, 0.01", "0.1,0.01"},
    {"lr", "auto", "auto"},
    {"lr", "0.1,", NULL},
    {"lr", ",0.1", NULL},
    {"lr", "0.1,0", NULL},
    {"lr", "0.1;0.2", NULL},
    {"lr", "", NULL},
    {"momentum", "0.999", "0.999"},
    {"momentum", "1", NULL},
    {"momentum", "auto", NULL},
    {"label-smoothing", "1", "1"},
    {"label-smoothing", "1.0001", NULL},
    {"size", "100x80", "100x80"},
    {"size", "64", "64x64"},
    {"size", "1X16384", "1x16384"},
    {"size", "auto", "auto"},
    {"size", "0x10", NULL},
    {"size", "10x", NULL},
    {"size", "x10", NULL},
    {"size", "10x10x10", NULL},
    {"size", "16385", NULL},
    {"memory", "1", "1"},
    {"memory", "64K", "64K"},
    {"memory", "1024k", "1M"},
    {"memory", "1.5G", "1536M"},
    {"memory", "2 GiB", "2G"},
    {"memory", "1T", "1T"},
    {"memory", "0", NULL},
    {"memory", "4GB", NULL},
    {"memory", "4X", NULL},
    {"memory", "1e30", NULL},
    {"memory", "9000000T", NULL},
    {"nesterov", "true", "yes"},
    {"nesterov", "off", "no"},
    {"nesterov", "", NULL},
    {"channels", "1", "1"},
    {"channels", "3", "3"},
    {"channels", "auto", "auto"},
    {"channels", "2", NULL},
    {"device", "cuda", "cuda"},
    {"device", "cuda:0", "cuda:0"},
    {"device", "cuda:15", "cuda:15"},
    {"device", "cuda:N", NULL},
    {"device", "cuda:", NULL},
    {"device", "cuda:1x", NULL},
    {"device", "gpu", NULL},
    {"loss", "auto", "auto"},
    {"loss", "Softmax", NULL},
    {"out", "", NULL},
    {"out", "auto", "auto"}, /* a folder may have that name */
};

START_TEST(values_are_read_within_their_ranges)
{
    char got[128];
    const lg_cli_option *option = lg_cli_find_option(LG_VERB_TRAIN, values[_i].name);
    lg_cli_settings settings, before;
    lg_cli_settings_default(&settings);
    before = settings;
    ck_assert_ptr_nonnull(option);
    const int taken = lg_cli_value_read(option, &settings, values[_i].text);
    ck_assert_msg(taken == (values[_i].written != NULL), "--%s \"%s\" is %s", option->name,
                  values[_i].text, taken ? "taken" : "refused");
    if (taken)
        ck_assert_str_eq(written(option, &settings, got, sizeof got), values[_i].written);
    else
        ck_assert_mem_eq(&settings, &before, sizeof settings);
}
END_TEST

START_TEST(a_list_holds_64_values_and_no_more)
{
    char text[65 * 2 + 1] = "";
    const lg_cli_option *option = &lg_cli_options[LG_OPTION_L2];
    lg_cli_settings settings;
    lg_cli_settings_default(&settings);
    for (int i = 0; i < 64; i++) strcat(text, i ? ",1" : "1");
    ck_assert(lg_cli_value_read(option, &settings, text));
    ck_assert_int_eq(settings.library.l2.count, 64);
    strcat(text, ",1");
    ck_assert(!lg_cli_value_read(option, &settings, text));
}
END_TEST

/* ----------------------------------------------------------------------------- precedence --- */

START_TEST(the_line_wins_over_the_environment_over_the_file_over_the_default)
{
    static const struct {
        int in_file, in_environment, on_line, epochs;
        lg_cli_source source;
    } cases[] = {
        {0, 0, 0, 0, LG_SOURCE_DEFAULT},     {1, 0, 0, 1, LG_SOURCE_CONFIG},
        {0, 1, 0, 2, LG_SOURCE_ENVIRONMENT}, {1, 1, 0, 2, LG_SOURCE_ENVIRONMENT},
        {0, 0, 1, 3, LG_SOURCE_LINE},        {1, 0, 1, 3, LG_SOURCE_LINE},
        {0, 1, 1, 3, LG_SOURCE_LINE},        {1, 1, 1, 3, LG_SOURCE_LINE},
    };
    lg_cli cli;
    logit_error err;
    const char *text = cases[_i].in_file ? "epochs = 1\nseed = 9\n" : "seed = 9\n";
    const config_file file = write_config(text, strlen(text));
    const char *words[] = {"train", "a", "--config", file.path, "--epochs", "3", NULL};
    if (!cases[_i].on_line) words[4] = NULL;
    const char *variable = cases[_i].in_environment ? "LOGIT_EPOCHS=2" : NULL;
    ck_assert_msg(parse_words(&cli, variable, words, &err) == LOGIT_OK, "%s", err.message);
    ck_assert_int_eq(cli.set.library.epochs, cases[_i].epochs);
    ck_assert_int_eq(cli.source[LG_OPTION_EPOCHS], cases[_i].source);
    ck_assert_uint_eq(cli.set.library.seed, 9);
    lg_cli_clear(&cli);
    remove_config(file);
}
END_TEST

START_TEST(a_wrong_variable_is_named_and_an_unknown_one_noted)
{
    lg_cli cli;
    logit_error err;
    ck_assert_int_eq(parse_words(&cli, "LOGIT_EPOCHS=x", WORDS("train", "a"), &err), LOGIT_E_USAGE);
    ck_assert_ptr_nonnull(strstr(err.message, "LOGIT_EPOCHS (environment): found \"x\""));
    lg_cli_clear(&cli);
    static const struct {
        const char *variable;
        int noted;
    } cases[] = {{"LOGIT_ZZZ=1", 1},       {"LOGIT_RESUME=yes", 1}, {"LOGIT_TEST_DATA=a", 0},
                 {"LOGIT_PLUGIN_DIR=", 0}, {"LOGIT_ISA=base", 0},   {"LOGIT_TOP=3", 0},
                 {"LOGIT_EPOCHS=", 0},     {"LOGITS=1", 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ck_assert_int_eq(parse_words(&cli, cases[i].variable, WORDS("train", "a"), &err), LOGIT_OK);
        ck_assert_msg((cli.notes.data != NULL) == cases[i].noted, "%s", cases[i].variable);
        lg_cli_clear(&cli);
    }
}
END_TEST

/* ------------------------------------------------------------------------------------ all --- */

Suite *lg_suite_cli_parse(void)
{
    Suite *suite = suite_create("cli_parse");
    TCase *parse = tcase_create("parse");
    tcase_add_test(parse, options_and_arguments_may_stand_in_any_order);
    tcase_add_test(parse, help_is_given_whatever_else_is_wrong);
    tcase_add_loop_test(parse, a_wrong_line_is_exit_2_and_says_what_to_do, 0,
                        (int)(sizeof wrong / sizeof *wrong));
    tcase_add_test(parse, a_wrong_verb_has_a_neighbour);
    tcase_add_loop_test(parse, values_are_read_within_their_ranges, 0,
                        (int)(sizeof values / sizeof *values));
    tcase_add_test(parse, a_list_holds_64_values_and_no_more);
    tcase_add_loop_test(parse, the_line_wins_over_the_environment_over_the_file_over_the_default, 0,
                        8);
    tcase_add_test(parse, a_wrong_variable_is_named_and_an_unknown_one_noted);
    suite_add_tcase(suite, parse);
    return suite;
}
