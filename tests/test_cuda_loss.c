/* test_cuda_loss.c -- loss and gradient of the kernels, bit for bit those of the CPU.
 *
 * Tests (suite cuda_loss).  The same logits go to both.  Rows are of every width at which the
 * kernels do something else (cuda/loss_few.h, loss_many.h), a little below and a little above, from
 * 1 to more than fits in shared memory; the largest logit stands in them more than once.  How near
 * either is to the truth is test_twins_loss.c's question, which takes the stand-in as one more
 * device. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "tests/twin_rig.h"

Suite *lg_suite_cuda_loss(void);

/* May class j of sample i be ruled out, without an infinite loss?  Setting 0 is not smoothed. */
static int may_rule_out(const lg_step *step, int64_t i, int j)
{
    const lg_batch *batch = &step->batch; /* of the CPU, whose memory is ours */
    if (step->loss != LG_LOSS_SOFTMAX || !batch->label || i % step->settings != 0) return 0;
    const int64_t sample = i / step->settings;
    return batch->label[batch->row ? batch->row[sample] : sample] != j;
}

/* Rows from calm to hopeless; one in three has its largest logit twice more, and one in five a
 * class that is ruled out. */
static void draw_logits(const lg_step *step, double *z)
{
    static const double spread[] = {1, 10, 80, 300};
    const int k = step->outputs;
    for (int64_t i = 0; i < step->batch.count * step->settings; i++, z += k) {
        const double most = spread[i % 4];
        int top = 0;
        for (int j = 0; j < k; j++) {
            z[j] = rig_uniform(95, (uint64_t)(i * k + j), -most, most);
            if (z[j] > z[top]) top = j;
        }
        const int first = (int)(i * 7919 % k), second = (int)((i * 104729 + 1) % k);
        if (i % 3 == 0) z[first] = z[second] = z[top];
        if (i % 5 == 4 && first != top && may_rule_out(step, i, first)) z[first] = -INFINITY;
    }
}

static void run_and_compare(twin *t, const char *what)
{
    double *z = rig_doubles(rig_count(&t->cpu, RIG_Z));
    draw_logits(&t->cpu.step, z);
    twin_put(t, RIG_Z, z);
    twin_fill(t, RIG_GB, 96, -1, 1);
    twin_run(t, RIG_OP_LOSS);
    twin_same(t, RIG_ROW_LOSS, what);
    twin_same(t, RIG_Z, what);
    twin_same(t, RIG_GB, what);
    double *loss = problem_get(&t->cpu, RIG_ROW_LOSS); /* a bad one would make all slopes zero */
    for (int64_t i = 0; i < rig_count(&t->cpu, RIG_ROW_LOSS); i++) ck_assert(isfinite(loss[i]));
    free(loss);
    free(z);
}

/* The settings have smoothing 0, 0.1, 0.2; turn 1: they are added to what gb holds; turn 2: the
 * logits stay. */
static void compare_turns(rig_shape shape, problem_truth truth, int turns, int seed)
{
    static const char *const what[] = {"plain", "accumulated", "kept"};
    twin t;
    if (!twin_open(&t, shape, seed)) return;
    twin_tell(&t, truth);
    twin_scalars(&t, 1.0 / (double)shape.n);
    for (int turn = 0; turn < 3; turn++) {
        if (!(turns >> turn & 1)) continue;
        t.gpu.step.accumulate = t.cpu.step.accumulate = turn == 1;
        t.gpu.step.keep_logits = t.cpu.step.keep_logits = turn == 2;
        run_and_compare(&t, what[turn]);
    }
    twin_close(&t);
}

/* Targets of every kind take turns. */
static problem_truth truth_of(lg_loss loss, int turn)
{
    return (problem_truth){loss, turn % 2, turn / 2 % 2};
}

/* ---------------------------------------------------------------------------------- widths --- */

/* k = 1 .. 33, then either side of each kernel's end, then 513 and on. */
static const int few[] = {47,  48,  49,  63,  64,  65,  95,  96,  97,  100, 127, 128,
                          129, 191, 192, 193, 255, 256, 257, 384, 385, 511, 512};
static const int many[] = {513,  767,  768,  769,   1000,  1024,  1025,  2048,  4097,
                           8192, 8193, 9000, 12289, 16000, 21841, 56576, 56577, 60001};
enum { SMALLEST = 33, FEW = sizeof few / sizeof *few, MANY = sizeof many / sizeof *many };

START_TEST(rows_of_registers_have_the_bits_of_the_cpu) /* width */
{
    const int k = _i < SMALLEST ? _i + 1 : few[_i - SMALLEST];
    const rig_shape one = {.n = k <= SMALLEST ? 41 : 11, .d = 1, .k = k, .s = 1};
    const rig_shape three = {.n = 7, .d = 1, .k = k, .s = 3};
    for (int loss = 0; loss < LG_LOSS_COUNT; loss++) {
        if (twin_skips(_i * LG_LOSS_COUNT + loss)) continue;
        compare_turns(one, truth_of((lg_loss)loss, _i + loss), 1, _i);
        compare_turns(three, truth_of((lg_loss)loss, 3 - (_i + loss) % 4), 7, _i);
    }
}
END_TEST

START_TEST(rows_of_a_block_have_the_bits_of_the_cpu) /* width */
{
    const int k = many[_i];
    const rig_shape shape = {.n = k < 5000 ? 5 : 1, .d = 1, .k = k, .s = 1 + k % 2};
    for (int loss = 0; loss < LG_LOSS_COUNT; loss++) {
        if (twin_skips(_i * LG_LOSS_COUNT + loss)) continue;
        const int turns = k < 5000 ? 7 : loss == LG_LOSS_SOFTMAX ? 5 : 1;
        compare_turns(shape, truth_of((lg_loss)loss, _i + loss), turns, _i);
        if (k < 5000) compare_turns(shape, truth_of((lg_loss)loss, _i + loss + 1), 1, _i);
    }
}
END_TEST

/* ------------------------------------------------------------------------------------ rows --- */

/* More rows than are in a hurry (4096), a lane each; more than all blocks of a launch take at
 * once, so that each worker comes to a second, which may be of another setting; more settings
 * than workers. */
static const rig_shape crowds[] = {
    {.n = 355, .d = 1, .k = 513, .s = 3},  {.n = 4097, .d = 1, .k = 7, .s = 1},
    {.n = 2050, .d = 1, .k = 8, .s = 2},   {.n = 4111, .d = 1, .k = 10, .s = 1},
    {.n = 1400, .d = 1, .k = 11, .s = 3},  {.n = 4100, .d = 1, .k = 13, .s = 1},
    {.n = 4101, .d = 1, .k = 14, .s = 1},  {.n = 4097, .d = 1, .k = 16, .s = 1},
    {.n = 11290, .d = 1, .k = 65, .s = 3}, {.n = 1, .d = 1, .k = 513, .s = 1060},
    {.n = 4099, .d = 1, .k = 5, .s = 1},   {.n = 2, .d = 1, .k = 129, .s = 8450},
};
enum { CROWDS = sizeof crowds / sizeof *crowds };

START_TEST(many_rows_have_the_bits_of_the_cpu) /* crowd; the losses take turns */
{
    const lg_loss loss = (lg_loss)((_i + 1) % LG_LOSS_COUNT);
    if (twin_skips(_i)) return;
    compare_turns(crowds[_i], truth_of(loss, _i + 2), crowds[_i].s > 1000 ? 4 : 1, _i + 1);
}
END_TEST

START_TEST(any_number_of_rows) /* k; n around what a warp and a block take at once */
{
    static const int ks[] = {1, 3, 10, 20, 40, 100, 200, 600};
    static const int64_t ns[] = {1, 2, 3, 4, 5, 7, 8, 9, 31, 32, 33, 127, 128, 129};
    for (size_t i = 0; i < sizeof ns / sizeof *ns; i++)
        if (!twin_skips(_i + (int)i))
            compare_turns((rig_shape){.n = ns[i], .d = 1, .k = ks[_i], .s = 1},
                          truth_of((lg_loss)(i % LG_LOSS_COUNT), (int)i), 1, (int)i);
}
END_TEST

START_TEST(no_rows_are_no_work)
{
    for (int loss = 0; loss < LG_LOSS_COUNT; loss++)
        compare_turns((rig_shape){.n = 0, .d = 1, .k = 10, .s = 2, .rows = 4},
                      truth_of((lg_loss)loss, 0), 3, 0);
}
END_TEST

/* Rows of the batch lie anywhere in the set. */
START_TEST(gathered_rows_have_the_bits_of_the_cpu) /* loss x (k, soft) */
{
    static const int ks[] = {3, 10, 40, 300, 700};
    const rig_shape shape = {.n = 19, .d = 1, .k = ks[_i % 5], .s = 2, .rows = 50};
    int32_t rows[19];
    twin t;
    if (twin_skips(_i) || !twin_open(&t, shape, _i)) return;
    for (int i = 0; i < 19; i++) rows[i] = (i * 17 + 30) % 50;
    twin_tell(&t, (problem_truth){(lg_loss)(_i / 10), _i / 5 % 2, 1});
    twin_give(&t, RIG_ROW, rows);
    twin_scalars(&t, 1.0 / 64);
    run_and_compare(&t, "gathered");
    twin_close(&t);
}
END_TEST

/* The order in which blocks, warps and lanes go on: as it is for a row that many share. */
START_TEST(order_of_threads_changes_nothing) /* seed x k */
{
    static const int ks[] = {2, 10, 33, 129, 513, 8193};
    const rig_shape shape = {.n = 9, .d = 1, .k = ks[_i % 6], .s = 2};
    if (twin_skips(_i)) return;
    compare_turns(shape, truth_of((lg_loss)(_i % LG_LOSS_COUNT), _i), 3, 1000 + _i);
    compare_turns(shape, truth_of(LG_LOSS_SOFTMAX, _i), 1, 1000 + _i);
}
END_TEST

/* -------------------------------------------------------------------------------- bad rows --- */

/* What spoils a row. */
static const struct {
    const char *what;
    double z; /* of one class; its neighbour is -z, and the largest float is what overflows */
} spoils[] = {{"NaN", NAN}, {"inf", INFINITY}, {"-inf", -INFINITY}, {"overflow", 3e38}};
enum { SPOILS = sizeof spoils / sizeof *spoils };

static void spoil(twin *t, const double *clean, int64_t row, int setting, double value)
{
    const int k = t->cpu.shape.k, s = t->cpu.shape.s;
    double *z = rig_doubles(rig_count(&t->cpu, RIG_Z));
    for (int64_t i = 0; i < rig_count(&t->cpu, RIG_Z); i++) z[i] = clean[i];
    for (int j = 0; j < k; j++) z[(row * s + setting) * k + j] = j % 2 ? value : -value;
    twin_put(t, RIG_Z, z);
    free(z);
}

/* A loss that is not finite: its setting's slopes are zero, and nobody else's are. */
START_TEST(a_bad_row_stops_its_setting_alone) /* loss x k */
{
    static const int ks[] = {1, 2, 10, 40, 300, 700};
    static const int64_t ns[] = {3, 600};
    const lg_loss loss = (lg_loss)(_i % LG_LOSS_COUNT);
    const int k = ks[_i / LG_LOSS_COUNT];
    for (int turn = 0; turn < SPOILS; turn++) {
        if (twin_skips(_i * SPOILS + turn)) continue;
        const rig_shape shape = {.n = ns[turn % 2 && k < 50], .d = 1, .k = k, .s = 3};
        twin t;
        if (!twin_open(&t, shape, _i)) return;
        double *z = rig_doubles(rig_count(&t.cpu, RIG_Z));
        rig_fill(z, rig_count(&t.cpu, RIG_Z), 97, -2, 2);
        twin_tell(&t, (problem_truth){.loss = loss, .weighted = 1});
        twin_scalars(&t, 0.125);
        spoil(&t, z, shape.n - 2, 1, spoils[turn].z);
        t.gpu.step.number = t.cpu.step.number = 77;
        twin_run(&t, RIG_OP_LOSS);
        twin_run(&t, RIG_OP_SUM);
        twin_same(&t, RIG_ROW_LOSS, spoils[turn].what);
        twin_same(&t, RIG_Z, spoils[turn].what);
        twin_same(&t, RIG_GB, spoils[turn].what);
        twin_same_totals(&t, spoils[turn].what);
        free(z);
        twin_close(&t);
    }
}
END_TEST

static TCase *case_of(Suite *suite, const char *name)
{
    TCase *tc = tcase_create(name);
    tcase_set_timeout(tc, 120);
    tcase_add_unchecked_fixture(tc, twin_look, NULL);
    suite_add_tcase(suite, tc);
    return tc;
}

Suite *lg_suite_cuda_loss(void)
{
    Suite *suite = suite_create("cuda_loss");
    TCase *few_wide = case_of(suite, "few"), *many_wide = case_of(suite, "many");
    TCase *rows = case_of(suite, "rows");
    tcase_add_loop_test(few_wide, rows_of_registers_have_the_bits_of_the_cpu, 0, SMALLEST + FEW);
    tcase_add_loop_test(many_wide, rows_of_a_block_have_the_bits_of_the_cpu, 0, MANY);
    tcase_add_loop_test(rows, many_rows_have_the_bits_of_the_cpu, 0, CROWDS);
    tcase_add_loop_test(rows, any_number_of_rows, 0, 8);
    tcase_add_test(rows, no_rows_are_no_work);
    tcase_add_loop_test(rows, gathered_rows_have_the_bits_of_the_cpu, 0, 10 * LG_LOSS_COUNT);
    tcase_add_loop_test(rows, order_of_threads_changes_nothing, 0, 24);
    tcase_add_loop_test(rows, a_bad_row_stops_its_setting_alone, 0, 6 * LG_LOSS_COUNT);
    return suite;
}
