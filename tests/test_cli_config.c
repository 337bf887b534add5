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

/* ------------------------------------------------------------------------------------ all --- */

Suite *lg_suite_cli_config(void)
{
    Suite *suite = suite_create("cli_config");
    TCase *config = tcase_create("config");
    tcase_add_loop_test(config, a_config_file_is_read_or_its_line_is_named, 0,
                        (int)(sizeof configs / sizeof *configs));
    tcase_add_test(config, a_config_file_that_is_not_there_is_an_io_error);
    suite_add_tcase(suite, config);
    return suite;
}
