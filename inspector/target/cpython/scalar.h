// Texts and numbers of a CPython, read from outside.
//
// Like dict.h these need nothing but memory and a layout. They take the address of an object and
// believe that it is of the type that they are named after: the caller has looked at its type.
#ifndef BRILLE_INSPECTOR_TARGET_CPYTHON_SCALAR_H
#define BRILLE_INSPECTOR_TARGET_CPYTHON_SCALAR_H

#include "inspector/target/cpython/layout.h"
#include "inspector/target/cpython/reader.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Where the characters of a str are.
struct scalar_text {
    uint64_t length; // characters
    uint64_t data;   // address of the first
    unsigned kind;   // bytes in a character
    bool ascii, compact;
    unsigned interned; // 0 when not
};

bool scalar_text_find(struct cpy_reader *reader, const struct cpy_layout *layout, uint64_t str,
                      struct scalar_text *ret);
// The same from a copy of the object's first size_of_unicode bytes.
bool scalar_text_of_bytes(const struct cpy_layout *layout, uint64_t str, const unsigned char *bytes,
                          struct scalar_text *ret);

// Whether the str is this ASCII text.
bool scalar_is_text(struct cpy_reader *reader, const struct cpy_layout *layout, uint64_t str,
                    const char *text);
// The first characters as UTF-8, always terminated; what is no character becomes '?'. False when
// it cannot be read.
bool scalar_copy_text(struct cpy_reader *reader, const struct cpy_layout *layout, uint64_t str,
                      char *buffer, size_t size);

// An int as sign and number of 30-bit digits.
struct scalar_int {
    uint64_t digits; // address
    uint64_t digit_count;
    bool negative;
};
bool scalar_int_find(struct cpy_reader *reader, const struct cpy_layout *layout, uint64_t address,
                     struct scalar_int *ret);
// False when it cannot be read or has more than 62 bits.
bool scalar_int_value(struct cpy_reader *reader, const struct cpy_layout *layout, uint64_t address,
                      int64_t *ret);

#endif
