// Which line of Python a sample of a running thread is in, without stopping it.
//
// A sample has the thread's registers and the end of its stack. That is unwound to the innermost
// call of the interpreter's loop; there, registers that survive calls and the loop's own part of
// the stack hold what the loop works with, and two of its values are recognised by what they point
// to: the frame, whose code is a code object, and a word that points into that code. They are found
// together or not at all, so they are of the sample and not of the moment at which they are read:
// what is read later (the frame's code) does not change while the frame lives.
//
// Two things are learnt from all samples together, because they are the compiler's choice:
//
//     the slot     which register, or word of the loop's stack, holds the instruction at a place in
//                  the machine code: the one that points into the code in (nearly) every sample
//                  there, and, of several, in most samples everywhere; others do so now and then
//     the reading  whether it is the instruction that is being done or the next one, at a place in
//                  the machine code. Mostly both are of one line. Otherwise: such a place handles
//                  one kind of instruction, so one reading has always the same opcode there, and
//                  the other, once there are samples from several places of the program, has not
//
// What remains undecided is not known, and said to be so. Hence two steps: locate() gives each
// sample a number, and resolve(), when all samples have been seen, says which line that is.
#include "inspector/target/cpython/cpython.h"

#include "inspector/proc/native_stack.h"
#include "inspector/target/cpython/live.h"
#include "inspector/target/locate.h"

#include <stdlib.h>
#include <string.h>

enum {
    WORDS_MAX = 256,
    UNIT_BYTES = 2,
    FORGET_EVERY = 512,
    KEPT_MAX = 1 << 16,
    SLOTS = NATIVE_SAVED + 64,
    READINGS_MAX = 6,
    CERTAIN_PERCENT = 97
};

// A word that points into the code of the frame, read in two ways.
struct reading {
    uint64_t word;
    uint32_t slot;
    uint32_t line[2];  // of the instruction at the word, of that before it
    uint8_t opcode[2]; // of the same
};

// All samples with the same words at the same place of the machine code.
struct candidate {
    uint64_t pc;
    const char *function, *file;
    uint64_t samples;
    uint32_t count;
    struct reading readings[READINGS_MAX];
};
VEC_DEFINE(candidate_vec, struct candidate);

struct locator {
    struct candidate_vec candidates;
    uint64_t in_slot[SLOTS]; // in which this slot pointed into its code
    struct cpy_live live;
    struct cpy cpy;
    struct capture seen;
    struct snapshot_builder *names;
    struct native_unwinder *unwinder;
    struct mem_source *mem; // the sample's stack, and behind it the process's memory
    const struct perf_sample *sample;
    unsigned since_forgotten;
};

// ---- memory: of stacks what the sample has, for the rest the process's ----

struct sampled_memory {
    struct mem_source base;
    struct locator *locator;
};

static size_t sampled_read(struct mem_source *source, uint64_t address, void *buffer, size_t length)
{
    struct locator *l = ((struct sampled_memory *)source)->locator;
    const uint64_t begin = l->sample->registers.rsp, end = begin + l->sample->stack_bytes;
    unsigned char *to = buffer;
    const size_t got = mem_read_some(l->live.mem, remote_at(address), buffer, length);
    for (uint64_t at = address < begin ? begin : address; at < address + got && at < end; at++)
        to[at - address] = l->sample->stack[at - begin];
    return got;
}

static void sampled_destroy(struct mem_source *source)
{
    free(source);
}

static const struct mem_source_ops sampled_ops = {.read = sampled_read, .destroy = sampled_destroy};

// ---- the loop's values ----

struct words {
    uint64_t at[WORDS_MAX]; // by slot: registers that survive calls, then the loop's stack
    size_t count;
    uint64_t pc; // where the loop is
};

static void add_word(struct words *words, uint64_t word)
{
    if (words->count < WORDS_MAX)
        words->at[words->count++] = word > 4096 && word >> 47 == 0 ? word : 0;
}

static void add_stack(const struct locator *l, uint64_t from, uint64_t to, struct words *words)
{
    const uint64_t begin = l->sample->registers.rsp;
    uint64_t word;
    for (uint64_t at = from < begin ? begin : from; at + 8 <= to; at += 8) {
        if (at - begin + 8 > l->sample->stack_bytes)
            return;
        memcpy(&word, l->sample->stack + (at - begin), sizeof word);
        add_word(words, word);
    }
}

static bool is_loop(const struct native_frame *frame)
{
    return frame->function && strncmp(frame->function, "_PyEval_EvalFrameDefault", 24) == 0;
}

// Of the innermost loop, registers first.
static bool find_words(struct locator *l, struct words *words)
{
    const struct user_regs_struct *r = &l->sample->registers;
    struct native_stack stack = {0};
    native_unwinder_forget(l->unwinder);
    struct error *err = native_stack_walk(l->unwinder, r, &stack);
    words->count = 0;
    for (size_t i = 0; !err && i < stack.frames.count; i++) {
        const struct native_frame *frame = &stack.frames.items[i];
        if (frame->sp.addr - r->rsp >= l->sample->stack_bytes)
            break; // beyond what the sample has
        if (!is_loop(frame))
            continue;
        words->pc = frame->pc.addr;
        for (int k = 0; k < NATIVE_SAVED; k++)
            add_word(words, frame->saved[k]);
        add_stack(l, frame->sp.addr, frame->frame_base.addr, words);
        break;
    }
    error_destroy(err);
    native_stack_deinit(&stack);
    return words->count > 0;
}

// ---- code ----

static uint64_t live_word(const struct locator *l, uint64_t address)
{
    uint64_t value = 0;
    error_destroy(mem_read_u64(l->live.mem, remote_at(address), &value));
    return value;
}

// The code of the frame at the address, NULL when there is no frame.
static struct cpy_code *code_at(struct locator *l, uint64_t frame)
{
    const struct cpy_layout *layout = l->cpy.l;
    if (frame % 8)
        return NULL;
    const uint64_t code = live_word(
        l, frame + (layout_has(layout->frame_code) ? layout->frame_code : layout->iframe_code));
    return code ? cpy_code_get(&l->cpy, code) : NULL;
}

// Where its instructions are. Up to 3.10 they are a bytes object.
static bool range_of(const struct locator *l, const struct cpy_code *code, uint64_t *begin,
                     uint64_t *end)
{
    const struct cpy_layout *layout = l->cpy.l;
    if (code->instructions) {
        *begin = code->instructions;
        *end = *begin + UNIT_BYTES * (live_word(l, code->address + OBJECT_SIZE) & UINT32_MAX);
        return true;
    }
    const uint64_t bytes = live_word(l, code->address + layout->code_code);
    *begin = bytes + layout->bytes_data;
    *end = *begin + (live_word(l, bytes + OBJECT_SIZE) & UINT32_MAX);
    return bytes != 0;
}

// ---- samples ----

static bool is_same(const struct candidate *a, const struct candidate *b)
{
    if (a->pc != b->pc || a->function != b->function || a->count != b->count)
        return false;
    for (uint32_t i = 0; i < a->count; i++)
        if (a->readings[i].word != b->readings[i].word ||
            a->readings[i].slot != b->readings[i].slot)
            return false;
    return true;
}

static bool number_of(struct locator *l, const struct candidate *wanted, uint32_t *ret)
{
    for (uint32_t i = 0; i < l->candidates.count; i++)
        if (is_same(&l->candidates.items[i], wanted)) {
            *ret = i;
            return true;
        }
    if (l->candidates.count >= KEPT_MAX)
        return false;
    struct error *err = candidate_vec_push(&l->candidates, *wanted);
    error_destroy(err);
    *ret = (uint32_t)l->candidates.count - 1;
    return !err;
}

static struct reading read_word(struct locator *l, const struct cpy_code *code, uint64_t begin,
                                uint64_t word, uint32_t slot)
{
    struct reading reading = {.word = word, .slot = slot};
    for (int k = 0; k < 2; k++) {
        const uint64_t at = word - UNIT_BYTES * (uint64_t)k;
        reading.line[k] = cpy_code_line(&l->cpy, code, code->instructions ? at : at - begin);
        error_destroy(mem_read_u8(l->live.mem, remote_at(at), &reading.opcode[k]));
    }
    return reading;
}

static bool place_in(struct locator *l, const struct words *words, const struct cpy_code *code,
                     uint32_t *ret)
{
    struct candidate candidate = {.pc = words->pc, .function = code->function, .file = code->file};
    uint64_t begin, end;
    if (!range_of(l, code, &begin, &end))
        return false;
    for (uint32_t i = 0; i < words->count && i < SLOTS; i++) {
        const uint64_t word = words->at[i];
        if (word > begin && word < end && (word - begin) % UNIT_BYTES == 0 &&
            candidate.count < READINGS_MAX)
            candidate.readings[candidate.count++] = read_word(l, code, begin, word, i);
    }
    if (!candidate.count || !number_of(l, &candidate, ret))
        return false;
    l->candidates.items[*ret].samples++;
    for (uint32_t i = 0; i < candidate.count; i++)
        l->in_slot[candidate.readings[i].slot]++;
    return true;
}

// ---- what is learnt ----

enum { SLOT_NONE = SLOTS };

// The slot that holds the instruction at this place of the machine code.
static uint32_t slot_at(const struct locator *l, uint64_t pc)
{
    uint64_t in_slot[SLOTS] = {0}, samples = 0;
    uint32_t best = SLOT_NONE;
    for (size_t i = 0; i < l->candidates.count; i++) {
        const struct candidate *c = &l->candidates.items[i];
        if (c->pc != pc)
            continue;
        samples += c->samples;
        for (uint32_t k = 0; k < c->count; k++)
            in_slot[c->readings[k].slot] += c->samples;
    }
    for (uint32_t i = 0; i < SLOTS; i++)
        if (in_slot[i] * 100 >= samples * CERTAIN_PERCENT && in_slot[i] &&
            (best == SLOT_NONE || l->in_slot[i] > l->in_slot[best]))
            best = i;
    return best;
}

static const struct reading *reading_of(const struct candidate *c, uint32_t slot)
{
    for (uint32_t i = 0; i < c->count; i++)
        if (c->readings[i].slot == slot)
            return &c->readings[i];
    return NULL;
}

// Whether one reading has had several opcodes at this place of the machine code.
static bool differs(const struct locator *l, const struct candidate *c, uint32_t slot, int which)
{
    const struct reading *reading = reading_of(c, slot);
    for (size_t i = 0; i < l->candidates.count; i++) {
        const struct candidate *other = &l->candidates.items[i];
        const struct reading *its = other->pc == c->pc ? reading_of(other, slot) : NULL;
        if (its && its->opcode[which] != reading->opcode[which])
            return true;
    }
    return false;
}

bool cpython_resolve(struct locator *l, uint32_t number, struct code_place *ret)
{
    const struct candidate *c = &l->candidates.items[number];
    const uint32_t slot = slot_at(l, c->pc);
    const struct reading *reading = reading_of(c, slot);
    if (!reading)
        return false;
    const bool same = reading->line[0] == reading->line[1];
    const bool at_differs = !same && differs(l, c, slot, 0);
    if (!same && at_differs == differs(l, c, slot, 1))
        return false;
    *ret = (struct code_place){
        .function = c->function, .file = c->file, .line = reading->line[at_differs ? 1 : 0]};
    return true;
}

// What was read before is of another time; now and then it is read afresh.
static bool forget(struct locator *l)
{
    if (++l->since_forgotten < FORGET_EVERY)
        return true;
    l->since_forgotten = 0;
    reader_deinit(&l->cpy.mem);
    struct error *err = reader_init(&l->cpy.mem, l->live.mem, 1);
    error_destroy(err);
    return !err;
}

bool cpython_locate(struct locator *l, const struct perf_sample *sample, uint32_t *ret)
{
    struct words words;
    l->sample = sample;
    if (!sample->stack || !forget(l) || !find_words(l, &words))
        return false;
    for (size_t i = 0; i < words.count; i++) {
        const struct cpy_code *code = words.at[i] ? code_at(l, words.at[i]) : NULL;
        if (code && place_in(l, &words, code, ret))
            return true;
    }
    return false;
}

// ---- the locator ----

void cpython_locator_destroy(struct locator *l)
{
    if (!l)
        return;
    candidate_vec_deinit(&l->candidates);
    native_unwinder_destroy(l->unwinder);
    mem_source_destroy(l->mem);
    cpy_deinit(&l->cpy);
    snapshot_builder_destroy(l->names);
    cpy_live_deinit(&l->live);
    free(l);
}

static struct error *make(struct locator *l, pid_t pid)
{
    struct sampled_memory *memory = calloc(1, sizeof *memory);
    if (!memory)
        return &error_no_memory;
    *memory = (struct sampled_memory){.base = {.ops = &sampled_ops}, .locator = l};
    l->mem = &memory->base;
    TRY(snapshot_builder_create(&l->names));
    TRY(cpy_live_init(&l->live, pid));
    l->seen = (struct capture){.pid = pid, .mem = l->live.mem, .maps = l->live.maps};
    TRY(cpy_init(&l->cpy, l->names, &l->live.runtime, &l->seen));
    TRY(cpy_types_init(&l->cpy));
    return native_unwinder_create(pid, &l->live.maps, l->mem, &l->unwinder);
}

struct error *cpython_locator_create(pid_t pid, struct locator **ret)
{
    static const struct perf_sample none;
    struct locator *l = calloc(1, sizeof *l);
    if (!l)
        return &error_no_memory;
    l->sample = &none;
    struct error *err = make(l, pid);
    if (err)
        cpython_locator_destroy(l);
    else
        *ret = l;
    return err;
}
