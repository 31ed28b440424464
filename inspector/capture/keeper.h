// The keeper: the small process that holds the target's leash.
//
// Whoever traces a process must not be the one that gets killed. So brille itself never calls
// ptrace: it forks a keeper, which does, in a session of its own, deaf to Ctrl-C and hang-ups. Both
// ends of a socket pair are the only link.
//
//     brille                                keeper
//       | -- fork -------------------------->  | stop, wait for a safepoint, clone or copy, release
//       | <-- result, descriptor of memory --  |
//       |   (reads the frozen clone)           | sleeps in poll()
//       | -- KEEPER_FINISH, or death: EOF -->  | kill the clone, collect it in the target, exit
//       | <-- EOF ---------------------------  |
//
// The keeper needs nothing from brille to clean up, so it does not matter how brille ends. If the
// keeper is the one that is killed, the kernel lets the target's threads go (the injected call is
// written so that this is harmless, inject.h) and kills the clone; brille then notices EOF and
// starts another keeper, only to collect the dead clone. It knows which one from memory that both
// share. Only when both are killed between clone and end does a zombie stay, until the target ends.
#ifndef BRILLE_INSPECTOR_CAPTURE_KEEPER_H
#define BRILLE_INSPECTOR_CAPTURE_KEEPER_H

#include "inspector/base/error.h"
#include "inspector/capture/capture.h"
#include "inspector/capture/copy.h"
#include "inspector/capture/inject.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// What survives the keeper, in memory shared with brille.
struct keeper_shared {
    _Atomic pid_t child_pid;   // 0 until there is a clone, and again when it is collected
    _Atomic pid_t child_inner; // its id as the target sees it, 0 while unknown
    _Atomic uint64_t pause_ns; // of all stops, the last one included; 0 while unknown
    _Atomic unsigned stop_count;
    _Atomic bool finished; // the keeper has done what it can in time; it may still be collecting
};

struct keeper {
    pid_t pid;
    int socket;
    struct keeper_shared *shared;
    pid_t target;
    uint64_t start_ticks;
    uint64_t pause_ns;   // after keeper_destroy: of all stops, 0 if unknown
    unsigned stop_count; // likewise
};

// What the keeper hands over, in one message: this header, then the parts that it counts. The
// memory (of the clone: /proc/CHILD/mem; of a copy: the memfd) comes as a descriptor with the
// header.
struct keeper_result {
    bool failed; // then only the error fields below count
    enum error_code code;
    int errnum;
    size_t message_length, why_length, try_length; // texts without terminators, SIZE_MAX for NULL

    enum capture_method method;
    bool at_safepoint;
    uint64_t pause_ns;
    int64_t taken_unix_ns;
    unsigned stop_count;
    char fallback_why[256];
    uint64_t copy_bytes;
    size_t thread_count;  // struct capture_thread each
    size_t segment_count; // struct copy_segment each
    size_t maps_length;   // text of /proc/PID/maps
};

enum { KEEPER_FINISH = 'F' };

struct error *keeper_create(struct keeper *keeper, pid_t target, uint64_t start_ticks,
                            const struct capture_options *options);
// Makes the keeper end, whatever it is doing, and collects it. If somebody else traces the target
// for so long that the dead clone cannot be collected in time, the keeper goes on trying by itself.
void keeper_destroy(struct keeper *keeper);

#endif
