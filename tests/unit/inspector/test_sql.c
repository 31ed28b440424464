// SQL over small heaps: what a query costs in work, that every way into a table gives the rows of a
// full scan, and that damage keeps its own error.
#include "inspector/model/heap_file.h"
#include "inspector/sql/database.h"
#include "inspector/sql/schema.h"
#include "tests/support/fake_snapshot.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

// All rows as text, columns separated by '|', rows by '\n'.
static struct error *rows_of(struct sql_database *database, const char *query, struct strbuf *out)
{
    sqlite3_stmt *statement;
    bool row;
    TRY(sql_database_prepare(database, query, &statement, &query));
    struct error *err = sql_database_step(database, statement, &row);
    while (!err && row) {
        for (int c = 0; c < sqlite3_column_count(statement); c++) {
            const char *text = (const char *)sqlite3_column_text(statement, c);
            strbuf_addf(out, "%s%s", c ? "|" : "", text ? text : "NULL");
        }
        strbuf_add_char(out, '\n');
        err = sql_database_step(database, statement, &row);
    }
    sqlite3_finalize(statement);
    return err;
}

static void assert_rows(struct sql_database *database, const char *query, const char *expected)
{
    struct strbuf rows;
    strbuf_init(&rows);
    fake_ok(rows_of(database, query, &rows));
    assert_string_equal(strbuf_text(&rows), expected);
    strbuf_deinit(&rows);
}

static void assert_same_rows(struct sql_database *database, const char *one, const char *other)
{
    struct strbuf rows;
    strbuf_init(&rows);
    fake_ok(rows_of(database, other, &rows));
    assert_true(rows.length > 0);
    assert_rows(database, one, strbuf_text(&rows));
    strbuf_deinit(&rows);
}

static void test_rows_are_those_of_the_snapshot(void **state)
{
    (void)state;
    struct snapshot *s = fake_leaking_program(2);
    struct sql_database *database;
    fake_ok(sql_database_open(s, &database));
    assert_rows(database, "SELECT type, count(*), sum(size) FROM object GROUP BY type",
                "Row|2|96\nbytes|2|2000\ndict|4|704\nmodule|1|72\nstr|1|54\ntuple|1|48\n");
    assert_rows(database,
                "SELECT module, type, retained, depth FROM object WHERE address = "
                "0x7f0000000200",
                "builtins|dict|2568|2\n");
    assert_rows(database, "SELECT label, dominator = 0x7f0000000300 FROM object WHERE type = 'str'",
                "'hello'|1\n");
    assert_rows(database,
                "SELECT path(address), expression(address) FROM object WHERE type = 'Row'",
                "__main__.CACHE -> dict -> ['k0'] -> app.Row|__main__.CACHE['k0']\n"
                "__main__.CACHE -> dict -> ['k1'] -> app.Row|__main__.CACHE['k1']\n");
    assert_rows(database, "SELECT name, count, size, retained FROM type WHERE module = 'app'",
                "Row|2|96|2304\n");
    assert_rows(database, "SELECT kind, name, target, tid, function FROM root",
                "module|__main__|139637976727552|NULL|NULL\n");
    assert_rows(database,
                "SELECT runtime, object_count, reference_count, size, event_seq FROM heap",
                "brille|11|10|2974|77\n");
    assert_rows(database, "SELECT bytes(1), bytes(-2048), bytes(NULL), path(1), expression('x')",
                "1 B|-2.00 KiB|NULL|NULL|NULL\n");
    sql_database_close(database);
    snapshot_destroy(s);
}

// Unary + keeps SQLite from handing a constraint to the table.
static void test_every_way_in_gives_the_rows_of_a_scan(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"SELECT * FROM object WHERE address = 0x7f0000000500",
         "SELECT * FROM object WHERE +address = 0x7f0000000500"},
        {"SELECT * FROM object WHERE address > 0x7f0000000300 AND address <= 0x7f0000000700",
         "SELECT * FROM object WHERE +address > 0x7f0000000300 AND +address <= 0x7f0000000700"},
        {"SELECT * FROM object WHERE address >= 0x7f0000000300 AND address < 139637976729345.5",
         "SELECT * FROM object WHERE +address >= 0x7f0000000300 AND +address < 139637976729345.5"},
        {"SELECT count(*) FROM object WHERE address > -5 AND address > 'x'",
         "SELECT count(*) FROM object WHERE +address > -5 AND +address > 'x'"},
        {"SELECT count(*) FROM object WHERE address < 'x'",
         "SELECT count(*) FROM object WHERE +address < 'x'"},
        {"SELECT count(*) FROM object WHERE address < -1 OR address = NULL",
         "SELECT count(*) FROM object WHERE +address < -1 OR +address = NULL"},
        {"SELECT * FROM object WHERE type = 'dict'", "SELECT * FROM object WHERE +type = 'dict'"},
        {"SELECT count(*) FROM object WHERE type = 'nothing' OR type = 5",
         "SELECT count(*) FROM object WHERE +type = 'nothing' OR +type = 5"},
        {"SELECT * FROM object WHERE type IN ('str', 'tuple') ORDER BY address",
         "SELECT * FROM object WHERE +type IN ('str', 'tuple') ORDER BY +address"},
        {"SELECT type, module, address FROM object ORDER BY type, module",
         "SELECT type, module, address FROM object ORDER BY +type, +module, address"},
        {"SELECT type, module FROM object ORDER BY type DESC",
         "SELECT type, module FROM object ORDER BY +type DESC"},
        {"SELECT address FROM object ORDER BY address DESC",
         "SELECT address FROM object ORDER BY +address DESC"},
        {"SELECT DISTINCT type FROM object ORDER BY type",
         "SELECT type FROM object GROUP BY +type ORDER BY +type"},
        {"SELECT * FROM reference WHERE source = 0x7f0000000200",
         "SELECT * FROM reference WHERE +source = 0x7f0000000200"},
        {"SELECT * FROM reference WHERE target = 0x7f0000000700",
         "SELECT * FROM reference WHERE +target = 0x7f0000000700"},
        {"SELECT * FROM reference WHERE target = 0x7f0000000700 AND source = 0x7f0000000600",
         "SELECT * FROM reference WHERE +target = 0x7f0000000700 AND +source = 0x7f0000000600"},
        {"SELECT count(*) FROM reference WHERE source = 1 OR target = 1 OR source = 'x'",
         "SELECT count(*) FROM reference WHERE +source = 1 OR +target = 1 OR +source = 'x'"},
        {"SELECT source, target FROM reference ORDER BY source",
         "SELECT source, target FROM reference ORDER BY +source, rowid"},
        {"SELECT rowid, target FROM reference WHERE target = 0x7f0000000700",
         "SELECT rowid, target FROM reference WHERE +target = 0x7f0000000700"},
        {"SELECT o.address, t.address FROM object o JOIN reference r ON r.source = o.address JOIN "
         "object t ON t.address = r.target ORDER BY 1, 2",
         "SELECT o.address, t.address FROM object o JOIN reference r ON +r.source = o.address JOIN "
         "object t ON +t.address = r.target ORDER BY 1, 2"},
    };
    struct snapshot *s = fake_leaking_program(7);
    struct sql_database *database;
    fake_ok(sql_database_open(s, &database));
    for (unsigned i = 0; i < sizeof pairs / sizeof *pairs; i++)
        assert_same_rows(database, pairs[i][0], pairs[i][1]);
    sql_database_close(database);
    snapshot_destroy(s);
}

static void test_plans_use_the_indexes(void **state)
{
    (void)state;
    struct snapshot *s = fake_leaking_program(1);
    struct sql_database *database;
    struct strbuf rows;
    fake_ok(sql_database_open(s, &database));
    strbuf_init(&rows);
    fake_ok(rows_of(database, "EXPLAIN QUERY PLAN SELECT type, count(*) FROM object GROUP BY type",
                    &rows));
    assert_null(strstr(strbuf_text(&rows), "B-TREE"));
    strbuf_clear(&rows);
    fake_ok(rows_of(database, "EXPLAIN QUERY PLAN SELECT type, count(*) FROM object GROUP BY label",
                    &rows));
    assert_non_null(strstr(strbuf_text(&rows), "B-TREE"));
    strbuf_deinit(&rows);
    sql_database_close(database);
    snapshot_destroy(s);
}

// A snapshot from a file has nothing loaded at first.
static void test_only_what_a_query_uses_is_loaded(void **state)
{
    (void)state;
    char path[] = "/tmp/brille-test-sql-XXXXXX";
    struct snapshot *s = fake_leaking_program(3);
    struct sql_database *database;
    close(mkstemp(path));
    fake_ok(heap_file_write(s, path, NULL));
    snapshot_destroy(s);
    fake_ok(heap_file_open(path, &s));
    fake_ok(sql_database_open(s, &database));
    assert_rows(database, "SELECT count(*) FROM object", "14\n");
    assert_int_equal(s->loaded, SNAPSHOT_COLUMNS);
    assert_rows(database, "SELECT count(label) FROM object", "14\n");
    assert_int_equal(s->loaded, SNAPSHOT_COLUMNS | SNAPSHOT_LABELS);
    assert_rows(database, "SELECT count(*) FROM reference WHERE source = 0x7f0000000200", "3\n");
    assert_int_equal(s->loaded & SNAPSHOT_REFERRERS, 0);
    assert_rows(database, "SELECT count(*) FROM reference WHERE target = 0x7f0000000200", "1\n");
    assert_int_equal(s->loaded, SNAPSHOT_ALL & ~SNAPSHOT_EPOCHS);
    assert_rows(database, "SELECT sum(epoch) FROM object", "14\n");
    assert_int_equal(s->loaded, SNAPSHOT_ALL);
    sql_database_close(database);
    snapshot_destroy(s);
    unlink(path);
}

static void assert_fails(struct sql_database *database, const char *query, enum error_code code,
                         const char *message)
{
    struct strbuf rows;
    strbuf_init(&rows);
    _cleanup_error_ struct error *err = rows_of(database, query, &rows);
    assert_non_null(err);
    assert_int_equal(err->code, code);
    if (!strstr(err->message, message))
        fail_msg("no '%s' in '%s'", message, err->message);
    strbuf_deinit(&rows);
}

static void test_mistakes_are_usage_and_damage_is_not(void **state)
{
    (void)state;
    char path[] = "/tmp/brille-test-sql-XXXXXX";
    struct snapshot *s = fake_leaking_program(300);
    struct sql_database *database;
    close(mkstemp(path));
    fake_ok(heap_file_write(s, path, NULL));
    fake_ok(sql_database_open(s, &database));
    assert_fails(database, "SELECT absent FROM object", ERROR_USAGE,
                 "no such column: absent (at character 8)");
    assert_fails(database, "INSERT INTO object VALUES (1)", ERROR_USAGE, "may not be modified");
    assert_fails(database, "SELECT abs(-9223372036854775808)", ERROR_USAGE, "integer overflow");
    sql_database_close(database);
    snapshot_destroy(s);

    FILE *file = fopen(path, "r+");
    fseek(file, 0, SEEK_END);
    const long middle = ftell(file) / 2;
    for (long i = middle - 200; i < middle + 200; i++) {
        fseek(file, i, SEEK_SET);
        fputc('x', file);
    }
    fclose(file);
    struct error *err = heap_file_open(path, &s);
    if (!err) {
        fake_ok(sql_database_open(s, &database));
        assert_fails(database, "SELECT *, path(address) FROM object", ERROR_FORMAT, "damaged");
        sql_database_close(database);
        snapshot_destroy(s);
    }
    error_destroy(err);
    unlink(path);
}

static void test_schema_is_documented(void **state)
{
    (void)state;
    for (unsigned i = 0; i < SQL_TABLES; i++) {
        struct strbuf help;
        strbuf_init(&help);
        sql_schema_add_help(&sql_schemas[i], &help);
        for (const struct sql_column *c = sql_schemas[i].columns; c->name; c++) {
            assert_true(strlen(c->doc) > 0);
            assert_non_null(strstr(strbuf_text(&help), c->name));
        }
        strbuf_deinit(&help);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_are_those_of_the_snapshot),
        cmocka_unit_test(test_every_way_in_gives_the_rows_of_a_scan),
        cmocka_unit_test(test_plans_use_the_indexes),
        cmocka_unit_test(test_only_what_a_query_uses_is_loaded),
        cmocka_unit_test(test_mistakes_are_usage_and_damage_is_not),
        cmocka_unit_test(test_schema_is_documented),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
