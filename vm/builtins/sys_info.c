/* sys.version_info, sys.flags, sys.float_info and the others, and sys.implementation.
 *
 * Values that describe the language are those of CPython 3.11; values that describe this
 * implementation say so (implementation.name is "brille").
 */
#include "vm/builtins/sys_info.h"

#include <float.h>

#include "vm/object/dict.h"
#include "vm/object/float.h"
#include "vm/object/int.h"
#include "vm/object/namespace.h"
#include "vm/object/str.h"
#include "vm/object/structseq.h"
#include "vm/runtime/runtime.h"
#include "vm/runtime/thread.h"

#define STRUCTSEQ_TYPE(var, type_name, rows)               \
    struct py_type var = {                                 \
        .base = {.base = PY_STATIC_HEADER(&py_type_type)}, \
        .name = type_name,                                 \
        .super = &py_tuple_type,                           \
        .flags = PY_TYPE_DISALLOW_NEW,                     \
        .repr = py_structseq_repr,                         \
        .members = rows,                                   \
    }
#define ROW(name, index) PY_STRUCTSEQ_MEMBER(name, index, NULL)
#define END_ROWS     \
    {                \
        .name = NULL \
    }

static const struct py_member_def version_members[] = {
    ROW("major", 0),        ROW("minor", 1),  ROW("micro", 2),
    ROW("releaselevel", 3), ROW("serial", 4), END_ROWS,
};
static const struct py_member_def flags_members[] = {
    ROW("debug", 0),
    ROW("inspect", 1),
    ROW("interactive", 2),
    ROW("optimize", 3),
    ROW("dont_write_bytecode", 4),
    ROW("no_user_site", 5),
    ROW("no_site", 6),
    ROW("ignore_environment", 7),
    ROW("verbose", 8),
    ROW("bytes_warning", 9),
    ROW("quiet", 10),
    ROW("hash_randomization", 11),
    ROW("isolated", 12),
    ROW("dev_mode", 13),
    ROW("utf8_mode", 14),
    ROW("warn_default_encoding", 15),
    ROW("safe_path", 16),
    ROW("int_max_str_digits", 17),
    END_ROWS,
};
static const struct py_member_def unraisable_members[] = {
    ROW("exc_type", 0), ROW("exc_value", 1), ROW("exc_traceback", 2),
    ROW("err_msg", 3),  ROW("object", 4),    END_ROWS,
};
static const struct py_member_def float_members[] = {
    ROW("max", 0),     ROW("max_exp", 1),    ROW("max_10_exp", 2), ROW("min", 3),
    ROW("min_exp", 4), ROW("min_10_exp", 5), ROW("dig", 6),        ROW("mant_dig", 7),
    ROW("epsilon", 8), ROW("radix", 9),      ROW("rounds", 10),    END_ROWS,
};
static const struct py_member_def int_members[] = {
    ROW("bits_per_digit", 0),
    ROW("sizeof_digit", 1),
    ROW("default_max_str_digits", 2),
    ROW("str_digits_check_threshold", 3),
    END_ROWS,
};
static const struct py_member_def hash_members[] = {
    ROW("width", 0),     ROW("modulus", 1),   ROW("inf", 2),       ROW("nan", 3),    ROW("imag", 4),
    ROW("algorithm", 5), ROW("hash_bits", 6), ROW("seed_bits", 7), ROW("cutoff", 8), END_ROWS,
};
static const struct py_member_def thread_members[] = {
    ROW("name", 0),
    ROW("lock", 1),
    ROW("version", 2),
    END_ROWS,
};

STRUCTSEQ_TYPE(py_sys_version_info_type, "sys.version_info", version_members);
STRUCTSEQ_TYPE(py_sys_flags_type, "sys.flags", flags_members);
STRUCTSEQ_TYPE(py_sys_float_info_type, "sys.float_info", float_members);
STRUCTSEQ_TYPE(py_sys_int_info_type, "sys.int_info", int_members);
STRUCTSEQ_TYPE(py_sys_hash_info_type, "sys.hash_info", hash_members);
STRUCTSEQ_TYPE(py_sys_unraisable_type, "UnraisableHookArgs", unraisable_members);
STRUCTSEQ_TYPE(py_sys_thread_info_type, "sys.thread_info", thread_members);

static struct py_object *text(const char *s)
{
    return PY_OBJ(py_str_from_cstr(s));
}

static struct py_object *number(int64_t n)
{
    return py_int_from_i64(n);
}

#define BUILD(type, items) py_structseq_from_array(type, items, sizeof(items) / sizeof((items)[0]))

static struct py_object *version_info(void)
{
    struct py_object *items[] = {number(3), number(11), number(7), text("final"), number(0)};
    return BUILD(&py_sys_version_info_type, items);
}

static struct py_object *flags(void)
{
    struct py_object *items[] = {
        number(0),
        number(py_config.inspect),
        number(0),
        number(py_config.optimize),
        number(1), /* no .pyc files are written */
        number(1),
        number(1),
        number(py_config.isolated),
        number(py_config.verbose),
        number(0),
        number(py_config.quiet),
        number(1),
        number(py_config.isolated),
        PY_FALSE,
        number(py_config.utf8_mode),
        number(py_config.warn_default_encoding),
        PY_FALSE,
        number(-1),
    };
    return BUILD(&py_sys_flags_type, items);
}

static struct py_object *float_info(void)
{
    struct py_object *items[] = {
        py_float_from(DBL_MAX),
        number(DBL_MAX_EXP),
        number(DBL_MAX_10_EXP),
        py_float_from(DBL_MIN),
        number(DBL_MIN_EXP),
        number(DBL_MIN_10_EXP),
        number(DBL_DIG),
        number(DBL_MANT_DIG),
        py_float_from(DBL_EPSILON),
        number(FLT_RADIX),
        number(1),
    };
    return BUILD(&py_sys_float_info_type, items);
}

static struct py_object *int_info(void)
{
    struct py_object *items[] = {number(30), number(4), number(4300), number(640)};
    return BUILD(&py_sys_int_info_type, items);
}

static struct py_object *hash_info(void)
{
    struct py_object *items[] = {number(64),      number(((int64_t)1 << 61) - 1),
                                 number(314159),  number(0),
                                 number(1000003), text("siphash13"),
                                 number(64),      number(128),
                                 number(0)};
    return BUILD(&py_sys_hash_info_type, items);
}

static struct py_object *thread_info(void)
{
    struct py_object *items[] = {text("pthread"), text("semaphore"), PY_NONE};
    return BUILD(&py_sys_thread_info_type, items);
}

/* The dict of a namespace is its only content. */
static struct py_object *implementation(struct py_object *version)
{
    struct py_object *ns = py_namespace_new();
    struct py_dict *d = ns ? py_object_dict(ns, true) : NULL;
    struct py_object *name = text("brille"), *tag = text("brille-311");
    struct py_object *hex = number(PY_VERSION_HEX), *arch = text("x86_64-linux-gnu");
    if (!d || !name || !tag || !hex || !arch || py_dict_set_cstr(d, "name", name) < 0 ||
        py_dict_set_cstr(d, "cache_tag", tag) < 0 || py_dict_set_cstr(d, "version", version) < 0 ||
        py_dict_set_cstr(d, "hexversion", hex) < 0 || py_dict_set_cstr(d, "_multiarch", arch) < 0)
        py_clear(ns);
    py_xdecref(arch);
    py_xdecref(hex);
    py_xdecref(tag);
    py_xdecref(name);
    return ns;
}

int py_sys_add_info(struct py_module *m)
{
    struct py_object *version = version_info();
    if (!version)
        return -1;
    const int r =
        py_module_add_steal(m, "implementation", implementation(version)) < 0 ||
        py_module_add(m, "version_info", version) < 0 ||
        py_module_add_steal(m, "flags", flags()) < 0 ||
        py_module_add_steal(m, "float_info", float_info()) < 0 ||
        py_module_add_steal(m, "int_info", int_info()) < 0 ||
        py_module_add_steal(m, "hash_info", hash_info()) < 0 ||
        py_module_add_steal(m, "thread_info", thread_info()) < 0 ||
        py_module_add_steal(m, "hexversion", number(PY_VERSION_HEX)) < 0 ||
        py_module_add_steal(m, "version",
                            text(PY_VERSION_TEXT " (brille " BRILLE_VERSION ", " __DATE__
                                                 ", " __TIME__ ") [GCC " __VERSION__ "]")) < 0;
    py_decref(version);
    return r ? -1 : 0;
}
