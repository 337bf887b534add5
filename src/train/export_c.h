/* export_c.h -- the parts of an exported C file.
 *
 * Layer 2 (train).  What export_c.c puts together: numbers as C spells them (export_c_numbers.c),
 * and the feature map between the inputs and the weights (export_c_map.c).  All append to a text,
 * which remembers where memory ran out. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_EXPORT_C_H
#define LG_TRAIN_EXPORT_C_H

#include "train/export.h"

/* Where number (i, j) of a matrix lies: i row_step + j step. */
typedef struct lg_export_c_shape {
    int64_t rows, columns, row_step, step;
} lg_export_c_shape;

/* "-0x1.8p+1f": exact, and the same in every locale. */
void lg_export_c_float(lg_text *text, float value);
/* 17 digits bring every double back. */
void lg_export_c_double(lg_text *text, double value);
/* static const float name[size] = {..}; */
void lg_export_c_vector(lg_text *text, const char *name, const char *size, const float *number,
                        int64_t count);
/* static const float name size = {{..}, ..}; size is "[ROWS][COLUMNS]". */
void lg_export_c_matrix(lg_text *text, const char *name, const char *size, const float *number,
                        lg_export_c_shape shape);

/* The type of a stored number: "unsigned char". */
static inline const char *lg_export_c_element(const lg_export *e)
{
    return e->model->floats ? "float" : "unsigned char";
}

/* Of a model with a map: whether it needs math.h; its sizes and arrays; add_features(sample, z),
 * which adds W x to z. */
int lg_export_c_map_is_mathematical(const lg_export *e);
void lg_export_c_map_numbers(lg_text *text, const lg_export *e);
void lg_export_c_map_functions(lg_text *text, const lg_export *e);

#endif
