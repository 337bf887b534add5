/* export.h -- a model as another program's file: what all formats need to know of it.
 *
 * Layer 2 (train).  docs/export.md describes the files.  Like a model file they hold only what the
 * model and the options determine: the same export writes the same bytes. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_EXPORT_H
#define LG_TRAIN_EXPORT_H

#include "base/text.h"
#include "train/model.h"

typedef enum lg_export_format {
#define EXPORT(id, name, ending, about) LG_EXPORT_##id,
#include "train/export.def"
#undef EXPORT
    LG_EXPORT_COUNT
} lg_export_format;

/* What a sample goes through: x = scale e + shift, z = (W x + b) / temperature + prior.  Borrows
 * the model. */
typedef struct lg_export {
    const logit_model *model;
    int64_t normals;      /* numbers in scale and in shift: one per channel of pixels, or per
                           * feature; 0: x = e */
    float *scale, *shift; /* [normals], the very floats that logit computes with */
    double temperature;
    double *prior;          /* [outputs], or NULL for zeros */
    const char *prior_text; /* as it was given, or NULL */
    int scores;             /* one per class; 1 for a numeric target */
    lg_link link;           /* what is made of the scores */
} lg_export;

/* Whether two scores, -z and z, come from one output: the sigmoid of two classes. */
static inline int lg_export_is_two_sided(const lg_export *e)
{
    return e->scores == 2 && e->model->outputs == 1;
}

/* Appends [1,2,..] with 17 significant digits. */
void lg_export_add_numbers(lg_text *text, const double *number, int count);

/* Each writes path atomically and says how many bytes it holds.  Errors: DATA (more than the format
 * holds), IO, NOMEM. */
#define EXPORT(id, name, ending, about)                                                            \
    logit_status lg_export_##name(const lg_export *e, const char *path, int64_t *bytes,            \
                                  logit_error *err);
#include "train/export.def"
#undef EXPORT

#endif
