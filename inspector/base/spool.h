// An array that grows at its end and may be larger than what should be held in memory.
//
// While a heap is walked, a dozen columns grow by a few bytes an object each: together more than
// the process that is looked at may leave to a debugger beside it. A spool with a place writes what
// it has to a file without a name, 64 KiB at a time, and keeps no more than that. When everything
// is there it is looked at as an array all the same: the file is mapped, and pages that have been
// looked at can be given back. Without a place, and as long as it is small, it is plain memory.
//
//     struct spool ages;
//     spool_init(&ages, &place);               // or NULL: in memory
//     TRY(spool_u32(&ages, 42)); ...
//     TRY(spool_view(&ages));                  // from now on nothing can be added
//     use(((const uint32_t *)ages.view)[i]);
//     spool_drop(&ages);                       // its pages leave this process; they come back
//     spool_deinit(&ages);
//
// The pages of such a file are the kernel's to keep or to write out; they are not this process's
// memory. A place without room for them is no failure: what does not fit any more stays in memory.
//
// invariant: written + used bytes have been added; in_memory, or used <= buffer_bytes.
#ifndef BRILLE_INSPECTOR_BASE_SPOOL_H
#define BRILLE_INSPECTOR_BASE_SPOOL_H

#include "inspector/base/error.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { SPOOL_BUFFER_BYTES = 64 * 1024 };

// The folder where the files are made, one for each spool that needs one. They have no names, or
// lose them at once, so nothing is left when this process ends in whatever way.
struct spool_place {
    const char *folder; // must last as long as the place
    bool refused;       // files cannot be made or written there: everything stays in memory
};

struct spool {
    struct spool_place *place; // NULL: in memory
    unsigned char *buffer;     // what is in no file yet
    size_t used, capacity;     // bytes
    uint64_t written;          // bytes in the file
    int fd;                    // -1: there is none
    bool in_memory;            // the file's bytes have been read back, or there never were any
    size_t buffer_bytes;       // kept before they are written
    void *view;                // after spool_view; never NULL then
    size_t mapped_bytes;       // of the view, 0: the buffer is the view
};

void spool_init(struct spool *spool, struct spool_place *place);
// Before anything is added, of one that will have so many bytes: in memory they are got at once.
struct error *spool_expect(struct spool *spool, uint64_t bytes);
void spool_deinit(struct spool *spool); // a zeroed one is fine

struct error *spool_add_slow(struct spool *spool, const void *bytes, size_t length);

static inline struct error *spool_add(struct spool *spool, const void *bytes, size_t length)
{
    if (spool->capacity - spool->used < length)
        return spool_add_slow(spool, bytes, length);
    if (length) { // a spool that has nothing yet has no buffer, and may be added nothing
        memcpy(spool->buffer + spool->used, bytes, length);
        spool->used += length;
    }
    return NULL;
}

static inline struct error *spool_u64(struct spool *spool, uint64_t value)
{
    return spool_add(spool, &value, sizeof value);
}

static inline struct error *spool_u32(struct spool *spool, uint32_t value)
{
    return spool_add(spool, &value, sizeof value);
}

static inline struct error *spool_u16(struct spool *spool, uint16_t value)
{
    return spool_add(spool, &value, sizeof value);
}

static inline struct error *spool_u8(struct spool *spool, uint8_t value)
{
    return spool_add(spool, &value, sizeof value);
}

// Everything that was added, as one array: `view`, to be read only. Again: the same.
struct error *spool_view(struct spool *spool);
// The pages of a mapped view leave this process's memory until they are looked at again.
void spool_drop(const struct spool *spool);

// ---- several that end together ----

// Views that something else holds pointers to.
struct spool_set {
    struct spool items[24];
    unsigned count;
};

// The view, with who has to release it: when it is memory, the caller, by free(); when it is
// mapped, the set, to which the spool has gone. The spool is empty afterwards.
struct error *spool_take(struct spool *spool, struct spool_set *set, void *ret);
bool spool_set_owns(const struct spool_set *set, const void *view);
void spool_set_drop(const struct spool_set *set);
void spool_set_deinit(struct spool_set *set);

#endif
