// The table of objects, and its three ways in: by address (equal or between), by type, and all,
// either in order of address or, when that is what the query sorts or groups by, type by type.
#include "inspector/sql/table.h"

#include <string.h>

enum object_plan {
    OBJECT_ALL,
    OBJECT_ALL_BY_TYPE,
    OBJECT_TYPE,    // value: a name
    OBJECT_ADDRESS, // value: an address
    OBJECT_LOWER = 16,
    OBJECT_UPPER = 32, // flags: values are bounds of the address
};

static unsigned object_needs(uint64_t columns)
{
    unsigned needs = SQL_NEED_COLUMNS;
    if (sql_uses(columns, SQL_object_epoch, SQL_object_epoch))
        needs |= SQL_NEED_EPOCHS;
    if (sql_uses(columns, SQL_object_label, SQL_object_label))
        needs |= SQL_NEED_LABELS;
    if (sql_uses(columns, SQL_object_explained, SQL_object_explained))
        needs |= SQL_NEED_EDGES;
    if (sql_uses(columns, SQL_object_retained, SQL_object_dominator))
        needs |= SQL_NEED_DOMINATORS;
    if (sql_uses(columns, SQL_object_depth, SQL_object_depth))
        needs |= SQL_NEED_DEPTHS;
    return needs;
}

static void use(sqlite3_index_info *info, int constraint, int argument)
{
    info->aConstraintUsage[constraint].argvIndex = argument;
}

// ---- planning ----

// Whether the wanted order is by address, or by type (and module), rising.
static bool wants(const sqlite3_index_info *info, int first, int second)
{
    for (int i = 0; i < info->nOrderBy; i++)
        if (i > 1 || info->aOrderBy[i].iColumn != (i ? second : first) ||
            (info->aOrderBy[i].desc && sqlite3_vtab_distinct((sqlite3_index_info *)info) == 0))
            return false;
    return info->nOrderBy > 0;
}

static void plan_range(sqlite3_index_info *info, double rows)
{
    static const struct {
        unsigned char op;
        int flag;
    } bounds[] = {{SQLITE_INDEX_CONSTRAINT_GT, OBJECT_LOWER},
                  {SQLITE_INDEX_CONSTRAINT_GE, OBJECT_LOWER},
                  {SQLITE_INDEX_CONSTRAINT_LT, OBJECT_UPPER},
                  {SQLITE_INDEX_CONSTRAINT_LE, OBJECT_UPPER}};
    int argument = 0;
    for (int pass = OBJECT_LOWER; pass <= OBJECT_UPPER; pass *= 2) // the lower bound comes first
        for (unsigned i = 0; i < 4; i++) {
            const int at = sql_constraint(info, SQL_object_address, bounds[i].op);
            if (bounds[i].flag != pass || at < 0 || info->idxNum & pass)
                continue;
            info->idxNum |= pass;
            use(info, at, ++argument);
            rows /= 4;
        }
    info->estimatedCost = rows;
    info->estimatedRows = (sqlite3_int64)rows;
}

static void object_plan(struct sql_source *source, sqlite3_index_info *info)
{
    const double n = (double)source->snapshot->object_count + 1;
    const int address = sql_constraint(info, SQL_object_address, SQLITE_INDEX_CONSTRAINT_EQ);
    const int type = sql_constraint(info, SQL_object_type, SQLITE_INDEX_CONSTRAINT_EQ);
    if (address >= 0) {
        info->idxNum = OBJECT_ADDRESS;
        use(info, address, 1);
        info->estimatedCost = 5;
        info->estimatedRows = 1;
        info->idxFlags = SQLITE_INDEX_SCAN_UNIQUE;
    } else if (type >= 0) {
        info->idxNum = OBJECT_TYPE;
        use(info, type, 1);
        info->estimatedCost = n / 20;
        info->estimatedRows = (sqlite3_int64)(n / 20);
    } else if (wants(info, SQL_object_type, SQL_object_module)) {
        info->idxNum = OBJECT_ALL_BY_TYPE;
        info->orderByConsumed = 1;
        info->estimatedCost = n;
        info->estimatedRows = (sqlite3_int64)n;
    } else {
        plan_range(info, n);
        info->orderByConsumed = wants(info, SQL_object_address, -1) && info->nOrderBy == 1;
    }
}

// ---- walking ----

// The first ordinal whose address is not below.
static uint32_t lower_bound(const struct snapshot *s, uint64_t address)
{
    uint32_t low = 0, high = s->object_count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (s->address[middle] < address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void place(struct sql_cursor *c)
{
    c->eof = c->at >= c->end;
    if (!c->eof)
        c->row = c->ordinals ? c->ordinals[c->at] : c->at;
}

// A bound that is no integer bounds nothing here; SQLite compares again.
static void start_range(struct sql_cursor *c, int plan, sqlite3_value **argv)
{
    const struct snapshot *s = c->source->snapshot;
    for (int flag = OBJECT_LOWER, i = 0; flag <= OBJECT_UPPER; flag *= 2) {
        sqlite3_value *value = plan & flag ? argv[i++] : NULL;
        if (!value || sqlite3_value_numeric_type(value) != SQLITE_INTEGER)
            continue;
        const sqlite3_int64 bound = sqlite3_value_int64(value);
        const uint64_t address = bound < 0 ? 0 : (uint64_t)bound;
        if (flag == OBJECT_LOWER)
            c->at = lower_bound(s, address);
        else
            c->end = bound < 0 ? 0 : lower_bound(s, address + 1);
    }
}

static struct error *object_start(struct sql_cursor *c, int plan, int argc, sqlite3_value **argv)
{
    const struct sql_source *source = c->source;
    (void)argc;
    c->at = 0;
    c->end = source->snapshot->object_count;
    c->ordinals = NULL;
    if (plan == OBJECT_ALL_BY_TYPE || plan == OBJECT_TYPE) {
        TRY(sql_source_need(c->source, SQL_NEED_BY_TYPE));
        c->ordinals = source->by_type;
    }
    if (plan == OBJECT_TYPE) {
        uint32_t begin, end;
        const char *name = (const char *)sqlite3_value_text(argv[0]);
        const bool is_text = name && sqlite3_value_type(argv[0]) == SQLITE_TEXT;
        sql_source_find_types(source, is_text ? name : "",
                              is_text ? (size_t)sqlite3_value_bytes(argv[0]) : 0, &begin, &end);
        c->at = source->type_begin[begin];
        c->end = source->type_begin[end];
    } else if (plan == OBJECT_ADDRESS) {
        const uint32_t object = sql_object_of(source, argv[0]);
        c->at = object == ORDINAL_NONE ? 0 : object;
        c->end = object == ORDINAL_NONE ? 0 : (uint64_t)object + 1;
    } else {
        start_range(c, plan, argv);
    }
    place(c);
    return NULL;
}

static void object_next(struct sql_cursor *c)
{
    c->at++;
    place(c);
}

// ---- columns ----

static void result_generation(sqlite3_context *context, const struct snapshot *s, uint32_t o)
{
    const int generation = snapshot_generation(s, o);
    if (!snapshot_tracked(s, o) || generation > GENERATION_PERMANENT)
        return;
    if (generation == GENERATION_PERMANENT)
        sql_result_word(context, "permanent");
    else
        sqlite3_result_int(context, generation);
}

static void object_column(struct sql_cursor *c, sqlite3_context *context, int column)
{
    const struct sql_source *source = c->source;
    const struct snapshot *s = source->snapshot;
    const uint32_t o = (uint32_t)c->row;
    switch ((enum sql_object_column)column) {
    case SQL_object_address:
        sql_result_number(context, s->address[o]);
        break;
    case SQL_object_type:
        sql_result_string(context, s, s->types[s->type[o]].name);
        break;
    case SQL_object_module:
        sql_result_string(context, s, s->types[s->type[o]].module);
        break;
    case SQL_object_size:
        sql_result_number(context, snapshot_size(s, o));
        break;
    case SQL_object_refcount:
        sql_result_number(context, s->refcount[o]);
        break;
    case SQL_object_explained:
        sql_result_number(context, s->explained[o]);
        break;
    case SQL_object_tracked:
        sqlite3_result_int(context, snapshot_tracked(s, o));
        break;
    case SQL_object_generation:
        result_generation(context, s, o);
        break;
    case SQL_object_immortal:
        sqlite3_result_int(context, snapshot_immortal(s, o));
        break;
    case SQL_object_label:
        sql_result_string(context, s, s->label[o]);
        break;
    case SQL_object_epoch:
        sql_result_number(context, s->epoch[o]);
        break;
    case SQL_object_retained:
        sql_result_number(context, source->dominators->retained[o]);
        break;
    case SQL_object_dominator: // DOMINATOR_ROOT and DOMINATOR_NONE are no objects: NULL
        sql_result_address(context, s, source->dominators->parent[o]);
        break;
    case SQL_object_depth:
        if (source->depth[o] != UINT32_MAX)
            sql_result_number(context, source->depth[o]);
        break;
    case SQL_object_COLUMNS:
        break;
    }
}

const struct sql_table sql_table_object = {.needs = object_needs,
                                           .plan = object_plan,
                                           .start = object_start,
                                           .next = object_next,
                                           .column = object_column};
