// One sample of a process as JSON: what the live view shows, for scripts and pipes.
#ifndef BRILLE_INSPECTOR_TOP_ONCE_H
#define BRILLE_INSPECTOR_TOP_ONCE_H

#include "inspector/base/error.h"
#include "inspector/base/strbuf.h"
#include "inspector/top/run.h"
#include <sys/types.h>

// Looks for one tick. Types and sites are counted when options->view asks for one of them.
struct error *top_once(pid_t pid, const struct top_options *options, struct strbuf *out);

#endif
