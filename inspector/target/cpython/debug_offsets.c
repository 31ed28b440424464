#include "inspector/target/cpython/debug_offsets.h"

#include <stdio.h>

enum {
    WORD_VERSION = 1,
    WORD_FREE_THREADED = 2,
    WORD_COUNT = 34,
    OFFSET_MAX = 1 << 24,
};

// Which word of _Py_DebugOffsets says what. From its declaration in 3.13.
static const struct {
    uint8_t word;
    uint16_t field; // offset in struct cpy_layout
} named[] = {
#define ROW(word, name) {word, offsetof(struct cpy_layout, name)},
    ROW(3, size_of_runtime) ROW(5, runtime_interpreters_head) ROW(6, size_of_interp)
        ROW(7, interp_id) ROW(8, interp_next) ROW(9, interp_threads) ROW(10, interp_gc)
            ROW(11, interp_modules) ROW(12, interp_sysdict) ROW(13, interp_builtins)
                ROW(14, interp_gil) ROW(15, interp_own_gil) ROW(19, size_of_tstate)
                    ROW(21, tstate_next) ROW(22, tstate_interp) ROW(23, tstate_current_frame)
                        ROW(24, tstate_thread_id) ROW(25, tstate_native_thread_id)
                            ROW(26, tstate_datastack_chunk) ROW(28, size_of_iframe)
                                ROW(29, iframe_previous) ROW(30, iframe_code) ROW(31, iframe_instr)
                                    ROW(32, iframe_localsplus) ROW(33, iframe_owner)
#undef ROW
};

static const struct {
    const char *name;
    uint16_t field;
} fields[] = {
#define FIELD(name) {#name, offsetof(struct cpy_layout, name)},
#include "inspector/target/cpython/layout/fields.def"
#undef FIELD
};

static const char *const structures[] = {"runtime_", "interp_", "tstate_", "iframe_"};
enum { STRUCTURES = sizeof structures / sizeof *structures };

static uint32_t *field_at(const struct cpy_layout *layout, uint16_t offset)
{
    return (uint32_t *)(void *)((char *)layout + offset);
}

static bool read_words(struct cpy_reader *reader, uint64_t runtime, uint64_t words[WORD_COUNT])
{
    return reader_read(reader, runtime, words, WORD_COUNT * sizeof *words) &&
           memcmp(words, "xdebugpy", 8) == 0;
}

bool debug_offsets_read(struct cpy_reader *reader, uint64_t runtime, struct debug_offsets *ret)
{
    uint64_t words[WORD_COUNT];
    if (!read_words(reader, runtime, words))
        return false;
    *ret = (struct debug_offsets){.version = words[WORD_VERSION],
                                  .free_threaded = words[WORD_FREE_THREADED] != 0};
    return true;
}

static const char *name_of(uint16_t field)
{
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (fields[i].field == field)
            return fields[i].name;
    return "";
}

static bool is_named(uint16_t field)
{
    for (size_t i = 0; i < sizeof named / sizeof *named; i++)
        if (named[i].field == field)
            return true;
    return false;
}

// Everything of the structure that lies behind the first change and is not named.
static void forget_behind(struct cpy_layout *layout, const char *prefix, uint32_t from)
{
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        uint32_t *value = field_at(layout, fields[i].field);
        if (strncmp(fields[i].name, prefix, strlen(prefix)) == 0 && *value >= from &&
            !is_named(fields[i].field))
            *value = LAYOUT_NONE;
    }
}

// Threads and frames are copied, so their fields must lie in the copy. Of a frame each is needed.
static bool fits(const struct cpy_layout *table, const struct cpy_layout *l)
{
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        const uint64_t value = *field_at(l, fields[i].field);
        const bool set = layout_has((uint32_t)value);
        const bool was_set = layout_has(*field_at(table, fields[i].field));
        if (set && strncmp(fields[i].name, "tstate_", 7) == 0 && value + 8 > l->size_of_tstate)
            return false;
        if (was_set && strncmp(fields[i].name, "iframe_", 7) == 0 && value + 8 > IFRAME_BYTES)
            return false;
    }
    return l->size_of_tstate <= TSTATE_BYTES;
}

bool debug_offsets_apply(struct cpy_reader *reader, uint64_t runtime, struct cpy_layout *layout)
{
    const struct cpy_layout table = *layout;
    uint64_t words[WORD_COUNT];
    uint32_t changed_from[STRUCTURES];
    if (!read_words(reader, runtime, words))
        return true;
    memset(changed_from, 0xff, sizeof changed_from);
    for (size_t i = 0; i < sizeof named / sizeof *named; i++) {
        uint32_t *value = field_at(layout, named[i].field);
        const uint64_t said = words[named[i].word];
        if (said > OFFSET_MAX)
            return false;
        if (said == *value)
            continue;
        for (unsigned s = 0; s < STRUCTURES; s++)
            if (strncmp(name_of(named[i].field), structures[s], strlen(structures[s])) == 0 &&
                *value < changed_from[s])
                changed_from[s] = *value < said ? *value : (uint32_t)said;
        *value = (uint32_t)said;
    }
    for (unsigned s = 0; s < STRUCTURES; s++)
        if (changed_from[s] != LAYOUT_NONE)
            forget_behind(layout, structures[s], changed_from[s]);
    return fits(&table, layout);
}
