/* cli_explain_map.c -- a heat map on a terminal.
 *
 * The command. */
/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "cli_explain.h"

enum { COLUMNS = 36 /* of each picture */ };

/* A picture cut into cells: cell (x, y) covers pixels from x w / columns on. */
typedef struct grid {
    const logit_explanation *e;
    int which, columns, rows; /* rows of cells; two in a line of text */
    double most;
} grid;

static void span(int i, int cells, int pixels, int *begin, int *end)
{
    *begin = (int)((int64_t)i * pixels / cells);
    *end = (int)((int64_t)(i + 1) * pixels / cells);
    if (*end == *begin) *end = *begin + 1;
}

/* Of a cell: the mean of channel c of the sample (c >= 0), or the sum of its terms (c < 0). */
static double cell_of(const grid *g, int x, int y, int c)
{
    int x0, x1, y0, y1;
    double sum = 0.0;
    const logit_explanation *e = g->e;
    span(x, g->columns, e->width, &x0, &x1);
    span(y, g->rows, e->height, &y0, &y1);
    for (int py = y0; py < y1; py++)
        for (int px = x0; px < x1; px++) {
            const int64_t at = ((int64_t)py * e->width + px) * e->channels;
            if (c >= 0) sum += e->pixels[at + (e->channels == 3 ? c : 0)];
            for (int i = 0; c < 0 && i < e->channels; i++) sum += e->of[g->which].product[at + i];
        }
    return c >= 0 ? sum / ((double)(x1 - x0) * (y1 - y0)) : sum;
}

static void colour_of(const grid *g, int x, int y, int heat, int rgb[3])
{
    static const double end[2][3] = {{33, 102, 172}, {178, 24, 43}};
    const double share = heat ? cell_of(g, x, y, -1) / g->most : 0.0;
    for (int i = 0; i < 3; i++)
        rgb[i] = heat ? (int)(248 + sqrt(fmin(fabs(share), 1)) * (end[share > 0][i] - 248))
                      : (int)cell_of(g, x, y, i);
}

/* Two cells, one above the other, in one character. */
static void print_block(FILE *out, const grid *g, int x, int line, int heat)
{
    int upper[3], lower[3];
    colour_of(g, x, 2 * line, heat, upper);
    colour_of(g, x, 2 * line + 1 < g->rows ? 2 * line + 1 : 2 * line, heat, lower);
    fprintf(out, "\033[38;2;%d;%d;%d;48;2;%d;%d;%dm\u2580", upper[0], upper[1], upper[2], lower[0],
            lower[1], lower[2]);
}

/* The same without colour: brightness, or the sign and size of the terms. */
static void print_shade(FILE *out, const grid *g, int x, int line, int heat)
{
    static const char bright[] = " .:-=+*#%@", plus[] = " .+#", minus[] = " '-=";
    const int below = 2 * line + 1 < g->rows ? 2 * line + 1 : 2 * line;
    if (!heat) {
        double sum = 0.0;
        for (int c = 0; c < 3; c++) sum += cell_of(g, x, 2 * line, c) + cell_of(g, x, below, c);
        fputc(bright[(int)fmin(sum / 6.0 / 25.6, 9)], out);
        return;
    }
    const double share = (cell_of(g, x, 2 * line, -1) + cell_of(g, x, below, -1)) / 2.0 / g->most;
    const int size = (int)fmin(sqrt(fabs(share)) * 4.0, 3);
    fputc(share > 0 ? plus[size] : minus[size], out);
}

static void print_line(const lg_cli *cli, const grid *g, int line)
{
    fputs("  ", cli->out);
    for (int heat = 0; heat < 2; heat++) {
        for (int x = 0; x < g->columns; x++)
            (cli->out_colour ? print_block : print_shade)(cli->out, g, x, line, heat);
        fprintf(cli->out, "%s%s", cli->out_colour ? "\033[0m" : "", heat ? "\n" : "   ");
    }
}

void lg_cli_explain_map(const lg_cli *cli, const logit_explanation *e, int which)
{
    grid g = {.e = e, .which = which};
    if (!e->pixels) return;
    g.columns = e->width < COLUMNS ? e->width : COLUMNS;
    g.rows = (int)((int64_t)e->height * g.columns / e->width);
    if (g.rows < 1) g.rows = 1;
    if (g.rows > 2 * COLUMNS) g.rows = 2 * COLUMNS;
    for (int y = 0; y < g.rows; y++)
        for (int x = 0; x < g.columns; x++) g.most = fmax(g.most, fabs(cell_of(&g, x, y, -1)));
    if (!(g.most > 0.0)) g.most = 1.0;
    fputs("\n", cli->out);
    for (int line = 0; 2 * line < g.rows; line++) print_line(cli, &g, line);
    fprintf(cli->out, "  left the image, right its terms%s: %s\n", e->y ? "" : " w x",
            cli->out_colour ? "red for, blue against" : "\". + #\" for, \"' - =\" against");
}
