// A hostile .heap file: whatever the bytes are, it is opened with one error or it is a sound
// snapshot, and every analysis and export of a sound snapshot comes to an end.
//
// The seeds have everything that is coded in a way of its own, with and without the sections that
// analyses append. The mutator puts the checksums right, most of the time: an enemy would, and the
// decoding behind them is what is to be tried.
#include "tests/fuzz/fuzz.h"

#include "inspector/analysis/containers.h"
#include "inspector/analysis/cycles.h"
#include "inspector/analysis/diff.h"
#include "inspector/analysis/dominators.h"
#include "inspector/analysis/duplicates.h"
#include "inspector/analysis/fragments.h"
#include "inspector/analysis/garbage.h"
#include "inspector/analysis/histogram.h"
#include "inspector/analysis/leaks.h"
#include "inspector/analysis/paths.h"
#include "inspector/analysis/peek.h"
#include "inspector/analysis/residence.h"
#include "inspector/analysis/stored.h"
#include "inspector/analysis/typetree.h"
#include "inspector/analysis/ways.h"
#include "inspector/export/export.h"
#include "inspector/model/heap_file.h"
#include "inspector/report/report.h"
#include "tests/support/fake_snapshot.h"
#include "tests/support/heap_bytes.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// ---- seeds ----

static void write_seed(fuzz_seed *seed, void *context, struct snapshot *s, const char *name,
                       bool analysed)
{
    char path[] = "/tmp/brille-fuzz-XXXXXX";
    size_t size;
    close(mkstemp(path));
    fake_ok(heap_file_write(s, path, NULL));
    snapshot_destroy(s);
    setenv("BRILLE_STORE", analysed ? "always" : "never", 1);
    if (analysed) {
        struct dominators *d;
        struct paths *p;
        struct histogram *h;
        fake_ok(heap_file_open(path, &s));
        fake_ok(dominators_create(s, &d));
        fake_ok(paths_create(s, &p));
        fake_ok(histogram_create(s, HISTOGRAM_BY_TYPE, d, &h));
        stored_types_save(s, h);
        histogram_destroy(h);
        paths_destroy(p);
        dominators_destroy(d);
        snapshot_destroy(s);
    }
    uint8_t *bytes = heap_bytes_read(path, &size);
    unlink(path);
    seed(context, name, bytes, size);
    free(bytes);
}

// Threads with frames, pools, areas and blocks; big, immortal and weakly held objects; a cycle.
static struct snapshot *odd_program(unsigned objects)
{
    struct fake heap = fake_begin();
    struct snapshot_builder *b = heap.builder;
    static const char *const types[] = {"type", "list", "app.Node", "str", "weakref", "dict"};
    for (unsigned i = 0; i < objects; i++) {
        const uint64_t o =
            fake_object(&heap, types[i % 6], i % 20 == 7 ? UINT64_C(9) << 32 : 16 + i);
        struct fake_item *item = fake_item(&heap, o);
        item->object.immortal = i % 11 == 0;
        item->object.generation = i % 3;
        item->object.epoch = i / 8;
        if (i % 6 == 3)
            fake_label(&heap, o, i % 4 ? "'word'" : "'another word'");
        if (i > 0)
            fake_item_edge(&heap, o, FAKE_BASE + i / 2 * FAKE_STEP, i);
        if (i > 5)
            fake_edge(&heap, FAKE_BASE + (i - 5) * UINT64_C(256), o,
                      i % 6 == 4 ? EDGE_WEAK : EDGE_VALUE, "'key'");
    }
    const uint32_t thread = snapshot_builder_thread(b, 1001, "MainThread", GIL_HOLDER);
    const uint32_t frame = snapshot_builder_frame(b, "load", "app.py", 12, FAKE_BASE);
    snapshot_builder_frame(b, "<module>", "app.py", 90, 0);
    snapshot_builder_thread(b, 1002, "worker-1", GIL_WAITING);
    snapshot_builder_root(b, &(struct builder_root){.target = FAKE_BASE + FAKE_STEP,
                                                    .kind = ROOT_FRAME,
                                                    .class = CLASS_OWNED,
                                                    .name = "rows",
                                                    .thread = thread,
                                                    .frame = frame});
    fake_root(&heap, FAKE_BASE + 2 * FAKE_STEP, ROOT_MODULE, "__main__");
    for (unsigned i = 0; i < 4; i++)
        snapshot_builder_pool(b, &(struct snapshot_pool){.address = FAKE_BASE + i * 16384,
                                                         .arena = FAKE_BASE,
                                                         .block_bytes = 16 * i,
                                                         .capacity = 100,
                                                         .used = i});
    snapshot_builder_area(b,
                          &(struct snapshot_area){.begin = FAKE_BASE,
                                                  .end = FAKE_BASE + (1 << 20),
                                                  .resident_bytes = 65536,
                                                  .anonymous_bytes = 65536},
                          "heap");
    snapshot_builder_block(b, &(struct snapshot_block){.bytes = 640, .used = 3, .free = 1});
    return fake_finish(&heap);
}

// A list and a dict of so many references that they are kept in pieces, with few names.
static struct snapshot *big_objects(void)
{
    struct snapshot_builder *b;
    struct snapshot *s;
    fake_ok(snapshot_builder_create(&b));
    const uint32_t type = snapshot_builder_type(
        b, &(struct builder_type){.address = 8, .name = "dict", .module = "builtins"});
    for (uint32_t i = 0; i < 70; i++) {
        snapshot_builder_object(b, &(struct builder_object){.address = FAKE_BASE + i * FAKE_STEP,
                                                            .size_bytes = 64,
                                                            .type = type});
        for (uint32_t k = 0; i < 2 && k < HEAP_PIECED_LEAST; k++) {
            const uint64_t target = FAKE_BASE + (2 + k / 200) * FAKE_STEP;
            if (i)
                snapshot_builder_edge_named(b, target, EDGE_VALUE, CLASS_TRAVERSED,
                                            k % 3 ? "'a'" : "'b'");
            else
                snapshot_builder_edge(b, target, EDGE_ITEM, CLASS_TRAVERSED, edge_name_index(k));
        }
        snapshot_builder_edge(b, FAKE_BASE + FAKE_STEP, EDGE_ITEM, CLASS_TRAVERSED,
                              edge_name_index(0));
    }
    for (uint32_t i = 0; i < 2; i++)
        snapshot_builder_root(b, &(struct builder_root){.target = FAKE_BASE + i * FAKE_STEP,
                                                        .kind = ROOT_MODULE,
                                                        .class = CLASS_OWNED,
                                                        .name = "app",
                                                        .thread = ORDINAL_NONE,
                                                        .frame = ORDINAL_NONE});
    fake_ok(snapshot_builder_finish(b, &s));
    snapshot_builder_destroy(b);
    return s;
}

void fuzz_seeds(fuzz_seed *seed, void *context)
{
    struct fake empty = fake_begin();
    write_seed(seed, context, fake_finish(&empty), "empty.heap", false);
    write_seed(seed, context, fake_leaking_program(6), "leaking.heap", false);
    write_seed(seed, context, fake_leaking_program(9), "leaking-analysed.heap", true);
    write_seed(seed, context, odd_program(40), "odd.heap", false);
    write_seed(seed, context, odd_program(90), "odd-analysed.heap", true);
    write_seed(seed, context, big_objects(), "big-analysed.heap", true);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t limit, unsigned seed)
{
    size = LLVMFuzzerMutate(data, size, limit);
    if (size >= sizeof(struct heap_header) && seed % 8 != 0) {
        struct heap_header header;
        memcpy(&header, data, sizeof header);
        memcpy(header.magic, HEAP_MAGIC, sizeof header.magic);
        header.version = HEAP_VERSION;
        header.features = 0;
        header.file_bytes = size;
        memcpy(data, &header, sizeof header);
        heap_bytes_fix(data, size);
    }
    return size;
}

// ---- one input ----

// An error is one line of a kind that damage is allowed to be.
static void accept_error(struct error *err)
{
    if (!err)
        return;
    assert(err->message && !strchr(err->message, '\n'));
    assert(!err->why || !strchr(err->why, '\n'));
    assert(err->code != ERROR_NO_MEMORY && error_exit_status(err) >= 2);
    error_destroy(err);
}

// What is told of a file without loading it.
static void try_unloaded(struct snapshot *s)
{
    struct histogram *types = NULL;
    for (unsigned i = 0; i < 100; i += 9) {
        struct peeked_path peeked;
        accept_error(
            peek_path(s, FAKE_BASE + i * FAKE_STEP, i % 2 ? PEEK_ENDS : PEEK_ALL, &peeked));
        if (peeked.snapshot)
            snapshot_check(peeked.snapshot);
        peeked_path_deinit(&peeked);
    }
    accept_error(stored_types_load(s, &types));
    histogram_destroy(types);
}

#define TRY_ANALYSIS(noun, ...)                   \
    do {                                          \
        struct noun *result = NULL;               \
        accept_error(noun##_create(__VA_ARGS__)); \
        noun##_destroy(result);                   \
    } while (0)

static void try_paths(struct snapshot *s)
{
    struct paths *paths = NULL;
    struct strbuf text;
    accept_error(paths_create(s, &paths));
    strbuf_init(&text);
    for (uint32_t o = 0; paths && o < s->object_count && o < 200; o++) {
        struct path path;
        if (!paths_reaches(paths, o))
            continue;
        struct error *err = path_to(paths, s, o, &path);
        if (!err) {
            path_add_text(s, &path, &text);
            path_add_expression(s, &path, &text);
            path_deinit(&path);
        }
        accept_error(err);
    }
    for (uint32_t o = 0; paths && o < s->object_count && o < 8; o++) {
        struct ways *result = NULL;
        accept_error(ways_to_object(s, paths, o, &result));
        ways_destroy(result);
    }
    for (uint32_t type = 0; paths && type < s->type_count && type < 4; type++) {
        struct ways *result = NULL;
        accept_error(ways_to_type(s, paths, type, &result));
        ways_destroy(result);
    }
    strbuf_deinit(&text);
    paths_destroy(paths);
}

static void try_analyses(struct snapshot *s)
{
    struct snapshot *const both[] = {s, s};
    struct dominators *d = NULL;
    struct residence residence;
    struct error *err = dominators_create(s, &d);
    if (d) {
        dominators_check(d, s);
        TRY_ANALYSIS(histogram, s, HISTOGRAM_BY_TYPE, d, &result);
        TRY_ANALYSIS(typetree, s, d, &result);
    }
    accept_error(err);
    dominators_destroy(d);
    TRY_ANALYSIS(histogram, s, HISTOGRAM_BY_MODULE, NULL, &result);
    TRY_ANALYSIS(cycles, s, NULL, &result);
    TRY_ANALYSIS(garbage, s, &result);
    TRY_ANALYSIS(leaks, both, 1, 0, &result);
    TRY_ANALYSIS(leaks, both, 2, 0, &result);
    TRY_ANALYSIS(diff, both, 2, &result);
    TRY_ANALYSIS(duplicates, s, &result);
    TRY_ANALYSIS(containers, s, &result);
    TRY_ANALYSIS(fragments, s, &result);
    accept_error(residence_find(s, &residence));
    try_paths(s);
}

static void try_exports(struct snapshot *s)
{
    for (const struct exporter *e = exporters; e->name; e++) {
        const struct export_options options = {
            .focus = s->object_count / 2, .depth = 2, .limit = 50};
        struct sink sink;
        sink_init(&sink, NULL, "the output");
        if (s->object_count)
            accept_error(e->write(s, &options, &sink));
        sink_deinit(&sink);
    }
}

static void try_report(struct snapshot *s)
{
    const char *const names[] = {"A.heap", "A.heap"};
    for (uint32_t count = 1; count <= 2; count++) {
        struct snapshot *const both[] = {s, s};
        const struct report_input input = {.snapshots = both,
                                           .names = names,
                                           .count = count,
                                           .values = count == 2,
                                           .object = s->object_count ? 0 : ORDINAL_NONE};
        struct report *report = NULL;
        struct strbuf page;
        accept_error(report_create(&input, &report));
        strbuf_init(&page);
        if (report)
            accept_error(report_add_page(report, &page));
        assert(page.length < 5000000);
        strbuf_deinit(&page);
        report_destroy(report);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct snapshot *s = NULL;
    setenv("BRILLE_STORE", "never", 1);
    struct error *err = heap_file_open(fuzz_file(data, size), &s);
    if (!err) {
        try_unloaded(s);
        err = snapshot_load(s, SNAPSHOT_ALL);
    }
    if (!err) {
        snapshot_check(s);
        try_analyses(s);
        try_exports(s);
        try_report(s);
    }
    accept_error(err);
    snapshot_destroy(s);
    return 0;
}
