/* cli_table.h -- the two tables of the command: what can be done, and what can be set.
 *
 * The command.  cli_verbs.def has a row per verb, cli_options.def a row per option; the parser,
 * --help, the man page, the completion, config files and the environment are loops over them. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_CLI_TABLE_H
#define LG_CLI_TABLE_H

#include <stddef.h>

#include "base/text.h"
#include "logit.h"

typedef enum lg_cli_verb {
#define VERB(id, word, arguments, least, most, aliases, about, details, examples) LG_VERB_##id,
#include "cli_verbs.def"
#undef VERB
    LG_VERB_COUNT
} lg_cli_verb;

typedef struct lg_cli_verb_row {
    const char *name, *arguments; /* "eval", "MODEL DATA" */
    int least, most;              /* how many arguments */
    const char *aliases;          /* what people write instead, for "did you mean" */
    const char *about;            /* one line */
    const char *details;          /* paragraphs, one per line */
    const char *examples;         /* one per line */
} lg_cli_verb_row;

extern const lg_cli_verb_row lg_cli_verbs[LG_VERB_COUNT];

/* What loss and explain are asked. */
typedef struct lg_cli_story {
    const char *logits;    /* loss: "1,2,3*998", or NULL */
    const char *label;     /* loss: a class from 0, or NULL */
    double smoothing;      /* loss */
    const char *reference; /* loss: a class, or NULL */
    const char *shown;     /* explain: "A,B", or NULL */
    const char *versus;    /* explain: a class, or NULL */
    const char *data;      /* explain: the training set, or NULL */
    const char *out;       /* explain: a picture or a folder for them, or NULL */
    int terms;             /* explain: how many of a list */
} lg_cli_story;

/* Everything that options set.  `library` is what liblogit is asked; the rest is the command's. */
typedef struct lg_cli_settings {
    logit_options library;
    logit_compare_options compare; /* but for its train and device */
    logit_pack_options pack;       /* but for its data */
    logit_report_options report;
    logit_export_options export; /* but for its prior and temperature */
    const char *devices;         /* compare: "A,B", or NULL */
    const char *part;            /* eval, compare: NULL, "train", "val" or "test" */
    lg_cli_story story;
    const char *format;     /* "text", "json", "jsonl" or "csv" */
    const char *progress;   /* "auto", "plain" or "none" */
    const char *config;     /* config file, or NULL */
    const char *completion; /* help: NULL, or a shell's name */
    double seconds;         /* bench: time to spend on each line */
    const char *only;       /* bench: lines that hold this text */
    int wrong;              /* eval: samples that are listed */
    const char *input;      /* predict: what stdin holds: "names", "csv" or "jsonl" */
    int null_list;          /* predict: names on stdin end with NUL */
    int print_config;       /* print the options, as a config file, and do nothing */
    int man;                /* help: print the man page */
    int quiet, verbose, help;
} lg_cli_settings;

/* How the text of an option is read and its value written: rows of a table in cli_value.c. */
typedef enum lg_cli_kind {
    LG_KIND_FLAG,   /* int, 0 or 1; the text is yes or no, or nothing for yes */
    LG_KIND_INT,    /* int */
    LG_KIND_LONG,   /* int64_t */
    LG_KIND_SEED,   /* uint64_t */
    LG_KIND_REAL,   /* double */
    LG_KIND_SHARE,  /* double; 0.1 or 10% */
    LG_KIND_LIST,   /* logit_list: 0.1,0.01 */
    LG_KIND_SIZE,   /* two ints in a row, height and width: 100x80, or 100 for both */
    LG_KIND_BYTES,  /* int64_t with K, M, G or T */
    LG_KIND_EVERY,  /* int64_t and double in a row: 200 steps, or 30s, 10m, 1h; the other is 0 */
    LG_KIND_CHOICE, /* const char *, one of the choices */
    LG_KIND_PICK,   /* int, one of the choices */
    LG_KIND_TEXT,   /* const char * */
    LG_KIND_PATH,   /* const char *, completed as a file name */
    LG_KIND_COUNT
} lg_cli_kind;

/* Where an option may stand. */
typedef enum lg_cli_keep {
    LG_KEEP_LINE,  /* on the command line alone */
    LG_KEEP_START, /* in the environment, too, but in no config file: it says where that is */
    LG_KEEP_ANY,   /* in a config file and in the environment, too */
    LG_KEEP_RECORD /* and a run's config.ini holds it, because the result depends on it */
} lg_cli_keep;

typedef enum lg_cli_section {
    LG_SECTION_DATA,
    LG_SECTION_MODEL,
    LG_SECTION_TRAINING,
    LG_SECTION_COMPARING,
    LG_SECTION_MACHINE,
    LG_SECTION_RESULTS,
    LG_SECTION_GENERAL,
    LG_SECTION_COUNT
} lg_cli_section;

extern const char *const lg_cli_section_names[LG_SECTION_COUNT];

typedef enum lg_cli_option_id {
#define OPTION(id, name, letter, kind, field, verbs, keep, rule, value, section, aliases, unset,   \
               help)                                                                               \
    LG_OPTION_##id,
#include "cli_options.def"
#undef OPTION
    LG_OPTION_COUNT
} lg_cli_option_id;

typedef struct lg_cli_option {
    const char *name; /* without its dashes: "batch-size" */
    int letter;       /* 0: none */
    lg_cli_kind kind;
    size_t offset;  /* of its field in lg_cli_settings */
    unsigned verbs; /* bit v is set: verb v has it */
    lg_cli_keep keep;
    const char *range;            /* of numbers: "[0, 1)"; NULL: any */
    const char *(*choice)(int i); /* name i, NULL past the end; NULL: not one of a list */
    const char *(*offers)(int i); /* the same for completion: choices, or how a value may begin */
    const char *value;            /* what its value is called; NULL: a flag, or one of a list */
    lg_cli_section section;
    const char *aliases; /* what people write instead, for "did you mean" */
    const char *unset;   /* what happens where nothing is given; NULL: the default value says it */
    const char *help;
} lg_cli_option;

extern const lg_cli_option lg_cli_options[LG_OPTION_COUNT];

/* The row with this name for this verb, or NULL.  '_' counts as '-'. */
const lg_cli_option *lg_cli_find_option(lg_cli_verb verb, const char *name);
/* The first row with this name for any verb, or NULL. */
const lg_cli_option *lg_cli_find_any_option(const char *name);
/* LG_VERB_COUNT if there is none. */
lg_cli_verb lg_cli_find_verb(const char *name);

static inline int lg_cli_option_of(const lg_cli_option *option, lg_cli_verb verb)
{
    return (int)(option->verbs >> verb & 1u);
}

/* What `word` may have meant, or NULL: an option of this verb; LG_VERB_COUNT: a verb. */
const lg_cli_option *lg_cli_suggest_option(lg_cli_verb verb, const char *word);
lg_cli_verb lg_cli_suggest_verb(const char *word);

void lg_cli_settings_default(lg_cli_settings *settings);

/* Reads text into the option's field.  1 on success; 0 leaves the field as it was.  Strings are
 * borrowed. */
int lg_cli_value_read(const lg_cli_option *option, lg_cli_settings *settings, const char *text);

/* What lg_cli_value_read takes: "a whole number, at least 1, or auto". */
void lg_cli_value_expected(const lg_cli_option *option, lg_text *out);

/* The field as a text that lg_cli_value_read takes back to the same value. */
void lg_cli_value_write(const lg_cli_option *option, const lg_cli_settings *settings, lg_text *out);

/* Whether logit is to choose: the field is a NULL string, an empty list, a 0 that means "auto". */
int lg_cli_value_unset(const lg_cli_option *option, const lg_cli_settings *settings);

#endif
