/* Normal forms of text: NFC, NFD, NFKC, NFKD of Unicode 14, or with the characters of 3.2. */
#ifndef BRILLE_VM_BUILTINS_UNICODE_NORMAL_H
#define BRILLE_VM_BUILTINS_UNICODE_NORMAL_H

#include <stdbool.h>

#include "vm/object/str.h"

struct unicode_form {
    bool compatible; /* K */
    bool composed;   /* C */
    bool old;        /* Unicode 3.2 */
};

/* The text in this form; text itself where it is in it already. New reference; NULL: MemoryError.
 */
struct py_str *unicode_normalize(struct py_str *text, struct unicode_form form);

#endif
