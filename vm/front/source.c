/*
 * Source bytes to clean text, before the lexer: byte order mark, coding cookie, UTF-8, newlines.
 * The lexer may then rely on valid UTF-8, on \n as the only line end and on a NUL behind the text
 * and nowhere in it.
 *
 * Encodings: UTF-8 (the default), ASCII and Latin-1. Others are refused by name.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "vm/front/lexer.h"
#include "vm/front/unicode.h"

enum {
    MAX_SOURCE_BYTES = 1 << 30, /* offsets are 32-bit */
};

enum encoding {
    ENCODING_UTF8,
    ENCODING_LATIN1,
    ENCODING_ASCII,
    ENCODING_UNKNOWN,
};

static bool is_cookie_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
}

/* The name after "coding:" or "coding=" in a comment line, as PEP 263 defines it. */
static bool find_cookie(const char *line, size_t len, char *name)
{
    size_t i = 0;
    while (i < len && (line[i] == ' ' || line[i] == '\t' || line[i] == '\f')) {
        i++;
    }
    if (i >= len || line[i] != '#') {
        return false;
    }
    for (; i + 7 < len; i++) {
        if (memcmp(line + i, "coding", 6) != 0 || (line[i + 6] != ':' && line[i + 6] != '=')) {
            continue;
        }
        i += 7;
        while (i < len && (line[i] == ' ' || line[i] == '\t')) {
            i++;
        }
        size_t n = 0;
        while (i < len && n + 1 < SOURCE_ENCODING_MAX && is_cookie_char(line[i])) {
            name[n++] = line[i++];
        }
        name[n] = '\0';
        return n > 0;
    }
    return false;
}

static bool is_blank_or_comment(const char *line, size_t len)
{
    size_t i = 0;
    while (i < len && (line[i] == ' ' || line[i] == '\t' || line[i] == '\f')) {
        i++;
    }
    return i == len || line[i] == '#' || line[i] == '\r';
}

static enum encoding encoding_of(const char *name)
{
    char folded[SOURCE_ENCODING_MAX];
    size_t n = 0;
    for (; name[n] != '\0'; n++) {
        const char c = name[n];
        folded[n] = c == '_' ? '-' : (char)(c >= 'A' && c <= 'Z' ? c | 32 : c);
    }
    folded[n] = '\0';
    static const struct {
        const char *name;
        enum encoding encoding;
    } known[] = {
        {"utf-8", ENCODING_UTF8},         {"utf8", ENCODING_UTF8},
        {"utf-8-sig", ENCODING_UTF8},     {"u8", ENCODING_UTF8},
        {"latin-1", ENCODING_LATIN1},     {"latin1", ENCODING_LATIN1},
        {"iso-8859-1", ENCODING_LATIN1},  {"iso8859-1", ENCODING_LATIN1},
        {"iso-latin-1", ENCODING_LATIN1}, {"l1", ENCODING_LATIN1},
        {"ascii", ENCODING_ASCII},        {"us-ascii", ENCODING_ASCII},
    };
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        const size_t len = strlen(known[i].name);
        const bool variant =
            strncmp(folded, "utf-8-", 6) == 0 || strncmp(folded, "latin-1-", 8) == 0;
        if (strcmp(folded, known[i].name) == 0 ||
            (variant && strncmp(folded, known[i].name, len) == 0)) {
            return known[i].encoding;
        }
    }
    return ENCODING_UNKNOWN;
}

/* The coding cookie stands in the first line, or in the second when the first is a comment. */
static enum encoding read_cookie(const char *src, size_t len, char *name)
{
    for (int line = 0; line < 2 && len > 0; line++) {
        const char *eol = memchr(src, '\n', len);
        const size_t line_len = eol != NULL ? (size_t)(eol - src) : len;
        if (find_cookie(src, line_len, name)) {
            return encoding_of(name);
        }
        if (!is_blank_or_comment(src, line_len) || eol == NULL) {
            break;
        }
        src += line_len + 1;
        len -= line_len + 1;
    }
    return ENCODING_UTF8;
}

static const char *from_latin1(struct arena *arena, const char *src, size_t *len)
{
    char *out = arena_alloc(arena, *len * 2 + 1);
    size_t n = 0;
    for (size_t i = 0; i < *len; i++) {
        n += unicode_encode(out + n, (unsigned char)src[i]);
    }
    *len = n;
    return out;
}

static uint32_t line_of(const char *text, const char *p)
{
    uint32_t line = 1;
    for (const char *q = text; q < p; q++) {
        line += *q == '\n';
    }
    return line;
}

static const char *refuse(struct syntax_error *err, uint32_t line, const char *msg)
{
    *err = (struct syntax_error){.kind = SYNTAX_ERROR_UNICODE, .msg = msg, .line = line};
    return NULL;
}

/* Copies the text, turning \r\n and \r into \n, and ends it with a NUL. */
static char *copy_lines(struct arena *arena, const char *src, size_t len, size_t *out_len)
{
    char *text = arena_alloc(arena, len + 2);
    if (memchr(src, '\r', len) == NULL) {
        memcpy(text, src, len);
        text[len] = '\0';
        *out_len = len;
        return text;
    }
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        char c = src[i];
        if (c == '\r') {
            c = '\n';
            i += i + 1 < len && src[i + 1] == '\n';
        }
        text[n++] = c;
    }
    text[n] = '\0';
    *out_len = n;
    return text;
}

static bool has_bom(const char *src, size_t len)
{
    return len >= 3 && memcmp(src, "\xEF\xBB\xBF", 3) == 0;
}

bool source_names_foreign_encoding(const char *src, size_t len, char *name)
{
    if (has_bom(src, len)) {
        return false;
    }
    const enum encoding encoding = read_cookie(src, len, name);
    return encoding == ENCODING_UNKNOWN || encoding == ENCODING_ASCII;
}

const char *lexer_prepare_source(struct arena *arena, const char *filename, const char *src,
                                 size_t len, bool is_text, size_t *text_len,
                                 struct syntax_error *err)
{
    if (len > MAX_SOURCE_BYTES) {
        *err = (struct syntax_error){.kind = SYNTAX_ERROR_MEMORY, .msg = "source code too large"};
        return NULL;
    }
    if (len == 0) {
        *text_len = 0;
        return "";
    }
    const bool bom = !is_text && has_bom(src, len);
    src += bom ? 3 : 0;
    len -= bom ? 3 : 0;
    char cookie[SOURCE_ENCODING_MAX] = "";
    const enum encoding encoding = is_text ? ENCODING_UTF8 : read_cookie(src, len, cookie);
    if (bom && encoding != ENCODING_UTF8) {
        return refuse(err, 0, arena_printf(arena, "encoding problem: %s with BOM", cookie));
    }
    if (encoding == ENCODING_UNKNOWN) {
        return refuse(err, 0, arena_printf(arena, "unknown encoding: %s", cookie));
    }
    if (encoding == ENCODING_LATIN1) {
        src = from_latin1(arena, src, &len);
    }
    const char *nul = len > 0 ? memchr(src, '\0', len) : NULL;
    if (nul != NULL) {
        return refuse(err, line_of(src, nul), "source code cannot contain null bytes");
    }
    const char *bad = unicode_find_invalid(src, len);
    if (bad != NULL) {
        const uint32_t line = line_of(src, bad);
        return refuse(err, line,
                      arena_printf(arena,
                                   "Non-UTF-8 code starting with '\\x%02x' in file %s on line %u, "
                                   "but no encoding declared; see "
                                   "https://peps.python.org/pep-0263/ for details",
                                   (unsigned char)*bad, filename, line));
    }
    return copy_lines(arena, src, len, text_len);
}
