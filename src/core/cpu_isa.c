/* cpu_isa.c -- looks at the processor and picks a table of inner loops.
 *
 * Layer 1 (core).  A function pointer table rather than ifunc or target_clones: those run before
 * the sanitizers are ready and crash under ThreadSanitizer. */
/* SPDX-License-Identifier: MIT */
#include "core/cpu_isa.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif
#include <stdlib.h>
#include <string.h>

#include "base/status.h"

#if defined(__x86_64__)
/* CPUID leaf 1, ECX bit 29: clang 14 does not know the name for __builtin_cpu_supports. */
static int has_f16c(void)
{
    unsigned a, b, c, d;
    return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_F16C) != 0;
}
#endif

const lg_cpu_kernels *lg_cpu_isa_row(int i, int *usable)
{
    *usable = 1;
#if defined(__x86_64__)
    const int avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && has_f16c();
    if (i == 0) {
        *usable = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                  __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
        return &lg_cpu_kernels_avx512;
    }
    if (i == 1) {
        *usable = avx2;
        return &lg_cpu_kernels_avx2;
    }
    i -= 2;
#endif
    return i == 0 ? &lg_cpu_kernels_base : NULL;
}

logit_status lg_cpu_isa_choose(const lg_cpu_kernels **out, logit_error *err)
{
    const char *wanted = getenv("LOGIT_ISA");
    if (wanted && !*wanted) wanted = NULL;
    const lg_cpu_kernels *row;
    int usable, known = 0;
    *out = NULL;
    for (int i = 0; (row = lg_cpu_isa_row(i, &usable)) != NULL; i++) {
        const int named = wanted && strcmp(wanted, row->name) == 0;
        known |= named;
        if (usable && (named || !wanted) && !*out) *out = row;
    }
    if (*out) return LOGIT_OK;
    if (known)
        LG_FAIL(err, LOGIT_E_DEVICE,
                "LOGIT_ISA=%s: this processor lacks these instructions; unset it, or take a lower "
                "class: avx2, base",
                wanted);
    LG_FAIL(err, LOGIT_E_USAGE, "LOGIT_ISA=%s: no such instruction set class here; there are: %s",
            wanted, lg_cpu_isa_row(1, &usable) ? "avx512, avx2, base" : "base");
}
