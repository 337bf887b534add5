/* cli_screen.c -- colour, columns, and numbers as people write them.
 *
 * The command. */
/* SPDX-License-Identifier: MIT */
#include "cli_screen.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/status.h"

/* -------------------------------------------------------------------------------- results --- */

int lg_cli_is_text(const lg_cli *cli)
{
    return strcmp(cli->set.format, "text") == 0;
}

int lg_cli_is_json(const lg_cli *cli)
{
    return strcmp(cli->set.format, "json") == 0;
}

logit_status lg_cli_flush(lg_cli *cli, logit_error *err)
{
    errno = 0;
    const int failed = fflush(cli->out) != 0 || ferror(cli->out);
    if (failed && !cli->out_errno) cli->out_errno = errno ? errno : EIO;
    if (!failed && !cli->out_errno) return LOGIT_OK;
    LG_FAIL(err, LOGIT_E_IO, "standard output: cannot be written: %s; the results are not complete",
            strerror(cli->out_errno));
}

logit_status lg_cli_put(lg_cli *cli, lg_text *text, logit_error *err)
{
    const int failed = text->failed;
    if (!failed && text->data) fwrite(text->data, 1, text->size, cli->out);
    lg_text_clear(text);
    if (failed) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the results");
    return lg_cli_flush(cli, err);
}

void lg_cli_next(lg_cli *cli, const char *command)
{
    if (!lg_cli_is_text(cli) || cli->set.quiet) return;
    fprintf(cli->out, "next: %s%s%s\n", lg_cli_colour_text(cli->out_colour, LG_BOLD), command,
            lg_cli_colour_text(cli->out_colour, LG_PLAIN));
}

/* --------------------------------------------------------------------------------- colour --- */

int lg_cli_wants_colour(FILE *stream)
{
    const char *refused = getenv("NO_COLOR"), *terminal = getenv("TERM");
    if (refused && *refused) return 0;
    return terminal && strcmp(terminal, "dumb") != 0 && isatty(fileno(stream));
}

const char *lg_cli_colour_text(int wanted, lg_cli_colour colour)
{
    static const char *const sequence[] = {
        [LG_PLAIN] = "\033[0m", [LG_BOLD] = "\033[1m",   [LG_DIM] = "\033[2m",
        [LG_RED] = "\033[31m",  [LG_GREEN] = "\033[32m", [LG_YELLOW] = "\033[33m",
    };
    return wanted ? sequence[colour] : "";
}

/* -------------------------------------------------------------------------------- numbers --- */

const char *lg_cli_count(char *out, double value)
{
    char digits[LG_CELL / 2];
    if (!(fabs(value) < 1e15)) {
        snprintf(out, LG_CELL, "%.3g", value);
        return out;
    }
    const int length = snprintf(digits, sizeof digits, "%.0f", fabs(value));
    char *to = out;
    if (value <= -0.5) *to++ = '-';
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0) *to++ = ',';
        *to++ = digits[i];
    }
    *to = '\0';
    return out;
}

const char *lg_cli_duration(char *out, double seconds)
{
    if (!(seconds >= 0.0 && seconds < 1e9)) {
        snprintf(out, LG_CELL, "?");
        return out;
    }
    const long whole = lround(seconds);
    if (whole >= 3600)
        snprintf(out, LG_CELL, "%ld:%02ld:%02ld", whole / 3600, whole / 60 % 60, whole % 60);
    else
        snprintf(out, LG_CELL, "%ld:%02ld", whole / 60, whole % 60);
    return out;
}

const char *lg_cli_elapsed(char *out, double seconds)
{
    if (!(seconds < 60.0)) return lg_cli_duration(out, seconds);
    snprintf(out, LG_CELL, seconds < 10.0 ? "%.2f s" : "%.1f s", seconds);
    return out;
}

const char *lg_cli_figure(char *out, double value)
{
    if (isnan(value))
        snprintf(out, LG_CELL, "-");
    else if (fabs(value) < 1e6)
        snprintf(out, LG_CELL, "%.4f", value);
    else
        snprintf(out, LG_CELL, "%.4g", value);
    return out;
}

/* How many to one, for log odds >= 0: from the logarithm, since the odds overflow at 710. */
static void odds_number(char *out, double log_odds)
{
    const double odds = exp(log_odds);
    if (odds < 9.95) {
        snprintf(out, LG_CELL / 2, "%.15g", round(odds * 10.0) / 10.0);
        return;
    }
    if (odds < 999999.5) {
        lg_cli_count(out, odds);
        return;
    }
    double exponent = floor(log_odds / log(10.0));
    double mantissa = pow(10.0, log_odds / log(10.0) - exponent);
    if (mantissa >= 9.95) {
        mantissa = 1.0;
        exponent += 1.0;
    }
    snprintf(out, LG_CELL / 2, "%.1fe%.0f", mantissa, exponent);
}

const char *lg_cli_odds(char *out, double log_odds)
{
    const char *side = log_odds > 0.0 ? "for" : "against";
    char number[LG_CELL];
    if (isnan(log_odds))
        snprintf(out, LG_CELL, "-");
    else if (isinf(log_odds))
        snprintf(out, LG_CELL, "certainly %s", side);
    else if (fabs(log_odds) < log(1.05))
        snprintf(out, LG_CELL, "even");
    else {
        odds_number(number, fabs(log_odds));
        snprintf(out, LG_CELL, "%.60s : 1 %s", number, side);
    }
    return out;
}

/* ---------------------------------------------------------------------------------- names --- */

const char *lg_cli_things(const lg_cli *cli)
{
    return cli->floats ? "samples" : "images";
}

int lg_cli_is_lbfgs(const lg_cli *cli)
{
    return strcmp(cli->set.library.optimizer, "lbfgs") == 0;
}

const char *lg_cli_round(const lg_cli *cli)
{
    return lg_cli_is_lbfgs(cli) ? "pass" : "epoch";
}

/* The code point at *s, which moves past it.  The text is valid: lg_text_escape has seen it. */
static uint32_t next_code(const char **s)
{
    const unsigned char *c = (const unsigned char *)*s;
    const int more = c[0] < 0x80 ? 0 : c[0] < 0xE0 ? 1 : c[0] < 0xF0 ? 2 : 3;
    uint32_t code = more == 0 ? c[0] : c[0] & (0x3Fu >> more);
    int i = 1;
    for (; i <= more && (c[i] & 0xC0) == 0x80; i++) code = code << 6 | (c[i] & 0x3Fu);
    *s += i;
    return code;
}

/* Columns of one character.  The ranges are the blocks of wide (East Asian Width W and F, emoji)
 * and of combining characters that names are likely to hold; source: Unicode 15,
 * EastAsianWidth.txt and Blocks.txt. */
static int code_width(uint32_t code)
{
    static const struct {
        uint32_t first, last;
        int width;
    } range[] = {
        {0x0300, 0x036F, 0},   {0x1100, 0x115F, 2},   {0x200B, 0x200F, 0},   {0x20D0, 0x20FF, 0},
        {0x2E80, 0x303E, 2},   {0x3041, 0xA4CF, 2},   {0xAC00, 0xD7A3, 2},   {0xF900, 0xFAFF, 2},
        {0xFE00, 0xFE0F, 0},   {0xFE30, 0xFE6F, 2},   {0xFF00, 0xFF60, 2},   {0xFFE0, 0xFFE6, 2},
        {0x1F300, 0x1F64F, 2}, {0x1F680, 0x1F6FF, 2}, {0x1F900, 0x1FAFF, 2}, {0x20000, 0x3FFFD, 2},
    };
    for (size_t i = 0; i < sizeof range / sizeof *range; i++)
        if (code >= range[i].first && code <= range[i].last) return range[i].width;
    return 1;
}

int lg_cli_width(const char *text)
{
    int width = 0;
    while (*text) width += code_width(next_code(&text));
    return width;
}

const char *lg_cli_name(char *out, const char *name, int columns)
{
    lg_text_escape(out, LG_CELL, name);
    if (lg_cli_width(out) <= columns) return out;
    const char *at = out;
    for (int used = 0;;) {
        const char *next = at;
        used += code_width(next_code(&next));
        if (used > columns - 2) break;
        at = next;
    }
    memcpy(out + (at - out), "..", 3);
    return out;
}

void lg_cli_cell(FILE *out, const char *text, int columns)
{
    const int room = abs(columns) - lg_cli_width(text);
    const int blanks = room > 0 ? room : 0;
    if (columns < 0) fprintf(out, "%*s", blanks, "");
    fputs(text, out);
    if (columns > 0) fprintf(out, "%*s", blanks, "");
}

void lg_cli_shell_word(lg_text *text, const char *word)
{
    static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                               "_-./:=,+@%";
    char shown[4096];
    const size_t length = strlen(word);
    if (length > 0 && strspn(word, safe) == length) {
        lg_text_add(text, "%s", word);
        return;
    }
    /* What cannot be shown as it is goes into the shell's $'..' form. */
    const int odd = strcmp(lg_text_escape(shown, sizeof shown, word), word) != 0;
    lg_text_add(text, odd ? "$'" : "'");
    for (const unsigned char *c = (const unsigned char *)word; *c; c++) {
        if (odd && (*c < 0x20 || *c >= 0x7F))
            lg_text_add(text, "\\x%02X", *c);
        else if (odd && (*c == '\'' || *c == '\\'))
            lg_text_add(text, "\\%c", *c);
        else if (*c == '\'')
            lg_text_add(text, "'\\''");
        else
            lg_text_add(text, "%c", *c);
    }
    lg_text_add(text, "'");
}
