// From argv to an exit status: finds the verb, runs it, prints its answer or its error.
//
// This is the only place of the inspector that writes to standard output and error on behalf of a
// verb (progress, hints and warnings apart), and the only one that knows exit statuses.
#include "inspector/cmd/command.h"

#include "inspector/base/progress.h"
#include "inspector/lua/plugin.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

const struct command commands[] = {
#define COMMAND(name_, arguments_, summary_) \
    {.name = #name_, .arguments = arguments_, .summary = summary_, .run = verb_##name_},
#define PENDING(name_, arguments_, summary_) \
    {.name = #name_, .arguments = arguments_, .summary = summary_},
#include "inspector/cmd/commands.def"
#undef COMMAND
#undef PENDING
    {0},
};

static const struct command *find_command(const char *name)
{
    for (const struct command *c = commands; c->name; c++)
        if (strcmp(c->name, name) == 0)
            return c;
    return NULL;
}

static struct error *no_such_verb(const char *name)
{
    const struct command *best = NULL;
    unsigned distance = 3;
    for (const struct command *c = commands; c->name; c++)
        if (option_distance(name, c->name) < distance) {
            distance = option_distance(name, c->name);
            best = c;
        }
    struct error *err = error_create(ERROR_USAGE, "there is no command '%s'", name);
    return error_add_try(err, "%s%s", best ? "brille " : "brille --help", best ? best->name : "");
}

static void print_help(FILE *out)
{
    fputs(
        "brille looks inside a running Python: its heap, its reference counts, its collector, its "
        "GIL.\n\nusage: brille VERB TARGET...\n\n"
        "TARGET is a pid, a core file, a file.heap, or a moment of a trace (file.trace@12.5s).\n\n",
        out);
    for (const struct command *c = commands; c->name; c++)
        fprintf(out, "  %-11s %-30s %s%s\n", c->name, c->arguments, c->summary,
                c->run ? "" : " (not built yet)");
    fputs(
        "\nbrille VERB --help tells the options of a verb.\n"
        "Exit status: 0 done, 1 the answer is bad (--fail-on), 2 usage, 3 cannot read or write.\n",
        out);
}

static size_t terminal_width(FILE *out)
{
    struct winsize size;
    const int fd = fileno(out);
    if (fd < 0 || !isatty(fd))
        return 0;
    return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;
}

struct error *command_write(struct verb *verb)
{
    TRY(strbuf_error(&verb->out));
    strbuf_disarm(&verb->out);
    if (verb->out.length &&
        fwrite(verb->out.data, 1, verb->out.length, verb->stream) != verb->out.length)
        return error_create_errno(errno, "cannot write the answer");
    if (fflush(verb->stream) != 0)
        return error_create_errno(errno, "cannot write the answer");
    strbuf_clear(&verb->out);
    return NULL;
}

static int run_verb(const struct command *command, int argc, char **argv, FILE *out, FILE *errors)
{
    struct verb verb = {.command = command, .argc = argc, .argv = argv, .stream = out};
    strbuf_init(&verb.out);
    verb.width = terminal_width(out);
    verb.terminal = verb.width != 0;
    struct error *err;
    if (command->run)
        err = command->run(&verb);
    else
        err = error_create(ERROR_USAGE, "'%s' is not built yet", command->name);
    if (!err)
        err = command_write(&verb);
    if (!err)
        log_next_show();
    strbuf_deinit(&verb.out);
    if (!err)
        return verb.status;
    error_print(errors, err);
    const int status = error_exit_status(err);
    error_destroy(err);
    return status;
}

// What was printed without a verb has reached its end, or not.
static int finish(FILE *out, FILE *errors)
{
    if (fflush(out) == 0)
        return 0;
    struct error *err = error_create_errno(errno, "cannot write the answer");
    error_print(errors, err);
    error_destroy(err);
    return 3;
}

int command_run(int argc, char **argv, FILE *out, FILE *errors)
{
    if (argc < 2) {
        fputs("usage: brille VERB TARGET...    for example: brille ps, brille leaks PID\n"
              "       brille --help            all verbs\n",
              errors);
        return 2;
    }
    static char help[] = "--help";
    if (strcmp(argv[1], "help") == 0 && argc > 2) // brille help VERB is brille VERB --help
        return command_run(3, (char *[]){argv[0], argv[2], help, NULL}, out, errors);
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        print_help(out);
        return finish(out, errors);
    }
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
        fprintf(out, "brille %s\n", BRILLE_VERSION);
        return finish(out, errors);
    }
    const struct command *command = find_command(argv[1]);
    if (command)
        return run_verb(command, argc - 2, argv + 2, out, errors);
    if (plugin_exists(argv[1])) // brille NAME is brille plugin NAME
        return run_verb(find_command("plugin"), argc - 1, argv + 1, out, errors);
    struct error *err = no_such_verb(argv[1]);
    error_print(errors, err);
    error_destroy(err);
    return 2;
}
