/* What the files of _json share: texts in both directions. Not for other files. */
#ifndef BRILLE_VM_BUILTINS_MOD_JSON_H
#define BRILLE_VM_BUILTINS_MOD_JSON_H

#include "vm/builtins/mod_support.h"
#include "vm/object/str.h"

extern struct py_type py_json_scanner_type, py_json_encoder_type;

/* Raises json.JSONDecodeError(message, document, position). */
void *json_raise(const char *message, struct py_str *document, int64_t position);

/* The text behind a quotation mark, from start; *end is where what follows it begins. strict
 * refuses control characters. New str; JSONDecodeError. */
struct py_str *json_scan_string(struct py_str *s, int64_t start, bool strict, int64_t *end);

/* Appends a text in quotation marks. 0, or -1 and MemoryError. */
int json_quote(struct py_strbuf *b, const struct py_str *s, bool ascii_only);
/* The functions of _json that do so: an encoder that was given one of them writes directly. */
struct py_object *json_encode_basestring(struct py_object *self, struct py_object *const *args,
                                         size_t nargs, struct py_tuple *kwnames);
struct py_object *json_encode_basestring_ascii(struct py_object *self,
                                               struct py_object *const *args, size_t nargs,
                                               struct py_tuple *kwnames);

#endif
