// What holds objects from outside the heap: interpreters, modules by name, the collector, and the
// data of the program and its libraries.
//
//     known fields of an interpreter      owned, by their names
//     its other words                     conservative; but not those of caches whose entries are
//                                         borrowed, and not the structures that have roots of their
//                                         own (threads, static types)
//     .data and .bss of every file        conservative; but not the words of objects that lie there
//
// Modules are roots as well, by name, without a count: sys.modules holds it.
#include "inspector/target/cpython/cpython.h"

#include "inspector/proc/elf_dynamic.h"

#include <stdlib.h>

enum {
    STATIC_TYPES = 200, // places in the interpreter's array
    STATIC_EXT_TYPES = 10,
    FUNC_VERSIONS = 4096,
    HOLES_MAX = 48,
    PIECE_WORDS = 512,
    DATA_LIMIT = 512 << 20,      // of one file
    METHOD_CACHE_ENTRIES = 4096, // up to 3.9 a static array of { version, name, value }
    METHOD_CACHE_TRIED = 64,
    METHOD_CACHE_ENTRY_BYTES = 24,
    FREE_LIST_TRIED = 6,
};

void cpy_root(struct cpy *cpy, uint64_t target, enum root_kind kind, enum edge_class edge_class,
              const char *name, uint32_t thread, uint32_t frame)
{
    if (!target || (edge_class == CLASS_CONSERVATIVE ? !cpy_may_be_object(cpy, target)
                                                     : !cpy_is_object(cpy, target)))
        return;
    snapshot_builder_root(cpy->builder, &(struct builder_root){.target = target,
                                                               .kind = kind,
                                                               .class = edge_class,
                                                               .name = name,
                                                               .thread = thread,
                                                               .frame = frame});
}

static void root(struct cpy *cpy, uint64_t target, enum root_kind kind, enum edge_class edge_class,
                 const char *name)
{
    cpy_root(cpy, target, kind, edge_class, name, ORDINAL_NONE, ORDINAL_NONE);
}

static void root_at(struct cpy *cpy, uint64_t where, enum root_kind kind, const char *name)
{
    uint64_t target;
    if (reader_u64(&cpy->mem, where, &target))
        root(cpy, target, kind, CLASS_OWNED, name);
}

// ---- scanning ----

// Ranges that are left out, relative to the begin of what is scanned.
struct holes {
    struct cpy_range list[HOLES_MAX];
    unsigned count;
};

static void add_hole(struct holes *holes, uint32_t offset, uint64_t bytes)
{
    if (layout_has(offset) && bytes < LAYOUT_NONE && holes->count < HOLES_MAX)
        holes->list[holes->count++] = (struct cpy_range){offset, offset + bytes};
}

static bool in_hole(const struct holes *holes, uint64_t offset)
{
    for (unsigned i = 0; i < holes->count; i++)
        if (offset >= holes->list[i].begin && offset < holes->list[i].end)
            return true;
    return false;
}

static void scan(struct cpy *cpy, uint64_t address, uint64_t bytes, const struct holes *holes,
                 enum root_kind kind, const char *name)
{
    uint64_t words[PIECE_WORDS];
    char text[64];
    for (uint64_t done = 0; done + 8 <= bytes;) {
        const uint64_t left = (bytes - done) / 8, n = left < PIECE_WORDS ? left : PIECE_WORDS;
        if (!reader_read(&cpy->mem, address + done, words, n * 8))
            return;
        for (uint64_t i = 0; i < n; i++) {
            if (words[i] < 4096 || in_hole(holes, done + 8 * i) ||
                !cpy_may_be_object(cpy, words[i]))
                continue;
            snprintf(text, sizeof text, "%s+%llu", name, (unsigned long long)(done + 8 * i));
            root(cpy, words[i], kind, CLASS_CONSERVATIVE, text);
        }
        done += n * 8;
    }
}

// ---- modules ----

static void add_modules(struct cpy *cpy, uint64_t modules)
{
    struct dict_iter it;
    struct dict_entry entry;
    struct strbuf name;
    uint64_t type_address;
    if (!dict_iter_begin(&it, &cpy->mem, cpy->l, modules) || !cpy_spend(cpy, it.count))
        return;
    strbuf_init(&name);
    while (dict_iter_next(&it, &entry)) {
        if (!entry.value || !reader_u64(&cpy->mem, entry.value + OBJECT_TYPE, &type_address))
            continue;
        const struct cpy_type *type = cpy_type_get(cpy, type_address);
        if (!type || type->body != BODY_MODULE)
            continue;
        strbuf_clear(&name);
        cpy_text_of_str(cpy, entry.key, &name);
        root(cpy, entry.value, ROOT_MODULE, CLASS_BORROWED, strbuf_text(&name));
    }
    strbuf_deinit(&name);
}

// ---- interpreters ----

static void add_named_fields(struct cpy *cpy, uint64_t interp, struct holes *holes)
{
    const struct cpy_layout *l = cpy->l;
    const struct {
        uint32_t offset;
        const char *name;
    } fields[] = {
        {l->interp_modules, "sys.modules"},
        {l->interp_modules_by_index, "modules by index"},
        {l->interp_sysdict, "sys.__dict__"},
        {l->interp_builtins, "builtins.__dict__"},
        {l->interp_builtins_copy, "copy of builtins"},
        {l->interp_importlib, "importlib"},
        {l->interp_import_func, "__import__"},
        {l->interp_dict, "interpreter's dict"},
        {l->interp_codec_search_path, "codec search path"},
        {l->interp_codec_search_cache, "codec search cache"},
        {l->interp_codec_error_registry, "codec error registry"},
        {l->interp_pyexitmodule, "atexit"},
        {l->interp_audit_hooks, "audit hooks"},
        {l->interp_before_forkers, "before fork"},
        {l->interp_after_forkers_parent, "after fork, in the parent"},
        {l->interp_after_forkers_child, "after fork, in the child"},
    };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        if (!layout_has(fields[i].offset))
            continue;
        root_at(cpy, interp + fields[i].offset, ROOT_INTERPRETER, fields[i].name);
        add_hole(holes, fields[i].offset, 8);
    }
}

// The names in the type cache are owned, its values are not.
static void add_type_cache(struct cpy *cpy, uint64_t interp)
{
    const struct cpy_layout *l = cpy->l;
    if (!layout_has(l->interp_type_cache) || !layout_has(l->type_cache_name))
        return;
    for (uint32_t at = 0; at < l->size_of_type_cache; at += l->size_of_type_cache_entry) {
        uint64_t name;
        if (reader_u64(&cpy->mem, interp + l->interp_type_cache + at + l->type_cache_name, &name))
            root(cpy, name, ROOT_INTERPRETER, CLASS_CONSERVATIVE, "cache of methods");
    }
}

// Strings that C code asks for by number.
static void add_string_ids(struct cpy *cpy, uint64_t interp)
{
    const struct cpy_layout *l = cpy->l;
    uint64_t count, array, str;
    if (!layout_has(l->interp_string_ids) ||
        !reader_u64(&cpy->mem, interp + l->interp_string_ids + l->string_ids_size, &count) ||
        !reader_u64(&cpy->mem, interp + l->interp_string_ids + l->string_ids_array, &array) ||
        count > LIMIT_LOCALS)
        return;
    for (uint64_t i = 0; i < count; i++)
        if (reader_u64(&cpy->mem, array + 8 * i, &str))
            root(cpy, str, ROOT_INTERPRETER, CLASS_OWNED, "string of C code");
}

static void find_holes(const struct cpy *cpy, struct holes *holes)
{
    const struct cpy_layout *l = cpy->l;
    add_hole(holes, l->interp_type_cache, l->size_of_type_cache);
    add_hole(holes, l->interp_func_versions, FUNC_VERSIONS * (uint64_t)l->size_of_func_version);
    add_hole(holes, l->interp_static_types, STATIC_TYPES * (uint64_t)l->size_of_static_type);
    add_hole(holes, l->interp_ext_types, STATIC_EXT_TYPES * (uint64_t)l->size_of_static_type);
    add_hole(holes, l->interp_callable_cache, l->size_of_callable_cache);
    add_hole(holes, l->interp_initial_thread, l->size_of_initial_thread);
    add_hole(holes, l->interp_gc, l->gc_garbage + UINT64_C(16));
    add_hole(holes, l->interp_own_gil, l->size_of_gil);
    add_hole(holes, l->interp_interned, 8);
    // Free objects, and behind them what was free once.
    add_hole(holes, l->interp_object_state, l->size_of_object_state);
    add_hole(holes, l->interp_list_state, l->size_of_list_state);
    add_hole(holes, l->interp_dict_state, l->size_of_dict_state);
    add_hole(holes, l->interp_async_gen_state, l->size_of_async_gen_state);
}

static void add_interp(struct cpy *cpy, uint64_t interp)
{
    const struct cpy_layout *l = cpy->l;
    const uint64_t gc = cpy_gc_state(cpy, interp);
    struct holes holes = {0};
    uint64_t modules = 0;
    if (reader_u64(&cpy->mem, interp + l->interp_modules, &modules))
        add_modules(cpy, modules);
    cpy_add_threads(cpy, interp);
    root_at(cpy, gc + l->gc_garbage, ROOT_INTERPRETER, "gc.garbage");
    root_at(cpy, gc + l->gc_callbacks, ROOT_INTERPRETER, "gc.callbacks");
    if (layout_has(l->interp_interned) &&
        reader_u64(&cpy->mem, interp + l->interp_interned, &modules)) {
        root(cpy, modules, ROOT_INTERNED, CLASS_OWNED, "interned strings");
        if (modules && cpy->interned_count < sizeof cpy->interned / sizeof *cpy->interned)
            cpy->interned[cpy->interned_count++] = modules;
    }
    add_type_cache(cpy, interp);
    add_string_ids(cpy, interp);
    add_named_fields(cpy, interp, &holes);
    find_holes(cpy, &holes);
    scan(cpy, interp, l->size_of_interp, &holes, ROOT_INTERPRETER, "interpreter");
}

// The runtime, but for the interpreter and the static objects inside it.
static void add_runtime(struct cpy *cpy)
{
    const struct cpy_layout *l = cpy->l;
    struct holes holes = {0};
    add_hole(&holes, l->runtime_main_interpreter, l->size_of_interp);
    add_hole(&holes, l->runtime_static_objects, l->size_of_static_objects);
    add_hole(&holes, l->runtime_gc, l->gc_garbage + UINT64_C(16));
    scan(cpy, cpy->rt.address, l->size_of_runtime, &holes, ROOT_INTERPRETER, "runtime");
}

void cpy_add_roots(struct cpy *cpy)
{
    for (uint64_t interp = 0; cpy_next_interp(cpy, &interp);)
        add_interp(cpy, interp);
    add_runtime(cpy);
}

// ---- static data ----

// The writable data of all files, zeros behind them (.bss) included as far as their headers say.
struct error *cpy_find_data(struct cpy *cpy)
{
    const struct map_vec *list = &cpy->capture->maps.list;
    uint64_t data_end = 0;
    const struct map *file = NULL;
    for (size_t i = 0; i < list->count; i++) {
        const struct map *map = &list->items[i];
        const bool behind = file && !*map->path && map->begin == list->items[i - 1].end;
        if (!map_is_file(map) && !behind) {
            file = NULL;
            continue;
        }
        if (map_is_file(map) && (!file || strcmp(map->path, file->path) != 0)) {
            file = map;
            data_end = elf_dynamic_end(cpy->mem.source, remote_at(map->begin));
        }
        if (!map->readable || !map->writable || map->shared || map->begin >= data_end ||
            data_end - map->begin > DATA_LIMIT)
            continue;
        TRY(cpy_data_vec_push(&cpy->data,
                              (struct cpy_data){.begin = map->begin,
                                                .end = map->end < data_end ? map->end : data_end,
                                                .base = file->begin,
                                                .file = strrchr(file->path, '/') + 1}));
    }
    return NULL;
}

bool cpy_is_static(const struct cpy *cpy, uint64_t address)
{
    size_t low = 0, high = cpy->data.count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (cpy->data.items[middle].end <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low < cpy->data.count && cpy->data.items[low].begin <= address;
}

// What was made by the compiler has one reference from the beginning.
void cpy_add_static(struct cpy *cpy, const struct cpy_object *o, uint64_t begin, uint64_t bytes)
{
    const struct cpy_range range = {.begin = begin, .end = begin + bytes};
    error_destroy(cpy_range_vec_push(&cpy->statics, range));
    root(cpy, o->address, ROOT_STATIC, CLASS_OWNED,
         o->type->body == BODY_TYPE ? "static type" : "static object");
}

static int compare_ranges(const void *a, const void *b)
{
    const uint64_t x = ((const struct cpy_range *)a)->begin;
    const uint64_t y = ((const struct cpy_range *)b)->begin;
    return (x > y) - (x < y);
}

// Words of one file's data, in rising order, beside the objects that lie in it.
struct data_scan {
    struct cpy *cpy;
    const struct cpy_data *data;
    size_t next_static;  // the first object that does not end before the current word
    uint64_t skip_until; // a cache ends there
};

static bool is_in_static(struct data_scan *s, uint64_t address)
{
    const struct cpy_range_vec *statics = &s->cpy->statics;
    while (s->next_static < statics->count && statics->items[s->next_static].end <= address)
        s->next_static++;
    return s->next_static < statics->count && statics->items[s->next_static].begin <= address;
}

static bool is_in_runtime(const struct cpy *cpy, uint64_t address)
{
    return address - cpy->rt.address < cpy->l->size_of_runtime;
}

static void data_root(struct data_scan *s, uint64_t where, uint64_t word)
{
    char name[128];
    if (word < 4096 || !cpy_may_be_object(s->cpy, word))
        return;
    snprintf(name, sizeof name, "%s+0x%llx", s->data->file,
             (unsigned long long)(where - s->data->base));
    root(s->cpy, word, ROOT_NATIVE, CLASS_CONSERVATIVE, name);
}

static const struct cpy_type *type_at(struct cpy *cpy, uint64_t object)
{
    uint64_t type_address;
    return object && object % 8 == 0 && object >> 47 == 0 &&
                   reader_u64(&cpy->mem, object + OBJECT_TYPE, &type_address)
               ? cpy_type_get(cpy, type_address)
               : NULL;
}

// Up to 3.9: thousands of { version, name, value } whose values are borrowed.
static bool is_method_cache(struct cpy *cpy, uint64_t address)
{
    uint64_t words[3 * METHOD_CACHE_TRIED];
    if (!reader_read(&cpy->mem, address, words, sizeof words))
        return false;
    for (unsigned i = 0; i < METHOD_CACHE_TRIED; i++) {
        const struct cpy_type *type = type_at(cpy, words[3 * i + 1]);
        if (words[3 * i] > UINT32_MAX || !type ||
            (type->body != BODY_STR && strcmp(type->name, "NoneType") != 0))
            return false;
    }
    return true;
}

static void scan_method_cache(struct data_scan *s, uint64_t address)
{
    for (unsigned i = 0; i < METHOD_CACHE_ENTRIES; i++) {
        uint64_t name;
        if (reader_u64(&s->cpy->mem, address + METHOD_CACHE_ENTRY_BYTES * (uint64_t)i + 8, &name))
            root(s->cpy, name, ROOT_INTERPRETER, CLASS_CONSERVATIVE, "cache of methods");
    }
    s->skip_until = address + METHOD_CACHE_ENTRY_BYTES * (uint64_t)METHOD_CACHE_ENTRIES;
}

// Up to 3.9: arrays of free lists and dicts, with those that were free once behind them.
static bool is_free_list(struct cpy *cpy, uint64_t address)
{
    uint64_t words[FREE_LIST_TRIED];
    if (!reader_read(&cpy->mem, address, words, sizeof words))
        return false;
    const struct cpy_type *first = type_at(cpy, words[0]);
    if (!first || first->heap || (first->body != BODY_LIST && first->body != BODY_DICT))
        return false;
    for (unsigned i = 1; i < FREE_LIST_TRIED; i++)
        if (type_at(cpy, words[i]) != first)
            return false;
    return true;
}

// True when the word begins something that has been dealt with.
static bool scan_cache(struct data_scan *s, uint64_t where, uint64_t word)
{
    if (s->cpy->rt.minor > 9)
        return false;
    if (word > UINT32_MAX && is_free_list(s->cpy, where)) {
        s->skip_until = where + 8;
        return true;
    }
    if (word <= UINT32_MAX && is_method_cache(s->cpy, where)) {
        scan_method_cache(s, where);
        return true;
    }
    return false;
}

static void scan_data(struct data_scan *s)
{
    uint64_t words[PIECE_WORDS];
    for (uint64_t at = s->data->begin; at + 8 <= s->data->end; at += sizeof words) {
        const uint64_t left = (s->data->end - at) / 8,
                       count = left < PIECE_WORDS ? left : PIECE_WORDS;
        if (!reader_read(&s->cpy->mem, at, words, 8 * count))
            continue;
        for (unsigned i = 0; i < count; i++) {
            const uint64_t where = at + 8 * (uint64_t)i;
            if (where >= s->skip_until && !is_in_runtime(s->cpy, where) &&
                !is_in_static(s, where) && !scan_cache(s, where, words[i]))
                data_root(s, where, words[i]);
        }
    }
}

void cpy_add_static_roots(struct cpy *cpy)
{
    struct data_scan s = {.cpy = cpy};
    if (cpy->statics.count)
        qsort(cpy->statics.items, cpy->statics.count, sizeof *cpy->statics.items, compare_ranges);
    for (size_t i = 0; i < cpy->data.count; i++) {
        s.data = &cpy->data.items[i];
        scan_data(&s);
    }
}
