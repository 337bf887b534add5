/* run.c -- runs every suite of tests/test_*.c (the Makefile lists them in suites.def).
 *
 * Nothing here may start a thread or touch BLAS before srunner_run_all: Check forks each test,
 * and neither survives a fork.
 *
 *   run          every suite, or CK_RUN_SUITE alone
 *   run --list   their names, a line each */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SUITE(name) Suite *lg_suite_##name(void);
#include "suites.def"
#undef SUITE

static const char *const names[] = {
#define SUITE(name) #name,
#include "suites.def"
#undef SUITE
};

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--list") == 0) {
        for (size_t i = 0; i < sizeof names / sizeof *names; i++) puts(names[i]);
        return EXIT_SUCCESS;
    }
    SRunner *runner = srunner_create(NULL);
#define SUITE(name) srunner_add_suite(runner, lg_suite_##name());
#include "suites.def"
#undef SUITE
    srunner_run_all(runner, CK_ENV);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
