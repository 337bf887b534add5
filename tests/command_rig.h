/* command_rig.h -- runs the built command, and draws the little set of images it runs on.
 *
 * Tests.  The program is LOGIT_BIN (build/logit where it is not set).  Shell lines see it as
 * $LOGIT, and as $DIR a folder that lives as long as the suite:
 *
 *   $DIR/set     train/ and test/ with 24 and 8 images of 8x8 of each class, dark and light
 *   $DIR/run     a run trained on it */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TESTS_COMMAND_RIG_H
#define LG_TESTS_COMMAND_RIG_H

#include <stddef.h>
#include <sys/types.h>

/* Makes $DIR with its set and run; takes it away. */
void command_setup(void);
void command_teardown(void);

/* The exit code of a line for /bin/sh, 128 + n for signal n.  Its standard output and error are in
 * $DIR/out and $DIR/err where the line sends them nowhere else. */
int shell(const char *line);

/* Fails unless the line ends with this code; the message holds what it said. */
void expect(int code, const char *line);

/* The text of $DIR/name; to be freed. */
char *text_of(const char *name);

/* Starts the command with these words (the first is the verb; NULL ends them), signals as a
 * terminal gives them, output to $DIR/name.out and $DIR/name.err. */
pid_t start(const char *name, const char *const *words);

/* Waits until $DIR/name holds text; fails after half a minute.  A name of its own for each start:
 * an older file may hold it already. */
void await_text(const char *name, const char *text);

/* The exit code of a program that was started, 128 + n for signal n. */
int finish(pid_t program);

/* A binary PPM image of 8x8 at path: pixels near `level`, drawn from `number`. */
void draw_image(const char *path, int level, int number);

#endif
