// Fingerprints while walking, comparing them at the end (texts.h).
#include "inspector/model/texts.h"

#include "inspector/base/vec.h"
#include "inspector/model/hash.h"

#include <stdlib.h>
#include <string.h>

enum {
    FIRST_SLOTS = 1024,
    NAMES_MOST = 1 << 16, // whose fingerprints are held; 2 MiB
    WAYS = 4,             // fingerprints of labels in one cache line
    SETS = 1 << 12,       // 256 KiB
    PART_BITS = 5,
    PARTS = 1 << PART_BITS,
    PART_BUFFER_BYTES = 8 * 1024,
    DROP_STEP = 1 << 16, // texts after which pages that have been read are given back
};

struct print {
    uint64_t hash;
    uint32_t check;
    uint32_t id; // 0: none, for the empty text has no print
};

struct texts {
    struct spool_place *place;
    uint32_t count;
    struct spool blob;         // each with a NUL behind it
    struct spool lengths;      // 16 bits each
    struct spool parts[PARTS]; // prints by the first bits of their hash, by rising id
    struct print *names;       // open addressing
    uint32_t name_count, name_slots;
    struct print *labels; // SETS * WAYS
    uint16_t *label_tags; // some bits of the hash of each
    unsigned turn;        // the way that is replaced next
};

_Static_assert(STRTAB_TEXT_MAX <= UINT16_MAX, "lengths are 16 bits");

struct error *texts_create(struct spool_place *place, struct texts **ret)
{
    _cleanup_(texts_destroy_at) struct texts *t = calloc(1, sizeof *t);
    if (!t)
        return &error_no_memory;
    t->place = place;
    spool_init(&t->blob, place);
    spool_init(&t->lengths, place);
    for (unsigned i = 0; i < PARTS; i++) {
        spool_init(&t->parts[i], place);
        t->parts[i].buffer_bytes = PART_BUFFER_BYTES;
    }
    t->names = calloc(FIRST_SLOTS, sizeof *t->names);
    t->name_slots = FIRST_SLOTS;
    t->labels = calloc((size_t)SETS * WAYS, sizeof *t->labels);
    t->label_tags = calloc((size_t)SETS * WAYS, sizeof *t->label_tags);
    if (!t->names || !t->labels || !t->label_tags)
        return &error_no_memory;
    TRY(spool_u8(&t->blob, 0));
    TRY(spool_u16(&t->lengths, 0));
    t->count = 1;
    *ret = take_ptr(t);
    return NULL;
}

static void forget_prints(struct texts *t)
{
    free(take_ptr(t->names));
    free(take_ptr(t->labels));
    free(take_ptr(t->label_tags));
}

void texts_destroy(struct texts *t)
{
    if (!t)
        return;
    spool_deinit(&t->blob);
    spool_deinit(&t->lengths);
    for (unsigned i = 0; i < PARTS; i++)
        spool_deinit(&t->parts[i]);
    forget_prints(t);
    free(t);
}

uint32_t texts_count(const struct texts *t)
{
    return t->count;
}

// ---- while walking ----

static struct print print_of(const char *bytes, size_t length)
{
    uint64_t a = hash_seed() ^ length, b = hash_mix(a);
    uint64_t word;
    for (; length >= 8; length -= 8, bytes += 8) {
        memcpy(&word, bytes, 8);
        a = hash_mix(a ^ word);
        b = hash_mix(b + word);
    }
    word = 0;
    if (length)
        memcpy(&word, bytes, length);
    return (struct print){.hash = hash_mix(a ^ word),
                          .check = (uint32_t)(hash_mix(b + word) >> 32)};
}

static bool same(const struct print *a, const struct print *b)
{
    return a->hash == b->hash && a->check == b->check;
}

// The print's place among `slots`, or the empty one where it belongs.
static struct print *find(struct print *slots, uint32_t slot_count, const struct print *print)
{
    uint64_t at = print->hash;
    while (slots[at & (slot_count - 1)].id && !same(&slots[at & (slot_count - 1)], print))
        at++;
    return &slots[at & (slot_count - 1)];
}

static struct error *append(struct texts *t, const char *bytes, size_t length, struct print *print)
{
    if (t->count >= STRTAB_COUNT_MAX)
        return error_create(ERROR_LIMIT, "more than %u different texts in one heap",
                            STRTAB_COUNT_MAX);
    print->id = t->count;
    TRY(spool_add(&t->blob, bytes, length));
    TRY(spool_u8(&t->blob, 0));
    TRY(spool_u16(&t->lengths, (uint16_t)length));
    TRY(spool_add(&t->parts[print->hash >> (64 - PART_BITS)], print, sizeof *print));
    t->count++;
    return NULL;
}

static struct error *grow_names(struct texts *t)
{
    const uint32_t slot_count = t->name_slots * 2;
    struct print *slots = calloc(slot_count, sizeof *slots);
    if (!slots)
        return &error_no_memory;
    for (uint32_t i = 0; i < t->name_slots; i++)
        if (t->names[i].id)
            *find(slots, slot_count, &t->names[i]) = t->names[i];
    free(t->names);
    t->names = slots;
    t->name_slots = slot_count;
    return NULL;
}

// Most labels are met once: then the tags say that it is new, and they stay in the cache.
static struct error *among_labels(struct texts *t, const char *bytes, size_t length,
                                  struct print *print, uint32_t *id)
{
    const uint16_t tag = (uint16_t)(print->hash >> 32);
    const size_t first = (print->hash & (SETS - 1)) * WAYS;
    struct print *set = &t->labels[first];
    uint16_t *tags = &t->label_tags[first];
    for (unsigned way = 0; way < WAYS; way++)
        if (tags[way] == tag && set[way].id && same(&set[way], print)) {
            *id = set[way].id;
            return NULL;
        }
    TRY(append(t, bytes, length, print));
    const unsigned way = t->turn++ % WAYS;
    tags[way] = tag;
    set[way] = *print;
    *id = print->id;
    return NULL;
}

static size_t cut(size_t length)
{
    return length > STRTAB_TEXT_MAX ? STRTAB_TEXT_MAX : length;
}

struct error *texts_label(struct texts *t, const char *bytes, size_t length, uint32_t *id)
{
    length = cut(length);
    if (length == 0) {
        *id = 0;
        return NULL;
    }
    struct print print = print_of(bytes, length);
    return among_labels(t, bytes, length, &print, id);
}

struct error *texts_name(struct texts *t, const char *bytes, size_t length, uint32_t *id)
{
    length = cut(length);
    if (length == 0) {
        *id = 0;
        return NULL;
    }
    struct print print = print_of(bytes, length);
    struct print *slot = find(t->names, t->name_slots, &print);
    if (slot->id) {
        *id = slot->id;
        return NULL;
    }
    TRY(among_labels(t, bytes, length, &print, id));
    if (t->name_count >= NAMES_MOST)
        return NULL;
    print.id = *id;
    *slot = print;
    return ++t->name_count * 2 > t->name_slots ? grow_names(t) : NULL;
}

// ---- at the end ----

struct again {
    uint32_t id, original;
};

// Notes in `again` and `map` which prints of the part are of a text that has a number already.
static struct error *compare_part(struct spool *part, struct text_map *map, struct spool *again)
{
    const uint64_t bytes = part->written + part->used;
    const uint32_t count = (uint32_t)(bytes / sizeof(struct print));
    uint32_t slot_count = 16;
    while (slot_count < (uint64_t)count * 2)
        slot_count *= 2;
    _cleanup_free_ uint32_t *slots = calloc(slot_count, sizeof *slots); // row + 1
    if (!slots)
        return &error_no_memory;
    TRY(spool_view(part));
    const struct print *prints = part->view;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t at = prints[i].hash;
        while (slots[at & (slot_count - 1)] &&
               !same(&prints[slots[at & (slot_count - 1)] - 1], &prints[i]))
            at++;
        uint32_t *slot = &slots[at & (slot_count - 1)];
        if (!*slot) {
            *slot = i + 1;
            continue;
        }
        const struct again row = {.id = prints[i].id, .original = prints[*slot - 1].id};
        map->again[row.id / 64] |= UINT64_C(1) << row.id % 64;
        TRY(spool_add(again, &row, sizeof row));
    }
    spool_deinit(part);
    return NULL;
}

void text_map_deinit(struct text_map *map)
{
    free(map->again);
    free(map->before);
    free(map->original);
    *map = (struct text_map){0};
}

static struct error *number_again(const struct texts *t, struct text_map *map, struct spool *again)
{
    const uint32_t words = t->count / 64 + 1;
    const uint64_t count = (again->written + again->used) / sizeof(struct again);
    map->before = malloc(words * sizeof *map->before);
    map->original = malloc((count + 1) * sizeof *map->original);
    if (!map->before || !map->original)
        return &error_no_memory;
    uint32_t before = 0;
    for (uint32_t i = 0; i < words; i++) {
        map->before[i] = before;
        before += (uint32_t)__builtin_popcountll(map->again[i]);
    }
    TRY(spool_view(again));
    const struct again *rows = again->view;
    for (uint64_t i = 0; i < count; i++)
        map->original[text_map_before(map, rows[i].id)] = rows[i].original;
    return NULL;
}

static struct error *make_map(struct texts *t, struct text_map *map, struct spool *again)
{
    map->again = calloc(t->count / 64 + 1, sizeof *map->again);
    if (!map->again)
        return &error_no_memory;
    for (unsigned i = 0; i < PARTS; i++)
        TRY(compare_part(&t->parts[i], map, again));
    if (again->written + again->used)
        return number_again(t, map, again);
    free(take_ptr(map->again));
    return NULL;
}

// Copies the texts that stay, and says where each begins.
static struct error *copy_texts(struct texts *t, const struct text_map *map, struct spool *blob,
                                struct spool *begin, uint32_t *kept, uint64_t *bytes)
{
    TRY(spool_view(&t->blob));
    TRY(spool_view(&t->lengths));
    const char *from = t->blob.view;
    const uint16_t *lengths = t->lengths.view;
    for (uint32_t id = 0; id < t->count; id++) {
        const size_t length = (size_t)lengths[id] + 1;
        if (id % DROP_STEP == 0) {
            spool_drop(&t->blob);
            spool_drop(&t->lengths);
        }
        if (!map->again || !(map->again[id / 64] >> id % 64 & 1)) {
            TRY(spool_u64(begin, *bytes));
            TRY(spool_add(blob, from, length));
            *bytes += length;
            ++*kept;
        }
        from += length;
    }
    return spool_u64(begin, *bytes);
}

struct error *texts_finish(struct texts *t, struct text_map *map, struct strtab *strings,
                           struct spool_set *set)
{
    struct spool again, blob, begin;
    uint32_t kept = 0;
    uint64_t bytes = 0;
    forget_prints(t);
    spool_init(&again, t->place);
    spool_init(&blob, t->place);
    spool_init(&begin, t->place);
    struct error *err = make_map(t, map, &again);
    if (!err)
        err = copy_texts(t, map, &blob, &begin, &kept, &bytes);
    *strings = (struct strtab){.blob_bytes = bytes, .count = kept};
    if (!err)
        err = spool_take(&blob, set, &strings->blob);
    if (!err)
        err = spool_take(&begin, set, &strings->begin);
    spool_deinit(&again);
    spool_deinit(&blob);
    spool_deinit(&begin);
    spool_deinit(&t->blob);
    spool_deinit(&t->lengths);
    return err;
}
