/* Source lines for tracebacks, and the carets under them.
 *
 * The file is opened anew for each line: tracebacks are rare, and the file may have changed. A
 * name that does not open is looked for along sys.path, as CPython does for modules whose
 * __file__ is relative.
 *
 * Carets. An instruction knows the range of columns (bytes) it was compiled from. Below it stand
 * carets; for a binary operation and a subscript the range is parsed again, and the operator or
 * the brackets get carets while the operands get tildes. A range that spans the whole line says
 * nothing and is left out, unless it is divided in that way. This mirrors what CPython 3.11
 * prints, including that an operand in parentheses makes it point at the closing one.
 */
#include "vm/runtime/source_lines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vm/front/parser.h"
#include "vm/object/dict.h"
#include "vm/object/list.h"
#include "vm/runtime/error.h"

/* ---- reading -----------------------------------------------------------------------------------
 */

static FILE *open_along_path(const char *filename)
{
    FILE *f = fopen(filename, "rb");
    if (f || !py_runtime.sys_dict || filename[0] == '/' || filename[0] == '<')
        return f;
    struct py_object *path = py_dict_get_cstr(py_runtime.sys_dict, "path");
    if (!path || !py_list_check(path))
        return NULL;
    const char *slash = strrchr(filename, '/');
    const char *tail = slash ? slash + 1 : filename;
    struct py_list *list = (struct py_list *)path;
    for (int64_t i = 0; i < list->base.size && !f; i++) {
        if (!py_str_check(list->items[i]))
            continue;
        const char *folder = py_str_utf8((struct py_str *)list->items[i], NULL);
        char *full = NULL;
        if (folder && asprintf(&full, "%s/%s", folder, tail) >= 0) {
            f = fopen(full, "rb");
            free(full);
        }
    }
    return f;
}

static void measure(struct source_line *line)
{
    while (line->length &&
           (line->text[line->length - 1] == '\n' || line->text[line->length - 1] == '\r'))
        line->text[--line->length] = '\0';
    line->indent = strspn(line->text, " \t\f");
}

bool source_line_read(struct source_line *line, struct py_str *filename, int32_t number)
{
    const char *name = filename ? py_str_utf8(filename, NULL) : NULL;
    if (!name)
        py_error_clear();
    FILE *f = name && number > 0 ? open_along_path(name) : NULL;
    if (!f)
        return false;
    *line = (struct source_line){.text = NULL};
    size_t capacity = 0;
    ssize_t n = -1;
    for (int32_t i = 0; i < number; i++)
        if ((n = getline(&line->text, &capacity, f)) < 0)
            break;
    fclose(f);
    if (n < 0) {
        free(line->text);
        return false;
    }
    line->length = (size_t)n;
    if (number == 1 && n >= 3 && memcmp(line->text, "\xef\xbb\xbf", 3) == 0) {
        memmove(line->text, line->text + 3, line->length - 2);
        line->length -= 3;
    }
    measure(line);
    return true;
}

bool source_line_from_text(struct source_line *line, struct py_str *text)
{
    size_t n = 0;
    const char *s = py_str_utf8(text, &n);
    if (!s) {
        py_error_clear();
        return false;
    }
    while (n && s[n - 1] == '\n')
        n--;
    *line = (struct source_line){.text = strndup(s, n), .length = n};
    if (!line->text)
        return false;
    measure(line);
    return true;
}

void source_line_deinit(struct source_line *line)
{
    free(line->text);
}

/* ---- carets ------------------------------------------------------------------------------------
 */

static size_t count_chars(const char *s, size_t bytes)
{
    size_t n = 0;
    for (size_t i = 0; i < bytes && s[i]; i++)
        n += ((unsigned char)s[i] & 0xc0) != 0x80;
    return n;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\f';
}

/* Byte range of the operator within a segment of source; false if it has none. */
static bool anchors_of_expr(const struct ast_expr *e, const char *segment, size_t *left,
                            size_t *right)
{
    if (e->kind == AST_EXPR_SUBSCRIPT) {
        *left = e->subscript.value->pos.end_col;
        *right = e->subscript.index->pos.end_col + 1;
        return true;
    }
    if (e->kind != AST_EXPR_BINOP)
        return false;
    const size_t end = e->binop.right->pos.col;
    for (size_t i = e->binop.left->pos.end_col; i < end; i++) {
        if (is_blank(segment[i]))
            continue;
        *left = i;
        *right = i + 1;
        if (i + 1 < end && !is_blank(segment[i + 1]))
            ++*right;
        return true;
    }
    return false;
}

static bool find_anchors(const char *segment, size_t length, size_t *left, size_t *right)
{
    struct arena arena;
    struct ast_module *module = NULL;
    struct syntax_error ignored;
    bool found = false;
    arena_init(&arena);
    if (parse_module(&arena, "<traceback>", segment, length, PARSE_FILE, &module, &ignored) == 0 &&
        module->body.count == 1 && module->body.at[0]->kind == AST_STMT_EXPR)
        found = anchors_of_expr(module->body.at[0]->expr.value, segment, left, right);
    arena_deinit(&arena);
    return found;
}

void source_line_add_carets(struct text *t, const struct source_line *line,
                            const struct py_line_entry *position)
{
    const size_t start = position->col;
    size_t end = position->end_col, left = 0, right = 0;
    if (position->col == 0xffff || position->end_col == 0xffff || start > line->length)
        return;
    if (position->end_line != position->line)
        for (end = line->length; end > start && is_blank(line->text[end - 1]);)
            end--;
    if (end > line->length || end <= start || start < line->indent)
        return;
    const bool divided = find_anchors(line->text + start, end - start, &left, &right);
    size_t stripped_end = line->length;
    while (stripped_end > line->indent && is_blank(line->text[stripped_end - 1]))
        stripped_end--;
    if (!divided && end - start == stripped_end - line->indent)
        return;
    text_add(t, "    ");
    text_add_repeated(t, ' ', count_chars(line->text + line->indent, start - line->indent));
    const char *segment = line->text + start;
    if (!divided) {
        text_add_repeated(t, '^', count_chars(segment, end - start));
    } else {
        text_add_repeated(t, '~', count_chars(segment, left));
        text_add_repeated(t, '^', count_chars(segment + left, right - left));
        text_add_repeated(t, '~', count_chars(segment + right, end - start - right));
    }
    text_add(t, "\n");
}

void source_line_add_syntax_carets(struct text *t, const struct source_line *line, int64_t offset,
                                   int64_t end_offset)
{
    const int64_t indent = (int64_t)line->indent;
    const int64_t width = (int64_t)count_chars(line->text, line->length);
    if (offset < 1)
        return;
    if (offset > width + 1)
        offset = width + 1;
    if (end_offset > width + 1)
        end_offset = width + 1;
    if (end_offset <= offset)
        end_offset = offset + 1;
    const int64_t column = offset - 1 - indent;
    if (column < 0)
        return;
    text_add(t, "    ");
    /* White space of the line is repeated, so that tabs line up. */
    const char *s = line->text + line->indent;
    int64_t i = 0;
    for (; i < column && *s; s++) {
        if (((unsigned char)*s & 0xc0) == 0x80)
            continue;
        text_add_bytes(t, is_blank(*s) ? s : " ", 1);
        i++;
    }
    text_add_repeated(t, ' ', (size_t)(column - i));
    text_add_repeated(t, '^', (size_t)(end_offset - offset));
    text_add(t, "\n");
}
