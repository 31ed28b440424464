// The outer layer of .heap files: header, table of sections, checksums.
#include "inspector/model/heap_section.h"

#include "inspector/model/crc32c.h"
#include "inspector/model/heap_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct error *heap_damaged(const struct heap_file *file, const char *what)
{
    return error_add_why(error_create(ERROR_FORMAT, "%s is damaged", file->path), "%s", what);
}

static void tag_text(uint32_t tag, char text[5])
{
    for (int i = 0; i < 4; i++) {
        const char c = (char)(tag >> 8 * i);
        text[i] = c > ' ' && c < 127 ? c : '?';
    }
    text[4] = 0;
}

struct error *heap_damaged_section(const struct heap_file *file, uint32_t tag, const char *what)
{
    char text[5];
    tag_text(tag, text);
    return error_add_why(error_create(ERROR_FORMAT, "%s is damaged", file->path), "section %s: %s",
                         text, what);
}

static struct error *read_at(const struct heap_file *file, void *to, size_t length, uint64_t offset)
{
    char *next = to;
    while (length) {
        const ssize_t got = pread(file->fd, next, length, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return error_create_errno(errno, "cannot read %s", file->path);
        if (got == 0)
            return heap_damaged(file, "it ends too early");
        next += got;
        offset += (uint64_t)got;
        length -= (size_t)got;
    }
    return NULL;
}

// ---- header and table ----

static struct error *check_header(const struct heap_file *file, const struct heap_header *header)
{
    if (memcmp(header->magic, HEAP_MAGIC, sizeof header->magic) != 0)
        return error_add_try(error_create(ERROR_FORMAT, "%s is not a .heap file", file->path),
                             "brille dump PID -o %s", file->path);
    if (header->version != HEAP_VERSION)
        return error_add_why(
            error_create(ERROR_VERSION, "%s has format version %u", file->path, header->version),
            "this brille reads version %d", HEAP_VERSION);
    if (crc32c(0, header, offsetof(struct heap_header, header_crc)) != header->header_crc)
        return heap_damaged(file, "the header does not match its checksum");
    if (header->features & ~HEAP_FEATURES)
        return error_create(ERROR_VERSION, "%s needs features this brille does not have (0x%llx)",
                            file->path, (unsigned long long)(header->features & ~HEAP_FEATURES));
    if (header->file_bytes > file->file_bytes)
        return error_add_why(error_create(ERROR_FORMAT, "%s is cut short", file->path),
                             "it has %llu of %llu bytes", (unsigned long long)file->file_bytes,
                             (unsigned long long)header->file_bytes);
    return NULL;
}

static uint64_t block_count(uint64_t bytes)
{
    return bytes / HEAP_BLOCK_BYTES + (bytes % HEAP_BLOCK_BYTES != 0);
}

// Whether body and CRCs lie inside the file.
static bool section_fits(const struct heap_file *file, const struct heap_section *section)
{
    const uint64_t size = file->file_bytes;
    if (section->offset % 8 || section->offset > size || section->bytes > size - section->offset)
        return false;
    const uint64_t crc_offset = (section->offset + section->bytes + 7) & ~UINT64_C(7);
    return crc_offset <= size && block_count(section->bytes) * 4 <= size - crc_offset;
}

static bool known_tag(uint32_t tag)
{
    static const uint32_t tags[] = {
        TAG_INFO, TAG_STRS, TAG_TYPE, TAG_SHAP, TAG_ADDR, TAG_TYPC, TAG_SIZE, TAG_REFC, TAG_FLAG,
        TAG_EPOC, TAG_LABL, TAG_SHPC, TAG_EDGE, TAG_EOFF, TAG_HOTS, TAG_ROOT, TAG_THRD, TAG_FRAM,
        TAG_POOL, TAG_AREA, TAG_MALC, TAG_COFF, TAG_AIDX, TAG_DOMP, TAG_RETN, TAG_PATH, TAG_DOFF,
        TAG_POFF, TAG_PSKP, TAG_TSUM, TAG_NAMS, TAG_SIDX, TAG_SHIX, TAG_SCNT, TAG_BIGS,
    };
    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++)
        if (tags[i] == tag)
            return true;
    return false;
}

static struct error *read_table(struct heap_file *file, const struct heap_header *header)
{
    free(take_ptr(file->sections));
    free(take_ptr(file->checked));
    file->section_count = 0;
    if (header->section_count == 0 || header->section_count > HEAP_SECTIONS_MAX)
        return heap_damaged(file, "the number of sections is out of range");
    const size_t bytes = header->section_count * sizeof *file->sections;
    if (header->table_offset > file->file_bytes || bytes > file->file_bytes - header->table_offset)
        return heap_damaged(file, "the table of sections lies outside of the file");
    file->sections = malloc(bytes);
    if (!file->sections)
        return &error_no_memory;
    TRY(read_at(file, file->sections, bytes, header->table_offset));
    if (crc32c(0, file->sections, bytes) != header->table_crc)
        return heap_damaged(file, "the table of sections does not match its checksum");
    file->section_count = header->section_count;
    file->end = header->file_bytes;
    file->header_crc = header->header_crc;
    uint64_t blocks = 0;
    for (uint32_t i = 0; i < file->section_count; i++) {
        const struct heap_section *section = &file->sections[i];
        if (!section_fits(file, section))
            return heap_damaged_section(file, section->tag, "it lies outside of the file");
        if (section->flags & HEAP_SECTION_NEEDED && !known_tag(section->tag))
            return error_create(ERROR_VERSION, "%s needs a section this brille does not know",
                                file->path);
        blocks += block_count(section->bytes);
    }
    file->checked = calloc(blocks / 8 + 1, 1);
    return file->checked ? NULL : &error_no_memory;
}

const struct heap_section *heap_section_find(const struct heap_file *file, uint32_t tag)
{
    for (uint32_t i = 0; i < file->section_count; i++)
        if (file->sections[i].tag == tag)
            return &file->sections[i];
    return NULL;
}

// Reads a section and compares its CRCs. A section that is absent is an error.
struct error *heap_section_read(const struct heap_file *file, uint32_t tag, struct cursor *ret)
{
    const struct heap_section *section = heap_section_find(file, tag);
    if (!section)
        return heap_damaged_section(file, tag, "it is missing");
    const uint64_t blocks = block_count(section->bytes);
    _cleanup_free_ uint8_t *bytes = malloc(section->bytes + 1);
    _cleanup_free_ uint32_t *crcs = malloc(blocks * sizeof *crcs + 1);
    if (!bytes || !crcs)
        return &error_no_memory;
    TRY(read_at(file, bytes, section->bytes, section->offset));
    TRY(read_at(file, crcs, blocks * sizeof *crcs,
                (section->offset + section->bytes + 7) & ~UINT64_C(7)));
    for (uint64_t i = 0; i < blocks; i++) {
        const uint64_t begin = i * HEAP_BLOCK_BYTES;
        const uint64_t left = section->bytes - begin;
        if (crc32c(0, bytes + begin, left < HEAP_BLOCK_BYTES ? left : HEAP_BLOCK_BYTES) != crcs[i])
            return heap_damaged_section(file, tag, "a block does not match its checksum");
    }
    *ret = (struct cursor){.at = bytes, .end = bytes + section->bytes, .count = section->count};
    ret->bytes = take_ptr(bytes);
    return NULL;
}

// ---- parts ----

// Blocks of all sections are numbered one after the other: the first one of this section.
static uint64_t first_block(const struct heap_file *file, const struct heap_section *section)
{
    uint64_t blocks = 0;
    for (const struct heap_section *s = file->sections; s < section; s++)
        blocks += block_count(s->bytes);
    return blocks;
}

static bool is_checked(const struct heap_file *file, uint64_t first, uint64_t last)
{
    for (uint64_t i = first; i < last; i++)
        if (!(file->checked[i / 8] >> (i % 8) & 1))
            return false;
    return true;
}

// Reads blocks [first, last) of a section and compares their CRCs.
static struct error *read_blocks(const struct heap_file *file, const struct heap_section *section,
                                 uint64_t first, uint64_t last, uint8_t *bytes)
{
    const uint64_t begin = first * HEAP_BLOCK_BYTES;
    const uint64_t end =
        last * HEAP_BLOCK_BYTES < section->bytes ? last * HEAP_BLOCK_BYTES : section->bytes;
    _cleanup_free_ uint32_t *crcs = malloc((last - first) * sizeof *crcs + 1);
    if (!crcs)
        return &error_no_memory;
    TRY(read_at(file, bytes, end - begin, section->offset + begin));
    TRY(read_at(file, crcs, (last - first) * sizeof *crcs,
                ((section->offset + section->bytes + 7) & ~UINT64_C(7)) + first * sizeof *crcs));
    for (uint64_t i = 0; i < last - first; i++) {
        const uint64_t at = i * HEAP_BLOCK_BYTES, left = end - begin - at;
        if (crc32c(0, bytes + at, left < HEAP_BLOCK_BYTES ? left : HEAP_BLOCK_BYTES) != crcs[i])
            return heap_damaged_section(file, section->tag, "a block does not match its checksum");
    }
    return NULL;
}

// The first part of a block that is asked for reads all of it, and compares; later ones read what
// they want. So a few bytes here and there cost no checksum of 64 KiB each.
struct error *heap_section_part(struct heap_file *file, uint32_t tag, uint64_t offset,
                                uint64_t length, struct cursor *ret)
{
    const struct heap_section *section = heap_section_find(file, tag);
    if (!section)
        return heap_damaged_section(file, tag, "it is missing");
    if (offset > section->bytes)
        return heap_damaged_section(file, tag, "it is shorter than its index says");
    length = length < section->bytes - offset ? length : section->bytes - offset;
    const uint64_t first = offset / HEAP_BLOCK_BYTES, last = block_count(offset + length);
    const uint64_t number = first_block(file, section);
    const bool checked = is_checked(file, number + first, number + last);
    const uint64_t begin = checked ? offset : first * HEAP_BLOCK_BYTES;
    _cleanup_free_ uint8_t *bytes =
        malloc((checked ? length : (last - first) * HEAP_BLOCK_BYTES) + 1);
    if (!bytes)
        return &error_no_memory;
    if (checked)
        TRY(read_at(file, bytes, length, section->offset + offset));
    else
        TRY(read_blocks(file, section, first, last, bytes));
    for (uint64_t i = number + first; !checked && i < number + last; i++)
        file->checked[i / 8] |= (uint8_t)(1 << i % 8);
    *ret = (struct cursor){.at = bytes + (offset - begin),
                           .end = bytes + (offset - begin) + length,
                           .count = section->count};
    ret->bytes = take_ptr(bytes);
    return NULL;
}

// Opens a section of rows and checks that the count is possible.
struct error *heap_section_rows(const struct heap_file *file, uint32_t tag, size_t row_bytes,
                                struct cursor *cursor, void **rows, uint32_t *count)
{
    TRY(heap_section_read(file, tag, cursor));
    if (cursor->count > (uint64_t)(cursor->end - cursor->at) || cursor->count >= ORDINAL_NONE)
        return heap_damaged_section(file, tag, "more rows than bytes");
    *rows = calloc(cursor->count + 1, row_bytes);
    if (!*rows)
        return &error_no_memory;
    *count = (uint32_t)cursor->count;
    return NULL;
}

// ---- the file ----

struct error *heap_section_open_file(struct heap_file *file, const char *path)
{
    struct stat st;
    struct heap_header header;
    file->path = strdup(path);
    if (!file->path)
        return &error_no_memory;
    file->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); // a FIFO must not make us wait
    if (file->fd < 0)
        return error_create_errno(errno, "cannot open %s", path);
    if (fstat(file->fd, &st) < 0)
        return error_create_errno(errno, "cannot read %s", path);
    if (!S_ISREG(st.st_mode))
        return error_create(ERROR_FORMAT, "%s is not a regular file", path);
    file->file_bytes = (uint64_t)st.st_size;
    if (file->file_bytes < sizeof header) {
        char magic[8] = {0};
        const ssize_t got = pread(file->fd, magic, sizeof magic, 0);
        if (got == sizeof magic && memcmp(magic, HEAP_MAGIC, sizeof magic) == 0)
            return error_create(ERROR_FORMAT, "%s is cut short", path);
        return error_create(ERROR_FORMAT, "%s is not a .heap file", path);
    }
    TRY(read_at(file, &header, sizeof header, 0));
    TRY(check_header(file, &header));
    return read_table(file, &header);
}

struct error *heap_section_reread(struct heap_file *file)
{
    struct stat st;
    struct heap_header header;
    if (fstat(file->fd, &st) < 0)
        return error_create_errno(errno, "cannot read %s", file->path);
    file->file_bytes = (uint64_t)st.st_size;
    TRY(read_at(file, &header, sizeof header, 0));
    TRY(check_header(file, &header));
    return read_table(file, &header);
}

void heap_file_close(struct heap_file *file)
{
    if (!file)
        return;
    if (file->fd >= 0)
        close(file->fd);
    free(file->path);
    free(file->sections);
    free(file->checked);
    free(file);
}

bool heap_file_looks_like(const char *path)
{
    char magic[8];
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return false;
    const ssize_t got = pread(fd, magic, sizeof magic, 0);
    close(fd);
    return got == sizeof magic && memcmp(magic, HEAP_MAGIC, sizeof magic) == 0;
}
