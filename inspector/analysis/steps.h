// How one reference is spelled, for paths and for places.
//
// Python programs reach most things through namespaces: a module or an instance has a __dict__ and
// the dict has the value under a string. People write that as one step, `.name`, so a dict that was
// reached by a reference called __dict__ is a *namespace*, and its string entries are attributes.
#ifndef BRILLE_INSPECTOR_ANALYSIS_STEPS_H
#define BRILLE_INSPECTOR_ANALYSIS_STEPS_H

#include "inspector/base/strbuf.h"
#include "inspector/model/snapshot.h"
#include <stdbool.h>

// Whether the edge leads from an owner to its namespace.
bool step_is_namespace(const struct snapshot *s, const struct edge *edge);

// If the edge is a string entry whose key is an identifier ('name'), the identifier.
bool step_identifier(const struct snapshot *s, const struct edge *edge, const char **name,
                     size_t *length);

// ".name", "['k']", "[0]", "<cell x>". `from_namespace`: the source is a namespace.
void step_add(const struct snapshot *s, const struct edge *edge, bool from_namespace,
              struct strbuf *out);

// The same with indices and keys merged into [*].
void step_add_merged(const struct snapshot *s, const struct edge *edge, bool from_namespace,
                     struct strbuf *out);

// The same as Python source to put behind an expression for the source; false, and nothing added,
// when there is none.
bool step_add_expression(const struct snapshot *s, const struct edge *edge, bool from_namespace,
                         struct strbuf *out);

#endif
