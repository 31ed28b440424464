#include "inspector/base/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct error *cannot_write(const char *path)
{
    return error_create_errno(errno, "cannot write %s", path);
}

// A file of the folder of `path` that has no name. -1 where there are none.
static int open_nameless(const char *path, mode_t mode)
{
    const char *slash = strrchr(path, '/');
    _cleanup_free_ char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
    return folder ? open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, mode) : -1;
}

// Where there are none. What has that name is of a process that had our number, or of somebody who
// foresaw it in a folder of all: it is not written to, wherever it may lead.
static int make_named(const char *temporary, mode_t mode)
{
    unlink(temporary);
    return open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
}

struct error *outfile_open(struct outfile *out, const char *path, mode_t mode)
{
    struct stat st;
    *out = (struct outfile){.fd = -1, .path = path};
    if (!*path)
        return error_create(ERROR_USAGE, "the file to write has no name");
    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
        out->fd = open(path, O_WRONLY | O_CLOEXEC);
        return out->fd < 0 ? cannot_write(path) : NULL;
    }
    // A file that may not be written to is not replaced either.
    if (access(path, F_OK) == 0 && access(path, W_OK) < 0)
        return cannot_write(path);
    if (asprintf(&out->temporary, "%s.tmp-%d", path, (int)getpid()) < 0) {
        out->temporary = NULL;
        return &error_no_memory;
    }
    out->fd = open_nameless(path, mode);
    out->nameless = out->fd >= 0;
    if (out->fd < 0)
        out->fd = make_named(out->temporary, mode);
    if (out->fd >= 0)
        return NULL;
    struct error *err = cannot_write(path);
    free(take_ptr(out->temporary));
    return err;
}

static struct error *give_name(struct outfile *out)
{
    char link[32];
    snprintf(link, sizeof link, "/proc/self/fd/%d", out->fd);
    unlink(out->temporary); // of a process that had our number
    if (linkat(AT_FDCWD, link, AT_FDCWD, out->temporary, AT_SYMLINK_FOLLOW) < 0)
        return cannot_write(out->path);
    out->nameless = false;
    return NULL;
}

struct error *outfile_keep(struct outfile *out)
{
    if (out->nameless)
        TRY(give_name(out));
    if (close(take_fd(out->fd)) < 0)
        return cannot_write(out->path);
    if (out->temporary && rename(out->temporary, out->path) < 0)
        return error_create_errno(errno, "cannot rename %s to %s", out->temporary, out->path);
    free(take_ptr(out->temporary));
    return NULL;
}

void outfile_deinit(struct outfile *out)
{
    if (out->fd >= 0)
        close(out->fd);
    if (out->temporary && !out->nameless)
        unlink(out->temporary);
    free(out->temporary);
    *out = (struct outfile)OUTFILE_NONE;
}

struct error *outfile_write(const char *path, mode_t mode, const struct strbuf *text)
{
    _cleanup_(outfile_deinit) struct outfile out = OUTFILE_NONE;
    TRY(strbuf_error(text));
    TRY(outfile_open(&out, path, mode));
    for (size_t done = 0; done < text->length;) {
        const ssize_t now = write(out.fd, text->data + done, text->length - done);
        if (now < 0 && errno != EINTR)
            return error_create_errno(errno, "cannot write %s", path);
        done += now > 0 ? (size_t)now : 0;
    }
    return outfile_keep(&out);
}
