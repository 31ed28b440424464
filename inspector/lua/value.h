// One value on its way between the heap, an expression, Lua and the host: nothing, an integer, a
// real, a text or a truth. Texts are borrowed; who makes a value says how long its text lives.
#ifndef BRILLE_INSPECTOR_LUA_VALUE_H
#define BRILLE_INSPECTOR_LUA_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum value_kind {
    VALUE_NONE,
    VALUE_INTEGER,
    VALUE_REAL,
    VALUE_TEXT,
    VALUE_BOOL,
};

struct value {
    enum value_kind kind;
    union {
        int64_t integer;
        double real;
        bool truth;
        struct {
            const char *text; // NUL-terminated
            size_t length;
        };
    };
};

static inline struct value value_none(void)
{
    return (struct value){.kind = VALUE_NONE};
}

static inline struct value value_integer(int64_t integer)
{
    return (struct value){.kind = VALUE_INTEGER, .integer = integer};
}

static inline struct value value_real(double real)
{
    return (struct value){.kind = VALUE_REAL, .real = real};
}

static inline struct value value_bool(bool truth)
{
    return (struct value){.kind = VALUE_BOOL, .truth = truth};
}

static inline struct value value_text(const char *text)
{
    return (struct value){.kind = VALUE_TEXT, .text = text, .length = strlen(text)};
}

static inline bool value_is_number(const struct value *v)
{
    return v->kind == VALUE_INTEGER || v->kind == VALUE_REAL;
}

static inline double value_as_real(const struct value *v)
{
    return v->kind == VALUE_INTEGER ? (double)v->integer : v->real;
}

#endif
