/* fake_plugin.h -- plug-ins that are not quite right, built by the tests that open them.
 *
 * Tests.  They are compiled by CC (cc where it is not set) from a few lines of C, with a copy of
 * the layout of lg_plugin and logit_error in place of the headers: what an old plug-in would be. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TESTS_FAKE_PLUGIN_H
#define LG_TESTS_FAKE_PLUGIN_H

/* A temporary folder, which LOGIT_PLUGIN_DIR names; removed by fake_plugin_end (a Check
 * fixture). */
void fake_plugin_begin(void);
void fake_plugin_end(void);

/* Its path; and that of a file in it, in a static buffer. */
const char *fake_plugin_folder(void);
const char *fake_plugin_path(const char *file);

/* liblogit-NAME.so whose logit_plugin has this interface number and this name.  Its open gives no
 * device but LOGIT_E_DEVICE and "call C, device N", C counted from 1 since it was loaded. */
void fake_plugin_make(const char *file_name, int abi, const char *name);

/* FILE from C text and compiler options; fails the test where it does not compile. */
void fake_plugin_compile(const char *file, const char *text, const char *flags);

/* FILE with this text in it. */
void fake_plugin_write(const char *file, const char *text);

#endif
