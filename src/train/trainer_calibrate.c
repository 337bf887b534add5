/* trainer_calibrate.c -- --calibrate: the temperature of every setting, by the validation part. */
/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "base/status.h"
#include "train/pass.h"
#include "train/temperature.h"
#include "train/trainer.h"

/* The logits of the validation part, as they come. */
typedef struct sheet {
    int64_t count;
    int outputs;
    double *z;
    int32_t *label;
    float *target;
} sheet;

static void take_rows(void *user, const lg_metrics_rows *rows)
{
    sheet *to = user;
    const int k = to->outputs;
    for (int64_t i = 0; i < rows->count; i++) {
        const int64_t r = rows->row ? rows->row[i] : i, n = to->count;
        if (rows->weight && rows->weight[r] == 0.0f) continue;
        for (int j = 0; j < k; j++) {
            const int64_t at = i * rows->logit_stride + j;
            to->z[n * k + j] = rows->real_bytes == 4 ? (double)((const float *)rows->logits)[at]
                                                     : ((const double *)rows->logits)[at];
        }
        if (rows->label)
            to->label[n] = rows->label[r];
        else
            memcpy(to->target + n * k, rows->target + r * k, (size_t)k * sizeof(float));
        to->count++;
    }
}

static logit_status open_sheet(sheet *s, int64_t count, int outputs, logit_error *err)
{
    size_t numbers, bytes;
    *s = (sheet){.outputs = outputs};
    if (lg_size_mul((size_t)count, (size_t)outputs, &numbers) &&
        lg_size_mul(numbers, sizeof(double), &bytes)) {
        s->z = malloc(bytes);
        s->target = malloc(numbers * sizeof(float));
        s->label = malloc((size_t)count * sizeof(int32_t));
    }
    if (s->z && s->target && s->label) return LOGIT_OK;
    LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the logits of %lld samples", (long long)count);
}

static logit_status fit(lg_trainer *t, int setting, sheet *s, logit_error *err)
{
    const lg_source *val = &t->sources.part[LG_PART_VAL];
    lg_problem one = lg_problem_narrow(t->problem, setting);
    const lg_pass_input pass = {.problem = &one,
                                .feed = t->feed[LG_PART_VAL],
                                .classes = t->classes,
                                .total = val->count,
                                .watch = t->watch};
    s->count = 0;
    LG_TRY(lg_pass_rows(&pass, take_rows, s, err));
    const int soft = val->set->label == NULL;
    const lg_temperature_rows rows = {.loss = t->loss,
                                      .outputs = t->outputs,
                                      .count = s->count,
                                      .z = s->z,
                                      .label = soft ? NULL : s->label,
                                      .target = soft ? s->target : NULL};
    t->setting[setting].temperature = lg_temperature_fit(&rows);
    return LOGIT_OK;
}

logit_status lg_trainer_calibrate(lg_trainer *t, logit_error *err)
{
    sheet s;
    if (!t->options.calibrate || t->stopping) return LOGIT_OK;
    logit_status status = open_sheet(&s, t->sources.part[LG_PART_VAL].count, t->outputs, err);
    for (int i = 0; i < t->settings && status == LOGIT_OK; i++)
        if (!t->setting[i].stopped) status = fit(t, i, &s, err);
    free(s.z);
    free(s.label);
    free(s.target);
    if (status == LOGIT_E_STOPPED) t->stopping = 1; /* going on fits it again */
    return t->stopping ? LOGIT_OK : status;
}
