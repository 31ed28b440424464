// Writes JSON into a string, with the commas in the right places.
//
// Keys are C literals of ours and are written as they are; texts may hold any byte. A key of NULL
// is for elements of an array. Whoever writes keeps begin and end in pairs; nothing is checked.
#ifndef BRILLE_INSPECTOR_EXPORT_JSON_H
#define BRILLE_INSPECTOR_EXPORT_JSON_H

#include "inspector/base/strbuf.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json {
    struct strbuf *out;
    bool comma; // something stands before the next element
};

void json_begin(struct json *json, const char *key, char bracket); // '{' or '['
void json_end(struct json *json, char bracket);                    // '}' or ']'
void json_text(struct json *json, const char *key, const char *text);
void json_bytes(struct json *json, const char *key, const char *bytes, size_t length);
void json_count(struct json *json, const char *key, uint64_t value);
void json_signed(struct json *json, const char *key, int64_t value);
void json_real(struct json *json, const char *key, double value);
void json_bool(struct json *json, const char *key, bool value);
void json_null(struct json *json, const char *key);
void json_address(struct json *json, const char *key, uint64_t address); // "0x..."

#endif
