// How many files this process may have open.
#ifndef BRILLE_INSPECTOR_BASE_DESCRIPTORS_H
#define BRILLE_INSPECTOR_BASE_DESCRIPTORS_H

// Raises the soft limit to the hard one. The soft one is low (1024) for the sake of programs that
// use select(), which this is none of.
void descriptors_allow_many(void);

#endif
