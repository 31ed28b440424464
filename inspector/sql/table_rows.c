// The small tables: arrays of the snapshot, always walked whole. A table is a number of rows, what
// it needs, and a function for its columns.
#include "inspector/sql/table.h"

static unsigned needs_nothing(uint64_t columns)
{
    (void)columns;
    return SQL_NEED_COLUMNS;
}

static void rows_plan(struct sql_source *source, sqlite3_index_info *info)
{
    (void)source;
    info->estimatedCost = 1000;
    info->estimatedRows = 1000;
}

static struct error *start_rows(struct sql_cursor *c, uint64_t count)
{
    c->at = c->row = 0;
    c->end = count;
    c->eof = count == 0;
    return NULL;
}

static void rows_next(struct sql_cursor *c)
{
    c->row = ++c->at;
    c->eof = c->at >= c->end;
}

// ---- heap ----

static unsigned heap_needs(uint64_t columns)
{
    return sql_uses(columns, SQL_heap_size, SQL_heap_size) ? SQL_NEED_HISTOGRAM : 0;
}

static struct error *heap_start(struct sql_cursor *c, int plan, int argc, sqlite3_value **argv)
{
    (void)plan, (void)argc, (void)argv;
    return start_rows(c, 1);
}

static uint64_t heap_size(const struct sql_source *source)
{
    uint64_t sum = 0;
    for (uint32_t t = 0; t < source->snapshot->type_count; t++)
        sum += source->sums[t].size_bytes;
    return sum;
}

static void heap_column(struct sql_cursor *c, sqlite3_context *context, int column)
{
    const struct snapshot *s = c->source->snapshot;
    const struct snapshot_info *info = &s->info;
    switch ((enum sql_heap_column)column) {
    case SQL_heap_runtime:
        sql_result_word(context, info->runtime);
        break;
    case SQL_heap_version:
        sql_result_word(context, info->version);
        break;
    case SQL_heap_pid:
        sql_result_number(context, info->pid);
        break;
    case SQL_heap_command:
        sql_result_word(context, info->command);
        break;
    case SQL_heap_taken_unix_ns:
        sqlite3_result_int64(context, info->taken_unix_ns);
        break;
    case SQL_heap_pause_ns:
        sql_result_number(context, info->pause_ns);
        break;
    case SQL_heap_capture_ns:
        sql_result_number(context, info->capture_ns);
        break;
    case SQL_heap_object_count:
        sql_result_number(context, s->object_count);
        break;
    case SQL_heap_reference_count:
        sql_result_number(context, s->reference_count);
        break;
    case SQL_heap_size:
        sql_result_number(context, heap_size(c->source));
        break;
    case SQL_heap_rss_bytes:
        sql_result_number(context, info->rss_bytes);
        break;
    case SQL_heap_arena_bytes:
        sql_result_number(context, info->arena_bytes);
        break;
    case SQL_heap_complete:
        sqlite3_result_int(context, info->complete);
        break;
    case SQL_heap_incomplete_why:
        sql_result_word(context, info->incomplete_why);
        break;
    case SQL_heap_event_seq:
        if (info->has_event_seq)
            sql_result_number(context, info->event_seq);
        break;
    case SQL_heap_birth_epoch:
        sql_result_number(context, info->birth_epoch);
        break;
    case SQL_heap_COLUMNS:
        break;
    }
}

const struct sql_table sql_table_heap = {.needs = heap_needs,
                                         .plan = rows_plan,
                                         .start = heap_start,
                                         .next = rows_next,
                                         .column = heap_column};

// ---- type ----

static unsigned type_needs(uint64_t columns)
{
    unsigned needs = 0;
    if (sql_uses(columns, SQL_type_count, SQL_type_retained))
        needs |= SQL_NEED_HISTOGRAM;
    if (sql_uses(columns, SQL_type_retained, SQL_type_retained))
        needs |= SQL_NEED_HOLDS;
    return needs;
}

static struct error *type_start(struct sql_cursor *c, int plan, int argc, sqlite3_value **argv)
{
    (void)plan, (void)argc, (void)argv;
    return start_rows(c, c->source->snapshot->type_count);
}

static void type_column(struct sql_cursor *c, sqlite3_context *context, int column)
{
    const struct snapshot *s = c->source->snapshot;
    const struct snapshot_type *type = &s->types[c->row];
    const struct type_sums *sums = c->source->sums ? &c->source->sums[c->row] : NULL;
    switch ((enum sql_type_column)column) {
    case SQL_type_name:
        sql_result_string(context, s, type->name);
        break;
    case SQL_type_module:
        sql_result_string(context, s, type->module);
        break;
    case SQL_type_address:
        sql_result_number(context, type->address);
        break;
    case SQL_type_basic_size:
        sql_result_number(context, type->size_bytes);
        break;
    case SQL_type_count:
        sql_result_number(context, sums->count);
        break;
    case SQL_type_size:
        sql_result_number(context, sums->size_bytes);
        break;
    case SQL_type_retained:
        sql_result_number(context, sums->retained_bytes);
        break;
    case SQL_type_COLUMNS:
        break;
    }
}

const struct sql_table sql_table_type = {.needs = type_needs,
                                         .plan = rows_plan,
                                         .start = type_start,
                                         .next = rows_next,
                                         .column = type_column};

// ---- root ----

static struct error *root_start(struct sql_cursor *c, int plan, int argc, sqlite3_value **argv)
{
    (void)plan, (void)argc, (void)argv;
    return start_rows(c, c->source->snapshot->root_count);
}

static void root_column(struct sql_cursor *c, sqlite3_context *context, int column)
{
    const struct snapshot *s = c->source->snapshot;
    const struct snapshot_root *root = &s->roots[c->row];
    switch ((enum sql_root_column)column) {
    case SQL_root_target:
        sql_result_address(context, s, root->target);
        break;
    case SQL_root_kind:
        sql_result_word(context, root_kind_word(root->kind));
        break;
    case SQL_root_name:
        sql_result_string(context, s, root->name);
        break;
    case SQL_root_class:
        sql_result_word(context, edge_class_word(root->class));
        break;
    case SQL_root_tid:
        if (root->thread < s->thread_count)
            sql_result_number(context, s->threads[root->thread].tid);
        break;
    case SQL_root_function:
        if (root->frame < s->frame_count)
            sql_result_string(context, s, s->frames[root->frame].function);
        break;
    case SQL_root_COLUMNS:
        break;
    }
}

const struct sql_table sql_table_root = {.needs = needs_nothing,
                                         .plan = rows_plan,
                                         .start = root_start,
                                         .next = rows_next,
                                         .column = root_column};

// ---- thread, frame ----

static struct error *thread_start(struct sql_cursor *c, int plan, int argc, sqlite3_value **argv)
{
    (void)plan, (void)argc, (void)argv;
    return start_rows(c, c->source->snapshot->thread_count);
}

static void thread_column(struct sql_cursor *c, sqlite3_context *context, int column)
{
    const struct snapshot *s = c->source->snapshot;
    const struct snapshot_thread *thread = &s->threads[c->row];
    switch ((enum sql_thread_column)column) {
    case SQL_thread_tid:
        sql_result_number(context, thread->tid);
        break;
    case SQL_thread_name:
        sql_result_string(context, s, thread->name);
        break;
    case SQL_thread_gil:
        sql_result_word(context, gil_state_word(thread->gil));
        break;
    case SQL_thread_frame_count:
        sql_result_number(context, thread->frame_count);
        break;
    case SQL_thread_COLUMNS:
        break;
    }
}

const struct sql_table sql_table_thread = {.needs = needs_nothing,
                                           .plan = rows_plan,
                                           .start = thread_start,
                                           .next = rows_next,
                                           .column = thread_column};

static struct error *frame_start(struct sql_cursor *c, int plan, int argc, sqlite3_value **argv)
{
    (void)plan, (void)argc, (void)argv;
    return start_rows(c, c->source->snapshot->frame_count);
}

// Rows are in order of the threads, so the thread of a row is the last that begins at or before it.
static const struct snapshot_thread *thread_of(const struct snapshot *s, uint64_t frame)
{
    uint32_t low = 0, high = s->thread_count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (s->threads[middle].frame_begin <= frame)
            low = middle + 1;
        else
            high = middle;
    }
    const struct snapshot_thread *found = low ? &s->threads[low - 1] : NULL;
    return found && frame - found->frame_begin < found->frame_count ? found : NULL;
}

static void frame_column(struct sql_cursor *c, sqlite3_context *context, int column)
{
    const struct snapshot *s = c->source->snapshot;
    const struct snapshot_frame *frame = &s->frames[c->row];
    const struct snapshot_thread *thread = thread_of(s, c->row);
    switch ((enum sql_frame_column)column) {
    case SQL_frame_tid:
        if (thread)
            sql_result_number(context, thread->tid);
        break;
    case SQL_frame_depth:
        if (thread)
            sql_result_number(context, c->row - thread->frame_begin);
        break;
    case SQL_frame_function:
        sql_result_string(context, s, frame->function);
        break;
    case SQL_frame_file:
        sql_result_string(context, s, frame->file);
        break;
    case SQL_frame_line:
        sql_result_number(context, frame->line);
        break;
    case SQL_frame_object:
        sql_result_address(context, s, frame->object);
        break;
    case SQL_frame_COLUMNS:
        break;
    }
}

const struct sql_table sql_table_frame = {.needs = needs_nothing,
                                          .plan = rows_plan,
                                          .start = frame_start,
                                          .next = rows_next,
                                          .column = frame_column};

// ---- pool ----

static struct error *pool_start(struct sql_cursor *c, int plan, int argc, sqlite3_value **argv)
{
    (void)plan, (void)argc, (void)argv;
    return start_rows(c, c->source->snapshot->pool_count);
}

static void pool_column(struct sql_cursor *c, sqlite3_context *context, int column)
{
    const struct snapshot_pool *pool = &c->source->snapshot->pools[c->row];
    switch ((enum sql_pool_column)column) {
    case SQL_pool_address:
        sql_result_number(context, pool->address);
        break;
    case SQL_pool_arena:
        sql_result_number(context, pool->arena);
        break;
    case SQL_pool_block_size:
        sql_result_number(context, pool->block_bytes);
        break;
    case SQL_pool_capacity:
        sql_result_number(context, pool->capacity);
        break;
    case SQL_pool_used:
        sql_result_number(context, pool->used);
        break;
    case SQL_pool_COLUMNS:
        break;
    }
}

const struct sql_table sql_table_pool = {.needs = needs_nothing,
                                         .plan = rows_plan,
                                         .start = pool_start,
                                         .next = rows_next,
                                         .column = pool_column};
