#include "inspector/target/cpython/frames.h"

enum {
    GENERATOR_CLEARED = 4, // gi_frame_state from which on there is no frame
};

// ---- reading a frame ----

static bool read_frame_object(struct cpy *cpy, const unsigned char *bytes, struct cpy_frame *f)
{
    const struct cpy_layout *l = cpy->l;
    const uint64_t stack = word_at(bytes, l->frame_valuestack);
    const int32_t lasti = (int32_t)half_at(bytes, l->frame_lasti);
    f->previous = word_at(bytes, l->frame_back);
    f->code_address = word_at(bytes, l->frame_code);
    f->locals_dict = word_at(bytes, l->frame_locals);
    f->frame_object = f->address;
    f->owner = FRAME_OWNED_BY_FRAME_OBJECT;
    f->slots = f->address + l->frame_localsplus;
    // 3.10 counts instructions, of two bytes each.
    f->position = lasti < 0 ? 0 : cpy->rt.minor >= 10 ? (uint64_t)lasti * 2 : (uint64_t)lasti;
    if (stack < f->slots || (stack - f->slots) / 8 > LIMIT_STACK)
        return false;
    f->local_count = (uint32_t)((stack - f->slots) / 8);
    if (layout_has(l->frame_stacktop)) {
        const uint64_t top = word_at(bytes, l->frame_stacktop);
        const bool running = bytes[l->frame_executing];
        f->stack_count = top >= stack ? (int64_t)((top - stack) / 8) : running ? -1 : 0;
    } else {
        f->stack_count = (int32_t)half_at(bytes, l->frame_stackdepth);
    }
    return f->stack_count <= LIMIT_STACK;
}

static bool read_interpreter_frame(struct cpy *cpy, const unsigned char *bytes, struct cpy_frame *f)
{
    const struct cpy_layout *l = cpy->l;
    f->previous = word_at(bytes, l->iframe_previous);
    f->code_address = word_at(bytes, l->iframe_code);
    f->function = word_at(bytes, l->iframe_func);
    f->locals_dict = word_at(bytes, l->iframe_locals);
    f->frame_object = word_at(bytes, l->iframe_frame_obj);
    f->position = word_at(bytes, l->iframe_instr);
    f->owner = bytes[l->iframe_owner];
    f->entry = layout_has(l->iframe_is_entry) && bytes[l->iframe_is_entry];
    f->slots = f->address + l->iframe_localsplus;
    const int32_t top = (int32_t)half_at(bytes, l->iframe_stacktop);
    if (f->owner >= FRAME_OWNED_BY_C_STACK) {
        f->code_address = f->function = f->locals_dict = f->frame_object = 0;
        f->stack_count = 0;
        return true;
    }
    f->code = cpy_code_get(cpy, f->code_address);
    f->local_count = f->code ? f->code->local_count : 0;
    f->stack_count = top < 0 ? -1 : top - (int64_t)f->local_count;
    if (top >= 0 && f->stack_count < 0) { // not all of its variables are there yet
        f->local_count = (uint32_t)top;
        f->stack_count = 0;
    }
    return f->stack_count <= LIMIT_STACK;
}

bool cpy_frame_read(struct cpy *cpy, uint64_t address, struct cpy_frame *f)
{
    const struct cpy_layout *l = cpy->l;
    const bool is_object = layout_has(l->frame_code);
    const uint32_t size = is_object ? l->frame_localsplus : l->iframe_localsplus;
    unsigned char bytes[IFRAME_BYTES] = {0};
    *f = (struct cpy_frame){.address = address};
    if (!address || address % 8 || !reader_read(&cpy->mem, address, bytes, size))
        return false;
    if (!is_object)
        return read_interpreter_frame(cpy, bytes, f);
    f->code = cpy_code_get(cpy, word_at(bytes, l->frame_code));
    return read_frame_object(cpy, bytes, f);
}

bool cpy_frame_is_kept(struct cpy *cpy, const struct cpy_frame *f)
{
    uint64_t generator = 0;
    if (!layout_has(cpy->l->frame_gen))
        return f->owner != FRAME_OWNED_BY_THREAD;
    reader_u64(&cpy->mem, f->address + cpy->l->frame_gen, &generator);
    return generator != 0;
}

static bool is_frame(struct cpy *cpy, uint64_t address)
{
    struct cpy_frame f;
    return !address ||
           (cpy_frame_read(cpy, address, &f) && (f.code || f.owner == FRAME_OWNED_BY_C_STACK));
}

// A run of the interpreter's loop links its cframe into the thread before it fills it in: at that
// moment its frame is what the C stack held there, and the innermost one is still the run's before.
static uint64_t frame_of_cframe(struct cpy *cpy, uint64_t cframe)
{
    const struct cpy_layout *l = cpy->l;
    uint64_t frame = 0, previous, frame_before;
    reader_u64(&cpy->mem, cframe + l->cframe_current_frame, &frame);
    if (!is_frame(cpy, frame) && reader_u64(&cpy->mem, cframe + l->cframe_previous, &previous) &&
        previous && reader_u64(&cpy->mem, previous + l->cframe_current_frame, &frame_before) &&
        is_frame(cpy, frame_before))
        return frame_before;
    return frame;
}

uint64_t cpy_frame_of_thread(struct cpy *cpy, uint64_t tstate)
{
    const struct cpy_layout *l = cpy->l;
    uint64_t frame = 0, cframe;
    if (layout_has(l->tstate_current_frame))
        reader_u64(&cpy->mem, tstate + l->tstate_current_frame, &frame);
    else if (!layout_has(l->cframe_current_frame))
        reader_u64(&cpy->mem, tstate + l->tstate_frame, &frame);
    else if (reader_u64(&cpy->mem, tstate + l->tstate_cframe, &cframe) && cframe)
        frame = frame_of_cframe(cpy, cframe);
    return frame;
}

// ---- what a frame refers to ----

static void add_slots(struct cpy *cpy, const struct cpy_frame *f, enum edge_class locals,
                      enum edge_class stack)
{
    uint64_t value;
    for (uint32_t i = 0; i < f->local_count; i++) {
        if (!reader_u64(&cpy->mem, f->slots + 8 * (uint64_t)i, &value))
            return;
        const bool named = f->code && i < f->code->local_count;
        cpy_edge(cpy, value, EDGE_LOCAL, locals, named ? f->code->local_ids[i] : EDGE_NAME_NONE);
    }
    const uint64_t from = f->slots + 8 * (uint64_t)f->local_count;
    if (f->stack_count < 0) {
        cpy_scan(cpy, from, 8 * (uint64_t)(f->code ? f->code->stack_size : 0));
        return;
    }
    for (int64_t i = 0; i < f->stack_count; i++)
        if (reader_u64(&cpy->mem, from + 8 * (uint64_t)i, &value))
            cpy_edge(cpy, value, EDGE_LOCAL, stack, EDGE_NAME_NONE);
}

static void add_named(struct cpy *cpy, uint64_t target, enum edge_class edge_class,
                      const char *name)
{
    cpy_edge(cpy, target, EDGE_FIELD, edge_class, cpy_name(cpy, name));
}

static void add_field(struct cpy *cpy, const struct cpy_object *o, uint32_t offset,
                      const char *name)
{
    if (layout_has(offset))
        add_named(cpy, word_at(o->bytes, offset), cpy_strong(o), name);
}

// A frame that its object or generator keeps. One that runs does not tell its variables.
static void add_inner_frame(struct cpy *cpy, const struct cpy_object *o, uint64_t address)
{
    struct cpy_frame f;
    if (!cpy_frame_read(cpy, address, &f)) {
        cpy_damage(cpy, "a frame makes no sense");
        return;
    }
    const enum edge_class strong = cpy_strong(o);
    add_named(cpy, f.frame_object, strong, "frame");
    add_named(cpy, f.locals_dict, strong, "f_locals");
    add_named(cpy, f.function, strong, "function");
    add_named(cpy, f.code_address, strong, "f_code");
    add_slots(cpy, &f, f.stack_count < 0 ? CLASS_OWNED : strong, strong);
}

static void add_new_frame(struct cpy *cpy, const struct cpy_object *o)
{
    const struct cpy_layout *l = cpy->l;
    const uint64_t inner = word_at(o->bytes, l->frame_iframe);
    add_field(cpy, o, l->frame_back, "f_back");
    add_field(cpy, o, l->frame_trace, "f_trace");
    add_field(cpy, o, l->frame_extra_locals, "f_extra_locals");
    add_field(cpy, o, l->frame_locals_cache, "f_locals");
    if (inner == o->address + l->frame_inner)
        add_inner_frame(cpy, o, inner);
}

static void add_suspended(struct cpy *cpy, const struct cpy_frame *f)
{
    add_named(cpy, f->frame_object, CLASS_OWNED, "frame");
    if (layout_has(cpy->l->frame_code)) // the object has the rest
        return;
    add_named(cpy, f->locals_dict, CLASS_OWNED, "f_locals");
    add_named(cpy, f->function, CLASS_OWNED, "function");
    add_named(cpy, f->code_address, CLASS_OWNED, "f_code");
    add_slots(cpy, f, CLASS_OWNED, CLASS_OWNED);
}

uint64_t cpy_frame_of_object(struct cpy *cpy, uint64_t frame_object)
{
    uint64_t frame = frame_object;
    if (!layout_has(cpy->l->frame_code))
        reader_u64(&cpy->mem, frame_object + cpy->l->frame_iframe, &frame);
    return frame;
}

bool cpy_next_suspended_frame(struct cpy *cpy, uint64_t *at, struct cpy_frame *ret)
{
    while (*at && cpy_spend(cpy, 8) && cpy_frame_read(cpy, *at, ret)) {
        *at = ret->previous;
        if (ret->owner != FRAME_OWNED_BY_C_STACK)
            return ret->code != NULL;
    }
    return false;
}

void cpy_add_suspended_frames(struct cpy *cpy, uint64_t at)
{
    struct cpy_frame f;
    for (uint32_t n = 0; n < LIMIT_FRAMES && cpy_next_suspended_frame(cpy, &at, &f); n++)
        if (!cpy_frame_is_kept(cpy, &f))
            add_suspended(cpy, &f);
}

void cpy_add_frame(struct cpy *cpy, const struct cpy_object *o)
{
    const struct cpy_layout *l = cpy->l;
    struct cpy_frame f;
    if (!layout_has(l->frame_code)) {
        add_new_frame(cpy, o);
        return;
    }
    add_field(cpy, o, l->frame_back, "f_back");
    add_field(cpy, o, l->frame_code, "f_code");
    add_field(cpy, o, l->frame_builtins, "f_builtins");
    add_field(cpy, o, l->frame_globals, "f_globals");
    add_field(cpy, o, l->frame_locals, "f_locals");
    add_field(cpy, o, l->frame_trace, "f_trace");
    if (cpy_frame_read(cpy, o->address, &f))
        add_slots(cpy, &f, cpy_strong(o), cpy_strong(o));
    else
        cpy_damage(cpy, "a frame object makes no sense");
}

void cpy_add_generator(struct cpy *cpy, const struct cpy_object *o)
{
    const struct cpy_layout *l = cpy->l;
    const uint32_t exc = l->gen_exc_state;
    add_field(cpy, o, l->gen_frame, "gi_frame");
    add_field(cpy, o, l->gen_code, "gi_code");
    add_field(cpy, o, l->gen_name, "__name__");
    add_field(cpy, o, l->gen_qualname, "__qualname__");
    if (layout_has(l->exc_state_type)) {
        add_field(cpy, o, exc + l->exc_state_type, "exc_type");
        add_field(cpy, o, exc + l->exc_state_traceback, "exc_traceback");
    }
    add_field(cpy, o, exc + l->exc_state_value, "exc_value");
    // The same word is nothing in a plain generator.
    if (strcmp(o->type->c_name, "async_generator") == 0)
        add_field(cpy, o, l->gen_finalizer, "ag_finalizer");
    else if (strcmp(o->type->c_name, "coroutine") == 0)
        add_named(cpy, word_at(o->bytes, l->gen_origin), CLASS_OWNED, "cr_origin");
    if (layout_has(l->gen_iframe) && (int8_t)o->bytes[l->gen_frame_state] < GENERATOR_CLEARED)
        add_inner_frame(cpy, o, o->address + l->gen_iframe);
}

// Its fields are in the table; 3.12 keeps copies that were asked for in a block beside it.
void cpy_add_code(struct cpy *cpy, const struct cpy_object *o)
{
    static const char *const names[] = {"co_code", "co_varnames", "co_cellvars", "co_freevars"};
    const struct cpy_layout *l = cpy->l;
    uint64_t cached[4];
    if (!layout_has(l->code_cached) || l->size_of_cached < sizeof cached)
        return;
    const uint64_t at = word_at(o->bytes, l->code_cached);
    if (at && reader_read(&cpy->mem, at, cached, sizeof cached))
        for (int i = 0; i < 4; i++)
            add_named(cpy, cached[i], CLASS_OWNED, names[i]);
}
