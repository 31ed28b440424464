#include "inspector/base/utf8.h"

#include <string.h>

size_t utf8_sequence(const unsigned char *bytes, size_t left)
{
    unsigned char first = bytes[0];
    size_t length = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if (length == 0 || length > left || first > 0xf4)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((bytes[i] & 0xc0) != 0x80)
            return 0;
    if ((first == 0xe0 && bytes[1] < 0xa0) || (first == 0xed && bytes[1] > 0x9f) ||
        (first == 0xf0 && bytes[1] < 0x90) || (first == 0xf4 && bytes[1] > 0x8f))
        return 0;
    return length;
}

size_t utf8_step(const unsigned char *bytes, size_t left, bool *control)
{
    const size_t length = utf8_sequence(bytes, left);
    if (length < 2)
        *control = bytes[0] < ' ' || (bytes[0] >= 0x7f && bytes[0] < 0xa0);
    else
        *control = bytes[0] == 0xc2 && bytes[1] < 0xa0;
    return length ? length : 1;
}

void utf8_print(FILE *out, const char *text)
{
    for (size_t left = strlen(text), step; left; left -= step, text += step) {
        bool control;
        step = utf8_step((const unsigned char *)text, left, &control);
        if (control && *text != '\n' && *text != '\t')
            fputc('?', out);
        else
            fwrite(text, 1, step, out);
    }
}
