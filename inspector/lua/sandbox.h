// A Lua state for strangers: memory is counted, time is limited, and what is not needed is not
// there.
//
// There is one per process, made in the jail's child, and it is never closed: finalizers could run
// then, and the process ends anyway.
//
// - Kept: the base library without loaders, table, math, utf8, string, coroutine. Gone: io, os,
//   package, debug, load, loadfile, dofile, collectgarbage, string.dump, warn. Chunks are text.
//   require finds the plugin's own lib/ alone, which the host has read before.
// - Globals are read-only: a chunk's environment is a proxy, and writing to it is an error that
//   names the variable.
// - Memory: the allocator refuses what goes beyond the limit.
// - Time: nothing at all happens until the timer fires. Its signal handler then installs a hook
//   that raises an error at the next instruction, and again at every later one, so that pcall
//   cannot keep a loop alive. coroutine.resume, wrap and close are wrapped to know which thread
//   runs. (A hook that is always on would double the run time, whatever its count.)
// - Not stoppable by a hook: C code of the Lua library. That is what the jail is for.
#ifndef BRILLE_INSPECTOR_LUA_SANDBOX_H
#define BRILLE_INSPECTOR_LUA_SANDBOX_H

#include "inspector/lua/wire.h"
#include <lauxlib.h>
#include <lua.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SANDBOX_SOURCE_MAX  (1024 * 1024)        // bytes of a plugin file
#define SANDBOX_INTERRUPT   SIGUSR1              // from the host, for Ctrl-C
#define SANDBOX_GRACE_NS    UINT64_C(1000000000) // for the plugin's stop
#define SANDBOX_GRACE_BYTES (UINT64_C(1) << 20)

// Why a run was ended before its time; part of an ERROR message.
enum sandbox_end {
    SANDBOX_NOT_ENDED,
    SANDBOX_TIME,
    SANDBOX_INTERRUPTED,
};

struct sandbox_limits {
    uint64_t time_ns;
    uint64_t memory_bytes;
};

// A file of the plugin's lib/ folder, for require.
struct sandbox_lib {
    const char *name; // without .lua
    const char *source;
    size_t length;
};

// What require("name") finds, and nothing else. Borrowed.
void sandbox_set_libs(const struct sandbox_lib *libs, unsigned count);

// NULL when there is no memory. print() becomes a TEXT message on `wire`.
lua_State *sandbox_create(const struct sandbox_limits *limits, struct wire *wire);

// The wire that was given to sandbox_create, for the API functions.
struct wire *sandbox_wire(void);

// The time begins to run, and SANDBOX_INTERRUPT ends the run.
void sandbox_start_clock(void);

// Whether the call that failed was ended by the clock, by the host or for want of memory.
bool sandbox_ended_early(void);

// After that: a little time and memory to put out what there is.
void sandbox_grant_grace(lua_State *L);

// Whether C code that walks far should give up. It need not be asked often.
bool sandbox_expired(void);

// Loads the text and calls it; its one result is on the stack. On failure the message is there
// instead, and the result is false.
bool sandbox_evaluate(lua_State *L, const char *source, size_t length, const char *chunk_name);

// lua_pcall; on failure sends an ERROR message, with position, and says false.
bool sandbox_call(lua_State *L, int arguments, int results);

// Sends the error value on top of the stack.
void sandbox_report(lua_State *L);

// Sends that the limit of memory was reached; also when there is no state yet.
void sandbox_report_memory(void);

#endif
