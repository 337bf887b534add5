/* class_figures.c -- see the header for each formula and its source. */
/* SPDX-License-Identifier: MIT */
#include "train/class_figures.h"

#include <math.h>

static double over(double a, double b)
{
    return b > 0.0 ? a / b : (double)NAN;
}

static double matthews(const logit_score *score)
{
    const double n = (double)score->n;
    double right = 0.0, products = 0.0, said_squares = 0.0, true_squares = 0.0, none = n;
    for (int c = 0; c < score->classes; c++) {
        const logit_class_score *of = &score->class_score[c];
        const double truth = (double)of->count, said = (double)of->predicted;
        right += (double)of->correct;
        products += truth * said;
        said_squares += said * said;
        true_squares += truth * truth;
        none -= said;
    }
    said_squares += none * none;
    /* two roots: the product of the squares of large counts has fewer digits */
    return over(right * n - products, sqrt(n * n - said_squares) * sqrt(n * n - true_squares));
}

void lg_class_figures(logit_score *score)
{
    double recall = 0.0, f1 = 0.0, weighted = 0.0, present = 0.0, named = 0.0;
    score->balanced_accuracy = score->macro_f1 = score->weighted_f1 = score->matthews = (double)NAN;
    if (!score->class_score) return;
    for (int c = 0; c < score->classes; c++) {
        const logit_class_score *of = &score->class_score[c];
        if (of->count > 0) {
            recall += of->recall;
            present++;
        }
        if (of->count + of->predicted > 0) {
            f1 += of->f1;
            weighted += (double)of->count * of->f1;
            named++;
        }
    }
    score->balanced_accuracy = over(recall, present);
    score->macro_f1 = over(f1, named);
    score->weighted_f1 = over(weighted, (double)score->n);
    score->matthews = matthews(score);
}
