/* A growing UTF-8 text on the C heap, for messages. Running out of memory drops what does not fit.
 */
#ifndef BRILLE_VM_RUNTIME_TEXT_H
#define BRILLE_VM_RUNTIME_TEXT_H

#include <stddef.h>

struct text {
    char *p; /* NUL-terminated once anything was added; else NULL */
    size_t length, capacity;
};

void text_init(struct text *t);
void text_deinit(struct text *t);
void text_add(struct text *t, const char *s);
void text_add_bytes(struct text *t, const char *s, size_t n);
void text_add_repeated(struct text *t, char c, size_t n);
void text_addf(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_truncate(struct text *t, size_t length);

#endif
