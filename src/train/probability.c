/* probability.c -- sums of exponentials without the one term that would drown the others. */
/* SPDX-License-Identifier: MIT */
#include "train/probability.h"

#include <math.h>

static double sigmoid(double z)
{
    const double e = exp(-fabs(z)); /* never overflows */
    return z >= 0.0 ? 1.0 / (1.0 + e) : e / (1.0 + e);
}

static lg_chance two_sided(double z)
{
    return (lg_chance){.probability = sigmoid(z), .score = z, .logit = z, .odds = exp(z)};
}

/* Index of the largest score but that of `but` (-1: of all), the lowest where several are equal. */
static int largest(const lg_chance *chance, int classes, int but)
{
    int top = -1;
    for (int c = 0; c < classes; c++)
        if (c != but && (top < 0 || chance[c].score > chance[top].score)) top = c;
    return top;
}

/* sum of exp(score - from) over all classes but the two largest */
static double sum_tail(const lg_chance *chance, int classes, int top, int second)
{
    double sum = 0.0;
    for (int c = 0; c < classes; c++)
        if (c != top && c != second) sum += exp(chance[c].score - chance[second].score);
    return sum;
}

/* Let m be the largest score and m2 the second.  With tail = the sum over all the others of
 * exp(z_j - m2), and e = exp(m2 - m),
 *
 *   sum_{j != top} exp(z_j - m)  = rest = e (1 + tail)
 *   logit of the top             = (m - m2) - log1p(tail)
 *   logit of the second          = (m2 - m) - log1p(e tail)
 *   logit of any other class c   = (z_c - m) - log1p(rest - exp(z_c - m))
 *
 * In the last line the difference is at least half of rest (the second is in it), so that nothing
 * cancels; in the first two nothing is taken away at all.  A class that is alone is certain. */
static void softmax(lg_chance *chance, int classes)
{
    if (classes == 1) {
        chance[0].probability = 1.0;
        chance[0].logit = chance[0].odds = HUGE_VAL;
        return;
    }
    const int top = largest(chance, classes, -1), second = largest(chance, classes, top);
    const double m = chance[top].score, m2 = chance[second].score;
    const int lone = m2 == -HUGE_VAL; /* all others cannot be */
    const double tail = lone ? 0.0 : sum_tail(chance, classes, top, second);
    const double e = exp(m2 - m), rest = e * (1.0 + tail);
    for (int c = 0; c < classes; c++) {
        const double gap = chance[c].score - m, own = exp(gap);
        const double others = c == second ? e * tail : fmax(rest - own, 0.0);
        chance[c].probability = own / (1.0 + rest);
        chance[c].logit = c == top ? (m - m2) - log1p(tail) : gap - log1p(others);
        chance[c].odds = exp(chance[c].logit);
    }
}

static int usable(const lg_chance *chance, int classes)
{
    double top = -HUGE_VAL;
    for (int c = 0; c < classes; c++) {
        if (isnan(chance[c].score)) return 0;
        if (chance[c].score > top) top = chance[c].score;
    }
    return isfinite(top);
}

void lg_chances(lg_loss loss, int classes, const double *z, const double *shift, lg_chance *chance)
{
    const int outputs = lg_losses[loss].outputs(classes);
    const lg_link link = lg_losses[loss].link;
    const double first = z[0] + (shift ? shift[0] : 0.0);
    if (link == LG_LINK_SIGMOID && outputs == 1) {
        chance[0] = two_sided(-first);
        chance[1] = two_sided(first);
        return;
    }
    for (int c = 0; c < outputs; c++) {
        const double score = z[c] + (shift ? shift[c] : 0.0);
        chance[c] = link == LG_LINK_SIGMOID
                        ? two_sided(score)
                        : (lg_chance){(double)NAN, score, (double)NAN, (double)NAN};
    }
    if (link == LG_LINK_SOFTMAX && usable(chance, classes)) softmax(chance, classes);
}

/* ln(1 - p) for 0 <= p <= 1/2; the series leaves out p^4 / 4 at most. */
static double log_rest(double p)
{
    return p < 1e-5 ? -p * (1.0 + p * (0.5 + p / 3.0)) : log1p(-p);
}

/* softmax of above, whose names these are: with s = 1 + rest, the log odds of a class that is
 * neither of the two largest are z_c - m - ln(s - exp(z_c - m)) = z_c - m - ln s - ln(1 - p_c). */
static void softmax_alone(const double *z, int classes, int top, int second, double *probability,
                          double *log_odds)
{
    const double m = z[top], m2 = z[second];
    const int lone = m2 == -HUGE_VAL;
    double tail = 0.0;
    for (int c = 0; c < classes; c++) {
        probability[c] = lone || c == top || c == second ? 0.0 : exp(z[c] - m2);
        tail += probability[c];
    }
    const double e = exp(m2 - m), rest = e * (1.0 + tail), log_sum = log1p(rest);
    for (int c = 0; c < classes; c++) {
        probability[c] = probability[c] * e / (1.0 + rest);
        log_odds[c] = (z[c] - m) - log_sum - log_rest(probability[c]);
    }
    probability[second] = e / (1.0 + rest);
    probability[top] = 1.0 / (1.0 + rest);
    log_odds[second] = (m2 - m) - log1p(e * tail);
    log_odds[top] = (m - m2) - log1p(tail);
}

/* The two largest, the lower class first where they are equal; 0 where no softmax can be taken. */
static int two_largest(const double *z, int classes, int *top, int *second)
{
    *top = z[1] > z[0];
    *second = !*top;
    if (isnan(z[0]) || isnan(z[1])) return 0;
    for (int c = 2; c < classes; c++) {
        if (isnan(z[c])) return 0;
        if (z[c] > z[*top]) {
            *second = *top;
            *top = c;
        } else if (z[c] > z[*second])
            *second = c;
    }
    return isfinite(z[*top]);
}

void lg_probabilities(lg_loss loss, int classes, const double *z, double *probability,
                      double *log_odds)
{
    const int outputs = lg_losses[loss].outputs(classes);
    const lg_link link = lg_losses[loss].link;
    int top, second;
    if (link == LG_LINK_SOFTMAX && two_largest(z, classes, &top, &second)) {
        softmax_alone(z, classes, top, second, probability, log_odds);
        return;
    }
    for (int c = 0; c < classes; c++) {
        const double score = outputs > 1 ? z[c] : c ? z[0] : -z[0];
        log_odds[c] = link == LG_LINK_SOFTMAX ? (double)NAN : score;
        probability[c] = link == LG_LINK_SIGMOID ? sigmoid(score) : (double)NAN;
    }
}

/* Does class a come before class b? */
static int before(const lg_chance *chance, int a, int b)
{
    const double x = chance[a].score, y = chance[b].score;
    if (isnan(x) || isnan(y)) return isnan(x) && isnan(y) ? a < b : isnan(y);
    return x > y || (x == y && a < b);
}

void lg_chances_best(const lg_chance *chance, int classes, int *order, int count)
{
    int used = 0;
    for (int c = 0; c < classes; c++) {
        int at = used < count ? used++ : count; /* order[0 .. used-1] is sorted, best first */
        if (at == count && (count == 0 || !before(chance, c, order[count - 1]))) continue;
        if (at == count) at = count - 1;
        for (; at > 0 && before(chance, c, order[at - 1]); at--) order[at] = order[at - 1];
        order[at] = c;
    }
}
