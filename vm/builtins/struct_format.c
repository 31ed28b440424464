/* Formats of the module struct: from the text to a layout.
 *
 *   [@=<>!] then any number of: white space, or [count]code
 *
 * Without one of the first characters, or after '@', values have the sizes and the alignment of
 * this machine; otherwise fixed sizes without gaps. A count before s or p is a length, before
 * another code it repeats. Two passes: the first counts the items, the second writes them down.
 */
#include <string.h>

#include "vm/builtins/mod_struct.h"
#include "vm/memory/heap.h"
#include "vm/object/exc.h"
#include "vm/runtime/error.h"

struct code {
    char code;
    uint8_t native, standard; /* sizes; 0: not there */
    bool is_int, is_signed;
};
static const struct code codes[] = {
    {'x', 1, 1, false, false}, {'c', 1, 1, false, false}, {'s', 1, 1, false, false},
    {'p', 1, 1, false, false}, {'?', 1, 1, false, false}, {'b', 1, 1, true, true},
    {'B', 1, 1, true, false},  {'h', 2, 2, true, true},   {'H', 2, 2, true, false},
    {'i', 4, 4, true, true},   {'I', 4, 4, true, false},  {'l', 8, 4, true, true},
    {'L', 8, 4, true, false},  {'q', 8, 8, true, true},   {'Q', 8, 8, true, false},
    {'n', 8, 0, true, true},   {'N', 8, 0, true, false},  {'P', 8, 0, true, false},
    {'e', 2, 2, false, false}, {'f', 4, 4, false, false}, {'d', 8, 8, false, false},
};

static const struct code *code_of(char c, bool native)
{
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (codes[i].code == c && (native || codes[i].standard))
            return &codes[i];
    return NULL;
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static int too_long(void)
{
    return py_raise_int(struct_error, "total struct size too long");
}

/* A count and a code at *p: into *code and *count. */
static int read_item(const char **p, const char *end, bool native, const struct code **code,
                     int64_t *count)
{
    const char *s = *p;
    *count = 1;
    if (*s >= '0' && *s <= '9') {
        for (*count = 0; s < end && *s >= '0' && *s <= '9'; s++)
            if (__builtin_mul_overflow(*count, 10, count) ||
                __builtin_add_overflow(*count, *s - '0', count))
                return too_long();
        if (s == end)
            return py_raise_int(struct_error, "repeat count given without format specifier");
    }
    *code = code_of(*s, native);
    *p = s + 1;
    return *code ? 0 : py_raise_int(struct_error, "bad char in struct format");
}

/* Goes through the format; items may be NULL. Fills what else *l says. */
static int read_items(struct layout *l, const char *p, const char *end, struct layout_item *items)
{
    l->size = l->values = l->item_count = 0;
    while (p < end) {
        if (is_space(*p)) {
            p++;
            continue;
        }
        const struct code *code;
        int64_t count, octets;
        if (read_item(&p, end, l->native, &code, &count) < 0)
            return -1;
        const uint8_t size = l->native ? code->native : code->standard;
        int64_t at = l->size;
        if (l->native && __builtin_add_overflow(at, -at & (size - 1), &at))
            return too_long();
        if (__builtin_mul_overflow(count, (int64_t)size, &octets) ||
            __builtin_add_overflow(at, octets, &l->size))
            return too_long();
        const bool text = code->code == 's' || code->code == 'p';
        if (code->code == 'x' || (count == 0 && !text))
            continue;
        l->values += text ? 1 : count;
        if (items)
            items[l->item_count] = (struct layout_item){.at = at,
                                                        .count = count,
                                                        .code = code->code,
                                                        .size = size,
                                                        .is_int = code->is_int,
                                                        .is_signed = code->is_signed};
        l->item_count++;
    }
    return 0;
}

struct layout *layout_create(const char *format, size_t length)
{
    const char *p = format, *const end = format + length;
    struct layout l = {.native = true, .big = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__};
    if (memchr(format, 0, length))
        return py_raise(struct_error, "embedded null character");
    if (length && strchr("@=<>!", *p)) {
        l.native = *p == '@';
        l.big = *p == '>' || *p == '!' || (*p != '<' && l.big);
        p++;
    }
    if (read_items(&l, p, end, NULL) < 0)
        return NULL;
    struct layout *const out =
        py_mem_alloc(sizeof l + (size_t)l.item_count * sizeof(struct layout_item));
    if (!out)
        return py_raise_no_memory();
    *out = l;
    out->uses = 1;
    read_items(out, p, end, out->items);
    return out;
}

void layout_release(struct layout *l)
{
    if (l && --l->uses == 0)
        py_mem_free(l);
}
