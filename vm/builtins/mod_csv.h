/* What the files of _csv share: the dialect. Not for other files. */
#ifndef BRILLE_VM_BUILTINS_MOD_CSV_H
#define BRILLE_VM_BUILTINS_MOD_CSV_H

#include "vm/builtins/mod_support.h"
#include "vm/object/str.h"

enum csv_quoting { QUOTE_MINIMAL, QUOTE_ALL, QUOTE_NONNUMERIC, QUOTE_NONE };

#define CSV_NO_CHAR UINT32_MAX
struct py_csv_dialect {
    struct py_object base;
    uint32_t delimiter, quotechar, escapechar; /* or CSV_NO_CHAR */
    int32_t quoting;
    uint8_t doublequote, skipinitialspace, strict;
    struct py_str *lineterminator;
};
extern struct py_type py_csv_dialect_type, py_csv_reader_type, py_csv_writer_type;
#define DIALECT(o) ((struct py_csv_dialect *)(o))

extern struct py_type *csv_error;
extern int64_t csv_field_limit;
/* The dialect that reader(f, dialect, **options) asks for: names[skip..] are keyword values. New.
 */
struct py_object *csv_dialect_for(struct py_object *dialect, struct py_object *const *values,
                                  struct py_tuple *kwnames);
struct py_object *csv_reader_make(struct py_object *self, struct py_object *const *args,
                                  size_t nargs, struct py_tuple *kwnames);
struct py_object *csv_writer_make(struct py_object *self, struct py_object *const *args,
                                  size_t nargs, struct py_tuple *kwnames);

#endif
