/* first_samples.c -- see first_samples.h. */
/* SPDX-License-Identifier: MIT */
#include "train/first_samples.h"

#include <stdlib.h>
#include <string.h>

#include "base/status.h"

static void take_batch(lg_first_samples *out, const lg_minibatch *mini, int64_t most)
{
    for (int64_t i = 0; i < mini->count && out->count < most; i++) {
        const int64_t row = mini->row ? mini->row[i] : i;
        const float weight = mini->weight ? mini->weight[row] : 1.0f;
        if (weight == 0.0f) continue;
        out->weight[out->count] = weight;
        memcpy(out->pixels + (size_t)out->count++ * out->bytes,
               mini->pixels + (size_t)row * out->bytes, out->bytes);
    }
}

logit_status lg_first_samples_take(lg_first_samples *out, lg_loader *loader, int64_t features,
                                   int64_t most, logit_error *err)
{
    const lg_minibatch *mini;
    if (most > lg_loader_count(loader)) most = lg_loader_count(loader);
    *out = (lg_first_samples){.element = lg_loader_element(loader)};
    out->bytes = (size_t)features * lg_element_bytes(out->element);
    out->pixels = malloc((size_t)most * out->bytes);
    out->weight = malloc((size_t)most * sizeof *out->weight);
    if (!out->pixels || !out->weight)
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for %lld samples to measure on",
                (long long)most);
    LG_TRY(lg_loader_start(loader, 0, 0, err));
    while (out->count < most) {
        LG_TRY(lg_loader_next(loader, &mini, err));
        if (!mini) break;
        take_batch(out, mini, most);
        lg_loader_release(loader, mini);
    }
    if (out->count == 0) LG_FAIL(err, LOGIT_E_DATA, "no good sample to measure on");
    return LOGIT_OK;
}

void lg_first_samples_clear(lg_first_samples *samples)
{
    free(samples->pixels);
    free(samples->weight);
    *samples = (lg_first_samples){0};
}
