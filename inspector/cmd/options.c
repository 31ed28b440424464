// Parsing and explaining options. Values are converted where they are met, so an error can name its
// option; nothing is allocated, texts stay in argv.
#include "inspector/cmd/options.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

// ---- values ----

struct unit {
    const char *name;
    double factor;
};

static const struct unit BYTE_UNITS[] = {
    {"", 1},
    {"B", 1},
    {"KB", 1e3},
    {"kB", 1e3},
    {"MB", 1e6},
    {"GB", 1e9},
    {"TB", 1e12},
    {"KiB", 1024.0},
    {"K", 1024.0},
    {"MiB", 1048576.0},
    {"M", 1048576.0},
    {"GiB", 1073741824.0},
    {"G", 1073741824.0},
    {"TiB", 1099511627776.0},
    {0},
};

static const struct unit TIME_UNITS[] = {
    {"", 1e9}, {"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}, {0},
};

static bool parse_units(const char *text, const struct unit *units, uint64_t *ret)
{
    char *end;
    if (!isdigit((unsigned char)*text))
        return false;
    const double value = strtod(text, &end);
    while (*end == ' ')
        end++;
    for (; units->name; units++)
        if (strcmp(end, units->name) == 0) {
            if (!(value * units->factor < 1.8e19))
                return false;
            *ret = (uint64_t)(value * units->factor);
            return true;
        }
    return false;
}

struct error *option_parse_bytes(const char *text, uint64_t *ret)
{
    if (parse_units(text, BYTE_UNITS, ret))
        return NULL;
    return error_add_try(error_create(ERROR_USAGE, "'%s' is no size", text), "4096, 64KiB or 10MB");
}

struct error *option_parse_duration(const char *text, uint64_t *ret)
{
    if (parse_units(text, TIME_UNITS, ret))
        return NULL;
    return error_add_try(error_create(ERROR_USAGE, "'%s' is no duration", text),
                         "500ms, 10s or 2m");
}

static struct error *parse_count(const char *text, uint64_t *ret)
{
    char *end;
    errno = 0;
    const unsigned long long value = strtoull(text, &end, 10);
    if (!isdigit((unsigned char)*text) || *end || errno)
        return error_create(ERROR_USAGE, "'%s' is no number", text);
    *ret = value;
    return NULL;
}

static struct error *set_value(const struct option *option, const char *text)
{
    struct error *err = NULL;
    switch (option->type) {
    case OPTION_FLAG:
        *(bool *)option->value = true;
        break;
    case OPTION_COUNT:
        err = parse_count(text, option->value);
        break;
    case OPTION_BYTES:
        err = option_parse_bytes(text, option->value);
        break;
    case OPTION_DURATION:
        err = option_parse_duration(text, option->value);
        break;
    case OPTION_TEXT:
        *(const char **)option->value = text;
        break;
    }
    return error_add_prefix(err, "--%s", option->name);
}

// ---- names ----

unsigned option_distance(const char *a, const char *b)
{
    enum { MAX = 32 };
    unsigned row[MAX + 1];
    const size_t n = strlen(b) < MAX ? strlen(b) : MAX;
    for (size_t k = 0; k <= n; k++)
        row[k] = (unsigned)k;
    for (size_t i = 0; a[i]; i++) {
        unsigned diagonal = row[0];
        row[0] = (unsigned)i + 1;
        for (size_t k = 0; k < n; k++) {
            unsigned best = diagonal + (a[i] != b[k]);
            if (row[k] + 1 < best)
                best = row[k] + 1;
            if (row[k + 1] + 1 < best)
                best = row[k + 1] + 1;
            diagonal = row[k + 1];
            row[k + 1] = best;
        }
    }
    return row[n];
}

static struct error *unknown_option(const struct option *options, const char *text)
{
    const size_t length = strcspn(text, "=");
    struct error *err = error_create(ERROR_USAGE, "there is no option '%.*s'", (int)length, text);
    char name[32];
    snprintf(name, sizeof name, "%.*s", (int)(length - 2), text + 2);
    const struct option *best = NULL;
    unsigned distance = 3;
    for (; text[1] == '-' && options->name; options++)
        if (option_distance(name, options->name) < distance) {
            distance = option_distance(name, options->name);
            best = options;
        }
    return best ? error_add_try(err, "--%s", best->name) : err;
}

static const struct option *find_long(const struct option *options, const char *name, size_t length)
{
    for (; options->name; options++)
        if (strlen(options->name) == length && memcmp(options->name, name, length) == 0)
            return options;
    return NULL;
}

static const struct option *find_letter(const struct option *options, char letter)
{
    for (; options->name; options++)
        if (options->letter && options->letter == letter)
            return options;
    return NULL;
}

// ---- parsing ----

struct parser {
    const struct option *options;
    char **argv;
    int argc, at;
};

static struct error *need_value(struct parser *p, const struct option *option, const char **value)
{
    if (p->at + 1 >= p->argc)
        return error_create(ERROR_USAGE, "--%s needs %s", option->name,
                            option->argument ? option->argument : "a value");
    *value = p->argv[++p->at];
    return NULL;
}

static struct error *parse_long(struct parser *p, const char *text)
{
    const char *name = text + 2, *equals = strchr(name, '=');
    const size_t length = equals ? (size_t)(equals - name) : strlen(name);
    const struct option *option = find_long(p->options, name, length);
    const char *value = equals ? equals + 1 : NULL;
    if (!option)
        return unknown_option(p->options, text);
    if (option->type == OPTION_FLAG && value)
        return error_create(ERROR_USAGE, "--%s takes no value", option->name);
    if (option->type != OPTION_FLAG && !value)
        TRY(need_value(p, option, &value));
    return set_value(option, value);
}

static struct error *parse_letters(struct parser *p, const char *text)
{
    for (const char *letter = text + 1; *letter; letter++) {
        const struct option *option = find_letter(p->options, *letter);
        const char *value = letter[1] ? letter + 1 : NULL;
        if (!option)
            return error_create(ERROR_USAGE, "there is no option '-%c'", *letter);
        if (option->type == OPTION_FLAG) {
            TRY(set_value(option, NULL));
            continue;
        }
        if (!value)
            TRY(need_value(p, option, &value));
        return set_value(option, value);
    }
    return NULL;
}

struct error *options_parse(const struct option *options, int argc, char **argv, bool stop,
                            struct arguments *ret)
{
    struct parser p = {.options = options, .argv = argv, .argc = argc};
    size_t count = 0;
    for (; p.at < argc; p.at++) {
        char *text = argv[p.at];
        if (strcmp(text, "--") == 0) {
            p.at++;
            break;
        }
        if (text[0] == '-' && text[1] == '-') {
            TRY(parse_long(&p, text));
        } else if (text[0] == '-' && text[1]) {
            TRY(parse_letters(&p, text));
        } else {
            if (stop)
                break;
            argv[count++] = text;
        }
    }
    while (p.at < argc)
        argv[count++] = argv[p.at++];
    *ret = (struct arguments){.items = argv, .count = count};
    return NULL;
}

void options_add_help(const struct option *options, struct strbuf *out)
{
    for (; options->name; options++) {
        const size_t begin = out->length;
        if (options->letter)
            strbuf_addf(out, "  -%c, --%s", options->letter, options->name);
        else
            strbuf_addf(out, "      --%s", options->name);
        if (options->type != OPTION_FLAG)
            strbuf_addf(out, " %s", options->argument ? options->argument : "VALUE");
        strbuf_pad(out, begin, 28);
        strbuf_addf(out, "  %s\n", options->help);
    }
}

void options_add_names(const struct option *options, struct strbuf *out)
{
    for (; options->name; options++)
        strbuf_addf(out, "--%s%s\n", options->name, options->type == OPTION_FLAG ? "" : "=");
}
