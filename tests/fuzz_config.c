/* fuzz_config.c -- libFuzzer: any bytes as a config file, or as a command line of many words.
 *
 * The first byte says which and for which verb.  What is taken is written as a config file again,
 * and that is taken as well. */
/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cli.h"
#include "tests/fuzz_rig.h"

enum { MOST_WORDS = 24, ROOM = 1 << 14 };

static void check(logit_status status, const logit_error *err)
{
    if (status == LOGIT_OK) return;
    fuzz_must(status == LOGIT_E_USAGE || status == LOGIT_E_IO || status == LOGIT_E_DATA,
              "an error of another kind");
    fuzz_must(err->message[0] != '\0', "an error without a word");
}

/* "VERB --config FILE DATA", or the words of the text behind VERB. */
static int make_words(char **word, char *text, size_t size, lg_cli_verb verb, int is_line)
{
    static char config[] = "--config", data[] = "data", path[256];
    int count = 0;
    word[count++] = (char *)(uintptr_t)lg_cli_verbs[verb].name;
    if (!is_line) {
        snprintf(path, sizeof path, "%s", fuzz_path("c/config.ini"));
        word[count++] = config;
        word[count++] = path;
        word[count++] = data;
        return count;
    }
    for (size_t at = 0; at < size && count < MOST_WORDS; at += strlen(text + at) + 1)
        word[count++] = text + at;
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static char text[ROOM];
    char *word[MOST_WORDS + 1] = {0};
    lg_cli cli = {0};
    logit_error err = {.message = ""};
    if (size < 1 || size >= ROOM) return 0;
    const int is_line = bytes[0] & 1;
    memcpy(text, bytes + 1, size - 1);
    text[size - 1] = '\0';
    for (size_t i = 0; is_line && i + 1 < size; i++)
        if (text[i] == '\n') text[i] = '\0';
    if (!is_line) fuzz_write("c/config.ini", bytes + 1, size - 1);
    const lg_cli_verb verb = (lg_cli_verb)((bytes[0] >> 1) % LG_VERB_COUNT);
    const int words = make_words(word, text, size, verb, is_line);
    char *const environment[] = {NULL};
    const logit_status status = lg_cli_parse(&cli, verb, words, word, environment, &err);
    check(status, &err);
    if (status == LOGIT_OK) {
        lg_text again = {0};
        lg_cli_config_write(cli.verb, &cli.set, &again);
        fuzz_must(!again.failed, "out of memory");
        lg_text_clear(&again);
    }
    lg_cli_clear(&cli);
    return 0;
}
