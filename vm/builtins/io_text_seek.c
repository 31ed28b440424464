/* TextIOWrapper: positions.
 *
 * A place between two characters cannot in general be said as a number of bytes: the decoder may
 * be in the middle of a byte sequence, or in a state that earlier bytes put it in. tell() therefore
 * gives a recipe for how seek() gets there again:
 *
 *     move the buffer to start, put the decoder into the state (b"", flags),
 *     give it `feed` bytes (and tell it that they are the last, if final),
 *     throw away `skip` characters of what it makes of them
 *
 * packed into one int, the start lowest: where the last four are 0, as with every encoding whose
 * characters are decoded one by one, the int is the number of bytes.
 *
 * The recipe is found by decoding the last chunk once more. fed and fed_flags are what it was made
 * of. A safe point is one where the decoder keeps no bytes back. First a safe point close before
 * the place is looked for, by guesses that take larger and larger steps back; from there bytes are
 * fed one at a time. The decoder is put back into the state it was found in.
 */
#include <string.h>

#include "vm/builtins/file_impl.h"
#include "vm/builtins/io_text.h"
#include "vm/object/bytes.h"
#include "vm/object/tuple.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

struct place {
    int64_t start, flags;
    uint32_t feed, skip;
    bool final;
};

/* ---- packing --------------------------------------------------------------------------------- */

enum { AT_START = 0, AT_FLAGS = 8, AT_FEED = 16, AT_SKIP = 20, AT_FINAL = 24, PACKED_BYTES = 25 };

static struct py_object *pack(const struct place *p)
{
    if (!p->flags && !p->feed && !p->skip && !p->final)
        return py_int_from_i64(p->start);
    uint8_t packed[PACKED_BYTES];
    memcpy(packed + AT_START, &p->start, sizeof p->start);
    memcpy(packed + AT_FLAGS, &p->flags, sizeof p->flags);
    memcpy(packed + AT_FEED, &p->feed, sizeof p->feed);
    memcpy(packed + AT_SKIP, &p->skip, sizeof p->skip);
    packed[AT_FINAL] = p->final;
    return py_int_from_bytes(packed, sizeof packed, true, false);
}

/* -1: OverflowError. */
static int unpack(struct py_object *cookie, struct place *p)
{
    uint8_t packed[PACKED_BYTES];
    if (py_int_to_bytes(cookie, packed, sizeof packed, true, false) < 0)
        return -1;
    memcpy(&p->start, packed + AT_START, sizeof p->start);
    memcpy(&p->flags, packed + AT_FLAGS, sizeof p->flags);
    memcpy(&p->feed, packed + AT_FEED, sizeof p->feed);
    memcpy(&p->skip, packed + AT_SKIP, sizeof p->skip);
    p->final = packed[AT_FINAL] != 0;
    return 0;
}

/* ---- the decoder's states -------------------------------------------------------------------- */

/* Puts the decoder into the state (kept, flags). */
static int set_state(struct io_text *t, struct py_object *kept, int64_t flags)
{
    struct py_object *items[2] = {py_newref(kept), py_int_from_i64(flags)};
    struct py_object *state = PY_OBJ(py_tuple_from_array_steal(items, 2));
    if (!state)
        return -1;
    PY_HOLD(&state);
    t->decoder_fresh = false;
    const int status = io_do(t->decoder, "setstate", &state, 1);
    py_clear(state);
    return status;
}

/* How many characters the decoder makes of data; -1: exception. */
static int64_t count_decoded(struct io_text *t, const uint8_t *data, int64_t n, bool final)
{
    struct py_object *held[2] = {PY_OBJ(py_bytes_from(n ? data : (uint8_t *)"", (size_t)n)), NULL};
    PY_HOLD_N(held, 2);
    if (held[0])
        held[1] = io_text_decode(t, held[0], final);
    const int64_t chars = held[1] ? ((struct py_str *)held[1])->length : -1;
    py_clear(held[0]);
    py_clear(held[1]);
    return chars;
}

/* Does the decoder keep no bytes back? 1 (and *flags), 0 or -1. */
static int is_safe(struct io_text *t, int64_t *flags)
{
    struct py_object *kept = NULL;
    PY_HOLD(&kept);
    if (io_text_decoder_state(t, &kept, flags) < 0)
        return -1;
    const int safe = ((struct py_bytes *)kept)->base.size == 0;
    py_clear(kept);
    return safe;
}

/* ---- tell() ---------------------------------------------------------------------------------- */

/* Where a search is: the first `at` bytes of fed give `chars` characters and lead to a safe point,
 * with these flags. */
struct safe_point {
    int64_t at, chars, flags;
};

/* A safe point not far before `wanted` characters, wanted > 0. 0 or -1. */
static int find_safe_point(struct io_text *t, const struct py_bytes *fed, int64_t wanted,
                           struct safe_point *found)
{
    const double guess = t->density * (double)wanted;
    int64_t at = guess < (double)fed->base.size ? (int64_t)guess : fed->base.size;
    *found = (struct safe_point){.flags = t->fed_flags};
    for (int64_t step = 1; at > 0; at -= step, step *= 2) {
        int64_t flags;
        if (set_state(t, PY_OBJ(py_bytes_empty()), t->fed_flags) < 0)
            return -1;
        const int64_t chars = count_decoded(t, fed->data, at, false);
        const int safe = chars < 0 ? -1 : is_safe(t, &flags);
        if (safe < 0)
            return -1;
        if (safe && chars <= wanted) {
            *found = (struct safe_point){.at = at, .chars = chars, .flags = flags};
            return 0;
        }
    }
    return set_state(t, PY_OBJ(py_bytes_empty()), t->fed_flags);
}

/* The decoder stands at a safe point: goes on to `wanted` characters. 0 or -1. */
static int walk(struct io_text *t, const struct py_bytes *fed, int64_t wanted,
                struct safe_point *safe, struct place *p)
{
    int64_t at = safe->at, chars = safe->chars;
    while (chars < wanted && at < fed->base.size) {
        const int64_t more = count_decoded(t, fed->data + at, 1, false);
        int64_t flags;
        const int is = more < 0 ? -1 : is_safe(t, &flags);
        if (is < 0)
            return -1;
        at++;
        chars += more;
        if (is && chars <= wanted)
            *safe = (struct safe_point){.at = at, .chars = chars, .flags = flags};
    }
    if (chars < wanted) {
        const int64_t more = count_decoded(t, NULL, 0, true);
        if (more < 0)
            return -1;
        p->final = true;
        if (chars + more < wanted)
            return py_raise_int(&py_exc_OSError, "can't reconstruct logical file position");
    }
    p->start += safe->at;
    p->flags = safe->flags;
    p->feed = (uint32_t)(at - safe->at);
    p->skip = (uint32_t)(wanted - safe->chars);
    return 0;
}

/* p->start is where fed begins. */
static int find_place(struct io_text *t, struct py_object *fed, struct place *p)
{
    const struct py_bytes *const b = (struct py_bytes *)fed;
    const int64_t wanted = t->taken;
    if (wanted == 0) {
        p->flags = t->fed_flags;
        return 0;
    }
    struct py_object *kept = NULL, *pending = NULL;
    PY_HOLD(&kept);
    PY_HOLD(&pending);
    int64_t flags;
    if (io_text_decoder_state(t, &kept, &flags) < 0)
        return -1;
    struct safe_point safe;
    int status = find_safe_point(t, b, wanted, &safe) < 0 ? -1 : walk(t, b, wanted, &safe, p);
    pending = py_error_fetch();
    const int restored = set_state(t, kept, flags);
    struct py_object *const first = pending;
    pending = NULL;
    if (first && restored < 0)
        py_error_chain_context(first);
    else if (first)
        py_error_restore(first);
    py_clear(kept);
    return restored < 0 ? -1 : status;
}

static struct py_object *tell_from(struct io_text *t, struct py_object *at)
{
    struct place p = {0};
    if (i64_argument(at, &p.start) < 0)
        return NULL;
    struct py_object *fed = py_newref(t->fed);
    PY_HOLD(&fed);
    p.start -= ((struct py_bytes *)fed)->base.size;
    const int status = find_place(t, fed, &p);
    py_clear(fed);
    return status < 0 ? NULL : pack(&p);
}

IO_TEXT_METHOD(io_text_tell)
{
    UNUSED;
    struct io_text *const t = TEXT_IO(self);
    if (io_text_check_open(t) < 0)
        return NULL;
    if (!t->seekable)
        return py_file_unsupported("underlying stream is not seekable");
    if (!t->telling)
        return py_raise(&py_exc_OSError, "telling position disabled by next() call");
    if (io_text_write_pending(t) < 0 || io_do(self, "flush", NULL, 0) < 0 || io_text_check(t) < 0)
        return NULL;
    struct py_object *at = io_call(t->buffer, "tell", NULL, 0);
    if (!at || !t->decoder || !t->fed)
        return at;
    PY_HOLD(&at);
    struct py_object *const cookie = tell_from(t, at);
    py_clear(at);
    return cookie;
}

/* ---- seek() ---------------------------------------------------------------------------------- */

static int restart_encoder(struct io_text *t, bool at_start)
{
    return t->encoder ? io_text_place_encoder(t, at_start) : 0;
}

/* Follows the recipe behind its first step. 0 or -1. */
static int restore_decoder(struct io_text *t, const struct place *p)
{
    struct py_object *const empty = PY_OBJ(py_bytes_empty());
    if (!t->decoder)
        return 0;
    if ((p->start == 0 && p->flags == 0 ? io_text_reset_decoder(t)
                                        : set_state(t, empty, p->flags)) < 0)
        return -1;
    t->fed_flags = p->flags;
    py_setref(t->fed, py_newref(empty));
    if (p->skip == 0)
        return 0;
    struct py_object *held[3] = {py_int_from_i64(p->feed), NULL, NULL};
    PY_HOLD_N(held, 3);
    held[1] = held[0] ? io_call(t->buffer, "read", held, 1) : NULL;
    if (held[1] && !py_bytes_check(held[1]))
        py_raise(&py_exc_TypeError,
                 "underlying read() should have returned a bytes object, not '%.200s'",
                 held[1]->type->name);
    else if (held[1])
        held[2] = io_text_decode(t, held[1], p->final);
    int status = held[2] ? 0 : -1;
    if (held[2] && ((struct py_str *)held[2])->length < p->skip)
        status = py_raise_int(&py_exc_OSError, "can't restore logical file position");
    if (status == 0) {
        py_setref(t->fed, py_newref(held[1]));
        py_setref(t->decoded, py_newref(held[2]));
        t->taken = p->skip;
    }
    for (int i = 0; i < 3; i++)
        py_clear(held[i]);
    return status;
}

static struct py_object *seek_to(struct io_text *t, struct py_object *cookie)
{
    struct place p;
    if (py_int_sign(cookie) < 0)
        return py_raise(&py_exc_ValueError, "negative seek position %R", cookie);
    if (io_do(PY_OBJ(t), "flush", NULL, 0) < 0 || unpack(cookie, &p) < 0 || io_text_check(t) < 0)
        return NULL;
    struct py_object *start = py_int_from_u64((uint64_t)p.start);
    if (!start)
        return NULL;
    PY_HOLD(&start);
    const int moved = io_do(t->buffer, "seek", &start, 1);
    py_clear(start);
    if (moved < 0 || io_text_check(t) < 0)
        return NULL;
    io_text_forget(t);
    if (restore_decoder(t, &p) < 0 || restart_encoder(t, p.start == 0 && p.flags == 0) < 0)
        return NULL;
    return py_newref(cookie);
}

static struct py_object *seek_end(struct io_text *t)
{
    if (io_do(PY_OBJ(t), "flush", NULL, 0) < 0 || io_text_check(t) < 0)
        return NULL;
    io_text_forget(t);
    if (io_text_reset_decoder(t) < 0)
        return NULL;
    struct py_object *const where[2] = {py_int_from_i64(0), py_int_from_i64(2)}; /* immortal */
    struct py_object *at = io_call(t->buffer, "seek", where, 2);
    if (!at)
        return NULL;
    PY_HOLD(&at);
    const int status = restart_encoder(t, at == where[0]);
    if (status < 0)
        py_clear(at);
    return at;
}

/* cookie: an int. */
static struct py_object *seek_by(struct py_object *self, struct py_object *cookie, int whence)
{
    if (whence == 0)
        return seek_to(TEXT_IO(self), cookie);
    if (whence != 1 && whence != 2)
        return py_raise(&py_exc_ValueError, "invalid whence (%d, should be 0, 1 or 2)", whence);
    if (!py_int_is_zero(cookie))
        return py_file_unsupported(whence == 1 ? "can't do nonzero cur-relative seeks"
                                               : "can't do nonzero end-relative seeks");
    if (whence == 2)
        return seek_end(TEXT_IO(self));
    struct py_object *here = io_call(self, "tell", NULL, 0), *there = NULL;
    if (!here)
        return NULL;
    PY_HOLD(&here);
    if (py_int_check(here))
        there = seek_to(TEXT_IO(self), here);
    else
        py_raise(&py_exc_TypeError, "tell() should have returned an int, not '%.200s'",
                 here->type->name);
    py_clear(here);
    return there;
}

IO_TEXT_METHOD(io_text_seek)
{
    UNUSED;
    struct io_text *const t = TEXT_IO(self);
    int whence = 0;
    if ((nargs > 1 && int_argument(args[1], &whence) < 0) || io_text_check_open(t) < 0)
        return NULL;
    if (!t->seekable)
        return py_file_unsupported("underlying stream is not seekable");
    struct py_object *cookie = py_index(args[0]);
    if (!cookie)
        return NULL;
    PY_HOLD(&cookie);
    struct py_object *const there = seek_by(self, cookie, whence);
    py_clear(cookie);
    return there;
}
