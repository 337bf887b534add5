/* same_run.h -- two runs that have to be one: the model's bits, and what the metrics say.
 *
 * Tests. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TESTS_SAME_RUN_H
#define LG_TESTS_SAME_RUN_H

/* Ends the test unless the folders a and b of the small set hold the same model and, but for times,
 * the same metrics.  at: where one of them was stopped, for the message. */
void same_run(const char *a, const char *b, int at);

#endif
