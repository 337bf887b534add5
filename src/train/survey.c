/* survey.c -- opens, in the order in which failures cost least: device, set, memory. */
/* SPDX-License-Identifier: MIT */
#include "train/survey.h"

#include <string.h>

#include "base/status.h"
#include "train/open_device.h"
#include "train/targets.h"
#include "train/trainer.h"
#include "train/weights.h"

static logit_status open_problem(lg_survey *s, const logit_model *model,
                                 const logit_options *options, const logit_watch *watch,
                                 logit_error *err)
{
    char text[300];
    const lg_problem_shape shape = {.features = model->features,
                                    .lift = lg_model_lift(model),
                                    .batch =
                                        lg_eval_batch_of(lg_model_lift(model), model->features),
                                    .outputs = model->outputs,
                                    .settings = 1,
                                    .loss = model->loss,
                                    .optim = LG_OPTIM_GD};
    const lg_feed_shape feed = {.batch = lg_eval_batch_of(lg_model_lift(model), model->features),
                                .features = model->inputs,
                                .settings = 1,
                                .passes = 1,
                                .limit = (size_t)options->device_memory};
    LG_TRY(lg_problem_create(&s->problem, s->backend, &shape, err));
    const lg_normal normal = lg_model_normal(model);
    LG_TRY(lg_problem_set_normal(s->problem, &normal, err));
    LG_TRY(lg_problem_put(s->problem, 0, model->weight, model->bias, err));
    LG_TRY(lg_feed_open(&s->feed, s->backend, s->source->loader, &feed, watch, text, sizeof text,
                        err));
    if (text[0]) lg_report_message(watch, LOGIT_LEVEL_INFO, "plan: %s", text);
    return LOGIT_OK;
}

/* What is left once the part is found. */
static logit_status open_rest(lg_survey *s, const logit_model *model, const logit_options *options,
                              const logit_watch *watch, logit_error *err)
{
    LG_TRY(lg_targets_fit((lg_set *)(uintptr_t)s->source->set, model->loss, model->classes,
                          model->outputs, err));
    lg_device_tell(&s->device_note, watch);
    if (!s->backend->ops->unified) s->source->far = s->backend;
    LG_TRY(lg_source_load(s->source, options, model->classes,
                          lg_eval_batch_of(lg_model_lift(model), model->features), LG_SHUFFLE_NONE,
                          options->memory, watch, err));
    LG_TRY(open_problem(s, model, options, watch, err));
    s->pass = (lg_pass_input){.problem = s->problem,
                              .set = s->source->set,
                              .feed = s->feed,
                              .classes = model->classes,
                              .class_name = model->class_name,
                              .temperature = model->temperature,
                              .top_k = options->top_k,
                              .total = s->source->count,
                              .memory = options->memory,
                              .watch = watch};
    return LOGIT_OK;
}

logit_status lg_survey_open(lg_survey *s, const logit_model *model, const char *data,
                            const char *part, const logit_options *options,
                            const logit_watch *watch, logit_error *err)
{
    LG_TRY(lg_open_device(&s->backend, options, 0, &s->device_note, err)); /* before data is read */
    LG_TRY(lg_sources_open_for_eval(&s->sources, data, part, options, model, watch, &s->part, err));
    s->source = &s->sources.part[LG_PART_TEST];
    return open_rest(s, model, options, watch, err);
}

logit_status lg_survey_open_training(lg_survey *s, const logit_model *model, const char *data,
                                     const logit_options *options, const logit_watch *watch,
                                     logit_error *err)
{
    LG_TRY(lg_open_device(&s->backend, options, 0, &s->device_note, err));
    LG_TRY(lg_sources_open(&s->sources, data, options, model, watch, err));
    s->source = &s->sources.part[LG_PART_TRAIN];
    LG_TRY(lg_weights_apply((lg_set *)(uintptr_t)s->source->set, s->source->only, s->source->count,
                            model->classes, model->class_name, options->class_weight, err));
    s->part = "train";
    return open_rest(s, model, options, watch, err);
}

void lg_survey_close(lg_survey *s)
{
    lg_feed_destroy(s->feed);
    lg_problem_destroy(s->problem);
    lg_sources_close(&s->sources);
    lg_backend_close(s->backend);
    memset(s, 0, sizeof *s);
}
