/* fiber_switch.h -- what fiber.cc needs of a processor.
 *
 * Tests (simt).  Where neither assembly is chosen, fiber.cc takes ucontext. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_SIMT_FIBER_SWITCH_H
#define LG_SIMT_FIBER_SWITCH_H

#if !defined(LG_SIMT_UCONTEXT) && (defined(__x86_64__) || defined(__aarch64__))
#define LG_SIMT_ASSEMBLY 1
#else
#define LG_SIMT_ASSEMBLY 0
#endif

/* Leaves the stack pointer in *from, and goes on from `to`. */
extern "C" __attribute__((visibility("hidden"))) void lg_simt_switch(void **from, void *to);

namespace simt
{

/* The stack pointer of a stack on which `body` is about to start; top is a multiple of 16. */
void *first_frame(unsigned char *top, void (*body)());

} // namespace simt

#endif
