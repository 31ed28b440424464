#include "inspector/proc/core_file.h"

#include "inspector/base/descriptors.h"
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/procfs.h>
#include <sys/stat.h>
#include <unistd.h>

// Of the whole file: any number of headers may name the same notes.
enum {
    CORE_NOTES_LIMIT = 64 << 20, // bytes
    CORE_THREAD_LIMIT = 1 << 20,
    CORE_FILE_LIMIT = 1 << 20,   // entries of NT_FILE
    CORE_NAMES_LIMIT = 64 << 20, // bytes of their names as they are kept, with the sysroot
};

enum { CORE_PAGE = 4096 };

enum { FD_UNTRIED = -1, FD_UNUSABLE = -2 };

// A file that was mapped, opened at the first need, once for all its parts.
struct core_origin {
    const char *path;
    uint64_t first;  // where its first page was
    uint32_t number; // in the order of the notes
    int fd;
};

VEC_DEFINE(core_origin_vec, struct core_origin);

// A part of it: where that was.
struct core_backing {
    uint64_t begin;
    uint64_t end;
    uint64_t offset;
    uint32_t origin; // index
};

VEC_DEFINE(core_backing_vec, struct core_backing);

struct core_segment {
    uint64_t begin;
    uint64_t file_end; // up to here the core has bytes
    uint64_t offset;
};

VEC_DEFINE(core_segment_vec, struct core_segment);

struct core_memory {
    struct mem_source base;
    int fd;
    struct core_segment_vec segments; // sorted by begin
    struct core_backing_vec files;    // sorted by begin
    struct core_origin_vec origins;   // sorted by path
};

// ---- memory ----

static size_t core_read_segment(const struct core_memory *memory, uint64_t address, void *buffer,
                                size_t length)
{
    size_t low = 0, high = memory->segments.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (memory->segments.items[middle].begin <= address)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0)
        return 0;
    const struct core_segment *segment = &memory->segments.items[low - 1];
    if (address >= segment->file_end)
        return 0;
    if (length > segment->file_end - address)
        length = (size_t)(segment->file_end - address);
    uint64_t offset = segment->offset + (address - segment->begin);
    if (offset > INT64_MAX)
        return 0;
    ssize_t got = pread(memory->fd, buffer, length, (off_t)offset);
    return got > 0 ? (size_t)got : 0;
}

static struct core_origin *core_origin_of(const struct core_memory *memory,
                                          const struct core_backing *backing)
{
    return &memory->origins.items[backing->origin];
}

// The file is the one that was mapped if its first page is what the core has there.
static bool core_is_origin(const struct core_memory *memory, const struct core_origin *origin,
                           int fd)
{
    unsigned char in_core[CORE_PAGE], in_file[CORE_PAGE];
    struct stat facts;
    if (fstat(fd, &facts) != 0 || !S_ISREG(facts.st_mode))
        return false;
    const size_t got = core_read_segment(memory, origin->first, in_core, sizeof in_core);
    return got > 0 && pread(fd, in_file, got, 0) == (ssize_t)got &&
           memcmp(in_core, in_file, got) == 0;
}

// Its descriptor; FD_UNUSABLE when it is not there or another file. FD_UNTRIED, with errno, when no
// more files can be opened, which says nothing about this one.
static int core_open_origin(const struct core_memory *memory, struct core_origin *origin)
{
    if (origin->fd != FD_UNTRIED)
        return origin->fd;
    const int fd = open(origin->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 && (errno == EMFILE || errno == ENFILE))
        return FD_UNTRIED;
    const bool usable = fd >= 0 && core_is_origin(memory, origin, fd);
    if (fd >= 0 && !usable)
        close(fd);
    origin->fd = usable ? fd : FD_UNUSABLE;
    return origin->fd;
}

// The part of a file that was mapped at the address, or NULL. Of overlapping ones, which no kernel
// writes, one.
static struct core_backing *core_backing_at(const struct core_memory *memory, uint64_t address)
{
    size_t low = 0, high = memory->files.count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (memory->files.items[middle].begin <= address)
            low = middle + 1;
        else
            high = middle;
    }
    struct core_backing *found = low ? &memory->files.items[low - 1] : NULL;
    return found && address < found->end ? found : NULL;
}

static size_t core_read_file(struct core_memory *memory, uint64_t address, void *buffer,
                             size_t length)
{
    const struct core_backing *backing = core_backing_at(memory, address);
    if (!backing)
        return 0;
    const int fd = core_open_origin(memory, core_origin_of(memory, backing));
    if (fd < 0)
        return 0;
    if (length > backing->end - address)
        length = (size_t)(backing->end - address);
    const uint64_t offset = backing->offset + (address - backing->begin);
    const ssize_t got = offset > INT64_MAX ? -1 : pread(fd, buffer, length, (off_t)offset);
    return got > 0 ? (size_t)got : 0;
}

static size_t core_memory_read(struct mem_source *source, uint64_t address, void *buffer,
                               size_t length)
{
    struct core_memory *memory = (struct core_memory *)source;
    size_t done = 0;
    while (done < length) {
        char *to = (char *)buffer + done;
        size_t got = core_read_segment(memory, address + done, to, length - done);
        if (got == 0) {
            // Up to the next page only: the core may go on there.
            size_t step = CORE_PAGE - (size_t)((address + done) % CORE_PAGE);
            got = core_read_file(memory, address + done, to,
                                 step < length - done ? step : length - done);
        }
        if (got == 0)
            break;
        done += got;
    }
    return done;
}

static void core_memory_destroy(struct mem_source *source)
{
    struct core_memory *memory = (struct core_memory *)source;
    for (size_t i = 0; i < memory->origins.count; i++)
        if (memory->origins.items[i].fd >= 0)
            close(memory->origins.items[i].fd);
    core_origin_vec_deinit(&memory->origins);
    core_backing_vec_deinit(&memory->files);
    core_segment_vec_deinit(&memory->segments);
    if (memory->fd >= 0)
        close(memory->fd);
    free(memory);
}

static const struct mem_source_ops core_memory_ops = {
    .read = core_memory_read,
    .destroy = core_memory_destroy,
};

// ---- notes ----

struct core_parse {
    struct core_file *core;
    struct core_memory *memory;
    const struct core_options *options;
    uint64_t entry; // address at which the program began, 0: not known
    // Of all notes so far.
    uint64_t note_bytes, file_count, name_bytes;
};

static struct error *parse_prstatus(struct core_parse *parse, const char *bytes, size_t length)
{
    struct elf_prstatus status;
    if (length < sizeof status)
        return NULL;
    if (parse->core->threads.count == CORE_THREAD_LIMIT)
        return error_create(ERROR_LIMIT, "the core file has more than %d threads",
                            CORE_THREAD_LIMIT);
    memcpy(&status, bytes, sizeof status);
    struct core_thread thread = {.tid = status.pr_pid};
    _Static_assert(sizeof status.pr_reg == sizeof thread.registers, "both are the kernel's form");
    memcpy(&thread.registers, status.pr_reg, sizeof thread.registers);
    return core_thread_vec_push(&parse->core->threads, thread);
}

static void parse_prpsinfo(struct core_parse *parse, const char *bytes, size_t length)
{
    struct elf_prpsinfo info;
    if (length < sizeof info)
        return;
    memcpy(&info, bytes, sizeof info);
    parse->core->pid = info.pr_pid;
    memcpy(parse->core->name, info.pr_fname, sizeof info.pr_fname);
}

static void parse_auxv(struct core_parse *parse, const char *bytes, size_t length)
{
    for (size_t at = 0; at + sizeof(Elf64_auxv_t) <= length; at += sizeof(Elf64_auxv_t)) {
        Elf64_auxv_t entry;
        memcpy(&entry, bytes + at, sizeof entry);
        if (entry.a_type == AT_ENTRY)
            parse->entry = entry.a_un.a_val;
    }
}

// Where the file is now: under the sysroot, if it is there.
static struct error *add_origin(struct core_parse *parse, const char *name)
{
    static const char suffix[] = " (deleted)";
    const char *root = parse->options ? parse->options->sysroot : NULL;
    char found[4096], plain[4096];
    const char *path = plain;
    snprintf(plain, sizeof plain, "%s", name);
    const size_t length = strlen(plain);
    if (length > sizeof suffix && strcmp(plain + length - sizeof suffix + 1, suffix) == 0)
        plain[length - sizeof suffix + 1] = 0;
    if (root && plain[0] == '/' &&
        snprintf(found, sizeof found, "%s%s", root, plain) < (int)sizeof found &&
        access(found, R_OK) == 0)
        path = found;
    parse->name_bytes += strlen(path) + 1;
    if (parse->name_bytes > CORE_NAMES_LIMIT)
        return error_create(ERROR_LIMIT, "the names of files in the core file are too long");
    struct core_origin_vec *origins = &parse->memory->origins;
    struct core_origin origin = {.path = arena_strdup(&parse->core->maps.names, path),
                                 .number = (uint32_t)origins->count,
                                 .fd = FD_UNTRIED};
    return origin.path ? core_origin_vec_push(origins, origin) : &error_no_memory;
}

// u64 count, u64 page size, count of {begin, end, offset in pages}, count of path names.
static struct error *parse_files(struct core_parse *parse, const char *bytes, size_t length)
{
    uint64_t head[2];
    if (length < sizeof head)
        return NULL;
    memcpy(head, bytes, sizeof head);
    const size_t entry_bytes = 3 * sizeof(uint64_t);
    if (head[0] > (length - sizeof head) / entry_bytes)
        return error_create(ERROR_FORMAT, "the core file's list of files is damaged");
    parse->file_count += head[0];
    if (parse->file_count > CORE_FILE_LIMIT)
        return error_create(ERROR_LIMIT, "the core file has more than %d parts of mapped files",
                            CORE_FILE_LIMIT);
    const char *entries = bytes + sizeof head;
    const char *name = entries + head[0] * entry_bytes, *end = bytes + length;
    const char *before = NULL;
    for (uint64_t i = 0; i < head[0]; i++) {
        uint64_t entry[3];
        memcpy(entry, entries + i * entry_bytes, sizeof entry);
        const char *name_end = name < end ? memchr(name, 0, (size_t)(end - name)) : NULL;
        if (!name_end)
            return error_create(ERROR_FORMAT, "the core file's list of files is damaged");
        // The parts of a file mostly stand one after the other.
        if (!before || strcmp(before, name) != 0)
            TRY(add_origin(parse, name));
        before = name;
        name = name_end + 1;
        uint64_t offset;
        if (entry[0] >= entry[1] || __builtin_mul_overflow(entry[2], head[1], &offset))
            continue;
        const uint32_t origin = (uint32_t)parse->memory->origins.count - 1;
        TRY(core_backing_vec_push(&parse->memory->files,
                                  (struct core_backing){entry[0], entry[1], offset, origin}));
    }
    return NULL;
}

static struct error *parse_note(struct core_parse *parse, uint32_t type, const char *bytes,
                                size_t length)
{
    switch (type) {
    case NT_PRSTATUS:
        return parse_prstatus(parse, bytes, length);
    case NT_PRPSINFO:
        parse_prpsinfo(parse, bytes, length);
        return NULL;
    case NT_FILE:
        return parse_files(parse, bytes, length);
    case NT_AUXV:
        parse_auxv(parse, bytes, length);
        return NULL;
    default:
        return NULL;
    }
}

static struct error *parse_notes(struct core_parse *parse, const char *block, size_t size)
{
    while (size >= sizeof(Elf64_Nhdr)) {
        Elf64_Nhdr note;
        memcpy(&note, block, sizeof note);
        uint64_t desc = sizeof note + ((note.n_namesz + UINT64_C(3)) & ~UINT64_C(3));
        uint64_t end = desc + ((note.n_descsz + UINT64_C(3)) & ~UINT64_C(3));
        if (desc + note.n_descsz > size)
            break;
        bool core_note = note.n_namesz >= 4 && memcmp(block + sizeof note, "CORE", 4) == 0;
        if (core_note)
            TRY(parse_note(parse, note.n_type, block + desc, note.n_descsz));
        if (end >= size)
            break;
        block += end;
        size -= end;
    }
    return NULL;
}

static struct error *read_notes(struct core_parse *parse, const GElf_Phdr *header)
{
    if (header->p_filesz > CORE_NOTES_LIMIT - parse->note_bytes || header->p_offset > INT64_MAX)
        return error_create(ERROR_LIMIT, "the notes of the core file are too long");
    parse->note_bytes += header->p_filesz;
    _cleanup_free_ char *notes = malloc(header->p_filesz + 1);
    if (!notes)
        return &error_no_memory;
    ssize_t got = pread(parse->memory->fd, notes, header->p_filesz, (off_t)header->p_offset);
    return got > 0 ? parse_notes(parse, notes, (size_t)got) : NULL;
}

// ---- segments ----

static struct error *add_segment(struct core_parse *parse, const GElf_Phdr *header,
                                 uint64_t file_size)
{
    uint64_t end, file_end;
    if (header->p_memsz == 0 || __builtin_add_overflow(header->p_vaddr, header->p_memsz, &end) ||
        header->p_filesz > header->p_memsz ||
        __builtin_add_overflow(header->p_offset, header->p_filesz, &file_end))
        return NULL;
    parse->core->cut_short |= file_end > file_size;
    struct core_segment segment = {
        .begin = header->p_vaddr,
        .file_end = header->p_vaddr + header->p_filesz,
        .offset = header->p_offset,
    };
    const struct map *last = map_vec_last(&parse->core->maps.list);
    if (last && last->end > segment.begin)
        return error_create(ERROR_FORMAT, "the segments of the core file overlap");
    TRY(core_segment_vec_push(&parse->memory->segments, segment));
    parse->memory->base.size_bytes += header->p_filesz;
    return map_vec_push(&parse->core->maps.list, (struct map){
                                                     .begin = header->p_vaddr,
                                                     .end = end,
                                                     .readable = header->p_flags & PF_R,
                                                     .writable = header->p_flags & PF_W,
                                                     .executable = header->p_flags & PF_X,
                                                     .path = "",
                                                 });
}

static int compare_backings(const void *a, const void *b)
{
    const struct core_backing *left = a, *right = b;
    return (left->begin > right->begin) - (left->begin < right->begin);
}

static int compare_origins(const void *a, const void *b)
{
    const struct core_origin *left = a, *right = b;
    return strcmp(left->path, right->path);
}

// One origin for each path, that all parts of it refer to; the parts are sorted.
static struct error *share_origins(struct core_memory *memory)
{
    struct core_origin_vec *origins = &memory->origins;
    if (!origins->count)
        return NULL;
    _cleanup_free_ uint32_t *places = calloc(origins->count, sizeof *places); // by number
    if (!places)
        return &error_no_memory;
    qsort(origins->items, origins->count, sizeof *origins->items, compare_origins);
    uint32_t last = 0;
    for (uint32_t i = 0; i < origins->count; i++) {
        if (compare_origins(&origins->items[i], &origins->items[last]) != 0)
            origins->items[++last] = origins->items[i];
        places[origins->items[i].number] = last;
    }
    origins->count = last + 1;
    for (size_t i = 0; i < memory->files.count; i++) {
        struct core_backing *part = &memory->files.items[i];
        part->origin = places[part->origin];
        struct core_origin *origin = core_origin_of(memory, part);
        if (part->offset == 0 || !origin->first)
            origin->first = part->begin;
    }
    return NULL;
}

static int compare_maps(const void *a, const void *b)
{
    const struct map *left = a, *right = b;
    return (left->begin > right->begin) - (left->begin < right->begin);
}

// Among the first `count` mappings, which are in order.
static bool is_mapped(const struct core_parse *parse, size_t count, uint64_t begin, uint64_t end)
{
    const struct map *maps = parse->core->maps.list.items;
    size_t low = 0, high = count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (maps[middle].end <= begin)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && maps[low].begin < end;
}

// gcore leaves out what can be read from files, segments and all; the kernel writes segments
// without bytes. What is left out is code, or as constant as code.
static struct error *add_left_out(struct core_parse *parse)
{
    struct map_vec *maps = &parse->core->maps.list;
    const size_t count = maps->count;
    uint64_t end = 0;
    for (size_t i = 0; i < parse->memory->files.count; i++) {
        const struct core_backing *file = &parse->memory->files.items[i];
        if (file->begin < end || is_mapped(parse, count, file->begin, file->end))
            continue;
        end = file->end;
        TRY(map_vec_push(maps, (struct map){.begin = file->begin,
                                            .end = file->end,
                                            .offset = file->offset,
                                            .readable = true,
                                            .executable = true,
                                            .path = core_origin_of(parse->memory, file)->path}));
    }
    if (maps->count)
        qsort(maps->items, maps->count, sizeof *maps->items, compare_maps);
    return NULL;
}

// A segment may span several files' parts; its name is that of the part it begins with.
static void name_maps(struct core_parse *parse)
{
    for (size_t i = 0; i < parse->core->maps.list.count; i++) {
        struct map *map = &parse->core->maps.list.items[i];
        const struct core_backing *file = core_backing_at(parse->memory, map->begin);
        if (!file)
            continue;
        map->path = core_origin_of(parse->memory, file)->path;
        map->offset = file->offset + (map->begin - file->begin);
    }
}

static struct error *no_descriptor(int errnum, const char *path)
{
    return error_add_why(error_create_errno(errnum, "cannot open %s", path),
                         "each file that was mapped needs a descriptor (ulimit -n)");
}

// All parts of the program are read from the file that was named.
static struct error *use_exe(struct core_parse *parse)
{
    const char *exe = parse->options ? parse->options->exe : NULL;
    const struct core_backing *part = exe ? core_backing_at(parse->memory, parse->entry) : NULL;
    if (!exe)
        return NULL;
    if (!part)
        return error_create(ERROR_FORMAT, "it does not say which file was the program");
    struct core_origin *origin = core_origin_of(parse->memory, part);
    const char *old = origin->path;
    origin->path = arena_strdup(&parse->core->maps.names, exe);
    if (!origin->path)
        return &error_no_memory;
    const int fd = core_open_origin(parse->memory, origin);
    if (fd == FD_UNTRIED)
        return no_descriptor(errno, exe);
    if (fd >= 0)
        return NULL;
    if (access(exe, R_OK) != 0)
        return error_create_errno(errno, "cannot open %s", exe);
    return error_add_why(error_create(ERROR_FORMAT, "%s is not the program that left it", exe),
                         "it begins with other bytes than %s did", old);
}

static struct error *find_missing(struct core_parse *parse)
{
    for (size_t i = 0; i < parse->core->maps.list.count && !parse->core->missing; i++) {
        const struct map *map = &parse->core->maps.list.items[i];
        const struct core_backing *backing =
            map->executable ? core_backing_at(parse->memory, map->begin) : NULL;
        struct core_origin *origin = backing ? core_origin_of(parse->memory, backing) : NULL;
        if (!origin || origin->path[0] != '/')
            continue;
        const int fd = core_open_origin(parse->memory, origin);
        if (fd == FD_UNTRIED)
            return no_descriptor(errno, origin->path);
        if (fd < 0)
            parse->core->missing = origin->path;
    }
    return NULL;
}

static struct error *parse_core(struct core_parse *parse, Elf *elf, uint64_t file_size)
{
    GElf_Ehdr file_header;
    size_t count;
    if (!gelf_getehdr(elf, &file_header) || file_header.e_type != ET_CORE ||
        file_header.e_machine != EM_X86_64 || elf_getphdrnum(elf, &count) != 0)
        return error_create(ERROR_FORMAT, "this is not an x86-64 core file");
    for (size_t i = 0; i < count; i++) {
        GElf_Phdr header;
        if (!gelf_getphdr(elf, (int)i, &header)) {
            parse->core->cut_short = true;
            break;
        }
        if (header.p_type == PT_NOTE)
            TRY(read_notes(parse, &header));
        else if (header.p_type == PT_LOAD)
            TRY(add_segment(parse, &header, file_size));
    }
    if (parse->memory->files.count)
        qsort(parse->memory->files.items, parse->memory->files.count,
              sizeof *parse->memory->files.items, compare_backings);
    TRY(share_origins(parse->memory));
    TRY(use_exe(parse));
    TRY(add_left_out(parse));
    name_maps(parse);
    TRY(find_missing(parse));
    if (parse->core->threads.count == 0)
        return error_create(ERROR_FORMAT, "the core file has no threads");
    return NULL;
}

// ---- opening ----

bool core_file_probe(const char *path)
{
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    Elf64_Ehdr header;
    return fd >= 0 && read(fd, &header, sizeof header) == sizeof header &&
           memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 && header.e_type == ET_CORE;
}

struct error *core_file_open(const char *path, const struct core_options *options,
                             struct core_file *ret)
{
    struct core_file core = {0};
    maps_init(&core.maps);
    struct core_memory *memory = calloc(1, sizeof *memory);
    if (!memory)
        return &error_no_memory;
    memory->base.ops = &core_memory_ops;
    memory->base.frozen = true;
    descriptors_allow_many();
    core.mem = &memory->base;
    memory->fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat facts;
    struct error *err = NULL;
    if (memory->fd < 0 || fstat(memory->fd, &facts) < 0)
        err = error_create_errno(errno, "cannot open %s", path);
    if (!err) {
        struct core_parse parse = {.core = &core, .memory = memory, .options = options};
        elf_version(EV_CURRENT);
        Elf *elf = elf_begin(memory->fd, ELF_C_READ, NULL);
        err = elf ? parse_core(&parse, elf, (uint64_t)facts.st_size)
                  : error_create(ERROR_FORMAT, "%s", elf_errmsg(-1));
        elf_end(elf);
        error_add_prefix(err, "%s", path);
    }
    if (err)
        core_file_close(&core);
    else
        *ret = core;
    return err;
}

void core_file_close(struct core_file *core)
{
    mem_source_destroy(core->mem);
    maps_deinit(&core->maps);
    core_thread_vec_deinit(&core->threads);
    *core = (struct core_file){0};
}
