/* compare_bound.c -- bounds of pixels and matmuls.
 *
 * A pixel.  x = scale u8 + shift with float32 scale and shift, the same in every party, by one
 * fused multiply-add: one rounding, at most u |x|.  The reference rounds twice, to double:
 * 2^-53 (|scale u8| + |x|), |scale u8| <= |x| + |shift|.
 *
 * A matmul over n products.  Whatever the order, each term takes part in at most n roundings, so
 * that the error is at most gamma_n sum |x w|, gamma_n = n u / (1 - n u) (Higham 2002, Accuracy and
 * Stability of Numerical Algorithms, section 3.1).  That is the worst case, and would hide nearly
 * every fault.  Roundings are no conspiracy: with errors that are independent with mean zero the
 * error is below lambda sqrt(n) u sum |x w| but for a probability of 2 n exp(-lambda^2 / 2) (Higham
 * & Mary 2019, SIAM J. Sci. Comput. 41(5)): 2e-11 for lambda = 8 and n = 784.
 *
 * A product below 2^-126 may be rounded to a multiple of 2^-149: n 2^-149 beside all that.
 *
 * No chance either: where a sum takes in the same product again and again (before the first step
 * all rows have the same dz in a column but for their labels, and a pixel that is background has
 * the same x), the same rounding comes again and again, as long as the sum stays between two powers
 * of two.  If m of n rows have a dz that another row has too, sum |dz x| is multiplied with
 * 8 sqrt(n) + m, and not more than the worst case's n + 1.  m is estimated on rows spread over the
 * batch; numbers that are 0 add nothing, and do not count.
 *
 * A precision whose factors have a unit roundoff v > u adds (1 + v)^2 - 1 of every product, without
 * a square root: the same pixel is rounded the same way in every sample, which is no chance. */
/* SPDX-License-Identifier: MIT */
#include "train/compare_bound.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/tree.h"

static const double LAMBDA = 8.0;

int lg_bound_depth(int64_t count)
{
    const int64_t width = lg_tree_width(count);
    const int64_t chain = (count + width - 1) / width; /* numbers of the longest chain */
    int depth = chain > 1 ? (int)(chain - 1) : 0;
    for (int64_t chains = count < width ? count : width; chains > 1; chains = (chains + 1) / 2)
        depth++;
    return depth;
}

void lg_bound_pixels(double *bound, const double *x, int64_t count, double shift)
{
    for (int64_t i = 0; i < count; i++) {
        const double size = fabs(x[i]);
        bound[i] = LG_UNIT * size + 0x1p-52 * (size + shift) + LG_TINY;
    }
}

/* ------------------------------------------------------------------------- sums of sizes --- */

enum { LANES = 8 }; /* sums side by side, for vectors: the order does not matter to a bound */

static double sum_sizes(const double *restrict a, const double *restrict b, int64_t count)
{
    double lane[LANES] = {0.0};
    int64_t i = 0;
    for (; i + LANES <= count; i += LANES)
        for (int l = 0; l < LANES; l++) lane[l] += fabs(a[i + l] * b[i + l]);
    for (; i < count; i++) lane[0] += fabs(a[i] * b[i]);
    double sum = 0.0;
    for (int l = 0; l < LANES; l++) sum += lane[l];
    return sum;
}

/* What n products that are rounded below 2^-126 add to a size, so that it becomes n 2^-149. */
static double underflow(int64_t n)
{
    return (double)n * LG_TINY / lg_bound_factor(n, LG_PRECISION_F32);
}

typedef struct job {
    double *sizes;
    const lg_bound_product *product;
    const lg_bound_gradient *gradient;
} job;

static void logits_part(void *argument, int part, int parts)
{
    const job *j = argument;
    const lg_bound_product *p = j->product;
    const double least = underflow(p->d);
    int64_t begin, end;
    lg_pool_cut(p->rows, 1, part, parts, &begin, &end);
    for (int64_t i = begin; i < end; i++)
        for (int64_t c = 0; c < p->columns; c++)
            j->sizes[i * p->columns + c] =
                p->scale * sum_sizes(p->x + i * p->d, p->w + c * p->d, p->d) +
                (p->b ? fabs(p->b[c]) : 0.0) + least;
}

void lg_bound_logits(lg_pool *pool, double *sizes, const lg_bound_product *product)
{
    job j = {.sizes = sizes, .product = product};
    lg_pool_run(pool, logits_part, &j);
}

static int64_t column_of(const lg_bound_gradient *p, int64_t c)
{
    return p->column ? p->column[c] : c;
}

static void gradient_part(void *argument, int part, int parts)
{
    const job *j = argument;
    const lg_bound_gradient *p = j->gradient;
    const int64_t d = p->d;
    const double least = underflow(p->rows);
    int64_t begin, end;
    lg_pool_cut(d, LANES, part, parts, &begin, &end);
    for (int64_t c = 0; c < p->columns; c++)
        for (int64_t f = begin; f < end; f++)
            j->sizes[c * d + f] = (p->g ? fabs(p->g[column_of(p, c) * d + f]) : 0.0) + least;
    for (int64_t i = 0; i < p->rows; i++) {
        const double *restrict x = p->x + i * d;
        for (int64_t c = 0; c < p->columns; c++) {
            const double dz = p->dz[i * p->width + column_of(p, c)];
            double *restrict sizes = j->sizes + c * d;
            for (int64_t f = begin; f < end; f++) sizes[f] += fabs(dz * x[f]);
        }
    }
}

void lg_bound_gradients(lg_pool *pool, double *sizes, const lg_bound_gradient *gradient)
{
    job j = {.sizes = sizes, .gradient = gradient};
    lg_pool_run(pool, gradient_part, &j);
}

/* --------------------------------------------------------------------------------- repeats --- */

enum { LOOKED_AT = 256 }; /* rows, of which repeats are counted */

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The share of a column's rows whose number another row has too. */
static double repeated(const lg_bound_gradient *p, int64_t column)
{
    double value[LOOKED_AT];
    const int64_t rows = p->rows < LOOKED_AT ? p->rows : LOOKED_AT;
    size_t count = 0, again = 0;
    for (int64_t r = 0; r < rows; r++) {
        const double dz = p->dz[r * p->rows / rows * p->width + column];
        if (dz != 0.0) value[count++] = fabs(dz);
    }
    qsort(value, count, sizeof *value, compare_doubles);
    for (size_t i = 0; i < count; i++) {
        const int before = i > 0 && value[i - 1] == value[i];
        again += before || (i + 1 < count && value[i + 1] == value[i]);
    }
    return count > 0 ? (double)again / (double)rows : 0.0;
}

static void repeats_part(void *argument, int part, int parts)
{
    const job *j = argument;
    const lg_bound_gradient *p = j->gradient;
    const double n = (double)p->rows, chance = LAMBDA * sqrt(n);
    int64_t begin, end;
    lg_pool_cut(p->columns, 1, part, parts, &begin, &end);
    for (int64_t c = begin; c < end; c++) {
        const double all = fmin(chance + n * repeated(p, column_of(p, c)), n + 1.0);
        j->sizes[c] = fmax(1.0, all / chance);
    }
}

void lg_bound_repeats(lg_pool *pool, double *scale, const lg_bound_gradient *gradient)
{
    job j = {.sizes = scale, .gradient = gradient};
    lg_pool_run(pool, repeats_part, &j);
}

/* --------------------------------------------------------------------------------- factors --- */

/* What rounding both factors adds to each product: 2 v + v^2; nothing where they are float32. */
static double of_factors(lg_precision precision)
{
    const double v = lg_precisions[precision].unit;
    return v > LG_UNIT ? v * (2.0 + v) : 0.0;
}

double lg_bound_factor(int64_t n, lg_precision precision)
{
    return LAMBDA * sqrt((double)n) * LG_UNIT + of_factors(precision);
}

double lg_bound_worst(int64_t n, lg_precision precision)
{
    const double nu = (double)(n + 1) * LG_UNIT; /* with the bias, or what a sum starts from */
    return (nu < 1.0 ? nu / (1.0 - nu) : INFINITY) + of_factors(precision);
}

void lg_bound_words(char *out, size_t size, int64_t n, lg_precision precision, const char *terms)
{
    const double factors = of_factors(precision);
    char more[48] = "";
    if (factors > 0.0)
        snprintf(more, sizeof more, " + %.3g of %s rounding", factors,
                 lg_precisions[precision].name);
    snprintf(out, size, "(%g sqrt(%lld) u%s) sum %s", LAMBDA, (long long)n, more, terms);
    if (factors > 0.0) return;
    snprintf(out, size, "%g sqrt(%lld) u sum %s", LAMBDA, (long long)n, terms);
}
