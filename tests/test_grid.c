/* test_grid.c -- many settings in one pass: each is its own run to the last bit, whatever the
 * others do; the validation part picks one, and it alone meets the test part.
 *
 * Tests (suite grid). */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/cpu_kernels.h"
#include "tests/small_set.h"
#include "tests/train_rig.h"

Suite *lg_suite_grid(void);

/* ------------------------------------------------------------------------------- solo runs --- */

/* What is left out is 0 or empty: 3 classes and 3 epochs then.  Above LG_SMALL_OUTPUTS classes
 * products go to BLAS, and nothing is fused. */
typedef struct grid {
    const char *what, *loss, *optimizer;
    logit_list lr, l2, momentum, smoothing;
    int classes, nesterov, streamed, patience, epochs;
    int diverges; /* a setting that does, from 1 */
} grid;

enum { WIDE = LG_SMALL_OUTPUTS + 4 };
static const grid grids[] = {
    {"sgd", "softmax", "sgd", {3, {.3, .1, .03}}, {2, {0, 1e-4}}, .epochs = 3},
    {"momentum", "softmax", "sgd", {2, {.1, .01}}, .momentum = {3, {0, .5, .9}}},
    {"nesterov, streamed",
     "softmax",
     "sgd",
     {1, {.1}},
     {2, {0, .1}},
     {2, {0, .9}},
     .nesterov = 1,
     .streamed = 1},
    {"adam, smoothing", "softmax", "adam", {2, {.01, .001}}, .smoothing = {3, {0, .1, .3}}},
    {"adam, its rate chosen", "softmax", "adam", .l2 = {3, {0, 1e-2, 1e-1}}},
    {"sgd, rates chosen", "softmax", "sgd", .l2 = {2, {0, 1e-2}}, .momentum = {2, {0, .5}}},
    {"whole", "softmax", "gd", {2, {.5, .1}}, {2, {0, 1e-3}}, {2, {0, .9}}, .epochs = 9},
    {"one sigmoid",
     "sigmoid",
     "sgd",
     {3, {.3, .1, .03}},
     {2, {0, 1e-2}},
     .smoothing = {2, {0, .2}},
     .classes = 2},
    {"one versus rest",
     "sigmoid",
     "adam",
     {2, {.01, .003}},
     .smoothing = {2, {0, .2}},
     .classes = 5},
    {"squares", "mse", "sgd", {2, {.01, .003}}, {2, {0, 1e-2}}, {2, {0, .5}}, .classes = 4},
    {"by BLAS", "softmax", "sgd", {2, {.1, .03}}, {2, {0, 1e-3}}, .classes = WIDE, .epochs = 2},
    {"by BLAS, adam",
     "sigmoid",
     "adam",
     {2, {.01, .003}},
     .smoothing = {2, {0, .1}},
     .classes = WIDE,
     .epochs = 2},
    {"sixty-four",
     "softmax",
     "sgd",
     {8, {.5, .4, .3, .2, .1, .05, .02, .01}},
     {8, {0, 1e-5, 1e-4, 1e-3, 1e-2, .1, .2, .3}},
     .epochs = 2},
    {"one diverges", "softmax", "sgd", {3, {.1, 1e30, .03}}, {1, {.5}}, {1, {.5}}, .diverges = 2},
    {"one diverges, by BLAS",
     "softmax",
     "sgd",
     {2, {.1, 1e30}},
     {1, {.5}},
     .classes = WIDE,
     .epochs = 2,
     .diverges = 2},
    {"one diverges, whole",
     "softmax",
     "gd",
     {2, {1e30, .1}},
     {1, {.5}},
     .epochs = 9,
     .diverges = 1},
    {"patience",
     "softmax",
     "sgd",
     {3, {.3, .1, 3}},
     {2, {0, 1e-2}},
     {2, {0, .9}},
     .patience = 2,
     .epochs = 25},
    {"patience, adam",
     "softmax",
     "adam",
     {2, {.3, .03}},
     {2, {0, 1e-2}},
     .patience = 1,
     .epochs = 25},
};
enum { GRIDS = sizeof grids / sizeof *grids };

/* Fills in `options`, and draws the images. */
static void choose(const grid *g)
{
    const int classes = g->classes > 0 ? g->classes : 3;
    small_set_write_idx(small_set_path("idx"), "train", classes > 100 ? 4 * classes : 300, classes);
    options.loss = g->loss;
    options.optimizer = g->optimizer;
    options.nesterov = g->nesterov;
    options.patience = g->patience;
    options.epochs = g->epochs > 0 ? g->epochs : 3;
    if (g->streamed) options.memory = 1, options.height = options.width = 8;
    options.lr = g->lr;
    options.l2 = g->l2;
    if (g->momentum.count > 0) options.momentum = g->momentum;
    if (g->smoothing.count > 0) options.label_smoothing = g->smoothing;
}

/* Takes value i of a list alone; i goes on to the lists that change more slowly. */
static void pick(logit_list *list, int *i)
{
    if (list->count == 0) return;
    const int count = list->count;
    *list = (logit_list){1, {list->value[*i % count]}};
    *i /= count;
}

static int count_settings(void)
{
    const int lrs = options.lr.count > 0 ? options.lr.count : 1;
    const int l2s = options.l2.count > 0 ? options.l2.count : 1;
    return lrs * l2s * options.momentum.count * options.label_smoothing.count;
}

static void check_solo(const grid *g, const logit_options *all, const char *run, int s)
{
    char solo[80], stacked[80];
    int i = s;
    options = *all;
    pick(&options.lr, &i);
    pick(&options.momentum, &i);
    pick(&options.label_smoothing, &i);
    pick(&options.l2, &i);
    train("idx", "solo", s == g->diverges - 1 ? LOGIT_E_DIVERGED : LOGIT_OK, NULL);
    snprintf(stacked, sizeof stacked, "%s/settings/%02d/model.safetensors", run, s);
    if (s == g->diverges - 1) {
        ck_assert_msg(access(small_set_path(stacked), F_OK) != 0, "%s: %s", g->what, stacked);
        return;
    }
    snprintf(solo, sizeof solo, "solo/model.safetensors");
    ck_assert_msg(same_files(solo, stacked), "%s: setting %d", g->what, s);
}

/* All settings where they are few, else some of them, the first and the last among these. */
START_TEST(each_setting_is_its_own_run)
{
    const grid *g = &grids[_i];
    choose(g);
    const int settings = count_settings(), every = settings > 12 ? settings / 7 : 1;
    const logit_options all = options;
    train("idx", "grid", LOGIT_OK, NULL);
    for (int s = 0; s < settings; s += every) check_solo(g, &all, "grid", s);
    check_solo(g, &all, "grid", settings - 1);
}
END_TEST

/* -------------------------------------------------------------------------------- going on --- */

static int steps_left;

static int stop_later(void *user)
{
    (void)user;
    return --steps_left == 0;
}

/* Stopped in the middle of an epoch, one of the settings being frozen by then. */
START_TEST(every_setting_goes_on_to_the_same_bits) /* steps before it is stopped */
{
    const logit_watch watch = {.stop = stop_later};
    logit_error err;
    options.optimizer = "sgd";
    options.lr = (logit_list){3, {0.1, 1e30, 0.03}};
    options.momentum = (logit_list){2, {0.0, 0.9}};
    train("idx", "straight", LOGIT_OK, NULL);
    options.out = small_set_path("run");
    steps_left = 3 + 5 * _i;
    ck_assert_int_eq(logit_train(small_set_path("idx"), &options, &watch, NULL, &err),
                     LOGIT_E_STOPPED);
    options.resume = 1;
    train("idx", "run", LOGIT_OK, NULL);
    for (int s = 0; s < 6; s++) {
        char a[80], b[80];
        snprintf(a, sizeof a, "straight/settings/%02d/model.safetensors", s);
        snprintf(b, sizeof b, "run/settings/%02d/model.safetensors", s);
        const int there = access(small_set_path(a), F_OK) == 0;
        ck_assert_int_eq(there, access(small_set_path(b), F_OK) == 0);
        ck_assert_msg(!there || same_files(a, b), "setting %d", s);
    }
}
END_TEST

Suite *lg_suite_grid(void)
{
    Suite *suite = suite_create("grid");
    TCase *all = tcase_create("grid");
    tcase_add_checked_fixture(all, begin, small_set_end);
    tcase_set_timeout(all, 300);
    tcase_add_loop_test(all, each_setting_is_its_own_run, 0, GRIDS);
    tcase_add_loop_test(all, every_setting_goes_on_to_the_same_bits, 0, 5);
    suite_add_tcase(suite, all);
    return suite;
}
