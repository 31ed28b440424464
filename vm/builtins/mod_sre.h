/* What the files of _sre share: the objects, and subjects while they are matched. */
#ifndef BRILLE_VM_BUILTINS_MOD_SRE_H
#define BRILLE_VM_BUILTINS_MOD_SRE_H

#include "vm/builtins/sre.h"
#include "vm/object/list.h"
#include "vm/object/module.h"
#include "vm/object/object.h"
#include "vm/object/type.h"

struct pattern {
    struct py_object base;
    struct py_object *pattern; /* str, bytes or None */
    struct py_dict *groupindex;
    struct py_tuple *indexgroup;
    struct py_object *weaklist;
    uint32_t *code; /* RAW */
    int64_t code_length, groups, flags;
    bool is_bytes, is_str;
};
struct match {
    struct py_object base;
    struct py_object *string;
    struct pattern *pattern;
    struct py_object *regs; /* tuple, once asked for, or NULL */
    int64_t *marks;         /* RAW: two for each group, the whole match first */
    int64_t pos, endpos, lastindex;
};
struct scanner {
    struct py_object base;
    struct pattern *pattern;
    struct py_object *string;
    struct sre state;
    bool has_buffer, running;
};
extern struct py_type py_sre_pattern_type, py_sre_match_type, py_sre_scanner_type;

#define PATTERN(o) ((struct pattern *)(o))
#define MATCH(o)   ((struct match *)(o))
#define SCANNER(o) ((struct scanner *)(o))

#define METHOD(name)                                                                     \
    static struct py_object *name(struct py_object *self, struct py_object *const *args, \
                                  size_t nargs, struct py_tuple *kwnames)
#define UNUSED (void)self, (void)args, (void)nargs, (void)kwnames

#define K(method_name, function)                                                       \
    {                                                                                  \
        .name = method_name, .fn = function, .max_args = -1, .flags = PY_METH_KEYWORDS \
    }

/* Prepares a state for a subject; *buffered says that the subject's octets must be given back. */
int sre_begin(struct sre *s, const struct pattern *p, struct py_object *string, int64_t pos,
              int64_t endpos, bool *buffered);
void sre_end(struct sre *s, struct py_object *string, bool buffered);
/* The arguments (string, pos, endpos) of the functions that match. */
int sre_parse_subject(const char *name, struct py_object *const *args, size_t nargs,
                      struct py_tuple *kwnames, struct py_object **string, int64_t *pos,
                      int64_t *endpos);
/* The text from..to of the subject; new. */
struct py_object *sre_slice(struct py_object *string, int64_t from, int64_t to);
/* The match that a state has found; `pos` is where it was told to begin. New. */
struct py_object *sre_new_match(struct pattern *p, const struct sre *s, struct py_object *string,
                                int64_t pos);
/* A call of a function of the module re. New. */
struct py_object *sre_call_re(const char *function, struct py_object *const *args, size_t nargs);
/* Appends a new reference; NULL: an exception is pending. */
int sre_append(struct py_list *list, struct py_object *item);

/* Methods of patterns and matches alike: __copy__ and __deepcopy__. */
struct py_object *sre_return_self(struct py_object *self, struct py_object *const *args,
                                  size_t nargs, struct py_tuple *kwnames);

#endif
