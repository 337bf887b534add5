/* twin_rig.c -- see twin_rig.h.
 *
 * Tests. */
/* SPDX-License-Identifier: MIT */
#include "tests/twin_rig.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/plugin.h"

static const char *gpu_name(void)
{
    const char *name = getenv("LOGIT_TEST_GPU");
    return name && *name ? name : "simt";
}

static int is_there(void)
{
    return strcmp(gpu_name(), "simt") != 0 || lg_plugin_is_there("simt");
}

const char *twin_device(void)
{
    return is_there() ? gpu_name() : NULL;
}

void twin_look(void)
{
    static int is_said;
    if (is_said || is_there()) return;
    printf("kernels: skipped, there is no liblogit-simt.so (LOGIT_PLUGIN_DIR)\n");
    fflush(stdout);
    is_said = 1;
}

int twin_skips(int i)
{
    return i % TWIN_EVERY != 0;
}

int twin_open(twin *t, rig_shape shape, int seed)
{
    char text[16];
    if (!is_there()) return 0;
    snprintf(text, sizeof text, "%d", seed);
    setenv("LOGIT_SIMT_SEED", text, 1); /* read once, at the first call */
    rig_open(&t->gpu, problem_device(gpu_name(), 1), shape);
    rig_open(&t->cpu, problem_device("cpu", 1), shape);
    return 1;
}

void twin_close(twin *t)
{
    rig_close(&t->gpu);
    rig_close(&t->cpu);
}

void twin_fill(twin *t, rig_array array, uint32_t stream, double low, double high)
{
    problem_fill(&t->gpu, array, stream, low, high);
    problem_fill(&t->cpu, array, stream, low, high);
}

void twin_put(twin *t, rig_array array, const double *values)
{
    rig_put(&t->gpu, array, values);
    rig_put(&t->cpu, array, values);
}

void twin_give(twin *t, rig_array array, const void *data)
{
    rig_give(&t->gpu, array, data);
    rig_give(&t->cpu, array, data);
}

void twin_tell(twin *t, problem_truth truth)
{
    problem_tell(&t->gpu, truth);
    problem_tell(&t->cpu, truth);
}

void twin_scalars(twin *t, double scale)
{
    problem_give_scalars(&t->gpu, scale);
    problem_give_scalars(&t->cpu, scale);
}

void twin_run(twin *t, rig_op op)
{
    rig_run(&t->gpu, op);
    rig_run(&t->cpu, op);
}

static int is_same(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0 || (isnan(a) && isnan(b));
}

void twin_is(twin *t, rig_array array, const double *want, const char *what)
{
    const rig_shape *s = &t->gpu.shape;
    const int64_t count = rig_count(&t->gpu, array);
    double *got = problem_get(&t->gpu, array);
    int64_t wrong = 0, first = 0;
    for (int64_t i = count - 1; i >= 0; i--) {
        if (is_same(got[i], want[i])) continue;
        wrong++;
        first = i;
    }
    if (wrong)
        ck_abort_msg("%s, n %lld d %lld k %d s %d: [%lld] is %a, want %a; %lld of %lld differ",
                     what, (long long)s->n, (long long)s->d, s->k, s->s, (long long)first,
                     got[first], want[first], (long long)wrong, (long long)count);
    free(got);
}

void twin_same(twin *t, rig_array array, const char *what)
{
    double *want = problem_get(&t->cpu, array);
    twin_is(t, array, want, what);
    free(want);
}

void twin_same_totals(twin *t, const char *what)
{
    const int s = t->gpu.shape.s;
    lg_total *got = calloc(2 * (size_t)s, sizeof *got), *want = got + s;
    ck_assert_ptr_nonnull(got);
    rig_get_totals(&t->gpu, got);
    rig_get_totals(&t->cpu, want);
    for (int i = 0; i < s; i++)
        if (!is_same(got[i].loss, want[i].loss) || got[i].bad_step != want[i].bad_step ||
            got[i].bad_row != want[i].bad_row)
            ck_abort_msg("%s, setting %d: total %a, bad step %lld row %lld, want %a, %lld, %lld",
                         what, i, got[i].loss, (long long)got[i].bad_step,
                         (long long)got[i].bad_row, want[i].loss, (long long)want[i].bad_step,
                         (long long)want[i].bad_row);
    free(got);
}
