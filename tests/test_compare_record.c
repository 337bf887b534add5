/* test_compare_record.c -- a run in a file, and a run beside it.
 *
 * Tests (suite compare_record).  What is altered is a copy of the record's text. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/compare_rig.h"
#include "tests/small_set.h"
#include "train/compare_record.h"

Suite *lg_suite_compare_record(void);

static char record[256], other[256];
static char *text; /* of the record; NUL at its end */

static char *read_text(const char *path)
{
    int64_t size;
    char *bytes = (char *)small_set_read(path, &size);
    bytes = realloc(bytes, (size_t)size + 1);
    bytes[size] = '\0';
    return bytes;
}

static void write_text(const char *bytes, size_t size)
{
    FILE *out = fopen(other, "wb");
    ck_assert_ptr_nonnull(out);
    ck_assert_uint_eq(fwrite(bytes, 1, size, out), size);
    ck_assert_int_eq(fclose(out), 0);
}

static void begin_record(void)
{
    compare_begin();
    snprintf(record, sizeof record, "%s", small_set_path("record.jsonl"));
    snprintf(other, sizeof other, "%s", small_set_path("other.jsonl"));
    asked.steps = 4;
    asked.tolerance = 1e-6; /* four steps do not move the loss far */
    asked.device[1] = NULL;
    asked.record = record;
    compare("idx", LOGIT_OK);
    asked.record = NULL;
    asked.against = other;
    text = read_text(record);
}

static void end_record(void)
{
    free(text);
    compare_end();
}

/* Compares with the record as it stands in `text`. */
static void against(logit_status want)
{
    write_text(text, strlen(text));
    compare("idx", want);
}

static void expect_words(const char *words)
{
    ck_assert_msg(strstr(answer_error.message, words), "no %s in: %s", words, answer_error.message);
}

/* The line of an array, in text. */
static char *line_of(int step, const char *stage, const char *array)
{
    char start[160];
    snprintf(start, sizeof start,
             "{\"type\":\"array\",\"step\":%d,\"stage\":\"%s\",\"array\":\"%s\"", step, stage,
             array);
    char *line = strstr(text, start);
    ck_assert_msg(line != NULL, "no line %s", start);
    return line;
}

/* Where the value of a field of that line begins. */
static char *value_of(char *line, const char *field)
{
    char start[40];
    snprintf(start, sizeof start, "\"%s\":\"", field);
    char *value = strstr(line, start);
    ck_assert(value && value < strchr(line, '\n'));
    return value + strlen(start);
}

static void alter_digit(char *digit)
{
    *digit = *digit == '0' ? '1' : '0';
}

/* Adds to the number in 8 digits. */
static void alter_number(char *digits, int ulps)
{
    char shown[9];
    unsigned bits;
    ck_assert_int_eq(sscanf(digits, "%8x", &bits), 1);
    snprintf(shown, sizeof shown, "%08x", bits + (unsigned)ulps);
    memcpy(digits, shown, 8);
}

/* --------------------------------------------------------------------------------- equality --- */

START_TEST(a_run_equals_its_record)
{
    int rows = 0;
    against(LOGIT_OK);
    ck_assert_ptr_nonnull(strstr(answer.device[1], "record: cpu"));
    for (int i = 0; i < answer.differences; i++) {
        const logit_difference *d = &answer.difference[i];
        if (strcmp(d->b, "record") != 0) continue;
        ck_assert_int_gt(d->count, 0);
        ck_assert_int_eq(d->equal, d->count);
        rows++;
    }
    ck_assert_double_eq_tol(answer.loss[1], answer.loss[0], 1e-15);
    ck_assert_int_eq(rows, LOGIT_COMPARE_STAGES); /* and the start, but no features */
    ck_assert_str_eq(answer.difference[answer.differences - rows].stage, "start");
}
END_TEST

/* The same bytes again; for other numbers of threads but for the first line, which names them. */
START_TEST(a_record_is_the_same_again)
{
    asked.against = NULL;
    asked.record = other;
    compare("idx", LOGIT_OK);
    char *again = read_text(other);
    ck_assert_str_eq(again, text);
    free(again);
    asked.train.threads = 1;
    compare("idx", LOGIT_OK);
    again = read_text(other);
    ck_assert_str_eq(strchr(again, '\n'), strchr(text, '\n'));
    free(again);
}
END_TEST

START_TEST(it_holds_every_training)
{
    static const char *const optimizers[] = {"gd", "sgd", "adam"};
    asked.train.optimizer = optimizers[_i];
    asked.train.momentum = (logit_list){1, {0.9}};
    asked.train.lr = (logit_list){2, {0.01, 0.05}};
    asked.train.loss = "sigmoid";
    asked.against = NULL;
    asked.record = record;
    compare("idx", LOGIT_OK);
    asked.record = NULL;
    asked.against = record;
    compare("idx", LOGIT_OK);
}
END_TEST

/* ------------------------------------------------------------------------------ differences --- */

static const logit_difference *row_of(const char *stage)
{
    for (int i = 0; i < answer.differences; i++)
        if (strcmp(answer.difference[i].b, "record") == 0 &&
            strcmp(answer.difference[i].stage, stage) == 0)
            return &answer.difference[i];
    ck_abort_msg("no row of %s", stage);
    return NULL;
}

/* The numbers of 0-ulp stages may not differ at all. */
START_TEST(an_altered_sample_is_named)
{
    static const struct {
        const char *stage, *array, *of;
    } cases[] = {
        {"start", "w", "class"},          {"pixels", "x", "row"},    {"loss", "loss", ""},
        {"loss", "z", "class"},           {"update", "w", "column"}, {"update", "b", "bias of"},
        {"update", "state_w1", "state 2"}};
    char *line = line_of(3, cases[_i].stage, cases[_i].array);
    alter_digit(value_of(line, "hash"));
    alter_number(value_of(line, "sample") + 8, 1);
    against(LOGIT_E_CHECK);
    ck_assert_int_eq(answer.first.step, 3);
    ck_assert_str_eq(answer.first.stage, cases[_i].stage);
    ck_assert_str_eq(answer.first.b, "record");
    ck_assert_ptr_nonnull(strstr(answer.first.of, cases[_i].of));
    ck_assert_double_ne(answer.first.got, answer.first.want);
    const logit_difference *row = row_of(cases[_i].stage);
    ck_assert_int_eq(row->count - row->equal, 1);
    ck_assert_int_eq(row->outside, 1);
    ck_assert_double_le(row->ulps, 1.0);
}
END_TEST

START_TEST(a_hash_alone_is_named)
{
    alter_digit(value_of(line_of(2, "loss", "loss"), "hash") + 15);
    against(LOGIT_E_CHECK);
    ck_assert_int_eq(answer.first.step, 2);
    ck_assert_str_eq(answer.first.stage, "loss");
    expect_words("not in the sample");
}
END_TEST

/* Another order of sums gives other logits: within the bounds that is no fault, beyond it is. */
START_TEST(sums_may_differ_within_their_bound)
{
    static const char *const stage[] = {"logits", "gradient"}, *const array[] = {"z", "gw"};
    char *line = line_of(3, stage[_i], array[_i]);
    alter_digit(value_of(line, "hash"));
    against(LOGIT_OK); /* somewhere outside the sample */
    ck_assert_int_eq(row_of(stage[_i])->count - row_of(stage[_i])->equal, 1);
    alter_number(value_of(line, "sample"), 1);
    against(LOGIT_OK);
    ck_assert_double_gt(row_of(stage[_i])->share, 0.0);
    alter_number(value_of(line, "sample"), 1 << 16);
    against(LOGIT_E_CHECK);
    ck_assert_str_eq(answer.first.stage, stage[_i]);
    ck_assert_double_gt(row_of(stage[_i])->share, 1.0);
}
END_TEST

START_TEST(the_first_difference_is_named)
{
    alter_number(value_of(line_of(4, "pixels", "x"), "sample"), 1);
    alter_digit(value_of(line_of(4, "pixels", "x"), "hash"));
    alter_number(value_of(line_of(2, "update", "b"), "sample"), 1);
    alter_digit(value_of(line_of(2, "update", "b"), "hash"));
    against(LOGIT_E_CHECK);
    ck_assert_int_eq(answer.first.step, 2);
    ck_assert_str_eq(answer.first.stage, "update");
}
END_TEST

/* ------------------------------------------------------------------ another training, damage ---
 */

static void other_seed(void)
{
    asked.train.seed = 5;
}
static void other_batch(void)
{
    asked.train.batch_size = 31;
}
static void other_steps(void)
{
    asked.steps = 5;
}
static void other_rate(void)
{
    asked.train.lr = (logit_list){1, {0.125}};
    asked.train.schedule = "cosine"; /* as where no rate is given */
}
static void other_optimizer(void)
{
    asked.train.optimizer = "sgd";
}

static const struct {
    void (*change)(void);
    const char *there, *here;
} changes[] = {{other_seed, "seed 0", "5"},
               {other_batch, "batch-size 32", "31"},
               {other_steps, "steps 4", "5"},
               {other_rate, "lr 0.002", "0.125"},
               {other_optimizer, "optimizer adam", "sgd"}};
enum { CHANGES = sizeof changes / sizeof *changes };

START_TEST(another_training_is_refused)
{
    changes[_i].change();
    against(LOGIT_E_USAGE);
    expect_words(changes[_i].there);
    expect_words(changes[_i].here);
}
END_TEST

START_TEST(other_data_is_refused)
{
    small_set_write_folder(small_set_path("folder"), 300, 3);
    char here[40], there[40];
    write_text(text, strlen(text));
    compare("folder", LOGIT_E_USAGE);
    expect_words("holds other data");
    const char *hashes = strstr(answer_error.message, "hash ");
    ck_assert_int_eq(
        sscanf(hashes ? hashes : "", "hash %16[0-9a-f] there, %16[0-9a-f] here", there, here), 2);
    ck_assert_str_ne(here, there);
}
END_TEST

/* Replaces `from`, from text + `after` on, by `to`. */
static void replace(const char *after, const char *from, const char *to)
{
    char *start = strstr(text, after), *at = start ? strstr(start, from) : NULL;
    ck_assert_msg(at != NULL, "no %s after %s", from, after);
    char *changed = NULL;
    ck_assert_int_gt(asprintf(&changed, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from)),
                     0);
    free(text);
    text = changed;
}

static const struct {
    const char *after, *from, *to, *says;
} damages[] = {
    {"{", "{\"type\":\"record\"", "", "is no record"},
    {"{", "\"format\":1", "\"format\":2", "a record of format 2, expected 1"},
    {"{", "\"data\":\"", "\"data\":\"x", "line 1: \"data\" is not a hash"},
    {"\"batch\"", "\"data\":\"", "\"data\":\"g", "line 2: \"data\" is not a hash"},
    {"\"batch\"", "\"step\":1", "\"step\":0", "line 2: \"step\" is missing"},
    {"\"batch\"", "\"batch\":0", "\"botch\":0", "line 2: \"batch\" is missing"},
    {"\"array\"", "\"type\":\"array\"", "\"type\":\"arrow\"", "\"type\" is not batch"},
    {"\"array\"", "\"type\":\"array\"", "\"type\":7", "\"type\" is not batch"},
    {"\"array\"", "{\"type\":\"array\"", "\"type\":\"array\"", "this is no JSON object"},
    {"\"array\"", "\"hash\":\"", "\"hash\":\"0", "\"hash\" is not a hash of 16 digits"},
    {"\"array\":\"loss\"", "\"loss\":\"0x", "\"loss\":\"x", "\"loss\" is not a number"},
    {"\"array\"", "\"count\":", "\"count\":-", "\"count\" is missing"},
    {"\"array\"", "\"sample\":\"", "\"sample\":\"00", "8 digits for each number"},
    {"\"array\"", "\"sample\":\"0", "\"sample\":\"z", "no hexadecimal digit"},
    {"\"logits\"", "\"stage\":\"logits\"", "\"stage\":\"loss\"",
     "expected array z of stage logits"},
    {"\"end\"", "\"lines\":", "\"lines\":1", "lines are missing before this one"},
    {"{", "{\"type\":\"end\"", "{\"type\":\"fin\"", "is missing"},
};
enum { DAMAGES = sizeof damages / sizeof *damages };

START_TEST(damage_is_named_with_its_line)
{
    replace(damages[_i].after, damages[_i].from, damages[_i].to);
    against(LOGIT_E_DATA);
    expect_words(damages[_i].says);
    expect_words("other.jsonl");
}
END_TEST

START_TEST(a_file_that_was_cut_is_damaged)
{
    const size_t size = strlen(text);
    for (size_t length = 0; length + 1 < size; length += 1 + size / 61) {
        write_text(text, length);
        compare("idx", LOGIT_E_DATA);
    }
}
END_TEST

/* The batches' hashes stand in the first line, too. */
START_TEST(an_altered_batch_is_damage)
{
    alter_digit(value_of(strstr(text, "{\"type\":\"batch\",\"step\":3"), "data"));
    against(LOGIT_E_DATA);
    expect_words("does not add up");
}
END_TEST

/* -------------------------------------------------------------------------------- details --- */

/* XXH3-64 of the bytes of float32 numbers; -0 is 0, and every NaN is one. */
START_TEST(equal_numbers_have_equal_hashes)
{
    XXH3_state_t *state = XXH3_createState();
    double value[3000];
    float number[3000];
    for (int i = 0; i < 3000; i++) number[i] = (float)(value[i] = sin(i + 1.0));
    ck_assert_uint_eq(lg_record_hash(state, value, 3000), XXH3_64bits(number, sizeof number));
    const double zero[] = {0.0, -0.0, NAN, -NAN};
    ck_assert_uint_eq(lg_record_hash(state, zero, 1), lg_record_hash(state, zero + 1, 1));
    ck_assert_uint_eq(lg_record_hash(state, zero + 2, 1), lg_record_hash(state, zero + 3, 1));
    ck_assert_uint_ne(lg_record_hash(state, zero, 1), lg_record_hash(state, zero + 2, 1));
    ck_assert_uint_eq(lg_record_bits(1.0), 0x3f800000u);
    XXH3_freeState(state);
}
END_TEST

Suite *lg_suite_compare_record(void)
{
    Suite *suite = suite_create("compare_record");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, begin_record, end_record);
    tcase_set_timeout(all, 60);
    tcase_add_test(all, a_run_equals_its_record);
    tcase_add_test(all, a_record_is_the_same_again);
    tcase_add_loop_test(all, it_holds_every_training, 0, 3);
    tcase_add_loop_test(all, an_altered_sample_is_named, 0, 7);
    tcase_add_test(all, a_hash_alone_is_named);
    tcase_add_loop_test(all, sums_may_differ_within_their_bound, 0, 2);
    tcase_add_test(all, the_first_difference_is_named);
    tcase_add_loop_test(all, another_training_is_refused, 0, CHANGES);
    tcase_add_test(all, other_data_is_refused);
    tcase_add_loop_test(all, damage_is_named_with_its_line, 0, DAMAGES);
    tcase_add_test(all, a_file_that_was_cut_is_damaged);
    tcase_add_test(all, an_altered_batch_is_damage);
    tcase_add_test(all, equal_numbers_have_equal_hashes);
    suite_add_tcase(suite, all);
    return suite;
}
