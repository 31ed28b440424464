/* Starts as much of the interpreter as unit tests of objects need: a thread with the GIL, the heap,
 * types and sys; no builtins, no compiler. */
#ifndef BRILLE_TESTS_UNIT_VM_START_H
#define BRILLE_TESTS_UNIT_VM_START_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "vm/builtins/mod_sys.h"
#include "vm/memory/gc.h"
#include "vm/object/dict.h"
#include "vm/object/exc.h"
#include "vm/object/int.h"
#include "vm/object/list.h"
#include "vm/object/str.h"
#include "vm/object/tuple.h"
#include "vm/probe/probe.h"
#include "vm/runtime/error.h"
#include "vm/runtime/gil.h"
#include "vm/runtime/ops.h"
#include "vm/runtime/thread.h"

#define INIT(fn) int fn(void);
#include "vm/runtime/init.def"

static inline int vm_start(void **state)
{
    (void)state;
    py_runtime.recursion_limit = PY_RECURSION_LIMIT;
    probe_init();
    if (py_gil_init() < 0)
        return -1;
    struct py_thread *thread = py_thread_create();
    if (!thread)
        return -1;
    py_runtime.main_thread = thread;
    py_gil_acquire(thread);
#define INIT(fn)  \
    if (fn() < 0) \
        return -1;
#include "vm/runtime/init.def"
    if (py_gc_init() < 0 || py_types_init() < 0)
        return -1;
    py_runtime.builtins = py_dict_new();
    struct py_module *sys = py_mod_sys_init();
    py_xdecref(sys); /* sys.modules keeps it */
    return sys ? 0 : -1;
}

/* repr(o) is text. Steals o. */
static inline void assert_repr_steal(struct py_object *o, const char *text)
{
    assert_non_null(o);
    struct py_object *r = py_repr(o);
    assert_non_null(r);
    assert_string_equal(py_str_utf8((struct py_str *)r, NULL), text);
    py_decref(r);
    py_decref(o);
}

/* An exception of type with this text is pending; clears it. */
static inline void assert_raised(struct py_type *type, const char *text)
{
    struct py_object *e = py_error_fetch();
    assert_non_null(e);
    assert_string_equal(e->type->name, type->name);
    struct py_object *s = py_str_of(e);
    assert_non_null(s);
    assert_string_equal(py_str_utf8((struct py_str *)s, NULL), text);
    py_decref(s);
    py_decref(e);
}

static inline struct py_object *text(const char *s)
{
    return PY_OBJ(py_str_from_cstr(s));
}

static inline struct py_object *number(int64_t n)
{
    return py_int_from_i64(n);
}

/* class name(bases): with what ns holds (may be NULL). */
static inline struct py_type *make_class(const char *name, struct py_dict *ns, size_t nbases,
                                         struct py_type **bases)
{
    struct py_str *n = py_str_from_cstr(name);
    struct py_tuple *b = py_tuple_from_array((struct py_object **)bases, nbases);
    struct py_dict *d = ns ? py_newref(ns) : py_dict_new();
    struct py_type *t = py_type_create(&py_type_type, n, b, d, NULL, NULL);
    py_decref(d);
    py_decref(b);
    py_decref(n);
    return t;
}

#endif
