#include "inspector/proc/process.h"

#include "inspector/base/clock.h"
#include "inspector/proc/maps.h"
#include "inspector/proc/refusal.h"
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    PROCESS_FILE_LIMIT = 1 << 16,
    ACCESS_TRIES = 5,
    ACCESS_RETRY_MS = 2,
};

struct error *process_parse_pid(const char *text, pid_t *ret)
{
    char *end;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (!isdigit((unsigned char)text[0]) || *end || errno || value <= 0 || value > INT32_MAX)
        return error_add_try(error_create(ERROR_USAGE, "'%s' is not a process id", text),
                             "brille ps");
    *ret = (pid_t)value;
    return NULL;
}

static struct error *process_gone(pid_t pid)
{
    return error_add_try(error_create(ERROR_GONE, "there is no process %d", (int)pid), "brille ps");
}

static void process_set_name(struct process *process, const char *begin, const char *end)
{
    size_t length = 0;
    for (; begin < end && length < sizeof process->name - 1; begin++)
        process->name[length++] = (char)(isprint((unsigned char)*begin) ? *begin : '?');
    process->name[length] = 0;
}

// "48213 (a (b) c) S 1 ..." - the name is in parentheses and may contain anything, so the last ')'
// ends it.
static bool process_parse_stat(struct process *process, const char *text)
{
    const char *open = strchr(text, '(');
    const char *close = strrchr(text, ')');
    if (!open || !close || close < open)
        return false;
    process_set_name(process, open + 1, close);
    int parent;
    unsigned flags;
    long threads, rss_pages;
    unsigned long long start;
    int found = sscanf(close + 1,
                       " %c %d %*d %*d %*d %*d %u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %ld %*d"
                       " %llu %*u %ld",
                       &process->state, &parent, &flags, &threads, &start, &rss_pages);
    if (found != 6)
        return false;
    enum { PF_KTHREAD = 0x00200000 };
    process->parent = parent;
    process->kernel_thread = flags & PF_KTHREAD;
    process->thread_count = threads > 0 ? (uint32_t)threads : 0;
    process->start_ticks = start;
    process->rss_bytes = rss_pages > 0 ? (uint64_t)rss_pages * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
    return true;
}

// The number after "\nKey:", or the fallback.
static unsigned long status_number(const char *text, const char *key, unsigned long fallback)
{
    const char *line = strstr(text, key);
    return line ? strtoul(line + strlen(key), NULL, 10) : fallback;
}

static struct error *process_read_text(pid_t pid, const char *file, char **ret)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
    struct error *err = proc_read_file(path, PROCESS_FILE_LIMIT, ret, NULL);
    if (err && (err->code == ERROR_GONE || err->errnum == ESRCH)) {
        error_destroy(err);
        return process_gone(pid);
    }
    return err;
}

struct error *process_read(struct process *ret, pid_t pid)
{
    struct process process = {.pid = pid};
    _cleanup_free_ char *stat = NULL;
    _cleanup_free_ char *status = NULL;
    TRY(process_read_text(pid, "stat", &stat));
    TRY(process_read_text(pid, "status", &status));
    if (!process_parse_stat(&process, stat))
        return error_create(ERROR_FORMAT, "/proc/%d/stat makes no sense", (int)pid);
    if (status_number(status, "\nTgid:", (unsigned long)pid) != (unsigned long)pid)
        return error_add_try(error_create(ERROR_USAGE,
                                          "%d is a thread of process %lu, not a process", (int)pid,
                                          status_number(status, "\nTgid:", 0)),
                             "brille with the id %lu", status_number(status, "\nTgid:", 0));
    process.tracer = (pid_t)status_number(status, "\nTracerPid:", 0);
    process.seccomp = (unsigned)status_number(status, "\nSeccomp:", 0);
    const char *uids = strstr(status, "\nUid:");
    unsigned effective = 0;
    if (!uids || sscanf(uids + 5, " %*u %u", &effective) != 1)
        return error_create(ERROR_FORMAT, "/proc/%d/status makes no sense", (int)pid);
    process.uid = effective;
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/exe", (int)pid);
    ssize_t length = readlink(path, process.exe, sizeof process.exe - 1);
    process.exe[length > 0 ? length : 0] = 0;
    *ret = process;
    return NULL;
}

struct error *process_list(struct process_vec *ret)
{
    DIR *dir = opendir("/proc");
    if (!dir)
        return error_create_errno(errno, "cannot list /proc");
    struct error *err = NULL;
    const struct dirent *entry;
    while (!err && (entry = readdir(dir))) {
        if (!isdigit((unsigned char)entry->d_name[0]))
            continue;
        struct process process;
        struct error *unreadable = process_read(&process, (pid_t)atoi(entry->d_name));
        if (!unreadable && !process.kernel_thread)
            err = process_vec_push(ret, process);
        error_destroy(unreadable);
    }
    closedir(dir);
    return err;
}

static bool is_dead(const struct process *process)
{
    return process->state == 'Z' || process->state == 'X';
}

bool process_still_there(pid_t pid, uint64_t start_ticks)
{
    struct process process;
    _cleanup_error_ struct error *err = process_read(&process, pid);
    return !err && process.start_ticks == start_ticks && !is_dead(&process);
}

bool process_has_ended(pid_t pid)
{
    struct process process;
    _cleanup_free_ char *stat = NULL;
    _cleanup_error_ struct error *err = process_read_text(pid, "stat", &stat);
    if (err)
        return err->code == ERROR_GONE;
    return process_parse_stat(&process, stat) && is_dead(&process);
}

// Where the kernel has put code, stack, arguments and environment: fields 26, 28, 48 and 50 of
// /proc/PID/stat. They are drawn by lot for each program.
uint64_t process_program(pid_t pid)
{
    _cleanup_free_ char *stat = NULL;
    _cleanup_error_ struct error *err = process_read_text(pid, "stat", &stat);
    const char *at = err ? NULL : strrchr(stat, ')');
    uint64_t sum = 0;
    for (unsigned field = 2; at && field < 50; field++) {
        at = strchr(at + 1, ' ');
        if (at && (field + 1 == 26 || field + 1 == 28 || field + 1 == 48 || field + 1 == 50))
            sum = (sum ^ strtoull(at, NULL, 10)) * 0x9e3779b97f4a7c15ull;
    }
    return sum;
}

pid_t process_inner_id(pid_t pid, pid_t tid)
{
    char file[32];
    _cleanup_free_ char *text = NULL;
    snprintf(file, sizeof file, "task/%d/status", (int)tid);
    _cleanup_error_ struct error *err = process_read_text(pid, file, &text);
    const char *line = err ? NULL : strstr(text, "\nNSpid:");
    if (!line)
        return err ? 0 : tid; // a kernel that does not say
    line += strlen("\nNSpid:");
    pid_t inner = 0;
    for (char *end; *line != '\n' && *line; line = end) {
        const long value = strtol(line, &end, 10);
        if (end == line)
            break;
        inner = (pid_t)value;
    }
    return inner;
}

struct process_label process_label(const struct process *process)
{
    struct process_label label;
    snprintf(label.text, sizeof label.text, "process %d (%s)", (int)process->pid, process->name);
    return label;
}

static bool is_keeper(const struct process *process)
{
    return strcmp(process->name, PROCESS_KEEPER_NAME) == 0;
}

static bool has_keeper(const struct process *process)
{
    struct process tracer;
    _cleanup_error_ struct error *err =
        process->tracer ? process_read(&tracer, process->tracer) : NULL;
    return process->tracer && !err && is_keeper(&tracer);
}

bool process_is_captured(pid_t pid)
{
    struct process process;
    _cleanup_error_ struct error *err = process_read(&process, pid);
    return !err && has_keeper(&process);
}

static struct error *process_traced_by(const struct process *process)
{
    struct process tracer;
    _cleanup_error_ struct error *unknown = process_read(&tracer, process->tracer);
    if (!unknown && is_keeper(&tracer))
        return error_add_try(error_create(ERROR_BUSY, "%s is being captured by another brille",
                                          process_label(process).text),
                             "the same again in a moment");
    struct error *err =
        unknown ? error_create(ERROR_BUSY, "%s is being traced by process %d",
                               process_label(process).text, (int)process->tracer)
                : error_create(ERROR_BUSY, "%s is being traced by %s", process_label(process).text,
                               process_label(&tracer).text);
    error_add_why(err,
                  "a process can have one tracer at a time (debugger, strace, another brille)");
    return error_add_try(err, "detach or end process %d first", (int)process->tracer);
}

static bool is_ours(pid_t pid)
{
    char path[64];
    struct stat about;
    snprintf(path, sizeof path, "/proc/%d", (int)pid);
    return geteuid() == 0 || (stat(path, &about) == 0 && about.st_uid == geteuid());
}

int process_open_mem(pid_t pid, int flags)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/mem", (int)pid);
    for (int i = 1;; i++) {
        const int fd = open(path, flags | O_CLOEXEC);
        if (fd >= 0)
            return fd;
        const int errnum = errno;
        if ((errnum != EPERM && errnum != EACCES) || i == ACCESS_TRIES || !is_ours(pid))
            return -errnum;
        clock_sleep_ns(ACCESS_RETRY_MS * CLOCK_NS_PER_MS);
    }
}

struct error *process_check_access(const struct process *process, const char *verb)
{
    if (is_dead(process))
        return error_add_why(error_create(ERROR_GONE, "%s has ended", process_label(process).text),
                             "it is a zombie: process %d, its parent, has not collected it",
                             (int)process->parent);
    if (process->kernel_thread)
        return error_create(ERROR_UNSUPPORTED, "%s is a kernel thread",
                            process_label(process).text);
    // Another capture lets go by itself, and may have done so since the process was read.
    struct process now = *process;
    if (process->tracer && !has_keeper(process))
        TRY(process_read(&now, process->pid));
    if (now.tracer && !has_keeper(&now))
        return process_traced_by(&now);
    int fd = process_open_mem(process->pid, O_RDONLY);
    if (fd < 0)
        return process_refused(process->pid, -fd, verb);
    close(fd);
    return NULL;
}

struct error *process_refused(pid_t pid, int errnum, const char *verb)
{
    struct process process;
    TRY(process_read(&process, pid));
    if (is_dead(&process) || errnum == ESRCH || errnum == ENOENT)
        return error_create(ERROR_GONE, "%s has ended", process_label(&process).text);
    if (process.tracer)
        return process_traced_by(&process);
    if (errnum == EPERM || errnum == EACCES)
        return refusal_explain(&process, verb);
    return error_create_errno(errnum, "cannot read %s", process_label(&process).text);
}
