/* ranking.h -- how well each class is told from the rest, wherever the line is drawn.
 *
 * Layer 2 (train).  Of class c the samples are ranked by the log odds that the model gives to it
 * (of z / T; for mse by the score).  Samples with equal log odds, in float32, are one threshold:
 * with them, S_t of the class and N_t of the rest are said to be c, of S and N in all, each counted
 * by its sample weight where the set has weights (not counted at all with a weight of 0).
 *
 *   ROC        points (N_t / N, S_t / S), from (0, 0) (Fawcett 2006, Pattern Recognit. Lett. 27)
 *   AUC        the chance that a sample of the class stands above one of the rest, of equal ones
 *              half: Mann & Whitney's U / (S N) (1947, Ann. Math. Stat. 18; Hanley & McNeil 1982,
 *              Radiology 143).  Without weights U is a sum of halves, and exact
 *   PR         points (R_t, P_t), R_t = S_t / S, P_t = S_t / (S_t + N_t), of the thresholds at
 *              which R grows; from recall 0 with the first precision
 *   AP         average precision, sum (R_t - R_t-1) P_t (Manning, Raghavan & Schuetze 2008,
 * ch. 8.4); no straight lines between points, which would say too much (Davis & Goadrich 2006)
 *   means      over the classes that have the figure: each alike (macro), or by S (weighted)
 *
 * A class without samples has neither figure, and without a rest no AUC.  One sample whose log odds
 * are NaN, and there is no ranking at all.  Curves are thinned (ranking_curve.h).
 *
 * It keeps the log odds of every class and sample, lg_ranking_bytes in all, taken at once.  At the
 * end 50,000 samples of 1000 classes took one core of a Xeon 2.7 s, 10,000 of 10 classes 5 ms. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_RANKING_H
#define LG_TRAIN_RANKING_H

#include <stddef.h>
#include <stdint.h>

#include "logit.h"

typedef struct lg_ranking lg_ranking;

/* What a ranking takes; SIZE_MAX where that is more than can be counted. */
size_t lg_ranking_bytes(int classes, int64_t samples);

/* For at most so many samples.  *out is NULL on failure.  Error: NOMEM. */
logit_status lg_ranking_create(lg_ranking **out, int classes, int64_t samples, logit_error *err);
void lg_ranking_destroy(lg_ranking *ranking);

/* One more sample: log_odds [classes], its class, and its weight, above 0. */
void lg_ranking_add(lg_ranking *ranking, const double *log_odds, int truth, double weight);

/* Fills the figures of *score and of its class_score, and its curves; it may go on adding.  Error:
 * NOMEM (also: more samples came than were announced). */
logit_status lg_ranking_finish(lg_ranking *ranking, logit_score *score, logit_error *err);

/* No ranking: NaN.  why: NULL where there are no classes to rank, else a static text. */
void lg_ranking_none(logit_score *score, const char *why);

/* Frees the curves. */
void lg_ranking_clear(logit_score *score);

#endif
