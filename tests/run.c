/* run.c -- runs every suite of tests/test_*.c (the Makefile lists them in suites.def).
 *
 * Nothing here may start a thread or touch BLAS before srunner_run_all: Check forks each test,
 * and neither survives a fork. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>

#define SUITE(name) Suite *lg_suite_##name(void);
#include "suites.def"
#undef SUITE

int main(void)
{
    SRunner *runner = srunner_create(NULL);
#define SUITE(name) srunner_add_suite(runner, lg_suite_##name());
#include "suites.def"
#undef SUITE
    srunner_run_all(runner, CK_ENV);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
