/* cli_data_json.c -- what is in a set, for programs.
 *
 * The command.  Lists hold what the report holds (LOGIT_DATA_LISTED at most); the counts beside
 * them are of all there is. */
/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/text.h"
#include "cli_data.h"

static void add_part(lg_text *out, const logit_data_report *report, int p)
{
    const logit_part_report *part = &report->part[p];
    lg_text_add(out, "%s{\"part\": ", p ? ", " : "");
    lg_text_add_json(out, part->part);
    lg_text_add(out, ", \"count\": %lld, \"bad\": %lld, \"bytes\": %lld", (long long)part->count,
                (long long)part->bad, (long long)part->bytes);
    if (strcmp(part->element, "uint8") != 0)
        lg_text_add(out, ", \"element\": \"%s\"", part->element);
    lg_text_add(out, ", \"targets\": \"%s\"", part->targets);
    lg_text_add(out, ", \"smallest\": [%lld, %lld], \"largest\": [%lld, %lld]",
                (long long)part->smallest_height, (long long)part->smallest_width,
                (long long)part->largest_height, (long long)part->largest_width);
    lg_text_add(out, ", \"grey\": %lld, \"colour\": %lld, \"class_count\": [",
                (long long)part->grey, (long long)part->colour);
    for (int c = 0; part->class_count && c < report->classes; c++)
        lg_text_add(out, "%s%lld", c ? ", " : "", (long long)part->class_count[c]);
    lg_text_add(out, "]}");
}

static void add_bad(lg_text *out, const logit_data_report *report)
{
    lg_text_add(out, ", \"bad\": %lld, \"bad_samples\": [", (long long)report->bad);
    for (int i = 0; i < report->listed; i++) {
        const logit_bad_sample *bad = &report->bad_sample[i];
        lg_text_add(out, "%s{\"name\": ", i ? ", " : "");
        lg_text_add_json(out, bad->name);
        lg_text_add(out, ", \"byte\": ");
        if (bad->byte >= 0)
            lg_text_add(out, "%lld", (long long)bad->byte);
        else
            lg_text_add(out, "null");
        lg_text_add(out, ", \"reason\": ");
        lg_text_add_json(out, bad->reason);
        lg_text_add(out, "}");
    }
    lg_text_add(out, "]");
}

/* How many samples of a part are in another, or in itself, once more. */
static void add_repeats(lg_text *out, const logit_data_report *report)
{
    const char *between = "";
    lg_text_add(out, "\"repeats\": [");
    for (int p = 0; p < report->parts; p++)
        for (int q = 0; q <= p; q++) {
            if (report->repeats[p][q] == 0) continue;
            lg_text_add(out, "%s{\"part\": \"%s\", \"in\": \"%s\", \"count\": %lld}", between,
                        report->part[p].part, report->part[q].part,
                        (long long)report->repeats[p][q]);
            between = ", ";
        }
    lg_text_add(out, "]");
}

static void add_duplicates(lg_text *out, const logit_data_report *report)
{
    lg_text_add(out, ", \"duplicates\": {\"count\": %lld, \"other_class\": %lld, ",
                (long long)report->duplicates, (long long)report->other_class);
    add_repeats(out, report);
    lg_text_add(out, ", \"samples\": [");
    for (int i = 0; i < report->duplicates_listed; i++) {
        const logit_duplicate_sample *twin = &report->duplicate_sample[i];
        lg_text_add(out, "%s{\"name\": ", i ? ", " : "");
        lg_text_add_json(out, twin->name);
        lg_text_add(out, ", \"first\": ");
        lg_text_add_json(out, twin->first);
        lg_text_add(out, ", \"part\": \"%s\", \"in\": \"%s\", \"other_class\": %s}",
                    report->part[twin->part].part, report->part[twin->first_part].part,
                    twin->other_class ? "true" : "false");
    }
    lg_text_add(out, "]}");
}

static void add_imbalance(lg_text *out, const logit_data_report *report)
{
    lg_text_add(out, ", \"imbalance\": ");
    if (report->largest_class < 0) {
        lg_text_add(out, "null");
        return;
    }
    lg_text_add(out, "{\"ratio\": ");
    lg_text_add_number(out, report->imbalance);
    lg_text_add(out, ", \"largest\": ");
    lg_text_add_json(out, report->class_name[report->largest_class]);
    lg_text_add(out, ", \"smallest\": ");
    lg_text_add_json(out, report->class_name[report->smallest_class]);
    lg_text_add(out, "}");
}

void lg_cli_data_json(const logit_data_report *report, lg_text *out)
{
    lg_text_add(out, "{\"format\": ");
    lg_text_add_json(out, report->format);
    lg_text_add(out, ", \"n\": %lld, \"classes\": [", (long long)lg_cli_data_count(report));
    for (int c = 0; c < report->classes; c++) {
        lg_text_add(out, "%s", c ? ", " : "");
        lg_text_add_json(out, report->class_name[c]);
    }
    lg_text_add(out, "], \"parts\": [");
    for (int p = 0; p < report->parts; p++) add_part(out, report, p);
    lg_text_add(out, "], \"stray\": %lld, \"hidden\": %lld, \"empty_classes\": %d",
                (long long)report->stray, (long long)report->hidden, report->empty_classes);
    add_imbalance(out, report);
    add_duplicates(out, report);
    add_bad(out, report);
    lg_text_add(out, "}\n");
}
