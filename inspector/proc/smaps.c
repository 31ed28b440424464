// A line with "begin-end" begins a row, lines "Name:   n kB" fill it; all others are skipped.
#include "inspector/proc/smaps.h"

#include "inspector/proc/maps.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void read_value(const char *line, struct smap *row)
{
    static const struct {
        const char *name;
        size_t offset;
    } fields[] = {
        {"Rss:", offsetof(struct smap, resident_bytes)},
        {"Anonymous:", offsetof(struct smap, anonymous_bytes)},
        {"AnonHugePages:", offsetof(struct smap, huge_bytes)},
        {"Swap:", offsetof(struct smap, away_bytes)},
        {"Private_Hugetlb:", offsetof(struct smap, away_bytes)},
    };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        const size_t length = strlen(fields[i].name);
        if (strncmp(line, fields[i].name, length) != 0)
            continue;
        uint64_t bytes;
        char *field = (char *)row + fields[i].offset;
        memcpy(&bytes, field, sizeof bytes);
        bytes += strtoull(line + length, NULL, 10) * 1024;
        memcpy(field, &bytes, sizeof bytes);
        return;
    }
}

static struct error *read_line(const char *line, struct smap_vec *ret)
{
    uint64_t begin, end;
    struct smap *last = smap_vec_last(ret);
    if ((*line >= 'A' && *line <= 'Z') ||
        sscanf(line, "%" SCNx64 "-%" SCNx64 " ", &begin, &end) != 2) {
        if (last)
            read_value(line, last);
        return NULL;
    }
    // Sorted, whatever a process did that mapped and unmapped meanwhile.
    if (end <= begin || (last && begin < last->end) || ret->count >= MAPS_LIMIT)
        return NULL;
    return smap_vec_push(ret, (struct smap){.begin = begin, .end = end});
}

struct error *smaps_read(pid_t pid, struct smap_vec *ret)
{
    char path[64];
    char *line = NULL;
    size_t room = 0;
    struct error *err = NULL;
    snprintf(path, sizeof path, "/proc/%d/smaps", (int)pid);
    FILE *file = fopen(path, "re");
    if (!file)
        return NULL;
    while (!err && getline(&line, &room, file) >= 0)
        err = read_line(line, ret);
    free(line);
    fclose(file);
    return err;
}

const struct smap *smaps_find(const struct smap_vec *smaps, uint64_t begin)
{
    size_t low = 0, high = smaps->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (smaps->items[middle].begin < begin)
            low = middle + 1;
        else
            high = middle;
    }
    return low < smaps->count && smaps->items[low].begin == begin ? &smaps->items[low] : NULL;
}
