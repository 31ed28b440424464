/* The coders of HOT and COLD blocks: what comes out is what went in, smaller where it repeats, and
 * bytes that nobody coded are refused or give something, never more than there is room for. */
#include "tracer/abi/ring_layout.h"
#include "tracer/read/cold_code.h"
#include "tracer/read/file.h"
#include "tracer/read/hot_code.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { CHUNKS = 6, WORDS = 504, ROOM = CHUNKS * (72 + WORDS * 8) };

typedef size_t encode_function(const char *, size_t, char *, uint32_t *);
typedef bool decode_function(const char *, size_t, char *, size_t);

static const struct coder {
    encode_function *encode;
    decode_function *decode;
} coders[] = {{hot_encode, hot_decode}, {cold_encode, cold_decode}};

static char raw[ROOM], coded[ROOM], back[ROOM + 1];
static uint32_t kinds[TRACE_WIRE_KINDS];
static uint64_t state = 1;

static uint64_t roll(void)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return state >> 20 ^ state << 40;
}

/* `words` fills a chunk's; chunk heads are of no consequence but for their length. */
static size_t make_block(void (*words)(uint64_t *words, unsigned count))
{
    size_t used = 0;
    for (unsigned i = 0; i < CHUNKS; i++) {
        const unsigned count = i == 2 ? 0 : WORDS; /* an empty chunk is one too */
        uint64_t body[WORDS];
        const struct trace_chunk_head head = {.subbuffer.first = i * WORDS, .bytes = count * 8};
        words(body, count);
        memcpy(raw + used, &head, sizeof(head));
        memcpy(raw + used + sizeof(head), body, count * 8);
        used += sizeof(head) + count * 8;
    }
    return used;
}

/* A loop that makes objects and frees them two rounds later, as slots or as words. */
static void repeat(uint64_t *words, unsigned count)
{
    static uint64_t n;
    for (unsigned i = 0; i + 1 < count; i += 2, n++) {
        const uint64_t address = 0x7f0000000000u + (n / 2 * 48 % 4800);
        words[i] = address | (n % 2 ? TRACE_COLD_FREE : TRACE_COLD_ALLOC) | (3 + n % 2) << 48;
        words[i + 1] = (n % 2 ? 0 : 17ull << TRACE_COLD_TYPE_SHIFT | 48 << TRACE_COLD_SIZE_SHIFT) |
                       (n * 5 & 0xffffff);
    }
}

static void noise(uint64_t *words, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        words[i] = roll();
}

static void extremes(uint64_t *words, unsigned count)
{
    static const uint64_t values[] = {0, UINT64_MAX, 1, 1ull << 63, (1ull << 47) - 1, 1ull << 47};
    for (unsigned i = 0; i < count; i++)
        words[i] = values[roll() % 6];
}

static void check_round_trip(void (*words)(uint64_t *, unsigned), size_t most)
{
    for (size_t c = 0; c < sizeof(coders) / sizeof(coders[0]); c++)
        for (int round = 0; round < 20; round++) {
            const size_t bytes = make_block(words);
            const size_t made = coders[c].encode(raw, bytes, coded, kinds);
            assert_true(made < bytes);
            assert_true(made <= most);
            if (!made)
                continue; /* it would not get smaller, which is an answer */
            memset(back, 0x5a, sizeof(back));
            assert_true(coders[c].decode(coded, made, back, bytes));
            assert_memory_equal(raw, back, bytes);
            assert_int_equal(back[bytes], 0x5a);
        }
}

static void test_what_repeats_comes_back_and_is_small(void **unused)
{
    (void)unused;
    /* HOT takes each slot for two unlike words; COLD needs little more than a byte for one. */
    check_round_trip(repeat, ROOM - 1);
    const size_t bytes = make_block(repeat);
    assert_true(cold_encode(raw, bytes, coded, kinds) <
                CHUNKS * 72 + (CHUNKS - 1) * WORDS / 2 * 3 / 2);
}

static void test_anything_comes_back(void **unused)
{
    (void)unused;
    check_round_trip(noise, ROOM - 1);
    check_round_trip(extremes, ROOM - 1);
}

/* Slots of few places, of sizes up to 127. */
static void sizes(uint64_t *words, unsigned count)
{
    for (unsigned i = 0; i + 1 < count; i += 2) {
        const uint64_t wire = 1 + roll() % (TRACE_COLD_BASE);
        words[i] = roll() % 7 << 48 | (roll() & 0xfff0) | wire;
        words[i + 1] = wire == TRACE_COLD_BASE ? roll() : roll() % 128 << TRACE_COLD_SIZE_SHIFT;
        words[i + 1] |= roll() & 0xffffff;
    }
}

static uint64_t count_raw(size_t bytes, const struct trace_counted *counted)
{
    uint64_t count = 0;
    for (size_t at = 0; at < bytes;) {
        struct trace_chunk_head head;
        memcpy(&head, raw + at, sizeof(head));
        at += sizeof(head);
        for (uint32_t slot = 0; slot < head.bytes; slot += 16, at += 16) {
            uint64_t words[2];
            memcpy(words, raw + at, sizeof(words));
            const unsigned wire = TRACE_WORD_KIND(words[0]);
            const int64_t size = (int64_t)TRACE_COLD_SIZE(words[1]);
            const bool fits = size >= counted->least_size && size <= counted->most_size;
            if (counted->kinds >> wire & 1)
                count += fits || (wire != TRACE_COLD_ALLOC && wire != TRACE_COLD_RESIZE);
        }
    }
    return count;
}

static void test_sizes_are_counted_without_decoding(void **unused)
{
    (void)unused;
    unsigned made_some = 0;
    for (int round = 0; round < 200; round++) {
        const size_t bytes = make_block(round % 2 ? sizes : repeat);
        const size_t made = cold_encode(raw, bytes, coded, kinds);
        const struct trace_counted counted = {.sized = true,
                                              .kinds = (uint16_t)(roll() & 0x7e),
                                              .least_size = (int64_t)(roll() % 64),
                                              .most_size = 40 + (int64_t)(roll() % 64)};
        uint64_t count = 0;
        if (!made)
            continue;
        made_some++;
        assert_true(cold_count_sizes(coded, made, bytes, &counted, &count));
        assert_int_equal(count, count_raw(bytes, &counted));
        for (size_t kept = 0; kept < made; kept += 1 + roll() % 97)
            assert_false(cold_count_sizes(coded, kept, bytes, &counted, &count));
        for (int i = 0; i < 5; i++) /* survived */
            coded[roll() % made] = (char)roll();
        cold_count_sizes(coded, made, bytes, &counted, &count);
    }
    assert_true(made_some >= 100);
}

static void test_sizes_too_large_for_a_slot_are_decoded(void **unused)
{
    (void)unused;
    const struct trace_counted counted = {.sized = true, .kinds = 2, .most_size = INT64_MAX};
    uint64_t count;
    const size_t bytes = make_block(repeat);
    const uint64_t wide[2] = {TRACE_COLD_WIDE, 5ull << 30};
    memcpy(raw + sizeof(struct trace_chunk_head) + 32, wide, sizeof(wide));
    const size_t made = cold_encode(raw, bytes, coded, kinds);
    assert_true(made > 0);
    assert_false(cold_count_sizes(coded, made, bytes, &counted, &count));
}

static void test_coded_bytes_that_were_changed_are_survived(void **unused)
{
    (void)unused;
    char changed[ROOM];
    for (size_t c = 0; c < sizeof(coders) / sizeof(coders[0]); c++) {
        const size_t bytes = make_block(repeat), made = coders[c].encode(raw, bytes, coded, kinds);
        assert_true(made > 0);
        for (int round = 0; round < 3000; round++) {
            memcpy(changed, coded, made);
            for (int i = 0; i <= round % 5; i++)
                changed[roll() % made] = (char)roll();
            const size_t kept = round % 3 ? made : roll() % made;
            back[bytes] = 0x5a;
            const bool good = coders[c].decode(changed, kept, back, bytes);
            assert_true(!good || kept <= made);
            assert_int_equal(back[bytes], 0x5a);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_repeats_comes_back_and_is_small),
        cmocka_unit_test(test_anything_comes_back),
        cmocka_unit_test(test_sizes_are_counted_without_decoding),
        cmocka_unit_test(test_sizes_too_large_for_a_slot_are_decoded),
        cmocka_unit_test(test_coded_bytes_that_were_changed_are_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
