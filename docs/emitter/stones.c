/* A machine that only picks up and puts down stones, and says so: a small emitter.
 *
 *     cc $(pkg-config --cflags brille-tracer) stones.c $(pkg-config --libs brille-tracer) -o stones
 *     ./stones 60 & brille record $! -e alloc,refcount --seconds 1 -o stones.trace
 */
#include <brille/tracer.h>

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { STONES = 64, TYPE_STONE = 1, CODE_PLAY = 1, SITE_TAKE = 0, SITE_PUT = 4 };

static struct stone {
    _Alignas(16) uint32_t count; /* 0: it is not there */
} stones[STONES];

static void define(void *context)
{
    static const struct brille_tracer_line lines[] = {{SITE_TAKE, 47}, {SITE_PUT, 54}};
    brille_tracer_define_thread((uint32_t)getpid(), context);
    brille_tracer_define_type(TYPE_STONE, "stone", "game");
    brille_tracer_define_code(CODE_PLAY, "play", "stones.c", lines, 2);
}

static void baseline(void *context)
{
    (void)context;
    for (struct stone *s = stones; s < stones + STONES; s++)
        if (s->count)
            brille_tracer_snapshot(s, TYPE_STONE, sizeof *s, s->count, -1);
}

static void where(void *context, uint32_t *tid, uint32_t *code, uint32_t *depth)
{
    (void)context;
    *tid = (uint32_t)getpid();
    *code = CODE_PLAY;
    *depth = 1;
}

static void take(struct stone *s)
{
    if (s->count++ == 0 && brille_tracer_on(BRILLE_TRACER_ALLOC))
        brille_tracer_alloc(s, TYPE_STONE, sizeof *s, SITE_TAKE); /* its count is 1 */
    else if (s->count > 1 && brille_tracer_on(BRILLE_TRACER_REFCOUNT))
        brille_tracer_incref(s, SITE_TAKE);
}

static void put(struct stone *s)
{
    s->count--;
    if (brille_tracer_on(BRILLE_TRACER_REFCOUNT))
        brille_tracer_decref(s, SITE_PUT);
    if (s->count == 0 && brille_tracer_on(BRILLE_TRACER_ALLOC))
        brille_tracer_free(s, SITE_PUT);
}

int main(int argc, char **argv)
{
    const struct brille_tracer_callbacks callbacks = {
        .context = "player", .define = define, .baseline = baseline, .where = where};
    const time_t end = time(NULL) + (argc > 1 ? atoi(argv[1]) : 10);
    brille_tracer_init(&callbacks);
    while (time(NULL) < end) {
        struct stone *s = &stones[rand() % STONES];
        s->count &&rand() % 2 ? put(s) : take(s);
        if (brille_tracer_wanted())
            brille_tracer_safepoint();
        usleep(10);
    }
    brille_tracer_stop();
    return 0;
}
