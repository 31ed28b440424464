// The arguments that a plugin declares, as options of the command line, and back into values.
//
// First their syntax (plugin_set_arguments), before any target is touched; then, once the heaps are
// there, whether what they name exists (plugin_resolve_arguments).
#ifndef BRILLE_INSPECTOR_CMD_PLUGIN_ARGS_H
#define BRILLE_INSPECTOR_CMD_PLUGIN_ARGS_H

#include "inspector/cmd/options.h"
#include "inspector/lua/heap.h"
#include "inspector/lua/plugin.h"

#define PLUGIN_COMMON_OPTIONS 16

struct plugin_options {
    uint64_t time_ns, memory_bytes, seconds_ns;
    const char *path, *fail_on;
    bool live;
    union {
        bool flag;
        uint64_t number;
        const char *text;
    } values[PLUGIN_ARGS_MAX];
    struct option all[PLUGIN_ARGS_MAX + PLUGIN_COMMON_OPTIONS];
};

// "64KiB", "TIME (default 5ms)": what --help and doc say behind the name.
void plugin_describe_arg(const struct plugin_arg *arg, struct strbuf *out);

struct error *plugin_add_options(struct plugin *plugin, struct plugin_options *o, unsigned *count);
struct error *plugin_set_arguments(struct plugin *plugin, const struct plugin_options *o);
// One argument from a text, as if it had been on the command line.
struct error *plugin_set_argument(struct plugin_arg *arg, const char *text);
// `heap` may be NULL.
struct error *plugin_resolve_arguments(struct plugin *plugin, struct plugin_heap *heap);

#endif
