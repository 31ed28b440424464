/* See filter.h. The sampler's arithmetic: the distance to the next chosen byte is drawn from an
 * exponential distribution and counted down by each allocation's size. An allocation that is larger
 * than what is left contains the chosen byte; further ones inside it do not matter, so the next
 * distance is drawn from its end on (the process has no memory).
 *
 * Sampled addresses lie in an open-addressing table; before it stands an array of counters, 16 KiB,
 * that says "no" for nearly every object that was never sampled, which is what a free has to ask.
 */
#include "vm/probe/filter.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "vm/memory/heap.h"
#include "vm/object/static_types.h"
#include "vm/object/str.h"
#include "vm/probe/loop.h"
#include "vm/probe/probe.h"
#include "vm/probe/site.h"
#include "vm/runtime/thread.h"

struct probe_filter probe_filter;

#ifndef BRILLE_NO_TRACE

enum {
    SAMPLE_SLOTS_LOG2 = 17,
    SAMPLE_SLOTS = 1 << SAMPLE_SLOTS_LOG2,
    SAMPLE_MOST = SAMPLE_SLOTS / 2,
    COUNTERS = 1 << 14,
};

static struct {
    uint64_t *table; /* addresses, 0 is free; made at the first use, kept */
    uint32_t count;
    uint8_t counters[COUNTERS]; /* of addresses with this hash; stays at 255 once it got there */
    double mean;
    int64_t left; /* bytes to the next chosen one */
    uint64_t random;
} sampler;

/* ---- the dice ----------------------------------------------------------------------------------
 */

/* xorshift64*: 53 bits of it, never 0. */
static double sampler_uniform(void)
{
    uint64_t x = sampler.random;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    sampler.random = x;
    return ((double)(x * 0x2545f4914f6cdd1du >> 11) + 1.0) / 9007199254740993.0;
}

static void sampler_draw(void)
{
    const double distance = -log(sampler_uniform()) * sampler.mean;
    sampler.left = distance < 4e18 ? (int64_t)distance + 1 : (int64_t)4e18;
}

/* Whether one of so many new bytes is chosen. */
static bool sampler_chooses(size_t bytes)
{
    sampler.left -= (int64_t)bytes;
    if (__builtin_expect(sampler.left > 0, 1))
        return false;
    sampler_draw();
    return true;
}

/* ---- the table ---------------------------------------------------------------------------------
 */

static uint32_t hash_of(uint64_t address)
{
    return (uint32_t)(address >> 4) * 2654435769u;
}

static uint8_t *counter_of(uint64_t address)
{
    return &sampler.counters[hash_of(address) >> (32 - 14)];
}

static uint64_t *sampled_find(uint64_t address)
{
    if (__builtin_expect(*counter_of(address) == 0, 1))
        return NULL;
    for (uint32_t i = hash_of(address) >> (32 - SAMPLE_SLOTS_LOG2);; i = (i + 1) % SAMPLE_SLOTS) {
        if (sampler.table[i] == address)
            return &sampler.table[i];
        if (sampler.table[i] == 0)
            return NULL;
    }
}

static bool sampled_add(uint64_t address)
{
    if (!sampler.table)
        sampler.table = calloc(SAMPLE_SLOTS, sizeof *sampler.table);
    if (!sampler.table || sampler.count == SAMPLE_MOST) {
        probe_filter.refused++;
        return false;
    }
    uint32_t i = hash_of(address) >> (32 - SAMPLE_SLOTS_LOG2);
    while (sampler.table[i])
        i = (i + 1) % SAMPLE_SLOTS;
    sampler.table[i] = address;
    sampler.count++;
    uint8_t *const counter = counter_of(address);
    *counter += *counter < UINT8_MAX;
    return true;
}

/* Closes the hole: whoever was pushed past it moves back. */
static void sampled_remove(uint64_t *entry)
{
    uint8_t *const counter = counter_of(*entry);
    *counter -= *counter < UINT8_MAX;
    uint32_t hole = (uint32_t)(entry - sampler.table);
    for (uint32_t i = (hole + 1) % SAMPLE_SLOTS; sampler.table[i]; i = (i + 1) % SAMPLE_SLOTS) {
        const uint32_t home = hash_of(sampler.table[i]) >> (32 - SAMPLE_SLOTS_LOG2);
        if ((i - home) % SAMPLE_SLOTS < (i - hole) % SAMPLE_SLOTS)
            continue;
        sampler.table[hole] = sampler.table[i];
        hole = i;
    }
    sampler.table[hole] = 0;
    sampler.count--;
}

static void sampler_begin(uint64_t mean)
{
    if (sampler.table)
        memset(sampler.table, 0, SAMPLE_SLOTS * sizeof *sampler.table);
    memset(sampler.counters, 0, sizeof sampler.counters);
    sampler.count = 0;
    sampler.mean = (double)mean;
    sampler.random = trace_ticks() | 1;
    sampler_draw();
}

/* ---- names -------------------------------------------------------------------------------------
 */

static const char *ascii(const struct py_object *o)
{
    if (!o || !py_str_check(o))
        return "";
    const struct py_str *s = (const struct py_str *)o;
    return s->ascii ? py_str_data(s) : "";
}

/* "Session" or "shop.Session"; static types carry their module in their name. */
static bool is_named(const struct py_type *type, const char *wanted)
{
    const char *const dot = strrchr(type->name, '.');
    if (strcmp(type->name, wanted) == 0 || (dot && strcmp(dot + 1, wanted) == 0))
        return true;
    const char *const last = strrchr(wanted, '.');
    if (!last)
        return false;
    const char *const module = type->flags & PY_TYPE_HEAP ? ascii(type->module_name) : "builtins";
    return strcmp(type->name, last + 1) == 0 && strlen(module) == (size_t)(last - wanted) &&
           memcmp(module, wanted, strlen(module)) == 0;
}

/* The whole path, or its last components. */
static bool is_in_file(const struct py_code *code, const char *wanted)
{
    const char *const path = ascii((const struct py_object *)code->filename);
    const size_t length = strlen(path), tail = strlen(wanted);
    if (tail == 0 || tail > length || strcmp(path + length - tail, wanted) != 0)
        return false;
    return tail == length || path[length - tail - 1] == '/';
}

void probe_filter_judge_type(struct py_type *type)
{
    type->flags &= ~PY_TYPE_TRACED;
    if (probe_filter.type_flag && is_named(type, trace_filter.type))
        type->flags |= PY_TYPE_TRACED;
}

void probe_filter_judge_code(struct py_code *code)
{
    code->flags &= ~PY_CODE_TRACED;
    if (probe_filter.code_flag && is_in_file(code, trace_filter.file))
        code->flags |= PY_CODE_TRACED;
}

static int judge_object(struct py_object *o, void *unused)
{
    (void)unused;
    if (py_has_flag(o, PY_TYPE_IS_TYPE))
        probe_filter_judge_type((struct py_type *)o);
    else if (o->type == &py_code_type)
        probe_filter_judge_code((struct py_code *)o);
    return 0;
}

void probe_filter_apply(void)
{
    const uint32_t kinds = trace_filter.kinds;
    const bool judged = probe_filter.type_flag || probe_filter.code_flag;
    probe_filter = (struct probe_filter){
        .on = kinds != 0,
        .sampling = kinds & CONTROL_FILTER_SAMPLE,
        .type_flag = kinds & CONTROL_FILTER_TYPE ? PY_TYPE_TRACED : 0,
        .code_flag = kinds & CONTROL_FILTER_FILE ? PY_CODE_TRACED : 0,
        .object = kinds & CONTROL_FILTER_OBJECT ? trace_filter.object : 0,
    };
    if (probe_filter.sampling)
        sampler_begin(trace_filter.sample_bytes);
    if (!judged && !probe_filter.type_flag && !probe_filter.code_flag)
        return;
    for (int i = 0; i < PY_STATIC_TYPE_COUNT; i++)
        probe_filter_judge_type(py_static_types[i]);
    py_heap_each_object(judge_object, NULL);
}

/* ---- events of C code --------------------------------------------------------------------------
 */

/* In the file that is named, if one is. */
static bool is_running_there(void)
{
    if (!probe_filter.code_flag)
        return true;
    const struct py_thread *const thread = py_thread_current();
    const struct py_frame *const frame = thread ? thread->frame : NULL;
    return frame && (frame->code->flags & PY_CODE_TRACED);
}

/* A sample is told with the stack of whoever made it. */
static void tell_stack(void)
{
    uint64_t frames[256]; /* the innermost ones */
    enum { MOST = sizeof frames / sizeof *frames };
    const struct py_thread *const thread = py_thread_current();
    size_t depth = 0;
    for (const struct py_frame *f = thread ? thread->frame : NULL; f && depth < MOST; f = f->prev)
        depth++;
    if (!thread)
        return;
    size_t i = depth;
    for (const struct py_frame *f = thread->frame; f && i > 0; f = f->prev) {
        const unsigned site = f->pc ? probe_site(f->pc) : TRACE_SITE_UNKNOWN;
        frames[--i] = TRACE_FRAME(probe_define_code(f->code), site);
    }
    trace_stack((uint32_t)thread->tid, frames, depth);
}

static bool sample(const struct py_object *o, size_t size_bytes)
{
    if (!sampler_chooses(size_bytes) || !sampled_add((uintptr_t)o))
        return false;
    tell_stack();
    return true;
}

bool probe_filter_alloc(struct py_object *o, size_t size_bytes)
{
    if (o->type->trace_id == 0)
        probe_type_id(o->type); /* judges it */
    if (!probe_passes(o) || !is_running_there())
        return false;
    return !probe_filter.sampling || sample(o, size_bytes);
}

bool probe_filter_free(struct py_object *o)
{
    if (!probe_passes(o))
        return false;
    if (!probe_filter.sampling)
        return true;
    uint64_t *const entry = sampled_find((uintptr_t)o);
    if (entry)
        sampled_remove(entry);
    return entry != NULL;
}

bool probe_filter_count(const struct py_object *o)
{
    return !probe_filter.sampling && probe_passes(o) && is_running_there();
}

bool probe_filter_change(const struct py_object *o)
{
    return probe_passes(o) && (!probe_filter.sampling || sampled_find((uintptr_t)o));
}

bool probe_filter_resize(struct py_object *o, size_t size_bytes)
{
    if (!probe_passes(o) || (probe_filter.code_flag && !is_running_there()))
        return false;
    if (!probe_filter.sampling)
        return true;
    uint64_t *const entry = sampled_find((uintptr_t)o);
    if (entry) {
        sampled_remove(entry);
        trace_free((uintptr_t)o, probe_current_site());
    }
    if (sample(o, size_bytes))
        trace_alloc((uintptr_t)o, probe_type_id(o->type), size_bytes, probe_current_site());
    return false;
}

#else /* nothing is emitted, so nothing is filtered */

void probe_filter_apply(void)
{
}

void probe_filter_judge_type(struct py_type *type)
{
    (void)type;
}

void probe_filter_judge_code(struct py_code *code)
{
    (void)code;
}

bool probe_filter_alloc(struct py_object *o, size_t size_bytes)
{
    (void)o, (void)size_bytes;
    return false;
}

bool probe_filter_free(struct py_object *o)
{
    (void)o;
    return false;
}

bool probe_filter_count(const struct py_object *o)
{
    (void)o;
    return false;
}

bool probe_filter_change(const struct py_object *o)
{
    (void)o;
    return false;
}

bool probe_filter_resize(struct py_object *o, size_t size_bytes)
{
    (void)o, (void)size_bytes;
    return false;
}

#endif
