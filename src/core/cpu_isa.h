/* cpu_isa.h -- which instruction set the inner loops use.
 *
 * Layer 1 (core).  base runs on any processor of the architecture; avx2 needs AVX2, FMA and F16C;
 * avx512 needs AVX-512 F, DQ, BW and VL beside them.  All give the same bits in the project's own
 * loops; BLAS differs by class, which is why the class is part of what a run records. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_CORE_CPU_ISA_H
#define LG_CORE_CPU_ISA_H

#include "core/cpu_kernels.h"

extern const lg_cpu_kernels lg_cpu_kernels_base;
#if defined(__x86_64__)
extern const lg_cpu_kernels lg_cpu_kernels_avx2;
extern const lg_cpu_kernels lg_cpu_kernels_avx512;
#endif

/* Row i of the table, best first, or NULL past its end; *usable: this processor can run it. */
const lg_cpu_kernels *lg_cpu_isa_row(int i, int *usable);

/* The best this processor can do; LOGIT_ISA=base|avx2|avx512 in the environment asks for a lower
 * one.  Errors: USAGE (no such name), DEVICE (the processor lacks it). */
logit_status lg_cpu_isa_choose(const lg_cpu_kernels **out, logit_error *err);

#endif
