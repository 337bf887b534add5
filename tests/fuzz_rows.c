/* fuzz_rows.c -- libFuzzer: any bytes as lines of CSV or JSON for a model of four pixels, or of two
 * features.
 *
 * The first byte says which.  Every line is answered or refused with its place. */
/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "tests/fuzz_rig.h"
#include "train/model.h"

enum { IS_JSON = 1, IS_FLOATS = 2 };

static logit_model *model_of(int floats)
{
    static logit_model *model[2];
    char *names[] = {"a", "b", "c"};
    const lg_image_target pixels = {2, 2, 1}, features = {1, 2, 1};
    if (model[floats]) return model[floats];
    const logit_status status = lg_model_create(&model[floats], LG_LOSS_SOFTMAX, 3, names,
                                                floats ? features : pixels, NULL);
    fuzz_must(status == LOGIT_OK, "a model can be made");
    if (floats) lg_model_set_features(model[floats], NULL, NULL, NULL);
    return model[floats];
}

static logit_status found(void *user, const logit_prediction *one, logit_error *err)
{
    (void)user;
    (void)err;
    fuzz_must((one->count > 0) == (one->error == NULL), "answered or refused");
    if (one->count > 0) fuzz_must(isfinite(one->guess[0].probability), "a number");
    if (one->error && one->error->status == LOGIT_E_DATA)
        fuzz_must(strstr(one->error->message, ".jsonl:") || strstr(one->error->message, ".csv:"),
                  "with its place");
    return LOGIT_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    logit_options options;
    logit_error err;
    if (size < 1) return 0;
    const char *name = bytes[0] & IS_JSON ? "r.jsonl" : "r.csv";
    fuzz_write(name, bytes + 1, size - 1);
    logit_options_default(&options);
    options.device = "ref";
    options.threads = 1;
    const logit_status status = logit_predict_samples(
        model_of((bytes[0] & IS_FLOATS) != 0), fuzz_path(name), &options, 1, found, NULL, &err);
    fuzz_must(status == LOGIT_OK, "all lines are read");
    return 0;
}
