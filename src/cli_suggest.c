/* cli_suggest.c -- "did you mean": the name that a wrong word is nearest to.
 *
 * The command.  A word is compared with every name and with everything that people write instead
 * of it (the aliases of the tables): "leraning-rate" is near "learning-rate", which is an alias of
 * lr.  The beginning of a name counts as near, too. */
/* SPDX-License-Identifier: MIT */
#include "cli_table.h"

#include <string.h>

enum { FAR = 1000 };

/* How far apart: 0 the same, 1 one edit or the beginning of the name, more for more edits; FAR
 * where a third of the word would change. */
static int distance(const char *word, const char *name)
{
    const size_t length = strlen(word);
    const int edits = lg_text_distance(word, name);
    const int limit = length <= 3 ? 1 : length <= 8 ? 2 : 3;
    if (edits > 0 && length >= 3 && strncmp(word, name, length) == 0) return 1;
    return edits <= limit && edits < (int)length ? edits : FAR;
}

/* The least distance to a name or to one of its aliases, which are words separated by spaces. */
static int nearest(const char *word, const char *name, const char *aliases)
{
    int best = distance(word, name) * 2;
    while (*aliases) {
        char alias[32];
        const size_t length = strcspn(aliases, " ");
        if (length < sizeof alias) {
            memcpy(alias, aliases, length);
            alias[length] = '\0';
            const int far = distance(word, alias) * 2 + 1; /* a name wins over an alias */
            if (far < best) best = far;
        }
        aliases += length + strspn(aliases + length, " ");
    }
    return best;
}

const lg_cli_option *lg_cli_suggest_option(lg_cli_verb verb, const char *word)
{
    const lg_cli_option *found = NULL;
    int best = FAR;
    for (int i = 0; i < LG_OPTION_COUNT; i++) {
        const lg_cli_option *option = &lg_cli_options[i];
        if (!lg_cli_option_of(option, verb)) continue;
        const int far = nearest(word, option->name, option->aliases);
        if (far < best) {
            best = far;
            found = option;
        }
    }
    return found;
}

lg_cli_verb lg_cli_suggest_verb(const char *word)
{
    int found = LG_VERB_COUNT, best = FAR;
    for (int i = 0; i < LG_VERB_COUNT; i++) {
        const int far = nearest(word, lg_cli_verbs[i].name, lg_cli_verbs[i].aliases);
        if (far < best) {
            best = far;
            found = i;
        }
    }
    return (lg_cli_verb)found;
}
