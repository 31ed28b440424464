/* Lets go of the program's modules when it has ended: __main__ and what was imported from files, in
 * CPython's order, because finalizers and callbacks of weak references show it:
 *
 *   1. sys.modules forgets each, in the order of import. What only a module kept dies now, at zero.
 *   2. A full collection. The globals of a module with functions are a cycle (a function keeps its
 *      globals), so most modules die here: finalizers run first, and find all globals as they were.
 *   3. Of the modules that something still holds, the last imported first, the globals become None:
 *      names with one leading underscore before the others.
 *   4. Another collection, of what hung on those.
 *
 * Built-in modules stay to the end: finalizers print, and our own in Python need their globals.
 */
#include "vm/runtime/module_end.h"

#include <string.h>

#include "vm/memory/gc.h"
#include "vm/object/dict.h"
#include "vm/object/list.h"
#include "vm/object/module.h"
#include "vm/object/str.h"
#include "vm/object/tuple.h"
#include "vm/object/weakref.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/thread.h"

static bool is_of_program(struct py_object *name, struct py_object *module)
{
    if (module->type != &py_module_type || !py_str_check(name))
        return false;
    return py_str_equal_cstr((struct py_str *)name, "__main__") ||
           py_dict_get_cstr(((struct py_module *)module)->dict, "__file__");
}

/* Step 1. Leaves weak references to the modules in `ended`. */
static void forget_modules(struct py_list *ended)
{
    struct py_list *items = py_dict_items_list(py_runtime.modules);
    PY_HOLD(&items);
    for (int64_t i = 0; items && i < items->base.size; i++) {
        struct py_tuple *const item = (struct py_tuple *)items->items[i];
        struct py_object *name = item->items[0];
        if (!is_of_program(name, item->items[1]))
            continue;
        struct py_weakref *const module = py_weakref_new(item->items[1], NULL);
        if (module)
            py_list_append_steal(ended, PY_OBJ(module));
        py_error_clear();
        py_incref(name);
        PY_HOLD(&name);
        /* The pair goes first, or it would keep the module beyond its turn. */
        py_list_set_slice(items, i, i + 1, NULL);
        i--;
        if (py_dict_contains(py_runtime.modules, name) == 1)
            py_dict_del(py_runtime.modules, name);
        py_error_clear();
        py_clear(name);
    }
    py_clear(items);
}

static void clear_names(struct py_dict *dict, struct py_list *names, bool underscored)
{
    for (int64_t i = 0; i < names->base.size; i++) {
        struct py_object *const name = names->items[i];
        if (!py_str_check(name))
            continue;
        const char *const text = py_str_utf8((struct py_str *)name, NULL);
        const bool one = text && text[0] == '_' && text[1] != '_';
        if (text && one == underscored && strcmp(text, "__builtins__") != 0 &&
            py_dict_contains(dict, name) == 1)
            py_dict_set(dict, name, PY_NONE);
        py_error_clear();
    }
}

/* Step 3, of one module. */
static void clear_module(struct py_module *module)
{
    struct py_list *names = py_dict_keys_list(module->dict);
    PY_HOLD(&names);
    if (names) {
        clear_names(module->dict, names, true);
        clear_names(module->dict, names, false);
    }
    py_clear(names);
}

void py_modules_end(void)
{
    struct py_list *ended = py_list_new(0);
    PY_HOLD(&ended);
    if (ended)
        forget_modules(ended);
    py_gc_collect(2);
    for (int64_t i = ended ? ended->base.size : 0; i-- > 0;) {
        struct py_object *module = py_weakref_get((struct py_weakref *)ended->items[i]);
        PY_HOLD(&module);
        if (module)
            clear_module((struct py_module *)module);
        py_clear(module);
    }
    py_clear(ended);
    py_gc_collect(2);
    py_error_clear();
}
