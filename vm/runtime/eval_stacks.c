/* The interpreter loop, stacks: see eval_loop.h. */
#define EVAL_LOOP_NAME eval_loop_stacks
#define EVAL_EMIT      1
#define EVAL_COUNT     0
#include "vm/runtime/eval_loop.h"
