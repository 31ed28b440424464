/* The interpreter loop, traced through a filter: see eval_loop.h. */
#define EVAL_LOOP_NAME eval_loop_filtered
#define EVAL_EMIT      3
#define EVAL_COUNT     0
#include "vm/runtime/eval_loop.h"
