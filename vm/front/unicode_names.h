/*
 * The names of Unicode's characters: what \N{...}, the unicodedata module and the error handler
 * "namereplace" ask for. The names are the text of unicode_names.txt, which is part of the binary
 * and is not touched before the first question.
 */
#ifndef BRILLE_VM_FRONT_UNICODE_NAMES_H
#define BRILLE_VM_FRONT_UNICODE_NAMES_H

#include <stddef.h>
#include <stdint.h>

#define UNICODE_NAME_MAX     96 /* bytes of the longest name, with its end */
#define UNICODE_SEQUENCE_MAX 8  /* characters of the longest named sequence */

/* The code point of a name or an alias, in whatever case it is written; -1 when there is none. */
int32_t unicode_name_find(const char *name, size_t len);

/* The characters of a named sequence: how many, 0 when no sequence has that name. */
size_t unicode_name_find_sequence(const char *name, size_t len,
                                  uint32_t sequence[UNICODE_SEQUENCE_MAX]);

/* Writes the name of a character; returns its length, 0 when it has none. */
size_t unicode_name_of(uint32_t c, char name[UNICODE_NAME_MAX]);

#endif
