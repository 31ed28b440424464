/* See count_check.h. The inner loop treats every word of HOT alike: enter, leave and thread markers
 * carry small numbers where an address would be, and change the count there by 0. A branch on the
 * kind would be guessed wrong every few words, which costs more than the whole rest.
 *
 * The numbers that are no addresses are small: they all fall into one page that holds zeros and
 * keeps them. Heaps lie higher; what claims to be an object below 4 GiB is refused.
 *
 * Bytes are hostile. A word can name any of 2^27 pages; those that no alloc or snapshot has made
 * share one page of nobody's, whose counts mean nothing and whose sign says "suspicious". */
#include "tracer/read/count_check.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
    PAGE_SHIFT = 20,
    PAGE_COUNTS = 1 << (PAGE_SHIFT - 4),
    PAGE_INDEX_BITS = 47 - PAGE_SHIFT,
    NO_OBJECT = INT32_MIN,
    NUMBER_PAGES = 4096, /* below 4 GiB of heap: where code ids and tids seem to lie */
};
#define PAGE_TABLE_BYTES ((size_t)sizeof(struct count_page *) << PAGE_INDEX_BITS)

struct count_page {
    int32_t counts[PAGE_COUNTS];
};

/* ---- pages -------------------------------------------------------------------------------------
 */

static struct count_page *page_create(int32_t fill)
{
    struct count_page *page = malloc(sizeof(*page));
    for (int i = 0; page && i < PAGE_COUNTS; i++)
        page->counts[i] = fill;
    return page;
}

static bool page_add(struct count_check *check, uint32_t index)
{
    if (check->made_count == check->made_room) {
        const uint32_t room = check->made_room ? check->made_room * 2 : 64;
        uint32_t *grown = realloc(check->made, room * sizeof(*grown));
        if (grown) {
            check->made = grown;
            check->made_room = room;
        }
    }
    struct count_page *page = NULL;
    if (index >= NUMBER_PAGES && check->made_count < check->made_room &&
        check->made_count < COUNT_PAGES_MAX)
        page = page_create(NO_OBJECT);
    check->failed |= !page;
    if (!page)
        return false;
    check->made[check->made_count++] = index;
    check->pages[index] = page;
    return true;
}

/* The count at an address that holds an object now. */
static int32_t *count_make(struct count_check *check, uint64_t address)
{
    struct count_page **page = &check->pages[address >> PAGE_SHIFT];
    if (*page == check->numbers)
        check->failed = true;
    if (!*page && !page_add(check, (uint32_t)(address >> PAGE_SHIFT)))
        return NULL;
    return &(*page)->counts[address >> 4 & (PAGE_COUNTS - 1)];
}

static int32_t *count_find(const struct count_check *check, uint64_t address)
{
    struct count_page *page = check->pages[address >> PAGE_SHIFT];
    return page ? &page->counts[address >> 4 & (PAGE_COUNTS - 1)] : NULL;
}

int32_t count_check_count(const struct count_check *check, uint64_t address)
{
    const int32_t *count = count_find(check, address & 0x00007ffffffffff0ull);
    return count ? *count : NO_OBJECT;
}

/* ---- queues ------------------------------------------------------------------------------------
 */

static void queue_put(struct count_check *check, struct count_queue *queue, const void *data,
                      size_t bytes)
{
    if (queue->taken == queue->used)
        queue->taken = queue->used = 0;
    if (queue->used + bytes > queue->room) {
        memmove(queue->bytes, queue->bytes + queue->taken, queue->used - queue->taken);
        queue->used -= queue->taken;
        queue->taken = 0;
    }
    if (queue->used + bytes > queue->room) {
        const size_t room = (queue->used + bytes) * 2;
        char *grown = realloc(queue->bytes, room);
        if (!grown) {
            check->failed = true;
            return;
        }
        queue->bytes = grown;
        queue->room = room;
    }
    memcpy(queue->bytes + queue->used, data, bytes);
    queue->used += bytes;
}

/* A slot of COLD with its hot position worked out. */
struct cold_record {
    uint64_t word;
    uint64_t hot;
    uint64_t position; /* in COLD, behind it */
};

static void put_cold(struct count_check *check, const struct trace_chunk *chunk)
{
    uint64_t base = chunk->head.base;
    uint64_t position = chunk->head.first + (chunk->offset >> 4);
    /* A part of a sub-buffer may follow a BASE in the part before. */
    if (chunk->offset > 0)
        base = check->cold_base;
    for (uint32_t at = 0; at + 16 <= chunk->bytes; at += 16) {
        uint64_t words[2];
        memcpy(words, chunk->data + at, sizeof(words));
        position++;
        if (TRACE_WORD_KIND(words[0]) == TRACE_COLD_BASE) {
            base = words[1];
            continue;
        }
        if (TRACE_WORD_KIND(words[0]) == TRACE_COLD_WIDE)
            continue;
        const struct cold_record record = {
            .word = words[0], .hot = base + TRACE_COLD_DELTA(words[1]), .position = position};
        queue_put(check, &check->cold, &record, sizeof(record));
        check->slots++;
    }
    check->cold_base = base;
}

static void put_rare(struct count_check *check, const struct trace_chunk *chunk)
{
    for (uint32_t at = 0; at + sizeof(struct trace_rare) <= chunk->bytes;) {
        uint64_t head;
        memcpy(&head, chunk->data + at, sizeof(head));
        const uint32_t bytes = TRACE_RARE_UNITS(head) * 16;
        if (bytes < sizeof(struct trace_rare) || bytes > chunk->bytes - at) {
            check->failed = true;
            return;
        }
        queue_put(check, &check->rare, chunk->data + at, bytes);
        at += bytes;
    }
}

/* ---- what records do ---------------------------------------------------------------------------
 */

static void apply_alloc(struct count_check *check, uint64_t address)
{
    int32_t *count = count_make(check, address);
    if (!count)
        return;
    check->alloc_of_live += check->known && *count != NO_OBJECT;
    check->live += *count == NO_OBJECT;
    *count = 1;
}

static void apply_free(struct count_check *check, uint64_t address)
{
    int32_t *count = count_find(check, address);
    const int32_t last = count ? *count : NO_OBJECT;
    check->free_of_counted += check->known && (last < 0 || (last > 0 && !check->collecting));
    if (!count)
        return;
    check->live -= last != NO_OBJECT;
    *count = NO_OBJECT;
}

static void apply_cold(struct count_check *check, const struct cold_record *record)
{
    switch (TRACE_WORD_KIND(record->word)) {
    case TRACE_COLD_ALLOC:
        apply_alloc(check, TRACE_WORD_ADDRESS(record->word));
        break;
    case TRACE_COLD_FREE:
        apply_free(check, TRACE_WORD_ADDRESS(record->word));
        break;
    default:
        break;
    }
}

static void apply_snapshot(struct count_check *check, const char *payload, unsigned objects)
{
    for (unsigned i = 0; i < objects; i++, payload += TRACE_SNAPSHOT_WORDS * 8) {
        uint64_t words[2];
        memcpy(words, payload, sizeof(words));
        const int32_t truth = (int32_t)(words[1] >> 32);
        int32_t *count = count_make(check, TRACE_WORD_ADDRESS(words[0]));
        if (!count)
            return;
        if (check->adopting) {
            check->live += *count == NO_OBJECT;
            *count = truth;
        } else if (check->comparing) {
            check->compared++;
            check->snapshot_differs += *count != truth;
        }
    }
}

static void apply_meta(struct count_check *check, uint64_t what)
{
    if (what == TRACE_META_BASELINE_BEGIN) {
        check->adopting = !check->known;
        check->comparing = check->known;
        check->baseline_from = check->compared;
    } else if (what == TRACE_META_BASELINE_END) {
        if (check->comparing && check->compared - check->baseline_from != check->live)
            check->snapshot_differs++; /* there are fewer, or more */
        check->known = true;
        check->adopting = check->comparing = false;
    }
}

static void apply_rare(struct count_check *check, const char *record, uint32_t bytes)
{
    struct trace_rare head;
    memcpy(&head, record, sizeof(head));
    const char *payload = record + sizeof(head);
    const unsigned words = (unsigned)(bytes - sizeof(head)) / 8;
    uint64_t first = 0;
    if (words)
        memcpy(&first, payload, sizeof(first));
    switch (TRACE_RARE_KIND(head.head)) {
    case TRACE_EVENT_snapshot:
        if (TRACE_RARE_AUX(head.head) <= words / TRACE_SNAPSHOT_WORDS)
            apply_snapshot(check, payload, TRACE_RARE_AUX(head.head));
        break;
    case TRACE_EVENT_meta:
        apply_meta(check, first & 0xff);
        break;
    case TRACE_EVENT_gc_start:
        check->collecting = true;
        break;
    case TRACE_EVENT_gc_done:
        check->collecting = false;
        break;
    case TRACE_EVENT_dropped:
        check->gaps++;
        check->known = false;
        break;
    default:
        break;
    }
}

/* ---- HOT ---------------------------------------------------------------------------------------
 */

/* By kind: incref +1, decref -1, all others nothing. */
static const int32_t DELTAS[16] = {[TRACE_HOT_INCREF] = 1, [TRACE_HOT_DECREF] = -1};

/* The whole work for an event. Returns the signs of all counts that were changed. */
static int32_t count_words(const struct count_check *check, const char *data, uint64_t words,
                           uint64_t *events)
{
    struct count_page *const *const pages = check->pages;
    struct count_page *const nobody = check->nobody;
    int32_t signs = 0;
    uint64_t counted = 0;
    for (uint64_t i = 0; i < words; i++) {
        uint64_t word;
        memcpy(&word, data + i * 8, 8);
        const int32_t delta = DELTAS[word & 15];
        struct count_page *page = pages[word >> PAGE_SHIFT & ((1u << PAGE_INDEX_BITS) - 1)];
        page = page ? page : nobody;
        int32_t *const count = &page->counts[word >> 4 & (PAGE_COUNTS - 1)];
        const int32_t now = *count + delta;
        *count = now;
        signs |= now;
        counted += (uint64_t)(delta & 1);
    }
    *events += counted;
    return signs;
}

/* The position up to which HOT may be counted before the next record has to be applied. */
static uint64_t next_stop(const struct count_check *check)
{
    uint64_t stop = UINT64_MAX;
    if (check->cold.taken < check->cold.used) {
        struct cold_record record;
        memcpy(&record, check->cold.bytes + check->cold.taken, sizeof(record));
        stop = record.hot;
    }
    if (check->rare.taken < check->rare.used) {
        struct trace_rare head;
        memcpy(&head, check->rare.bytes + check->rare.taken, sizeof(head));
        stop = head.hot < stop ? head.hot : stop;
    }
    return stop;
}

/* Applies one record that is due at the present position. False: there is none. RARE before COLD
 * where both are due, if COLD has come as far as the record says. */
static bool apply_next(struct count_check *check)
{
    if (check->rare.taken < check->rare.used) {
        const char *record = check->rare.bytes + check->rare.taken;
        struct trace_rare head;
        memcpy(&head, record, sizeof(head));
        struct cold_record cold = {.position = UINT64_MAX};
        if (check->cold.taken < check->cold.used)
            memcpy(&cold, check->cold.bytes + check->cold.taken, sizeof(cold));
        /* cold.position is behind the slot: the slot itself is at position - 1. */
        if (head.hot <= check->position && head.cold < cold.position) {
            const uint32_t bytes = TRACE_RARE_UNITS(head.head) * 16;
            apply_rare(check, record, bytes);
            check->rare.taken += bytes;
            return true;
        }
    }
    if (check->cold.taken < check->cold.used) {
        struct cold_record cold;
        memcpy(&cold, check->cold.bytes + check->cold.taken, sizeof(cold));
        if (cold.hot <= check->position) {
            apply_cold(check, &cold);
            check->cold.taken += sizeof(cold);
            return true;
        }
    }
    return false;
}

static void count_hot(struct count_check *check, const struct trace_chunk *chunk)
{
    const char *data = chunk->data;
    uint64_t position = chunk->head.first + (chunk->offset >> 3), words = chunk->bytes >> 3;
    if (!check->begun) {
        check->begun = true;
        check->position = position;
    }
    if (position != check->position) { /* some are missing */
        check->gaps++;
        check->known = false;
        check->position = position > check->position ? position : check->position;
    }
    int32_t signs = 0;
    check->words += words;
    while (words > 0) {
        while (apply_next(check))
            ;
        const uint64_t stop = next_stop(check);
        uint64_t run = stop > check->position ? stop - check->position : 1;
        run = run < words ? run : words;
        signs |= count_words(check, data, run, &check->events);
        data += run * 8;
        words -= run;
        check->position += run;
    }
    check->suspicious += check->known && signs < 0;
}

/* ---- the sink ----------------------------------------------------------------------------------
 */

static enum read_status sink_chunk(struct chunk_sink *sink, unsigned stream,
                                   const struct trace_chunk *chunk, struct read_error *error)
{
    struct count_check *check = (struct count_check *)sink;
    if (stream == TRACE_HOT)
        count_hot(check, chunk);
    else if (stream == TRACE_COLD)
        put_cold(check, chunk);
    else
        put_rare(check, chunk);
    if (check->failed)
        return read_fail(error, READ_NO_MEMORY, "counts cannot be checked: no memory");
    return READ_OK;
}

static enum read_status sink_definitions(struct chunk_sink *sink, const char *data, size_t bytes,
                                         struct read_error *error)
{
    (void)sink, (void)data, (void)bytes, (void)error;
    return READ_OK;
}

static enum read_status sink_waits(struct chunk_sink *sink, const struct ring_wait *records,
                                   size_t count, struct read_error *error)
{
    (void)sink, (void)records, (void)count, (void)error;
    return READ_OK;
}

bool count_check_init(struct count_check *check, bool from_birth)
{
    *check = (struct count_check){
        .sink = {.chunk = sink_chunk, .definitions = sink_definitions, .waits = sink_waits},
        .known = from_birth,
    };
    void *pages = mmap(NULL, PAGE_TABLE_BYTES, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (pages == MAP_FAILED)
        return false;
    check->pages = pages;
    check->nobody = page_create(NO_OBJECT);
    check->numbers = page_create(0);
    if (check->nobody && check->numbers) {
        for (int i = 0; i < NUMBER_PAGES; i++)
            check->pages[i] = check->numbers;
        return true;
    }
    count_check_deinit(check);
    return false;
}

void count_check_deinit(struct count_check *check)
{
    /* Only what was touched of the table can hold pages; of the rest nothing is read. */
    for (uint32_t i = 0; i < check->made_count; i++)
        free(check->pages[check->made[i]]);
    free(check->made);
    free(check->nobody);
    free(check->numbers);
    if (check->pages)
        munmap(check->pages, PAGE_TABLE_BYTES);
    free(check->cold.bytes);
    free(check->rare.bytes);
    *check = (struct count_check){0};
}

void count_check_finish(struct count_check *check)
{
    check->position = UINT64_MAX;
    while (apply_next(check))
        ;
}

uint64_t count_check_faults(const struct count_check *check)
{
    return check->alloc_of_live + check->free_of_counted + check->snapshot_differs +
           check->suspicious + check->gaps;
}
