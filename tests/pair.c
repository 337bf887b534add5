/* pair.c -- see pair.h.
 *
 * Tests. */
/* SPDX-License-Identifier: MIT */
#include "tests/pair.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int pair_open_next(pair *p, int *row, rig_shape shape)
{
    const int first = *row == 0;
    lg_backend *backend = problem_next_device(row, 2);
    if (backend && strcmp(backend->ops->name, "ref") == 0) {
        backend->ops->close(backend);
        backend = problem_next_device(row, 2);
    }
    if (!backend && first) ck_abort_msg("there is no device to compare with the reference");
    if (!backend) return 0;
    rig_open(&p->device, backend, shape);
    rig_open(&p->ref, problem_device("ref", 2), shape);
    return 1;
}

void pair_close(pair *p)
{
    rig_close(&p->device);
    rig_close(&p->ref);
}

void pair_fill(pair *p, rig_array array, uint32_t stream, double low, double high)
{
    problem_fill(&p->device, array, stream, low, high);
    problem_fill(&p->ref, array, stream, low, high);
}

void pair_put(pair *p, rig_array array, const double *values)
{
    rig_put(&p->device, array, values);
    rig_put(&p->ref, array, values);
}

void pair_give(pair *p, rig_array array, const void *data)
{
    rig_give(&p->device, array, data);
    rig_give(&p->ref, array, data);
}

void pair_tell(pair *p, problem_truth truth)
{
    problem_tell(&p->device, truth);
    problem_tell(&p->ref, truth);
}

void pair_run(pair *p, rig_op op)
{
    rig_run(&p->device, op);
    rig_run(&p->ref, op);
}

void pair_compare(pair *p, rig_array array, const double *bound, const char *what)
{
    const rig_shape *s = &p->ref.shape;
    double *got = problem_get(&p->device, array), *want = problem_get(&p->ref, array);
    char name[160], message[NEAR_MESSAGE];
    snprintf(name, sizeof name, "%s, n %lld d %lld k %d s %d: %s", p->device.backend->ops->name,
             (long long)s->n, (long long)s->d, s->k, s->s, what);
    const near_pair numbers = {name,        got,          want,
                               sizeof *got, sizeof *want, rig_count(&p->ref, array)};
    if (near_check(numbers, (near_bound){.each = bound}, message)) ck_abort_msg("%s", message);
    free(got);
    free(want);
}
