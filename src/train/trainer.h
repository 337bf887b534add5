/* trainer.h -- a training run: everything it holds, and the files that work on it.
 *
 * Layer 2 (train), private to src/train.  In reading order:
 *   trainer.c         logit_train: open, train epoch by epoch, finish
 *   trainer_open.c    from options and data to a problem on a device, every choice made
 *   trainer_choose.c  what nobody gave: l2, epochs, schedule, learning rates
 *   trainer_place.c   what of it lies on the device, and how it gets there
 *   trainer_normal.c  mean and deviation of pixels and features
 *   trainer_features.c  the map between them and W
 *   grid.c            the settings beside one another
 *   folds.c           --folds: every setting on each of them, and the pick
 *   patience.c        the best epoch of each, and when to stop
 *   trainer_epoch.c   the way of a minibatch: feed -> step -> totals
 *   optimum.c         where the optimiser looks for the optimum itself (lbfgs)
 *   trainer_finish.c  the kept setting, objective, model file
 *   trainer_calibrate.c  a temperature, by the validation part
 *   trainer_eval.c    the test part, eval.json
 *   checkpoint.c      where it stands, saved and put back
 *   trainer_report.c  what is told: objective, progress, metrics.jsonl
 *   trainer_result.c  and at the end: what every setting came to */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_TRAINER_H
#define LG_TRAIN_TRAINER_H

#include <stdint.h>

#include "base/text.h"
#include "core/backend.h"
#include "train/burst.h"
#include "train/checkpoint.h"
#include "train/feature_map.h"
#include "train/feed.h"
#include "train/folds.h"
#include "train/grid.h"
#include "train/model.h"
#include "train/open_device.h"
#include "train/patience.h"
#include "train/optimum.h"
#include "train/problem.h"
#include "train/run_folder.h"
#include "train/schedule.h"
#include "train/sources.h"
#include "train/weights.h"

struct lg_trainer {
    /* given */
    const char *path;
    logit_options options;    /* every "auto" replaced as choices are made */
    logit_options asked;      /* as they came */
    const logit_watch *watch; /* may be NULL */
    int rehearsal; /* every choice is made, on the processor, and no run folder is opened */
    int is_fold;   /* the same for one fold (folds.h): nothing is reported or saved */
    int is_given;  /* `sources` holds the parts already, and no run folder is opened: a benchmark */
    /* chosen */
    lg_loss loss;
    lg_optim optim;
    lg_rate_plan rate;
    lg_shuffle shuffle;
    int classes, outputs, settings;
    lg_image_target shape;
    int64_t inputs;             /* elements of a sample */
    int64_t features;           /* columns of W: as many, or what the map makes of them */
    lg_feature_plan map_plan;   /* with --features */
    char map_text[LG_MAP_TEXT]; /* the plan in full, of options.features */
    int64_t eval_batch;
    double mean[LG_MODEL_MAX_CHANNELS], std[LG_MODEL_MAX_CHANNELS];
    int floats; /* the samples are features: mean and std of each, [inputs]; NULL: as they are */
    float *feature_mean, *feature_std;
    double least_weight; /* the smallest weight above 0 of a training sample */
    double mean_square;  /* mean of |x|^2 over samples, x normalised */
    lg_setting *setting; /* [settings] */
    double curvature;    /* NaN if it was not measured */
    /* held */
    lg_sources sources;
    lg_feature_map *map; /* between elements and W; NULL: none */
    lg_mass mass;
    lg_backend *backend;
    lg_problem *problem;
    lg_feed *feed[LG_PART_COUNT];
    lg_kept *kept[LG_PART_COUNT]; /* features made once; NULL: made in each step */
    lg_optimum *optimum;          /* lbfgs; NULL with the others */
    lg_burst *burst; /* many steps in one go, where the device can and the set lies on it */
    lg_total *total; /* [settings], as last read */
    lg_folds *folds; /* what they came to; NULL without --folds */
    float *bias;     /* [outputs], of the model that was saved; NULL: none was */
    void *best;      /* patience.h: the best weights of each setting; NULL without --patience */
    lg_run_folder *folder;
    lg_saving saving;
    char data_identity[120]; /* of the training data, and of other sets beside them */
    lg_text objective, plan;
    lg_text line;     /* of metrics.jsonl: memory that is taken once */
    char device[288]; /* name and description */
    lg_device_note device_note;
    char mapped[300]; /* what the feature map makes, and whether it is kept; or "" */
    char placed[300]; /* where the training part lies on a device with memory of its own, or "" */
    /* where it stands */
    int epoch;           /* from 0; epochs that are complete */
    int resumed;         /* it goes on from a checkpoint */
    int64_t first_batch; /* of the epoch: not 0 where it goes on in the middle of one */
    int64_t step, steps_per_epoch, steps;
    int stopping;      /* the watch asked for it */
    int save_is_asked; /* the same, and it has not been done */
    double started, epoch_started, epoch_seconds, epoch_weight;
    int64_t epoch_samples, epoch_before; /* seen in it; by the run that this one goes on from */
    int64_t metrics_bytes;               /* of metrics.jsonl, without the line that ends it */
    double last_report;
    double looked_at, waited; /* the last look around, and what was waited for samples until then */
    double patience;          /* how long a step may take before that is said */
};

/* trainer.c: all epochs, from where it stands. */
logit_status lg_trainer_train(lg_trainer *t, logit_error *err);

/* trainer_open.c.  Errors leave the trainer to lg_trainer_close. */
logit_status lg_trainer_open(lg_trainer *t, logit_error *err);
void lg_trainer_close(lg_trainer *t);

/* trainer_choose.c.  The schedule follows from the options; the rest from the data, once they are
 * normalised. */
logit_status lg_trainer_choose_schedule(lg_trainer *t, logit_error *err);
logit_status lg_trainer_choose_rest(lg_trainer *t, logit_error *err);

/* trainer_place.c: feeds and bursts, once the problem is there. */
logit_status lg_trainer_place(lg_trainer *t, logit_error *err);
/* trainer_normal.c.  Mean and deviation: the model's that training starts from (or NULL), or the
 * data's; and how long a normalised sample is, squared, in the mean. */
logit_status lg_trainer_normalise(lg_trainer *t, const logit_model *from, logit_error *err);
/* How samples are normalised; borrowed from the trainer. */
lg_normal lg_trainer_normal(const lg_trainer *t);

/* trainer_features.c.  What --features makes of the samples: how many there are, once the samples
 * are known ... */
logit_status lg_trainer_plan_features(lg_trainer *t, const logit_model *from, logit_error *err);
/* ... and the map itself, fitted to the training part once that is normalised, or the model's that
 * training starts from. */
logit_status lg_trainer_fit_features(lg_trainer *t, const logit_model *from, logit_error *err);
/* Keeps what it makes of the training and the validation part, where there is room: once the feeds
 * are there. */
logit_status lg_trainer_keep_features(lg_trainer *t, logit_error *err);

/* trainer_epoch.c */
logit_status lg_trainer_run_epoch(lg_trainer *t, logit_error *err);
/* Sum of the batch's sample weights. */
double lg_batch_weight(const lg_minibatch *mini);
/* The numbers of step t->step, scalars[settings].  weight: of the samples that it sees, a batch's
 * or, where the optimiser takes the whole set, t->mass.sum. */
void lg_trainer_scalars(const lg_trainer *t, double weight, lg_scalars *scalars);
/* Takes a setting whose numbers are not finite out of the run. */
void lg_trainer_stop_setting(lg_trainer *t, int s, int64_t step);
/* Loss and accuracy of every setting on the validation part. */
logit_status lg_trainer_validate(lg_trainer *t, logit_error *err);

/* trainer_finish.c */
logit_status lg_trainer_finish(lg_trainer *t, logit_summary *summary, logit_error *err);
/* The part of the summary that the settings tell. */
void lg_trainer_summarise(const lg_trainer *t, int kept, logit_summary *summary);

/* trainer_calibrate.c.  With --calibrate, the temperature of every setting that still trains. */
logit_status lg_trainer_calibrate(lg_trainer *t, logit_error *err);

/* trainer_eval.c.  The kept setting on the test part, or where there is none on the validation
 * part: all figures to RUN/eval.json, those of the test part to summary too.  Neither part: nothing
 * is done.  Errors: as lg_pass_score; IO. */
logit_status lg_trainer_evaluate(lg_trainer *t, int kept, logit_summary *summary, logit_error *err);

/* trainer_report.c */
logit_status lg_report_describe(lg_trainer *t, logit_error *err); /* fills objective and plan */
logit_status lg_report_start(lg_trainer *t, logit_error *err);
/* The totals have been read after a step: a line for every setting that trains. */
logit_status lg_report_steps(lg_trainer *t, logit_error *err);
logit_status lg_report_epoch(lg_trainer *t, logit_error *err);
/* Every bad sample that was left out: a line of metrics.jsonl each, the first few as messages. */
logit_status lg_report_bad(lg_trainer *t, logit_error *err);
/* A line of metrics.jsonl: an empty one to begin with, and at its end, but for the closing brace.
 */
lg_text *lg_report_begin(lg_trainer *t);
logit_status lg_report_line(lg_trainer *t, logit_error *err);
/* trainer_result.c.  A line of metrics.jsonl for every fold and setting; the lines that end it. */
logit_status lg_report_folds(lg_trainer *t, logit_error *err);
logit_status lg_report_end(lg_trainer *t, const logit_summary *summary, logit_error *err);
/* trainer_result.c.  What setting s came to. */
logit_setting lg_trainer_result(const lg_trainer *t, int s, int rank, int kept);
/* Tells the watch how each setting fared, best first; kept: the one whose model is the run's. */
void lg_trainer_tell_settings(const lg_trainer *t, int kept);
void lg_report_progress(lg_trainer *t, double waited);
void lg_report_message(const logit_watch *watch, logit_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
