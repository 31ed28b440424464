// brille run: a program in brille-python, traced from its first instruction, or just attachable.
//
// What the program reads and writes is its own: nothing of ours goes to standard output, and to
// standard error only what a person must know (where the trace went when nobody named a place,
// and what is missing in it).
#include "inspector/base/progress.h"
#include "inspector/cmd/command.h"
#include "inspector/cmd/output.h"
#include "inspector/cmd/recorded.h"
#include "inspector/target/ownvm/program.h"
#include "inspector/trace/classes.h"
#include "inspector/trace/filter.h"
#include "inspector/trace/recording.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

// ---- the interpreter ----

static bool is_program(const char *path)
{
    return access(path, X_OK) == 0;
}

// Beside this program, in the build tree, or where it is installed.
static bool find_beside(struct strbuf *path)
{
    static const char *const PLACES[] = {"brille-python", "../vm/brille-python",
                                         "../libexec/brille/brille-python", "../bin/brille-python"};
    char self[4096];
    const ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    if (length <= 0)
        return false;
    self[length] = 0;
    char *slash = strrchr(self, '/');
    if (!slash)
        return false;
    slash[1] = 0;
    for (size_t i = 0; i < sizeof PLACES / sizeof *PLACES; i++) {
        strbuf_clear(path);
        strbuf_addf(path, "%s%s", self, PLACES[i]);
        if (is_program(strbuf_text(path)))
            return true;
    }
    return false;
}

static struct error *find_interpreter(struct strbuf *path)
{
    const char *named = getenv("BRILLE_VM");
    if (named && *named) {
        strbuf_add(path, named);
        return is_program(named) ? NULL
                                 : error_add_why(error_create_errno(errno, "cannot run %s", named),
                                                 "BRILLE_VM names it");
    }
    if (find_beside(path))
        return NULL;
    return error_add_try(
        error_create(ERROR_UNSUPPORTED, "brille-python is neither beside brille nor in its build"),
        "BRILLE_VM=/path/to/brille-python brille run ...");
}

// ---- running ----

static struct error *report(const struct recording_options *recording, bool named)
{
    struct trace_tally tally;
    struct strbuf line;
    TRY(trace_tally_read(recording->path, &tally));
    if (named && !tally.dropped_total && !tally.definitions_refused && !isatty(STDERR_FILENO))
        return NULL;
    strbuf_init(&line);
    recorded_add_line(&tally, recording->path, &line);
    fprintf(stderr, "brille: %s\n", strbuf_text(&line));
    strbuf_deinit(&line);
    return NULL;
}

static int exit_status(int status)
{
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static struct error *run(struct verb *verb, char **program,
                         const struct recording_options *recording, bool named)
{
    int status = 0;
    bool started = false;
    if (recording->classes)
        TRY(output_check(recording->path));
    struct error *err = recording_run(program, recording, &status, &started);
    if (!err && recording->classes)
        err = report(recording, named);
    verb->status = exit_status(status);
    return err;
}

// Where the program begins: at the first word that is no option of ours, or at one of
// brille-python's that takes the place of a program (-c, -m, -X, -).
static int find_program(int argc, char **argv)
{
    for (int i = 0; i < argc; i++) {
        const char *word = argv[i];
        if (word[0] != '-' || !word[1] || strchr("cmXuBISEsOWiqvbdx", word[1]))
            return i;
        if (strcmp(word, "--") == 0)
            return i + 1;
        static const char *const VALUED[] = {"-e",       "-o",         "--events", "--output",
                                             "--policy", "--max-size", "--last",   "--type",
                                             "--object", "--file",     "--sample", "--baseline"};
        for (size_t v = 0; v < sizeof VALUED / sizeof *VALUED; v++)
            if (strcmp(word, VALUED[v]) == 0) {
                i++;
                break;
            }
    }
    return argc;
}

// { interpreter, program, arguments..., NULL }
static struct error *make_argv(char *interpreter, int argc, char **argv, char ***ret)
{
    char **program = calloc((size_t)argc + 2, sizeof *program);
    if (!program)
        return &error_no_memory;
    program[0] = interpreter;
    memcpy(program + 1, argv, (size_t)argc * sizeof *argv);
    *ret = program;
    return NULL;
}

static const char *program_name(int argc, char **argv)
{
    for (int i = 0; i < argc; i++)
        if (argv[i][0] != '-')
            return i && argv[i - 1][1] == 'c' ? "c" : argv[i];
    return "python";
}

static struct error *run_program(struct verb *verb, int argc, char **argv, const char *output,
                                 struct recording_options *recording)
{
    _cleanup_free_ char **program = NULL;
    struct strbuf interpreter, name;
    strbuf_init(&interpreter);
    strbuf_init(&name);
    if (output)
        strbuf_add(&name, output);
    else
        output_add_name(program_name(argc, argv), "trace", &name);
    recording->path = strbuf_text(&name);
    struct error *err = find_interpreter(&interpreter);
    if (!err)
        err = strbuf_error(&interpreter);
    if (!err)
        err = ownvm_check_program(strbuf_text(&interpreter));
    if (!err)
        err = make_argv(interpreter.data, argc, argv, &program);
    if (!err)
        err = run(verb, program, recording, output != NULL);
    strbuf_deinit(&interpreter);
    strbuf_deinit(&name);
    return err;
}

static const char PROG_HELP[] =
    "\nPROG is what brille-python takes: FILE, -c CODE, -m MODULE or - (standard input), after\n"
    "options of its own (-X, -u, -B, ...). What follows it is the program's. -- ends the options "
    "of\n"
    "run, for what would look like one of them: brille run -e all -- -h\n";

struct error *verb_run(struct verb *verb)
{
    const char *events = NULL, *output = NULL, *policy = NULL;
    struct recording_options recording = {.verb = "run", .baseline_ns = RECORDED_BASELINE_NS};
    struct trace_filter_words words = {0};
    const struct option options[] = {
        {"events", 'e', OPTION_TEXT, &events, "CLASSES",
         "trace: alloc,refcount,gc,gil or all (default: not traced)"},
        {"output", 'o', OPTION_TEXT, &output, "FILE", "where to (default brille-PROG-TIME.trace)"},
        {"max-size", 0, OPTION_BYTES, &recording.max_bytes, "SIZE",
         "stop recording before FILE is larger"},
        {"last", 0, OPTION_DURATION, &recording.last_ns, "TIME",
         "keep only the last 30s, 10m, ...: older events give way"},
        {"baseline", 0, OPTION_DURATION, &recording.baseline_ns, "TIME",
         "all objects anew so often, for FILE@TIME and --from (default 10s; 0: no)"},
        TRACE_FILTER_OPTIONS(words),
        {"policy", 0, OPTION_TEXT, &policy, "NAME", "block, drop or overwrite (default block)"},
        {"help", 'h', OPTION_FLAG, &verb->help, NULL, "this text"},
        {0},
    };
    const int total = verb->argc, begin = find_program(verb->argc, verb->argv);
    verb->argc = begin; // the rest is not ours to parse
    if (begin && strcmp(verb->argv[begin - 1], "--") == 0)
        verb->argc--;
    TRY(verb_parse(verb, options, 0, 0));
    if (verb->done) {
        strbuf_add(&verb->out, PROG_HELP);
        return NULL;
    }
    if (begin >= total)
        return error_add_try(error_create(ERROR_USAGE, "run needs PROG ARGS..."),
                             "brille run -e all app.py");
    if (output && !events && !words.sample_bytes)
        return error_add_try(error_create(ERROR_USAGE, "--output needs --events: what to record"),
                             "brille run -e all -o %s ...", output);
    if (events)
        TRY(trace_classes_parse(events, &recording.classes));
    TRY(trace_filter_make(&words, &recording.classes, &recording.filter));
    if (recording.filter.kinds && !recording.classes)
        return error_add_try(error_create(ERROR_USAGE, "a filter needs --events: what to record"),
                             "brille run -e alloc ...");
    if (policy)
        TRY(trace_policy_parse(policy, &recording.policy));
    TRY(recording_check_bounds(&recording));
    return run_program(verb, total - begin, verb->argv + begin, output, &recording);
}
