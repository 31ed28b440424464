/* What the files of file share. Not for other files. */
#ifndef BRILLE_VM_BUILTINS_FILE_IMPL_H
#define BRILLE_VM_BUILTINS_FILE_IMPL_H

#include <sys/types.h>

#include "vm/builtins/file.h"

#define FILE_BUFFER 8192u
#define AS_FILE(o)  ((struct py_file *)(o))

/* ValueError, or io.UnsupportedOperation, unless f is open and can do it. 0 or -1. */
int py_file_check_open(struct py_file *f);
int py_file_check_readable(struct py_file *f);
int py_file_check_writable(struct py_file *f);
void *py_file_unsupported(const char *message);
struct py_object *py_file_unsupported_type(void); /* borrowed class */

/* Reads once more from the system into in, newlines translated. 1 got something, 0 end, -1. */
int py_file_fill(struct py_file *f);
/* Reads `size` bytes of a binary file, more than are waiting, into the object that is returned;
 * fewer at the end. Worth it for many. */
struct py_object *py_file_read_long(struct py_file *f, size_t size);
/* How many bytes of the file lie between where the program is and where the descriptor is; -1: a \n
 * that belongs to the \r before it is still to be read. */
off_t py_file_ahead(const struct py_file *f);
/* Forgets what was read ahead, moving the descriptor back to where the program is. */
int py_file_drop_readahead(struct py_file *f);
/* For open() and FileIO: a path as str, bytes or by __fspath__, as new str or bytes; opening one,
 * with errors that name it; asking an opener for the descriptor. -1: exception. */
struct py_object *py_file_path(struct py_object *o);
int py_file_open_path(struct py_object *name, int flags);
int py_file_call_opener(struct py_object *opener, struct py_object *name, int flags);
/* For open(): text that struct py_file does not read or write as it should. encoding and newline:
 * str, None or NULL. */
bool py_file_needs_layers(struct py_object *encoding, struct py_object *newline, bool reads);
/* Its arguments, borrowed; NULL: not given. mode is FileIO's, without t. */
struct py_file_request {
    struct py_object *file, *mode, *shown_mode, *encoding, *errors, *newline, *closefd, *opener;
    int64_t buffering;
    bool reading, updating;
};
struct py_object *py_file_open_layers(const struct py_file_request *r); /* new */
int py_file_put(struct py_file *f, const char *data, size_t n);
int py_file_flush_out(struct py_file *f);
int py_file_close(struct py_file *f);
/* Takes n bytes from in as str or bytes. */
struct py_object *py_file_take(struct py_file *f, size_t n);
struct py_object *py_file_readline(struct py_file *f, int64_t limit);

extern const struct py_method_def py_text_file_methods[], py_binary_file_methods[];
extern const struct py_getset_def py_text_file_getsets[], py_binary_file_getsets[];

#endif
