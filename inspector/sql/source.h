// What the tables read from: a snapshot, and what is computed of it when a query first asks.
//
// A query that counts by type needs columns and nothing else; one that looks at `retained` needs
// the dominators, which take seconds for a large heap. So every table says what it needs for the
// columns that a query uses, and sql_source_need() gets it. It stays for the next query.
//
// by_type lists the objects type by type, the types in order of name and module; that is the index
// behind `type = 'dict'`, and what makes GROUP BY type a walk without sorting. Type t has the row
// rank[t] in that order; rows of equal name stand together.
//
// SQLite wants its errors as texts. Ours keep their code and their lines in `failure`, where the
// caller of a query looks first.
#ifndef BRILLE_INSPECTOR_SQL_SOURCE_H
#define BRILLE_INSPECTOR_SQL_SOURCE_H

#include "inspector/analysis/dominators.h"
#include "inspector/analysis/histogram.h"
#include "inspector/analysis/paths.h"
#include "inspector/base/error.h"
#include "inspector/model/snapshot.h"
#include <stdint.h>

enum sql_need {
    SQL_NEED_COLUMNS = 1,
    SQL_NEED_LABELS = 2,
    SQL_NEED_EDGES = 4,
    SQL_NEED_REFERRERS = 8,
    SQL_NEED_DOMINATORS = 16,
    SQL_NEED_PATHS = 32,
    SQL_NEED_DEPTHS = 64,
    SQL_NEED_BY_TYPE = 128,
    SQL_NEED_HISTOGRAM = 256, // counts and sizes by type
    SQL_NEED_HOLDS = 512,     // retained by type
    SQL_NEED_EPOCHS = 1024,
};

struct sql_source {
    struct snapshot *snapshot; // borrowed
    unsigned ready;            // enum sql_need
    struct dominators *dominators;
    struct paths *paths;
    uint32_t *depth;      // by ordinal, UINT32_MAX: unreachable
    uint32_t *by_type;    // object_count ordinals
    uint32_t *type_order; // row -> type
    uint32_t *type_begin; // row -> where its objects begin in by_type; type_count + 1 entries
    struct type_sums {
        uint64_t count, size_bytes, retained_bytes;
    } * sums; // by type
    struct error *failure;
};

void sql_source_init(struct sql_source *source, struct snapshot *snapshot);
void sql_source_deinit(struct sql_source *source);

struct error *sql_source_need(struct sql_source *source, unsigned needs);

// Rows [*begin, *end) of type_order whose type has this name. BY_TYPE
void sql_source_find_types(const struct sql_source *source, const char *name, size_t length,
                           uint32_t *begin, uint32_t *end);

#endif
