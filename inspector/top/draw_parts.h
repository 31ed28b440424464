// What the files of the drawing share with each other and with nobody else.
#ifndef BRILLE_INSPECTOR_TOP_DRAW_PARTS_H
#define BRILLE_INSPECTOR_TOP_DRAW_PARTS_H

#include "inspector/top/draw.h"

struct drawing {
    struct top_model *model;
    struct screen *screen;
    bool unicode;
    uint64_t now_ns;
};

// draw_tables.c: column heads at row `first`, the table, details, and the view's line at `last`.
void draw_tables(struct drawing *d, unsigned first, unsigned last);

// draw_detail.c: everything about the selected row, in this part of the screen.
void draw_detail(struct drawing *d, unsigned row, unsigned column, unsigned rows, unsigned columns);

// "+1.2 k", "-340", "."; bytes: "+362 KiB".
void draw_rate(double rate, char *text, size_t size);
void draw_bytes_rate(double rate, char *text, size_t size);

#endif
