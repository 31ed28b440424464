/* Files: what open() returns and what sys.stdin, stdout and stderr are. */
#ifndef BRILLE_VM_BUILTINS_FILE_H
#define BRILLE_VM_BUILTINS_FILE_H

#include "vm/object/object.h"
#include "vm/object/str.h"
#include "vm/object/type.h"

enum py_newline {
    PY_NEWLINE_UNIVERSAL, /* \r\n and \r become \n when reading */
    PY_NEWLINE_NONE,      /* nothing is translated */
    PY_NEWLINE_CRLF       /* \n becomes \r\n when writing */
};

struct py_file {
    struct py_object base;
    int32_t fd; /* -1: closed */
    uint8_t binary, readable, writable, appending;
    uint8_t line_buffered; /* flush after a newline */
    uint8_t write_through; /* flush after every write */
    uint8_t close_fd;
    uint8_t newline;  /* enum py_newline */
    uint8_t carry_cr; /* the last byte read was \r: a \n that follows belongs to it */
    uint8_t at_eof, is_utf8;
    uint8_t newlines; /* met so far: SEEN_LF, SEEN_CR, SEEN_CRLF */
    char *in;         /* RAW: bytes read and not yet asked for are in[in_start..in_end) */
    size_t in_start, in_end, in_capacity;
    char *out; /* RAW: bytes written and not yet given to the system */
    size_t out_length;
    struct py_object *name;              /* as given to open */
    struct py_object *mode;              /* str */
    struct py_object *encoding, *errors; /* str; NULL when binary */
    struct py_object *buffer;            /* text: the binary file made for .buffer, or NULL */
    struct py_object *owner; /* that binary file: the text file whose descriptor it uses */
    struct py_dict *dict;
    struct py_object *weaklist;
};
extern struct py_type py_text_file_type, py_buffered_reader_type, py_buffered_writer_type,
    py_buffered_random_type;

static inline bool py_file_is_text(const struct py_object *o)
{
    return o->type == &py_text_file_type;
}
/* The builtin open(). */
struct py_object *py_file_open(struct py_object *self, struct py_object *const *args, size_t nargs,
                               struct py_tuple *kwnames);
/* Writes to a text file. -1: exception. */
int py_file_write_str(struct py_object *file, struct py_str *text);
int py_file_flush(struct py_object *file);
/* Puts stdin, stdout, stderr and their __x__ twins into the sys module's dict. */
int py_file_init_std(struct py_dict *sys_dict, bool unbuffered);

#endif
