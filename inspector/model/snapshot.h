// A heap snapshot: every object of one process at one moment, and every reference between them.
//
// It is filled once, by a target through a builder (model/builder.h) or from a .heap file
// (model/heap_file.h), and never changes afterwards. Everything above, the analyses, the exports,
// the commands, the Lua host, sees this header alone and does not know which Python it was.
//
// Objects have ordinals 0 .. object_count - 1 in rising order of address. Everything about objects
// is a column indexed by ordinal:
//
//     ordinal   address  size  refcount  type  flags  epoch  label  shape   edges [begin, end)
//
// References are a CSR graph: the targets of object o are targets[edge_begin[o]] up to
// targets[edge_begin[o + 1]], in the order in which the target process keeps them. What an edge is
// called is not stored with the edge but in the *shape* of the source (model/shape.h): all
// instances of a class share one list of names, so names cost next to nothing.
//
// A snapshot opened from a file loads its parts on demand. snapshot_load() says which parts a piece
// of work needs; it is cheap when they are there, and it is where damaged data are found out. Parts
// not loaded must not be read (the accessors assert it). The columns are parts of their own for
// those who want one or two of a large heap; all others ask for COLUMNS. A snapshot made by a
// builder has them all.
//
// invariants (snapshot_check): addresses rise strictly; edge_begin[0] == 0 and does not fall;
// edge_begin[object_count] == reference_count; every target, type, shape, label and root target is
// in range; the shape of an object names as many edges as it has; explained[o] == counted edges to
// o
// + counted roots of o.
//
// One thread at a time.
#ifndef BRILLE_INSPECTOR_MODEL_SNAPSHOT_H
#define BRILLE_INSPECTOR_MODEL_SNAPSHOT_H

#include "inspector/base/arena.h"
#include "inspector/base/error.h"
#include "inspector/base/spool.h"
#include "inspector/base/strbuf.h"
#include "inspector/model/kinds.h"
#include "inspector/model/shape.h"
#include "inspector/model/strtab.h"
#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ORDINAL_NONE UINT32_MAX
// More objects than ordinals is refused by name, not wrapped around.
#define SNAPSHOT_OBJECTS_MAX (UINT32_MAX - 1)
// All objects of more than 4 GiB together: the address space of a process. Else sums would
// overflow.
#define SNAPSHOT_BIG_BYTES_MAX (UINT64_C(1) << 47)

struct heap_file;

// ---- what is known about an object in one byte ----

enum {
    GENERATION_PERMANENT = 3,
    GENERATION_NONE = 7, // not tracked, or the runtime keeps no generations
};

enum object_flag {
    OBJECT_GENERATION = 0x07, // mask: 0, 1, 2, GENERATION_PERMANENT or GENERATION_NONE
    OBJECT_TRACKED = 0x08,    // gc.is_tracked
    OBJECT_IMMORTAL = 0x10,
    OBJECT_BIG = 0x20, // internal: the size is in the table of big objects
};

// ---- rows ----

struct snapshot_type {
    uint64_t address;
    uint32_t name;       // string id: "Session"
    uint32_t module;     // string id: "shop.session"; 0 when unknown
    uint64_t size_bytes; // tp_basicsize
    uint32_t object;     // ordinal of the type object, ORDINAL_NONE when it was not captured
};

// A reference from outside the heap. A `class` that does not count (borrowed) still makes its
// target reachable: a module is shown as a root of its own although the count belongs to
// sys.modules.
struct snapshot_root {
    uint32_t target;
    uint8_t kind;   // enum root_kind
    uint8_t class;  // enum edge_class
    uint32_t name;  // string id: module name, variable name, C function
    uint32_t frame; // row in frames, ORDINAL_NONE when it belongs to none
    uint32_t thread;
};

struct snapshot_thread {
    uint64_t tid;
    uint32_t name;
    uint8_t gil;          // enum gil_state
    uint32_t frame_begin; // its frames are rows [frame_begin, frame_begin + frame_count),
    uint32_t frame_count; // the innermost first
};

struct snapshot_frame {
    uint32_t function; // string id
    uint32_t file;
    uint32_t line;
    uint32_t object; // ordinal of the frame or code object, ORDINAL_NONE when not captured
};

struct snapshot_pool {
    uint64_t address;
    uint64_t arena;       // address of the arena it was cut from
    uint32_t block_bytes; // size class; 0 for a pool that is free
    uint32_t capacity;    // blocks it can hold
    uint32_t used;        // blocks in use
};

// A piece of the address space, by rising address. All mappings of one file are one row, from the
// begin of the first to the end of the last.
struct snapshot_area {
    uint64_t begin, end;
    uint64_t resident_bytes;
    uint64_t anonymous_bytes; // of the resident, what is of no file: private to the process
    uint8_t kind;             // enum area_kind
    uint32_t name;            // string id: path of the file, name of the thread
};

// Blocks of one size that malloc has handed out, or has back; by rising size.
struct snapshot_block {
    uint64_t bytes; // with malloc's own 8
    uint64_t used, free;
};

// Whether the process collects garbage by itself: gc.enable(), gc.disable(). Stored in files.
enum collector_state { COLLECTOR_UNKNOWN, COLLECTOR_ON, COLLECTOR_OFF };

// Facts about the capture. Texts are never NULL.
struct snapshot_info {
    const char *runtime; // "brille" or "cpython"
    const char *version; // "3.11.2"
    const char *command; // command line of the process, arguments separated by blanks
    const char *incomplete_why;
    uint64_t pid;
    uint64_t start_time; // of the process, clock ticks since boot: tells reused pids apart
    uint64_t pause_ns;   // how long the target stood still
    uint64_t capture_ns; // the whole capture, most of it beside the running target
    int64_t taken_unix_ns;
    bool complete; // the graph is a consistent one
    bool has_event_seq;
    uint64_t event_seq;   // position in the event stream
    uint32_t birth_epoch; // epoch that began with this capture; 0: objects have no birth epochs
    enum collector_state collector;
    uint64_t rss_bytes;
    uint64_t anonymous_bytes; // memory that is not of files; 0: not known
    uint64_t huge_bytes;      // of that, in huge pages
    // Resident pages of files and of shared memory; a clone has not got them all, so the areas do
    // not say. 0: not known.
    uint64_t file_resident_bytes, shared_resident_bytes;
    uint64_t arena_bytes;              // address space of the object allocator
    uint64_t dangling_reference_count; // references dropped because their target was no object
    uint64_t duplicate_object_count;   // objects dropped because their address was taken
};

// ---- the snapshot ----

enum snapshot_part {
    SNAPSHOT_TYPES = 1,  // type; every other part implies it
    SNAPSHOT_SIZES = 32, // size, flags
    SNAPSHOT_ADDRESSES = 64,
    SNAPSHOT_REFCOUNTS = 128,
    SNAPSHOT_COLUMNS = SNAPSHOT_TYPES | SNAPSHOT_SIZES | SNAPSHOT_ADDRESSES | SNAPSHOT_REFCOUNTS,
    SNAPSHOT_LABELS = 2,    // label
    SNAPSHOT_EDGES = 4,     // targets, shapes, explained
    SNAPSHOT_REFERRERS = 8, // edges backwards; implies EDGES
    SNAPSHOT_EPOCHS = 16,   // epoch
    SNAPSHOT_ALL = 255,
};

// Objects after which a walk from the first to the last gives back the pages of mapped columns.
enum { SNAPSHOT_STEP = 65536 };

struct tally; // tally.h

struct snapshot_big {
    uint32_t object;
    uint64_t size_bytes;
};

struct snapshot {
    struct arena arena; // info texts
    struct snapshot_info info;
    struct strtab strings;
    struct shape_table shapes;
    unsigned loaded; // enum snapshot_part

    uint32_t object_count;
    uint64_t reference_count;

    uint64_t *address; // COLUMNS, by ordinal
    uint32_t *size;    // bytes; OBJECT_BIG objects are in `big`
    uint32_t *refcount;
    uint32_t *type;
    uint8_t *flags;
    struct snapshot_big *big; // by rising ordinal
    uint32_t big_count;

    uint32_t *epoch; // EPOCHS: of birth
    uint32_t *label; // LABELS: string id, 0 for none
    // What objects hold is private to who looks now: keys of containers are spelled [*], and labels
    // are shown of functions, modules, types and code alone (snapshot_shows_label).
    bool values_hidden;

    uint64_t *edge_begin; // EDGES: object_count + 1 entries
    uint32_t *targets;
    uint32_t *shape;
    uint32_t *explained;
    uint64_t *weak_edges; // a bit for each edge that does not retain; NULL when there is none

    uint64_t *referrer_begin; // REFERRERS: sources by target, rising, once per edge
    uint32_t *referrers;

    struct snapshot_type *types;
    uint32_t type_count;
    struct snapshot_root *roots;
    uint32_t root_count;
    struct snapshot_thread *threads;
    uint32_t thread_count;
    struct snapshot_frame *frames;
    uint32_t frame_count;
    struct snapshot_pool *pools;
    uint32_t pool_count;
    struct snapshot_area *areas; // none when the capture could not tell
    uint32_t area_count;
    struct snapshot_block *blocks; // none when malloc is not glibc's, or another secret
    uint32_t block_count;

    struct heap_file *file;  // where unloaded parts come from; NULL when built in memory
    struct spool_set spools; // of columns that are mapped, and must not be written to
};

void snapshot_destroy(struct snapshot *snapshot);
CLEANUP_DEFINE(snapshot_destroy, struct snapshot *);

// Makes sure that the parts are there. An error (damaged file, no memory) leaves the snapshot as it
// was; other parts stay usable.
struct error *snapshot_load(struct snapshot *snapshot, unsigned parts);

// Computes `explained` and `weak_edges`; for the file reader.
struct error *snapshot_explain(struct snapshot *snapshot);
// The same, `explained` as a tally, which is empty on failure; for the builder.
struct error *snapshot_tally(struct snapshot *snapshot, struct tally *ret);

// Asserts the invariants above; for tests and the checked build.
void snapshot_check(const struct snapshot *snapshot);

// ---- reading columns ----

static inline uint64_t snapshot_address(const struct snapshot *s, uint32_t o)
{
    assert(s->loaded & SNAPSHOT_ADDRESSES && o < s->object_count);
    return s->address[o];
}

uint64_t snapshot_big_size(const struct snapshot *s, uint32_t o);

// What sys.getsizeof says, in bytes.
static inline uint64_t snapshot_size(const struct snapshot *s, uint32_t o)
{
    assert(s->loaded & SNAPSHOT_SIZES && o < s->object_count);
    return s->flags[o] & OBJECT_BIG ? snapshot_big_size(s, o) : s->size[o];
}

// 0, 1, 2, GENERATION_PERMANENT or GENERATION_NONE
static inline int snapshot_generation(const struct snapshot *s, uint32_t o)
{
    return s->flags[o] & OBJECT_GENERATION;
}

static inline bool snapshot_tracked(const struct snapshot *s, uint32_t o)
{
    return s->flags[o] & OBJECT_TRACKED;
}

// A moment of a trace has objects and counts and nothing else: events say that a count changed, not
// which slot did. What is said of references and roots there would be said of what is not known.
static inline bool snapshot_has_references(const struct snapshot *s)
{
    return s->reference_count || s->root_count || !s->info.has_event_seq;
}

static inline bool snapshot_immortal(const struct snapshot *s, uint32_t o)
{
    return s->flags[o] & OBJECT_IMMORTAL;
}

// References that nobody explains: held by native code. 0 for immortals. EDGES
static inline uint32_t snapshot_unexplained(const struct snapshot *s, uint32_t o)
{
    return snapshot_immortal(s, o) || s->refcount[o] <= s->explained[o]
               ? 0
               : s->refcount[o] - s->explained[o];
}

// NUL-terminated; "" for id 0.
static inline const char *snapshot_string(const struct snapshot *s, uint32_t id)
{
    return strtab_text(&s->strings, id);
}

// The ordinal of the object that starts at the address, or ORDINAL_NONE. COLUMNS
uint32_t snapshot_find(const struct snapshot *s, uint64_t address);
// The object that contains the address, start included, or ORDINAL_NONE. COLUMNS
uint32_t snapshot_find_containing(const struct snapshot *s, uint64_t address);

// ---- reading references ----

struct edge {
    uint32_t target;
    enum edge_kind kind;
    enum edge_class class;
    edge_name name;
};

// Walks the references of one object, weak and borrowed ones too. EDGES
struct edge_iter {
    const uint32_t *next, *end;
    struct shape_iter shape;
};

static inline struct edge_iter snapshot_edges(const struct snapshot *s, uint32_t o)
{
    assert(s->loaded & SNAPSHOT_EDGES && o < s->object_count);
    return (struct edge_iter){.next = s->targets + s->edge_begin[o],
                              .end = s->targets + s->edge_begin[o + 1],
                              .shape = shape_iter_begin(&s->shapes, s->shape[o])};
}

static inline bool edge_iter_next(struct edge_iter *iter, struct edge *edge)
{
    if (iter->next == iter->end)
        return false;
    struct shape_edge named;
    shape_iter_next(&iter->shape, &named);
    *edge = (struct edge){
        .target = *iter->next++, .kind = named.kind, .class = named.class, .name = named.name};
    return true;
}

// Whether edge number `e` (an index into targets) keeps its target alive. Walks over the whole
// graph use this and the targets, without unpacking names.
static inline bool snapshot_edge_retains(const struct snapshot *s, uint64_t e)
{
    return !s->weak_edges || !(s->weak_edges[e / 64] >> (e % 64) & 1);
}

// The objects that refer to `o`, rising, one entry for each reference. REFERRERS
static inline const uint32_t *snapshot_referrers(const struct snapshot *s, uint32_t o,
                                                 uint64_t *count)
{
    assert(s->loaded & SNAPSHOT_REFERRERS && o < s->object_count);
    *count = s->referrer_begin[o + 1] - s->referrer_begin[o];
    return s->referrers + s->referrer_begin[o];
}

// The first reference from source to target that retains, or else the first of any class.
bool snapshot_find_edge(const struct snapshot *s, uint32_t source, uint32_t target,
                        struct edge *edge);

// ---- names for people ----

// Whether an object has a label that may be shown. LABELS
bool snapshot_shows_label(const struct snapshot *s, uint32_t o);

// "shop.session.Session"; builtins without their module.
void snapshot_add_type_name(const struct snapshot *s, uint32_t type, struct strbuf *out);
// What ndjson calls the edge: "[0]", "['key']", "CACHE", "" when it has no name.
void snapshot_add_edge_name(const struct snapshot *s, const struct edge *edge, struct strbuf *out);
// "local 'rows' in load (app.py:12)", "module shop.session"
void snapshot_add_root_name(const struct snapshot *s, const struct snapshot_root *root,
                            struct strbuf *out);
// "dict 0x7f3a9c0d4e80"
void snapshot_add_object_name(const struct snapshot *s, uint32_t o, struct strbuf *out);

#endif
