/*
 * Constants as Python's repr() writes them: see ast_repr.h. Floats take the shortest decimal that
 * reads back as the same double; big integers in hexadecimal, octal or binary are converted to
 * decimal by schoolbook arithmetic, which is fast enough for literals.
 */
#include "vm/front/ast_repr.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "vm/front/unicode.h"

/* repr(float) of a literal: the fewest digits that read back as the same number. */
static void print_double(FILE *out, double x)
{
    if (isinf(x)) { /* `inf` would be a name */
        fputs("1e309", out);
        return;
    }
    char digits[64];
    int precision = 0;
    do {
        snprintf(digits, sizeof(digits), "%.*e", precision, x);
    } while (strtod(digits, NULL) != x && ++precision < 17);
    const int exponent = atoi(strchr(digits, 'e') + 1);
    if (exponent < -4 || exponent >= 16) {
        *strchr(digits, 'e') = '\0';
        fprintf(out, "%se%c%02d", digits, exponent < 0 ? '-' : '+', abs(exponent));
        return;
    }
    const int decimals = precision - exponent;
    fprintf(out, "%.*f", decimals > 0 ? decimals : 1, x);
}

/* Digits in base 2, 8 or 16 as decimal ones, by repeated multiplication. */
static void print_big(FILE *out, const char *digits, size_t count, unsigned base)
{
    const uint32_t limb = 1000000000;
    uint32_t *limbs = calloc(count / 7 + 2, sizeof(*limbs));
    size_t used = 1;
    for (size_t i = 0; limbs != NULL && i < count; i++) {
        const char c = digits[i];
        uint64_t carry = c <= '9' ? (uint64_t)(c - '0') : (uint64_t)((c | 32) - 'a' + 10);
        for (size_t k = 0; k < used; k++) {
            carry += (uint64_t)limbs[k] * base;
            limbs[k] = (uint32_t)(carry % limb);
            carry /= limb;
        }
        if (carry > 0) {
            limbs[used++] = (uint32_t)carry;
        }
    }
    if (limbs != NULL) {
        fprintf(out, "%u", limbs[used - 1]);
        while (--used > 0) {
            fprintf(out, "%09u", limbs[used - 1]);
        }
    }
    free(limbs);
}

static void print_char(FILE *out, int32_t c, char quote)
{
    char utf8[4];
    if (c == quote || c == '\\') {
        fprintf(out, "\\%c", c);
    } else if (c == '\n' || c == '\r' || c == '\t') {
        fprintf(out, "\\%c", c == '\n' ? 'n' : c == '\r' ? 'r' : 't');
    } else if (c >= ' ' && c < 0x7F) {
        fputc(c, out);
    } else if (c > 0x7F && unicode_is_printable(c)) {
        fwrite(utf8, 1, unicode_encode(utf8, (uint32_t)c), out);
    } else if (c < 0x100) {
        fprintf(out, "\\x%02x", (unsigned)c);
    } else {
        fprintf(out, c < 0x10000 ? "\\u%04x" : "\\U%08x", (unsigned)c);
    }
}

/* Decodes one code point; unlike utf8proc it accepts surrogates. */
static int32_t next_char(const char **p)
{
    const unsigned char *s = (const unsigned char *)*p;
    const int n = s[0] < 0x80 ? 1 : s[0] < 0xE0 ? 2 : s[0] < 0xF0 ? 3 : 4;
    int32_t c = n == 1 ? s[0] : s[0] & (0x7F >> n);
    for (int i = 1; i < n; i++) {
        c = (c << 6) | (s[i] & 0x3F);
    }
    *p += n;
    return c;
}

void ast_print_text(FILE *out, const char *text, size_t len, bool bytes)
{
    const bool single = memchr(text, '\'', len) != NULL && memchr(text, '"', len) == NULL;
    const char quote = single ? '"' : '\'';
    fputs(bytes ? "b" : "", out);
    fputc(quote, out);
    for (const char *p = text; p < text + len;) {
        if (bytes) {
            const unsigned char c = (unsigned char)*p++;
            if (c >= 0x7F) {
                fprintf(out, "\\x%02x", c);
            } else {
                print_char(out, c, quote);
            }
        } else {
            print_char(out, next_char(&p), quote);
        }
    }
    fputc(quote, out);
}

void ast_print_constant(FILE *out, const struct ast_const *constant)
{
    static const char *const singletons[] = {"None", "True", "False", "Ellipsis"};
    switch (constant->kind) {
    case AST_CONST_NONE:
    case AST_CONST_TRUE:
    case AST_CONST_FALSE:
    case AST_CONST_ELLIPSIS:
        fputs(singletons[constant->kind], out);
        break;
    case AST_CONST_INT:
        if (constant->integer.fits_i64) {
            fprintf(out, "%lld", (long long)constant->integer.value);
        } else if (constant->integer.base == 10) {
            fwrite(constant->integer.digits, 1, constant->integer.digit_count, out);
        } else {
            print_big(out, constant->integer.digits, constant->integer.digit_count,
                      constant->integer.base);
        }
        break;
    case AST_CONST_FLOAT:
        print_double(out, constant->real);
        break;
    case AST_CONST_COMPLEX: {
        const double imag = constant->imag;
        if (imag == floor(imag) && fabs(imag) < 1e16) {
            fprintf(out, "%.0f", imag);
        } else {
            print_double(out, imag);
        }
        fputc('j', out);
        break;
    }
    case AST_CONST_STR:
    case AST_CONST_BYTES:
        ast_print_text(out, constant->string.text, constant->string.len,
                       constant->kind == AST_CONST_BYTES);
        break;
    }
}
