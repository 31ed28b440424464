// brille: the command line. Everything is in inspector/cmd/command.c, where tests can reach it.
#include "inspector/cmd/command.h"

#include <malloc.h>

// A large block is a mapping of its own, always: it then grows by moving pages, and has huge ones
// (inspector/base/huge.h). By itself malloc would raise the limit as blocks are freed.
enum { LARGE_BLOCK_BYTES = 1 << 20 };

int main(int argc, char **argv)
{
    mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK_BYTES);
    return command_run(argc, argv, stdout, stderr);
}
