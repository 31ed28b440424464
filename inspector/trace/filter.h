// Which events of objects a recording is to hold, in the words of the command line:
//
//     --type shop.Session     of objects of that type
//     --object 0x7f31c0       of one object
//     --file shop/session.py  what the code of one source file does (and every free)
//     --sample 512KiB         one allocation in about so many bytes, for always-on use
//
// Several must all hold. The process applies them (vm/probe/filter.h): what is not wanted is not
// emitted, so it costs no room and is not counted as missing.
#ifndef BRILLE_INSPECTOR_TRACE_FILTER_H
#define BRILLE_INSPECTOR_TRACE_FILTER_H

#include "inspector/base/error.h"
#include "tracer/abi/control.h"
#include <stdint.h>

struct trace_filter_words {
    const char *type, *object, *file; // NULL: not asked for
    uint64_t sample_bytes;            // 0: not asked for
};

#define TRACE_FILTER_OPTIONS(words)                                                         \
    {"type", 0, OPTION_TEXT, &(words).type, "NAME", "only objects of this type"},           \
        {"object", 0, OPTION_TEXT, &(words).object, "ADDR", "only this object"},            \
        {"file", 0, OPTION_TEXT, &(words).file, "PATH", "only what this source file does"}, \
    {                                                                                       \
        "sample", 0, OPTION_BYTES, &(words).sample_bytes, "BYTES",                          \
            "one allocation in about so many bytes: 512KiB"                                 \
    }

// *classes: as asked for, 0 if nothing was; what the filter makes of that. USAGE when they do not
// go together.
struct error *trace_filter_make(const struct trace_filter_words *words, uint32_t *classes,
                                struct control_filter *ret);

#endif
