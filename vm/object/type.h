/* Types: struct py_type is both a Python object and the table of operations of its instances.
 *
 * A static type is a C object: immortal, described by an initialiser, made usable by
 * py_type_ready(). A heap type is made by a class statement or a call of type(): counted, and an
 * instance owns a reference to it (traversed, as in CPython).
 *
 * Invariants
 *  - mro[0] is the type itself; a ready type's NULL slots were inherited along the mro where
 *    CPython inherits them.
 *  - A heap type's slot is a C trampoline that calls the dunder method found by lookup, or the
 *    base's C slot when the class does not override it: "slot == base slot" is a fast-path test.
 *  - version is non-zero and unique while the type's attributes and those of its mro are
 *    unchanged; 0 means "no version, do not cache". Every change of a class dict goes through
 *    py_type_modified(), which invalidates subclasses too.
 */
#ifndef BRILLE_VM_OBJECT_TYPE_H
#define BRILLE_VM_OBJECT_TYPE_H

#include "vm/object/object.h"

struct py_dict;
struct py_tuple;
struct py_str;
struct py_thread;
struct py_buffer;

/* One calling convention everywhere. args: nargs positional values, then one value for each name
 * in kwnames (a tuple of str, or NULL). Values are borrowed from the caller for the whole call. */
typedef struct py_object *(*py_callfn)(struct py_object *self, struct py_object *const *args,
                                       size_t nargs, struct py_tuple *kwnames);
typedef struct py_object *(*py_unaryfn)(struct py_object *);
typedef struct py_object *(*py_binaryfn)(struct py_object *, struct py_object *);
typedef struct py_object *(*py_ternaryfn)(struct py_object *, struct py_object *,
                                          struct py_object *);
typedef int (*py_inquiry)(struct py_object *);
typedef int64_t (*py_lenfn)(struct py_object *);
typedef int64_t (*py_hashfn)(struct py_object *);
typedef int (*py_objobjfn)(struct py_object *, struct py_object *);
typedef int (*py_setfn)(struct py_object *, struct py_object *, struct py_object *);
typedef struct py_object *(*py_indexfn)(struct py_object *, int64_t);
typedef int (*py_setindexfn)(struct py_object *, int64_t, struct py_object *);
typedef struct py_object *(*py_comparefn)(struct py_object *, struct py_object *, int op);
typedef int (*py_visitfn)(struct py_object *, void *arg);

enum py_compare { PY_LT, PY_LE, PY_EQ, PY_NE, PY_GT, PY_GE };

/* NB(NAME, symbol, method, reflected method, in-place method) in the order of slots and of the
 * binary operator operand in bytecode. */
#define PY_BINARY_OPS(NB)                                                \
    NB(ADD, "+", "__add__", "__radd__", "__iadd__")                      \
    NB(SUB, "-", "__sub__", "__rsub__", "__isub__")                      \
    NB(MUL, "*", "__mul__", "__rmul__", "__imul__")                      \
    NB(TRUEDIV, "/", "__truediv__", "__rtruediv__", "__itruediv__")      \
    NB(FLOORDIV, "//", "__floordiv__", "__rfloordiv__", "__ifloordiv__") \
    NB(MOD, "%", "__mod__", "__rmod__", "__imod__")                      \
    NB(POW, "** or pow()", "__pow__", "__rpow__", "__ipow__")            \
    NB(LSHIFT, "<<", "__lshift__", "__rlshift__", "__ilshift__")         \
    NB(RSHIFT, ">>", "__rshift__", "__rrshift__", "__irshift__")         \
    NB(AND, "&", "__and__", "__rand__", "__iand__")                      \
    NB(OR, "|", "__or__", "__ror__", "__ior__")                          \
    NB(XOR, "^", "__xor__", "__rxor__", "__ixor__")                      \
    NB(MATMUL, "@", "__matmul__", "__rmatmul__", "__imatmul__")          \
    NB(DIVMOD, "divmod()", "__divmod__", "__rdivmod__", NULL)

enum py_binary_op {
#define NB(name, ...) PY_NB_##name,
    PY_BINARY_OPS(NB)
#undef NB
        PY_NB_COUNT
};

enum py_unary_op { PY_UN_NEG, PY_UN_POS, PY_UN_INVERT, PY_UN_ABS, PY_UN_COUNT };

/* Flags. */
#define PY_TYPE_HEAP         (1u << 0) /* made at run time; counted; instances own a reference */
#define PY_TYPE_GC           (1u << 1) /* instances have a gc link before the header */
#define PY_TYPE_MANAGED_DICT (1u << 2) /* instances have values and dict words before that */
#define PY_TYPE_BASETYPE     (1u << 3) /* may be subclassed */
#define PY_TYPE_READY        (1u << 4)
#define PY_TYPE_ABSTRACT     (1u << 5)  /* has abstract methods */
#define PY_TYPE_FINALIZER    (1u << 6)  /* has __del__ or a C finalize slot */
#define PY_TYPE_VAR          (1u << 7)  /* instances are struct py_var */
#define PY_TYPE_METHOD_DESCR (1u << 8)  /* function-like: obj.f(x) may call f(obj, x) unbound */
#define PY_TYPE_IMMUTABLE    (1u << 9)  /* attributes cannot be set (all static types) */
#define PY_TYPE_SEQUENCE     (1u << 10) /* pattern matching */
#define PY_TYPE_MAPPING      (1u << 11)
#define PY_TYPE_DISALLOW_NEW (1u << 12) /* cannot be created by calling it */
#define PY_TYPE_TRACED       (1u << 13) /* named by the filter of events (vm/probe/filter.h) */
/* Fast isinstance tests for the built-in bases; inherited by subclasses. */
#define PY_TYPE_IS_INT       (1u << 20)
#define PY_TYPE_IS_LIST      (1u << 21)
#define PY_TYPE_IS_TUPLE     (1u << 22)
#define PY_TYPE_IS_BYTES     (1u << 23)
#define PY_TYPE_IS_STR       (1u << 24)
#define PY_TYPE_IS_DICT      (1u << 25)
#define PY_TYPE_IS_EXCEPTION (1u << 26)
#define PY_TYPE_IS_TYPE      (1u << 27)
#define PY_TYPE_IS_FLOAT     (1u << 28)
#define PY_TYPE_IS_SET       (1u << 29) /* set or frozenset */

/* A method implemented in C. Tables end with a row whose name is NULL. */
struct py_method_def {
    const char *name;
    py_callfn fn;    /* self is the object (or the class for CLASSMETHOD, NULL for STATICMETHOD) */
    int8_t min_args; /* positional arguments, self excluded; checked before fn is called */
    int8_t max_args; /* -1: any number */
    uint8_t flags;   /* PY_METH_* */
    const char *signature; /* "($self, x, /)" for __text_signature__, or NULL */
    const char *doc;
};
#define PY_METH_KEYWORDS    1u /* fn accepts kwnames; without it any keyword is a TypeError */
#define PY_METH_CLASSMETHOD 2u
#define PY_METH_STATIC      4u

/* A computed attribute. */
struct py_getset_def {
    const char *name;
    struct py_object *(*get)(struct py_object *self, void *closure);
    int (*set)(struct py_object *self, struct py_object *value /* NULL: delete */, void *closure);
    const char *doc;
    void *closure;
};

/* A plain attribute at an offset. */
enum py_member_kind {
    PY_MEMBER_OBJECT,    /* NULL reads as None */
    PY_MEMBER_OBJECT_EX, /* NULL raises AttributeError; __slots__ use this */
    PY_MEMBER_INT64,
    PY_MEMBER_INT32,
    PY_MEMBER_BOOL,
    PY_MEMBER_DOUBLE,
    PY_MEMBER_CSTR
};
struct py_member_def {
    const char *name;
    enum py_member_kind kind;
    uint32_t offset;
    bool readonly;
    const char *doc;
};

struct py_type {
    struct py_var base; /* a type object; size is unused */

    /* What instances look like. */
    const char *name;   /* "list", "collections.deque"; heap types: points into name_obj */
    uint32_t basicsize; /* bytes from the header, without what stands before it */
    uint32_t itemsize;
    uint32_t flags;
    uint8_t body; /* enum py_body */
    uint8_t
        room_unit; /* bytes; 0: instances keep no memory beside them that sys.getsizeof counts */
    uint16_t field_count;
    const struct py_field *fields; /* field_count rows, bases' fields included; NULL if none */
    int32_t weaklist_offset;       /* > 0: struct py_weakref * in the instance; 0: none */
    int32_t dict_offset;  /* > 0: struct py_dict * at that offset (modules, functions, types,
                             exceptions); 0: none; types with MANAGED_DICT keep 0 here */
    uint32_t room_offset; /* of an int64_t: how many room_units the memory beside an instance has */

    /* Operations; NULL: not supported. */
    void (*dealloc)(struct py_object *); /* releases what the generic dealloc cannot know of */
    void (*finalize)(struct py_object *);
    py_unaryfn repr;
    py_unaryfn str;
    py_hashfn hash;
    py_callfn call;
    py_binaryfn getattr; /* (object, name) */
    py_setfn setattr;    /* (object, name, value or NULL to delete) */
    py_comparefn richcompare;
    py_unaryfn iter;
    py_unaryfn iternext;    /* NULL without an exception: exhausted */
    py_ternaryfn descr_get; /* (descriptor, object or NULL, type or NULL) */
    py_setfn descr_set;     /* (descriptor, object, value or NULL) */
    int (*init)(struct py_object *self, struct py_object *const *args, size_t nargs,
                struct py_tuple *kwnames);
    struct py_object *(*new_)(struct py_type *type, struct py_object *const *args, size_t nargs,
                              struct py_tuple *kwnames);
    int64_t (*size_of)(struct py_object *); /* sys.getsizeof without the gc header; NULL: basicsize
                                               + items + room */

    py_binaryfn binary[PY_NB_COUNT];  /* either operand may be of this type; NotImplemented */
    py_binaryfn inplace[PY_NB_COUNT]; /* NULL: falls back to binary */
    py_ternaryfn power3;              /* pow(a, b, m) */
    py_unaryfn unary[PY_UN_COUNT];
    py_inquiry bool_;
    py_unaryfn int_, float_, index;

    py_lenfn length;
    py_binaryfn subscript;  /* o[key] */
    py_setfn ass_subscript; /* o[key] = value; NULL value deletes */
    py_objobjfn contains;   /* 1, 0 or -1 */
    py_binaryfn concat;     /* sequence +; tried after binary[ADD] */
    py_binaryfn inplace_concat;
    py_indexfn repeat; /* sequence * count; tried after binary[MUL] */
    py_indexfn inplace_repeat;
    py_indexfn item; /* sequence item, index >= 0 or negative already adjusted */

    py_unaryfn await, aiter, anext;

    /* Access to octets: vm/object/buffer.h. The last slots: type_ready.c and class.c copy up to
     * here. */
    int (*buffer)(struct py_object *, struct py_buffer *);
    void (*buffer_release)(struct py_object *);

    /* Attribute tables of static types. */
    const struct py_method_def *methods;
    const struct py_getset_def *getsets;
    const struct py_member_def *members;
    const char *doc;
    const struct py_type *stands_for; /* isinstance and issubclass take it for that class, whose
                                         instances look otherwise; or NULL */

    /* Filled by py_type_ready / class creation. */
    struct py_type *super;         /* __base__, owned */
    struct py_tuple *bases;        /* owned */
    struct py_tuple *mro;          /* owned */
    struct py_dict *dict;          /* owned; change it only through setattr or py_type_modified */
    struct py_object *weaklist;    /* weakrefs to this type */
    struct py_object *subclasses;  /* dict: id -> weakref, owned, or NULL */
    struct py_str *name_obj;       /* heap types: __name__; owned */
    struct py_str *qualname;       /* heap types: owned */
    struct py_object *module_name; /* heap types: owned, may be NULL */
    struct py_shape *shape;        /* heap types with MANAGED_DICT: names of the value slots */
    uint32_t version;
    uint32_t trace_id;    /* id in the stream's definitions; 0: not announced */
    uint8_t owned_fields; /* fields was allocated with the type (heap types with __slots__) */
};

/* What sys.getsizeof says of a type object, whose own struct is longer: CPython's sizes of a static
 * type, of a heap type, and of the keys table that instances of a class share. */
#define PY_TYPE_REPORTED_BYTES        408
#define PY_HEAP_TYPE_REPORTED_BYTES   904
#define PY_SHARED_KEYS_REPORTED_BYTES 768

extern struct py_type py_type_type, py_object_type, py_none_type, py_ellipsis_type,
    py_not_implemented_type;

/* Makes a static type usable: fills bases, mro, dict, inherits slots, adds descriptors for its
 * tables and wrappers for its slots ("__add__" ...). Idempotent. */
int py_type_ready(struct py_type *type);
/* All static types in an order that works. Called once by py_runtime_init. */
int py_types_init(void);

/* The most derived of winner and the bases' metaclasses. Borrowed; TypeError on a conflict. */
struct py_type *py_type_metaclass(struct py_type *winner, struct py_tuple *bases);
/* A class statement's work: metaclass already chosen. name, bases, namespace are borrowed. */
struct py_type *py_type_create(struct py_type *metatype, struct py_str *name,
                               struct py_tuple *bases, struct py_dict *namespace_,
                               struct py_object *const *kwargs, struct py_tuple *kwnames);
/* A heap type from C with one base, for example an exception: module "m", name "m.Name". */
struct py_type *py_type_create_simple(const char *qualified_name, struct py_type *base,
                                      const char *doc);

bool py_type_is_subtype(const struct py_type *a, const struct py_type *b);
static inline bool py_isinstance_type(const struct py_object *o, const struct py_type *t)
{
    return o->type == t || py_type_is_subtype(o->type, t);
}
#define py_has_flag(p, flag) ((PY_OBJ(p)->type->flags & (flag)) != 0)

/* Looks name up along the mro, through the global (version, name) cache. Borrowed; NULL without
 * an exception when absent. name must be interned or at least a str. */
struct py_object *py_type_lookup(struct py_type *type, struct py_str *name);
/* The same for a special method of an object: bound if a descriptor. New; NULL without an
 * exception when absent. */
struct py_object *py_lookup_special(struct py_object *o, struct py_str *name);
/* Call after any change of a class dict or of bases. */
void py_type_modified(struct py_type *type);
/* Gives the type a version if it has none; 0 if it cannot have one. */
uint32_t py_type_version(struct py_type *type);

/* "module.qualname" (builtins without module) of heap and static types. New str. */
struct py_str *py_type_fullname(struct py_type *type);
/* The part of name behind the last dot. Borrowed C string. */
const char *py_type_shortname(const struct py_type *type);

/* Default implementations of slots. */
struct py_object *py_object_generic_getattr(struct py_object *o, struct py_object *name);
/* The same, but NULL without an exception when there is no such attribute (and the class has no
 * descriptor that says otherwise). */
struct py_object *py_object_getattr_quiet(struct py_object *o, struct py_object *name);
int py_object_generic_setattr(struct py_object *o, struct py_object *name, struct py_object *value);
struct py_object *py_object_generic_new(struct py_type *type, struct py_object *const *args,
                                        size_t nargs, struct py_tuple *kwnames);
struct py_object *py_iter_self(struct py_object *o);  /* iter slot of iterators */
int64_t py_hash_not_implemented(struct py_object *o); /* raises TypeError: unhashable type */
int64_t py_hash_pointer(const void *p);

/* The instance's dict, made if the type has one and make is true. Borrowed; NULL if none. */
struct py_dict *py_object_dict(struct py_object *o, bool make);

#endif
