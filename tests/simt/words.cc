/* words.cc -- see words.h.  Tests (simt). */
/* SPDX-License-Identifier: MIT */
#include "tests/simt/words.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

namespace simt
{
namespace
{

void say(const char *format, va_list list)
{
    char line[1600];
    vsnprintf(line, sizeof line, format, list);
    fprintf(stderr, "simt: %s\n", line);
    fflush(stderr);
}

} // namespace

void complain(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    say(format, list);
    va_end(list);
}

void stop(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    say(format, list);
    va_end(list);
    abort();
}

} // namespace simt
