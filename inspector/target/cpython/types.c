// Types of the captured process, decoded once each: what their objects look like.
//
// What an object refers to follows from the chain of its bases, as in CPython's own traversal:
//
//     class Shop(Base): __slots__ = ...      Python classes: slots, by the members in the class
//     class Base:                            attribute values, __dict__
//     nearest C type                         fields, by the tables of layout/types_3_*.def
//
// Of a C type that is in no table every word behind its base is looked at, conservatively, with the
// names that its tp_members give. Python classes are told from C types by the functions that the
// interpreter gives them (subtype_traverse, subtype_dealloc), which are learnt from a class that
// every process has.
//
// Types are kept in a hash table; addresses where no type is are remembered in a cache beside it,
// because the census asks about every word that might be one.
#include "inspector/target/cpython/cpython.h"

#include <stdlib.h>

enum {
    TYPE_BYTES = 416, // the longest PyTypeObject
    TYPE_WORDS_SCANNED = 512,
    NO_TYPE_SLOTS = 1 << 14,
    MEMBER_OBJECT = 6, // T_OBJECT
    MEMBER_OBJECT_EX = 16,
    SPECIFICATION_MAX = 64, // bytes of one field
};

struct raw_type {
    uint64_t address;
    unsigned char bytes[TYPE_BYTES];
};

// What is being put together.
struct decoding {
    struct cpy *cpy;
    struct cpy_type *type;
    uint32_t count;
    struct cpy_field fields[LIMIT_FIELDS];
};

static const struct {
    const char *name;
    uint8_t body;
} bodies[] = {
#define BODY(id, name, what) {name, BODY_##id},
#include "inspector/target/cpython/bodies.def"
#undef BODY
};

// ---- raw types ----

static bool read_raw(struct cpy *cpy, uint64_t address, struct raw_type *raw)
{
    raw->address = address;
    return address && address % 8 == 0 &&
           reader_read(&cpy->mem, address, raw->bytes, cpy->l->size_of_type);
}

static uint64_t raw_flags(const struct cpy *cpy, const struct raw_type *raw)
{
    return word_at(raw->bytes, cpy->l->type_flags);
}

static bool raw_is_python_class(const struct cpy *cpy, const struct raw_type *raw)
{
    const uint64_t flags = raw_flags(cpy, raw);
    if (!(flags & TYPE_HEAP))
        return false;
    return flags & TYPE_GC ? word_at(raw->bytes, cpy->l->type_traverse) == cpy->subtype_traverse
                           : word_at(raw->bytes, cpy->l->type_dealloc) == cpy->subtype_dealloc;
}

// The type of a type is `type` or derives from it. (That goes by bases: a class may be its own
// type.)
static bool has_sane_meta(struct cpy *cpy, uint64_t meta)
{
    uint64_t flags;
    for (int i = 0; i < LIMIT_META; i++) {
        if (meta == cpy->rt.type_type)
            return true;
        if (!meta || meta % 8 || !reader_u64(&cpy->mem, meta + cpy->l->type_flags, &flags) ||
            !(flags & TYPE_IS_TYPE) || !reader_u64(&cpy->mem, meta + cpy->l->type_base, &meta))
            return false;
    }
    return false;
}

// A few static types are never made ready, and used all the same: those have at least a name.
static bool is_ready(struct cpy *cpy, const struct raw_type *raw)
{
    char name[128];
    if (raw_flags(cpy, raw) & TYPE_READY)
        return true;
    if (raw_flags(cpy, raw) & TYPE_HEAP || !cpy_is_static(cpy, raw->address))
        return false;
    reader_text(&cpy->mem, word_at(raw->bytes, cpy->l->type_name), name, sizeof name);
    size_t length = 0;
    while (name[length] > ' ' && name[length] < 0x7f)
        length++;
    return length > 0 && name[length] == 0;
}

static bool raw_is_sane(struct cpy *cpy, const struct raw_type *raw)
{
    const uint64_t basicsize = word_at(raw->bytes, cpy->l->type_basicsize);
    const uint64_t itemsize = word_at(raw->bytes, cpy->l->type_itemsize);
    return is_ready(cpy, raw) && basicsize >= 16 && basicsize <= LIMIT_BASICSIZE &&
           itemsize <= LIMIT_BASICSIZE && word_at(raw->bytes, OBJECT_REFCNT) &&
           has_sane_meta(cpy, word_at(raw->bytes, OBJECT_TYPE));
}

// ---- namespaces of types ----

// From 3.12 on the namespaces of built-in types belong to the interpreter: an array, in which the
// type's tp_subclasses is its place, counted from 1.
static bool static_state(struct cpy *cpy, uint64_t type, const unsigned char *bytes, uint64_t *ret)
{
    const struct cpy_layout *l = cpy->l;
    const uint64_t place = word_at(bytes, l->type_subclasses);
    if (!layout_has(l->size_of_static_type) ||
        !(half_at(bytes, l->type_flags) & TYPE_STATIC_BUILTIN))
        return false;
    const uint32_t arrays[] = {l->interp_static_types, l->interp_ext_types};
    for (unsigned i = 0; i < 2; i++) {
        uint64_t owner;
        if (!layout_has(arrays[i]) || place == 0 || place > 1 << 12)
            continue;
        *ret = cpy->rt.interp + arrays[i] + (place - 1) * l->size_of_static_type;
        if (reader_u64(&cpy->mem, *ret + l->static_type_type, &owner) && owner == type)
            return true;
    }
    return false;
}

uint64_t cpy_type_dict(struct cpy *cpy, uint64_t type, const unsigned char *bytes)
{
    uint64_t state, dict = word_at(bytes, cpy->l->type_dict);
    if (!dict && static_state(cpy, type, bytes, &state))
        reader_u64(&cpy->mem, state + cpy->l->static_type_dict, &dict);
    return dict;
}

uint64_t cpy_type_subclasses(struct cpy *cpy, uint64_t type, const unsigned char *bytes)
{
    uint64_t state, subclasses = word_at(bytes, cpy->l->type_subclasses);
    if (subclasses < 1 << 12 && static_state(cpy, type, bytes, &state))
        reader_u64(&cpy->mem, state + cpy->l->static_type_subclasses, &subclasses);
    return subclasses < 1 << 12 ? 0 : subclasses;
}

// ---- fields ----

static void add_field(struct decoding *d, uint32_t offset, enum edge_kind kind,
                      enum edge_class edge_class, edge_name name)
{
    if (d->count < LIMIT_FIELDS && (uint64_t)offset + 8 <= d->type->basicsize)
        d->fields[d->count++] = (struct cpy_field){
            .offset = offset, .kind = (uint8_t)kind, .class = (uint8_t)edge_class, .name = name};
}

static bool has_field(const struct decoding *d, uint32_t offset)
{
    for (uint32_t i = 0; i < d->count; i++)
        if (d->fields[i].offset == offset)
            return true;
    return false;
}

static edge_name member_name(struct cpy *cpy, const unsigned char *member)
{
    char text[200];
    reader_text(&cpy->mem, word_at(member, cpy->l->member_name), text, sizeof text);
    return cpy_name(cpy, text);
}

// The slots of a Python class: members behind the class, which is as long as its own type says.
static void add_slots(struct decoding *d, const struct raw_type *class)
{
    struct cpy *cpy = d->cpy;
    const struct cpy_layout *l = cpy->l;
    unsigned char member[64];
    uint64_t meta_size, count = word_at(class->bytes, OBJECT_SIZE);
    if (count == 0 || count > LIMIT_MEMBERS ||
        !reader_u64(&cpy->mem, word_at(class->bytes, OBJECT_TYPE) + l->type_basicsize, &meta_size))
        return;
    for (uint64_t i = 0; i < count; i++) {
        if (!reader_read(&cpy->mem, class->address + meta_size + i * l->size_of_member, member,
                         l->size_of_member))
            return;
        const uint64_t offset = word_at(member, l->member_offset);
        if (half_at(member, l->member_type) == MEMBER_OBJECT_EX && offset < d->type->basicsize)
            add_field(d, (uint32_t)offset, EDGE_SLOT, CLASS_TRAVERSED, member_name(cpy, member));
    }
}

static enum edge_class class_of_letter(char letter)
{
    switch (letter) {
    case 'T':
        return CLASS_TRAVERSED;
    case 'O':
        return CLASS_OWNED;
    case 'W':
        return CLASS_WEAK;
    default:
        return CLASS_BORROWED;
    }
}

// Bodies whose references are decoded by code alone.
static bool body_has_fields(uint8_t body)
{
    return body != BODY_FRAME && body != BODY_GENERATOR && body != BODY_TYPE &&
           body != BODY_LRU_CACHE && body != BODY_LRU_LINK && body != BODY_ELEMENT &&
           body != BODY_TEE_DATA && body != BODY_TUPLE;
}

// "T16:func O24:args ...", see layout.h. True when the type itself is among the fields.
static bool add_fields_of_table(struct decoding *d, const char *specification, uint8_t body)
{
    const enum edge_kind kind = body == BODY_CELL ? EDGE_CELL : EDGE_FIELD;
    char word[SPECIFICATION_MAX];
    bool visits_type = false;
    for (const char *at = specification; *at;) {
        const size_t length = strcspn(at, " ");
        snprintf(word, sizeof word, "%.*s", (int)length, at);
        at += length + (at[length] == ' ');
        char *name;
        const unsigned long offset = strtoul(word + 1, &name, 10);
        const enum edge_class class = class_of_letter(word[0]);
        if (offset == OBJECT_TYPE)
            visits_type = true;
        else if (offset >= 16 && body_has_fields(body))
            add_field(d, (uint32_t)offset, class == CLASS_WEAK ? EDGE_WEAK : kind, class,
                      *name == ':' ? cpy_name(d->cpy, name + 1) : EDGE_NAME_NONE);
    }
    return visits_type;
}

// tp_members of a C type that are objects: they have names at least.
static void add_members(struct decoding *d, const struct raw_type *type, uint32_t from)
{
    struct cpy *cpy = d->cpy;
    const struct cpy_layout *l = cpy->l;
    unsigned char member[64];
    uint64_t at = word_at(type->bytes, l->type_members);
    for (int i = 0; at && i < LIMIT_MEMBERS; i++, at += l->size_of_member) {
        if (!reader_read(&cpy->mem, at, member, l->size_of_member) ||
            !word_at(member, l->member_name))
            return;
        const uint32_t kind = half_at(member, l->member_type);
        const uint64_t offset = word_at(member, l->member_offset);
        if ((kind == MEMBER_OBJECT || kind == MEMBER_OBJECT_EX) && offset >= from &&
            offset < d->type->basicsize && !has_field(d, (uint32_t)offset))
            add_field(d, (uint32_t)offset, EDGE_FIELD, CLASS_CONSERVATIVE,
                      member_name(cpy, member));
    }
}

// Every other word of an unknown C type.
static void add_words(struct decoding *d, const struct raw_type *type, uint32_t from, uint32_t to)
{
    const struct cpy_layout *l = d->cpy->l;
    const uint64_t weaklist = word_at(type->bytes, l->type_weaklistoffset);
    char name[32];
    if (to > from + TYPE_WORDS_SCANNED * 8)
        to = from + TYPE_WORDS_SCANNED * 8;
    for (uint32_t offset = from; offset + 8 <= to; offset += 8) {
        if (offset == weaklist || has_field(d, offset))
            continue;
        snprintf(name, sizeof name, "+%u", offset);
        add_field(d, offset, EDGE_UNKNOWN, CLASS_CONSERVATIVE, cpy_name(d->cpy, name));
    }
}

// ---- the nearest C type ----

static uint8_t body_named(const char *name)
{
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
        if (strcmp(bodies[i].name, name) == 0)
            return bodies[i].body;
    return BODY_OTHER;
}

static void raw_name(struct cpy *cpy, const struct raw_type *raw, char *name, size_t size)
{
    reader_text(&cpy->mem, word_at(raw->bytes, cpy->l->type_name), name, size);
}

// How a C type and its bases are known, from itself up to `object`.
struct c_chain {
    struct raw_type nearest;       // the C type
    const struct cpy_ctype *ctype; // of it or of the first base that has one; may be NULL
    uint32_t known_to;             // bytes that are described, by tables or a body
    uint8_t body;
};

static uint64_t end_of_last(const uint32_t *offsets, size_t count)
{
    uint64_t end = OBJECT_SIZE;
    for (size_t i = 0; i < count; i++)
        if (layout_has(offsets[i]) && offsets[i] + UINT64_C(8) > end)
            end = offsets[i] + UINT64_C(8);
    return end;
}

#define END_OF(...)                              \
    end_of_last((const uint32_t[]){__VA_ARGS__}, \
                sizeof(const uint32_t[]){__VA_ARGS__} / sizeof(uint32_t))

static uint64_t end_of_generator(const struct cpy_layout *l, const char *name)
{
    const uint32_t exc =
        l->gen_exc_state +
        (layout_has(l->exc_state_traceback) ? l->exc_state_traceback : l->exc_state_value);
    const uint32_t own = strcmp(name, "coroutine") == 0         ? l->gen_origin
                         : strcmp(name, "async_generator") == 0 ? l->gen_finalizer
                                                                : LAYOUT_NONE;
    return END_OF(l->gen_frame, l->gen_code, l->gen_name, l->gen_qualname, l->gen_frame_state, exc,
                  own);
}

// How far into the copy of an object the code of its body looks without asking how long it is.
static uint64_t least_bytes(const struct cpy_layout *l, uint8_t body, const char *name)
{
    switch (body) {
    case BODY_LIST:
        return END_OF(OBJECT_SIZE, l->list_items, l->list_allocated);
    case BODY_TUPLE:
    case BODY_BYTES:
    case BODY_INT:
    case BODY_HAMT_BITMAP:
    case BODY_HAMT_COLLISION:
        return END_OF(OBJECT_SIZE);
    case BODY_DICT:
        return END_OF(l->dict_used, l->dict_keys, l->dict_values);
    case BODY_ODICT:
        return END_OF(l->dict_used, l->dict_keys, l->dict_values, l->odict_first,
                      l->odict_fast_nodes_size);
    case BODY_SET:
        return END_OF(l->set_fill, l->set_mask, l->set_table);
    case BODY_BYTEARRAY:
        return END_OF(l->bytearray_alloc);
    case BODY_FLOAT:
        return END_OF(l->float_value);
    case BODY_TYPE:
        return l->size_of_heap_type;
    case BODY_MODULE:
        return END_OF(l->module_def, l->module_state, l->module_name);
    case BODY_CODE:
        return END_OF(OBJECT_SIZE, l->code_extra, l->code_cell2arg, l->code_cellvars, l->code_code,
                      l->code_opcache, l->code_cached);
    case BODY_FRAME:
        return END_OF(l->frame_back, l->frame_code, l->frame_builtins, l->frame_globals,
                      l->frame_locals, l->frame_trace, l->frame_iframe, l->frame_extra_locals,
                      l->frame_locals_cache);
    case BODY_GENERATOR:
        return end_of_generator(l, name);
    case BODY_DEQUE:
        return END_OF(OBJECT_SIZE, l->deque_left, l->deque_left_block);
    case BODY_LRU_CACHE:
        return END_OF(l->lru_next, l->lru_maxsize, l->lru_func, l->lru_cache, l->lru_kwd_mark,
                      l->lru_elem_type, l->lru_cache_info_type, l->lru_dict);
    case BODY_TEE_DATA:
        return END_OF(l->tee_iterator, l->tee_count, l->tee_next);
    case BODY_FUNCTION:
        return END_OF(l->function_code);
    case BODY_METHOD:
        return END_OF(l->method_func);
    case BODY_CFUNCTION:
        return END_OF(l->cfunction_def);
    case BODY_DESCRIPTOR:
        return END_OF(l->descr_name);
    case BODY_EXCEPTION:
        return END_OF(l->exception_args);
    default: // looks from the process's memory, or asks
        return 0;
    }
}

static void walk_c_chain(struct cpy *cpy, struct c_chain *chain)
{
    struct raw_type at = chain->nearest;
    char name[128];
    chain->known_to = 16;
    for (int i = 0; i < LIMIT_SUPER; i++) {
        const uint64_t size = word_at(at.bytes, cpy->l->type_basicsize);
        raw_name(cpy, &at, name, sizeof name);
        uint8_t body = body_named(name);
        if (size < least_bytes(cpy->l, body, name))
            body = BODY_OTHER; // of the same name alone
        const struct cpy_ctype *ctype = cpy_ctype_find(cpy->rt.minor, name, size);
        if (chain->body == BODY_OTHER)
            chain->body = body;
        if (ctype && !chain->ctype)
            chain->ctype = ctype;
        if ((body || (ctype && ctype->whole)) && size > chain->known_to)
            chain->known_to = (uint32_t)(size < LIMIT_BASICSIZE ? size : LIMIT_BASICSIZE);
        // The items of a tuple begin at the same place whatever its type's size is.
        if (body == BODY_TUPLE)
            chain->known_to = LIMIT_BASICSIZE;
        if (!read_raw(cpy, word_at(at.bytes, cpy->l->type_base), &at))
            return;
    }
}

// A table of a base serves a type that has inherited its tp_traverse.
static bool table_serves(struct cpy *cpy, const struct c_chain *chain, const char *name)
{
    struct raw_type at = chain->nearest;
    const uint64_t traverse = word_at(at.bytes, cpy->l->type_traverse);
    char other[128];
    for (int i = 0; i < LIMIT_SUPER; i++) {
        raw_name(cpy, &at, other, sizeof other);
        if (strcmp(other, name) == 0)
            return word_at(at.bytes, cpy->l->type_traverse) == traverse;
        if (!read_raw(cpy, word_at(at.bytes, cpy->l->type_base), &at))
            return false;
    }
    return false;
}

// Returns whether instances report the type itself when they are traversed.
static bool add_c_part(struct decoding *d, const struct c_chain *chain)
{
    struct cpy *cpy = d->cpy;
    const bool c_heap = raw_flags(cpy, &chain->nearest) & TYPE_HEAP;
    const uint64_t size = word_at(chain->nearest.bytes, cpy->l->type_basicsize);
    char name[128];
    bool visits_type = c_heap; // what C types are told to do
    raw_name(cpy, &chain->nearest, name, sizeof name);
    if (chain->ctype && body_has_fields(chain->body)) {
        const bool visits = add_fields_of_table(d, chain->ctype->fields,
                                                chain->body == BODY_CELL ? EDGE_CELL : EDGE_FIELD);
        if (table_serves(cpy, chain, chain->ctype->name))
            visits_type = visits;
    }
    if (chain->known_to < size) {
        add_members(d, &chain->nearest, chain->known_to);
        add_words(d, &chain->nearest, chain->known_to,
                  (uint32_t)(size < LIMIT_BASICSIZE ? size : LIMIT_BASICSIZE));
    }
    return visits_type;
}

// ---- attribute names ----

static void read_attributes(struct decoding *d)
{
    struct cpy *cpy = d->cpy;
    struct cpy_type *type = d->type;
    struct dict_keys keys;
    struct dict_iter it;
    struct dict_entry entry;
    uint64_t address;
    if (!type->heap ||
        !reader_u64(&cpy->mem, type->address + cpy->l->heap_type_cached_keys, &address) ||
        !address || !dict_keys_read(&cpy->mem, cpy->l, address, &keys) ||
        keys.entry_count > LIMIT_FIELDS)
        return;
    type->cached_keys = address;
    type->attributes =
        arena_alloc_array(&cpy->arena, keys.entry_count + 1, sizeof *type->attributes);
    if (!type->attributes)
        return;
    type->attribute_count = (uint32_t)keys.entry_count;
    dict_iter_begin_keys(&it, &cpy->mem, &keys, 0);
    while (dict_iter_next(&it, &entry))
        type->attributes[entry.index] = cpy_name_of_str(cpy, entry.key);
}

// ---- names of types ----

static const char *last_part(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot ? dot + 1 : name;
}

static void module_of(struct cpy *cpy, const struct raw_type *raw, const char *name,
                      struct strbuf *out)
{
    if (raw_flags(cpy, raw) & TYPE_HEAP) {
        const uint64_t dict = cpy_type_dict(cpy, raw->address, raw->bytes);
        const uint64_t module = dict_get(&cpy->mem, cpy->l, dict, "__module__");
        uint64_t type, flags = 0;
        // A property can stand there as well.
        if (module && reader_u64(&cpy->mem, module + OBJECT_TYPE, &type))
            reader_u64(&cpy->mem, type + cpy->l->type_flags, &flags);
        if (flags & TYPE_IS_STR && cpy_text_of_str(cpy, module, out))
            return;
    }
    const char *dot = strrchr(name, '.');
    if (dot)
        strbuf_add_bytes(out, name, (size_t)(dot - name));
    else
        strbuf_add(out, "builtins");
}

static void name_type(struct cpy *cpy, struct cpy_type *type, const struct raw_type *raw)
{
    char name[256];
    struct strbuf module;
    strbuf_init(&module);
    raw_name(cpy, raw, name, sizeof name);
    module_of(cpy, raw, name, &module);
    // The name of a class may have dots in it, of a C type only in front.
    type->name = arena_strdup(&cpy->arena, type->python_class ? name : last_part(name));
    if (!type->name)
        type->name = "";
    type->id =
        snapshot_builder_type(cpy->builder, &(struct builder_type){.address = type->address,
                                                                   .name = type->name,
                                                                   .module = strbuf_text(&module),
                                                                   .size_bytes = type->basicsize});
    strbuf_deinit(&module);
}

// ---- decoding ----

static unsigned prefix_of(const struct cpy *cpy, uint32_t flags)
{
    const uint32_t preheader = cpy->rt.minor >= 12   ? TYPE_MANAGED_DICT | TYPE_MANAGED_WEAKREF
                               : cpy->rt.minor == 11 ? TYPE_MANAGED_DICT
                                                     : 0;
    return flags & TYPE_GC ? GC_HEAD_BYTES + (flags & preheader ? PREHEADER_BYTES : 0) : 0;
}

static bool is_structseq(struct cpy *cpy, const struct raw_type *raw)
{
    const uint64_t dict = cpy_type_dict(cpy, raw->address, raw->bytes);
    return word_at(raw->bytes, cpy->l->type_itemsize) == 8 &&
           dict_get(&cpy->mem, cpy->l, dict, "n_sequence_fields") &&
           dict_get(&cpy->mem, cpy->l, dict, "n_unnamed_fields");
}

static void read_hidden(struct cpy *cpy, struct cpy_type *type, const struct raw_type *raw)
{
    const uint64_t dict = cpy_type_dict(cpy, raw->address, raw->bytes);
    const uint64_t fields = dict_get(&cpy->mem, cpy->l, dict, "n_fields");
    int64_t count;
    if (fields && scalar_int_value(&cpy->mem, cpy->l, fields, &count) && count >= 0 &&
        count < LIMIT_FIELDS) {
        type->body = BODY_STRUCTSEQ;
        type->real_items = (uint32_t)count;
    }
}

// Slots of all Python classes, then the dict, then the C part. See subtype_traverse.
static bool add_parts(struct decoding *d, const struct raw_type *raw)
{
    struct cpy *cpy = d->cpy;
    struct cpy_type *type = d->type;
    struct c_chain chain = {.nearest = *raw};
    for (int i = 0; raw_is_python_class(cpy, &chain.nearest); i++) {
        add_slots(d, &chain.nearest);
        const uint64_t base = word_at(chain.nearest.bytes, cpy->l->type_base);
        if (i >= LIMIT_SUPER || !read_raw(cpy, base, &chain.nearest))
            return false;
    }
    char name[128];
    raw_name(cpy, &chain.nearest, name, sizeof name);
    type->c_name = arena_strdup(&cpy->arena, name);
    if (!type->c_name)
        return false;
    const uint64_t c_dictoffset = word_at(chain.nearest.bytes, cpy->l->type_dictoffset);
    if (type->python_class && type->dictoffset > 0 && (uint64_t)type->dictoffset != c_dictoffset)
        add_field(d, (uint32_t)type->dictoffset, EDGE_FIELD, CLASS_TRAVERSED,
                  cpy_name(cpy, "__dict__"));
    type->is_bool = strcmp(name, "bool") == 0;
    type->is_singleton = type->is_bool || strcmp(name, "NoneType") == 0 ||
                         strcmp(name, "ellipsis") == 0 || strcmp(name, "NotImplementedType") == 0;
    type->c_sizes = cpy_size_is_special(name);
    walk_c_chain(cpy, &chain);
    // A class that is shorter than its base is a lie.
    type->body = type->basicsize < least_bytes(cpy->l, chain.body, name) ? BODY_OTHER : chain.body;
    bool visits = add_c_part(d, &chain);
    const bool c_heap = raw_flags(cpy, &chain.nearest) & TYPE_HEAP;
    if (type->python_class && (!c_heap || cpy->rt.minor == 8))
        visits = true;
    type->type_class = visits ? CLASS_TRAVERSED : CLASS_OWNED;
    if (type->body == BODY_TUPLE && is_structseq(cpy, &chain.nearest))
        read_hidden(cpy, type, &chain.nearest);
    return true;
}

static bool decode(struct cpy *cpy, struct cpy_type *type)
{
    struct raw_type raw;
    if (!read_raw(cpy, type->address, &raw) || !raw_is_sane(cpy, &raw))
        return false;
    const struct cpy_layout *l = cpy->l;
    struct decoding *d = malloc(sizeof *d);
    if (!d)
        return false;
    d->cpy = cpy;
    d->type = type;
    d->count = 0;
    type->flags = half_at(raw.bytes, l->type_flags);
    type->basicsize = half_at(raw.bytes, l->type_basicsize);
    // Without room for their number there are no items.
    if (type->basicsize >= OBJECT_SIZE + 8)
        type->itemsize = half_at(raw.bytes, l->type_itemsize);
    type->dictoffset = (int32_t)half_at(raw.bytes, l->type_dictoffset);
    type->heap = type->flags & TYPE_HEAP;
    type->gc = type->flags & TYPE_GC;
    type->python_class = raw_is_python_class(cpy, &raw);
    type->prefix = (uint8_t)prefix_of(cpy, type->flags);
    type->managed_dict = cpy->rt.minor >= 11 && type->flags & TYPE_MANAGED_DICT;
    type->inline_values = cpy->rt.minor >= 13 && type->flags & TYPE_INLINE_VALUES;
    bool good = add_parts(d, &raw);
    type->fields = arena_alloc_array(&cpy->arena, d->count + 1u, sizeof *type->fields);
    good = good && type->fields;
    if (good) {
        type->field_count = d->count;
        memcpy(type->fields, d->fields, d->count * sizeof *d->fields);
        read_attributes(d);
        name_type(cpy, type, &raw);
    }
    free(d);
    return good;
}

// ---- the table ----

static struct cpy_type **slot_of(const struct cpy *cpy, uint64_t address)
{
    uint64_t at = cpy_hash(address);
    while (cpy->types[at & (cpy->type_slots - 1)] &&
           cpy->types[at & (cpy->type_slots - 1)]->address != address)
        at++;
    return &cpy->types[at & (cpy->type_slots - 1)];
}

static bool grow(struct cpy *cpy)
{
    struct cpy_type **old = cpy->types;
    const uint32_t old_slots = cpy->type_slots;
    const uint32_t slots = old_slots ? old_slots * 2 : 4096;
    cpy->types = calloc(slots, sizeof(struct cpy_type *));
    if (!cpy->types) {
        cpy->types = old;
        return false;
    }
    cpy->type_slots = slots;
    for (uint32_t i = 0; i < old_slots; i++)
        if (old[i])
            *slot_of(cpy, old[i]->address) = old[i];
    free(old);
    return true;
}

struct cpy_type *cpy_type_get(struct cpy *cpy, uint64_t address)
{
    if (cpy->last_type && cpy->last_type->address == address)
        return cpy->last_type;
    if (cpy->type_count * 2 >= cpy->type_slots && !grow(cpy))
        return NULL;
    struct cpy_type *type = *slot_of(cpy, address);
    if (type) {
        cpy->last_type = type;
        return type;
    }
    uint64_t *none = &cpy->no_types[cpy_hash(address) & (NO_TYPE_SLOTS - 1)];
    if (!address || address % 8 || *none == address)
        return NULL;
    type = arena_alloc(&cpy->arena, sizeof *type);
    if (!type)
        return NULL;
    type->address = address;
    if (!decode(cpy, type)) {
        *none = address;
        return NULL;
    }
    *slot_of(cpy, address) = type;
    cpy->type_count++;
    cpy->last_type = type;
    return type;
}

// ---- before the first ----

// importlib is written in Python and frozen into every interpreter: its ModuleSpec is a class.
static bool learn_from(struct cpy *cpy, uint64_t class)
{
    struct raw_type raw;
    if (!read_raw(cpy, class, &raw) || !raw_is_sane(cpy, &raw) ||
        (raw_flags(cpy, &raw) & (TYPE_HEAP | TYPE_GC)) != (TYPE_HEAP | TYPE_GC))
        return false;
    cpy->subtype_traverse = word_at(raw.bytes, cpy->l->type_traverse);
    cpy->subtype_dealloc = word_at(raw.bytes, cpy->l->type_dealloc);
    return cpy->subtype_traverse && cpy->subtype_dealloc;
}

struct error *cpy_types_init(struct cpy *cpy)
{
    static const char *const classes[] = {"ModuleSpec", "_ModuleLock", "BuiltinImporter"};
    uint64_t importlib = 0, dict = 0;
    cpy->no_types = calloc(NO_TYPE_SLOTS, sizeof *cpy->no_types);
    if (!cpy->no_types)
        return &error_no_memory;
    reader_u64(&cpy->mem, cpy->rt.interp + cpy->l->interp_importlib, &importlib);
    if (importlib)
        reader_u64(&cpy->mem, importlib + cpy->l->module_dict, &dict);
    for (size_t i = 0; dict && i < sizeof classes / sizeof *classes; i++)
        if (learn_from(cpy, dict_get(&cpy->mem, cpy->l, dict, classes[i])))
            return NULL;
    return error_create(ERROR_FORMAT, "the classes of importlib cannot be read");
}

void cpy_types_deinit(struct cpy *cpy)
{
    free(cpy->types);
    free(cpy->no_types);
}
