#include "inspector/proc/maps.h"

#include "inspector/base/strbuf.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAPS_TEXT_LIMIT = 1 << 30 };

void maps_init(struct maps *maps)
{
    *maps = (struct maps){0};
    arena_init(&maps->names);
}

void maps_deinit(struct maps *maps)
{
    map_vec_deinit(&maps->list);
    arena_deinit(&maps->names);
}

// A cursor over one line; every step says whether it found what it wanted.
struct maps_cursor {
    const char *at;
    const char *end;
};

static bool cursor_number(struct maps_cursor *cursor, unsigned base, uint64_t *ret)
{
    uint64_t value = 0;
    const char *begin = cursor->at;
    for (; cursor->at < cursor->end; cursor->at++) {
        char c = *cursor->at;
        unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                         : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
                                                : 99;
        if (digit >= base)
            break;
        if (value > (UINT64_MAX - digit) / base)
            return false;
        value = value * base + digit;
    }
    *ret = value;
    return cursor->at > begin;
}

static bool cursor_char(struct maps_cursor *cursor, char c)
{
    if (cursor->at == cursor->end || *cursor->at != c)
        return false;
    cursor->at++;
    return true;
}

static bool cursor_flag(struct maps_cursor *cursor, char yes, char no, bool *ret)
{
    *ret = cursor->at < cursor->end && *cursor->at == yes;
    return cursor_char(cursor, *ret ? yes : no);
}

// 7f0c8d5e6000-7f0c8d608000 r--p 00022000 fe:01 393463                     /usr/lib/libc.so.6
static bool map_parse_fields(struct maps_cursor *cursor, struct map *map)
{
    uint64_t device_major, device_minor;
    bool parsed = cursor_number(cursor, 16, &map->begin) && cursor_char(cursor, '-') &&
                  cursor_number(cursor, 16, &map->end) && cursor_char(cursor, ' ') &&
                  cursor_flag(cursor, 'r', '-', &map->readable) &&
                  cursor_flag(cursor, 'w', '-', &map->writable) &&
                  cursor_flag(cursor, 'x', '-', &map->executable) &&
                  cursor_flag(cursor, 's', 'p', &map->shared) && cursor_char(cursor, ' ') &&
                  cursor_number(cursor, 16, &map->offset) && cursor_char(cursor, ' ') &&
                  cursor_number(cursor, 16, &device_major) && cursor_char(cursor, ':') &&
                  cursor_number(cursor, 16, &device_minor) && cursor_char(cursor, ' ') &&
                  cursor_number(cursor, 10, &map->inode) && map->begin < map->end &&
                  device_major <= UINT32_MAX && device_minor <= UINT32_MAX;
    if (!parsed)
        return false;
    map->device_major = (uint32_t)device_major;
    map->device_minor = (uint32_t)device_minor;
    while (cursor_char(cursor, ' '))
        ;
    return true;
}

static struct error *maps_parse_line(struct maps *maps, const char *line, size_t length)
{
    struct map map = {0};
    struct maps_cursor cursor = {.at = line, .end = line + length};
    if (!map_parse_fields(&cursor, &map))
        return error_create(ERROR_FORMAT, "a line of /proc/PID/maps makes no sense: \"%.*s\"",
                            (int)(length < 60 ? length : 60), line);
    const struct map *previous = map_vec_last(&maps->list);
    // A process that maps and unmaps while its list is read can appear with overlapping lines: the
    // later line is cut, so that the result is sorted whatever was read.
    if (previous && previous->end > map.begin) {
        if (map.end <= previous->end)
            return NULL;
        map.offset += previous->end - map.begin;
        map.begin = previous->end;
    }
    if (maps->list.count == MAPS_LIMIT)
        return error_create(ERROR_LIMIT, "the process has more than %d mappings", MAPS_LIMIT);
    static const char deleted[] = " (deleted)";
    size_t name_length = (size_t)(cursor.end - cursor.at);
    if (name_length >= sizeof deleted - 1 &&
        memcmp(cursor.end - (sizeof deleted - 1), deleted, sizeof deleted - 1) == 0) {
        map.deleted = true;
        name_length -= sizeof deleted - 1;
    }
    // Neighbouring mappings usually share their path: keep one copy.
    if (previous && strlen(previous->path) == name_length &&
        memcmp(previous->path, cursor.at, name_length) == 0)
        map.path = previous->path;
    else
        map.path = arena_strndup(&maps->names, cursor.at, name_length);
    return map.path ? map_vec_push(&maps->list, map) : &error_no_memory;
}

struct error *maps_parse(struct maps *maps, const char *text, size_t length)
{
    const char *end = text + length;
    while (text < end) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        const char *line_end = newline ? newline : end;
        TRY(maps_parse_line(maps, text, (size_t)(line_end - text)));
        text = newline ? newline + 1 : end;
    }
    return NULL;
}

struct error *proc_read_file(const char *path, size_t limit, char **ret, size_t *length)
{
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_create_errno(errno == ENOENT ? ESRCH : errno, "cannot open %s", path);
    struct strbuf text;
    strbuf_init(&text);
    char part[16384];
    ssize_t got;
    while ((got = read(fd, part, sizeof part)) > 0 || (got < 0 && errno == EINTR)) {
        if (got > 0)
            strbuf_add_bytes(&text, part, (size_t)got);
        if (text.length > limit || text.failed)
            break;
    }
    struct error *err = NULL;
    if (got < 0)
        err = error_create_errno(errno, "cannot read %s", path);
    else if (text.length > limit)
        err = error_create(ERROR_LIMIT, "%s is longer than %zu bytes", path, limit);
    if (err) {
        strbuf_deinit(&text);
        return err;
    }
    size_t total = text.length;
    char *taken = strbuf_take(&text);
    if (!taken)
        return &error_no_memory;
    *ret = taken;
    if (length)
        *length = total;
    return NULL;
}

struct error *maps_read(struct maps *maps, pid_t pid)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
    _cleanup_free_ char *text = NULL;
    size_t length;
    TRY(proc_read_file(path, MAPS_TEXT_LIMIT, &text, &length));
    return maps_parse(maps, text, length);
}

const struct map *maps_find(const struct maps *maps, uint64_t address)
{
    size_t low = 0, high = maps->list.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct map *map = &maps->list.items[middle];
        if (address < map->begin)
            high = middle;
        else if (address >= map->end)
            low = middle + 1;
        else
            return map;
    }
    return NULL;
}

const struct map *maps_first_of_file(const struct maps *maps, const struct map *map)
{
    for (size_t i = 0; i < maps->list.count; i++) {
        const struct map *other = &maps->list.items[i];
        if (other->inode == map->inode && other->device_major == map->device_major &&
            other->device_minor == map->device_minor && strcmp(other->path, map->path) == 0)
            return other;
    }
    return NULL;
}

const struct map *maps_find_path(const struct maps *maps, const char *path)
{
    for (size_t i = 0; i < maps->list.count; i++)
        if (strcmp(maps->list.items[i].path, path) == 0)
            return &maps->list.items[i];
    return NULL;
}
