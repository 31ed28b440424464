// A hostile introspection table, and the memory of a hostile brille-python behind it: the table is
// refused or its offsets are good, and then whatever the memory says, walking it comes to an end
// with a sound snapshot.
//
// An input is a table and up to MEMORY_BYTES of memory, which begin at BASE. The seeds have a
// layout of their own, made from the names of the rows: each structure's members follow each other.
// Their memory is a small heap: types of all body kinds, a pool of objects that refer to each other
// at random, a large block, a thread with a frame.
#include "tests/fuzz/fuzz.h"

#include "inspector/target/ownvm/ownvm.h"

#include <assert.h>
#include <stdlib.h>

enum {
    BASE = 0x10000000,
    MEMORY_BYTES = 48 * 1024,
    POOL_BYTES = 4096,
    TEXT = BASE + 0x7000,
    FIELDS = BASE + 0x7100,
    ARENAS = BASE + 0x7200,
    LARGE = BASE + 0x7400,
    TABLES = BASE + 0x7800, // of dicts, sets, deques, values: what objects point at
    POOLS = BASE + 0x8000,  // two of them
    BLOCK_BYTES = 112,
    BUDGET = 10 * 1000,
};

static const char *const NAMES[] = {
#define ROW(name, expression) #name,
#include "tracer/abi/introspect.def"
};

// ---- seeds: the table ----

static uint64_t *row_at(struct introspect *t, size_t index)
{
    return (uint64_t *)((char *)t + offsetof(struct introspect, size_of_object)) + index;
}

static size_t owner_of(const char *name)
{
    size_t found = INTROSPECT_ROWS, longest = 0;
    for (size_t i = 0; i < INTROSPECT_ROWS; i++) {
        const char *owner = NAMES[i] + strlen("size_of_");
        if (strncmp(NAMES[i], "size_of_", strlen("size_of_")) != 0)
            continue;
        const size_t length = strlen(owner);
        if (length > longest && strncmp(name, owner, length) == 0 && name[length] == '_') {
            longest = length;
            found = i;
        }
    }
    return found;
}

static void place_members(struct introspect *t)
{
    uint64_t used[INTROSPECT_ROWS] = {0}, address = BASE;
    for (size_t i = 0; i < INTROSPECT_ROWS; i++)
        if (strncmp(NAMES[i], "size_of_", 8) == 0)
            *row_at(t, i) = 16;
    for (size_t i = 0; i < INTROSPECT_ROWS; i++) {
        const size_t owner = owner_of(NAMES[i]);
        if (strncmp(NAMES[i], "address_", 8) == 0) {
            *row_at(t, i) = address;
            address += 512;
        } else if (strncmp(NAMES[i], "flag_", 5) == 0) {
            *row_at(t, i) = UINT64_C(1) << (i % 20);
        } else if (strncmp(NAMES[i], "size_of_", 8) != 0 && owner < INTROSPECT_ROWS) {
            *row_at(t, i) = used[owner];
            used[owner] += 8;
            *row_at(t, owner) = (used[owner] + 31) / 16 * 16;
        } else if (strncmp(NAMES[i], "size_of_", 8) != 0) {
            *row_at(t, i) = 16 + i % 4 * 8;
        }
    }
    assert(address <= TEXT);
}

static void set_constants(struct introspect *t)
{
    t->size_of_object = 16;
    t->object_refcnt = 0;
    t->object_epoch = 4;
    t->object_type = 8;
    t->immortal_bit = 1u << 30;
    t->size_of_var = 24;
    t->var_size = 16;
    t->pool_bytes = t->arena_bytes = POOL_BYTES;
    t->arena_bytes = 2 * POOL_BYTES;
    t->pool_header_bytes = 128;
    t->region_bytes = 1 << 21;
    t->block_max = 512;
    t->size_class_count = 32;
    t->pool_kind_count = 4;
    t->prefix_gc = 16;
    t->prefix_managed = 32;
    t->managed_values = 32;
    t->managed_dict = 24;
    t->size_of_large = 48;
    t->large_next = 0;
    t->large_bytes = 8;
    t->large_kind = 16;
    t->shape_max = 8;
    t->gc_generation_number = 3;
    t->static_type_count = 15;
    t->runtime_root_capacity = 4;
    t->size_of_runtime += 64;
    t->deque_block_capacity = 4;
    t->size_of_deque_block = 64;
    t->deque_block_items = 16;
    t->size_of_gen += t->size_of_frame;
    t->gen_frame = 16;
    t->gen_regs = t->size_of_gen - 16;
    t->size_of_dict_entry = 24;
    t->size_of_dict_entry_str = t->size_of_set_entry = 16;
    t->dict_entry_key = 8;
    t->dict_entry_value = 16;
    t->dict_entry_str_key = t->set_entry_key = 0;
    t->dict_entry_str_value = 8;
    t->values_order = 8;
    t->values_v = 16;
    t->tuple_items = 24;
    t->str_length = 16;
    t->float_value = 16;
    t->int_limbs = t->bytes_data = 24;
}

static void make_table(struct introspect *t)
{
    *t = (struct introspect){.abi_major = INTROSPECT_ABI_MAJOR,
                             .size = sizeof *t,
                             .row_count = INTROSPECT_ROWS,
                             .tail = INTROSPECT_TAIL};
    memcpy(t->magic, INTROSPECT_MAGIC, sizeof t->magic);
    place_members(t);
    set_constants(t);
}

// ---- seeds: the memory ----

struct image {
    struct introspect table;
    unsigned char bytes[MEMORY_BYTES];
    uint64_t random;
};

static void put(struct image *m, uint64_t address, uint64_t value)
{
    assert(address >= BASE && address + 8 <= BASE + MEMORY_BYTES);
    memcpy(m->bytes + (address - BASE), &value, sizeof value);
}

static void put_half(struct image *m, uint64_t address, uint32_t value)
{
    assert(address >= BASE && address + 4 <= BASE + MEMORY_BYTES);
    memcpy(m->bytes + (address - BASE), &value, sizeof value);
}

static uint32_t roll(struct image *m, uint32_t bound)
{
    m->random = m->random * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(m->random >> 33) % bound;
}

static uint64_t type_at(const struct image *m, unsigned index)
{
    return m->table.address_type_type + index * 512;
}

static uint64_t object_at(unsigned index)
{
    const unsigned each = (POOL_BYTES - 128) / BLOCK_BYTES;
    return POOLS + index / each * POOL_BYTES + 128 + index % each * (uint64_t)BLOCK_BYTES + 16;
}

enum { OBJECTS = 2 * ((POOL_BYTES - 128) / BLOCK_BYTES) };

static void put_type(struct image *m, unsigned index)
{
    const struct introspect *t = &m->table;
    const uint64_t type = type_at(m, index);
    put(m, type, 1);
    put(m, type + t->object_type, type_at(m, 0));
    put(m, type + t->type_name, TEXT + index % 3);
    put_half(m, type + t->type_basicsize, 48);
    put_half(m, type + t->type_itemsize, index % 2 ? 8 : 0);
    put_half(m, type + t->type_flags, (uint32_t)(index % 3 ? t->flag_gc : t->flag_heap));
    put_half(m, type + t->type_body, index % 15);
    put_half(m, type + t->type_field_count, index % 2);
    put(m, type + t->type_fields, FIELDS);
    put(m, type + t->type_dict, object_at(3));
    put(m, t->address_static_types + 8 * index, type);
}

// Mostly what it says is small or the address of something.
static uint64_t soup(struct image *m)
{
    switch (roll(m, 6)) {
    case 0:
        return roll(m, 8);
    case 1:
        return TABLES + roll(m, 64) * 16;
    case 2:
        return TEXT;
    default:
        return object_at(roll(m, OBJECTS));
    }
}

static void put_pool(struct image *m, unsigned index)
{
    const struct introspect *t = &m->table;
    const uint64_t pool = POOLS + index * (uint64_t)POOL_BYTES;
    const uint16_t used = (POOL_BYTES - 128) / BLOCK_BYTES;
    put_half(m, pool + t->pool_block_bytes, BLOCK_BYTES);
    put_half(m, pool + t->pool_carve_offset, POOL_BYTES);
    put_half(m, pool + t->pool_used, used);
    put_half(m, pool + t->pool_capacity, used);
    put_half(m, pool + t->pool_kind, VM_POOL_GC);
    put_half(m, pool + t->pool_in_use, 1);
}

static void put_objects(struct image *m)
{
    for (unsigned i = 0; i < OBJECTS; i++) {
        const uint64_t object = object_at(i);
        put(m, object - 16, i + 1 < OBJECTS ? object_at(i + 1) - 16 : m->table.address_gc);
        put(m, object, 1 + roll(m, 3));
        put(m, object + 8, type_at(m, roll(m, 22)));
        for (unsigned at = 16; at + 8 <= BLOCK_BYTES - 16; at += 8)
            put(m, object + at, at == 16 ? roll(m, 6) : soup(m));
    }
    for (uint64_t at = TABLES; at < POOLS; at += 8)
        put(m, at, soup(m));
}

static void put_roots(struct image *m)
{
    const struct introspect *t = &m->table;
    const uint64_t thread = LARGE + 0x100, frame = LARGE + 0x280;
    put(m, t->address_runtime + t->runtime_threads, thread);
    put(m, t->address_runtime + t->runtime_modules, object_at(5));
    put(m, t->address_gil + t->gil_holder, thread);
    put(m, thread + t->thread_tid, 77);
    put(m, thread + t->thread_frame, frame);
    put(m, thread + t->thread_regs, TABLES);
    put(m, thread + t->thread_name, TEXT);
    put(m, frame + t->frame_code, object_at(7));
    put(m, frame + t->frame_regs, TABLES);
    put(m, frame + t->frame_top, TABLES + 64);
    put(m, t->address_gc + t->gc_generations, object_at(0) - 16);
}

static void put_heap(struct image *m)
{
    const struct introspect *t = &m->table;
    const uint64_t heap = t->address_heap;
    put(m, heap + t->heap_pool_base, POOLS);
    put(m, heap + t->heap_pool_span, 2 * POOL_BYTES);
    put(m, heap + t->heap_large_base, LARGE);
    put(m, heap + t->heap_large_span, 0x100);
    put(m, heap + t->heap_arenas, ARENAS);
    put(m, heap + t->heap_arena_count, 1);
    put(m, heap + t->heap_large, LARGE);
    put(m, heap + t->heap_large_count, 1);
    put(m, ARENAS + t->arena_base, POOLS);
    put_half(m, ARENAS + t->arena_carved, 2);
    put(m, LARGE + t->large_bytes, 128);
    put_half(m, LARGE + t->large_kind, VM_POOL_PLAIN);
    put(m, LARGE + t->size_of_large, 1);
    put(m, LARGE + t->size_of_large + 8, type_at(m, 1));
    put(m, FIELDS + t->field_name, TEXT);
    put_half(m, FIELDS + t->field_offset, 24);
    put(m, TEXT, 0x006563617274); // "trace"
}

static void make_image(struct image *m, uint64_t random)
{
    memset(m, 0, sizeof *m);
    m->random = random;
    make_table(&m->table);
    for (unsigned i = 0; i < 22; i++)
        put_type(m, i);
    put_objects(m);
    put_heap(m);
    put_roots(m);
    put_pool(m, 0);
    put_pool(m, 1);
}

void fuzz_seeds(fuzz_seed *seed, void *context)
{
    static struct image m;
    char name[32];
    for (unsigned i = 0; i < 8; i++) {
        make_image(&m, i);
        struct error *err = vm_table_check(&m.table);
        if (err)
            error_print(stderr, err);
        assert(!err);
        snprintf(name, sizeof name, "image-%u", i);
        seed(context, name, (const uint8_t *)&m, sizeof m.table + MEMORY_BYTES);
    }
}

// A table that is refused is soon tried; mostly the memory alone is changed.
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t limit, unsigned seed)
{
    const size_t head = offsetof(struct introspect, size_of_object);
    static struct introspect table; // a good one
    if (size <= sizeof table || seed % 4 == 0) {
        size = LLVMFuzzerMutate(data, size, limit);
    } else {
        size = sizeof table +
               LLVMFuzzerMutate(data + sizeof table, size - sizeof table, limit - sizeof table);
    }
    if (!*table.magic)
        make_table(&table);
    if (size >= head && seed % 32 != 0)
        memcpy(data, &table, head);
    return size;
}

// ---- one input ----

static void accept_error(struct error *err)
{
    if (!err)
        return;
    assert(err->message && !strchr(err->message, '\n') && err->code != ERROR_NO_MEMORY);
    error_destroy(err);
}

static struct error *walk(const struct vm_table *table, struct mem_source *mem,
                          struct snapshot **ret)
{
    _cleanup_(snapshot_builder_destroy_at) struct snapshot_builder *builder = NULL;
    struct vm vm;
    TRY(snapshot_builder_create(&builder));
    struct error *err = vm_init(&vm, builder, table, mem);
    vm.budget = BUDGET;
    if (!err)
        err = vm_walk(&vm);
    vm_deinit(&vm);
    return err ? err : snapshot_builder_finish(builder, ret);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_mem_source_ struct mem_source *mem = NULL;
    _cleanup_(snapshot_destroy_at) struct snapshot *snapshot = NULL;
    struct vm_table table = {0};
    if (size < sizeof table.rows)
        return 0;
    memcpy(&table.rows, data, sizeof table.rows);
    struct error *err = vm_table_check(&table.rows);
    if (!err)
        err = mem_buffer_create(&mem);
    if (!err && size > sizeof table.rows)
        err = mem_buffer_add(mem, remote_at(BASE), data + sizeof table.rows,
                             size - sizeof table.rows);
    if (!err)
        err = walk(&table, mem, &snapshot);
    if (!err)
        snapshot_check(snapshot);
    accept_error(err);
    return 0;
}
