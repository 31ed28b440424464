// See stack_dump.h.
#include "inspector/target/stack_dump.h"

void stack_dump_init(struct stack_dump *dump)
{
    *dump = (struct stack_dump){.runtime = "", .version = "", .command = ""};
    arena_init(&dump->arena);
}

void stack_dump_deinit(struct stack_dump *dump)
{
    for (size_t i = 0; i < dump->threads.count; i++)
        stack_dump_frame_vec_deinit(&dump->threads.items[i].frames);
    stack_dump_thread_vec_deinit(&dump->threads);
    arena_deinit(&dump->arena);
}
