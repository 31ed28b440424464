// Greenlets, of the library that gevent and eventlet stand on: what a suspended one refers to.
//
// A greenlet switches stacks inside one thread, so the frames of all but the running one are in no
// thread state, and what their variables hold would seem to be held by nobody. From greenlet 2.0
// on:
//
//     greenlet    16 weakrefs   24 dict   32 implementation, a C++ object
//
// The places inside the implementation vary with greenlet's and with Python's version, so its words
// are looked at: one is the greenlet itself, else it is no implementation; others are objects it
// owns (what it runs, its parent, its context); and while it is suspended one is a frame object,
// that of its innermost frame. That one is named `gr_frame`, and borrowed; the others are
// conservative. Stacks of CPython 3.12 and later are followed to their first call from C, whose
// frame lies on a C stack that another greenlet may be using.
#include "inspector/target/cpython/cpython.h"
#include "inspector/target/cpython/frames.h"

enum {
    GREENLET_DICT = 24,
    GREENLET_IMPLEMENTATION = 32,
    GREENLET_LEAST_BYTES = 40,
    IMPLEMENTATION_WORDS = 24,
};

static bool is_frame_object(struct cpy *cpy, uint64_t object)
{
    uint64_t type_address;
    const struct cpy_type *type;
    return cpy_may_be_object(cpy, object) &&
           reader_u64(&cpy->mem, object + OBJECT_TYPE, &type_address) &&
           (type = cpy_type_get(cpy, type_address)) && type->body == BODY_FRAME;
}

static bool belongs_to(uint64_t greenlet, const uint64_t *words)
{
    for (int i = 0; i < IMPLEMENTATION_WORDS; i++)
        if (words[i] == greenlet)
            return true;
    return false;
}

static bool read_implementation(struct cpy *cpy, const struct cpy_object *o, uint64_t *words)
{
    if (o->available < GREENLET_LEAST_BYTES)
        return false;
    const uint64_t address = word_at(o->bytes, GREENLET_IMPLEMENTATION);
    return address && address % 8 == 0 &&
           reader_read(&cpy->mem, address, words, IMPLEMENTATION_WORDS * sizeof *words) &&
           belongs_to(o->address, words);
}

// 0 when it is not suspended.
static uint64_t innermost_frame_object(struct cpy *cpy, const uint64_t *words)
{
    for (int i = 0; i < IMPLEMENTATION_WORDS; i++)
        if (is_frame_object(cpy, words[i]))
            return words[i];
    return 0;
}

void cpy_add_greenlet(struct cpy *cpy, const struct cpy_object *o)
{
    uint64_t words[IMPLEMENTATION_WORDS];
    if (!read_implementation(cpy, o, words))
        return;
    const uint64_t frame_object = innermost_frame_object(cpy, words);
    cpy_edge(cpy, word_at(o->bytes, GREENLET_DICT), EDGE_FIELD, cpy_strong(o),
             cpy_name(cpy, "__dict__"));
    for (int i = 0; i < IMPLEMENTATION_WORDS; i++)
        if (words[i] != o->address && words[i] != frame_object)
            cpy_edge(cpy, words[i], EDGE_UNKNOWN, CLASS_CONSERVATIVE, EDGE_NAME_NONE);
    if (!frame_object)
        return;
    cpy_edge(cpy, frame_object, EDGE_FIELD, CLASS_BORROWED, cpy_name(cpy, "gr_frame"));
    cpy_add_suspended_frames(cpy, cpy_frame_of_object(cpy, frame_object));
}

bool cpy_greenlet_code(struct cpy *cpy, const struct cpy_object *o, uint64_t *outermost,
                       uint64_t *innermost)
{
    uint64_t words[IMPLEMENTATION_WORDS], at;
    struct cpy_frame f;
    if (!read_implementation(cpy, o, words) || !(at = innermost_frame_object(cpy, words)))
        return false;
    at = cpy_frame_of_object(cpy, at);
    *innermost = 0;
    for (uint32_t n = 0; n < LIMIT_FRAMES && cpy_next_suspended_frame(cpy, &at, &f); n++) {
        *outermost = f.code_address;
        if (!*innermost)
            *innermost = f.code_address;
    }
    return *innermost;
}
