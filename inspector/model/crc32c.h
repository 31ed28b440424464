// CRC-32C (Castagnoli), reflected, with the usual inversion at both ends: crc32c(0, "123456789", 9)
// is 0xe3069283. Uses the processor's instruction where it has one. Pass the result of one call as
// `crc` of the next to go on.
#ifndef BRILLE_INSPECTOR_MODEL_CRC32C_H
#define BRILLE_INSPECTOR_MODEL_CRC32C_H

#include <stddef.h>
#include <stdint.h>

uint32_t crc32c(uint32_t crc, const void *bytes, size_t length);

// The same by table, on any processor; tests compare the two.
uint32_t crc32c_portable(uint32_t crc, const void *bytes, size_t length);

#endif
