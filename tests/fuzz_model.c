/* fuzz_model.c -- libFuzzer: any bytes as a model file. */
/* SPDX-License-Identifier: MIT */
#include "tests/fuzz_rig.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    logit_model *model;
    logit_error err = {.message = ""};
    if (size > 1 << 16) return 0;
    fuzz_write("m/model.safetensors", bytes, size);
    const logit_status status = logit_model_open(&model, fuzz_path("m/model.safetensors"), &err);
    if (status != LOGIT_OK) {
        fuzz_refused(status, &err);
        return 0;
    }
    const logit_model_info info = logit_model_describe(model);
    float sum = 0.0f; /* every number is there */
    for (int64_t i = 0; i < info.outputs * info.features; i++) sum += info.weight[i];
    for (int i = 0; i < info.outputs; i++) sum += info.bias[i];
    fuzz_must(sum == sum || sum != sum, "");
    for (int i = 0; i < info.classes; i++) fuzz_must(info.class_name[i] != NULL, "no name");
    logit_model_close(model);
    return 0;
}
