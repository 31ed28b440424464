/* Which events of objects are wanted, when not all are.
 *
 * A filter names a type, one object, a source file, or asks for samples of allocations; several at
 * once must all hold. What does not pass is not emitted: it takes no position in the stream and is
 * not counted as lost. A trace of one type, or of one object, is as exact about those as a whole
 * one is about everything.
 *
 * Where it sits, so that without a filter nobody pays for it: refcounts in the interpreter loop are
 * tested in a copy of the loop of its own (vm/runtime/eval_filtered.c), which runs only while there
 * is a filter; the probes for C code test one flag. What must be decided of an object's type or of
 * a code object is decided when the filter is set, and later when a type or code is first seen, and
 * kept in it as a flag.
 *
 * Of a file's events all frees pass: an object that its code made may die anywhere.
 *
 * Samples (for always-on use): each byte allocated is chosen with probability 1/mean, independently
 * of all others, so distances between chosen bytes are exponential (a Poisson process). An object
 * is sampled if one of its bytes is: with probability 1 - exp(-size/mean). Hence the reader's
 * estimates are unbiased: it counts an object 1/probability times. An object that changes its size
 * is, as for the allocator beneath, another block: its sample ends (free), and it may be chosen
 * anew (alloc). Each sample comes with its Python stack, so there is no enter and leave; of objects
 * that are not sampled nothing is told. Sampled addresses are kept in a table; beyond its room no
 * sample is taken, and that is counted in `refused`.
 */
#ifndef BRILLE_VM_PROBE_FILTER_H
#define BRILLE_VM_PROBE_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tracer/emit/emit.h"
#include "vm/object/code.h"
#include "vm/object/type.h"

struct probe_filter {
    bool on;
    bool sampling;
    uint32_t type_flag; /* PY_TYPE_TRACED when a type is named, else 0 */
    uint32_t code_flag; /* PY_CODE_TRACED when a file is named, else 0 */
    uint64_t object;    /* 0: any */
    uint64_t refused;
};
extern struct probe_filter probe_filter;

/* Takes trace_filter into effect. At a safepoint, or before the first object. */
void probe_filter_apply(void);
/* For a type or code that is seen for the first time. */
void probe_filter_judge_type(struct py_type *type);
void probe_filter_judge_code(struct py_code *code);

/* For the loop and for baselines: a count change, or the presence, of an object. */
static inline bool probe_passes(const struct py_object *o)
{
    return (o->type->flags & probe_filter.type_flag) == probe_filter.type_flag &&
           (probe_filter.object == 0 || probe_filter.object == (uintptr_t)o);
}

static inline bool probe_passes_in(const struct py_object *o, const struct py_code *code)
{
    return (code->flags & probe_filter.code_flag) == probe_filter.code_flag && probe_passes(o);
}

/* For C code, while probe_filter.on: what kind of event it is decides. */
bool probe_filter_alloc(struct py_object *o, size_t size_bytes);
bool probe_filter_free(struct py_object *o);
bool probe_filter_count(const struct py_object *o);
bool probe_filter_change(const struct py_object *o); /* track, untrack, retype */
/* A new size: also says itself what has to be said of samples, and returns false then. */
bool probe_filter_resize(struct py_object *o, size_t size_bytes);

#endif
