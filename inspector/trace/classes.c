// See classes.h.
#include "inspector/trace/classes.h"

#include "tracer/abi/control.h"
#include "tracer/abi/events.h"

#include <string.h>

static const struct {
    const char *name;
    uint32_t bits;
} CLASSES[] = {
    {"alloc", TRACE_CLASS_ALLOC}, {"refcount", TRACE_CLASS_REFCOUNT}, {"gc", TRACE_CLASS_GC},
    {"gil", TRACE_CLASS_GIL},     {"all", TRACE_CLASS_KNOWN},
};
enum { CLASS_COUNT = sizeof CLASSES / sizeof *CLASSES };

static uint32_t find_class(const char *name, size_t length)
{
    for (int i = 0; i < CLASS_COUNT; i++)
        if (strlen(CLASSES[i].name) == length && memcmp(CLASSES[i].name, name, length) == 0)
            return CLASSES[i].bits;
    return 0;
}

struct error *trace_classes_parse(const char *text, uint32_t *ret)
{
    uint32_t classes = 0;
    for (const char *word = text;;) {
        const size_t length = strcspn(word, ",");
        const uint32_t bits = find_class(word, length);
        if (!bits)
            return error_add_try(
                error_create(ERROR_USAGE, "'%.*s' is no class of events", (int)length, word),
                "alloc, refcount, gc, gil, or all");
        classes |= bits;
        if (!word[length])
            break;
        word += length + 1;
    }
    *ret = classes;
    return NULL;
}

void trace_classes_add(uint32_t classes, struct strbuf *out)
{
    const char *comma = "";
    for (int i = 0; i < CLASS_COUNT - 1; i++)
        if (classes & CLASSES[i].bits) {
            strbuf_addf(out, "%s%s", comma, CLASSES[i].name);
            comma = ",";
        }
    if (!*comma)
        strbuf_add(out, "none");
}

struct error *trace_policy_parse(const char *text, uint32_t *ret)
{
    static const char *const NAMES[] = {
        [TRACE_POLICY_OVERWRITE] = "overwrite",
        [TRACE_POLICY_DROP] = "drop",
        [TRACE_POLICY_BLOCK] = "block",
    };
    for (uint32_t i = TRACE_POLICY_OVERWRITE; i <= TRACE_POLICY_BLOCK; i++)
        if (strcmp(NAMES[i], text) == 0) {
            *ret = i;
            return NULL;
        }
    return error_add_try(error_create(ERROR_USAGE, "'%s' is no policy", text),
                         "block (wait for the recorder), drop (count and go on) or overwrite");
}

const char *trace_event_class(unsigned kind)
{
    uint32_t classes = TRACE_CLASS_ANY;
    switch (kind) {
#define EVENT(id, name, stream, wire, bits, fields) \
    case id:                                        \
        classes = (bits);                           \
        break;
#include "tracer/abi/events.def"
    default:
        break;
    }
    if (classes == (TRACE_CLASS_ALLOC | TRACE_CLASS_REFCOUNT))
        return "refcount"; // enter and leave: they travel with the counts
    if (classes == (TRACE_CLASS_ALLOC | TRACE_CLASS_GC))
        return "gc";
    for (int i = 0; i < CLASS_COUNT - 1; i++)
        if (classes == CLASSES[i].bits)
            return CLASSES[i].name;
    return "";
}
