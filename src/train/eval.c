/* eval.c -- a model's figures on a set. */
/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "train/open_device.h"
#include "train/pass.h"
#include "train/settings.h"
#include "train/sources.h"
#include "train/targets.h"
#include "train/trainer.h"

/* What an evaluation holds while it runs. */
typedef struct evaluation {
    lg_sources sources;
    lg_backend *backend;
    lg_problem *problem;
    lg_feed *feed;
} evaluation;

static logit_status open_problem(evaluation *e, const logit_model *model,
                                 const logit_options *options, const logit_watch *watch,
                                 logit_error *err)
{
    char text[300];
    const lg_problem_shape shape = {.features = model->features,
                                    .batch = lg_eval_batch(1, model->features),
                                    .outputs = model->outputs,
                                    .settings = 1,
                                    .loss = model->loss,
                                    .optim = LG_OPTIM_GD};
    const lg_feed_shape feed = {.batch = lg_eval_batch(1, model->features),
                                .features = model->features,
                                .settings = 1,
                                .passes = 1,
                                .limit = (size_t)options->device_memory};
    LG_TRY(lg_problem_create(&e->problem, e->backend, &shape, err));
    const lg_normal normal = lg_model_normal(model);
    LG_TRY(lg_problem_set_normal(e->problem, &normal, err));
    LG_TRY(lg_problem_put(e->problem, 0, model->weight, model->bias, err));
    LG_TRY(lg_feed_open(&e->feed, e->backend, e->sources.part[LG_PART_TEST].loader, &feed, watch,
                        text, sizeof text, err));
    if (text[0]) lg_report_message(watch, LOGIT_LEVEL_INFO, "plan: %s", text);
    return LOGIT_OK;
}

static logit_status evaluate(evaluation *e, logit_model *model, const char *data, const char *part,
                             const logit_options *options, const logit_watch *watch,
                             logit_score *score, logit_error *err)
{
    const char *name = NULL;
    LG_TRY(lg_open_device(&e->backend, options, 0, watch, err)); /* before data is read */
    LG_TRY(lg_sources_open_for_eval(&e->sources, data, part, options, model, watch, &name, err));
    lg_source *source = &e->sources.part[LG_PART_TEST];
    LG_TRY(lg_targets_fit((lg_set *)(uintptr_t)source->set, model->loss, model->classes,
                          model->outputs, err));
    if (!e->backend->ops->unified) source->far = e->backend;
    LG_TRY(lg_source_load(source, options, model->classes, lg_eval_batch(1, model->features),
                          LG_SHUFFLE_NONE, options->memory, watch, err));
    LG_TRY(open_problem(e, model, options, watch, err));
    const lg_pass_input pass = {.problem = e->problem,
                                .feed = e->feed,
                                .classes = model->classes,
                                .class_name = model->class_name,
                                .top_k = options->top_k,
                                .total = source->count,
                                .watch = watch};
    LG_TRY(lg_pass_score(&pass, score, err));
    score->part = name;
    return LOGIT_OK;
}

logit_status logit_eval(logit_model *model, const char *data, const char *part,
                        const logit_options *given, const logit_watch *watch, logit_score *score,
                        logit_error *err)
{
    evaluation e = {0};
    logit_options options = *given;
    memset(score, 0, sizeof *score);
    LG_TRY(lg_options_settle(&options, err));
    const logit_status status = evaluate(&e, model, data, part, &options, watch, score, err);
    lg_feed_destroy(e.feed);
    lg_problem_destroy(e.problem);
    lg_sources_close(&e.sources);
    lg_backend_close(e.backend);
    return status;
}

void logit_score_clear(logit_score *score)
{
    free(score->class_score);
    free(score->confusion);
    *score = (logit_score){0};
}
