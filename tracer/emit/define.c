/* The definitions region: what the ids in events stand for.
 *
 * Append-only and bounded; a record is whole before definitions_bytes counts it, so a reader never
 * sees half a name. When the region is full further definitions are counted and refused: their
 * ids then resolve to "unknown", and events lose nothing else. Under the GIL.
 *
 * A later definition of the same id replaces an earlier one: threads are renamed, types too.
 */
#include "tracer/emit/internal.h"

#include <string.h>

void definitions_restart(struct ring_use *use)
{
    shared_store(&use->state->definitions_bytes, 0);
    use->definitions_used = 0;
}

#ifndef BRILLE_NO_TRACE

enum {
    NAME_MAX_BYTES = 1024, /* longer names are cut: a definition is never larger than the region */
    LINES_MAX = 1 << 16,
};

static uint32_t string_length(const char *string)
{
    return string ? (uint32_t)strnlen(string, NAME_MAX_BYTES) : 0;
}

/* Copies head, lines and strings behind what is there, then publishes. `head` has everything but
 * lengths and positions. */
static void define(struct ring_definition *head, const char *const strings[3],
                   const struct trace_line *lines)
{
    struct ring_use *use = ring_in_use;
    uint64_t bytes = sizeof(*head) + head->count * sizeof(struct trace_line);
    for (int i = 0; i < 3; i++)
        bytes += head->string_bytes[i] = string_length(strings[i]);
    bytes = (bytes + 7) & ~7ull;
    if (bytes > use->header.definitions.bytes - use->definitions_used ||
        !ring_reserve_definitions(use, use->definitions_used + bytes)) {
        use->state->definitions_refused++;
        return;
    }
    head->bytes = (uint32_t)bytes;
    head->hot = trace_writer_position(&trace_hot);
    head->cold = trace_writer_position(&trace_cold);
    head->rare = trace_writer_position(&trace_writers[TRACE_RARE]);
    char *p = use->map + use->header.definitions.offset + use->definitions_used;
    memcpy(p, head, sizeof(*head));
    p += sizeof(*head);
    if (head->count)
        memcpy(p, lines, head->count * sizeof(struct trace_line));
    p += head->count * sizeof(struct trace_line);
    for (int i = 0; i < 3; i++) {
        if (head->string_bytes[i])
            memcpy(p, strings[i], head->string_bytes[i]);
        p += head->string_bytes[i];
    }
    use->definitions_used += bytes;
    shared_store(&use->state->definitions_bytes, use->definitions_used);
}

void trace_define_type(uint32_t id, uintptr_t address, uint64_t basic_size, uint32_t flags,
                       const char *name, const char *module)
{
    struct ring_definition head = {.kind = TRACE_EVENT_type_define,
                                   .id = id,
                                   .value = flags,
                                   .address = address,
                                   .size = basic_size};
    if (ring_in_use)
        define(&head, (const char *const[3]){name, module, NULL}, NULL);
}

void trace_define_code(uint32_t id, uintptr_t address, unsigned first_site, uint32_t first_line,
                       const char *name, const char *qualname, const char *file,
                       const struct trace_line *lines, size_t line_count)
{
    struct ring_definition head = {.kind = TRACE_EVENT_code_define,
                                   .id = id,
                                   .value = first_line,
                                   .count =
                                       (uint32_t)(line_count < LINES_MAX ? line_count : LINES_MAX),
                                   .address = address,
                                   .size = first_site};
    if (ring_in_use)
        define(&head, (const char *const[3]){name, qualname, file}, lines);
}

void trace_define_thread(uint32_t tid, uint64_t ident, const char *name)
{
    struct ring_definition head = {.kind = TRACE_EVENT_thread_define, .id = tid, .address = ident};
    if (ring_in_use)
        define(&head, (const char *const[3]){name, NULL, NULL}, NULL);
}

#endif
