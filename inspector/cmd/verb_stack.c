// brille stack: what every thread is doing, in Python and in C, and who has the GIL.
#include "inspector/base/format.h"
#include "inspector/base/progress.h"
#include "inspector/cmd/command.h"
#include "inspector/proc/process.h"
#include "inspector/target/stack_dump.h"

#include <string.h>

struct view {
    struct verb *verb;
    const struct stack_dump *dump;
    const char *command;
    pid_t pid;
    bool locals, python_only;
};

static const char *gil_word(enum gil_state gil)
{
    return gil == GIL_HOLDER ? "holder" : gil == GIL_WAITING ? "waiting" : "none";
}

static const char *base_name(const char *path)
{
    const char *slash = path ? strrchr(path, '/') : NULL;
    return slash ? slash + 1 : path;
}

// ---- text ----

// A name of the target, which may not begin a line of its own.
static void add_name(struct strbuf *out, const char *before, const char *name)
{
    strbuf_add(out, before);
    strbuf_add_shown(out, name, strlen(name));
}

static void add_frame(const struct view *v, const struct stack_dump_frame *frame)
{
    struct strbuf *out = &v->verb->out;
    const size_t begin = out->length;
    if (frame->native) {
        if (v->python_only)
            return;
        add_name(out, "       c  ", frame->function);
        if (frame->offset)
            strbuf_addf(out, "+0x%llx", (unsigned long long)frame->offset);
        strbuf_pad(out, begin, 42);
        add_name(out, "  ", frame->file ? base_name(frame->file) : "?");
        strbuf_add_char(out, '\n');
        return;
    }
    add_name(out, "  python  ", frame->function);
    strbuf_pad(out, begin, 42);
    add_name(out, "  ", frame->file);
    strbuf_addf(out, ":%u\n", frame->line);
    for (uint32_t i = 0; v->locals && i < frame->local_count; i++) {
        add_name(out, "            ", frame->locals[i].name);
        add_name(out, " = ", frame->locals[i].value);
        strbuf_add_char(out, '\n');
    }
}

static void add_thread(const struct view *v, const struct stack_dump_thread *thread)
{
    struct strbuf *out = &v->verb->out;
    add_name(out, "\n", *thread->name ? thread->name : "(unnamed)");
    strbuf_addf(out, "  thread %d", (int)thread->tid);
    if (thread->gil != GIL_NONE)
        strbuf_add(out, thread->gil == GIL_HOLDER ? "  holds the GIL" : "  waits for the GIL");
    if (!thread->python)
        strbuf_add(out, "  runs no Python");
    strbuf_add_char(out, '\n');
    for (size_t i = 0; i < thread->frames.count; i++)
        add_frame(v, &thread->frames.items[i]);
    if (!thread->frames.count)
        strbuf_add(out, "  (no frames)\n");
    if (thread->truncated)
        strbuf_add(out, "  ... deeper than is shown\n");
    if (thread->no_native && !v->python_only)
        strbuf_addf(out, "  (no native frames: %s)\n", thread->no_native);
}

static void add_sentence(const struct view *v)
{
    const struct stack_dump_thread *holder = NULL;
    size_t waiting = 0;
    const size_t count = v->dump->threads.count;
    for (size_t i = 0; i < count; i++) {
        const struct stack_dump_thread *thread = &v->dump->threads.items[i];
        if (thread->gil == GIL_HOLDER)
            holder = thread;
        waiting += thread->gil == GIL_WAITING;
    }
    struct strbuf text;
    strbuf_init(&text);
    strbuf_addf(&text, "%zu thread%s; ", count, count == 1 ? "" : "s");
    if (holder && *holder->name)
        strbuf_addf(&text, "%s holds the GIL", holder->name);
    else if (holder)
        strbuf_addf(&text, "thread %d holds the GIL", (int)holder->tid);
    else
        strbuf_add(&text, "nobody holds the GIL");
    if (waiting)
        strbuf_addf(&text, ", %zu wait%s for it", waiting, waiting == 1 ? "s" : "");
    strbuf_add_char(&text, '.');
    verb_add_answer(v->verb, "%s", strbuf_text(&text));
    strbuf_deinit(&text);
}

static void answer_text(const struct view *v)
{
    verb_add_process(v->verb, v->command, (uint64_t)v->pid, v->dump->runtime, v->dump->version);
    if (v->dump->pause_ns) // not of a core file
        strbuf_addf(&v->verb->out, "  stopped %s", format_time_ns(v->dump->pause_ns).text);
    strbuf_add_char(&v->verb->out, '\n');
    add_sentence(v);
    for (size_t i = 0; i < v->dump->threads.count; i++)
        add_thread(v, &v->dump->threads.items[i]);
}

static const struct column COLUMNS[] = {
    {"tid", NULL, UNIT_TEXT},      {"thread", NULL, UNIT_TEXT}, {"gil", NULL, UNIT_TEXT},
    {"depth", NULL, UNIT_COUNT},   {"kind", NULL, UNIT_TEXT},   {"line", NULL, UNIT_COUNT},
    {"function", NULL, UNIT_TEXT}, {"file", NULL, UNIT_TEXT},
};

static struct error *answer_tsv(const struct view *v)
{
    struct table table;
    char tid[16];
    table_init(&table, COLUMNS, sizeof COLUMNS / sizeof *COLUMNS);
    for (size_t i = 0; i < v->dump->threads.count; i++) {
        const struct stack_dump_thread *thread = &v->dump->threads.items[i];
        for (size_t k = 0; k < thread->frames.count; k++) {
            const struct stack_dump_frame *frame = &thread->frames.items[k];
            if (frame->native && v->python_only)
                continue;
            snprintf(tid, sizeof tid, "%d", (int)thread->tid);
            table_text(&table, tid);
            table_text(&table, thread->name);
            table_text(&table, gil_word(thread->gil));
            table_number(&table, k);
            table_text(&table, frame->native ? "native" : "python");
            table_number(&table, frame->line);
            table_text(&table, frame->function);
            table_text(&table, frame->file ? frame->file : "");
        }
    }
    struct error *err = verb_add_table(v->verb, &table);
    table_deinit(&table);
    return err;
}

// ---- JSON ----

static void add_frame_json(const struct stack_dump_frame *frame, struct json *json)
{
    json_begin(json, NULL, '{');
    json_text(json, "kind", frame->native ? "native" : "python");
    json_text(json, "function", frame->function);
    if (frame->file)
        json_text(json, "file", frame->file);
    else
        json_null(json, "file");
    if (frame->native) {
        json_address(json, "address", frame->address);
        json_count(json, "offset", frame->offset);
    } else {
        json_count(json, "line", frame->line);
        json_begin(json, "locals", '{');
        for (uint32_t i = 0; i < frame->local_count; i++) {
            // Keys are names in the program's code: written with care.
            if (json->comma)
                strbuf_add_char(json->out, ',');
            strbuf_add_json(json->out, frame->locals[i].name, strlen(frame->locals[i].name));
            strbuf_add_char(json->out, ':');
            strbuf_add_json(json->out, frame->locals[i].value, strlen(frame->locals[i].value));
            json->comma = true;
        }
        json_end(json, '}');
    }
    json_end(json, '}');
}

static void answer_json(const struct view *v)
{
    struct json json;
    verb_begin_json(v->verb, NULL, &json);
    json_count(&json, "pid", (uint64_t)v->pid);
    json_text(&json, "runtime", v->dump->runtime);
    json_text(&json, "version", v->dump->version);
    json_count(&json, "pause_ns", v->dump->pause_ns);
    json_bool(&json, "at_safepoint", v->dump->at_safepoint);
    json_begin(&json, "threads", '[');
    for (size_t i = 0; i < v->dump->threads.count; i++) {
        const struct stack_dump_thread *thread = &v->dump->threads.items[i];
        json_begin(&json, NULL, '{');
        json_count(&json, "tid", (uint64_t)thread->tid);
        json_text(&json, "name", thread->name);
        json_text(&json, "gil", gil_word(thread->gil));
        json_bool(&json, "python", thread->python);
        json_bool(&json, "interleaved", thread->interleaved);
        json_bool(&json, "truncated", thread->truncated);
        json_begin(&json, "frames", '[');
        for (size_t k = 0; k < thread->frames.count; k++)
            if (!thread->frames.items[k].native || !v->python_only)
                add_frame_json(&thread->frames.items[k], &json);
        json_end(&json, ']');
        json_end(&json, '}');
    }
    json_end(&json, ']');
    verb_end_json(v->verb, &json);
}

// ---- the verb ----

static struct error *answer(const struct view *v)
{
    if (!v->dump->at_safepoint)
        log_warning("a C function kept the GIL: the innermost line of its thread may be old");
    if (v->verb->json)
        answer_json(v);
    else if (v->verb->tsv)
        return answer_tsv(v);
    else
        answer_text(v);
    return NULL;
}

static struct error *cannot(const char *runtime)
{
    return error_create(ERROR_UNSUPPORTED, "brille cannot read the stacks of %s yet", runtime);
}

static struct error *look_at_process(struct view *v, pid_t pid, struct stack_dump *dump)
{
    const struct heap_options options = verb_heap_options(v->verb);
    const struct target_ops *ops;
    struct target_process process;
    const uint64_t program = process_program(pid);
    TRY(target_probe(pid, "stack", &process, &ops));
    if (!ops->stacks)
        return cannot(process.runtime);
    TRY(target_explain(pid, program, ops->stacks(pid, &options, dump)));
    v->command = process.command;
    v->pid = pid;
    v->dump = dump;
    return answer(v);
}

static struct error *look_at_core(struct view *v, const char *path, struct stack_dump *dump)
{
    _cleanup_(capture_destroy_at) struct capture *core = NULL;
    const struct heap_options options = verb_heap_options(v->verb);
    const struct target_ops *ops;
    TRY(target_open_core(path, &options, &core, &ops));
    if (!ops->core_stacks)
        return cannot(ops->name);
    TRY(ops->core_stacks(core, dump));
    v->command = core->name;
    v->pid = core->pid;
    v->dump = dump;
    return answer(v);
}

static struct error *look(struct view *v, const char *target, struct stack_dump *dump)
{
    _cleanup_(heap_argument_deinit) struct heap_argument argument = {0};
    TRY(heap_argument_parse(target, &argument));
    if (argument.kind == HEAP_ARGUMENT_PID)
        return look_at_process(v, argument.pid, dump);
    if (argument.kind == HEAP_ARGUMENT_CORE)
        return look_at_core(v, argument.path, dump);
    return error_create(ERROR_USAGE, "%s is neither a process nor a core file: it has no stacks",
                        target);
}

struct error *verb_stack(struct verb *verb)
{
    struct view view = {.verb = verb};
    const struct option options[] = {
        {"locals", 'l', OPTION_FLAG, &view.locals, NULL, "local variables and their values"},
        {"python", 'p', OPTION_FLAG, &view.python_only, NULL, "Python frames alone"},
        VERB_HEAP_OPTIONS(verb),
        {0},
    };
    struct stack_dump dump;
    TRY(verb_parse(verb, options, 1, 1));
    if (verb->done)
        return NULL;
    stack_dump_init(&dump);
    struct error *err = look(&view, verb->arguments.items[0], &dump);
    stack_dump_deinit(&dump);
    return err;
}
