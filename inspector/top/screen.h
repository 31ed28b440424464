// A screen: rows and columns of characters with a look, in memory.
//
// The drawing writes here and knows no terminal; the terminal copies it out. So layouts are tested
// as text. What is no printable character of width 1 becomes '?', so that a column is always a
// column whatever the target calls its threads; texts that do not fit are cut, in the middle or at
// the end, with two dots to show for it.
#ifndef BRILLE_INSPECTOR_TOP_SCREEN_H
#define BRILLE_INSPECTOR_TOP_SCREEN_H

#include "inspector/base/error.h"
#include "inspector/base/strbuf.h"
#include <stdint.h>

enum { SCREEN_ROWS = 200, SCREEN_COLUMNS = 400 };

enum look_of_text { // bits
    LOOK_PLAIN = 0,
    LOOK_BOLD = 1,
    LOOK_DIM = 2,
    LOOK_REVERSE = 4,
    LOOK_ALERT = 8, // the one colour there is; bold where there is none
};

struct screen_cell {
    uint32_t character; // Unicode; ' ' when empty
    uint8_t look;
};

struct screen {
    unsigned rows, columns;
    struct screen_cell *cells;
};

// Larger than SCREEN_ROWS by SCREEN_COLUMNS is cut.
struct error *screen_init(struct screen *screen, unsigned rows, unsigned columns);
void screen_deinit(struct screen *screen);
void screen_clear(struct screen *screen);

enum screen_cut { CUT_END, CUT_MIDDLE };

// From (row, column) on, at most `width` characters; returns how many were written. Outside of the
// screen nothing is.
unsigned screen_text(struct screen *screen, unsigned row, unsigned column, unsigned width,
                     unsigned look, enum screen_cut cut, const char *text);
unsigned screen_print(struct screen *screen, unsigned row, unsigned column, unsigned look,
                      const char *format, ...) __attribute__((format(printf, 5, 6)));
// Right-aligned: the last character at column + width - 1.
void screen_right(struct screen *screen, unsigned row, unsigned column, unsigned width,
                  unsigned look, const char *text);
void screen_fill(struct screen *screen, unsigned row, unsigned column, unsigned width,
                 unsigned look, uint32_t character);
// Gives a whole row another look, on top of what it has.
void screen_add_look(struct screen *screen, unsigned row, unsigned column, unsigned width,
                     unsigned look);

// The row as UTF-8, without blanks at its end.
void screen_add_row(const struct screen *screen, unsigned row, struct strbuf *out);

#endif
