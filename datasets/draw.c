/* draw.c -- the command `draw`: training sets that need no download.
 *
 *   draw pets -o DIR     portraits of cats and dogs, PNG and JPEG
 *   draw digits -o DIR   handwritten digits, PNG
 *   draw digits -o FILE.packed   the same as one packed file (docs/packed-file.md)
 *
 * Only this file prints and exits.  Exit codes: 0, 2 usage, 5 input or output, 6 memory. */
/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "base/text.h"
#include "datasets/draw.h"

enum { NAME_ROOM = 300 };

static const char *const format_names[] = {"png", "jpg", "mixed"};

/* The exit code, once standard output has taken what was printed. */
static int finished(void)
{
    if (fflush(stdout) == 0) return 0;
    fprintf(stderr, "draw: standard output: %s\n", strerror(errno));
    return logit_exit_code(LOGIT_E_IO);
}

static int help(void)
{
    printf("usage: draw FAMILY -o DIR [options]\n\n"
           "Draws a set of pictures for training: DIR/{train,val,test}/CLASS/NNNNNN.(png|jpg).\n"
           "The same seed gives the same pictures; a larger set of it adds to a smaller one.\n\n");
    for (int i = 0; i < LG_FAMILY_COUNT; i++) {
        const lg_family *f = &lg_families[i];
        printf("  %-8s %s: %dx%dx%d, %d classes, %d pictures, %s\n", f->name, f->says, f->channels,
               f->size, f->size, f->class_count, f->count, format_names[f->format]);
    }
    printf("\n"
           "  -o, --output DIR    where to; must be empty or not there yet.  FILE.packed: one\n"
           "                      packed file of the pixels as they are drawn, no pictures\n"
           "  -n, --count COUNT   pictures in all: 80%% train, 10%% val, 10%% test\n"
           "      --seed N        which pictures (0)\n"
           "      --format F      png, jpg or mixed (both kinds)\n"
           "      --size N        side of a picture in pixels, %d to %d\n"
           "      --threads N     threads that draw (all processors)\n"
           "      --force         into a folder that is not empty; pictures of an earlier\n"
           "                      drawing in it are removed, other files stay; a packed file\n"
           "                      is replaced\n"
           "  -h, --help          this text\n\n"
           "Exit codes: 0 done, 2 usage, 5 a file cannot be written or the disk is full,\n"
           "6 out of memory.\n",
           LG_DRAW_SIZE_LEAST, LG_DRAW_SIZE_MOST);
    return finished();
}

static logit_status read_number(const char *option, const char *text, long long least,
                                long long most, long long *out, logit_error *err)
{
    char name[NAME_ROOM], *end;
    errno = 0;
    *out = strtoll(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || *out < least || *out > most)
        LG_FAIL(err, LOGIT_E_USAGE, "%s %s: expected a whole number from %lld to %lld", option,
                lg_text_escape(name, sizeof name, text), least, most);
    return LOGIT_OK;
}

static logit_status read_format(const char *text, lg_draw_format *out, logit_error *err)
{
    char name[NAME_ROOM];
    for (int i = 0; i <= LG_DRAW_MIXED; i++)
        if (strcmp(text, format_names[i]) == 0) {
            *out = (lg_draw_format)i;
            return LOGIT_OK;
        }
    LG_FAIL(err, LOGIT_E_USAGE, "--format %s: expected png, jpg or mixed",
            lg_text_escape(name, sizeof name, text));
}

/* What the command line says; 0 and NULL: not said. */
typedef struct command {
    lg_draw_options options;
    bool wants_help, format_given;
} command;

enum { OPTION_SEED = 256, OPTION_FORMAT, OPTION_SIZE, OPTION_THREADS, OPTION_FORCE };

static logit_status take_option(int option, command *said, logit_error *err)
{
    long long value = 0;
    switch (option) {
    case 'h':
        said->wants_help = true;
        return LOGIT_OK;
    case 'o':
        said->options.folder = optarg;
        return LOGIT_OK;
    case 'n':
        LG_TRY(read_number("-n", optarg, 1, LG_DRAW_COUNT_MOST, &value, err));
        said->options.count = value;
        return LOGIT_OK;
    case OPTION_SEED:
        LG_TRY(read_number("--seed", optarg, 0, INT64_MAX, &value, err));
        said->options.seed = (uint64_t)value;
        return LOGIT_OK;
    case OPTION_FORMAT:
        said->format_given = true;
        return read_format(optarg, &said->options.format, err);
    case OPTION_SIZE:
        LG_TRY(read_number("--size", optarg, LG_DRAW_SIZE_LEAST, LG_DRAW_SIZE_MOST, &value, err));
        said->options.size = (int)value;
        return LOGIT_OK;
    case OPTION_THREADS:
        LG_TRY(read_number("--threads", optarg, 1, 1024, &value, err));
        said->options.threads = (int)value;
        return LOGIT_OK;
    case OPTION_FORCE:
        said->options.force = true;
        return LOGIT_OK;
    default: /* getopt has said what is wrong */
        LG_FAIL(err, LOGIT_E_USAGE, "see draw --help");
    }
}

static logit_status take_family(int argc, char **argv, command *said, logit_error *err)
{
    char name[NAME_ROOM];
    if (optind >= argc)
        LG_FAIL(err, LOGIT_E_USAGE, "which pictures? expected pets or digits; see draw --help");
    const lg_family *family = lg_family_find(argv[optind]);
    if (!family)
        LG_FAIL(err, LOGIT_E_USAGE, "%s: no such pictures; expected pets or digits",
                lg_text_escape(name, sizeof name, argv[optind]));
    if (optind + 1 < argc)
        LG_FAIL(err, LOGIT_E_USAGE, "%s: one word too many; see draw --help",
                lg_text_escape(name, sizeof name, argv[optind + 1]));
    if (!said->options.folder || !*said->options.folder)
        LG_FAIL(err, LOGIT_E_USAGE, "where to? add -o DIR");
    said->options.family = family;
    if (said->options.count == 0) said->options.count = family->count;
    if (said->options.size == 0) said->options.size = family->size;
    if (!said->format_given) said->options.format = family->format;
    return LOGIT_OK;
}

static logit_status read_command(int argc, char **argv, command *said, logit_error *err)
{
    static const struct option table[] = {
        {"output", required_argument, NULL, 'o'},
        {"count", required_argument, NULL, 'n'},
        {"seed", required_argument, NULL, OPTION_SEED},
        {"format", required_argument, NULL, OPTION_FORMAT},
        {"size", required_argument, NULL, OPTION_SIZE},
        {"threads", required_argument, NULL, OPTION_THREADS},
        {"force", no_argument, NULL, OPTION_FORCE},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    *said = (command){0};
    for (int option; (option = getopt_long(argc, argv, "o:n:h", table, NULL)) != -1;)
        LG_TRY(take_option(option, said, err));
    return said->wants_help ? LOGIT_OK : take_family(argc, argv, said, err);
}

int main(int argc, char **argv)
{
    command said;
    logit_error err = {0};
    int64_t written[LG_SPLIT_COUNT];
    logit_status status = read_command(argc, argv, &said, &err);
    if (status == LOGIT_OK && said.wants_help) return help();
    if (status == LOGIT_OK) status = lg_draw_set(&said.options, written, &err);
    if (status != LOGIT_OK) {
        fprintf(stderr, "draw: %s\n", err.message);
        return logit_exit_code(status);
    }
    char name[NAME_ROOM];
    printf("%s: %lld %s: %lld train, %lld val, %lld test (seed %llu)\n",
           lg_text_escape(name, sizeof name, said.options.folder), (long long)said.options.count,
           said.options.family->says, (long long)written[LG_SPLIT_TRAIN],
           (long long)written[LG_SPLIT_VAL], (long long)written[LG_SPLIT_TEST],
           (unsigned long long)said.options.seed);
    return finished();
}
