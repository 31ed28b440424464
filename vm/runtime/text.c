/* A growing UTF-8 text on the C heap. It does not use the private heap, because it must work while
 * that one is exhausted; and it never fails visibly: what does not fit is dropped. */
#include "vm/runtime/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void text_init(struct text *t)
{
    *t = (struct text){.p = NULL};
}

void text_deinit(struct text *t)
{
    free(t->p);
    text_init(t);
}

static char *reserve(struct text *t, size_t n)
{
    if (t->length + n + 1 > t->capacity) {
        const size_t capacity = (t->length + n + 1) * 2;
        char *p = realloc(t->p, capacity);
        if (!p)
            return NULL;
        t->p = p;
        t->capacity = capacity;
    }
    return t->p + t->length;
}

void text_add_bytes(struct text *t, const char *s, size_t n)
{
    char *end = reserve(t, n);
    if (!end)
        return;
    memcpy(end, s, n);
    end[n] = '\0';
    t->length += n;
}

void text_add(struct text *t, const char *s)
{
    text_add_bytes(t, s, strlen(s));
}

void text_add_repeated(struct text *t, char c, size_t n)
{
    char *end = reserve(t, n);
    if (!end)
        return;
    memset(end, c, n);
    end[n] = '\0';
    t->length += n;
}

void text_addf(struct text *t, const char *format, ...)
{
    va_list ap;
    char *s = NULL;
    va_start(ap, format);
    const int n = vasprintf(&s, format, ap);
    va_end(ap);
    if (n >= 0)
        text_add_bytes(t, s, (size_t)n);
    free(s);
}

void text_truncate(struct text *t, size_t length)
{
    if (length >= t->length)
        return;
    t->length = length;
    t->p[length] = '\0';
}
