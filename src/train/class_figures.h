/* class_figures.h -- single numbers drawn from the table of classes.
 *
 * Layer 2 (train).  With n samples, of which right are right, t_c of class c and s_c said to be c:
 *
 *   balanced accuracy  mean of the recalls of the classes that have samples (Brodersen et al. 2010,
 *                      ICPR)
 *   macro F1           mean of the F1 of the classes that have samples or are said
 *   weighted F1        the same mean, each class weighted by t_c
 *   Matthews           (right n - sum t_c s_c) / sqrt((n^2 - sum s_c^2) (n^2 - sum t_c^2)), of any
 *                      number of classes (Gorodkin 2004, Comput. Biol. Chem. 28); for two it is
 *                      the coefficient of Matthews 1975.  Rows that say no class count as said to
 *                      be of one more class, that no sample has */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_CLASS_FIGURES_H
#define LG_TRAIN_CLASS_FIGURES_H

#include "logit.h"

/* Fills balanced_accuracy, macro_f1, weighted_f1 and matthews from n and class_score.  NaN where
 * there is no table, and where a denominator is 0. */
void lg_class_figures(logit_score *score);

#endif
