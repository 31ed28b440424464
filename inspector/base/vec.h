// A growable array of one element type.
//
//     VEC_DEFINE(map_vec, struct map);
//     struct map_vec maps = {0};
//     TRY(map_vec_push(&maps, map));
//     for (size_t i = 0; i < maps.count; i++) use(maps.items[i]);
//     map_vec_deinit(&maps);
//
// A zeroed struct is an empty vector. invariant: count <= capacity, and items is NULL exactly when
// capacity is 0. Growing moves the elements: keep indices, not pointers, across a push. The
// generated functions are static, so a vector type costs nothing where it is not used.
#ifndef BRILLE_INSPECTOR_BASE_VEC_H
#define BRILLE_INSPECTOR_BASE_VEC_H

#include "inspector/base/error.h"
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

// Makes room for `needed` elements, if there is none; doubles, so that n pushes cost O(n). On
// failure *items and *capacity are as they were.
struct error *vec_grow(void **items, size_t *capacity, size_t needed, size_t element_bytes);

#define VEC_FUNCTION_ static inline __attribute__((unused))

#define VEC_DEFINE(name, type)                                                                   \
    struct name {                                                                                \
        type *items;                                                                             \
        size_t count;                                                                            \
        size_t capacity;                                                                         \
    };                                                                                           \
    VEC_FUNCTION_ void name##_deinit(struct name *vec)                                           \
    {                                                                                            \
        free(vec->items);                                                                        \
        *vec = (struct name){0};                                                                 \
    }                                                                                            \
    VEC_FUNCTION_ struct error *name##_reserve(struct name *vec, size_t capacity)                \
    {                                                                                            \
        if (capacity <= vec->capacity)                                                           \
            return NULL;                                                                         \
        void *items = vec->items;                                                                \
        TRY(vec_grow(&items, &vec->capacity, capacity, sizeof(type)));                           \
        vec->items = items;                                                                      \
        return NULL;                                                                             \
    }                                                                                            \
    VEC_FUNCTION_ struct error *name##_push(struct name *vec, type item)                         \
    {                                                                                            \
        TRY(name##_reserve(vec, vec->count + 1));                                                \
        vec->items[vec->count++] = item;                                                         \
        return NULL;                                                                             \
    }                                                                                            \
    /* Adds `count` zeroed elements; *first is the first of them, good until the next growth. */ \
    VEC_FUNCTION_ struct error *name##_extend(struct name *vec, size_t count, type **first)      \
    {                                                                                            \
        if (count > SIZE_MAX - vec->count)                                                       \
            return &error_no_memory;                                                             \
        TRY(name##_reserve(vec, vec->count + count));                                            \
        if (count)                                                                               \
            memset(vec->items + vec->count, 0, count * sizeof(type));                            \
        *first = vec->items + vec->count;                                                        \
        vec->count += count;                                                                     \
        return NULL;                                                                             \
    }                                                                                            \
    VEC_FUNCTION_ type *name##_last(struct name *vec)                                            \
    {                                                                                            \
        return vec->count ? &vec->items[vec->count - 1] : NULL;                                  \
    }                                                                                            \
    struct vec_needs_a_semicolon

VEC_DEFINE(u64_vec, uint64_t);
VEC_DEFINE(u32_vec, uint32_t);

#endif
