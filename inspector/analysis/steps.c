// Spelling references: attributes, elements, and what is neither.
#include "inspector/analysis/steps.h"

#include <ctype.h>
#include <string.h>

bool step_is_namespace(const struct snapshot *s, const struct edge *edge)
{
    return edge->name != EDGE_NAME_NONE && !edge_name_is_index(edge->name) &&
           (edge->kind == EDGE_FIELD || edge->kind == EDGE_ATTRIBUTE || edge->kind == EDGE_SLOT) &&
           strcmp(snapshot_string(s, edge->name), "__dict__") == 0;
}

static bool is_identifier(const char *text, size_t length)
{
    if (length == 0 || isdigit((unsigned char)text[0]))
        return false;
    for (size_t i = 0; i < length; i++)
        if (!isalnum((unsigned char)text[i]) && text[i] != '_' && (unsigned char)text[i] < 128)
            return false;
    return true;
}

bool step_identifier(const struct snapshot *s, const struct edge *edge, const char **name,
                     size_t *length)
{
    if (edge->kind != EDGE_VALUE || edge->name == EDGE_NAME_NONE || edge_name_is_index(edge->name))
        return false;
    const char *text = snapshot_string(s, edge->name);
    const size_t all = strlen(text);
    if (all < 3 || (text[0] != '\'' && text[0] != '"') || text[all - 1] != text[0] ||
        !is_identifier(text + 1, all - 2))
        return false;
    *name = text + 1;
    *length = all - 2;
    return true;
}

static bool is_attribute(const struct edge *edge)
{
    return edge->name != EDGE_NAME_NONE &&
           (edge->kind == EDGE_ATTRIBUTE || edge->kind == EDGE_SLOT || edge->kind == EDGE_FIELD);
}

// What is neither an attribute nor an element: "<cell x>", "<type>".
static void add_other(const struct snapshot *s, const struct edge *edge, struct strbuf *out)
{
    strbuf_addf(out, "<%s", edge_kind_word(edge->kind));
    if (edge->name != EDGE_NAME_NONE) {
        strbuf_add_char(out, ' ');
        snapshot_add_edge_name(s, edge, out);
    }
    strbuf_add_char(out, '>');
}

static bool add_attribute(const struct snapshot *s, const struct edge *edge, bool from_namespace,
                          struct strbuf *out)
{
    const char *name;
    size_t length;
    if (from_namespace && step_identifier(s, edge, &name, &length)) {
        strbuf_add_char(out, '.');
        strbuf_add_bytes(out, name, length);
        return true;
    }
    if (!is_attribute(edge))
        return false;
    strbuf_add_char(out, '.');
    snapshot_add_edge_name(s, edge, out);
    return true;
}

static bool is_element(const struct edge *edge)
{
    return edge->kind == EDGE_ITEM || edge->kind == EDGE_VALUE;
}

void step_add(const struct snapshot *s, const struct edge *edge, bool from_namespace,
              struct strbuf *out)
{
    if (add_attribute(s, edge, from_namespace, out))
        return;
    if (is_element(edge) && edge->name != EDGE_NAME_NONE)
        snapshot_add_edge_name(s, edge, out);
    else
        add_other(s, edge, out);
}

void step_add_merged(const struct snapshot *s, const struct edge *edge, bool from_namespace,
                     struct strbuf *out)
{
    if (add_attribute(s, edge, from_namespace, out))
        return;
    if (is_element(edge))
        strbuf_add(out, "[*]");
    else if (edge->kind == EDGE_KEY)
        strbuf_add(out, "<key>");
    else
        add_other(s, edge, out);
}

// A key as its repr shows it can be typed back when it is a whole literal.
static bool is_literal(const char *text)
{
    const size_t length = strlen(text);
    const char *quoted = text[0] == 'b' ? text + 1 : text;
    if (*quoted == '\'' || *quoted == '"') {
        const size_t rest = length - (size_t)(quoted - text);
        if (rest < 2 || text[length - 1] != *quoted)
            return false;
        return rest < 5 || strncmp(text + length - 4, "...", 3) != 0; // cut labels end in ...
    }
    if (strcmp(text, "None") == 0 || strcmp(text, "True") == 0 || strcmp(text, "False") == 0)
        return true;
    const char *digits = text[0] == '-' ? text + 1 : text;
    return *digits && strspn(digits, "0123456789") == strlen(digits);
}

// Fields of built-in structures that Python code can read under the same name.
static bool is_readable_field(const char *name)
{
    static const char *const prefixes[] = {"__", "f_", "gi_", "cr_", "ag_", "tb_", "co_"};
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0)
            return true;
    return false;
}

bool step_add_expression(const struct snapshot *s, const struct edge *edge, bool from_namespace,
                         struct strbuf *out)
{
    const char *name = "";
    size_t length;
    if (from_namespace && step_identifier(s, edge, &name, &length))
        return add_attribute(s, edge, true, out);
    if (edge->kind == EDGE_TYPE) {
        strbuf_add(out, ".__class__");
        return true;
    }
    if (edge->name == EDGE_NAME_NONE)
        return false;
    if (!edge_name_is_index(edge->name))
        name = snapshot_string(s, edge->name);
    if (is_attribute(edge)) {
        if (!is_identifier(name, strlen(name)) ||
            (edge->kind == EDGE_FIELD && !is_readable_field(name)))
            return false;
        return add_attribute(s, edge, false, out);
    }
    if (!is_element(edge) || (!edge_name_is_index(edge->name) && !is_literal(name)))
        return false;
    snapshot_add_edge_name(s, edge, out);
    return true;
}
