/* main.c -- the process around the command: descriptors, signals, the exit code.
 *
 * The command.  The only file that ends the program. */
/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "cli_screen.h"

/* A closed standard stream must not become the number of a file that is opened later: results
 * would be written into a model.  It is filled with one on which every write (read) fails. */
static void hold_standard_streams(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
            (void)!open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);
}

/* The reader of a pipe has gone: end as any filter does, without a word. */
static int end_by_sigpipe(void)
{
    signal(SIGPIPE, SIG_DFL);
    raise(SIGPIPE);
    return 128 + SIGPIPE;
}

/* A verdict is a result, and stands with the results. */
static int is_verdict(logit_status status)
{
    return status == LOGIT_E_CHECK || status == LOGIT_E_INCONCLUSIVE;
}

int main(int argc, char **argv)
{
    logit_error err = {0};
    hold_standard_streams();
    signal(SIGPIPE, SIG_IGN); /* a write then fails, and a run can be saved before the end */
    lg_cli_save_signal_catch();
    signal(SIGXFSZ, SIG_IGN); /* the same where a file may not grow (ulimit -f): EFBIG, exit 5 */
    lg_cli cli = {.out = stdout, .err_colour = lg_cli_wants_colour(stderr)};

    logit_status status = lg_cli_command(&cli, argc, argv, environ, &err);
    const int good = status == LOGIT_OK || is_verdict(status);
    const logit_status flushed = lg_cli_flush(&cli, good ? &err : NULL);
    if (good && flushed != LOGIT_OK) status = flushed;

    lg_cli_progress_clear(&cli);
    if (status != LOGIT_OK && !is_verdict(status) && cli.out_errno != EPIPE)
        lg_cli_complain(&cli, &err);
    const int broken_pipe = cli.out_errno == EPIPE;
    lg_cli_clear(&cli);
    logit_sandbox_stop();
    if (broken_pipe) return end_by_sigpipe();
    if (status == LOGIT_E_STOPPED && lg_cli_signal()) return 128 + lg_cli_signal();
    return logit_exit_code(status);
}
