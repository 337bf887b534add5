/* backend.c -- backends by name, and what they all have in common.  Layer 1 (core). */
/* SPDX-License-Identifier: MIT */
#include "core/backend.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "core/backend_cpu.h"
#include "core/backend_ref.h"
#include "core/plugin.h"

/* --------------------------------------------------------------------------------- by name --- */

static logit_status open_auto(lg_backend **out, const lg_backend_options *options,
                              logit_error *err);

/* Rows past the last listed one are understood and not named. */
static const struct device {
    const char *name;
    int numbered; /* NAME:N is understood too */
    /* NULL: a plug-in of that name */
    logit_status (*open)(lg_backend **out, const lg_backend_options *options, logit_error *err);
} devices[] = {
    {"auto", 0, open_auto},          /* a GPU, else the processor */
    {"cpu", 0, lg_backend_cpu_open}, /* float32, all instruction sets */
    {"cuda", 1, NULL},               /* liblogit-cuda.so */
    {"ref", 0, lg_backend_ref_open}, /* float64 */
    {"simt", 1, NULL},               /* liblogit-simt.so: the stand-in of tests/simt */
};
enum { DEVICE_COUNT = sizeof devices / sizeof devices[0], LISTED = DEVICE_COUNT - 1 };

const char *lg_device_name(int i)
{
    return i >= 0 && i < LISTED ? devices[i].name : NULL;
}

/* 1 for "cuda" and, where devices are numbered, "cuda:0", "cuda:17"; *number is the N. */
static int is_named(const struct device *device, const char *name, int *number)
{
    const size_t length = strlen(device->name);
    *number = 0;
    if (strncmp(name, device->name, length) != 0) return 0;
    if (name[length] == '\0') return 1;
    const char *digits = name + length + 1;
    if (!device->numbered || name[length] != ':' || *digits == '\0' || strlen(digits) > 3 ||
        strspn(digits, "0123456789") != strlen(digits))
        return 0;
    *number = atoi(digits);
    return 1;
}

/* A GPU where one can be used, else the processor, which computes in float32 alone. */
static logit_status open_auto(lg_backend **out, const lg_backend_options *options, logit_error *err)
{
    logit_error why = {.message = ""};
    const logit_status status = lg_plugin_open(out, "cuda", 0, options, &why);
    if (status == LOGIT_OK) return LOGIT_OK;
    if (options->precision != LG_PRECISION_F32)
        LG_FAIL(err, LOGIT_E_USAGE,
                "--precision %s needs a GPU, and none can be used (%.900s); take --precision f32",
                lg_precisions[options->precision].name, why.message);
    if (options->note) snprintf(options->note, options->note_size, "%s", why.message);
    return lg_backend_cpu_open(out, options, err);
}

logit_status lg_backend_open(lg_backend **out, const char *device,
                             const lg_backend_options *options, logit_error *err)
{
    int number;
    *out = NULL;
    if (options->note && options->note_size > 0) options->note[0] = '\0';
    for (int i = 0; i < DEVICE_COUNT; i++) {
        if (!is_named(&devices[i], device, &number)) continue;
        if (devices[i].open) return devices[i].open(out, options, err);
        return lg_plugin_open(out, devices[i].name, number, options, err);
    }
    LG_FAIL(err, LOGIT_E_USAGE,
            "device '%.40s': no such device; there are auto, cpu, cuda, cuda:N and ref", device);
}

void lg_backend_close(lg_backend *backend)
{
    if (backend) backend->ops->close(backend);
}

/* -------------------------------------------------------------------------------- one step --- */

logit_status lg_backend_pixels(lg_backend *backend, const lg_step *step, logit_error *err)
{
    lg_step plain = *step;
    if (step->lift) {
        plain.features = step->lift->in;
        plain.x = step->u;
        plain.lift = NULL;
    }
    return backend->ops->pixels(backend, &plain, err);
}

logit_status lg_backend_features(lg_backend *backend, const lg_step *step, logit_error *err)
{
    if (!step->lift) return LOGIT_OK;
    if (!backend->ops->features)
        LG_FAIL(err, LOGIT_E_USAGE, "device %s has no feature maps; try --device ref",
                backend->ops->name);
    return backend->ops->features(backend, step, err);
}

logit_status lg_backend_inputs(lg_backend *backend, const lg_step *step, logit_error *err)
{
    LG_TRY(lg_backend_pixels(backend, step, err));
    return lg_backend_features(backend, step, err);
}

int lg_backend_fuses(const lg_backend *backend, const lg_step *step)
{
    return !step->lift && backend->ops->fuses && backend->ops->fuses(backend, step);
}

logit_status lg_backend_train_step(lg_backend *backend, const lg_step *step, logit_error *err)
{
    const lg_backend_ops *ops = backend->ops;
    if (lg_backend_fuses(backend, step)) return ops->step(backend, step, err);
    LG_TRY(lg_backend_inputs(backend, step, err));
    LG_TRY(ops->logits(backend, step, err));
    LG_TRY(ops->loss(backend, step, err));
    LG_TRY(ops->sum(backend, step, err));
    LG_TRY(ops->gradient(backend, step, err));
    return step->gradient_only ? LOGIT_OK : ops->update(backend, step, err);
}

/* --------------------------------------------------------------------------------- numbers --- */

enum { AT_ONCE = 2048 }; /* numbers converted at a time */

/* Copies `bytes` now, whatever was queued before. */
static logit_status upload_now(lg_backend *backend, void *to, const void *from, size_t bytes,
                               logit_error *err)
{
    LG_TRY(backend->ops->upload(backend, LG_QUEUE_COMPUTE, to, from, bytes, err));
    return backend->ops->sync(backend, err);
}

static logit_status download_now(lg_backend *backend, void *to, const void *from, size_t bytes,
                                 logit_error *err)
{
    LG_TRY(backend->ops->download(backend, LG_QUEUE_COMPUTE, to, from, bytes, err));
    return backend->ops->sync(backend, err);
}

logit_status lg_backend_put(lg_backend *backend, void *device, const float *from, int64_t count,
                            logit_error *err)
{
    if (backend->ops->real_bytes == sizeof(float))
        return upload_now(backend, device, from, (size_t)count * sizeof *from, err);
    double part[AT_ONCE];
    for (int64_t done = 0; done < count; done += AT_ONCE) {
        const int64_t size = count - done < AT_ONCE ? count - done : AT_ONCE;
        for (int64_t i = 0; i < size; i++) part[i] = (double)from[done + i];
        LG_TRY(
            upload_now(backend, (double *)device + done, part, (size_t)size * sizeof *part, err));
    }
    return LOGIT_OK;
}

logit_status lg_backend_get(lg_backend *backend, float *to, const void *device, int64_t count,
                            logit_error *err)
{
    if (backend->ops->real_bytes == sizeof(float))
        return download_now(backend, to, device, (size_t)count * sizeof *to, err);
    double part[AT_ONCE];
    for (int64_t done = 0; done < count; done += AT_ONCE) {
        const int64_t size = count - done < AT_ONCE ? count - done : AT_ONCE;
        LG_TRY(download_now(backend, part, (const double *)device + done,
                            (size_t)size * sizeof *part, err));
        for (int64_t i = 0; i < size; i++) to[done + i] = (float)part[i];
    }
    return LOGIT_OK;
}

logit_status lg_backend_get_double(lg_backend *backend, double *to, const void *device,
                                   int64_t count, logit_error *err)
{
    if (backend->ops->real_bytes == sizeof(double))
        return download_now(backend, to, device, (size_t)count * sizeof *to, err);
    float part[AT_ONCE];
    for (int64_t done = 0; done < count; done += AT_ONCE) {
        const int64_t size = count - done < AT_ONCE ? count - done : AT_ONCE;
        LG_TRY(download_now(backend, part, (const float *)device + done,
                            (size_t)size * sizeof *part, err));
        for (int64_t i = 0; i < size; i++) to[done + i] = (double)part[i];
    }
    return LOGIT_OK;
}
