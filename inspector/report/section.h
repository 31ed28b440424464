// The sections of the page, in the order in which they are read: the answer first, then the places
// to look at, then how it was made.
//
// Each writes one <section> with a heading, one sentence and one view, or nothing when there is
// nothing to say. Rules that all keep:
//
//     - what is drawn can also be read: every picture has a table or a list beside it
//     - hue says what kind of object it is and nothing else; amounts are grey; the states of the
//       GIL differ in shape
//     - numbers are in words as inspector/base/format.h spells them; raw ones are in the JSON
#ifndef BRILLE_INSPECTOR_REPORT_SECTION_H
#define BRILLE_INSPECTOR_REPORT_SECTION_H

#include "inspector/base/strbuf.h"
#include "inspector/export/json.h"
#include "inspector/report/report.h"
#include <stdint.h>

struct error *section_finding(const struct report *report, struct strbuf *out);
struct error *section_holders(const struct report *report, struct strbuf *out);
struct error *section_types(const struct report *report, struct strbuf *out);
struct error *section_growth(const struct report *report, struct strbuf *out);
struct error *section_arenas(const struct report *report, struct strbuf *out);
struct error *section_gil(const struct report *report, struct strbuf *out);
struct error *section_sites(const struct report *report, struct strbuf *out);
struct error *section_object(const struct report *report, struct strbuf *out);
struct error *section_made(const struct report *report, struct strbuf *out);

// The data of the script, as one JSON object.
struct error *report_add_data(const struct report *report, struct strbuf *out);

// What kind of thing a type makes: 0 containers, 1 instances, 2 text and bytes, 3 buffers and
// arrays, 4 code and modules, 5 other. The colour class of the style sheet is k0 to k5.
enum { KIND_COUNT = 6 };
unsigned type_kind(const char *name); // "dict", "shop.session.Session"

// "1.12 GiB", which stays on one line.
void section_add_bytes(uint64_t bytes, struct strbuf *out);
// The name of a type as HTML text.
void section_add_type(const struct report *report, uint32_t type, struct strbuf *out);
// The path of a suspect as HTML text, values left out if they shall be.
struct error *section_add_leak_path(const struct report *report, const struct leak *leak,
                                    struct strbuf *out);
// The Python expression of a suspect, NULL when there is none that may be shown.
const char *section_expression(const struct report *report, const struct leak *leak);

#endif
