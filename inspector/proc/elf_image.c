#include "inspector/proc/elf_image.h"

#include "inspector/base/vec.h"
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum {
    ELF_MEMORY_LIMIT = 64 << 20, // of an image that is read from memory
    ELF_PAGE = 4096,
    ELF_SYMBOL_LIMIT = 16 << 20,
};

// A function, for lookups by address.
struct elf_function {
    uint64_t begin; // in the file's address space
    uint64_t size;
    const char *name;
};

VEC_DEFINE(elf_function_vec, struct elf_function);

struct elf_image {
    Elf *elf;
    int fd;       // -1 for an image from memory
    char *memory; // of such an image, laid out by address
    size_t memory_size;
    char *path;
    uint64_t load_bias;
    bool functions_loaded;
    struct elf_function_vec functions; // sorted by begin
};

// ---- opening ----

static struct error *elf_not_usable(const char *path)
{
    return error_add_why(error_create(ERROR_FORMAT, "%s is not a usable ELF file", path), "%s",
                         elf_errmsg(-1));
}

// Takes over fd or memory in any case.
static struct error *elf_image_create(const char *path, int fd, char *memory, size_t memory_size,
                                      struct elf_image **ret)
{
    struct elf_image *image = calloc(1, sizeof *image);
    if (!image) {
        free(memory);
        if (fd >= 0)
            close(fd);
        return &error_no_memory;
    }
    image->fd = fd;
    image->memory = memory;
    image->memory_size = memory_size;
    image->path = strdup(path);
    elf_version(EV_CURRENT);
    // Not ELF_C_READ_MMAP: a file that is cut short while it is mapped would kill us with SIGBUS.
    image->elf = fd >= 0 ? elf_begin(fd, ELF_C_READ, NULL) : elf_memory(memory, memory_size);
    struct error *err = NULL;
    if (!image->path)
        err = &error_no_memory;
    else if (!image->elf || elf_kind(image->elf) != ELF_K_ELF ||
             gelf_getclass(image->elf) != ELFCLASS64)
        err = elf_not_usable(path);
    if (err)
        elf_image_close(image);
    else
        *ret = image;
    return err;
}

void elf_image_close(struct elf_image *image)
{
    if (!image)
        return;
    elf_end(image->elf);
    if (image->fd >= 0)
        close(image->fd);
    elf_function_vec_deinit(&image->functions);
    free(image->memory);
    free(image->path);
    free(image);
}

struct error *elf_image_open_file(const char *path, uint64_t load_bias, struct elf_image **ret)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_create_errno(errno, "cannot open %s", path);
    TRY(elf_image_create(path, fd, NULL, 0, ret));
    (*ret)->load_bias = load_bias;
    return NULL;
}

// Opens a path if it is the file that was mapped; -1 if not. What it is is asked before it is
// opened: the process chose the path, and to open a FIFO takes as long as somebody likes.
static int open_if_same(const char *path, const struct map *map)
{
    _cleanup_close_ int place = open(path, O_PATH | O_CLOEXEC);
    struct stat facts;
    char link[64];
    // On some file systems (overlays, btrfs) the device in maps is not that of stat: the inode
    // counts.
    if (place < 0 || fstat(place, &facts) != 0 || !S_ISREG(facts.st_mode) ||
        facts.st_ino != map->inode)
        return -1;
    snprintf(link, sizeof link, "/proc/self/fd/%d", place);
    return open(link, O_RDONLY | O_CLOEXEC);
}

static int open_mapped_file(pid_t pid, const struct map *map)
{
    char path[4200];
    int fd = -1;
    if (!map->deleted) {
        // Through the process's root, which may be a container's.
        snprintf(path, sizeof path, "/proc/%d/root%s", (int)pid, map->path);
        fd = open_if_same(path, map);
        if (fd < 0)
            fd = open_if_same(map->path, map);
    }
    if (fd < 0) {
        snprintf(path, sizeof path, "/proc/%d/map_files/%llx-%llx", (int)pid,
                 (unsigned long long)map->begin, (unsigned long long)map->end);
        fd = open_if_same(path, map);
    }
    if (fd < 0) {
        snprintf(path, sizeof path, "/proc/%d/exe", (int)pid);
        fd = open_if_same(path, map);
    }
    return fd;
}

// ELF from memory: everything from the first mapping of the file to the last, holes as zeros.
static struct error *read_loaded_image(const struct maps *maps, const struct map *first,
                                       struct mem_source *mem, char **ret, size_t *size)
{
    uint64_t end = first->end;
    for (const struct map *map = first; map < maps->list.items + maps->list.count; map++)
        if (strcmp(map->path, first->path) == 0 && map->inode == first->inode)
            end = map->end;
    if (end - first->begin > ELF_MEMORY_LIMIT)
        return error_create(ERROR_LIMIT, "%s is too large to be read from memory", first->path);
    *size = end - first->begin;
    char *bytes = calloc(1, *size);
    if (!bytes)
        return &error_no_memory;
    for (uint64_t at = 0; at < *size; at += ELF_PAGE)
        mem_read_some(mem, remote_at(first->begin + at), bytes + at, ELF_PAGE);
    *ret = bytes;
    return NULL;
}

// The bias follows from the segment that the mapping shows.
static bool find_load_bias(Elf *elf, const struct map *map, uint64_t *ret)
{
    size_t count;
    if (elf_getphdrnum(elf, &count) != 0)
        return false;
    for (size_t i = 0; i < count; i++) {
        GElf_Phdr header;
        if (!gelf_getphdr(elf, (int)i, &header) || header.p_type != PT_LOAD)
            continue;
        uint64_t offset = header.p_offset & ~(uint64_t)(ELF_PAGE - 1);
        uint64_t address = header.p_vaddr & ~(uint64_t)(ELF_PAGE - 1);
        // A mapping may begin inside a segment, where protections were changed after loading.
        if (map->offset >= offset && map->offset < header.p_offset + header.p_filesz) {
            *ret = map->begin - (address + (map->offset - offset));
            return true;
        }
    }
    return false;
}

// In a core file's mappings there are no inodes: the file is the right one if it begins like the
// memory that was mapped from it.
static int open_by_content(const struct map *first, struct mem_source *mem)
{
    unsigned char in_memory[ELF_PAGE], in_file[ELF_PAGE];
    size_t length = mem ? mem_read_some(mem, remote_at(first->begin), in_memory, ELF_PAGE) : 0;
    int fd = length ? open(first->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
    if (fd >= 0 && first->offset == 0 && pread(fd, in_file, length, 0) == (ssize_t)length &&
        memcmp(in_file, in_memory, length) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

struct error *elf_image_open(pid_t pid, const struct maps *maps, const struct map *map,
                             struct mem_source *mem, struct elf_image **ret)
{
    const struct map *first = maps_first_of_file(maps, map);
    if (!first)
        first = map;
    struct elf_image *image = NULL;
    int fd = !map_is_file(first) ? -1
             : first->inode      ? open_mapped_file(pid, first)
                                 : open_by_content(first, mem);
    if (fd >= 0)
        TRY(elf_image_create(first->path, fd, NULL, 0, &image));
    else {
        if (!mem)
            return error_create(ERROR_IO, "cannot open %s", first->path);
        char *bytes = NULL;
        size_t size = 0;
        TRY(read_loaded_image(maps, first, mem, &bytes, &size));
        TRY(elf_image_create(first->path, -1, bytes, size, &image));
    }
    if (!find_load_bias(image->elf, map, &image->load_bias)) {
        elf_image_close(image);
        return error_create(ERROR_FORMAT, "%s is not loaded the way its headers say", first->path);
    }
    *ret = image;
    return NULL;
}

const char *elf_image_path(const struct elf_image *image)
{
    return image->path;
}

uint64_t elf_image_load_bias(const struct elf_image *image)
{
    return image->load_bias;
}

// ---- sections ----

struct error *elf_image_section(struct elf_image *image, const char *name, struct elf_section *ret)
{
    size_t names;
    if (elf_getshdrstrndx(image->elf, &names) == 0) {
        for (Elf_Scn *section = NULL; (section = elf_nextscn(image->elf, section));) {
            GElf_Shdr header;
            const char *found = gelf_getshdr(section, &header)
                                    ? elf_strptr(image->elf, names, header.sh_name)
                                    : NULL;
            if (!found || strcmp(found, name) != 0)
                continue;
            bool loaded = header.sh_flags & SHF_ALLOC;
            *ret = (struct elf_section){
                .address = remote_at(loaded ? image->load_bias + header.sh_addr : 0),
                .size_bytes = header.sh_size,
            };
            return NULL;
        }
    }
    return error_create(ERROR_NOT_FOUND, "%s has no section %s", image->path, name);
}

// ---- symbols ----

// What version each symbol of .dynsym has; NULL when the file has no versions.
static Elf_Data *elf_versions(struct elf_image *image)
{
    for (Elf_Scn *section = NULL; (section = elf_nextscn(image->elf, section));) {
        GElf_Shdr header;
        if (gelf_getshdr(section, &header) && header.sh_type == SHT_GNU_versym)
            return elf_getdata(section, NULL);
    }
    return NULL;
}

// A library keeps old versions of a function for programs that were linked long ago.
static bool is_old_version(Elf_Data *versions, size_t index)
{
    enum { HIDDEN = 0x8000 };
    GElf_Versym version;
    return versions && gelf_getversym(versions, (int)index, &version) && version & HIDDEN;
}

// Calls `visit` for each defined symbol of one table until it returns true.
static bool elf_each_symbol(struct elf_image *image, uint32_t table_type,
                            bool (*visit)(void *context, const GElf_Sym *symbol, const char *name),
                            void *context)
{
    Elf_Data *versions = table_type == SHT_DYNSYM ? elf_versions(image) : NULL;
    for (Elf_Scn *section = NULL; (section = elf_nextscn(image->elf, section));) {
        GElf_Shdr header;
        if (!gelf_getshdr(section, &header) || header.sh_type != table_type ||
            header.sh_entsize == 0)
            continue;
        Elf_Data *data = elf_getdata(section, NULL);
        size_t count = data ? data->d_size / sizeof(Elf64_Sym) : 0;
        for (size_t i = 0; i < count && i < ELF_SYMBOL_LIMIT; i++) {
            GElf_Sym symbol;
            if (!gelf_getsym(data, (int)i, &symbol) || symbol.st_shndx == SHN_UNDEF ||
                is_old_version(versions, i))
                continue;
            const char *name = elf_strptr(image->elf, header.sh_link, symbol.st_name);
            if (name && visit(context, &symbol, name))
                return true;
        }
    }
    return false;
}

struct symbol_search {
    const char *name;
    GElf_Sym symbol;
    const char *found;
};

static bool symbol_has_name(void *context, const GElf_Sym *symbol, const char *name)
{
    struct symbol_search *search = context;
    if (strcmp(name, search->name) != 0)
        return false;
    search->symbol = *symbol;
    search->found = name;
    return true;
}

struct error *elf_image_symbol(struct elf_image *image, const char *name, struct elf_symbol *ret)
{
    struct symbol_search search = {.name = name};
    if (!elf_each_symbol(image, SHT_DYNSYM, symbol_has_name, &search) &&
        !elf_each_symbol(image, SHT_SYMTAB, symbol_has_name, &search))
        return error_create(ERROR_NOT_FOUND, "%s has no symbol %s", image->path, name);
    bool absolute = search.symbol.st_shndx == SHN_ABS;
    *ret = (struct elf_symbol){
        .name = search.found,
        .address = remote_at(search.symbol.st_value + (absolute ? 0 : image->load_bias)),
        .size_bytes = search.symbol.st_size,
    };
    return NULL;
}

static bool collect_function(void *context, const GElf_Sym *symbol, const char *name)
{
    struct elf_function_vec *functions = context;
    unsigned type = GELF_ST_TYPE(symbol->st_info);
    if ((type != STT_FUNC && type != STT_GNU_IFUNC) || !name[0] || !symbol->st_value)
        return false;
    struct elf_function function = {symbol->st_value, symbol->st_size, name};
    _cleanup_error_ struct error *err = elf_function_vec_push(functions, function);
    return err != NULL; // without memory there are fewer names, and no failure
}

static int compare_functions(const void *a, const void *b)
{
    const struct elf_function *left = a, *right = b;
    if (left->begin != right->begin)
        return left->begin < right->begin ? -1 : 1;
    // Of several names for one function the plainest: sized, then without leading underscores.
    if (!left->size != !right->size)
        return !left->size ? 1 : -1;
    return strcmp(right->name, left->name);
}

static void elf_image_load_functions(struct elf_image *image)
{
    image->functions_loaded = true;
    if (!elf_each_symbol(image, SHT_SYMTAB, collect_function, &image->functions) &&
        image->functions.count == 0)
        elf_each_symbol(image, SHT_DYNSYM, collect_function, &image->functions);
    if (image->functions.count)
        qsort(image->functions.items, image->functions.count, sizeof *image->functions.items,
              compare_functions);
}

bool elf_image_symbol_at(struct elf_image *image, struct remote_ptr address, struct elf_symbol *ret)
{
    if (!image->functions_loaded)
        elf_image_load_functions(image);
    uint64_t wanted = address.addr - image->load_bias;
    size_t low = 0, high = image->functions.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (image->functions.items[middle].begin <= wanted)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0)
        return false;
    const struct elf_function *function = &image->functions.items[low - 1];
    while (function > image->functions.items && function[-1].begin == function->begin)
        function--;
    // Hand-written assembly has no size: then the nearest name before the address is taken.
    if (function->size && wanted - function->begin >= function->size)
        return false;
    *ret = (struct elf_symbol){
        .name = function->name,
        .address = remote_at(function->begin + image->load_bias),
        .size_bytes = function->size,
    };
    return true;
}

// ---- segments ----

static bool elf_segment(struct elf_image *image, uint32_t type, size_t *index, GElf_Phdr *ret)
{
    size_t count;
    if (elf_getphdrnum(image->elf, &count) != 0)
        return false;
    for (; *index < count; ++*index)
        if (gelf_getphdr(image->elf, (int)*index, ret) && ret->p_type == type)
            return true;
    return false;
}

bool elf_image_unwind_table(struct elf_image *image, struct remote_ptr *address,
                            uint64_t *size_bytes)
{
    size_t index = 0;
    GElf_Phdr header;
    if (!elf_segment(image, PT_GNU_EH_FRAME, &index, &header))
        return false;
    *address = remote_at(image->load_bias + header.p_vaddr);
    *size_bytes = header.p_memsz;
    return true;
}

// Bytes of a segment, counted from its begin.
static size_t segment_read(const struct elf_image *image, const GElf_Phdr *segment, uint64_t from,
                           void *buffer, size_t length)
{
    if (from >= segment->p_filesz)
        return 0;
    if (length > segment->p_filesz - from)
        length = (size_t)(segment->p_filesz - from);
    if (image->fd >= 0) {
        if (segment->p_offset > INT64_MAX - from)
            return 0;
        ssize_t got = pread(image->fd, buffer, length, (off_t)(segment->p_offset + from));
        return got > 0 ? (size_t)got : 0;
    }
    if (segment->p_vaddr > image->memory_size || from > image->memory_size - segment->p_vaddr)
        return 0;
    size_t available = image->memory_size - (size_t)(segment->p_vaddr + from);
    if (length > available)
        length = available;
    memcpy(buffer, image->memory + segment->p_vaddr + from, length);
    return length;
}

size_t elf_image_read(struct elf_image *image, struct remote_ptr address, void *buffer,
                      size_t length)
{
    uint64_t wanted = address.addr - image->load_bias;
    GElf_Phdr header;
    for (size_t index = 0; elf_segment(image, PT_LOAD, &index, &header); index++)
        if (wanted >= header.p_vaddr && wanted - header.p_vaddr < header.p_filesz)
            return segment_read(image, &header, wanted - header.p_vaddr, buffer, length);
    return 0;
}

// The desc of the note with this name and type inside a block of notes.
static size_t note_find(const char *block, size_t size, uint8_t id[ELF_BUILD_ID_BYTES])
{
    while (size >= sizeof(Elf64_Nhdr)) {
        Elf64_Nhdr note;
        memcpy(&note, block, sizeof note);
        uint64_t name = sizeof note, desc = name + ((note.n_namesz + UINT64_C(3)) & ~UINT64_C(3));
        uint64_t end = desc + ((note.n_descsz + UINT64_C(3)) & ~UINT64_C(3));
        if (end > size)
            return 0;
        if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
            memcmp(block + name, "GNU", 4) == 0) {
            size_t length = note.n_descsz < ELF_BUILD_ID_BYTES ? note.n_descsz : ELF_BUILD_ID_BYTES;
            memcpy(id, block + desc, length);
            return length;
        }
        block += end;
        size -= end;
    }
    return 0;
}

size_t elf_image_build_id(struct elf_image *image, uint8_t id[ELF_BUILD_ID_BYTES])
{
    enum { NOTES_LIMIT = 4096 };
    char notes[NOTES_LIMIT];
    GElf_Phdr header;
    for (size_t index = 0; elf_segment(image, PT_NOTE, &index, &header); index++) {
        size_t got = segment_read(image, &header, 0, notes, sizeof notes);
        size_t length = note_find(notes, got, id);
        if (length)
            return length;
    }
    return 0;
}

// ---- over all files of a process ----

// Calls `look` with each file that has executable mappings, in the order of their addresses, but
// the program itself (which is what /proc/PID/exe names) first, until it succeeds.
static bool elf_search(pid_t pid, const struct maps *maps, struct mem_source *mem,
                       struct error *(*look)(struct elf_image *image, const char *name, void *ret),
                       const char *name, struct elf_image **ret_image, void *ret)
{
    char link[64], program[4096];
    snprintf(link, sizeof link, "/proc/%d/exe", (int)pid);
    ssize_t length = readlink(link, program, sizeof program - 1);
    program[length > 0 ? length : 0] = 0;
    char *suffix = strstr(program, " (deleted)");
    if (suffix)
        *suffix = 0;
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < maps->list.count; i++) {
            const struct map *map = &maps->list.items[i];
            bool is_program = strcmp(map->path, program) == 0;
            if (!map->executable || !map_is_file(map) || is_program != (pass == 0))
                continue;
            struct elf_image *image = NULL;
            struct error *err = elf_image_open(pid, maps, map, mem, &image);
            if (!err)
                err = look(image, name, ret);
            if (!err) {
                *ret_image = image;
                return true;
            }
            error_destroy(err);
            elf_image_close(image);
        }
    }
    return false;
}

static struct error *look_for_section(struct elf_image *image, const char *name, void *ret)
{
    return elf_image_section(image, name, ret);
}

static struct error *look_for_symbol(struct elf_image *image, const char *name, void *ret)
{
    return elf_image_symbol(image, name, ret);
}

// A process that has ended in the meantime has nothing any more, which says nothing about what it
// was. Its program can no longer be named then, though it may still be a zombie.
static struct error *not_found(pid_t pid, const char *what, const char *name)
{
    char link[64], program[1];
    snprintf(link, sizeof link, "/proc/%d/exe", (int)pid);
    if (readlink(link, program, sizeof program) < 0 && (errno == ENOENT || errno == ESRCH))
        return error_create(ERROR_GONE, "process %d has ended", (int)pid);
    return error_create(ERROR_NOT_FOUND, "process %d has no %s %s", (int)pid, what, name);
}

struct error *elf_find_section(pid_t pid, const struct maps *maps, struct mem_source *mem,
                               const char *name, struct elf_image **image, struct elf_section *ret)
{
    if (elf_search(pid, maps, mem, look_for_section, name, image, ret))
        return NULL;
    return not_found(pid, "section", name);
}

struct error *elf_find_symbol(pid_t pid, const struct maps *maps, struct mem_source *mem,
                              const char *name, struct elf_image **image, struct elf_symbol *ret)
{
    if (elf_search(pid, maps, mem, look_for_symbol, name, image, ret))
        return NULL;
    return not_found(pid, "symbol", name);
}
