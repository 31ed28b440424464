/* The classes that files are made of, as far as they are written in C: the bases, files in memory,
 * the newline decoder. What _io.py has more is built on them. */
#ifndef BRILLE_VM_BUILTINS_IO_BASE_H
#define BRILLE_VM_BUILTINS_IO_BASE_H

#include "vm/builtins/mod_support.h"
#include "vm/object/str.h"

struct py_io {
    struct py_object base;
    struct py_dict *dict;
    struct py_object *weaklist;
    bool closed;     /* by _IOBase.close(); other classes have their own idea of closed */
    bool finalizing; /* closed because it dies: close() may warn */
};

extern struct py_type py_io_base_type, py_io_raw_base_type, py_io_buffered_base_type,
    py_io_text_base_type, py_io_bytes_type, py_io_bytes_buffer_type, py_io_string_type,
    py_io_newline_decoder_type, py_io_file_type;

/* An optional size: None and missing are -1. 0, or -1 with TypeError. */
int io_size_argument(struct py_object *const *args, size_t nargs, int64_t *size);
/* _IOBase.close(): flushes, as the object's class defines it, and counts as closed from then on. */
struct py_object *io_close_base(struct py_object *self);
/* The argument that method() is to write into. -1: TypeError that says so. */
int io_writable_argument(struct octets *out, struct py_object *o, const char *method);
/* type(...) without looking at the arguments: init does. */
struct py_object *io_new(struct py_type *type, struct py_object *const *args, size_t nargs,
                         struct py_tuple *kwnames);
/* Where the instance's __dict__ goes in a pickle: the dict or None; borrowed. */
struct py_object *io_dict_or_none(struct py_object *self);
/* Puts a pickled dict back. */
int io_restore_dict(struct py_object *self, struct py_object *dict);

/* Decodes newlines: what a decoder (or None) made of input. New str. */
struct py_object *io_newline_decode(struct py_object *decoder, struct py_object *input, bool final);
struct py_object *io_newline_decoder_make(bool translate);
struct py_object *io_newlines_seen(struct py_object *decoder);

#endif
