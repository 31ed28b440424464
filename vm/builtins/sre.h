/* Regular expressions: the engine behind the module _sre. It executes the code that the library's
 * re/_compiler.py makes; the objects that programs see are in mod_sre.c,
 * sre_pattern.c and sre_match.c.
 */
#ifndef BRILLE_VM_BUILTINS_SRE_H
#define BRILLE_VM_BUILTINS_SRE_H

#include <stdbool.h>
#include <stdint.h>

#define SRE_MAGIC     20220615
#define SRE_MAXREPEAT 0xffffffffu
#define SRE_MAXGROUPS 0x3fffffff

enum sre_flag {
    SRE_FLAG_IGNORECASE = 2,
    SRE_FLAG_LOCALE = 4,
    SRE_FLAG_MULTILINE = 8,
    SRE_FLAG_DOTALL = 16,
    SRE_FLAG_UNICODE = 32,
    SRE_FLAG_VERBOSE = 64,
    SRE_FLAG_DEBUG = 128,
    SRE_FLAG_ASCII = 256,
};

struct sre_choice; /* where to go on when a way fails */
struct sre_undo;
struct sre_repeat;

/* One subject and the ways tried on it. Positions count characters from the subject's beginning. */
struct sre {
    const void *data;
    int kind;                      /* bytes of a character */
    int64_t beginning, start, end; /* `beginning` is where ^ matches */
    int64_t position;              /* end of the match */
    bool match_all;                /* the match must reach `end` */
    bool must_advance;             /* and may not be empty at `start` */
    int64_t *marks;                /* two for each group; -1: not matched */
    int64_t mark_count;
    int64_t lastindex; /* -1: none */
    const uint32_t *code;

    struct sre_choice *choices;
    struct sre_undo *undos;
    struct sre_repeat *repeats;
    int64_t choice_count, choice_capacity, undo_count, undo_capacity, repeat_count, repeat_capacity;
    uint32_t steps;
};

/* 1: matched, from start to position; 0: not; -1: an exception is pending. */
int sre_match(struct sre *s);
/* The first match at or behind start, which then is where it begins. */
int sre_search(struct sre *s);
void sre_deinit(struct sre *s);
/* All marks unset. */
void sre_reset(struct sre *s);

/* Is the code well-formed for this many groups? */
bool sre_validate(const uint32_t *code, int64_t length, int64_t groups);

uint32_t sre_lower_ascii(uint32_t c);
uint32_t sre_lower_unicode(uint32_t c);
uint32_t sre_upper_unicode(uint32_t c);

#endif
