/* test_cli_config.c -- config files, well formed and not.
 *
 * Tests (suite cli_config).  That every option survives a file is tested in test_cli.c.  */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <string.h>

#include "tests/cli_rig.h"

Suite *lg_suite_cli_config(void);

/* A file, and what its message says after its path; NULL: it is fine and sets epochs to 3. */
#define FILE_OF(text) text, sizeof text - 1
static const struct {
    const char *text;
    size_t size;
    const char *message;
} configs[] = {
    {FILE_OF("epochs = 3"), NULL},
    {FILE_OF("epochs=3\n"), NULL},
    {FILE_OF("# a comment\n\n  epochs\t=  3  # three\r\n"), NULL},
    {FILE_OF("\xEF\xBB\xBF"
             "epochs = \"3\" # quoted\n"),
     NULL},
    {FILE_OF("top = 7\nepochs = 3\npart = val\n"), NULL}, /* of other verbs */
    {FILE_OF("epochs = 3\nbatch_size = 64"), NULL},
    {FILE_OF("epochs"), ":1: found \"epochs\", expected name = value"},
    {FILE_OF("\n= 3"), ":2: found \"= 3\", expected name = value"},
    {FILE_OF("[train]"), ":1: found \"[train]\", expected name = value"},
    {FILE_OF("\n\nlearning-rate = 3"), ":3: unknown option \"learning-rate\"; did you mean lr?"},
    {FILE_OF("epochs = three"), ":1: epochs: found \"three\", expected a whole number"},
    {FILE_OF("epochs ="), ":1: epochs: found \"\", expected a whole number"},
    {FILE_OF("epochs = 3\nepochs = 3"), ":2: epochs is already set on line 1"},
    {FILE_OF("epochs = 3\nconfig = a"), ":2: config can only be given on the command line"},
    {FILE_OF("epochs = 3\0\n"), ":1: holds a NUL byte"},
    {FILE_OF("epochs = \"3\n\""), ":1: the quotes of epochs do not hold one value"},
    {FILE_OF("epochs = \"3\" 4"), ":1: the quotes of epochs do not hold one value"},
    {FILE_OF("epochs = \"\\q\""), ":1: the quotes of epochs do not hold one value"},
    {FILE_OF("epochs = \"\\x0\""), ":1: the quotes of epochs do not hold one value"},
    {FILE_OF("epochs = \"\\x00\""), ":1: the quotes of epochs do not hold one value"},
    {FILE_OF("epochs = \"\\"), ":1: the quotes of epochs do not hold one value"},
};

START_TEST(a_config_file_is_read_or_its_line_is_named)
{
    lg_cli cli;
    logit_error err;
    const config_file file = write_config(configs[_i].text, configs[_i].size);
    const logit_status status =
        parse_words(&cli, NULL, WORDS("train", "a", "--config", file.path), &err);
    if (configs[_i].message) {
        ck_assert_int_eq(status, LOGIT_E_USAGE);
        ck_assert_msg(strncmp(err.message, file.path, strlen(file.path)) == 0, "%s", err.message);
        const char *rest = err.message + strlen(file.path);
        ck_assert_msg(strncmp(rest, configs[_i].message, strlen(configs[_i].message)) == 0,
                      "\"%s\" does not begin with \"%s\"", rest, configs[_i].message);
    } else {
        ck_assert_msg(status == LOGIT_OK, "%s", err.message);
        ck_assert_int_eq(cli.set.library.epochs, 3);
    }
    lg_cli_clear(&cli);
    remove_config(file);
}
END_TEST

START_TEST(a_config_file_that_is_not_there_is_an_io_error)
{
    lg_cli cli;
    logit_error err;
    ck_assert_int_eq(parse_words(&cli, NULL, WORDS("train", "a", "--config", "/nowhere/x"), &err),
                     LOGIT_E_IO);
    lg_cli_clear(&cli);
}
END_TEST

/* LOGIT_CONFIG is --config in the environment, whose other variables win over the file; a --config
 * on the line is the file that is read. */
START_TEST(the_environment_can_name_the_file)
{
    lg_cli cli;
    logit_error err;
    char variable[100];
    const config_file file = write_config("epochs = 3\nbatch-size = 7\n", 26);
    const config_file other = write_config("epochs = 4\n", 11);
    snprintf(variable, sizeof variable, "LOGIT_CONFIG=%s", file.path);
    ck_assert_int_eq(parse_words(&cli, variable, WORDS("train", "a"), &err), LOGIT_OK);
    ck_assert_int_eq(cli.set.library.epochs, 3);
    ck_assert_int_eq(cli.set.library.batch_size, 7);
    ck_assert_uint_eq(cli.notes.size, 0);
    lg_cli_clear(&cli);
    ck_assert_int_eq(parse_words(&cli, variable, WORDS("train", "a", "--config", other.path), &err),
                     LOGIT_OK);
    ck_assert_int_eq(cli.set.library.epochs, 4);
    ck_assert_int_eq(cli.set.library.batch_size, 128);
    lg_cli_clear(&cli);
    ck_assert_int_eq(parse_words(&cli, "LOGIT_CONFIG=/nowhere/x", WORDS("eval", "a", "b"), &err),
                     LOGIT_E_IO);
    lg_cli_clear(&cli);
    ck_assert_int_eq(parse_words(&cli, "LOGIT_CONFIG=/nowhere/x", WORDS("info"), &err), LOGIT_OK);
    lg_cli_clear(&cli);
    ck_assert_int_eq(parse_words(&cli, "LOGIT_CONFIG=", WORDS("train", "a"), &err), LOGIT_OK);
    lg_cli_clear(&cli);
    remove_config(file);
    remove_config(other);
}
END_TEST

/* ------------------------------------------------------------------------- --print-config --- */

/* What lg_cli_config_print makes of these words; to be freed with lg_text_clear. */
static lg_text print_words(const char *variable, const char *const *words)
{
    lg_cli cli;
    logit_error err;
    lg_text text = {0};
    ck_assert_msg(parse_words(&cli, variable, words, &err) == LOGIT_OK, "%s", err.message);
    lg_cli_config_print(&cli, &text);
    ck_assert(!text.failed);
    lg_cli_clear(&cli);
    return text;
}

/* The values that a verb's options have. */
static void values_of(const lg_cli *cli, lg_text *out)
{
    for (int i = 0; i < LG_OPTION_COUNT; i++) {
        const lg_cli_option *option = &lg_cli_options[i];
        if (option->keep < LG_KEEP_ANY || !lg_cli_option_of(option, cli->verb)) continue;
        lg_text_add(out, "%s=", option->name);
        lg_cli_value_write(option, &cli->set, out);
        lg_text_add(out, "\n");
    }
}

/* Of every verb that has the option, and with values that need quotes, the printed file read back
 * says the same. */
START_TEST(a_printed_config_says_the_same)
{
    static const char *const given[][6] = {
        {"train", "--print-config", "--val", " a \"b\"#\\\n\xFF c", "--lr=0.1,0.3", NULL},
        {"train", "--print-config", "--size=30x40", "--checkpoint-every=30s", "--flip", NULL},
        {"train", "--print-config", "--epochs=auto", "--l2=1e-3", "--memory=3G", NULL},
        {"predict", "--print-config", "--prior", "a=1", "--input=csv", NULL},
        {"export", "--print-config", "-o", "# x", "--temperature=2", NULL},
        {"compare", "--print-config", "--devices=cpu,ref", "--seed=7", "--class-weight=balanced",
         NULL},
    };
    lg_text first = print_words(NULL, given[_i]), values[2] = {{0}};
    lg_cli cli;
    logit_error err;
    const config_file file = write_config(first.data, first.size);
    ck_assert_msg(parse_words(&cli, NULL, given[_i], &err) == LOGIT_OK, "%s", err.message);
    values_of(&cli, &values[0]);
    lg_cli_clear(&cli);
    const char *const again[] = {given[_i][0], "--print-config", "--config", file.path, NULL};
    ck_assert_msg(parse_words(&cli, NULL, again, &err) == LOGIT_OK, "%s", err.message);
    values_of(&cli, &values[1]);
    lg_cli_clear(&cli);
    ck_assert_str_eq(values[0].data, values[1].data);
    lg_text_clear(&first);
    lg_text_clear(&values[0]);
    lg_text_clear(&values[1]);
    remove_config(file);
}
END_TEST

START_TEST(a_printed_config_says_where_values_came_from)
{
    const config_file file = write_config("momentum = 0.5\nbatch-size = 7\nlr = 0.5\n", 39);
    lg_text want = {0},
            text = print_words("LOGIT_BATCH_SIZE=64", WORDS("train", "--print-config", "--config",
                                                            file.path, "--lr", "0.1"));
    lg_text_add(&want, "\nmomentum = 0.5  # %s\n", file.path);
    ck_assert_msg(strstr(text.data, want.data) != NULL, "%s", text.data);
    ck_assert_ptr_nonnull(strstr(text.data, "\nbatch-size = 64  # LOGIT_BATCH_SIZE\n"));
    ck_assert_ptr_nonnull(strstr(text.data, "\nlr = 0.1  # command line\n"));
    ck_assert_ptr_nonnull(strstr(text.data, "\nval-split = 0.1  # default\n"));
    ck_assert_ptr_nonnull(strstr(text.data, "\nepochs = auto  # default: 20, or as many"));
    ck_assert_ptr_nonnull(strstr(text.data, "\n# val: default: the set's own val part"));
    ck_assert_ptr_null(strstr(text.data, "print-config ="));
    lg_text_clear(&want);
    lg_text_clear(&text);
    remove_config(file);
}
END_TEST

/* ------------------------------------------------------------------------------------ all --- */

Suite *lg_suite_cli_config(void)
{
    Suite *suite = suite_create("cli_config");
    TCase *config = tcase_create("config");
    tcase_add_loop_test(config, a_config_file_is_read_or_its_line_is_named, 0,
                        (int)(sizeof configs / sizeof *configs));
    tcase_add_test(config, a_config_file_that_is_not_there_is_an_io_error);
    tcase_add_test(config, the_environment_can_name_the_file);
    tcase_add_loop_test(config, a_printed_config_says_the_same, 0, 6);
    tcase_add_test(config, a_printed_config_says_where_values_came_from);
    suite_add_tcase(suite, config);
    return suite;
}
