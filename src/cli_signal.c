/* cli_signal.c -- Ctrl-C: the first asks for an end, the second does not ask.  SIGUSR1 asks for a
 * checkpoint.
 *
 * The command.  A handler may do next to nothing (signal-safety(7)): it notes the signal, and the
 * library asks for it once per step. */
/* SPDX-License-Identifier: MIT */
#include <signal.h>
#include <unistd.h>

#include "cli_screen.h"

static volatile sig_atomic_t asked, save_asked;

static void on_signal(int number)
{
    if (asked) _exit(128 + number);
    asked = number;
}

static void on_save_signal(int number)
{
    (void)number;
    save_asked = 1;
}

static void catch (int number, void (*handler)(int))
{
    struct sigaction old, action = {.sa_handler = handler, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    if (sigaction(number, NULL, &old) == 0 && old.sa_handler == SIG_IGN)
        return; /* nohup, or a shell's background job, wants it ignored */
    sigaction(number, &action, NULL);
}

void lg_cli_signals_catch(void)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) catch (numbers[i], on_signal);
}

void lg_cli_save_signal_catch(void)
{
    catch (SIGUSR1, on_save_signal);
}

int lg_cli_save_signal(void)
{
    const int came = (int)save_asked;
    if (came) save_asked = 0; /* one that comes now asks for the save that follows */
    return came;
}

int lg_cli_signal(void)
{
    return (int)asked;
}
