// The system calls that a plugin's process may make: a seccomp filter.
//
// What a plugin can do is already decided by what the sandbox leaves of Lua (sandbox.h), which has
// no way to open, connect or start anything. The filter stands behind it, for the day on which
// somebody finds a way around: memory, the one pipe, the clock, and reading of files that are open.
// Files can be opened, for reading alone, only when the plugin reads a trace, whose passes each
// open it anew. Everything else is answered with EPERM.
//
// Not there in builds with a sanitizer, whose runtime needs more.
#ifndef BRILLE_INSPECTOR_LUA_FILTER_H
#define BRILLE_INSPECTOR_LUA_FILTER_H

#include <stdbool.h>

// Cannot be taken back. False when the kernel has no filters, or none for this machine.
bool filter_install(bool may_open);

#endif
