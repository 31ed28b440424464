// brille completion: what a shell asks for at the Tab key.
//
// `completion bash` prints a script that hands the words of the line, the last one unfinished, to
// `completion words`, which prints what that one can become, a line each; nothing where a file is
// wanted, for which the shell knows better. No list is kept for it: verbs are those of
// commands.def, options are what the verb itself declares (verb->listing), plugins are asked like
// for --help, and pids are those of `brille ps`.
#include "inspector/cmd/command.h"
#include "inspector/lua/plugin.h"
#include "inspector/proc/process.h"

#include <ctype.h>
#include <string.h>

static const char BASH[] = "# brille completion bash: put this into a shell with\n"
                           "#     source <(brille completion bash)\n"
                           "_brille() {\n"
                           "    local IFS=$'\\n'\n"
                           "    COMPREPLY=($(\"$1\" completion words \\\n"
                           "        \"${COMP_WORDS[@]:1:COMP_CWORD}\" 2>/dev/null))\n"
                           "}\n"
                           "complete -o bashdefault -o default -F _brille brille\n";

// Words that options take which are no numbers and no files; of one verb, where another means
// something else by it.
static const struct {
    const char *verb, *option, *values;
} VALUES[] = {
    {"export", "--to", ""
#define EXPORTER(name, ...) #name " "
#include "inspector/export/exporters.def"
    },
    {NULL, "--events", "all alloc refcount gc gil"},
    {NULL, "--policy", "block drop overwrite"},
};

struct completion {
    char **words; // behind "brille"
    int count;    // without the last
    const char *last;
    struct strbuf *out;
};

// A candidate, if it begins like the word.
static void offer(const struct completion *c, const char *text, size_t length)
{
    const size_t known = strlen(c->last);
    if (length >= known && memcmp(text, c->last, known) == 0)
        strbuf_addf(c->out, "%.*s\n", (int)length, text);
}

static void offer_text(const struct completion *c, const char *text)
{
    offer(c, text, strlen(text));
}

static void offer_words(const struct completion *c, const char *words)
{
    for (words += strspn(words, " "); *words; words += strspn(words, " ")) {
        const size_t length = strcspn(words, " ");
        offer(c, words, length);
        words += length;
    }
}

static void offer_plugins(const struct completion *c)
{
    struct plugin_file_vec files = {0};
    error_destroy(plugin_list(NULL, &files));
    for (size_t i = 0; i < files.count; i++)
        if (!files.items[i].shadowed)
            offer_text(c, files.items[i].name);
    plugin_files_deinit(&files);
}

static void offer_processes(const struct completion *c)
{
    struct process_vec processes = {0};
    error_destroy(process_list(&processes));
    for (size_t i = 0; i < processes.count; i++) {
        struct target_process process;
        const struct target_ops *ops;
        char pid[16];
        if (!target_process_identify(&processes.items[i], &process, &ops) || !process.readable)
            continue;
        snprintf(pid, sizeof pid, "%d", (int)process.pid);
        offer_text(c, pid);
    }
    process_vec_deinit(&processes);
}

// ---- the options of a verb ----

// Lines of "--name", or of "--name=VALUES" for those that take a value.
static void list_options(const struct command *command, char **words, int count, struct strbuf *out)
{
    struct verb verb = {.command = command, .argc = count, .argv = words, .listing = true};
    strbuf_init(&verb.out);
    error_destroy(command->run(&verb));
    strbuf_add(out, strbuf_text(&verb.out));
    strbuf_deinit(&verb.out);
}

static const char *known_values(const struct completion *c, const char *option)
{
    for (size_t i = 0; i < sizeof VALUES / sizeof *VALUES; i++)
        if (strcmp(VALUES[i].option, option) == 0 &&
            (!VALUES[i].verb || strcmp(VALUES[i].verb, c->words[0]) == 0))
            return VALUES[i].values;
    return "";
}

// True when the word is the value of the option before it, which has been offered then.
static bool offer_value(const struct completion *c, const char *options)
{
    const char *before = c->count ? c->words[c->count - 1] : "";
    const size_t length = strlen(before);
    for (; *options; options += strcspn(options, "\n"), options += *options == '\n') {
        if (strncmp(options, before, length) != 0 || options[length] != '=')
            continue;
        struct strbuf values;
        strbuf_init(&values);
        strbuf_addf(&values, "%.*s %s", (int)strcspn(options + length + 1, "\n"),
                    options + length + 1, known_values(c, before));
        offer_words(c, strbuf_text(&values));
        strbuf_deinit(&values);
        return true;
    }
    return false;
}

static void offer_options(const struct completion *c, const char *options)
{
    for (; *options; options += strcspn(options, "\n"), options += *options == '\n')
        offer(c, options, strcspn(options, "=\n"));
}

// ---- a line ----

static const struct command *find(const char *name)
{
    for (const struct command *c = commands; c->name; c++)
        if (strcmp(c->name, name) == 0)
            return c;
    return NULL;
}

static void offer_first_words(const struct completion *c)
{
    for (const struct command *command = commands; command->name; command++)
        offer_text(c, command->name);
    offer_plugins(c);
    offer_words(c, "--help --version");
}

static bool wants_process(const struct completion *c, const char *arguments)
{
    return (strstr(arguments, "PID") || strstr(arguments, "TARGET")) &&
           (!*c->last || isdigit((unsigned char)*c->last));
}

static void offer_arguments(const struct completion *c, const struct command *command,
                            const char *options)
{
    const bool is_plugin = strcmp(command->name, "plugin") == 0;
    if (*c->last == '-')
        offer_options(c, options);
    else if (is_plugin && c->count == 1)
        offer_options(c, options); // its parts
    else if (is_plugin && c->count == 2 && strcmp(c->words[1], "new") != 0)
        offer_plugins(c);
    else if (strcmp(command->name, "completion") == 0)
        offer_words(c, "bash");
    else if (wants_process(c, command->arguments))
        offer_processes(c);
}

static void complete(const struct completion *c)
{
    struct strbuf options;
    const struct command *command = c->count ? find(c->words[0]) : NULL;
    const bool is_verb = command != NULL;
    if (c->count == 0) {
        offer_first_words(c);
        return;
    }
    if (!command)
        command = find("plugin"); // brille NAME is brille plugin NAME
    strbuf_init(&options);
    list_options(command, c->words + is_verb, c->count - is_verb, &options);
    if (!offer_value(c, strbuf_text(&options)))
        offer_arguments(c, command, strbuf_text(&options));
    strbuf_deinit(&options);
}

struct error *verb_completion(struct verb *verb)
{
    const struct option options[] = {
        {"help", 'h', OPTION_FLAG, &verb->help, NULL, "this text"},
        {0},
    };
    if (verb->argc > 0 && strcmp(verb->argv[0], "words") == 0) {
        const int count = verb->argc > 2 ? verb->argc - 2 : 0;
        const struct completion c = {.words = verb->argv + 1,
                                     .count = count,
                                     .last = verb->argc > 1 ? verb->argv[count + 1] : "",
                                     .out = &verb->out};
        complete(&c);
        return NULL;
    }
    TRY(verb_parse(verb, options, 1, 1));
    if (verb->done)
        return NULL;
    if (strcmp(verb->arguments.items[0], "bash") != 0)
        return error_add_why(error_create(ERROR_USAGE, "completion is made for bash, not for '%s'",
                                          verb->arguments.items[0]),
                             "zsh takes it, too, after bashcompinit");
    strbuf_add(&verb->out, BASH);
    return NULL;
}
