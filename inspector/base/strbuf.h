// A string that grows.
//
// Building text has many small steps, and testing each for lack of memory would drown what is being
// said. So the steps return nothing: the first that fails sets `failed`, the later ones do nothing,
// and strbuf_error() is asked once, at the end.
//
// invariant: data is NULL (empty) or data[length] == 0 and length < capacity.
#ifndef BRILLE_INSPECTOR_BASE_STRBUF_H
#define BRILLE_INSPECTOR_BASE_STRBUF_H

#include "inspector/base/error.h"
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// What makes the rest of a line bold on a terminal, and ends that.
#define STRBUF_BOLD  "\033[1m"
#define STRBUF_PLAIN "\033[0m"

struct strbuf {
    char *data;
    size_t length;
    size_t capacity;
    bool failed;
};

void strbuf_init(struct strbuf *buf);
void strbuf_deinit(struct strbuf *buf);

void strbuf_clear(struct strbuf *buf); // keeps the memory
void strbuf_truncate(struct strbuf *buf, size_t length);
// Room for `count` bytes behind the text, or NULL when there is none; strbuf_commit takes over
// those that were written there, up to `end`.
char *strbuf_room(struct strbuf *buf, size_t count);
void strbuf_commit(struct strbuf *buf, const char *end);
void strbuf_add_bytes(struct strbuf *buf, const char *bytes, size_t length);
void strbuf_add(struct strbuf *buf, const char *text);
void strbuf_add_char(struct strbuf *buf, char c);
void strbuf_add_number(struct strbuf *buf, uint64_t number); // decimal; ten times faster than addf
void strbuf_addf(struct strbuf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
void strbuf_addv(struct strbuf *buf, const char *format, va_list args);
// Pads with spaces until the text is `column` bytes long since `start`.
void strbuf_pad(struct strbuf *buf, size_t start, size_t column);
// A JSON string with its quotes. Bytes that are not UTF-8 (names come from hostile memory) become
// U+FFFD, so that the result is always valid JSON.
void strbuf_add_json(struct strbuf *buf, const char *bytes, size_t length);
// A text from the target as a person may see it: each control character is a '?'. Else a name could
// move the cursor, or write lines of its own.
void strbuf_add_shown(struct strbuf *buf, const char *bytes, size_t length);
// The same of all that was added, but for line ends, tabs, and what makes a line bold.
void strbuf_disarm(struct strbuf *buf);

const char *strbuf_text(const struct strbuf *buf); // "" when empty; good until the next change
char *strbuf_take(struct strbuf *buf); // caller frees; NULL if failed; buf is then empty
struct error *strbuf_error(const struct strbuf *buf);

#endif
