/* The interpreter's introspection table: the values behind tracer/abi/introspect.def.
 *
 * One constant structure in a section of its own, kept by the linker although nothing refers to it.
 * The addresses in it are relocated when the process starts, so a reader takes the table from
 * memory, and only its place from the file.
 */
#include "tracer/abi/introspect.h"

#include <stddef.h>

#include "tracer/emit/emit.h"
#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/buffer.h"
#include "vm/object/bytes.h"
#include "vm/object/code.h"
#include "vm/object/deque.h"
#include "vm/object/dict.h"
#include "vm/object/exc.h"
#include "vm/object/float.h"
#include "vm/object/func.h"
#include "vm/object/gen.h"
#include "vm/object/instance.h"
#include "vm/object/int.h"
#include "vm/object/list.h"
#include "vm/object/module.h"
#include "vm/object/set.h"
#include "vm/object/static_types.h"
#include "vm/object/str.h"
#include "vm/object/tuple.h"
#include "vm/object/weakref.h"
#include "vm/probe/probe.h"
#include "vm/runtime/frame.h"
#include "vm/runtime/gil.h"
#include "vm/runtime/thread.h"

#define ADDRESS(symbol) (uint64_t)(uintptr_t) & (symbol)

__attribute__((section(INTROSPECT_SECTION), used, retain, aligned(16)))
const struct introspect py_introspect = {
    .magic = INTROSPECT_MAGIC,
    .abi_major = INTROSPECT_ABI_MAJOR,
    .abi_minor = INTROSPECT_ABI_MINOR,
    .size = sizeof(struct introspect),
    .row_count = INTROSPECT_ROWS,
    .runtime = "brille",
    .version = "3.11.2",
    .build = BRILLE_VERSION,
#define ROW(name, expression) .name = (uint64_t)(expression),
#include "tracer/abi/introspect.def"
    .tail = INTROSPECT_TAIL,
};
