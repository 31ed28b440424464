/* See cold_code.h. Both sides keep the same tables and change them in the same way after each slot;
 * the encoder also remembers where in the past a place was, which the decoder is told. What is
 * hostile about it is dealt with in coding.h; what a distance reaches is within `past` by a mask.
 */
#include "tracer/read/cold_code.h"

#include "tracer/abi/ring_layout.h"
#include "tracer/read/coding.h"

enum {
    FLAG_KEY_GIVEN = 1,   /* the key follows */
    FLAG_KEY_SECOND = 2,  /* else: it is the second of the two that were expected */
    FLAG_SHAPE_GIVEN = 4, /* type and size differ from the last ones of the key, and follow */
    FLAG_STEP_GIVEN = 8,  /* so many hot events were not expected: how many follows */
    FLAG_PLACE_SHIFT = 4, /* two bits: */
    PLACE_AGAIN = 0,      /* the place of as many slots ago as the last time */
    PLACE_STRIDE = 1,     /* as far behind the last place of the key as the last time */
    PLACE_DISTANCE = 2,   /* of so many slots ago, which follows */
    PLACE_CHANGE = 3,     /* as far behind the last place of the key as follows */
    FLAGS_KNOWN = 0x3f,

    PAST = 1 << 12, /* slots that are remembered */
    SLOT_MOST = 30, /* coded bytes of a slot at most: flags, key, three varints of 50 bits */
    NEAR = 1 << 7,  /* a distance below takes one byte */
    LOW_BITS = 24,  /* of the second word: the hot position; the rest is the shape */
    SHAPE_BITS = 40,
};

struct guess {
    uint64_t stride;
    uint32_t distance;
    uint32_t step;
};

/* Where it stands; an encoder keeps it in registers. */
struct cold_now {
    uint32_t count; /* slots so far */
    uint32_t low;   /* hot position of the last one */
    uint32_t before, present;
};

struct cold_coder {
    uint32_t next[CODING_SLOTS][2];     /* by the last two keys: what followed them, newest first */
    struct guess guesses[CODING_SLOTS]; /* by the last three keys */
    struct {
        uint64_t shape, place;
    } last[CODING_SLOTS]; /* by key */
    uint64_t past[PAST];  /* places of the last slots */
    struct cold_now now;
};

static inline uint32_t *next_of(struct cold_coder *coder, const struct cold_now *now)
{
    return coder->next[coding_slot_of_two(now->before, now->present)];
}

static inline struct guess *guess_of(struct cold_coder *coder, const struct cold_now *now,
                                     uint32_t key)
{
    return &coder->guesses[coding_slot_of_two(now->before, now->present * 31 + key)];
}

static inline bool reaches(const struct cold_now *now, uint64_t distance)
{
    return distance > 0 && distance <= PAST && distance <= now->count;
}

static inline uint64_t place_ago(const struct cold_coder *coder, const struct cold_now *now,
                                 uint32_t distance)
{
    return coder->past[(now->count - distance) % PAST];
}

/* The key is the one that is expected first from now on. */
static inline void expect(uint32_t next[2], uint32_t key)
{
    next[1] = next[0];
    next[0] = key;
}

static inline void advance(struct cold_coder *coder, struct cold_now *now, uint32_t key,
                           uint64_t place, struct guess *guess)
{
    uint64_t *const last = &coder->last[coding_slot(key)].place;
    guess->stride = (place - *last) & CODING_PLACE_MASK;
    *last = place;
    coder->past[now->count++ % PAST] = place;
    now->before = now->present;
    now->present = key;
}

/* ---- encoding ----------------------------------------------------------------------------------
 */

struct cold_encoder {
    struct cold_coder coder;
    uint32_t seen[CODING_SLOTS]; /* by place: the last slot that had it */
};

static uint32_t *seen_of(struct cold_encoder *encoder, uint64_t place)
{
    return &encoder->seen[place * 0x9e3779b97f4a7c15ull >> 52];
}

static inline char *encode_key(struct cold_coder *coder, const struct cold_now *now, uint32_t key,
                               unsigned *flags, char *out)
{
    uint32_t *const next = next_of(coder, now);
    if (next[0] == key)
        return out;
    if (next[1] == key) {
        *flags |= FLAG_KEY_SECOND;
    } else {
        *flags |= FLAG_KEY_GIVEN;
        memcpy(out, &key, CODING_KEY_BYTES);
        out += CODING_KEY_BYTES;
    }
    expect(next, key);
    return out;
}

static inline char *encode_second(struct cold_coder *coder, struct cold_now *now, uint32_t key,
                                  uint64_t second, struct guess *guess, unsigned *flags, char *out)
{
    uint64_t *const last = &coder->last[coding_slot(key)].shape;
    const uint64_t shape = second >> LOW_BITS;
    const uint32_t low = (uint32_t)second & ((1u << LOW_BITS) - 1);
    const uint32_t step = (low - now->low) & ((1u << LOW_BITS) - 1);
    now->low = low;
    if (*last != shape) {
        *flags |= FLAG_SHAPE_GIVEN;
        out = coding_put(out, coding_zigzag((int64_t)(shape - *last)));
        *last = shape;
    }
    if (guess->step != step) {
        *flags |= FLAG_STEP_GIVEN;
        out = coding_put_short(out, step);
        guess->step = step;
    }
    return out;
}

static inline char *encode_place(struct cold_encoder *encoder, const struct cold_now *now,
                                 uint32_t key, uint64_t place, struct guess *guess, unsigned *flags,
                                 char *out)
{
    struct cold_coder *const coder = &encoder->coder;
    uint32_t *const seen = seen_of(encoder, place);
    const int64_t change = (int64_t)(place - coder->last[coding_slot(key)].place);
    const uint32_t distance = now->count - *seen;
    *seen = now->count;
    unsigned how = PLACE_CHANGE;
    if (reaches(now, guess->distance) && place_ago(coder, now, guess->distance) == place)
        how = PLACE_AGAIN;
    else if (guess->stride == ((uint64_t)change & CODING_PLACE_MASK))
        how = PLACE_STRIDE;
    else if (reaches(now, distance) && place_ago(coder, now, distance) == place &&
             (distance < NEAR || coding_zigzag(change) >= distance))
        how = PLACE_DISTANCE;
    *flags |= how << FLAG_PLACE_SHIFT;
    if (how == PLACE_CHANGE)
        return coding_put_short(out, coding_zigzag(change));
    if (how != PLACE_DISTANCE)
        return out;
    guess->distance = distance;
    return coding_put_short(out, distance);
}

static inline char *encode_slot(struct cold_encoder *encoder, struct cold_now *now,
                                const char *unit, char *out)
{
    struct cold_coder *const coder = &encoder->coder;
    uint64_t word, second;
    unsigned flags = 0;
    char *const head = out++;
    memcpy(&word, unit, 8);
    memcpy(&second, unit + 8, 8);
    const uint32_t key = coding_key(word);
    struct guess *const guess = guess_of(coder, now, key);
    out = encode_key(coder, now, key, &flags, out);
    out = encode_second(coder, now, key, second, guess, &flags, out);
    out = encode_place(encoder, now, key, coding_place(word), guess, &flags, out);
    advance(coder, now, key, coding_place(word), guess);
    *head = (char)flags;
    return out;
}

static char *encode_slots(void *context, const char *units, size_t count, char *out,
                          uint32_t *kinds)
{
    struct cold_encoder *const encoder = context;
    struct cold_now now = encoder->coder.now;
    for (size_t i = 0; i < count; i++) {
        out = encode_slot(encoder, &now, units + i * 16, out);
        kinds[units[i * 16] & 15]++;
    }
    encoder->coder.now = now;
    return out;
}

/* ---- decoding ----------------------------------------------------------------------------------
 */

static const char *decode_key(struct cold_coder *coder, unsigned flags, const char *p,
                              const char *end, uint32_t *key)
{
    uint32_t *const next = next_of(coder, &coder->now);
    *key = next[0];
    if (flags & FLAG_KEY_GIVEN)
        p = coding_get_key(p, end, key);
    else if (flags & FLAG_KEY_SECOND)
        *key = next[1];
    else
        return p;
    expect(next, *key);
    return p;
}

static const char *decode_second(struct cold_coder *coder, unsigned flags, const char *p,
                                 const char *end, uint32_t key, struct guess *guess,
                                 uint64_t *second)
{
    uint64_t *const shape = &coder->last[coding_slot(key)].shape;
    uint64_t value;
    if (flags & FLAG_SHAPE_GIVEN) {
        p = coding_get(p, end, &value);
        if (!p)
            return NULL;
        *shape = (*shape + coding_unzigzag(value)) & ((1ull << SHAPE_BITS) - 1);
    }
    if (flags & FLAG_STEP_GIVEN) {
        p = coding_get(p, end, &value);
        if (!p)
            return NULL;
        guess->step = (uint32_t)value & ((1u << LOW_BITS) - 1);
    }
    coder->now.low = (coder->now.low + guess->step) & ((1u << LOW_BITS) - 1);
    *second = *shape << LOW_BITS | coder->now.low;
    return p;
}

static const char *decode_place(const struct cold_coder *coder, unsigned flags, const char *p,
                                const char *end, uint32_t key, struct guess *guess, uint64_t *place)
{
    const unsigned how = flags >> FLAG_PLACE_SHIFT;
    const uint64_t last = coder->last[coding_slot(key)].place;
    uint64_t value = guess->distance;
    if (how == PLACE_DISTANCE || how == PLACE_CHANGE)
        p = coding_get(p, end, &value);
    if (!p)
        return NULL;
    if (how == PLACE_STRIDE || how == PLACE_CHANGE) {
        const uint64_t change = how == PLACE_STRIDE ? guess->stride : coding_unzigzag(value);
        *place = (last + change) & CODING_PLACE_MASK;
        return p;
    }
    if (!reaches(&coder->now, value))
        return NULL;
    guess->distance = (uint32_t)value;
    *place = place_ago(coder, &coder->now, guess->distance);
    return p;
}

static const char *decode_slot(void *context, const char *p, const char *end, char *unit)
{
    struct cold_coder *const coder = context;
    uint32_t key;
    uint64_t place, second;
    if (p == end || (unsigned char)*p & ~FLAGS_KNOWN)
        return NULL;
    const unsigned flags = (unsigned char)*p++;
    p = decode_key(coder, flags, p, end, &key);
    if (!p)
        return NULL;
    struct guess *const guess = guess_of(coder, &coder->now, key);
    p = decode_second(coder, flags, p, end, key, guess, &second);
    if (p)
        p = decode_place(coder, flags, p, end, key, guess, &place);
    if (!p)
        return NULL;
    advance(coder, &coder->now, key, place, guess);
    const uint64_t word = coding_word(key, place);
    memcpy(unit, &word, 8);
    memcpy(unit + 8, &second, 8);
    return p;
}

/* ---- counting ----------------------------------------------------------------------------------
 */

/* Of cold_coder, what keys and shapes follow from; one of these is read at a time, too. */
struct size_coder {
    uint32_t next[CODING_SLOTS][2];
    uint64_t shapes[CODING_SLOTS];
    uint32_t before, present;
};

static inline const char *pass_number(const char *p, const char *end)
{
    uint64_t value;
    return p ? coding_get(p, end, &value) : NULL;
}

/* One slot: its key and shape; the rest is passed over. */
static inline const char *decode_size(struct size_coder *coder, const char *p, const char *end,
                                      uint32_t *key, uint64_t *shape)
{
    if (p == end || (unsigned char)*p & ~FLAGS_KNOWN)
        return NULL;
    const unsigned flags = (unsigned char)*p++, how = flags >> FLAG_PLACE_SHIFT;
    uint32_t *const next = coder->next[coding_slot_of_two(coder->before, coder->present)];
    *key = next[0];
    if (flags & (FLAG_KEY_GIVEN | FLAG_KEY_SECOND)) {
        if (flags & FLAG_KEY_GIVEN)
            p = coding_get_key(p, end, key);
        else
            *key = next[1];
        if (!p)
            return NULL;
        expect(next, *key);
    }
    uint64_t *const last = &coder->shapes[coding_slot(*key)];
    if (flags & FLAG_SHAPE_GIVEN) {
        uint64_t value;
        p = coding_get(p, end, &value);
        if (!p)
            return NULL;
        *last = (*last + coding_unzigzag(value)) & ((1ull << SHAPE_BITS) - 1);
    }
    *shape = *last;
    if (flags & FLAG_STEP_GIVEN)
        p = pass_number(p, end);
    if (how == PLACE_DISTANCE || how == PLACE_CHANGE)
        p = pass_number(p, end);
    coder->before = coder->present;
    coder->present = *key;
    return p;
}

/* The slots of one chunk. NULL: see cold_count_sizes. */
static const char *count_sizes(struct size_coder *coder, const char *p, const char *end,
                               uint32_t slots, const struct trace_counted *counted, uint64_t *count)
{
    const unsigned sized = 1u << TRACE_COLD_ALLOC | 1u << TRACE_COLD_RESIZE;
    for (uint32_t i = 0; i < slots; i++) {
        uint32_t key;
        uint64_t shape;
        p = decode_size(coder, p, end, &key, &shape);
        const unsigned wire = key & 15;
        if (!p || wire == TRACE_COLD_WIDE)
            return NULL;
        const int64_t size = (int64_t)TRACE_COLD_SIZE(shape << LOW_BITS);
        const bool fits = size >= counted->least_size && size <= counted->most_size;
        *count += counted->kinds >> wire & (fits | !(sized >> wire & 1)) & 1;
    }
    return p;
}

bool cold_count_sizes(const char *coded, size_t coded_bytes, size_t raw_bytes,
                      const struct trace_counted *counted, uint64_t *count)
{
    static _Thread_local struct size_coder coder; /* 64 KiB: not for a stack */
    const char *p = coded, *const end = coded + coded_bytes;
    size_t left = raw_bytes;
    memset(&coder, 0, sizeof(coder));
    *count = 0;
    while (left > 0) {
        struct trace_chunk_head head;
        if ((size_t)(end - p) < sizeof(head) || left < sizeof(head))
            return false;
        memcpy(&head, p, sizeof(head));
        p += sizeof(head);
        left -= sizeof(head);
        if (head.bytes % TRACE_COLD_SLOT_BYTES || head.bytes > left)
            return false;
        left -= head.bytes;
        p = count_sizes(&coder, p, end, head.bytes / TRACE_COLD_SLOT_BYTES, counted, count);
        if (!p)
            return false;
    }
    return p == end;
}

static const struct coding SLOTS = {
    .unit_bytes = 16, .most = SLOT_MOST, .encode = encode_slots, .decode = decode_slot};

/* 220 KiB: not for a stack. A thread encodes or decodes. */
static _Thread_local struct cold_encoder state;

size_t cold_encode(const char *raw, size_t raw_bytes, char *out, uint32_t kinds[TRACE_WIRE_KINDS])
{
    memset(&state, 0, sizeof(state));
    return coding_encode(&SLOTS, &state, raw, raw_bytes, out, kinds);
}

bool cold_decode(const char *coded, size_t coded_bytes, char *raw, size_t raw_bytes)
{
    memset(&state.coder, 0, sizeof(state.coder));
    return coding_decode(&SLOTS, &state.coder, coded, coded_bytes, raw, raw_bytes);
}
