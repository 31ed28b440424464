/* The interpreter loop, traced through a filter, counting instructions: see eval_loop.h. */
#define EVAL_LOOP_NAME eval_loop_filtered_counting
#define EVAL_EMIT      3
#define EVAL_COUNT     1
#include "vm/runtime/eval_loop.h"
