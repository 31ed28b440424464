/* brille-python: the command line, like python's.
 *
 *     brille-python [options] FILE [args]     run a file (or a folder with __main__.py)
 *     brille-python [options] -c CODE [args]
 *     brille-python [options] -m MODULE [args]
 *     brille-python [options] [-] [args]      run standard input
 */
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vm/runtime/program.h"
#include "vm/runtime/runtime.h"

static const char usage[] =
    "usage: brille-python [option] ... [-c cmd | -m mod | file | -] [arg] ...\n"
    "  -c cmd, -m mod   program passed in as string, or module run as a script\n"
    "  -i, -q           prompt when the program has ended; without a line that says who prompts\n"
    "  -E, -I, -s, -S   ignore PYTHON* variables; isolated; accepted for compatibility\n"
    "  -W filter        what to do about warnings: default, error, ignore, always, module, once\n"
    "  -O, -OO          remove assert statements; docstrings too\n"
    "  -u               unbuffered stdout and stderr\n"
    "  -X opt           trace=LIST      start as a flight recorder; LIST: all, or "
    "alloc,refcount,gc,gil\n"
    "                   checkinterval=N release the GIL every N bytecode instructions\n"
    "                   noattach        do not allow other processes to attach\n"
    "                   utf8, warn_default_encoding  as python has them\n"
    "  -V, -h           version; this help\n";

enum program_kind { PROGRAM_STDIN, PROGRAM_FILE, PROGRAM_COMMAND, PROGRAM_MODULE };

struct program {
    enum program_kind kind;
    const char *what;
};

static int bad_usage(const char *message, const char *what)
{
    fprintf(stderr, "brille-python: %s%s\n", message, what);
    fprintf(stderr, "try: brille-python -h\n");
    return 2;
}

/* -X name or -X name=value. 0, or the exit status. */
static int parse_x_option(struct py_config *config, const char *option)
{
    if (strncmp(option, "trace=", 6) == 0) {
        config->trace = option + 6;
    } else if (strcmp(option, "trace") == 0) {
        config->trace = "all";
    } else if (strncmp(option, "checkinterval=", 14) == 0) {
        char *end;
        const long n = strtol(option + 14, &end, 10);
        if (*end || n < 1 || n > INT_MAX)
            return bad_usage("-X checkinterval needs a number from 1 on, not ", option + 14);
        config->check_interval = (int)n;
    } else if (strcmp(option, "noattach") == 0) {
        config->no_attach = true;
    } else if (strcmp(option, "utf8") == 0 || strncmp(option, "utf8=", 5) == 0) {
        config->utf8_mode = option[4] == 0 || strcmp(option + 5, "1") == 0;
    } else if (strcmp(option, "warn_default_encoding") == 0) {
        config->warn_default_encoding = true;
    }
    return 0; /* unknown -X options are ignored, as python does */
}

/* Options up to the program. Returns the index of the first argument behind them, or -status. */
static int parse_options(int argc, char **argv, struct py_config *config, struct program *program)
{
    const char **warnings = config->warn_options, **extras = config->x_options;
    int i = 1;
    for (; i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
        for (const char *p = argv[i] + 1; *p; p++) {
            const char *value = NULL;
            if (strchr("cmXWQ", *p)) {
                value = p[1] ? p + 1 : i + 1 < argc ? argv[++i] : NULL;
                if (!value)
                    return -bad_usage("argument expected for the option -", (char[]){*p, 0});
            }
            switch (*p) {
            case 'c':
            case 'm':
                *program = (struct program){.kind = *p == 'c' ? PROGRAM_COMMAND : PROGRAM_MODULE,
                                            .what = value};
                return i;
            case 'X':
                *extras++ = value;
                if (parse_x_option(config, value) != 0)
                    return -2;
                break;
            case 'W':
                *warnings++ = value;
                break;
            case 'E':
            case 'I':
                config->isolated = true;
                break;
            case 's':
            case 'S':
            case 'B':
            case 'P':
            case 'b':
            case 'd':
            case 'R':
            case 'x':
                break;
            case 'q':
                config->quiet = true;
                break;
            case 'i':
                config->inspect = true;
                break;
            case 'v':
                config->verbose = true;
                break;
            case 'O':
                config->optimize++;
                break;
            case 'u':
                config->unbuffered = true;
                break;
            case 'V':
                printf("Python 3.11 (brille %s)\n", BRILLE_VERSION);
                exit(0);
            case 'h':
                fputs(usage, stdout);
                exit(0);
            case '-':
                if (strcmp(argv[i], "--version") == 0) {
                    printf("Python 3.11 (brille %s)\n", BRILLE_VERSION);
                    exit(0);
                }
                if (strcmp(argv[i], "--help") == 0) {
                    fputs(usage, stdout);
                    exit(0);
                }
                return -bad_usage("unknown option ", argv[i]);
            default:
                return -bad_usage("unknown option -", (char[]){*p, 0});
            }
            if (value)
                break; /* it took the rest of this word */
        }
    }
    return i;
}

/* Options that the environment gives, unless -E or -I forbids it. */
static void read_environment(struct py_config *config)
{
    if (config->isolated)
        return;
    const char *const unbuffered = getenv("PYTHONUNBUFFERED");
    const char *const inspect = getenv("PYTHONINSPECT");
    const char *const optimize = getenv("PYTHONOPTIMIZE");
    config->unbuffered |= unbuffered && *unbuffered;
    config->inspect |= inspect && *inspect;
    if (optimize && *optimize) {
        const int level = atoi(optimize); /* what is not a number counts as 1 */
        const int least = level > 0 ? level : 1;
        config->optimize = config->optimize > least ? config->optimize : least;
    }
}

/* The folder that imports look in first: the one of the script, or the current one. */
static const char *first_path(const struct program *program)
{
    static char resolved[PATH_MAX];
    if (program->kind == PROGRAM_MODULE && getcwd(resolved, sizeof resolved))
        return resolved;
    if (program->kind != PROGRAM_FILE)
        return "";
    return realpath(program->what, resolved) ? dirname(resolved) : ".";
}

static int run(const struct program *program, bool inspect)
{
    switch (program->kind) {
    case PROGRAM_FILE:
        return py_run_file(program->what);
    case PROGRAM_COMMAND:
        return py_run_command(program->what);
    case PROGRAM_MODULE:
        return py_run_module(program->what);
    default:
        return inspect || isatty(STDIN_FILENO) ? py_run_prompt() : py_run_stdin();
    }
}

int main(int argc, char **argv)
{
    struct py_config config = {.program = argc > 0 ? argv[0] : "brille-python"};
    config.warn_options = calloc((size_t)argc + 1, sizeof *config.warn_options);
    config.x_options = calloc((size_t)argc + 1, sizeof *config.x_options);
    if (!config.warn_options || !config.x_options)
        return 1;
    struct program program = {.kind = PROGRAM_STDIN};
    const int first = parse_options(argc, argv, &config, &program);
    if (first < 0)
        return -first;
    read_environment(&config);
    static char empty[] = "";
    static char *no_args[] = {empty, NULL};
    config.argc = argc - first;
    config.argv = argv + first;
    if (program.kind == PROGRAM_COMMAND || program.kind == PROGRAM_MODULE) {
        static char dash_c[] = "-c";
        static char dash_m[] = "-m";
        config.argv[0] = program.kind == PROGRAM_COMMAND ? dash_c : dash_m;
    } else if (config.argc > 0 && strcmp(config.argv[0], "-") != 0) {
        program = (struct program){.kind = PROGRAM_FILE, .what = config.argv[0]};
    } else if (config.argc == 0) {
        config.argc = 1;
        config.argv = no_args;
    }
    config.path0 = first_path(&program);
    if (py_runtime_init(&config) < 0)
        return 1;
    int status = run(&program, config.inspect);
    if (config.inspect && program.kind != PROGRAM_STDIN)
        status = py_run_prompt();
    return py_runtime_finish(status);
}
