// Texts for people: names of edges and labels of objects, made from the bytes of the process.
//
// A label is short, ASCII-safe where it must be, and made without running anything: what repr()
// would say of texts, numbers and small tuples of them, the names of types, functions and modules.
// Cut texts end in three dots before the closing quote.
#include "inspector/target/ownvm/ownvm.h"

#include "inspector/target/render.h"

#include <inttypes.h>

enum {
    NAME_CACHE_SLOTS = 1 << 15,
    ATTRIBUTE_MAX = 200, // characters of a name
    TUPLE_ITEMS_SHOWN = 4,
};

// ---- characters ----

struct text {
    uint64_t length; // characters
    uint64_t data;   // address of the first
    unsigned kind;   // bytes in a character
};

static bool find_text(struct vm *vm, uint64_t address, struct text *text)
{
    const struct introspect *t = &vm->t;
    struct vm_struct s;
    if (!address || !vm_read_struct(vm, address, t->size_of_str, &s))
        return false;
    *text = (struct text){.length = word_at(s.bytes, t->str_length), .kind = s.bytes[t->str_kind]};
    const bool ascii = s.bytes[t->str_ascii];
    text->data = address + (ascii ? t->size_of_str : t->size_of_str_wide);
    return text->length < (uint64_t)1 << 40 &&
           (text->kind == 1 || text->kind == 2 || text->kind == 4);
}

// Reads up to `limit` characters; returns how many, with *cut when there are more.
static size_t read_text(struct vm *vm, const struct text *text, size_t limit, unsigned char *bytes,
                        bool *cut)
{
    size_t count = text->length < limit ? (size_t)text->length : limit;
    *cut = text->length > count;
    if (!vmem_read(&vm->mem, text->data, bytes, count * text->kind)) {
        *cut = false;
        return 0;
    }
    return count;
}

bool vm_text_of_str(struct vm *vm, uint64_t address, struct strbuf *out)
{
    unsigned char bytes[4 * ATTRIBUTE_MAX];
    struct text text;
    bool cut;
    if (!find_text(vm, address, &text))
        return false;
    const size_t count = read_text(vm, &text, ATTRIBUTE_MAX, bytes, &cut);
    render_plain(out, bytes, text.kind, count);
    if (cut)
        strbuf_add(out, "...");
    return true;
}

static void add_text_repr(struct vm *vm, uint64_t address, struct strbuf *out)
{
    unsigned char bytes[4 * LIMIT_LABEL];
    struct text text;
    bool cut;
    if (!find_text(vm, address, &text))
        return;
    const size_t count = read_text(vm, &text, LIMIT_LABEL, bytes, &cut);
    render_quoted(out, bytes, text.kind, count, cut, false);
}

static void add_bytes_repr(struct vm *vm, uint64_t address, struct strbuf *out)
{
    unsigned char bytes[LIMIT_LABEL];
    uint64_t length;
    if (!vmem_u64(&vm->mem, address + vm->t.var_size, &length) || length >> 48)
        return;
    const struct text text = {.length = length, .data = address + vm->t.bytes_data, .kind = 1};
    bool cut;
    const size_t count = read_text(vm, &text, LIMIT_LABEL, bytes, &cut);
    strbuf_add_char(out, 'b');
    render_quoted(out, bytes, 1, count, cut, true);
}

// ---- numbers ----

static void add_int_repr(struct vm *vm, uint64_t address, struct strbuf *out)
{
    uint64_t word, limbs[4];
    if (!vmem_u64(&vm->mem, address + vm->t.var_size, &word))
        return;
    const int64_t size = (int64_t)word;
    const uint64_t count = (uint64_t)(size < 0 ? -size : size);
    if (count > 4) {
        strbuf_addf(out, "<int of about %" PRIu64 " bits>", count * 64);
        return;
    }
    if (!vmem_read(&vm->mem, address + vm->t.int_limbs, limbs, count * 8))
        return;
    if (count <= 1)
        render_decimal(out, count ? limbs[0] : 0, size < 0);
    else
        render_big(out, limbs, count, size < 0);
}

static void add_float_repr(struct vm *vm, uint64_t address, struct strbuf *out)
{
    double value;
    if (vmem_read(&vm->mem, address + vm->t.float_value, &value, sizeof value))
        render_float(out, value);
}

// ---- repr of anything, as far as it goes ----

static void add_type_name(struct vm *vm, uint64_t address, struct strbuf *out)
{
    char name[128];
    uint64_t at;
    if (!vmem_u64(&vm->mem, address + vm->t.type_name, &at))
        return;
    vmem_text(&vm->mem, at, name, sizeof name);
    strbuf_add(out, name);
}

static void add_tuple_repr(struct vm *vm, uint64_t address, int depth, struct strbuf *out)
{
    const struct introspect *t = &vm->t;
    uint64_t count, item;
    if (!vmem_u64(&vm->mem, address + t->var_size, &count))
        return;
    if (depth <= 0 && count) {
        strbuf_add(out, "(...)");
        return;
    }
    strbuf_add_char(out, '(');
    for (uint64_t i = 0; i < count && i < TUPLE_ITEMS_SHOWN; i++) {
        if (!vmem_u64(&vm->mem, address + t->tuple_items + 8 * i, &item))
            break;
        if (i)
            strbuf_add(out, ", ");
        vm_add_repr(vm, item, depth - 1, out);
    }
    strbuf_add(out, count > TUPLE_ITEMS_SHOWN ? ", ...)" : count == 1 ? ",)" : ")");
}

void vm_add_repr(struct vm *vm, uint64_t address, int depth, struct strbuf *out)
{
    const struct introspect *t = &vm->t;
    uint64_t type_address;
    if (!address || !vmem_u64(&vm->mem, address + t->object_type, &type_address))
        return;
    const struct vm_type *type = vm_type_get(vm, type_address);
    if (!type)
        return;
    if (address == t->address_none)
        strbuf_add(out, "None");
    else if (type_address == t->address_bool_type) {
        uint64_t size = 0;
        vmem_u64(&vm->mem, address + t->var_size, &size);
        strbuf_add(out, size ? "True" : "False");
    } else if (type->flags & t->flag_is_str)
        add_text_repr(vm, address, out);
    else if (type->flags & t->flag_is_int)
        add_int_repr(vm, address, out);
    else if (type->flags & t->flag_is_float)
        add_float_repr(vm, address, out);
    else if (type->flags & t->flag_is_bytes)
        add_bytes_repr(vm, address, out);
    else if (type->flags & t->flag_is_tuple)
        add_tuple_repr(vm, address, depth, out);
    else if (type->flags & t->flag_is_type) {
        strbuf_add(out, "<class '");
        add_type_name(vm, address, out);
        strbuf_add(out, "'>");
    } else
        strbuf_addf(out, "<%s>", type->name);
}

// ---- names of edges ----

static struct vm_name_slot *cached(struct vm_name_slot **cache, uint64_t address)
{
    if (!*cache)
        *cache = calloc(NAME_CACHE_SLOTS, sizeof **cache);
    return *cache ? &(*cache)[vm_hash(address) & (NAME_CACHE_SLOTS - 1)] : NULL;
}

static edge_name intern(struct vm *vm, const struct strbuf *text)
{
    return edge_name_string(snapshot_builder_string(vm->builder, strbuf_text(text), text->length));
}

edge_name vm_name_of_str(struct vm *vm, uint64_t address)
{
    struct vm_name_slot *slot = cached(&vm->attributes, address);
    if (slot && slot->address == address)
        return slot->name;
    struct strbuf text;
    strbuf_init(&text);
    vm_text_of_str(vm, address, &text);
    const edge_name name = intern(vm, &text);
    strbuf_deinit(&text);
    if (slot)
        *slot = (struct vm_name_slot){.address = address, .name = name};
    return name;
}

// A small int is its own name; anything else is named by its repr.
static bool small_int_key(struct vm *vm, uint64_t address, edge_name *name)
{
    uint64_t words[2], limb;
    if (!vmem_read(&vm->mem, address + vm->t.object_type, words, sizeof words) ||
        words[0] != vm->t.address_int_type || words[1] > 1)
        return false;
    limb = 0;
    if (words[1] && !vmem_u64(&vm->mem, address + vm->t.int_limbs, &limb))
        return false;
    *name = edge_name_index(limb);
    return limb < EDGE_NAME_INTEGER;
}

edge_name vm_name_of_key(struct vm *vm, uint64_t address)
{
    struct vm_name_slot *slot = cached(&vm->keys, address);
    if (slot && slot->address == address)
        return slot->name;
    edge_name name = EDGE_NAME_NONE;
    if (!small_int_key(vm, address, &name)) {
        strbuf_clear(&vm->key_text);
        vm_add_repr(vm, address, 2, &vm->key_text);
        name = intern(vm, &vm->key_text);
    }
    if (slot)
        *slot = (struct vm_name_slot){.address = address, .name = name};
    return name;
}

// ---- labels ----

static void label_code(struct vm *vm, uint64_t code_address, struct strbuf *out)
{
    const struct vm_code *code = vm_code_get(vm, code_address);
    if (!code)
        return;
    const char *slash = strrchr(code->file, '/');
    strbuf_addf(out, "%s %s:%u", code->function, slash ? slash + 1 : code->file, code->first_line);
}

static void label_function(struct vm *vm, uint64_t function, struct strbuf *out)
{
    uint64_t code;
    if (vmem_u64(&vm->mem, function + vm->t.function_code, &code))
        label_code(vm, code, out);
}

static void label_cfunction(struct vm *vm, const struct vm_object *o, struct strbuf *out)
{
    char name[64];
    uint64_t at;
    if (!vmem_u64(&vm->mem, word_at(o->bytes, vm->t.cfunction_def) + vm->t.method_def_name, &at))
        return;
    vmem_text(&vm->mem, at, name, sizeof name);
    strbuf_add(out, name);
}

// "module.Name"
static void label_type(struct vm *vm, const struct vm_object *o, struct strbuf *out)
{
    if (o->available < vm->t.size_of_type)
        return;
    if (half_at(o->bytes, vm->t.type_flags) & vm->t.flag_heap &&
        vm_text_of_str(vm, word_at(o->bytes, vm->t.type_module_name), out))
        strbuf_add_char(out, '.');
    add_type_name(vm, o->address, out);
}

// Descriptors, modules, files: whatever has a field of that name, if it is a text.
static void label_name(struct vm *vm, uint64_t name, struct strbuf *out)
{
    uint64_t type;
    if (name && vmem_u64(&vm->mem, name + vm->t.object_type, &type) &&
        type == vm->t.address_str_type)
        vm_text_of_str(vm, name, out);
}

// Texts and numbers are most of a heap. What is wholly in the copy of the object is rendered from
// it; false: it is not, or it is a bool.
static bool label_local(struct vm *vm, const struct vm_object *o, struct strbuf *out)
{
    const struct introspect *t = &vm->t;
    double value;
    uint64_t length, data;
    int64_t size;
    switch (o->type->body) {
    case VM_BODY_STR:
        if (o->available < t->size_of_str)
            return false;
        length = word_at(o->bytes, t->str_length);
        data = o->bytes[t->str_ascii] ? t->size_of_str : t->size_of_str_wide;
        break;
    case VM_BODY_BYTES:
        length = word_at(o->bytes, t->var_size);
        data = t->bytes_data;
        break;
    case VM_BODY_INT:
        size = (int64_t)word_at(o->bytes, t->var_size);
        if (size < -1 || size > 1 || t->int_limbs + 8 > o->available ||
            o->type->address == t->address_bool_type)
            return false;
        render_decimal(out, size ? word_at(o->bytes, t->int_limbs) : 0, size < 0);
        return true;
    default:
        memcpy(&value, o->bytes + t->float_value, sizeof value);
        render_float(out, value);
        return true;
    }
    const bool is_bytes = o->type->body == VM_BODY_BYTES;
    const unsigned kind = is_bytes ? 1 : o->bytes[t->str_kind];
    const size_t count = length < LIMIT_LABEL ? (size_t)length : LIMIT_LABEL;
    if ((kind != 1 && kind != 2 && kind != 4) || data + count * kind > o->available)
        return false;
    if (is_bytes)
        strbuf_add_char(out, 'b');
    render_quoted(out, o->bytes + data, kind, count, length > count, is_bytes);
    return true;
}

static void add_label(struct vm *vm, const struct vm_object *o, struct strbuf *out)
{
    const struct introspect *t = &vm->t;
    const struct vm_type *type = o->type;
    switch (type->body) {
    case VM_BODY_STR:
    case VM_BODY_BYTES:
    case VM_BODY_INT:
    case VM_BODY_FLOAT:
        if (!label_local(vm, o, out))
            vm_add_repr(vm, o->address, 1, out);
        return;
    case VM_BODY_TYPE:
        label_type(vm, o, out);
        return;
    case VM_BODY_CODE:
        label_code(vm, o->address, out);
        return;
    case VM_BODY_FRAME:
        label_function(vm, word_at(o->bytes, t->gen_func), out);
        return;
    default:
        break;
    }
    if (type->address == t->address_function_type)
        label_code(vm, word_at(o->bytes, t->function_code), out);
    else if (type->address == t->address_cfunction_type)
        label_cfunction(vm, o, out);
    else if (type->address == t->address_frame_type)
        label_function(vm, word_at(o->bytes, t->frameobj_func), out);
    else if (type->flags & t->flag_is_exception)
        vm_add_repr(vm, word_at(o->bytes, t->exc_args), 1, out);
    else if (o->address == t->address_none)
        strbuf_add(out, "None");
    else if (type->name_offset && !type->heap)
        label_name(vm, word_at(o->bytes, type->name_offset), out);
}

void vm_add_label(struct vm *vm, const struct vm_object *o)
{
    strbuf_clear(&vm->text);
    add_label(vm, o, &vm->text);
    if (vm->text.length)
        snapshot_builder_label(vm->builder, strbuf_text(&vm->text), vm->text.length);
}
