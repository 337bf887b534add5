/* fiber_switch.cc -- the context switch: assembly for x86-64 and arm64, ucontext for the rest.
 *
 * Tests (simt).  A switch saves what a called function must keep (x86-64 System V ABI 3.2.1,
 * AAPCS64 6.1.1 and 6.1.2: callee-saved registers and the floating-point control words) on the
 * stack that is left, and the stack pointer where it can be found.  -DLG_SIMT_UCONTEXT takes
 * ucontext anywhere. */
/* SPDX-License-Identifier: MIT */
#include "tests/simt/fiber_switch.h"

#include <stdint.h>

#if LG_SIMT_ASSEMBLY && defined(__x86_64__)

/* rdi: where to leave the stack pointer; rsi: the one to go on with.  The control words are loaded
 * only where they differ, because loading them stalls.  It leaves by a ret, because most fibers
 * wait at the same place, which is what the processor expects of one. */
__asm__(".text\n"
        ".p2align 4\n"
        ".globl lg_simt_switch\n"
        ".hidden lg_simt_switch\n"
        ".type lg_simt_switch, @function\n"
        "lg_simt_switch:\n"
        "    pushq %rbp\n"
        "    pushq %rbx\n"
        "    pushq %r12\n"
        "    pushq %r13\n"
        "    pushq %r14\n"
        "    pushq %r15\n"
        "    subq $8, %rsp\n"
        "    stmxcsr (%rsp)\n"
        "    fnstcw 4(%rsp)\n"
        "    movl (%rsp), %eax\n"
        "    movzwl 4(%rsp), %edx\n"
        "    movq %rsp, (%rdi)\n"
        "    movq %rsi, %rsp\n"
        "    cmpl (%rsp), %eax\n"
        "    je 1f\n"
        "    ldmxcsr (%rsp)\n"
        "1:  cmpw 4(%rsp), %dx\n"
        "    je 2f\n"
        "    fldcw 4(%rsp)\n"
        "2:  addq $8, %rsp\n"
        "    popq %r15\n"
        "    popq %r14\n"
        "    popq %r13\n"
        "    popq %r12\n"
        "    popq %rbx\n"
        "    popq %rbp\n"
        "    ret\n"
        ".size lg_simt_switch, .-lg_simt_switch\n");

void *simt::first_frame(unsigned char *top, void (*body)())
{
    uint64_t *frame = reinterpret_cast<uint64_t *>(top) - 9;
    for (int i = 0; i < 9; i++) frame[i] = 0;
    __asm__ volatile("stmxcsr %0\n\tfnstcw %1"
                     : "=m"(reinterpret_cast<uint32_t *>(frame)[0]),
                       "=m"(reinterpret_cast<uint16_t *>(frame)[2]));
    frame[7] = reinterpret_cast<uint64_t>(body); /* frame[8]: the body's return address, none */
    return frame;
}

#elif LG_SIMT_ASSEMBLY

/* x0: where to leave the stack pointer; x1: the one to go on with. */
__asm__(".text\n"
        ".p2align 4\n"
        ".globl lg_simt_switch\n"
        ".hidden lg_simt_switch\n"
        ".type lg_simt_switch, %function\n"
        "lg_simt_switch:\n"
        "    sub sp, sp, #176\n"
        "    stp x29, x30, [sp, #0]\n"
        "    stp x19, x20, [sp, #16]\n"
        "    stp x21, x22, [sp, #32]\n"
        "    stp x23, x24, [sp, #48]\n"
        "    stp x25, x26, [sp, #64]\n"
        "    stp x27, x28, [sp, #80]\n"
        "    stp d8, d9, [sp, #96]\n"
        "    stp d10, d11, [sp, #112]\n"
        "    stp d12, d13, [sp, #128]\n"
        "    stp d14, d15, [sp, #144]\n"
        "    mrs x9, fpcr\n"
        "    str x9, [sp, #160]\n"
        "    mov x10, sp\n"
        "    str x10, [x0]\n"
        "    mov sp, x1\n"
        "    ldr x11, [sp, #160]\n"
        "    cmp x9, x11\n"
        "    b.eq 1f\n"
        "    msr fpcr, x11\n"
        "1:  ldp x29, x30, [sp, #0]\n"
        "    ldp x19, x20, [sp, #16]\n"
        "    ldp x21, x22, [sp, #32]\n"
        "    ldp x23, x24, [sp, #48]\n"
        "    ldp x25, x26, [sp, #64]\n"
        "    ldp x27, x28, [sp, #80]\n"
        "    ldp d8, d9, [sp, #96]\n"
        "    ldp d10, d11, [sp, #112]\n"
        "    ldp d12, d13, [sp, #128]\n"
        "    ldp d14, d15, [sp, #144]\n"
        "    add sp, sp, #176\n"
        "    ret\n"
        ".size lg_simt_switch, .-lg_simt_switch\n");

void *simt::first_frame(unsigned char *top, void (*body)())
{
    uint64_t *frame = reinterpret_cast<uint64_t *>(top) - 22;
    for (int i = 0; i < 22; i++) frame[i] = 0;
    frame[1] = reinterpret_cast<uint64_t>(body);
    __asm__ volatile("mrs %0, fpcr" : "=r"(frame[20]));
    return frame;
}

#else

#include <stdlib.h>

/* Named where they cannot be reached. */
void lg_simt_switch(void **, void *)
{
    abort();
}

void *simt::first_frame(unsigned char *, void (*)())
{
    abort();
}

#endif
