/* compare.h -- the same training on two devices beside the float64 reference.
 *
 * Layer 2 (train).  The public face is logit_compare (logit.h section 11); this header is what its
 * parts share.  One file per question:
 *
 *   compare.c            opens what is needed, and asks
 *   compare_verdict.c    what was found, as a status and a sentence
 *   compare_batch.c      the minibatches of the training, one after the other, and their numbers
 *   compare_lockstep.c   every stage of every step alone, from the same inputs
 *   compare_free.c       each device keeps its weights, and drifts
 *   compare_envelope.c   how far correct runs drift apart
 *   compare_model*.c     one trained model's losses over a set, and their bounds
 *   compare_record.c     a run as hashes and samples in a file
 *   compare_against.c    a run beside such a file; compare_record_file.c reads its lines
 *   compare_replay.c     the step that went wrong, in a file, and again from it
 *   compare_fault.c      faults to be planted, for --self-test
 *   compare_bound*.c     how far a result may lie from the truth
 *   compare_difference.c what two arrays differ by
 *   compare_party.c      one device: a problem, a batch, numbers in and out
 *   compare_write.c      compare.jsonl */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_COMPARE_H
#define LG_TRAIN_COMPARE_H

#include "train/compare_party.h"
#include "train/trainer.h"

struct lg_compare;

/* What a stage of A gave, for whoever records a run in lockstep.  stage LG_STAGE_COUNT: what the
 * step starts from (W, b and the states of the optimiser, one call each, before its pixels). */
typedef struct lg_seen {
    lg_stage stage;
    lg_array array;
    int64_t count;
    const double *value; /* [count] as A has them */
    const double *bound; /* [count] how far two devices may be apart; NULL: not at all */
} lg_seen;

/* A comparison under way.  Parties: A, B (absent where B is the reference or a record), ref. */
typedef struct lg_compare {
    const logit_compare_options *options;
    const logit_watch *watch;
    lg_trainer trainer; /* a rehearsal: every choice of the training is made, nothing is trained */
    const char *device[2]; /* names of A and B; B is NULL where it is the reference or a record */
    lg_device_note device_note; /* why there is no GPU among them, where nobody named them */
    lg_party *party[3]; /* A, B or NULL, ref.  A replay has no training: it opens them itself */
    logit_comparison *out;
    /* the minibatch under way (compare_batch.c) */
    const lg_minibatch *mini; /* NULL: there are no more */
    lg_scalars *scalars;      /* [settings], of its step */
    int64_t step;             /* from 1 */
    int first, last;          /* whether it is the first and the last of its step; both, but for
                               * optimisers that see the whole set for each step */
    double moment;            /* when progress was last told */
    double started;
    /* Called in lockstep for every array of every stage of A, if it is not NULL. */
    logit_status (*seen)(struct lg_compare *c, const lg_seen *seen, logit_error *err);
    struct lg_record *record;             /* what `seen` writes or reads (compare_record.h) */
    void (*opened)(struct lg_compare *c); /* the parties are open: tests spoil one; or NULL */
    /* free: where out->margin was met */
    int64_t farthest_step;
    const char *farthest[2];
} lg_compare;

enum { LG_COMPARE_A, LG_COMPARE_B, LG_COMPARE_REF, LG_COMPARE_PARTIES };

/* compare.c, for the files below and for tests.  From options, device, out and trainer (given, a
 * rehearsal) to open parties with the start weights; close copes with whatever open reached. */
logit_status lg_compare_open_training(lg_compare *c, logit_error *err);
void lg_compare_close(lg_compare *c);
/* The number type of a device's matmuls: what was asked for, where it is not the
 * processor's.  Opens A, B and the reference for problems of this shape. */
lg_precision lg_compare_precision(const lg_compare *c, const char *device);
logit_status lg_compare_open_parties(lg_compare *c, const lg_problem_shape *shape, int target_width,
                                     logit_error *err);
/* Says why no GPU is compared, once the data are known to be there. */
void lg_compare_tell_devices(const lg_compare *c);

/* compare_verdict.c: OK, CHECK or INCONCLUSIVE, with its sentence, in c->out and as an error. */
logit_status lg_compare_judge(const lg_compare *c, logit_error *err);

/* compare_batch.c.  begin: the first minibatch of the training; next: the one after it.  Both fill
 * in mini (NULL after the last of options->steps steps, or of the training), scalars, step, first
 * and last; the loader's memory behind mini is good until the next call.  next tells progress
 * (loss: the reference's, for the line; may be NaN) and asks whether to stop.  Errors: the
 * loader's, STOPPED. */
logit_status lg_compare_begin(lg_compare *c, logit_error *err);
logit_status lg_compare_next(lg_compare *c, double loss, logit_error *err);
/* The batch under way goes to every party that is there. */
logit_status lg_compare_send(lg_compare *c, logit_error *err);
/* Its weighted mean loss of one setting, from the losses of its rows ([n][settings]); the weights
 * add up to lg_batch_weight(c->mini). */
double lg_compare_mean(const lg_compare *c, const double *row_loss, int setting);
/* The name of sample `row` of the batch under way, escaped.  Returns out. */
const char *lg_compare_sample(const lg_compare *c, int64_t row, char *out, size_t size);
/* The regimes that a row of logits lies in: largest logit, smallest probability, denormals. */
void lg_compare_meet(logit_comparison *out, lg_link link, const double *z, int k);
/* What number `index` of an array is about: first->sample and first->of. */
void lg_compare_place(const lg_compare *c, lg_array array, int64_t index, logit_divergence *first);

/* Each fills in c->out and leaves the verdict to compare.c: an error is one of running, not of the
 * devices' disagreeing.  lockstep and free find the start weights in every party, and leave in the
 * reference's the weights after the last step; loss_start and loss_end are compare.c's. */
logit_status lg_compare_lockstep(lg_compare *c, logit_error *err);
logit_status lg_compare_free(lg_compare *c, logit_error *err);
logit_status lg_compare_model(lg_compare *c, logit_model *model, const char *data,
                              logit_error *err);
logit_status lg_compare_replay(lg_compare *c, logit_error *err);
logit_status lg_compare_self_test(lg_compare *c, logit_error *err);
logit_status lg_compare_write(const logit_comparison *comparison, const char *folder,
                              logit_error *err);

#endif
