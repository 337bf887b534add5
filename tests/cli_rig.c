/* cli_rig.c -- lines, values and pages for the tests of the command. */
/* SPDX-License-Identifier: MIT */
#include "tests/cli_rig.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

logit_status parse_words(lg_cli *cli, const char *variable, const char *const *words,
                         logit_error *err)
{
    char *argv[MOST_WORDS + 1], *environment[2] = {(char *)variable, NULL};
    int argc = 0;
    for (; words[argc]; argc++) {
        ck_assert_int_lt(argc, MOST_WORDS);
        argv[argc] = (char *)words[argc];
    }
    argv[argc] = NULL;
    *cli = (lg_cli){.out = stdout};
    *err = (logit_error){0};
    return lg_cli_parse(cli, lg_cli_find_verb(words[0]), argc, argv, environment, err);
}

logit_status parse_option(lg_cli *cli, lg_cli_verb verb, const char *name, const char *value,
                          logit_error *err)
{
    const char *words[MOST_WORDS] = {lg_cli_verbs[verb].name};
    int count = 1;
    for (int i = 0; i < lg_cli_verbs[verb].least; i++) words[count++] = "argument";
    words[count++] = name;
    if (value) words[count++] = value;
    words[count] = NULL;
    return parse_words(cli, NULL, words, err);
}

const char *written(const lg_cli_option *option, const lg_cli_settings *settings, char *out,
                    size_t size)
{
    lg_text text = {0};
    lg_cli_value_write(option, settings, &text);
    snprintf(out, size, "%s", text.data ? text.data : "");
    lg_text_clear(&text);
    return out;
}

char *page(void (*print)(FILE *out))
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    print(out);
    fclose(out);
    return text;
}

void compare_golden(const char *name, char *text)
{
    char path[128];
    const char *mode = getenv("LOGIT_GOLDEN");
    snprintf(path, sizeof path, "tests/golden/%s", name);
    FILE *file = fopen(path, mode && strcmp(mode, "write") == 0 ? "wb" : "rb");
    ck_assert_msg(file != NULL, "%s cannot be opened", path);
    if (mode && strcmp(mode, "write") == 0) {
        ck_assert_uint_eq(fwrite(text, 1, strlen(text), file), strlen(text));
        fclose(file);
        free(text);
        return;
    }
    char want[1024];
    int number = 0;
    const char *at = text;
    while (fgets(want, sizeof want, file)) {
        number++;
        ck_assert_msg(strncmp(at, want, strlen(want)) == 0,
                      "%s:%d: got \"%.*s\"\nwant \"%s\"(LOGIT_GOLDEN=write takes the new text)",
                      path, number, (int)strcspn(at, "\n"), at, want);
        at += strlen(want);
    }
    ck_assert_msg(*at == '\0', "%s: there is more: %.100s", path, at);
    fclose(file);
    free(text);
}

lg_cli_verb page_verb;

void print_help(FILE *out)
{
    lg_cli_help(page_verb, out);
}

config_file write_config(const char *text, size_t size)
{
    config_file file;
    strcpy(file.folder, "/tmp/logit-cli-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(file.folder));
    snprintf(file.path, sizeof file.path, "%s/run.ini", file.folder);
    FILE *out = fopen(file.path, "wb");
    ck_assert_ptr_nonnull(out);
    ck_assert_uint_eq(fwrite(text, 1, size, out), size);
    fclose(out);
    return file;
}

void remove_config(config_file file)
{
    unlink(file.path);
    rmdir(file.folder);
}
