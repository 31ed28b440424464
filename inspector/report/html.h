// Text of the target in an HTML page, where it must stay text.
//
// Names and paths come from the memory of another process: they may hold quotes, tags, control
// characters and bytes that are no UTF-8. Everything goes through here. Attributes are always
// written with double quotes.
#ifndef BRILLE_INSPECTOR_REPORT_HTML_H
#define BRILLE_INSPECTOR_REPORT_HTML_H

#include "inspector/base/strbuf.h"
#include <stddef.h>

// & < > " ' become references; bytes that are no UTF-8, and control characters, U+FFFD. Good
// between tags and in attributes.
void html_add(struct strbuf *out, const char *text);
void html_add_bytes(struct strbuf *out, const char *bytes, size_t length);

// The same with every blank a no-break space: numbers with their units.
void html_add_number(struct strbuf *out, const char *text);

// JSON as it may stand in a <script> element: < > & are written as \u escapes. They occur only in
// strings there, so the JSON means the same, and no text can end the element.
void html_add_script_json(struct strbuf *out, const char *json, size_t length);

#endif
