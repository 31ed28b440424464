/* collections.deque: blocks, ends and rotation; the type. Layout and invariants: deque.h.
 *
 * Appending and popping touch one block; only every 64th makes or frees one. Everything that has
 * to reach into the middle rotates the deque there and back, moving pointers without touching
 * counts. Items leave the deque before they are dropped. A comparison may change the deque:
 * iteration watches state, which changes with every item that enters or leaves.
 */
#include "vm/object/deque.h"

#include "vm/memory/dealloc.h"
#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/deque_internal.h"
#include "vm/object/int.h"
#include "vm/object/quick_compare.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

#define CENTER ((PY_DEQUE_BLOCK - 1) / 2)

static struct py_deque_block *block_new(void)
{
    struct py_deque_block *b = py_mem_alloc(sizeof *b);
    if (!b)
        return py_raise_no_memory();
    b->left_link = b->right_link = NULL;
    return b;
}

static void deque_announce(struct py_deque *d)
{
    if (PY_TRACING(PY_TRACE_ALLOC))
        py_object_resized(PY_OBJ(d), py_object_size(PY_OBJ(d)));
}

/* Makes an empty deque's two ends meet in the middle of its only block. */
static void recenter(struct py_deque *d)
{
    d->left = CENTER + 1;
    d->right = CENTER;
}

/* What sys.getsizeof says of a deque with so many blocks, the collector's link not counted. */
static size_t size_bytes(const struct py_type *type, int64_t blocks)
{
    return type->basicsize - sizeof(struct py_deque) + PY_DEQUE_REPORTED_BYTES +
           (size_t)blocks * sizeof(struct py_deque_block);
}

struct py_deque *py_deque_alloc(struct py_type *type)
{
    struct py_deque_block *b = block_new();
    const size_t bytes = size_bytes(type, 1);
    struct py_deque *d = b ? py_object_new_sized(type, bytes) : NULL;
    if (!d) {
        py_mem_free(b);
        return NULL;
    }
    d->left_block = d->right_block = b;
    recenter(d);
    d->max_length = -1;
    py_gc_track(d);
    return d;
}

struct py_deque *py_deque_new(int64_t max_length)
{
    struct py_deque *d = py_deque_alloc(&py_deque_type);
    if (d)
        d->max_length = max_length;
    return d;
}

/* --- the ends; these take and give owned items and never drop one --- */

int py_deque_push_right(struct py_deque *d, struct py_object *item)
{
    const bool full = d->right == PY_DEQUE_BLOCK - 1;
    if (full) {
        struct py_deque_block *b = block_new();
        if (!b)
            return -1;
        b->left_link = d->right_block;
        d->right_block->right_link = b;
        d->right_block = b;
        d->right = -1;
    }
    d->right_block->items[++d->right] = item;
    d->base.size++;
    d->state++;
    if (full)
        deque_announce(d);
    return 0;
}

int py_deque_push_left(struct py_deque *d, struct py_object *item)
{
    const bool full = d->left == 0;
    if (full) {
        struct py_deque_block *b = block_new();
        if (!b)
            return -1;
        b->right_link = d->left_block;
        d->left_block->left_link = b;
        d->left_block = b;
        d->left = PY_DEQUE_BLOCK;
    }
    d->left_block->items[--d->left] = item;
    d->base.size++;
    d->state++;
    if (full)
        deque_announce(d);
    return 0;
}

struct py_object *py_deque_pop(struct py_deque *d)
{
    if (d->base.size == 0)
        return NULL;
    struct py_object *item = d->right_block->items[d->right];
    d->right_block->items[d->right--] = NULL;
    d->base.size--;
    d->state++;
    if (d->right >= 0)
        return item;
    if (d->base.size == 0) {
        recenter(d);
    } else {
        struct py_deque_block *b = d->right_block;
        d->right_block = b->left_link;
        d->right_block->right_link = NULL;
        d->right = PY_DEQUE_BLOCK - 1;
        py_mem_free(b);
        deque_announce(d);
    }
    return item;
}

struct py_object *py_deque_pop_left(struct py_deque *d)
{
    if (d->base.size == 0)
        return NULL;
    struct py_object *item = d->left_block->items[d->left];
    d->left_block->items[d->left++] = NULL;
    d->base.size--;
    d->state++;
    if (d->left < PY_DEQUE_BLOCK)
        return item;
    if (d->base.size == 0) {
        recenter(d);
    } else {
        struct py_deque_block *b = d->left_block;
        d->left_block = b->right_link;
        d->left_block->left_link = NULL;
        d->left = 0;
        py_mem_free(b);
        deque_announce(d);
    }
    return item;
}

/* An item that just left. */
static void drop(struct py_object *item)
{
    py_xdecref(item);
}

int py_deque_append(struct py_deque *d, struct py_object *item)
{
    if (py_deque_push_right(d, item) < 0)
        return -1;
    py_incref(item);
    if (d->max_length >= 0 && d->base.size > d->max_length)
        drop(py_deque_pop_left(d));
    return 0;
}

int py_deque_append_left(struct py_deque *d, struct py_object *item)
{
    if (py_deque_push_left(d, item) < 0)
        return -1;
    py_incref(item);
    if (d->max_length >= 0 && d->base.size > d->max_length)
        drop(py_deque_pop(d));
    return 0;
}

int py_deque_extend(struct py_deque *d, struct py_object *iterable, bool left)
{
    struct py_object *it = NULL, *item = NULL;
    PY_HOLD(&it);
    PY_HOLD(&item);
    if (PY_OBJ(d) == iterable) {
        it = PY_OBJ(py_deque_to_list(d));
        struct py_object *copy = it;
        it = copy ? py_iter(copy) : NULL;
        py_xdecref(copy);
    } else {
        it = py_iter(iterable);
    }
    if (!it)
        return -1;
    if (d->base.size == 0 && d->max_length != 0) { /* fill the one block from its far end */
        d->left = left ? PY_DEQUE_BLOCK - 1 : 1;
        d->right = d->left - 1;
    }
    int result = 0;
    while (result == 0 && (item = py_next(it)) != NULL) {
        result = left ? py_deque_append_left(d, item) : py_deque_append(d, item);
        py_clear(item);
    }
    py_clear(it);
    return result < 0 || py_error_occurred() ? -1 : 0;
}

static void free_blocks(struct py_deque *d)
{
    for (struct py_deque_block *b = d->left_block, *next; b; b = next) {
        next = b->right_link;
        py_mem_free(b);
    }
}

void py_deque_clear(struct py_deque *d)
{
    /* Items go one at a time: whatever dropping one runs sees a valid deque. Things appended
     * meanwhile are not waited for. */
    for (int64_t n = d->base.size; n > 0 && d->base.size > 0; n--)
        drop(py_deque_pop(d));
    if (d->base.size == 0)
        recenter(d);
}

/* Moves the last n items to the front (n < 0: the first to the back). Cannot fail half-way in a
 * way that loses an item. */
int py_deque_rotate(struct py_deque *d, int64_t n)
{
    const int64_t size = d->base.size;
    if (size <= 1)
        return 0;
    n %= size;
    if (n > size / 2)
        n -= size;
    else if (n < -(size / 2))
        n += size;
    const uint64_t state = d->state;
    int result = 0;
    for (; n > 0 && result == 0; n--) {
        struct py_object *item = py_deque_pop(d);
        if ((result = py_deque_push_left(d, item)) < 0)
            py_deque_push_right(d, item); /* where it was: there is room */
    }
    for (; n < 0 && result == 0; n++) {
        struct py_object *item = py_deque_pop_left(d);
        if ((result = py_deque_push_right(d, item)) < 0)
            py_deque_push_left(d, item);
    }
    d->state = state + 1;
    return result;
}

void py_deque_reverse(struct py_deque *d)
{
    struct py_deque_block *left = d->left_block, *right = d->right_block;
    int64_t i = d->left, k = d->right;
    for (int64_t n = d->base.size / 2; n > 0; n--) {
        struct py_object *t = left->items[i];
        left->items[i] = right->items[k];
        right->items[k] = t;
        if (++i == PY_DEQUE_BLOCK) {
            left = left->right_link;
            i = 0;
        }
        if (--k < 0) {
            right = right->left_link;
            k = PY_DEQUE_BLOCK - 1;
        }
    }
}

/* Where item i is; 0 <= i < size. Walks from the nearer end. */
struct py_object **py_deque_slot(struct py_deque *d, int64_t i)
{
    i += d->left;
    int64_t n = i / PY_DEQUE_BLOCK;
    struct py_deque_block *b;
    if (i - d->left < d->base.size / 2) {
        for (b = d->left_block; n > 0; n--)
            b = b->right_link;
    } else {
        n = (d->left + d->base.size - 1) / PY_DEQUE_BLOCK - n;
        for (b = d->right_block; n > 0; n--)
            b = b->left_link;
    }
    return &b->items[i % PY_DEQUE_BLOCK];
}

struct py_list *py_deque_to_list(struct py_deque *d)
{
    struct py_list *list = py_list_new(d->base.size);
    if (!list)
        return NULL;
    struct py_deque_block *b = d->left_block;
    int64_t at = d->left;
    for (int64_t i = 0; i < d->base.size; i++)
        list->items[i] = py_newref(py_deque_walk(&b, &at));
    return list;
}

/* --- iterators --- */

struct deque_iter {
    struct py_object base;
    struct py_deque_block *block; /* of the deque: valid while state is unchanged */
    struct py_object *deque;
    int64_t index;
    uint64_t state;
    int64_t left;
};

static struct py_object *deque_iter_new(struct py_type *type, struct py_object *o)
{
    struct py_deque *d = (struct py_deque *)o;
    struct deque_iter *it = py_object_new(type);
    if (!it)
        return NULL;
    const bool forward = type == &py_deque_iter_type;
    it->deque = py_newref(o);
    it->block = forward ? d->left_block : d->right_block;
    it->index = forward ? d->left : d->right;
    it->state = d->state;
    it->left = d->base.size;
    py_gc_track(it);
    return PY_OBJ(it);
}

struct py_object *py_deque_iter(struct py_object *o)
{
    return deque_iter_new(&py_deque_iter_type, o);
}

struct py_object *py_deque_reversed(struct py_object *o)
{
    return deque_iter_new(&py_deque_reverse_iter_type, o);
}

/* False: exhausted, or changed underneath (exception). */
static bool iter_valid(struct deque_iter *it)
{
    if (it->state != ((struct py_deque *)it->deque)->state) {
        it->left = 0;
        py_raise(&py_exc_RuntimeError, "deque mutated during iteration");
        return false;
    }
    return it->left > 0;
}

static struct py_object *deque_iter_next(struct py_object *o)
{
    struct deque_iter *it = (struct deque_iter *)o;
    if (!iter_valid(it))
        return NULL;
    it->left--;
    return py_newref(py_deque_walk(&it->block, &it->index));
}

static struct py_object *deque_reverse_iter_next(struct py_object *o)
{
    struct deque_iter *it = (struct deque_iter *)o;
    if (!iter_valid(it))
        return NULL;
    it->left--;
    struct py_object *item = it->block->items[it->index--];
    if (it->index < 0 && it->left > 0) {
        it->block = it->block->left_link;
        it->index = PY_DEQUE_BLOCK - 1;
    }
    return py_newref(item);
}

static struct py_object *deque_iter_length_hint(struct py_object *self,
                                                struct py_object *const *args, size_t nargs,
                                                struct py_tuple *kwnames)
{
    (void)args, (void)nargs, (void)kwnames;
    return py_int_from_i64(((struct deque_iter *)self)->left);
}

static const struct py_method_def deque_iter_methods[] = {
    {.name = "__length_hint__",
     .fn = deque_iter_length_hint,
     .doc = "About how many items are still to come."},
    {.name = NULL},
};
static const struct py_field deque_iter_fields[] = {PY_FIELD(struct deque_iter, deque),
                                                    PY_FIELD_END};

#define DEQUE_ITER_TYPE(variable, type_name, next_function)             \
    struct py_type variable = {                                         \
        .base.base = PY_STATIC_HEADER(&py_type_type),                   \
        .name = type_name,                                              \
        .basicsize = sizeof(struct deque_iter),                         \
        .flags = PY_TYPE_GC | PY_TYPE_IMMUTABLE | PY_TYPE_DISALLOW_NEW, \
        .field_count = 1,                                               \
        .fields = deque_iter_fields,                                    \
        .iter = py_iter_self,                                           \
        .iternext = next_function,                                      \
        .methods = deque_iter_methods,                                  \
    }
DEQUE_ITER_TYPE(py_deque_iter_type, "_collections._deque_iterator", deque_iter_next);
DEQUE_ITER_TYPE(py_deque_reverse_iter_type, "_collections._deque_reverse_iterator",
                deque_reverse_iter_next);

/* --- the type --- */

static void deque_dealloc(struct py_object *o)
{
    struct py_deque *d = (struct py_deque *)o;
    py_object_release_common(o);
    free_blocks(d);
    py_object_free(d);
}

static int64_t deque_size_of(struct py_object *o)
{
    const struct py_deque *d = (struct py_deque *)o;
    const int64_t blocks = (d->left + d->base.size + PY_DEQUE_BLOCK - 1) / PY_DEQUE_BLOCK;
    return (int64_t)size_bytes(o->type, blocks ? blocks : 1);
}

static struct py_object *deque_new_slot(struct py_type *type, struct py_object *const *args,
                                        size_t nargs, struct py_tuple *kwnames)
{
    (void)args, (void)nargs, (void)kwnames;
    return PY_OBJ(py_deque_alloc(type));
}

static int64_t deque_length(struct py_object *o)
{
    return ((struct py_deque *)o)->base.size;
}

struct py_type py_deque_type = {
    .base.base = PY_STATIC_HEADER(&py_type_type),
    .name = "collections.deque",
    .basicsize = sizeof(struct py_deque),
    .flags = PY_TYPE_GC | PY_TYPE_BASETYPE | PY_TYPE_SEQUENCE | PY_TYPE_IMMUTABLE,
    .body = PY_BODY_DEQUE,
    .weaklist_offset = offsetof(struct py_deque, weaklist),
    .dealloc = deque_dealloc,
    .repr = py_deque_repr,
    .hash = py_hash_not_implemented,
    .richcompare = py_deque_richcompare,
    .iter = py_deque_iter,
    .init = py_deque_init,
    .new_ = deque_new_slot,
    .size_of = deque_size_of,
    .length = deque_length,
    .subscript = py_deque_subscript,
    .ass_subscript = py_deque_ass_subscript,
    .contains = py_deque_contains,
    .concat = py_deque_concat,
    .inplace_concat = py_deque_inplace_concat,
    .repeat = py_deque_repeat,
    .inplace_repeat = py_deque_inplace_repeat,
    .item = py_deque_item,
    .methods = py_deque_methods,
    .getsets = py_deque_getsets,
    .doc =
        "deque([iterable[, maxlen]])\n\nA sequence that grows and shrinks at both ends at no cost.",
};
