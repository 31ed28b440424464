/* The interpreter loop, untraced: see eval_loop.h. */
#define EVAL_LOOP_NAME eval_loop_untraced
#define EVAL_EMIT      0
#define EVAL_COUNT     0
#include "vm/runtime/eval_loop.h"
