// What a fuzz target is, and what it is given.
//
// A target is one file, fuzz_<name>.c, that defines the functions below. It is built in two ways:
// with clang's libFuzzer in the `fuzz` preset, and in every other build with driver.c, which knows
// nothing of coverage but needs no clang: it changes the seeds in a deterministic manner. In both,
// inputs are whole files, so that an input that failed can be given to the tool itself.
//
// A failure is whatever ends the process (a signal, a sanitizer, an assertion, abort()), what takes
// longer than FUZZ_SECONDS, and what asks for more than FUZZ_MEGABYTES.
#ifndef BRILLE_TESTS_FUZZ_FUZZ_H
#define BRILLE_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#define FUZZ_SECONDS   10   // most for one input
#define FUZZ_MEGABYTES 2048 // most memory

// ---- a target defines ----

// Tries one input, and returns 0. State of one input must not be seen by the next.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// Calls `seed` for each well-formed input to begin with. `name` is a file name.
typedef void fuzz_seed(void *context, const char *name, const uint8_t *data, size_t size);
void fuzz_seeds(fuzz_seed *seed, void *context);

// Optional. Changes data[0 .. size) in place, to at most `limit` bytes, and returns the new size:
// by LLVMFuzzerMutate, and then putting right what every input would fail at without (checksums).
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t limit, unsigned seed);

// ---- and may use ----

// libFuzzer's, or the driver's.
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t limit);

// A file with these bytes, for code that wants a path. It lives in memory, and until the next call.
const char *fuzz_file(const uint8_t *data, size_t size);

// ---- of both main programs ----

// Writes the seeds into a folder, which is made; exits on failure.
void fuzz_write_seeds(const char *folder);

#endif
