/* report_wrong.c -- the samples worth a look: the most wrong, and likely label errors.
 *
 * eval.json names them; their pictures are read from the data set, where it still lies at the path
 * that the run was given and its samples have the names that they had then. */
/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "data/dataset.h"
#include "report/report_html.h"
#include "report/report_parts.h"
#include "report/report_picture.h"
#include "report/report_table.h"

enum {
    TILES = 24, /* of each kind */
    SIDE = 64   /* the longest a picture has: of noise, 48 of them stay below 1 MB */
};

/* What pictures are made with; set NULL: there are none. */
typedef struct album {
    lg_dataset *data;
    const lg_set *set; /* of data */
    lg_decoder *decoder;
    uint8_t *pixels, *small;
} album;

/* ------------------------------------------------------------------------------ the pictures ---
 */

/* The part that the run's figures are of, as the set has it; validation may be split off train.  Of
 * a set that was given for it alone: the part of that name, else the last there is. */
static const lg_set *find_part(const lg_dataset *data, const char *name, int other)
{
    const lg_set *val = data->part[LG_PART_VAL], *last = NULL;
    for (int p = 0; p < LG_PART_COUNT; p++) {
        if (name && strcmp(name, lg_part_names[p]) == 0 && data->part[p]) return data->part[p];
        if (data->part[p]) last = data->part[p];
    }
    if (other) return last;
    return name && strcmp(name, "val") == 0 && !val ? data->part[LG_PART_TRAIN] : NULL;
}

/* The set that the figures are of: the run's, or the one that --test or --val named. */
static logit_status open_set(album *a, const lg_report *report, int *other)
{
    const logit_model_info *info = &report->info;
    const lg_element element = LG_ELEMENT_U8;
    const char *part = lg_run_text(report->run->eval, "part");
    const cJSON *start = report->run->start;
    const char *own = part ? lg_run_text(start, part) : NULL;
    const char *path = own ? own : lg_run_text(start, "data");
    const lg_decoding decoding = lg_decoding_find(info->decoder ? info->decoder : "stb");
    const lg_dataset_options options = {
        .classes = own ? NULL : lg_run_text(start, "only"),
        .known_class = own ? (char *const *)(uintptr_t)info->class_name : NULL,
        .known_classes = own ? info->classes : 0,
        .shape = {.height = info->height, .width = info->width, .channels = info->channels},
        .element = &element,
        .decoding = decoding == LG_DECODING_COUNT ? LG_DECODING_STB : decoding};
    *other = own != NULL;
    if (!path) return LOGIT_E_IO;
    LG_TRY(lg_dataset_open(&a->data, path, &options, NULL));
    LG_TRY(lg_decoder_create(&a->decoder, NULL));
    lg_decoder_use(a->decoder, options.decoding);
    return LOGIT_OK;
}

/* Whatever stands in the way leaves the album without a set: data may be gone. */
static void open_album(album *a, const lg_report *report)
{
    const logit_model_info *info = &report->info;
    int other = 0;
    *a = (album){0};
    if (!report->model || info->floats || open_set(a, report, &other) != LOGIT_OK) return;
    a->pixels = malloc((size_t)info->inputs);
    a->small = malloc((size_t)SIDE * SIDE * 3);
    const lg_set *set = find_part(a->data, lg_run_text(report->run->eval, "part"), other);
    if (a->pixels && a->small && set && set->element == LG_ELEMENT_U8 &&
        (int64_t)set->shape.height * set->shape.width * set->shape.channels == info->inputs)
        a->set = set;
}

static void close_album(album *a)
{
    lg_decoder_destroy(a->decoder);
    lg_dataset_close(a->data);
    free(a->pixels);
    free(a->small);
}

/* The pixels, shrunk by a whole factor until no side is longer than SIDE. */
static lg_pixels shrink(album *a)
{
    const lg_image_target s = a->set->shape;
    const int longest = s.height > s.width ? s.height : s.width, f = (longest + SIDE - 1) / SIDE;
    const int h = (s.height + f - 1) / f, w = (s.width + f - 1) / f;
    for (int i = 0; i < h * w * s.channels; i++) {
        const int c = i % s.channels, col = i / s.channels % w, row = i / s.channels / w;
        int sum = 0, count = 0;
        for (int y = row * f; y < (row + 1) * f && y < s.height; y++)
            for (int x = col * f; x < (col + 1) * f && x < s.width; x++, count++)
                sum += a->pixels[((int64_t)y * s.width + x) * s.channels + c];
        a->small[i] = (uint8_t)((sum + count / 2) / count);
    }
    return (lg_pixels){a->small, w, h, s.channels};
}

/* Reads the sample into a->pixels.  0 if it is not there, or another by its name. */
static int read_sample(album *a, const cJSON *sample)
{
    char name[4400];
    const double index = lg_run_number(sample, "index");
    const char *known = lg_run_text(sample, "name");
    if (!a->set || !known || !(index >= 0 && index < (double)a->set->count)) return 0;
    const int64_t i = (int64_t)index;
    if (strcmp(a->set->ops->name(a->set, i, name, sizeof name), known) != 0) return 0;
    return a->set->ops->read(a->set, i, a->decoder, a->pixels, NULL) == LOGIT_OK;
}

/* --------------------------------------------------------------------------------- the lists ---
 */

static void add_text(lg_text *page, const cJSON *sample, const char *key)
{
    const char *text = lg_run_text(sample, key);
    lg_html_add(page, text ? text : "");
}

/* Three digits, so that they fit below a small picture. */
static void add_probability(lg_text *page, double p)
{
    char digits[40];
    snprintf(digits, sizeof digits, "%.1e", p);
    if (!isfinite(p))
        lg_html_figure(page, p);
    else if (p >= 0.001 || p == 0.0)
        lg_text_add(page, "%.3f", p);
    else
        lg_text_add(page, "%.3se%d", digits, atoi(digits + 4)); /* 3.1e-7 */
}

/* Below the names a bar: how sure it is. */
static void add_caption(lg_text *page, const cJSON *sample)
{
    const double said = lg_run_number(sample, "p_said");
    lg_text_add(page, "<figcaption title=\"");
    add_text(page, sample, "name");
    lg_text_add(page, "\"><b>");
    add_text(page, sample, "truth");
    lg_text_add(page, "</b> taken for <b>");
    add_text(page, sample, "said");
    lg_text_add(page, "</b><span class=\"sure\" style=\"--share:%.1f%%\"></span>",
                isfinite(said) ? 100.0 * said : 0.0);
    lg_text_add(page, "<span class=\"whole\">");
    add_probability(page, said);
    lg_text_add(page, "</span> vs <span class=\"whole\">");
    add_probability(page, lg_run_number(sample, "p_truth"));
    lg_text_add(page, "</span></figcaption></figure>\n");
}

/* Tiles, for those whose pictures are there.  How many. */
static logit_status add_tiles(lg_text *page, const cJSON *list, album *a, int *shown,
                              logit_error *err)
{
    const int most = cJSON_GetArraySize(list) < TILES ? cJSON_GetArraySize(list) : TILES;
    *shown = 0;
    for (int i = 0; i < most; i++) {
        const cJSON *sample = cJSON_GetArrayItem(list, i);
        if (!read_sample(a, sample)) continue;
        lg_text_add(page, "%s<figure>", (*shown)++ ? "" : "<div class=\"tiles\">\n");
        const lg_pixels pixels = shrink(a);
        LG_TRY(lg_picture_add(page, &pixels, lg_run_text(sample, "name"), err));
        add_caption(page, sample);
    }
    if (*shown) lg_text_add(page, "</div>\n");
    return LOGIT_OK;
}

static void add_table(lg_text *page, const cJSON *list, const char *title)
{
    static const lg_column columns[] = {
        {"sample", LG_COLUMN_TEXT},    {"truth", LG_COLUMN_TEXT},
        {"taken for", LG_COLUMN_TEXT}, {"probability", LG_COLUMN_SHARE},
        {"its own", LG_COLUMN_FIGURE}, {"loss", LG_COLUMN_FIGURE}};
    lg_table table = {.name = title, .column = columns, .columns = 6};
    const cJSON *sample;
    cJSON_ArrayForEach(sample, list)
    {
        lg_table_row(&table, NULL, NULL);
        lg_table_text(&table, lg_run_text(sample, "name"));
        lg_table_text(&table, lg_run_text(sample, "truth"));
        lg_table_text(&table, lg_run_text(sample, "said"));
        lg_table_number(&table, lg_run_number(sample, "p_said"));
        lg_table_number(&table, lg_run_number(sample, "p_truth"));
        lg_table_number(&table, lg_run_number(sample, "loss"));
    }
    lg_table_draw(page, &table);
}

static logit_status add_list(lg_text *page, const lg_report *report, const char *key,
                             const char *title, const char *about, album *a, logit_error *err)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(report->run->eval, key);
    const int count = cJSON_GetArraySize(list);
    int shown;
    if (count == 0) return LOGIT_OK;
    lg_html_section(page, key, title, about);
    LG_TRY(add_tiles(page, list, a, &shown, err));
    if (shown == 0 && report->model && !report->info.floats)
        lg_text_add(page, "<p class=\"note\">Without pictures: the samples are no longer where the "
                          "run found them.</p>\n");
    lg_text_add(page, "<details%s><summary>The list, with names</summary>\n", shown ? "" : " open");
    add_table(page, list, title);
    lg_text_add(page, "</details>\n");
    lg_html_section_end(page);
    return LOGIT_OK;
}

logit_status lg_report_wrong(lg_text *page, const lg_report *report, logit_error *err)
{
    album a;
    if (!report->run->eval) return LOGIT_OK;
    open_album(&a, report);
    logit_status status =
        add_list(page, report, "wrong", "Most wrong",
                 "The samples with the largest loss, as the model sees them: what it takes them "
                 "for, and the probability that it gives to that and to the truth.",
                 &a, err);
    if (status == LOGIT_OK)
        status = add_list(page, report, "suspect", "Likely label errors",
                          "The model says another class, and is as sure of it as it is of that "
                          "class's own samples in the mean (confident learning).",
                          &a, err);
    close_album(&a);
    return status;
}
