/* placement.c -- what is free, less what is needed, against what the set takes. */
/* SPDX-License-Identifier: MIT */
#include "train/placement.h"

#include <stdio.h>

#include "base/size.h"
#include "base/text.h"

enum { MARGIN = 64 /* of the device, the share that is left alone */ };

/* Sums and products that stay at the top where they do not fit: too much is too much. */
static size_t times(size_t a, size_t b)
{
    size_t product;
    return lg_size_mul(a, b, &product) ? product : SIZE_MAX;
}

static size_t plus(size_t a, size_t b)
{
    size_t sum;
    return lg_size_add(a, b, &sum) ? sum : SIZE_MAX;
}

static size_t less(size_t a, size_t b)
{
    return a > b ? a - b : 0;
}

static size_t sample_bytes(const lg_placement_need *need)
{
    return plus(need->pixel_bytes, need->answer_bytes);
}

size_t lg_placement_slot_bytes(const lg_placement_need *need)
{
    return plus(times((size_t)need->batch, sample_bytes(need)), need->note_bytes);
}

/* Bytes of `rows` samples that stay: pixels, and with all of them what belongs to them. */
static size_t kept_bytes(const lg_placement_need *need, int64_t rows)
{
    return times((size_t)rows, rows == need->samples ? sample_bytes(need) : need->pixel_bytes);
}

/* Slots of a set that lies there from the beginning have no pixels. */
static size_t slots_bytes(const lg_placement_need *need, lg_place place, int slots)
{
    const int is_bare = place == LG_PLACE_RESIDENT && need->in_memory;
    return times((size_t)slots, is_bare ? need->note_bytes : lg_placement_slot_bytes(need));
}

size_t lg_placement_bytes(const lg_placement *placement, const lg_placement_need *need)
{
    return plus(kept_bytes(need, placement->rows),
                slots_bytes(need, placement->place, placement->slots));
}

/* What set and slots may have together. */
static size_t room_for(const lg_placement_need *need)
{
    const size_t room = less(less(need->free_bytes, need->total_bytes / MARGIN), need->others);
    return need->limit > 0 && need->limit < room ? need->limit : room;
}

static lg_placement stream(const lg_placement_need *need, size_t room)
{
    lg_placement to = {LG_PLACE_STREAMED, 0, LG_PLACEMENT_SLOTS};
    while (to.slots > 1 && lg_placement_bytes(&to, need) > room) to.slots--;
    return to;
}

lg_placement lg_placement_choose(const lg_placement_need *need)
{
    const size_t room = room_for(need);
    const lg_placement all = {LG_PLACE_RESIDENT, need->samples, LG_PLACEMENT_SLOTS};
    const size_t slots = slots_bytes(need, LG_PLACE_PARTIAL, LG_PLACEMENT_SLOTS);
    const int is_worth = need->keeps && need->passes > 1;
    if ((need->in_memory || is_worth) && lg_placement_bytes(&all, need) <= room) return all;
    const size_t fit = need->pixel_bytes > 0 ? less(room, slots) / need->pixel_bytes : 0;
    if (!is_worth || fit == 0) return stream(need, room);
    /* pixels of all may fit where what belongs to them does not */
    const int64_t most = need->samples - 1;
    const int64_t rows = fit < (size_t)most ? (int64_t)fit : most;
    return (lg_placement){rows > 0 ? LG_PLACE_PARTIAL : LG_PLACE_STREAMED, rows,
                          LG_PLACEMENT_SLOTS};
}

int lg_placement_shrink(lg_placement *placement, const lg_placement_need *need)
{
    if (placement->rows > 0) {
        const int64_t half = placement->rows / 2;
        placement->rows = half < need->batch || !need->keeps || need->passes == 1 ? 0 : half;
        placement->place = placement->rows > 0 ? LG_PLACE_PARTIAL : LG_PLACE_STREAMED;
        return 1;
    }
    if (placement->slots == 1) return 0;
    placement->slots--;
    return 1;
}

void lg_placement_describe(const lg_placement *placement, const lg_placement_need *need, char *text,
                           size_t size)
{
    char kept[LG_TEXT_BYTES], set[LG_TEXT_BYTES], room[LG_TEXT_BYTES], slots[LG_TEXT_BYTES];
    char limit[64] = "";
    lg_text_bytes(kept, (double)kept_bytes(need, placement->rows));
    lg_text_bytes(set, (double)times((size_t)need->samples, need->pixel_bytes));
    lg_text_bytes(room, (double)need->free_bytes);
    lg_text_bytes(slots, (double)slots_bytes(need, placement->place, placement->slots));
    if (need->limit > 0 && need->limit < need->free_bytes)
        snprintf(limit, sizeof limit, ", --device-memory %s",
                 lg_text_bytes((char[LG_TEXT_BYTES]){0}, (double)need->limit));
    if (placement->place == LG_PLACE_RESIDENT)
        snprintf(
            text, size, "%lld images on the device%s, %s of %s free%s", (long long)need->samples,
            need->in_memory ? "" : ", kept there as u8 after the first pass", kept, room, limit);
    else if (placement->place == LG_PLACE_PARTIAL)
        snprintf(text, size, "%s of %s on the device, the rest streamed: %s are free%s", kept, set,
                 room, limit);
    else
        snprintf(text, size, "streamed to the device, %d slots of %lld images, %s: %s are free%s",
                 placement->slots, (long long)need->batch, slots, room, limit);
}
