// What an object refers to, in the order in which the interpreter's own traversal has it:
//
//     instance of a class    its slots; attribute values; __dict__; the class
//     anything               the fields of its static base; its body
//
// The class of an edge follows the interpreter's rule too (vm/memory/traverse.c): what traversal
// reports is `traversed` if the collector manages the object, else `owned`; keys of a table whose
// keys are all str, constants of code and the names in a shape are `owned` always. The table of
// interned strings holds no counts: its edges are `borrowed`.
#include "inspector/target/ownvm/ownvm.h"

enum { PIECE_ITEMS = 1024 };

static void add(struct vm *vm, uint64_t target, enum edge_kind kind, enum edge_class class,
                edge_name name)
{
    if (!target)
        return;
    vm_note_target(vm, target);
    snapshot_builder_edge(vm->builder, target, kind, class, name);
}

// Strong references: how they count depends on the object.
static enum edge_class strong(const struct vm_object *o)
{
    return o->gc ? CLASS_TRAVERSED : CLASS_OWNED;
}

static enum edge_class class_for(const struct vm_object *o, enum edge_class class)
{
    return class == CLASS_TRAVERSED ? strong(o) : class;
}

static void add_fields(struct vm *vm, const struct vm_object *o, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++) {
        const struct vm_field *field = &o->type->fields[i];
        if (field->offset + 8u > o->available)
            continue;
        add(vm, word_at(o->bytes, field->offset), field->kind, class_for(o, field->class),
            field->name);
    }
}

// ---- arrays of pointers ----

// Local when they lie inside the copy of the object, else read piece by piece.
struct items {
    uint64_t address, count;
};

static void add_items(struct vm *vm, struct items items, enum edge_kind kind, enum edge_class class)
{
    uint64_t piece[PIECE_ITEMS];
    if (!vm_spend(vm, items.count))
        return;
    for (uint64_t done = 0; done < items.count;) {
        const uint64_t left = items.count - done, n = left < PIECE_ITEMS ? left : PIECE_ITEMS;
        if (!vmem_read(&vm->mem, items.address + 8 * done, piece, n * 8)) {
            vm_damage(vm, "the items of an object cannot be read");
            return;
        }
        for (uint64_t i = 0; i < n; i++)
            add(vm, piece[i], kind, class, edge_name_index(done + i));
        done += n;
        if (snapshot_builder_failed(vm->builder))
            return;
    }
}

static bool item_count(struct vm *vm, const struct vm_object *o, uint64_t *count)
{
    *count = word_at(o->bytes, vm->t.var_size);
    if (*count <= LIMIT_ITEMS)
        return true;
    vm_damage(vm, "the number of items of an object makes no sense");
    return false;
}

static void add_tuple(struct vm *vm, const struct vm_object *o)
{
    uint64_t count;
    if (!item_count(vm, o, &count))
        return;
    const uint64_t at = o->type->basicsize;
    if (at + 8 * count > o->available) {
        add_items(vm, (struct items){o->address + at, count}, EDGE_ITEM, strong(o));
        return;
    }
    for (uint64_t i = 0; i < count; i++)
        add(vm, word_at(o->bytes, at + 8 * i), EDGE_ITEM, strong(o), edge_name_index(i));
}

static void add_list(struct vm *vm, const struct vm_object *o)
{
    uint64_t count;
    if (item_count(vm, o, &count) && count)
        add_items(vm, (struct items){word_at(o->bytes, vm->t.list_items), count}, EDGE_ITEM,
                  strong(o));
}

// ---- dicts ----

struct entries {
    uint64_t address, count;
    size_t entry_bytes, key, value; // offsets in an entry
    bool general;
};

static bool find_entries(struct vm *vm, uint64_t keys, struct entries *e)
{
    const struct introspect *t = &vm->t;
    struct vm_struct s;
    if (!keys || !vm_read_struct(vm, keys, t->size_of_dict_keys, &s))
        return false;
    const unsigned log2_index = s.bytes[t->dict_keys_log2_index_bytes];
    e->count = word_at(s.bytes, t->dict_keys_entry_count);
    if (log2_index > 40 || e->count > LIMIT_ITEMS)
        return false;
    e->address = keys + t->size_of_dict_keys + ((uint64_t)1 << log2_index);
    e->general = s.bytes[t->dict_keys_general];
    e->entry_bytes = e->general ? t->size_of_dict_entry : t->size_of_dict_entry_str;
    e->key = e->general ? t->dict_entry_key : t->dict_entry_str_key;
    e->value = e->general ? t->dict_entry_value : t->dict_entry_str_value;
    return true;
}

static void add_dict(struct vm *vm, const struct vm_object *o)
{
    unsigned char piece[PIECE_ITEMS * 8];
    const uint64_t keys = word_at(o->bytes, vm->t.dict_keys);
    struct entries e;
    if (!find_entries(vm, keys, &e)) {
        if (keys)
            vm_damage(vm, "the table of a dict makes no sense");
        return;
    }
    const bool interned = o->address == vm->interned;
    const enum edge_class value_class = interned ? CLASS_BORROWED : strong(o);
    const enum edge_class key_class = interned    ? CLASS_BORROWED
                                      : e.general ? strong(o)
                                                  : CLASS_OWNED;
    const uint64_t most = sizeof piece / e.entry_bytes;
    if (!vm_spend(vm, e.count))
        return;
    for (uint64_t done = 0; done < e.count;) {
        const uint64_t left = e.count - done, n = left < most ? left : most;
        if (!vmem_read(&vm->mem, e.address + done * e.entry_bytes, piece, n * e.entry_bytes)) {
            vm_damage(vm, "the entries of a dict cannot be read");
            return;
        }
        for (uint64_t i = 0; i < n; i++) {
            const unsigned char *entry = piece + i * e.entry_bytes;
            const uint64_t key = word_at(entry, e.key);
            if (!key)
                continue;
            const edge_name name = interned ? EDGE_NAME_NONE : vm_name_of_key(vm, key);
            add(vm, key, EDGE_KEY, key_class, name);
            add(vm, word_at(entry, e.value), EDGE_VALUE, value_class, name);
        }
        done += n;
        if (snapshot_builder_failed(vm->builder))
            return;
    }
}

// ---- sets, deques ----

static void add_set(struct vm *vm, const struct vm_object *o)
{
    const struct introspect *t = &vm->t;
    unsigned char piece[PIECE_ITEMS * 8];
    const uint64_t table = word_at(o->bytes, t->set_table),
                   cells = word_at(o->bytes, t->set_mask) + 1;
    const uint64_t most = sizeof piece / t->size_of_set_entry;
    if (!table || cells > LIMIT_ITEMS || !vm_spend(vm, cells))
        return;
    for (uint64_t done = 0; done < cells;) {
        const uint64_t left = cells - done, n = left < most ? left : most;
        if (!vmem_read(&vm->mem, table + done * t->size_of_set_entry, piece,
                       n * t->size_of_set_entry)) {
            vm_damage(vm, "the table of a set cannot be read");
            return;
        }
        for (uint64_t i = 0; i < n; i++) {
            const uint64_t key = word_at(piece, i * t->size_of_set_entry + t->set_entry_key);
            if (key && key != t->address_set_dummy)
                add(vm, key, EDGE_ITEM, strong(o), EDGE_NAME_NONE);
        }
        done += n;
    }
}

static void add_deque(struct vm *vm, const struct vm_object *o)
{
    const struct introspect *t = &vm->t;
    struct vm_struct block;
    uint64_t count, index = word_at(o->bytes, t->deque_left), done = 0;
    uint64_t address = word_at(o->bytes, t->deque_left_block);
    if (!item_count(vm, o, &count) || index > t->deque_block_capacity || !vm_spend(vm, count))
        return;
    while (done < count) {
        if (!vm_read_struct(vm, address, t->size_of_deque_block, &block)) {
            vm_damage(vm, "a block of a deque cannot be read");
            return;
        }
        for (; index < t->deque_block_capacity && done < count; index++, done++) {
            add(vm, word_at(block.bytes, t->deque_block_items + 8 * index), EDGE_ITEM, strong(o),
                edge_name_index(done));
        }
        index = 0;
        address = word_at(block.bytes, t->deque_block_right);
    }
}

// ---- registers ----

// A register that is a named local variable has its name; the others are temporaries.
static void add_registers(struct vm *vm, const struct vm_object *o, uint64_t at, uint64_t count,
                          const struct vm_code *code)
{
    if (count > LIMIT_REGISTERS) {
        vm_damage(vm, "the number of registers of a frame makes no sense");
        return;
    }
    if (!vm_spend(vm, count))
        return;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t target;
        if (at + 8 * (i + 1) <= o->available)
            target = word_at(o->bytes, at + 8 * i);
        else if (!vmem_u64(&vm->mem, o->address + at + 8 * i, &target)) {
            vm_damage(vm, "the registers of a frame cannot be read");
            return;
        }
        const bool named = code && i < code->local_count;
        add(vm, target, EDGE_LOCAL, strong(o), named ? code->local_ids[i] : EDGE_NAME_NONE);
    }
}

static edge_name name_of(struct vm *vm, const char *text)
{
    return edge_name_string(snapshot_builder_string(vm->builder, text, strlen(text)));
}

static void add_generator(struct vm *vm, const struct vm_object *o)
{
    const struct introspect *t = &vm->t;
    const uint64_t frame = t->gen_frame;
    const struct vm_code *code = NULL;
    uint64_t code_address = 0, function = word_at(o->bytes, t->gen_func);
    if (function && vmem_u64(&vm->mem, function + t->function_code, &code_address))
        code = vm_code_get(vm, code_address);
    const uint64_t object = word_at(o->bytes, frame + t->frame_object);
    const uint64_t locals = word_at(o->bytes, frame + t->frame_locals);
    if (object)
        add(vm, object, EDGE_FIELD, strong(o), name_of(vm, "gi_frame"));
    if (locals)
        add(vm, locals, EDGE_FIELD, strong(o), name_of(vm, "f_locals"));
    add_registers(vm, o, t->gen_regs, half_at(o->bytes, t->gen_reg_count), code);
}

static void add_frame_locals(struct vm *vm, const struct vm_object *o)
{
    const struct introspect *t = &vm->t;
    uint64_t code_address = 0;
    const uint64_t function = word_at(o->bytes, t->frameobj_func);
    if (function)
        vmem_u64(&vm->mem, function + t->function_code, &code_address);
    add_registers(vm, o, o->type->basicsize, word_at(o->bytes, t->var_size),
                  vm_code_get(vm, code_address));
}

// ---- the rest ----

// A class owns the names of its instances' attributes.
static void add_shape(struct vm *vm, const struct vm_object *o)
{
    const struct introspect *t = &vm->t;
    const uint64_t shape = o->available >= t->size_of_type ? word_at(o->bytes, t->type_shape) : 0;
    uint32_t count;
    if (!shape || !vmem_u32(&vm->mem, shape + t->shape_count, &count) || count > t->shape_max)
        return;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t name;
        if (vmem_u64(&vm->mem, shape + t->shape_names + 8 * i, &name))
            add(vm, name, EDGE_FIELD, CLASS_OWNED, name_of(vm, "attribute name"));
    }
}

static void add_constants(struct vm *vm, const struct vm_object *o)
{
    const struct introspect *t = &vm->t;
    const uint64_t consts = word_at(o->bytes, t->code_consts);
    uint32_t count = half_at(o->bytes, t->code_const_count);
    if (consts && count < LIMIT_ITEMS)
        add_items(vm, (struct items){consts, count}, EDGE_ITEM, CLASS_OWNED);
}

// Copies the attribute values of an instance; returns how many.
static bool read_values(struct vm *vm, const struct vm_object *o, uint64_t address,
                        unsigned char values[256 * 8], unsigned *count)
{
    const struct introspect *t = &vm->t;
    const uint64_t offset = address - o->address;
    uint8_t capacity = 0;
    if (offset < o->available && offset + t->values_v < o->available) { // in the object's own block
        capacity = o->bytes[offset + t->values_capacity];
        if (offset + t->values_v + 8 * (uint64_t)capacity <= o->available) {
            memcpy(values, o->bytes + offset + t->values_v, 8 * (size_t)capacity);
            *count = capacity;
            return true;
        }
    }
    if (!vmem_read(&vm->mem, address + t->values_capacity, &capacity, 1) ||
        !vmem_read(&vm->mem, address + t->values_v, values, 8 * (size_t)capacity))
        return false;
    *count = capacity;
    return true;
}

// Attribute values in the order of the shape.
static void add_values(struct vm *vm, const struct vm_object *o)
{
    const struct introspect *t = &vm->t;
    const uint64_t address = word_at(o->bytes - t->managed_values, 0);
    unsigned char values[256 * 8];
    unsigned count = 0;
    if (address && !read_values(vm, o, address, values, &count))
        vm_damage(vm, "the attribute values of an instance cannot be read");
    for (unsigned i = 0; i < count; i++)
        add(vm, word_at(values, 8 * i), EDGE_ATTRIBUTE, strong(o),
            i < o->type->shape_count ? o->type->shape_names[i] : EDGE_NAME_NONE);
    const uint64_t dict = word_at(o->bytes - t->managed_dict, 0);
    if (dict)
        add(vm, dict, EDGE_FIELD, strong(o), name_of(vm, "__dict__"));
}

static void add_body(struct vm *vm, const struct vm_object *o)
{
    switch (o->type->body) {
    case VM_BODY_TUPLE:
        if (o->type->address == vm->t.address_frame_type)
            add_frame_locals(vm, o);
        else
            add_tuple(vm, o);
        break;
    case VM_BODY_LIST:
        add_list(vm, o);
        break;
    case VM_BODY_DICT:
        add_dict(vm, o);
        break;
    case VM_BODY_SET:
        add_set(vm, o);
        break;
    case VM_BODY_DEQUE:
        add_deque(vm, o);
        break;
    case VM_BODY_FRAME:
        add_generator(vm, o);
        break;
    case VM_BODY_TYPE:
        add_shape(vm, o);
        break;
    case VM_BODY_CODE:
        add_constants(vm, o);
        break;
    default:
        break;
    }
}

void vm_add_edges(struct vm *vm, const struct vm_object *o)
{
    const struct vm_type *type = o->type;
    if (type->heap) {
        add_fields(vm, o, type->static_field_count, type->field_count);
        if (type->managed && o->prefix >= vm->t.prefix_managed)
            add_values(vm, o);
        add(vm, type->address, EDGE_TYPE, strong(o), EDGE_NAME_NONE);
    }
    add_fields(vm, o, 0, type->static_field_count);
    add_body(vm, o);
}
