// Drawing the model: the whole screen, each time, from what the model says now.
//
//     row 0        whose process, how long it has run, the time, how often it is looked at
//     rows 1..4    memory, GIL, garbage collection
//     row 5        what stands out
//     then         views, column heads, the table; at 110 columns and more the selected row's
//                  details beside it, else, when asked for, below it
//     the last two a line about the view, the keys
//
// A state is told by a sign and a word, then by weight, and by colour last, so a terminal without
// colours shows the same.
#ifndef BRILLE_INSPECTOR_TOP_DRAW_H
#define BRILLE_INSPECTOR_TOP_DRAW_H

#include "inspector/top/model.h"
#include "inspector/top/screen.h"
#include <stdbool.h>

enum { DRAW_ROWS_LEAST = 24, DRAW_COLUMNS_LEAST = 80, DRAW_WIDE = 110 };

// `unicode`: blocks instead of "#=./". Sets model->page.
void draw_model(struct top_model *model, bool unicode, uint64_t now_ns, struct screen *screen);

// The selected row as one line, for the clipboard.
void draw_selected(struct top_model *model, struct strbuf *out);

// What is left on the terminal when the view ends: at most six lines.
void draw_summary(const struct top_model *model, struct strbuf *out);

#endif
