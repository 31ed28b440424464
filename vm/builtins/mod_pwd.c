/* The modules pwd and grp: the accounts and groups that the system knows.
 *
 * The C library asks files, and services of the network where it is set up so: without the GIL.
 */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "vm/builtins/posix_files.h"
#include "vm/object/bytes.h"
#include "vm/object/int.h"
#include "vm/object/list.h"
#include "vm/object/str.h"
#include "vm/object/structseq.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

enum { FIRST_BUFFER = 1024, LARGEST_BUFFER = 1 << 20 }; /* octets */

#define ROW(name, index, doc) PY_STRUCTSEQ_MEMBER(name, index, doc)
static const struct py_member_def passwd_members[] = {
    ROW("pw_name", 0, "name"),           ROW("pw_passwd", 1, "password, as it is kept"),
    ROW("pw_uid", 2, "number"),          ROW("pw_gid", 3, "number of the first group"),
    ROW("pw_gecos", 4, "whose it is"),   ROW("pw_dir", 5, "home folder"),
    ROW("pw_shell", 6, "first program"), {.name = NULL}};
static const struct py_member_def group_members[] = {ROW("gr_name", 0, "name"),
                                                     ROW("gr_passwd", 1, "password, as it is kept"),
                                                     ROW("gr_gid", 2, "number"),
                                                     ROW("gr_mem", 3, "names of the members"),
                                                     {.name = NULL}};

#define SEQ_TYPE(var, type_name, rows)                     \
    struct py_type var = {                                 \
        .base = {.base = PY_STATIC_HEADER(&py_type_type)}, \
        .name = type_name,                                 \
        .super = &py_tuple_type,                           \
        .repr = py_structseq_repr,                         \
        .new_ = py_structseq_new,                          \
        .methods = py_structseq_methods,                   \
        .members = rows,                                   \
    }
extern struct py_type py_struct_passwd_type, py_struct_group_type; /* static_types.def */
SEQ_TYPE(py_struct_passwd_type, "pwd.struct_passwd", passwd_members);
SEQ_TYPE(py_struct_group_type, "grp.struct_group", group_members);

static struct py_object *text_or_none(const char *text)
{
    return text ? posix_name(text, false) : PY_NONE;
}

static struct py_object *passwd_object(const struct passwd *p)
{
    struct py_object *items[7] = {text_or_none(p->pw_name),   text_or_none(p->pw_passwd),
                                  py_int_from_u64(p->pw_uid), py_int_from_u64(p->pw_gid),
                                  text_or_none(p->pw_gecos),  text_or_none(p->pw_dir),
                                  text_or_none(p->pw_shell)};
    return py_structseq_from_array(&py_struct_passwd_type, items, 7);
}

static struct py_object *group_object(const struct group *g)
{
    struct py_list *members = py_list_new(0);
    for (char **m = g->gr_mem; members && m && *m; m++) {
        struct py_object *const name = text_or_none(*m);
        if (!name || py_list_append_steal(members, name) < 0)
            py_clear(members);
    }
    struct py_object *items[4] = {text_or_none(g->gr_name), text_or_none(g->gr_passwd),
                                  py_int_from_u64(g->gr_gid), PY_OBJ(members)};
    return py_structseq_from_array(&py_struct_group_type, items, 4);
}

/* ---- one of them -------------------------------------------------------------------------------
 */

/* Whom to look for, and what was found: account or group, in `buffer` (for free()). */
struct search {
    bool group;
    const char *name; /* or NULL: the number */
    uint32_t number;
    struct passwd passwd;
    struct group entry;
    char *buffer;
};

static int search_once(struct search *s, size_t room, bool *found)
{
    struct passwd *p = NULL;
    struct group *g = NULL;
    py_allow_threads_begin();
    const int number = s->group  ? s->name ? getgrnam_r(s->name, &s->entry, s->buffer, room, &g)
                                           : getgrgid_r(s->number, &s->entry, s->buffer, room, &g)
                        : s->name ? getpwnam_r(s->name, &s->passwd, s->buffer, room, &p)
                                 : getpwuid_r(s->number, &s->passwd, s->buffer, room, &p);
    py_allow_threads_end();
    *found = p || g;
    return number;
}

/* NULL: an exception, or none when nobody is called that. */
static struct py_object *find(struct search *s)
{
    size_t room = FIRST_BUFFER;
    bool found = false;
    int number;
    do {
        free(s->buffer);
        s->buffer = malloc(room);
        if (!s->buffer)
            return py_raise_no_memory();
        number = search_once(s, room, &found);
        room *= 4;
    } while (number == ERANGE && room <= LARGEST_BUFFER);
    struct py_object *const result = !found     ? NULL
                                     : s->group ? group_object(&s->entry)
                                                : passwd_object(&s->passwd);
    free(s->buffer);
    return number == ERANGE ? py_raise_no_memory() : result;
}

static struct py_object *find_number(struct py_object *o, bool group)
{
    struct search s = {.group = group};
    if (posix_id(o, group ? "gid" : "uid", &s.number) < 0) {
        if (!group && py_error_matches(&py_exc_OverflowError))
            py_raise(&py_exc_KeyError, "getpwuid(): uid not found");
        return NULL;
    }
    struct py_object *const found = find(&s);
    if (!found && !py_error_occurred())
        py_raise(&py_exc_KeyError,
                 group ? "getgrgid(): gid not found: %S" : "getpwuid(): uid not found: %S", o);
    return found;
}

static struct py_object *find_name(struct py_object *o, bool group)
{
    struct search s = {.group = group};
    if (!py_str_check(o))
        return py_raise(&py_exc_TypeError,
                        group ? "getgrnam() argument 'name' must be str, not %T"
                              : "getpwnam() argument must be str, not %T",
                        o);
    struct py_object *name = py_str_encode(o, "utf-8", "surrogateescape");
    if (!name)
        return NULL;
    PY_HOLD(&name);
    s.name = (const char *)((struct py_bytes *)name)->data;
    struct py_object *result = NULL;
    if (strlen(s.name) != (size_t)((struct py_bytes *)name)->base.size)
        py_raise(&py_exc_ValueError, "embedded null byte");
    else if (!(result = find(&s)) && !py_error_occurred())
        py_raise(&py_exc_KeyError,
                 group ? "getgrnam(): name not found: %R" : "getpwnam(): name not found: %R", o);
    PY_HOLD(&result);
    py_clear(name);
    struct py_object *returned = result;
    result = NULL;
    return returned;
}

METHOD(pwd_getpwuid)
{
    UNUSED;
    return find_number(args[0], false);
}

METHOD(pwd_getpwnam)
{
    UNUSED;
    return find_name(args[0], false);
}

METHOD(grp_getgrgid)
{
    PARSE("getgrgid", 1, 1, 1, "id");
    return find_number(in[0], true);
}

METHOD(grp_getgrnam)
{
    PARSE("getgrnam", 1, 1, 1, "name");
    return find_name(in[0], true);
}

/* ---- all of them -------------------------------------------------------------------------------
 */

/* The walk is the C library's own, of which a process has one: it keeps the GIL. */
METHOD(pwd_getpwall)
{
    UNUSED;
    struct py_list *all = py_list_new(0);
    const struct passwd *p;
    setpwent();
    while (all && (p = getpwent())) {
        struct py_object *const one = passwd_object(p);
        if (!one || py_list_append_steal(all, one) < 0)
            py_clear(all);
    }
    endpwent();
    return PY_OBJ(all);
}

METHOD(grp_getgrall)
{
    UNUSED;
    struct py_list *all = py_list_new(0);
    const struct group *g;
    setgrent();
    while (all && (g = getgrent())) {
        struct py_object *const one = group_object(g);
        if (!one || py_list_append_steal(all, one) < 0)
            py_clear(all);
    }
    endgrent();
    return PY_OBJ(all);
}

/* ---- the modules -------------------------------------------------------------------------------
 */

static const struct py_method_def pwd_functions[] = {PLAIN("getpwuid", pwd_getpwuid, 1),
                                                     PLAIN("getpwnam", pwd_getpwnam, 1),
                                                     PLAIN("getpwall", pwd_getpwall, 0),
                                                     {.name = NULL}};
static const struct py_method_def grp_functions[] = {KEYWORDS("getgrgid", grp_getgrgid),
                                                     KEYWORDS("getgrnam", grp_getgrnam),
                                                     PLAIN("getgrall", grp_getgrall, 0),
                                                     {.name = NULL}};

static struct py_module *made(const char *name, const char *doc,
                              const struct py_method_def *functions, struct py_type *type)
{
    struct py_module *m = py_module_new(name, doc);
    if (!m || py_module_add_methods(m, functions) < 0 || py_type_ready(type) < 0 ||
        py_module_add(m, py_type_shortname(type), PY_OBJ(type)) < 0)
        py_clear(m);
    return m;
}

struct py_module *py_mod_pwd_init(void); /* modules.def */
struct py_module *py_mod_grp_init(void);

struct py_module *py_mod_pwd_init(void)
{
    return made("pwd", "The accounts that the system knows.", pwd_functions,
                &py_struct_passwd_type);
}

struct py_module *py_mod_grp_init(void)
{
    return made("grp", "The groups that the system knows.", grp_functions, &py_struct_group_type);
}
