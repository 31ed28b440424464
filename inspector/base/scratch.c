// See scratch.h.
#include "inspector/base/scratch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct error *scratch_file(const char *stem, char path[PATH_MAX])
{
    const char *wanted = getenv("TMPDIR");
    const char *folder = wanted && *wanted ? wanted : "/tmp";
    const int n = snprintf(path, PATH_MAX, "%s/brille-%s-XXXXXX", folder, stem);
    const int fd = n < PATH_MAX ? mkstemp(path) : -1;
    if (fd < 0) {
        *path = '\0';
        return error_create_errno(n < PATH_MAX ? errno : ENAMETOOLONG, "cannot make a file in %s",
                                  folder);
    }
    close(fd);
    return NULL;
}
