/*
 * Character properties for the lexer and the string decoder. See unicode.h.
 *
 * XID_Start and XID_Continue are derived as UAX 31 derives them: general categories, plus the
 * Other_ID_* characters, minus Pattern_Syntax, minus what NFKC normalisation would break.
 */
#include "vm/front/unicode.h"

#include <string.h>
#include <utf8proc.h>

/* In ID_Start or ID_Continue, but not closed under NFKC, so not in XID_*. */
static bool breaks_under_nfkc(int32_t c)
{
    if (c == 0x37A || (c >= 0xFC5E && c <= 0xFC63) || c == 0xFDFA || c == 0xFDFB) {
        return true;
    }
    return c >= 0xFE70 && c <= 0xFE7E && (c & 1) == 0;
}

bool unicode_is_xid_start(int32_t c)
{
    if (c < 0x80) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    }
    switch (c) {
    case 0x1885:
    case 0x1886:
    case 0x2118:
    case 0x212E:
        return true;
    case 0xE33:
    case 0xEB3:
    case 0x2E2F:
    case 0xFF9E:
    case 0xFF9F:
        return false;
    default:
        break;
    }
    switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_NL:
        return !breaks_under_nfkc(c);
    default:
        return false;
    }
}

bool unicode_is_xid_continue(int32_t c)
{
    if (c < 0x80) {
        return unicode_is_xid_start(c) || (c >= '0' && c <= '9');
    }
    if (unicode_is_xid_start(c)) {
        return true;
    }
    switch (c) {
    case 0xB7:
    case 0x387:
    case 0x19DA:
    case 0xE33:
    case 0xEB3:
    case 0xFF9E:
    case 0xFF9F:
        return true;
    default:
        break;
    }
    if (c >= 0x1369 && c <= 0x1371) {
        return true;
    }
    switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_PC:
        return !breaks_under_nfkc(c);
    default:
        return false;
    }
}

bool unicode_is_printable(int32_t c)
{
    switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
        return false;
    case UTF8PROC_CATEGORY_ZS:
        return c == ' ';
    default:
        return true;
    }
}

size_t unicode_encode(char *out, uint32_t c)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xC0 | (c >> 6));
        out[1] = (char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xE0 | (c >> 12));
        out[1] = (char)(0x80 | ((c >> 6) & 0x3F));
        out[2] = (char)(0x80 | (c & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | (c >> 18));
    out[1] = (char)(0x80 | ((c >> 12) & 0x3F));
    out[2] = (char)(0x80 | ((c >> 6) & 0x3F));
    out[3] = (char)(0x80 | (c & 0x3F));
    return 4;
}

const char *unicode_find_invalid(const char *text, size_t len)
{
    const char *p = text;
    const char *const end = text + len;
    while (p < end) {
        uint64_t word;
        if (end - p >= 8 && (memcpy(&word, p, 8), (word & 0x8080808080808080u) == 0)) {
            p += 8;
            continue;
        }
        if ((unsigned char)*p < 0x80) {
            p++;
            continue;
        }
        utf8proc_int32_t c;
        const utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)p, end - p, &c);
        if (n <= 0) {
            return p;
        }
        p += n;
    }
    return NULL;
}
