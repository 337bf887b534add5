/* bench_augment.c -- how fast images are mirrored and moved: one thread, images in its cache. */
/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include "base/status.h"
#include "data/augment.h"
#include "train/bench.h"

enum { IMAGES = 64, SHIFT = 4 };

typedef struct moving {
    lg_image_target shape;
    uint8_t *from, *to;
} moving;

static logit_status move_pass(void *argument, logit_error *err)
{
    const moving *m = argument;
    const lg_augment augment = {1, SHIFT};
    (void)err;
    for (int64_t i = 0; i < IMAGES; i++) {
        const lg_view view = lg_augment_draw(&augment, 0, 0, i);
        lg_view_apply(&view, m->shape, m->from, m->to);
    }
    return LOGIT_OK;
}

static logit_status time_moving(const lg_bench *bench, lg_image_target shape, logit_error *err)
{
    char text[64];
    double rate;
    const size_t bytes = (size_t)shape.height * (size_t)shape.width * (size_t)shape.channels;
    snprintf(text, sizeof text, "%dx%dx%d, 1 thread", shape.height, shape.width, shape.channels);
    if (!lg_bench_wants(bench, "flip and shift", text)) return LOGIT_OK;
    moving m = {shape, calloc(bytes, 1), malloc(bytes)};
    logit_status status = LOGIT_OK;
    if (!m.from || !m.to)
        status = lg_fail(err, LOGIT_E_NOMEM, __FILE__, __LINE__, "out of memory for an image");
    if (status == LOGIT_OK) status = lg_bench_time(bench, move_pass, &m, &rate, err);
    free(m.from);
    free(m.to);
    LG_TRY(status);
    lg_bench_report(bench, "flip and shift", text, "images/s", rate * IMAGES, NULL);
    return LOGIT_OK;
}

logit_status lg_bench_augment(const lg_bench *bench, logit_error *err)
{
    LG_TRY(time_moving(bench, (lg_image_target){28, 28, 1}, err));
    return time_moving(bench, (lg_image_target){100, 100, 3}, err);
}
