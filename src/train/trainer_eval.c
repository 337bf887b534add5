/* trainer_eval.c -- the figures at the end, and RUN/eval.json.
 *
 * One pass over the part that nothing was chosen by, scored for the kept setting alone. */
/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/status.h"
#include "train/pass.h"
#include "train/trainer.h"

/* The figures as the library tells them, so that reading the file is reading `logit eval`. */
static logit_status write_score(const lg_trainer *t, const logit_score *score, logit_error *err)
{
    char path[4400];
    char *json = logit_score_json(score);
    if (!json) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for eval.json");
    lg_run_folder_file(t->folder, "eval.json", path, sizeof path);
    const lg_piece piece[] = {{json, strlen(json)}, {"\n", 1}};
    const logit_status status = lg_file_replace(path, piece, 2, err);
    free(json);
    return status;
}

logit_status lg_trainer_evaluate(lg_trainer *t, int kept, logit_summary *summary, logit_error *err)
{
    const int has_test = t->sources.part[LG_PART_TEST].set != NULL;
    const lg_part part = has_test ? LG_PART_TEST : LG_PART_VAL;
    lg_problem one = lg_problem_narrow(t->problem, kept);
    const lg_pass_input pass = {.problem = &one,
                                .feed = t->feed[part],
                                .classes = t->classes,
                                .class_name = t->sources.data->class_name,
                                .temperature = t->setting[kept].temperature,
                                .set = t->sources.part[part].set,
                                .top_k = t->options.top_k,
                                .total = t->sources.part[part].count,
                                .memory = t->options.memory,
                                .watch = t->watch};
    logit_score score;
    if (!t->sources.part[part].set) return LOGIT_OK;
    logit_status status = lg_pass_score(&pass, &score, err);
    score.part = lg_part_names[part];
    if (status == LOGIT_OK) status = write_score(t, &score, err);
    if (has_test) {
        summary->test_count = score.n;
        summary->test_loss = score.loss;
        summary->test_accuracy = score.accuracy;
    }
    logit_score_clear(&score);
    return status;
}
