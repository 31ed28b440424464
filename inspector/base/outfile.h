// A file that is there whole or not at all.
//
// It is written without a name and gets one when it is finished, so that whoever interrupts the
// work (Ctrl-C, kill -9, no space left) neither leaves half a file nor loses the one that was
// there. Where the file system cannot do that it is written beside, under a temporary name. What is
// no regular file (/dev/null, a pipe) is written to directly.
//
//     _cleanup_(outfile_deinit) struct outfile out = OUTFILE_NONE;
//     TRY(outfile_open(&out, path, 0666));
//     ... write to out.fd ...
//     return outfile_keep(&out);
#ifndef BRILLE_INSPECTOR_BASE_OUTFILE_H
#define BRILLE_INSPECTOR_BASE_OUTFILE_H

#include "inspector/base/error.h"
#include "inspector/base/strbuf.h"
#include <stdbool.h>
#include <sys/types.h>

struct outfile {
    int fd;
    const char *path; // the caller's
    char *temporary;  // NULL: written to directly
    bool nameless;    // `temporary` is not there yet
};

#define OUTFILE_NONE \
    {                \
        .fd = -1     \
    }

// `mode` before the umask.
struct error *outfile_open(struct outfile *out, const char *path, mode_t mode);
// Closes the file and gives it its name.
struct error *outfile_keep(struct outfile *out);
// Forgets a file that was not kept.
void outfile_deinit(struct outfile *out);

// All of that at once, for a text that is in memory.
struct error *outfile_write(const char *path, mode_t mode, const struct strbuf *text);

#endif
