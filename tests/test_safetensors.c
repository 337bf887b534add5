/* test_safetensors.c -- malformed model files, row by row; and the writer's bytes.
 *
 * The rows ST1 .. ST17 are the project's list of malformed safetensors files.  Each case differs
 * from a good file (tested first) in one thing, and names the class of its message. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/model_file.h"
#include "train/safetensors.h"

static model_folder in;

static void setup(void)
{
    model_folder_open(&in);
}

static void teardown(void)
{
    model_folder_close(&in);
}

START_TEST(the_good_file_is_good)
{
    logit_model *model;
    logit_error err;
    model_file_header(&in, MODEL_GOOD, 0, MODEL_GOOD_DATA);
    ck_assert_msg(lg_model_load(&model, in.path, NULL, &err) == LOGIT_OK, "%s", err.message);
    ck_assert_int_eq(model->classes, 3);
    lg_model_destroy(model);
}
END_TEST

#define HEAD "{" MODEL_META ","
#define WEIGHT_AT(offsets) MODEL_TENSOR("weight", "F32", "[3,5]", offsets)
#define WEIGHT_OF(shape) MODEL_TENSOR("weight", "F32", shape, "[0,60]")
#define WEIGHT_AS(dtype) MODEL_TENSOR("weight", dtype, "[3,5]", "[0,60]")
#define BIAS_AT(offsets) MODEL_TENSOR("bias", "F32", "[3]", offsets)
#define WITH(weight) HEAD weight "," MODEL_BIAS "}"
#define META_AND(more) "{\"__metadata__\":{" more "}," MODEL_WEIGHT "," MODEL_BIAS "}"

/* Headers that are text, with the bytes of data behind them. */
static const struct {
    const char *row, *header;
    size_t data_bytes;
    const char *kind;
} headers[] = {
    {"ST5 byte 0xFF", META_AND("\"a\":\"\xFF\""), 72, "FORMAT"},
    {"ST5 overlong UTF-8", META_AND("\"a\":\"\xC0\x80\""), 72, "FORMAT"},
    {"ST5 UTF-8 surrogate", META_AND("\"a\":\"\xED\xA0\x80\""), 72, "FORMAT"},
    {"ST5 lone high surrogate", META_AND("\"a\":\"\\ud800\""), 72, "FORMAT"},
    {"ST5 lone low surrogate", META_AND("\"a\":\"\\udc00\""), 72, "FORMAT"},
    {"ST5 high and letter", META_AND("\"a\":\"\\ud800\\u0041\""), 72, "FORMAT"},
    {"ST5 escaped NUL", META_AND("\"a\\u0000b\":\"\""), 72, "FORMAT"},
    {"ST6 {", "{", 72, "FORMAT"},
    {"ST6 []", "[]", 72, "FORMAT"},
    {"ST6 {}x", "{}x", 72, "FORMAT"},
    {"ST6 white space first", " " MODEL_GOOD, 72, "FORMAT"},
    {"ST6 byte order mark", "\xEF\xBB\xBF" MODEL_GOOD, 72, "FORMAT"},
    {"ST6 form feed between", HEAD "\f" MODEL_WEIGHT "," MODEL_BIAS "}", 72, "FORMAT"},
    {"ST8 tensor twice", HEAD MODEL_WEIGHT "," MODEL_BIAS "," MODEL_WEIGHT "}", 72, "FORMAT"},
    {"ST8 tensor twice, escaped",
     HEAD MODEL_WEIGHT "," MODEL_BIAS "," MODEL_TENSOR("b\\u0069as", "F32", "[3]", "[60,72]") "}",
     72, "FORMAT"},
    {"ST8 dtype twice",
     WITH("\"weight\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[3,5],"
          "\"data_offsets\":[0,60]}"),
     72, "FORMAT"},
    {"ST8 metadata key twice", META_AND("\"format\":\"logit\",\"format\":\"logit\""), 72, "FORMAT"},
    {"ST9 begin > end", WITH(WEIGHT_AT("[60,0]")), 72, "RANGE"},
    {"ST9 negative", WITH(WEIGHT_AT("[-1,60]")), 72, "RANGE"},
    {"ST9 minus zero", WITH(WEIGHT_AT("[-0,60]")), 72, "RANGE"},
    {"ST9 1e3", WITH(WEIGHT_AT("[0,6e1]")), 72, "FORMAT"},
    {"ST9 1.0", WITH(WEIGHT_AT("[0.0,60]")), 72, "FORMAT"},
    {"ST9 leading zero", WITH(WEIGHT_AT("[00,60]")), 72, "FORMAT"},
    {"ST9 2^64", WITH(WEIGHT_AT("[0,18446744073709551616]")), 72, "RANGE"},
    {"ST9 2^64 - 1", WITH(WEIGHT_AT("[0,18446744073709551615]")), 72, "TRUNC"},
    {"ST9 2^64 - 1 first", WITH(WEIGHT_AT("[18446744073709551615,60]")), 72, "RANGE"},
    {"ST9 three offsets", WITH(WEIGHT_AT("[0,60,72]")), 72, "FORMAT"},
    {"ST9 offset in quotes", WITH(WEIGHT_AT("[0,\"60\"]")), 72, "FORMAT"},
    {"ST10 overlap", HEAD MODEL_WEIGHT "," BIAS_AT("[56,68]") "}", 68, "RANGE"},
    {"ST10 same place", HEAD MODEL_WEIGHT "," MODEL_TENSOR("v", "F32", "[3,5]", "[0,60]") "}", 60,
     "RANGE"},
    {"ST10 gap of 1 byte", HEAD MODEL_WEIGHT "," BIAS_AT("[61,73]") "}", 73, "RANGE"},
    {"ST10 first begins at 8", HEAD WEIGHT_AT("[8,68]") "," BIAS_AT("[68,80]") "}", 80, "RANGE"},
    {"ST11 end + 1", HEAD MODEL_WEIGHT "," BIAS_AT("[60,73]") "}", 72, "TRUNC"},
    {"ST11 one byte short", MODEL_GOOD, 71, "TRUNC"},
    {"ST11 extra_bogus_data", MODEL_GOOD, 72 + 16, "TRAIL"},
    {"ST11 one byte more", MODEL_GOOD, 73, "TRAIL"},
    {"ST11 no tensors, data", "{}", 1, "TRAIL"},
    {"ST12 2^64 - 2", WITH(WEIGHT_OF("[2,18446744073709551614]")), 72, "OVERFLOW"},
    {"ST12 2^63 - 1", WITH(WEIGHT_OF("[2,9223372036854775807]")), 72, "OVERFLOW"},
    {"ST12 2^62 floats", WITH(WEIGHT_OF("[2147483648,2147483648]")), 72, "OVERFLOW"},
    {"ST12 zero times much", WITH(WEIGHT_OF("[0,18446744073709551615]")), 72, "OVERFLOW"},
    {"ST13 59 bytes", HEAD WEIGHT_AT("[0,59]") "," BIAS_AT("[59,71]") "}", 71, "MISMATCH"},
    {"ST13 61 bytes", HEAD WEIGHT_AT("[0,61]") "," BIAS_AT("[61,73]") "}", 73, "MISMATCH"},
    {"ST14 XX", WITH(WEIGHT_AS("XX")), 72, "FORMAT"},
    {"ST14 f32", WITH(WEIGHT_AS("f32")), 72, "FORMAT"},
    {"ST14 F4", HEAD MODEL_TENSOR("weight", "F4", "[3,10]", "[0,15]") "," BIAS_AT("[15,27]") "}",
     27, "UNSUP"},
    {"ST14 BF16", HEAD MODEL_TENSOR("weight", "BF16", "[3,5]", "[0,30]") "," BIAS_AT("[30,42]") "}",
     42, "UNSUP"},
    {"ST14 I32 bias", HEAD MODEL_WEIGHT "," MODEL_TENSOR("bias", "I32", "[3]", "[60,72]") "}", 72,
     "UNSUP"},
    {"ST14 F4 of no whole bytes", HEAD MODEL_TENSOR("v", "F4", "[3]", "[0,1]") "}", 1, "MISMATCH"},
    {"ST15 bias [K+1]", HEAD MODEL_WEIGHT "," MODEL_TENSOR("bias", "F32", "[4]", "[60,76]") "}", 76,
     "MISMATCH"},
    {"ST15 weight [D,K]", WITH(WEIGHT_OF("[5,3]")), 72, "MISMATCH"},
    {"ST15 weight [15]", WITH(WEIGHT_OF("[15]")), 72, "MISMATCH"},
    {"ST15 weight [3,5,1]", WITH(WEIGHT_OF("[3,5,1]")), 72, "MISMATCH"},
    {"ST15 no weight", HEAD BIAS_AT("[0,12]") "}", 12, "MISMATCH"},
    {"ST15 no bias", HEAD MODEL_WEIGHT "}", 60, "MISMATCH"},
    {"entry is no object", HEAD "\"weight\":[]," MODEL_BIAS "}", 72, "FORMAT"},
    {"entry lacks shape", WITH("\"weight\":{\"dtype\":\"F32\",\"data_offsets\":[0,60]}"), 72,
     "FORMAT"},
    {"entry with a spare key",
     WITH("\"weight\":{\"dtype\":\"F32\",\"shape\":[3,5],\"data_offsets\":[0,60],\"x\":\"\"}"), 72,
     "FORMAT"},
    {"metadata of numbers", META_AND("\"a\":1"), 72, "FORMAT"},
    {"metadata is an array", "{\"__metadata__\":[]}", 0, "FORMAT"},
    {"nine dimensions", WITH(WEIGHT_OF("[3,5,1,1,1,1,1,1,1]")), 72, "LIMIT"},
};

START_TEST(malformed_headers_are_refused)
{
    model_header_refused(&in, headers[_i].header, headers[_i].data_bytes, headers[_i].kind);
}
END_TEST

START_TEST(st1_files_without_a_length)
{
    for (size_t size = 0; size < 8; size++) {
        model_file_bytes(&in, "\2\0\0\0\0\0\0", size);
        model_file_refused(&in, "TRUNC");
    }
}
END_TEST

START_TEST(st2_st3_st4_lengths_of_the_header)
{
    static const struct {
        uint64_t length;
        const char *kind;
    } cases[] = {{0, "FORMAT"},
                 {UINT64_MAX, "LIMIT"},
                 {UINT64_C(1) << 63, "LIMIT"},
                 {100000001, "LIMIT"},
                 {LG_SAFETENSORS_MAX_HEADER + 1, "LIMIT"},
                 {LG_SAFETENSORS_MAX_HEADER, "TRUNC"},
                 {40 - 7, "TRUNC"},   /* ST4: file size - 7 */
                 {40 - 8, "FORMAT"}}; /* all of the file: zeros, no {  */
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t file[5] = {cases[i].length};
        model_file_bytes(&in, file, sizeof file);
        model_file_refused(&in, cases[i].kind);
    }
}
END_TEST

START_TEST(st5_nul_bytes_in_the_header)
{
    static const char inside[] = "{\"a\0b\":{}}", after[] = "{}\0", between[] = "{\0}";
    model_file_header(&in, inside, sizeof inside - 1, 0);
    model_file_refused(&in, "FORMAT");
    model_file_header(&in, after, sizeof after - 1, 0);
    model_file_refused(&in, "FORMAT");
    model_file_header(&in, between, sizeof between - 1, 0);
    model_file_refused(&in, "FORMAT");
}
END_TEST

START_TEST(st7_deep_nesting)
{
    enum { DEPTH = 10000 };
    char *header = malloc(2 * DEPTH + 64);
    size_t used = (size_t)sprintf(header, "{\"__metadata__\":{\"a\":");
    memset(header + used, '[', DEPTH);
    memset(header + used + DEPTH, ']', DEPTH);
    strcpy(header + used + 2 * DEPTH, "}}");
    model_header_refused(&in, header, 0, "FORMAT");
    free(header);
}
END_TEST

START_TEST(st17_many_empty_tensors)
{
    static const int counts[] = {100000, 10000, 1100}; /* header, values, tensors */
    const int count = counts[_i];
    char *header = malloc((size_t)count * 80 + 16);
    size_t used = (size_t)sprintf(header, "{");
    for (int i = 0; i < count; i++)
        used += (size_t)sprintf(header + used,
                                "%s\"t%d\":{\"dtype\":\"U8\",\"shape\":[0],"
                                "\"data_offsets\":[0,0]}",
                                i > 0 ? "," : "", i);
    strcpy(header + used, "}");
    model_header_refused(&in, header, 0, "LIMIT");
    free(header);
}
END_TEST

/* The message points at the key that is wrong, counted from the start of the file. */
START_TEST(faults_name_their_place)
{
    static const char header[] = HEAD MODEL_WEIGHT "," BIAS_AT("[61,73]") "}";
    char want[64];
    const char *message = model_header_refused(&in, header, 73, "RANGE");
    const long long at = 8 + (strstr(header, "\"bias\"") - header);
    snprintf(want, sizeof want, "at byte %lld: ", at);
    ck_assert_msg(strstr(message, want) != NULL, "%s (want %s)", message, want);

    static const char broken[] = "{\"a\":{\"shape\":[1,2}}";
    message = model_header_refused(&in, broken, 0, "FORMAT");
    ck_assert_msg(strstr(message, "at byte 26: ") != NULL, "%s", message);
}
END_TEST

START_TEST(a_missing_file_and_a_folder_are_io)
{
    logit_error err;
    logit_model *model;
    ck_assert_int_eq(lg_model_load(&model, in.path, NULL, &err), LOGIT_E_IO);
    ck_assert_ptr_nonnull(strstr(err.message, in.path));
    ck_assert_int_eq(lg_model_load(&model, in.folder, NULL, &err), LOGIT_E_IO);
    ck_assert_ptr_nonnull(strstr(err.message, "model.safetensors"));
}
END_TEST

/* ---------------------------------------------------------------------------------- writing --- */

START_TEST(the_writer_makes_these_bytes)
{
    static const float w[6] = {1, 2, 3, 4, 5, 6}, b[2] = {-1, 0.5f};
    static const lg_meta_out meta[] = {{"a", "x\"y"}, {"left out", NULL}, {"b", ""}};
    static const int32_t p[2] = {7, -1};
    static const lg_tensor_out tensor[] = {{"weight", 2, {2, 3}, w, NULL},
                                           {"bias", 1, {2, 0}, b, NULL},
                                           {"pairs", 2, {1, 2}, p, "I32"}};
    static const lg_safetensors_out content = {meta, 3, tensor, 3};
    static const char want[] = "{\"__metadata__\":{\"a\":\"x\\\"y\",\"b\":\"\"},"
                               "\"weight\":{\"dtype\":\"F32\",\"shape\":[2,3],"
                               "\"data_offsets\":[0,24]},"
                               "\"bias\":{\"dtype\":\"F32\",\"shape\":[2],"
                               "\"data_offsets\":[24,32]},"
                               "\"pairs\":{\"dtype\":\"I32\",\"shape\":[1,2],"
                               "\"data_offsets\":[32,40]}}";
    uint8_t got[512];
    logit_error err;
    ck_assert_msg(lg_safetensors_write(in.path, &content, &err) == LOGIT_OK, "%s", err.message);
    FILE *file = fopen(in.path, "rb");
    const size_t size = fread(got, 1, sizeof got, file);
    fclose(file);

    const size_t header = (sizeof want - 1 + 7) / 8 * 8;
    ck_assert_uint_eq(size, 8 + header + sizeof w + sizeof b + sizeof p);
    ck_assert_uint_eq(got[0] + 256u * got[1], header);
    for (int i = 2; i < 8; i++) ck_assert_uint_eq(got[i], 0);
    ck_assert_mem_eq(got + 8, want, sizeof want - 1);
    for (size_t i = sizeof want - 1; i < header; i++) ck_assert_uint_eq(got[8 + i], ' ');
    ck_assert_mem_eq(got + 8 + header, w, sizeof w);
    ck_assert_mem_eq(got + 8 + header + sizeof w, b, sizeof b);
    ck_assert_mem_eq(got + 8 + header + sizeof w + sizeof b, p, sizeof p);
}
END_TEST

/* Whatever its length, the header is padded with 0 to 7 spaces. */
START_TEST(arrays_begin_at_a_multiple_of_8)
{
    static const char want[] = "{\"__metadata__\":{\"a\":\"\"}}";
    for (size_t more = 0; more < 16; more++) {
        char value[17] = {0};
        uint64_t header;
        logit_error err;
        const lg_meta_out meta = {"a", memset(value, 'x', more)};
        const lg_safetensors_out content = {&meta, 1, NULL, 0};
        ck_assert_msg(lg_safetensors_write(in.path, &content, &err) == LOGIT_OK, "%s", err.message);
        FILE *file = fopen(in.path, "rb");
        ck_assert_uint_eq(fread(&header, sizeof header, 1, file), 1);
        fclose(file);
        ck_assert_uint_eq(header, (sizeof want - 1 + more + 7) / 8 * 8);
    }
}
END_TEST

/* A replay with a feature map and adam has 18 arrays; nothing here counts on how many there are. */
START_TEST(many_arrays_are_written_and_read)
{
    enum { ARRAYS = 300 };
    static char name[ARRAYS][8];
    static lg_tensor_out tensor[ARRAYS];
    float value[ARRAYS], got;
    lg_safetensors *file;
    logit_error err;
    for (int i = 0; i < ARRAYS; i++) {
        snprintf(name[i], sizeof name[i], "t%d", i);
        value[i] = 0.5f + (float)i;
        tensor[i] = (lg_tensor_out){.name = name[i], .rank = 1, .shape = {1}, .data = &value[i]};
    }
    const lg_safetensors_out content = {NULL, 0, tensor, ARRAYS};
    ck_assert_msg(lg_safetensors_write(in.path, &content, &err) == LOGIT_OK, "%s", err.message);
    ck_assert_msg(lg_safetensors_open(&file, in.path, &err) == LOGIT_OK, "%s", err.message);
    for (int i = 0; i < ARRAYS; i++) {
        const lg_tensor *at = lg_safetensors_find(file, name[i]);
        ck_assert_ptr_nonnull(at);
        ck_assert_int_eq(lg_safetensors_read(file, at, &got, NULL), LOGIT_OK);
        ck_assert_float_eq(got, value[i]);
    }
    lg_safetensors_close(file);
}
END_TEST

START_TEST(a_header_too_long_to_read_is_not_written)
{
    char *value = malloc(LG_SAFETENSORS_MAX_HEADER + 1);
    logit_error err;
    memset(value, 'x', LG_SAFETENSORS_MAX_HEADER);
    value[LG_SAFETENSORS_MAX_HEADER] = '\0';
    const lg_meta_out meta = {"a", value};
    const lg_safetensors_out content = {&meta, 1, NULL, 0};
    ck_assert_int_eq(lg_safetensors_write(in.path, &content, &err), LOGIT_E_DATA);
    ck_assert_ptr_nonnull(strstr(err.message, "[LIMIT]"));
    ck_assert_int_eq(model_folder_count(&in), 0);
    free(value);
}
END_TEST

Suite *lg_suite_safetensors(void);
Suite *lg_suite_safetensors(void)
{
    Suite *suite = suite_create("safetensors");
    TCase *tests = tcase_create("files");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, the_good_file_is_good);
    tcase_add_loop_test(tests, malformed_headers_are_refused, 0,
                        (int)(sizeof headers / sizeof *headers));
    tcase_add_test(tests, st1_files_without_a_length);
    tcase_add_test(tests, st2_st3_st4_lengths_of_the_header);
    tcase_add_test(tests, st5_nul_bytes_in_the_header);
    tcase_add_test(tests, st7_deep_nesting);
    tcase_add_loop_test(tests, st17_many_empty_tensors, 0, 3);
    tcase_add_test(tests, faults_name_their_place);
    tcase_add_test(tests, a_missing_file_and_a_folder_are_io);
    tcase_add_test(tests, the_writer_makes_these_bytes);
    tcase_add_test(tests, arrays_begin_at_a_multiple_of_8);
    tcase_add_test(tests, many_arrays_are_written_and_read);
    tcase_add_test(tests, a_header_too_long_to_read_is_not_written);
    suite_add_tcase(suite, tests);
    return suite;
}
