/* The interpreter loop, stacks counting: see eval_loop.h. */
#define EVAL_LOOP_NAME eval_loop_stacks_counting
#define EVAL_EMIT      1
#define EVAL_COUNT     1
#include "vm/runtime/eval_loop.h"
