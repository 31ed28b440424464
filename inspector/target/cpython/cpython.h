// The target for stock CPython, 3.8 to 3.13: what its parts share. Not for others.
//
//     probe.c     recognises a process                     runtime.h check.h layout.h: which
//     CPython capture.c   one after the other, and the facts       reader.h dict.h scalar.h: its
//     memory census.c    which addresses are objects              debug_offsets.h: what it says of
//     itself pools.c     the small-object allocator, walked without symbols types.c     types,
//     decoded once each text.c      names of edges, labels for people code.c      code objects:
//     names of locals, lines edges.c     what an object refers to; containers.c and frames.c: the
//     larger bodies size.c      sys.getsizeof roots.c     interpreters, modules, static data;
//     threads.c: threads and frames walk.c      all objects, one after the other
//
// How the set of objects is found. The collector's lists have what is tracked. The pools of the
// allocator have every small object, tracked or not: a block in use whose words are a count, a
// valid type, and what this type demands is an object. Everything else (static objects, large ones
// that nobody tracks) is found by following references: whatever an object or a root refers to is
// an object too. So the set is lists + pools + closure, and the order in which they are found does
// not matter. See census.c.
//
// Every address comes from the captured process and may be anything; every read goes through the
// reader, every loop has a limit of enum cpy_limit, containers draw on a budget.
#ifndef BRILLE_INSPECTOR_TARGET_CPYTHON_CPYTHON_H
#define BRILLE_INSPECTOR_TARGET_CPYTHON_CPYTHON_H

#include "inspector/base/arena.h"
#include "inspector/base/strbuf.h"
#include "inspector/base/vec.h"
#include "inspector/capture/capture.h"
#include "inspector/model/builder.h"
#include "inspector/target/cpython/dict.h"
#include "inspector/target/cpython/layout.h"
#include "inspector/target/cpython/reader.h"
#include "inspector/target/cpython/runtime.h"
#include "inspector/target/cpython/scalar.h"
#include "inspector/target/render.h"
#include "inspector/target/target.h"
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum cpy_limit {
    LIMIT_INTERPRETERS = 1 << 12,
    LIMIT_THREADS = 1 << 16,
    LIMIT_FRAMES = 1 << 20, // of one thread
    LIMIT_ARENAS = 1 << 22,
    LIMIT_ITEMS = 1 << 30, // of one container
    LIMIT_SUPER = 1000,    // classes above a class
    LIMIT_META = 16,       // bases of the type of a type
    LIMIT_MEMBERS = 4096,
    LIMIT_FIELDS = 1024,
    LIMIT_LOCALS = 1 << 16,
    LIMIT_STACK = 1 << 16, // slots of one frame
    LIMIT_BASICSIZE = 1 << 20,
    LIMIT_MODULE_STATE = 1 << 20,
    LIMIT_LINKS = 1 << 28, // of a chain
};

enum { USER_ADDRESS_BITS = 47 };

// bodies.def says which types have them.
enum cpy_body {
    BODY_OTHER,
    BODY_LIST,
    BODY_TUPLE,
    BODY_STRUCTSEQ, // a tuple with hidden items
    BODY_DICT,
    BODY_ODICT,
    BODY_SET,
    BODY_STR,
    BODY_BYTES,
    BODY_BYTEARRAY,
    BODY_INT,
    BODY_FLOAT,
    BODY_COMPLEX,
    BODY_TYPE,
    BODY_MODULE,
    BODY_CODE,
    BODY_FRAME,
    BODY_GENERATOR,
    BODY_DEQUE,
    BODY_LRU_CACHE,
    BODY_LRU_LINK,
    BODY_TEE_DATA,
    BODY_HAMT_BITMAP,
    BODY_HAMT_COLLISION,
    BODY_ELEMENT,
    BODY_GREENLET,
    BODY_NDARRAY,
    BODY_FUNCTION,
    BODY_METHOD,
    BODY_CFUNCTION,
    BODY_CELL,
    BODY_DESCRIPTOR,
    BODY_EXCEPTION,
};

static inline uint64_t word_at(const unsigned char *bytes, uint64_t offset)
{
    uint64_t value;
    memcpy(&value, bytes + offset, sizeof value);
    return value;
}

static inline uint32_t half_at(const unsigned char *bytes, uint64_t offset)
{
    uint32_t value;
    memcpy(&value, bytes + offset, sizeof value);
    return value;
}

// ---- types ----

struct cpy_field {
    uint32_t offset;
    uint8_t kind;  // enum edge_kind
    uint8_t class; // enum edge_class, for an object that the collector manages
    edge_name name;
};

struct cpy_type {
    uint64_t address; // 0: no type
    uint32_t id;      // in the builder
    uint32_t flags, basicsize, itemsize;
    int32_t dictoffset;
    uint8_t body;
    uint8_t prefix;     // bytes before its objects in their block: 0, 16, 32
    uint8_t type_class; // of the edge from an object to its type; only of heap types
    bool heap, gc, python_class, managed_dict, inline_values;
    bool is_bool;
    bool is_singleton; // of None, True, False, Ellipsis, NotImplemented
    bool c_sizes;      // its C type has a __sizeof__ of its own that size.c knows
    uint32_t field_count;
    struct cpy_field *fields;
    uint32_t real_items;      // of a structseq, hidden ones included
    uint32_t attribute_count; // names of the instances' attributes in their table's order
    edge_name *attributes;
    uint64_t cached_keys; // that table, 0: none
    const char *c_name;   // tp_name of the nearest C type
    const char *name;     // last part
};

// ---- objects ----

struct cpy_object {
    uint64_t address;
    const unsigned char *bytes; // local copy, header first; `prefix` bytes before it too
    uint64_t available;         // of the copy, from the header on; at least basicsize
    const struct cpy_type *type;
    uint64_t refcount;
    bool immortal;
    bool gc; // its references are reported by gc.get_referents
};

// ---- code ----

struct cpy_code {
    uint64_t address;
    const char *function, *file;
    uint32_t first_line, stack_size;
    uint32_t local_count; // arguments, variables, cells, free variables
    edge_name *local_ids;
    const char **local_names;
    uint64_t instructions; // address of the first (3.11 on)
    uint64_t traceable;    // of the first that is the program's; before it a frame is being set up
    uint64_t lines;        // bytes object: co_lnotab or co_linetable
};

enum { LINES_KEPT = 256 };
struct cpy_line {
    const struct cpy_code *code; // NULL: nothing is kept here
    uint64_t position;
    uint32_t line;
};

struct cpy_name_slot {
    uint64_t address;
    edge_name name;
};

struct census; // census.c

struct cpy_range {
    uint64_t begin, end;
};
VEC_DEFINE(cpy_range_vec, struct cpy_range);

// Writable data of a file.
struct cpy_data {
    uint64_t begin, end;
    uint64_t base; // where the file is mapped
    const char *file;
};
VEC_DEFINE(cpy_data_vec, struct cpy_data);

// ---- the walk ----

struct cpy {
    struct snapshot_builder *builder;
    struct cpy_runtime rt;
    const struct cpy_layout *l; // rt.layout
    struct cpy_reader mem;
    const struct capture *capture; // borrowed: mappings, threads
    struct arena arena;
    struct strbuf text, key_text; // scratch of labels and of names of keys

    struct cpy_type **types; // open addressing by address
    uint32_t type_count, type_slots;
    struct cpy_type *last_type;
    uint64_t *no_types;                         // addresses that are none: a cache
    uint64_t subtype_traverse, subtype_dealloc; // tp_traverse, tp_dealloc of Python classes

    struct cpy_code **codes;
    uint32_t code_count, code_slots;

    struct cpy_name_slot *keys;       // cache: key object -> name of the edge
    struct cpy_name_slot *attributes; // cache: str object -> plain name

    struct census *census;
    uint64_t general_lookup;     // up to 3.10: the function of tables with keys of any type
    struct u64_vec counted_keys; // tables of split dicts whose keys have been counted: a hash set
    uint32_t counted_keys_used;
    struct cpy_data_vec data;     // of all files, by address
    struct cpy_range_vec statics; // objects in the data of files
    uint64_t interned[4];         // dicts of interned strings
    uint32_t interned_count;

    bool collecting; // a collection was running
    uint64_t budget; // slots that may still be looked at
    uint64_t damage_count;
    const char *damage;                // the first of them
    struct cpy_line lines[LINES_KEPT]; // that have been looked up
    uint32_t interpreters;             // of cpy_next_interp: how many it has passed
};

// The runtime has been verified in the captured image.
struct error *cpy_init(struct cpy *cpy, struct snapshot_builder *builder,
                       const struct cpy_runtime *runtime, const struct capture *capture);
void cpy_deinit(struct cpy *cpy);
// Takes `count` slots from the budget; false when it has not as many.
bool cpy_spend(struct cpy *cpy, uint64_t count);
// Something is not as it must be; the walk goes on without it. `what` is a literal.
void cpy_damage(struct cpy *cpy, const char *what);
// Fills the builder with everything that the frozen memory holds.
struct error *cpy_walk(struct cpy *cpy);

static inline uint64_t cpy_hash(uint64_t address)
{
    return (address >> 3) * 0x9e3779b97f4a7c15ull >> 24;
}

// Interpreters, the newest first; *next is 0 in the beginning. False at the end.
bool cpy_next_interp(struct cpy *cpy, uint64_t *interp);
uint64_t cpy_gc_state(const struct cpy *cpy, uint64_t interp);

// ---- types.c ----

struct error *cpy_types_init(struct cpy *cpy);
void cpy_types_deinit(struct cpy *cpy);
// NULL when there is no type there.
struct cpy_type *cpy_type_get(struct cpy *cpy, uint64_t address);
uint64_t cpy_type_dict(struct cpy *cpy, uint64_t type, const unsigned char *bytes);
uint64_t cpy_type_subclasses(struct cpy *cpy, uint64_t type, const unsigned char *bytes);

// ---- pools.c ----

struct pool_row {
    uint64_t address, arena;
    uint32_t block_bytes;
};
VEC_DEFINE(pool_row_vec, struct pool_row);

// Finds the arenas, notes the objects in their pools; *ret: the pools that have any, by address.
struct error *cpy_pools_read(struct cpy *cpy, struct pool_row_vec *ret);
uint32_t cpy_pool_bytes(const struct cpy *cpy);
// Of each arena where its pools are, those that have been used; *bytes of one arena.
struct error *cpy_arenas_read(struct cpy *cpy, struct cpy_range_vec *ret, uint64_t *bytes);

// ---- census.c ----

struct error *cpy_census_take(struct cpy *cpy, struct pool_row_vec *pools);
void cpy_census_destroy(struct census *census);
// Whether there is an object; what is not in the pools or lists is looked at and remembered.
bool cpy_is_object(struct cpy *cpy, uint64_t address);
// The same for a word that may be anything.
bool cpy_may_be_object(struct cpy *cpy, uint64_t word);
// 0, 1, 2, GENERATION_PERMANENT; GENERATION_NONE when it is on no list.
unsigned cpy_generation_of(const struct cpy *cpy, uint64_t address);
// A count and a type that an object can have.
bool cpy_header_is_sane(struct cpy *cpy, const unsigned char header[16]);
void cpy_note_pool(struct cpy *cpy, uint64_t address, uint32_t bytes);
void cpy_note_pool_object(struct cpy *cpy, uint64_t address);
// Objects outside the pools, in the order found; more are found while they are walked.
bool cpy_next_extra(struct cpy *cpy, uint64_t *address);
void cpy_census_sort_extras(struct cpy *cpy);
bool cpy_mark_is_extra(unsigned mark);
// Marks of the objects in [begin, begin + 64 KiB), four bits for each 16 bytes; NULL when there are
// none. Good until the next object is noted.
const uint8_t *cpy_census_marks(const struct cpy *cpy, uint64_t begin);

// ---- text.c: names are ids of the builder's strings ----

bool cpy_text_of_str(struct cpy *cpy, uint64_t address, struct strbuf *out); // plain, cut
void cpy_add_repr(struct cpy *cpy, uint64_t address, int depth, struct strbuf *out);
edge_name cpy_name_of_str(struct cpy *cpy, uint64_t address); // of an attribute or variable
edge_name cpy_name_of_key(struct cpy *cpy, uint64_t address); // of a dict entry
edge_name cpy_name(struct cpy *cpy, const char *text);
void cpy_add_label(struct cpy *cpy, const struct cpy_object *o); // of the object added last

// ---- code.c ----

struct cpy_code *cpy_code_get(struct cpy *cpy, uint64_t address);
// The line of an instruction; `position` is what the frame has: f_lasti (up to 3.10, in bytes as
// the line table counts), or the address of the instruction.
uint32_t cpy_code_line(struct cpy *cpy, const struct cpy_code *code, uint64_t position);

// ---- edges.c ----

void cpy_add_edges(struct cpy *cpy, const struct cpy_object *o);
void cpy_edge(struct cpy *cpy, uint64_t target, enum edge_kind kind, enum edge_class edge_class,
              edge_name name);
// Strong references: how they count depends on the object.
static inline enum edge_class cpy_strong(const struct cpy_object *o)
{
    return o->gc ? CLASS_TRAVERSED : CLASS_OWNED;
}
// The words of [address, address + bytes) that are objects, as conservative edges.
void cpy_scan(struct cpy *cpy, uint64_t address, uint64_t bytes);
// Pointers of an object, from its copy or, beyond that, from memory; NULL ones are skipped.
void cpy_items(struct cpy *cpy, const struct cpy_object *o, uint64_t address, uint64_t count,
               enum edge_kind kind, enum edge_class edge_class);
bool cpy_item_count(struct cpy *cpy, const struct cpy_object *o, uint64_t *count);

// containers.c
void cpy_add_dict(struct cpy *cpy, const struct cpy_object *o);
void cpy_add_odict(struct cpy *cpy, const struct cpy_object *o);
void cpy_add_set(struct cpy *cpy, const struct cpy_object *o);
void cpy_add_deque(struct cpy *cpy, const struct cpy_object *o);
void cpy_add_lru_cache(struct cpy *cpy, const struct cpy_object *o);
void cpy_add_element(struct cpy *cpy, const struct cpy_object *o);
// True the first time that it is asked about a table.
bool cpy_count_keys_once(struct cpy *cpy, uint64_t keys);

// greenlet.c
void cpy_add_greenlet(struct cpy *cpy, const struct cpy_object *o);
// Code objects of its outermost and innermost frame; false while it is not suspended.
bool cpy_greenlet_code(struct cpy *cpy, const struct cpy_object *o, uint64_t *outermost,
                       uint64_t *innermost);

// ndarray.c
void cpy_add_ndarray(struct cpy *cpy, const struct cpy_object *o);
uint64_t cpy_extra_of_ndarray(struct cpy *cpy, const struct cpy_object *o); // of its size

// frames.c
void cpy_add_frame(struct cpy *cpy, const struct cpy_object *o);
void cpy_add_generator(struct cpy *cpy, const struct cpy_object *o);
void cpy_add_code(struct cpy *cpy, const struct cpy_object *o);

// ---- size.c ----

uint64_t cpy_object_size(struct cpy *cpy, const struct cpy_object *o);
bool cpy_size_is_special(const char *c_name);

// ---- roots.c, threads.c ----

struct error *cpy_find_data(struct cpy *cpy);
// Whether the address is in the data of a file: an object there was made by the compiler.
bool cpy_is_static(const struct cpy *cpy, uint64_t address);
// Such an object, and the memory that it occupies: its words are no roots.
void cpy_add_static(struct cpy *cpy, const struct cpy_object *o, uint64_t begin, uint64_t bytes);
// Words of the data of all files that are objects. Last: what they lead to is walked afterwards.
void cpy_add_static_roots(struct cpy *cpy);

void cpy_root(struct cpy *cpy, uint64_t target, enum root_kind kind, enum edge_class edge_class,
              const char *name, uint32_t thread, uint32_t frame);
void cpy_add_roots(struct cpy *cpy);
void cpy_add_threads(struct cpy *cpy, uint64_t interp);
// Of a thread state's bytes. The kernel's id, 0 when it cannot be told; the name that Python knows.
uint64_t cpy_thread_id(struct cpy *cpy, const unsigned char *tstate);
void cpy_thread_name(struct cpy *cpy, const unsigned char *tstate, struct strbuf *name);
// The GIL that serves an interpreter, 0 for none.
uint64_t cpy_gil(struct cpy *cpy, uint64_t interp);
// What a thread, of its state's address and bytes, has to do with it.
enum gil_state cpy_gil_state(struct cpy *cpy, uint64_t gil, uint64_t tstate,
                             const unsigned char *bytes);

// ---- stack.c ----

// The stacks of all threads, as they were captured.
struct error *cpy_read_stacks(const struct capture *capture, const struct cpy_runtime *runtime,
                              struct stack_dump *ret);

// ---- look.c ----

struct look;
struct look_gil;
struct look_pools;
struct error *cpython_looker_create(pid_t pid, struct looker **ret);
void cpython_looker_destroy(struct looker *looker);
struct error *cpython_look(struct looker *looker, struct look *ret);
struct error *cpython_look_gil(struct looker *looker, struct look_gil *ret);
struct error *cpython_look_pools(struct looker *looker, struct look_pools *ret);

// ---- the target ----

bool cpython_probe(pid_t pid, struct target_process *process);
// The runtime of a process as it is now.
struct error *cpy_runtime_of(pid_t pid, struct cpy_runtime *ret);
// That of a core file.
struct error *cpy_runtime_of_core(struct capture *core, struct cpy_runtime *ret);
struct error *cpython_stacks(pid_t pid, const struct heap_options *options, struct stack_dump *ret);
struct error *cpython_probe_core(struct capture *core);
struct error *cpython_read_core(struct capture *core, struct snapshot_builder *builder);
struct error *cpython_core_stacks(struct capture *core, struct stack_dump *ret);
struct error *cpython_locator_create(pid_t pid, struct locator **ret);
void cpython_locator_destroy(struct locator *locator);
bool cpython_locate(struct locator *locator, const struct perf_sample *sample, uint32_t *ret);
bool cpython_resolve(struct locator *locator, uint32_t number, struct code_place *ret);
struct error *cpython_object_at(pid_t pid, uint64_t address, struct target_object *ret);
struct error *cpython_gil_record(pid_t pid, const struct gil_watch_options *options,
                                 const char *path);
struct error *cpython_gil_sample(pid_t pid, const struct gil_watch_options *options,
                                 struct gil_sampled *ret);
struct error *cpython_capture(pid_t pid, const struct heap_options *options,
                              struct snapshot_builder *builder);

#endif
