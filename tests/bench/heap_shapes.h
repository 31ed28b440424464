/* Heaps of any size for benchmarks, in the shape of a Python program's and in bad ones. */
#ifndef BRILLE_TESTS_BENCH_HEAP_SHAPES_H
#define BRILLE_TESTS_BENCH_HEAP_SHAPES_H

#include "inspector/base/error.h"
#include "inspector/model/snapshot.h"
#include <stdint.h>

/* SHAPE(name, "what it is") */
#define HEAP_SHAPES                                                                         \
    SHAPE(records,                                                                          \
          "instances with a dict, a list and a tuple each, and their leaves; 5 references") \
    SHAPE(records6, "the same with longer lists: 6 references an object")                   \
    SHAPE(random, "5 references from each object to anywhere")                              \
    SHAPE(hubs, "5 references from each object, to its neighbourhood and to 200 hubs")      \
    SHAPE(list, "one doubly linked list, both ends held")                                   \
    SHAPE(dict, "one dict, half of the objects its keys, half its values")                  \
    SHAPE(chains, "a hundred singly linked lists, a value at each link")

#define SHAPE(name, what) HEAP_SHAPE_##name,
enum heap_shape { HEAP_SHAPES HEAP_SHAPE_COUNT };
#undef SHAPE

extern const char *const heap_shape_names[HEAP_SHAPE_COUNT];
extern const char *const heap_shape_texts[HEAP_SHAPE_COUNT];

/* About `count` objects. The same shape and count make the same heap; a bigger one of the same
 * shape has the same objects and then some, as if the program had gone on. */
struct error *heap_shape_build(enum heap_shape shape, uint64_t count, struct snapshot **ret);

#endif
