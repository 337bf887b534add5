/* elements.h -- samples of every element, and what their numbers are, for tests.
 *
 * Tests.  Numbers are functions of their index; a half is read off its bits by ldexp, so that no
 * code is shared with what is tested. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TESTS_ELEMENTS_H
#define LG_TESTS_ELEMENTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/element.h"

/* What floats are drawn from: those of a trained network, below 8; or every finite pattern of bits
 * (of float32: all exponents that scale and shift of a normalisation leave finite). */
typedef enum elements_kind { ELEMENTS_TAME, ELEMENTS_WILD } elements_kind;

/* count elements, for free(). */
uint8_t *elements_make(lg_element element, elements_kind kind, int64_t count);

/* Number i of them, exactly. */
double elements_value(lg_element element, const uint8_t *elements, int64_t i);

/* The 16-bit float of these bits, NaN and infinities too. */
double elements_half(uint16_t bits);

/* 1, and *bits, if some 16-bit float has the value: found by looking at all of them. */
int elements_find_half(double value, uint16_t *bits);

#endif
