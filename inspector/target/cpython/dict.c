// The three shapes of a table (combined, split with values elsewhere, and the general one with
// hashes) reduced to one iteration. Entries are read in batches.
#include "inspector/target/cpython/dict.h"

#include "inspector/target/cpython/scalar.h"

enum { KEYS_GENERAL = 0 };

static uint64_t word(const unsigned char *bytes, uint32_t offset)
{
    uint64_t value;
    memcpy(&value, bytes + offset, sizeof value);
    return value;
}

// 3.8 to 3.10: the size in slots, 24 bytes an entry, one function for each kind of table.
static bool read_old_keys(const struct cpy_layout *l, const unsigned char *bytes,
                          struct dict_keys *keys)
{
    keys->slot_count = word(bytes, l->keys_size);
    if (keys->slot_count == 0 || keys->slot_count > (uint64_t)1 << 40 ||
        keys->slot_count & (keys->slot_count - 1))
        return false;
    const unsigned slot = keys->slot_count <= 0xff         ? 1
                          : keys->slot_count <= 0xffff     ? 2
                          : keys->slot_count <= 0xffffffff ? 4
                                                           : 8;
    keys->lookup = word(bytes, l->keys_lookup);
    keys->index_bytes = keys->slot_count * slot;
    keys->entry_bytes = 24;
    return true;
}

static bool read_new_keys(const struct cpy_layout *l, const unsigned char *bytes,
                          struct dict_keys *keys)
{
    const unsigned log2_size = bytes[l->keys_log2_size];
    const unsigned log2_bytes = bytes[l->keys_log2_index_bytes], kind = bytes[l->keys_kind];
    if (log2_size > 40 || log2_bytes > 44 || kind > 2)
        return false;
    keys->slot_count = (uint64_t)1 << log2_size;
    keys->index_bytes = (uint64_t)1 << log2_bytes;
    keys->general = kind == KEYS_GENERAL;
    keys->entry_bytes = keys->general ? 24 : 16;
    return true;
}

bool dict_keys_read(struct cpy_reader *reader, const struct cpy_layout *l, uint64_t address,
                    struct dict_keys *ret)
{
    unsigned char bytes[64];
    if (!address || address % 8 || !reader_read(reader, address, bytes, l->size_of_keys))
        return false;
    *ret = (struct dict_keys){.address = address, .refcnt = word(bytes, l->keys_refcnt)};
    if (!(layout_has(l->keys_lookup) ? read_old_keys(l, bytes, ret) : read_new_keys(l, bytes, ret)))
        return false;
    ret->usable = word(bytes, l->keys_usable);
    ret->entry_count = word(bytes, l->keys_nentries);
    ret->entries = address + l->keys_indices + ret->index_bytes;
    return ret->entry_count <= ret->slot_count && ret->entry_count <= DICT_ENTRY_LIMIT;
}

void dict_iter_begin_keys(struct dict_iter *iter, struct cpy_reader *reader,
                          const struct dict_keys *keys, uint64_t values)
{
    // Not the buffers: they are large, and nothing is read from them before it is written.
    iter->reader = reader;
    iter->keys = *keys;
    iter->values = values;
    iter->next = iter->buffered_from = iter->buffered_count = 0;
    iter->count = keys->entry_count;
}

bool dict_iter_begin(struct dict_iter *iter, struct cpy_reader *reader, const struct cpy_layout *l,
                     uint64_t dict)
{
    uint64_t words[2];
    struct dict_keys keys;
    // The two pointers stand together in all versions: checked by the layout's test.
    if (!dict || dict % 8 || !reader_read(reader, dict + l->dict_keys, words, sizeof words) ||
        !dict_keys_read(reader, l, words[0], &keys))
        return false;
    uint64_t values = words[1];
    if (values && layout_has(l->values_values))
        values += l->values_values;
    dict_iter_begin_keys(iter, reader, &keys, values);
    return true;
}

static bool fill(struct dict_iter *iter)
{
    const unsigned entry = iter->keys.entry_bytes;
    const uint64_t most = iter->values ? 128 : DICT_BUFFER_BYTES / entry;
    uint64_t count = iter->count - iter->next;
    if (count > most)
        count = most;
    if (!reader_read(iter->reader, iter->keys.entries + iter->next * entry, iter->buffer,
                     count * entry) ||
        (iter->values &&
         !reader_read(iter->reader, iter->values + 8 * iter->next, iter->value_buffer, 8 * count)))
        return false;
    iter->buffered_from = iter->next;
    iter->buffered_count = count;
    return true;
}

bool dict_iter_next(struct dict_iter *iter, struct dict_entry *entry)
{
    while (iter->next < iter->count) {
        if (iter->next >= iter->buffered_from + iter->buffered_count && !fill(iter))
            return false;
        const uint64_t at = iter->next - iter->buffered_from;
        const unsigned char *bytes = iter->buffer + at * iter->keys.entry_bytes;
        const uint32_t key_at = iter->keys.entry_bytes == 24 ? 8 : 0;
        entry->index = iter->next++;
        entry->key = word(bytes, key_at);
        entry->value = iter->values ? iter->value_buffer[at] : word(bytes, key_at + 8);
        if (entry->key)
            return true;
    }
    return false;
}

uint64_t dict_get(struct cpy_reader *reader, const struct cpy_layout *l, uint64_t dict,
                  const char *name)
{
    struct dict_iter it;
    struct dict_entry entry;
    if (dict_iter_begin(&it, reader, l, dict))
        while (dict_iter_next(&it, &entry))
            if (entry.value && scalar_is_text(reader, l, entry.key, name))
                return entry.value;
    return 0;
}
