// Memory for large arrays that are walked in no order, on huge pages where the system grants them.
//
// The analyses of a heap of ten million objects jump about in arrays of 40 to 400 MB. With pages of
// 4 KiB most jumps also miss the TLB; pages of 2 MiB make the same work a third faster. Small
// requests are plain malloc. Everything is freed by free().
#ifndef BRILLE_INSPECTOR_BASE_HUGE_H
#define BRILLE_INSPECTOR_BASE_HUGE_H

#include <stddef.h>
#include <stdint.h>

// `count` elements; NULL when there is no memory or the product overflows.
void *huge_malloc(uint64_t count, size_t size_bytes);
void *huge_calloc(uint64_t count, size_t size_bytes); // zeroed

// The wish alone, for memory that malloc, calloc or realloc gave; best expressed before its first
// use. Small blocks stay as they are.
void huge_wish(void *memory, size_t size_bytes);

#endif
