// What an object refers to, in the order in which the interpreter's own traversal has it:
//
//     instance of a class    its slots; attribute values; __dict__; the class
//     anything               the fields of its C type; its body
//
// The class of an edge follows the interpreter's rule: what tp_traverse visits is `traversed` if
// the collector manages the object, else `owned`; strong references that tp_traverse does not visit
// (keys of a table of str, names and constants, everything that a static type or a code object
// has) are `owned`; words of C structures that nothing is known of are `conservative`, and only
// kept when there is an object where they point.
#include "inspector/target/cpython/cpython.h"

enum { PIECE_ITEMS = 512 };

void cpy_edge(struct cpy *cpy, uint64_t target, enum edge_kind kind, enum edge_class edge_class,
              edge_name name)
{
    if (!target)
        return;
    if (edge_class == CLASS_CONSERVATIVE ? !cpy_may_be_object(cpy, target)
                                         : !cpy_is_object(cpy, target))
        return;
    snapshot_builder_edge(cpy->builder, target, kind, edge_class, name);
}

static enum edge_class class_for(const struct cpy_object *o, enum edge_class edge_class)
{
    return edge_class == CLASS_TRAVERSED ? cpy_strong(o) : edge_class;
}

static void add_fields(struct cpy *cpy, const struct cpy_object *o)
{
    for (uint32_t i = 0; i < o->type->field_count; i++) {
        const struct cpy_field *field = &o->type->fields[i];
        if (field->offset + UINT64_C(8) > o->available)
            continue;
        const uint64_t target = word_at(o->bytes, field->offset);
        // C structures that point to themselves do not own themselves: Cython's functions do so.
        if (target == o->address &&
            (field->class == CLASS_CONSERVATIVE || o->type->body == BODY_CFUNCTION))
            continue;
        cpy_edge(cpy, target, field->kind, class_for(o, field->class), field->name);
    }
}

void cpy_scan(struct cpy *cpy, uint64_t address, uint64_t bytes)
{
    uint64_t piece[PIECE_ITEMS];
    char name[32];
    if (!cpy_spend(cpy, bytes / 8))
        return;
    for (uint64_t done = 0; done + 8 <= bytes;) {
        const uint64_t left = (bytes - done) / 8, n = left < PIECE_ITEMS ? left : PIECE_ITEMS;
        if (!reader_read(&cpy->mem, address + done, piece, n * 8))
            return;
        for (uint64_t i = 0; i < n; i++) {
            if (!cpy_may_be_object(cpy, piece[i]))
                continue;
            snprintf(name, sizeof name, "+%llu", (unsigned long long)(done + 8 * i));
            snapshot_builder_edge(cpy->builder, piece[i], EDGE_UNKNOWN, CLASS_CONSERVATIVE,
                                  cpy_name(cpy, name));
        }
        done += n * 8;
    }
}

// ---- arrays of pointers ----

void cpy_items(struct cpy *cpy, const struct cpy_object *o, uint64_t address, uint64_t count,
               enum edge_kind kind, enum edge_class edge_class)
{
    uint64_t piece[PIECE_ITEMS];
    const uint64_t inside = address - o->address;
    if (!cpy_spend(cpy, count))
        return;
    if (inside < o->available && inside + 8 * count <= o->available) {
        for (uint64_t i = 0; i < count; i++)
            cpy_edge(cpy, word_at(o->bytes, inside + 8 * i), kind, edge_class, edge_name_index(i));
        return;
    }
    for (uint64_t done = 0; done < count && !snapshot_builder_failed(cpy->builder);) {
        const uint64_t left = count - done, n = left < PIECE_ITEMS ? left : PIECE_ITEMS;
        if (!reader_read(&cpy->mem, address + 8 * done, piece, n * 8)) {
            cpy_damage(cpy, "the items of an object cannot be read");
            return;
        }
        for (uint64_t i = 0; i < n; i++)
            cpy_edge(cpy, piece[i], kind, edge_class, edge_name_index(done + i));
        done += n;
    }
}

bool cpy_item_count(struct cpy *cpy, const struct cpy_object *o, uint64_t *count)
{
    *count = word_at(o->bytes, OBJECT_SIZE);
    if (*count <= LIMIT_ITEMS)
        return true;
    cpy_damage(cpy, "the number of items of an object makes no sense");
    return false;
}

static void add_tuple(struct cpy *cpy, const struct cpy_object *o)
{
    uint64_t count;
    if (o->type->body == BODY_STRUCTSEQ)
        count = o->type->real_items;
    else if (!cpy_item_count(cpy, o, &count))
        return;
    cpy_items(cpy, o, o->address + cpy->l->tuple_items, count, EDGE_ITEM, cpy_strong(o));
}

static void add_list(struct cpy *cpy, const struct cpy_object *o)
{
    uint64_t count;
    if (cpy_item_count(cpy, o, &count) && count)
        cpy_items(cpy, o, word_at(o->bytes, cpy->l->list_items), count, EDGE_ITEM, cpy_strong(o));
}

static void add_hamt_node(struct cpy *cpy, const struct cpy_object *o, uint32_t array)
{
    uint64_t count;
    if (cpy_item_count(cpy, o, &count))
        cpy_items(cpy, o, o->address + array, count, EDGE_ITEM, cpy_strong(o));
}

// A tee's data hold as many values as have been read from the iterator.
static void add_tee_data(struct cpy *cpy, const struct cpy_object *o)
{
    const struct cpy_layout *l = cpy->l;
    const uint32_t most = (l->size_of_tee_data - l->tee_values) / 8;
    const uint32_t count = half_at(o->bytes, l->tee_count);
    cpy_edge(cpy, word_at(o->bytes, l->tee_iterator), EDGE_FIELD, cpy_strong(o),
             cpy_name(cpy, "iterator"));
    cpy_items(cpy, o, o->address + l->tee_values, count < most ? count : most, EDGE_ITEM,
              cpy_strong(o));
    cpy_edge(cpy, word_at(o->bytes, l->tee_next), EDGE_FIELD, cpy_strong(o), cpy_name(cpy, "next"));
}

// ---- attributes of instances ----

// Values in the order of the class's table of names.
static void add_values(struct cpy *cpy, const struct cpy_object *o, uint64_t address)
{
    uint64_t values[LIMIT_FIELDS];
    const uint32_t count = o->type->attribute_count;
    if (!reader_read(&cpy->mem, address, values, 8 * (uint64_t)count)) {
        cpy_damage(cpy, "the attribute values of an instance cannot be read");
        return;
    }
    for (uint32_t i = 0; i < count; i++)
        cpy_edge(cpy, values[i], EDGE_ATTRIBUTE, cpy_strong(o), o->type->attributes[i]);
}

// 3.13: values behind the fields, as long as they are valid; a dict may share them. False when they
// are not.
static bool add_inline_values(struct cpy *cpy, const struct cpy_object *o)
{
    const struct cpy_layout *l = cpy->l;
    unsigned char head[8];
    const uint64_t at = o->address + o->type->basicsize;
    if (!reader_read(&cpy->mem, at, head, sizeof head) || !head[l->values_valid])
        return false;
    const uint32_t capacity = head[l->values_capacity];
    uint64_t values[256];
    if (!reader_read(&cpy->mem, at + l->values_values, values, 8 * (uint64_t)capacity))
        return false;
    for (uint32_t i = 0; i < capacity && i < o->type->attribute_count; i++)
        cpy_edge(cpy, values[i], EDGE_ATTRIBUTE, cpy_strong(o), o->type->attributes[i]);
    return true;
}

static void add_managed(struct cpy *cpy, const struct cpy_object *o)
{
    uint64_t dict = word_at(o->bytes + MANAGED_DICT, 0);
    enum edge_class class = cpy_strong(o);
    if (o->type->inline_values) {
        if (add_inline_values(cpy, o)) // then the dict is not visited, though owned
            class = CLASS_OWNED;
    } else if (cpy->rt.minor == 11) {
        const uint64_t values = word_at(o->bytes + MANAGED_VALUES, 0);
        if (values)
            add_values(cpy, o, values);
    } else if (dict & 1) { // 3.12: values, less one
        add_values(cpy, o, dict + 1);
        dict = 0;
    }
    cpy_edge(cpy, dict, EDGE_FIELD, class, cpy_name(cpy, "__dict__"));
}

// A class with items has its instances' dict behind the items.
static void add_dict_behind_items(struct cpy *cpy, const struct cpy_object *o)
{
    if (o->type->basicsize < OBJECT_SIZE + 8)
        return;
    const int64_t items = (int64_t)word_at(o->bytes, OBJECT_SIZE);
    const uint64_t count = (uint64_t)(items < 0 ? -items : items);
    if (count > LIMIT_ITEMS)
        return;
    const uint64_t size = (o->type->basicsize + count * o->type->itemsize + 7) & ~UINT64_C(7);
    uint64_t dict;
    if (reader_u64(&cpy->mem, o->address + size - (uint64_t) - (int64_t)o->type->dictoffset, &dict))
        cpy_edge(cpy, dict, EDGE_FIELD, cpy_strong(o), cpy_name(cpy, "__dict__"));
}

// ---- types and modules ----

// The names of the attributes belong to the class's table.
static void add_attribute_names(struct cpy *cpy, const struct cpy_object *o)
{
    struct dict_keys keys;
    struct dict_iter it;
    struct dict_entry entry;
    const uint64_t address = word_at(o->bytes, cpy->l->heap_type_cached_keys);
    if (!address || !dict_keys_read(&cpy->mem, cpy->l, address, &keys) ||
        !cpy_count_keys_once(cpy, address))
        return;
    dict_iter_begin_keys(&it, &cpy->mem, &keys, 0);
    while (dict_iter_next(&it, &entry))
        cpy_edge(cpy, entry.key, EDGE_FIELD, CLASS_OWNED, cpy_name(cpy, "attribute name"));
}

static void add_type(struct cpy *cpy, const struct cpy_object *o)
{
    const struct cpy_layout *l = cpy->l;
    const enum edge_class strong = cpy_strong(o);
    const bool heap = half_at(o->bytes, l->type_flags) & TYPE_HEAP;
    cpy_edge(cpy, cpy_type_dict(cpy, o->address, o->bytes), EDGE_FIELD, strong,
             cpy_name(cpy, "__dict__"));
    cpy_edge(cpy, word_at(o->bytes, l->type_cache), EDGE_FIELD, strong, cpy_name(cpy, "tp_cache"));
    cpy_edge(cpy, word_at(o->bytes, l->type_mro), EDGE_FIELD, strong, cpy_name(cpy, "__mro__"));
    cpy_edge(cpy, word_at(o->bytes, l->type_bases), EDGE_FIELD, strong, cpy_name(cpy, "__bases__"));
    // The base of a static type was written down by the compiler: up to 3.11 nobody counts it.
    cpy_edge(cpy, word_at(o->bytes, l->type_base), EDGE_FIELD,
             heap || cpy->rt.minor >= 12 ? strong : CLASS_BORROWED, cpy_name(cpy, "__base__"));
    cpy_edge(cpy, cpy_type_subclasses(cpy, o->address, o->bytes), EDGE_FIELD, CLASS_OWNED,
             cpy_name(cpy, "__subclasses__"));
    if (!heap)
        return;
    if (layout_has(l->heap_type_module))
        cpy_edge(cpy, word_at(o->bytes, l->heap_type_module), EDGE_FIELD, strong,
                 cpy_name(cpy, "ht_module"));
    cpy_edge(cpy, word_at(o->bytes, l->heap_type_name), EDGE_FIELD, CLASS_OWNED,
             cpy_name(cpy, "__name__"));
    cpy_edge(cpy, word_at(o->bytes, l->heap_type_qualname), EDGE_FIELD, CLASS_OWNED,
             cpy_name(cpy, "__qualname__"));
    cpy_edge(cpy, word_at(o->bytes, l->heap_type_slots), EDGE_FIELD, CLASS_OWNED,
             cpy_name(cpy, "__slots__"));
    add_attribute_names(cpy, o);
}

static void add_module_state(struct cpy *cpy, const struct cpy_object *o)
{
    const struct cpy_layout *l = cpy->l;
    const uint64_t def = word_at(o->bytes, l->module_def),
                   state = word_at(o->bytes, l->module_state);
    uint64_t size;
    if (def && state && reader_u64(&cpy->mem, def + l->moduledef_size, &size) &&
        size <= LIMIT_MODULE_STATE)
        cpy_scan(cpy, state, size);
}

// Objects of a C type that nothing is known of, with items of a word each.
static void add_unknown_items(struct cpy *cpy, const struct cpy_object *o)
{
    uint64_t count;
    if (o->type->itemsize == 8 &&
        !cpy_ctype_find(cpy->rt.minor, o->type->c_name, o->type->basicsize) &&
        cpy_item_count(cpy, o, &count))
        cpy_scan(cpy, o->address + o->type->basicsize, 8 * count);
}

// ---- all ----

static void add_body(struct cpy *cpy, const struct cpy_object *o)
{
    switch (o->type->body) {
    case BODY_LIST:
        add_list(cpy, o);
        break;
    case BODY_TUPLE:
    case BODY_STRUCTSEQ:
        add_tuple(cpy, o);
        break;
    case BODY_DICT:
        cpy_add_dict(cpy, o);
        break;
    case BODY_ODICT:
        cpy_add_odict(cpy, o);
        break;
    case BODY_SET:
        cpy_add_set(cpy, o);
        break;
    case BODY_TYPE:
        add_type(cpy, o);
        break;
    case BODY_MODULE:
        add_module_state(cpy, o);
        break;
    case BODY_CODE:
        cpy_add_code(cpy, o);
        break;
    case BODY_FRAME:
        cpy_add_frame(cpy, o);
        break;
    case BODY_GENERATOR:
        cpy_add_generator(cpy, o);
        break;
    case BODY_DEQUE:
        cpy_add_deque(cpy, o);
        break;
    case BODY_LRU_CACHE:
    case BODY_LRU_LINK:
        cpy_add_lru_cache(cpy, o);
        break;
    case BODY_TEE_DATA:
        add_tee_data(cpy, o);
        break;
    case BODY_HAMT_BITMAP:
        add_hamt_node(cpy, o, cpy->l->hamt_bitmap_array);
        break;
    case BODY_HAMT_COLLISION:
        add_hamt_node(cpy, o, cpy->l->hamt_collision_array);
        break;
    case BODY_ELEMENT:
        cpy_add_element(cpy, o);
        break;
    case BODY_GREENLET:
        cpy_add_greenlet(cpy, o);
        break;
    case BODY_NDARRAY:
        cpy_add_ndarray(cpy, o);
        break;
    case BODY_OTHER:
        add_unknown_items(cpy, o);
        break;
    default:
        break;
    }
}

void cpy_add_edges(struct cpy *cpy, const struct cpy_object *o)
{
    const struct cpy_type *type = o->type;
    if (type->managed_dict)
        add_managed(cpy, o);
    else if (type->dictoffset < 0)
        add_dict_behind_items(cpy, o);
    if (type->heap && type->body != BODY_LRU_LINK) // their cache reports it
        cpy_edge(cpy, type->address, EDGE_TYPE, class_for(o, type->type_class), EDGE_NAME_NONE);
    add_fields(cpy, o);
    add_body(cpy, o);
}
