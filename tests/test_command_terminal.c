/* test_command_terminal.c -- the built command on a terminal: the progress line, and colour.
 *
 * Tests (suite command_terminal).  A pseudo terminal stands in for a real one.  The images are
 * blown up to 400x400, so that an epoch takes longer than the 0.1 s between two lines. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <pty.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/command_rig.h"

Suite *lg_suite_command_terminal(void);

/* What the command writes to a terminal of 24 rows and these columns; to be freed. */
static char *on_terminal(int columns, const char *no_colour)
{
    const struct winsize size = {.ws_row = 24, .ws_col = (unsigned short)columns};
    int terminal;
    const pid_t program = forkpty(&terminal, NULL, NULL, &size);
    ck_assert_int_ge(program, 0);
    if (program == 0) {
        setenv("TERM", "xterm", 1);
        setenv("NO_COLOR", no_colour, 1);
        execl("/bin/sh", "sh", "-c",
              "exec \"$LOGIT\" train \"$DIR/set\" -o \"$DIR/pty\" --force --size 400x400 "
              "--batch-size 1 --epochs 20 --val-split 0",
              NULL);
        _exit(98);
    }
    char *text = NULL;
    size_t used = 0, room = 0;
    ssize_t got = 1;
    while (got > 0) {
        if (used + 4096 > room) ck_assert_ptr_nonnull(text = realloc(text, room += 1 << 16));
        got = read(terminal, text + used, 4095);
        if (got > 0) used += (size_t)got;
    }
    text[used] = '\0';
    close(terminal);
    ck_assert_int_eq(finish(program), 0);
    return text;
}

START_TEST(a_terminal_gets_one_line_that_fits)
{
    static const int widths[] = {80, 40};
    for (int i = 0; i < 2; i++) {
        char *text = on_terminal(widths[i], "");
        int drawn = 0;
        for (char *at = text; (at = strstr(at, "\repoch ")) != NULL; drawn++) {
            const size_t length = strcspn(++at, "\033\r\n");
            ck_assert_int_eq(strncmp(at + length, "\033[K", 3), 0);
            ck_assert_msg(length < (size_t)widths[i], "%.*s", (int)length, at);
            ck_assert_msg(at[length + 3] == '\r' && at[length + 4] != '\n', "left standing: %.*s",
                          (int)length, at);
        }
        ck_assert_int_gt(drawn, 0);
        ck_assert_ptr_nonnull(strstr(text, "\033[1m"));
        free(text);
    }
}
END_TEST

START_TEST(no_color_is_respected)
{
    char *text = on_terminal(80, "1");
    ck_assert_ptr_null(strstr(text, "\033[1m"));
    ck_assert_ptr_nonnull(strstr(text, "\033[K")); /* the line is still rewritten */
    free(text);
}
END_TEST

Suite *lg_suite_command_terminal(void)
{
    Suite *suite = suite_create("command_terminal");
    TCase *all = tcase_create("terminal");
    tcase_add_unchecked_fixture(all, command_setup, command_teardown);
    tcase_set_timeout(all, 120);
    tcase_add_test(all, a_terminal_gets_one_line_that_fits);
    tcase_add_test(all, no_color_is_respected);
    suite_add_tcase(suite, all);
    return suite;
}
