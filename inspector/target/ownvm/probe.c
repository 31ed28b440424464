// Recognising a brille-python, without stopping it: by the control page among its descriptors, or,
// before it has one, by the name of its program.
#include "inspector/target/ownvm/ownvm.h"

#include "inspector/proc/process.h"
#include "tracer/read/link.h"

#include <stdio.h>
#include <unistd.h>

static const struct {
    uint32_t bit;
    const char *name;
} class_names[] = {
    {TRACE_CLASS_ALLOC, "alloc"},
    {TRACE_CLASS_REFCOUNT, "refcount"},
    {TRACE_CLASS_GC, "gc"},
    {TRACE_CLASS_GIL, "gil"},
};

static bool is_asked_for(const struct trace_control *page)
{
    return page->request.seq != page->ack.seq && !(page->request.flags & CONTROL_STOP) &&
           page->reader.claim != 0;
}

// "off", or the classes; "requested" when a recorder has asked and the process, asleep, has not
// answered yet.
static void describe_tracing(const struct trace_control *page, char *text, size_t size)
{
    const uint32_t classes = page->classes;
    size_t used = 0;
    text[0] = 0;
    for (size_t i = 0; i < sizeof class_names / sizeof *class_names; i++)
        if (classes & class_names[i].bit && used < size)
            used += (size_t)snprintf(text + used, size - used, "%s%s", used ? "," : "",
                                     class_names[i].name);
    if (!used)
        snprintf(text, size, is_asked_for(page) ? "requested" : "off");
}

// The name of the program; by its link, or, where that may not be read, by its command line.
static bool is_named_brille_python(pid_t pid)
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
    return strncmp(slash ? slash + 1 : name, "brille-python", strlen("brille-python")) == 0;
}

static void cannot(struct target_process *process, const char *why)
{
    process->readable = false;
    snprintf(process->why, sizeof process->why, "%s", why);
}

// Whether the kernel lets us, and whether we understand what is there.
static struct error *check(pid_t pid, struct target_process *process)
{
    struct process about;
    struct vm_table table;
    _cleanup_mem_source_ struct mem_source *mem = NULL;
    TRY(process_read(&about, pid));
    TRY(process_check_access(&about, "dump"));
    TRY(mem_live_create(pid, &mem));
    TRY(vm_table_read_live(pid, mem, &table));
    snprintf(process->version, sizeof process->version, "%.*s", (int)sizeof table.rows.version,
             table.rows.version);
    return NULL;
}

bool ownvm_probe(pid_t pid, struct target_process *process)
{
    struct control_link link = {.fd = -1};
    struct read_error why;
    const enum read_status status = control_link_open(&link, pid, &why);
    if (status != READ_OK && status != READ_VERSION && !is_named_brille_python(pid))
        return false;
    snprintf(process->runtime, sizeof process->runtime, "brille");
    process->readable = true;
    if (status == READ_OK) {
        describe_tracing(link.page, process->tracing, sizeof process->tracing);
        control_link_close(&link);
    }
    struct error *err = check(pid, process);
    if (err)
        cannot(process, err->why && err->code != ERROR_PERMISSION ? err->why : err->message);
    else if (status == READ_VERSION)
        cannot(process, why.message);
    error_destroy(err);
    return true;
}
