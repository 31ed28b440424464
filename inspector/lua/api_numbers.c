// Numbers of sets: sum, stats, quantile, hist, top, and scratch columns. See api.h.
//
// Columns are read 64 objects at a time (column_fill), members without a value are left out.
#include "inspector/lua/api.h"

#include <stdlib.h>
#include <string.h>

#define TOP_MAX 100000

struct scratch_box {
    struct plugin_heap *heap;
    int64_t values[];
};

struct api_numbers api_check_numbers(lua_State *L, struct plugin_heap *heap, int index)
{
    if (lua_isuserdata(L, index))
        return (struct api_numbers){.heap = heap, .scratch = api_check_scratch(L, heap, index)};
    const enum column_id column = api_check_column(L, heap, index);
    int64_t number;
    uint64_t absent;
    if (heap->snapshot->object_count && !column_fill(heap, column, 0, 1, &number, &absent))
        luaL_error(L, "'%s' is no number", column_name(column));
    return (struct api_numbers){.heap = heap, .column = column};
}

// Goes through the members of a set, or all objects, that have a value.
struct block {
    const struct api_numbers *numbers;
    const struct api_set *set;
    uint32_t word; // the next one
    uint64_t left; // of the word before it
    int64_t values[64];
};

static bool block_read(struct block *block)
{
    const struct plugin_heap *heap = block->numbers->heap;
    const uint32_t objects = heap->snapshot->object_count;
    while (!block->left) {
        if (block->word * UINT64_C(64) >= objects)
            return false;
        const uint32_t first = block->word * 64, rest = objects - first;
        const unsigned count = rest < 64 ? rest : 64;
        uint64_t absent = 0;
        block->left = block->set->bits[block->word++];
        if (!block->left)
            continue;
        if (block->numbers->scratch)
            memcpy(block->values, block->numbers->scratch + first, count * sizeof(int64_t));
        else
            column_fill(heap, block->numbers->column, first, count, block->values, &absent);
        block->left &= ~absent;
        if (block->word % 1024 == 0 && sandbox_expired())
            return false;
    }
    return true;
}

// values[*i] is the number of *object.
static bool block_next(struct block *block, uint32_t *object, uint32_t *i)
{
    if (!block->left && !block_read(block))
        return false;
    *i = (uint32_t)__builtin_ctzll(block->left);
    *object = (block->word - 1) * 64 + *i;
    block->left &= block->left - 1;
    return true;
}

int api_set_sum(lua_State *L)
{
    const struct api_set *set = api_check_set(L, 1);
    const struct api_numbers numbers = api_check_numbers(L, set->heap, 2);
    struct block block = {.numbers = &numbers, .set = set};
    uint64_t sum = 0;
    for (uint32_t o, i; block_next(&block, &o, &i);)
        sum += (uint64_t)block.values[i];
    lua_pushinteger(L, (lua_Integer)sum);
    return 1;
}

// ---- lists of numbers ----

static int by_value(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

// Pushes the values of the members as a sorted array.
static int64_t *push_sorted(lua_State *L, const struct api_set *set, int column, size_t *count)
{
    const struct api_numbers numbers = api_check_numbers(L, set->heap, column);
    struct block block = {.numbers = &numbers, .set = set};
    int64_t *values = lua_newuserdatauv(L, (set->count + 1) * sizeof *values, 0);
    *count = 0;
    for (uint32_t o, i; block_next(&block, &o, &i);)
        values[(*count)++] = block.values[i];
    qsort(values, *count, sizeof *values, by_value);
    return values;
}

// The smallest value that is not exceeded by a part q of them.
static int64_t quantile(const int64_t *sorted, size_t count, double q)
{
    const double at = q * (double)count;
    size_t index = (size_t)at;
    if (index > 0 && (double)index >= at)
        index--;
    return sorted[index < count ? index : count - 1];
}

static void set_integer(lua_State *L, const char *key, int64_t value)
{
    lua_pushinteger(L, value);
    lua_setfield(L, -2, key);
}

int api_set_stats(lua_State *L)
{
    size_t count;
    uint64_t sum = 0;
    const int64_t *values = push_sorted(L, api_check_set(L, 1), 2, &count);
    for (size_t i = 0; i < count; i++)
        sum += (uint64_t)values[i];
    lua_createtable(L, 0, 8);
    set_integer(L, "n", (int64_t)count);
    set_integer(L, "sum", (int64_t)sum);
    if (count == 0)
        return 1;
    set_integer(L, "min", values[0]);
    set_integer(L, "max", values[count - 1]);
    set_integer(L, "p50", quantile(values, count, 0.5));
    set_integer(L, "p90", quantile(values, count, 0.9));
    set_integer(L, "p99", quantile(values, count, 0.99));
    lua_pushnumber(L, (double)(int64_t)sum / (double)count);
    lua_setfield(L, -2, "mean");
    return 1;
}

int api_set_quantile(lua_State *L)
{
    size_t count;
    const double q = luaL_checknumber(L, 3);
    luaL_argcheck(L, q >= 0 && q <= 1, 3, "between 0 and 1");
    const int64_t *values = push_sorted(L, api_check_set(L, 1), 2, &count);
    if (count)
        lua_pushinteger(L, quantile(values, count, q));
    else
        lua_pushnil(L);
    return 1;
}

// brille.quantile(list, q): of any numbers.
int api_brille_quantile(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    const double q = luaL_checknumber(L, 2);
    luaL_argcheck(L, q >= 0 && q <= 1, 2, "between 0 and 1");
    const lua_Integer count = luaL_len(L, 1);
    lua_getglobal(L, "table");
    lua_getfield(L, -1, "move");
    lua_pushvalue(L, 1);
    lua_pushinteger(L, 1);
    lua_pushinteger(L, count);
    lua_pushinteger(L, 1);
    lua_newtable(L);
    lua_call(L, 5, 1);
    lua_getfield(L, -2, "sort");
    lua_pushvalue(L, -2);
    lua_call(L, 1, 0);
    const double at = q * (double)count;
    lua_Integer index = (lua_Integer)at;
    index += (double)index < at || index == 0;
    lua_geti(L, -1, index > count ? count : index);
    return 1;
}

// ---- histograms ----

// The step of width `width`, or of powers of two (0), in which a value lies.
static int64_t step_begin(int64_t value, int64_t width)
{
    if (!width)
        return value <= 0 ? (value < 0 ? INT64_MIN : 0)
                          : INT64_C(1) << (63 - __builtin_clzll((uint64_t)value));
    const int64_t over = value % width;
    int64_t begin;
    return __builtin_sub_overflow(value, over < 0 ? over + width : over, &begin) ? INT64_MIN
                                                                                 : begin;
}

// INT64_MAX: the last one, and the value belongs to it.
static int64_t step_end(int64_t begin, int64_t width)
{
    int64_t end;
    if (begin < 0 && !width)
        return 0;
    const int64_t step = width ? width : begin ? begin : 1;
    return __builtin_add_overflow(begin, step, &end) ? INT64_MAX : end;
}

void api_push_hist(lua_State *L, int64_t *numbers, size_t count, int64_t width)
{
    size_t at = 0;
    qsort(numbers, count, sizeof *numbers, by_value);
    lua_newtable(L);
    for (int64_t from = count ? step_begin(numbers[0], width) : 0; at < count;
         from = step_end(from, width)) {
        const int64_t to = step_end(from, width);
        const size_t first = at;
        uint64_t sum = 0;
        for (; at < count && (numbers[at] < to || to == INT64_MAX); at++)
            sum += (uint64_t)numbers[at];
        if (lua_rawlen(L, -1) >= TOP_MAX)
            luaL_error(L, "hist: more than %d steps: a larger width, or none", TOP_MAX);
        lua_createtable(L, 0, 4);
        set_integer(L, "from", from);
        set_integer(L, "to", to);
        set_integer(L, "n", (int64_t)(at - first));
        set_integer(L, "sum", (int64_t)sum);
        lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
    }
}

int api_set_hist(lua_State *L)
{
    size_t count;
    const lua_Integer width = luaL_optinteger(L, 3, 0);
    luaL_argcheck(L, width >= 0, 3, "not negative");
    int64_t *values = push_sorted(L, api_check_set(L, 1), 2, &count);
    api_push_hist(L, values, count, width);
    return 1;
}

// ---- top: a heap of the n best, the worst of them at its root ----

struct best {
    int64_t number;
    uint32_t object;
};

static bool is_worse(const struct best *a, const struct best *b)
{
    return a->number != b->number ? a->number < b->number : a->object > b->object;
}

static void sift_down(struct best *items, uint32_t count, uint32_t at)
{
    for (;;) {
        uint32_t worst = at;
        for (uint32_t child = 2 * at + 1; child <= 2 * at + 2 && child < count; child++)
            if (is_worse(&items[child], &items[worst]))
                worst = child;
        if (worst == at)
            return;
        const struct best swap = items[at];
        items[at] = items[worst];
        items[worst] = swap;
        at = worst;
    }
}

static uint32_t find_best(const struct api_set *set, const struct api_numbers *numbers,
                          struct best *items, uint32_t n)
{
    uint32_t count = 0;
    struct block block = {.numbers = numbers, .set = set};
    for (uint32_t o, i; block_next(&block, &o, &i);) {
        const struct best candidate = {block.values[i], o};
        if (count < n) {
            items[count++] = candidate;
            for (uint32_t k = count == n ? n / 2 + 1 : 0; k-- > 0;)
                sift_down(items, n, k);
        } else if (is_worse(&items[0], &candidate)) {
            items[0] = candidate;
            sift_down(items, count, 0);
        }
    }
    if (count < n) // some had no value: what is there is not in order yet
        for (uint32_t i = count / 2 + 1; i-- > 0;)
            sift_down(items, count, i);
    return count;
}

int api_set_top(lua_State *L)
{
    const struct api_set *set = api_check_set(L, 1);
    const struct api_numbers numbers = api_check_numbers(L, set->heap, 2);
    const lua_Integer wanted = luaL_checkinteger(L, 3);
    luaL_argcheck(L, wanted >= 0 && wanted <= TOP_MAX, 3, "between 0 and 100000");
    const uint32_t n = (uint32_t)wanted < set->count ? (uint32_t)wanted : set->count;
    struct best *items = lua_newuserdatauv(L, (n + 1) * sizeof *items, 0);
    uint32_t count = n ? find_best(set, &numbers, items, n) : 0;
    lua_createtable(L, (int)count, 0);
    while (count > 0) {
        api_push_id(L, set->heap, items[0].object);
        lua_rawseti(L, -2, count);
        items[0] = items[--count];
        sift_down(items, count, 0);
    }
    return 1;
}

// ---- some of them ----

int api_set_ids(lua_State *L)
{
    const struct api_set *set = api_check_set(L, 1);
    lua_Integer n = luaL_optinteger(L, 2, TOP_MAX);
    luaL_argcheck(L, n >= 0 && n <= TOP_MAX, 2, "between 0 and 100000");
    lua_createtable(L, n < set->count ? (int)n : (int)set->count, 0);
    lua_Integer at = 0;
    for (uint32_t o = 0; at < n && (o = api_set_next(set->heap, set, o)) != ORDINAL_NONE; o++) {
        api_push_id(L, set->heap, o);
        lua_rawseti(L, -2, ++at);
    }
    return 1;
}

// Selection sampling (Knuth, volume 2, 3.4.2, algorithm S): by address, each as likely as another.
int api_set_sample(lua_State *L)
{
    const struct api_set *set = api_check_set(L, 1);
    lua_Integer n = luaL_checkinteger(L, 2), taken = 0;
    uint64_t random = (uint64_t)luaL_optinteger(L, 3, 0), seen = 0;
    luaL_argcheck(L, n >= 0 && n <= TOP_MAX, 2, "between 0 and 100000");
    lua_newtable(L);
    for (uint32_t o = 0; taken < n && (o = api_set_next(set->heap, set, o)) != ORDINAL_NONE; o++) {
        random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        const double chance = (double)(random >> 11) / 9007199254740992.0;
        if ((double)(set->count - seen++) * chance >= (double)(n - taken))
            continue;
        api_push_id(L, set->heap, o);
        lua_rawseti(L, -2, ++taken);
    }
    return 1;
}

// ---- scratch columns ----

int64_t *api_check_scratch(lua_State *L, const struct plugin_heap *heap, int index)
{
    struct scratch_box *box = luaL_checkudata(L, index, API_SCRATCH);
    if (box->heap != heap)
        luaL_error(L, "this scratch column belongs to the other heap");
    return box->values;
}

int api_heap_scratch(lua_State *L)
{
    struct plugin_heap *heap = api_check_heap(L, 1);
    const size_t bytes = (heap->snapshot->object_count + (size_t)1) * sizeof(int64_t);
    struct scratch_box *box = lua_newuserdatauv(L, sizeof *box + bytes, 0);
    box->heap = heap;
    memset(box->values, 0, bytes);
    luaL_setmetatable(L, API_SCRATCH);
    return 1;
}

static int scratch_index(lua_State *L)
{
    struct scratch_box *box = luaL_checkudata(L, 1, API_SCRATCH);
    lua_pushinteger(L, box->values[api_check_object(L, box->heap, 2)]);
    return 1;
}

static int scratch_newindex(lua_State *L)
{
    struct scratch_box *box = luaL_checkudata(L, 1, API_SCRATCH);
    box->values[api_check_object(L, box->heap, 2)] = luaL_checkinteger(L, 3);
    return 0;
}

void api_numbers_open(lua_State *L)
{
    static const luaL_Reg methods[] = {
        {"__index", scratch_index}, {"__newindex", scratch_newindex}, {NULL, NULL}};
    luaL_newmetatable(L, API_SCRATCH);
    luaL_setfuncs(L, methods, 0);
    lua_pushboolean(L, false);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
}
