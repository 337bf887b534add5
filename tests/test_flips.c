/* test_flips.c -- damage to every format: each beginning of a small file, and random bits of it.
 *
 * A damaged set is refused as bad data or read as what it now says; never a crash, never another
 * kind of error.  A format that carries checksums finds all of it: what is still read is the same,
 * sample for sample.  LOGIT_FLIPS=100000: so many flips of each format (500). */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/file.h"
#include "base/philox.h"
#include "data/dataset.h"
#include "datasets/draw.h"
#include "tests/npy_bytes.h"
#include "tests/small_set.h"
#include "tests/tar_bytes.h"
#include "tests/tree.h"

Suite *lg_suite_flips(void);

enum { IMAGES = 6, LARGEST = 1 << 16, MOST_BITS = 8 };

/* A small set in one format, and the file of it that is damaged.  checked: every bit of the file is
 * under a checksum, or says nothing about the samples. */
static const struct form {
    const char *name, *path, *file;
    int checked;
} forms[] = {{"idx", "idx", "idx/train-images-idx3-ubyte", 0},
             {"idx labels", "idx", "idx/train-labels-idx1-ubyte", 0},
             {"gzip", "gz", "gz/train-images-idx3-ubyte.gz", 1},
             {"png", "png/train", "png/train/cat/0.png", 1},
             {"jpeg", "jpg/train", "jpg/train/cat/0.jpg", 0},
             {"pnm", "pnm", "pnm/c0/00000.pgm", 0},
             {"cifar", "cifar", "cifar/data_batch_1.bin", 0},
             {"npy", "x.npy", "x.npy", 0},
             {"npy labels", "x.npy", "x.labels.npy", 0},
             {"list", "list.csv", "list.csv", 0},
             {"tar", "a.tar", "a.tar", 0},
             {"packed", "a.packed", "a.packed", 1}};
enum { FORMS = sizeof forms / sizeof *forms };

static tree files;
static lg_decoder *decoder;
static logit_error err;

/* -------------------------------------------------------------------------- the small sets --- */

static void shell(const char *command)
{
    ck_assert_msg(system(command) == 0, "%s", command);
}

static void draw(const char *folder, lg_draw_format format, const char *ending)
{
    int64_t written[LG_SPLIT_COUNT];
    char command[300];
    const lg_draw_options options = {.family = &lg_families[0],
                                     .folder = folder,
                                     .count = IMAGES,
                                     .format = format,
                                     .size = 12,
                                     .threads = 1};
    ck_assert_msg(lg_draw_set(&options, written, &err) == LOGIT_OK, "%s", err.message);
    snprintf(command, sizeof command, "cd %s/train/cat && mv \"$(ls | head -1)\" 0.%s", folder,
             ending);
    shell(command);
}

static void make_cifar(void)
{
    enum { RECORD = 3073 };
    static uint8_t records[2 * RECORD];
    records[RECORD] = 1;
    for (int i = 1; i < RECORD; i++) records[i] = records[RECORD + i] = (uint8_t)(i * 7);
    tree_file(&files, "cifar/data_batch_1.bin", records, sizeof records);
}

static void make_sets(void)
{
    tree_open(&files);
    ck_assert_int_eq(chdir(tree_path(&files, ".")), 0);
    lg_bytes tar = {0};
    logit_pack_options pack;
    small_set_write_idx("idx", "train", IMAGES, 2);
    shell("mkdir gz && gzip -k idx/* && mv idx/*.gz gz");
    draw("png", LG_DRAW_PNG, "png");
    draw("jpg", LG_DRAW_JPG, "jpg");
    small_set_write_folder("pnm", IMAGES, 2);
    make_cifar();
    npy_write(&files, "x", LG_ELEMENT_F32, IMAGES);
    tree_text(&files, "list.csv",
              "path,label,weight\npnm/c0/00000.pgm,a,1\npnm/c1/00001.pgm,b,2\n");
    tar_good(&tar);
    tar_write(&files, "a.tar", &tar);
    logit_pack_options_default(&pack);
    pack.file = "a.packed";
    ck_assert_msg(logit_pack("pnm", &pack, NULL, NULL, &err) == LOGIT_OK, "%s", err.message);
    ck_assert_int_eq(lg_decoder_create(&decoder, &err), LOGIT_OK);
}

static void remove_sets(void)
{
    lg_decoder_destroy(decoder);
    ck_assert_int_eq(chdir("/"), 0);
    tree_close(&files);
}

/* ----------------------------------------------------------------------------- reading them --- */

/* Bad data, or a file that the damaged one names and that is not there. */
static void look_at_refusal(const char *what, logit_status status)
{
    ck_assert_msg(status == LOGIT_E_DATA || status == LOGIT_E_IO || status == LOGIT_E_NOMEM,
                  "%s: status %d: %s", what, status, err.message);
    ck_assert_msg(err.message[0] != '\0', "%s: refused without a word", what);
}

/* Adds what a part says to the hash.  0 if a sample of it is bad. */
static int hash_part(XXH3_state_t *hash, const lg_set *set, const char *what)
{
    static uint8_t out[LARGEST];
    size_t bytes = lg_element_bytes(set->element);
    bytes *= (size_t)set->shape.height * (size_t)set->shape.width * (size_t)set->shape.channels;
    if (bytes > LARGEST) return 1;
    for (int64_t i = 0; i < set->count; i++) {
        err.message[0] = '\0';
        const logit_status status = set->ops->read(set, i, decoder, out, &err);
        if (status != LOGIT_OK) {
            look_at_refusal(what, status);
            return 0;
        }
        XXH3_64bits_update(hash, out, bytes);
        if (set->label) XXH3_64bits_update(hash, &set->label[i], sizeof set->label[i]);
    }
    return 1;
}

/* What a set says, as a hash; 0 where it, or a sample of it, is refused. */
static uint64_t hash_set(const char *path, const char *what)
{
    const lg_dataset_options options = {.memory = 1 << 26};
    lg_dataset *data;
    int good = 1;
    err.message[0] = '\0';
    const logit_status status = lg_dataset_open(&data, path, &options, &err);
    if (status != LOGIT_OK) {
        look_at_refusal(what, status);
        return 0;
    }
    XXH3_state_t *hash = XXH3_createState();
    XXH3_64bits_reset(hash);
    for (int c = 0; c < data->classes; c++)
        XXH3_64bits_update(hash, data->class_name[c], strlen(data->class_name[c]) + 1);
    for (int p = 0; p < LG_PART_COUNT && good; p++)
        if (data->part[p]) good = hash_part(hash, data->part[p], what);
    const uint64_t value = good ? XXH3_64bits_digest(hash) | 1 : 0;
    XXH3_freeState(hash);
    lg_dataset_close(data);
    return value;
}

/* ------------------------------------------------------------------------------ the damage --- */

/* The form with its file as these bytes; a checked form may say only what it said before. */
static uint64_t hash_damaged(const struct form *form, const uint8_t *bytes, size_t size,
                             uint64_t before, const char *what)
{
    tree_file(&files, form->file, bytes, size);
    const uint64_t after = hash_set(form->path, what);
    if (form->checked)
        ck_assert_msg(after == 0 || after == before, "%s: taken for another set", what);
    return after;
}

START_TEST(every_beginning_is_refused_or_read)
{
    const struct form *form = &forms[_i];
    int64_t size, accepted = 0;
    char what[100];
    uint8_t *bytes = small_set_read(form->file, &size);
    const uint64_t whole = hash_set(form->path, form->name);
    ck_assert_msg(whole != 0, "%s: %s", form->name, err.message);
    for (int64_t cut = 0; cut<size; cut += size> 8192 ? 7 : 1) {
        snprintf(what, sizeof what, "%s, the first %lld bytes", form->name, (long long)cut);
        accepted += hash_damaged(form, bytes, (size_t)cut, whole, what) == whole;
    }
    /* a tar without its last blocks is whole, and so is a list without its last line's end */
    const int may = strcmp(form->name, "tar") == 0 || strcmp(form->name, "list") == 0;
    ck_assert_msg(may || accepted == 0, "%s: %lld beginnings are taken for the whole", form->name,
                  (long long)accepted);
    free(bytes);
}
END_TEST

START_TEST(random_flips_are_refused_or_read)
{
    const struct form *form = &forms[_i];
    const char *asked = getenv("LOGIT_FLIPS");
    const int64_t flips = asked ? atoll(asked) : 500;
    int64_t size;
    char what[100];
    uint8_t *bytes = small_set_read(form->file, &size);
    const uint64_t whole = hash_set(form->path, form->name);
    for (int64_t f = 0; f < flips; f++) {
        const unsigned bits =
            1 + (unsigned)lg_random_below(7, (uint64_t)_i, (uint64_t)f * 16, MOST_BITS);
        uint64_t place[MOST_BITS];
        for (unsigned b = 0; b < bits; b++) {
            place[b] =
                lg_random_below(7, (uint64_t)_i, (uint64_t)f * 16 + 1 + b, (uint64_t)size * 8);
            bytes[place[b] / 8] ^= (uint8_t)(1 << place[b] % 8);
        }
        snprintf(what, sizeof what, "%s, flip %lld of %u bits", form->name, (long long)f, bits);
        hash_damaged(form, bytes, (size_t)size, whole, what);
        for (unsigned b = 0; b < bits; b++) bytes[place[b] / 8] ^= (uint8_t)(1 << place[b] % 8);
    }
    free(bytes);
}
END_TEST

/* The lowest bit of every byte that is not 0: what is small (labels, counts) stays within bounds,
 * so that only a checksum can tell. */
START_TEST(every_low_bit_under_a_checksum_is_missed)
{
    const struct form *form = &forms[_i];
    int64_t size;
    char what[100];
    if (!form->checked) return;
    uint8_t *bytes = small_set_read(form->file, &size);
    const uint64_t whole = hash_set(form->path, form->name);
    for (int64_t i = 0; i < size; i++) {
        if (bytes[i] == 0) continue;
        bytes[i] ^= 1;
        snprintf(what, sizeof what, "%s, low bit of byte %lld", form->name, (long long)i);
        hash_damaged(form, bytes, (size_t)size, whole, what);
        bytes[i] ^= 1;
    }
    free(bytes);
}
END_TEST

Suite *lg_suite_flips(void)
{
    Suite *suite = suite_create("flips");
    TCase *tests = tcase_create("flips");
    tcase_add_checked_fixture(tests, make_sets, remove_sets);
    tcase_set_timeout(tests, 3600);
    tcase_add_loop_test(tests, every_beginning_is_refused_or_read, 0, FORMS);
    tcase_add_loop_test(tests, random_flips_are_refused_or_read, 0, FORMS);
    tcase_add_loop_test(tests, every_low_bit_under_a_checksum_is_missed, 0, FORMS);
    suite_add_tcase(suite, tests);
    return suite;
}
