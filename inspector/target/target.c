// The registry of targets, and what a TARGET argument on the command line stands for.
#include "inspector/target/target.h"

#include "inspector/base/clock.h"
#include "inspector/model/heap_file.h"
#include "tracer/read/file.h"

#include <ctype.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define TARGET(name) extern const struct target_ops name##_target;
#include "inspector/target/targets.def"
#undef TARGET

enum { REGISTERED_MAX = 4 };

static const struct target_ops *registered[REGISTERED_MAX];
static size_t registered_count;

static const struct target_ops *const built_in[] = {
#define TARGET(name) &name##_target,
#include "inspector/target/targets.def"
#undef TARGET
    NULL,
};

size_t target_count(void)
{
    return registered_count + sizeof built_in / sizeof *built_in - 1;
}

const struct target_ops *target_at(size_t index)
{
    return index < registered_count ? registered[index] : built_in[index - registered_count];
}

void target_register(const struct target_ops *ops)
{
    assert(registered_count < REGISTERED_MAX);
    registered[registered_count++] = ops;
}

void target_unregister_all(void)
{
    registered_count = 0;
}

// ---- processes ----

// The command line with blanks between the arguments, or the name where there is none.
static void read_command(const struct process *process, char *command, size_t size)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/cmdline", (int)process->pid);
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    const ssize_t got = fd >= 0 ? read(fd, command, size - 1) : -1;
    if (fd >= 0)
        close(fd);
    if (got <= 0) {
        snprintf(command, size, "%s", process->name);
        return;
    }
    command[got] = 0;
    for (ssize_t i = 0; i + 1 < got; i++)
        if (iscntrl((unsigned char)command[i]))
            command[i] = ' ';
}

bool target_process_identify(const struct process *process, struct target_process *ret,
                             const struct target_ops **ops)
{
    *ret = (struct target_process){.pid = process->pid,
                                   .rss_bytes = process->rss_bytes,
                                   .thread_count = process->thread_count};
    read_command(process, ret->command, sizeof ret->command);
    for (size_t i = 0; i < target_count(); i++)
        if (target_at(i)->probe(process->pid, ret)) {
            *ops = target_at(i);
            return true;
        }
    return false;
}

struct error *target_probe(pid_t pid, const char *verb, struct target_process *ret,
                           const struct target_ops **ops)
{
    struct process process;
    const struct target_ops *found;
    TRY(process_read(&process, pid));
    if (target_process_identify(&process, ret, &found)) {
        TRY(process_check_access(&process, verb));
        if (ops)
            *ops = found;
        return NULL;
    }
    // A process that may not be read cannot be told apart from one that is no Python.
    TRY(process_check_access(&process, verb));
    return error_add_try(error_add_why(error_create(ERROR_UNSUPPORTED, "cannot inspect %s",
                                                    process_label(&process).text),
                                       "it is no Python that this brille knows"),
                         "brille ps");
}

// What every target needs not say itself.
static void complete_info(struct snapshot_builder *b, const struct target_process *process,
                          const struct target_ops *ops, uint64_t begin_ns)
{
    struct snapshot_info *info = snapshot_builder_info(b);
    if (!*info->runtime)
        snapshot_builder_text(b, &info->runtime, *process->runtime ? process->runtime : ops->name);
    if (!*info->version)
        snapshot_builder_text(b, &info->version, process->version);
    if (!*info->command)
        snapshot_builder_text(b, &info->command, process->command);
    if (!info->pid)
        info->pid = (uint64_t)process->pid;
    if (!info->rss_bytes)
        info->rss_bytes = process->rss_bytes;
    if (!info->capture_ns)
        info->capture_ns = clock_now_ns() - begin_ns;
    if (!info->taken_unix_ns)
        info->taken_unix_ns = clock_unix_ns();
}

// Takes back "complete" from a heap whose counts say that something was missed.
static void check_counts(struct snapshot *s)
{
    char text[96];
    uint64_t wrong = 0;
    for (uint32_t o = 0; o < s->object_count; o++)
        wrong += !snapshot_immortal(s, o) && s->refcount[o] != s->explained[o];
    if (!wrong || !s->info.complete)
        return;
    snprintf(text, sizeof text, "%llu objects have counts that no reference explains",
             (unsigned long long)wrong);
    const char *why = arena_strdup(&s->arena, text);
    s->info.complete = false;
    s->info.incomplete_why = why ? why : "";
}

// Of half of one program and half of another all sorts of things can be said, none of them helpful.
struct error *target_explain(pid_t pid, uint64_t program, struct error *err)
{
    struct process process;
    if (!err || !program || err->code == ERROR_USAGE || err->code == ERROR_BUSY)
        return err;
    _cleanup_error_ struct error *gone = process_read(&process, pid);
    if (gone || process.state == 'Z' || process.state == 'X') {
        error_destroy(err);
        return error_create(ERROR_GONE, "process %d ended during the capture", (int)pid);
    }
    const uint64_t now = process_program(pid);
    if (!now || now == program)
        return err;
    error_destroy(err);
    return error_add_try(
        error_create(ERROR_GONE, "process %d began another program during the capture", (int)pid),
        "the same again");
}

static struct error *create_builder(const struct heap_options *options,
                                    struct snapshot_builder **ret)
{
    _cleanup_(snapshot_builder_destroy_at) struct snapshot_builder *b = NULL;
    TRY(snapshot_builder_create(&b));
    if (options && options->spool_folder)
        TRY(snapshot_builder_spool(b, options->spool_folder));
    *ret = take_ptr(b);
    return NULL;
}

static struct error *capture(pid_t pid, const struct heap_options *options, struct snapshot **ret)
{
    struct target_process process;
    const struct target_ops *ops = NULL;
    TRY(target_probe(pid, options->verb, &process, &ops));
    const uint64_t begin_ns = clock_now_ns();
    _cleanup_(snapshot_builder_destroy_at) struct snapshot_builder *b = NULL;
    TRY(create_builder(options, &b));
    TRY(ops->capture(pid, options, b));
    complete_info(b, &process, ops, begin_ns);
    TRY(snapshot_builder_finish(b, ret));
    if (ops->counts_are_exact)
        check_counts(*ret);
    return NULL;
}

struct error *target_capture(pid_t pid, const struct heap_options *options, struct snapshot **ret)
{
    static const struct heap_options defaults = {.verb = "dump"};
    const uint64_t program = process_program(pid);
    return target_explain(pid, program, capture(pid, options ? options : &defaults, ret));
}

// ---- what an argument names ----

static bool all_digits(const char *text)
{
    return *text && strspn(text, "0123456789") == strlen(text);
}

static struct error *parse_pid(const char *text, struct heap_argument *ret)
{
    pid_t pid;
    TRY(process_parse_pid(text, &pid));
    *ret = (struct heap_argument){.kind = HEAP_ARGUMENT_PID, .pid = pid};
    return NULL;
}

// "1200" or "12.5s". False when it is neither.
static bool parse_position(const char *text, struct trace_position *position)
{
    char *end;
    if (all_digits(text) && strlen(text) < 19) {
        *position = (struct trace_position){.value = strtoull(text, NULL, 10)};
        return true;
    }
    if (!isdigit((unsigned char)*text))
        return false;
    const double number = strtod(text, &end);
    const double unit_ns = strcmp(end, "s") == 0    ? 1e9
                           : strcmp(end, "ms") == 0 ? 1e6
                           : strcmp(end, "us") == 0 ? 1e3
                                                    : 0;
    if (unit_ns == 0 || !(number >= 0 && number * unit_ns < 1e18))
        return false;
    *position =
        (struct trace_position){.is_time = true, .value = (uint64_t)(number * unit_ns + 0.5)};
    return true;
}

static struct error *no_such_file(const char *text, int errnum)
{
    if (errnum == ENOENT && !strpbrk(text, "./@"))
        return error_add_try(
            error_create(ERROR_USAGE, "'%s' is neither a process id nor a file", text),
            "brille ps, or the name of a .heap file");
    return error_create_errno(errnum, "cannot open %s", text);
}

static bool is_core(const char *bytes, size_t length)
{
    Elf64_Half type;
    if (length < sizeof(Elf64_Ehdr) || memcmp(bytes, ELFMAG, SELFMAG) != 0)
        return false;
    memcpy(&type, bytes + offsetof(Elf64_Ehdr, e_type), sizeof type);
    return type == ET_CORE;
}

static struct error *sniff(const char *path, struct heap_argument *ret)
{
    char bytes[sizeof(Elf64_Ehdr)];
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return no_such_file(path, errno);
    const ssize_t got = pread(fd, bytes, sizeof bytes, 0);
    const int errnum = errno;
    close(fd);
    if (got < 0 && errnum == ESPIPE)
        return error_create(ERROR_FORMAT, "cannot read %s: not a regular file", path);
    if (got < 0)
        return error_create_errno(errnum, "cannot read %s", path);
    if (heap_file_looks_like(path))
        ret->kind = HEAP_ARGUMENT_HEAP_FILE;
    else if (is_core(bytes, (size_t)got))
        ret->kind = HEAP_ARGUMENT_CORE;
    else if (got >= 8 && memcmp(bytes, TRACE_FILE_MAGIC, 8) == 0)
        ret->kind = HEAP_ARGUMENT_TRACE;
    else
        return error_add_why(error_create(ERROR_FORMAT, "%s cannot be read", path),
                             "it is no .heap file, no trace and no core file");
    return NULL;
}

static bool is_file(const char *text, const char *end)
{
    char *path = strndup(text, (size_t)(end - text));
    const bool found = path && access(path, F_OK) == 0;
    free(path);
    return found;
}

struct error *heap_argument_parse(const char *text, struct heap_argument *ret)
{
    if (all_digits(text))
        return parse_pid(text, ret);
    struct heap_argument argument = {0};
    const char *at = strrchr(text, '@');
    // A file may have an @ in its name: what exists as a whole is taken as a whole.
    argument.has_position =
        at && at > text && access(text, F_OK) != 0 && parse_position(at + 1, &argument.position);
    argument.path = argument.has_position ? strndup(text, (size_t)(at - text)) : strdup(text);
    if (!argument.path)
        return &error_no_memory;
    struct error *err = sniff(argument.path, &argument);
    if (err && at && at > text && !argument.has_position && is_file(text, at)) {
        error_destroy(err);
        err = error_add_try(error_create(ERROR_USAGE, "'%s' is no moment of a trace", at + 1),
                            "%.*s@12.5s, %.*s@300ms, or @SEQ, the number of an event",
                            (int)(at - text), text, (int)(at - text), text);
    }
    if (!err && argument.has_position && argument.kind != HEAP_ARGUMENT_TRACE)
        err = error_create(ERROR_USAGE, "%s is no trace: it has no positions", argument.path);
    if (err)
        heap_argument_deinit(&argument);
    else
        *ret = argument;
    return err;
}

void heap_argument_deinit(struct heap_argument *argument)
{
    free(argument->path);
    *argument = (struct heap_argument){0};
}

// Without its files a core file says little of itself.
static struct error *add_missing(struct error *err, const struct capture *core)
{
    if (!core->missing)
        return err;
    error_add_why(err, "%s is not here, or not the file that was mapped", core->missing);
    return error_add_try(err, "--exe FILE for the program, --sysroot FOLDER for all its files");
}

struct error *target_open_core(const char *path, const struct heap_options *options,
                               struct capture **ret, const struct target_ops **ops)
{
    _cleanup_(capture_destroy_at) struct capture *core = NULL;
    TRY(capture_open_core(path, options ? &options->core : NULL, &core));
    for (size_t i = 0; i < target_count(); i++) {
        if (!target_at(i)->probe_core)
            continue;
        struct error *err = target_at(i)->probe_core(core);
        if (!err) {
            *ops = target_at(i);
            *ret = take_ptr(core);
            return NULL;
        }
        if (err->code != ERROR_NOT_FOUND)
            return add_missing(error_add_prefix(err, "%s", path), core);
        error_destroy(err);
    }
    return add_missing(
        error_add_why(error_create(ERROR_UNSUPPORTED, "cannot read the core file %s", path),
                      "it is of no Python that brille knows"),
        core);
}

static struct error *open_core(const char *path, const struct heap_options *options,
                               struct snapshot **ret)
{
    _cleanup_(capture_destroy_at) struct capture *core = NULL;
    _cleanup_(snapshot_builder_destroy_at) struct snapshot_builder *b = NULL;
    const struct target_ops *ops;
    TRY(target_open_core(path, options, &core, &ops));
    TRY(create_builder(options, &b));
    TRY(ops->read_core(core, b));
    struct snapshot_info *info = snapshot_builder_info(b);
    info->pid = (uint64_t)core->pid;
    info->taken_unix_ns = core->taken_unix_ns;
    if (!*info->command)
        snapshot_builder_text(b, &info->command, core->name);
    return snapshot_builder_finish(b, ret);
}

static struct error *open_trace(const struct heap_argument *argument,
                                const struct heap_options *options, struct snapshot **ret)
{
    if (!argument->has_position)
        return error_add_try(
            error_create(ERROR_USAGE, "%s is a trace: a heap is one moment of it", argument->path),
            "%s@SEQ, or %s@12.5s", argument->path, argument->path);
    for (size_t i = 0; i < target_count(); i++) {
        const struct target_ops *ops = target_at(i);
        if (!ops->replay)
            continue;
        _cleanup_(snapshot_builder_destroy_at) struct snapshot_builder *b = NULL;
        TRY(create_builder(options, &b));
        TRY(ops->replay(argument->path, &argument->position, b));
        return snapshot_builder_finish(b, ret);
    }
    return error_create(ERROR_UNSUPPORTED, "this brille cannot replay traces");
}

struct error *heap_open(const char *text, const struct heap_options *options, struct snapshot **ret)
{
    _cleanup_(heap_argument_deinit) struct heap_argument argument = {0};
    TRY(heap_argument_parse(text, &argument));
    switch (argument.kind) {
    case HEAP_ARGUMENT_PID:
        return target_capture(argument.pid, options, ret);
    case HEAP_ARGUMENT_CORE:
        return open_core(argument.path, options, ret);
    case HEAP_ARGUMENT_TRACE:
        return open_trace(&argument, options, ret);
    default:
        return heap_file_open(argument.path, ret);
    }
}
