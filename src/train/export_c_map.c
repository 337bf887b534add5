/* export_c_map.c -- the feature map of an exported C file: core/ref_lift.c, with its shapes in an
 * enum and its arrays in the file.
 *
 * Inputs are normalised where they are needed, and a feature meets its weights as soon as it is
 * known: no buffer holds either.  Windows keep the sums of one cell, and the numbers of one window.
 */
/* SPDX-License-Identifier: MIT */
#include "train/export_c.h"
#include "train/feature_map.h"

static lg_lift_family family_of(const lg_export *e)
{
    return lg_lifts[e->model->map->lift.kind].family;
}

int lg_export_c_map_is_mathematical(const lg_export *e)
{
    return family_of(e) != LG_LIFT_PRODUCTS && e->model->map->lift.kind != LG_LIFT_STEP;
}

/* --------------------------------------------------------------------------------- numbers --- */

static void add_pairs(lg_text *text, const lg_lift *lift)
{
    lg_text_add(text, "enum { PAIRS = %d };\n\nstatic const int pair[PAIRS][2] = {\n", lift->units);
    for (int64_t t = 0; t < lift->units && !text->failed; t++)
        lg_text_add(text, "    {%d, %d}%s\n", (int)lift->pair[2 * t], (int)lift->pair[2 * t + 1],
                    t + 1 < lift->units ? "," : "");
    lg_text_add(text, "};\n");
}

static void add_filters(lg_text *text, const lg_lift *lift, const char *size)
{
    const int64_t width = lg_lift_filter_width(lift);
    lg_export_c_matrix(text, "filter", size, lift->filter,
                       (lg_export_c_shape){lift->units, width, width, 1});
    lg_export_c_vector(text, "offset", "UNITS", lift->offset, lift->units);
}

static void add_single(lg_text *text, const char *name, float value)
{
    lg_text_add(text, "static const float %s = ", name);
    lg_export_c_float(text, value);
    lg_text_add(text, ";\n");
}

/* DOWN x ACROSS windows in GRID x GRID cells. */
static void add_window_numbers(lg_text *text, const lg_lift *lift)
{
    lg_text_add(text,
                "enum { UNITS = %d, WIDTH = %d, SIZE = %d, STRIDE = %d, DOWN = %d, ACROSS = %d,\n"
                "       GRID = %d, WINDOW = %lld };\n\n",
                lift->units, lift->width, lift->size, lift->stride, lg_lift_down(lift),
                lg_lift_across(lift), lift->grid, (long long)lg_lift_window(lift));
    add_single(text, "contrast", lift->contrast);
    add_single(text, "threshold", lift->threshold);
    add_filters(text, lift, "[UNITS][WINDOW]");
}

void lg_export_c_map_numbers(lg_text *text, const lg_export *e)
{
    const lg_feature_map *map = e->model->map;
    const lg_lift *lift = &map->lift;
    const int64_t d = lg_feature_map_features(map);
    lg_text_add(text, "/* The features %s */\n", map->text);
    switch (family_of(e)) {
    case LG_LIFT_PRODUCTS:
        add_pairs(text, lift);
        break;
    case LG_LIFT_LAYER:
        lg_text_add(text, "enum { UNITS = FEATURES };\n\n");
        add_filters(text, lift, "[UNITS][INPUTS]");
        break;
    case LG_LIFT_WINDOWS:
        add_window_numbers(text, lift);
        break;
    }
    lg_export_c_vector(text, "feature_scale", "FEATURES", map->scale, d);
    lg_export_c_vector(text, "feature_shift", "FEATURES", map->shift, d);
    lg_text_add(text, "\n");
}

/* ------------------------------------------------------------------------------- functions --- */

static void add_input(lg_text *text, const lg_export *e)
{
    const char *at = e->model->floats ? "j" : "j % CHANNELS";
    lg_text_add(text,
                "\ntypedef %s stored;\n"
                "\n/* Number j of a sample, normalised. */\n"
                "static double input(const stored *sample, int j)\n{\n    return ",
                lg_export_c_element(e));
    if (e->normals)
        lg_text_add(text, "(double)scale[%s] * (double)sample[j] + (double)shift[%s];\n}\n", at,
                    at);
    else
        lg_text_add(text, "(double)sample[j];\n}\n");
}

static const char feature_text[] =
    "\n/* Feature j meets its weights. */\n"
    "static void add_feature(int j, double y, double *z)\n{\n"
    "    const double x = (double)feature_scale[j] * y + (double)feature_shift[j];\n"
    "    int k;\n"
    "    for (k = 0; k < OUTPUTS; k++) z[k] += (double)weight[j][k] * x;\n}\n";

static const char products_text[] =
    "\n/* y = (u, u_a u_b of each pair) */\n"
    "static void add_features(const stored *sample, double *z)\n{\n"
    "    int j, t;\n"
    "    for (j = 0; j < INPUTS; j++) add_feature(j, input(sample, j), z);\n"
    "    for (t = 0; t < PAIRS; t++)\n"
    "        add_feature(INPUTS + t, input(sample, pair[t][0]) * input(sample, pair[t][1]), "
    "z);\n}\n";

static const char window_text[] =
    "\n/* The numbers of the window at (top, left); returns their deviation. */\n"
    "static double read_window(const stored *sample, int top, int left, double *v)\n{\n"
    "    double sum = 0.0, squares = 0.0;\n"
    "    int t;\n"
    "    for (t = 0; t < WINDOW; t++) {\n"
    "        const int row = top + t / (SIZE * CHANNELS);\n"
    "        const int column = left * CHANNELS + t % (SIZE * CHANNELS);\n"
    "        v[t] = input(sample, row * WIDTH * CHANNELS + column);\n"
    "        sum += v[t];\n"
    "    }\n"
    "    for (t = 0; t < WINDOW; t++) {\n"
    "        const double off = v[t] - sum / (double)WINDOW;\n"
    "        squares += off * off;\n"
    "    }\n"
    "    return sqrt(squares / (double)WINDOW + (double)contrast);\n}\n"
    "\n/* What the units answer to a window goes to the features of its cell. */\n"
    "static void add_window(const stored *sample, int top, int left, double *cell)\n{\n"
    "    double v[WINDOW];\n"
    "    const double deviation = read_window(sample, top, left, v);\n"
    "    int k, t;\n"
    "    for (k = 0; k < UNITS; k++) {\n"
    "        double sum = 0.0, r;\n"
    "        for (t = 0; t < WINDOW; t++) sum += (double)filter[k][t] * v[t];\n"
    "        r = sum / deviation + (double)offset[k];\n"
    "        cell[2 * k] += fmax(0.0, r - (double)threshold);\n"
    "        cell[2 * k + 1] += fmax(0.0, -r - (double)threshold);\n"
    "    }\n}\n";

static const char cells_text[] =
    "\n/* The first of `count` windows in a row that falls into this cell. */\n"
    "static int cell_begin(int cell, int count)\n{\n"
    "    return (cell * count + GRID - 1) / GRID;\n}\n"
    "\n/* y: means over the windows of each cell. */\n"
    "static void add_features(const stored *sample, double *z)\n{\n"
    "    double cell[2 * UNITS];\n"
    "    int c, i, j, k;\n"
    "    for (c = 0; c < GRID * GRID; c++) {\n"
    "        const int top = cell_begin(c / GRID, DOWN);\n"
    "        const int bottom = cell_begin(c / GRID + 1, DOWN);\n"
    "        const int left = cell_begin(c % GRID, ACROSS);\n"
    "        const int right = cell_begin(c % GRID + 1, ACROSS);\n"
    "        const double windows = (double)(bottom - top) * (double)(right - left);\n"
    "        for (k = 0; k < 2 * UNITS; k++) cell[k] = 0.0;\n"
    "        for (i = top; i < bottom; i++)\n"
    "            for (j = left; j < right; j++)\n"
    "                add_window(sample, i * STRIDE, j * STRIDE, cell);\n"
    "        for (k = 0; k < 2 * UNITS; k++)\n"
    "            add_feature(2 * UNITS * c + k, cell[k] / windows, z);\n"
    "    }\n}\n";

/* As core/ref_lift.c has it. */
static const char *activation(lg_lift_kind kind)
{
    if (kind == LG_LIFT_RFF) return "cos(a)";
    if (kind == LG_LIFT_STEP) return "a > 0.0 ? 1.0 : 0.0";
    return "a >= 0.0 ? 1.0 / (1.0 + exp(-a)) : exp(a) / (1.0 + exp(a))";
}

static void add_layer(lg_text *text, lg_lift_kind kind)
{
    lg_text_add(
        text,
        "\n/* y_k of a = F_k u + o_k */\n"
        "static void add_features(const stored *sample, double *z)\n{\n"
        "    int j, k;\n"
        "    for (k = 0; k < UNITS; k++) {\n"
        "        double a = 0.0;\n"
        "        for (j = 0; j < INPUTS; j++) a += (double)filter[k][j] * input(sample, j);\n"
        "        a += (double)offset[k];\n"
        "        add_feature(k, %s, z);\n"
        "    }\n}\n",
        activation(kind));
}

void lg_export_c_map_functions(lg_text *text, const lg_export *e)
{
    add_input(text, e);
    lg_text_add(text, "%s", feature_text);
    switch (family_of(e)) {
    case LG_LIFT_PRODUCTS:
        lg_text_add(text, "%s", products_text);
        break;
    case LG_LIFT_LAYER:
        add_layer(text, e->model->map->lift.kind);
        break;
    case LG_LIFT_WINDOWS:
        lg_text_add(text, "%s%s", window_text, cells_text);
        break;
    }
}
