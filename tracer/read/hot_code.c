/* See hot_code.h. Both sides keep the same two tables and change them in the same way after each
 * word. What is hostile about it is dealt with in coding.h. */
#include "tracer/read/hot_code.h"

#include "tracer/read/coding.h"

enum { WORD_MOST = 10 }; /* coded bytes of a word at most: varint of 45 bits, key */

struct hot_coder {
    uint32_t next[CODING_SLOTS]; /* by the last two keys: what followed them */
    uint64_t last[CODING_SLOTS]; /* by key: place */
    uint32_t before, present;    /* the last two keys */
};

static uint32_t *next_of(struct hot_coder *coder)
{
    return &coder->next[coding_slot_of_two(coder->before, coder->present)];
}

static void advance(struct hot_coder *coder, uint32_t key)
{
    coder->before = coder->present;
    coder->present = key;
}

/* The last two keys are kept hashed, because a key's hash serves three times. */
static char *encode_words(void *context, const char *units, size_t count, char *out,
                          uint32_t *kinds)
{
    struct hot_coder *const coder = context;
    uint32_t by_two[2][16] = {0}; /* no count waits for the one before */
    uint32_t before = coder->before, key = coder->present;
    uint32_t before_1 = before * CODING_HASH_1, present_1 = key * CODING_HASH_1;
    for (size_t i = 0; i < count; i++) {
        uint64_t word;
        memcpy(&word, units + i * 8, 8);
        uint32_t *const next = &coder->next[(before_1 ^ key * CODING_HASH_2) >> CODING_HASH_SHIFT];
        before_1 = present_1;
        before = key;
        key = coding_key(word);
        present_1 = key * CODING_HASH_1;
        uint64_t *const last = &coder->last[present_1 >> CODING_HASH_SHIFT];
        const uint64_t place = coding_place(word);
        const bool wrong = *next != key;
        out = coding_put_short(out, coding_zigzag((int64_t)(place - *last)) << 1 | wrong);
        if (wrong) {
            memcpy(out, &key, CODING_KEY_BYTES);
            out += CODING_KEY_BYTES;
            *next = key;
        }
        *last = place;
        by_two[i & 1][word & 15]++;
    }
    coder->before = before;
    coder->present = key;
    for (unsigned kind = 0; kind < 16; kind++)
        kinds[kind] += by_two[0][kind] + by_two[1][kind];
    return out;
}

static const char *decode_word(void *context, const char *p, const char *end, char *unit)
{
    struct hot_coder *const coder = context;
    uint64_t token;
    p = coding_get(p, end, &token);
    if (!p)
        return NULL;
    uint32_t *const next = next_of(coder);
    if (token & 1)
        p = coding_get_key(p, end, next);
    if (!p)
        return NULL;
    const uint32_t key = *next;
    uint64_t *const last = &coder->last[coding_slot(key)];
    *last = (*last + coding_unzigzag(token >> 1)) & CODING_PLACE_MASK;
    advance(coder, key);
    const uint64_t word = coding_word(key, *last);
    memcpy(unit, &word, 8);
    return p;
}

static const struct coding WORDS = {
    .unit_bytes = 8, .most = WORD_MOST, .encode = encode_words, .decode = decode_word};

/* 48 KiB: not for a stack. */
static _Thread_local struct hot_coder coder;

size_t hot_encode(const char *raw, size_t raw_bytes, char *out, uint32_t kinds[TRACE_WIRE_KINDS])
{
    memset(&coder, 0, sizeof(coder));
    return coding_encode(&WORDS, &coder, raw, raw_bytes, out, kinds);
}

bool hot_decode(const char *coded, size_t coded_bytes, char *raw, size_t raw_bytes)
{
    memset(&coder, 0, sizeof(coder));
    return coding_decode(&WORDS, &coder, coded, coded_bytes, raw, raw_bytes);
}
