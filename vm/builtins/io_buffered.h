/* BufferedReader, BufferedWriter, BufferedRandom: what io_buffered.c (the object),
 * io_buffered_raw.c (what is asked of the raw file), io_buffered_read.c and io_buffered_write.c
 * share. Not for other files.
 *
 *     data    0 ......... at ......... filled ......... size
 *                 dirty ..... dirty_end
 *
 *     at          where the program is; raw is at raw_at, both counted from data[0]
 *     filled      data[0..filled) is the file's; 0: nothing was read
 *     dirty       data[dirty..dirty_end) was written by the program and not yet to raw
 *
 *     raw's position - raw_at  ==  the program's position - at  ==  data[0]'s place in the file
 *     dirty <= dirty_end <= size, at <= size, filled <= size; where there are both, what is dirty
 *     lies in data[0..filled)
 *     nothing filled and nothing dirty: at == raw_at == 0
 *
 * All but `at` change only while the object is entered (io_buffered_enter): raw may be Python code,
 * or wait without the GIL. Other threads wait meanwhile, the same thread gets RuntimeError. What
 * lies ahead in the buffer is handed out without entering.
 */
#ifndef BRILLE_VM_BUILTINS_IO_BUFFERED_H
#define BRILLE_VM_BUILTINS_IO_BUFFERED_H

#include "vm/builtins/io_base.h"

struct io_buffered {
    struct py_io io;
    struct py_object *raw; /* NULL: never initialised, or detached */
    uint8_t *data;         /* RAW: size octets, kept until the object dies or is made anew */
    int64_t size;
    int64_t at, filled, dirty, dirty_end, raw_at;
    int64_t place;  /* raw's position in the file as far as known; -1: ask it */
    uint64_t owner; /* thread that has entered, by its ident; 0: nobody */
    uint32_t wakeups;
    int32_t waiters;
    bool reads, writes, ready, detached;
};
#define BUFFERED(o) ((struct io_buffered *)(o))

enum { IO_BUFFER_SIZE = 8192 };

/* What lies ahead of the program in the buffer. */
static inline int64_t io_buffered_ahead(const struct io_buffered *b)
{
    return b->filled > b->at ? b->filled - b->at : 0;
}

/* io_buffered.c */
void io_buffered_empty(struct io_buffered *b); /* forgets what it holds, written or not */
/* ValueError unless the object is initialised and has its raw file. 0 or -1. */
int io_buffered_check(const struct io_buffered *b);
/* The same, and a file that is closed and has nothing ahead raises ValueError(message). */
int io_buffered_check_open(struct io_buffered *b, const char *message);
/* 0, or -1 with RuntimeError when this thread has entered already. */
int io_buffered_enter(struct io_buffered *b);
void io_buffered_leave(struct io_buffered *b);
/* Writes what is dirty; what reads too then puts raw where the program is and forgets what was
 * read. Entered. 0 or -1. */
int io_buffered_settle(struct io_buffered *b);
/* 0, or -1 with UnsupportedOperation unless o.method() is True. */
int io_buffered_demand(struct py_object *o, const char *method);
/* buffer_size of a constructor, or the usual one. 0 or -1. */
int io_buffered_size_argument(struct py_object *o, int64_t *size);

/* io_buffered_raw.c. Counts of octets, IO_WOULD_BLOCK, or -1 with an exception. Entered. */
int64_t io_buffered_raw_read(struct io_buffered *b, uint8_t *to, int64_t n);
int64_t io_buffered_raw_write(struct io_buffered *b, const uint8_t *from, int64_t n);
/* An argument or answer that is a place in a file; -1 may be an exception, ValueError if it is too
 * large. */
int64_t io_buffered_offset(struct py_object *o);
/* Positions; -1 is an exception. */
int64_t io_buffered_raw_seek(struct io_buffered *b, int64_t by, int whence);
int64_t io_buffered_raw_tell(struct io_buffered *b);
bool io_buffered_over_file(const struct io_buffered *b); /* raw is a FileIO as it was made */

/* io_buffered_write.c */
int io_buffered_write_dirty(struct io_buffered *b);

/* Methods. */
#define IO_BUFFERED_METHOD(name)                                                                \
    struct py_object *name(struct py_object *self, struct py_object *const *args, size_t nargs, \
                           struct py_tuple *kwnames)
IO_BUFFERED_METHOD(io_buffered_read);
IO_BUFFERED_METHOD(io_buffered_read1);
IO_BUFFERED_METHOD(io_buffered_peek);
IO_BUFFERED_METHOD(io_buffered_readinto);
IO_BUFFERED_METHOD(io_buffered_readinto1);
IO_BUFFERED_METHOD(io_buffered_readline);
IO_BUFFERED_METHOD(io_buffered_write);
struct py_object *io_buffered_next(struct py_object *self);

#endif
