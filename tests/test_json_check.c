/* test_json_check.c -- what is JSON and what is not, and where it stops being so. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <string.h>

#include "train/json_check.h"

static const lg_json_rules loose = {.depth = 8, .values = 100, .integers = 0};

static const char *const good[] = {
    "0",
    "-0",
    "-0.5e-3",
    "1E+2",
    "1e999",
    "true",
    " null ",
    "\"\"",
    "[]",
    "{}",
    "[[],{},[]]",
    "[1,2]",
    "\t[ 1 , 2 ]\r\n",
    "{\"a\":{\"a\":1}}",
    "{\"\":0}",
    "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
    "\"\\ud83d\\ude00\"",
    "\"\xF0\x9F\x98\x80\"",
    "\"\x7F\"",
    "\"\xEF\xBF\xBF\"",
    "[[[[[[[[]]]]]]]]",
    "[false,true,null,\"x\",{\"a\":[]}]",
};

START_TEST(json_is_taken)
{
    lg_json_fault fault = {0};
    cJSON *root;
    const char *text = good[_i];
    ck_assert_msg(lg_json_parse(&root, text, strlen(text), &loose, &fault) == LOGIT_OK,
                  "%s: byte %zu: %s", text, fault.at, fault.reason);
    cJSON_Delete(root);
}
END_TEST

static const struct {
    const char *text;
    size_t at;
    const char *kind;
} bad[] = {
    {"", 0, "FORMAT"},
    {"  ", 2, "FORMAT"},
    {"x", 0, "FORMAT"},
    {"tru", 0, "FORMAT"},
    {"truex", 4, "FORMAT"},
    {"1 2", 2, "FORMAT"},
    {"{", 1, "FORMAT"},
    {"[", 1, "FORMAT"},
    {"]", 0, "FORMAT"},
    {"[1", 2, "FORMAT"},
    {"[1,]", 3, "FORMAT"},
    {"[,1]", 1, "FORMAT"},
    {"[1}", 2, "FORMAT"},
    {"[1 2]", 3, "FORMAT"},
    {"{\"a\"}", 4, "FORMAT"},
    {"{\"a\":}", 5, "FORMAT"},
    {"{\"a\":1,}", 7, "FORMAT"},
    {"{a:1}", 1, "FORMAT"},
    {"{\"a\":1]", 6, "FORMAT"},
    {"{1:1}", 1, "FORMAT"},
    {"{\"a\":1,\"b\":2,\"a\":3}", 13, "FORMAT"},
    {"[{\"a\":1,\"\\u0061\":3}]", 8, "FORMAT"},
    {"{}x", 2, "FORMAT"},
    {"\"", 1, "FORMAT"},
    {"\"\\", 1, "FORMAT"},
    {"\"\\x\"", 1, "FORMAT"},
    {"\"\\u12\"", 1, "FORMAT"},
    {"\"\\u12g4\"", 1, "FORMAT"},
    {"\"\\u0000\"", 1, "FORMAT"},
    {"\"\\ud800\"", 1, "FORMAT"},
    {"\"\\ud800\\n\"", 1, "FORMAT"},
    {"\"\\ud800\\ud800\"", 1, "FORMAT"},
    {"\"\\udfff\"", 1, "FORMAT"},
    {"\"a\nb\"", 2, "FORMAT"},
    {"\"\x80\"", 1, "FORMAT"},
    {"\"\xC3\"", 1, "FORMAT"},
    {"\"\xF4\x90\x80\x80\"", 1, "FORMAT"},
    {"\"\xE0\x80\x80\"", 1, "FORMAT"},
    {"-", 0, "FORMAT"},
    {"+1", 0, "FORMAT"},
    {"01", 0, "FORMAT"},
    {"-01", 0, "FORMAT"},
    {".5", 0, "FORMAT"},
    {"1.", 0, "FORMAT"},
    {"1.e2", 0, "FORMAT"},
    {"1e", 0, "FORMAT"},
    {"1e+", 0, "FORMAT"},
    {"NaN", 0, "FORMAT"},
    {"1//", 1, "FORMAT"},
    {"\xEF\xBB\xBF{}", 0, "FORMAT"},
    {"[[[[[[[[[]]]]]]]]]", 8, "FORMAT"},
    {"1000000000000000000000000000000000000000000000000000000000000", 0, "LIMIT"},
};

START_TEST(what_is_not_json_is_refused)
{
    lg_json_fault fault = {0};
    cJSON *root;
    const char *text = bad[_i].text;
    ck_assert_msg(lg_json_parse(&root, text, strlen(text), &loose, &fault) == LOGIT_E_DATA, "%s",
                  text);
    ck_assert_ptr_null(root);
    ck_assert_ptr_nonnull(fault.reason);
    ck_assert_msg(fault.at == bad[_i].at && strcmp(fault.kind, bad[_i].kind) == 0,
                  "%s: byte %zu [%s]: %s", text, fault.at, fault.kind, fault.reason);
}
END_TEST

START_TEST(limits_are_exact)
{
    static const lg_json_rules ten = {.depth = 2, .values = 10}, whole = {1, 10, 1};
    lg_json_fault fault;
    static const char nine[] = "[1,2,3,4,5,6,7,8,9]", more[] = "[1,2,3,4,5,6,7,8,9,0]";
    ck_assert_int_eq(lg_json_check(nine, strlen(nine), &ten, &fault), LOGIT_OK);
    ck_assert_int_eq(lg_json_check(more, strlen(more), &ten, &fault), LOGIT_E_DATA);
    ck_assert_str_eq(fault.kind, "LIMIT");
    static const struct {
        const char *text, *kind;
    } cases[] = {{"18446744073709551615", NULL},
                 {"18446744073709551616", "RANGE"},
                 {"99999999999999999999", "RANGE"},
                 {"0", NULL},
                 {"-1", "RANGE"},
                 {"1.0", "FORMAT"},
                 {"1e3", "FORMAT"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *text = cases[i].text;
        const logit_status status = lg_json_check(text, strlen(text), &whole, &fault);
        ck_assert_msg(status == (cases[i].kind ? LOGIT_E_DATA : LOGIT_OK), "%s", text);
        if (cases[i].kind) ck_assert_str_eq(fault.kind, cases[i].kind);
    }
}
END_TEST

/* A NUL is no end: the text goes on for as long as it was said to. */
START_TEST(nul_bytes_are_no_white_space)
{
    lg_json_fault fault;
    ck_assert_int_eq(lg_json_check("{}\0", 3, &loose, &fault), LOGIT_E_DATA);
    ck_assert_int_eq(lg_json_check("[\0]", 3, &loose, &fault), LOGIT_E_DATA);
    ck_assert_int_eq(lg_json_check("\"\0\"", 3, &loose, &fault), LOGIT_E_DATA);
}
END_TEST

START_TEST(places_are_those_of_the_keys)
{
    static const char text[] = "{\"a\":[{\"b\":1},2],\"c\":{\"d\":{\"\\u0065\":\"f\"}}}";
    lg_json_fault fault;
    cJSON *root;
    ck_assert_int_eq(lg_json_parse(&root, text, strlen(text), &loose, &fault), LOGIT_OK);
    const cJSON *c = cJSON_GetObjectItem(root, "c"), *d = c->child, *e = d->child;
    const cJSON *a = cJSON_GetObjectItem(root, "a");
    ck_assert_str_eq(e->string, "e");
    ck_assert_uint_eq(lg_json_place(text, strlen(text), root, root), 0);
    ck_assert_uint_eq(lg_json_place(text, strlen(text), root, a), 1);
    ck_assert_uint_eq(lg_json_place(text, strlen(text), root, a->child), 1);
    ck_assert_uint_eq(lg_json_place(text, strlen(text), root, a->child->child), 7);
    ck_assert_uint_eq(lg_json_place(text, strlen(text), root, c), 17);
    ck_assert_uint_eq(lg_json_place(text, strlen(text), root, e), 27);
    cJSON_Delete(root);
}
END_TEST

Suite *lg_suite_json_check(void);
Suite *lg_suite_json_check(void)
{
    Suite *suite = suite_create("json_check");
    TCase *tests = tcase_create("text");
    tcase_add_loop_test(tests, json_is_taken, 0, (int)(sizeof good / sizeof *good));
    tcase_add_loop_test(tests, what_is_not_json_is_refused, 0, (int)(sizeof bad / sizeof *bad));
    tcase_add_test(tests, limits_are_exact);
    tcase_add_test(tests, nul_bytes_are_no_white_space);
    tcase_add_test(tests, places_are_those_of_the_keys);
    suite_add_tcase(suite, tests);
    return suite;
}
