// The terminal, by ncurses: a screen is copied out, keys come in. Nothing else of the live view
// knows that there is one.
//
// No background and one colour, magenta, which is the only one of the six that can be read on
// black and on white in the usual palettes; without colours it is bold.
#ifndef BRILLE_INSPECTOR_TOP_TERM_H
#define BRILLE_INSPECTOR_TOP_TERM_H

#include "inspector/base/error.h"
#include "inspector/top/screen.h"
#include <stdbool.h>

// USAGE when there is no terminal, or none that can place the cursor.
struct error *term_open(bool color);
void term_close(void); // also when it is not open

void term_size(unsigned *rows, unsigned *columns);
void term_show(const struct screen *screen);
void term_redraw(void); // as if nothing were on it

// Waits at most so long; enum top_key or a character, TOP_KEY_NONE when none came. *gone is set
// when the terminal has been closed.
int term_key(int wait_ms, bool *gone);

// Into the clipboard, by OSC 52.
void term_copy(const char *text);

#endif
