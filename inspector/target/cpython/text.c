// Texts for people: names of edges and labels of objects, made from the bytes of the process.
//
// A label is what repr() would say of texts, numbers and small tuples of them; the name of a type,
// function or module; of an instance nothing. Cut texts end in three dots before the closing quote.
#include "inspector/target/cpython/cpython.h"
#include "inspector/target/render.h"

#include <inttypes.h>
#include <stdlib.h>

enum {
    NAME_CACHE_SLOTS = 1 << 15,
    ATTRIBUTE_MAX = 200, // characters of a name
    TUPLE_ITEMS_SHOWN = 4,
    LIMBS_SHOWN = 4, // of 64 bits
    DIGIT_BITS = 30,
    GENERATOR_OVER = 1, // gi_frame_state: below are a frame not begun, suspended or running
};

// ---- characters ----

static bool add_plain(struct cpy *cpy, const struct scalar_text *text, struct strbuf *out)
{
    unsigned char bytes[4 * ATTRIBUTE_MAX];
    const size_t count = text->length < ATTRIBUTE_MAX ? (size_t)text->length : ATTRIBUTE_MAX;
    if (!reader_read(&cpy->mem, text->data, bytes, count * text->kind))
        return false;
    render_plain(out, bytes, text->kind, count);
    if (text->length > count)
        strbuf_add(out, "...");
    return true;
}

bool cpy_text_of_str(struct cpy *cpy, uint64_t address, struct strbuf *out)
{
    struct scalar_text text;
    return scalar_text_find(&cpy->mem, cpy->l, address, &text) && add_plain(cpy, &text, out);
}

static void add_text_repr(struct cpy *cpy, const struct scalar_text *text, struct strbuf *out)
{
    unsigned char bytes[4 * LIMIT_LABEL];
    const size_t count = text->length < LIMIT_LABEL ? (size_t)text->length : LIMIT_LABEL;
    if (reader_read(&cpy->mem, text->data, bytes, count * text->kind))
        render_quoted(out, bytes, text->kind, count, text->length > count, false);
}

static void add_str_repr(struct cpy *cpy, uint64_t address, struct strbuf *out)
{
    struct scalar_text text;
    if (scalar_text_find(&cpy->mem, cpy->l, address, &text))
        add_text_repr(cpy, &text, out);
}

static void add_bytes_repr(struct cpy *cpy, uint64_t address, struct strbuf *out)
{
    unsigned char bytes[LIMIT_LABEL];
    uint64_t length;
    if (!reader_u64(&cpy->mem, address + OBJECT_SIZE, &length) || length >> 48)
        return;
    const size_t count = length < LIMIT_LABEL ? (size_t)length : LIMIT_LABEL;
    if (!reader_read(&cpy->mem, address + cpy->l->bytes_data, bytes, count))
        return;
    strbuf_add_char(out, 'b');
    render_quoted(out, bytes, 1, count, length > count, true);
}

// ---- numbers ----

static void add_int_repr(struct cpy *cpy, uint64_t address, struct strbuf *out)
{
    struct scalar_int found;
    uint32_t digits[LIMBS_SHOWN * 64 / DIGIT_BITS];
    uint64_t limbs[LIMBS_SHOWN + 1] = {0};
    if (!scalar_int_find(&cpy->mem, cpy->l, address, &found))
        return;
    if (found.digit_count > sizeof digits / sizeof *digits) {
        strbuf_addf(out, "<int of about %" PRIu64 " bits>", found.digit_count * DIGIT_BITS);
        return;
    }
    if (!reader_read(&cpy->mem, found.digits, digits, 4 * found.digit_count))
        return;
    for (unsigned i = 0; i < found.digit_count; i++) {
        const unsigned bit = i * DIGIT_BITS;
        const unsigned __int128 part = (unsigned __int128)(digits[i] & 0x3fffffff) << bit % 64;
        limbs[bit / 64] |= (uint64_t)part;
        limbs[bit / 64 + 1] |= (uint64_t)(part >> 64);
    }
    if (found.digit_count <= 2)
        render_decimal(out, limbs[0], found.negative && limbs[0]);
    else
        render_big(out, limbs, LIMBS_SHOWN, found.negative);
}

static void add_float_repr(struct cpy *cpy, uint64_t address, struct strbuf *out)
{
    double value;
    if (reader_read(&cpy->mem, address + cpy->l->float_value, &value, sizeof value))
        render_float(out, value);
}

static void add_complex_repr(struct cpy *cpy, uint64_t address, struct strbuf *out)
{
    double parts[2];
    if (!reader_read(&cpy->mem, address + cpy->l->complex_value, parts, sizeof parts))
        return;
    strbuf_add_char(out, '(');
    render_float(out, parts[0]);
    strbuf_add(out, parts[1] < 0 ? "" : "+");
    render_float(out, parts[1]);
    strbuf_add(out, "j)");
}

// ---- repr of anything, as far as it goes ----

static void add_tuple_repr(struct cpy *cpy, uint64_t address, int depth, struct strbuf *out)
{
    uint64_t count, items[TUPLE_ITEMS_SHOWN];
    if (!reader_u64(&cpy->mem, address + OBJECT_SIZE, &count) || count > LIMIT_ITEMS)
        return;
    if (depth <= 0 && count) {
        strbuf_add(out, "(...)");
        return;
    }
    const uint64_t shown = count < TUPLE_ITEMS_SHOWN ? count : TUPLE_ITEMS_SHOWN;
    if (!reader_read(&cpy->mem, address + cpy->l->tuple_items, items, 8 * shown))
        return;
    strbuf_add_char(out, '(');
    for (uint64_t i = 0; i < shown; i++) {
        if (i)
            strbuf_add(out, ", ");
        cpy_add_repr(cpy, items[i], depth - 1, out);
    }
    strbuf_add(out, count > TUPLE_ITEMS_SHOWN ? ", ...)" : count == 1 ? ",)" : ")");
}

static void add_class_repr(struct cpy *cpy, uint64_t address, struct strbuf *out)
{
    char name[128];
    uint64_t at;
    if (!reader_u64(&cpy->mem, address + cpy->l->type_name, &at))
        return;
    reader_text(&cpy->mem, at, name, sizeof name);
    strbuf_addf(out, "<class '%s'>", name);
}

static void add_bool_repr(struct cpy *cpy, uint64_t address, struct strbuf *out)
{
    int64_t value;
    if (scalar_int_value(&cpy->mem, cpy->l, address, &value))
        strbuf_add(out, value ? "True" : "False");
}

static bool is_exactly(const struct cpy_type *type, const char *name)
{
    return !type->heap && strcmp(type->name, name) == 0;
}

void cpy_add_repr(struct cpy *cpy, uint64_t address, int depth, struct strbuf *out)
{
    uint64_t type_address;
    if (!address || address % 8 || !reader_u64(&cpy->mem, address + OBJECT_TYPE, &type_address))
        return;
    const struct cpy_type *type = cpy_type_get(cpy, type_address);
    if (!type)
        return;
    switch (type->body) {
    case BODY_STR:
        add_str_repr(cpy, address, out);
        return;
    case BODY_INT:
        if (type->is_bool)
            add_bool_repr(cpy, address, out);
        else
            add_int_repr(cpy, address, out);
        return;
    case BODY_FLOAT:
        add_float_repr(cpy, address, out);
        return;
    case BODY_COMPLEX:
        add_complex_repr(cpy, address, out);
        return;
    case BODY_BYTES:
        add_bytes_repr(cpy, address, out);
        return;
    case BODY_TUPLE:
        add_tuple_repr(cpy, address, depth, out);
        return;
    case BODY_TYPE:
        add_class_repr(cpy, address, out);
        return;
    default:
        if (is_exactly(type, "NoneType"))
            strbuf_add(out, "None");
        else if (is_exactly(type, "ellipsis"))
            strbuf_add(out, "Ellipsis");
        else if (is_exactly(type, "NotImplementedType"))
            strbuf_add(out, "NotImplemented");
        else
            strbuf_addf(out, "<%s>", type->name);
    }
}

// ---- names of edges ----

static struct cpy_name_slot *cached(struct cpy_name_slot **cache, uint64_t address)
{
    if (!*cache)
        *cache = calloc(NAME_CACHE_SLOTS, sizeof **cache);
    return *cache ? &(*cache)[cpy_hash(address) & (NAME_CACHE_SLOTS - 1)] : NULL;
}

static edge_name intern(struct cpy *cpy, const struct strbuf *text)
{
    return edge_name_string(snapshot_builder_string(cpy->builder, strbuf_text(text), text->length));
}

edge_name cpy_name(struct cpy *cpy, const char *text)
{
    return edge_name_string(snapshot_builder_string(cpy->builder, text, strlen(text)));
}

edge_name cpy_name_of_str(struct cpy *cpy, uint64_t address)
{
    struct cpy_name_slot *slot = cached(&cpy->attributes, address);
    if (slot && slot->address == address)
        return slot->name;
    struct strbuf text;
    strbuf_init(&text);
    cpy_text_of_str(cpy, address, &text);
    const edge_name name = intern(cpy, &text);
    strbuf_deinit(&text);
    if (slot)
        *slot = (struct cpy_name_slot){.address = address, .name = name};
    return name;
}

// A small int is its own name; anything else is named by its repr.
static bool small_int_key(struct cpy *cpy, uint64_t address, edge_name *name)
{
    uint64_t type_address;
    int64_t value;
    if (!reader_u64(&cpy->mem, address + OBJECT_TYPE, &type_address))
        return false;
    const struct cpy_type *type = cpy_type_get(cpy, type_address);
    if (!type || type->body != BODY_INT || type->heap || type->is_bool ||
        !scalar_int_value(&cpy->mem, cpy->l, address, &value) || value < 0)
        return false;
    *name = edge_name_index((uint64_t)value);
    return (uint64_t)value < EDGE_NAME_INTEGER;
}

edge_name cpy_name_of_key(struct cpy *cpy, uint64_t address)
{
    struct cpy_name_slot *slot = cached(&cpy->keys, address);
    if (slot && slot->address == address)
        return slot->name;
    edge_name name = EDGE_NAME_NONE;
    if (!small_int_key(cpy, address, &name)) {
        strbuf_clear(&cpy->key_text);
        cpy_add_repr(cpy, address, 2, &cpy->key_text);
        name = intern(cpy, &cpy->key_text);
    }
    if (slot)
        *slot = (struct cpy_name_slot){.address = address, .name = name};
    return name;
}

// ---- labels ----

static void label_code(struct cpy *cpy, uint64_t address, struct strbuf *out)
{
    const struct cpy_code *code = cpy_code_get(cpy, address);
    if (!code)
        return;
    const char *slash = strrchr(code->file, '/');
    strbuf_addf(out, "%s %s:%u", code->function, slash ? slash + 1 : code->file, code->first_line);
}

static void label_of_code_at(struct cpy *cpy, uint64_t where, struct strbuf *out)
{
    uint64_t code;
    if (reader_u64(&cpy->mem, where, &code))
        label_code(cpy, code, out);
}

static void label_generator(struct cpy *cpy, const struct cpy_object *o, struct strbuf *out)
{
    const struct cpy_layout *l = cpy->l;
    if (layout_has(l->gen_code))
        label_code(cpy, word_at(o->bytes, l->gen_code), out);
    else if ((int8_t)o->bytes[l->gen_frame_state] < GENERATOR_OVER)
        label_of_code_at(cpy, o->address + l->gen_iframe + l->iframe_code, out);
    if (!out->length) // the code of a frame that is over is gone, the name is not
        cpy_text_of_str(cpy, word_at(o->bytes, l->gen_qualname), out);
}

// "profile app.py:7 maxsize=128"
static void label_lru_cache(struct cpy *cpy, const struct cpy_object *o, struct strbuf *out)
{
    const struct cpy_layout *l = cpy->l;
    const uint64_t function = word_at(o->bytes, l->lru_func);
    uint64_t type_address;
    if (!function || function % 8 || !reader_u64(&cpy->mem, function + OBJECT_TYPE, &type_address))
        return;
    const struct cpy_type *type = cpy_type_get(cpy, type_address);
    if (!type || type->body != BODY_FUNCTION)
        return;
    label_of_code_at(cpy, function + l->function_code, out);
    const int64_t maxsize = (int64_t)word_at(o->bytes, l->lru_maxsize);
    if (out->length && maxsize < 0)
        strbuf_add(out, " maxsize=None");
    else if (out->length)
        strbuf_addf(out, " maxsize=%" PRId64, maxsize);
}

static void label_frame(struct cpy *cpy, const struct cpy_object *o, struct strbuf *out)
{
    const struct cpy_layout *l = cpy->l;
    if (layout_has(l->frame_code))
        label_code(cpy, word_at(o->bytes, l->frame_code), out);
    else
        label_of_code_at(cpy, word_at(o->bytes, l->frame_iframe) + l->iframe_code, out);
}

// "worker app.py:7, in sleep hub.py:129"
static void label_greenlet(struct cpy *cpy, const struct cpy_object *o, struct strbuf *out)
{
    uint64_t outermost, innermost;
    if (!cpy_greenlet_code(cpy, o, &outermost, &innermost))
        return;
    label_code(cpy, outermost, out);
    if (innermost == outermost)
        return;
    strbuf_add(out, ", in ");
    label_code(cpy, innermost, out);
}

static void label_cfunction(struct cpy *cpy, const struct cpy_object *o, struct strbuf *out)
{
    char name[64];
    uint64_t at;
    if (!reader_u64(&cpy->mem, word_at(o->bytes, cpy->l->cfunction_def) + cpy->l->methoddef_name,
                    &at))
        return;
    reader_text(&cpy->mem, at, name, sizeof name);
    strbuf_add(out, name);
}

static void label_str_at(struct cpy *cpy, uint64_t str, struct strbuf *out)
{
    uint64_t type_address;
    if (!str || str % 8 || !reader_u64(&cpy->mem, str + OBJECT_TYPE, &type_address))
        return;
    const struct cpy_type *type = cpy_type_get(cpy, type_address);
    if (type && type->body == BODY_STR)
        cpy_text_of_str(cpy, str, out);
}

// "module.Name"
static void label_type(struct cpy *cpy, const struct cpy_object *o, struct strbuf *out)
{
    char name[128];
    uint64_t at;
    if (half_at(o->bytes, cpy->l->type_flags) & TYPE_HEAP) {
        const uint64_t dict = cpy_type_dict(cpy, o->address, o->bytes);
        const size_t before = out->length;
        label_str_at(cpy, dict_get(&cpy->mem, cpy->l, dict, "__module__"), out);
        if (out->length > before)
            strbuf_add_char(out, '.');
        label_str_at(cpy, word_at(o->bytes, cpy->l->heap_type_qualname), out);
        return;
    }
    if (!reader_u64(&cpy->mem, o->address + cpy->l->type_name, &at))
        return;
    reader_text(&cpy->mem, at, name, sizeof name);
    strbuf_add(out, name);
}

// Texts and numbers are most of a heap. What is wholly in the copy of the object is rendered from
// it; false when it is not.
static bool label_local(struct cpy *cpy, const struct cpy_object *o, struct strbuf *out)
{
    const struct cpy_layout *l = cpy->l;
    const bool is_bytes = o->type->body == BODY_BYTES;
    struct scalar_text text = {.kind = 1};
    uint64_t tag;
    double value;
    switch (o->type->body) {
    case BODY_STR:
        if (o->type->python_class || !scalar_text_of_bytes(l, 0, o->bytes, &text) || !text.compact)
            return false;
        break;
    case BODY_BYTES:
        text.length = word_at(o->bytes, OBJECT_SIZE);
        text.data = l->bytes_data;
        break;
    case BODY_INT:
        tag = word_at(o->bytes, OBJECT_SIZE);
        // One digit, positive: a size of 1, or that in the upper bits of a tag.
        if (tag != (layout_has(l->int_tag) ? 8 : 1) || o->type->is_bool ||
            o->available < l->int_digits + UINT64_C(4))
            return false;
        render_decimal(out, half_at(o->bytes, l->int_digits), false);
        return true;
    default:
        memcpy(&value, o->bytes + l->float_value, sizeof value);
        render_float(out, value);
        return true;
    }
    const size_t count = text.length < LIMIT_LABEL ? (size_t)text.length : LIMIT_LABEL;
    if (text.data + count * text.kind > o->available)
        return false;
    if (is_bytes)
        strbuf_add_char(out, 'b');
    render_quoted(out, o->bytes + text.data, text.kind, count, text.length > count, is_bytes);
    return true;
}

static void add_label(struct cpy *cpy, const struct cpy_object *o, struct strbuf *out)
{
    const struct cpy_layout *l = cpy->l;
    switch (o->type->body) {
    case BODY_TYPE:
        label_type(cpy, o, out);
        return;
    case BODY_CODE:
        label_code(cpy, o->address, out);
        return;
    case BODY_FUNCTION:
        label_code(cpy, word_at(o->bytes, l->function_code), out);
        return;
    case BODY_METHOD:
        label_of_code_at(cpy, word_at(o->bytes, l->method_func) + l->function_code, out);
        return;
    case BODY_CFUNCTION:
        label_cfunction(cpy, o, out);
        return;
    case BODY_GENERATOR:
        label_generator(cpy, o, out);
        return;
    case BODY_GREENLET:
        label_greenlet(cpy, o, out);
        return;
    case BODY_FRAME:
        label_frame(cpy, o, out);
        return;
    case BODY_LRU_CACHE:
        label_lru_cache(cpy, o, out);
        return;
    case BODY_MODULE:
        label_str_at(cpy, word_at(o->bytes, l->module_name), out);
        return;
    case BODY_DESCRIPTOR:
        label_str_at(cpy, word_at(o->bytes, l->descr_name), out);
        return;
    case BODY_EXCEPTION:
        cpy_add_repr(cpy, word_at(o->bytes, l->exception_args), 1, out);
        return;
    case BODY_STR:
    case BODY_INT:
    case BODY_FLOAT:
    case BODY_BYTES:
        if (!label_local(cpy, o, out))
            cpy_add_repr(cpy, o->address, 1, out);
        return;
    case BODY_COMPLEX:
        cpy_add_repr(cpy, o->address, 1, out);
        return;
    case BODY_OTHER:
        if (o->type->is_singleton)
            cpy_add_repr(cpy, o->address, 1, out);
        return;
    default:
        return;
    }
}

void cpy_add_label(struct cpy *cpy, const struct cpy_object *o)
{
    strbuf_clear(&cpy->text);
    add_label(cpy, o, &cpy->text);
    if (cpy->text.length)
        snapshot_builder_label(cpy->builder, strbuf_text(&cpy->text), cpy->text.length);
}
