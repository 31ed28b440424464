// Finding and checking the introspection table. See table.h.
#include "inspector/target/ownvm/table.h"

#include "inspector/proc/elf_image.h"

#include <string.h>

// ---- checking ----

static const char *const row_names[] = {
#define ROW(name, expression) #name,
#include "tracer/abi/introspect.def"
};

static uint64_t row_value(const struct introspect *rows, size_t index)
{
    uint64_t value;
    memcpy(&value,
           (const char *)rows + offsetof(struct introspect, size_of_object) + index * sizeof value,
           sizeof value);
    return value;
}

static bool begins_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

// Rows whose names look like a member's but are constants.
static bool is_constant(const char *name)
{
    static const char *const names[] = {
        "static_type_count",     "pool_bytes",           "pool_header_bytes",
        "pool_kind_count",       "arena_bytes",          "gc_generation_number",
        "runtime_root_capacity", "deque_block_capacity", "shape_max",
        "deque_reported_bytes",  "type_reported_bytes",  "immortal_bit",
        "region_bytes"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

// The row size_of_x of the longest x that `name` begins with, as x_member; INTROSPECT_ROWS if none.
static size_t owner_of(const char *name)
{
    size_t found = INTROSPECT_ROWS, longest = 0;
    for (size_t i = 0; i < INTROSPECT_ROWS; i++) {
        if (!begins_with(row_names[i], "size_of_"))
            continue;
        const char *owner = row_names[i] + strlen("size_of_");
        const size_t length = strlen(owner);
        if (length > longest && begins_with(name, owner) && name[length] == '_') {
            longest = length;
            found = i;
        }
    }
    return found;
}

// The same, found once: names do not change, and whoever lists processes checks many tables.
static size_t owner_of_row(size_t index)
{
    static size_t owners[INTROSPECT_ROWS]; // plus one
    if (!owners[index])
        owners[index] = owner_of(row_names[index]) + 1;
    return owners[index] - 1;
}

static struct error *bad_row(const char *name, uint64_t value)
{
    return error_create(ERROR_FORMAT, "the interpreter's introspection table says %s = %llu", name,
                        (unsigned long long)value);
}

static struct error *check_row(const struct introspect *rows, size_t index)
{
    const char *name = row_names[index];
    const uint64_t value = row_value(rows, index);
    if (begins_with(name, "address_"))
        return value == 0 || value >> 47 ? bad_row(name, value) : NULL;
    if (begins_with(name, "size_of_"))
        return value == 0 || value > TABLE_STRUCT_MAX ? bad_row(name, value) : NULL;
    if (is_constant(name) || begins_with(name, "flag_"))
        return NULL;
    const size_t owner = owner_of_row(index);
    const uint64_t most = owner == INTROSPECT_ROWS ? TABLE_STRUCT_MAX : row_value(rows, owner);
    return value > most ? bad_row(name, value) : NULL;
}

struct bound {
    const char *name;
    uint64_t value, least, most;
};

static struct error *check_bounds(const struct introspect *r)
{
    const struct bound bounds[] = {
        {"size_of_object", r->size_of_object, 16, 16},
        {"object_refcnt", r->object_refcnt, 0, 0},
        {"object_type", r->object_type, 8, 8},
        {"var_size", r->var_size, 16, 16},
        {"pool_bytes", r->pool_bytes, 4096, 1 << 20},
        {"pool_header_bytes", r->pool_header_bytes, r->size_of_pool, 4096},
        {"arena_bytes", r->arena_bytes, r->pool_bytes, 1u << 30},
        {"block_max", r->block_max, 16, r->pool_bytes / 2},
        {"prefix_gc", r->prefix_gc, 16, 16},
        {"prefix_managed", r->prefix_managed, 32, 32},
        {"size_of_large", r->size_of_large, 32, 4096},
        {"shape_max", r->shape_max, 1, 255},
        {"gc_generation_number", r->gc_generation_number, 3, 3},
        {"static_type_count", r->static_type_count, 1, 100000},
        {"runtime_root_capacity", r->runtime_root_capacity, 1, 4096},
        {"deque_block_capacity", r->deque_block_capacity, 1, 1024},
        {"deque_block_items", r->deque_block_items + 8 * r->deque_block_capacity, 8,
         r->size_of_deque_block},
        {"gen_frame", r->gen_frame + r->size_of_frame, 1, r->size_of_gen},
        {"managed_values", r->managed_values, 32, 32},
        {"managed_dict", r->managed_dict, 24, 24},
        {"pool_kind_count", r->pool_kind_count, 4, 4},
        {"size_of_dict_entry", r->size_of_dict_entry, 24, 24},
        {"size_of_dict_entry_str", r->size_of_dict_entry_str, 16, 16},
        {"size_of_set_entry", r->size_of_set_entry, 16, 16},
        {"values_order", r->values_order, 0, r->values_v},
        {"tuple_items", r->tuple_items, 24, 24},
        {"str_length", r->str_length, 16, 64},
        {"float_value", r->float_value, 16, 64},
        {"int_limbs", r->int_limbs, 24, 64},
        {"bytes_data", r->bytes_data, 24, 64},
    };
    for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++)
        if (bounds[i].value < bounds[i].least || bounds[i].value > bounds[i].most)
            return bad_row(bounds[i].name, bounds[i].value);
    return NULL;
}

struct error *vm_table_check_version(const struct introspect *rows)
{
    if (rows->abi_major != INTROSPECT_ABI_MAJOR || rows->size < sizeof *rows ||
        rows->row_count < INTROSPECT_ROWS)
        return error_add_why(
            error_create(ERROR_VERSION, "this brille cannot read this brille-python"),
            "its introspection table is version %u.%u with %u rows; known are %d.%d with %d",
            rows->abi_major, rows->abi_minor, rows->row_count, INTROSPECT_ABI_MAJOR,
            INTROSPECT_ABI_MINOR, INTROSPECT_ROWS);
    return NULL;
}

struct error *vm_table_check(const struct introspect *rows)
{
    if (memcmp(rows->magic, INTROSPECT_MAGIC, sizeof rows->magic) != 0)
        return error_create(ERROR_FORMAT, "the interpreter's introspection table is damaged");
    TRY(vm_table_check_version(rows));
    for (size_t i = 0; i < INTROSPECT_ROWS; i++)
        TRY(check_row(rows, i));
    return check_bounds(rows);
}

// ---- finding ----

struct error *vm_table_read(pid_t pid, const struct maps *maps, struct mem_source *mem,
                            struct vm_table *ret)
{
    _cleanup_(elf_image_close_at) struct elf_image *image = NULL;
    struct elf_section section;
    uint64_t tail;
    TRY(elf_find_section(pid, maps, mem, INTROSPECT_SECTION, &image, &section));
    struct vm_table table = {.address = section.address.addr};
    const size_t head = offsetof(struct introspect, size_of_object);
    if (remote_is_null(section.address) || section.size_bytes < head)
        return error_create(ERROR_FORMAT, "the interpreter's introspection table is damaged");
    // A table that is too short is told by its head.
    TRY(mem_read(mem, section.address, &table.rows,
                 section.size_bytes < sizeof table.rows ? head : sizeof table.rows));
    TRY(vm_table_check(&table.rows));
    if (table.rows.size > section.size_bytes || table.rows.size % 8)
        return error_create(ERROR_FORMAT, "the interpreter's introspection table is damaged");
    TRY(mem_read_u64(mem, remote_at(table.address + table.rows.size - sizeof tail), &tail));
    if (tail != INTROSPECT_TAIL)
        return error_create(ERROR_FORMAT, "the interpreter's introspection table is cut short");
    *ret = table;
    return NULL;
}

struct error *vm_table_read_live(pid_t pid, struct mem_source *mem, struct vm_table *ret)
{
    struct maps maps;
    maps_init(&maps);
    struct error *err = maps_read(&maps, pid);
    if (!err)
        err = vm_table_read(pid, &maps, mem, ret);
    maps_deinit(&maps);
    return err;
}
