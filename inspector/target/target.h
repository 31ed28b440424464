// Targets: the seam below which it matters which Python is being looked at.
//
// A target knows one runtime: how to recognise a process of it, how to find its objects, what their
// references are called. It fills a snapshot builder, and nothing above this folder knows more
// about the runtime than the words in the snapshot. Adding a target is a folder here and a line in
// targets.def (docs/howto/add_target.md).
//
// heap_open is how commands get a heap: from whatever their TARGET argument names.
//
//     48213               a process, captured now
//     core.48213          an ELF core file
//     before.heap         a saved dump
//     T.trace@1200        a moment of a trace, by position or by time (@12.5s, @300ms)
//
// Everything read from a target is hostile: adapters check, bound and report, they never trust.
#ifndef BRILLE_INSPECTOR_TARGET_TARGET_H
#define BRILLE_INSPECTOR_TARGET_TARGET_H

#include "inspector/base/error.h"
#include "inspector/capture/capture.h"
#include "inspector/model/builder.h"
#include "inspector/model/snapshot.h"
#include "inspector/proc/process.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// What `brille ps` shows of a process. Texts are cut to their fields.
struct target_process {
    pid_t pid;
    char runtime[16]; // "brille", "cpython"
    char version[32]; // "3.11.2"; "" when it could not be read
    char command[128];
    char tracing[64]; // "off", or event classes that are on: "alloc,refcount"
    char why[160];    // why it cannot be read, "" when it can
    uint64_t rss_bytes;
    uint32_t thread_count;
    bool readable;
};

// How a heap is to be got. Zeroes are the defaults.
struct heap_options {
    const char *verb;         // for suggestions in errors: "dump"
    bool no_fork;             // copy in place instead of from a cloned child
    uint64_t wait_ns;         // how long to wait for a safepoint; 0: the target's default
    struct core_options core; // where the files of a core file are
    // A folder for files without names, in which the heap is kept instead of in memory: for a heap
    // that is only to be written to a file. See snapshot_builder_spool. NULL: in memory.
    const char *spool_folder;
};

// A position in a trace: an event number, or nanoseconds since the trace began.
struct trace_position {
    bool is_time;
    uint64_t value;
};

struct stack_dump; // stack_dump.h
struct locator;    // locate.h
struct code_place;
struct perf_sample;
struct gil_watch_options; // gil_watch.h
struct gil_sampled;
struct looker; // look.h
struct look;
struct look_gil;
struct look_pools;

// One object of a process that runs on.
struct target_object {
    char type[64];
    char label[128];        // "" when there is nothing to show
    uint64_t count_address; // of the 32 bits that count its references
    uint32_t refcount;
    bool immortal; // its count never changes
};

struct target_ops {
    const char *name; // "ownvm"

    // Whether the process is of this runtime. It must be cheap and must not stop the process:
    // `ps` asks every process of the machine. On true, runtime is set, and version, tracing,
    // readable and why as far as they can be told; the other fields are filled by the caller.
    bool (*probe)(pid_t pid, struct target_process *process);

    // Captures a process that probe recognised.
    struct error *(*capture)(pid_t pid, const struct heap_options *options,
                             struct snapshot_builder *builder);

    // Whether a complete capture explains every count. Where it does not, the capture is not
    // complete: somebody holds references that the walk has not found.
    bool counts_are_exact;

    // What every thread is doing, from one capture. `options` may ask for a shorter wait. NULL when
    // the target cannot.
    struct error *(*stacks)(pid_t pid, const struct heap_options *options, struct stack_dump *ret);

    // Its GIL, of a runtime that emits no events (gil_watch.h). gil_record writes a trace of every
    // handoff; PERMISSION or UNSUPPORTED where the kernel has no way. NULL when the target cannot,
    // or emits them itself.
    struct error *(*gil_record)(pid_t pid, const struct gil_watch_options *options,
                                const char *path);
    struct error *(*gil_sample)(pid_t pid, const struct gil_watch_options *options,
                                struct gil_sampled *ret);

    // The object at an address, without stopping the process. NOT_FOUND when there is none. NULL
    // when the target cannot.
    struct error *(*object_at)(pid_t pid, uint64_t address, struct target_object *ret);

    // The line of Python that a sample with a stack is in (locate.h); false when it is not known.
    // NULL when the target cannot tell.
    struct error *(*locator_create)(pid_t pid, struct locator **ret);
    void (*locator_destroy)(struct locator *locator); // NULL is fine
    bool (*locate)(struct locator *locator, const struct perf_sample *sample, uint32_t *ret);
    bool (*resolve)(struct locator *locator, uint32_t number, struct code_place *ret);

    // What can be seen while it runs on (look.h). `look` replaces what was in *ret. GONE when the
    // process has ended. NULL when the target cannot.
    struct error *(*looker_create)(pid_t pid, struct looker **ret);
    void (*looker_destroy)(struct looker *looker); // NULL is fine
    struct error *(*look)(struct looker *looker, struct look *ret);
    struct error *(*look_gil)(struct looker *looker, struct look_gil *ret);
    struct error *(*look_pools)(struct looker *looker, struct look_pools *ret);

    // Whether a core file, opened as a capture, is of this runtime: NULL when it is and can be
    // read, NOT_FOUND when it is not; any other error says why it cannot be read though it is. Then
    // the same as above. NULL when the target cannot.
    struct error *(*probe_core)(struct capture *core);
    struct error *(*read_core)(struct capture *core, struct snapshot_builder *builder);
    struct error *(*core_stacks)(struct capture *core, struct stack_dump *ret);

    // Replays a trace up to a position. NULL when the target has no traces.
    struct error *(*replay)(const char *path, const struct trace_position *position,
                            struct snapshot_builder *builder);
};

// The targets of targets.def, and those that tests have added.
size_t target_count(void);
const struct target_ops *target_at(size_t index);
void target_register(const struct target_ops *ops); // for tests: comes before the built-in ones
void target_unregister_all(void);

// Asks the targets whose the process is, and describes it. False when it is nobody's.
bool target_process_identify(const struct process *process, struct target_process *ret,
                             const struct target_ops **ops);

// The same for a pid: GONE when there is no such process, PERMISSION when it may not be read,
// UNSUPPORTED when it is none that we know. `ops` may be NULL; `verb` is for suggestions.
struct error *target_probe(pid_t pid, const char *verb, struct target_process *ret,
                           const struct target_ops **ops);

// An error of somebody who looked at the process, unless it is because the process has ended, or
// has begun another program since process_program() gave `program`: then that is what is said.
struct error *target_explain(pid_t pid, uint64_t program, struct error *err);

struct error *target_capture(pid_t pid, const struct heap_options *options, struct snapshot **ret);

// A core file, and the target that it is of; the capture is the caller's to destroy.
struct error *target_open_core(const char *path, const struct heap_options *options,
                               struct capture **ret, const struct target_ops **ops);

enum heap_argument_kind {
    HEAP_ARGUMENT_PID,
    HEAP_ARGUMENT_HEAP_FILE,
    HEAP_ARGUMENT_CORE,
    HEAP_ARGUMENT_TRACE, // position is set when has_position
};

struct heap_argument {
    enum heap_argument_kind kind;
    pid_t pid;
    char *path; // owned; NULL for a pid
    bool has_position;
    struct trace_position position;
};

// What the text names. A number is a pid; a file is known by its first bytes, not by its name.
// USAGE when it is neither a number nor a file.
struct error *heap_argument_parse(const char *text, struct heap_argument *ret);
void heap_argument_deinit(struct heap_argument *argument);

// The heap that the text names. `options` may be NULL.
struct error *heap_open(const char *text, const struct heap_options *options,
                        struct snapshot **ret);

#endif
