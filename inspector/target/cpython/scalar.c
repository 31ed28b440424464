#include "inspector/target/cpython/scalar.h"

// struct PyASCIIObject.state: the bits that have not moved from 3.8 to 3.13.
enum {
    STATE_INTERNED = 3,
    STATE_KIND_SHIFT = 2,
    STATE_KIND = 7,
    STATE_COMPACT = 1 << 5,
    STATE_ASCII = 1 << 6,
};

enum { TEXT_MAX = 1 << 10 };

#define TEXT_LENGTH_MAX ((uint64_t)1 << 40)

bool scalar_text_of_bytes(const struct cpy_layout *l, uint64_t str, const unsigned char *bytes,
                          struct scalar_text *ret)
{
    uint32_t state;
    uint64_t data;
    *ret = (struct scalar_text){0};
    memcpy(&ret->length, bytes + l->ascii_length, sizeof ret->length);
    memcpy(&state, bytes + l->ascii_state, sizeof state);
    ret->interned = state & STATE_INTERNED;
    ret->kind = state >> STATE_KIND_SHIFT & STATE_KIND;
    ret->ascii = state & STATE_ASCII;
    ret->compact = state & STATE_COMPACT;
    if (ret->compact)
        data = str + (ret->ascii ? l->size_of_ascii : l->size_of_compact);
    else
        memcpy(&data, bytes + l->unicode_data, sizeof data);
    ret->data = data;
    return ret->length < TEXT_LENGTH_MAX && (ret->kind == 1 || ret->kind == 2 || ret->kind == 4) &&
           data;
}

bool scalar_text_find(struct cpy_reader *reader, const struct cpy_layout *l, uint64_t str,
                      struct scalar_text *ret)
{
    unsigned char bytes[128] = {0};
    // Most are shorter than the longest form; what is behind them is read, not used.
    if (!str || str % 8 || !reader_read(reader, str, bytes, l->size_of_ascii))
        return false;
    uint32_t state;
    memcpy(&state, bytes + l->ascii_state, sizeof state);
    if (!(state & STATE_COMPACT) && !reader_read(reader, str, bytes, l->size_of_unicode))
        return false;
    return scalar_text_of_bytes(l, str, bytes, ret);
}

bool scalar_is_text(struct cpy_reader *reader, const struct cpy_layout *l, uint64_t str,
                    const char *text)
{
    struct scalar_text found;
    char bytes[64];
    const size_t length = strlen(text);
    return length <= sizeof bytes && scalar_text_find(reader, l, str, &found) && found.kind == 1 &&
           found.length == length && reader_read(reader, found.data, bytes, length) &&
           memcmp(bytes, text, length) == 0;
}

bool scalar_copy_text(struct cpy_reader *reader, const struct cpy_layout *l, uint64_t str,
                      char *buffer, size_t size)
{
    struct scalar_text text;
    unsigned char bytes[4 * TEXT_MAX];
    *buffer = 0;
    if (!scalar_text_find(reader, l, str, &text))
        return false;
    uint64_t count = text.length < size ? text.length : size - 1;
    if (count > TEXT_MAX)
        count = TEXT_MAX;
    if (!reader_read(reader, text.data, bytes, count * text.kind))
        return false;
    for (uint64_t i = 0; i < count; i++) {
        const unsigned char c = bytes[i * text.kind];
        const bool plain = c >= ' ' && c < 0x7f && (text.kind < 2 || !bytes[i * text.kind + 1]) &&
                           (text.kind < 4 || !(bytes[4 * i + 2] | bytes[4 * i + 3]));
        buffer[i] = plain ? (char)c : '?';
    }
    buffer[count] = 0;
    return true;
}

bool scalar_int_find(struct cpy_reader *reader, const struct cpy_layout *l, uint64_t address,
                     struct scalar_int *ret)
{
    uint64_t size;
    if (!reader_u64(reader, address + (layout_has(l->int_tag) ? l->int_tag : OBJECT_SIZE), &size))
        return false;
    ret->digits = address + l->int_digits;
    if (layout_has(l->int_tag)) { // 3.12 on: 0 positive, 1 zero, 2 negative in the low two bits
        ret->negative = (size & 3) == 2;
        ret->digit_count = size >> 3;
    } else {
        ret->negative = (int64_t)size < 0;
        ret->digit_count = ret->negative ? -size : size;
    }
    return ret->digit_count < (uint64_t)1 << 40;
}

bool scalar_int_value(struct cpy_reader *reader, const struct cpy_layout *l, uint64_t address,
                      int64_t *ret)
{
    struct scalar_int found;
    uint32_t digits[2] = {0};
    if (!scalar_int_find(reader, l, address, &found) || found.digit_count > 2 ||
        !reader_read(reader, found.digits, digits, 4 * found.digit_count))
        return false;
    const int64_t value = (int64_t)digits[0] | (int64_t)digits[1] << 30;
    *ret = found.negative ? -value : value;
    return true;
}
