/* Preloaded into a brille-python, does from a thread of its own what no Python code of it can yet,
 * by the environment's RESTLESS:
 *
 *     fork     children one after the other, each waited for by its id
 *     any      the same, waited for as "any child": a clone must not be taken for one
 *     vfork    children that execute something: the parent sleeps uninterruptibly meanwhile
 *     threads  threads one after the other
 *     exec     after some 100 ms, the same program from the beginning
 *     exit     after some 100 ms, the end
 *
 * What is not as it must be ends the process with status 9. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CHILD_STATUS = 3, WRONG = 9, LONGEST_MS = 200 };

static void one_child(int by_any)
{
    const pid_t child = fork();
    int status;
    if (child == 0)
        _exit(CHILD_STATUS);
    if (child > 0 && (waitpid(by_any ? -1 : child, &status, 0) != child || !WIFEXITED(status) ||
                      WEXITSTATUS(status) != CHILD_STATUS))
        _exit(WRONG);
}

static void one_program(void)
{
    const pid_t child = vfork();
    if (child == 0) {
        execl("/bin/true", "true", (char *)NULL);
        _exit(0);
    }
    if (child > 0 && waitpid(child, NULL, 0) != child)
        _exit(WRONG);
}

static void *nothing(void *unused)
{
    return unused;
}

static void one_thread(void)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, nothing, NULL) == 0)
        pthread_join(thread, NULL);
}

static void sleep_some_time(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    const long ms = now.tv_nsec / 1000 % LONGEST_MS;
    nanosleep(&(struct timespec){.tv_nsec = ms * 1000000}, NULL);
}

static void begin_again(void)
{
    static char text[4096];
    char *arguments[64] = {NULL};
    FILE *file = fopen("/proc/self/cmdline", "re");
    const size_t length = file ? fread(text, 1, sizeof text - 1, file) : 0;
    int count = 0;
    for (char *p = text; p < text + length && count < 63; p += strlen(p) + 1)
        arguments[count++] = p;
    execv("/proc/self/exe", arguments);
    _exit(WRONG);
}

static void *restless(void *mode)
{
    if (strcmp(mode, "exec") == 0 || strcmp(mode, "exit") == 0) {
        sleep_some_time();
        if (strcmp(mode, "exec") == 0)
            begin_again();
        _exit(0);
    }
    for (;;) {
        if (strcmp(mode, "threads") == 0)
            one_thread();
        else if (strcmp(mode, "vfork") == 0)
            one_program();
        else
            one_child(strcmp(mode, "any") == 0);
    }
    return NULL;
}

__attribute__((constructor)) static void start(void)
{
    char *mode = getenv("RESTLESS");
    pthread_t thread;
    if (mode)
        pthread_create(&thread, NULL, restless, mode);
}
