// The constants of .heap files, shared by writer and reader. docs/formats/heap.md is the
// specification; this is its index.
//
//     header (64 bytes) | section body, padding to 8, its CRCs | ... | section table
//
// Columns are coded in blocks that do not depend on each other, and an index says where each
// begins: one object can be looked at without reading all.
//
// All fixed-width numbers are little endian, which is also what this code assumes of the machine.
#ifndef BRILLE_INSPECTOR_MODEL_HEAP_FORMAT_H
#define BRILLE_INSPECTOR_MODEL_HEAP_FORMAT_H

#include <stdint.h>

#define HEAP_MAGIC          "\x89HEAP\r\n\x1a"
#define HEAP_VERSION        2
#define HEAP_FEATURES       UINT64_C(0) // required-feature bits this code understands
#define HEAP_BLOCK_BYTES    65536       // of a section under one CRC
#define HEAP_COLUMN_BLOCK   4096        // values of a column under one mode byte
#define HEAP_EDGE_INDEX     64          // objects between two entries of EOFF
#define HEAP_HOT_MAX        4096
#define HEAP_NAME_INDEX     64   // strings, or shapes, between two entries of SIDX, SHIX
#define HEAP_PIECE_EDGES    4096 // references in a row of BIGS
#define HEAP_PIECED_LEAST   8192 // references of an object that has such rows
#define HEAP_SECTIONS_MAX   256
#define HEAP_SECTION_NEEDED 1 // section flag: who does not know the tag must not go on

struct heap_header {
    char magic[8];
    uint32_t version;
    uint32_t header_bytes;
    uint64_t features;
    uint64_t file_bytes;
    uint64_t table_offset;
    uint32_t section_count;
    uint32_t table_crc;
    uint64_t reserved;
    uint32_t reserved2;
    uint32_t header_crc; // of the bytes before it
};

struct heap_section {
    uint32_t tag;
    uint32_t flags;
    uint64_t offset; // of the body, a multiple of 8; the CRCs follow at the next multiple of 8
    uint64_t bytes;  // of the body
    uint64_t count;  // rows or values
};

_Static_assert(sizeof(struct heap_header) == 64, "the header is 64 bytes in the file");
_Static_assert(sizeof(struct heap_section) == 32, "a table row is 32 bytes in the file");

#define HEAP_TAG(a, b, c, d) \
    ((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16 | (uint32_t)(d) << 24)

enum {
    TAG_INFO = HEAP_TAG('I', 'N', 'F', 'O'), // facts about the capture
    TAG_STRS = HEAP_TAG('S', 'T', 'R', 'S'), // strings: all lengths, then all bytes
    TAG_TYPE = HEAP_TAG('T', 'Y', 'P', 'E'), // types
    TAG_SHAP = HEAP_TAG('S', 'H', 'A', 'P'), // shapes
    TAG_ADDR = HEAP_TAG('A', 'D', 'D', 'R'), // column: address difference / 8
    TAG_TYPC = HEAP_TAG('T', 'Y', 'P', 'C'), // column: type
    TAG_SIZE = HEAP_TAG('S', 'I', 'Z', 'E'), // column: size
    TAG_REFC = HEAP_TAG('R', 'E', 'F', 'C'), // column: refcount
    TAG_FLAG = HEAP_TAG('F', 'L', 'A', 'G'), // column: flags
    TAG_EPOC = HEAP_TAG('E', 'P', 'O', 'C'), // column: birth epoch
    TAG_LABL = HEAP_TAG('L', 'A', 'B', 'L'), // column: label
    TAG_SHPC = HEAP_TAG('S', 'H', 'P', 'C'), // column: shape
    TAG_EDGE = HEAP_TAG('E', 'D', 'G', 'E'), // targets
    TAG_EOFF = HEAP_TAG('E', 'O', 'F', 'F'), // where every 64th object's targets begin in EDGE
    TAG_HOTS = HEAP_TAG('H', 'O', 'T', 'S'), // the most referenced objects
    TAG_ROOT = HEAP_TAG('R', 'O', 'O', 'T'),
    TAG_THRD = HEAP_TAG('T', 'H', 'R', 'D'),
    TAG_FRAM = HEAP_TAG('F', 'R', 'A', 'M'),
    TAG_POOL = HEAP_TAG('P', 'O', 'O', 'L'),
    TAG_AREA = HEAP_TAG('A', 'R', 'E', 'A'), // the address space
    TAG_MALC = HEAP_TAG('M', 'A', 'L', 'C'), // malloc's blocks by size
    TAG_COFF = HEAP_TAG('C', 'O', 'F', 'F'), // where the blocks of columns begin
    TAG_AIDX = HEAP_TAG('A', 'I', 'D', 'X'), // the first address of every block
    // Appended by analyses, see docs/formats/heap.md:
    TAG_DOMP = HEAP_TAG('D', 'O', 'M', 'P'), // column: immediate dominator
    TAG_RETN = HEAP_TAG('R', 'E', 'T', 'N'), // column: retained size beyond the own
    TAG_PATH = HEAP_TAG('P', 'A', 'T', 'H'), // column: the object before it on its shortest path
    TAG_DOFF = HEAP_TAG('D', 'O', 'F', 'F'), // like COFF, for DOMP and RETN
    TAG_POFF = HEAP_TAG('P', 'O', 'F', 'F'), // like COFF, for PATH
    TAG_PSKP = HEAP_TAG('P', 'S', 'K', 'P'), // short cuts up long paths
    TAG_TSUM = HEAP_TAG('T', 'S', 'U', 'M'), // sums by type
    TAG_NAMS = HEAP_TAG('N', 'A', 'M', 'S'), // the strings that rows have, apart from the others
    TAG_SIDX = HEAP_TAG('S', 'I', 'D', 'X'), // where every 64th string is
    TAG_SHIX = HEAP_TAG('S', 'H', 'I', 'X'), // where every 64th shape is
    TAG_SCNT = HEAP_TAG('S', 'C', 'N', 'T'), // references of each shape
    TAG_BIGS = HEAP_TAG('B', 'I', 'G', 'S'), // the references of big objects, in pieces
};

// How a block of up to 4096 values of a column is written. The writer takes the shortest.
enum heap_column_mode {
    COLUMN_PLAIN,     // a varint each
    COLUMN_RUNS,      // (value, length - 1) pairs
    COLUMN_PREDICTED, // a bitmap: 1 where the value is that of the last object of the same type;
                      // then a varint for each 0
};

// A row of BIGS: HEAP_PIECE_EDGES references of an object, the last piece has fewer.
struct heap_piece {
    uint32_t object;
    uint32_t low, high;   // the lowest and the highest target
    uint32_t previous;    // target of the reference before, the object itself at first
    uint32_t last_string; // state of the shape before the op at shape_at (shape.h)
    uint32_t last_name;
    uint64_t number;     // of the first reference among the object's
    uint64_t edge_at;    // where its target is in EDGE
    uint64_t shape_at;   // where its op is in the shape
    uint64_t shape_skip; // references of that op before it
};

_Static_assert(sizeof(struct heap_piece) == 56, "a row of BIGS is 56 bytes in the file");

// The two lowest bits of a coded target say how to read the rest.
enum heap_target_mode {
    TARGET_OWN,      // zigzag of target - own ordinal
    TARGET_PREVIOUS, // zigzag of target - previous target of this object (own ordinal at first)
    TARGET_HOT,      // row of HOTS
    TARGET_TYPE,     // 0: the object of the source's type
};

// INFO fields: varint number * 2 + is_text, then a varint, or a length and bytes.
enum heap_info {
    INFO_RUNTIME = 1,
    INFO_VERSION,
    INFO_COMMAND,
    INFO_INCOMPLETE_WHY,
    INFO_PID,
    INFO_START_TIME,
    INFO_PAUSE_NS,
    INFO_CAPTURE_NS,
    INFO_TAKEN_UNIX_NS,
    INFO_COMPLETE,
    INFO_EVENT_SEQ,
    INFO_BIRTH_EPOCH,
    INFO_RSS_BYTES,
    INFO_ARENA_BYTES,
    INFO_DANGLING,
    INFO_DUPLICATES,
    INFO_OBJECT_COUNT,
    INFO_REFERENCE_COUNT,
    INFO_ANONYMOUS_BYTES,
    INFO_HUGE_BYTES,
    INFO_COLLECTOR,
    INFO_FILE_RESIDENT,
    INFO_SHARED_RESIDENT,
};

#endif
