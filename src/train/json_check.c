/* json_check.c -- a scan over JSON text: a stack of bits, one byte after the other, no memory.
 *
 * Source of the grammar: RFC 8259; of UTF-8: RFC 3629. */
/* SPDX-License-Identifier: MIT */
#include "train/json_check.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"

enum {
    DEEPEST = 63,       /* levels that fit in the bits of scan.objects */
    LONGEST_NUMBER = 60 /* cJSON copies a number into 64 bytes */
};

/* What may come next. */
typedef enum expect { VALUE, VALUE_OR_END, KEY, KEY_OR_END, COMMA_OR_END } expect;

typedef struct scan {
    const char *text;
    size_t size, at;
    lg_json_rules rules;
    expect next;
    int depth;
    uint64_t objects; /* bit d: level d is an object, else an array */
    int64_t values;
    size_t keys, key_wanted, key_at; /* keys met; where number key_wanted (from 1) lay */
    lg_json_fault fault;
} scan;

/* All scanning functions return 1, or 0 with the fault filled. */
static int refuse(scan *s, const char *kind, const char *reason)
{
    s->fault = (lg_json_fault){s->at, reason, kind};
    return 0;
}

int lg_json_utf8(const char *s)
{
    const unsigned char *u = (const unsigned char *)s;
    if (u[0] < 0x80) return u[0] != 0;
    const int length = u[0] >= 0xC2 && u[0] <= 0xDF   ? 2
                       : u[0] >= 0xE0 && u[0] <= 0xEF ? 3
                       : u[0] >= 0xF0 && u[0] <= 0xF4 ? 4
                                                      : 0;
    for (int i = 1; i < length; i++)
        if ((u[i] & 0xC0) != 0x80) return 0;
    const int overlong = (u[0] == 0xE0 && u[1] < 0xA0) || (u[0] == 0xF0 && u[1] < 0x90);
    const int surrogate = u[0] == 0xED && u[1] > 0x9F;
    const int beyond = u[0] == 0xF4 && u[1] > 0x8F; /* U+10FFFF */
    return overlong || surrogate || beyond ? 0 : length;
}

/* Four hexadecimal digits at s as a number, or -1. */
static int hex4(const char *s)
{
    int value = 0;
    for (int i = 0; i < 4; i++) {
        const char c = s[i];
        const int digit = c >= '0' && c <= '9'   ? c - '0'
                          : c >= 'a' && c <= 'f' ? c - 'a' + 10
                          : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                                 : -1;
        if (digit < 0) return -1; /* also at the closing NUL */
        value = value * 16 + digit;
    }
    return value;
}

/* A backslash and what belongs to it. */
static int scan_escape(scan *s)
{
    const char *c = s->text + s->at;
    if (c[1] != 'u') {
        if (c[1] == '\0' || !strchr("\"\\/bfnrt", c[1]))
            return refuse(s, "FORMAT", "an escape that JSON does not have");
        s->at += 2;
        return 1;
    }
    const int code = hex4(c + 2);
    if (code < 0) return refuse(s, "FORMAT", "\\u without four hexadecimal digits");
    if (code == 0) return refuse(s, "FORMAT", "a NUL inside a string");
    const int high = code >= 0xD800 && code <= 0xDBFF;
    const int low = high && c[6] == '\\' && c[7] == 'u' ? hex4(c + 8) : -1;
    if ((high && (low < 0xDC00 || low > 0xDFFF)) || (code >= 0xDC00 && code <= 0xDFFF))
        return refuse(s, "FORMAT", "half of a surrogate pair");
    s->at += high ? 12 : 6;
    return 1;
}

static int scan_string(scan *s)
{
    s->at++;
    while (s->text[s->at] != '"') {
        const char c = s->text[s->at];
        if (s->at >= s->size) return refuse(s, "FORMAT", "a string that does not end");
        if (c == '\0') return refuse(s, "FORMAT", "a NUL inside a string");
        if (c > 0 && c < 0x20) return refuse(s, "FORMAT", "a control byte inside a string");
        if (c == '\\') {
            if (!scan_escape(s)) return 0;
            continue;
        }
        const int length = lg_json_utf8(s->text + s->at);
        if (length == 0) return refuse(s, "FORMAT", "a byte that is not UTF-8");
        s->at += (size_t)length;
    }
    s->at++;
    return 1;
}

static size_t digits(const char *s)
{
    return strspn(s, "0123456789");
}

/* A plain integer that is known to be one or more digits. */
static int check_integer(scan *s, size_t length)
{
    uint64_t value = 0;
    for (size_t i = 0; i < length; i++) {
        const uint64_t digit = (uint64_t)(s->text[s->at + i] - '0');
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, digit, &value))
            return refuse(s, "RANGE", "a number of 2^64 or more");
    }
    return 1;
}

static int scan_number(scan *s)
{
    const char *start = s->text + s->at, *c = start;
    if (*c == '-') c++;
    const size_t whole = digits(c);
    if (whole == 0) return refuse(s, "FORMAT", "a number without digits");
    if (whole > 1 && *c == '0') return refuse(s, "FORMAT", "a number with a leading zero");
    c += whole;
    if (*c == '.') {
        const size_t fraction = digits(c + 1);
        if (fraction == 0) return refuse(s, "FORMAT", "a number that ends in a point");
        c += 1 + fraction;
    }
    if (*c == 'e' || *c == 'E') {
        c += c[1] == '+' || c[1] == '-' ? 2 : 1;
        const size_t exponent = digits(c);
        if (exponent == 0) return refuse(s, "FORMAT", "an exponent without digits");
        c += exponent;
    }
    const size_t length = (size_t)(c - start);
    if (s->rules.integers && *start == '-') return refuse(s, "RANGE", "a negative number");
    if (s->rules.integers && length != whole)
        return refuse(s, "FORMAT", "a number that is not a plain integer");
    if (s->rules.integers && !check_integer(s, length)) return 0;
    if (length > LONGEST_NUMBER) return refuse(s, "LIMIT", "a number of more than 60 characters");
    s->at += length;
    return 1;
}

static int scan_word(scan *s)
{
    static const char *const words[] = {"true", "false", "null"};
    for (int i = 0; i < 3; i++) {
        const size_t length = strlen(words[i]);
        if (strncmp(s->text + s->at, words[i], length) != 0) continue;
        s->at += length;
        return 1;
    }
    return refuse(s, "FORMAT",
                  s->at < s->size ? "something that is no JSON value" : "the text ends too early");
}

static int open_level(scan *s, int object)
{
    if (s->depth >= s->rules.depth || s->depth >= DEEPEST)
        return refuse(s, "FORMAT", "objects and arrays nested too deeply");
    s->depth++;
    s->objects = (s->objects & ~(UINT64_C(1) << s->depth)) | (uint64_t)object << s->depth;
    s->next = object ? KEY_OR_END : VALUE_OR_END;
    s->at++;
    return 1;
}

static int scan_value(scan *s)
{
    const char c = s->text[s->at];
    if (++s->values > s->rules.values) return refuse(s, "LIMIT", "too many values");
    if (c == '{' || c == '[') return open_level(s, c == '{');
    s->next = COMMA_OR_END;
    if (c == '"') return scan_string(s);
    if (c == '-' || (c >= '0' && c <= '9')) return scan_number(s);
    return scan_word(s);
}

static void skip_space(scan *s)
{
    s->at += strspn(s->text + s->at, " \t\n\r");
}

static int scan_key(scan *s)
{
    if (s->text[s->at] != '"') return refuse(s, "FORMAT", "a key was expected here");
    if (++s->keys == s->key_wanted) s->key_at = s->at;
    if (!scan_string(s)) return 0;
    skip_space(s);
    if (s->text[s->at] != ':') return refuse(s, "FORMAT", "a key without a colon");
    s->at++;
    s->next = VALUE;
    return 1;
}

/* A comma, or the bracket that closes the level. */
static int scan_after_value(scan *s, int object)
{
    const char c = s->text[s->at];
    if (c == ',' && s->next == COMMA_OR_END) {
        s->next = object ? KEY : VALUE;
    } else if (c == (object ? '}' : ']')) {
        s->next = COMMA_OR_END;
        s->depth--;
    } else {
        return refuse(s, "FORMAT",
                      s->at < s->size ? "a comma or a closing bracket was expected here"
                                      : "the text ends too early");
    }
    s->at++;
    return 1;
}

static int scan_text(scan *s)
{
    s->next = VALUE;
    do {
        skip_space(s);
        const int object = (int)(s->objects >> s->depth & 1);
        const int empty = (s->next == KEY_OR_END && s->text[s->at] == '}') ||
                          (s->next == VALUE_OR_END && s->text[s->at] == ']');
        const int good = s->next == COMMA_OR_END || empty          ? scan_after_value(s, object)
                         : s->next == KEY || s->next == KEY_OR_END ? scan_key(s)
                                                                   : scan_value(s);
        if (!good) return 0;
    } while (s->depth > 0 || s->next != COMMA_OR_END);
    skip_space(s);
    return s->at == s->size ? 1 : refuse(s, "FORMAT", "something behind the end of the JSON text");
}

logit_status lg_json_check(const char *text, size_t size, const lg_json_rules *rules,
                           lg_json_fault *fault)
{
    scan s = {.text = text, .size = size, .rules = *rules};
    if (scan_text(&s)) return LOGIT_OK;
    *fault = s.fault;
    return LOGIT_E_DATA;
}

/* -------------------------------------------------------------------------------- the tree --- */

typedef struct member {
    const cJSON *node;
    size_t place; /* among its siblings */
} member;

static int compare_members(const void *a, const void *b)
{
    const member *x = a, *y = b;
    const int order = strcmp(x->node->string, y->node->string);
    return order != 0 ? order : (x->place > y->place) - (x->place < y->place);
}

/* The first node among the children of object whose key was there before, or NULL.  0: memory. */
static int find_twin(const cJSON *object, const cJSON **twin)
{
    const size_t count = (size_t)cJSON_GetArraySize(object);
    *twin = NULL;
    if (count < 2) return 1;
    member *members = malloc(count * sizeof *members);
    if (!members) return 0;
    size_t used = 0;
    for (const cJSON *node = object->child; node; node = node->next, used++)
        members[used] = (member){node, used};
    qsort(members, used, sizeof *members, compare_members);
    for (size_t i = 1; i < used && !*twin; i++)
        if (strcmp(members[i - 1].node->string, members[i].node->string) == 0)
            *twin = members[i].node;
    free(members);
    return 1;
}

/* The same in every object of the tree.  Recursion is bounded by rules.depth. */
static int find_any_twin(const cJSON *node, const cJSON **twin)
{
    *twin = NULL;
    if (cJSON_IsObject(node) && !find_twin(node, twin)) return 0;
    for (const cJSON *child = node->child; child && !*twin; child = child->next)
        if (child->child && !find_any_twin(child, twin)) return 0;
    return 1;
}

logit_status lg_json_parse(cJSON **out, const char *text, size_t size, const lg_json_rules *rules,
                           lg_json_fault *fault)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    *out = NULL;
    LG_TRY(lg_json_check(text, size, rules, fault));
    pthread_mutex_lock(&lock);
    cJSON *root = cJSON_ParseWithLengthOpts(text, size + 1, NULL, 1);
    pthread_mutex_unlock(&lock);

    const cJSON *twin = NULL;
    if (!root || !find_any_twin(root, &twin)) {
        cJSON_Delete(root);
        return LOGIT_E_NOMEM;
    }
    if (twin) {
        *fault = (lg_json_fault){lg_json_place(text, size, root, twin), "a key that is there twice",
                                 "FORMAT"};
        cJSON_Delete(root);
        return LOGIT_E_DATA;
    }
    *out = root;
    return LOGIT_OK;
}

/* Counts the keys of the tree in the order of the text, up to that of wanted; 1 if it was met. */
static int count_keys(const cJSON *node, const cJSON *wanted, size_t *keys)
{
    if (node->string) ++*keys;
    if (node == wanted) return 1;
    for (const cJSON *child = node->child; child; child = child->next)
        if (count_keys(child, wanted, keys)) return 1;
    return 0;
}

size_t lg_json_place(const char *text, size_t size, const cJSON *root, const cJSON *node)
{
    scan s = {.text = text, .size = size, .rules = {DEEPEST, INT64_MAX, 0}};
    size_t keys = 0;
    if (!count_keys(root, node, &keys)) return 0;
    s.key_wanted = keys;
    scan_text(&s);
    return s.key_at;
}
