// brille record: events of a live process into a trace, or what the ring of a dead one still holds.
#include "inspector/base/interrupt.h"
#include "inspector/base/progress.h"
#include "inspector/cmd/command.h"
#include "inspector/cmd/gil_outside.h"
#include "inspector/cmd/output.h"
#include "inspector/cmd/recorded.h"
#include "inspector/proc/process.h"
#include "inspector/trace/classes.h"
#include "inspector/trace/filter.h"
#include "inspector/trace/recording.h"

#include "tracer/abi/events.h"

static void say_late(pid_t pid)
{
    log_warning("process %d is asleep or in C code; recording begins when it next runs Python",
                (int)pid);
}

static struct error *record(struct verb *verb, const char *target, const char *ring,
                            const struct recording_options *options)
{
    struct trace_tally tally;
    pid_t pid = 0;
    TRY(output_check(options->path));
    if (ring) {
        TRY(recording_recover(ring, options->path));
    } else {
        const struct target_ops *ops = NULL;
        TRY(process_parse_pid(target, &pid));
        TRY(gil_outside_probe(target, &pid, &ops));
        if (ops && (options->max_bytes || options->last_ns || options->filter.kinds))
            return error_create(ERROR_UNSUPPORTED,
                                "filters, --max-size and --last are for a brille-python that emits "
                                "events");
        interrupt_begin();
        struct error *err =
            ops ? gil_outside_record(pid, ops, options) : recording_attach(pid, options, say_late);
        interrupt_end();
        TRY(err);
    }
    TRY(trace_tally_read(options->path, &tally));
    return recorded_answer(verb, &tally, options->path);
}

struct error *verb_record(struct verb *verb)
{
    const char *events = NULL, *output = NULL, *ring = NULL, *policy = NULL;
    struct recording_options recording = {.verb = "record", .baseline_ns = RECORDED_BASELINE_NS};
    struct trace_filter_words words = {0};
    const struct option options[] = {
        {"events", 'e', OPTION_TEXT, &events, "CLASSES", "alloc,refcount,gc,gil (default: all)"},
        {"output", 'o', OPTION_TEXT, &output, "FILE", "where to (default brille-PID-TIME.trace)"},
        {"seconds", 's', OPTION_DURATION, &recording.for_ns, "N", "how long (default: to Ctrl-C)"},
        {"for", 0, OPTION_DURATION, &recording.for_ns, "TIME", "the same: 500ms, 10s, 2m"},
        {"interpreter", 0, OPTION_COUNT, &recording.interpreter, "ID",
         "a CPython with several GILs: of which interpreter (default 0)"},
        {"max-size", 0, OPTION_BYTES, &recording.max_bytes, "SIZE", "stop before FILE is larger"},
        {"last", 0, OPTION_DURATION, &recording.last_ns, "TIME",
         "keep only the last 30s, 10m, ...: older events give way"},
        {"baseline", 0, OPTION_DURATION, &recording.baseline_ns, "TIME",
         "all objects anew so often, for FILE@TIME and --from (default 10s; 0: no)"},
        TRACE_FILTER_OPTIONS(words),
        {"policy", 0, OPTION_TEXT, &policy, "NAME", "block, drop or overwrite (default block)"},
        {"from-ring", 0, OPTION_TEXT, &ring, "FILE", "recover what a dead process left there"},
        VERB_OPTIONS(verb),
        {0},
    };
    struct strbuf name;
    TRY(verb_parse(verb, options, 0, 1));
    if (verb->done)
        return NULL;
    if (verb->arguments.count + (ring != NULL) != 1)
        return error_add_try(error_create(ERROR_USAGE, "record needs a PID, or --from-ring FILE"),
                             "brille record --help");
    if (events)
        TRY(trace_classes_parse(events, &recording.classes));
    TRY(trace_filter_make(&words, &recording.classes, &recording.filter));
    if (!recording.classes)
        recording.classes = TRACE_CLASS_KNOWN;
    TRY(recording_check_bounds(&recording));
    if (policy)
        TRY(trace_policy_parse(policy, &recording.policy));
    strbuf_init(&name);
    if (output)
        strbuf_add(&name, output);
    else
        output_add_name(ring ? ring : verb->arguments.items[0], "trace", &name);
    recording.path = strbuf_text(&name);
    struct error *err = record(verb, ring ? NULL : verb->arguments.items[0], ring, &recording);
    strbuf_deinit(&name);
    return err;
}
