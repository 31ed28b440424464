// Small heaps written down as code, for tests of everything above the model.
//
//     struct fake heap = fake_begin();
//     const uint64_t cache = fake_object(&heap, "dict", 64);
//     const uint64_t row = fake_object(&heap, "app.Row", 48);
//     fake_edge(&heap, cache, row, EDGE_VALUE, "'k'");
//     fake_root(&heap, cache, ROOT_MODULE, "__main__");
//     struct snapshot *s = fake_finish(&heap);
//
// Objects get rising addresses, FAKE_STEP apart, so the n-th object made has ordinal n. Refcounts
// are made to fit: each object's is the number of edges and roots that count, unless
// fake_refcount said otherwise. Failures assert.
#ifndef BRILLE_TESTS_SUPPORT_FAKE_SNAPSHOT_H
#define BRILLE_TESTS_SUPPORT_FAKE_SNAPSHOT_H

#include "inspector/base/vec.h"
#include "inspector/model/builder.h"
#include <assert.h>
#include <stdio.h>
#include <string.h>

#define FAKE_BASE UINT64_C(0x7f0000000000)
#define FAKE_STEP 256

struct fake_item {
    struct builder_object object;
    bool refcount_fixed;
    const char *label;
};

struct fake_reference {
    uint64_t source, target;
    enum edge_kind kind;
    enum edge_class class;
    int64_t index; // -1: `name`
    char name[48];
};

VEC_DEFINE(fake_item_vec, struct fake_item);
VEC_DEFINE(fake_reference_vec, struct fake_reference);

struct fake {
    struct snapshot_builder *builder;
    struct fake_item_vec objects;
    struct fake_reference_vec references;
    uint64_t next_type;
};

#define FAKE_FUNCTION static inline __attribute__((unused))

FAKE_FUNCTION void fake_ok(struct error *err)
{
    if (err)
        error_print(stderr, err);
    assert(!err);
}

FAKE_FUNCTION struct fake fake_begin(void)
{
    struct fake heap = {.next_type = 0x1000};
    fake_ok(snapshot_builder_create(&heap.builder));
    struct snapshot_info *info = snapshot_builder_info(heap.builder);
    snapshot_builder_text(heap.builder, &info->runtime, "brille");
    snapshot_builder_text(heap.builder, &info->version, "3.11.2");
    snapshot_builder_text(heap.builder, &info->command, "python app.py");
    info->pid = 42;
    info->start_time = 1000;
    info->pause_ns = 1500000;
    info->taken_unix_ns = INT64_C(1790000000) * 1000000000;
    info->birth_epoch = 2;
    info->has_event_seq = true;
    info->event_seq = 77;
    return heap;
}

// "module.Name" or "Name" (builtins)
FAKE_FUNCTION uint32_t fake_type(struct fake *heap, const char *qualified)
{
    const char *dot = strrchr(qualified, '.');
    char module[64];
    snprintf(module, sizeof module, "%.*s", dot ? (int)(dot - qualified) : 8,
             dot ? qualified : "builtins");
    uint64_t address = 0; // from the name, so that the same name is the same type
    for (const char *p = qualified; *p; p++)
        address = address * 31 + (unsigned char)*p;
    const struct builder_type type = {.address = 0x1000 + address % 0xffffffff * 8,
                                      .name = dot ? dot + 1 : qualified,
                                      .module = module,
                                      .size_bytes = 16};
    return snapshot_builder_type(heap->builder, &type);
}

FAKE_FUNCTION uint64_t fake_object(struct fake *heap, const char *type, uint64_t size_bytes)
{
    struct fake_item item = {.object = {.address = FAKE_BASE + heap->objects.count * FAKE_STEP,
                                        .size_bytes = size_bytes,
                                        .type = fake_type(heap, type),
                                        .epoch = 1,
                                        .generation = 2,
                                        .tracked = true}};
    fake_ok(fake_item_vec_push(&heap->objects, item));
    return item.object.address;
}

FAKE_FUNCTION struct fake_item *fake_item(struct fake *heap, uint64_t address)
{
    return &heap->objects.items[(address - FAKE_BASE) / FAKE_STEP];
}

FAKE_FUNCTION void fake_refcount(struct fake *heap, uint64_t address, uint64_t refcount)
{
    fake_item(heap, address)->object.refcount = refcount;
    fake_item(heap, address)->refcount_fixed = true;
}

FAKE_FUNCTION void fake_label(struct fake *heap, uint64_t address, const char *label)
{
    fake_item(heap, address)->label = label;
}

FAKE_FUNCTION void fake_reference(struct fake *heap, uint64_t source, uint64_t target,
                                  enum edge_kind kind, enum edge_class edge_class, int64_t index,
                                  const char *name)
{
    struct fake_reference reference = {
        .source = source, .target = target, .kind = kind, .class = edge_class, .index = index};
    if (name)
        snprintf(reference.name, sizeof reference.name, "%s", name);
    if (edge_class_counts(edge_class) && !fake_item(heap, target)->refcount_fixed)
        fake_item(heap, target)->object.refcount++;
    fake_ok(fake_reference_vec_push(&heap->references, reference));
}

FAKE_FUNCTION void fake_edge(struct fake *heap, uint64_t source, uint64_t target,
                             enum edge_kind kind, const char *name)
{
    fake_reference(heap, source, target, kind, kind == EDGE_WEAK ? CLASS_WEAK : CLASS_TRAVERSED, -1,
                   name);
}

FAKE_FUNCTION void fake_item_edge(struct fake *heap, uint64_t source, uint64_t target,
                                  uint64_t index)
{
    fake_reference(heap, source, target, EDGE_ITEM, CLASS_TRAVERSED, (int64_t)index, NULL);
}

FAKE_FUNCTION void fake_root(struct fake *heap, uint64_t target, enum root_kind kind,
                             const char *name)
{
    fake_item(heap, target)->object.refcount += !fake_item(heap, target)->refcount_fixed;
    snapshot_builder_root(heap->builder, &(struct builder_root){.target = target,
                                                                .kind = kind,
                                                                .class = CLASS_OWNED,
                                                                .name = name,
                                                                .thread = ORDINAL_NONE,
                                                                .frame = ORDINAL_NONE});
}

FAKE_FUNCTION struct snapshot *fake_finish(struct fake *heap)
{
    struct snapshot_builder *b = heap->builder;
    for (size_t i = 0; i < heap->objects.count; i++) {
        struct fake_item *item = &heap->objects.items[i];
        if (item->label)
            item->object.label = snapshot_builder_string(b, item->label, strlen(item->label));
        snapshot_builder_object(b, &item->object);
        for (size_t k = 0; k < heap->references.count; k++) {
            const struct fake_reference *r = &heap->references.items[k];
            if (r->source != item->object.address)
                continue;
            if (r->index >= 0)
                snapshot_builder_edge(b, r->target, r->kind, r->class,
                                      edge_name_index((uint64_t)r->index));
            else
                snapshot_builder_edge_named(b, r->target, r->kind, r->class,
                                            *r->name ? r->name : NULL);
        }
    }
    struct snapshot *snapshot = NULL;
    fake_ok(snapshot_builder_finish(b, &snapshot));
    snapshot_builder_destroy(b);
    fake_item_vec_deinit(&heap->objects);
    fake_reference_vec_deinit(&heap->references);
    snapshot_check(snapshot);
    return snapshot;
}

// A program with a cache that is never emptied:
//   module __main__ (0) -> __dict__ (1) -> 'CACHE': dict (2) -> `rows` times 'k<i>': app.Row
//   -> __dict__ -> '_data': bytes of 1000 bytes; and 'config': tuple (3) of one str (4).
FAKE_FUNCTION struct snapshot *fake_leaking_program(unsigned rows)
{
    struct fake heap = fake_begin();
    const uint64_t module = fake_object(&heap, "module", 72);
    const uint64_t namespace = fake_object(&heap, "dict", 232);
    const uint64_t cache = fake_object(&heap, "dict", 64 + 100 * (uint64_t)rows);
    const uint64_t config = fake_object(&heap, "tuple", 48);
    const uint64_t word = fake_object(&heap, "str", 54);
    fake_label(&heap, word, "'hello'");
    fake_edge(&heap, module, namespace, EDGE_FIELD, "__dict__");
    fake_edge(&heap, namespace, cache, EDGE_VALUE, "'CACHE'");
    fake_edge(&heap, namespace, config, EDGE_VALUE, "'config'");
    fake_item_edge(&heap, config, word, 0);
    for (unsigned i = 0; i < rows; i++) {
        char key[16];
        snprintf(key, sizeof key, "'k%u'", i);
        const uint64_t row = fake_object(&heap, "app.Row", 48);
        const uint64_t attributes = fake_object(&heap, "dict", 104);
        const uint64_t data = fake_object(&heap, "bytes", 1000);
        fake_edge(&heap, cache, row, EDGE_VALUE, key);
        fake_edge(&heap, row, attributes, EDGE_FIELD, "__dict__");
        fake_edge(&heap, attributes, data, EDGE_VALUE, "'_data'");
    }
    fake_root(&heap, module, ROOT_MODULE, "__main__");
    return fake_finish(&heap);
}

#endif
