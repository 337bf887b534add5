/* test_cli_screen.c -- numbers, names and pages as people see them.
 *
 * Tests (suite cli_screen).  Pages are compared with tests/golden/; LOGIT_GOLDEN=write writes them
 * anew.  */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "tests/cli_rig.h"

Suite *lg_suite_cli_screen(void);

/* --------------------------------------------------------------------------------- screen --- */

START_TEST(numbers_are_written_for_people)
{
    char out[LG_CELL];
    ck_assert_str_eq(lg_cli_count(out, 0), "0");
    ck_assert_str_eq(lg_cli_count(out, 999), "999");
    ck_assert_str_eq(lg_cli_count(out, 1000), "1,000");
    ck_assert_str_eq(lg_cli_count(out, 1234567.8), "1,234,568");
    ck_assert_str_eq(lg_cli_count(out, -1234), "-1,234");
    ck_assert_str_eq(lg_cli_count(out, 1e300), "1e+300");
    ck_assert_str_eq(lg_cli_duration(out, 7.4), "0:07");
    ck_assert_str_eq(lg_cli_duration(out, 59.6), "1:00");
    ck_assert_str_eq(lg_cli_duration(out, 3723), "1:02:03");
    ck_assert_str_eq(lg_cli_duration(out, NAN), "?");
    ck_assert_str_eq(lg_cli_elapsed(out, 2.345), "2.35 s");
    ck_assert_str_eq(lg_cli_elapsed(out, 62), "1:02");
    ck_assert_str_eq(lg_cli_figure(out, 0.92314), "0.9231");
    ck_assert_str_eq(lg_cli_figure(out, NAN), "-");
    ck_assert_str_eq(lg_cli_figure(out, 1e30), "1e+30");
}
END_TEST

/* Odds are read from the logit: p/(1-p) is lost at 37, exp at 710. */
START_TEST(odds_are_read_both_ways)
{
    static const struct {
        double log_odds;
        const char *text;
    } cases[] = {
        {0, "even"},
        {0.0487, "even"},
        {-0.0487, "even"},
        {0.0953101798043249, "1.1 : 1 for"},
        {0.69314718055994531, "2 : 1 for"},
        {-0.69314718055994531, "2 : 1 against"},
        {1.791759469228055, "6 : 1 for"},
        {1.9878743481543455, "7.3 : 1 for"},
        {2.2995, "10 : 1 for"},
        {-7.0, "1,097 : 1 against"},
        {13.815510, "999,999 : 1 for"},
        {13.8155105579643, "1.0e6 : 1 for"},
        {50, "5.2e21 : 1 for"},
        {-1000, "2.0e434 : 1 against"},
        {2.30258509299404 * 20, "1.0e20 : 1 for"},
        {INFINITY, "certainly for"},
        {-INFINITY, "certainly against"},
        {NAN, "-"},
    };
    char out[LG_CELL];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_assert_str_eq(lg_cli_odds(out, cases[i].log_odds), cases[i].text);
}
END_TEST

START_TEST(names_fit_their_column)
{
    char out[LG_CELL];
    ck_assert_int_eq(lg_cli_width("abc"), 3);
    ck_assert_int_eq(lg_cli_width("h\xC3\xA9"), 2);
    ck_assert_int_eq(lg_cli_width("e\xCC\x81"), 1);                /* e and a combining accent */
    ck_assert_int_eq(lg_cli_width("\xE6\x97\xA5\xE6\x9C\xAC"), 4); /* two wide characters */
    ck_assert_int_eq(lg_cli_width("\xF0\x9F\x90\xB1"), 2);         /* a cat's face */
    ck_assert_str_eq(lg_cli_name(out, "cats", 10), "cats");
    ck_assert_str_eq(lg_cli_name(out, "0123456789", 10), "0123456789");
    ck_assert_str_eq(lg_cli_name(out, "0123456789a", 10), "01234567..");
    ck_assert_str_eq(lg_cli_name(out, "a\nb\xFF", 20), "a\\x0Ab\\xFF");
    ck_assert_str_eq(lg_cli_name(out, "\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E", 5), "\xE6\x97\xA5..");
    char longest[10001];
    memset(longest, 'x', 10000);
    longest[10000] = '\0';
    ck_assert_int_eq(lg_cli_width(lg_cli_name(out, longest, 28)), 28);
}
END_TEST

/* The shell itself says what a quoted word is. */
START_TEST(words_are_quoted_for_the_shell)
{
    static const char *const words[] = {"plain/path-1.png", "two words", "it's",
                                        "$HOME `x` \\",     "*?[a]",     "\xE6\x97",
                                        "a\nb\t\x01'\\",    ""};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        char got[64] = "";
        lg_text command = {0};
        lg_text_add(&command, "exec bash -c \"$LOGIT_TEST_SCRIPT\"");
        lg_text script = {0};
        lg_text_add(&script, "printf '%%s' ");
        lg_cli_shell_word(&script, words[i]);
        setenv("LOGIT_TEST_SCRIPT", script.data, 1);
        FILE *pipe = popen(command.data, "r");
        ck_assert_ptr_nonnull(pipe);
        got[fread(got, 1, sizeof got - 1, pipe)] = '\0';
        ck_assert_int_eq(pclose(pipe), 0);
        ck_assert_str_eq(got, words[i]);
        lg_text_clear(&command);
        lg_text_clear(&script);
    }
}
END_TEST

START_TEST(the_progress_line_fits_every_terminal)
{
    const logit_progress training = {.phase = LOGIT_PHASE_TRAIN,
                                     .done = 640,
                                     .total = 1350,
                                     .epoch = 3,
                                     .epochs = 20,
                                     .step = 1234,
                                     .steps = 9380,
                                     .loss = 0.2345,
                                     .samples_per_second = 12345,
                                     .waiting = 0.034,
                                     .seconds_left = 83};
    logit_progress reading = {.phase = LOGIT_PHASE_READ,
                              .done = 500,
                              .total = 2000,
                              .samples_per_second = 987,
                              .seconds_left = NAN,
                              .loss = NAN};
    char line[256];
    lg_cli cli = {.set.library.optimizer = "adam"};
    const char *whole =
        "epoch 3/20  step 1234/9380  loss 0.2345  12,345 images/s  wait 3 %  1:23 left";
    const int length = (int)strlen(whole); /* the last column of a terminal stays free */
    ck_assert_str_eq(lg_cli_progress_line(line, sizeof line, &cli, &training, 80), whole);
    ck_assert_str_eq(lg_cli_progress_line(line, sizeof line, &cli, &training, length + 1), whole);
    ck_assert_str_eq(lg_cli_progress_line(line, sizeof line, &cli, &training, length),
                     "epoch 3/20  loss 0.2345  12,345 images/s  wait 3 %  1:23 left");
    ck_assert_str_eq(lg_cli_progress_line(line, sizeof line, &cli, &training, 40),
                     "epoch 3/20  loss 0.2345  1:23 left");
    ck_assert_str_eq(lg_cli_progress_line(line, sizeof line, &cli, &reading, 80),
                     "reading images  500/2,000  25 %  987 images/s");
    reading.phase = LOGIT_PHASE_SCAN;
    reading.total = 0;
    ck_assert_str_eq(lg_cli_progress_line(line, sizeof line, &cli, &reading, 80),
                     "looking for images  500");
    cli.floats = 1;
    cli.set.library.optimizer = "lbfgs";
    ck_assert_str_eq(
        lg_cli_progress_line(line, sizeof line, &cli, &training, 80),
        "pass 3/20  step 1234/9380  loss 0.2345  12,345 samples/s  wait 3 %  1:23 left");
    for (int columns = 1; columns < 120; columns++)
        ck_assert_int_lt(
            (int)strlen(lg_cli_progress_line(line, sizeof line, &cli, &training, columns)),
            columns);
}
END_TEST

START_TEST(a_second_signal_ends_the_program)
{
    lg_cli_signals_catch();
    raise(SIGTERM);
    ck_assert_int_eq(lg_cli_signal(), SIGTERM);
    raise(SIGINT); /* exits with 130 */
    ck_abort_msg("still here");
}
END_TEST

/* --------------------------------------------------------------------------------- golden --- */

START_TEST(pages_are_as_they_were)
{
    compare_golden("tour.txt", page(lg_cli_tour));
    compare_golden("logit.1", page(lg_cli_man));
    compare_golden("completion.bash", page(lg_cli_completion_bash));
    compare_golden("completion.zsh", page(lg_cli_completion_zsh));
    for (page_verb = 0; page_verb < LG_VERB_COUNT; page_verb++) {
        char name[64];
        snprintf(name, sizeof name, "help-%s.txt", lg_cli_verbs[page_verb].name);
        compare_golden(name, page(print_help));
    }
}
END_TEST

START_TEST(no_page_is_wider_than_80_columns)
{
    for (int i = -1; i < LG_VERB_COUNT; i++) {
        page_verb = (lg_cli_verb)(i < 0 ? 0 : i);
        char *text = i < 0 ? page(lg_cli_tour) : page(print_help), *rest = NULL;
        for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
            ck_assert_msg(lg_cli_width(line) <= 80, "%s", line);
        free(text);
    }
}
END_TEST

/* ------------------------------------------------------------------------------------ all --- */

Suite *lg_suite_cli_screen(void)
{
    Suite *suite = suite_create("cli_screen");
    TCase *screen = tcase_create("screen");
    tcase_add_test(screen, numbers_are_written_for_people);
    tcase_add_test(screen, odds_are_read_both_ways);
    tcase_add_test(screen, names_fit_their_column);
    tcase_add_test(screen, words_are_quoted_for_the_shell);
    tcase_add_test(screen, the_progress_line_fits_every_terminal);
    tcase_add_exit_test(screen, a_second_signal_ends_the_program, 128 + SIGINT);
    tcase_add_test(screen, pages_are_as_they_were);
    tcase_add_test(screen, no_page_is_wider_than_80_columns);
    suite_add_tcase(suite, screen);
    return suite;
}
