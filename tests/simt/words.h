/* words.h -- how the stand-in speaks: one line on stderr that starts with "simt: ".
 *
 * Tests (simt). */
/* SPDX-License-Identifier: MIT */
#ifndef LG_SIMT_WORDS_H
#define LG_SIMT_WORDS_H

namespace simt
{

/* What a call was refused for; the call returns an error besides. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Where a GPU program would be undefined: says why and aborts. */
[[noreturn]] void stop(const char *format, ...) __attribute__((format(printf, 1, 2)));

} // namespace simt

#endif
