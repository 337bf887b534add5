/* report_html.c -- words and figures. */
/* SPDX-License-Identifier: MIT */
#include "report/report_html.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void lg_html_add(lg_text *page, const char *text)
{
    const size_t room = 4 * strlen(text) + 8; /* \\xNN of each byte, and room to end */
    char *plain = malloc(room);
    if (!plain) {
        page->failed = 1;
        return;
    }
    lg_text_escape(plain, room, text);
    for (const char *c = plain; *c;) {
        const size_t length = strcspn(c, "&<>\"'");
        lg_text_add(page, "%.*s", (int)length, c);
        c += length;
        if (*c) lg_text_add(page, "&#%d;", *c++);
    }
    free(plain);
}

void lg_html_add_lines(lg_text *page, const char *text)
{
    while (*text) {
        const size_t length = strcspn(text, "\n");
        char *line = strndup(text, length);
        if (!line) {
            page->failed = 1;
            return;
        }
        lg_html_add(page, line);
        free(line);
        text += length;
        if (*text == '\n') {
            lg_text_add(page, "\n");
            text++;
        }
    }
}

void lg_html_figure(lg_text *page, double value)
{
    if (isfinite(value))
        lg_text_add(page, "%.4g", value);
    else
        lg_text_add(page, isnan(value) ? "\xe2\x80\x93"
                          : value > 0  ? "\xe2\x88\x9e"
                                       : "-\xe2\x88\x9e");
}

void lg_html_share(lg_text *page, double value)
{
    if (isfinite(value))
        lg_text_add(page, "%.4f", value);
    else
        lg_html_figure(page, value);
}

void lg_html_count(lg_text *page, double value)
{
    char digits[32];
    if (!(fabs(value) < 1e15)) {
        lg_html_figure(page, value);
        return;
    }
    const int length = snprintf(digits, sizeof digits, "%.0f", fabs(value));
    if (value < 0) lg_text_add(page, "-");
    for (int i = 0; i < length; i++)
        lg_text_add(page, "%s%c", i > 0 && (length - i) % 3 == 0 ? "," : "", digits[i]);
}

void lg_html_section(lg_text *page, const char *id, const char *title, const char *about)
{
    lg_text_add(page, "<section id=\"%s\">\n<h2>%s</h2>\n", id, title);
    if (about) lg_text_add(page, "<p class=\"about\">%s</p>\n", about);
}

void lg_html_section_end(lg_text *page)
{
    lg_text_add(page, "</section>\n");
}

/* What is between two marks of a text: its start, and how long it is; NULL: no more. */
static const char *between(const char *text, const char *from, const char *to, int *length)
{
    const char *start = strstr(text, from);
    const char *stop = start ? strstr(start + strlen(from), to) : NULL;
    if (!stop) return NULL;
    start += strlen(from);
    *length = (int)(stop - start);
    return start;
}

/* Names and data are escaped, so that none of them looks like a section. */
void lg_html_contents(lg_text *page, const char *body)
{
    enum { FEW = 3 };
    const char *const mark = "<section id=\"";
    int id_length, title_length, count = 0;
    for (const char *at = body; (at = strstr(at, mark)) != NULL; at += strlen(mark)) count++;
    if (count <= FEW) return;
    lg_text_add(page, "<nav aria-label=\"Sections\">");
    for (const char *at = body; (at = between(at, mark, "\"", &id_length)) != NULL;) {
        const char *title = between(at, "<h2>", "</h2>", &title_length);
        if (!title) break;
        lg_text_add(page, "<a href=\"#%.*s\">%.*s</a>\n", id_length, at, title_length, title);
    }
    lg_text_add(page, "</nav>\n");
}
