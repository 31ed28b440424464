// See live.h.
#include "inspector/target/cpython/live.h"

#include "inspector/proc/process.h"
#include "inspector/target/cpython/cpython.h"
#include "inspector/target/gil_watch.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>

enum { PTHREAD_TID = 720, THREADS_SHOWN = 4096, IDS_KEPT = 64 };

// What has been found out, so that a look at the GIL costs no look at all threads.
struct cpy_live_ids {
    pid_t inner[IDS_KEPT], outer[IDS_KEPT];
    unsigned next;
};

static uint64_t word(const struct cpy_live *live, uint64_t address)
{
    uint64_t value = 0;
    error_destroy(mem_read_u64(live->mem, remote_at(address), &value));
    return value;
}

static uint64_t gil_of(const struct cpy_live *live, uint64_t interp)
{
    const struct cpy_layout *l = &live->runtime.layout;
    return layout_has(l->runtime_gil) ? live->runtime.address + l->runtime_gil
                                      : word(live, interp + l->interp_gil);
}

static struct error *find_gil(struct cpy_live *live)
{
    live->gil = gil_of(live, live->runtime.interp);
    return live->gil ? NULL
                     : error_create(ERROR_UNSUPPORTED, "the interpreter of process %d has no GIL",
                                    (int)live->pid);
}

struct error *cpy_live_init(struct cpy_live *live, pid_t pid)
{
    *live = (struct cpy_live){.pid = pid};
    maps_init(&live->maps);
    struct error *err = mem_live_create(pid, &live->mem);
    if (!err)
        err = maps_read(&live->maps, pid);
    if (!err)
        err = cpy_runtime_find(pid, &live->maps, live->mem, &live->runtime);
    if (!err)
        err = find_gil(live);
    const pid_t inner = process_inner_id(pid, pid);
    if (!err && inner && inner != pid && !(live->ids = calloc(1, sizeof *live->ids)))
        err = &error_no_memory;
    if (err)
        cpy_live_deinit(live);
    return err;
}

void cpy_live_deinit(struct cpy_live *live)
{
    mem_source_destroy(live->mem);
    maps_deinit(&live->maps);
    free(live->ids);
    *live = (struct cpy_live){0};
}

// ---- which GIL ----

// One interpreter for each GIL but the chosen one. The list has the newest first; the oldest of
// those that share a GIL is the one that others know.
static void add_others(struct gil_choice *choice, const struct u64_vec *gils,
                       const struct u64_vec *ids, uint64_t chosen)
{
    size_t used = 0;
    for (size_t i = gils->count; i-- > 0;) {
        bool known = gils->items[i] == chosen;
        for (size_t k = gils->count - 1; k > i && !known; k--)
            known = gils->items[k] == gils->items[i];
        if (known)
            continue;
        choice->count++;
        const int length = snprintf(choice->others + used, sizeof choice->others - used, "%s%llu",
                                    used ? ", " : "", (unsigned long long)ids->items[i]);
        if (length > 0 && used + (size_t)length < sizeof choice->others)
            used += (size_t)length;
        choice->others[used] = 0;
    }
}

static struct error *read_gils(const struct cpy_live *live, struct u64_vec *gils,
                               struct u64_vec *ids)
{
    const struct cpy_layout *l = &live->runtime.layout;
    uint64_t interp = word(live, live->runtime.address + l->runtime_interpreters_head);
    while (interp && interp % 8 == 0 && gils->count < LIMIT_INTERPRETERS) {
        TRY(u64_vec_push(gils, gil_of(live, interp)));
        TRY(u64_vec_push(ids, word(live, interp + l->interp_id)));
        interp = word(live, interp + l->interp_next);
    }
    return NULL;
}

static struct error *choose(struct cpy_live *live, uint64_t interpreter, const struct u64_vec *gils,
                            const struct u64_vec *ids)
{
    for (size_t i = 0; i < ids->count; i++)
        if (ids->items[i] == interpreter && gils->items[i]) {
            live->gil = gils->items[i];
            return NULL;
        }
    return error_add_try(error_create(ERROR_NOT_FOUND, "process %d has no interpreter %llu",
                                      (int)live->pid, (unsigned long long)interpreter),
                         "--interpreter 0, the main one");
}

struct error *cpy_live_choose_gil(struct cpy_live *live, uint64_t interpreter,
                                  struct gil_choice *choice)
{
    struct u64_vec gils = {0}, ids = {0};
    struct error *err = read_gils(live, &gils, &ids);
    if (!err)
        err = choose(live, interpreter, &gils, &ids);
    if (!err && choice) {
        *choice = (struct gil_choice){.count = 1};
        add_others(choice, &gils, &ids, live->gil);
    }
    u64_vec_deinit(&gils);
    u64_vec_deinit(&ids);
    return err;
}

// ---- ids of threads ----

static pid_t outer_id(const struct cpy_live *live, pid_t inner)
{
    struct cpy_live_ids *ids = live->ids;
    if (!ids || !inner)
        return inner;
    for (unsigned i = 0; i < IDS_KEPT; i++)
        if (ids->inner[i] == inner)
            return ids->outer[i];
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task", (int)live->pid);
    DIR *dir = opendir(path);
    pid_t found = 0;
    const struct dirent *entry;
    while (dir && !found && (entry = readdir(dir)))
        if (isdigit((unsigned char)entry->d_name[0]) &&
            process_inner_id(live->pid, atoi(entry->d_name)) == inner)
            found = atoi(entry->d_name);
    if (dir)
        closedir(dir);
    if (found) {
        ids->inner[ids->next % IDS_KEPT] = inner;
        ids->outer[ids->next++ % IDS_KEPT] = found;
    }
    return found;
}

pid_t cpy_live_tid(const struct cpy_live *live, uint64_t tstate)
{
    const struct cpy_layout *l = &live->runtime.layout;
    uint32_t tid = 0;
    if (layout_has(l->tstate_native_thread_id))
        return outer_id(live, (pid_t)word(live, tstate + l->tstate_native_thread_id));
    const uint64_t ident = word(live, tstate + l->tstate_thread_id);
    error_destroy(mem_read_u32(live->mem, remote_at(ident + PTHREAD_TID), &tid));
    return outer_id(live, (pid_t)tid);
}

// ---- names: by the functions for captures, over something that looks like one ----

static struct error *list_threads(struct capture *capture)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task", (int)capture->pid);
    DIR *dir = opendir(path);
    if (!dir)
        return error_create(ERROR_GONE, "process %d has ended", (int)capture->pid);
    const struct dirent *entry;
    while ((entry = readdir(dir)) && capture->thread_count < THREADS_SHOWN) {
        if (!isdigit((unsigned char)entry->d_name[0]))
            continue;
        struct capture_thread *thread = &capture->threads[capture->thread_count++];
        thread->tid = atoi(entry->d_name);
        char name[96];
        snprintf(name, sizeof name, "/proc/%d/task/%d/comm", (int)capture->pid, (int)thread->tid);
        FILE *file = fopen(name, "re");
        if (file && fscanf(file, "%15[^\n]", thread->name) != 1)
            thread->name[0] = 0;
        if (file)
            fclose(file);
    }
    closedir(dir);
    capture_read_inner_ids(capture);
    return NULL;
}

static struct error *add_thread(struct cpy *cpy, uint64_t tstate, const unsigned char *bytes,
                                uint64_t gil, struct cpy_live_thread_vec *ret)
{
    struct cpy_live_thread thread = {
        .tstate = tstate, .gil = gil, .tid = (pid_t)cpy_thread_id(cpy, bytes)};
    struct strbuf name;
    strbuf_init(&name);
    cpy_thread_name(cpy, bytes, &name);
    snprintf(thread.name, sizeof thread.name, "%s", strbuf_text(&name));
    strbuf_deinit(&name);
    return cpy_live_thread_vec_push(ret, thread);
}

static struct error *read_threads(struct cpy *cpy, struct cpy_live_thread_vec *ret)
{
    unsigned char bytes[TSTATE_BYTES];
    for (uint64_t interp = 0; cpy_next_interp(cpy, &interp) && ret->count < THREADS_SHOWN;) {
        uint64_t tstate = 0;
        reader_u64(&cpy->mem, interp + cpy->l->interp_threads, &tstate);
        while (tstate && tstate % 8 == 0 && ret->count < THREADS_SHOWN &&
               reader_read(&cpy->mem, tstate, bytes, cpy->l->size_of_tstate) &&
               word_at(bytes, cpy->l->tstate_interp) == interp) {
            TRY(add_thread(cpy, tstate, bytes, cpy_gil(cpy, interp), ret));
            tstate = word_at(bytes, cpy->l->tstate_next);
        }
    }
    return NULL;
}

static struct capture as_capture(const struct cpy_live *live)
{
    return (struct capture){.pid = live->pid, .mem = live->mem, .maps = live->maps};
}

struct error *cpy_live_threads(const struct cpy_live *live, struct cpy_live_thread_vec *ret)
{
    _cleanup_(snapshot_builder_destroy_at) struct snapshot_builder *names = NULL;
    struct capture seen = as_capture(live);
    struct cpy cpy;
    TRY(snapshot_builder_create(&names));
    seen.threads = calloc(THREADS_SHOWN, sizeof *seen.threads);
    if (!seen.threads)
        return &error_no_memory;
    ret->count = 0;
    struct error *err = list_threads(&seen);
    if (!err) {
        err = cpy_init(&cpy, names, &live->runtime, &seen);
        if (!err)
            err = cpy_types_init(&cpy);
        if (!err)
            err = read_threads(&cpy, ret);
        cpy_deinit(&cpy);
    }
    free(seen.threads);
    return err;
}

// ---- one object ----

static struct error *look(struct cpy *cpy, uint64_t address, struct target_object *ret)
{
    unsigned char header[16];
    struct strbuf text;
    if (address % 8 || !reader_read(&cpy->mem, address, header, sizeof header) ||
        !cpy_header_is_sane(cpy, header))
        return error_add_try(error_create(ERROR_NOT_FOUND, "process %d has no object at 0x%llx",
                                          (int)cpy->capture->pid, (unsigned long long)address),
                             "what id() says, or an address of brille types, show or leaks");
    const uint32_t count = half_at(header, OBJECT_REFCNT);
    *ret = (struct target_object){
        .count_address = address + OBJECT_REFCNT,
        .refcount = count,
        .immortal = cpy->rt.minor >= 12 && count >> 31,
    };
    snprintf(ret->type, sizeof ret->type, "%s",
             cpy_type_get(cpy, word_at(header, OBJECT_TYPE))->name);
    strbuf_init(&text);
    cpy_add_repr(cpy, address, 1, &text);
    snprintf(ret->label, sizeof ret->label, "%s", strbuf_text(&text));
    strbuf_deinit(&text);
    return NULL;
}

struct error *cpython_object_at(pid_t pid, uint64_t address, struct target_object *ret)
{
    _cleanup_(snapshot_builder_destroy_at) struct snapshot_builder *names = NULL;
    struct cpy_live live;
    struct cpy cpy;
    TRY(snapshot_builder_create(&names));
    TRY(cpy_live_init(&live, pid));
    const struct capture seen = as_capture(&live);
    struct error *err = cpy_init(&cpy, names, &live.runtime, &seen);
    if (!err)
        err = cpy_types_init(&cpy);
    if (!err)
        err = look(&cpy, address, ret);
    cpy_deinit(&cpy);
    cpy_live_deinit(&live);
    return err;
}

// ---- waiting ----

// "202 0x7f55c7fe1a64 0x189 ...": the system call that a thread is in, and its first argument.
bool cpy_live_is_waiting(const struct cpy_live *live, pid_t tid)
{
    const struct cpy_layout *l = &live->runtime.layout;
    char path[64];
    long number = -1;
    unsigned long long argument = 0;
    snprintf(path, sizeof path, "/proc/%d/task/%d/syscall", (int)live->pid, (int)tid);
    FILE *file = fopen(path, "re");
    const bool read = file && fscanf(file, "%ld %llx", &number, &argument) == 2;
    if (file)
        fclose(file);
    return read && number == SYS_futex && argument >= live->gil + l->gil_cond &&
           argument < live->gil + l->size_of_gil;
}
