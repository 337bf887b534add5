/* report_style.h -- how the page looks: one style sheet, light and dark, from phone to wall.
 *
 * Layer 3 (report). */
/* SPDX-License-Identifier: MIT */
#ifndef LG_REPORT_STYLE_H
#define LG_REPORT_STYLE_H

/* The eight curve colours are those of Okabe & Ito 2008, "Color Universal Design", told apart by
 * readers of any colour vision; a little brighter on black. */
extern const char lg_report_style[];

#endif
