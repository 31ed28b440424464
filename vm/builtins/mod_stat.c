/* The module _stat: the numbers of file modes, and what they say. stat.py puts them in place of its
 * own. Flags of BSD file systems (UF_, SF_) are numbers of an interface that this system lacks;
 * programs that move between systems name them all the same.
 */
#include <sys/stat.h>

#include "vm/builtins/mod_support.h"
#include "vm/object/str.h"

static int mode_argument(struct py_object *o, uint32_t *out)
{
    const int64_t value = py_int_as_i64(o);
    if (value == -1 && py_error_occurred())
        return -1;
    if (value < 0 || value > UINT32_MAX)
        return py_raise_int(&py_exc_OverflowError, "mode out of range");
    *out = (uint32_t)value;
    return 0;
}

/* Is it a file of this kind? A kind that this system lacks is 0, and no file is of it. */
static struct py_object *is_of_kind(struct py_object *o, uint32_t kind)
{
    uint32_t mode;
    return mode_argument(o, &mode) < 0 ? NULL : py_bool_from(kind && (mode & S_IFMT) == kind);
}

#define KINDS(KIND)                                                  \
    KIND(DIR, S_IFDIR, "a directory")                                \
    KIND(CHR, S_IFCHR, "a character device")                         \
    KIND(BLK, S_IFBLK, "a block device")                             \
    KIND(REG, S_IFREG, "a regular file")                             \
    KIND(FIFO, S_IFIFO, "a pipe with a name")                        \
    KIND(LNK, S_IFLNK, "a symbolic link")                            \
    KIND(SOCK, S_IFSOCK, "a socket")                                 \
    KIND(DOOR, 0, "a door of Solaris: never, on this system")        \
    KIND(PORT, 0, "an event port of Solaris: never, on this system") \
    KIND(WHT, 0, "a whiteout of a union mount: never, on this system")

#define KIND(name, value, doc)                  \
    METHOD(is_##name)                           \
    {                                           \
        (void)self, (void)nargs, (void)kwnames; \
        return is_of_kind(args[0], value);      \
    }
KINDS(KIND)
#undef KIND

METHOD(permissions)
{
    (void)self, (void)nargs, (void)kwnames;
    uint32_t mode;
    return mode_argument(args[0], &mode) < 0 ? NULL : py_int_from_i64(mode & 07777);
}

METHOD(kind_bits)
{
    (void)self, (void)nargs, (void)kwnames;
    uint32_t mode;
    return mode_argument(args[0], &mode) < 0 ? NULL : py_int_from_i64(mode & S_IFMT);
}

static char kind_letter(uint32_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFREG:
        return '-';
    case S_IFDIR:
        return 'd';
    case S_IFLNK:
        return 'l';
    case S_IFBLK:
        return 'b';
    case S_IFCHR:
        return 'c';
    case S_IFIFO:
        return 'p';
    case S_IFSOCK:
        return 's';
    default:
        return '?';
    }
}

/* "-rwxr-xr-x": the letter of a set-id or sticky bit stands where x would. */
METHOD(as_text)
{
    (void)self, (void)nargs, (void)kwnames;
    static const struct {
        uint32_t bit;
        char alone, with_x;
    } special[3] = {{S_ISUID, 'S', 's'}, {S_ISGID, 'S', 's'}, {S_ISVTX, 'T', 't'}};
    uint32_t mode;
    if (mode_argument(args[0], &mode) < 0)
        return NULL;
    char text[11] = {kind_letter(mode)};
    for (int who = 0; who < 3; who++) {
        const uint32_t bits = mode >> (6 - 3 * who);
        char *const three = text + 1 + 3 * who;
        three[0] = bits & 4 ? 'r' : '-';
        three[1] = bits & 2 ? 'w' : '-';
        if (mode & special[who].bit)
            three[2] = bits & 1 ? special[who].with_x : special[who].alone;
        else
            three[2] = bits & 1 ? 'x' : '-';
    }
    return PY_OBJ(py_str_from_cstr(text));
}

static const struct py_method_def stat_functions[] = {
#define KIND(name_, value, doc_) \
    {.name = "S_IS" #name_,      \
     .fn = is_##name_,           \
     .min_args = 1,              \
     .max_args = 1,              \
     .doc = "Is it " doc_ "?"},
    KINDS(KIND)
#undef KIND
        {.name = "S_IMODE",
         .fn = permissions,
         .min_args = 1,
         .max_args = 1,
         .doc = "The bits that os.chmod() sets."},
    {.name = "S_IFMT",
     .fn = kind_bits,
     .min_args = 1,
     .max_args = 1,
     .doc = "The bits that say of which kind a file is."},
    {.name = "filemode",
     .fn = as_text,
     .min_args = 1,
     .max_args = 1,
     .doc = "The mode as ls -l writes it."},
    {.name = NULL}};

static const struct {
    const char *name;
    int64_t value;
} stat_numbers[] = {
#define N(name)     \
    {               \
#name, name \
    }
    N(S_IFDIR),
    N(S_IFCHR),
    N(S_IFBLK),
    N(S_IFREG),
    N(S_IFIFO),
    N(S_IFLNK),
    N(S_IFSOCK),
    {"S_IFDOOR", 0},
    {"S_IFPORT", 0},
    {"S_IFWHT", 0},
    N(S_ISUID),
    N(S_ISGID),
    N(S_ISVTX),
    {"S_ENFMT", S_ISGID},
    N(S_IREAD),
    N(S_IWRITE),
    N(S_IEXEC),
    N(S_IRWXU),
    N(S_IRUSR),
    N(S_IWUSR),
    N(S_IXUSR),
    N(S_IRWXG),
    N(S_IRGRP),
    N(S_IWGRP),
    N(S_IXGRP),
    N(S_IRWXO),
    N(S_IROTH),
    N(S_IWOTH),
    N(S_IXOTH),
    {"UF_NODUMP", 0x1},
    {"UF_IMMUTABLE", 0x2},
    {"UF_APPEND", 0x4},
    {"UF_OPAQUE", 0x8},
    {"UF_NOUNLINK", 0x10},
    {"UF_COMPRESSED", 0x20},
    {"UF_HIDDEN", 0x8000},
    {"SF_ARCHIVED", 0x10000},
    {"SF_IMMUTABLE", 0x20000},
    {"SF_APPEND", 0x40000},
    {"SF_NOUNLINK", 0x100000},
    {"SF_SNAPSHOT", 0x200000},
    /* places in the tuple of os.stat() */
    {"ST_MODE", 0},
    {"ST_INO", 1},
    {"ST_DEV", 2},
    {"ST_NLINK", 3},
    {"ST_UID", 4},
    {"ST_GID", 5},
    {"ST_SIZE", 6},
    {"ST_ATIME", 7},
    {"ST_MTIME", 8},
    {"ST_CTIME", 9},
#undef N
};

struct py_module *py_mod__stat_init(void); /* modules.def */

struct py_module *py_mod__stat_init(void)
{
    struct py_module *m = py_module_new("_stat", "What the mode of a file says.");
    int failed = m ? py_module_add_methods(m, stat_functions) : -1;
    for (size_t i = 0; !failed && i < sizeof stat_numbers / sizeof *stat_numbers; i++)
        failed = module_add_int(m, stat_numbers[i].name, stat_numbers[i].value);
    if (failed && m)
        py_clear(m);
    return m;
}
