/* cli_signal.c -- Ctrl-C: the first asks for an end, the second does not ask.
 *
 * The command.  A handler may do next to nothing (signal-safety(7)): it notes the signal, and the
 * library asks for it once per step. */
/* SPDX-License-Identifier: MIT */
#include <signal.h>
#include <unistd.h>

#include "cli_screen.h"

static volatile sig_atomic_t asked;

static void on_signal(int number)
{
    if (asked) _exit(128 + number);
    asked = number;
}

void lg_cli_signals_catch(void)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct sigaction old, action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
        sigemptyset(&action.sa_mask);
        if (sigaction(numbers[i], NULL, &old) == 0 && old.sa_handler == SIG_IGN)
            continue; /* nohup, or a shell's background job, wants it ignored */
        sigaction(numbers[i], &action, NULL);
    }
}

int lg_cli_signal(void)
{
    return (int)asked;
}
