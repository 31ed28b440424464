/* The interpreter loop, untraced counting: see eval_loop.h. */
#define EVAL_LOOP_NAME eval_loop_untraced_counting
#define EVAL_EMIT      0
#define EVAL_COUNT     1
#include "vm/runtime/eval_loop.h"
