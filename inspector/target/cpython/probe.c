// Recognising a CPython, without stopping it: by the runtime in one of its files, or, where those
// may not be looked at, by the name of its program.
#include "inspector/target/cpython/cpython.h"

#include "inspector/base/clock.h"
#include "inspector/proc/process.h"

#include <ctype.h>
#include <stdio.h>
#include <unistd.h>

enum { LOOKS = 4, LOOK_AGAIN_NS = 20 * CLOCK_NS_PER_MS };

// The program's file, or, where its link may not be read, the first word of its command line.
static bool is_named_python(pid_t pid)
{
    char path[64], name[4096];
    snprintf(path, sizeof path, "/proc/%d/exe", (int)pid);
    ssize_t length = readlink(path, name, sizeof name - 1);
    if (length <= 0) {
        snprintf(path, sizeof path, "/proc/%d/cmdline", (int)pid);
        FILE *file = fopen(path, "re");
        length = file ? (ssize_t)fread(name, 1, sizeof name - 1, file) : 0;
        if (file)
            fclose(file);
    }
    if (length <= 0)
        return false;
    name[length] = 0;
    const char *slash = strrchr(name, '/');
    const char *base = slash ? slash + 1 : name;
    return strncmp(base, "python", 6) == 0 &&
           (!base[6] || isdigit((unsigned char)base[6]) || base[6] == ' ');
}

static struct error *look(pid_t pid, struct cpy_runtime *ret, size_t *map_count)
{
    struct maps maps;
    _cleanup_mem_source_ struct mem_source *mem = NULL;
    TRY(mem_live_create(pid, &mem));
    maps_init(&maps);
    struct error *err = maps_read(&maps, pid);
    *map_count = maps.list.count;
    if (!err)
        err = cpy_runtime_find(pid, &maps, mem, ret);
    maps_deinit(&maps);
    return err;
}

// A Python without a runtime may have lost its symbols, or be so young that its libpython has not
// been mapped yet: then there is soon more of it.
struct error *cpy_runtime_of(pid_t pid, struct cpy_runtime *ret)
{
    size_t count, first = 0;
    struct error *err = look(pid, ret, &first);
    for (unsigned i = 0; i < LOOKS && err && err->code == ERROR_UNSUPPORTED && !ret->address; i++) {
        clock_sleep_ns(LOOK_AGAIN_NS);
        error_destroy(err);
        err = look(pid, ret, &count);
        if (err && err->code == ERROR_UNSUPPORTED && !ret->address && count != first) {
            error_destroy(err);
            return error_create(ERROR_UNSUPPORTED, "the interpreter is just starting or ending");
        }
    }
    return err;
}

static struct error *check_access(pid_t pid)
{
    struct process about;
    TRY(process_read(&about, pid));
    return process_check_access(&about, "dump");
}

bool cpython_probe(pid_t pid, struct target_process *process)
{
    struct cpy_runtime runtime = {0};
    _cleanup_error_ struct error *refused = check_access(pid);
    _cleanup_error_ struct error *err = refused ? NULL : cpy_runtime_of(pid, &runtime);
    if (refused ? !is_named_python(pid) : err && !*runtime.path)
        return false;
    snprintf(process->runtime, sizeof process->runtime, "cpython");
    snprintf(process->version, sizeof process->version, "%s", runtime.version);
    process->readable = !refused && !err;
    const struct error *why = refused ? refused : err;
    if (why)
        snprintf(process->why, sizeof process->why, "%s",
                 why->why && why->code != ERROR_PERMISSION ? why->why : why->message);
    return true;
}
