// What sys.getsizeof says of an object: what its type's __sizeof__ adds up, and the header of the
// collector in front of it. A class may define __sizeof__ in Python; that is not asked.
#include "inspector/target/cpython/cpython.h"

static uint64_t size_of_str(const struct cpy *cpy, const struct cpy_object *o)
{
    const struct cpy_layout *l = cpy->l;
    unsigned char bytes[128] = {0};
    struct scalar_text text;
    memcpy(bytes, o->bytes, o->available < l->size_of_unicode ? o->available : l->size_of_unicode);
    if (!scalar_text_of_bytes(l, o->address, bytes, &text))
        return l->size_of_ascii;
    const uint64_t characters = (text.length + 1) * text.kind;
    const uint64_t utf8 = word_at(bytes, l->compact_utf8);
    uint64_t size = text.compact && text.ascii ? l->size_of_ascii + text.length + 1
                    : text.compact             ? l->size_of_compact + characters
                                               : l->size_of_unicode + characters;
    if (!(text.compact && text.ascii) && utf8 && utf8 != text.data)
        size += word_at(bytes, l->compact_utf8_length) + 1;
    if (layout_has(l->ascii_wstr)) {
        const uint64_t wstr = word_at(bytes, l->ascii_wstr);
        const uint64_t length =
            text.compact && text.ascii ? text.length : word_at(bytes, l->compact_wstr_length);
        if (wstr && wstr != text.data)
            size += (length + 1) * 4;
    }
    return size;
}

static uint64_t size_of_int(struct cpy *cpy, const struct cpy_object *o)
{
    struct scalar_int found;
    uint64_t digits = 0;
    if (scalar_int_find(&cpy->mem, cpy->l, o->address, &found))
        digits = found.digit_count;
    // Zero has room for one digit, and from 3.11 on says so.
    if (digits == 0 && cpy->rt.minor >= 11)
        digits = 1;
    return cpy->l->int_digits + 4 * digits; // what a subclass adds is not counted
}

static uint64_t size_of_table(struct cpy *cpy, uint64_t address)
{
    struct dict_keys keys;
    if (!address || !dict_keys_read(&cpy->mem, cpy->l, address, &keys))
        return 0;
    const uint64_t usable = (keys.slot_count << 1) / 3;
    return cpy->l->size_of_keys + keys.index_bytes + usable * keys.entry_bytes;
}

// Room for the attributes that the shared table can have.
static uint64_t size_of_values(const struct cpy *cpy, const struct dict_keys *keys)
{
    return 8 *
           (cpy->rt.minor >= 11 ? keys->entry_count + keys->usable : (keys->slot_count << 1) / 3);
}

static uint64_t size_of_dict(struct cpy *cpy, const struct cpy_object *o)
{
    const struct cpy_layout *l = cpy->l;
    const uint64_t values = word_at(o->bytes, l->dict_values);
    const uint64_t address = word_at(o->bytes, l->dict_keys);
    uint64_t size = o->type->basicsize;
    struct dict_keys keys;
    if (!address || !dict_keys_read(&cpy->mem, l, address, &keys))
        return size;
    if (values)
        size += size_of_values(cpy, &keys);
    // A table that is shared is nobody's.
    if (keys.refcnt == 1)
        size += size_of_table(cpy, address);
    return size;
}

static uint64_t size_of_odict(struct cpy *cpy, const struct cpy_object *o)
{
    const struct cpy_layout *l = cpy->l;
    uint64_t size = size_of_dict(cpy, o) + 8 * word_at(o->bytes, l->odict_fast_nodes_size);
    if (word_at(o->bytes, l->odict_first))
        size += l->size_of_odict_node * word_at(o->bytes, l->dict_used);
    return size;
}

static uint64_t size_of_set(const struct cpy *cpy, const struct cpy_object *o)
{
    const struct cpy_layout *l = cpy->l;
    const bool own = word_at(o->bytes, l->set_table) != o->address + l->set_smalltable;
    return o->type->basicsize + (own ? (word_at(o->bytes, l->set_mask) + 1) * 16 : 0);
}

static uint64_t size_of_deque(const struct cpy *cpy, const struct cpy_object *o)
{
    const uint64_t used =
        (word_at(o->bytes, cpy->l->deque_left) & UINT32_MAX) + word_at(o->bytes, OBJECT_SIZE);
    return o->type->basicsize + (used + 63) / 64 * cpy->l->size_of_deque_block;
}

static uint64_t size_of_type(struct cpy *cpy, const struct cpy_object *o)
{
    const struct cpy_layout *l = cpy->l;
    if (!(half_at(o->bytes, l->type_flags) & TYPE_HEAP))
        return l->size_of_type;
    return l->size_of_heap_type + size_of_table(cpy, word_at(o->bytes, l->heap_type_cached_keys));
}

static uint64_t round_up(uint64_t size)
{
    return (size + 7) & ~UINT64_C(7);
}

static uint64_t items_of(const struct cpy_object *o)
{
    const int64_t count = (int64_t)word_at(o->bytes, OBJECT_SIZE);
    return (uint64_t)(count < 0 ? -count : count);
}

static uint64_t size_of_code(struct cpy *cpy, const struct cpy_object *o)
{
    const struct cpy_layout *l = cpy->l;
    const uint64_t extra = word_at(o->bytes, l->code_extra);
    uint64_t count = 0, length = 0;
    uint64_t size = o->type->basicsize;
    if (layout_has(l->code_code_adaptive))
        size = round_up(size + o->type->itemsize * items_of(o));
    if (layout_has(l->code_cell2arg) && word_at(o->bytes, l->code_cell2arg) &&
        reader_u64(&cpy->mem, word_at(o->bytes, l->code_cellvars) + OBJECT_SIZE, &count))
        size += 8 * count;
    if (layout_has(l->code_opcache) && word_at(o->bytes, l->code_opcache) &&
        reader_u64(&cpy->mem, word_at(o->bytes, l->code_code) + OBJECT_SIZE, &length))
        size += length / 2 + (uint64_t)o->bytes[l->code_opcache_size] * l->size_of_opcache;
    if (extra && reader_u64(&cpy->mem, extra, &count) && count < 256)
        size += l->size_of_code_extra + 8 * (count ? count - 1 : 0);
    return size;
}

// Frames and what has one inside: the slots that its code needs.
static uint64_t slots_of_code(struct cpy *cpy, uint64_t code_address)
{
    const struct cpy_code *code = cpy_code_get(cpy, code_address);
    return code ? code->local_count + code->stack_size : 0;
}

static uint64_t size_of_frame(struct cpy *cpy, const struct cpy_object *o)
{
    const struct cpy_layout *l = cpy->l;
    uint64_t code = 0;
    if (layout_has(l->frame_code))
        return l->frame_localsplus + 8 * slots_of_code(cpy, word_at(o->bytes, l->frame_code));
    reader_u64(&cpy->mem, word_at(o->bytes, l->frame_iframe) + l->iframe_code, &code);
    return l->frame_inner + l->iframe_localsplus + 8 * slots_of_code(cpy, code);
}

static uint64_t size_of_generator(struct cpy *cpy, const struct cpy_object *o)
{
    const struct cpy_layout *l = cpy->l;
    uint64_t code;
    if (!layout_has(l->gen_iframe))
        return o->type->basicsize;
    if (layout_has(l->gen_code))
        code = word_at(o->bytes, l->gen_code);
    else
        reader_u64(&cpy->mem, o->address + l->gen_iframe + l->iframe_code, &code);
    return l->gen_iframe + l->iframe_localsplus + 8 * slots_of_code(cpy, code);
}

// ---- types of C modules that add something up ----

// They are known by name alone: 0 where an object is too short to be what its name says.
static uint64_t own_word(const struct cpy_object *o, uint64_t offset)
{
    return offset + 8 <= o->available ? word_at(o->bytes, offset) : 0;
}

static uint64_t tuple_length(struct cpy *cpy, uint64_t tuple)
{
    uint64_t count = 0;
    if (tuple && tuple % 8 == 0)
        reader_u64(&cpy->mem, tuple + OBJECT_SIZE, &count);
    return count <= LIMIT_ITEMS ? count : 0;
}

static uint64_t extra_of_array(struct cpy *cpy, const struct cpy_object *o)
{
    uint32_t item_bytes = 0; // behind the code of the item's type
    reader_u32(&cpy->mem, own_word(o, 40) + 4, &item_bytes);
    return item_bytes <= 16 ? item_bytes * own_word(o, 32) : 0;
}

static uint64_t extra_of_buffered(struct cpy *cpy, const struct cpy_object *o)
{
    const struct cpy_layout *l = cpy->l;
    return own_word(o, l->buffered_buffer) ? own_word(o, l->buffered_size) : 0;
}

static uint64_t extra_of_bytesio(struct cpy *cpy, const struct cpy_object *o)
{
    const uint64_t buffer = own_word(o, 16);
    uint64_t head[3];
    // Counted only while nobody else has it.
    if (!buffer || !reader_read(&cpy->mem, buffer, head, sizeof head) || head[0] != 1)
        return 0;
    return cpy->l->bytes_data + 1 + head[2];
}

static uint64_t extra_of_struct(struct cpy *cpy, const struct cpy_object *o)
{
    enum { CODE_BYTES = 32, CODES_MAX = 1 << 16 };
    uint64_t at = own_word(o, 32), format, count = 1;
    while (at && count < CODES_MAX && reader_u64(&cpy->mem, at, &format) && format) {
        count++;
        at += CODE_BYTES;
    }
    return at ? count * CODE_BYTES : 0;
}

static uint64_t extra_of_decimal(struct cpy *cpy, const struct cpy_object *o)
{
    (void)cpy;
    const bool own = own_word(o, 64) == o->address + 72;
    return own ? 0 : 8 * own_word(o, 56);
}

static uint64_t extra_of_product(struct cpy *cpy, const struct cpy_object *o)
{
    return 8 * tuple_length(cpy, own_word(o, 16));
}

static uint64_t extra_of_combinations(struct cpy *cpy, const struct cpy_object *o)
{
    (void)cpy;
    return 8 * own_word(o, 40);
}

static uint64_t extra_of_permutations(struct cpy *cpy, const struct cpy_object *o)
{
    return 8 * tuple_length(cpy, own_word(o, 16)) + 8 * own_word(o, 48);
}

static uint64_t extra_of_element(struct cpy *cpy, const struct cpy_object *o)
{
    enum { EXTRA_BYTES = 64, EXTRA_OWN_CHILDREN = 32 };
    uint64_t words[4];
    const uint64_t extra = own_word(o, 40);
    if (!extra || !reader_read(&cpy->mem, extra, words, sizeof words))
        return 0;
    return EXTRA_BYTES + (words[3] != extra + EXTRA_OWN_CHILDREN ? 8 * words[2] : 0);
}

static const struct {
    const char *name;
    uint64_t (*extra)(struct cpy *cpy, const struct cpy_object *o);
} extras[] = {
    {"array.array", extra_of_array},
    {"_io.BufferedReader", extra_of_buffered},
    {"_io.BufferedWriter", extra_of_buffered},
    {"_io.BufferedRandom", extra_of_buffered},
    {"_io.BytesIO", extra_of_bytesio},
    {"_struct.Struct", extra_of_struct},
    {"Struct", extra_of_struct},
    {"decimal.Decimal", extra_of_decimal},
    {"itertools.product", extra_of_product},
    {"itertools.combinations", extra_of_combinations},
    {"itertools.combinations_with_replacement", extra_of_combinations},
    {"itertools.permutations", extra_of_permutations},
    {"xml.etree.ElementTree.Element", extra_of_element},
    {"numpy.ndarray", cpy_extra_of_ndarray},
};

// object.__sizeof__, and what the types above add.
static uint64_t size_of_other(struct cpy *cpy, const struct cpy_object *o)
{
    const uint64_t items = o->type->itemsize ? o->type->itemsize * items_of(o) : 0;
    for (size_t i = 0; o->type->c_sizes && i < sizeof extras / sizeof *extras; i++)
        if (strcmp(o->type->c_name, extras[i].name) == 0)
            return o->type->basicsize + items + extras[i].extra(cpy, o);
    return o->type->basicsize + items;
}

bool cpy_size_is_special(const char *c_name)
{
    for (size_t i = 0; i < sizeof extras / sizeof *extras; i++)
        if (strcmp(c_name, extras[i].name) == 0)
            return true;
    return false;
}

static uint64_t own_size(struct cpy *cpy, const struct cpy_object *o)
{
    const struct cpy_layout *l = cpy->l;
    switch (o->type->body) {
    case BODY_STR:
        return size_of_str(cpy, o);
    case BODY_INT:
        return size_of_int(cpy, o);
    case BODY_LIST:
        return o->type->basicsize + 8 * word_at(o->bytes, l->list_allocated);
    case BODY_DICT:
        return size_of_dict(cpy, o);
    case BODY_ODICT:
        return size_of_odict(cpy, o);
    case BODY_SET:
        return size_of_set(cpy, o);
    case BODY_BYTEARRAY:
        return o->type->basicsize + word_at(o->bytes, l->bytearray_alloc);
    case BODY_DEQUE:
        return size_of_deque(cpy, o);
    case BODY_TYPE:
        return size_of_type(cpy, o);
    case BODY_CODE:
        return size_of_code(cpy, o);
    case BODY_FRAME:
        return size_of_frame(cpy, o);
    case BODY_GENERATOR:
        return size_of_generator(cpy, o);
    case BODY_STRUCTSEQ:
        return o->type->basicsize + 8 * items_of(o);
    default:
        return size_of_other(cpy, o);
    }
}

// 3.11 and 3.12 count a header for static types too, which have none.
static bool counts_head(const struct cpy *cpy, const struct cpy_object *o)
{
    return o->type->body != BODY_TYPE || cpy->rt.minor == 11 || cpy->rt.minor == 12 ||
           half_at(o->bytes, cpy->l->type_flags) & TYPE_HEAP;
}

uint64_t cpy_object_size(struct cpy *cpy, const struct cpy_object *o)
{
    return own_size(cpy, o) + (counts_head(cpy, o) ? o->type->prefix : 0);
}
