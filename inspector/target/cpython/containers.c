// The larger containers: tables, chains and blocks beside their objects.
//
// A dict's values are traversed, its keys only if the table has keys of any type; keys of a table
// of str are owned all the same. A table that instances share belongs to their class: its keys are
// counted there, once, and not for each instance's dict.
#include "inspector/target/cpython/cpython.h"

#include <stdlib.h>

enum {
    SET_PIECE = 256, // entries
    SET_ENTRY_BYTES = 16,
    DEQUE_BLOCK_ITEMS = 64,
    INTERNED_LEAST = 64, // entries of a table that may be the interned strings
    INTERNED_TRIED = 16,
};

// ---- tables that have been counted: a hash set ----

static bool grow_counted(struct cpy *cpy)
{
    struct u64_vec old = cpy->counted_keys, larger = {0};
    uint64_t *first;
    struct error *err = u64_vec_extend(&larger, old.count ? old.count * 2 : 1024, &first);
    if (err) {
        error_destroy(err);
        return false;
    }
    cpy->counted_keys = larger;
    for (size_t i = 0; i < old.count; i++)
        if (old.items[i]) {
            uint64_t at = cpy_hash(old.items[i]);
            while (larger.items[at & (larger.count - 1)])
                at++;
            larger.items[at & (larger.count - 1)] = old.items[i];
        }
    u64_vec_deinit(&old);
    return true;
}

bool cpy_count_keys_once(struct cpy *cpy, uint64_t keys)
{
    struct u64_vec *set = &cpy->counted_keys;
    if (cpy->counted_keys_used * 2 >= set->count && !grow_counted(cpy))
        return false;
    uint64_t at = cpy_hash(keys);
    while (set->items[at & (set->count - 1)]) {
        if (set->items[at & (set->count - 1)] == keys)
            return false;
        at++;
    }
    set->items[at & (set->count - 1)] = keys;
    cpy->counted_keys_used++;
    return true;
}

// ---- dicts ----

// The table of interned strings has each of them as key and value, and counts neither.
static bool looks_interned(struct cpy *cpy, const struct dict_iter *begun)
{
    struct dict_iter it = *begun;
    struct dict_entry entry;
    struct scalar_text text;
    if (it.keys.general || it.values || it.count < INTERNED_LEAST)
        return false;
    for (int i = 0; i < INTERNED_TRIED; i++)
        if (!dict_iter_next(&it, &entry) || (entry.value && entry.key != entry.value) ||
            !scalar_text_find(&cpy->mem, cpy->l, entry.key, &text) || !text.interned)
            return false;
    return true;
}

static bool is_interned(struct cpy *cpy, const struct cpy_object *o, const struct dict_iter *it)
{
    for (uint32_t i = 0; i < cpy->interned_count; i++)
        if (cpy->interned[i] == o->address)
            return true;
    if (layout_has(cpy->l->interp_interned) || o->type->heap || !looks_interned(cpy, it))
        return false;
    cpy_root(cpy, o->address, ROOT_INTERNED, CLASS_OWNED, "interned strings", ORDINAL_NONE,
             ORDINAL_NONE);
    return true;
}

// 3.13: whether the values of a split table lie in the instance, which then reports them.
static bool values_are_embedded(struct cpy *cpy, const struct cpy_object *o)
{
    const uint64_t values = word_at(o->bytes, cpy->l->dict_values);
    uint8_t embedded = 0;
    if (values && layout_has(cpy->l->values_embedded))
        reader_read(&cpy->mem, values + cpy->l->values_embedded, &embedded, 1);
    return embedded != 0;
}

void cpy_add_dict(struct cpy *cpy, const struct cpy_object *o)
{
    struct dict_iter it;
    struct dict_entry entry;
    if (!dict_iter_begin(&it, &cpy->mem, cpy->l, o->address)) {
        if (word_at(o->bytes, cpy->l->dict_keys))
            cpy_damage(cpy, "the table of a dict makes no sense");
        return;
    }
    if (!cpy_spend(cpy, it.count))
        return;
    const bool general = layout_has(cpy->l->keys_lookup)
                             ? it.keys.lookup == cpy->general_lookup && cpy->general_lookup
                             : it.keys.general;
    const bool interned = is_interned(cpy, o, &it);
    const enum edge_class values = interned                      ? CLASS_BORROWED
                                   : values_are_embedded(cpy, o) ? CLASS_BORROWED
                                                                 : cpy_strong(o);
    const enum edge_class keys = interned ? CLASS_BORROWED : general ? cpy_strong(o) : CLASS_OWNED;
    const bool with_keys = !it.values || cpy_count_keys_once(cpy, it.keys.address);
    while (dict_iter_next(&it, &entry) && !snapshot_builder_failed(cpy->builder)) {
        if (!entry.value && it.values && !with_keys)
            continue;
        const edge_name name = cpy_name_of_key(cpy, entry.key);
        if (with_keys)
            cpy_edge(cpy, entry.key, EDGE_KEY, keys, name);
        cpy_edge(cpy, entry.value, EDGE_VALUE, values, name);
    }
}

// Nodes of a doubly linked list, each with a key of its own.
void cpy_add_odict(struct cpy *cpy, const struct cpy_object *o)
{
    const struct cpy_layout *l = cpy->l;
    unsigned char node[64];
    uint64_t used = word_at(o->bytes, l->dict_used);
    for (uint64_t at = word_at(o->bytes, l->odict_first); at;
         at = word_at(node, l->odict_node_next)) {
        if (used-- == 0 || at % 8 || !cpy_spend(cpy, 1) ||
            !reader_read(&cpy->mem, at, node, l->size_of_odict_node)) {
            cpy_damage(cpy, "the nodes of an OrderedDict make no sense");
            break;
        }
        const uint64_t key = word_at(node, l->odict_node_key);
        cpy_edge(cpy, key, EDGE_KEY, cpy_strong(o), cpy_name_of_key(cpy, key));
    }
    cpy_add_dict(cpy, o);
}

// ---- sets ----

// A deleted entry has a dummy for a key, which is no sane object.
void cpy_add_set(struct cpy *cpy, const struct cpy_object *o)
{
    const struct cpy_layout *l = cpy->l;
    unsigned char piece[SET_PIECE * SET_ENTRY_BYTES];
    const uint64_t table = word_at(o->bytes, l->set_table), mask = word_at(o->bytes, l->set_mask);
    if (!table && !mask)
        return; // being made
    if (mask >= LIMIT_ITEMS || !table) {
        cpy_damage(cpy, "the table of a set makes no sense");
        return;
    }
    if (word_at(o->bytes, l->set_fill) == 0 || !cpy_spend(cpy, mask + 1))
        return;
    for (uint64_t done = 0; done <= mask && !snapshot_builder_failed(cpy->builder);) {
        const uint64_t left = mask + 1 - done, n = left < SET_PIECE ? left : SET_PIECE;
        if (!reader_read(&cpy->mem, table + done * SET_ENTRY_BYTES, piece, n * SET_ENTRY_BYTES)) {
            cpy_damage(cpy, "the table of a set cannot be read");
            return;
        }
        for (uint64_t i = 0; i < n; i++)
            cpy_edge(cpy, word_at(piece, i * SET_ENTRY_BYTES), EDGE_ITEM, cpy_strong(o),
                     EDGE_NAME_NONE);
        done += n;
    }
}

// ---- deques ----

void cpy_add_deque(struct cpy *cpy, const struct cpy_object *o)
{
    const struct cpy_layout *l = cpy->l;
    unsigned char block[1024];
    uint64_t count, index = word_at(o->bytes, l->deque_left) & UINT32_MAX, done = 0;
    uint64_t at = word_at(o->bytes, l->deque_left_block);
    if (!cpy_item_count(cpy, o, &count) || index >= DEQUE_BLOCK_ITEMS || !cpy_spend(cpy, count))
        return;
    while (done < count) {
        if (l->size_of_deque_block > sizeof block || at % 8 ||
            !reader_read(&cpy->mem, at, block, l->size_of_deque_block)) {
            cpy_damage(cpy, "a block of a deque cannot be read");
            return;
        }
        for (; index < DEQUE_BLOCK_ITEMS && done < count; index++, done++)
            cpy_edge(cpy, word_at(block, l->deque_block_data + 8 * index), EDGE_ITEM, cpy_strong(o),
                     edge_name_index(done));
        index = 0;
        at = word_at(block, l->deque_block_right);
    }
}

// ---- caches ----

// The chain owns its links, as does the dict, and the cache reports what they hold as its own; a
// link is no object of the collector.
static void add_links(struct cpy *cpy, const struct cpy_object *o)
{
    const struct cpy_layout *l = cpy->l;
    unsigned char link[64];
    const uint64_t root = o->address + l->lru_root;
    uint64_t at = word_at(o->bytes, l->lru_next);
    for (uint32_t n = 0; at && at != root; n++) {
        if (n >= LIMIT_LINKS || at % 8 || !cpy_spend(cpy, 1) ||
            !reader_read(&cpy->mem, at, link, l->size_of_lru_elem)) {
            cpy_damage(cpy, "the links of an lru_cache make no sense");
            return;
        }
        const uint64_t key = word_at(link, l->lru_elem_key);
        const edge_name name = cpy_name_of_key(cpy, key);
        cpy_edge(cpy, key, EDGE_KEY, cpy_strong(o), name);
        cpy_edge(cpy, word_at(link, l->lru_elem_result), EDGE_VALUE, cpy_strong(o), name);
        cpy_edge(cpy, at, EDGE_FIELD, CLASS_OWNED, cpy_name(cpy, "link"));
        // From 3.10 on links are of a class of their own, which the cache reports for each of them.
        if (layout_has(l->lru_elem_type))
            cpy_edge(cpy, word_at(link, OBJECT_TYPE), EDGE_TYPE, cpy_strong(o), EDGE_NAME_NONE);
        at = word_at(link, l->lru_elem_next);
    }
}

static void add_named(struct cpy *cpy, const struct cpy_object *o, uint32_t offset,
                      const char *name)
{
    if (layout_has(offset))
        cpy_edge(cpy, word_at(o->bytes, offset), EDGE_FIELD, cpy_strong(o), cpy_name(cpy, name));
}

void cpy_add_lru_cache(struct cpy *cpy, const struct cpy_object *o)
{
    const struct cpy_layout *l = cpy->l;
    if (o->type->body == BODY_LRU_LINK)
        return;
    add_links(cpy, o);
    add_named(cpy, o, l->lru_cache, "cache");
    add_named(cpy, o, l->lru_func, "__wrapped__");
    add_named(cpy, o, l->lru_kwd_mark, "kwd_mark");
    add_named(cpy, o, l->lru_elem_type, "lru_list_elem_type");
    add_named(cpy, o, l->lru_cache_info_type, "cache_info_type");
    add_named(cpy, o, l->lru_dict, "__dict__");
}

// ---- elements of a tree ----

// Attributes, length, room and children: in a block beside the element, if it has any.
enum { EXTRA_ATTRIB = 0, EXTRA_LENGTH = 8, EXTRA_CHILDREN = 24, EXTRA_BYTES = 32 };
enum { ELEMENT_TAG = 16, ELEMENT_TEXT = 24, ELEMENT_TAIL = 32, ELEMENT_EXTRA = 40 };

void cpy_add_element(struct cpy *cpy, const struct cpy_object *o)
{
    static const struct {
        uint32_t offset;
        const char *name;
    } fields[] = {{ELEMENT_TAG, "tag"}, {ELEMENT_TEXT, "text"}, {ELEMENT_TAIL, "tail"}};
    unsigned char extra[EXTRA_BYTES];
    if (o->available < ELEMENT_EXTRA + 8)
        return;
    // Bit 0 of text and tail says that they are a list still to be joined.
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        cpy_edge(cpy, word_at(o->bytes, fields[i].offset) & ~UINT64_C(1), EDGE_FIELD, cpy_strong(o),
                 cpy_name(cpy, fields[i].name));
    const uint64_t at = word_at(o->bytes, ELEMENT_EXTRA);
    if (!at || at % 8 || !reader_read(&cpy->mem, at, extra, sizeof extra))
        return;
    cpy_edge(cpy, word_at(extra, EXTRA_ATTRIB), EDGE_FIELD, cpy_strong(o), cpy_name(cpy, "attrib"));
    if (word_at(extra, EXTRA_LENGTH) <= LIMIT_ITEMS)
        cpy_items(cpy, o, word_at(extra, EXTRA_CHILDREN), word_at(extra, EXTRA_LENGTH), EDGE_ITEM,
                  cpy_strong(o));
}
