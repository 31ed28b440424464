/* What ids in events stand for: types, code objects with their line tables, thread names.
 *
 * Fed with the bytes of the definitions region, in pieces cut anywhere. Strings point into one
 * arena that lives as long as the table. The bytes are hostile: a record whose lengths do not add
 * up ends the reading (definitions_feed returns READ_DAMAGED), and what was read before stays
 * valid. Ids that nobody defined resolve to NULL, and `definitions_name` turns that into "unknown".
 */
#ifndef BRILLE_TRACER_READ_DEFINITIONS_H
#define BRILLE_TRACER_READ_DEFINITIONS_H

#include "tracer/abi/ring_layout.h"
#include "tracer/read/status.h"

#include <stddef.h>

struct definition {
    uint16_t kind; /* TRACE_EVENT_type_define, _code_define, _thread_define */
    uint32_t id;
    const char *name;     /* never NULL */
    const char *qualname; /* code: qualified name. type: module. "" when absent */
    const char *file;     /* code only, else "" */
    uint32_t first_line;  /* code */
    uint32_t first_site;  /* code: the site of its first instruction */
    uint32_t flags;       /* type */
    uint32_t line_count;
    const struct trace_line *lines;
    uint64_t address;
    uint64_t size;
    uint64_t hot, cold, rare; /* positions when it was made */
};

struct definitions {
    struct definition **all; /* in the order they were made */
    size_t count;
    size_t room;
    struct definition **tables[3]; /* open addressing by id: type, code, thread */
    size_t table_room[3];
    size_t table_used[3];
    char *pending; /* start of a record whose end has not come yet */
    size_t pending_bytes;
    size_t pending_room;
    struct arena_block *blocks;
};

void definitions_init(struct definitions *definitions);
void definitions_deinit(struct definitions *definitions);

enum read_status definitions_feed(struct definitions *definitions, const char *data, size_t bytes,
                                  struct read_error *error);

const struct definition *definitions_type(const struct definitions *definitions, uint32_t id);
const struct definition *definitions_code(const struct definitions *definitions, uint32_t id);
const struct definition *definitions_thread(const struct definitions *definitions, uint32_t tid);

/* Line of a site in a code object; 0 when it is unknown. */
uint32_t definition_line(const struct definition *code, uint32_t site);

#endif
