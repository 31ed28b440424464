// The outer layer of writing, and the coding of columns: each block in the shortest of three ways.
#include "inspector/model/heap_out.h"

#include "inspector/model/crc32c.h"
#include "inspector/model/varint.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct error *heap_out_init(struct heap_out *out, int fd, const char *path, uint64_t offset)
{
    *out = (struct heap_out){.fd = fd, .path = path, .offset = offset};
    out->block = malloc(HEAP_BLOCK_BYTES);
    return out->block ? NULL : &error_no_memory;
}

void heap_out_deinit(struct heap_out *out)
{
    section_vec_deinit(&out->sections);
    u32_vec_deinit(&out->crcs);
    free(out->block);
    error_destroy(out->error);
}

static struct error *write_all(const struct heap_out *out, const void *bytes, size_t length,
                               uint64_t offset)
{
    const char *from = bytes;
    while (length) {
        const ssize_t wrote = pwrite(out->fd, from, length, (off_t)offset);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote < 0)
            return error_create_errno(errno, "cannot write %s", out->path);
        from += wrote;
        offset += (uint64_t)wrote;
        length -= (size_t)wrote;
    }
    return NULL;
}

// ---- sections ----

void heap_out_fail(struct heap_out *out, struct error *err)
{
    if (out->error)
        error_destroy(err);
    else
        out->error = err;
}

// Afterwards the block has room, whether it was written or not: who fills it waits for that.
static void flush_block(struct heap_out *out)
{
    if (!out->error && out->used)
        heap_out_fail(out, u32_vec_push(&out->crcs, crc32c(0, out->block, out->used)));
    if (!out->error && out->used)
        heap_out_fail(out, write_all(out, out->block, out->used, out->offset));
    out->offset += out->used;
    out->used = 0;
}

void heap_out_bytes(struct heap_out *out, const void *bytes, size_t length)
{
    const uint8_t *from = bytes;
    out->section.bytes += length;
    while (length) {
        const size_t room = HEAP_BLOCK_BYTES - out->used;
        const size_t part = length < room ? length : room;
        memcpy(out->block + out->used, from, part);
        out->used += part;
        from += part;
        length -= part;
        if (out->used == HEAP_BLOCK_BYTES)
            flush_block(out);
    }
}

void heap_out_number(struct heap_out *out, uint64_t value)
{
    if (out->used + VARINT_MAX < HEAP_BLOCK_BYTES) {
        const uint8_t *end = varint_put(out->block + out->used, value);
        out->section.bytes += (size_t)(end - (out->block + out->used));
        out->used = (size_t)(end - out->block);
        return;
    }
    uint8_t bytes[VARINT_MAX];
    heap_out_bytes(out, bytes, (size_t)(varint_put(bytes, value) - bytes));
}

void heap_out_numbers(struct heap_out *out, const uint64_t *values, uint32_t count)
{
    const uint8_t *end = out->block + HEAP_BLOCK_BYTES - VARINT_MAX;
    for (uint32_t i = 0; i < count;) {
        uint8_t *begin = out->block + out->used, *to = begin;
        while (i < count && to < end)
            to = varint_put(to, values[i++]);
        out->section.bytes += (size_t)(to - begin);
        out->used = (size_t)(to - out->block);
        if (i < count)
            heap_out_number(out, values[i++]); // the block is full: the slow way over its end
    }
}

void heap_out_begin(struct heap_out *out, uint32_t tag, uint64_t count)
{
    out->section = (struct heap_section){.tag = tag, .offset = out->offset, .count = count};
    out->crcs.count = 0;
}

void heap_out_end(struct heap_out *out)
{
    flush_block(out);
    out->offset = (out->offset + 7) & ~UINT64_C(7);
    const size_t crc_bytes = out->crcs.count * sizeof *out->crcs.items;
    if (!out->error && crc_bytes)
        heap_out_fail(out, write_all(out, out->crcs.items, crc_bytes, out->offset));
    out->offset = (out->offset + crc_bytes + 7) & ~UINT64_C(7);
    if (!out->error)
        heap_out_fail(out, section_vec_push(&out->sections, out->section));
}

// ---- the end ----

struct error *heap_out_finish(struct heap_out *out, uint64_t *size_bytes)
{
    if (out->error)
        return take_ptr(out->error);
    const size_t bytes = out->sections.count * sizeof *out->sections.items;
    TRY(write_all(out, out->sections.items, bytes, out->offset));
    struct heap_header header = {.magic = HEAP_MAGIC,
                                 .version = HEAP_VERSION,
                                 .header_bytes = sizeof header,
                                 .features = 0,
                                 .file_bytes = out->offset + bytes,
                                 .table_offset = out->offset,
                                 .section_count = (uint32_t)out->sections.count,
                                 .table_crc = crc32c(0, out->sections.items, bytes)};
    header.header_crc = crc32c(0, &header, offsetof(struct heap_header, header_crc));
    out->offset += bytes;
    *size_bytes = out->offset;
    return write_all(out, &header, sizeof header, 0);
}

// ---- columns ----

// One byte for each seven bits begun.
static inline unsigned varint_length(uint64_t value)
{
    const unsigned bits = 64 - (unsigned)__builtin_clzll(value | 1);
    return (9 * bits + 64) / 64;
}

static void put_runs(struct column_out *c)
{
    for (uint32_t i = 0, run; i < c->count; i += run) {
        for (run = 1; i + run < c->count && c->values[i + run] == c->values[i]; run++)
            ;
        heap_out_number(c->out, c->values[i]);
        heap_out_number(c->out, run - 1);
    }
}

static uint64_t cost_of_runs(const struct column_out *c)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0, run; i < c->count; i += run) {
        for (run = 1; i + run < c->count && c->values[i + run] == c->values[i]; run++)
            ;
        bytes += varint_length(c->values[i]) + varint_length(run - 1);
    }
    return bytes;
}

// Fills in which values are as predicted, and moves the others together; returns how many they are.
static uint32_t predict(struct column_out *c, uint8_t *equal, uint64_t *others)
{
    const uint32_t *types = c->s->type + c->begin;
    uint32_t count = 0;
    for (uint32_t i = 0; i < c->count; i++) {
        struct column_guess *guess = &c->guesses[types[i]];
        const uint64_t value = c->values[i];
        const bool same = (guess->block == c->block + 1 ? guess->value : 0) == value;
        equal[i / 8] |= (uint8_t)(same << i % 8);
        others[count] = value;
        count += !same;
        *guess = (struct column_guess){value, c->block + 1};
    }
    return count;
}

// Most columns are of small numbers, for which this needs no loop that the compiler cannot turn
// into one over several values at a time.
static uint64_t cost_of_plain(const uint64_t *values, uint32_t count)
{
    uint64_t all = 0, bytes = 0;
    for (uint32_t i = 0; i < count; i++)
        all |= values[i];
    if (all >> 7 == 0)
        return count;
    if (all >> 14 == 0) {
        for (uint32_t i = 0; i < count; i++)
            bytes += (values[i] + 0x3f80) >> 14; // 1 from 128 on
        return count + bytes;
    }
    for (uint32_t i = 0; i < count; i++)
        bytes += varint_length(values[i]);
    return bytes;
}

static uint32_t count_changes(const struct column_out *c)
{
    uint32_t changes = 0;
    for (uint32_t i = 1; i < c->count; i++)
        changes += c->values[i] != c->values[i - 1];
    return changes;
}

static void put_mode(struct column_out *c, uint8_t mode)
{
    heap_out_bytes(c->out, &mode, 1);
}

// In the shortest of the three ways. A run costs two bytes or more.
void column_out_flush(struct column_out *c)
{
    uint8_t equal[HEAP_COLUMN_BLOCK / 8] = {0};
    uint64_t others[HEAP_COLUMN_BLOCK];
    uint64_t predicted = UINT64_MAX, runs = UINT64_MAX;
    uint32_t other_count = 0;
    if (c->count == 0)
        return;
    heap_out_fail(c->out, u64_vec_push(&c->index, c->out->section.bytes));
    const uint64_t plain = cost_of_plain(c->values, c->count);
    if (2 * ((uint64_t)count_changes(c) + 1) < plain)
        runs = cost_of_runs(c);
    if (c->predicts) {
        other_count = predict(c, equal, others);
        predicted = (c->count + 7) / 8 + cost_of_plain(others, other_count);
    }
    if (predicted < plain && predicted < runs) {
        put_mode(c, COLUMN_PREDICTED);
        heap_out_bytes(c->out, equal, (c->count + 7) / 8);
        heap_out_numbers(c->out, others, other_count);
    } else if (plain <= runs) {
        put_mode(c, COLUMN_PLAIN);
        heap_out_numbers(c->out, c->values, c->count);
    } else {
        put_mode(c, COLUMN_RUNS);
        put_runs(c);
    }
    c->begin += c->count;
    c->count = 0;
    c->block++;
}

void column_out_begin(struct column_out *c, uint32_t tag)
{
    const uint64_t blocks =
        ((uint64_t)c->s->object_count + HEAP_COLUMN_BLOCK - 1) / HEAP_COLUMN_BLOCK;
    heap_out_begin(c->out, tag, c->s->object_count);
    heap_out_fail(c->out, u64_vec_push(&c->index, tag));
    heap_out_fail(c->out, u64_vec_push(&c->index, blocks));
    c->predicts = tag != TAG_TYPC;
    c->count = c->begin = c->block = 0;
    memset(c->guesses, 0, ((size_t)c->s->type_count + 1) * sizeof *c->guesses);
}

void column_out_end(struct column_out *c)
{
    column_out_flush(c);
    heap_out_end(c->out);
}

void column_out_index(struct column_out *c, uint32_t tag)
{
    heap_out_begin(c->out, tag, c->index.count);
    heap_out_bytes(c->out, c->index.items, c->index.count * sizeof *c->index.items);
    heap_out_end(c->out);
}

struct error *column_out_create(struct heap_out *out, const struct snapshot *s,
                                struct column_out **ret)
{
    struct column_out *c = calloc(1, sizeof *c);
    if (!c)
        return &error_no_memory;
    c->out = out;
    c->s = s;
    c->guesses = calloc((size_t)s->type_count + 1, sizeof *c->guesses);
    if (!c->guesses) {
        free(c);
        return &error_no_memory;
    }
    *ret = c;
    return NULL;
}

void column_out_destroy(struct column_out *c)
{
    if (!c)
        return;
    free(c->guesses);
    u64_vec_deinit(&c->index);
    free(c);
}
