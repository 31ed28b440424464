// Dicts of a CPython, read from outside: their entries in order, and lookups by a text.
//
// Needs nothing but memory and a layout, so that it can be used before anything else about the
// process is known. Python's code calls __hash__ and __eq__ for a lookup; here the entries are
// looked through, which is right for namespaces of a few hundred names.
//
//     struct dict_iter it;
//     struct dict_entry entry;
//     if (dict_iter_begin(&it, reader, layout, address))
//         while (dict_iter_next(&it, &entry)) ... entry.key, entry.value ...
//
// invariant: an iterator ends after at most DICT_ENTRY_LIMIT entries, whatever the memory says.
#ifndef BRILLE_INSPECTOR_TARGET_CPYTHON_DICT_H
#define BRILLE_INSPECTOR_TARGET_CPYTHON_DICT_H

#include "inspector/target/cpython/layout.h"
#include "inspector/target/cpython/reader.h"
#include <stdbool.h>
#include <stdint.h>

enum { DICT_ENTRY_LIMIT = 1 << 30, DICT_BUFFER_BYTES = 6144 };

// The table behind a dict, or behind the instances of a class.
struct dict_keys {
    uint64_t address;
    uint64_t refcnt, lookup; // lookup: up to 3.10
    uint64_t entry_count;    // used up, deleted ones included
    uint64_t entries;        // address of the first
    uint64_t usable;         // entries that can still be added
    uint64_t slot_count;     // of the hash table
    uint64_t index_bytes;    // of all slots
    unsigned entry_bytes;
    bool general; // keys of any type, with their hashes (3.11 on: known; before: see lookup)
};

struct dict_entry {
    uint64_t key, value; // value 0: deleted, or not there in this instance
    uint64_t index;
};

struct dict_iter {
    struct cpy_reader *reader;
    struct dict_keys keys;
    uint64_t values; // address of the values of a split table, 0 when they are beside the keys
    uint64_t next, count;
    uint64_t buffered_from, buffered_count; // entries that are in `buffer`
    uint64_t value_buffer[128];
    unsigned char buffer[DICT_BUFFER_BYTES];
};

// False when there is no sane table.
bool dict_keys_read(struct cpy_reader *reader, const struct cpy_layout *layout, uint64_t address,
                    struct dict_keys *ret);

bool dict_iter_begin(struct dict_iter *iter, struct cpy_reader *reader,
                     const struct cpy_layout *layout, uint64_t dict);
// Over a table with the values at an address of their own; 0: beside the keys.
void dict_iter_begin_keys(struct dict_iter *iter, struct cpy_reader *reader,
                          const struct dict_keys *keys, uint64_t values);
// Skips entries without a key. A read that fails ends the iteration.
bool dict_iter_next(struct dict_iter *iter, struct dict_entry *entry);

// The value under a str key; 0 when there is none.
uint64_t dict_get(struct cpy_reader *reader, const struct cpy_layout *layout, uint64_t dict,
                  const char *name);

#endif
