/* Builtins about code and scopes: globals, locals, compile, exec, eval, __import__, and what a
 * class statement calls, __build_class__.
 */
#include <stdlib.h>
#include <string.h>

#include "vm/builtins/builtins_impl.h"
#include "vm/compile/compile.h"
#include "vm/memory/heap.h"
#include "vm/object/bytes.h"
#include "vm/object/code.h"
#include "vm/object/dict.h"
#include "vm/object/func.h"
#include "vm/object/int.h"
#include "vm/object/list.h"
#include "vm/object/module.h"
#include "vm/object/str.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"
#include "vm/runtime/eval.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/import.h"
#include "vm/runtime/locals.h"
#include "vm/runtime/ops.h"
#include "vm/runtime/thread.h"

METHOD(globals)
{
    UNUSED_ARGS;
    const struct py_frame *frame = py_thread_current()->frame;
    if (!frame)
        return py_newref(PY_NONE);
    return py_newref(PY_OBJ(frame->globals));
}

METHOD(locals)
{
    UNUSED_ARGS;
    struct py_frame *frame = py_thread_current()->frame;
    if (!frame)
        return py_raise(&py_exc_SystemError, "frame does not exist");
    return py_frame_locals(frame);
}

/* --- compile, exec, eval --- */

/* Source text of str or bytes-like: borrowed bytes. -1: TypeError or ValueError. */
static int source_text(struct py_object *source, const char *function, const char *what,
                       const char **text, size_t *length)
{
    if (py_str_check(source)) {
        *text = py_str_utf8_strict(source, length);
        if (!*text)
            return -1;
    } else {
        const uint8_t *data;
        if (py_bytes_view(source, &data, length) < 0) {
            py_error_clear();
            return py_raise_int(&py_exc_TypeError, "%s() arg 1 must be a %s object", function,
                                what);
        }
        *text = (const char *)data;
    }
    if (memchr(*text, 0, *length))
        return py_raise_int(&py_exc_ValueError, "source code string cannot contain null bytes");
    return 0;
}

static struct py_str *filename_of(struct py_object *o)
{
    if (py_str_check(o))
        return (struct py_str *)py_newref(o);
    if (py_bytes_check(o)) {
        const struct py_bytes *b = (struct py_bytes *)o;
        return (struct py_str *)py_bytes_decode(b->data, (size_t)b->base.size, "utf-8",
                                                "surrogateescape");
    }
    return py_raise(&py_exc_TypeError, "expected str, bytes or os.PathLike object, not %T", o);
}

/* Flags of compile(): __future__'s, which have no effect but for that of annotations, ast's and
 * codeop's. */
enum {
    FUTURE_FLAGS = 0x1fe0000,
    OBSOLETE_FLAGS = 0x10,
    DONT_IMPLY_DEDENT = 0x200,
    ONLY_AST = 0x400,          /* ast.PyCF_ONLY_AST */
    TYPE_COMMENTS = 0x1000,    /* not looked at */
    TOP_LEVEL_AWAIT = 0x2000,  /* not supported */
    ALLOW_INCOMPLETE = 0x4000, /* codeop.PyCF_ALLOW_INCOMPLETE_INPUT: a prompt can ask on */
    ALL_FLAGS = FUTURE_FLAGS | OBSOLETE_FLAGS | DONT_IMPLY_DEDENT | ONLY_AST | TYPE_COMMENTS |
                TOP_LEVEL_AWAIT | ALLOW_INCOMPLETE,
};

/* What source that is compiled by running code has from it: the code's own __future__ imports. */
static bool inherits_annotations_as_text(void)
{
    const struct py_frame *const f = py_thread_current()->frame;
    return f && f->code->flags & PY_CODE_ANNOTATIONS_AS_TEXT;
}

/* The tree as objects of the module _ast: its dump, evaluated there. */
static struct py_object *syntax_tree(const char *text, size_t length, struct py_str *filename,
                                     const struct py_compile_how *how)
{
    size_t dump_length;
    char *const dump = py_dump_syntax_tree(text, length, filename, how, &dump_length);
    if (!dump)
        return NULL;
    struct py_object *tree = NULL;
    struct py_object *module = py_import_module("_ast");
    PY_HOLD(&module);
    struct py_code *code =
        module
            ? py_compile_source(dump, dump_length, filename,
                                &(struct py_compile_how){.mode = PY_COMPILE_EVAL, .is_text = true})
            : NULL;
    PY_HOLD(&code);
    if (code) {
        struct py_dict *const names = ((struct py_module *)module)->dict;
        tree = py_eval_code(code, names, PY_OBJ(names));
    }
    py_clear(code);
    py_clear(module);
    free(dump);
    return tree;
}

/* Is it a node of the module ast? 1, 0 or -1. Without that module loaded nothing is. */
static int is_tree(struct py_object *o)
{
    struct py_object *const module = py_dict_get_cstr(py_runtime.modules, "_ast");
    if (!module || module->type != &py_module_type)
        return 0;
    struct py_object *const base = py_dict_get_cstr(((struct py_module *)module)->dict, "AST");
    return base ? py_isinstance(o, base) : 0;
}

/* compile() of a tree: checked and flattened by Python code, then compiled. */
static struct py_object *compile_tree(struct py_object *tree, struct py_str *filename,
                                      struct py_object *mode_text, const struct py_compile_how *how)
{
    struct py_object *own[3] = {py_import_module("_frozen_tree")};
    PY_HOLD_N(own, 3);
    own[1] = own[0] ? py_getattr_cstr(own[0], "plain_tree") : NULL;
    own[2] = own[1] ? py_call2(own[1], tree, mode_text) : NULL;
    struct py_object *code = own[2] ? PY_OBJ(py_compile_tree(own[2], filename, how)) : NULL;
    PY_HOLD(&code);
    for (int i = 2; i >= 0; i--)
        py_clear(own[i]);
    return code;
}

static int compile_mode(struct py_object *o, enum py_compile_mode *mode)
{
    if (!py_str_check(o))
        return py_raise_int(&py_exc_TypeError, "compile() argument 'mode' must be str, not %T", o);
    const struct py_str *const text = (struct py_str *)o;
    if (py_str_equal_cstr(text, "exec"))
        *mode = PY_COMPILE_EXEC;
    else if (py_str_equal_cstr(text, "eval"))
        *mode = PY_COMPILE_EVAL;
    else if (py_str_equal_cstr(text, "single"))
        *mode = PY_COMPILE_SINGLE;
    else
        return py_raise_int(&py_exc_ValueError,
                            "compile() mode must be 'exec', 'eval' or 'single'");
    return 0;
}

/* The arguments mode, flags, dont_inherit and optimize (NULL: not given). 0 or -1. */
static int compile_how(struct py_object *const *in, int64_t *flags, struct py_compile_how *how)
{
    int64_t optimize = -1;
    *flags = in[1] ? py_int_as_c_int(in[1]) : 0;
    if ((*flags == -1 && py_error_occurred()) || compile_mode(in[0], &how->mode) < 0)
        return -1;
    const int alone = in[2] ? py_truth(in[2]) : 0;
    if (alone < 0 || (in[3] && (optimize = py_int_as_c_int(in[3])) == -1 && py_error_occurred()))
        return -1;
    if (*flags & ~(int64_t)ALL_FLAGS)
        return py_raise_int(&py_exc_ValueError, "compile(): unrecognised flags");
    if (optimize < -1 || optimize > 2)
        return py_raise_int(&py_exc_ValueError, "compile(): invalid optimize value");
    how->optimize = optimize < 0 ? py_runtime.optimize : (int)optimize;
    how->typed = *flags & ALLOW_INCOMPLETE;
    how->annotations_as_text =
        *flags & PY_CODE_ANNOTATIONS_AS_TEXT || (!alone && inherits_annotations_as_text());
    return 0;
}

METHOD(compile)
{
    (void)self;
    static const char *const names[] = {
        "source", "filename", "mode", "flags", "dont_inherit", "optimize", "_feature_version"};
    static const struct py_params params = {
        .function = "compile", .names = names, .count = 7, .required = 3, .keyword_only = 6};
    struct py_object *in[7] = {NULL}, *made = NULL;
    struct py_compile_how how = {0};
    int64_t flags;
    if (py_parse_args(&params, args, nargs, kwnames, in) < 0 ||
        compile_how(in + 2, &flags, &how) < 0)
        return NULL;
    if (in[0]->type == &py_code_type)
        return py_newref(in[0]);
    const int tree = is_tree(in[0]);
    if (tree < 0)
        return NULL;
    if (tree && flags & ONLY_AST)
        return py_newref(in[0]);
    const char *text;
    size_t length;
    if (!tree && source_text(in[0], "compile", "string, bytes or AST", &text, &length) < 0)
        return NULL;
    how.is_text = py_str_check(in[0]);
    struct py_str *filename = filename_of(in[1]);
    if (!filename)
        return NULL;
    PY_HOLD(&filename);
    PY_HOLD(&made);
    if (tree)
        made = compile_tree(in[0], filename, in[2], &how);
    else if (flags & ONLY_AST)
        made = syntax_tree(text, length, filename, &how);
    else
        made = PY_OBJ(py_compile_source(text, length, filename, &how));
    py_clear(filename);
    return made;
}

/* The scopes code runs in, from the arguments of exec or eval. */
struct scopes {
    struct py_object *globals; /* borrowed dict */
    struct py_object *locals;  /* owned */
};

static int find_scopes(const char *function, struct py_object *globals, struct py_object *locals,
                       struct scopes *out)
{
    const bool evaluates = strcmp(function, "eval") == 0;
    struct py_frame *frame = py_thread_current()->frame;
    globals = globals == PY_NONE ? NULL : globals;
    locals = locals == PY_NONE ? NULL : locals;
    if (locals && !locals->type->subscript)
        return evaluates ? py_raise_int(&py_exc_TypeError, "locals must be a mapping")
                         : py_raise_int(&py_exc_TypeError,
                                        "locals must be a mapping or None, not %T", locals);
    if (globals && !py_dict_check(globals)) {
        if (!evaluates)
            return py_raise_int(&py_exc_TypeError, "%s() globals must be a dict, not %T", function,
                                globals);
        return py_raise_int(&py_exc_TypeError,
                            globals->type->subscript
                                ? "globals must be a real dict; try eval(code, {}, mapping)"
                                : "globals must be a dict");
    }
    if (!globals && !frame)
        return py_raise_int(&py_exc_SystemError, "globals and locals cannot be NULL");
    out->globals = globals ? globals : PY_OBJ(frame->globals);
    out->locals = locals    ? py_newref(locals)
                  : globals ? py_newref(globals)
                            : py_frame_locals(frame);
    if (!out->locals)
        return -1;
    struct py_object *name = PY_OBJ(py_str_const("__builtins__"));
    struct py_dict *d = (struct py_dict *)out->globals;
    if (!py_dict_get_str(d, (struct py_str *)name) &&
        py_dict_set(d, name, frame ? frame->builtins : PY_OBJ(py_runtime.builtins)) < 0) {
        py_clear(out->locals);
        return -1;
    }
    return 0;
}

/* Runs source (text or code) in scopes; takes over scopes->locals. */
static struct py_object *run(const char *function, struct py_object *source,
                             enum py_compile_mode mode, struct scopes *scopes)
{
    struct py_object *held[2] = {scopes->locals, NULL}, *result = NULL;
    PY_HOLD_N(held, 2);
    if (source->type == &py_code_type) {
        held[1] = py_newref(source);
        if (((struct py_code *)source)->free_count > 0) {
            py_raise(&py_exc_TypeError, "code object passed to %s() may not contain free variables",
                     function);
            goto done;
        }
    } else {
        const char *text;
        size_t length;
        if (source_text(source, function, "string, bytes or code", &text, &length) < 0)
            goto done;
        while (mode == PY_COMPILE_EVAL && length && (*text == ' ' || *text == '\t')) {
            text++;
            length--;
        }
        struct py_str *filename = py_str_const("<string>");
        const struct py_compile_how how = {.mode = mode,
                                           .optimize = py_runtime.optimize,
                                           .is_text = py_str_check(source),
                                           .annotations_as_text = inherits_annotations_as_text()};
        held[1] = PY_OBJ(py_compile_source(text, length, filename, &how));
        if (!held[1])
            goto done;
    }
    result = py_eval_code((struct py_code *)held[1], (struct py_dict *)scopes->globals, held[0]);
done : {
    PY_HOLD(&result);
    py_clear(held[1]);
    py_clear(held[0]);
}
    return result;
}

METHOD(eval)
{
    UNUSED_ARGS;
    struct scopes scopes;
    if (find_scopes("eval", nargs > 1 ? args[1] : NULL, nargs > 2 ? args[2] : NULL, &scopes) < 0)
        return NULL;
    return run("eval", args[0], PY_COMPILE_EVAL, &scopes);
}

METHOD(exec)
{
    UNUSED_ARGS;
    struct scopes scopes;
    if (kwnames && kwnames->base.size) {
        static const char *const names[] = {"closure"};
        static const struct py_params params = {.function = "exec", .names = names, .count = 1};
        struct py_object *in[1] = {NULL};
        if (py_parse_args(&params, args + nargs, 0, kwnames, in) < 0)
            return NULL;
        if (in[0] && in[0] != PY_NONE)
            return py_raise(&py_exc_TypeError,
                            "closure argument is not supported by this interpreter");
    }
    if (find_scopes("exec", nargs > 1 ? args[1] : NULL, nargs > 2 ? args[2] : NULL, &scopes) < 0)
        return NULL;
    struct py_object *result = run("exec", args[0], PY_COMPILE_EXEC, &scopes);
    if (!result)
        return NULL;
    py_decref(result);
    return py_newref(PY_NONE);
}

METHOD(__import__)
{
    (void)self;
    static const char *const names[] = {"name", "globals", "locals", "fromlist", "level"};
    static const struct py_params params = {
        .function = "__import__", .names = names, .count = 5, .required = 1, .keyword_only = 5};
    struct py_object *in[5] = {NULL};
    if (py_parse_args(&params, args, nargs, kwnames, in) < 0)
        return NULL;
    if (!py_str_check(in[0]))
        return py_raise(&py_exc_TypeError, "module name must be a string");
    int64_t level = 0;
    if (in[4] && (level = py_int_as_i64(in[4])) == -1 && py_error_occurred())
        return NULL;
    if (level < 0)
        return py_raise(&py_exc_ValueError, "level must be >= 0");
    struct py_dict *globals = in[1] && py_dict_check(in[1]) ? (struct py_dict *)in[1] : NULL;
    return py_import_name((struct py_str *)in[0], globals, in[3], (int)level);
}

/* --- class statements --- */

/* What bases become once __mro_entries__ of those that are no classes was asked. New tuple. */
static struct py_tuple *resolve_bases(struct py_tuple *bases)
{
    struct py_object *held[3] = {NULL}; /* list, method, its result */
    PY_HOLD_N(held, 3);
    for (int64_t i = 0; i < bases->base.size; i++) {
        struct py_object *base = bases->items[i];
        int found = 0;
        if (!py_has_flag(base, PY_TYPE_IS_TYPE)) {
            found = py_getattr_optional(base, PY_OBJ(py_str_const("__mro_entries__")), &held[1]);
            if (found < 0)
                goto fail;
        }
        if (!found) {
            if (held[0] && py_list_append((struct py_list *)held[0], base) < 0)
                goto fail;
            continue;
        }
        held[2] = py_call1(held[1], PY_OBJ(bases));
        py_clear(held[1]);
        if (!held[2])
            goto fail;
        if (!py_tuple_check(held[2])) {
            py_raise(&py_exc_TypeError, "__mro_entries__ must return a tuple");
            goto fail;
        }
        if (!held[0] && !(held[0] = PY_OBJ(py_list_from_array(bases->items, (size_t)i))))
            goto fail;
        if (py_list_extend((struct py_list *)held[0], held[2]) < 0)
            goto fail;
        py_clear(held[2]);
    }
    if (!held[0])
        return py_newref(bases);
    held[1] = PY_OBJ(py_list_as_tuple((struct py_list *)held[0]));
    py_clear(held[0]);
    struct py_tuple *const resolved = (struct py_tuple *)held[1];
    held[1] = NULL;
    return resolved;
fail:
    for (int i = 0; i < 3; i++)
        py_clear(held[i]);
    return NULL;
}

/* The namespace a class body runs in. New. */
static struct py_object *prepare(struct py_object *meta, struct py_object *const *name_and_bases,
                                 struct py_object *const *values, struct py_tuple *kwnames)
{
    struct py_object *method;
    const int found = py_getattr_optional(meta, PY_OBJ(py_str_const("__prepare__")), &method);
    if (found <= 0)
        return found < 0 ? NULL : PY_OBJ(py_dict_new());
    PY_HOLD(&method);
    const size_t n = kwnames ? (size_t)kwnames->base.size : 0;
    struct py_object *few[16], **all = few;
    if (n + 2 > 16 && !(all = py_mem_alloc((n + 2) * sizeof *all))) {
        py_clear(method);
        return py_raise_no_memory();
    }
    all[0] = name_and_bases[0];
    all[1] = name_and_bases[1];
    for (size_t i = 0; i < n; i++)
        all[2 + i] = values[i];
    struct py_object *space = py_call(method, all, 2, kwnames);
    if (all != few)
        py_mem_free(all);
    PY_HOLD(&space);
    py_clear(method);
    if (space && !space->type->subscript) {
        py_raise(&py_exc_TypeError, "%.200s.__prepare__() must return a mapping, not %.200s",
                 py_has_flag(meta, PY_TYPE_IS_TYPE) ? ((struct py_type *)meta)->name
                                                    : "<metaclass>",
                 space->type->name);
        py_clear(space);
    }
    return space;
}

/* __class__ as methods see it must be the class that was made. */
static int check_class_cell(struct py_object *cell, struct py_object *cls, struct py_object *name)
{
    if (!py_has_flag(cls, PY_TYPE_IS_TYPE) || cell->type != &py_cell_type)
        return 0;
    struct py_object *inside = ((struct py_cell *)cell)->value;
    if (inside == cls)
        return 0;
    if (!inside)
        return py_raise_int(&py_exc_RuntimeError,
                            "__class__ not set defining %R as %R. Was __classcell__ propagated to "
                            "type.__new__?",
                            name, cls);
    return py_raise_int(&py_exc_TypeError, "__class__ set to %R defining %R as %R", inside, name,
                        cls);
}

/* Keyword arguments without "metaclass", and that one. */
struct class_keywords {
    struct py_object *meta;    /* borrowed or NULL */
    struct py_tuple *names;    /* owned or NULL */
    struct py_object **values; /* RAW, borrowed items */
};

static int split_keywords(struct py_object *const *values, struct py_tuple *kwnames,
                          struct class_keywords *out)
{
    *out = (struct class_keywords){0};
    const int64_t n = kwnames ? kwnames->base.size : 0;
    int64_t at = -1;
    for (int64_t i = 0; i < n; i++)
        if (py_str_equal_cstr((struct py_str *)kwnames->items[i], "metaclass"))
            at = i;
    if (n == 0)
        return 0;
    out->values = py_mem_alloc((size_t)n * sizeof *out->values);
    if (!out->values)
        return py_raise_no_memory(), -1;
    out->meta = at >= 0 ? values[at] : NULL;
    const int64_t rest = n - (at >= 0);
    if (rest > 0 && !(out->names = py_tuple_new(rest))) {
        py_mem_free(out->values);
        return -1;
    }
    for (int64_t i = 0, k = 0; i < n; i++) {
        if (i == at)
            continue;
        out->names->items[k] = py_newref(kwnames->items[i]);
        out->values[k++] = values[i];
    }
    return 0;
}

/* meta(name, bases, namespace, **keywords) */
static struct py_object *call_meta(struct py_object *meta, struct py_object *name,
                                   struct py_object *bases, struct py_object *space,
                                   const struct class_keywords *keywords)
{
    const size_t n = keywords->names ? (size_t)keywords->names->base.size : 0;
    struct py_object *few[16], **all = few;
    if (n + 3 > 16 && !(all = py_mem_alloc((n + 3) * sizeof *all)))
        return py_raise_no_memory();
    all[0] = name;
    all[1] = bases;
    all[2] = space;
    for (size_t i = 0; i < n; i++)
        all[3 + i] = keywords->values[i];
    struct py_object *cls = py_call(meta, all, 3, keywords->names);
    if (all != few)
        py_mem_free(all);
    return cls;
}

METHOD(__build_class__)
{
    (void)self;
    struct py_object *function = args[0], *name = args[1];
    if (function->type != &py_function_type)
        return py_raise(&py_exc_TypeError, "__build_class__: func must be a function");
    if (!py_str_check(name))
        return py_raise(&py_exc_TypeError, "__build_class__: name is not a string");
    /* original bases, bases, metaclass, namespace, cell, class */
    struct py_object *h[6] = {NULL};
    PY_HOLD_N(h, 6);
    struct class_keywords keywords = {0};
    PY_HOLD(&keywords.names);
    struct py_object *result = NULL;
    if (split_keywords(args + nargs, kwnames, &keywords) < 0)
        return NULL;
    h[0] = PY_OBJ(py_tuple_from_array(args + 2, nargs - 2));
    h[1] = h[0] ? PY_OBJ(resolve_bases((struct py_tuple *)h[0])) : NULL;
    if (!h[1])
        goto done;
    struct py_tuple *bases = (struct py_tuple *)h[1];
    struct py_object *meta = keywords.meta          ? keywords.meta
                             : bases->base.size > 0 ? PY_OBJ(bases->items[0]->type)
                                                    : PY_OBJ(&py_type_type);
    if (py_has_flag(meta, PY_TYPE_IS_TYPE))
        meta = PY_OBJ(py_type_metaclass((struct py_type *)meta, bases));
    if (!meta)
        goto done;
    h[2] = py_newref(meta);
    h[3] = prepare(meta, (struct py_object *const[]){name, h[1]}, keywords.values, keywords.names);
    if (!h[3])
        goto done;
    h[4] = py_eval_function_body((struct py_function *)function, h[3]);
    if (!h[4])
        goto done;
    if (h[0] != h[1] && py_setitem(h[3], PY_OBJ(py_str_const("__orig_bases__")), h[0]) < 0)
        goto done;
    h[5] = call_meta(meta, name, h[1], h[3], &keywords);
    if (h[5] && check_class_cell(h[4], h[5], name) == 0) {
        result = h[5];
        h[5] = NULL;
    }
done : {
    PY_HOLD(&result);
    for (int i = 0; i < 6; i++)
        py_clear(h[i]);
    py_clear(keywords.names);
}
    py_mem_free(keywords.values);
    return result;
}
