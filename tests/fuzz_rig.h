/* fuzz_rig.h -- what the fuzz targets share: a folder in memory, and what must hold of any set.
 *
 * Tests, built by `make fuzz` alone. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TESTS_FUZZ_RIG_H
#define LG_TESTS_FUZZ_RIG_H

#include <stddef.h>
#include <stdint.h>

#include "logit.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
size_t LLVMFuzzerMutate(uint8_t *bytes, size_t size, size_t most);
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t most, unsigned seed);

/* Ends the program with `what` if it is not true. */
static inline void fuzz_must(int truth, const char *what)
{
    if (truth) return;
    __builtin_printf("fuzz: %s\n", what);
    __builtin_trap();
}

/* Path of a name in a folder of this process, in memory; one static buffer. */
const char *fuzz_path(const char *name);

/* Writes such a file; its folder is made. */
void fuzz_write(const char *name, const void *bytes, size_t size);

/* An error of reading these bytes: DATA with a place and a class, never IO or NOMEM. */
void fuzz_refused(logit_status status, const logit_error *err);

/* Does the input name files?  Then they may be missing: an error of IO. */
typedef enum fuzz_naming { FUZZ_NAMES_NONE, FUZZ_NAMES_FILES } fuzz_naming;

/* Opens the set at path as a user would, reads its first samples twice, closes it. */
void fuzz_set(const char *path, fuzz_naming naming);

#endif
