/* sample_file.h -- files given by name, as samples for a model.
 *
 * Layer 2 (train). */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_SAMPLE_FILE_H
#define LG_TRAIN_SAMPLE_FILE_H

#include "data/dataset.h"
#include "train/model.h"

/* The rows of a .npy file as samples for the model.  lg_set_destroy, also after a failure.  Errors:
 * IO, DATA (they do not fit), NOMEM. */
logit_status lg_sample_rows(lg_set **out, const logit_model *model, const char *file,
                            logit_error *err);

/* An image file, at the model's size.  Errors: IO, DATA (also: the model is of features). */
logit_status lg_sample_image(lg_decoder *decoder, const logit_model *model, const char *file,
                             uint8_t *pixels, logit_error *err);

/* An image file, or row 17 of FILE.npy where it is called FILE.npy[17]; *element is what lies in
 * bytes then, which has room for the widest.  Errors: as above; USAGE (a .npy without its row). */
logit_status lg_sample_read(lg_decoder *decoder, const logit_model *model, const char *name,
                            uint8_t *bytes, lg_element *element, logit_error *err);

#endif
