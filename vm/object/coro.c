/* Coroutines and asynchronous generators: generators under other names, and the objects that carry
 * an await through them.
 *
 * A coroutine is a struct py_gen that cannot be iterated, only awaited. What `await` delegates to
 * is an iterator: the coroutine itself, or what __await__ gives (py_awaitable_iter).
 *
 * An asynchronous generator yields two kinds of things: values of its own `yield`, wrapped in an
 * async_generator_wrapped_value, for whoever iterates; and, bare, what the awaits in it yield, for
 * the event loop. Its __anext__, asend, athrow and aclose return small awaitables that run it: a
 * wrapped value ends them with StopIteration(value), a bare one is passed on.
 *
 *     INIT  --first send-->  ITER  --value, end or exception-->  CLOSED
 *
 * running_async is set from the first step to the last, so that two of them cannot run at once.
 */
#include "vm/object/alias.h"
#include "vm/object/gen_internal.h"

#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/code.h"
#include "vm/object/exc.h"
#include "vm/object/func.h"
#include "vm/object/int.h"
#include "vm/object/list.h"
#include "vm/object/str.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

#define METHOD(name)                                                                     \
    static struct py_object *name(struct py_object *self, struct py_object *const *args, \
                                  size_t nargs, struct py_tuple *kwnames)
#define UNUSED_CALL() ((void)args, (void)nargs, (void)kwnames)

/* ---- coroutines ------------------------------------------------------------------------------ */

struct coroutine_wrapper { /* what __await__() of a coroutine gives */
    struct py_object base;
    struct py_gen *coroutine;
};
extern struct py_type py_coroutine_wrapper_type;

static struct py_object *coro_await(struct py_object *o)
{
    struct coroutine_wrapper *w = py_object_new(&py_coroutine_wrapper_type);
    if (!w)
        return NULL;
    w->coroutine = (struct py_gen *)py_newref(o);
    py_gc_track(w);
    return PY_OBJ(w);
}

static struct py_object *coro_get_origin(struct py_object *o, void *closure)
{
    (void)o, (void)closure;
    return PY_NONE;
}

static const struct py_method_def coro_methods[] = {
    {"send", gen_send, 1, 1, 0, NULL,
     "send(arg) -- go on with arg as the value of the await, up to the next one."},
    {"throw", gen_throw, 1, 3, 0, NULL,
     "throw(value)\n\nGo on with an exception at the await, up to the next one."},
    {"close", gen_close, 0, 0, 0, NULL, "close() -- end the coroutine: raise GeneratorExit in it."},
    {NULL, NULL, 0, 0, 0, NULL, NULL},
};

static const struct py_getset_def coro_getsets[] = {
    {"__name__", gen_get_name, gen_set_name, "name of the coroutine", NULL},
    {"__qualname__", gen_get_qualname, gen_set_qualname,
     "what the coroutine is called, with where it is defined", NULL},
    {"cr_await", gen_get_yield_from, NULL, "what the coroutine waits for, or None", NULL},
    {"cr_running", gen_get_running, NULL, NULL, NULL},
    {"cr_frame", gen_get_frame, NULL, NULL, NULL},
    {"cr_code", gen_get_code, NULL, NULL, NULL},
    {"cr_suspended", gen_get_suspended, NULL, NULL, NULL},
    {"cr_origin", coro_get_origin, NULL, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

struct py_type py_coroutine_type = {
    .base = {PY_STATIC_HEADER(&py_type_type), 0},
    .name = "coroutine",
    .basicsize = sizeof(struct py_gen),
    .itemsize = sizeof(struct py_object *),
    .size_of = gen_size_of,
    .flags = PY_TYPE_GC | PY_TYPE_DISALLOW_NEW | PY_TYPE_FINALIZER,
    .body = PY_BODY_FRAME,
    .field_count = GEN_FIELD_COUNT,
    .fields = gen_fields,
    .weaklist_offset = offsetof(struct py_gen, weaklist),
    .dealloc = gen_dealloc,
    .finalize = gen_finalize,
    .repr = gen_repr,
    .await = coro_await,
    .methods = coro_methods,
    .getsets = coro_getsets,
};

#define WRAPPED(o) (((struct coroutine_wrapper *)(o))->coroutine)

static struct py_object *wrapper_iternext(struct py_object *o)
{
    return py_gen_send(WRAPPED(o), NULL);
}

METHOD(wrapper_send)
{
    (void)nargs, (void)kwnames;
    return py_gen_send(WRAPPED(self), args[0]);
}

METHOD(wrapper_throw)
{
    (void)kwnames;
    return py_gen_throw(WRAPPED(self), args, nargs, true);
}

METHOD(wrapper_close)
{
    UNUSED_CALL();
    return py_gen_close(WRAPPED(self));
}

static const struct py_method_def wrapper_methods[] = {
    {"send", wrapper_send, 1, 1, 0, NULL, NULL},
    {"throw", wrapper_throw, 1, 3, 0, NULL, NULL},
    {"close", wrapper_close, 0, 0, 0, NULL, NULL},
    {NULL, NULL, 0, 0, 0, NULL, NULL},
};

static const struct py_field wrapper_fields[] = {PY_FIELD(struct coroutine_wrapper, coroutine)};

struct py_type py_coroutine_wrapper_type = {
    .base = {PY_STATIC_HEADER(&py_type_type), 0},
    .name = "coroutine_wrapper",
    .basicsize = sizeof(struct coroutine_wrapper),
    .flags = PY_TYPE_GC | PY_TYPE_DISALLOW_NEW,
    .field_count = 1,
    .fields = wrapper_fields,
    .iter = py_iter_self,
    .iternext = wrapper_iternext,
    .methods = wrapper_methods,
};

/* ---- what await delegates to ----------------------------------------------------------------- */

bool py_is_coroutine(const struct py_object *o)
{
    if (o->type == &py_coroutine_type)
        return true;
    const struct py_gen *const gen = (const struct py_gen *)o;
    return o->type == &py_gen_type && gen->func &&
           (gen->func->code->flags & PY_CODE_ITERABLE_COROUTINE) != 0;
}

struct py_object *py_awaitable_iter(struct py_object *o)
{
    if (py_is_coroutine(o))
        return py_newref(o);
    if (!o->type->await)
        return py_raise(&py_exc_TypeError, "object %.100s can't be used in 'await' expression",
                        o->type->name);
    struct py_object *it = o->type->await(o);
    if (!it)
        return NULL;
    if (py_is_coroutine(it))
        py_raise(&py_exc_TypeError, "__await__() returned a coroutine");
    else if (!it->type->iternext)
        py_raise(&py_exc_TypeError, "__await__() returned non-iterator of type '%.100s'",
                 it->type->name);
    else
        return it;
    PY_HOLD(&it);
    py_clear(it);
    return NULL;
}

/* ---- asynchronous generators ----------------------------------------------------------------- */

struct wrapped_value {
    struct py_object base;
    struct py_object *value;
};
extern struct py_type py_async_gen_value_type;

enum await_state { AWAIT_INIT, AWAIT_ITER, AWAIT_CLOSED };

struct async_step { /* asend and __anext__: value; athrow: args; aclose: neither */
    struct py_object base;
    struct py_gen *generator;
    struct py_object *value;
    struct py_tuple *args;
    int32_t state;
};
extern struct py_type py_async_gen_asend_type, py_async_gen_athrow_type;

static struct py_list *hooks; /* [firstiter, finalizer]; a root of the runtime once made */

int py_async_gen_set_hooks(struct py_object *firstiter, struct py_object *finalizer)
{
    if (!hooks) {
        struct py_object *const none[] = {PY_NONE, PY_NONE};
        struct py_list *list = py_list_from_array(none, 2);
        hooks = list ? py_runtime_root(list) : NULL;
        if (!hooks)
            return -1;
    }
    if (firstiter)
        py_setref(hooks->items[0], py_newref(firstiter));
    if (finalizer)
        py_setref(hooks->items[1], py_newref(finalizer));
    return 0;
}

void py_async_gen_hooks(struct py_object **firstiter, struct py_object **finalizer)
{
    *firstiter = hooks ? hooks->items[0] : PY_NONE;
    *finalizer = hooks ? hooks->items[1] : PY_NONE;
}

/* At the first use of a generator the event loop is told of it. */
static int call_hooks(struct py_gen *gen)
{
    if (gen->hooks_called)
        return 0;
    gen->hooks_called = true;
    struct py_object *firstiter, *finalizer;
    py_async_gen_hooks(&firstiter, &finalizer);
    if (finalizer != PY_NONE)
        py_setref(gen->finalizer, py_newref(finalizer));
    if (firstiter == PY_NONE)
        return 0;
    py_incref(firstiter);
    PY_HOLD(&firstiter);
    struct py_object *const res = py_call1(firstiter, PY_OBJ(gen));
    py_clear(firstiter);
    py_xdecref(res);
    return res ? 0 : -1;
}

struct py_object *py_async_wrap(struct py_object *value)
{
    struct wrapped_value *w = py_object_new(&py_async_gen_value_type);
    if (!w)
        return NULL;
    w->value = py_newref(value);
    py_gc_track(w);
    return PY_OBJ(w);
}

static bool generator_ended(void)
{
    return py_error_matches(&py_exc_StopAsyncIteration) || py_error_matches(&py_exc_GeneratorExit);
}

/* What a step of the generator gave, as its awaitable reports it: bare values pass, a wrapped one
 * becomes StopIteration(value). Steals result. */
static struct py_object *unwrap(struct py_gen *gen, struct py_object *result)
{
    if (!result) {
        if (generator_ended())
            gen->closed = true;
        gen->running_async = false;
        return NULL;
    }
    if (result->type != &py_async_gen_value_type)
        return result;
    PY_HOLD(&result);
    gen->running_async = false;
    struct py_object *const value = ((struct wrapped_value *)result)->value;
    py_raise_stop_iteration(value);
    py_clear(result);
    return NULL;
}

static struct py_object *new_step(struct py_type *type, struct py_gen *gen, struct py_object *value,
                                  struct py_tuple *args)
{
    if (call_hooks(gen) < 0)
        return NULL;
    struct async_step *s = py_object_new(type);
    if (!s)
        return NULL;
    s->generator = py_newref(gen);
    s->value = value ? py_newref(value) : NULL;
    s->args = args ? py_newref(args) : NULL;
    py_gc_track(s);
    return PY_OBJ(s);
}

#define STEP(o) ((struct async_step *)(o))

static struct py_object *asend_send_value(struct async_step *s, struct py_object *value)
{
    struct py_gen *const gen = s->generator;
    if (s->state == AWAIT_CLOSED)
        return py_raise(&py_exc_RuntimeError, "cannot reuse already awaited __anext__()/asend()");
    if (s->state == AWAIT_INIT) {
        if (gen->running_async)
            return py_raise(&py_exc_RuntimeError,
                            "anext(): asynchronous generator is already running");
        if (!value || value == PY_NONE)
            value = s->value;
        s->state = AWAIT_ITER;
    }
    gen->running_async = true;
    struct py_object *const result = unwrap(gen, py_gen_send(gen, value));
    if (!result)
        s->state = AWAIT_CLOSED;
    return result;
}

static struct py_object *asend_iternext(struct py_object *o)
{
    return asend_send_value(STEP(o), NULL);
}

METHOD(asend_send)
{
    (void)nargs, (void)kwnames;
    return asend_send_value(STEP(self), args[0]);
}

METHOD(asend_throw)
{
    (void)kwnames;
    struct async_step *const s = STEP(self);
    if (s->state == AWAIT_CLOSED)
        return py_raise(&py_exc_RuntimeError, "cannot reuse already awaited __anext__()/asend()");
    struct py_object *const result =
        unwrap(s->generator, py_gen_throw(s->generator, args, nargs, true));
    if (!result)
        s->state = AWAIT_CLOSED;
    return result;
}

METHOD(step_close)
{
    UNUSED_CALL();
    STEP(self)->state = AWAIT_CLOSED;
    return PY_NONE;
}

/* The end of an aclose() that the generator answered with a value. Steals result. */
static struct py_object *ignored_exit(struct async_step *s, struct py_object *result)
{
    PY_HOLD(&result);
    s->generator->running_async = false;
    s->state = AWAIT_CLOSED;
    py_clear(result);
    return py_raise(&py_exc_RuntimeError, "async generator ignored GeneratorExit");
}

/* The generator ended or failed in an athrow() or aclose(), which is now over. */
static struct py_object *athrow_ended(struct async_step *s)
{
    s->generator->running_async = false;
    s->state = AWAIT_CLOSED;
    if (!s->args && generator_ended()) {
        py_error_clear();
        py_raise_stop_iteration(NULL);
    }
    return NULL;
}

static struct py_object *athrow_first(struct async_step *s, struct py_object *value)
{
    struct py_gen *const gen = s->generator;
    if (gen->running_async) {
        s->state = AWAIT_CLOSED;
        return py_raise(&py_exc_RuntimeError, "%s(): asynchronous generator is already running",
                        s->args ? "athrow" : "aclose");
    }
    if (gen->closed) {
        s->state = AWAIT_CLOSED;
        return py_raise(&py_exc_StopAsyncIteration, "");
    }
    if (value && value != PY_NONE)
        return py_raise(&py_exc_RuntimeError,
                        "can't send non-None value to a just-started coroutine");
    s->state = AWAIT_ITER;
    gen->running_async = true;
    struct py_object *result;
    if (s->args) {
        result = unwrap(gen, py_gen_throw(gen, s->args->items, (size_t)s->args->base.size, false));
    } else {
        gen->closed = true;
        struct py_object *const exit[] = {PY_OBJ(&py_exc_GeneratorExit)};
        result = py_gen_throw(gen, exit, 1, false);
        if (result && result->type == &py_async_gen_value_type)
            return ignored_exit(s, result);
    }
    return result ? result : athrow_ended(s);
}

static struct py_object *athrow_send_value(struct async_step *s, struct py_object *value)
{
    struct py_gen *const gen = s->generator;
    if (s->state == AWAIT_CLOSED)
        return py_raise(&py_exc_RuntimeError, "cannot reuse already awaited aclose()/athrow()");
    if (gen->state == PY_GEN_FINISHED) {
        s->state = AWAIT_CLOSED;
        return py_raise_stop_iteration(NULL);
    }
    if (s->state == AWAIT_INIT)
        return athrow_first(s, value);
    struct py_object *const result = py_gen_send(gen, value);
    if (s->args)
        return unwrap(gen, result);
    if (result && result->type == &py_async_gen_value_type)
        return ignored_exit(s, result);
    return result ? result : athrow_ended(s);
}

static struct py_object *athrow_iternext(struct py_object *o)
{
    return athrow_send_value(STEP(o), NULL);
}

METHOD(athrow_send)
{
    (void)nargs, (void)kwnames;
    return athrow_send_value(STEP(self), args[0]);
}

METHOD(athrow_throw)
{
    (void)kwnames;
    struct async_step *const s = STEP(self);
    if (s->state == AWAIT_CLOSED)
        return py_raise(&py_exc_RuntimeError, "cannot reuse already awaited aclose()/athrow()");
    struct py_object *const result = py_gen_throw(s->generator, args, nargs, true);
    if (s->args)
        return unwrap(s->generator, result);
    if (result && result->type == &py_async_gen_value_type)
        return ignored_exit(s, result);
    if (!result && generator_ended()) {
        py_error_clear();
        py_raise_stop_iteration(NULL);
    }
    return result;
}

static const struct py_method_def asend_methods[] = {
    {"send", asend_send, 1, 1, 0, NULL, NULL},
    {"throw", asend_throw, 1, 3, 0, NULL, NULL},
    {"close", step_close, 0, 0, 0, NULL, NULL},
    {NULL, NULL, 0, 0, 0, NULL, NULL},
};

static const struct py_method_def athrow_methods[] = {
    {"send", athrow_send, 1, 1, 0, NULL, NULL},
    {"throw", athrow_throw, 1, 3, 0, NULL, NULL},
    {"close", step_close, 0, 0, 0, NULL, NULL},
    {NULL, NULL, 0, 0, 0, NULL, NULL},
};

static const struct py_field step_fields[] = {
    PY_FIELD(struct async_step, generator),
    PY_FIELD(struct async_step, value),
    PY_FIELD(struct async_step, args),
};

struct py_type py_async_gen_asend_type = {
    .base = {PY_STATIC_HEADER(&py_type_type), 0},
    .name = "async_generator_asend",
    .basicsize = sizeof(struct async_step),
    .flags = PY_TYPE_GC | PY_TYPE_DISALLOW_NEW,
    .field_count = 3,
    .fields = step_fields,
    .iter = py_iter_self,
    .iternext = asend_iternext,
    .await = py_iter_self,
    .methods = asend_methods,
};

struct py_type py_async_gen_athrow_type = {
    .base = {PY_STATIC_HEADER(&py_type_type), 0},
    .name = "async_generator_athrow",
    .basicsize = sizeof(struct async_step),
    .flags = PY_TYPE_GC | PY_TYPE_DISALLOW_NEW,
    .field_count = 3,
    .fields = step_fields,
    .iter = py_iter_self,
    .iternext = athrow_iternext,
    .await = py_iter_self,
    .methods = athrow_methods,
};

static const struct py_field value_fields[] = {PY_FIELD(struct wrapped_value, value)};

struct py_type py_async_gen_value_type = {
    .base = {PY_STATIC_HEADER(&py_type_type), 0},
    .name = "async_generator_wrapped_value",
    .basicsize = sizeof(struct wrapped_value),
    .flags = PY_TYPE_GC | PY_TYPE_DISALLOW_NEW,
    .field_count = 1,
    .fields = value_fields,
};

static struct py_object *async_gen_anext(struct py_object *o)
{
    return new_step(&py_async_gen_asend_type, (struct py_gen *)o, NULL, NULL);
}

METHOD(async_gen_asend)
{
    (void)nargs, (void)kwnames;
    return new_step(&py_async_gen_asend_type, (struct py_gen *)self, args[0], NULL);
}

METHOD(async_gen_athrow)
{
    (void)kwnames;
    struct py_tuple *given = py_tuple_from_array(args, nargs);
    if (!given)
        return NULL;
    PY_HOLD(&given);
    struct py_object *const step =
        new_step(&py_async_gen_athrow_type, (struct py_gen *)self, NULL, given);
    py_clear(given);
    return step;
}

METHOD(async_gen_aclose)
{
    UNUSED_CALL();
    return new_step(&py_async_gen_athrow_type, (struct py_gen *)self, NULL, NULL);
}

static struct py_object *async_gen_get_running(struct py_object *o, void *closure)
{
    (void)closure;
    return py_bool_from(((struct py_gen *)o)->running_async);
}

static const struct py_method_def async_gen_methods[] = {
    PY_CLASS_GETITEM_ROW,
    {"asend", async_gen_asend, 1, 1, 0, NULL,
     "asend(v) -- go on with v as the value of the yield."},
    {"athrow", async_gen_athrow, 1, 3, 0, NULL,
     "athrow(value) -- go on with an exception at the yield."},
    {"aclose", async_gen_aclose, 0, 0, 0, NULL,
     "aclose() -- end the generator: raise GeneratorExit in it."},
    {NULL, NULL, 0, 0, 0, NULL, NULL},
};

static const struct py_getset_def async_gen_getsets[] = {
    {"__name__", gen_get_name, gen_set_name, "what the generator is called", NULL},
    {"__qualname__", gen_get_qualname, gen_set_qualname,
     "what the generator is called, with where it is defined", NULL},
    {"ag_await", gen_get_yield_from, NULL, "what the coroutine waits for, or None", NULL},
    {"ag_frame", gen_get_frame, NULL, NULL, NULL},
    {"ag_running", async_gen_get_running, NULL, NULL, NULL},
    {"ag_code", gen_get_code, NULL, NULL, NULL},
    {"ag_suspended", gen_get_suspended, NULL, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

struct py_type py_async_gen_type = {
    .base = {PY_STATIC_HEADER(&py_type_type), 0},
    .name = "async_generator",
    .basicsize = sizeof(struct py_gen),
    .itemsize = sizeof(struct py_object *),
    .size_of = gen_size_of,
    .flags = PY_TYPE_GC | PY_TYPE_DISALLOW_NEW | PY_TYPE_FINALIZER,
    .body = PY_BODY_FRAME,
    .field_count = GEN_FIELD_COUNT,
    .fields = gen_fields,
    .weaklist_offset = offsetof(struct py_gen, weaklist),
    .dealloc = gen_dealloc,
    .finalize = gen_finalize,
    .repr = gen_repr,
    .aiter = py_iter_self,
    .anext = async_gen_anext,
    .methods = async_gen_methods,
    .getsets = async_gen_getsets,
};

/* ---- anext(iterator, default) ---------------------------------------------------------------- */

struct anext_awaitable {
    struct py_object base;
    struct py_object *wrapped, *fallback;
};
extern struct py_type py_anext_awaitable_type;

struct py_object *py_anext_default(struct py_object *awaitable, struct py_object *fallback)
{
    struct anext_awaitable *a = py_object_new(&py_anext_awaitable_type);
    if (!a)
        return NULL;
    a->wrapped = py_newref(awaitable);
    a->fallback = py_newref(fallback);
    py_gc_track(a);
    return PY_OBJ(a);
}

/* The iterator behind it; new. */
static struct py_object *anext_iterator(struct py_object *o)
{
    struct anext_awaitable *const a = (struct anext_awaitable *)o;
    struct py_object *it = py_awaitable_iter(a->wrapped);
    if (!it || it->type->iternext)
        return it;
    PY_HOLD(&it); /* a coroutine: its wrapper can be iterated */
    struct py_object *const wrapper = it->type->await ? it->type->await(it) : NULL;
    if (!wrapper && !py_error_occurred())
        py_raise(&py_exc_TypeError, "object %.100s can't be used in 'await' expression",
                 it->type->name);
    py_clear(it);
    return wrapper;
}

/* The end of the iteration becomes StopIteration(fallback). Passes result through. */
static struct py_object *anext_result(struct py_object *o, struct py_object *result)
{
    if (!result && py_error_occurred() && py_error_matches(&py_exc_StopAsyncIteration)) {
        py_error_clear();
        py_raise_stop_iteration(((struct anext_awaitable *)o)->fallback);
    }
    return result;
}

static struct py_object *anext_iternext(struct py_object *o)
{
    struct py_object *it = anext_iterator(o);
    if (!it)
        return NULL;
    PY_HOLD(&it);
    struct py_object *const result = it->type->iternext(it);
    py_clear(it);
    return anext_result(o, result);
}

static struct py_object *anext_forward(struct py_object *o, const char *name,
                                       struct py_object *const *args, size_t nargs)
{
    struct py_object *it = anext_iterator(o);
    if (!it)
        return NULL;
    PY_HOLD(&it);
    struct py_object *const result = py_call_method(it, py_str_const(name), args, nargs);
    py_clear(it);
    return anext_result(o, result);
}

METHOD(anext_send)
{
    (void)kwnames;
    return anext_forward(self, "send", args, nargs);
}

METHOD(anext_throw)
{
    (void)kwnames;
    return anext_forward(self, "throw", args, nargs);
}

METHOD(anext_close)
{
    (void)kwnames;
    return anext_forward(self, "close", args, nargs);
}

static const struct py_method_def anext_methods[] = {
    {"send", anext_send, 1, 1, 0, NULL, NULL},
    {"throw", anext_throw, 1, 3, 0, NULL, NULL},
    {"close", anext_close, 0, 0, 0, NULL, NULL},
    {NULL, NULL, 0, 0, 0, NULL, NULL},
};

static const struct py_field anext_fields[] = {
    PY_FIELD(struct anext_awaitable, wrapped),
    {.name = "default",
     .offset = offsetof(struct anext_awaitable, fallback),
     .edge_class = PY_EDGE_TRAVERSED},
};

struct py_type py_anext_awaitable_type = {
    .base = {PY_STATIC_HEADER(&py_type_type), 0},
    .name = "anext_awaitable",
    .basicsize = sizeof(struct anext_awaitable),
    .flags = PY_TYPE_GC | PY_TYPE_DISALLOW_NEW,
    .field_count = 2,
    .fields = anext_fields,
    .iter = py_iter_self,
    .iternext = anext_iternext,
    .await = py_iter_self,
    .methods = anext_methods,
};
