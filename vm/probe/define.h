/* Definitions made again, for a ring that has none. */
#ifndef BRILLE_VM_PROBE_DEFINE_H
#define BRILLE_VM_PROBE_DEFINE_H

/* Writes everything alive that has an id, and the names of the threads. */
void probe_define_all(void);

#endif
