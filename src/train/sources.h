/* sources.h -- where a run's samples come from: training, validation and test part.
 *
 * Layer 2 (train).  Finds the parts (the set's own, other paths, or a share held out), sees that
 * they fit one another, and opens a loader for each. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_SOURCES_H
#define LG_TRAIN_SOURCES_H

#include "core/backend.h"
#include "data/identity.h"
#include "data/loader.h"
#include "train/model.h"

typedef struct lg_source {
    char identity[LG_IDENTITY_TEXT]; /* of `owned` as its files are, cached or not; else "" */
    lg_dataset *owned;               /* opened for this part alone, or NULL */
    const lg_set *set;               /* NULL: there is no such part */
    int32_t *only;                   /* the samples of it that are this part's; NULL: all */
    int64_t count;
    int balanced;       /* set before lg_source_load where classes are drawn equally often */
    lg_augment augment; /* set before lg_source_load where samples are augmented */
    lg_loader *loader;  /* after lg_source_load */
    lg_backend *far;    /* a backend with memory of its own, which batches are copied to from
                         * page-locked memory: set before lg_source_load, or NULL; borrowed until
                         * lg_sources_close */
} lg_source;

typedef struct lg_sources {
    lg_dataset *data;                /* the set given to train */
    char identity[LG_IDENTITY_TEXT]; /* of it */
    lg_source part[LG_PART_COUNT];
    char note[160]; /* how validation was chosen, for people */
} lg_sources;

/* Opens and splits; decodes nothing.  model: the classes and the shape that the set must have, or
 * NULL.  Errors: IO, DATA, USAGE, NOMEM. */
logit_status lg_sources_open(lg_sources *out, const char *path, const logit_options *options,
                             const logit_model *model, const logit_watch *watch, logit_error *err);
void lg_sources_close(lg_sources *sources);

/* Only the one part that an evaluation is about: `part` by name, or NULL for test, else val, else
 * all there is.  It ends up in part[LG_PART_TEST], its name in *name. */
logit_status lg_sources_open_for_eval(lg_sources *out, const char *path, const char *part,
                                      const logit_options *options, const logit_model *model,
                                      const logit_watch *watch, const char **name,
                                      logit_error *err);

/* Opens the loader of a part, whose labels must lie below classes (0: there are no labels). */
logit_status lg_source_load(lg_source *source, const logit_options *options, int classes,
                            int64_t batch, lg_shuffle shuffle, int64_t memory,
                            const logit_watch *watch, logit_error *err);

#endif
