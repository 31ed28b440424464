// The model of the live view: what is shown, in which order, and what was a minute ago.
//
// It knows no terminal and no process. Samples go in (top_model_take), keys go in
// (top_model_key), and the drawing reads it. So everything that can be wrong about numbers, order
// and filters is tested without either.
//
// Rows do not jump: a table is sorted afresh at every third sample, or when somebody asks for
// another order; in between rows keep their places, new ones come last. The sort looks at means
// of the last samples, so that a row moves when its thread has changed and not for one tick.
//
// While paused, samples are kept back from the screen: the present one stays.
//
// What stands out (the finding) is one sentence, the first of these that holds:
//
//     a type grows by 64 KiB a second or more over 10 s
//     memory grows by 1 MiB a minute or more, and in the later half at half that pace at least
//     a thread waits a fifth of its time for the GIL
//     collections take a twentieth of the time
//     one object holds a quarter of a dumped heap
#ifndef BRILLE_INSPECTOR_TOP_MODEL_H
#define BRILLE_INSPECTOR_TOP_MODEL_H

#include "inspector/base/error.h"
#include "inspector/top/sample.h"
#include <stdbool.h>
#include <stdint.h>

enum {
    TOP_HISTORY = 60,     // samples
    TOP_SORT_EVERY = 3,   // samples
    TOP_FINDING_OVER = 5, // samples
    TOP_FILTER = 32,
    TOP_COLUMNS = 6,
};

// What a thread did mostly, sample by sample; the newest last.
struct top_track {
    pid_t tid;
    char name[48];
    uint8_t states[TOP_HISTORY]; // '#', '~' or '.'; 0: it was not there
    double held, wait;           // means of the last TOP_FINDING_OVER samples
    bool seen;
};
VEC_DEFINE(top_track_vec, struct top_track);

// A row of the present table.
struct top_row {
    uint64_t id;    // of what it shows
    uint32_t index; // of that in the sample
    bool seen;
};
VEC_DEFINE(top_row_vec, struct top_row);

// A key asks for something that the model cannot do itself.
enum top_wish {
    TOP_WISH_NONE,
    TOP_WISH_QUIT,
    TOP_WISH_DUMP,   // confirmed
    TOP_WISH_COPY,   // the selected line
    TOP_WISH_RESET,  // the window of `since`
    TOP_WISH_TICK,   // tick_ns has changed
    TOP_WISH_REDRAW, // the terminal's memory may be wrong
};

enum top_mode { TOP_MODE_TABLE, TOP_MODE_FILTER, TOP_MODE_HELP, TOP_MODE_ASK_DUMP };

struct top_model {
    // What is looked at; set once.
    char name[64], runtime[16], version[32];
    pid_t pid;
    uint64_t start_unix_s; // of the process; 0: not known

    struct top_sample now;    // the one that is shown
    struct top_sample latest; // while paused: the newest
    bool has_sample;
    uint64_t samples;

    uint64_t rss[TOP_HISTORY], rss_at_ns[TOP_HISTORY]; // the newest last
    unsigned rss_count;
    double gc_share, memory_rate; // means; bytes a second
    struct top_track_vec tracks;

    enum top_view view;
    enum top_mode mode;
    unsigned sort[TOP_VIEWS]; // column
    bool ascending[TOP_VIEWS];
    char filter[TOP_VIEWS][TOP_FILTER];
    struct top_row_vec rows; // of the present view
    uint64_t selected[TOP_VIEWS];
    size_t scroll; // first row shown
    size_t page;   // rows that fit; set by the drawing
    bool detail;
    bool resort;
    uint64_t paused_at_ns; // 0: running
    uint64_t tick_ns;

    char message[TOP_NOTE]; // of a job or a key; "" for none
    uint64_t message_until_ns;
    uint64_t ended_unix_s; // of the process, set from outside; 0: it runs
    uint64_t dump_cost_ns; // how long a dump stops the process, as far as it can be told
    char finding[TOP_NOTE];
    enum top_view finding_view;
    uint64_t finding_id;   // row
    char holder[TOP_NOTE]; // what a dump has found to hold most: "X (dict) holds 1.12 GiB"
    bool holder_matters;
    struct top_group_vec dumped; // types of the last dump
    int64_t dumped_unix_s;
};

struct top_column {
    const char *title;
    uint8_t width; // 0: what remains
    bool text;     // left-aligned; sorts rising
};

void top_model_init(struct top_model *model);
void top_model_deinit(struct top_model *model);

// Takes what the sample holds; it is empty afterwards.
struct error *top_model_take(struct top_model *model, struct top_sample *sample);

// `key` is a character, or one of these.
enum top_key {
    TOP_KEY_UP = 0x110000,
    TOP_KEY_DOWN,
    TOP_KEY_PAGE_UP,
    TOP_KEY_PAGE_DOWN,
    TOP_KEY_HOME,
    TOP_KEY_END,
    TOP_KEY_ENTER,
    TOP_KEY_ESCAPE,
    TOP_KEY_BACKSPACE,
    TOP_KEY_TAB,
    TOP_KEY_NONE,
};
enum top_wish top_model_key(struct top_model *model, int key, uint64_t now_ns);

// Makes `rows` anew after a change of view, order or filter, or of what is shown.
struct error *top_model_arrange(struct top_model *model);

const struct top_column *top_view_columns(enum top_view view); // TOP_COLUMNS, ends with no title
const char *top_view_name(enum top_view view);
const struct top_row *top_model_selected(const struct top_model *model); // NULL: no rows
const struct top_track *top_model_track(const struct top_model *model, pid_t tid);
const char *top_model_thread_name(const struct top_model *model, pid_t tid);
// The types that are shown: counted from events, or those of the last dump.
const struct top_group_vec *top_model_types(const struct top_model *model);

void top_model_say(struct top_model *model, uint64_t now_ns, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
