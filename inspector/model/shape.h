// Shapes: what the references of an object are called, shared by all objects that look alike.
//
// A shape is the list of (kind, class, name) of an object's edges in order. Every instance of a
// class, every tuple of length two, every record parsed from the same JSON has the same one. An
// object stores its shape's id, so an edge costs its target and nothing else, in memory and on
// disk.
//
// A shape is kept as bytes, the same in memory and in the file (docs/formats/heap.md):
//
//     op  = kind (bits 0-3) | class (bits 4-6) | run (bit 7)
//     op, name code                     one edge
//     op | run, name code, count        `count` edges; an integer name rises by one from edge to
//     edge
//
//     name code (varint): 0 no name; 1 the same name as the edge before;
//                         4n + 2 the integer n; 4n + 3 a string, n = zigzag of the id minus the id
//                         of the string before (0 at the start)
//
// so a list of a million elements is one run, and a dict entry (key and value under one name) is
// four bytes. Shape 0 is the empty one.
//
// invariant: decoding shape i consumes exactly bytes begin[i] .. begin[i + 1] and yields edges[i]
// edges. Shapes from a file are checked once (shape_table_validate); the iterator then trusts them.
#ifndef BRILLE_INSPECTOR_MODEL_SHAPE_H
#define BRILLE_INSPECTOR_MODEL_SHAPE_H

#include "inspector/base/error.h"
#include "inspector/model/kinds.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// A name is nothing, an integer below 2^31, or a string id.
typedef uint32_t edge_name;
#define EDGE_NAME_NONE    UINT32_C(0)
#define EDGE_NAME_INTEGER UINT32_C(0x80000000)

static inline edge_name edge_name_index(uint64_t index)
{
    return index < EDGE_NAME_INTEGER ? EDGE_NAME_INTEGER | (uint32_t)index : EDGE_NAME_NONE;
}

static inline edge_name edge_name_string(uint32_t string_id)
{
    return string_id;
}

static inline bool edge_name_is_index(edge_name name)
{
    return name & EDGE_NAME_INTEGER;
}

static inline uint32_t edge_name_value(edge_name name)
{
    return name & ~EDGE_NAME_INTEGER;
}

struct shape_edge {
    edge_name name;
    uint8_t kind;  // enum edge_kind
    uint8_t class; // enum edge_class
};

enum shape_flag {
    SHAPE_RETAINS_ALL = 1, // no weak and no borrowed edge
    SHAPE_COUNTS_ALL = 2,  // every edge explains a reference
};

struct shape_table {
    uint8_t *bytes;
    size_t byte_count, byte_capacity;
    uint64_t *begin; // count + 1 entries
    size_t begin_capacity;
    uint64_t *edges; // number of edges of each shape
    size_t edges_capacity;
    uint8_t *flags; // enum shape_flag
    size_t flags_capacity;
    uint32_t count;
    uint32_t *slots; // hash table of id + 1; NULL in a table that is only read
    uint32_t slot_count;
    uint8_t *scratch; // the shape being made, but for its last run
    size_t scratch_capacity;
    struct shape_making {
        struct shape_edge edge; // the first of the last run
        uint64_t run;           // edges in it, 0 in the beginning
        uint64_t edges;         // of the whole
        size_t bytes;
        uint32_t last_string;
        edge_name last_name; // before the run
        uint8_t missing;     // flags that it does not have
    } making;
};

struct error *shape_table_init(struct shape_table *table);
void shape_table_deinit(struct shape_table *table);

// Makes a shape, edge by edge: it takes no more memory than its bytes. _end gives the id of the
// shape with the edges that were added since the last one ended, which is a new one if there was
// none.
struct error *shape_table_add(struct shape_table *table, const struct shape_edge *edge);
struct error *shape_table_end(struct shape_table *table, uint32_t *id);

// Takes over the encoded bytes of `count` shapes (malloc'ed; freed by deinit, and at once on
// failure), checks them all and computes the other columns. `string_count` bounds the names.
struct error *shape_table_adopt(struct shape_table *table, uint8_t *bytes, size_t byte_count,
                                uint32_t count, uint32_t string_count);

struct shape_iter {
    const uint8_t *next;
    uint64_t run_left;
    uint32_t last_string;
    struct shape_edge edge; // what the run repeats
};

static inline struct shape_iter shape_iter_begin(const struct shape_table *table, uint32_t shape)
{
    return (struct shape_iter){.next = table->bytes + table->begin[shape]};
}

// Walks a shape of which nothing has been checked, from any of its ops on: what peeks into a file
// uses, which has not read the others.
struct shape_walk {
    const uint8_t *at, *end;
    uint32_t string_count; // names are below it
    uint32_t last_string;
    uint64_t run_left;
    struct shape_edge edge; // the last one
    // Where the run of `edge` begins, the state before it, and how many edges of it were taken.
    const uint8_t *op;
    uint32_t op_last_string;
    edge_name op_last_name;
    uint64_t op_taken;
};

// False at the end, and when a byte is wrong.
bool shape_walk_next(struct shape_walk *walk, struct shape_edge *edge);
// Passes by edges of the run that begins here; false when it has not so many.
bool shape_walk_skip(struct shape_walk *walk, uint64_t count);

void shape_iter_decode(struct shape_iter *iter); // reads the next op

// The next edge is iter->edge. May be called as often as the shape has edges.
static inline void shape_iter_step(struct shape_iter *iter)
{
    if (iter->run_left == 0)
        shape_iter_decode(iter);
    else if (edge_name_is_index(iter->edge.name) && iter->edge.name != UINT32_MAX)
        iter->edge.name++;
    iter->run_left--;
}

static inline void shape_iter_next(struct shape_iter *iter, struct shape_edge *edge)
{
    shape_iter_step(iter);
    *edge = iter->edge;
}

static inline uint64_t shape_edge_count(const struct shape_table *table, uint32_t shape)
{
    return table->edges[shape];
}

static inline bool shape_all_retain(const struct shape_table *table, uint32_t shape)
{
    return table->flags[shape] & SHAPE_RETAINS_ALL;
}

static inline bool shape_all_count(const struct shape_table *table, uint32_t shape)
{
    return table->flags[shape] & SHAPE_COUNTS_ALL;
}

#endif
