/* The interpreter loop, traced counting: see eval_loop.h. */
#define EVAL_LOOP_NAME eval_loop_traced_counting
#define EVAL_EMIT      2
#define EVAL_COUNT     1
#include "vm/runtime/eval_loop.h"
