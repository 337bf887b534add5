/* backend.c -- backends by name, and what they all have in common.  Layer 1 (core). */
/* SPDX-License-Identifier: MIT */
#include "core/backend.h"

#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "core/backend_cpu.h"
#include "core/backend_ref.h"

/* --------------------------------------------------------------------------------- by name --- */

static logit_status open_cuda(lg_backend **out, const lg_backend_options *options, logit_error *err)
{
    (void)options;
    *out = NULL;
    LG_FAIL(err, LOGIT_E_DEVICE,
            "device cuda: this build has no CUDA plug-in (liblogit-cuda.so); take --device cpu, or "
            "auto, which takes what is there");
}

static const struct device {
    const char *name;
    int numbered; /* NAME:N is understood too */
    logit_status (*open)(lg_backend **out, const lg_backend_options *options, logit_error *err);
} devices[] = {
    {"auto", 0, lg_backend_cpu_open},
    {"cpu", 0, lg_backend_cpu_open},
    {"cuda", 1, open_cuda},
    {"ref", 0, lg_backend_ref_open},
};
enum { DEVICE_COUNT = sizeof devices / sizeof devices[0] };

const char *lg_device_name(int i)
{
    return i >= 0 && i < DEVICE_COUNT ? devices[i].name : NULL;
}

/* 1 for "cuda" and, where devices are numbered, "cuda:0", "cuda:17". */
static int is_named(const struct device *device, const char *name)
{
    const size_t length = strlen(device->name);
    if (strncmp(name, device->name, length) != 0) return 0;
    if (name[length] == '\0') return 1;
    const char *number = name + length + 1;
    return device->numbered && name[length] == ':' && *number != '\0' &&
           strspn(number, "0123456789") == strlen(number) && strlen(number) <= 3;
}

logit_status lg_backend_open(lg_backend **out, const char *device,
                             const lg_backend_options *options, logit_error *err)
{
    *out = NULL;
    for (int i = 0; i < DEVICE_COUNT; i++)
        if (is_named(&devices[i], device)) return devices[i].open(out, options, err);
    LG_FAIL(err, LOGIT_E_USAGE,
            "device '%.40s': no such device; there are auto, cpu, cuda, cuda:N and ref", device);
}

void lg_backend_close(lg_backend *backend)
{
    if (backend) backend->ops->close(backend);
}

/* -------------------------------------------------------------------------------- one step --- */

logit_status lg_backend_train_step(lg_backend *backend, const lg_step *step, logit_error *err)
{
    const lg_backend_ops *ops = backend->ops;
    if (ops->fuses && ops->fuses(backend, step)) return ops->step(backend, step, err);
    LG_TRY(ops->pixels(backend, step, err));
    LG_TRY(ops->logits(backend, step, err));
    LG_TRY(ops->loss(backend, step, err));
    LG_TRY(ops->sum(backend, step, err));
    LG_TRY(ops->gradient(backend, step, err));
    return ops->update(backend, step, err);
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
