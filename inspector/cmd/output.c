// See output.h.
#include "inspector/cmd/output.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct error *output_check(const char *path)
{
    struct stat st;
    if (!*path)
        return error_create(ERROR_USAGE, "the file to write has no name");
    if (stat(path, &st) == 0) {
        if (!S_ISREG(st.st_mode))
            return error_create(ERROR_IO, "cannot write %s: not a regular file", path);
        if (access(path, W_OK) != 0)
            return error_create_errno(errno, "cannot write %s", path);
    }
    struct strbuf trial;
    strbuf_init(&trial);
    strbuf_addf(&trial, "%s.tmp-%d", path, (int)getpid());
    const int fd = open(strbuf_text(&trial), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    const int errnum = errno;
    if (fd >= 0) {
        close(fd);
        unlink(strbuf_text(&trial));
    }
    strbuf_deinit(&trial);
    return fd >= 0 ? NULL : error_create_errno(errnum, "cannot write %s", path);
}

void output_add_name(const char *what, const char *extension, struct strbuf *out)
{
    char clock[16];
    struct tm now;
    const time_t seconds = time(NULL);
    gmtime_r(&seconds, &now);
    strftime(clock, sizeof clock, "%H%M%S", &now);
    const char *base = strrchr(what, '/') ? strrchr(what, '/') + 1 : what;
    const size_t length = strcspn(base, ".");
    strbuf_addf(out, "brille-%.*s-%s.%s", (int)(length ? length : strlen(base)), base, clock,
                extension);
}
