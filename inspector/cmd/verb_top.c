// brille top: a running process, live, on the terminal.
#include "inspector/base/clock.h"
#include "inspector/cmd/command.h"
#include "inspector/proc/process.h"
#include "inspector/top/once.h"
#include "inspector/top/run.h"

#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct error *parse_color(const char *text, bool *ret)
{
    const char *none = getenv("NO_COLOR");
    if (strcmp(text, "auto") == 0)
        *ret = !none || !*none;
    else if (strcmp(text, "always") == 0 || strcmp(text, "never") == 0)
        *ret = *text == 'a';
    else
        return error_create(ERROR_USAGE, "--color is auto, always or never, not '%s'", text);
    return NULL;
}

static struct error *parse_view(const char *text, enum top_view *ret)
{
    static const char *const NAMES[TOP_VIEWS] = {"threads", "types", "sites", "pools"};
    for (int i = 0; i < TOP_VIEWS; i++)
        if (strcmp(text, NAMES[i]) == 0) {
            *ret = (enum top_view)i;
            return NULL;
        }
    return error_create(ERROR_USAGE, "--view is threads, types, sites or pools, not '%s'", text);
}

struct error *verb_top(struct verb *verb)
{
    struct top_options top = {.tick_ns = CLOCK_NS_PER_S};
    const char *color = "auto", *view = "threads";
    bool ascii = false;
    const struct option options[] = {
        {"tick", 't', OPTION_DURATION, &top.tick_ns, "TIME", "how often to look (default 1s)"},
        {"view", 0, OPTION_TEXT, &view, "NAME", "threads, types, sites or pools at first"},
        {"ascii", 0, OPTION_FLAG, &ascii, NULL, "no characters beyond ASCII"},
        {"color", 0, OPTION_TEXT, &color, "WHEN", "auto, always or never (NO_COLOR: never)"},
        {"outside", 0, OPTION_FLAG, &top.no_events, NULL, "take no events: look at memory alone"},
        {"json", 'j', OPTION_FLAG, &verb->json, NULL, "one look, as one JSON object"},
        {"help", 'h', OPTION_FLAG, &verb->help, NULL, "this text"},
        {0},
    };
    pid_t pid;
    TRY(verb_parse(verb, options, 1, 1));
    if (verb->done)
        return NULL;
    TRY(parse_color(color, &top.color));
    TRY(parse_view(view, &top.view));
    TRY(process_parse_pid(verb->arguments.items[0], &pid));
    if (top.tick_ns < 100 * CLOCK_NS_PER_MS)
        return error_create(ERROR_USAGE, "--tick is 100ms at least");
    setlocale(LC_CTYPE, "");
    top.unicode = !ascii && strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    return verb->json ? top_once(pid, &top, &verb->out) : top_run(pid, &top, &verb->out);
}
