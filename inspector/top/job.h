// A dump, made beside the live view: captured, written and looked through in a process of its own,
// so that the view goes on meanwhile and no memory of the analysis stays behind.
//
// What it finds comes back as lines of text through a pipe: how long the process stood still, which
// object holds most, and the types with the biggest object of each.
#ifndef BRILLE_INSPECTOR_TOP_JOB_H
#define BRILLE_INSPECTOR_TOP_JOB_H

#include "inspector/base/error.h"
#include "inspector/base/strbuf.h"
#include "inspector/top/sample.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct top_job {
    pid_t child; // 0: none is running
    int fd;
    struct strbuf text;
    char path[256]; // of the file
};

struct top_dump {
    char path[256];
    char failed[TOP_NOTE]; // why there is none; "" when there is
    uint64_t pause_ns, objects, file_bytes;
    char holder[TOP_NAME]; // what holds most, as a sentence; "" when nothing is worth naming
    double holder_share;   // of the heap
    struct top_group_vec types;
};

static inline void top_dump_deinit(struct top_dump *dump)
{
    top_group_vec_deinit(&dump->types);
}

void top_job_init(struct top_job *job);
void top_job_destroy(struct top_job *job); // ends what is running

struct error *top_job_start(struct top_job *job, pid_t pid);
// True, once, when it has ended; `ret` says how. Never waits.
bool top_job_done(struct top_job *job, struct top_dump *ret);

// The lines, for tests.
void top_dump_parse(char *text, struct top_dump *ret);

#endif
