// See html.h.
#include "inspector/report/html.h"

#include "inspector/base/utf8.h"

#include <string.h>

static const char *reference(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

void html_add_bytes(struct strbuf *out, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length;) {
        const size_t sequence = utf8_sequence((const unsigned char *)bytes + i, length - i);
        const char *escaped = reference(bytes[i]);
        const bool control = (unsigned char)bytes[i] < 32 || bytes[i] == 127;
        if (sequence == 0 || control)
            strbuf_add(out, "\xef\xbf\xbd");
        else if (escaped)
            strbuf_add(out, escaped);
        else
            strbuf_add_bytes(out, bytes + i, sequence);
        i += sequence ? sequence : 1;
    }
}

void html_add(struct strbuf *out, const char *text)
{
    html_add_bytes(out, text, strlen(text));
}

void html_add_number(struct strbuf *out, const char *text)
{
    for (const char *c = text; *c; c++)
        if (*c == ' ')
            strbuf_add(out, "\xc2\xa0");
        else
            html_add_bytes(out, c, 1);
}

void html_add_script_json(struct strbuf *out, const char *json, size_t length)
{
    size_t done = 0;
    for (size_t i = 0; i < length; i++) {
        if (json[i] != '<' && json[i] != '>' && json[i] != '&')
            continue;
        strbuf_add_bytes(out, json + done, i - done);
        strbuf_addf(out, "\\u%04x", (unsigned)json[i]);
        done = i + 1;
    }
    strbuf_add_bytes(out, json + done, length - done);
}
