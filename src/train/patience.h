/* patience.h -- --patience: the weights of each setting's best epoch are kept, and a setting that
 * gets no better for so many epochs rests.
 *
 * Layer 2 (train), private.  What is kept lies in host memory as the device holds it, so that a
 * checkpoint can take it along and nothing is rounded.  Without --patience these do nothing. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_PATIENCE_H
#define LG_TRAIN_PATIENCE_H

#include <stddef.h>

#include "logit.h"

typedef struct lg_trainer lg_trainer;

/* Once the parts are known, and before anything is decoded.  Error: USAGE (no validation part, or
 * no accuracy to go by). */
logit_status lg_patience_fit(const lg_trainer *t, logit_error *err);

/* Memory for the best weights of every setting, once the problem is there.  Error: NOMEM. */
logit_status lg_patience_open(lg_trainer *t, logit_error *err);
void lg_patience_close(lg_trainer *t);

/* After an epoch was validated and counted: keeps what is better, and lets rest who is out of
 * patience.  Error: DEVICE. */
logit_status lg_patience_look(lg_trainer *t, logit_error *err);

/* Exchanges the weights on the device and those that are kept, of every setting that has any: the
 * best for the model and its figures, and the last again for the checkpoint.  Error: DEVICE. */
logit_status lg_patience_swap(lg_trainer *t, logit_error *err);

/* What is kept, for checkpoints: lg_patience_bytes of it, 0 without --patience. */
size_t lg_patience_bytes(const lg_trainer *t);
void *lg_patience_kept(const lg_trainer *t);

#endif
