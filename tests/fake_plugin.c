/* fake_plugin.c -- see fake_plugin.h.
 *
 * Tests. */
/* SPDX-License-Identifier: MIT */
#include "tests/fake_plugin.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "logit.h"

static char folder[64];

void fake_plugin_begin(void)
{
    strcpy(folder, "/tmp/logit-plugin-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    setenv("LOGIT_PLUGIN_DIR", folder, 1);
}

void fake_plugin_end(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    ck_assert_int_eq(system(command), 0);
}

const char *fake_plugin_folder(void)
{
    return folder;
}

const char *fake_plugin_path(const char *file)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, file);
    return path;
}

void fake_plugin_write(const char *file, const char *text)
{
    FILE *out = fopen(fake_plugin_path(file), "w");
    ck_assert_ptr_nonnull(out);
    fputs(text, out);
    ck_assert_int_eq(fclose(out), 0);
}

void fake_plugin_compile(const char *file, const char *text, const char *flags)
{
    char command[700];
    const char *cc = getenv("CC");
    fake_plugin_write("fake.c", text);
    snprintf(command, sizeof command, "cd '%s' && %s -shared -fPIC -o %s fake.c %s", folder,
             cc && *cc ? cc : "cc", file, flags);
    ck_assert_msg(system(command) == 0, "%s", command);
}

void fake_plugin_make(const char *file_name, int abi, const char *name)
{
    static const char format[] =
        "#include <stdio.h>\n"
        "struct error { int status; const char *file; int line; char message[%zu]; };\n"
        "static int calls;\n"
        "static int open_it(void **out, int number, const void *options, struct error *err)\n"
        "{\n"
        "    *out = options ? (void *)0 : (void *)0;\n"
        "    calls++;\n"
        "    if (!err) return %d;\n"
        "    err->status = %d;\n"
        "    err->file = \"fake.c\";\n"
        "    err->line = 1;\n"
        "    sprintf(err->message, \"call %%d, device %%d\", calls, number);\n"
        "    return %d;\n"
        "}\n"
        "const struct {\n"
        "    unsigned abi;\n"
        "    const char *name, *built;\n"
        "    int (*open)(void **, int, const void *, struct error *);\n"
        "} logit_plugin = {%d, \"%s\", \"nothing\", open_it};\n";
    char text[1500];
    snprintf(text, sizeof text, format, sizeof((logit_error *)NULL)->message, LOGIT_E_DEVICE,
             LOGIT_E_DEVICE, LOGIT_E_DEVICE, abi, name);
    fake_plugin_compile(file_name, text, "");
}
