#include "inspector/target/cpython/check.h"

#include "inspector/target/cpython/dict.h"
#include "inspector/target/cpython/scalar.h"

#include <inttypes.h>
#include <stdio.h>

enum {
    INTERPRETERS_MAX = 1 << 12,
    LIST_NODES_CHECKED = 1000, // of the collector's lists, each
    NAME_MAX_BYTES = 64,
};

struct error *cpy_does_not_fit(const struct cpy_runtime *rt, const char *what)
{
    return error_add_why(error_create(ERROR_FORMAT,
                                      "the memory of this Python is not laid out like CPython 3.%u",
                                      rt->layout.minor),
                         "%s", what);
}

static bool type_is_named(struct cpy_reader *reader, const struct cpy_layout *l, uint64_t type,
                          const char *name)
{
    char text[NAME_MAX_BYTES];
    uint64_t at;
    if (!type || type % 8 || !reader_u64(reader, type + l->type_name, &at))
        return false;
    reader_text(reader, at, text, sizeof text);
    return strcmp(text, name) == 0;
}

static bool object_is_a(struct cpy_reader *reader, const struct cpy_layout *l, uint64_t object,
                        const char *name)
{
    uint64_t type;
    return object && object % 8 == 0 && reader_u64(reader, object + OBJECT_TYPE, &type) &&
           type_is_named(reader, l, type, name);
}

// ---- interpreters ----

// The oldest interpreter is the main one; it is the last of the list.
static struct error *find_main(struct cpy_runtime *rt, struct cpy_reader *reader)
{
    const struct cpy_layout *l = &rt->layout;
    uint64_t interp = 0, next;
    if (!reader_u64(reader, rt->address + l->runtime_interpreters_head, &interp))
        return cpy_does_not_fit(rt, "the runtime cannot be read");
    if (!interp)
        return error_create(ERROR_UNSUPPORTED, "the interpreter has not started, or has ended");
    for (unsigned n = 0;; n++) {
        if (n == INTERPRETERS_MAX || interp % 8 ||
            !reader_u64(reader, interp + l->interp_next, &next))
            return cpy_does_not_fit(rt, "the list of interpreters is none");
        if (!next)
            break;
        interp = next;
    }
    uint64_t id, sysdict, modules;
    if (!reader_u64(reader, interp + l->interp_id, &id) || id != 0)
        return cpy_does_not_fit(rt, "the main interpreter is not number 0");
    if (layout_has(l->runtime_main_interpreter) &&
        interp != rt->address + l->runtime_main_interpreter)
        return cpy_does_not_fit(rt, "the main interpreter is not where it should be");
    if (!reader_u64(reader, interp + l->interp_sysdict, &sysdict) ||
        !reader_u64(reader, interp + l->interp_modules, &modules))
        return cpy_does_not_fit(rt, "the main interpreter cannot be read");
    if (!sysdict || !modules)
        return error_create(ERROR_UNSUPPORTED, "the interpreter is just starting or ending");
    rt->interp = interp;
    rt->sysdict = sysdict;
    rt->modules = modules;
    return NULL;
}

// ---- types ----

static struct error *find_type(struct cpy_runtime *rt, struct cpy_reader *reader)
{
    const struct cpy_layout *l = &rt->layout;
    uint64_t type, meta, meta_of_meta, size;
    if (!object_is_a(reader, l, rt->sysdict, "dict"))
        return cpy_does_not_fit(rt, "sys.__dict__ is no dict");
    if (!reader_u64(reader, rt->sysdict + OBJECT_TYPE, &type) ||
        !reader_u64(reader, type + OBJECT_TYPE, &meta) ||
        !reader_u64(reader, meta + OBJECT_TYPE, &meta_of_meta) || meta != meta_of_meta ||
        !type_is_named(reader, l, meta, "type"))
        return cpy_does_not_fit(rt, "the type of types is not its own type");
    if (!reader_u64(reader, meta + l->type_basicsize, &size) || size != l->size_of_heap_type)
        return cpy_does_not_fit(rt, "types have another size");
    if (!reader_u64(reader, type + l->type_basicsize, &size) || size != l->size_of_dict)
        return cpy_does_not_fit(rt, "dicts have another size");
    rt->type_type = meta;
    return NULL;
}

// ---- sys ----

static void format_version(struct cpy_runtime *rt, uint64_t hex)
{
    static const char *const levels[16] = {[0xa] = "a", [0xb] = "b", [0xc] = "rc"};
    const char *level = levels[hex >> 4 & 15];
    rt->minor = hex >> 16 & 255;
    rt->micro = hex >> 8 & 255;
    const int used = snprintf(rt->version, sizeof rt->version, "%u.%u.%u", (unsigned)(hex >> 24),
                              rt->minor, rt->micro);
    if (level)
        snprintf(rt->version + used, sizeof rt->version - (size_t)used, "%s%u", level,
                 (unsigned)(hex & 15));
}

static struct error *check_sys(struct cpy_runtime *rt, struct cpy_reader *reader)
{
    const struct cpy_layout *l = &rt->layout;
    const uint64_t version = dict_get(reader, l, rt->sysdict, "hexversion");
    int64_t hex;
    char flags[16];
    if (!object_is_a(reader, l, version, "int") || !scalar_int_value(reader, l, version, &hex))
        return cpy_does_not_fit(rt, "sys.hexversion is no int");
    if (hex >> 24 != 3 || (hex >> 16 & 255) != l->minor)
        return cpy_does_not_fit(rt, "sys.hexversion names another version");
    format_version(rt, (uint64_t)hex);
    scalar_copy_text(reader, l, dict_get(reader, l, rt->sysdict, "abiflags"), flags, sizeof flags);
    if (strchr(flags, 't'))
        return error_create(ERROR_UNSUPPORTED, "CPython %s is a free-threaded build", rt->version);
    if (strchr(flags, 'd') || dict_get(reader, l, rt->sysdict, "gettotalrefcount"))
        return error_create(ERROR_UNSUPPORTED, "CPython %s is a debug build", rt->version);
    return NULL;
}

// ---- the collector ----

// A process that was stopped while it put an object on a list, or took one off, has one link that
// does not fit; an object that is just coming has no links of its own yet, and one that is leaving
// may have none any more.
static struct error *check_list(struct cpy_runtime *rt, struct cpy_reader *reader, uint64_t head)
{
    uint64_t at = head, link[2];
    bool caught = false; // at such a moment
    for (unsigned n = 0; n < LIST_NODES_CHECKED; n++) {
        uint64_t next;
        if (!reader_u64(reader, at, &next))
            return cpy_does_not_fit(rt, "a list of the collector cannot be read");
        next &= ~(uint64_t)GC_LINK_MASK_BITS;
        if (!next && n)
            return NULL;
        if (!next || next % 8 || !reader_read(reader, next, link, sizeof link))
            return cpy_does_not_fit(rt, "a list of the collector is none");
        if ((link[1] & ~(uint64_t)GC_LINK_MASK_BITS) != at) {
            if (caught)
                return cpy_does_not_fit(rt, "a list of the collector is none");
            caught = true;
        }
        if (next == head)
            return NULL;
        at = next;
    }
    return NULL;
}

// While a collection runs the back links hold something else.
static struct error *check_collector(struct cpy_runtime *rt, struct cpy_reader *reader)
{
    const struct cpy_layout *l = &rt->layout;
    const uint64_t gc =
        layout_has(l->runtime_gc) ? rt->address + l->runtime_gc : rt->interp + l->interp_gc;
    uint32_t collecting;
    if (!reader_u32(reader, gc + l->gc_collecting, &collecting) || collecting > 1)
        return cpy_does_not_fit(rt, "the state of the collector makes no sense");
    if (collecting)
        return NULL;
    for (unsigned i = 0; i < 3; i++)
        TRY(check_list(rt, reader, gc + l->gc_generations + i * l->size_of_gc_generation));
    return check_list(rt, reader, gc + l->gc_permanent);
}

// ---- sizes of well-known types ----

static struct error *check_size_of(struct cpy_runtime *rt, struct cpy_reader *reader,
                                   uint64_t object, const char *name)
{
    uint64_t type, size;
    if (!object_is_a(reader, &rt->layout, object, name) ||
        !reader_u64(reader, object + OBJECT_TYPE, &type) ||
        !reader_u64(reader, type + rt->layout.type_basicsize, &size))
        return NULL; // the program has put something else there
    if (!cpy_ctype_find(rt->layout.minor, name, size))
        return cpy_does_not_fit(rt, "a function, code or module object has another size");
    return NULL;
}

static struct error *check_sizes(struct cpy_runtime *rt, struct cpy_reader *reader)
{
    const struct cpy_layout *l = &rt->layout;
    uint64_t importlib = 0, dict = 0, code = 0;
    reader_u64(reader, rt->interp + l->interp_importlib, &importlib);
    TRY(check_size_of(rt, reader, importlib, "module"));
    if (!object_is_a(reader, l, importlib, "module") ||
        !reader_u64(reader, importlib + l->module_dict, &dict))
        return cpy_does_not_fit(rt, "importlib is no module");
    const uint64_t function = dict_get(reader, l, dict, "_find_and_load");
    TRY(check_size_of(rt, reader, function, "function"));
    if (object_is_a(reader, l, function, "function") &&
        reader_u64(reader, function + l->function_code, &code)) {
        if (!object_is_a(reader, l, code, "code"))
            return cpy_does_not_fit(rt, "the code of a function is none");
        TRY(check_size_of(rt, reader, code, "code"));
    }
    return check_size_of(rt, reader, dict_get(reader, l, rt->sysdict, "path"), "list");
}

static struct error *check_all(struct cpy_runtime *rt, struct cpy_reader *reader, bool full)
{
    TRY(find_main(rt, reader));
    TRY(find_type(rt, reader));
    TRY(check_sys(rt, reader));
    TRY(check_sizes(rt, reader));
    return full ? check_collector(rt, reader) : NULL;
}

struct error *cpy_check(struct cpy_runtime *rt, struct cpy_reader *reader, bool full)
{
    uint32_t initialized = 1;
    struct error *err = check_all(rt, reader, full);
    // What is half made looks like nothing yet.
    if (!err || err->code != ERROR_FORMAT || !layout_has(rt->layout.runtime_initialized) ||
        !reader_u32(reader, rt->address + rt->layout.runtime_initialized, &initialized) ||
        initialized)
        return err;
    error_destroy(err);
    return error_create(ERROR_UNSUPPORTED, "the interpreter is just starting or ending");
}
