// Texts for people: names of edges and labels of objects, made from the bytes of the process.
//
// A label is short, ASCII-safe where it must be, and made without running anything: what repr()
// would say of texts, numbers and small tuples of them, the names of types, functions and modules.
// Cut texts end in three dots before the closing quote.
#include "inspector/target/ownvm/ownvm.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    NAME_CACHE_SLOTS = 1 << 15,
    ATTRIBUTE_MAX = 200, // characters of a name
    TUPLE_ITEMS_SHOWN = 4,
    ESCAPED_MOST = 4, // bytes that one character becomes
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

static uint32_t char_at(const unsigned char *bytes, unsigned kind, size_t i)
{
    uint16_t two;
    uint32_t four;
    switch (kind) {
    case 1:
        return bytes[i];
    case 2:
        memcpy(&two, bytes + 2 * i, 2);
        return two;
    default:
        memcpy(&four, bytes + 4 * i, 4);
        return four;
    }
}

// Up to four bytes; returns how many. Surrogates and what is beyond Unicode become U+FFFD.
static size_t put_utf8(char *to, uint32_t c)
{
    size_t n = 0;
    if (c >= 0x110000 || (c >= 0xd800 && c < 0xe000))
        c = 0xfffd;
    if (c < 0x80) {
        to[n++] = (char)c;
    } else if (c < 0x800) {
        to[n++] = (char)(0xc0 | c >> 6);
        to[n++] = (char)(0x80 | (c & 63));
    } else if (c < 0x10000) {
        to[n++] = (char)(0xe0 | c >> 12);
        to[n++] = (char)(0x80 | (c >> 6 & 63));
        to[n++] = (char)(0x80 | (c & 63));
    } else {
        to[n++] = (char)(0xf0 | c >> 18);
        to[n++] = (char)(0x80 | (c >> 12 & 63));
        to[n++] = (char)(0x80 | (c >> 6 & 63));
        to[n++] = (char)(0x80 | (c & 63));
    }
    return n;
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
    for (size_t i = 0; i < count; i++) {
        char utf8[4];
        const uint32_t c = char_at(bytes, text.kind, i);
        strbuf_add_bytes(out, utf8, put_utf8(utf8, c ? c : 0xfffd));
    }
    if (cut)
        strbuf_add(out, "...");
    return true;
}

// Up to ESCAPED_MOST bytes; returns how many.
static size_t put_escaped(char *to, uint32_t c, char quote, bool is_bytes)
{
    static const char digits[] = "0123456789abcdef";
    const char *short_form = c == '\n' ? "\\n" : c == '\t' ? "\\t" : c == '\r' ? "\\r" : NULL;
    if (short_form) {
        memcpy(to, short_form, 2);
        return 2;
    }
    if (c < 0x20 || c == 0x7f || (is_bytes ? c > 0x7f : c >= 0x80 && c < 0xa0)) {
        to[0] = '\\';
        to[1] = 'x';
        to[2] = digits[c >> 4 & 15];
        to[3] = digits[c & 15];
        return 4;
    }
    if (c == '\\' || c == (uint32_t)quote) {
        to[0] = '\\';
        to[1] = (char)c;
        return 2;
    }
    return put_utf8(to, c);
}

// Whether it is printable ASCII without quotes and backslashes, as most text is.
static bool is_plain(const unsigned char *bytes, unsigned kind, size_t count)
{
    bool plain = kind == 1;
    for (size_t i = 0; plain && i < count; i++)
        plain = bytes[i] >= 0x20 && bytes[i] < 0x7f && bytes[i] != '\'' && bytes[i] != '\\';
    return plain;
}

// As repr() has it, but no longer than about LIMIT_LABEL characters, escapes included.
static void add_quoted(struct strbuf *out, const unsigned char *bytes, unsigned kind, size_t count,
                       bool cut, bool is_bytes)
{
    char text[ESCAPED_MOST * (LIMIT_LABEL + 1) + 5];
    bool single = false, twice = false;
    for (size_t i = 0; i < count; i++) {
        single |= char_at(bytes, kind, i) == '\'';
        twice |= char_at(bytes, kind, i) == '"';
    }
    const char quote = single && !twice ? '"' : '\'';
    size_t length = 0, shown = 0;
    text[length++] = quote;
    if (is_plain(bytes, kind, count)) {
        memcpy(text + length, bytes, count);
        length += count;
    } else {
        for (size_t i = 0; i < count && !(cut |= shown >= LIMIT_LABEL); i++) {
            const size_t added =
                put_escaped(text + length, char_at(bytes, kind, i), quote, is_bytes);
            shown += text[length] == '\\' ? added : 1;
            length += added;
        }
    }
    if (cut) {
        memcpy(text + length, "...", 3);
        length += 3;
    }
    text[length++] = quote;
    strbuf_add_bytes(out, text, length);
}

static void add_text_repr(struct vm *vm, uint64_t address, struct strbuf *out)
{
    unsigned char bytes[4 * LIMIT_LABEL];
    struct text text;
    bool cut;
    if (!find_text(vm, address, &text))
        return;
    const size_t count = read_text(vm, &text, LIMIT_LABEL, bytes, &cut);
    add_quoted(out, bytes, text.kind, count, cut, false);
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
    add_quoted(out, bytes, 1, count, cut, true);
}

// ---- numbers ----

static void add_decimal(uint64_t value, bool negative, struct strbuf *out)
{
    char digits[24];
    size_t at = sizeof digits;
    do
        digits[--at] = (char)('0' + value % 10);
    while (value /= 10);
    if (negative)
        digits[--at] = '-';
    strbuf_add_bytes(out, digits + at, sizeof digits - at);
}

// Up to four limbs in decimal, by repeated division by 10^18.
static void add_big(uint64_t *limbs, size_t count, bool negative, struct strbuf *out)
{
    uint64_t parts[6];
    size_t used = 0;
    while (count && used < 6) {
        unsigned __int128 rest = 0;
        for (size_t i = count; i-- > 0;) {
            rest = rest << 64 | limbs[i];
            limbs[i] = (uint64_t)(rest / 1000000000000000000u);
            rest %= 1000000000000000000u;
        }
        parts[used++] = (uint64_t)rest;
        while (count && limbs[count - 1] == 0)
            count--;
    }
    add_decimal(used ? parts[used - 1] : 0, negative, out);
    for (size_t i = used ? used - 1 : 0; i-- > 0;)
        strbuf_addf(out, "%018" PRIu64, parts[i]);
}

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
        add_decimal(count ? limbs[0] : 0, size < 0, out);
    else
        add_big(limbs, count, size < 0, out);
}

// Most floats in programs have few decimals: these need no search for the shortest form.
static bool add_short_float(double value, struct strbuf *out)
{
    static const double powers[] = {1, 10, 100, 1000};
    if (!(fabs(value) < 1e9) || (value != 0 && fabs(value) < 1e-3))
        return false;
    for (int places = 0; places < 4; places++) {
        const double scaled = value * powers[places];
        const int64_t whole = (int64_t)scaled;
        if ((double)whole != scaled || (double)whole / powers[places] != value)
            continue;
        const uint64_t size = (uint64_t)(whole < 0 ? -whole : whole),
                       unit = (uint64_t)powers[places];
        add_decimal(size / unit, signbit(value), out);
        strbuf_add_char(out, '.');
        for (uint64_t digit = unit / 10; digit; digit /= 10)
            strbuf_add_char(out, (char)('0' + size / digit % 10));
        if (places == 0)
            strbuf_add_char(out, '0');
        return true;
    }
    return false;
}

// The shortest of 15, 16 and 17 digits that reads back as the same value, in Python's layout.
static void add_float(double value, struct strbuf *out)
{
    char text[40];
    if (add_short_float(value, out))
        return;
    if (isnan(value) || isinf(value)) {
        strbuf_add(out, isnan(value) ? "nan" : value < 0 ? "-inf" : "inf");
        return;
    }
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    char *exponent = strchr(text, 'e');
    if (exponent && fabs(value) >= 1e15 && fabs(value) < 1e16)
        snprintf(text, sizeof text, "%.1f", value);
    strbuf_add(out, text);
    if (!strpbrk(text, ".e"))
        strbuf_add(out, ".0");
}

static void add_float_repr(struct vm *vm, uint64_t address, struct strbuf *out)
{
    double value;
    if (vmem_read(&vm->mem, address + vm->t.float_value, &value, sizeof value))
        add_float(value, out);
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
        add_decimal(size ? word_at(o->bytes, t->int_limbs) : 0, size < 0, out);
        return true;
    default:
        memcpy(&value, o->bytes + t->float_value, sizeof value);
        add_float(value, out);
        return true;
    }
    const bool is_bytes = o->type->body == VM_BODY_BYTES;
    const unsigned kind = is_bytes ? 1 : o->bytes[t->str_kind];
    const size_t count = length < LIMIT_LABEL ? (size_t)length : LIMIT_LABEL;
    if ((kind != 1 && kind != 2 && kind != 4) || data + count * kind > o->available)
        return false;
    if (is_bytes)
        strbuf_add_char(out, 'b');
    add_quoted(out, o->bytes + data, kind, count, length > count, is_bytes);
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
