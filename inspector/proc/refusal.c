// See refusal.h.
#include "inspector/proc/refusal.h"

#include "inspector/base/strbuf.h"
#include "inspector/proc/maps.h"

#include <inttypes.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STATUS_LIMIT = 1 << 16, NAMED_MOST = 3 };

// What matters of /proc/PID/status.
struct rights {
    uint64_t permitted, effective; // capabilities
    unsigned seccomp;              // 0 none, 1 strict, 2 filter
    unsigned pid_namespaces;       // how deep, seen from here
    bool read;
};

static uint64_t number_of(const char *text, const char *key, int base)
{
    const char *line = strstr(text, key);
    return line ? strtoull(line + strlen(key), NULL, base) : 0;
}

static unsigned count_words(const char *text, const char *key)
{
    const char *at = strstr(text, key);
    unsigned count = 0;
    for (at = at ? at + strlen(key) : ""; *at && *at != '\n';) {
        at += strspn(at, " \t");
        const size_t length = strcspn(at, " \t\n");
        count += length > 0;
        at += length;
    }
    return count;
}

static struct rights rights_of(const char *who)
{
    char path[64];
    _cleanup_free_ char *text = NULL;
    snprintf(path, sizeof path, "/proc/%s/status", who);
    _cleanup_error_ struct error *err = proc_read_file(path, STATUS_LIMIT, &text, NULL);
    if (err)
        return (struct rights){0};
    return (struct rights){
        .permitted = number_of(text, "\nCapPrm:", 16),
        .effective = number_of(text, "\nCapEff:", 16),
        .seccomp = (unsigned)number_of(text, "\nSeccomp:", 10),
        .pid_namespaces = count_words(text, "\nNSpid:"),
        .read = true,
    };
}

static bool has_capability(const struct rights *rights, unsigned number)
{
    return rights->effective >> number & 1;
}

static bool is_in_container(void)
{
    return access("/.dockerenv", F_OK) == 0 || access("/run/.containerenv", F_OK) == 0 ||
           getenv("KUBERNETES_SERVICE_HOST") || getenv("container");
}

// The value of kernel.yama.ptrace_scope, -1 without Yama.
static int yama_scope(void)
{
    _cleanup_free_ char *text = NULL;
    _cleanup_error_ struct error *err =
        proc_read_file("/proc/sys/kernel/yama/ptrace_scope", 16, &text, NULL);
    return err ? -1 : atoi(text);
}

// The kernel gives the files of a process that may not be read to root.
static bool is_unreadable(const struct process *process)
{
    struct stat facts;
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/mem", (int)process->pid);
    return process->uid != 0 && stat(path, &facts) == 0 && facts.st_uid == 0;
}

// "cap_net_bind_service, cap_net_raw and 2 more"
static void add_capabilities(uint64_t set, struct strbuf *out)
{
    static const char *const names[] = {"chown",
                                        "dac_override",
                                        "dac_read_search",
                                        "fowner",
                                        "fsetid",
                                        "kill",
                                        "setgid",
                                        "setuid",
                                        "setpcap",
                                        "linux_immutable",
                                        "net_bind_service",
                                        "net_broadcast",
                                        "net_admin",
                                        "net_raw",
                                        "ipc_lock",
                                        "ipc_owner",
                                        "sys_module",
                                        "sys_rawio",
                                        "sys_chroot",
                                        "sys_ptrace",
                                        "sys_pacct",
                                        "sys_admin",
                                        "sys_boot",
                                        "sys_nice",
                                        "sys_resource",
                                        "sys_time",
                                        "sys_tty_config",
                                        "mknod",
                                        "lease",
                                        "audit_write",
                                        "audit_control",
                                        "setfcap",
                                        "mac_override",
                                        "mac_admin",
                                        "syslog",
                                        "wake_alarm",
                                        "block_suspend",
                                        "audit_read",
                                        "perfmon",
                                        "bpf",
                                        "checkpoint_restore"};
    unsigned shown = 0, more = 0;
    for (unsigned i = 0; i < 64; i++) {
        if (!(set >> i & 1))
            continue;
        if (shown == NAMED_MOST || i >= sizeof names / sizeof *names) {
            more++;
            continue;
        }
        strbuf_addf(out, "%scap_%s", shown++ ? ", " : "", names[i]);
    }
    if (more)
        strbuf_addf(out, "%s%u more", shown ? " and " : "", more);
}

static void user_name(uid_t uid, char *text, size_t size)
{
    struct passwd entry, *found = NULL;
    char scratch[1024];
    if (getpwuid_r(uid, &entry, scratch, sizeof scratch, &found) == 0 && found)
        snprintf(text, size, "user '%s'", found->pw_name);
    else
        snprintf(text, size, "uid %u", (unsigned)uid);
}

static struct error *try_sudo(struct error *err, const struct process *process, const char *verb)
{
    return error_add_try(err, "sudo brille %s %d     or give brille CAP_SYS_PTRACE", verb,
                         (int)process->pid);
}

// Root, but not all of it: what a container leaves of it.
static struct error *root_without_capability(struct error *err)
{
    error_add_why(err, is_in_container() ? "you are root in a container, without CAP_SYS_PTRACE"
                                         : "you are root, but without CAP_SYS_PTRACE");
    return error_add_try(err,
                         "docker run --cap-add=SYS_PTRACE, kubectl debug --profile=general, or "
                         "brille on the host, which sees the process too");
}

static struct error *explain_capabilities(struct error *err, uint64_t missing)
{
    struct strbuf text;
    strbuf_init(&text);
    add_capabilities(missing, &text);
    error_add_why(err, "it has capabilities that you have not: %s", strbuf_text(&text));
    strbuf_deinit(&text);
    return err;
}

static struct error *explain_yama(struct error *err, const struct process *process, int scope,
                                  const char *verb)
{
    if (scope == 3)
        return error_add_why(err, "kernel.yama.ptrace_scope is 3: nobody may trace until reboot");
    error_add_why(err,
                  scope == 1 ? "kernel.yama.ptrace_scope is 1: only a parent may trace"
                             : "kernel.yama.ptrace_scope is %d: only root may trace",
                  scope);
    return error_add_try(err,
                         scope == 1
                             ? "sudo brille %s %d     or sudo sysctl kernel.yama.ptrace_scope=0"
                             : "sudo brille %s %d",
                         verb, (int)process->pid);
}

struct error *refusal_explain(const struct process *process, const char *verb)
{
    char who[16], owner[128];
    struct error *err = error_create(ERROR_PERMISSION, "cannot read %s: operation not permitted",
                                     process_label(process).text);
    snprintf(who, sizeof who, "%d", (int)process->pid);
    const struct rights ours = rights_of("self"), its = rights_of(who);
    const bool may_trace = has_capability(&ours, CAP_SYS_PTRACE);
    const uint64_t missing = its.permitted & ~ours.permitted;
    const int scope = yama_scope();
    if (scope == 3)
        return explain_yama(err, process, scope, verb);
    if (!may_trace && geteuid() == 0)
        return root_without_capability(err);
    if (!may_trace && process->uid != geteuid()) {
        user_name(process->uid, owner, sizeof owner);
        error_add_why(err, "it runs as %s, you are uid %u", owner, (unsigned)geteuid());
    } else if (!may_trace && missing) {
        explain_capabilities(err, missing);
    } else if (!may_trace && is_unreadable(process)) {
        error_add_why(err, "it does not let itself be read: it was set-uid, or has called "
                           "prctl(PR_SET_DUMPABLE, 0)");
    } else if (!may_trace && scope > 0) {
        return explain_yama(err, process, scope, verb);
    } else if (ours.seccomp == 2) {
        error_add_why(err, "a seccomp filter of this shell or container forbids it");
        return error_add_try(err,
                             "docker run --security-opt seccomp=unconfined, or brille outside");
    } else if (its.read && its.pid_namespaces != ours.pid_namespaces) {
        error_add_why(err, "it is in another container (namespace), whose root you are not");
    } else {
        error_add_why(err, "a security module (SELinux, AppArmor), or another user namespace");
    }
    return try_sudo(err, process, verb);
}
