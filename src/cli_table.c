/* cli_table.c -- the rows of cli_verbs.def and cli_options.def as arrays.
 *
 * The command.  Names of losses, optimisers, schedules and devices come from the library, so that
 * a new row there is parsed and documented with no edit here. */
/* SPDX-License-Identifier: MIT */
#include "cli_table.h"

#include <limits.h>
#include <string.h>

/* ------------------------------------------------------------------- names to choose from --- */

#define NAMES(function, ...)                                                                       \
    static const char *function(int i)                                                             \
    {                                                                                              \
        static const char *const names[] = {__VA_ARGS__, NULL};                                    \
        const int count = (int)(sizeof names / sizeof *names);                                     \
        return i >= 0 && i < count ? names[i] : NULL;                                              \
    }

NAMES(channel_name, "auto", "1", "3")
NAMES(sampling_name, "all", "balanced")
NAMES(metric_name, "loss", "accuracy")
NAMES(pick_name, "best", "1se")
NAMES(normalize_name, "standard", "unit")
NAMES(shuffle_name, "auto", "full", "block", "none")
NAMES(labels_name, "auto", "coarse", "fine")
NAMES(decoder_name, "auto", "stb", "turbo")
NAMES(on_bad_name, "fail", "skip")
NAMES(row_order_name, "random", "index")
NAMES(init_name, "prior", "zero")
NAMES(mode_name, "lockstep", "free")
NAMES(part_name, "train", "val", "test")
NAMES(report_name, "text", "json")
NAMES(predict_name, "text", "json", "jsonl", "csv")
NAMES(progress_name, "auto", "plain", "none")
NAMES(shell_name, "bash", "zsh")

static const char *loss_name(int i)
{
    return i == 0 ? "auto" : logit_loss_name(i - 1);
}

static const char *input_name(int i)
{
    return i == 0 ? "names" : logit_rows_name(i - 1);
}

static const char *export_name(int i)
{
    return i == 0 ? "auto" : logit_export_name(i - 1);
}

static const char *schedule_name(int i)
{
    return i == 0 ? "auto" : logit_schedule_name(i - 1);
}

/* What the library knows, and these even where it does not: a build without CUDA answers with a
 * device error and its reason, not as if the name were misspelt. */
static const char *device_name(int i)
{
    static const char *const also[] = {"auto", "cuda", "cuda:N"};
    enum { ALSO = sizeof also / sizeof *also };
    int known = 0, missing[ALSO] = {1, 1, 1};
    for (const char *name; (name = logit_device_name(known)) != NULL; known++)
        for (int j = 0; j < ALSO; j++)
            if (strcmp(name, also[j]) == 0) missing[j] = 0;
    if (i < known) return logit_device_name(i);
    for (int j = 0, left = i - known; j < ALSO; j++)
        if (missing[j] && left-- == 0) return also[j];
    return NULL;
}

/* --------------------------------------------------------------------------------- tables --- */

const char *const lg_cli_section_names[LG_SECTION_COUNT] = {
    [LG_SECTION_DATA] = "Data",         [LG_SECTION_MODEL] = "Model and objective",
    [LG_SECTION_TRAINING] = "Training", [LG_SECTION_COMPARING] = "Comparing",
    [LG_SECTION_MACHINE] = "Machine",   [LG_SECTION_RESULTS] = "Results",
    [LG_SECTION_GENERAL] = "General",
};

const lg_cli_verb_row lg_cli_verbs[LG_VERB_COUNT] = {
#define VERB(id, word, arguments, least, most, aliases, about, details, examples)                  \
    {#word, arguments, least, most, aliases, about, details, examples},
#include "cli_verbs.def"
#undef VERB
};

enum verb_bit {
#define VERB(id, word, arguments, least, most, aliases, about, details, examples)                  \
    id = 1 << LG_VERB_##id,
#include "cli_verbs.def"
#undef VERB
};

#define IN(interval) .range = (interval)
#define OF(function) .choice = (function), .offers = (function)
#define FROM(function) .offers = (function)
#define ANY .range = NULL
const lg_cli_option lg_cli_options[LG_OPTION_COUNT] = {
#define OPTION(id, name_, letter_, kind_, field, verbs_, keep_, rule, value_, section_, aliases_,  \
               unset_, help_)                                                                      \
    {.name = (name_),                                                                              \
     .letter = (letter_),                                                                          \
     .kind = LG_KIND_##kind_,                                                                      \
     .offset = offsetof(lg_cli_settings, field),                                                   \
     .verbs = (unsigned)(verbs_),                                                                  \
     .keep = LG_KEEP_##keep_,                                                                      \
     rule,                                                                                         \
     .value = (value_),                                                                            \
     .section = LG_SECTION_##section_,                                                             \
     .aliases = (aliases_),                                                                        \
     .unset = (unset_),                                                                            \
     .help = (help_)},
#include "cli_options.def"
#undef OPTION
};
#undef IN
#undef OF
#undef FROM
#undef ANY

/* LG_KIND_SIZE and LG_KIND_EVERY options fill two fields. */
_Static_assert(offsetof(logit_options, checkpoint_seconds) ==
                   offsetof(logit_options, checkpoint_steps) + sizeof(int64_t),
               "seconds follow steps");
_Static_assert(offsetof(logit_options, width) == offsetof(logit_options, height) + sizeof(int),
               "width follows height");

/* -------------------------------------------------------------------------------- looking --- */

static int same_name(const char *a, const char *b)
{
    for (; *a && *b; a++, b++)
        if (*a != *b && !(*a == '_' && *b == '-')) return 0;
    return *a == *b;
}

const lg_cli_option *lg_cli_find_option(lg_cli_verb verb, const char *name)
{
    for (int i = 0; i < LG_OPTION_COUNT; i++)
        if (lg_cli_option_of(&lg_cli_options[i], verb) && same_name(name, lg_cli_options[i].name))
            return &lg_cli_options[i];
    return NULL;
}

const lg_cli_option *lg_cli_find_any_option(const char *name)
{
    for (int i = 0; i < LG_OPTION_COUNT; i++)
        if (same_name(name, lg_cli_options[i].name)) return &lg_cli_options[i];
    return NULL;
}

lg_cli_verb lg_cli_find_verb(const char *name)
{
    int i = 0;
    while (i < LG_VERB_COUNT && strcmp(name, lg_cli_verbs[i].name) != 0) i++;
    return (lg_cli_verb)i;
}

void lg_cli_settings_default(lg_cli_settings *settings)
{
    *settings = (lg_cli_settings){.format = "text",
                                  .input = "names",
                                  .progress = "auto",
                                  .wrong = 10,
                                  .seconds = 0.5,
                                  .story.terms = 8};
    logit_options_default(&settings->library);
    logit_compare_options_default(&settings->compare);
    logit_pack_options_default(&settings->pack);
    logit_report_options_default(&settings->report);
    logit_export_options_default(&settings->export);
}
