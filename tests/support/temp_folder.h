// A folder of its own for a test program: made when the group of tests begins, removed with all its
// files when it ends.
#ifndef BRILLE_TESTS_SUPPORT_TEMP_FOLDER_H
#define BRILLE_TESTS_SUPPORT_TEMP_FOLDER_H

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define TEMP_PATH_BYTES      64
#define TEMP_FOLDER_FUNCTION static inline __attribute__((unused))

static char temp_folder[] = "/tmp/brille-test-XXXXXX";

TEMP_FOLDER_FUNCTION bool temp_folder_make(void)
{
    return mkdtemp(temp_folder) != NULL;
}

// The path of a file of that name in the folder.
TEMP_FOLDER_FUNCTION void temp_folder_path(char path[TEMP_PATH_BYTES], const char *name)
{
    snprintf(path, TEMP_PATH_BYTES, "%s/%s", temp_folder, name);
}

TEMP_FOLDER_FUNCTION int temp_folder_remove(void)
{
    DIR *folder = opendir(temp_folder);
    if (!folder)
        return -1;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
        unlinkat(dirfd(folder), entry->d_name, 0); // "." and ".." refuse
    closedir(folder);
    return rmdir(temp_folder);
}

#endif
