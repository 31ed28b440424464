// Looks like an interpreter of CPython from outside, of a version or a build that brille does not
// read and that this machine need not have.
//
//     cpython_pretender VERSION FREE_THREADED      as 0x030e00f0 0
//
// It has what such an interpreter has at the begin of its runtime, says READY, and waits for the
// end of its input. Compiled with PRETENDER_DEBUG it exports what debug builds alone export, with
// PRETENDER_STRIPPED nothing at all.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef PRETENDER_STRIPPED
#define EXPORT static
#else
#define EXPORT __attribute__((visibility("default")))
#endif

EXPORT uint64_t _PyRuntime[4096] = {1};
#ifdef PRETENDER_DEBUG
EXPORT void _Py_NegativeRefcount(void);
EXPORT void _Py_NegativeRefcount(void)
{
}
#endif

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    memcpy(_PyRuntime, "xdebugpy", 8);
    _PyRuntime[1] = strtoull(argv[1], NULL, 0);
    _PyRuntime[2] = strtoull(argv[2], NULL, 0);
    puts("READY");
    fflush(stdout);
    while (getchar() != EOF)
        ;
    return (int)(_PyRuntime[3] & 1);
}
