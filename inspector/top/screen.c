// See screen.h.
#include "inspector/top/screen.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MOST = 1024 };

struct error *screen_init(struct screen *s, unsigned rows, unsigned columns)
{
    *s = (struct screen){.rows = rows < SCREEN_ROWS ? rows : SCREEN_ROWS,
                         .columns = columns < SCREEN_COLUMNS ? columns : SCREEN_COLUMNS};
    s->cells = malloc(((size_t)s->rows * s->columns + 1) * sizeof *s->cells);
    if (!s->cells)
        return &error_no_memory;
    screen_clear(s);
    return NULL;
}

void screen_deinit(struct screen *s)
{
    free(s->cells);
    *s = (struct screen){0};
}

void screen_clear(struct screen *s)
{
    for (size_t i = 0; i < (size_t)s->rows * s->columns; i++)
        s->cells[i] = (struct screen_cell){.character = ' '};
}

static void put(struct screen *s, unsigned row, unsigned column, unsigned look, uint32_t character)
{
    if (row < s->rows && column < s->columns)
        s->cells[(size_t)row * s->columns + column] =
            (struct screen_cell){.character = character, .look = (uint8_t)look};
}

// The next character of UTF-8; U+FFFD, one byte on, for what is none.
static uint32_t decode(const unsigned char **text)
{
    const unsigned char *p = *text;
    const unsigned length = p[0] < 0x80 ? 1 : p[0] >> 5 == 6 ? 2 : p[0] >> 4 == 14 ? 3 : 4;
    uint32_t character = length == 1 ? p[0] : p[0] & (0xffu >> (length + 1));
    (*text)++;
    if (length == 1 || p[0] < 0xc2 || p[0] > 0xf4)
        return length == 1 ? character : 0xfffd;
    for (unsigned i = 1; i < length; i++) {
        if (p[i] >> 6 != 2)
            return 0xfffd;
        character = character << 6 | (p[i] & 0x3f);
    }
    *text += length - 1;
    return character;
}

// Of width 1 on every terminal: not the control characters, not those that combine or are wide.
static uint32_t printable(uint32_t c)
{
    const bool is_plain = (c >= 0x20 && c < 0x7f) || (c >= 0xa1 && c < 0x300 && c != 0xad) ||
                          (c >= 0x370 && c < 0x483) || (c >= 0x48a && c < 0x530) ||
                          (c >= 0x2010 && c < 0x2028) || (c >= 0x2190 && c < 0x2200) ||
                          (c >= 0x2500 && c < 0x25fd);
    return is_plain ? c : '?';
}

static unsigned decode_all(const char *text, uint32_t *ret)
{
    const unsigned char *p = (const unsigned char *)text;
    unsigned count = 0;
    while (*p && count < TEXT_MOST)
        ret[count++] = printable(decode(&p));
    return count;
}

unsigned screen_text(struct screen *s, unsigned row, unsigned column, unsigned width, unsigned look,
                     enum screen_cut cut, const char *text)
{
    uint32_t characters[TEXT_MOST];
    unsigned count = decode_all(text, characters);
    if (row >= s->rows || column >= s->columns || !width)
        return 0;
    width = width < s->columns - column ? width : s->columns - column;
    if (count > width && width > 4) {
        const unsigned head = cut == CUT_MIDDLE ? (width - 2) / 2 : width - 2;
        const unsigned tail = width - 2 - head;
        characters[head] = characters[head + 1] = '.';
        memmove(characters + head + 2, characters + count - tail, tail * sizeof *characters);
    }
    count = count < width ? count : width;
    for (unsigned i = 0; i < count; i++)
        put(s, row, column + i, look, characters[i]);
    return count;
}

unsigned screen_print(struct screen *s, unsigned row, unsigned column, unsigned look,
                      const char *format, ...)
{
    char text[TEXT_MOST];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return screen_text(s, row, column, SCREEN_COLUMNS, look, CUT_END, text);
}

void screen_right(struct screen *s, unsigned row, unsigned column, unsigned width, unsigned look,
                  const char *text)
{
    uint32_t characters[TEXT_MOST];
    const unsigned count = decode_all(text, characters);
    const unsigned blanks = count < width ? width - count : 0;
    screen_text(s, row, column + blanks, width - blanks, look, CUT_END, text);
}

void screen_fill(struct screen *s, unsigned row, unsigned column, unsigned width, unsigned look,
                 uint32_t character)
{
    for (unsigned i = 0; i < width; i++)
        put(s, row, column + i, look, character);
}

void screen_add_look(struct screen *s, unsigned row, unsigned column, unsigned width, unsigned look)
{
    for (unsigned i = column; row < s->rows && i < column + width && i < s->columns; i++)
        s->cells[(size_t)row * s->columns + i].look |= (uint8_t)look;
}

static void add_character(uint32_t c, struct strbuf *out)
{
    if (c < 0x80) {
        strbuf_add_char(out, (char)c);
    } else if (c < 0x800) {
        strbuf_add_char(out, (char)(0xc0 | c >> 6));
        strbuf_add_char(out, (char)(0x80 | (c & 0x3f)));
    } else {
        strbuf_add_char(out, (char)(0xe0 | (c >> 12 & 15)));
        strbuf_add_char(out, (char)(0x80 | (c >> 6 & 0x3f)));
        strbuf_add_char(out, (char)(0x80 | (c & 0x3f)));
    }
}

void screen_add_row(const struct screen *s, unsigned row, struct strbuf *out)
{
    const struct screen_cell *cells = s->cells + (size_t)row * s->columns;
    unsigned end = row < s->rows ? s->columns : 0;
    while (end && cells[end - 1].character == ' ')
        end--;
    for (unsigned i = 0; i < end; i++)
        add_character(cells[i].character, out);
}
