/* export_c.c -- a model as one C99 file: its numbers, and a function that uses them.
 *
 * Numbers are hexadecimal floats, which stand for themselves to the last bit; the arithmetic is
 * that of the reference backend (doubles, summed in the order of the features), so that the scores
 * are those of `logit predict --device ref`.  The weights stand feature by feature: one pass over a
 * sample serves all outputs, and needs no memory but their sums. */
/* SPDX-License-Identifier: MIT */
#include <limits.h>
#include <string.h>

#include "base/file.h"
#include "base/status.h"
#include "base/text.h"
#include "train/export_c.h"
#include "train/feature_map.h"

/* C99 promises 4095 characters to a string literal. */
enum { LONGEST_LITERAL = 4000 };

/* ----------------------------------------------------------------------------------- names --- */

/* A byte as the inside of a literal; three octal digits, since more could follow; '?' lest two make
 * a trigraph. */
static void add_byte(lg_text *text, unsigned char c)
{
    if (c == '"' || c == '\'' || c == '\\' || c == '?')
        lg_text_add(text, "\\%c", c);
    else if (c < 0x20 || c >= 0x7F)
        lg_text_add(text, "\\%03o", c);
    else
        lg_text_add(text, "%c", c);
}

static void add_name(lg_text *text, const char *name)
{
    const unsigned char *c = (const unsigned char *)name;
    if (strlen(name) <= LONGEST_LITERAL) {
        lg_text_add(text, "    \"");
        for (; *c; c++) add_byte(text, *c);
        lg_text_add(text, "\",\n");
        return;
    }
    lg_text_add(text, "    (const char[]){");
    for (int column = 0; *c; c++, column++) {
        if (column % 16 == 0) lg_text_add(text, "\n        ");
        lg_text_add(text, "'");
        add_byte(text, *c);
        lg_text_add(text, "', ");
    }
    lg_text_add(text, "0},\n");
}

static void add_names(lg_text *text, const logit_model *model)
{
    if (model->classes == 0) return;
    lg_text_add(text, "const char *const logit_class_name[CLASSES] = {\n");
    for (int c = 0; c < model->classes; c++) add_name(text, model->class_name[c]);
    lg_text_add(text, "};\n\n");
}

/* ------------------------------------------------------------------------------ the comment --- */

/* What the numbers that come out are called. */
static const char *answer_name(const lg_export *e)
{
    if (e->model->classes == 0) return "value";
    return e->link == LG_LINK_IDENTITY ? "score" : "probability";
}

static void add_parameters(lg_text *text, const lg_export *e)
{
    lg_text_add(text, "(const %s, float *%s)",
                e->model->floats ? "float *features" : "unsigned char *pixels", answer_name(e));
}

static void add_input(lg_text *text, const logit_model *model)
{
    const lg_image_target *shape = &model->shape;
    if (model->floats) {
        lg_text_add(text, " *   features  [%lld], as the model was trained on; normalised here\n",
                    (long long)model->inputs);
        return;
    }
    lg_text_add(
        text,
        " *   pixels  [%d][%d][%d]: rows from the top, columns from the left, %s; 0 to 255.\n"
        " *       Images of another size: %s.\n",
        shape->height, shape->width, shape->channels,
        shape->channels == 1 ? "grey" : "red, green, blue", model->resize);
}

static void add_output(lg_text *text, const lg_export *e)
{
    const int classes = e->model->classes;
    if (classes == 0) {
        lg_text_add(text, " *   value  [1]: what the model says\n *   Returns 0.\n");
        return;
    }
    lg_text_add(text,
                " *   %s  [%d], one per class, or NULL%s\n"
                " *   Returns the class, 0 to %d; logit_class_name[class] is its name.\n",
                answer_name(e), classes,
                e->link == LG_LINK_SIGMOID && !lg_export_is_two_sided(e)
                    ? "; each class against the rest: the sum is not 1"
                    : "",
                classes - 1);
}

static void add_comment(lg_text *text, const lg_export *e)
{
    const logit_model *model = e->model;
    lg_text_add(
        text,
        "/* A linear model (loss: %s) of %lld inputs, %d output%s and %d classes; written by\n"
        " * logit " LOGIT_VERSION ".\n *\n",
        lg_losses[model->loss].name, (long long)model->inputs, model->outputs,
        model->outputs == 1 ? "" : "s", model->classes);
    if (model->map)
        lg_text_add(text, " * It sees %lld features of them:\n * %s.\n *\n",
                    (long long)model->features, model->map->text);
    if (model->classes > 0)
        lg_text_add(text, " *   extern const char *const logit_class_name[%d];\n", model->classes);
    lg_text_add(text, " *   int logit_predict");
    add_parameters(text, e);
    lg_text_add(text, ";\n *\n");
    add_input(text, model);
    add_output(text, e);
    lg_text_add(
        text,
        " *\n * C99 and its math library; no state, so that threads may share it.  Weights are\n"
        " * exact, sums are in double: it gives what logit predict --device ref gives,\n"
        " * rounded to float. */\n");
}

/* ---------------------------------------------------------------------------- the functions --- */

/* One pass over a sample, whose numbers are the features. */
static void add_sums(lg_text *text, const lg_export *e)
{
    const int floats = e->model->floats;
    const char *in = floats ? "features" : "pixels", *at = floats ? "j" : "j % CHANNELS";
    lg_text_add(text, "    for (j = 0; j < FEATURES; j++) {\n");
    if (e->normals)
        lg_text_add(text,
                    "        const double x = (double)scale[%s] * (double)%s[j] + "
                    "(double)shift[%s];\n",
                    at, in, at);
    else
        lg_text_add(text, "        const double x = (double)%s[j];\n", in);
    lg_text_add(text,
                "        for (k = 0; k < OUTPUTS; k++) z[k] += (double)weight[j][k] * x;\n    }\n");
}

static void add_scores(lg_text *text, const lg_export *e)
{
    const char *in = e->model->floats ? "features" : "pixels";
    lg_text_add(text,
                "\n/* z = W x + b */\n"
                "static void find_scores(const %s *%s, double *z)\n{\n    int %sk;\n"
                "    for (k = 0; k < OUTPUTS; k++) z[k] = 0.0;\n",
                lg_export_c_element(e), in, e->model->map ? "" : "j, ");
    if (e->model->map)
        lg_text_add(text, "    add_features(%s, z);\n", in);
    else
        add_sums(text, e);
    lg_text_add(text, "    for (k = 0; k < OUTPUTS; k++) z[k] = %sz[k] + (double)bias[k]%s%s;\n}\n",
                e->temperature != 1.0 ? "(" : "", e->temperature != 1.0 ? ") / temperature" : "",
                e->prior ? " + prior[k]" : "");
}

static const char sigmoid_text[] = "\nstatic double sigmoid(double z)\n{\n"
                                   "    const double e = exp(-fabs(z)); /* never overflows */\n"
                                   "    return (z >= 0.0 ? 1.0 : e) / (1.0 + e);\n}\n";

static const char top_text[] = "\nstatic int largest(const double *z)\n{\n"
                               "    int k, top = 0;\n"
                               "    for (k = 1; k < OUTPUTS; k++)\n"
                               "        if (z[k] > z[top]) top = k;\n"
                               "    return top;\n}\n";

static const char softmax_text[] =
    "    const int top = largest(z);\n"
    "    double rest = 0.0;\n    int k;\n"
    "    if (!probability) return top;\n"
    "    for (k = 0; k < CLASSES; k++)\n"
    "        if (k != top) rest += exp(z[k] - z[top]);\n"
    "    for (k = 0; k < CLASSES; k++)\n"
    "        probability[k] = (float)(exp(z[k] - z[top]) / (1.0 + rest));\n"
    "    return top;\n";

static const char two_sided_text[] = "    if (probability) {\n"
                                     "        probability[0] = (float)sigmoid(-z[0]);\n"
                                     "        probability[1] = (float)sigmoid(z[0]);\n"
                                     "    }\n"
                                     "    return z[0] > 0.0;\n";

static const char one_versus_rest_text[] =
    "    int k;\n"
    "    for (k = 0; probability && k < CLASSES; k++) probability[k] = (float)sigmoid(z[k]);\n"
    "    return largest(z);\n";

static const char score_text[] =
    "    int k;\n"
    "    for (k = 0; score && k < CLASSES; k++) score[k] = (float)z[k];\n"
    "    return largest(z);\n";

static const char value_text[] = "    value[0] = (float)z[0];\n"
                                 "    return 0;\n";

static const char *answer_text(const lg_export *e)
{
    if (e->model->classes == 0) return value_text;
    if (e->link == LG_LINK_SOFTMAX) return softmax_text;
    if (e->link == LG_LINK_IDENTITY) return score_text;
    return lg_export_is_two_sided(e) ? two_sided_text : one_versus_rest_text;
}

static void add_functions(lg_text *text, const lg_export *e)
{
    if (e->model->map) lg_export_c_map_functions(text, e);
    add_scores(text, e);
    if (e->link == LG_LINK_SIGMOID) lg_text_add(text, "%s", sigmoid_text);
    if (e->model->outputs > 1) lg_text_add(text, "%s", top_text);
    lg_text_add(text, "\nstatic int answer(const double *z, float *%s)\n{\n%s}\n", answer_name(e),
                answer_text(e));
    lg_text_add(text, "\nint logit_predict");
    add_parameters(text, e);
    lg_text_add(
        text,
        "\n{\n    double z[OUTPUTS];\n    find_scores(%s, z);\n    return answer(z, %s);\n}\n",
        e->model->floats ? "features" : "pixels", answer_name(e));
}

/* ------------------------------------------------------------------------------------- all --- */

static void add_sizes(lg_text *text, const lg_export *e)
{
    const logit_model *model = e->model;
    const int mathematical =
        e->link != LG_LINK_IDENTITY || (model->map && lg_export_c_map_is_mathematical(e));
    lg_text_add(text, "%senum { ", mathematical ? "#include <math.h>\n\n" : "");
    if (model->map) lg_text_add(text, "INPUTS = %lld, ", (long long)model->inputs);
    lg_text_add(text, "FEATURES = %lld, ", (long long)model->features);
    if (!model->floats || model->map) lg_text_add(text, "CHANNELS = %d, ", model->shape.channels);
    lg_text_add(text, "OUTPUTS = %d", model->outputs);
    if (model->classes > 0) lg_text_add(text, ", CLASSES = %d", model->classes);
    lg_text_add(text, " };\n\n");
}

static void add_numbers(lg_text *text, const lg_export *e)
{
    const logit_model *model = e->model;
    const char *normals = !model->floats ? "CHANNELS" : model->map ? "INPUTS" : "FEATURES";
    if (e->normals) {
        lg_text_add(text, "/* %c = scale %s + shift */\n", model->map ? 'u' : 'x',
                    model->floats ? "feature" : "pixel");
        lg_export_c_vector(text, "scale", normals, e->scale, e->normals);
        lg_export_c_vector(text, "shift", normals, e->shift, e->normals);
        lg_text_add(text, "\n");
    }
    if (model->map) lg_export_c_map_numbers(text, e);
    if (e->temperature != 1.0) {
        lg_text_add(text, "static const double temperature = ");
        lg_export_c_double(text, e->temperature);
        lg_text_add(text, ";\n");
    }
    if (e->prior) lg_text_add(text, "static const double prior[OUTPUTS] = {");
    for (int j = 0; e->prior && j < model->outputs; j++) {
        lg_text_add(text, "%s", j > 0 ? ",\n    " : "\n    ");
        lg_export_c_double(text, e->prior[j]);
    }
    if (e->prior) lg_text_add(text, "};\n");
    lg_export_c_vector(text, "bias", "OUTPUTS", model->bias, model->outputs);
    lg_text_add(text, "\n");
    lg_export_c_matrix(text, "weight", "[FEATURES][OUTPUTS]", model->weight,
                       (lg_export_c_shape){model->features, model->outputs, 1, model->features});
}

static void make(lg_text *text, const lg_export *e)
{
    add_comment(text, e);
    add_sizes(text, e);
    if (e->model->classes > 0)
        lg_text_add(text, "extern const char *const logit_class_name[CLASSES];\n");
    lg_text_add(text, "int logit_predict");
    add_parameters(text, e);
    lg_text_add(text, ";\n\n");
    add_names(text, e->model);
    add_numbers(text, e);
    add_functions(text, e);
}

logit_status lg_export_c(const lg_export *e, const char *path, int64_t *bytes, logit_error *err)
{
    char shown[600];
    lg_text text = {0};
    logit_status status;
    lg_text_escape(shown, sizeof shown, path);
    if (e->model->features >= INT_MAX || e->model->inputs >= INT_MAX)
        LG_FAIL(err, LOGIT_E_DATA,
                "%s: a C file of %lld inputs and %lld features: at most %d fit an enum [LIMIT]",
                shown, (long long)e->model->inputs, (long long)e->model->features, INT_MAX - 1);
    make(&text, e);
    *bytes = (int64_t)text.size;
    if (text.failed)
        status = lg_fail(err, LOGIT_E_NOMEM, __FILE__, __LINE__, "%s: out of memory for its text",
                         shown);
    else
        status = lg_file_replace(path, &(lg_piece){text.data, text.size}, 1, err);
    lg_text_clear(&text);
    return status;
}
