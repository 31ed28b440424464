// JSON by hand: numbers and addresses are formatted here without printf, because an export of a
// heap consists of little else.
#include "inspector/export/json.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static void add_key(struct json *json, const char *key)
{
    if (json->comma)
        strbuf_add_char(json->out, ',');
    json->comma = true;
    if (!key)
        return;
    strbuf_add_char(json->out, '"');
    strbuf_add(json->out, key);
    strbuf_add_bytes(json->out, "\":", 2);
}

void json_begin(struct json *json, const char *key, char bracket)
{
    add_key(json, key);
    strbuf_add_char(json->out, bracket);
    json->comma = false;
}

void json_end(struct json *json, char bracket)
{
    strbuf_add_char(json->out, bracket);
    json->comma = true;
}

void json_bytes(struct json *json, const char *key, const char *bytes, size_t length)
{
    add_key(json, key);
    strbuf_add_json(json->out, bytes, length);
}

void json_text(struct json *json, const char *key, const char *text)
{
    json_bytes(json, key, text, strlen(text));
}

void json_count(struct json *json, const char *key, uint64_t value)
{
    char digits[20];
    size_t at = sizeof digits;
    add_key(json, key);
    do
        digits[--at] = (char)('0' + value % 10);
    while (value /= 10);
    strbuf_add_bytes(json->out, digits + at, sizeof digits - at);
}

void json_signed(struct json *json, const char *key, int64_t value)
{
    add_key(json, key);
    strbuf_addf(json->out, "%" PRId64, value);
}

void json_real(struct json *json, const char *key, double value)
{
    add_key(json, key);
    if (isfinite(value))
        strbuf_addf(json->out, "%.6g", value);
    else
        strbuf_add(json->out, "null");
}

void json_bool(struct json *json, const char *key, bool value)
{
    add_key(json, key);
    strbuf_add(json->out, value ? "true" : "false");
}

void json_null(struct json *json, const char *key)
{
    add_key(json, key);
    strbuf_add(json->out, "null");
}

void json_address(struct json *json, const char *key, uint64_t address)
{
    char digits[18];
    size_t at = sizeof digits;
    do
        digits[--at] = "0123456789abcdef"[address & 15];
    while (address >>= 4);
    add_key(json, key);
    strbuf_add_bytes(json->out, "\"0x", 3);
    strbuf_add_bytes(json->out, digits + at, sizeof digits - at);
    strbuf_add_char(json->out, '"');
}
