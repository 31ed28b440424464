/* TextIOWrapper: what io_text.c (the object), io_text_read.c, io_text_write.c and io_text_seek.c
 * share. Not for other files. */
#ifndef BRILLE_VM_BUILTINS_IO_TEXT_H
#define BRILLE_VM_BUILTINS_IO_TEXT_H

#include "vm/builtins/io_base.h"

/* What a line ends with; the argument newline. */
enum io_ends {
    IO_ENDS_UNIVERSAL, /* None: \n, \r and \r\n, each read as \n; \n is written */
    IO_ENDS_ANY,       /* "": the same three, read as they are */
    IO_ENDS_LF,
    IO_ENDS_CR,
    IO_ENDS_CRLF
};

struct io_text {
    struct py_io io;
    struct py_object *buffer;            /* NULL: never initialised, or detached */
    struct py_object *raw;               /* the FileIO behind it that knows whether it is closed, or
                                            NULL: ask buffer */
    struct py_object *encoding, *errors; /* str */
    struct py_object *encoder, *decoder; /* NULL: is not written, not read */
    struct py_object *decoded;           /* str made of the last chunk, or NULL */
    struct py_object *fed;               /* the bytes it was made of; NULL: not known */
    int64_t fed_flags;                   /* decoder's state before it got them: (b"", fed_flags) */
    int64_t taken;                       /* characters of decoded that the program has got */
    int64_t chunk;                       /* bytes to ask buffer for, and to collect for it */
    double density;                      /* bytes for a character in the last chunk; 0: unknown */
    uint8_t *pending;                    /* RAW: encoded, and not yet given to buffer */
    int64_t pending_length, pending_room;
    const char *direct; /* a codec of this name may be called without encoder; or NULL */
    uint8_t ends;       /* enum io_ends */
    bool ready, detached, line_buffering, write_through, seekable, has_read1;
    bool changing;      /* __init__ or reconfigure() is at work, and may not be called in it */
    bool decoder_fresh; /* it is in the state that it was made in */
    bool telling;       /* tell() may be called: the decoder's state is noted before every chunk */
};
#define TEXT_IO(o) ((struct io_text *)(o))

/* ValueError unless the object is initialised and has a buffer, and (open) that one is not closed.
 * 0 or -1. */
int io_text_check(const struct io_text *t);
int io_text_check_open(struct io_text *t);

/* Puts the decoder into its first state. 0 or -1. */
int io_text_reset_decoder(struct io_text *t);

/* io_text_read.c */
struct py_object *io_text_decode(struct io_text *t, struct py_object *input, bool final);
/* decoder.getstate(): new bytes that it keeps back, and its flags. 0 or -1. */
int io_text_decoder_state(struct io_text *t, struct py_object **kept, int64_t *flags);
void io_text_forget(struct io_text *t); /* what is decoded and not read yet */
struct py_object *io_text_next(struct py_object *self);

/* io_text_write.c */
int io_text_write_pending(struct io_text *t);
/* Tells the encoder whether what comes next is the beginning of the file (a mark of the byte order
 * belongs only there). 0 or -1. */
int io_text_place_encoder(struct io_text *t, bool at_start);

/* Methods. */
#define IO_TEXT_METHOD(name)                                                                    \
    struct py_object *name(struct py_object *self, struct py_object *const *args, size_t nargs, \
                           struct py_tuple *kwnames)
IO_TEXT_METHOD(io_text_read);
IO_TEXT_METHOD(io_text_readline);
IO_TEXT_METHOD(io_text_write);
IO_TEXT_METHOD(io_text_tell);
IO_TEXT_METHOD(io_text_seek);

#endif
