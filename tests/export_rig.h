/* export_rig.h -- models of every loss and shape, samples for them, and what logit itself says.
 *
 * Tests.  What is expected comes from logit_predict_samples on the float64 reference. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TESTS_EXPORT_RIG_H
#define LG_TESTS_EXPORT_RIG_H

#include "tests/model_file.h"

/* The first EXPORT_CASES have no feature map, the EXPORT_MAPS behind them one each: their name. */
enum { EXPORT_SAMPLES = 12, EXPORT_CASES = 14, EXPORT_MAPS = 13 };

typedef struct export_case {
    const char *name;
    lg_loss loss;
    int classes; /* 0: a number */
    lg_image_target shape;
    int floats, standard; /* features; with mean and std of their own */
    double spread;        /* about the largest |z| */
    double fitted, asked; /* temperatures: the model's and the export's */
    const char *prior;    /* or NULL */
} export_case;

extern const export_case export_cases[EXPORT_CASES + EXPORT_MAPS];

/* A case's model, its samples as they are stored, and what they are. */
typedef struct export_made {
    const export_case *of;
    model_folder in;
    logit_model *model;
    int scores;
    uint8_t *pixels;     /* [EXPORT_SAMPLES][inputs], or */
    float *features;     /* the same of floats; the other is NULL */
    double *probability; /* [EXPORT_SAMPLES][scores]; NaN for mse */
    double *score;       /* the same */
    int *label;          /* [EXPORT_SAMPLES] */
    logit_export_options options;
    char file[160]; /* options.file: the folder's model with this ending */
} export_made;

/* ending: ".c", ".onnx".  Nothing is exported yet. */
void export_make(export_made *made, int i, const char *ending);
void export_clear(export_made *made);

/* What options.file holds after logit_export: NUL behind it; to be freed. */
char *export_write(const export_made *made, size_t *size);

#endif
