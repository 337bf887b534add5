/* train_rig.c -- runs on small sets. */
/* SPDX-License-Identifier: MIT */
#include "tests/train_rig.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/small_set.h"

logit_options options;

void begin(void)
{
    small_set_begin();
    small_set_write_idx(small_set_path("idx"), "train", 300, 3);
    logit_options_default(&options);
    options.device = "cpu";
    options.threads = 2;
    options.epochs = 3;
    options.batch_size = 32;
    options.force = 1;
}

logit_summary train(const char *set, const char *run, logit_status want, logit_error *err)
{
    logit_summary summary;
    logit_error unheard;
    if (!err) err = &unheard;
    *err = (logit_error){0};
    options.out = small_set_path(run);
    const logit_status status = logit_train(small_set_path(set), &options, NULL, &summary, err);
    ck_assert_msg(status == want, "status %d, want %d: %s", status, want, err->message);
    return summary;
}

int same_files(const char *a, const char *b)
{
    int64_t sizes[2];
    uint8_t *x = small_set_read(small_set_path(a), &sizes[0]);
    uint8_t *y = small_set_read(small_set_path(b), &sizes[1]);
    const int same = sizes[0] == sizes[1] && memcmp(x, y, (size_t)sizes[0]) == 0;
    free(x);
    free(y);
    return same;
}

logit_model *open_model(const char *run)
{
    logit_model *model;
    logit_error err;
    const logit_status status = logit_model_open(&model, small_set_path(run), &err);
    ck_assert_msg(status == LOGIT_OK, "%s", err.message);
    return model;
}
