#include "inspector/proc/elf_dynamic.h"

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum {
    HEADER_LIMIT = 128,
    DYNAMIC_LIMIT = 512,
    SYMBOL_LIMIT = 1 << 20,
    BUCKET_LIMIT = 1 << 20,
    NAME_LIMIT = 256,
};

struct dynamic {
    struct mem_source *mem;
    uint64_t bias;
    uint64_t symbols, strings, gnu_hash, hash;
    uint64_t symbol_count;
};

static struct error *not_found(struct remote_ptr base, const char *name)
{
    return error_create(ERROR_NOT_FOUND, "the file loaded at 0x%llx exports no %s",
                        (unsigned long long)base.addr, name);
}

// The program headers; returns how many.
static unsigned read_segments(struct mem_source *mem, struct remote_ptr base,
                              Elf64_Phdr segments[HEADER_LIMIT])
{
    Elf64_Ehdr header;
    if (mem_read_some(mem, base, &header, sizeof header) != sizeof header ||
        memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64 ||
        header.e_phentsize != sizeof *segments || header.e_phnum > HEADER_LIMIT)
        return 0;
    const size_t bytes = header.e_phnum * sizeof *segments;
    return mem_read_some(mem, remote_add(base, (int64_t)header.e_phoff), segments, bytes) == bytes
               ? header.e_phnum
               : 0;
}

// What is added to an address in the file; the first segment has the headers in it.
static bool find_bias(struct remote_ptr base, const Elf64_Phdr *segments, unsigned count,
                      uint64_t *bias)
{
    for (unsigned i = 0; i < count; i++)
        if (segments[i].p_type == PT_LOAD && segments[i].p_offset == 0) {
            *bias = base.addr - segments[i].p_vaddr;
            return true;
        }
    return false;
}

// The bias and where the dynamic section is.
static bool find_dynamic(struct dynamic *d, struct remote_ptr base, uint64_t *address)
{
    Elf64_Phdr segments[HEADER_LIMIT];
    const unsigned count = read_segments(d->mem, base, segments);
    if (!find_bias(base, segments, count, &d->bias))
        return false;
    for (unsigned i = 0; i < count; i++)
        if (segments[i].p_type == PT_DYNAMIC) {
            *address = d->bias + segments[i].p_vaddr;
            return true;
        }
    return false;
}

uint64_t elf_dynamic_end(struct mem_source *mem, struct remote_ptr base)
{
    Elf64_Phdr segments[HEADER_LIMIT];
    const unsigned count = read_segments(mem, base, segments);
    uint64_t bias, end = 0;
    if (!find_bias(base, segments, count, &bias))
        return 0;
    for (unsigned i = 0; i < count; i++)
        if (segments[i].p_type == PT_LOAD && bias + segments[i].p_vaddr + segments[i].p_memsz > end)
            end = bias + segments[i].p_vaddr + segments[i].p_memsz;
    return end;
}

// The linker has added the bias to these in most systems, and in some it has not.
static uint64_t relocated(const struct dynamic *d, uint64_t value)
{
    return value < d->bias ? value + d->bias : value;
}

static void read_dynamic(struct dynamic *d, uint64_t address)
{
    Elf64_Dyn entry;
    for (unsigned i = 0; i < DYNAMIC_LIMIT; i++, address += sizeof entry) {
        if (mem_read_some(d->mem, remote_at(address), &entry, sizeof entry) != sizeof entry ||
            entry.d_tag == DT_NULL)
            return;
        switch (entry.d_tag) {
        case DT_SYMTAB:
            d->symbols = relocated(d, entry.d_un.d_ptr);
            break;
        case DT_STRTAB:
            d->strings = relocated(d, entry.d_un.d_ptr);
            break;
        case DT_GNU_HASH:
            d->gnu_hash = relocated(d, entry.d_un.d_ptr);
            break;
        case DT_HASH:
            d->hash = relocated(d, entry.d_un.d_ptr);
            break;
        default:
            break;
        }
    }
}

// The GNU table does not say how many symbols there are: it is one more than the last of the
// longest chain.
static uint64_t count_by_gnu_hash(const struct dynamic *d)
{
    uint32_t head[4], word, last = 0; // buckets, first symbol, words of the filter, shift
    if (mem_read_some(d->mem, remote_at(d->gnu_hash), head, sizeof head) != sizeof head ||
        head[0] > BUCKET_LIMIT || head[2] > BUCKET_LIMIT)
        return 0;
    const uint64_t buckets = d->gnu_hash + sizeof head + (uint64_t)head[2] * 8;
    const uint64_t chains = buckets + (uint64_t)head[0] * 4;
    for (uint32_t i = 0; i < head[0]; i++) {
        if (mem_read_some(d->mem, remote_at(buckets + 4 * (uint64_t)i), &word, 4) != 4)
            return 0;
        if (word > last)
            last = word;
    }
    if (last < head[1])
        return head[1];
    for (; last < SYMBOL_LIMIT; last++) {
        const uint64_t at = chains + 4 * (uint64_t)(last - head[1]);
        if (mem_read_some(d->mem, remote_at(at), &word, 4) != 4 || word & 1)
            break;
    }
    return (uint64_t)last + 1;
}

static uint64_t count_symbols(const struct dynamic *d)
{
    uint32_t head[2]; // buckets, symbols
    if (d->gnu_hash)
        return count_by_gnu_hash(d);
    if (d->hash && mem_read_some(d->mem, remote_at(d->hash), head, sizeof head) == sizeof head)
        return head[1];
    return 0;
}

static bool has_name(const struct dynamic *d, const Elf64_Sym *symbol, const char *name)
{
    char text[NAME_LIMIT];
    const size_t length = strlen(name) + 1;
    return length <= sizeof text &&
           mem_read_some(d->mem, remote_at(d->strings + symbol->st_name), text, length) == length &&
           memcmp(text, name, length) == 0;
}

struct error *elf_dynamic_symbol(struct mem_source *mem, struct remote_ptr base, const char *name,
                                 struct remote_ptr *ret)
{
    struct dynamic d = {.mem = mem};
    Elf64_Sym batch[64];
    uint64_t address;
    if (!find_dynamic(&d, base, &address))
        return not_found(base, name);
    read_dynamic(&d, address);
    const uint64_t count = d.symbols && d.strings ? count_symbols(&d) : 0;
    for (uint64_t i = 0; i < count && i < SYMBOL_LIMIT; i++) {
        const size_t in_batch = i % 64;
        if (in_batch == 0) {
            const uint64_t from = d.symbols + i * sizeof *batch;
            memset(batch, 0, sizeof batch);
            mem_read_some(d.mem, remote_at(from), batch, sizeof batch);
        }
        const Elf64_Sym *symbol = &batch[in_batch];
        if (symbol->st_shndx == SHN_UNDEF || !symbol->st_value || !has_name(&d, symbol, name))
            continue;
        *ret = remote_at(d.bias + symbol->st_value);
        return NULL;
    }
    return not_found(base, name);
}
