/* class_names.c -- names that may be any bytes, in a format that may not. */
/* SPDX-License-Identifier: MIT */
#include "train/class_names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "train/json_check.h"

/* U+EF80 .. U+EFFF in UTF-8: EE, BE or BF, any. */
static int is_private(const char *s)
{
    const unsigned char *u = (const unsigned char *)s;
    return u[0] == 0xEE && (u[1] == 0xBE || u[1] == 0xBF);
}

/* name as valid UTF-8 in out, which has room for 3 strlen(name) + 1 bytes. */
static void encode(const char *name, char *out)
{
    while (*name) {
        const int length = lg_json_utf8(name);
        if (length > 0 && !is_private(name)) {
            memcpy(out, name, (size_t)length);
            out += length;
            name += length;
            continue;
        }
        const unsigned char byte = (unsigned char)*name++;
        *out++ = (char)0xEE;
        *out++ = (char)(0xBE | (byte >> 6 & 1));
        *out++ = (char)(0x80 | (byte & 0x3F));
    }
    *out = '\0';
}

/* The way back, in place. */
static void decode(char *name)
{
    char *out = name;
    while (*name) {
        if (!is_private(name)) {
            *out++ = *name++;
            continue;
        }
        *out++ = (char)(0x80 | (name[1] & 1) << 6 | (name[2] & 0x3F));
        name += 3;
    }
    *out = '\0';
}

void lg_class_names_add(lg_text *text, char *const *name, int classes)
{
    lg_text_add(text, "[");
    for (int c = 0; c < classes; c++) {
        char *encoded = malloc(3 * strlen(name[c]) + 1);
        if (!encoded) {
            text->failed = 1;
            return;
        }
        encode(name[c], encoded);
        lg_text_add(text, "%s", c > 0 ? "," : "");
        lg_text_add_json(text, encoded);
        free(encoded);
    }
    lg_text_add(text, "]");
}

void lg_class_names_free(char **name, int classes)
{
    if (!name) return;
    for (int c = 0; c < classes; c++) free(name[c]);
    free(name);
}

char **lg_class_names_copy(char *const *name, int classes)
{
    char **copy = calloc((size_t)classes + 1, sizeof *copy);
    if (!copy) return NULL;
    for (int c = 0; c < classes; c++) {
        copy[c] = strdup(name[c]);
        if (copy[c]) continue;
        lg_class_names_free(copy, c);
        return NULL;
    }
    return copy;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* OK, DATA if a name is empty or there twice, or NOMEM. */
static logit_status check_names(char *const *name, int classes, lg_class_names_fault *fault)
{
    char shown[200];
    char **sorted = malloc(((size_t)classes + 1) * sizeof *sorted);
    if (!sorted) return LOGIT_E_NOMEM;
    if (classes > 0) memcpy(sorted, name, (size_t)classes * sizeof *sorted);
    qsort(sorted, (size_t)classes, sizeof *sorted, by_name);

    logit_status status = LOGIT_OK;
    fault->kind = "FORMAT";
    if (classes > 0 && sorted[0][0] == '\0') {
        snprintf(fault->reason, sizeof fault->reason, "a class without a name");
        status = LOGIT_E_DATA;
    }
    for (int c = 1; c < classes && status == LOGIT_OK; c++) {
        if (strcmp(sorted[c - 1], sorted[c]) != 0) continue;
        snprintf(fault->reason, sizeof fault->reason, "class \"%s\" is there twice",
                 lg_text_escape(shown, sizeof shown, sorted[c]));
        status = LOGIT_E_DATA;
    }
    free(sorted);
    return status;
}

/* Copies of the strings of an array; *out is NULL unless OK. */
static logit_status copy_strings(char ***out, int count, const cJSON *array)
{
    int c = 0;
    char **name = calloc((size_t)count, sizeof *name);
    if (!name) return LOGIT_E_NOMEM;
    for (const cJSON *item = array->child; item; item = item->next, c++) {
        name[c] = strdup(item->valuestring);
        if (!name[c]) {
            lg_class_names_free(name, c);
            return LOGIT_E_NOMEM;
        }
        decode(name[c]);
    }
    *out = name;
    return LOGIT_OK;
}

static logit_status read_array(char ***out, int *classes, const cJSON *array,
                               lg_class_names_fault *fault)
{
    int strings = cJSON_IsArray(array);
    for (const cJSON *item = array->child; item && strings; item = item->next)
        strings = cJSON_IsString(item);
    if (!strings) {
        snprintf(fault->reason, sizeof fault->reason, "classes is not an array of names");
        fault->kind = "FORMAT";
        return LOGIT_E_DATA;
    }
    const int count = cJSON_GetArraySize(array);
    if (count == 0) return LOGIT_OK;
    logit_status status = copy_strings(out, count, array);
    if (status == LOGIT_OK) status = check_names(*out, count, fault);
    if (status == LOGIT_OK) {
        *classes = count;
        return LOGIT_OK;
    }
    lg_class_names_free(*out, count);
    *out = NULL;
    return status;
}

logit_status lg_class_names_read(char ***out, int *classes, const char *json,
                                 lg_class_names_fault *fault)
{
    static const lg_json_rules rules = {.depth = 1, .values = INT32_MAX, .integers = 0};
    lg_json_fault syntax;
    cJSON *array;
    *out = NULL;
    *classes = 0;
    logit_status status = lg_json_parse(&array, json, strlen(json), &rules, &syntax);
    if (status == LOGIT_E_DATA) {
        snprintf(fault->reason, sizeof fault->reason, "classes, byte %zu: %s", syntax.at,
                 syntax.reason);
        fault->kind = syntax.kind;
    }
    if (status != LOGIT_OK) return status;
    status = read_array(out, classes, array, fault);
    cJSON_Delete(array);
    return status;
}
