/* cli_progress.c -- what a long call says on stderr while it works.
 *
 * The command.  On a terminal one line is rewritten, at most ten times a second and never wider
 * than the terminal; elsewhere a line is written every ten seconds.  Messages of the library come
 * the same way. */
/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/status.h"
#include "cli_screen.h"

static const double line_pause = 0.1, plain_pause = 10.0; /* seconds */

/* ------------------------------------------------------------------------------- the line --- */

enum { PIECES = 8, PIECE = 64 };

/* The parts of a progress line, in their order, each with its rank: the highest goes first where
 * the line is too long. */
typedef struct pieces {
    char text[PIECES][PIECE];
    int rank[PIECES];
    int count;
} pieces;

static void add_piece(pieces *line, int rank, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void add_piece(pieces *line, int rank, const char *format, ...)
{
    va_list arguments;
    if (line->count == PIECES) return;
    va_start(arguments, format);
    vsnprintf(line->text[line->count], PIECE, format, arguments);
    va_end(arguments);
    line->rank[line->count++] = rank;
}

static void add_counts(pieces *line, const logit_progress *progress)
{
    char done[LG_CELL], total[LG_CELL];
    lg_cli_count(done, (double)progress->done);
    if (progress->total > 0) {
        add_piece(line, 1, "%.20s/%.20s", done, lg_cli_count(total, (double)progress->total));
        const double share = (double)progress->done / (double)progress->total;
        add_piece(line, 2, "%.0f %%", floor(100.0 * share));
    } else
        add_piece(line, 1, "%.20s", done);
}

static void add_speed(pieces *line, const lg_cli *cli, const logit_progress *progress)
{
    char number[LG_CELL];
    if (progress->samples_per_second > 0.0)
        add_piece(line, 3, "%.20s %s/s", lg_cli_count(number, progress->samples_per_second),
                  lg_cli_things(cli));
}

static void add_left(pieces *line, const logit_progress *progress)
{
    char number[LG_CELL];
    if (progress->seconds_left > 0.0)
        add_piece(line, 2, "%.20s left", lg_cli_duration(number, progress->seconds_left));
}

static void make_pieces(pieces *line, const lg_cli *cli, const logit_progress *progress)
{
    static const char *const doing[] = {
        [LOGIT_PHASE_SCAN] = "looking for images", [LOGIT_PHASE_READ] = "reading images",
        [LOGIT_PHASE_TUNE] = "measuring the data", [LOGIT_PHASE_TRAIN] = "training",
        [LOGIT_PHASE_EVAL] = "evaluating",         [LOGIT_PHASE_PACK] = "packing",
    };
    line->count = 0;
    if (progress->phase != LOGIT_PHASE_TRAIN) {
        add_piece(line, 0, "%s", doing[progress->phase]);
        add_counts(line, progress);
        if (progress->phase != LOGIT_PHASE_SCAN) add_speed(line, cli, progress);
        add_left(line, progress);
        return;
    }
    add_piece(line, 0, "%s %d/%d", lg_cli_round(cli), progress->epoch, progress->epochs);
    add_piece(line, 5, "step %lld/%lld", (long long)progress->step, (long long)progress->steps);
    if (!isnan(progress->loss)) add_piece(line, 1, "loss %.4f", progress->loss);
    add_speed(line, cli, progress);
    add_piece(line, 4, "wait %.0f %%", 100.0 * progress->waiting);
    add_left(line, progress);
}

static int pieces_width(const pieces *line)
{
    int width = 0;
    for (int i = 0; i < line->count; i++)
        if (line->text[i][0]) width += (int)strlen(line->text[i]) + (i ? 2 : 0);
    return width;
}

const char *lg_cli_progress_line(char *out, size_t size, const lg_cli *cli,
                                 const logit_progress *progress, int columns)
{
    pieces line;
    make_pieces(&line, cli, progress);
    while (pieces_width(&line) >= columns) {
        int worst = 0;
        for (int i = 1; i < line.count; i++)
            if (line.text[i][0] && line.rank[i] > line.rank[worst]) worst = i;
        if (worst == 0) break;
        line.text[worst][0] = '\0';
    }
    size_t used = 0;
    out[0] = '\0';
    for (int i = 0; i < line.count; i++) {
        if (!line.text[i][0] || used + PIECE + 2 > size) continue;
        used += (size_t)snprintf(out + used, size - used, "%s%s", i ? "  " : "", line.text[i]);
    }
    if ((int)used >= columns) out[columns > 1 ? columns - 1 : 0] = '\0';
    return out;
}

/* ----------------------------------------------------------------------------- the stream --- */

static int terminal_columns(void)
{
    struct winsize size;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

void lg_cli_progress_clear(lg_cli *cli)
{
    if (!cli->line_shown) return;
    fputs("\r\033[K", stderr);
    cli->line_shown = 0;
}

static void on_progress(void *user, const logit_progress *progress)
{
    lg_cli *cli = user;
    char line[512];
    const double now = lg_seconds();
    const int rewrite = cli->progress == LG_PROGRESS_LINE;
    if (cli->progress == LG_PROGRESS_NONE) return;
    if (now - cli->line_moment < (rewrite ? line_pause : plain_pause)) return;
    cli->line_moment = now;
    lg_cli_progress_line(line, sizeof line, cli, progress, rewrite ? terminal_columns() : 400);
    fprintf(stderr, rewrite ? "\r%s\033[K" : "%s\n", line);
    cli->line_shown = rewrite;
}

void lg_cli_say(lg_cli *cli, logit_level level, const char *text)
{
    if (level == LOGIT_LEVEL_INFO && !cli->set.verbose) return;
    if (level == LOGIT_LEVEL_NOTICE && cli->set.quiet) return;
    lg_cli_progress_clear(cli);
    const int warning = level == LOGIT_LEVEL_WARNING;
    fprintf(stderr, "logit: %s%s%s%s\n", lg_cli_colour_text(warning && cli->err_colour, LG_YELLOW),
            warning ? "warning: " : "", lg_cli_colour_text(warning && cli->err_colour, LG_PLAIN),
            text);
}

void lg_cli_take_model(lg_cli *cli, const logit_model *model)
{
    char text[LG_CELL], number[LG_CELL];
    const logit_model_info info = logit_model_describe(model);
    const int64_t count = info.not_finite;
    cli->floats = info.floats;
    if (count == 0) return;
    snprintf(text, sizeof text, "the model is not finite: %.20s of its weights %s",
             lg_cli_count(number, (double)count),
             count == 1 ? "is nan or infinite" : "are nan or infinite");
    lg_cli_say(cli, LOGIT_LEVEL_WARNING, text);
}

void lg_cli_complain(lg_cli *cli, const logit_error *err)
{
    lg_cli_progress_clear(cli);
    const char *text = err->message[0] ? err->message : logit_status_text(err->status);
    fprintf(stderr, "%slogit:%s %s", lg_cli_colour_text(cli->err_colour, LG_RED),
            lg_cli_colour_text(cli->err_colour, LG_PLAIN), text);
    if (cli->set.verbose && err->file) fprintf(stderr, " (%s:%d)", err->file, err->line);
    fputs("\n", stderr);
}

/* ------------------------------------------------------------------------------ the watch --- */

static void on_message(void *user, logit_level level, const char *text)
{
    lg_cli_say(user, level, text);
}

static int on_save(void *user)
{
    (void)user;
    return lg_cli_save_signal();
}

/* Where nothing is trained SIGUSR1 was meant for another program, or by mistake. */
static int on_stop(void *user)
{
    lg_cli *cli = user;
    if (cli->verb != LG_VERB_TRAIN && lg_cli_save_signal())
        lg_cli_say(cli, LOGIT_LEVEL_NOTICE,
                   "SIGUSR1 saves a checkpoint of logit train; here it changes nothing");
    return cli->failed != LOGIT_OK || lg_cli_signal() != 0;
}

logit_watch lg_cli_watch(lg_cli *cli)
{
    lg_cli_signals_catch();
    cli->line_moment = lg_seconds(); /* a call that is over at once shows no line at all */
    return (logit_watch){.user = cli,
                         .message = on_message,
                         .progress = on_progress,
                         .stop = on_stop,
                         .save = on_save};
}

logit_status lg_cli_watched(lg_cli *cli, logit_status status, logit_error *err)
{
    lg_cli_progress_clear(cli);
    if (cli->failed == LOGIT_OK) return status;
    if (err) *err = cli->failure;
    return cli->failed;
}

void lg_cli_screen_open(lg_cli *cli)
{
    const char *terminal = getenv("TERM"), *wanted = cli->set.progress;
    const int can_rewrite = terminal && strcmp(terminal, "dumb") != 0 && isatty(STDERR_FILENO);
    cli->out_colour = lg_cli_wants_colour(cli->out);
    cli->err_colour = lg_cli_wants_colour(stderr);
    cli->progress = can_rewrite ? LG_PROGRESS_LINE : LG_PROGRESS_PLAIN;
    if (strcmp(wanted, "plain") == 0) cli->progress = LG_PROGRESS_PLAIN;
    if (strcmp(wanted, "none") == 0 || (cli->set.quiet && strcmp(wanted, "auto") == 0))
        cli->progress = LG_PROGRESS_NONE;
    if (cli->set.verbose && cli->notes.data) fputs(cli->notes.data, stderr);
}
