/* The classes that files are made of: the bases, files in memory, FileIO, buffers, text,
 * the newline decoder. */
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
    py_io_newline_decoder_type, py_io_file_type, py_io_text_type, py_io_reader_type,
    py_io_writer_type, py_io_random_type, py_io_pair_type;

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

/* o.name(...), o being kept alive although the call may take it out of the object. New. */
struct py_object *io_call(struct py_object *o, const char *name, struct py_object *const *args,
                          size_t nargs);
/* The same where only success counts. 0 or -1. */
int io_do(struct py_object *o, const char *name, struct py_object *const *args, size_t nargs);
/* The same for an answer that is true or false. 1, 0 or -1. */
int io_ask(struct py_object *o, const char *name);
/* The truth of an answer, which it steals; -1 for NULL. */
int io_truth(struct py_object *answer);

/* Decodes newlines: what a decoder (or None) made of input. New str. */
struct py_object *io_newline_decode(struct py_object *decoder, struct py_object *input, bool final);
struct py_object *io_newline_decoder_make(struct py_object *decoder /* or NULL */, bool translate);
struct py_object *io_newlines_seen(struct py_object *decoder);
/* The attribute newlines of a file in which these were met: None, a str, or a tuple of them. */
enum { SEEN_LF = 1, SEEN_CR = 2, SEEN_CRLF = 4 };
struct py_object *io_newlines_object(unsigned seen);
/* text with every \n written as `end`. New str. */
struct py_object *io_newlines_as(struct py_str *text, const char *end);

/* For who opens text without naming an encoding: EncodingWarning, if the program was started to be
 * told. level: how many Python frames up; 1 is the running one. 0 or -1. */
int io_warn_no_encoding(int64_t level);

/* Of exactly a FileIO, or a BytesIO: is it closed? */
bool io_file_closed(const struct py_object *file);
bool io_bytes_closed(const struct py_object *file);
/* Of exactly a FileIO: one system call's worth of read() and write() without objects. How many
 * octets, -1 with an exception, or IO_WOULD_BLOCK. */
#define IO_WOULD_BLOCK INT64_C(-2)
int64_t io_file_read_octets(struct py_object *file, void *to, int64_t n);
int64_t io_file_write_octets(struct py_object *file, const void *from, int64_t n);

#endif
