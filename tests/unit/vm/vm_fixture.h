/* A running interpreter for the unit tests of vm/: vm_start as group setup, and short forms. */
#ifndef BRILLE_TESTS_UNIT_VM_FIXTURE_H
#define BRILLE_TESTS_UNIT_VM_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "vm/object/int.h"
#include "vm/object/str.h"
#include "vm/runtime/error.h"
#include "vm/runtime/ops.h"
#include "vm/runtime/runtime.h"

static inline int vm_start(void **state)
{
    (void)state;
    static char name[] = "test";
    static char *argv[] = {name, NULL};
    const struct py_config config = {
        .argc = 1, .argv = argv, .program = name, .no_attach = true, .isolated = true};
    return py_runtime.initialized ? 0 : py_runtime_init(&config);
}

/* The text of str(o), which is released. Valid until the next call of the same slot of eight. */
static inline const char *vm_text(struct py_object *o)
{
    static char slots[8][4096];
    static unsigned next;
    char *out = slots[next++ % 8];
    if (!o) {
        struct py_object *e = py_error_fetch();
        struct py_object *text = e ? py_str_of(e) : NULL;
        snprintf(out, sizeof(slots[0]), "%s: %s", e ? e->type->name : "?",
                 text ? py_str_utf8((struct py_str *)text, NULL) : "?");
        py_xdecref(text);
        py_xdecref(e);
        return out;
    }
    struct py_object *text = py_str_of(o);
    snprintf(out, sizeof(slots[0]), "%s", text ? py_str_utf8((struct py_str *)text, NULL) : "?");
    py_xdecref(text);
    py_decref(o);
    return out;
}

static inline struct py_object *vm_int(const char *digits)
{
    struct py_object *o = py_int_from_text(digits, strlen(digits), 0);
    assert_non_null(o);
    return o;
}

static inline struct py_object *vm_str(const char *utf8)
{
    return PY_OBJ(py_str_from_cstr(utf8));
}

#endif
