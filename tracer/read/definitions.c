/* See definitions.h. Ids are small dense numbers in honest input, but are hashed all the same: a
 * hostile id of 4 billion must not cost an array of that size. */
#include "tracer/read/definitions.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct arena_block {
    struct arena_block *next;
    size_t used;
    size_t room;
    char bytes[] __attribute__((aligned(16)));
};

enum {
    DEFINITION_MAX_BYTES = 1 << 20, /* emit cuts names at 1 KiB and lines at 65536 */
    ARENA_BLOCK_BYTES = 1 << 16,
};

void definitions_init(struct definitions *definitions)
{
    *definitions = (struct definitions){0};
}

void definitions_deinit(struct definitions *definitions)
{
    while (definitions->blocks) {
        struct arena_block *next = definitions->blocks->next;
        free(definitions->blocks);
        definitions->blocks = next;
    }
    for (int i = 0; i < 3; i++)
        free(definitions->tables[i]);
    free(definitions->all);
    free(definitions->pending);
    *definitions = (struct definitions){0};
}

static void *arena_take(struct definitions *definitions, size_t bytes)
{
    bytes = (bytes + 15) & ~(size_t)15;
    struct arena_block *block = definitions->blocks;
    if (!block || block->room - block->used < bytes) {
        size_t room = bytes > ARENA_BLOCK_BYTES ? bytes : ARENA_BLOCK_BYTES;
        block = malloc(sizeof(*block) + room);
        if (!block)
            return NULL;
        *block = (struct arena_block){.next = definitions->blocks, .room = room};
        definitions->blocks = block;
    }
    void *result = block->bytes + block->used;
    block->used += bytes;
    return result;
}

static size_t hash_id(uint32_t id, size_t room)
{
    return (size_t)((id * 0x9e3779b97f4a7c15ull) >> 32) & (room - 1);
}

static struct definition **table_slot(struct definition **table, size_t room, uint32_t id)
{
    size_t i = hash_id(id, room);
    while (table[i] && table[i]->id != id)
        i = (i + 1) & (room - 1);
    return &table[i];
}

static bool table_grow(struct definitions *definitions, int which)
{
    size_t room = definitions->table_room[which] ? definitions->table_room[which] * 2 : 256;
    struct definition **table = calloc(room, sizeof(*table)), **old = definitions->tables[which];
    if (!table)
        return false;
    for (size_t i = 0; i < definitions->table_room[which]; i++) {
        if (old[i])
            *table_slot(table, room, old[i]->id) = old[i];
    }
    free(old);
    definitions->tables[which] = table;
    definitions->table_room[which] = room;
    return true;
}

static bool table_put(struct definitions *definitions, int which, struct definition *definition)
{
    if (definitions->table_used[which] * 2 >= definitions->table_room[which] &&
        !table_grow(definitions, which))
        return false;
    struct definition **slot =
        table_slot(definitions->tables[which], definitions->table_room[which], definition->id);
    definitions->table_used[which] += *slot == NULL;
    *slot = definition;
    return true;
}

static bool list_put(struct definitions *definitions, struct definition *definition)
{
    if (definitions->count == definitions->room) {
        size_t room = definitions->room ? definitions->room * 2 : 256;
        struct definition **all = realloc(definitions->all, room * sizeof(*all));
        if (!all)
            return false;
        definitions->all = all;
        definitions->room = room;
    }
    definitions->all[definitions->count++] = definition;
    return true;
}

static int table_of_kind(unsigned kind)
{
    return kind == TRACE_EVENT_type_define     ? 0
           : kind == TRACE_EVENT_code_define   ? 1
           : kind == TRACE_EVENT_thread_define ? 2
                                               : -1;
}

/* Does the record hold what its head says? `data` is head->bytes long. */
static bool record_is_sound(const struct ring_definition *head)
{
    uint64_t need = sizeof(*head) + (uint64_t)head->count * sizeof(struct trace_line);
    for (int i = 0; i < 3; i++)
        need += head->string_bytes[i];
    return table_of_kind(head->kind) >= 0 && need <= head->bytes;
}

/* Makes the strings printable C strings: control bytes from a hostile process would reach a
 * terminal. */
static const char *take_string(struct definitions *definitions, const char *from, uint32_t bytes)
{
    char *string = arena_take(definitions, (size_t)bytes + 1);
    if (!string)
        return NULL;
    for (uint32_t i = 0; i < bytes; i++)
        string[i] = (unsigned char)from[i] < ' ' || from[i] == 0x7f ? '?' : from[i];
    string[bytes] = 0;
    return string;
}

static bool take_record(struct definitions *definitions, const struct ring_definition *head,
                        const char *data)
{
    size_t line_bytes = head->count * sizeof(struct trace_line);
    struct definition *definition = arena_take(definitions, sizeof(*definition));
    struct trace_line *lines = arena_take(definitions, line_bytes + 1);
    if (!definition || !lines)
        return false;
    const char *p = data + sizeof(*head);
    memcpy(lines, p, line_bytes);
    p += line_bytes;
    const char *strings[3];
    for (int i = 0; i < 3; i++) {
        strings[i] = take_string(definitions, p, head->string_bytes[i]);
        if (!strings[i])
            return false;
        p += head->string_bytes[i];
    }
    *definition = (struct definition){
        .kind = head->kind,
        .id = head->id,
        .name = strings[0],
        .qualname = strings[1],
        .file = strings[2],
        .first_line = head->kind == TRACE_EVENT_code_define ? head->value : 0,
        .flags = head->kind == TRACE_EVENT_type_define ? head->value : 0,
        .line_count = head->count,
        .lines = lines,
        .address = head->address,
        .first_site = head->kind == TRACE_EVENT_code_define ? head->size & TRACE_SITE_MASK : 0,
        .size = head->kind == TRACE_EVENT_type_define ? head->size : 0,
        .hot = head->hot,
        .cold = head->cold,
        .rare = head->rare,
    };
    return list_put(definitions, definition) &&
           table_put(definitions, table_of_kind(head->kind), definition);
}

static bool pending_append(struct definitions *definitions, const char *data, size_t bytes)
{
    size_t need = definitions->pending_bytes + bytes;
    if (need > definitions->pending_room) {
        char *pending = realloc(definitions->pending, need * 2);
        if (!pending)
            return false;
        definitions->pending = pending;
        definitions->pending_room = need * 2;
    }
    memcpy(definitions->pending + definitions->pending_bytes, data, bytes);
    definitions->pending_bytes += bytes;
    return true;
}

enum read_status definitions_feed(struct definitions *definitions, const char *data, size_t bytes,
                                  struct read_error *error)
{
    size_t done = 0;
    if (bytes == 0)
        return READ_OK;
    if (!pending_append(definitions, data, bytes))
        return read_fail(error, READ_NO_MEMORY, "no memory for definitions");
    enum read_status status = READ_OK;
    while (definitions->pending_bytes - done >= sizeof(struct ring_definition)) {
        const char *record = definitions->pending + done;
        struct ring_definition head;
        memcpy(&head, record, sizeof(head));
        if (head.bytes < sizeof(head) || head.bytes > DEFINITION_MAX_BYTES || head.bytes % 8) {
            status =
                read_fail(error, READ_DAMAGED, "a definition of %u bytes cannot be", head.bytes);
            break;
        }
        if (head.bytes > definitions->pending_bytes - done)
            break;
        if (!record_is_sound(&head)) {
            status = read_fail(error, READ_DAMAGED, "a definition does not hold what it says");
            break;
        }
        if (!take_record(definitions, &head, record)) {
            status = read_fail(error, READ_NO_MEMORY, "no memory for definitions");
            break;
        }
        done += head.bytes;
    }
    definitions->pending_bytes -= done;
    memmove(definitions->pending, definitions->pending + done, definitions->pending_bytes);
    return status;
}

static const struct definition *look_up(const struct definitions *definitions, int which,
                                        uint32_t id)
{
    if (definitions->table_room[which] == 0)
        return NULL;
    return *table_slot(definitions->tables[which], definitions->table_room[which], id);
}

const struct definition *definitions_type(const struct definitions *definitions, uint32_t id)
{
    return look_up(definitions, 0, id);
}

const struct definition *definitions_code(const struct definitions *definitions, uint32_t id)
{
    return look_up(definitions, 1, id);
}

const struct definition *definitions_thread(const struct definitions *definitions, uint32_t tid)
{
    return look_up(definitions, 2, tid);
}

uint32_t definition_line(const struct definition *code, uint32_t site)
{
    if (!code || site == TRACE_SITE_UNKNOWN)
        return 0;
    site = (site - code->first_site) & TRACE_SITE_MASK;
    /* An event has 16 bits of a site: in longer code they are ambiguous. */
    if (code->line_count && code->lines[code->line_count - 1].site >= TRACE_SITE_UNKNOWN)
        return 0;
    uint32_t low = 0, high = code->line_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (code->lines[middle].site <= site)
            low = middle + 1;
        else
            high = middle;
    }
    return low ? code->lines[low - 1].line : code->first_line;
}
