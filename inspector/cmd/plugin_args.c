// See plugin_args.h.
#include "inspector/cmd/plugin_args.h"

#include "inspector/lua/expr.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

void plugin_describe_arg(const struct plugin_arg *arg, struct strbuf *out)
{
    strbuf_add(out, arg->doc);
    for (unsigned i = 0; i < arg->choice_count; i++)
        strbuf_addf(out, "%s%s", i ? ", " : *arg->doc ? ": " : "", arg->choices[i]);
    if (arg->required)
        strbuf_add(out, " (required)");
    else if (arg->fallback.kind == VALUE_TEXT)
        strbuf_addf(out, " (default %s)", arg->fallback.text);
    else if (arg->fallback.kind == VALUE_INTEGER)
        strbuf_addf(out, " (default %lld)", (long long)arg->fallback.integer);
    else if (arg->fallback.kind == VALUE_REAL)
        strbuf_addf(out, " (default %g)", arg->fallback.real);
}

struct error *plugin_add_options(struct plugin *plugin, struct plugin_options *o, unsigned *count)
{
    static const enum option_type types[] = {
        [ARG_FLAG] = OPTION_FLAG,    [ARG_INTEGER] = OPTION_TEXT, [ARG_NUMBER] = OPTION_TEXT,
        [ARG_STRING] = OPTION_TEXT,  [ARG_BYTES] = OPTION_BYTES,  [ARG_DURATION] = OPTION_DURATION,
        [ARG_ADDRESS] = OPTION_TEXT, [ARG_OBJECT] = OPTION_TEXT,  [ARG_TYPE] = OPTION_TEXT,
        [ARG_THREAD] = OPTION_TEXT,  [ARG_WHERE] = OPTION_TEXT,
    };
    for (unsigned i = 0; i < plugin->arg_count; i++) {
        struct plugin_arg *arg = &plugin->args[i];
        struct strbuf help;
        strbuf_init(&help);
        plugin_describe_arg(arg, &help);
        if (types[arg->type] == OPTION_BYTES || types[arg->type] == OPTION_DURATION)
            o->values[i].number = UINT64_MAX; // not given
        o->all[(*count)++] =
            (struct option){.name = arg->name,
                            .type = types[arg->type],
                            .value = &o->values[i],
                            .argument = plugin_arg_type_value(arg->type),
                            .help = arena_strdup(&plugin->arena, strbuf_text(&help))};
        strbuf_deinit(&help);
    }
    return NULL;
}

static struct error *bad_value(const struct plugin_arg *arg, const char *text)
{
    static const char *const WANTED[ARG_TYPE_COUNT] = {[ARG_INTEGER] = "a whole number",
                                                       [ARG_NUMBER] = "a number",
                                                       [ARG_ADDRESS] = "an address, 0x...",
                                                       [ARG_OBJECT] =
                                                           "the address of an object, 0x..."};
    struct error *err =
        error_create(ERROR_USAGE, "--%s wants %s, not '%s'", arg->name,
                     WANTED[arg->type] ? WANTED[arg->type] : "one of its choices", text);
    struct strbuf choices;
    strbuf_init(&choices);
    for (unsigned i = 0; i < arg->choice_count; i++)
        strbuf_addf(&choices, "%s%s", i ? ", " : "", arg->choices[i]);
    if (arg->choice_count)
        err = error_add_why(err, "it is one of %s", strbuf_text(&choices));
    strbuf_deinit(&choices);
    return err;
}

static struct error *check_range(const struct plugin_arg *arg)
{
    if (!value_is_number(&arg->value))
        return NULL;
    const double number = value_as_real(&arg->value);
    if (value_is_number(&arg->min) && number < value_as_real(&arg->min))
        return error_create(ERROR_USAGE, "--%s must be at least %g", arg->name,
                            value_as_real(&arg->min));
    if (value_is_number(&arg->max) && number > value_as_real(&arg->max))
        return error_create(ERROR_USAGE, "--%s must be at most %g", arg->name,
                            value_as_real(&arg->max));
    return NULL;
}

static struct error *parse_text(struct plugin_arg *arg, const char *text)
{
    char *end = NULL;
    errno = 0;
    if (arg->type == ARG_INTEGER || arg->type == ARG_ADDRESS || arg->type == ARG_OBJECT)
        arg->value = value_integer(strtoll(text, &end, 0));
    else if (arg->type == ARG_NUMBER)
        arg->value = value_real(strtod(text, &end));
    else
        arg->value = value_text(text);
    if (end && (errno || end == text || *end))
        return bad_value(arg, text);
    if (arg->type == ARG_NUMBER && isnan(arg->value.real)) // no range would keep it out
        return bad_value(arg, text);
    bool known = arg->choice_count == 0;
    for (unsigned i = 0; i < arg->choice_count; i++)
        known = known || strcmp(arg->choices[i], text) == 0;
    return known ? NULL : bad_value(arg, text);
}

static struct error *use_fallback(struct plugin_arg *arg)
{
    uint64_t number = 0;
    if (arg->required)
        return error_create(ERROR_USAGE, "--%s is required", arg->name);
    arg->value = arg->fallback;
    if (arg->type == ARG_NUMBER && arg->value.kind == VALUE_INTEGER)
        arg->value = value_real((double)arg->value.integer);
    if (arg->value.kind != VALUE_TEXT || (arg->type != ARG_BYTES && arg->type != ARG_DURATION))
        return NULL;
    if (arg->type == ARG_BYTES)
        TRY(option_parse_bytes(arg->fallback.text, &number));
    else
        TRY(option_parse_duration(arg->fallback.text, &number));
    arg->value = value_integer((int64_t)number);
    return NULL;
}

struct error *plugin_set_arguments(struct plugin *plugin, const struct plugin_options *o)
{
    for (unsigned i = 0; i < plugin->arg_count; i++) {
        struct plugin_arg *arg = &plugin->args[i];
        const bool is_number = arg->type == ARG_BYTES || arg->type == ARG_DURATION;
        if (arg->type == ARG_FLAG)
            arg->value = value_bool(o->values[i].flag ||
                                    (arg->fallback.kind == VALUE_BOOL && arg->fallback.truth));
        else if (is_number && o->values[i].number != UINT64_MAX)
            arg->value = value_integer((int64_t)o->values[i].number);
        else if (!is_number && o->values[i].text)
            TRY(parse_text(arg, o->values[i].text));
        else
            TRY(use_fallback(arg));
        TRY(check_range(arg));
    }
    return NULL;
}

struct error *plugin_set_argument(struct plugin_arg *arg, const char *text)
{
    uint64_t number = 0;
    if (arg->type == ARG_FLAG) {
        arg->value = value_bool(strcmp(text, "true") == 0);
        return NULL;
    }
    if (arg->type == ARG_BYTES)
        TRY(option_parse_bytes(text, &number));
    else if (arg->type == ARG_DURATION)
        TRY(option_parse_duration(text, &number));
    else
        TRY(parse_text(arg, text));
    if (arg->type == ARG_BYTES || arg->type == ARG_DURATION)
        arg->value = value_integer((int64_t)number);
    return check_range(arg);
}

// ---- what they name ----

static struct error *resolve_object(struct plugin_arg *arg, struct plugin_heap *heap)
{
    const uint64_t address = (uint64_t)arg->value.integer;
    TRY(plugin_heap_load(heap, SNAPSHOT_ADDRESSES));
    const uint32_t object = snapshot_find(heap->snapshot, address);
    if (object == ORDINAL_NONE)
        return error_create(ERROR_USAGE, "--%s: no object begins at 0x%llx", arg->name,
                            (unsigned long long)address);
    arg->value = value_integer(plugin_heap_id(heap, object));
    return NULL;
}

static struct error *resolve_type(const struct plugin_arg *arg, const struct plugin_heap *heap)
{
    const char *best = NULL;
    unsigned distance = 4;
    for (uint32_t t = 0; t < heap->snapshot->type_count; t++) {
        const char *name = heap->type_names[t];
        if (strcmp(name, arg->value.text) == 0 || expr_glob(arg->value.text, name))
            return NULL;
        const unsigned d = option_distance(arg->value.text, name);
        if (d < distance) {
            distance = d;
            best = name;
        }
    }
    struct error *err =
        error_create(ERROR_USAGE, "--%s: the heap has no type '%s'", arg->name, arg->value.text);
    return best ? error_add_try(err, "--%s %s", arg->name, best) : err;
}

static struct error *resolve_thread(struct plugin_arg *arg, const struct plugin_heap *heap)
{
    char *end;
    const char *text = arg->value.text;
    const long long tid = strtoll(text, &end, 0);
    if (*text && !*end) {
        arg->value = value_integer(tid);
        return NULL;
    }
    for (uint32_t t = 0; heap && t < heap->snapshot->thread_count; t++)
        if (strcmp(snapshot_string(heap->snapshot, heap->snapshot->threads[t].name), text) == 0) {
            arg->value = value_integer((int64_t)heap->snapshot->threads[t].tid);
            return NULL;
        }
    return error_create(ERROR_USAGE, "--%s: there is no thread '%s'", arg->name, text);
}

static struct error *resolve_where(const struct plugin_arg *arg, const struct plugin_heap *heap)
{
    char message[EXPR_ERROR_MAX];
    struct expr expr;
    const struct expr_space space = expr_heap_space(heap);
    if (!expr_compile(&expr, &space, arg->value.text, NULL, NULL, message))
        return error_create(ERROR_USAGE, "--%s: %s", arg->name, message);
    expr_deinit(&expr);
    return NULL;
}

struct error *plugin_resolve_arguments(struct plugin *plugin, struct plugin_heap *heap)
{
    for (unsigned i = 0; i < plugin->arg_count; i++) {
        struct plugin_arg *arg = &plugin->args[i];
        if (arg->value.kind == VALUE_NONE)
            continue;
        if (arg->type == ARG_THREAD && arg->value.kind == VALUE_TEXT)
            TRY(resolve_thread(arg, heap));
        else if (arg->type == ARG_OBJECT && heap)
            TRY(resolve_object(arg, heap));
        else if (arg->type == ARG_TYPE && heap)
            TRY(resolve_type(arg, heap));
        else if (arg->type == ARG_WHERE && heap)
            TRY(resolve_where(arg, heap));
    }
    return NULL;
}
