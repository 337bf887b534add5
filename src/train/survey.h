/* survey.h -- a model, a part of a set, and a device: all that one pass over it needs.
 *
 * Layer 2 (train).  What eval, loss and explain have in common: the set is opened and held against
 * the model's classes and shape, the model is put on the device, and the samples come in their own
 * order, without augmentation. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_SURVEY_H
#define LG_TRAIN_SURVEY_H

#include "train/open_device.h"
#include "train/pass.h"
#include "train/sources.h"

typedef struct lg_survey {
    lg_sources sources;
    lg_source *source; /* the one that is looked at */
    lg_backend *backend;
    lg_device_note device_note;
    lg_problem *problem; /* one setting, with the model's weights */
    lg_feed *feed;
    lg_pass_input pass;
    const char *part; /* its name: "test", "val", "train" or "all" */
} lg_survey;

/* Of the part by name; NULL: test, else val, else all there is.  options are settled.  Zero it
 * first; lg_survey_close also after a failure.  Errors: DATA (the set does not fit the model), IO,
 * USAGE, DEVICE, NOMEM. */
logit_status lg_survey_open(lg_survey *survey, const logit_model *model, const char *data,
                            const char *part, const logit_options *options,
                            const logit_watch *watch, logit_error *err);

/* Of what train would train on with these options, without the share that it holds out. */
logit_status lg_survey_open_training(lg_survey *survey, const logit_model *model, const char *data,
                                     const logit_options *options, const logit_watch *watch,
                                     logit_error *err);
void lg_survey_close(lg_survey *survey);

#endif
