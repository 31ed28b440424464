// Adds to libFuzzer's main program what the plain one has, too: `fuzz_<name> --seeds FOLDER` writes
// the seeds, which libFuzzer takes as its corpus (fuzz_<name> [OPTIONS] FOLDER).
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    if (*argc == 3 && strcmp((*argv)[1], "--seeds") == 0) {
        fuzz_write_seeds((*argv)[2]);
        exit(0);
    }
    return 0;
}
