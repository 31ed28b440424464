/*
 * The front end as a program, for comparison with a CPython: reads one source file and prints its
 * tree as ast.dump() does, or its syntax error as one line
 *
 *   KIND|message|line|col|end_line|end_col
 *
 * with columns counted in bytes from 0. Options: -a adds positions to the tree, -e parses one
 * expression, -s one interactive statement, -q prints nothing for a correct file, -t N parses N
 * times and prints the lines per second.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "vm/front/arena.h"
#include "vm/front/ast_dump.h"
#include "vm/front/parser.h"

static char *read_file(const char *path, size_t *len)
{
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
    if (file == NULL) {
        return NULL;
    }
    size_t capacity = 1 << 16;
    char *bytes = malloc(capacity);
    size_t n = 0;
    for (size_t got; bytes != NULL && (got = fread(bytes + n, 1, capacity - n, file)) > 0;) {
        n += got;
        if (n == capacity) {
            capacity *= 2;
            bytes = realloc(bytes, capacity);
        }
    }
    *len = n;
    if (file != stdin) {
        fclose(file);
    }
    return bytes;
}

static void print_error(const struct syntax_error *err)
{
    static const char *const kinds[] = {
        [SYNTAX_ERROR] = "SyntaxError",        [SYNTAX_ERROR_INDENTATION] = "IndentationError",
        [SYNTAX_ERROR_TAB] = "TabError",       [SYNTAX_ERROR_UNICODE] = "SyntaxError",
        [SYNTAX_ERROR_MEMORY] = "MemoryError", [SYNTAX_ERROR_RECURSION] = "RecursionError",
    };
    printf("%s|%s|%u|%u|%u|%u\n", kinds[err->kind], err->msg, err->line, err->col, err->end_line,
           err->end_col);
}

static int time_parse(const char *path, const char *source, size_t len, int rounds)
{
    size_t lines = 0;
    for (size_t i = 0; i < len; i++) {
        lines += source[i] == '\n';
    }
    struct timespec a, b;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
    size_t bytes = 0;
    for (int i = 0; i < rounds; i++) {
        struct arena arena;
        struct ast_module *module;
        struct syntax_error err;
        arena_init(&arena);
        if (parse_module(&arena, path, source, len, PARSE_FILE, &module, &err) != 0) {
            print_error(&err);
            return 1;
        }
        bytes = arena.total_bytes;
        arena_deinit(&arena);
    }
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
    const double s = (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) / 1e9;
    printf("%.2f M lines/s, %.1f MB/s, arena %zu bytes for %zu of source\n",
           (double)lines * rounds / s / 1e6, (double)len * rounds / s / 1e6, bytes, len);
    return 0;
}

int main(int argc, char **argv)
{
    bool attributes = false;
    bool quiet = false;
    int rounds = 0;
    enum parse_mode mode = PARSE_FILE;
    int opt;
    while ((opt = getopt(argc, argv, "aesqt:")) != -1) {
        attributes |= opt == 'a';
        quiet |= opt == 'q';
        mode = opt == 'e' ? PARSE_EVAL : opt == 's' ? PARSE_SINGLE : mode;
        rounds = opt == 't' ? atoi(optarg) : rounds;
    }
    if (optind >= argc) {
        fprintf(stderr, "usage: front_dump [-aesq] [-t N] FILE...\n");
        return 2;
    }
    int status = 0;
    for (int i = optind; i < argc; i++) {
        size_t len = 0;
        char *source = read_file(argv[i], &len);
        if (source == NULL) {
            perror(argv[i]);
            return 2;
        }
        if (rounds > 0) {
            status |= time_parse(argv[i], source, len, rounds);
            free(source);
            continue;
        }
        struct arena arena;
        struct ast_module *module;
        struct syntax_error err;
        arena_init(&arena);
        if (parse_module(&arena, argv[i], source, len, mode, &module, &err) != 0) {
            print_error(&err);
            status = 1;
        } else if (!quiet) {
            ast_dump(module, attributes, stdout);
        }
        arena_deinit(&arena);
        free(source);
    }
    return status;
}
