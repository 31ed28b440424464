/* Walks the heap of a live brille-python through memory that lies: words are replaced, some by
 * rubbish, some by pointers that lead elsewhere. Whatever comes out, the walk must end, in bounded
 * time, without reading what it was not given; build it with -fsanitize=address,undefined to see
 * the latter. A snapshot that comes out must keep its invariants.
 *
 *     capture_noise PID ROUNDS [SEED]
 *
 * Round i has the seed SEED + i, which decides everything but the addresses of the process: run
 * that one under `setarch -R` to see a round again. Half of the seeds leave the introspection table
 * alone, half damage it too.
 */
#include "inspector/base/clock.h"
#include "inspector/capture/capture.h"
#include "inspector/target/ownvm/ownvm.h"

#include <stdio.h>
#include <stdlib.h>

struct noise {
    struct mem_source base; /* first */
    struct mem_source *under;
    uint64_t seed;
    uint64_t one_in; /* words */
};

static uint64_t mix(uint64_t x)
{
    x ^= x >> 31;
    x *= 0x9e3779b97f4a7c15ull;
    x ^= x >> 29;
    x *= 0xbf58476d1ce4e5b9ull;
    return x ^ x >> 32;
}

static uint64_t lie(uint64_t word, uint64_t dice)
{
    const uint64_t which = dice >> 8;
    switch (dice % 8) {
    case 0:
        return 0;
    case 1:
        return UINT64_MAX;
    case 2:
        return word ^ 1ull << which % 64;
    case 3:
        return word + 8 * (which % 64) - 256;
    case 4:
        return which;
    case 5:
        return which % 1000;
    case 6:
        return word << 32 | word >> 32;
    default:
        return word & ~0xfffffull; /* some other block, a pool's header */
    }
}

static size_t noise_read(struct mem_source *source, uint64_t address, void *buffer, size_t length)
{
    const struct noise *noise = (struct noise *)source;
    const size_t got = noise->under->ops->read(noise->under, address, buffer, length);
    for (uint64_t at = (address + 7) & ~7ull; at + 8 <= address + got; at += 8) {
        const uint64_t dice = mix(at ^ noise->seed);
        if (dice % noise->one_in)
            continue;
        uint64_t word;
        memcpy(&word, (char *)buffer + (at - address), 8);
        word = lie(word, mix(dice));
        memcpy((char *)buffer + (at - address), &word, 8);
    }
    return got;
}

static const struct mem_source_ops noise_ops = {.read = noise_read};

static void damage_table(struct vm_table *table, uint64_t seed)
{
    uint64_t *rows = &table->rows.size_of_object;
    for (int i = 0; i < 3; i++) {
        const uint64_t dice = mix(seed + (uint64_t)i);
        rows[dice % INTROSPECT_ROWS] = dice & 1 ? mix(dice) % 5000 : lie(rows[0], mix(dice));
    }
}

struct tally {
    unsigned refused, failed, walked;
    uint64_t objects, longest_ns, longest_seed;
};

static void walk_once(struct capture *capture, struct vm_table table, uint64_t seed,
                      struct tally *tally)
{
    static const uint64_t rates[] = {20000, 2000, 300, 40};
    struct noise noise = {.base = {.ops = &noise_ops, .frozen = true},
                          .under = capture->mem,
                          .seed = mix(seed),
                          .one_in = rates[seed % 4]};
    struct snapshot_builder *builder = NULL;
    struct snapshot *snapshot = NULL;
    struct vm vm = {0};
    if (seed / 4 % 2)
        damage_table(&table, seed);
    struct error *err = vm_table_check(&table.rows);
    if (err) {
        tally->refused++;
        error_destroy(err);
        return;
    }
    const uint64_t begin = clock_cpu_ns();
    err = snapshot_builder_create(&builder);
    if (!err)
        err = vm_init(&vm, builder, &table, &noise.base);
    vm_set_bounds(&vm, capture);
    if (!err)
        err = vm_walk(&vm);
    vm_deinit(&vm);
    if (!err)
        err = snapshot_builder_finish(builder, &snapshot);
    if (err) {
        tally->failed++;
        error_destroy(err);
    } else {
        tally->walked++;
        tally->objects += snapshot->object_count;
        snapshot_check(snapshot);
        snapshot_destroy(snapshot);
    }
    snapshot_builder_destroy(builder);
    const uint64_t took = clock_cpu_ns() - begin;
    if (took > tally->longest_ns) {
        tally->longest_ns = took;
        tally->longest_seed = seed;
    }
}

static struct error *run(pid_t pid, unsigned rounds, uint64_t seed)
{
    _cleanup_(capture_destroy_at) struct capture *capture = NULL;
    struct vm_table table;
    struct tally tally = {0};
    TRY(capture_create(pid, &(struct capture_options){.verb = "dump"}, &capture));
    TRY(vm_table_read(pid, &capture->maps, capture->mem, &table));
    for (unsigned i = 0; i < rounds; i++)
        walk_once(capture, table, seed + i, &tally);
    printf("%u walks of %llu objects on average, %u failed, %u tables refused; longest %.2f s "
           "(seed %llu)\n",
           tally.walked, (unsigned long long)(tally.walked ? tally.objects / tally.walked : 0),
           tally.failed, tally.refused, (double)tally.longest_ns / 1e9,
           (unsigned long long)tally.longest_seed);
    return tally.longest_ns > 60000000000ull
               ? error_create(ERROR_TIMEOUT, "a walk took longer than a minute")
               : NULL;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: capture_noise PID ROUNDS [SEED]\n");
        return 2;
    }
    struct error *err =
        run(atoi(argv[1]), (unsigned)atoi(argv[2]), argc > 3 ? strtoull(argv[3], NULL, 10) : 1);
    error_print(stderr, err);
    const int status = error_exit_status(err);
    error_destroy(err);
    return status;
}
