/* lbfgs_parts.h -- what lbfgs.c, which decides, and lbfgs_algebra.c, which computes, share.
 *
 * Layer 2 (train), private to the two. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_LBFGS_PARTS_H
#define LG_TRAIN_LBFGS_PARTS_H

#include "train/lbfgs.h"
#include "train/line_search.h"

typedef enum lg_lbfgs_phase {
    LG_LBFGS_FIRST, /* the start has not been evaluated */
    LG_LBFGS_ALL,   /* weights and biases */
    LG_LBFGS_BIASES /* biases alone */
} lg_lbfgs_phase;

enum { LG_LBFGS_MOST_PAIRS = 20 };

/* What lives on beside the arrays. */
typedef struct lg_lbfgs_head {
    lg_lbfgs_figures figures;
    lg_line line;
    lg_lbfgs_phase phase;
    lg_lbfgs_end reason; /* why the weights were left */
    int kept, next;      /* pairs: how many, and which is written next */
    int steps_since;     /* the last that gained something */
    int bias_steps;
    double best, best_largest;
    double scale; /* s.y / y.y of the newest pair: the size of the inverse Hessian (7.20) */
    double product[LG_LBFGS_MOST_PAIRS]; /* s.y */
} lg_lbfgs_head;

struct lg_lbfgs {
    lg_vectors *vectors;
    lg_lbfgs_shape shape;
    int64_t count;
    int pairs; /* room for */
    size_t bytes;
    /* one block */
    lg_lbfgs_head *head;
    double *gradient; /* of loss + l2 at the point */
    double *told;     /* at the trial */
    double *direction;
    double *steepest; /* smallest subgradient at the point: what the direction is made from */
    float *point, *trial;
    float *moves, *changes; /* [pairs][count]: of the point, of its gradient */
};

/* The first number that moves: 0, or where the biases begin. */
static inline int64_t lg_lbfgs_first(const lg_lbfgs *l)
{
    return l->head->phase == LG_LBFGS_BIASES ? l->shape.weights : 0;
}

/* Adds the penalties to a loss, and the gradient of l2 to what was told; the objective. */
double lg_lbfgs_penalty(lg_lbfgs *l, double loss);
/* Fills steepest and the figures of the point. */
void lg_lbfgs_measure(lg_lbfgs *l);
/* direction from steepest and the pairs. */
void lg_lbfgs_direct(lg_lbfgs *l);
/* a . b, and a . direction, over the numbers that move. */
double lg_lbfgs_slope_of(lg_lbfgs *l, const double *a, const double *b);
double lg_lbfgs_slope(lg_lbfgs *l, const double *a);
/* trial = point + step direction, rounded; with l1 cut off where a sign would change.  0 if that is
 * the point itself. */
int lg_lbfgs_move(lg_lbfgs *l, double step);
/* Keeps the pair from point to trial. */
void lg_lbfgs_remember(lg_lbfgs *l);
/* The search with l1: half as far, until the objective falls as the subgradient said. */
lg_line_answer lg_lbfgs_backtrack(lg_lbfgs *l, double value);

#endif
