// A brille-python that runs on, looked at (inspector/target/look.h): its threads with their frames,
// who holds the GIL, what its collector counts, how full its pools are.
//
// Each look reads afresh: what is cached of a running process is wrong a moment later. A frame's
// line is that of its last call, for the instruction of the innermost frame is in a register.
#include "inspector/target/look.h"

#include "inspector/target/ownvm/ownvm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct looker {
    pid_t pid;
    struct vm_table table;
    struct mem_source *mem;
    struct snapshot_builder *names; // the decoder of code objects keeps names in it
    unsigned looks;
};

enum { NAMES_FRESH_EVERY = 256 };

void ownvm_looker_destroy(struct looker *l)
{
    if (!l)
        return;
    mem_source_destroy(l->mem);
    snapshot_builder_destroy(l->names);
    free(l);
}

static struct error *make(struct looker *l, pid_t pid)
{
    struct maps maps;
    l->pid = pid;
    TRY(snapshot_builder_create(&l->names));
    TRY(mem_live_create(pid, &l->mem));
    maps_init(&maps);
    struct error *err = maps_read(&maps, pid);
    if (!err)
        err = vm_table_read(pid, &maps, l->mem, &l->table);
    maps_deinit(&maps);
    return err;
}

struct error *ownvm_looker_create(pid_t pid, struct looker **ret)
{
    struct looker *l = calloc(1, sizeof *l);
    if (!l)
        return &error_no_memory;
    struct error *err = make(l, pid);
    if (err)
        ownvm_looker_destroy(l);
    else
        *ret = l;
    return err;
}

static struct error *gone(const struct looker *l)
{
    return error_create(ERROR_GONE, "process %d has ended", (int)l->pid);
}

// ---- threads ----

static void set_frame(struct vm *vm, const unsigned char *bytes, struct look_frame *frame)
{
    const struct vm_code *code = vm_code_get(vm, word_at(bytes, vm->t.frame_code));
    snprintf(frame->function, sizeof frame->function, "%s", code ? code->function : "?");
    const char *slash = code ? strrchr(code->file, '/') : NULL;
    snprintf(frame->file, sizeof frame->file, "%s", slash ? slash + 1 : code ? code->file : "?");
    frame->line = code ? vm_code_line(vm, code, word_at(bytes, vm->t.frame_pc)) : 0;
}

static void read_frames(struct vm *vm, uint64_t address, struct look_thread *thread)
{
    struct vm_struct bytes;
    while (address && thread->depth < LOOK_FRAMES &&
           vm_read_struct(vm, address, vm->t.size_of_frame, &bytes)) {
        set_frame(vm, bytes.bytes, &thread->frames[thread->depth++]);
        address = word_at(bytes.bytes, vm->t.frame_prev);
    }
}

static struct error *read_threads(struct vm *vm, struct look *ret)
{
    const struct introspect *t = &vm->t;
    struct vm_struct bytes;
    uint64_t holder = 0, address = 0;
    vmem_u64(&vm->mem, t->address_gil + t->gil_holder, &holder);
    vmem_u64(&vm->mem, t->address_runtime + t->runtime_threads, &address);
    while (address && ret->threads.count < LOOK_THREADS &&
           vm_read_struct(vm, address, t->size_of_thread, &bytes)) {
        struct look_thread *thread;
        TRY(look_thread_vec_extend(&ret->threads, 1, &thread));
        const uint64_t name = word_at(bytes.bytes, t->thread_name);
        thread->tid = (pid_t)half_at(bytes.bytes, t->thread_tid);
        thread->gil = address == holder                                ? GIL_HOLDER
                      : half_at(bytes.bytes, t->thread_gil_state) == 1 ? GIL_WAITING
                                                                       : GIL_NONE;
        if (name)
            vmem_text(&vm->mem, name, thread->name, sizeof thread->name);
        read_frames(vm, word_at(bytes.bytes, t->thread_frame), thread);
        address = word_at(bytes.bytes, t->thread_next);
    }
    return NULL;
}

static void read_generations(struct vm *vm, struct look *ret)
{
    const struct introspect *t = &vm->t;
    ret->has_generations = true;
    for (unsigned i = 0; i < LOOK_GENERATIONS; i++) {
        const uint64_t at = t->address_gc + t->gc_stats + i * t->size_of_gc_stats;
        struct look_generation *g = &ret->generations[i];
        ret->has_generations &=
            vmem_u64(&vm->mem, at + t->gc_stats_collections, &g->runs) &&
            vmem_u64(&vm->mem, at + t->gc_stats_collected, &g->collected) &&
            vmem_u64(&vm->mem, at + t->gc_stats_uncollectable, &g->uncollectable);
    }
}

// The names that decoding leaves in the builder are let go now and then.
static struct error *freshen(struct looker *l)
{
    if (++l->looks % NAMES_FRESH_EVERY)
        return NULL;
    snapshot_builder_destroy(l->names);
    l->names = NULL;
    return snapshot_builder_create(&l->names);
}

struct error *ownvm_look(struct looker *l, struct look *ret)
{
    struct vm vm;
    uint64_t word;
    ret->threads.count = 0;
    TRY(freshen(l));
    struct error *err = vm_init(&vm, l->names, &l->table, l->mem);
    if (!err && !vmem_u64(&vm.mem, l->table.rows.address_runtime, &word))
        err = gone(l);
    if (!err)
        err = read_threads(&vm, ret);
    if (!err)
        read_generations(&vm, ret);
    vm_deinit(&vm);
    return err;
}

struct error *ownvm_look_gil(struct looker *l, struct look_gil *ret)
{
    const struct introspect *t = &l->table.rows;
    uint64_t holder = 0;
    uint32_t tid = 0;
    struct error *err = mem_read_u64(l->mem, remote_at(t->address_gil + t->gil_holder), &holder);
    if (!err)
        err = mem_read_u64(l->mem, remote_at(t->address_gil + t->gil_seq), &ret->switches);
    if (!err && holder)
        error_destroy(mem_read_u32(l->mem, remote_at(holder + t->thread_tid), &tid));
    ret->holder = (pid_t)tid;
    return err;
}

// ---- pools ----

struct pool_count {
    const struct introspect *t;
    struct look_pools *pools;
};

static void count_pool(void *context, const unsigned char *pool)
{
    const struct pool_count *count = context;
    const struct introspect *t = count->t;
    const uint32_t block_bytes = half_at(pool, t->pool_block_bytes);
    uint16_t used, capacity;
    memcpy(&used, pool + t->pool_used, sizeof used);
    memcpy(&capacity, pool + t->pool_capacity, sizeof capacity);
    if (pool[t->pool_in_use] && block_bytes && block_bytes <= t->block_max)
        look_add_pool(count->pools, block_bytes, capacity, used);
    else
        count->pools->free_pools++;
}

static void read_arena(const struct looker *l, uint64_t at, struct look_pools *ret)
{
    const struct introspect *t = &l->table.rows;
    const uint64_t pools = t->arena_bytes / t->pool_bytes;
    struct pool_count count = {t, ret};
    unsigned char row[TABLE_STRUCT_MAX];
    if (mem_read_some(l->mem, remote_at(at), row, t->size_of_arena) != t->size_of_arena)
        return;
    const uint64_t base = word_at(row, t->arena_base), carved = half_at(row, t->arena_carved);
    if (!base)
        return;
    ret->arenas++;
    ret->arena_bytes += t->arena_bytes;
    if (look_each_pool(l->pid, base, t->pool_bytes, carved < pools ? carved : pools,
                       t->pool_header_bytes, count_pool, &count))
        ret->free_pools += carved < pools ? pools - carved : 0;
}

struct error *ownvm_look_pools(struct looker *l, struct look_pools *ret)
{
    const struct introspect *t = &l->table.rows;
    uint64_t table = 0, entries = 0;
    *ret = (struct look_pools){.pool_bytes = t->pool_bytes, .has_large = true};
    if (t->pool_header_bytes > LOOK_POOL_HEADER)
        return error_create(ERROR_UNSUPPORTED, "pools of this kind are not known");
    TRY(mem_read_u64(l->mem, remote_at(t->address_heap + t->heap_arenas), &table));
    TRY(mem_read_u64(l->mem, remote_at(t->address_heap + t->heap_arena_count), &entries));
    TRY(mem_read_u64(l->mem, remote_at(t->address_heap + t->heap_large_count), &ret->large_count));
    TRY(mem_read_u64(l->mem, remote_at(t->address_heap + t->heap_large_bytes), &ret->large_bytes));
    for (uint64_t i = 0; i < entries && i < LIMIT_ARENAS; i++)
        read_arena(l, table + i * t->size_of_arena, ret);
    return NULL;
}
