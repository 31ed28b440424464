/* How fast heaps are built, written, reopened and analysed, and how big they are on disk.
 *
 *     bench_heap [OBJECTS] [FILE [keep]]     default: 5000000 objects, /tmp/bench.heap
 *
 * The heap is synthetic but shaped like a Python program's: records (instance, dict, strings,
 * numbers) in lists and dicts, about six references an object, most to neighbours, some to types,
 * None and shared strings, a few to anywhere. Prints one line for each step: seconds of processor
 * time, objects a second, and for the file bytes an object. */
#include "inspector/analysis/dominators.h"
#include "inspector/analysis/leaks.h"
#include "inspector/model/builder.h"
#include "inspector/model/heap_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static uint64_t seed = 1;

static uint64_t random_below(uint64_t limit)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (seed >> 20) % limit;
}

static void check(struct error *err)
{
    if (!err)
        return;
    error_print(stderr, err);
    exit(error_exit_status(err));
}

/* Processor time: the machine may have other things to do. */
static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static uint64_t began_ns;

static void report(const char *what, uint64_t objects)
{
    const double seconds = (double)(now_ns() - began_ns) / 1e9;
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("%-14s %7.2f s  %6.2f M objects/s  peak %ld MiB\n", what, seconds,
           (double)objects / seconds / 1e6, usage.ru_maxrss / 1024);
    fflush(stdout);
    began_ns = now_ns();
}

enum { BASE_TYPES = 8, SHARED = 1000 };

struct synthetic {
    struct snapshot_builder *b;
    uint64_t base;
    uint64_t count;
    uint32_t type[BASE_TYPES];
    edge_name names[12], keys[SHARED];
};

static uint64_t address_of(const struct synthetic *h, uint64_t i)
{
    return h->base + i * 64;
}

static void object(struct synthetic *h, uint64_t i, unsigned type, uint64_t size, uint32_t label)
{
    snapshot_builder_object(h->b, &(struct builder_object){.address = address_of(h, i),
                                                           .size_bytes = size,
                                                           .refcount = 1 + random_below(3),
                                                           .type = h->type[type],
                                                           .epoch = (uint32_t)(i >> 20),
                                                           .label = label,
                                                           .tracked = type < 4,
                                                           .generation = 2});
}

static void edge(struct synthetic *h, uint64_t target, enum edge_kind kind, edge_name name)
{
    snapshot_builder_edge(h->b, address_of(h, target), kind, CLASS_TRAVERSED, name);
}

/* A group of ten: an instance, its dict, a list, a tuple, and six leaves. */
static void add_group(struct synthetic *h, uint64_t first)
{
    const uint64_t n = h->count;
    object(h, first, 0, 48, 0); /* instance */
    edge(h, first + 1, EDGE_FIELD, h->names[0]);
    edge(h, random_below(BASE_TYPES), EDGE_TYPE, EDGE_NAME_NONE);
    object(h, first + 1, 1, 232, 0); /* its dict */
    for (unsigned k = 0; k < 10; k++) {
        edge(h, random_below(SHARED), EDGE_KEY, h->names[k + 1]);
        edge(h, k < 4 ? first + 4 + k : random_below(SHARED), EDGE_VALUE, h->names[k + 1]);
    }
    object(h, first + 2, 2, 120, 0); /* a list, of neighbours and of anything */
    const uint64_t items = 4 + random_below(40);
    for (uint64_t k = 0; k < items; k++)
        edge(h, k % 4 ? first + random_below(10) : random_below(n), EDGE_ITEM, edge_name_index(k));
    object(h, first + 3, 3, 64, 0); /* a tuple */
    for (unsigned k = 0; k < 6; k++)
        edge(h, first + 4 + k, EDGE_ITEM, edge_name_index(k));
    for (unsigned k = 4; k < 10; k++) /* strings and numbers */
        object(h, first + k, k < 8 ? 4 : 5, k < 8 ? 50 + random_below(30) : 28,
               k % 5 ? 0 : (uint32_t)h->keys[random_below(SHARED)]);
    if (first >= 10) { /* the next group hangs on an earlier one */
        const uint64_t parent = random_below(first / 10) * 10 + 2;
        snapshot_builder_edge_from(h->b, address_of(h, parent), address_of(h, first), EDGE_ITEM,
                                   CLASS_TRAVERSED, edge_name_index(99));
    }
}

static void name_things(struct synthetic *h)
{
    static const char *const types[BASE_TYPES] = {"Record", "dict", "list", "tuple",
                                                  "str",    "int",  "type", "module"};
    for (unsigned i = 0; i < BASE_TYPES; i++)
        h->type[i] = snapshot_builder_type(
            h->b, &(struct builder_type){.address = address_of(h, i), .name = types[i]});
    char text[32];
    for (unsigned i = 0; i < 12; i++) {
        snprintf(text, sizeof text, i ? "'field_%u'" : "__dict__", i);
        h->names[i] = edge_name_string(snapshot_builder_string(h->b, text, strlen(text)));
    }
    for (unsigned i = 0; i < SHARED; i++) {
        snprintf(text, sizeof text, "'shared string %u'", i);
        h->keys[i] = snapshot_builder_string(h->b, text, strlen(text));
    }
}

static struct snapshot *build(uint64_t count)
{
    struct synthetic h = {.base = UINT64_C(0x7f0000000000), .count = count};
    struct snapshot *s;
    check(snapshot_builder_create(&h.b));
    name_things(&h);
    for (uint64_t first = 0; first + 10 <= count; first += 10)
        add_group(&h, first);
    for (unsigned i = 0; i < 20; i++)
        snapshot_builder_root(h.b, &(struct builder_root){.target = address_of(&h, i),
                                                          .kind = ROOT_MODULE,
                                                          .class = CLASS_OWNED,
                                                          .name = "module",
                                                          .thread = ORDINAL_NONE,
                                                          .frame = ORDINAL_NONE});
    report("add", count);
    check(snapshot_builder_finish(h.b, &s));
    snapshot_builder_destroy(h.b);
    report("finish", count);
    return s;
}

int main(int argc, char **argv)
{
    const uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 10) / 10 * 10 : 5000000;
    const char *path = argc > 2 ? argv[2] : "/tmp/bench.heap";
    uint64_t bytes;
    struct snapshot *s = NULL;
    struct dominators *d;
    struct paths *p;
    began_ns = now_ns();
    s = build(count);
    check(heap_file_write(s, path, &bytes));
    report("write", count);
    printf("               %.2f bytes an object with %.2f references\n",
           (double)bytes / (double)count, (double)s->reference_count / (double)count);
    snapshot_destroy(s);
    began_ns = now_ns();
    check(heap_file_open(path, &s));
    report("open", count);
    check(snapshot_load(s, SNAPSHOT_COLUMNS | SNAPSHOT_LABELS));
    report("load columns", count);
    check(snapshot_load(s, SNAPSHOT_EDGES));
    report("load edges", count);
    check(dominators_create(s, &d));
    report("dominators", count);
    check(paths_create(s, &p));
    report("paths", count);
    check(snapshot_load(s, SNAPSHOT_REFERRERS));
    report("referrers", count);
    printf("               %u of %u objects are reachable\n", d->reachable_count, s->object_count);
    paths_destroy(p);
    dominators_destroy(d);
    snapshot_destroy(s);
    if (argc <= 3)
        unlink(path);
    return 0;
}
