/* test_cpu.c -- opening backends by name, what they say of themselves, copies, the tables.
 *
 * Tests (suite cpu). */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "core/blas.h"
#include "core/cpu_isa.h"
#include "tests/allocations.h"
#include "tests/near.h"
#include "tests/problem.h"

Suite *lg_suite_cpu(void);

/* ----------------------------------------------------------------------------------- names --- */

static const struct {
    const char *device;
    logit_status status;
    const char *says;
} names[] = {
    {"cpu", LOGIT_OK, ""},
    {"auto", LOGIT_OK, ""},
    {"ref", LOGIT_OK, ""},
    {"gpu", LOGIT_E_USAGE, "gpu"},
    {"", LOGIT_E_USAGE, "auto, cpu"},
    {"cpu:0", LOGIT_E_USAGE, "cpu:0"},
    {"cuda:", LOGIT_E_USAGE, "cuda:"},
    {"cuda:x", LOGIT_E_USAGE, "cuda:x"},
    {"cuda:1x", LOGIT_E_USAGE, "cuda:1x"},
    {"cpux", LOGIT_E_USAGE, "cpux"},
};

START_TEST(devices_open_by_name)
{
    const lg_backend_options options = {.threads = 2};
    lg_backend *backend = (lg_backend *)&options; /* must be overwritten */
    logit_error err = {.message = ""};
    const logit_status status = lg_backend_open(&backend, names[_i].device, &options, &err);
    ck_assert_int_eq(status, names[_i].status);
    ck_assert((backend != NULL) == (status == LOGIT_OK));
    ck_assert_msg(strstr(err.message, names[_i].says) != NULL, "%s", err.message);
    lg_backend_close(backend);
}
END_TEST

START_TEST(every_listed_device_opens_or_says_why)
{
    const lg_backend_options options = {.threads = 1};
    const char *name;
    for (int i = 0; (name = lg_device_name(i)) != NULL; i++) {
        lg_backend *backend;
        logit_error err;
        const logit_status status = lg_backend_open(&backend, name, &options, &err);
        if (status != LOGIT_OK) {
            ck_assert_int_eq(status, LOGIT_E_DEVICE);
            ck_assert_ptr_nonnull(strstr(err.message, name));
        }
        lg_backend_close(backend);
    }
    ck_assert_ptr_null(lg_device_name(-1));
    lg_backend_close(NULL);
}
END_TEST

START_TEST(it_says_what_it_is)
{
    static const int threads[] = {1, 3};
    char text[200];
    for (int i = 0; i < 2; i++) {
        lg_backend *backend = problem_device("cpu", threads[i]);
        backend->ops->describe(backend, text, sizeof text);
        ck_assert_msg(strncmp(text, i ? "3 threads, " : "1 thread, ", i ? 11 : 10) == 0, "%s",
                      text);
        ck_assert_ptr_nonnull(strstr(text, lg_blas_describe()));
        char cut[5];
        backend->ops->describe(backend, cut, sizeof cut);
        ck_assert_uint_eq(strlen(cut), 4);
        lg_backend_close(backend);
    }
}
END_TEST

START_TEST(no_threads_is_refused)
{
    const lg_backend_options options = {.threads = 0};
    lg_backend *backend;
    ck_assert_int_eq(lg_backend_open(&backend, "cpu", &options, NULL), LOGIT_E_USAGE);
    ck_assert_ptr_null(backend);
}
END_TEST

/* ------------------------------------------------------------------------ instruction sets --- */

START_TEST(instruction_set_can_be_asked_for)
{
    const lg_cpu_kernels *best, *got, *row;
    logit_error err;
    unsetenv("LOGIT_ISA");
    ck_assert_int_eq(lg_cpu_isa_choose(&best, &err), LOGIT_OK);
    for (int i = 0, usable, first = 1; (row = lg_cpu_isa_row(i, &usable)) != NULL; i++) {
        setenv("LOGIT_ISA", row->name, 1);
        ck_assert_int_eq(lg_cpu_isa_choose(&got, &err), usable ? LOGIT_OK : LOGIT_E_DEVICE);
        ck_assert_ptr_eq(got, usable ? row : NULL);
        if (usable && first) ck_assert_ptr_eq(best, row);
        if (usable) first = 0;
    }
    setenv("LOGIT_ISA", "", 1);
    ck_assert_int_eq(lg_cpu_isa_choose(&got, &err), LOGIT_OK);
    ck_assert_ptr_eq(got, best);
    setenv("LOGIT_ISA", "sse9", 1);
    ck_assert_int_eq(lg_cpu_isa_choose(&got, &err), LOGIT_E_USAGE);
    ck_assert_ptr_nonnull(strstr(err.message, "sse9"));
    const lg_backend_options options = {.threads = 1};
    lg_backend *backend;
    ck_assert_int_eq(lg_backend_open(&backend, "cpu", &options, &err), LOGIT_E_USAGE);
    ck_assert_ptr_null(backend);
    unsetenv("LOGIT_ISA");
}
END_TEST

START_TEST(environment_is_left_as_it_was)
{
    setenv("OPENBLAS_NUM_THREADS", "7", 1);
    unsetenv("OPENBLAS_CORETYPE");
    lg_blas_open("avx2");
    ck_assert_str_eq(getenv("OPENBLAS_NUM_THREADS"), "7");
    ck_assert_ptr_null(getenv("OPENBLAS_CORETYPE"));
}
END_TEST

/* ---------------------------------------------------------------------------------- copies --- */

START_TEST(numbers_go_in_and_come_out) /* device: float, double */
{
    enum { COUNT = 5000 }; /* more than is converted at a time */
    lg_backend *backend = problem_device(_i ? "ref" : "cpu", 1);
    static float in[COUNT], out[COUNT];
    static double precise[COUNT];
    void *memory;
    for (int i = 0; i < COUNT; i++) in[i] = (float)rig_uniform(800, (uint64_t)i, -1, 1);
    const size_t bytes = COUNT * (size_t)backend->ops->real_bytes;
    ck_assert_int_eq(backend->ops->alloc(backend, &memory, bytes, NULL), LOGIT_OK);
    for (int count = 0; count <= COUNT; count = count * 3 + 1) {
        memset(out, 0, sizeof out);
        ck_assert_int_eq(lg_backend_put(backend, memory, in, count, NULL), LOGIT_OK);
        ck_assert_int_eq(lg_backend_get(backend, out, memory, count, NULL), LOGIT_OK);
        ck_assert_int_eq(lg_backend_get_double(backend, precise, memory, count, NULL), LOGIT_OK);
        ck_assert_mem_eq(out, in, (size_t)count * sizeof *in);
        for (int i = 0; i < count; i++) ck_assert(precise[i] == (double)in[i]);
        for (int i = count; i < COUNT; i++) ck_assert(out[i] == 0.0f);
    }
    backend->ops->free(backend, memory);
    lg_backend_close(backend);
}
END_TEST

START_TEST(memory_is_aligned_and_absurd_sizes_are_refused)
{
    static const size_t sizes[] = {0, 1, 63, 4096, (5u << 20) + 1};
    lg_backend *backend = problem_device("cpu", 1);
    logit_error err;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        void *memory;
        ck_assert_int_eq(backend->ops->alloc(backend, &memory, sizes[i], &err), LOGIT_OK);
        ck_assert_uint_eq((uintptr_t)memory % 64, 0);
        memset(memory, 1, sizes[i]);
        backend->ops->free(backend, memory);
    }
    void *memory = backend;
    ck_assert_int_eq(backend->ops->alloc(backend, &memory, SIZE_MAX - 5, &err), LOGIT_E_NOMEM);
    ck_assert_ptr_null(memory);
    backend->ops->free(backend, NULL);
    lg_backend_close(backend);
}
END_TEST

START_TEST(nothing_is_allocated_after_the_first_step)
{
    static const int ks[] = {3, 300};
    rig r;
    rig_open(&r, problem_device("cpu", 2), (rig_shape){.n = 40, .d = 33, .k = ks[_i], .s = 2});
    uint8_t *pixels = calloc(40, 33);
    ck_assert_ptr_nonnull(pixels);
    rig_give(&r, RIG_PIXELS, pixels);
    free(pixels);
    problem_prepare(&r, (problem_truth){.loss = LG_LOSS_SOFTMAX});
    rig_give(&r, RIG_SCALE, (float[33]){0.5f});
    rig_give(&r, RIG_SHIFT, (float[33]){0.0f});
    for (int step = 0; step < 4; step++) {
        const int64_t before = allocations_count();
        const logit_status status = lg_backend_train_step(r.backend, &r.step, NULL);
        const int64_t after = allocations_count(); /* assertions allocate */
        ck_assert_int_eq(status, LOGIT_OK);
        if (step > 0) ck_assert_int_eq(after, before);
    }
    rig_close(&r);
}
END_TEST

/* ---------------------------------------------------------------------------------- tables --- */

START_TEST(families_are_found_by_name)
{
    for (int i = 0; i < LG_LOSS_COUNT; i++) ck_assert_int_eq(lg_loss_find(lg_losses[i].name), i);
    for (int i = 0; i < LG_OPTIM_COUNT; i++) {
        ck_assert_int_eq(lg_optim_find(lg_optims[i].name), i);
        ck_assert_int_le(lg_optims[i].states, LG_OPTIM_STATES);
    }
    ck_assert_int_eq(lg_loss_find("hinge"), LG_LOSS_COUNT);
    ck_assert_int_eq(lg_optim_find(""), LG_OPTIM_COUNT);
    ck_assert_int_eq(lg_losses[LG_LOSS_SIGMOID].outputs(2), 1);
    ck_assert_int_eq(lg_losses[LG_LOSS_SIGMOID].outputs(3), 3);
    ck_assert_int_eq(lg_losses[LG_LOSS_SOFTMAX].outputs(2), 2);
    ck_assert_int_eq(lg_losses[LG_LOSS_MSE].outputs(0), 1);
}
END_TEST

Suite *lg_suite_cpu(void)
{
    Suite *suite = suite_create("cpu");
    TCase *tests = tcase_create("backend");
    tcase_add_loop_test(tests, devices_open_by_name, 0, sizeof names / sizeof *names);
    tcase_add_test(tests, every_listed_device_opens_or_says_why);
    tcase_add_test(tests, it_says_what_it_is);
    tcase_add_test(tests, no_threads_is_refused);
    tcase_add_test(tests, instruction_set_can_be_asked_for);
    tcase_add_test(tests, environment_is_left_as_it_was);
    tcase_add_loop_test(tests, numbers_go_in_and_come_out, 0, 2);
    tcase_add_test(tests, memory_is_aligned_and_absurd_sizes_are_refused);
    tcase_add_loop_test(tests, nothing_is_allocated_after_the_first_step, 0, 2);
    tcase_add_test(tests, families_are_found_by_name);
    suite_add_tcase(suite, tests);
    return suite;
}
