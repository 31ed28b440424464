// brille: the command line. Everything is in inspector/cmd/command.c, where tests can reach it.
#include "inspector/cmd/command.h"

int main(int argc, char **argv)
{
    return command_run(argc, argv, stdout, stderr);
}
