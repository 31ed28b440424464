// See weaver.h.
#include "inspector/target/weaver.h"

#include <string.h>

void weaver_init(struct weaver *w, struct stack_dump *dump, const struct capture *capture,
                 const char *loop, const char *const *parking)
{
    *w = (struct weaver){.dump = dump, .capture = capture, .loop = loop, .parking = parking};
    struct error *err =
        native_unwinder_create(capture->pid, &capture->maps, capture->mem, &w->unwinder);
    if (err)
        w->no_native = weaver_keep(w, err->message);
    error_destroy(err);
}

void weaver_deinit(struct weaver *w)
{
    native_unwinder_destroy(w->unwinder);
    w->unwinder = NULL;
}

const char *weaver_keep(struct weaver *w, const char *text)
{
    const char *copy = text ? arena_strdup(&w->dump->arena, text) : NULL;
    return copy ? copy : "?";
}

// ---- native ----

static bool begins_with(const char *text, const char *start)
{
    return text && strncmp(text, start, strlen(start)) == 0;
}

static bool is_loop(const struct weaver *w, const struct native_frame *frame)
{
    return begins_with(frame->function, w->loop);
}

// A thread that was brought to a safepoint stands in our own waiting place: that is about us, not
// about the program.
static size_t skip_parking(const struct weaver *w, const struct native_stack *stack)
{
    size_t skipped = 0;
    for (size_t i = 0; i < stack->frames.count && i < 16; i++)
        for (const char *const *name = w->parking; name && *name; name++)
            if (begins_with(stack->frames.items[i].function, *name))
                skipped = i + 1;
    return skipped;
}

static struct stack_dump_frame native_frame(struct weaver *w, const struct native_frame *frame)
{
    return (struct stack_dump_frame){.native = true,
                                     .function = weaver_keep(w, frame->function),
                                     .file = frame->module ? weaver_keep(w, frame->module) : NULL,
                                     .address = frame->pc.addr,
                                     .offset = frame->function ? frame->function_offset : 0};
}

static const struct capture_thread *find_captured(const struct weaver *w, pid_t tid)
{
    for (size_t i = 0; i < w->capture->thread_count; i++)
        if (w->capture->threads[i].tid == tid)
            return &w->capture->threads[i];
    return NULL;
}

static void unwind(struct weaver *w, struct stack_dump_thread *thread, struct native_stack *stack)
{
    const struct capture_thread *captured = find_captured(w, thread->tid);
    if (!w->unwinder)
        thread->no_native = w->no_native;
    else if (!captured)
        thread->no_native = "the process has no such thread";
    else if (!captured->has_registers)
        thread->no_native = "it was in uninterruptible sleep";
    if (thread->no_native)
        return;
    struct error *err = native_stack_walk(w->unwinder, &captured->registers, stack);
    if (err)
        thread->no_native = weaver_keep(w, err->message);
    error_destroy(err);
}

// ---- both ----

static struct error *push_stretch(struct stack_dump_thread *thread,
                                  const struct python_frame_vec *python, size_t *next)
{
    while (*next < python->count) {
        const struct python_frame *frame = &python->items[(*next)++];
        TRY(stack_dump_frame_vec_push(&thread->frames, frame->frame));
        if (frame->entry)
            break;
    }
    return NULL;
}

static struct error *interleave(struct weaver *w, struct stack_dump_thread *thread,
                                const struct python_frame_vec *python,
                                const struct native_stack *native)
{
    size_t loops = 0, entries = 0, next = 0;
    for (size_t i = 0; i < native->frames.count; i++)
        loops += is_loop(w, &native->frames.items[i]);
    for (size_t i = 0; i < python->count; i++)
        entries += python->items[i].entry;
    // Without symbols there are no loops to be seen. A call that is just being made or left can
    // make them differ by one.
    thread->interleaved = loops == entries || (loops > 0 && thread->truncated);
    if (!thread->interleaved)
        while (next < python->count)
            TRY(push_stretch(thread, python, &next));
    for (size_t i = skip_parking(w, native); i < native->frames.count; i++) {
        const struct native_frame *frame = &native->frames.items[i];
        if (thread->interleaved && is_loop(w, frame))
            TRY(push_stretch(thread, python, &next));
        else
            TRY(stack_dump_frame_vec_push(&thread->frames, native_frame(w, frame)));
    }
    while (next < python->count)
        TRY(push_stretch(thread, python, &next));
    thread->truncated |= native->truncated;
    return NULL;
}

struct error *weaver_add(struct weaver *w, struct stack_dump_thread thread,
                         const struct python_frame_vec *python)
{
    struct native_stack native = {0};
    unwind(w, &thread, &native);
    struct error *err = interleave(w, &thread, python, &native);
    if (!err)
        err = stack_dump_thread_vec_push(&w->dump->threads, thread);
    if (err)
        stack_dump_frame_vec_deinit(&thread.frames);
    native_stack_deinit(&native);
    return err;
}

static bool is_known(const struct weaver *w, pid_t tid)
{
    for (size_t i = 0; i < w->dump->threads.count; i++)
        if (w->dump->threads.items[i].tid == tid)
            return true;
    return false;
}

struct error *weaver_add_others(struct weaver *w)
{
    static const struct python_frame_vec none;
    for (size_t i = 0; i < w->capture->thread_count; i++) {
        const struct capture_thread *captured = &w->capture->threads[i];
        if (is_known(w, captured->tid))
            continue;
        TRY(weaver_add(w,
                       (struct stack_dump_thread){.tid = captured->tid,
                                                  .name = weaver_keep(w, captured->name),
                                                  .gil = GIL_NONE},
                       &none));
    }
    return NULL;
}
