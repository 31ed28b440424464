// From the files of a process to its interpreter. See runtime.h for the way.
#include "inspector/target/cpython/runtime.h"

#include "inspector/base/vec.h"
#include "inspector/proc/elf_dynamic.h"
#include "inspector/proc/elf_image.h"
#include "inspector/target/cpython/check.h"
#include "inspector/target/cpython/debug_offsets.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MINOR_SAYS_VERSION = 11 };

// What one file has, independent of where it is loaded.
struct file_facts {
    uint64_t inode;
    uint32_t device_major, device_minor;
    uint64_t runtime;    // address in the file of _PyRuntime, 0: none
    uint64_t py_version; // of Py_Version, 0: none
    bool python;         // it is of an interpreter, whether or not it has a runtime
    bool debug;          // and that one counts references in sum, as debug builds alone do
};
VEC_DEFINE(facts_vec, struct file_facts);

static struct facts_vec known_files; // for as long as this process lives

// ---- one file ----

static uint64_t symbol_of(struct elf_image *image, const char *name)
{
    struct elf_symbol symbol;
    _cleanup_error_ struct error *err = elf_image_symbol(image, name, &symbol);
    return err ? 0 : symbol.address.addr - elf_image_load_bias(image);
}

static uint64_t section_of(struct elf_image *image, const char *name)
{
    struct elf_section section;
    _cleanup_error_ struct error *err = elf_image_section(image, name, &section);
    return err || remote_is_null(section.address)
               ? 0
               : section.address.addr - elf_image_load_bias(image);
}

static uint64_t in_memory(struct mem_source *mem, uint64_t base, const char *name)
{
    struct remote_ptr found;
    _cleanup_error_ struct error *err = elf_dynamic_symbol(mem, remote_at(base), name, &found);
    return err ? 0 : found.addr;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

// "python3.11", "libpython3.8.so.1.0", "python3"
static bool is_named_python(const char *path)
{
    const char *name = base_name(path);
    if (strncmp(name, "lib", 3) == 0)
        name += 3;
    return strncmp(name, "python", 6) == 0 &&
           (!name[6] || isdigit((unsigned char)name[6]) || name[6] == ' ');
}

static void look_into_file(struct elf_image *image, struct file_facts *facts)
{
    facts->runtime = symbol_of(image, "_PyRuntime");
    if (!facts->runtime)
        facts->runtime = section_of(image, ".PyRuntime");
    if (facts->runtime) {
        facts->py_version = symbol_of(image, "Py_Version");
        facts->debug = symbol_of(image, "_Py_NegativeRefcount") != 0;
    } else {
        facts->python = symbol_of(image, "PyEval_SaveThread") != 0;
    }
}

// An open file has section headers; what could be read from memory alone has usually none.
static void look_into_memory(struct mem_source *mem, uint64_t base, uint64_t bias,
                             struct file_facts *facts)
{
    const uint64_t runtime = in_memory(mem, base, "_PyRuntime");
    const uint64_t version = runtime ? in_memory(mem, base, "Py_Version") : 0;
    facts->runtime = runtime ? runtime - bias : 0;
    facts->py_version = version ? version - bias : 0;
    facts->python = !runtime && in_memory(mem, base, "PyEval_SaveThread");
}

static const struct file_facts *recall(const struct map *map)
{
    for (size_t i = 0; i < known_files.count; i++) {
        const struct file_facts *facts = &known_files.items[i];
        if (facts->inode == map->inode && facts->device_major == map->device_major &&
            facts->device_minor == map->device_minor)
            return facts;
    }
    return NULL;
}

// The address at which the file's contents would be if it were loaded from address 0 of the file.
static bool bias_of(pid_t pid, const struct maps *maps, const struct map *map,
                    struct mem_source *mem, struct elf_image **image, uint64_t *bias)
{
    struct error *err = elf_image_open(pid, maps, map, mem, image);
    if (err) {
        error_destroy(err);
        return false;
    }
    *bias = elf_image_load_bias(*image);
    return true;
}

// The facts about the file of an executable mapping; false when it cannot be read at all.
static bool look(pid_t pid, const struct maps *maps, const struct map *map, struct mem_source *mem,
                 struct file_facts *facts, uint64_t *bias)
{
    const struct map *first = maps_first_of_file(maps, map);
    const struct file_facts *known = map->inode ? recall(map) : NULL;
    if (known && !known->runtime) {
        *facts = *known;
        *bias = 0;
        return true;
    }
    _cleanup_(elf_image_close_at) struct elf_image *image = NULL;
    if (!bias_of(pid, maps, map, mem, &image, bias))
        return false;
    *facts = (struct file_facts){
        .inode = map->inode, .device_major = map->device_major, .device_minor = map->device_minor};
    look_into_file(image, facts);
    if (!facts->runtime)
        look_into_memory(mem, first ? first->begin : map->begin, *bias, facts);
    facts->python |= is_named_python(map->path) || facts->runtime;
    if (map->inode)
        error_destroy(facts_vec_push(&known_files, *facts));
    return true;
}

// ---- all files ----

struct found {
    uint64_t runtime, py_version;
    uint64_t file_begin;
    const char *path; // of the file that has the runtime, or else of one that is a Python
    bool debug;
};

static void program_of(pid_t pid, char *path, size_t size)
{
    char link[64];
    snprintf(link, sizeof link, "/proc/%d/exe", (int)pid);
    const ssize_t length = readlink(link, path, size - 1);
    path[length > 0 ? length : 0] = 0;
    char *suffix = strstr(path, " (deleted)");
    if (suffix)
        *suffix = 0;
}

// A file is looked at once, though it has several mappings with code.
static bool seen_before(const struct maps *maps, size_t index)
{
    const struct map *map = &maps->list.items[index];
    for (size_t i = index; i-- > 0;) {
        const struct map *other = &maps->list.items[i];
        if (other->executable && other->inode == map->inode &&
            other->device_minor == map->device_minor && strcmp(other->path, map->path) == 0)
            return true;
    }
    return false;
}

static void search(pid_t pid, const struct maps *maps, struct mem_source *mem, struct found *found)
{
    char program[4096];
    program_of(pid, program, sizeof program);
    *found = (struct found){0};
    for (int pass = 0; pass < 2 && !found->runtime; pass++)
        for (size_t i = 0; i < maps->list.count && !found->runtime; i++) {
            const struct map *map = &maps->list.items[i];
            struct file_facts facts;
            uint64_t bias;
            if (!map->executable || !map_is_file(map) ||
                (strcmp(map->path, program) == 0) != (pass == 0) || seen_before(maps, i) ||
                !look(pid, maps, map, mem, &facts, &bias) || !facts.python)
                continue;
            const struct map *first = maps_first_of_file(maps, map);
            found->path = map->path;
            found->file_begin = first ? first->begin : map->begin;
            if (facts.runtime) {
                found->runtime = facts.runtime + bias;
                found->py_version = facts.py_version ? facts.py_version + bias : 0;
                found->debug = facts.debug;
            }
        }
}

// ---- versions ----

// "3.7" of ".../libpython3.7m.so.1.0"; "" when the name has none.
static void version_of_path(const char *path, char *version, size_t size)
{
    const char *at = strstr(base_name(path), "python");
    version[0] = 0;
    if (!at)
        return;
    const size_t length = strspn(at + 6, "0123456789.");
    snprintf(version, size, "%.*s", (int)length, at + 6);
    for (size_t i = strlen(version); i > 0 && version[i - 1] == '.'; i--)
        version[i - 1] = 0;
}

static void format_hex(uint32_t hex, char *version, size_t size)
{
    snprintf(version, size, "%u.%u.%u", hex >> 24, hex >> 16 & 255, hex >> 8 & 255);
}

static struct error *unsupported(struct cpy_runtime *rt, enum error_code code, const char *why)
{
    return error_add_why(error_create(code, "CPython %s is not supported",
                                      *rt->version ? rt->version : "of unknown version"),
                         "%s", why);
}

static struct error *wrong_version(struct cpy_runtime *rt)
{
    char why[64];
    snprintf(why, sizeof why, "this brille reads CPython 3.%u to 3.%u", CPY_MINOR_OLDEST,
             CPY_MINOR_NEWEST);
    return unsupported(rt, ERROR_VERSION, why);
}

static struct error *try_layout(struct cpy_runtime *rt, struct cpy_reader *reader, unsigned minor)
{
    const struct cpy_layout *layout = cpy_layout_of(minor);
    if (!layout)
        return wrong_version(rt);
    rt->layout = *layout;
    if (!debug_offsets_apply(reader, rt->address, &rt->layout))
        return cpy_does_not_fit(rt, "its _Py_DebugOffsets name places outside their structures");
    return cpy_check(rt, reader, false);
}

// Each table in turn: before 3.11 the binary does not say which it is.
static struct error *try_all(struct cpy_runtime *rt, struct cpy_reader *reader)
{
    char named[32];
    struct error *starting = NULL;
    for (unsigned minor = CPY_MINOR_OLDEST; minor <= CPY_MINOR_NEWEST; minor++) {
        struct error *err = try_layout(rt, reader, minor);
        if (!err || (err->code == ERROR_UNSUPPORTED && *rt->version)) {
            error_destroy(starting);
            return err;
        }
        // Later versions say which they are, and have the word that tells it elsewhere.
        if (err->code == ERROR_UNSUPPORTED && !starting && minor < MINOR_SAYS_VERSION)
            starting = err;
        else
            error_destroy(err);
    }
    version_of_path(rt->path, named, sizeof named);
    unsigned minor = 0;
    if (sscanf(named, "3.%u", &minor) == 1 &&
        (minor < CPY_MINOR_OLDEST || minor > CPY_MINOR_NEWEST)) {
        error_destroy(starting);
        snprintf(rt->version, sizeof rt->version, "%s", named);
        return wrong_version(rt);
    }
    if (starting)
        return starting;
    snprintf(rt->version, sizeof rt->version, "%s", named);
    return unsupported(rt, ERROR_UNSUPPORTED, "its memory is not laid out like any known version");
}

static struct error *identify(struct cpy_runtime *rt, struct cpy_reader *reader,
                              const struct found *found)
{
    struct debug_offsets offsets;
    uint32_t hex = 0;
    if (found->py_version)
        reader_u32(reader, found->py_version, &hex);
    if (debug_offsets_read(reader, rt->address, &offsets)) {
        format_hex((uint32_t)offsets.version, rt->version, sizeof rt->version);
        if (offsets.free_threaded)
            return unsupported(rt, ERROR_UNSUPPORTED,
                               "it is a free-threaded build, whose objects are laid out otherwise");
        hex = (uint32_t)offsets.version;
    }
    if (hex >> 24 == 3)
        format_hex(hex, rt->version, sizeof rt->version);
    else if (found->debug)
        version_of_path(found->path, rt->version, sizeof rt->version);
    if (found->debug)
        return unsupported(rt, ERROR_UNSUPPORTED,
                           "it is a debug build, whose structures are laid out otherwise");
    if (hex >> 24 != 3)
        return try_all(rt, reader);
    return try_layout(rt, reader, hex >> 16 & 255);
}

static struct error *no_runtime(struct cpy_runtime *rt, const struct found *found)
{
    version_of_path(found->path, rt->version, sizeof rt->version);
    unsigned major = 0, minor = 0;
    if (sscanf(rt->version, "%u.%u", &major, &minor) == 2 &&
        (major < 3 || minor < CPY_MINOR_OLDEST))
        return wrong_version(rt);
    return unsupported(rt, ERROR_UNSUPPORTED,
                       "it has no symbol _PyRuntime (stripped of everything)");
}

struct error *cpy_runtime_find(pid_t pid, const struct maps *maps, struct mem_source *mem,
                               struct cpy_runtime *ret)
{
    struct cpy_reader reader;
    struct found found;
    *ret = (struct cpy_runtime){0};
    search(pid, maps, mem, &found);
    if (!found.path)
        return error_create(ERROR_NOT_FOUND, "process %d is no CPython", (int)pid);
    snprintf(ret->path, sizeof ret->path, "%s", found.path);
    if (!found.runtime)
        return no_runtime(ret, &found);
    ret->address = found.runtime;
    ret->file_begin = found.file_begin;
    TRY(reader_init(&reader, mem, 1));
    struct error *err = identify(ret, &reader, &found);
    reader_deinit(&reader);
    return err;
}

struct error *cpy_runtime_verify(struct cpy_runtime *rt, struct cpy_reader *reader)
{
    const uint64_t interp = rt->interp;
    struct error *err = cpy_check(rt, reader, true);
    if (err && err->code == ERROR_FORMAT) {
        struct error *gone = error_create(ERROR_GONE, "the process changed during the capture: %s",
                                          err->why ? err->why : err->message);
        error_destroy(err);
        return error_add_try(gone, "the same again");
    }
    TRY(err);
    if (interp != rt->interp)
        return error_add_try(
            error_create(ERROR_GONE, "the process began another program during the capture"),
            "the same again");
    return NULL;
}
