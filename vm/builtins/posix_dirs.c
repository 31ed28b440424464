/* posix: directories and their entries. */
#include "vm/builtins/posix_files.h"

#include <dirent.h>
#include <string.h>
#include <unistd.h>

#include "vm/memory/dealloc.h"
#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/alias.h"
#include "vm/object/bytes.h"
#include "vm/object/int.h"
#include "vm/object/list.h"
#include "vm/object/str.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/warn.h"

/* An open directory, from a path or a copy of a descriptor; NULL with an exception. */
static DIR *open_directory(struct path *path)
{
    DIR *dir = NULL;
    py_allow_threads_begin();
    if (path->text) {
        dir = opendir(path->text);
    } else {
        const int fd = fcntl(path->fd, F_DUPFD_CLOEXEC, 0);
        dir = fd >= 0 ? fdopendir(fd) : NULL;
        if (dir)
            rewinddir(dir);
    }
    const int number = errno;
    py_allow_threads_end();
    errno = number;
    if (!dir)
        posix_error(path->object, NULL);
    return dir;
}

static bool is_dots(const char *name)
{
    return name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]));
}

METHOD(os_listdir)
{
    PARSE("listdir", 1, 0, 1, "path");
    struct path path = {0};
    PY_HOLD(&path.owner);
    if (!in[0] || in[0] == PY_NONE)
        path = (struct path){.text = ".", .fd = -1};
    else if (posix_path(in[0], "listdir", true, &path) < 0)
        return NULL;
    DIR *const dir = open_directory(&path);
    struct py_list *list = dir ? py_list_new(0) : NULL;
    PY_HOLD(&list);
    struct dirent *entry;
    while (list && (errno = 0, entry = readdir(dir))) {
        if (is_dots(entry->d_name))
            continue;
        struct py_object *const name = posix_name(entry->d_name, path.bytes);
        if (!name || py_list_append_steal(list, name) < 0)
            py_clear(list);
    }
    if (dir)
        closedir(dir);
    py_clear(path.owner);
    struct py_list *const result = list;
    list = NULL;
    return PY_OBJ(result);
}

struct dir_entry {
    struct py_object base;
    struct py_object *name, *path;
    struct py_object *stat, *lstat; /* results, once asked for */
    uint64_t inode;
    int dir_fd;   /* what the path is relative to: AT_FDCWD, or the descriptor scanned */
    uint8_t kind; /* d_type */
};
struct scandir_iter {
    struct py_object base;
    struct py_object *path; /* what names are joined to; NULL for a descriptor */
    DIR *dir;
    int fd; /* given by the caller, or AT_FDCWD */
    bool bytes;
};
#define ENTRY(o) ((struct dir_entry *)(o))
#define SCAN(o)  ((struct scandir_iter *)(o))

METHOD(os_scandir)
{
    PARSE("scandir", 1, 0, 1, "path");
    struct path path = {0};
    PY_HOLD(&path.owner);
    struct py_object *const dot = PY_OBJ(py_str_const("."));
    if (posix_path(in[0] && in[0] != PY_NONE ? in[0] : dot, "scandir", true, &path) < 0)
        return NULL;
    DIR *const dir = open_directory(&path);
    struct scandir_iter *s = dir ? py_object_new(&py_scandir_iter_type) : NULL;
    if (dir && !s)
        closedir(dir);
    if (s) {
        s->dir = dir;
        s->bytes = path.bytes;
        s->fd = path.text ? AT_FDCWD : path.fd;
        if (path.text)
            s->path = posix_fspath(path.object);
        py_gc_track(s);
    }
    py_clear(path.owner);
    return PY_OBJ(s);
}

static void scan_close(struct scandir_iter *s)
{
    DIR *const dir = s->dir;
    s->dir = NULL;
    if (dir)
        closedir(dir);
}

static struct py_object *join_path(struct scandir_iter *s, const char *name)
{
    struct py_object *tail = posix_name(name, s->bytes);
    if (!tail || !s->path)
        return tail;
    if (s->bytes) {
        struct py_bytes *const head = (struct py_bytes *)s->path;
        const size_t n = (size_t)head->base.size, m = strlen(name);
        const bool slash = n > 0 && head->data[n - 1] != '/';
        struct py_bytes *const whole = py_bytes_from(NULL, n + slash + m);
        if (whole) {
            memcpy(whole->data, head->data, n);
            if (slash)
                whole->data[n] = '/';
            memcpy(whole->data + n + slash, name, m);
        }
        py_decref(tail);
        return PY_OBJ(whole);
    }
    struct py_str *const head = (struct py_str *)s->path;
    const bool slash = head->length > 0 && py_str_char(head, head->length - 1) != '/';
    struct py_str *const whole = py_str_format_c("%U%s%U", head, slash ? "/" : "", tail);
    py_decref(tail);
    return PY_OBJ(whole);
}

static struct py_object *scan_next(struct py_object *o)
{
    struct scandir_iter *const s = SCAN(o);
    if (!s->dir)
        return NULL;
    struct dirent *entry;
    do {
        errno = 0;
        entry = readdir(s->dir);
    } while (entry && is_dots(entry->d_name));
    if (!entry) {
        const int number = errno;
        scan_close(s);
        errno = number;
        return number ? posix_error(s->path, NULL) : NULL;
    }
    struct dir_entry *e = py_object_new(&py_dir_entry_type);
    if (!e)
        return NULL;
    e->inode = entry->d_ino;
    e->kind = entry->d_type;
    e->dir_fd = s->fd;
    e->name = posix_name(entry->d_name, s->bytes);
    e->path = join_path(s, entry->d_name);
    py_gc_track(e);
    if (!e->name || !e->path) {
        PY_HOLD(&e);
        py_clear(e);
    }
    return PY_OBJ(e);
}

METHOD(scan_enter)
{
    UNUSED;
    return py_newref(self);
}

METHOD(scan_exit)
{
    UNUSED;
    scan_close(SCAN(self));
    return PY_NONE;
}

static void scan_finalize(struct py_object *o)
{
    if (SCAN(o)->dir)
        py_warn_unclosed(o, "unclosed scandir iterator %R", o);
}

static void scan_dealloc(struct py_object *o)
{
    scan_close(SCAN(o));
    py_object_release_common(o);
    py_object_free(o);
}

static const struct py_method_def scan_methods[] = {
    {.name = "__enter__", .fn = scan_enter},
    {.name = "__exit__", .fn = scan_exit, .max_args = 3},
    {.name = "close", .fn = scan_exit},
    {.name = NULL}};
static const struct py_field scan_fields[] = {PY_FIELD(struct scandir_iter, path)};
struct py_type py_scandir_iter_type = {
    .base.base = PY_STATIC_HEADER(&py_type_type),
    .name = "posix.ScandirIterator",
    .basicsize = sizeof(struct scandir_iter),
    .flags = PY_TYPE_GC | PY_TYPE_DISALLOW_NEW | PY_TYPE_FINALIZER,
    .field_count = 1,
    .fields = scan_fields,
    .finalize = scan_finalize,
    .dealloc = scan_dealloc,
    .iter = py_iter_self,
    .iternext = scan_next,
    .methods = scan_methods,
};

static struct py_object *entry_stat_result(struct dir_entry *e, bool follow)
{
    struct py_object **const slot = follow ? &e->stat : &e->lstat;
    if (!*slot) {
        struct py_object *dir = e->dir_fd == AT_FDCWD ? PY_NONE : py_int_from_i64(e->dir_fd);
        struct py_object *const st =
            dir ? posix_do_stat("stat", e->path, dir, follow, false) : NULL;
        py_xdecref(dir);
        if (!st)
            return NULL;
        py_setref(*slot, st);
    }
    return py_newref(*slot);
}

static int follow_argument(const char *function, struct py_object *const *args, size_t nargs,
                           struct py_tuple *kwnames)
{
    static const char *const names[] = {"follow_symlinks"};
    const struct py_params params = {.function = function, .names = names, .count = 1};
    struct py_object *in = NULL;
    if (py_parse_args(&params, args, nargs, kwnames, &in) < 0)
        return -1;
    return posix_flag(in, true);
}

METHOD(entry_stat)
{
    const int follow = follow_argument("stat", args, nargs, kwnames);
    return follow < 0 ? NULL : entry_stat_result(ENTRY(self), follow);
}

/* Is the entry of this kind? */
static struct py_object *entry_is(struct dir_entry *e, mode_t kind, uint8_t dtype, int follow)
{
    if (follow < 0)
        return NULL;
    if (e->kind != DT_UNKNOWN && !(follow && e->kind == DT_LNK))
        return py_bool_from(e->kind == dtype);
    struct py_object *const st = entry_stat_result(e, follow);
    if (!st) {
        if (!py_error_matches(&py_exc_FileNotFoundError))
            return NULL;
        py_error_clear();
        return PY_FALSE;
    }
    const int64_t mode = py_int_as_i64_clip(((struct py_tuple *)st)->items[0]);
    py_decref(st);
    return py_bool_from(((mode_t)mode & S_IFMT) == kind);
}

METHOD(entry_is_dir)
{
    return entry_is(ENTRY(self), S_IFDIR, DT_DIR, follow_argument("is_dir", args, nargs, kwnames));
}

METHOD(entry_is_file)
{
    return entry_is(ENTRY(self), S_IFREG, DT_REG, follow_argument("is_file", args, nargs, kwnames));
}

METHOD(entry_is_symlink)
{
    UNUSED;
    return entry_is(ENTRY(self), S_IFLNK, DT_LNK, false);
}

METHOD(entry_inode)
{
    UNUSED;
    return py_int_from_u64(ENTRY(self)->inode);
}

METHOD(entry_fspath)
{
    UNUSED;
    return py_newref(ENTRY(self)->path);
}

static struct py_object *entry_repr(struct py_object *o)
{
    return PY_OBJ(py_str_format_c("<DirEntry %R>", ENTRY(o)->name));
}

static const struct py_method_def entry_methods[] = {
    {.name = "is_dir", .fn = entry_is_dir, .max_args = -1, .flags = PY_METH_KEYWORDS},
    {.name = "is_file", .fn = entry_is_file, .max_args = -1, .flags = PY_METH_KEYWORDS},
    {.name = "is_symlink", .fn = entry_is_symlink},
    {.name = "stat", .fn = entry_stat, .max_args = -1, .flags = PY_METH_KEYWORDS},
    {.name = "inode", .fn = entry_inode},
    {.name = "__fspath__", .fn = entry_fspath},
    PY_CLASS_GETITEM_ROW,
    {.name = NULL}};
static const struct py_member_def entry_members[] = {{.name = "name",
                                                      .kind = PY_MEMBER_OBJECT,
                                                      .offset = offsetof(struct dir_entry, name),
                                                      .readonly = true},
                                                     {.name = "path",
                                                      .kind = PY_MEMBER_OBJECT,
                                                      .offset = offsetof(struct dir_entry, path),
                                                      .readonly = true},
                                                     {.name = NULL}};
static const struct py_field entry_fields[] = {
    PY_FIELD(struct dir_entry, name), PY_FIELD(struct dir_entry, path),
    PY_FIELD(struct dir_entry, stat), PY_FIELD(struct dir_entry, lstat)};
struct py_type py_dir_entry_type = {
    .base.base = PY_STATIC_HEADER(&py_type_type),
    .name = "posix.DirEntry",
    .basicsize = sizeof(struct dir_entry),
    .flags = PY_TYPE_GC | PY_TYPE_DISALLOW_NEW,
    .field_count = 4,
    .fields = entry_fields,
    .repr = entry_repr,
    .methods = entry_methods,
    .members = entry_members,
};

const struct py_method_def posix_dir_functions[] = {
    KEYWORDS("listdir", os_listdir), KEYWORDS("scandir", os_scandir), {.name = NULL}};
