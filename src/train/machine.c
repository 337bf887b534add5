/* machine.c -- what `logit info` says of the machine. */
/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/status.h"
#include "core/backend.h"
#include "core/blas.h"
#include "core/cpu_isa.h"
#include "train/open_device.h"

/* "model name : ..." of /proc/cpuinfo. */
static void processor_name(char *out, size_t size)
{
    char line[512];
    FILE *file = fopen("/proc/cpuinfo", "re");
    snprintf(out, size, "unknown");
    while (file && fgets(line, sizeof line, file)) {
        char *colon = strchr(line, ':');
        if (!colon || strncmp(line, "model name", 10) != 0) continue;
        colon[strcspn(colon, "\n")] = '\0';
        snprintf(out, size, "%.120s", colon + 2);
        break;
    }
    if (file) fclose(file);
}

/* A backend in its own words, or why it cannot be opened. */
static void describe_device(const char *device, int threads, char *out, size_t size)
{
    const lg_backend_options how = {.threads = threads};
    lg_backend *backend;
    logit_error err = {0};
    if (lg_backend_open(&backend, device, &how, &err) != LOGIT_OK) {
        /* the name stands in front of it here */
        snprintf(out, size, "%.590s", lg_device_reason(err.message));
        return;
    }
    backend->ops->describe(backend, out, size);
    lg_backend_close(backend);
}

logit_status logit_machine_describe(logit_machine *machine, logit_error *err)
{
    *machine = (logit_machine)
    {
        .version = LOGIT_VERSION,
#if defined(__clang__)
        .build = "clang " __clang_version__,
#else
        .build = "gcc " __VERSION__,
#endif
        .cores = lg_processor_count()
    };
    processor_name(machine->processor, sizeof machine->processor);
    lg_memory_read(&machine->memory_total, &machine->memory_available);
    const lg_cpu_kernels *kernels;
    LG_TRY(lg_cpu_isa_choose(&kernels, err));
    machine->isa = kernels->name;
    lg_blas_open(machine->isa);
    snprintf(machine->blas, sizeof machine->blas, "%s", lg_blas_describe());
    describe_device("cuda", machine->cores, machine->cuda, sizeof machine->cuda);
    return LOGIT_OK;
}
