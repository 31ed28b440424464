/* See hot_code.h. Both sides keep the same two tables and change them in the same way after each
 * word. Tables are indexed by hashes, so a collision costs bytes and nothing else. The decoder
 * takes hostile bytes: every read is measured against the end, every write against the room, and a
 * table index is masked. */
#include "tracer/read/hot_code.h"

#include "tracer/read/file.h"

#include <string.h>

enum {
    KEY_BITS = 21,
    NEXT_SLOTS = 1 << 12,
    LAST_SLOTS = 1 << 12,
    WORD_MOST = 10, /* coded bytes of a word at most: varint of 45 bits, key */
};

struct hot_coder {
    uint32_t next[NEXT_SLOTS]; /* by the last two keys: what followed them */
    uint64_t last[LAST_SLOTS]; /* by key: address / 16 */
    uint32_t before, present;  /* the last two keys */
};

static uint32_t key_of(uint64_t word)
{
    return (uint32_t)(word >> 47) << 4 | (uint32_t)(word & 15);
}

static uint64_t place_of(uint64_t word)
{
    return word >> 4 & ((1ull << 43) - 1);
}

static uint64_t word_of(uint32_t key, uint64_t place)
{
    return (uint64_t)(key >> 4) << 47 | place << 4 | (key & 15);
}

static uint32_t *next_of(struct hot_coder *coder)
{
    const uint32_t hash = coder->before * 2654435761u ^ coder->present * 2246822507u;
    return &coder->next[hash >> 20];
}

static uint64_t *last_of(struct hot_coder *coder, uint32_t key)
{
    return &coder->last[key * 2654435761u >> 20];
}

static void advance(struct hot_coder *coder, uint32_t key)
{
    coder->before = coder->present;
    coder->present = key;
}

/* ---- encoding ----------------------------------------------------------------------------------
 */

static char *encode_word(struct hot_coder *coder, uint64_t word, char *out)
{
    const uint32_t key = key_of(word);
    uint32_t *const next = next_of(coder);
    uint64_t *const last = last_of(coder, key);
    const uint64_t place = place_of(word);
    const int64_t change = (int64_t)(place - *last);
    uint64_t token = ((uint64_t)change << 1 ^ (uint64_t)(change >> 63)) << 1 | (*next != key);
    while (token >= 0x80) {
        *out++ = (char)(token | 0x80);
        token >>= 7;
    }
    *out++ = (char)token;
    if (*next != key) {
        memcpy(out, &key, 3);
        out += 3;
        *next = key;
    }
    *last = place;
    advance(coder, key);
    return out;
}

size_t hot_encode(const char *raw, size_t raw_bytes, char *out)
{
    static _Thread_local struct hot_coder coder; /* 48 KiB: not for a stack */
    const char *const end = raw + raw_bytes;
    char *const begin = out, *const limit = out + raw_bytes;
    memset(&coder, 0, sizeof(coder));
    while (raw < end) {
        struct trace_chunk_head head;
        if ((size_t)(end - raw) < sizeof(head) || (size_t)(limit - out) <= sizeof(head))
            return 0;
        memcpy(&head, raw, sizeof(head));
        memcpy(out, raw, sizeof(head));
        raw += sizeof(head);
        out += sizeof(head);
        if (head.bytes % 8 || head.bytes > (size_t)(end - raw))
            return 0;
        for (uint32_t at = 0; at < head.bytes; at += 8) {
            uint64_t word;
            if (limit - out <= WORD_MOST)
                return 0;
            memcpy(&word, raw + at, 8);
            out = encode_word(&coder, word, out);
        }
        raw += head.bytes;
    }
    return (size_t)(out - begin);
}

/* ---- decoding ----------------------------------------------------------------------------------
 */

static const char *decode_word(struct hot_coder *coder, const char *p, const char *end,
                               uint64_t *word)
{
    uint64_t token = 0;
    unsigned shift = 0;
    for (;; shift += 7) {
        if (p == end || shift > 42)
            return NULL;
        const unsigned char byte = (unsigned char)*p++;
        token |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            break;
    }
    uint32_t *const next = next_of(coder);
    if (token & 1) {
        uint32_t key = 0;
        if (end - p < 3)
            return NULL;
        memcpy(&key, p, 3);
        p += 3;
        *next = key & ((1u << KEY_BITS) - 1);
    }
    const uint32_t key = *next;
    uint64_t *const last = last_of(coder, key);
    token >>= 1;
    const uint64_t change = token >> 1 ^ (0 - (token & 1));
    *last = (*last + change) & ((1ull << 43) - 1);
    advance(coder, key);
    *word = word_of(key, *last);
    return p;
}

bool hot_decode(const char *coded, size_t coded_bytes, char *raw, size_t raw_bytes)
{
    static _Thread_local struct hot_coder coder;
    const char *p = coded, *const end = coded + coded_bytes;
    char *const limit = raw + raw_bytes;
    memset(&coder, 0, sizeof(coder));
    while (raw < limit) {
        struct trace_chunk_head head;
        if ((size_t)(end - p) < sizeof(head) || (size_t)(limit - raw) < sizeof(head))
            return false;
        memcpy(&head, p, sizeof(head));
        memcpy(raw, p, sizeof(head));
        p += sizeof(head);
        raw += sizeof(head);
        if (head.bytes % 8 || head.bytes > (size_t)(limit - raw))
            return false;
        for (uint32_t at = 0; at < head.bytes; at += 8) {
            uint64_t word;
            p = decode_word(&coder, p, end, &word);
            if (!p)
                return false;
            memcpy(raw + at, &word, 8);
        }
        raw += head.bytes;
    }
    return p == end;
}
