// Types of the captured process, decoded once each: what their instances look like.
//
// An object says where its type is; everything else about it follows from there: the table of named
// fields, the body, the shape with the attribute names, and the size rules. Types are kept in a
// hash table by address; an address where no type can be is remembered as well, so that a damaged
// heap does not cost a decoding per object.
#include "inspector/target/ownvm/ownvm.h"

#include <stdio.h>
#include <stdlib.h>

// ---- names of fields ----

// Fields that Python code knows by another name than the structure's member.
static const struct {
    const char *type, *field, *name;
} renamed[] = {
#define RENAMED(type, field, name) {type, field, name},
#include "inspector/target/ownvm/fields.def"
#undef RENAMED
};

static const char *shown_name(const char *type, const char *field, bool is_dict)
{
    if (is_dict)
        return "__dict__";
    for (size_t i = 0; i < sizeof renamed / sizeof *renamed; i++)
        if (strcmp(renamed[i].field, field) == 0 &&
            (!*renamed[i].type || strcmp(renamed[i].type, type) == 0))
            return renamed[i].name;
    return field;
}

static enum edge_class class_of_field(unsigned char class)
{
    switch (class) {
    case VM_EDGE_TRAVERSED:
        return CLASS_TRAVERSED;
    case VM_EDGE_OWNED:
        return CLASS_OWNED;
    case VM_EDGE_WEAK:
        return CLASS_WEAK;
    default:
        return CLASS_BORROWED;
    }
}

// ---- decoding ----

// The last class of the chain that is not a heap type: its name decides how its fields are called.
struct base {
    uint32_t field_count;
    uint32_t dict_offset;
    char name[64];
};

static bool find_static_base(struct vm *vm, uint64_t address, struct base *base)
{
    const struct introspect *t = &vm->t;
    struct vm_struct type;
    for (int i = 0; i < LIMIT_SUPER && address; i++) {
        if (!vm_read_struct(vm, address, t->size_of_type, &type))
            return false;
        if (!(half_at(type.bytes, t->type_flags) & t->flag_heap)) {
            uint16_t count;
            memcpy(&count, type.bytes + t->type_field_count, sizeof count);
            base->field_count = count;
            base->dict_offset = half_at(type.bytes, t->type_dict_offset);
            vmem_text(&vm->mem, word_at(type.bytes, t->type_name), base->name, sizeof base->name);
            return true;
        }
        address = word_at(type.bytes, t->type_super);
        if (!vm_spend(vm, 1))
            return false;
    }
    return false;
}

// Where a field can be at most. A named tuple may have items that are no part of the sequence, and
// those are fields behind it.
static uint32_t last_field(const struct introspect *t, const struct vm_type *type)
{
    const bool hidden = type->body == VM_BODY_TUPLE && type->counts_size;
    return hidden ? (uint32_t)t->tuple_items + 8 * LIMIT_TUPLE_FIELDS : type->basicsize - 8;
}

static bool read_fields(struct vm *vm, struct vm_type *type, uint64_t table,
                        const struct base *base)
{
    const struct introspect *t = &vm->t;
    struct vm_struct row;
    char text[64];
    if (type->field_count > LIMIT_FIELDS || !vm_spend(vm, type->field_count))
        return false;
    type->static_field_count = base->field_count;
    if (type->static_field_count > type->field_count)
        return false;
    type->fields = arena_alloc_array(&vm->arena, type->field_count + 1u, sizeof *type->fields);
    if (!type->fields)
        return false;
    for (uint32_t i = 0; i < type->field_count; i++) {
        struct vm_field *field = &type->fields[i];
        if (!vm_read_struct(vm, table + i * t->size_of_field, t->size_of_field, &row))
            return false;
        field->offset = half_at(row.bytes, t->field_offset);
        if (field->offset < t->size_of_object || field->offset % 8 ||
            field->offset > last_field(t, type))
            return false;
        vmem_text(&vm->mem, word_at(row.bytes, t->field_name), text, sizeof text);
        const bool slot = i >= type->static_field_count;
        const char *name =
            slot ? text : shown_name(base->name, text, field->offset == base->dict_offset);
        if (!slot && strcmp(text, "name") == 0)
            type->name_offset = field->offset;
        field->class = class_of_field(row.bytes[t->field_edge_class]);
        field->kind = slot ? EDGE_SLOT : EDGE_FIELD;
        if (field->class == CLASS_WEAK)
            field->kind = EDGE_WEAK;
        else if (strcmp(name, "cell_contents") == 0)
            field->kind = EDGE_CELL;
        field->name = edge_name_string(snapshot_builder_string(vm->builder, name, strlen(name)));
    }
    return true;
}

// The attribute names of the class's instances, in the order of their values.
static void read_shape(struct vm *vm, struct vm_type *type, uint64_t shape)
{
    const struct introspect *t = &vm->t;
    uint32_t count;
    if (!shape || !vmem_u32(&vm->mem, shape + t->shape_count, &count) || count > t->shape_max ||
        !vm_spend(vm, count))
        return;
    type->shape_names = arena_alloc_array(&vm->arena, count + 1u, sizeof *type->shape_names);
    if (!type->shape_names)
        return;
    type->shape_count = count;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t name;
        if (vmem_u64(&vm->mem, shape + t->shape_names + 8 * i, &name))
            type->shape_names[i] = vm_name_of_str(vm, name);
    }
}

// ---- names of types ----

// type.__module__ of a class: its dict's entry, here its copy in the type.
static void module_of(struct vm *vm, const unsigned char *type, bool heap, const char *name,
                      struct strbuf *out)
{
    const char *dot = strrchr(name, '.');
    if (heap && vm_text_of_str(vm, word_at(type, vm->t.type_module_name), out))
        return;
    if (heap)
        return;
    if (dot)
        strbuf_add_bytes(out, name, (size_t)(dot - name));
    else
        strbuf_add(out, "builtins");
}

static void name_type(struct vm *vm, struct vm_type *type, const unsigned char *bytes)
{
    char name[256];
    struct strbuf module;
    strbuf_init(&module);
    vmem_text(&vm->mem, word_at(bytes, vm->t.type_name), name, sizeof name);
    module_of(vm, bytes, type->heap, name, &module);
    const char *dot = type->heap ? NULL : strrchr(name, '.');
    type->name = arena_strdup(&vm->arena, dot ? dot + 1 : name);
    if (!type->name)
        type->name = "";
    type->id =
        snapshot_builder_type(vm->builder, &(struct builder_type){.address = type->address,
                                                                  .name = type->name,
                                                                  .module = strbuf_text(&module),
                                                                  .size_bytes = type->basicsize});
    strbuf_deinit(&module);
}

static bool decode(struct vm *vm, struct vm_type *type)
{
    const struct introspect *t = &vm->t;
    struct vm_struct s;
    struct base base = {0};
    if (type->address % 8 || !vm_read_struct(vm, type->address, t->size_of_type, &s))
        return false;
    type->flags = half_at(s.bytes, t->type_flags);
    type->basicsize = half_at(s.bytes, t->type_basicsize);
    type->itemsize = half_at(s.bytes, t->type_itemsize);
    type->body = s.bytes[t->type_body];
    type->room_unit = s.bytes[t->type_room_unit];
    type->room_offset = half_at(s.bytes, t->type_room_offset);
    type->heap = type->flags & t->flag_heap;
    type->gc = type->flags & t->flag_gc;
    type->managed = type->flags & t->flag_managed_dict;
    type->counts_size = word_at(s.bytes, t->type_size_of) != 0;
    if (type->basicsize < t->size_of_object || type->basicsize > LIMIT_BASICSIZE ||
        type->itemsize > LIMIT_BASICSIZE ||
        (type->room_unit && (type->room_offset % 8 || type->room_offset > type->basicsize - 8)) ||
        !find_static_base(vm, type->address, &base))
        return false;
    uint16_t count;
    memcpy(&count, s.bytes + t->type_field_count, sizeof count);
    type->field_count = count;
    if (!read_fields(vm, type, word_at(s.bytes, t->type_fields), &base))
        return false;
    if (type->managed)
        read_shape(vm, type, word_at(s.bytes, t->type_shape));
    name_type(vm, type, s.bytes);
    return true;
}

// ---- the table ----

static struct vm_type **slot_of(const struct vm *vm, uint64_t address)
{
    uint64_t at = vm_hash(address);
    while (vm->types[at & (vm->type_slots - 1)] &&
           vm->types[at & (vm->type_slots - 1)]->address != address)
        at++;
    return &vm->types[at & (vm->type_slots - 1)];
}

static bool grow(struct vm *vm)
{
    struct vm_type **old = vm->types;
    const uint32_t old_slots = vm->type_slots;
    const uint32_t slots = old_slots ? old_slots * 2 : 1024;
    vm->types = calloc(slots, sizeof(struct vm_type *));
    if (!vm->types) {
        vm->types = old;
        return false;
    }
    vm->type_slots = slots;
    for (uint32_t i = 0; i < old_slots; i++)
        if (old[i])
            *slot_of(vm, old[i]->address) = old[i];
    free(old);
    return true;
}

// A type that could not be decoded has basicsize 0.
struct vm_type *vm_type_get(struct vm *vm, uint64_t address)
{
    if (vm->last_type && vm->last_type->address == address)
        return vm->last_type;
    if (vm->type_count * 2 >= vm->type_slots && !grow(vm))
        return NULL;
    struct vm_type **slot = slot_of(vm, address);
    if (!*slot) {
        struct vm_type *type = arena_alloc(&vm->arena, sizeof *type);
        if (!type)
            return NULL;
        type->address = address;
        *slot = type;
        vm->type_count++;
        if (!decode(vm, type)) {
            *type = (struct vm_type){.address = address};
            vm_damage(vm, "an object has no valid type");
        }
        slot = slot_of(vm, address);
    }
    if ((*slot)->basicsize == 0)
        return NULL;
    vm->last_type = *slot;
    return *slot;
}

// ---- sizes: what sys.getsizeof says ----

static uint64_t prefix_size(const struct vm *vm, const struct vm_type *type)
{
    if (type->managed && type->itemsize)
        return type->flags & vm->t.flag_is_int ? 16 : type->flags & vm->t.flag_is_str ? 64 : 24;
    return type->managed ? vm->t.prefix_managed : type->gc ? vm->t.prefix_gc : 0;
}

static uint64_t size_of_text(const struct vm *vm, const struct vm_object *o)
{
    const struct introspect *t = &vm->t;
    if (o->available < t->size_of_str)
        return t->size_of_str;
    const uint64_t length = word_at(o->bytes, t->str_length);
    if (o->bytes[t->str_ascii])
        return t->size_of_str + length + 1;
    if (o->available < t->size_of_str_wide)
        return t->size_of_str_wide;
    const uint64_t utf8 = word_at(o->bytes, t->str_wide_utf8);
    return t->size_of_str_wide + (length + 1) * o->bytes[t->str_kind] +
           (utf8 ? word_at(o->bytes, t->str_wide_utf8_length) + 1 : 0);
}

// As CPython counts: digits of 30 bits.
static uint64_t size_of_int(struct vm *vm, const struct vm_object *o)
{
    const struct introspect *t = &vm->t;
    const int64_t size = (int64_t)word_at(o->bytes, t->var_size);
    const uint64_t limbs = (uint64_t)(size < 0 ? -size : size);
    const struct vm_type *plain = vm_type_get(vm, t->address_int_type);
    uint64_t bits = 0, top = 0;
    if (limbs && limbs < LIMIT_ITEMS) {
        const uint64_t at = t->int_limbs + 8 * (limbs - 1);
        if (at + 8 <= o->available)
            top = word_at(o->bytes, at);
        else
            vmem_u64(&vm->mem, o->address + at, &top);
        bits = 64 * limbs - (top ? (uint64_t)__builtin_clzll(top) : 63);
    }
    return 24 + 4 * (bits ? (bits + 29) / 30 : 1) + o->type->basicsize -
           (plain ? plain->basicsize : o->type->basicsize);
}

static uint64_t size_of_dict(struct vm *vm, const struct vm_object *o)
{
    const struct introspect *t = &vm->t;
    struct vm_struct keys;
    const uint64_t address = word_at(o->bytes, t->dict_keys);
    if (!address || !vm_read_struct(vm, address, t->size_of_dict_keys, &keys) ||
        keys.bytes[t->dict_keys_is_static])
        return o->type->basicsize;
    const unsigned log2_size = keys.bytes[t->dict_keys_log2_size] & 63;
    const unsigned log2_index = keys.bytes[t->dict_keys_log2_index_bytes] & 63;
    const uint64_t usable = ((uint64_t)1 << log2_size << 1) / 3;
    return o->type->basicsize + t->size_of_dict_keys + ((uint64_t)1 << log2_index) +
           usable * (keys.bytes[t->dict_keys_general] ? t->size_of_dict_entry
                                                      : t->size_of_dict_entry_str);
}

static uint64_t size_of_set(const struct vm *vm, const struct vm_object *o)
{
    const struct introspect *t = &vm->t;
    const uint64_t table = word_at(o->bytes, t->set_table);
    const bool own = table && table != o->address + t->set_small;
    return o->type->basicsize +
           (own ? (word_at(o->bytes, t->set_mask) + 1) * t->size_of_set_entry : 0);
}

static uint64_t size_of_deque(const struct vm *vm, const struct vm_object *o)
{
    const struct introspect *t = &vm->t;
    const uint64_t used = word_at(o->bytes, t->deque_left) + word_at(o->bytes, t->var_size);
    const uint64_t blocks = (used + t->deque_block_capacity - 1) / t->deque_block_capacity;
    return o->type->basicsize - t->size_of_deque + t->deque_reported_bytes +
           (blocks ? blocks : 1) * t->size_of_deque_block;
}

static uint64_t size_of_type(const struct vm *vm, const struct vm_object *o)
{
    const struct introspect *t = &vm->t;
    if (o->available < t->size_of_type)
        return t->type_reported_bytes;
    const uint32_t flags = half_at(o->bytes, t->type_flags);
    if (!(flags & t->flag_heap))
        return t->type_reported_bytes;
    const bool shared = flags & t->flag_managed_dict && half_at(o->bytes, t->type_itemsize) == 0;
    return t->heap_type_reported_bytes + (shared ? t->shared_keys_reported_bytes : 0);
}

static uint64_t size_of_named_tuple(const struct vm_type *type)
{
    uint64_t end = type->basicsize;
    for (uint32_t i = 0; i < type->field_count; i++)
        if (type->fields[i].offset + 8u > end)
            end = type->fields[i].offset + 8u;
    return end;
}

static uint64_t own_size(struct vm *vm, const struct vm_object *o)
{
    const struct introspect *t = &vm->t;
    switch (o->type->body) {
    case VM_BODY_STR:
        return size_of_text(vm, o);
    case VM_BODY_BYTES:
        return t->size_of_bytes + 1 + word_at(o->bytes, t->var_size);
    case VM_BODY_INT:
        return size_of_int(vm, o);
    case VM_BODY_LIST:
        return o->type->basicsize + 8 * word_at(o->bytes, t->list_capacity);
    case VM_BODY_DICT:
        return size_of_dict(vm, o);
    case VM_BODY_SET:
        return size_of_set(vm, o);
    case VM_BODY_DEQUE:
        return size_of_deque(vm, o);
    case VM_BODY_TYPE:
        return size_of_type(vm, o);
    case VM_BODY_FRAME:
        return t->size_of_gen + 8 * (uint64_t)half_at(o->bytes, t->gen_reg_count);
    case VM_BODY_WEAKREF:
        return o->type->basicsize + 8; // CPython has one word more
    case VM_BODY_TUPLE:
        return size_of_named_tuple(o->type);
    default:
        return o->type->basicsize;
    }
}

uint64_t vm_object_size(struct vm *vm, const struct vm_object *o)
{
    const struct vm_type *type = o->type;
    uint64_t bytes = type->basicsize;
    if (type->counts_size) {
        bytes = own_size(vm, o);
    } else if (type->itemsize && o->available >= vm->t.size_of_var) {
        const int64_t count = (int64_t)word_at(o->bytes, vm->t.var_size);
        bytes += (uint64_t)(count < 0 ? -count : count) * type->itemsize;
    }
    if (type->room_unit)
        bytes += word_at(o->bytes, type->room_offset) * type->room_unit;
    return bytes + prefix_size(vm, type);
}
