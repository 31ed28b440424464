// The target for this project's own interpreter: what its parts share. Not for others.
//
//     probe.c     recognises a process
//     park.c      brings it to a safepoint (hooks of a capture)
//     table.c     the introspection table
//     vmem.c      memory, cached
//     types.c     types, decoded once each: name, fields, shape
//     text.c      strings, keys and labels for people
//     code.c      code objects: names of locals, lines
//     gclists.c   which generation an object is in
//     walk.c      every object: pools, large blocks, static data
//     edges.c     what an object refers to
//     roots.c     threads, frames, handles, the runtime
//     capture.c   one after the other, and the facts about it
//     core.c      the same from a core file
//     replay.c    a heap from a trace
//     stack.c     the stacks of all threads
//     look.c      what can be seen while it runs on
//
// Nothing here includes vm/: what is known of the interpreter's structures is the introspection
// table and the kinds in tracer/abi/objkinds.def. Every address comes from the captured process and
// may be anything; every read goes through vmem, every loop has a limit from vm_limit.
#ifndef BRILLE_INSPECTOR_TARGET_OWNVM_OWNVM_H
#define BRILLE_INSPECTOR_TARGET_OWNVM_OWNVM_H

#include "inspector/base/arena.h"
#include "inspector/base/strbuf.h"
#include "inspector/base/vec.h"
#include "inspector/capture/capture.h"
#include "inspector/model/builder.h"
#include "inspector/target/ownvm/table.h"
#include "inspector/target/ownvm/vmem.h"
#include "inspector/target/render.h"
#include "inspector/target/stack_dump.h"
#include "inspector/target/target.h"
#include "tracer/read/link.h"
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum vm_limit {
    LIMIT_ARENAS = 1 << 20,
    LIMIT_THREADS = 1 << 16,
    LIMIT_FRAMES = 1 << 20, // of one thread
    LIMIT_HANDLES = 1 << 20,
    LIMIT_HANDLE_SLOTS = 1 << 24,
    LIMIT_REGISTERS = 1 << 24,
    LIMIT_ITEMS = 1 << 30, // of one container
    LIMIT_SUPER = 1000,    // classes above a class
    LIMIT_FIELDS = 4096,
    LIMIT_LOCALS = 1 << 16,
    LIMIT_LINES = 1 << 22,
    LIMIT_BASICSIZE = 1 << 20,
    LIMIT_TUPLE_FIELDS = 256, // items of a named tuple, hidden ones included
};

enum vm_body {
#define BODY(id, name, doc) VM_BODY_##name = id,
#include "tracer/abi/objkinds.def"
};

enum vm_edge_class {
#define EDGE_CLASS(id, name, doc) VM_EDGE_##name = id,
#include "tracer/abi/objkinds.def"
};

enum vm_pool_kind {
#define POOL_KIND(id, name, prefix, doc) VM_POOL_##name = id,
#include "tracer/abi/objkinds.def"
};

// ---- structures of the process, copied ----

// One structure, and zeros behind it: a member may begin where it ends.
struct vm_struct {
    _Alignas(16) unsigned char bytes[TABLE_STRUCT_MAX + 16];
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

struct vm_field {
    uint32_t offset;
    uint8_t kind;  // enum edge_kind
    uint8_t class; // enum edge_class, as the table of fields says
    edge_name name;
};

struct vm_type {
    uint64_t address;
    uint32_t id; // in the builder
    uint32_t flags, basicsize, itemsize;
    uint32_t room_offset; // of the number of units in memory beside an instance
    uint8_t room_unit;    // bytes, 0 for none
    uint8_t body;
    bool heap, gc, managed, counts_size; // counts_size: has a size function of its own
    uint32_t field_count, static_field_count;
    struct vm_field *fields;
    uint32_t shape_count;
    edge_name *shape_names;
    uint32_t name_offset; // of a field called "name", 0 if it has none: a label
    const char *name;     // last part
};

// ---- code ----

struct vm_code {
    uint64_t address;
    const char *function, *file;
    uint64_t words;
    uint32_t first_line, local_count, line_count;
    uint64_t lines;
    edge_name *local_ids;
    const char **local_names;
};

// ---- the walk ----

struct vm_object {
    uint64_t address;
    const unsigned char *bytes; // local copy, header first; `prefix` bytes before it too
    uint64_t available;         // of the copy, from the header on
    unsigned prefix;
    const struct vm_type *type;
    bool immortal;
    bool gc; // its references are reported by gc.get_referents
};

struct vm_name_slot {
    uint64_t address;
    edge_name name;
};

struct vm_generations; // gclists.c

struct vm {
    struct snapshot_builder *builder;
    struct introspect t;
    uint64_t pool_base, pool_span, large_base, large_span; // where heap blocks come from
    struct vmem mem;
    struct arena arena;
    struct strbuf text, key_text; // scratch of labels and of keys

    struct vm_type **types; // open addressing by address
    uint32_t type_count, type_slots;
    struct vm_type *last_type;

    struct vm_code **codes;
    uint32_t code_count, code_slots;

    struct vm_name_slot *keys;       // cache: key object -> name of the edge
    struct vm_name_slot *attributes; // cache: str object -> plain name

    struct vm_generations *generations;
    struct u64_vec statics; // objects found outside the heap, in the order found
    uint64_t *static_slots; // hash of the same
    uint32_t static_slot_count;
    uint64_t event_seq; // the position that the next event would have had
    bool has_event_seq;
    uint64_t modules; // address of the dict sys.modules
    uint64_t interned;

    // Slots that may still be looked at. Each slot of a sane heap belongs to one container and has
    // been written, so there are no more than the process has written memory for; containers that
    // claim more are nonsense. Whatever has a length or a successor draws on it: items, entries,
    // registers, handles, frames, threads, large blocks, classes above a class.
    uint64_t budget;
    uint64_t damage_count; // things that made no sense
    const char *damage;    // the first of them
};

struct error *vm_init(struct vm *vm, struct snapshot_builder *builder, const struct vm_table *table,
                      struct mem_source *source);
void vm_deinit(struct vm *vm);
// Bounds the walk by the memory that the process has; without it, there is no bound in all. The
// capture must outlive the walk.
void vm_set_bounds(struct vm *vm, const struct capture *capture);
// Takes `count` slots from the budget; false when it has not as many.
bool vm_spend(struct vm *vm, uint64_t count);
// Fills the builder with everything that the frozen memory holds.
struct error *vm_walk(struct vm *vm);
// Something is not as it must be; the walk goes on without it. `what` is a literal.
void vm_damage(struct vm *vm, const char *what);

// Reads a structure of the process and zeroes what is behind it.
bool vm_read_struct(struct vm *vm, uint64_t address, uint64_t size, struct vm_struct *ret);

static inline uint64_t vm_hash(uint64_t address)
{
    return (address >> 3) * 0x9e3779b97f4a7c15ull >> 24;
}

// types.c: NULL when there is no type there.
struct vm_type *vm_type_get(struct vm *vm, uint64_t address);
uint64_t vm_object_size(struct vm *vm, const struct vm_object *o);

// code.c
struct vm_code *vm_code_get(struct vm *vm, uint64_t address);
uint32_t vm_code_line(struct vm *vm, const struct vm_code *code, uint64_t pc);

// text.c. Names are ids of the builder's strings.
bool vm_text_of_str(struct vm *vm, uint64_t address, struct strbuf *out); // plain, cut
void vm_add_repr(struct vm *vm, uint64_t address, int depth, struct strbuf *out);
edge_name vm_name_of_str(struct vm *vm, uint64_t address);   // of an attribute or variable
edge_name vm_name_of_key(struct vm *vm, uint64_t address);   // of a dict entry
void vm_add_label(struct vm *vm, const struct vm_object *o); // of the object added last

// gclists.c
struct error *vm_generations_read(struct vm *vm);
void vm_generations_destroy(struct vm_generations *generations);
// 0, 1, 2, GENERATION_PERMANENT; GENERATION_NONE when untracked.
unsigned vm_generation_of(const struct vm *vm, uint64_t address);

// walk.c
void vm_read_ranges(struct vm *vm); // first: pool_base and so on
void vm_walk_heap(struct vm *vm);
void vm_walk_statics(struct vm *vm); // last: edges and roots find some
void vm_note_target(struct vm *vm, uint64_t target);

// edges.c
void vm_add_edges(struct vm *vm, const struct vm_object *o);

// roots.c
void vm_add_roots(struct vm *vm);

// park.c: what the hooks need and what they find out. Made by capture_context_create.
struct vm_park {
    uint64_t gil_locked;        // address of the word
    struct trace_control *page; // NULL: no control page
    uint32_t ticket;
    uint32_t classes; // switched on at the moment of the capture
    uint32_t epoch;   // that began with it; 0: unknown
};
extern const struct capture_safepoint vm_safepoint;

// capture.c: what a capture needs to know before it stops the process.
struct vm_freezing {
    struct control_link link; // page NULL: there is none
    struct vm_park *park;     // shared with the keeper: context of vm_safepoint
    struct vm_table table;    // as read from the running process
};

// Also after a failed init, which leaves `f` empty or half filled.
void vm_freezing_deinit(struct vm_freezing *f);
struct error *vm_freezing_init(pid_t pid, struct vm_freezing *f);
// An exec between the two readings of the table would make nonsense of everything.
struct error *vm_freezing_check(const struct vm_freezing *f, struct mem_source *mem);

// stack.c
struct error *ownvm_object_at(pid_t pid, uint64_t address, struct target_object *ret);
struct error *ownvm_stacks(pid_t pid, const struct heap_options *options, struct stack_dump *ret);

// look.c
struct look;
struct look_gil;
struct look_pools;
struct error *ownvm_looker_create(pid_t pid, struct looker **ret);
void ownvm_looker_destroy(struct looker *looker);
struct error *ownvm_look(struct looker *looker, struct look *ret);
struct error *ownvm_look_gil(struct looker *looker, struct look_gil *ret);
struct error *ownvm_look_pools(struct looker *looker, struct look_pools *ret);

// capture.c, replay.c, probe.c
bool ownvm_probe(pid_t pid, struct target_process *process);
struct error *ownvm_capture(pid_t pid, const struct heap_options *options,
                            struct snapshot_builder *builder);
struct error *ownvm_probe_core(struct capture *core);
struct error *ownvm_read_core(struct capture *core, struct snapshot_builder *builder);
struct error *ownvm_core_stacks(struct capture *core, struct stack_dump *ret);
struct error *ownvm_replay(const char *path, const struct trace_position *position,
                           struct snapshot_builder *builder);

#endif
