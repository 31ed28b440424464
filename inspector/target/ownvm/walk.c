// Every object of the heap: arena by arena, pool by pool, then the large blocks, then the static
// objects that references have led to.
//
// A pool has blocks of one size and one kind (RAW ones hold no objects); a block is in use if and
// only if the type word of its object is not zero. So nothing is guessed: what this finds is what
// there is. Arenas are taken in the order of their addresses, so that the builder need not sort.
//
// Static objects (None, small ints, built-in types, ...) are not in any list but the one of types;
// the others are known by being referred to: whatever lies outside the ranges of addresses that
// heap blocks come from, has the immortal bit and a valid type.
#include "inspector/target/ownvm/ownvm.h"

#include <stdlib.h>

// Of a large block only the beginning is copied, as much as the object's fixed part needs: what it
// has more of (items, attribute values) is read where it is needed, and most of it (text, bytes)
// never.
enum { LARGE_LOCAL_LEAST = 1024, LARGE_LOCAL_MOST = 64 * 1024 };

// ---- one object ----

static uint64_t believable_size(struct vm *vm, const struct vm_object *o)
{
    const uint64_t size = vm_object_size(vm, o);
    if (snapshot_builder_has_room(vm->builder, size))
        return size;
    vm_damage(vm, "an object claims to be larger than all memory");
    return o->type->basicsize;
}

static void visit(struct vm *vm, uint64_t address, const unsigned char *bytes, uint64_t available,
                  unsigned prefix)
{
    const struct introspect *t = &vm->t;
    struct vm_object o = {
        .address = address, .bytes = bytes, .available = available, .prefix = prefix};
    o.type = vm_type_get(vm, word_at(bytes, t->object_type));
    if (!o.type)
        return;
    // An ASCII text is shorter than its type says.
    const bool is_text = o.type->body == VM_BODY_STR && o.type->field_count == 0;
    if ((is_text ? t->size_of_str : o.type->basicsize) > available) {
        vm_damage(vm, "an object is larger than its block");
        return;
    }
    const uint32_t refcount = half_at(bytes, t->object_refcnt);
    const unsigned generation = vm_generation_of(vm, address);
    o.immortal = refcount & t->immortal_bit;
    o.gc = o.type->gc && !o.immortal;
    snapshot_builder_object(vm->builder, &(struct builder_object){
                                             .address = address,
                                             .size_bytes = believable_size(vm, &o),
                                             .refcount = refcount,
                                             .type = o.type->id,
                                             .epoch = half_at(bytes, t->object_epoch),
                                             .generation = (uint8_t)generation,
                                             .tracked = generation != GENERATION_NONE,
                                             .immortal = o.immortal,
                                         });
    vm_add_label(vm, &o);
    vm_add_edges(vm, &o);
}

// ---- pools ----

static unsigned prefix_of_kind(const struct introspect *t, unsigned kind)
{
    return kind == VM_POOL_MANAGED ? (unsigned)t->prefix_managed
           : kind == VM_POOL_GC    ? (unsigned)t->prefix_gc
                                   : 0;
}

static void walk_blocks(struct vm *vm, uint64_t pool, const unsigned char *bytes,
                        uint32_t block_bytes, uint32_t carved, unsigned prefix)
{
    const struct introspect *t = &vm->t;
    for (uint64_t at = t->pool_header_bytes; at + block_bytes <= carved; at += block_bytes)
        if (word_at(bytes + at + prefix, t->object_type))
            visit(vm, pool + at + prefix, bytes + at + prefix, block_bytes - prefix, prefix);
}

static void add_pool_row(struct vm *vm, uint64_t address, uint64_t arena, const unsigned char *pool,
                         bool in_use)
{
    const struct introspect *t = &vm->t;
    uint16_t used, capacity;
    memcpy(&used, pool + t->pool_used, sizeof used);
    memcpy(&capacity, pool + t->pool_capacity, sizeof capacity);
    snapshot_builder_pool(vm->builder,
                          &(struct snapshot_pool){
                              .address = address,
                              .arena = arena,
                              .block_bytes = in_use ? half_at(pool, t->pool_block_bytes) : 0,
                              .capacity = in_use ? capacity : 0,
                              .used = in_use ? used : 0,
                          });
}

static void walk_pool(struct vm *vm, uint64_t address, uint64_t arena, unsigned char *bytes)
{
    const struct introspect *t = &vm->t;
    if (!vmem_read(&vm->mem, address, bytes, t->pool_header_bytes)) {
        vm_damage(vm, "a pool cannot be read");
        return;
    }
    const unsigned kind = bytes[t->pool_kind];
    const uint32_t block_bytes = half_at(bytes, t->pool_block_bytes);
    const uint32_t carved = half_at(bytes, t->pool_carve_offset);
    const bool in_use = bytes[t->pool_in_use];
    add_pool_row(vm, address, arena, bytes, in_use);
    if (!in_use || kind == VM_POOL_RAW)
        return;
    const unsigned prefix = prefix_of_kind(t, kind);
    if (kind >= t->pool_kind_count || block_bytes < prefix + t->size_of_object ||
        block_bytes > t->block_max || carved > t->pool_bytes) {
        vm_damage(vm, "a pool's header makes no sense");
        return;
    }
    if (!vmem_read(&vm->mem, address, bytes, t->pool_bytes)) {
        vm_damage(vm, "a pool cannot be read");
        return;
    }
    walk_blocks(vm, address, bytes, block_bytes, carved, prefix);
}

struct arena_row {
    uint64_t base;
    uint32_t carved;
};

static int compare_arenas(const void *a, const void *b)
{
    const uint64_t x = ((const struct arena_row *)a)->base, y = ((const struct arena_row *)b)->base;
    return (x > y) - (x < y);
}

// Sorted by address; *count of them. NULL when there are none.
static struct arena_row *read_arenas(struct vm *vm, size_t *count)
{
    const struct introspect *t = &vm->t;
    struct vm_struct heap, row;
    *count = 0;
    if (!vm_read_struct(vm, t->address_heap, t->size_of_heap, &heap)) {
        vm_damage(vm, "the heap cannot be read");
        return NULL;
    }
    const uint64_t table = word_at(heap.bytes, t->heap_arenas);
    const uint64_t entries = word_at(heap.bytes, t->heap_arena_count);
    if (entries > LIMIT_ARENAS) {
        vm_damage(vm, "the heap has too many arenas");
        return NULL;
    }
    struct arena_row *rows = malloc((entries + 1) * sizeof *rows);
    for (uint64_t i = 0; rows && i < entries; i++) {
        if (!vm_read_struct(vm, table + i * t->size_of_arena, t->size_of_arena, &row)) {
            vm_damage(vm, "the table of arenas cannot be read");
            break;
        }
        const uint64_t base = word_at(row.bytes, t->arena_base);
        if (!base)
            continue;
        if (base - vm->pool_base >= vm->pool_span || base % t->pool_bytes)
            vm_damage(vm, "an arena lies outside the heap");
        else
            rows[(*count)++] =
                (struct arena_row){.base = base, .carved = half_at(row.bytes, t->arena_carved)};
    }
    if (rows)
        qsort(rows, *count, sizeof *rows, compare_arenas);
    return rows;
}

void vm_read_ranges(struct vm *vm)
{
    const struct introspect *t = &vm->t;
    vmem_u64(&vm->mem, t->address_heap + t->heap_pool_base, &vm->pool_base);
    vmem_u64(&vm->mem, t->address_heap + t->heap_pool_span, &vm->pool_span);
    vmem_u64(&vm->mem, t->address_heap + t->heap_large_base, &vm->large_base);
    vmem_u64(&vm->mem, t->address_heap + t->heap_large_span, &vm->large_span);
    vmem_set_dense(&vm->mem, vm->pool_base, vm->pool_span);
}

static void walk_arenas(struct vm *vm)
{
    const struct introspect *t = &vm->t;
    const uint64_t pools = t->arena_bytes / t->pool_bytes;
    size_t count;
    _cleanup_free_ struct arena_row *rows = read_arenas(vm, &count);
    // Behind the last block a structure that a damaged header claims may still be looked at.
    _cleanup_free_ unsigned char *bytes = calloc(1, t->pool_bytes + sizeof(struct vm_struct));
    if (!bytes)
        return;
    uint64_t end = 0;
    for (size_t i = 0; i < count && !snapshot_builder_failed(vm->builder); i++) {
        if (rows[i].base < end) {
            vm_damage(vm, "arenas overlap");
            continue;
        }
        end = rows[i].base + t->arena_bytes;
        for (uint64_t p = 0; p < rows[i].carved && p < pools; p++)
            walk_pool(vm, rows[i].base + p * t->pool_bytes, rows[i].base, bytes);
    }
    snapshot_builder_info(vm->builder)->arena_bytes = count * t->arena_bytes;
}

// ---- large blocks ----

static int compare_addresses(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void read_large_list(struct vm *vm, struct u64_vec *blocks)
{
    const struct introspect *t = &vm->t;
    uint64_t link = 0, count = 0;
    vmem_u64(&vm->mem, t->address_heap + t->heap_large_count, &count);
    vmem_u64(&vm->mem, t->address_heap + t->heap_large, &link);
    while (link) {
        // One more than it says is a loop; and what it says may be nonsense too.
        if (blocks->count > count || link % 16 || !vm_spend(vm, 1)) {
            vm_damage(vm, "the list of large blocks is broken");
            return;
        }
        struct error *err = u64_vec_push(blocks, link);
        if (err) {
            error_destroy(err);
            vm->mem.out_of_memory = true;
            return;
        }
        if (!vmem_u64(&vm->mem, link + t->large_next, &link)) {
            vm_damage(vm, "the list of large blocks cannot be read");
            return;
        }
    }
}

static void walk_large_block(struct vm *vm, uint64_t block, unsigned char *bytes)
{
    const struct introspect *t = &vm->t;
    struct vm_struct header;
    if (!vm_read_struct(vm, block, t->size_of_large, &header))
        return;
    const uint32_t kind = half_at(header.bytes, t->large_kind);
    if (kind == VM_POOL_RAW || kind >= t->pool_kind_count)
        return;
    const unsigned prefix = prefix_of_kind(t, kind);
    const uint64_t whole = word_at(header.bytes, t->large_bytes), at = block + t->size_of_large;
    uint64_t local = whole < LARGE_LOCAL_LEAST ? whole : LARGE_LOCAL_LEAST;
    if (local < prefix + t->size_of_object || !vmem_read(&vm->mem, at, bytes, local)) {
        vm_damage(vm, "a large block cannot be read");
        return;
    }
    const uint64_t type_address = word_at(bytes + prefix, t->object_type);
    const struct vm_type *type = type_address ? vm_type_get(vm, type_address) : NULL;
    if (!type)
        return;
    if (prefix + type->basicsize > local) {
        local = whole < LARGE_LOCAL_MOST ? whole : LARGE_LOCAL_MOST;
        if (!vmem_read(&vm->mem, at, bytes, local)) {
            vm_damage(vm, "a large block cannot be read");
            return;
        }
    }
    memset(bytes + local, 0, sizeof(struct vm_struct));
    visit(vm, at + prefix, bytes + prefix, local - prefix, prefix);
}

static void walk_large(struct vm *vm)
{
    struct u64_vec blocks = {0};
    _cleanup_free_ unsigned char *bytes = malloc(LARGE_LOCAL_MOST + sizeof(struct vm_struct));
    read_large_list(vm, &blocks);
    if (blocks.count)
        qsort(blocks.items, blocks.count, sizeof *blocks.items, compare_addresses);
    for (size_t i = 0; bytes && i < blocks.count; i++)
        walk_large_block(vm, blocks.items[i], bytes);
    u64_vec_deinit(&blocks);
}

void vm_walk_heap(struct vm *vm)
{
    walk_arenas(vm);
    walk_large(vm);
}

// ---- static objects ----

static uint64_t *static_slot(const struct vm *vm, uint64_t address)
{
    uint64_t at = vm_hash(address);
    while (vm->static_slots[at & (vm->static_slot_count - 1)] &&
           vm->static_slots[at & (vm->static_slot_count - 1)] != address)
        at++;
    return &vm->static_slots[at & (vm->static_slot_count - 1)];
}

static bool grow_statics(struct vm *vm)
{
    const uint32_t count = vm->static_slot_count ? vm->static_slot_count * 2 : 4096;
    uint64_t *slots = calloc(count, sizeof *slots);
    if (!slots)
        return false;
    free(vm->static_slots);
    vm->static_slots = slots;
    vm->static_slot_count = count;
    for (size_t i = 0; i < vm->statics.count; i++)
        *static_slot(vm, vm->statics.items[i]) = vm->statics.items[i];
    return true;
}

void vm_note_target(struct vm *vm, uint64_t target)
{
    if (target - vm->pool_base < vm->pool_span || target - vm->large_base < vm->large_span ||
        target % 8)
        return;
    if (vm->statics.count * 2 >= vm->static_slot_count && !grow_statics(vm))
        return;
    uint64_t *slot = static_slot(vm, target);
    if (*slot || !vmem_is_mapped(&vm->mem, target))
        return;
    struct error *err = u64_vec_push(&vm->statics, target);
    if (err)
        error_destroy(err);
    else
        *slot = target;
}

static void walk_static(struct vm *vm, uint64_t address)
{
    const struct introspect *t = &vm->t;
    struct vm_struct s;
    uint64_t header[2];
    if (!vmem_read(&vm->mem, address, header, sizeof header) ||
        !((uint32_t)header[0] & t->immortal_bit))
        return;
    const struct vm_type *type = vm_type_get(vm, header[1]);
    if (!type || type->basicsize > TABLE_STRUCT_MAX)
        return;
    // What there is behind the fixed part: items, digits, characters.
    uint64_t room = 256;
    if (!vm_read_struct(vm, address, type->basicsize + room, &s))
        room = 0;
    if (room || vm_read_struct(vm, address, type->basicsize, &s))
        visit(vm, address, s.bytes, type->basicsize + room, 0);
}

static void add_static_types(struct vm *vm)
{
    const struct introspect *t = &vm->t;
    for (uint64_t i = 0; i < t->static_type_count; i++) {
        uint64_t type;
        if (!vmem_u64(&vm->mem, t->address_static_types + 8 * i, &type))
            return;
        vm_note_target(vm, type);
        snapshot_builder_root(vm->builder, &(struct builder_root){.target = type,
                                                                  .kind = ROOT_STATIC,
                                                                  .class = CLASS_BORROWED,
                                                                  .name = "built-in type",
                                                                  .thread = ORDINAL_NONE,
                                                                  .frame = ORDINAL_NONE});
    }
}

// The list grows while it is walked.
void vm_walk_statics(struct vm *vm)
{
    add_static_types(vm);
    for (size_t i = 0; i < vm->statics.count; i++)
        walk_static(vm, vm->statics.items[i]);
}
