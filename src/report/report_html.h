/* report_html.h -- the words of the page: text that is safe in HTML, and figures for people.
 *
 * Layer 3 (report).  All add to a growing text, whose `failed` is looked at once, at the end. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_REPORT_HTML_H
#define LG_REPORT_HTML_H

#include "base/text.h"

/* Text with &, <, >, and both quotes escaped; control bytes and broken UTF-8 as \xNN. */
void lg_html_add(lg_text *page, const char *text);

/* The same for text of several lines, which stay apart. */
void lg_html_add_lines(lg_text *page, const char *text);

/* Four significant digits, no more zeros than that needs; a dash for NaN. */
void lg_html_figure(lg_text *page, double value);

/* Four decimals, of a number from 0 to 1; a dash for NaN. */
void lg_html_share(lg_text *page, double value);

/* 12,345,678 */
void lg_html_count(lg_text *page, double value);

/* <section id=.. ><h2>title</h2>, with a line below it where about is not NULL; and its end. */
void lg_html_section(lg_text *page, const char *id, const char *title, const char *about);
void lg_html_section_end(lg_text *page);

/* Links to the sections that stand in `body`, in their order; nothing where they are few. */
void lg_html_contents(lg_text *page, const char *body);

#endif
