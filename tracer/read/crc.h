/* CRC-32C (Castagnoli), reflected, as in iSCSI and ext4: what guards the blocks of a .trace file.
 *
 * Uses the SSE 4.2 instruction where the processor has it (about 8 bytes a cycle), else a table.
 * trace_crc32c(0, "123456789", 9) == 0xe3069283. Continue by passing the previous result.
 */
#ifndef BRILLE_TRACER_READ_CRC_H
#define BRILLE_TRACER_READ_CRC_H

#include <stddef.h>
#include <stdint.h>

uint32_t trace_crc32c(uint32_t crc, const void *data, size_t bytes);

#endif
