/* The interpreter loop, traced: see eval_loop.h. */
#define EVAL_LOOP_NAME eval_loop_traced
#define EVAL_EMIT      2
#define EVAL_COUNT     0
#include "vm/runtime/eval_loop.h"
