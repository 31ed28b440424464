/* Printing exceptions the way CPython 3.11 does.
 *
 *     Traceback (most recent call last):
 *       File "prog.py", line 4, in f
 *         return d["x"] + 1
 *                ~~~~~~~^~~               carets: the range of the instruction; for a binary
 *     TypeError: unsupported ...          operation or subscript, where its operator is
 *     a note
 *
 * with causes and contexts printed before it. The text is built in memory and written to sys.stderr
 * in one call, or to descriptor 2 when there is no sys.stderr (start-up, shutdown).
 *
 * Source lines (source_lines.c) are read from the file as it is now. Everything here may fail, and
 * then prints less: an error while printing an error is dropped.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vm/builtins/sys_info.h"
#include "vm/object/code.h"
#include "vm/object/dict.h"
#include "vm/object/func.h"
#include "vm/object/int.h"
#include "vm/object/list.h"
#include "vm/object/structseq.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"
#include "vm/runtime/source_lines.h"
#include "vm/runtime/text.h"

#define REPEAT_CUTOFF 3
#define DEFAULT_LIMIT 1000
#define CHAIN_LIMIT   1000

/* ---- pieces ------------------------------------------------------------------------------------
 */

/* str(o) or repr(o); false when that failed (and printed nothing). */
static bool add_object(struct text *t, struct py_object *o, bool repr)
{
    struct py_object *s = repr ? py_repr(o) : py_str_of(o);
    const char *utf8 = s ? py_str_utf8((struct py_str *)s, NULL) : NULL;
    if (utf8)
        text_add(t, utf8);
    else
        py_error_clear();
    py_xdecref(s);
    return utf8 != NULL;
}

static void add_utf8(struct text *t, struct py_str *s)
{
    const char *utf8 = s ? py_str_utf8(s, NULL) : NULL;
    if (utf8)
        text_add(t, utf8);
    else
        py_error_clear();
}

/* Writes to a file, or sys.stderr; steals the text. */
static void print_text_to(struct py_object *file, struct text *t)
{
    if (!file && py_runtime.sys_dict)
        file = py_dict_get_cstr(py_runtime.sys_dict, "stderr");
    if (file == PY_NONE) {
        text_deinit(t);
        return;
    }
    bool written = false;
    if (file && t->p) {
        py_incref(file);
        PY_HOLD(&file);
        struct py_object *s = PY_OBJ(py_str_from_utf8(t->p, t->length));
        PY_HOLD(&s);
        struct py_object *r = s ? py_call_method_cstr(file, "write", 1, s) : NULL;
        written = r != NULL;
        py_xdecref(r);
        py_error_clear();
        if (written) {
            r = py_call_method_cstr(file, "flush", 0);
            py_xdecref(r);
            py_error_clear();
        }
        py_clear(s);
        py_clear(file);
    }
    if (!written && t->p) {
        const ssize_t ignored = write(2, t->p, t->length);
        (void)ignored;
    }
    text_deinit(t);
}

/* ---- traceback ---------------------------------------------------------------------------------
 */

static void add_entry(struct text *t, const struct py_traceback *tb, const struct py_code *code)
{
    text_add(t, "  File \"");
    add_utf8(t, code->filename);
    text_addf(t, "\", line %d, in ", tb->line);
    add_utf8(t, code->name);
    text_add(t, "\n");
    struct source_line line;
    if (!source_line_read(&line, code->filename, tb->line))
        return;
    text_addf(t, "    %s\n", line.text + line.indent);
    const struct py_line_entry *position = py_code_position(code, (uint32_t)tb->word_offset);
    if (position && position->line == tb->line)
        source_line_add_carets(t, &line, position);
    source_line_deinit(&line);
}

static int64_t traceback_limit(void)
{
    struct py_object *limit =
        py_runtime.sys_dict ? py_dict_get_cstr(py_runtime.sys_dict, "tracebacklimit") : NULL;
    if (!limit || !py_int_check(limit))
        return DEFAULT_LIMIT;
    const int64_t n = py_int_as_i64_clip(limit);
    return n < 0 ? 0 : n;
}

static void add_repeats(struct text *t, int64_t count)
{
    const int64_t more = count - REPEAT_CUTOFF;
    if (more > 0)
        text_addf(t, "  [Previous line repeated %lld more time%s]\n", (long long)more,
                  more == 1 ? "" : "s");
}

#define HEADER       "Traceback (most recent call last):\n"
#define GROUP_HEADER "Exception Group Traceback (most recent call last):\n"

static void add_traceback(struct text *t, const struct py_traceback *tb, const char *header)
{
    const int64_t limit = traceback_limit();
    if (!tb || limit == 0)
        return;
    text_add(t, header);
    int64_t depth = 0;
    for (const struct py_traceback *i = tb; i; i = i->next)
        depth++;
    for (; depth > limit; depth--)
        tb = tb->next;
    const struct py_traceback *last = NULL;
    int64_t count = 0;
    for (; tb; tb = tb->next) {
        const struct py_code *code = tb->frame->func ? tb->frame->func->code : NULL;
        if (!code)
            continue;
        const struct py_code *last_code = last ? last->frame->func->code : NULL;
        if (!last || last->line != tb->line || last_code->name != code->name ||
            last_code->filename != code->filename) {
            add_repeats(t, count);
            count = 0;
            last = tb;
        }
        if (++count <= REPEAT_CUTOFF)
            add_entry(t, tb, code);
    }
    add_repeats(t, count);
}

/* ---- one exception -----------------------------------------------------------------------------
 */

/* "module.Name", without module for builtins and __main__. */
static void add_type_name(struct text *t, struct py_type *type)
{
    struct py_object *module = NULL, *name = NULL;
    PY_HOLD(&module);
    PY_HOLD(&name);
    if (py_getattr_optional(PY_OBJ(type), PY_OBJ(py_str_const("__module__")), &module) < 0)
        py_error_clear();
    if (!module || !py_str_check(module))
        text_add(t, "<unknown>.");
    else if (!py_str_equal_cstr((struct py_str *)module, "builtins") &&
             !py_str_equal_cstr((struct py_str *)module, "__main__")) {
        add_utf8(t, (struct py_str *)module);
        text_add(t, ".");
    }
    if (py_getattr_optional(PY_OBJ(type), PY_OBJ(py_str_const("__qualname__")), &name) < 0)
        py_error_clear();
    if (name && py_str_check(name))
        add_utf8(t, (struct py_str *)name);
    else
        text_add(t, "<unknown>");
    py_clear(module);
    py_clear(name);
}

static void add_last_line(struct text *t, struct py_object *e, struct py_object *message)
{
    add_type_name(t, py_typeof(e));
    const size_t before = t->length;
    text_add(t, ": ");
    const size_t colon = t->length;
    if (!add_object(t, message, false))
        text_add(t, "<exception str() failed>");
    if (t->length == colon)
        text_truncate(t, before);
    text_add(t, "\n");
}

static int64_t int_or(struct py_object *o, int64_t fallback)
{
    return o && py_int_check(o) ? py_int_as_i64_clip(o) : fallback;
}

static bool is_syntax_error(struct py_object *e)
{
    return py_isinstance_type(e, &py_exc_SyntaxError);
}

/* The place a SyntaxError speaks of. */
static void add_syntax_location(struct text *t, const struct py_exc_syntax_error *e)
{
    if (!e->lineno || e->lineno == PY_NONE)
        return;
    text_add(t, "  File \"");
    if (!e->filename || e->filename == PY_NONE)
        text_add(t, "<string>");
    else
        add_object(t, e->filename, false);
    const int64_t line = int_or(e->lineno, 0), end_line = int_or(e->end_lineno, line);
    text_addf(t, "\", line %lld\n", (long long)line);
    const int64_t offset = int_or(e->offset, 0);
    int64_t end = int_or(e->end_offset, offset);
    if (end_line > line)
        end = INT32_MAX;
    struct source_line source;
    if (e->text && py_str_check(e->text)) {
        if (!source_line_from_text(&source, (struct py_str *)e->text))
            return;
    } else if (!e->filename || !py_str_check(e->filename) ||
               !source_line_read(&source, (struct py_str *)e->filename, (int32_t)line)) {
        return;
    }
    text_addf(t, "    %s\n", source.text + source.indent);
    source_line_add_syntax_carets(t, &source, offset, end);
    source_line_deinit(&source);
}

static void add_lines(struct text *t, struct py_object *note)
{
    if (!add_object(t, note, false))
        text_add(t, "<note str() failed>");
    text_add(t, "\n");
}

static void add_notes(struct text *t, struct py_object *e)
{
    struct py_object *notes = NULL;
    PY_HOLD(&notes);
    if (py_getattr_optional(e, PY_OBJ(py_str_const("__notes__")), &notes) < 0)
        py_error_clear();
    if (notes && (py_list_check(notes) || py_tuple_check(notes))) {
        struct py_object *owner = NULL, *const * items;
        size_t n = 0;
        PY_HOLD(&owner);
        if (py_sequence_fast(notes, NULL, &owner, &items, &n) == 0)
            for (size_t i = 0; i < n; i++)
                add_lines(t, items[i]);
        else
            py_error_clear();
        py_clear(owner);
    } else if (notes) {
        if (!add_object(t, notes, true))
            text_add(t, "<__notes__ repr() failed>");
        text_add(t, "\n");
    }
    py_clear(notes);
}

static void add_exception(struct text *t, struct py_object *e)
{
    if (!py_exc_check(e)) {
        text_add(t, "TypeError: print_exception(): Exception expected for value, ");
        text_addf(t, "%s found\n", py_typeof(e)->name);
        return;
    }
    add_traceback(t, ((struct py_exc *)e)->traceback,
                  py_isinstance_type(e, &py_exc_BaseExceptionGroup) ? GROUP_HEADER : HEADER);
    struct py_object *message = e;
    if (is_syntax_error(e)) {
        struct py_exc_syntax_error *s = (struct py_exc_syntax_error *)e;
        add_syntax_location(t, s);
        if (s->lineno && s->lineno != PY_NONE)
            message = s->msg ? s->msg : PY_NONE;
    }
    add_last_line(t, e, message);
    add_notes(t, e);
}

/* ---- groups ----------------------------------------------------------------------------------
 */

#define GROUP_WIDTH_MAX 15
#define GROUP_DEPTH_MAX 10

struct groups {
    int depth;       /* 0: not inside a group */
    bool need_close; /* the innermost group's last member has not drawn its frame's end */
};

static void add_chain(struct text *t, struct py_object *exc, struct groups *g);

/* Adds lines with the margin of the current depth; the first may have another sign. */
static void add_in_margin(struct text *t, const struct text *lines, const struct groups *g,
                          const char *first_sign)
{
    const char *sign = first_sign;
    for (const char *line = lines->p; line && *line; sign = "| ") {
        const char *const end = strchr(line, '\n');
        const size_t length = end ? (size_t)(end - line) + 1 : strlen(line);
        if (g->depth > 0) {
            text_add_repeated(t, ' ', 2 * (size_t)g->depth);
            text_add(t, sign);
        }
        text_add_bytes(t, line, length);
        line += length;
    }
}

static void add_text_in_margin(struct text *t, const char *text, const struct groups *g)
{
    struct text lines;
    text_init(&lines);
    text_add(&lines, text);
    add_in_margin(t, &lines, g, "| ");
    text_deinit(&lines);
}

static void add_member(struct text *t, struct py_object *member, int64_t i, int64_t left,
                       struct groups *g)
{
    char line[80];
    text_add_repeated(t, ' ', 2 * (size_t)g->depth);
    text_add(t, i == 0 ? "+-" : "  ");
    if (left)
        text_add(t, "+---------------- ... ----------------\n");
    else
        text_addf(t, "+---------------- %lld ----------------\n", (long long)i + 1);
    g->depth++;
    if (left) {
        snprintf(line, sizeof line, "and %lld more exception%s\n", (long long)left,
                 left > 1 ? "s" : "");
        add_text_in_margin(t, line, g);
    } else {
        add_chain(t, member, g);
    }
}

static void add_group(struct text *t, struct py_object *e, struct groups *g)
{
    char line[64];
    if (g->depth > GROUP_DEPTH_MAX) {
        snprintf(line, sizeof line, "... (max_group_depth is %d)\n", GROUP_DEPTH_MAX);
        add_text_in_margin(t, line, g);
        return;
    }
    const bool outermost = g->depth == 0;
    if (outermost)
        g->depth = 1;
    struct text lines;
    text_init(&lines);
    add_exception(&lines, e);
    const bool has_header = ((struct py_exc *)e)->traceback && g->depth == 1;
    add_in_margin(t, &lines, g, has_header ? "+ " : "| ");
    text_deinit(&lines);
    const struct py_tuple *const excs = ((struct py_exc_group *)e)->excs;
    const int64_t count = excs ? excs->base.size : 0;
    const int64_t shown = count > GROUP_WIDTH_MAX ? GROUP_WIDTH_MAX + 1 : count;
    g->need_close = false;
    for (int64_t i = 0; i < shown; i++) {
        const bool last = i == shown - 1;
        if (last)
            g->need_close = true;
        add_member(t, excs->items[i], i, i >= GROUP_WIDTH_MAX ? count - GROUP_WIDTH_MAX : 0, g);
        if (last && g->need_close) {
            text_add_repeated(t, ' ', 2 * (size_t)g->depth);
            text_add(t, "+------------------------------------\n");
            g->need_close = false;
        }
        g->depth--;
    }
    if (outermost)
        g->depth = 0;
}

/* One exception of a chain, a group with all its members. */
static void add_link(struct text *t, struct py_object *e, struct groups *g)
{
    if (py_exc_check(e) && py_isinstance_type(e, &py_exc_BaseExceptionGroup)) {
        add_group(t, e, g);
        return;
    }
    struct text lines;
    text_init(&lines);
    add_exception(&lines, e);
    add_in_margin(t, &lines, g, "| ");
    text_deinit(&lines);
}

/* ---- the chain ---------------------------------------------------------------------------------
 */

static struct py_exc *previous_of(const struct py_exc *e, bool *is_cause)
{
    *is_cause = e->cause != NULL;
    if (e->cause)
        return e->cause;
    return e->suppress_context ? NULL : e->context;
}

/* Oldest first. chain[0..n) is the way from exc back through causes and contexts; an exception
 * that was seen already ends it. */
static void add_chain(struct text *t, struct py_object *exc, struct groups *g)
{
    struct py_exc **chain = malloc(CHAIN_LIMIT * sizeof *chain);
    bool is_cause = false;
    size_t n = 0;
    if (!chain) {
        add_link(t, exc, g);
        return;
    }
    for (struct py_exc *e = (struct py_exc *)exc; e && n < CHAIN_LIMIT;
         e = previous_of(e, &is_cause)) {
        for (size_t i = 0; i < n; i++)
            if (chain[i] == e)
                goto done;
        chain[n++] = e;
    }
done:
    while (n-- > 0) {
        add_link(t, PY_OBJ(chain[n]), g);
        if (n == 0)
            break;
        previous_of(chain[n - 1], &is_cause);
        add_text_in_margin(t,
                           is_cause ? "\nThe above exception was the direct cause of the "
                                      "following exception:\n\n"
                                    : "\nDuring handling of the above exception, another "
                                      "exception occurred:\n\n",
                           g);
    }
    free(chain);
}

/* During start-up nothing can be relied on: types may not be ready. */
static void print_early(struct py_object *exc)
{
    const struct py_tuple *args = ((struct py_exc *)exc)->args;
    const char *message = "";
    if (args && args->base.size && py_str_check_exact(args->items[0]) &&
        ((struct py_str *)args->items[0])->ascii)
        message = py_str_data((struct py_str *)args->items[0]);
    fprintf(stderr, "%s%s%s\n", exc->type->name, *message ? ": " : "", message);
}

void py_error_print(struct py_object *exc)
{
    py_error_print_to(NULL, NULL, exc);
}

void py_error_print_to(struct py_object *file, const char *heading, struct py_object *exc)
{
    if (!py_runtime.initialized && !py_runtime.finalizing) {
        print_early(exc);
        return;
    }
    struct text t;
    struct groups groups = {0};
    text_init(&t);
    struct py_object *pending = py_error_fetch();
    PY_HOLD(&pending);
    if (heading)
        text_add(&t, heading);
    if (py_exc_check(exc))
        add_chain(&t, exc, &groups);
    else
        add_exception(&t, exc);
    print_text_to(file, &t);
    struct py_object *restored = pending;
    pending = NULL;
    py_error_restore(restored);
}

void py_error_print_unraisable(struct py_object *e, struct py_object *where, const char *message)
{
    struct text t;
    text_init(&t);
    if (message)
        text_addf(&t, "Exception ignored %s%s", message, where ? ": " : ":\n");
    else if (where)
        text_add(&t, "Exception ignored in: ");
    if (where) {
        if (!add_object(&t, where, true))
            text_add(&t, "<object repr() failed>");
        text_add(&t, "\n");
    }
    add_traceback(&t, ((struct py_exc *)e)->traceback, HEADER);
    add_last_line(&t, e, e);
    print_text_to(NULL, &t);
}

/* sys.unraisablehook when a program put one there. Borrowed, or NULL. */
static struct py_object *unraisable_hook(void)
{
    if (!py_runtime.initialized || !py_runtime.sys_dict)
        return NULL;
    struct py_object *const hook = py_dict_get_cstr(py_runtime.sys_dict, "unraisablehook");
    return hook == PY_NONE || hook == py_dict_get_cstr(py_runtime.sys_dict, "__unraisablehook__")
               ? NULL
               : hook;
}

/* Gives the hook what it is to show; an exception of the hook's own is shown in its stead. */
static void call_unraisable_hook(struct py_object *hook, struct py_exc *e, struct py_object *where,
                                 const char *message)
{
    struct py_object *own[3] = {py_newref(hook)}; /* the hook, its argument, its result */
    PY_HOLD_N(own, 3);
    struct py_object *items[5] = {py_newref(PY_OBJ(e->base.type)), py_newref(PY_OBJ(e)),
                                  py_newref(e->traceback ? PY_OBJ(e->traceback) : PY_NONE),
                                  message ? PY_OBJ(py_str_format_c("Exception ignored %s", message))
                                          : PY_NONE,
                                  py_newref(where ? where : PY_NONE)};
    own[1] = py_structseq_from_array(&py_sys_unraisable_type, items, 5);
    own[2] = own[1] ? py_call1(own[0], own[1]) : NULL;
    if (!own[2]) {
        struct py_object *failure = py_error_fetch();
        PY_HOLD(&failure);
        if (failure)
            py_error_print_unraisable(failure, own[0], NULL);
        py_clear(failure);
    }
    for (int i = 2; i >= 0; i--)
        py_clear(own[i]);
}

void py_error_unraisable(struct py_object *where, const char *message)
{
    const struct py_thread *const thread = py_thread_current();
    /* Raised by C code, and no code of Python's saw it. */
    if (thread->exc && !((struct py_exc *)thread->exc)->traceback && thread->frame)
        py_traceback_add(thread->frame);
    struct py_object *e = py_error_fetch();
    if (!e)
        return;
    PY_HOLD(&e);
    struct py_object *const hook = unraisable_hook();
    if (hook)
        call_unraisable_hook(hook, (struct py_exc *)e, where, message);
    else
        py_error_print_unraisable(e, where, message);
    py_clear(e);
}
