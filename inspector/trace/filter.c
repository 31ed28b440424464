// See filter.h.
#include "inspector/trace/filter.h"

#include <stdlib.h>
#include <string.h>

static struct error *take_text(const char *option, const char *text, char *ret, size_t room)
{
    if (!*text)
        return error_create(ERROR_USAGE, "%s needs a name", option);
    if (strlen(text) >= room)
        return error_create(ERROR_USAGE, "the name after %s is too long", option);
    memcpy(ret, text, strlen(text) + 1);
    return NULL;
}

// What id() says is decimal; with 0x or without, what has other digits is hexadecimal.
static struct error *take_address(const char *text, uint64_t *ret)
{
    char *end;
    const bool decimal = strspn(text, "0123456789") == strlen(text);
    *ret = strtoull(text, &end, decimal ? 10 : 16);
    if (*end || !*ret || *ret % 16 || *ret >> 47)
        return error_add_try(error_create(ERROR_USAGE, "'%s' is no address of an object", text),
                             "0x7f3a9c0d4e80, or what id() says");
    return NULL;
}

struct error *trace_filter_make(const struct trace_filter_words *words, uint32_t *classes,
                                struct control_filter *ret)
{
    const uint32_t objects = TRACE_CLASS_ALLOC | TRACE_CLASS_REFCOUNT;
    struct control_filter filter = {0};
    if (words->type) {
        filter.kinds |= CONTROL_FILTER_TYPE;
        TRY(take_text("--type", words->type, filter.type, sizeof filter.type));
    }
    if (words->object) {
        filter.kinds |= CONTROL_FILTER_OBJECT;
        TRY(take_address(words->object, &filter.object));
    }
    if (words->file) {
        filter.kinds |= CONTROL_FILTER_FILE;
        TRY(take_text("--file", words->file, filter.file, sizeof filter.file));
    }
    if (words->sample_bytes) {
        filter.kinds |= CONTROL_FILTER_SAMPLE;
        filter.sample_bytes = words->sample_bytes;
        if (!*classes)
            *classes = TRACE_CLASS_ALLOC;
        if (*classes & TRACE_CLASS_REFCOUNT)
            return error_add_why(error_create(ERROR_USAGE, "--sample goes without refcount"),
                                 "counts of some objects, at some times, add up to nothing");
    }
    if (filter.kinds && *classes && !(*classes & objects))
        return error_add_try(error_create(ERROR_USAGE, "a filter chooses among events of objects, "
                                                       "and none are asked for"),
                             "-e alloc, or -e alloc,refcount");
    *ret = filter;
    return NULL;
}
