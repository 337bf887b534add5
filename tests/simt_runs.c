/* simt_runs.c -- see simt_runs.h.
 *
 * Tests. */
/* SPDX-License-Identifier: MIT */
#include "tests/simt_runs.h"

#include <check.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/plugin.h"
#include "tests/small_set.h"
#include "tests/train_rig.h"

const simt_variant simt_variants[] = {
    {"softmax, sgd", "three", "softmax", "sgd", .lr = {0.02}, .l2 = {0.01}},
    {"sigmoid, sgd", "two", "sigmoid", "sgd", .lr = {0.02}, .l2 = {0.01}},
    {"one versus rest, sgd", "three", "sigmoid", "sgd", .lr = {0.02}},
    {"mse, sgd", "three", "mse", "sgd", .lr = {0.01}, .l2 = {0.01}},
    {"softmax, momentum", "three", "softmax", "sgd", .lr = {0.01}, .momentum = {0.8}, .l2 = {0.01}},
    {"sigmoid, momentum", "two", "sigmoid", "sgd", .lr = {0.01}, .momentum = {0.8}},
    {"mse, momentum", "three", "mse", "sgd", .lr = {0.004}, .momentum = {0.8}},
    {"softmax, adam", "three", "softmax", "adam", .lr = {0.01}},
    {"sigmoid, adam", "two", "sigmoid", "adam", .lr = {0.01}, .l2 = {0.01}},
    {"mse, adam", "three", "mse", "adam", .lr = {0.01}},
    {"nesterov", "three", "softmax", "sgd", .lr = {0.01}, .momentum = {0.8}, .nesterov = 1},
    {"whole set", "three", "softmax", "gd", .lr = {0.05}, .momentum = {0.8}},
    {"two rates", "three", "softmax", "sgd", .lr = {0.05, 0.0005}, .l2 = {0.01}},
    {"two penalties", "three", "softmax", "sgd", .lr = {0.02}, .l2 = {1.0, 0.001}},
    {"with momentum and without", "two", "sigmoid", "sgd", .lr = {0.01}, .momentum = {0.0, 0.8}},
    {"adam, three rates", "three", "softmax", "adam", .lr = {0.0001, 0.03, 0.001}},
    {"smoothed and weighted", "three", "softmax", "sgd", .lr = {0.02}, .smoothing = 0.1,
     .class_weight = "0=2,2=0.5"},
    {"smoothed, one sigmoid", "two", "sigmoid", "adam", .lr = {0.01}, .smoothing = 0.1,
     .class_weight = "balanced"},
    {"decay", "three", "softmax", "sgd", .lr = {0.02}, .l2 = {0.01}, .decay = 0.1},
    {"decay, adam", "three", "mse", "adam", .lr = {0.01}, .decay = 0.1},
    {"numbers", "numbers", "mse", "sgd", .lr = {0.01}, .l2 = {0.01}},
    {"soft targets", "soft", "softmax", "sgd", .lr = {0.02}},
};
const int simt_variant_count = sizeof simt_variants / sizeof *simt_variants;

const simt_variant *simt_find(const char *what)
{
    for (int i = 0; i < simt_variant_count; i++)
        if (strcmp(simt_variants[i].what, what) == 0) return &simt_variants[i];
    ck_abort_msg("there is no variant \"%s\"", what);
    return NULL;
}

/* ------------------------------------------------------------------------------- fixtures --- */

static int *trainings; /* shared with the processes that run them */

int simt_is_built(void)
{
    return lg_plugin_is_there("simt");
}

void simt_runs_begin(void)
{
    trainings =
        mmap(NULL, sizeof *trainings, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert(trainings != MAP_FAILED);
    if (!simt_is_built())
        printf("simt: skipped, there is no liblogit-simt.so (LOGIT_PLUGIN_DIR)\n");
}

void simt_runs_end(void)
{
    if (*trainings > 0) printf("simt: %d trainings\n", *trainings);
    fflush(stdout);
    munmap(trainings, sizeof *trainings);
}

void simt_count(void)
{
    __atomic_add_fetch(trainings, 1, __ATOMIC_RELAXED);
}

void simt_make_sets(void)
{
    small_set_begin();
    small_set_write_idx(small_set_path("three"), "train", 150, 3);
    small_set_write_idx(small_set_path("two"), "train", 150, 2);
    small_set_write_targets(small_set_path("numbers"), 150, 1);
    small_set_write_targets(small_set_path("soft"), 150, 3);
}

/* -------------------------------------------------------------------------------- options --- */

static logit_list list_of(const double *value, int most)
{
    logit_list list = {.count = 1, .value = {value[0]}};
    while (list.count < most && value[list.count] > 0.0) {
        list.value[list.count] = value[list.count];
        list.count++;
    }
    return list;
}

void simt_choose(const simt_variant *v, int epochs)
{
    logit_options_default(&options);
    options.threads = 2;
    options.force = 1;
    options.epochs = epochs;
    options.batch_size = 32;
    options.val_split = 0.2;
    options.loss = v->loss;
    options.optimizer = v->optimizer;
    options.nesterov = v->nesterov;
    options.weight_decay = v->decay;
    options.class_weight = v->class_weight;
    options.lr = list_of(v->lr, 3);
    options.l2 = list_of(v->l2, 2);
    options.momentum = list_of(v->momentum, 2);
    options.label_smoothing = (logit_list){1, {v->smoothing}};
}

/* 120 of them take 7680 bytes, 30 for validation 1920, targets 1800: 4000 bytes of the host hold
 * two slots.  On the device three slots of 256 images with labels and numbers take 61704 bytes,
 * with soft targets 67848; 4096 bytes more hold some 60 images. */
void simt_choose_way(simt_way way, const simt_variant *v)
{
    const int64_t slots = strcmp(v->set, "soft") == 0 ? 67848 : 61704;
    const int in_memory =
        way == SIMT_RESIDENT || way == SIMT_PARTLY_IN_MEMORY || way == SIMT_STREAMED_IN_MEMORY;
    options.height = options.width = 8;
    options.memory = in_memory ? 1 << 20 : 4000;
    options.device_memory = way == SIMT_PARTLY || way == SIMT_PARTLY_IN_MEMORY       ? slots + 4096
                            : way == SIMT_STREAMED                                   ? slots
                            : way == SIMT_SQUEEZED || way == SIMT_STREAMED_IN_MEMORY ? 1
                                                                                     : 0;
}

int simt_is_way(simt_way way, const char *plan)
{
    static const char *const sign[SIMT_WAYS] = {
        [SIMT_RESIDENT] = "images on the device, ",
        [SIMT_KEPT] = "kept there as u8 after the first pass",
        [SIMT_PARTLY] = "on the device, the rest streamed",
        [SIMT_PARTLY_IN_MEMORY] = "on the device, the rest streamed",
        [SIMT_STREAMED] = "streamed to the device, ",
        [SIMT_STREAMED_IN_MEMORY] = "streamed to the device, ",
        [SIMT_SQUEEZED] = "streamed to the device, 1 slots",
    };
    return strstr(plan, sign[way]) != NULL;
}

/* A count that the stand-in keeps; 0 where it has not been opened. */
static int64_t ask(const char *count)
{
    char path[4200];
    const char *folder = getenv("LOGIT_PLUGIN_DIR");
    snprintf(path, sizeof path, "%s/liblogit-simt.so", folder ? folder : "");
    void *plugin = dlopen(path, RTLD_NOW | RTLD_NOLOAD);
    int64_t (*counted)(void) = NULL;
    if (plugin) *(void **)&counted = dlsym(plugin, count);
    return counted ? counted() : 0;
}

int64_t simt_left_over(void)
{
    return ask("simt_live_all");
}

/* ------------------------------------------------------------------------------------- jobs --- */

/* AddressSanitizer's, where the tests are built with it. */
int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

int simt_is_slow(void)
{
    return __lsan_do_recoverable_leak_check != NULL;
}

static void on_start(void *user, const logit_run *run)
{
    simt_told *told = user;
    snprintf(told->plan, sizeof told->plan, "%s", run->plan);
}

static void on_epoch(void *user, const logit_epoch *epoch)
{
    simt_told *told = user;
    (void)epoch;
    told->trained = ask("simt_calls");
}

static void on_message(void *user, logit_level level, const char *text)
{
    simt_told *told = user;
    told->smaller += level == LOGIT_LEVEL_NOTICE && strstr(text, "next smaller plan") != NULL;
}

static void set_number(const char *name, int64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)value);
    if (value > 0) setenv(name, text, 1);
}

/* Does not return. */
static void run_job(const simt_job *job, simt_told *told)
{
    const logit_watch watch = {
        .user = told, .start = on_start, .epoch = on_epoch, .message = on_message};
    logit_error err = {.message = ""};
    set_number("LOGIT_SIMT_SEED", job->seed);
    set_number("LOGIT_SIMT_FAIL", job->fail);
    set_number("LOGIT_SIMT_MEMORY", job->device_bytes);
    simt_choose(job->variant, job->epochs);
    simt_choose_way(job->way, job->variant);
    if (job->batch > 0) options.batch_size = job->batch;
    options.device = "simt";
    options.out = small_set_path(job->run);
    const char *set = job->set ? job->set : job->variant->set;
    const logit_status status = logit_train(small_set_path(set), &options, &watch, NULL, &err);
    snprintf(told->error, sizeof told->error, "%s", status == LOGIT_OK ? "" : err.message);
    told->calls = ask("simt_calls");
    if (simt_left_over() > 0) _exit(SIMT_LEFT_SOMETHING);
    if (__lsan_do_recoverable_leak_check && __lsan_do_recoverable_leak_check()) _exit(SIMT_LEAKED);
    _exit(logit_exit_code(status));
}

int simt_run(const simt_job *job, simt_told *heard)
{
    int status = -1;
    simt_told *told =
        mmap(NULL, sizeof *told, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert(told != MAP_FAILED);
    const pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) run_job(job, told);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    *heard = *told;
    munmap(told, sizeof *told);
    ck_assert_msg(WIFEXITED(status), "%s: ended by signal %d", job->run, WTERMSIG(status));
    simt_count();
    return WEXITSTATUS(status);
}
