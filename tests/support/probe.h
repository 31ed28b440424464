// Programs to be captured: what the tests of inspector/capture attach to.
//
// A probe is a forked child that does one thing (allocate from several threads, sleep in every kind
// of system call, hold a large heap ...) and tells how it fares in memory that it shares with the
// test: whether a call was interrupted, whether a register changed under it, how long it stood
// still. probe_assert_unharmed() is the question that every test of a capture ends with.
#ifndef BRILLE_TESTS_SUPPORT_PROBE_H
#define BRILLE_TESTS_SUPPORT_PROBE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct probe_stats {
    _Atomic bool ready;
    _Atomic uint64_t beats;         // rises all the time while the heartbeat thread runs
    _Atomic uint64_t longest_ns;    // longest time between two beats since it was last reset
    _Atomic uint64_t interrupted;   // system calls that returned EINTR
    _Atomic uint64_t short_sleeps;  // sleeps that ended too early
    _Atomic uint64_t corrupted;     // registers or memory that changed by themselves
    _Atomic uint64_t work;          // rounds of whatever the probe does
    _Atomic uintptr_t address;      // of the probe's data, for the test to read
    _Atomic uint64_t children_seen; // by wait(): must stay 0
};

struct probe {
    pid_t pid;
    struct probe_stats *stats;
    uint64_t text_hash; // of all executable pages, when it was started
    uint64_t argument;
};

// Starts `body` in a child, with a heartbeat thread beside it, and waits until the body has set
// stats->ready. The child dies with the test.
struct probe probe_start(void (*body)(struct probe_stats *stats, uint64_t argument),
                         uint64_t argument);
void probe_end(struct probe *probe); // kills and collects it

// A test that fails leaves its probe running, busy and in the way of those that follow: as a
// cmocka teardown this ends it.
int probe_end_left(void **state);
#define probe_unit_test(test) cmocka_unit_test_teardown(test, probe_end_left)

// Bodies.
void probe_idle(struct probe_stats *stats, uint64_t argument);
// `argument` threads allocate, free and fill memory.
void probe_allocators(struct probe_stats *stats, uint64_t argument);
// A thread for each kind of blocking call that a capture must not interrupt.
void probe_sleepers(struct probe_stats *stats, uint64_t argument);
// Threads that hold known values in general and vector registers and look whether they stay.
void probe_registers(struct probe_stats *stats, uint64_t argument);
// Threads that are in restartable sequences nearly all the time; one that was left must be begun
// anew.
void probe_sequences(struct probe_stats *stats, uint64_t argument);
// A heap of `argument` MiB, filled with a pattern: every word holds its own address.
void probe_heap(struct probe_stats *stats, uint64_t argument);
// The same in huge pages.
void probe_huge_heap(struct probe_stats *stats, uint64_t argument);
// Under a seccomp filter that kills the process for clone, fork and wait4.
void probe_seccomp(struct probe_stats *stats, uint64_t argument);
// Without the right to have one more process (needs root to be set up).
void probe_process_limit(struct probe_stats *stats, uint64_t argument);
// Waits for any child, again and again, as a supervisor would.
void probe_waiter(struct probe_stats *stats, uint64_t argument);
// Threads come and go all the time.
void probe_thread_churn(struct probe_stats *stats, uint64_t argument);
// Two counters in different pages, always raised one after the other by a single thread.
void probe_counters(struct probe_stats *stats, uint64_t argument);

// Fails the test if anything is left of a capture: a stopped thread, a tracer, a child or zombie, a
// changed byte of code, an interrupted call, a changed register.
void probe_assert_unharmed(const struct probe *probe);

// Number of children (zombies included) that a process has.
int probe_child_count(pid_t pid);

// Waits until the target has no child and gives the number that it has left. A thread that was let
// go in the middle of an injected call makes its child, and collects it, when it is scheduled: so
// one may be there again a moment later, and only one that stays is a fault.
int probe_await_no_child(const struct probe *probe, int patience_ms);

#endif
