/* fiber.cc -- see fiber.h.  Tests (simt). */
/* SPDX-License-Identifier: MIT */
#include "tests/simt/fiber.h"

#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/simt/words.h"

#if !LG_SIMT_ASSEMBLY
#include <ucontext.h>
#endif

extern "C" {
__attribute__((weak)) void __sanitizer_finish_switch_fiber(void *saved, const void **bottom,
                                                           size_t *bytes);
__attribute__((weak)) void *__tsan_get_current_fiber(void);
__attribute__((weak)) void *__tsan_create_fiber(unsigned flags);
__attribute__((weak)) void __tsan_destroy_fiber(void *fiber);
}

namespace simt
{

namespace
{

/* AddressSanitizer's frames are several times larger. */
const size_t stack_bytes = 256 * 1024;
const unsigned no_order = 1;

fiber *pool_first, *pool_last;
int fiber_count;
fiber *left; /* the fiber of the last switch */

void enter()
{
    if (has_asan()) {
        fiber *from = left;
        __sanitizer_finish_switch_fiber(nullptr, &from->bottom, &from->bytes);
    }
}

void (*shared_body)();

void start()
{
    enter();
    shared_body();
    stop("a fiber's body returned");
}

#if LG_SIMT_ASSEMBLY

void prepare(fiber *made, unsigned char *top)
{
    made->stack_pointer = first_frame(top, start);
}

void change(fiber *self, fiber *to)
{
    lg_simt_switch(&self->stack_pointer, to->stack_pointer);
}

#else

ucontext_t *context_of(fiber *of)
{
    if (!of->stack_pointer) of->stack_pointer = new ucontext_t;
    return static_cast<ucontext_t *>(of->stack_pointer);
}

void prepare(fiber *made, unsigned char *top)
{
    ucontext_t *context = context_of(made);
    if (getcontext(context) != 0) stop("getcontext failed");
    context->uc_stack.ss_sp = const_cast<void *>(made->bottom);
    context->uc_stack.ss_size = size_t(top - static_cast<const unsigned char *>(made->bottom));
    context->uc_link = nullptr;
    makecontext(context, start, 0);
}

void change(fiber *self, fiber *to)
{
    swapcontext(context_of(self), context_of(to));
}

#endif

/* Tops of stacks lie a few cache lines apart from each other's place in a page: all at the same
 * place, they would meet in the same few sets of the first-level cache. */
fiber *make()
{
    const size_t page = size_t(sysconf(_SC_PAGESIZE));
    void *memory = mmap(nullptr, page + stack_bytes, PROT_NONE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) stop("no memory for the stack of GPU thread %d", fiber_count);
    unsigned char *bottom = static_cast<unsigned char *>(memory) + page;
    if (mprotect(bottom, stack_bytes, PROT_READ | PROT_WRITE) != 0)
        stop("no memory for the stack of GPU thread %d", fiber_count);

    fiber *made = new fiber{};
    made->bottom = bottom;
    made->bytes = stack_bytes;
    made->identity = new_identity();
    prepare(made, bottom + stack_bytes - size_t(fiber_count % 61) * 64);
    fiber_count++;
    return made;
}

} // namespace

fiber *fiber_take(void (*body)())
{
    shared_body = body;
    if (!pool_first) return make();
    fiber *taken = pool_first;
    pool_first = taken->next;
    return taken;
}

/* Who makes an identity happens before it: that is nobody who does anything else. */
void fiber_reserve(int threads)
{
    static void *maker = new_identity();
    const int most = 1024, wanted = 3 * threads < most ? 3 * threads : most;
    if (!has_tsan() || fiber_count >= wanted) return;
    void *caller = current_identity();
    act_as(maker);
    while (fiber_count < wanted) fiber_give(make());
    act_as(caller);
}

/* Last in, first out for the caches; first in, first out where they are identities. */
void fiber_give(fiber *given)
{
    if (!has_tsan() || !pool_first) {
        if (!pool_first) pool_last = given;
        given->next = pool_first;
        pool_first = given;
        return;
    }
    given->next = nullptr;
    pool_last->next = given;
    pool_last = given;
}

void fiber_switch_watched(fiber *self, fiber *to)
{
    if (has_tsan()) __tsan_switch_to_fiber(to->identity, no_order);
    if (!has_asan()) {
        change(self, to);
        return;
    }
    left = self;
    __sanitizer_start_switch_fiber(&self->fake_stack, to->bottom, to->bytes);
    change(self, to);
    fiber *from = left;
    __sanitizer_finish_switch_fiber(self->fake_stack, &from->bottom, &from->bytes);
}

void fiber_of_caller(fiber *caller)
{
    caller->identity = current_identity();
}

void *new_identity()
{
    return has_tsan() ? __tsan_create_fiber(0) : nullptr;
}

void drop_identity(void *identity)
{
    if (has_tsan()) __tsan_destroy_fiber(identity);
}

void *current_identity()
{
    return has_tsan() ? __tsan_get_current_fiber() : nullptr;
}

void act_as(void *identity)
{
    if (has_tsan()) __tsan_switch_to_fiber(identity, no_order);
}

} // namespace simt
