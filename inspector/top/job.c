// See job.h.
//
// The child is forked, not executed: it needs nothing that is not here. It shares the control page
// with the view and must not touch it, so it leaves by _exit. Killed in the middle of a capture it
// leaves the target as it was: that is what the keeper is for (capture/keeper.h).
#include "inspector/top/job.h"

#include "inspector/analysis/dominators.h"
#include "inspector/analysis/paths.h"
#include "inspector/base/format.h"
#include "inspector/model/heap_file.h"
#include "inspector/target/target.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TYPES_TOLD = 300, NICENESS = 10, TEXT_MOST = 1 << 20, HOLDER_PERCENT = 80 };

// ---- in the child ----

struct finding {
    struct snapshot *s;
    struct dominators *d;
    struct paths *p;
    FILE *out;
};

static void say_path(const struct finding *f, uint32_t object)
{
    struct path path;
    struct strbuf text;
    struct error *err = path_to(f->p, f->s, object, &path);
    if (err) {
        error_destroy(err);
        return;
    }
    strbuf_init(&text);
    if (!path_add_expression(f->s, &path, &text))
        path_add_text(f->s, &path, &text);
    for (const char *c = strbuf_text(&text); *c; c++)
        fputc(*c == '\t' || *c == '\n' ? ' ' : *c, f->out);
    strbuf_deinit(&text);
    path_deinit(&path);
}

static void say_type(const struct finding *f, uint32_t type)
{
    struct strbuf name;
    strbuf_init(&name);
    snapshot_add_type_name(f->s, type, &name);
    for (const char *c = strbuf_text(&name); *c; c++)
        fputc(*c == '\t' || *c == '\n' ? ' ' : *c, f->out);
    strbuf_deinit(&name);
}

// From the top of the tree down, as long as one child has nearly everything: there it branches.
static uint32_t find_holder(const struct finding *f)
{
    uint32_t object = DOMINATOR_ROOT, count;
    for (;;) {
        const uint32_t *children = dominators_children(f->d, object, &count);
        if (!count)
            return object;
        const uint64_t whole = object == DOMINATOR_ROOT ? 0 : f->d->retained[object];
        if (f->d->retained[children[0]] < whole / 100 * HOLDER_PERCENT)
            return object;
        object = children[0];
    }
}

static void say_holder(const struct finding *f)
{
    const uint32_t object = find_holder(f);
    if (object == DOMINATOR_ROOT)
        return;
    fprintf(f->out, "holder\t%llu\t%llu\t", (unsigned long long)f->d->retained[object],
            (unsigned long long)f->d->total_bytes);
    say_type(f, f->s->type[object]);
    fputc('\t', f->out);
    say_path(f, object);
    fputc('\n', f->out);
}

struct type_sum {
    uint32_t type, biggest;
    uint64_t count, bytes;
};

static int compare_sums(const void *a, const void *b)
{
    const struct type_sum *x = a, *y = b;
    return (x->bytes < y->bytes) - (x->bytes > y->bytes);
}

static struct error *say_types(const struct finding *f)
{
    struct snapshot *s = f->s;
    _cleanup_free_ struct type_sum *sums = calloc((size_t)s->type_count + 1, sizeof *sums);
    if (!sums)
        return &error_no_memory;
    for (uint32_t i = 0; i < s->type_count; i++)
        sums[i] = (struct type_sum){.type = i, .biggest = ORDINAL_NONE};
    for (uint32_t o = 0; o < s->object_count; o++) {
        struct type_sum *sum = &sums[s->type[o]];
        sum->count++;
        sum->bytes += snapshot_size(s, o);
        if (sum->biggest == ORDINAL_NONE || f->d->retained[o] > f->d->retained[sum->biggest])
            sum->biggest = o;
    }
    qsort(sums, s->type_count, sizeof *sums, compare_sums);
    for (uint32_t i = 0; i < s->type_count && i < TYPES_TOLD && sums[i].count; i++) {
        fprintf(f->out, "type\t%llu\t%llu\t%llu\t", (unsigned long long)sums[i].count,
                (unsigned long long)sums[i].bytes,
                (unsigned long long)f->d->retained[sums[i].biggest]);
        say_type(f, sums[i].type);
        fputc('\t', f->out);
        say_path(f, sums[i].biggest);
        fputc('\n', f->out);
    }
    return NULL;
}

static struct error *look_through(struct snapshot *s, FILE *out)
{
    _cleanup_(dominators_destroy_at) struct dominators *d = NULL;
    _cleanup_(paths_destroy_at) struct paths *p = NULL;
    TRY(snapshot_load(s, SNAPSHOT_COLUMNS | SNAPSHOT_EDGES));
    TRY(dominators_create(s, &d));
    TRY(paths_create(s, &p));
    const struct finding f = {s, d, p, out};
    say_holder(&f);
    return say_types(&f);
}

static struct error *dump(pid_t pid, const char *path, FILE *out)
{
    _cleanup_(snapshot_destroy_at) struct snapshot *s = NULL;
    const struct heap_options options = {.verb = "top"};
    uint64_t bytes = 0;
    TRY(target_capture(pid, &options, &s));
    TRY(heap_file_write(s, path, &bytes));
    fprintf(out, "dump\t%llu\t%llu\t%llu\n", (unsigned long long)s->info.pause_ns,
            (unsigned long long)s->object_count, (unsigned long long)bytes);
    return look_through(s, out);
}

// Nothing of it may appear on the terminal, and nobody's Ctrl-C is meant for it.
static void be_quiet(void)
{
    const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null >= 0) {
        dup2(null, STDIN_FILENO);
        dup2(null, STDOUT_FILENO);
        dup2(null, STDERR_FILENO);
    }
    setpgid(0, 0);
    setpriority(PRIO_PROCESS, 0, NICENESS);
}

static void work(pid_t pid, const char *path, int fd)
{
    be_quiet();
    FILE *out = fdopen(fd, "w");
    struct error *err = out ? dump(pid, path, out) : NULL;
    if (err)
        fprintf(out, "error\t%s%s%s\n", err->message, err->why ? ": " : "",
                err->why ? err->why : "");
    if (out)
        fflush(out);
    _exit(err != NULL);
}

// ---- in the view ----

void top_job_init(struct top_job *job)
{
    *job = (struct top_job){.fd = -1};
    strbuf_init(&job->text);
}

static void forget(struct top_job *job)
{
    if (job->child)
        waitpid(job->child, NULL, 0);
    if (job->fd >= 0)
        close(job->fd);
    job->child = 0;
    job->fd = -1;
    strbuf_clear(&job->text);
}

void top_job_destroy(struct top_job *job)
{
    if (job->child)
        kill(job->child, SIGKILL);
    forget(job);
    strbuf_deinit(&job->text);
}

static void name_file(pid_t pid, char *path, size_t size)
{
    char when[32] = "";
    struct tm broken;
    const time_t now = time(NULL);
    if (gmtime_r(&now, &broken))
        strftime(when, sizeof when, "%Y%m%d-%H%M%S", &broken);
    snprintf(path, size, "brille-%d-%s.heap", (int)pid, when);
}

struct error *top_job_start(struct top_job *job, pid_t pid)
{
    int fds[2];
    if (job->child)
        return error_create(ERROR_BUSY, "a dump is being made");
    if (access(".", W_OK) != 0)
        return error_create_errno(errno, "cannot write a dump here");
    if (pipe2(fds, O_CLOEXEC) != 0)
        return error_create_errno(errno, "cannot make a pipe");
    name_file(pid, job->path, sizeof job->path);
    const pid_t child = fork();
    if (child == 0) {
        close(fds[0]);
        work(pid, job->path, fds[1]);
    }
    close(fds[1]);
    if (child < 0) {
        close(fds[0]);
        return error_create_errno(errno, "cannot start a process");
    }
    job->child = child;
    job->fd = fds[0];
    fcntl(job->fd, F_SETFL, O_NONBLOCK);
    return NULL;
}

// ---- what it said ----

enum { FIELDS = 6 };

static unsigned split(char *line, char *fields[FIELDS])
{
    unsigned count = 0;
    while (line && count < FIELDS)
        fields[count++] = strsep(&line, "\t");
    return count;
}

static uint64_t number(const char *text)
{
    return strtoull(text, NULL, 10);
}

static void parse_holder(char *fields[FIELDS], struct top_dump *ret)
{
    const uint64_t bytes = number(fields[1]), whole = number(fields[2]);
    ret->holder_share = whole ? (double)bytes / (double)whole : 0;
    snprintf(ret->holder, sizeof ret->holder, "%.*s (%.24s) holds %s", (int)sizeof ret->holder - 60,
             *fields[4] ? fields[4] : "something", fields[3], format_bytes(bytes).text);
}

static void parse_line(char *line, struct top_dump *ret)
{
    char *fields[FIELDS] = {0};
    const unsigned count = split(line, fields);
    if (count == 2 && strcmp(fields[0], "error") == 0) {
        snprintf(ret->failed, sizeof ret->failed, "%s", fields[1]);
    } else if (count == 4 && strcmp(fields[0], "dump") == 0) {
        *ret->failed = 0;
        ret->pause_ns = number(fields[1]);
        ret->objects = number(fields[2]);
        ret->file_bytes = number(fields[3]);
    } else if (count == 5 && strcmp(fields[0], "holder") == 0) {
        parse_holder(fields, ret);
    } else if (count == 6 && strcmp(fields[0], "type") == 0) {
        struct top_group group = {.id = ret->types.count + 1,
                                  .live = number(fields[1]),
                                  .live_bytes = number(fields[2]),
                                  .holds = number(fields[3])};
        snprintf(group.name, sizeof group.name, "%s", fields[4]);
        snprintf(group.holder, sizeof group.holder, "%s", fields[5]);
        error_destroy(top_group_vec_push(&ret->types, group));
    }
}

void top_dump_parse(char *text, struct top_dump *ret)
{
    snprintf(ret->failed, sizeof ret->failed, "the dump ended without a word");
    while (text && *text)
        parse_line(strsep(&text, "\n"), ret);
}

bool top_job_done(struct top_job *job, struct top_dump *ret)
{
    char bytes[4096];
    ssize_t got = -1;
    if (!job->child)
        return false;
    while ((got = read(job->fd, bytes, sizeof bytes)) > 0)
        if (job->text.length < TEXT_MOST)
            strbuf_add_bytes(&job->text, bytes, (size_t)got);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    *ret = (struct top_dump){0};
    snprintf(ret->path, sizeof ret->path, "%s", job->path);
    char *text = strbuf_take(&job->text);
    top_dump_parse(text, ret);
    free(text);
    forget(job);
    return true;
}
