def sub(p, pairs):
    s=open(p).read()
    for a,b in pairs:
        assert a in s, (p,a)
        s=s.replace(a,b,1)
    open(p,'w').write(s)
sub('vm/builtins/posix_files.c',[("    uint8_t kind; /* d_type */\n","    int dir_fd;   /* what the path is relative to: AT_FDCWD, or the descriptor scanned */\n    uint8_t kind; /* d_type */\n"),
("    DIR *dir;\n    bool bytes;\n","    DIR *dir;\n    int fd; /* given by the caller, or AT_FDCWD */\n    bool bytes;\n"),
("        s->bytes = path.bytes;\n","        s->bytes = path.bytes;\n        s->fd = path.text ? AT_FDCWD : path.fd;\n"),
("    e->kind = entry->d_type;\n","    e->kind = entry->d_type;\n    e->dir_fd = s->fd;\n"),
("        struct py_object *const st = do_stat(\"stat\", e->path, NULL, follow, false);\n","        struct py_object *dir = e->dir_fd == AT_FDCWD ? PY_NONE : py_int_from_i64(e->dir_fd);\n        struct py_object *const st = dir ? do_stat(\"stat\", e->path, dir, follow, false) : NULL;\n        py_xdecref(dir);\n"),
])
s=open('vm/builtins/file_open.c').read()
a="""    struct text_options options = {.encoding = in[3] == PY_NONE ? NULL : in[3],"""
assert a in s
s=s.replace(a,"""    if (in[3] && py_str_check(in[3]) && py_str_equal_cstr((struct py_str *)in[3], "locale"))
        in[3] = NULL;
    struct text_options options = {.encoding = in[3] == PY_NONE ? NULL : in[3],""")
open('vm/builtins/file_open.c','w').write(s)
sub('vm/object/alias.c',[
("    struct py_object *weaklist;\n};\n#define ALIAS","    struct py_object *weaklist;\n    bool starred; /* *tuple[int]: unpacked where it is used */\n};\n#define ALIAS"),
("    a->parameters = py_newref(py_tuple_empty());\n    if (!a->args) {","    if (!a->args) {"),
("static struct py_object *alias_repr(struct py_object *self)\n{\n    struct py_strbuf b;\n    py_strbuf_init(&b);\n    if (write_item","static struct py_object *alias_repr(struct py_object *self)\n{\n    struct py_strbuf b;\n    py_strbuf_init(&b);\n    if ((ALIAS(self)->starred && py_strbuf_char(&b, '*') < 0) ||\n        write_item"),
('''    static const char *const own[] = {"__class__",      "__origin__",        "__args__",
                                      "__parameters__", "__mro_entries__",   "__reduce_ex__",
                                      "__reduce__",     "__instancecheck__", "__subclasscheck__"};''','''    static const char *const own[] = {"__class__",      "__origin__",        "__args__",
                                      "__parameters__", "__mro_entries__",   "__reduce_ex__",
                                      "__reduce__",     "__instancecheck__", "__subclasscheck__",
                                      "__unpacked__",   "__typing_unpacked_tuple_args__",
                                      "__copy__",       "__deepcopy__",      "__getitem__"};'''),
("    if ((op != PY_EQ && op != PY_NE) || b->type != &py_generic_alias_type)\n        return PY_NOT_IMPLEMENTED;\n","    if ((op != PY_EQ && op != PY_NE) || b->type != &py_generic_alias_type)\n        return PY_NOT_IMPLEMENTED;\n    if (ALIAS(a)->starred != ALIAS(b)->starred)\n        return py_bool_from(op == PY_NE);\n"),
("static struct py_object *alias_mro_entries(","""/* ---- type variables among the arguments -------------------------------------------------- */

/* o.name: new, NULL without an exception when there is none. Classes are not asked. */
static struct py_object *typing_attribute(struct py_object *o, const char *name, bool *failed)
{
    struct py_object *value = NULL;
    if (!py_has_flag(o, PY_TYPE_IS_TYPE) &&
        py_getattr_optional(o, PY_OBJ(py_str_const(name)), &value) < 0)
        *failed = true;
    return value;
}

static int add_new(struct py_list *list, struct py_object *o)
{
    const int there = py_contains(PY_OBJ(list), o);
    return there ? there : py_list_append(list, o);
}

/* The type variables in args, each once. New tuple. */
struct py_tuple *py_typing_parameters(struct py_tuple *args)
{
    struct py_list *found = py_list_new(0);
    PY_HOLD(&found);
    bool failed = !found;
    for (int64_t i = 0; !failed && i < args->base.size; i++) {
        struct py_object *const t = args->items[i];
        struct py_object *subst = typing_attribute(t, "__typing_subst__", &failed);
        struct py_object *inner = NULL;
        if (subst)
            failed = add_new(found, t) < 0;
        else if (!failed)
            inner = typing_attribute(t, "__parameters__", &failed);
        py_xdecref(subst);
        PY_HOLD(&inner);
        for (int64_t k = 0; inner && py_tuple_check(inner) && !failed &&
                            k < ((struct py_tuple *)inner)->base.size;
             k++)
            failed = add_new(found, ((struct py_tuple *)inner)->items[k]) < 0;
        py_clear(inner);
    }
    struct py_tuple *const result = failed ? NULL : py_list_as_tuple(found);
    py_clear(found);
    return result;
}

/* An argument with its variables replaced. New. */
static struct py_object *substitute(struct py_object *arg, struct py_tuple *parameters,
                                    struct py_tuple *values)
{
    bool failed = false;
    struct py_object *subst = typing_attribute(arg, "__typing_subst__", &failed);
    PY_HOLD(&subst);
    struct py_object *result = NULL;
    if (subst) {
        for (int64_t i = 0; i < parameters->base.size; i++)
            if (parameters->items[i] == arg)
                result = py_call1(subst, values->items[i]);
        py_clear(subst);
        return result;
    }
    struct py_object *inner = failed ? NULL : typing_attribute(arg, "__parameters__", &failed);
    if (failed)
        return NULL;
    PY_HOLD(&inner);
    struct py_tuple *const own = (struct py_tuple *)inner;
    if (!inner || !py_tuple_check(inner) || own->base.size == 0) {
        py_clear(inner);
        return py_newref(arg);
    }
    struct py_list *given = py_list_new(0);
    PY_HOLD(&given);
    for (int64_t k = 0; given && k < own->base.size; k++)
        for (int64_t i = 0; given && i < parameters->base.size; i++)
            if (parameters->items[i] == own->items[k] &&
                py_list_append(given, values->items[i]) < 0)
                py_clear(given);
    struct py_object *key = given ? PY_OBJ(py_list_as_tuple(given)) : NULL;
    py_clear(given);
    PY_HOLD(&key);
    result = key ? py_getitem(arg, key) : NULL;
    py_clear(key);
    py_clear(inner);
    return result;
}

/* The values for the parameters, as each of them wants to see them. New tuple. */
static struct py_tuple *prepared(struct py_object *self, struct py_tuple *parameters,
                                 struct py_object *item)
{
    struct py_object *values =
        py_tuple_check(item) ? py_newref(item) : PY_OBJ(py_tuple_pack(1, item));
    PY_HOLD(&values);
    bool failed = !values;
    for (int64_t i = 0; !failed && i < parameters->base.size; i++) {
        struct py_object *prepare =
            typing_attribute(parameters->items[i], "__typing_prepare_subst__", &failed);
        if (prepare && prepare != PY_NONE) {
            PY_HOLD(&prepare);
            struct py_object *const changed = py_call2(prepare, self, values);
            py_clear(prepare);
            if (!changed)
                failed = true;
            else
                py_setref(values, changed);
        } else {
            py_xdecref(prepare);
        }
    }
    struct py_object *tuple = failed ? NULL
                              : py_tuple_check(values) ? py_newref(values)
                                                       : PY_OBJ(py_tuple_from_iterable(values));
    py_clear(values);
    if (tuple && ((struct py_tuple *)tuple)->base.size != parameters->base.size) {
        PY_HOLD(&tuple);
        const int64_t n = ((struct py_tuple *)tuple)->base.size;
        py_raise(&py_exc_TypeError, "Too %s arguments for %R; actual %lld, expected %lld",
                 n > parameters->base.size ? "many" : "few", self, (long long)n,
                 (long long)parameters->base.size);
        py_clear(tuple);
    }
    return (struct py_tuple *)tuple;
}

/* args with the parameters replaced by item (one value or a tuple of them). New tuple. */
struct py_tuple *py_typing_substitute(struct py_object *self, struct py_tuple *args,
                                      struct py_tuple *parameters, struct py_object *item)
{
    if (parameters->base.size == 0)
        return py_raise(&py_exc_TypeError, "%R is not a generic class", self);
    struct py_tuple *values = prepared(self, parameters, item);
    if (!values)
        return NULL;
    PY_HOLD(&values);
    struct py_list *out = py_list_new(0);
    PY_HOLD(&out);
    bool failed = !out;
    for (int64_t i = 0; !failed && i < args->base.size; i++) {
        struct py_object *const arg = args->items[i];
        struct py_object *unpack =
            typing_attribute(arg, "__typing_is_unpacked_typevartuple__", &failed);
        const bool several = unpack && py_truth(unpack) == 1;
        py_xdecref(unpack);
        struct py_object *part = failed ? NULL : substitute(arg, parameters, values);
        if (!part) {
            failed = true;
        } else if (several) {
            PY_HOLD(&part);
            failed = py_list_extend(out, part) < 0;
            py_clear(part);
        } else {
            failed = py_list_append_steal(out, part) < 0;
        }
    }
    struct py_tuple *const result = failed ? NULL : py_list_as_tuple(out);
    py_clear(out);
    py_clear(values);
    return result;
}

static struct py_object *alias_get_parameters(struct py_object *self, void *closure)
{
    (void)closure;
    if (!ALIAS(self)->parameters)
        ALIAS(self)->parameters = py_typing_parameters(ALIAS(self)->args);
    return ALIAS(self)->parameters ? PY_OBJ(py_newref(ALIAS(self)->parameters)) : NULL;
}

static struct py_object *alias_getitem(struct py_object *self, struct py_object *item)
{
    struct py_object *parameters = alias_get_parameters(self, NULL);
    if (!parameters)
        return NULL;
    PY_HOLD(&parameters);
    struct py_object *args = PY_OBJ(
        py_typing_substitute(self, ALIAS(self)->args, (struct py_tuple *)parameters, item));
    py_clear(parameters);
    if (!args)
        return NULL;
    PY_HOLD(&args);
    struct py_object *const result = py_generic_alias_new(ALIAS(self)->origin, args);
    if (result)
        ALIAS(result)->starred = ALIAS(self)->starred;
    py_clear(args);
    return result;
}

/* Iterating gives the alias once, unpacked: for f(*args: *tuple[int]). */
static struct py_object *alias_iter(struct py_object *self)
{
    struct py_object *starred =
        py_generic_alias_new(ALIAS(self)->origin, PY_OBJ(ALIAS(self)->args));
    if (!starred)
        return NULL;
    PY_HOLD(&starred);
    ALIAS(starred)->starred = true;
    struct py_object *once = PY_OBJ(py_tuple_pack(1, starred));
    py_clear(starred);
    if (!once)
        return NULL;
    PY_HOLD(&once);
    struct py_object *const it = py_iter(once);
    py_clear(once);
    return it;
}

static struct py_object *alias_get_unpacked(struct py_object *self, void *closure)
{
    (void)closure;
    return py_bool_from(ALIAS(self)->starred);
}

static struct py_object *alias_get_tuple_args(struct py_object *self, void *closure)
{
    (void)closure;
    return ALIAS(self)->starred && ALIAS(self)->origin == PY_OBJ(&py_tuple_type)
               ? PY_OBJ(py_newref(ALIAS(self)->args))
               : PY_NONE;
}

static struct py_object *alias_reduce(struct py_object *self, struct py_object *const *args,
                                      size_t nargs, struct py_tuple *kwnames)
{
    (void)args, (void)nargs, (void)kwnames;
    struct py_tuple *const given =
        py_tuple_pack(2, ALIAS(self)->origin, PY_OBJ(ALIAS(self)->args));
    struct py_tuple *const result =
        given ? py_tuple_pack(2, PY_OBJ(&py_generic_alias_type), PY_OBJ(given)) : NULL;
    py_xdecref(given);
    return PY_OBJ(result);
}

static const struct py_getset_def alias_getsets[] = {
    {.name = "__parameters__", .get = alias_get_parameters},
    {.name = "__unpacked__", .get = alias_get_unpacked},
    {.name = "__typing_unpacked_tuple_args__", .get = alias_get_tuple_args},
    {.name = NULL}};

static struct py_object *alias_mro_entries("""),
("    {.name = \"__mro_entries__\", .fn = alias_mro_entries, .min_args = 1, .max_args = 1},","    {.name = \"__mro_entries__\", .fn = alias_mro_entries, .min_args = 1, .max_args = 1},\n    {.name = \"__reduce__\", .fn = alias_reduce},"),
("""    {.name = "__parameters__",
     .kind = PY_MEMBER_OBJECT,
     .offset = offsetof(struct alias, parameters),
     .readonly = true},
""",""),
("    .binary = {[PY_NB_OR] = py_union_or},\n    .methods = alias_methods,","    .iter = alias_iter,\n    .subscript = alias_getitem,\n    .binary = {[PY_NB_OR] = py_union_or},\n    .getsets = alias_getsets,\n    .methods = alias_methods,"),
("static const struct py_method_def union_methods[] = {","""static struct py_object *union_get_parameters(struct py_object *self, void *closure)
{
    (void)closure;
    return PY_OBJ(py_typing_parameters(UNION(self)->args));
}

static struct py_object *union_getitem(struct py_object *self, struct py_object *item)
{
    struct py_tuple *parameters = py_typing_parameters(UNION(self)->args);
    if (!parameters)
        return NULL;
    PY_HOLD(&parameters);
    struct py_tuple *args = py_typing_substitute(self, UNION(self)->args, parameters, item);
    PY_HOLD(&args);
    py_clear(parameters);
    struct py_object *result = args ? py_newref(args->items[0]) : NULL;
    PY_HOLD(&result);
    for (int64_t i = 1; result && i < args->base.size; i++) {
        struct py_object *const more = py_binary(PY_NB_OR, result, args->items[i]);
        py_setref(result, more);
    }
    py_clear(args);
    struct py_object *const whole = result;
    result = NULL;
    return whole;
}

static const struct py_getset_def union_getsets[] = {
    {.name = "__parameters__", .get = union_get_parameters}, {.name = NULL}};

static const struct py_method_def union_methods[] = {"""),
("    .methods = union_methods,","    .subscript = union_getitem,\n    .getsets = union_getsets,\n    .methods = union_methods,"),
])
s=open('vm/object/alias.h').read()
i=s.rindex("#endif")
s=s[:i]+"""/* The type variables in args; and args with item in place of the parameters. New tuples. */
struct py_tuple *py_typing_parameters(struct py_tuple *args);
struct py_tuple *py_typing_substitute(struct py_object *self, struct py_tuple *args,
                                      struct py_tuple *parameters, struct py_object *item);

"""+s[i:]
open('vm/object/alias.h','w').write(s)
