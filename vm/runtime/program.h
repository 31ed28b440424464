/* Programs: each function runs one as __main__, prints an exception that it does not catch, and
 * returns the exit status. */
#ifndef BRILLE_VM_RUNTIME_PROGRAM_H
#define BRILLE_VM_RUNTIME_PROGRAM_H

#include <stdbool.h>

/* A source, a folder with a __main__.py, or an archive with one. */
int py_run_file(const char *path);
int py_run_stdin(void);
int py_run_command(const char *source);
int py_run_module(const char *name);
/* A prompt in __main__, which may have run a program already, over the library's module code. */
int py_run_prompt(void);

/* The full name of the module that runs as __main__ by -m; empty if none does. */
const char *py_main_module_name(void);
/* Was the last one ended by a KeyboardInterrupt that nobody caught? */
bool py_program_was_interrupted(void);

#endif
