/* fake_set.h -- a set whose samples are computed from their index, with delays and failures.
 *
 * Tests.  What the loader is tried on: every byte, label, target and weight of a sample follows
 * from its index, so what came out of the loader can be judged without a second copy. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TESTS_FAKE_SET_H
#define LG_TESTS_FAKE_SET_H

#include <stdatomic.h>
#include <stdint.h>

#include "data/dataset.h"
#include "data/loader.h"

enum {
    FAKE_CLASSES = 10,
    FAKE_TARGETS = 3,
    FAKE_MOST_BYTES = 4096,
    FAKE_SEED = 99,
    FAKE_PLENTY = 1 << 30, /* bytes of memory: everything is resident */
    FAKE_THREADS = 4,      /* 1, 2, 3 and 8 */
    FAKE_BUDGETS = 3,
    FAKE_WAYS = 2 * FAKE_THREADS * FAKE_BUDGETS
};

extern const lg_image_target fake_shape; /* 5 x 7 x 3: 105 bytes */

typedef struct fake {
    lg_set set;
    lg_set_ops ops; /* of fake_copy */
    size_t features;
    unsigned delay_us;    /* of read, at most */
    int bad_every;        /* 0: none.  Of so many samples one is bad, by DATA or by IO, */
    int bad_at;           /* the one with this remainder */
    int64_t no_memory_at; /* the sample at which read says NOMEM; -1 */
    uint8_t value_mask;   /* pixels are limited to these bits */
    atomic_int reads;
} fake;

/* Labels, no targets, no weights.  Channels 1 or 3.  Failures end the test (Check). */
void fake_open(fake *f, int64_t count, lg_image_target shape);
void fake_add_weights(fake *f);
void fake_use_targets(fake *f); /* instead of labels */
void fake_hold(fake *f);        /* as a format that has it all in memory */
void fake_copy(fake *f);        /* as one whose samples are merely copied, many at a time */
void fake_close(fake *f);

uint8_t fake_pixel(const fake *f, int64_t sample, size_t j);
int fake_is_bad(const fake *f, int64_t sample);

/* Everything in the batch is as it should be: samples want[0 .. count-1].  skip: bad samples are
 * expected as zeros of weight 0. */
void fake_assert_batch(const fake *f, const lg_minibatch *batch, const int32_t *want, int64_t count,
                       int skip);

/* A loader with 2 threads and plenty of memory; create, start and next that must succeed. */
lg_loader_options fake_options(const fake *f, int64_t batch);
/* Way number i < FAKE_WAYS of reading the same set: (decoded, copied) x thread counts x
 * (FAKE_BUDGETS: two slots, a few slots, resident). */
lg_loader_options fake_way(fake *f, int64_t batch, int i);
/* The samples of an epoch; order[count of the set]. */
void fake_order(const lg_loader_options *options, uint32_t epoch, int32_t *order);
lg_loader *fake_loader(const lg_loader_options *options);
void fake_start(lg_loader *loader, uint32_t epoch, int64_t first);
const lg_minibatch *fake_next(lg_loader *loader);

#endif
