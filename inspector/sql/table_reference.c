// The table of references, found by their source, by their target, or all in order of the source.
#include "inspector/sql/table.h"

enum reference_plan {
    REFERENCE_ALL,
    REFERENCE_SOURCE, // value: an address
    REFERENCE_TARGET, // value: an address
};

static unsigned reference_needs(uint64_t columns)
{
    (void)columns;
    return SQL_NEED_EDGES;
}

static void reference_plan(struct sql_source *source, sqlite3_index_info *info)
{
    const double m = (double)source->snapshot->reference_count + 1;
    const double n = (double)source->snapshot->object_count + 1;
    const int by_source = sql_constraint(info, SQL_reference_source, SQLITE_INDEX_CONSTRAINT_EQ);
    const int by_target = sql_constraint(info, SQL_reference_target, SQLITE_INDEX_CONSTRAINT_EQ);
    if (by_source >= 0 || by_target >= 0) {
        info->idxNum = by_source >= 0 ? REFERENCE_SOURCE : REFERENCE_TARGET;
        info->aConstraintUsage[by_source >= 0 ? by_source : by_target].argvIndex = 1;
        info->estimatedRows = (sqlite3_int64)(m / n) + 2;
        // To come from a target, its sources' references have to be looked through.
        info->estimatedCost = (m / n + 5) * (by_source >= 0 ? 1 : 4);
        return;
    }
    info->idxNum = REFERENCE_ALL;
    info->estimatedCost = m;
    info->estimatedRows = (sqlite3_int64)m;
    info->orderByConsumed = info->nOrderBy == 1 &&
                            info->aOrderBy[0].iColumn == SQL_reference_source &&
                            !info->aOrderBy[0].desc;
}

// ---- walking ----

// The next source, which the scan then stands before; false when there is none.
static bool next_source(struct sql_cursor *c)
{
    struct reference_scan *scan = &c->reference;
    uint32_t object;
    if (scan->referrers) {
        if (scan->referrers == scan->referrers_end)
            return false;
        object = *scan->referrers;
        while (scan->referrers < scan->referrers_end && *scan->referrers == object)
            scan->referrers++; // once per reference in the list, once here
    } else {
        if (scan->object >= scan->object_end)
            return false;
        object = scan->object++;
    }
    scan->edges = snapshot_edges(c->source->snapshot, object);
    c->row = c->source->snapshot->edge_begin[object] - 1;
    c->at = object;
    return true;
}

static void reference_next(struct sql_cursor *c)
{
    struct reference_scan *scan = &c->reference;
    do {
        while (edge_iter_next(&scan->edges, &scan->edge)) {
            c->row++;
            if (scan->target == ORDINAL_NONE || scan->edge.target == scan->target)
                return;
        }
    } while (next_source(c));
    c->eof = true;
}

static struct error *reference_start(struct sql_cursor *c, int plan, int argc, sqlite3_value **argv)
{
    const struct snapshot *s = c->source->snapshot;
    struct reference_scan *scan = &c->reference;
    (void)argc;
    *scan = (struct reference_scan){.object_end = s->object_count, .target = ORDINAL_NONE};
    if (plan != REFERENCE_ALL) {
        const uint32_t object = sql_object_of(c->source, argv[0]);
        scan->object = object;
        scan->object_end = object + 1; // 0 when there is no such object
        if (plan == REFERENCE_TARGET && object != ORDINAL_NONE) {
            uint64_t count;
            TRY(sql_source_need(c->source, SQL_NEED_REFERRERS));
            scan->target = object;
            scan->referrers = snapshot_referrers(s, object, &count);
            scan->referrers_end = scan->referrers + count;
        }
    }
    c->eof = false;
    reference_next(c);
    return NULL;
}

static void reference_column(struct sql_cursor *c, sqlite3_context *context, int column)
{
    const struct snapshot *s = c->source->snapshot;
    const struct edge *edge = &c->reference.edge;
    switch ((enum sql_reference_column)column) {
    case SQL_reference_source:
        sql_result_number(context, s->address[c->at]);
        break;
    case SQL_reference_target:
        sql_result_number(context, s->address[edge->target]);
        break;
    case SQL_reference_name:
        strbuf_clear(&c->text);
        snapshot_add_edge_name(s, edge, &c->text);
        sqlite3_result_text(context, strbuf_text(&c->text), (int)c->text.length, SQLITE_TRANSIENT);
        break;
    case SQL_reference_kind:
        sql_result_word(context, edge_kind_word(edge->kind));
        break;
    case SQL_reference_class:
        sql_result_word(context, edge_class_word(edge->class));
        break;
    case SQL_reference_COLUMNS:
        break;
    }
}

const struct sql_table sql_table_reference = {.needs = reference_needs,
                                              .plan = reference_plan,
                                              .start = reference_start,
                                              .next = reference_next,
                                              .column = reference_column};
