// Threads of an interpreter: their state, and their frames with the local variables by name.
//
// To 3.10 a running frame is an object. Whoever runs it holds it, its locals are its references; so
// that a path can begin at a local variable, they are roots as well, without a count. From 3.11 on
// running frames are on a stack that belongs to the thread: what they hold is counted here, unless
// the frame lies in a generator, whose references it then is.
#include "inspector/target/cpython/frames.h"

#include <sys/syscall.h>

enum {
    THREAD_NAME_BYTES = 128,
    PTHREAD_TID = 720, // of glibc's struct pthread, x86-64
};

struct owner {
    uint32_t thread, frame;
};

static void add(struct cpy *cpy, uint64_t target, enum root_kind kind, enum edge_class edge_class,
                const char *name, struct owner owner)
{
    cpy_root(cpy, target, kind, edge_class, name, owner.thread, owner.frame);
}

// ---- frames ----

static void add_slots(struct cpy *cpy, const struct cpy_frame *f, enum edge_class edge_class,
                      struct owner owner)
{
    uint64_t value;
    for (uint32_t i = 0; i < f->local_count; i++)
        if (reader_u64(&cpy->mem, f->slots + 8 * (uint64_t)i, &value))
            add(cpy, value, ROOT_FRAME, edge_class,
                f->code && i < f->code->local_count ? f->code->local_names[i] : "", owner);
    if (edge_class == CLASS_BORROWED)
        return;
    const uint64_t from = f->slots + 8 * (uint64_t)f->local_count;
    const bool exact = f->stack_count >= 0;
    const uint64_t count = exact ? (uint64_t)f->stack_count : f->code ? f->code->stack_size : 0;
    for (uint64_t i = 0; i < count; i++)
        if (reader_u64(&cpy->mem, from + 8 * i, &value))
            add(cpy, value, ROOT_FRAME, exact ? CLASS_OWNED : CLASS_CONSERVATIVE, "", owner);
}

static void add_frame(struct cpy *cpy, const struct cpy_frame *f, struct owner owner)
{
    const bool is_object = layout_has(cpy->l->frame_code);
    const bool kept = cpy_frame_is_kept(cpy, f);
    if (is_object) {
        add(cpy, f->address, ROOT_FRAME, kept ? CLASS_BORROWED : CLASS_OWNED, "running frame",
            owner);
    } else if (!kept) {
        add(cpy, f->function, ROOT_FRAME, CLASS_OWNED, "function", owner);
        add(cpy, f->code_address, ROOT_FRAME, CLASS_OWNED, "code", owner);
        add(cpy, f->locals_dict, ROOT_FRAME, CLASS_OWNED, "locals()", owner);
        add(cpy, f->frame_object, ROOT_FRAME, CLASS_OWNED, "frame object", owner);
    }
    add_slots(cpy, f, is_object || kept ? CLASS_BORROWED : CLASS_OWNED, owner);
}

static void add_frames(struct cpy *cpy, uint64_t tstate, uint32_t thread)
{
    struct cpy_frame f;
    uint64_t at = cpy_frame_of_thread(cpy, tstate);
    for (uint32_t n = 0; at; n++) {
        if (n >= LIMIT_FRAMES || !cpy_spend(cpy, 8) || !cpy_frame_read(cpy, at, &f)) {
            cpy_damage(cpy, "the frames of a thread make no sense");
            return;
        }
        at = f.previous;
        if (!f.code_address)
            continue;
        const uint32_t row = snapshot_builder_frame(
            cpy->builder, f.code ? f.code->function : "?", f.code ? f.code->file : "?",
            f.code ? cpy_code_line(cpy, f.code, f.position) : 0,
            f.frame_object ? f.frame_object : f.code_address);
        add_frame(cpy, &f, (struct owner){thread, row});
    }
}

// ---- names of threads ----

// The value of an instance's attribute, 0 when there is none.
static uint64_t attribute_of(struct cpy *cpy, uint64_t object, const char *name)
{
    uint64_t type_address, value = 0, at = 0;
    if (!reader_u64(&cpy->mem, object + OBJECT_TYPE, &type_address))
        return 0;
    const struct cpy_type *type = cpy_type_get(cpy, type_address);
    if (!type)
        return 0;
    if (!type->managed_dict) {
        if (type->dictoffset > 0)
            reader_u64(&cpy->mem, object + (uint64_t)type->dictoffset, &at);
        return dict_get(&cpy->mem, cpy->l, at, name);
    }
    if (type->inline_values) {
        unsigned char head[8];
        const uint64_t values = object + type->basicsize;
        if (reader_read(&cpy->mem, values, head, sizeof head) && head[cpy->l->values_valid])
            at = values + cpy->l->values_values;
    } else if (cpy->rt.minor == 11) {
        reader_u64(&cpy->mem, object + MANAGED_VALUES, &at);
    } else if (reader_u64(&cpy->mem, object + MANAGED_DICT, &at)) {
        at = at & 1 ? at + 1 : 0;
    }
    const edge_name wanted = cpy_name(cpy, name);
    for (uint32_t i = 0; at && i < type->attribute_count; i++)
        if (type->attributes[i] == wanted && reader_u64(&cpy->mem, at + 8 * (uint64_t)i, &value))
            return value;
    if (at)
        return 0;
    reader_u64(&cpy->mem, object + MANAGED_DICT, &at);
    return at & 1 ? 0 : dict_get(&cpy->mem, cpy->l, at, name);
}

// threading._active: { ident: Thread }
static bool name_by_threading(struct cpy *cpy, uint64_t ident, struct strbuf *name)
{
    struct dict_iter it;
    struct dict_entry entry;
    uint64_t dict;
    int64_t key;
    const uint64_t module = dict_get(&cpy->mem, cpy->l, cpy->rt.modules, "threading");
    if (!module || !reader_u64(&cpy->mem, module + cpy->l->module_dict, &dict) ||
        !dict_iter_begin(&it, &cpy->mem, cpy->l, dict_get(&cpy->mem, cpy->l, dict, "_active")))
        return false;
    while (dict_iter_next(&it, &entry)) {
        if (!entry.value || !scalar_int_value(&cpy->mem, cpy->l, entry.key, &key) ||
            (uint64_t)key != ident)
            continue;
        const uint64_t text = attribute_of(cpy, entry.value, "_name");
        return text && cpy_text_of_str(cpy, text, name);
    }
    return false;
}

static const struct capture_thread *captured_thread(const struct cpy *cpy, uint64_t tid,
                                                    uint64_t ident)
{
    for (size_t i = 0; i < cpy->capture->thread_count; i++) {
        const struct capture_thread *thread = &cpy->capture->threads[i];
        if (tid ? (uint64_t)thread->tid == tid
                : thread->has_registers && thread->registers.fs_base == ident)
            return thread;
    }
    return NULL;
}

// A thread knows the id that it has in its own pid namespace. 0 when there is no such thread.
static uint64_t outer_id(const struct cpy *cpy, uint64_t tid)
{
    for (size_t i = 0; i < cpy->capture->thread_count; i++) {
        const struct capture_thread *thread = &cpy->capture->threads[i];
        if (tid && (uint64_t)(thread->inner ? thread->inner : thread->tid) == tid)
            return (uint64_t)thread->tid;
    }
    return 0;
}

uint64_t cpy_thread_id(struct cpy *cpy, const unsigned char *tstate)
{
    const struct cpy_layout *l = cpy->l;
    const uint64_t ident = word_at(tstate, l->tstate_thread_id);
    uint32_t tid = 0;
    if (layout_has(l->tstate_native_thread_id)) {
        const uint64_t inner = word_at(tstate, l->tstate_native_thread_id);
        const uint64_t outer = outer_id(cpy, inner);
        return outer ? outer : inner;
    }
    const struct capture_thread *thread = captured_thread(cpy, 0, ident);
    if (thread)
        return (uint64_t)thread->tid;
    // A thread without registers; glibc keeps its id in the structure that its ident points to.
    return reader_u32(&cpy->mem, ident + PTHREAD_TID, &tid) ? outer_id(cpy, tid) : 0;
}

void cpy_thread_name(struct cpy *cpy, const unsigned char *tstate, struct strbuf *name)
{
    const uint64_t ident = word_at(tstate, cpy->l->tstate_thread_id);
    const struct capture_thread *thread = captured_thread(cpy, cpy_thread_id(cpy, tstate), ident);
    if (!name_by_threading(cpy, ident, name) && thread)
        strbuf_add(name, thread->name);
}

// ---- the GIL ----

uint64_t cpy_gil(struct cpy *cpy, uint64_t interp)
{
    uint64_t gil = 0;
    if (layout_has(cpy->l->runtime_gil))
        return cpy->rt.address + cpy->l->runtime_gil;
    reader_u64(&cpy->mem, interp + cpy->l->interp_gil, &gil);
    return gil;
}

// Whoever waits for the GIL, or for another thread to have taken it, stands in a futex call on one
// of its conditions or mutexes.
static bool waits_for(const struct cpy *cpy, uint64_t gil, const struct capture_thread *thread)
{
    return thread && thread->has_registers && thread->registers.orig_rax == SYS_futex &&
           thread->registers.rdi >= gil + cpy->l->gil_cond &&
           thread->registers.rdi < gil + cpy->l->size_of_gil;
}

enum gil_state cpy_gil_state(struct cpy *cpy, uint64_t gil, uint64_t tstate,
                             const unsigned char *bytes)
{
    uint64_t holder = 0;
    uint32_t locked = 0;
    if (!gil)
        return GIL_NONE;
    if (reader_u32(&cpy->mem, gil + cpy->l->gil_locked, &locked) && locked == 1)
        reader_u64(&cpy->mem, gil + cpy->l->gil_last_holder, &holder);
    if (holder == tstate)
        return GIL_HOLDER;
    const struct capture_thread *thread =
        captured_thread(cpy, cpy_thread_id(cpy, bytes), word_at(bytes, cpy->l->tstate_thread_id));
    return waits_for(cpy, gil, thread) ? GIL_WAITING : GIL_NONE;
}

// ---- threads ----

static void add_state(struct cpy *cpy, const unsigned char *bytes, struct owner owner)
{
    const struct cpy_layout *l = cpy->l;
    const struct {
        uint32_t offset;
        const char *name;
    } fields[] = {
        {l->tstate_dict, "thread's dict"},
        {l->tstate_curexc_type, "pending exception's type"},
        {l->tstate_curexc_value, "pending exception"},
        {l->tstate_curexc_traceback, "pending exception's traceback"},
        {l->tstate_current_exception, "pending exception"},
        {l->tstate_exc_state + l->exc_state_value, "exception being handled"},
        {layout_has(l->exc_state_type) ? l->tstate_exc_state + l->exc_state_type : LAYOUT_NONE,
         "type of the exception being handled"},
        {layout_has(l->exc_state_traceback) ? l->tstate_exc_state + l->exc_state_traceback
                                            : LAYOUT_NONE,
         "traceback of the exception being handled"},
        {l->tstate_context, "context"},
        {l->tstate_async_exc, "asynchronous exception"},
        {l->tstate_profileobj, "profile function's argument"},
        {l->tstate_traceobj, "trace function's argument"},
        {l->tstate_asyncgen_firstiter, "hook of asynchronous generators"},
        {l->tstate_asyncgen_finalizer, "finalizer of asynchronous generators"},
        {l->tstate_threading_local_key, "key of its thread-locals"},
        {l->tstate_threading_local_sentinel, "sentinel of its thread-locals"},
    };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (layout_has(fields[i].offset) && fields[i].offset + UINT64_C(8) <= TSTATE_BYTES)
            add(cpy, word_at(bytes, fields[i].offset), ROOT_THREAD, CLASS_OWNED, fields[i].name,
                owner);
}

void cpy_add_threads(struct cpy *cpy, uint64_t interp)
{
    const struct cpy_layout *l = cpy->l;
    const uint64_t gil = cpy_gil(cpy, interp);
    unsigned char bytes[TSTATE_BYTES];
    struct strbuf name;
    uint64_t tstate = 0;
    strbuf_init(&name);
    reader_u64(&cpy->mem, interp + l->interp_threads, &tstate);
    for (uint32_t n = 0; tstate; n++) {
        if (n >= LIMIT_THREADS || tstate % 8 ||
            !reader_read(&cpy->mem, tstate, bytes, l->size_of_tstate) ||
            word_at(bytes, l->tstate_interp) != interp) {
            cpy_damage(cpy, "the list of threads makes no sense");
            break;
        }
        strbuf_clear(&name);
        cpy_thread_name(cpy, bytes, &name);
        const uint32_t row =
            snapshot_builder_thread(cpy->builder, cpy_thread_id(cpy, bytes), strbuf_text(&name),
                                    cpy_gil_state(cpy, gil, tstate, bytes));
        add_frames(cpy, tstate, row);
        add_state(cpy, bytes, (struct owner){row, ORDINAL_NONE});
        tstate = word_at(bytes, l->tstate_next);
    }
    strbuf_deinit(&name);
}
