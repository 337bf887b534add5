/* backend_cuda.c -- finds a device, opens what a backend needs on it, says what it is.
 *
 * Layer 1 (cuda).  The runtime is linked statically and the driver is opened by the runtime, so a
 * machine without either gives a sentence here, and no loader error.  Close copes with whatever
 * open reached. */
/* SPDX-License-Identifier: MIT */
#include "cuda/backend_cuda.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cuda/kernels.h"

/* cuBLAS picks its algorithm by the workspace it has, too: as much as its guide asks for on Hopper,
 * https://docs.nvidia.com/cuda/cublas/#cublassetworkspace, on every device. */
enum { WORKSPACE_BYTES = 32 << 20 };

enum { TENSOR_CORES_MAJOR = 8 }; /* tf32 and bf16 products: compute capability 8.0 and later */

enum { VERSION = 32, RELEASE = 48 };

static const char *const self = "logit";

/* ------------------------------------------------------------------------------- versions --- */

/* 13000 is "13.0"; what could not be asked is "?". */
static const char *cuda_version(char *out, int version)
{
    snprintf(out, VERSION, version > 0 ? "%d.%d" : "?", version / 1000, version % 1000 / 10);
    return out;
}

static const char *toolkit_version(char *out)
{
    int version = 0;
    if (cudaRuntimeGetVersion(&version) != cudaSuccess) version = 0;
    return cuda_version(out, version);
}

/* CUDA version that the driver knows; 0: there is no driver. */
static int driver_knows(void)
{
    int version = 0;
    return cudaDriverGetVersion(&version) == cudaSuccess ? version : 0;
}

/* The first word of a line that is a number with points: "580.95.05". */
static const char *find_release(char *line)
{
    char *rest = line;
    for (char *word; (word = strsep(&rest, " \t\n")) != NULL;)
        if (*word >= '1' && *word <= '9' && strchr(word, '.')) return word;
    return NULL;
}

/* "driver 580.95.05" as the kernel module says it, else what the driver library knows. */
static const char *driver_release(char *out)
{
    char line[256] = "", version[VERSION];
    FILE *file = fopen("/proc/driver/nvidia/version", "re");
    const char *release = file && fgets(line, sizeof line, file) ? find_release(line) : NULL;
    if (file) fclose(file);
    if (release)
        snprintf(out, RELEASE, "driver %.24s", release);
    else
        snprintf(out, RELEASE, "driver for CUDA %.16s", cuda_version(version, driver_knows()));
    return out;
}

/* --------------------------------------------------------------------------- which device --- */

/* Why no device can be used. */
static logit_status say_no_device(cudaError_t code, logit_error *err)
{
    char toolkit[VERSION], known[VERSION], release[RELEASE];
    const char *name = logit_plugin.name;
    const int driver = driver_knows();
    toolkit_version(toolkit);
    cudaGetLastError();
    if (driver == 0)
        LG_FAIL(err, LOGIT_E_DEVICE,
                "device %s: there is no NVIDIA driver here (libcuda.so.1); %s was built with CUDA "
                "%s and needs a driver that knows it; install one, or take --device cpu",
                name, self, toolkit);
    if (code == cudaErrorInsufficientDriver)
        LG_FAIL(err, LOGIT_E_DEVICE,
                "device %s: the %s knows CUDA %s, and %s was built with CUDA %s; update the "
                "driver, or take --device cpu",
                name, driver_release(release), cuda_version(known, driver), self, toolkit);
    if (code == cudaSuccess || code == cudaErrorNoDevice)
        LG_FAIL(err, LOGIT_E_DEVICE,
                "device %s: the %s sees no GPU (%s was built with CUDA %s); look at nvidia-smi and "
                "CUDA_VISIBLE_DEVICES, or take --device cpu",
                name, driver_release(release), self, toolkit);
    LG_FAIL(err, LOGIT_E_DEVICE,
            "device %s: %s (%s; %s was built with CUDA %s); look at nvidia-smi, or take "
            "--device cpu",
            name, cudaGetErrorString(code), driver_release(release), self, toolkit);
}

/* Makes device `number` the current one, if there is one. */
static logit_status find_device(int number, struct cudaDeviceProp *is, logit_error *err)
{
    int count = 0;
    const char *name = logit_plugin.name;
    const cudaError_t code = cudaGetDeviceCount(&count);
    if (code != cudaSuccess || count == 0) return say_no_device(code, err);
    if (number >= count && count == 1)
        LG_FAIL(err, LOGIT_E_DEVICE, "device %s:%d: there is one device here; take --device %s:0",
                name, number, name);
    if (number >= count)
        LG_FAIL(err, LOGIT_E_DEVICE,
                "device %s:%d: there are %d devices here; take one of %s:0 to %s:%d", name, number,
                count, name, name, count - 1);
    LG_CUDA(err, cudaSetDevice(number));
    LG_CUDA(err, cudaGetDeviceProperties(is, number));
    return LOGIT_OK;
}

static logit_status fit_precision(lg_precision precision, const struct cudaDeviceProp *is,
                                  logit_error *err)
{
    if (precision == LG_PRECISION_F32 || is->major >= TENSOR_CORES_MAJOR) return LOGIT_OK;
    LG_FAIL(err, LOGIT_E_USAGE,
            "--precision %s: %.100s (sm_%d%d) has no tensor cores for it; take --precision f32",
            lg_precisions[precision].name, is->name, is->major, is->minor);
}

/* cuBLAS takes its precision from the environment, too, past all that is asked of it:
 * https://docs.nvidia.com/cuda/cublas/ (floating point emulation), NVIDIA_TF32_OVERRIDE.  What is
 * printed is what is computed, so that such a wish is refused. */
static const struct wish {
    const char *variable;
    lg_precision spoils;
    int by_zero; /* when it is "0"; else when it is anything but that */
} wishes[] = {
    {"NVIDIA_TF32_OVERRIDE", LG_PRECISION_F32, 0},
    {"NVIDIA_TF32_OVERRIDE", LG_PRECISION_TF32, 1},
    {"CUBLAS_EMULATE_SINGLE_PRECISION", LG_PRECISION_F32, 0},
};

static logit_status fit_environment(lg_precision precision, logit_error *err)
{
    for (size_t i = 0; i < sizeof wishes / sizeof *wishes; i++) {
        const char *value = getenv(wishes[i].variable);
        if (!value || !*value || wishes[i].spoils != precision) continue;
        if ((strcmp(value, "0") == 0) != wishes[i].by_zero) continue;
        LG_FAIL(err, LOGIT_E_USAGE,
                "--precision %s: %s=%.40s in the environment makes cuBLAS compute in another; "
                "unset it",
                lg_precisions[precision].name, wishes[i].variable, value);
    }
    return LOGIT_OK;
}

/* ---------------------------------------------------------------------------------- setup --- */

static logit_status open_streams(lg_cuda *cuda, logit_error *err)
{
    for (int i = 0; i < LG_CUDA_QUEUES; i++)
        LG_CUDA(err, cudaStreamCreateWithFlags(&cuda->stream[i], cudaStreamNonBlocking));
    return LOGIT_OK;
}

/* cuBLAS on the compute stream: a fixed workspace (given after the stream, which would take it
 * away), alpha and beta on the device, no reduced precision but what the product asks for. */
static logit_status open_cublas(lg_cuda *cuda, logit_error *err)
{
    LG_TRY(lg_cublas_open(&cuda->blas, err));
    const lg_cublas *blas = cuda->blas;
    LG_TRY(lg_cuda_malloc(&cuda->workspace, WORKSPACE_BYTES, err));
    LG_CUBLAS(blas, err, blas->create(&cuda->handle));
    LG_CUBLAS(blas, err, blas->set_stream(cuda->handle, cuda->stream[LG_QUEUE_COMPUTE]));
    LG_CUBLAS(blas, err, blas->set_workspace(cuda->handle, cuda->workspace, WORKSPACE_BYTES));
    LG_CUBLAS(blas, err, blas->set_pointer_mode(cuda->handle, CUBLAS_POINTER_MODE_DEVICE));
    LG_CUBLAS(blas, err,
              blas->set_math_mode(
                  cuda->handle, (cublasMath_t)(CUBLAS_DEFAULT_MATH |
                                               CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION)));
    return LOGIT_OK;
}

/* The constants; and a first launch, which says whether there is code for this device at all. */
static logit_status try_out(lg_cuda *cuda, logit_error *err)
{
    static const float value[LG_CONSTANTS] = {
        [LG_ONE] = 1.0f, [LG_ZERO] = 0.0f, [LG_MINUS_ONE] = -1.0f};
    const cudaStream_t stream = cuda->stream[LG_QUEUE_COMPUTE];
    void *constants;
    LG_TRY(lg_cuda_malloc(&constants, sizeof value, err));
    cuda->constants = constants;
    LG_CUDA(err, cudaMemcpyAsync(constants, value, sizeof value, cudaMemcpyHostToDevice, stream));
    LG_CUDA(err, lg_to_bf16_cuda(cuda->workspace, cuda->constants, LG_CONSTANTS, stream));
    LG_CUDA(err, cudaStreamSynchronize(stream));
    return LOGIT_OK;
}

static logit_status write_text(lg_cuda *cuda, const struct cudaDeviceProp *is, logit_error *err)
{
    char toolkit[VERSION], release[RELEASE], memory[LG_TEXT_BYTES];
    int blas = 0;
    LG_CUBLAS(cuda->blas, err, cuda->blas->get_version(cuda->handle, &blas));
    snprintf(cuda->text, sizeof cuda->text,
             "%.80s, sm_%d%d, %d SMs, %s, CUDA %s, %s, cuBLAS %d.%d.%d, %s", is->name, is->major,
             is->minor, is->multiProcessorCount, lg_text_bytes(memory, (double)is->totalGlobalMem),
             toolkit_version(toolkit), driver_release(release), blas / 10000, blas / 100 % 100,
             blas % 100, lg_precisions[cuda->precision].name);
    return LOGIT_OK;
}

static logit_status set_up(lg_cuda *cuda, int number, lg_precision precision, logit_error *err)
{
    struct cudaDeviceProp is;
    cuda->number = number;
    cuda->precision = precision;
    LG_TRY(find_device(number, &is, err));
    LG_TRY(fit_precision(precision, &is, err));
    LG_TRY(fit_environment(precision, err));
    LG_TRY(open_streams(cuda, err));
    LG_TRY(open_cublas(cuda, err));
    LG_TRY(try_out(cuda, err));
    return write_text(cuda, &is, err);
}

logit_status lg_cuda_open(lg_backend **out, int number, const lg_backend_options *options,
                          logit_error *err)
{
    *out = NULL;
    lg_cuda *cuda = calloc(1, sizeof *cuda);
    if (!cuda) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the %s backend", logit_plugin.name);
    cuda->base.ops = &lg_cuda_ops;
    const logit_status status = set_up(cuda, number, options->precision, err);
    if (status != LOGIT_OK) {
        lg_cuda_close(&cuda->base); /* closes whatever was reached */
        return status;
    }
    *out = &cuda->base;
    return LOGIT_OK;
}

/* After a fault every call fails, and there is nobody left to tell: results are not looked at. */
void lg_cuda_close(lg_backend *backend)
{
    lg_cuda *cuda = (lg_cuda *)backend;
    const lg_scratch scratch[] = {cuda->factor,     cuda->mu,      cuda->half_x,  cuda->half_w,
                                  cuda->half_slope, cuda->lift_in, cuda->lift_out};
    cudaSetDevice(cuda->number);
    for (int i = 0; i < LG_CUDA_QUEUES; i++)
        if (cuda->stream[i]) cudaStreamSynchronize(cuda->stream[i]);
    if (cuda->handle) cuda->blas->destroy(cuda->handle);
    for (size_t i = 0; i < sizeof scratch / sizeof *scratch; i++)
        if (scratch[i].memory) cudaFree(scratch[i].memory);
    lg_cuda_free_retired(cuda);
    if (cuda->constants) cudaFree(cuda->constants);
    if (cuda->workspace) cudaFree(cuda->workspace);
    for (int i = 0; i < LG_CUDA_QUEUES; i++)
        if (cuda->stream[i]) cudaStreamDestroy(cuda->stream[i]);
    cudaGetLastError();
    free(cuda);
}

void lg_cuda_describe(const lg_backend *backend, char *text, size_t size)
{
    snprintf(text, size, "%s", ((const lg_cuda *)backend)->text);
}
