/*
 * What the front end needs to know about characters: which ones make identifiers, which ones may be
 * shown in a message, and how code points become UTF-8. Properties come from utf8proc; the few
 * exceptions of XID_Start and XID_Continue that general categories do not tell are listed here.
 */
#ifndef BRILLE_VM_FRONT_UNICODE_H
#define BRILLE_VM_FRONT_UNICODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool unicode_is_xid_start(int32_t c); /* also the underscore */
bool unicode_is_xid_continue(int32_t c);
bool unicode_is_printable(int32_t c); /* str.isprintable() of one character */

/* Writes 1 to 4 bytes, surrogates like any other code point; returns how many. */
size_t unicode_encode(char *out, uint32_t c);

/* The first byte in [text, text + len) that is not valid UTF-8 (surrogates are not), or NULL. */
const char *unicode_find_invalid(const char *text, size_t len);

#endif
