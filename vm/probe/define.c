/* Definitions: the names behind the ids in the stream.
 *
 * A type or code object gets its id when the first event speaks of it (types) or when it is entered
 * (code), and is written to the definitions region then. Ids belong to the process, not to the
 * ring: when a reader hands over a new ring, everything alive is defined again under the ids it
 * has. What died in between resolves to "unknown" there, and no event of the new ring names it.
 */
#include <stdlib.h>
#include <string.h>

#include "vm/memory/heap.h"
#include "vm/object/code.h"
#include "vm/object/exc.h"
#include "vm/object/static_types.h"
#include "vm/object/str.h"
#include "vm/object/type.h"
#include "vm/probe/define.h"
#include "vm/probe/filter.h"
#include "vm/probe/loop.h"
#include "vm/probe/probe.h"
#include "vm/runtime/thread.h"

static uint32_t last_type_id, last_code_id;

/* UTF-8 of a str that is ASCII, or else "?": names are wanted at moments when nothing may be
 * allocated, and only ASCII texts are their own UTF-8. */
static const char *text_of(const struct py_str *s)
{
    if (!s)
        return "";
    if (s->ascii)
        return py_str_data(s);
    const struct py_str_wide *wide = (const struct py_str_wide *)s;
    return wide->utf8 ? wide->utf8 : "?";
}

static void write_type(const struct py_type *type)
{
    char module[128] = "builtins";
    const char *name = type->name, *dot = strrchr(type->name, '.');
    if (type->flags & PY_TYPE_HEAP) {
        const struct py_object *m = type->module_name;
        if (m && py_str_check(m))
            strncpy(module, text_of((const struct py_str *)m), sizeof module - 1);
    } else if (dot) {
        const size_t n = (size_t)(dot - name);
        if (n < sizeof module) {
            memcpy(module, name, n);
            module[n] = '\0';
        }
        name = dot + 1;
    }
    trace_define_type(type->trace_id, (uintptr_t)type, type->basicsize, type->flags, name, module);
}

uint32_t probe_type_id(struct py_type *type)
{
    if (type->trace_id == 0) {
        type->trace_id = ++last_type_id;
        if (probe_filter.type_flag)
            probe_filter_judge_type(type);
        write_type(type);
    }
    return type->trace_id;
}

static void write_code(const struct py_code *code)
{
    struct trace_line *lines = malloc((code->line_count + 1) * sizeof *lines);
    size_t n = 0;
    for (uint32_t i = 0; lines && i < code->line_count; i++) {
        const struct py_line_entry *e = &code->lines[i];
        if (e->line <= 0 || (n && lines[n - 1].line == (uint32_t)e->line))
            continue;
        lines[n++] = (struct trace_line){.site = e->start, .line = (uint32_t)e->line};
    }
    trace_define_code(code->trace_id, (uintptr_t)code, probe_site(code->words),
                      (uint32_t)code->first_line, text_of(code->name), text_of(code->qualname),
                      text_of(code->filename), lines, n);
    free(lines);
}

uint32_t probe_define_code(struct py_code *code)
{
    if (code->trace_id == 0) {
        code->trace_id = ++last_code_id;
        if (probe_filter.code_flag)
            probe_filter_judge_code(code);
        write_code(code);
    }
    return code->trace_id;
}

static int define_object(struct py_object *o, void *arg)
{
    (void)arg;
    if (py_has_flag(o, PY_TYPE_IS_TYPE)) {
        struct py_type *type = (struct py_type *)o;
        if (type->trace_id)
            write_type(type);
    } else if (o->type == &py_code_type) {
        struct py_code *code = (struct py_code *)o;
        if (code->trace_id)
            write_code(code);
    }
    return 0;
}

void probe_define_all(void)
{
    for (int i = 0; i < PY_STATIC_TYPE_COUNT; i++)
        if (py_static_types[i]->trace_id)
            write_type(py_static_types[i]);
    py_heap_each_object(define_object, NULL);
    for (const struct py_thread *t = py_runtime.threads; t; t = t->next)
        trace_define_thread((uint32_t)t->tid, t->ident, t->name ? t->name : "");
}
