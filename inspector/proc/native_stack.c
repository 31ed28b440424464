#include "inspector/proc/native_stack.h"

#include "inspector/proc/elf_image.h"
#include <libunwind.h>
#include <stdlib.h>
#include <string.h>

// Exported by libunwind for exactly this use, but declared in none of its public headers.
extern int UNW_OBJ(dwarf_search_unwind_table)(unw_addr_space_t space, unw_word_t ip,
                                              unw_dyn_info_t *table, unw_proc_info_t *info,
                                              int need_unwind_info, void *context);

// A mapped file that code was found in.
struct native_module {
    uint64_t begin; // of all its mappings
    uint64_t end;
    const char *path;
    struct elf_image *image; // NULL if it cannot be opened
    bool has_table;
    unw_dyn_info_t table;
};

VEC_DEFINE(native_module_vec, struct native_module);

enum { CACHE_PAGES = 64, CACHE_PAGE_BYTES = 4096 };

struct native_unwinder {
    pid_t pid;
    const struct maps *maps;
    struct mem_source *mem;
    unw_addr_space_t space;
    struct native_module_vec modules;
    // Of the walk in progress.
    const struct user_regs_struct *registers;
    uint32_t accesses; // words read; when none are left, all further accesses fail
    // Unwinding reads word by word: a direct-mapped cache of pages.
    uint64_t cached[CACHE_PAGES]; // address of the page, UINT64_MAX for none
    unsigned char pages[CACHE_PAGES][CACHE_PAGE_BYTES];
};

void native_stack_deinit(struct native_stack *stack)
{
    native_frame_vec_deinit(&stack->frames);
    stack->truncated = false;
}

// ---- memory ----

static const unsigned char *unwinder_page(struct native_unwinder *unwinder, uint64_t page)
{
    size_t slot = (size_t)(page / CACHE_PAGE_BYTES) % CACHE_PAGES;
    if (unwinder->cached[slot] != page) {
        unwinder->cached[slot] = UINT64_MAX;
        if (mem_read_some(unwinder->mem, remote_at(page), unwinder->pages[slot],
                          CACHE_PAGE_BYTES) != CACHE_PAGE_BYTES)
            return NULL;
        unwinder->cached[slot] = page;
    }
    return unwinder->pages[slot];
}

static bool unwinder_read(struct native_unwinder *unwinder, uint64_t address, void *buffer,
                          size_t length)
{
    for (size_t done = 0; done < length;) {
        uint64_t at = address + done;
        size_t offset = (size_t)(at % CACHE_PAGE_BYTES);
        const unsigned char *page = unwinder_page(unwinder, at - offset);
        if (!page)
            return false;
        size_t part = CACHE_PAGE_BYTES - offset;
        if (part > length - done)
            part = length - done;
        memcpy((char *)buffer + done, page + offset, part);
        done += part;
    }
    return true;
}

// ---- unwind tables ----

// The search table of .eh_frame_hdr:
//     u8 version = 1, eh_frame_ptr encoding, count encoding, table encoding; encoded pointer;
//     encoded count; then pairs (function, description) sorted by function.
// The one form that linkers make: count as u32, pairs as s32 relative to the header.
enum {
    HDR_POINTER_S4_PCREL = 0x1b,
    HDR_COUNT_U4 = 0x03,
    HDR_TABLE_S4_DATAREL = 0x3b,
    HDR_BYTES = 12,
    HDR_ENTRY_BYTES = 8,
};

static bool module_find_table(struct native_unwinder *unwinder, struct native_module *module)
{
    struct remote_ptr header;
    uint64_t size;
    unsigned char bytes[HDR_BYTES];
    if (!module->image || !elf_image_unwind_table(module->image, &header, &size) ||
        size < HDR_BYTES || !unwinder_read(unwinder, header.addr, bytes, sizeof bytes))
        return false;
    uint32_t count;
    memcpy(&count, bytes + 8, sizeof count);
    if (bytes[0] != 1 || bytes[1] != HDR_POINTER_S4_PCREL || bytes[2] != HDR_COUNT_U4 ||
        bytes[3] != HDR_TABLE_S4_DATAREL || count > (size - HDR_BYTES) / HDR_ENTRY_BYTES)
        return false;
    module->table = (unw_dyn_info_t){
        .start_ip = module->begin,
        .end_ip = module->end,
        .format = UNW_INFO_FORMAT_REMOTE_TABLE,
        .u.rti =
            {
                .segbase = header.addr,
                .table_data = header.addr + HDR_BYTES,
                .table_len = count * HDR_ENTRY_BYTES / sizeof(unw_word_t),
            },
    };
    return true;
}

// All mappings of one file lie together; the module ends where another file begins.
static struct native_module module_around(const struct maps *maps, const struct map *map)
{
    struct native_module module = {.begin = map->begin, .end = map->end, .path = map->path};
    const struct map *first = maps->list.items, *last = first + maps->list.count - 1;
    for (const struct map *at = map; at > first && strcmp(at[-1].path, map->path) == 0; at--)
        module.begin = at[-1].begin;
    for (const struct map *at = map; at < last && strcmp(at[1].path, map->path) == 0; at++)
        module.end = at[1].end;
    return module;
}

static struct native_module *unwinder_module(struct native_unwinder *unwinder, uint64_t pc)
{
    for (size_t i = 0; i < unwinder->modules.count; i++) {
        struct native_module *module = &unwinder->modules.items[i];
        if (pc >= module->begin && pc < module->end)
            return module;
    }
    const struct map *map = maps_find(unwinder->maps, pc);
    if (!map || !map->path[0] || !(map_is_file(map) || strcmp(map->path, "[vdso]") == 0))
        return NULL;
    struct native_module module = module_around(unwinder->maps, map);
    // A file that cannot be opened still gives its name to the frame.
    error_destroy(elf_image_open(unwinder->pid, unwinder->maps, map, unwinder->mem, &module.image));
    module.has_table = module_find_table(unwinder, &module);
    struct error *err = native_module_vec_push(&unwinder->modules, module);
    if (err) {
        error_destroy(err);
        elf_image_close(module.image);
        return NULL;
    }
    return native_module_vec_last(&unwinder->modules);
}

// ---- what libunwind asks ----

static int find_proc_info(unw_addr_space_t space, unw_word_t ip, unw_proc_info_t *info, int need,
                          void *context)
{
    struct native_unwinder *unwinder = context;
    struct native_module *module = unwinder_module(unwinder, ip);
    if (!module || !module->has_table)
        return -UNW_ENOINFO;
    return UNW_OBJ(dwarf_search_unwind_table)(space, ip, &module->table, info, need, context);
}

static void put_unwind_info(unw_addr_space_t space, unw_proc_info_t *info, void *context)
{
    // Made by dwarf_search_unwind_table with its own pool, which frees it too.
    (void)space, (void)info, (void)context;
}

static int no_dynamic_info(unw_addr_space_t space, unw_word_t *address, void *context)
{
    (void)space, (void)address, (void)context;
    return -UNW_ENOINFO;
}

static int access_mem(unw_addr_space_t space, unw_word_t address, unw_word_t *value, int write,
                      void *context)
{
    (void)space;
    struct native_unwinder *unwinder = context;
    // libunwind bounds no expression: one that jumps back to its beginning would never end. But it
    // fetches each operation through here.
    if (write || unwinder->accesses == NATIVE_ACCESS_LIMIT)
        return -UNW_EINVAL;
    unwinder->accesses++;
    return unwinder_read(unwinder, address, value, sizeof *value) ? 0 : -UNW_EINVAL;
}

static int access_reg(unw_addr_space_t space, unw_regnum_t number, unw_word_t *value, int write,
                      void *context)
{
    (void)space;
    const struct user_regs_struct *registers = ((const struct native_unwinder *)context)->registers;
    if (write)
        return -UNW_EREADONLYREG;
    switch (number) {
#define REGISTER(name, member)      \
    case UNW_X86_64_##name:         \
        *value = registers->member; \
        return 0
        REGISTER(RAX, rax);
        REGISTER(RDX, rdx);
        REGISTER(RCX, rcx);
        REGISTER(RBX, rbx);
        REGISTER(RSI, rsi);
        REGISTER(RDI, rdi);
        REGISTER(RBP, rbp);
        REGISTER(RSP, rsp);
        REGISTER(R8, r8);
        REGISTER(R9, r9);
        REGISTER(R10, r10);
        REGISTER(R11, r11);
        REGISTER(R12, r12);
        REGISTER(R13, r13);
        REGISTER(R14, r14);
        REGISTER(R15, r15);
        REGISTER(RIP, rip);
#undef REGISTER
    default:
        return -UNW_EBADREG;
    }
}

static int no_fpreg(unw_addr_space_t space, unw_regnum_t number, unw_fpreg_t *value, int write,
                    void *context)
{
    (void)space, (void)number, (void)value, (void)write, (void)context;
    return -UNW_EBADREG;
}

static int no_resume(unw_addr_space_t space, unw_cursor_t *cursor, void *context)
{
    (void)space, (void)cursor, (void)context;
    return -UNW_EINVAL;
}

// Names are looked up by us, for the caller's address and not for libunwind's.
static int no_proc_name(unw_addr_space_t space, unw_word_t address, char *buffer, size_t size,
                        unw_word_t *offset, void *context)
{
    (void)space, (void)address, (void)buffer, (void)size, (void)offset, (void)context;
    return -UNW_ENOINFO;
}

// ---- the unwinder ----

struct error *native_unwinder_create(pid_t pid, const struct maps *maps, struct mem_source *mem,
                                     struct native_unwinder **ret)
{
    static unw_accessors_t accessors = {
        .find_proc_info = find_proc_info,
        .put_unwind_info = put_unwind_info,
        .get_dyn_info_list_addr = no_dynamic_info,
        .access_mem = access_mem,
        .access_reg = access_reg,
        .access_fpreg = no_fpreg,
        .resume = no_resume,
        .get_proc_name = no_proc_name,
    };
    struct native_unwinder *unwinder = calloc(1, sizeof *unwinder);
    if (!unwinder)
        return &error_no_memory;
    unwinder->pid = pid;
    unwinder->maps = maps;
    unwinder->mem = mem;
    memset(unwinder->cached, 0xff, sizeof unwinder->cached);
    unwinder->space = unw_create_addr_space(&accessors, 0);
    if (!unwinder->space) {
        free(unwinder);
        return &error_no_memory;
    }
    unw_set_caching_policy(unwinder->space, UNW_CACHE_GLOBAL);
    *ret = unwinder;
    return NULL;
}

void native_unwinder_forget(struct native_unwinder *unwinder)
{
    memset(unwinder->cached, 0xff, sizeof unwinder->cached);
}

void native_unwinder_destroy(struct native_unwinder *unwinder)
{
    if (!unwinder)
        return;
    unw_destroy_addr_space(unwinder->space);
    for (size_t i = 0; i < unwinder->modules.count; i++)
        elf_image_close(unwinder->modules.items[i].image);
    native_module_vec_deinit(&unwinder->modules);
    free(unwinder);
}

// `look_at` is where the name is looked up: a return address may already belong to the function
// behind the one that called, so for outer frames it is the byte before.
static void frame_name(struct native_unwinder *unwinder, struct native_frame *frame,
                       uint64_t look_at)
{
    const struct native_module *module = unwinder_module(unwinder, look_at);
    struct elf_symbol symbol;
    if (!module)
        return;
    frame->module = module->path;
    if (module->image && elf_image_symbol_at(module->image, remote_at(look_at), &symbol)) {
        frame->function = symbol.name;
        frame->function_offset = frame->pc.addr - symbol.address.addr;
    }
}

bool native_symbol_at(struct native_unwinder *unwinder, struct remote_ptr address,
                      struct native_frame *ret)
{
    *ret = (struct native_frame){.pc = address};
    frame_name(unwinder, ret, address.addr);
    return ret->function || ret->module;
}

// Whether the code at the address is what a signal handler returns to: mov $15,%rax; syscall.
// (unw_is_signal_frame does not know frames that are described by DWARF.)
static bool is_signal_return(struct native_unwinder *unwinder, uint64_t pc)
{
    static const unsigned char expected[] = {0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05};
    unsigned char code[sizeof expected];
    return unwinder_read(unwinder, pc, code, sizeof code) &&
           memcmp(code, expected, sizeof code) == 0;
}

static struct error *walk_add_frame(struct native_unwinder *unwinder, unw_cursor_t *cursor,
                                    struct native_stack *stack)
{
    unw_word_t pc = 0, sp = 0;
    unw_get_reg(cursor, UNW_REG_IP, &pc);
    unw_get_reg(cursor, UNW_REG_SP, &sp);
    struct native_frame frame = {
        .pc = remote_at(pc),
        .sp = remote_at(sp),
        .is_signal = is_signal_return(unwinder, pc),
    };
    static const int saved[NATIVE_SAVED] = {UNW_X86_64_RBX, UNW_X86_64_RBP, UNW_X86_64_R12,
                                            UNW_X86_64_R13, UNW_X86_64_R14, UNW_X86_64_R15};
    for (int i = 0; i < NATIVE_SAVED; i++) {
        unw_word_t value;
        frame.saved[i] = unw_get_reg(cursor, saved[i], &value) == 0 ? value : 0;
    }
    struct native_frame *inner = native_frame_vec_last(&stack->frames);
    if (inner)
        inner->frame_base = frame.sp;
    // The frame that a signal interrupted is at its instruction, like the innermost one.
    bool exact = !inner || inner->is_signal || frame.is_signal;
    frame_name(unwinder, &frame, exact ? pc : pc - 1);
    return native_frame_vec_push(&stack->frames, frame);
}

// A thread that jumped through a null pointer: its caller is at the top of the stack.
static bool registers_after_null_call(struct native_unwinder *unwinder,
                                      struct user_regs_struct *registers)
{
    uint64_t caller;
    if (maps_find(unwinder->maps, registers->rip) ||
        !unwinder_read(unwinder, registers->rsp, &caller, sizeof caller))
        return false;
    registers->rip = caller;
    registers->rsp += sizeof caller;
    return true;
}

struct error *native_stack_walk(struct native_unwinder *unwinder,
                                const struct user_regs_struct *registers, struct native_stack *ret)
{
    struct user_regs_struct start = *registers;
    registers_after_null_call(unwinder, &start);
    unwinder->registers = &start;
    unwinder->accesses = 0;
    ret->frames.count = 0;
    ret->truncated = false;
    unw_cursor_t cursor;
    if (unw_init_remote(&cursor, unwinder->space, unwinder) < 0)
        return error_create_fault(remote_at(registers->rip), "cannot unwind the native stack");
    struct error *err = NULL;
    uint64_t previous_sp = 0, previous_pc = 0;
    for (;;) {
        err = walk_add_frame(unwinder, &cursor, ret);
        const struct native_frame *frame = err ? NULL : native_frame_vec_last(&ret->frames);
        if (!frame)
            break;
        // Stacks grow downwards: outer frames have higher addresses. Signal frames may switch
        // stacks.
        bool moved = frame->sp.addr > previous_sp ||
                     (frame->sp.addr == previous_sp && frame->pc.addr != previous_pc);
        if (ret->frames.count > 1 && !moved && !frame->is_signal &&
            !ret->frames.items[ret->frames.count - 2].is_signal) {
            ret->frames.count--;
            break;
        }
        if (ret->frames.count == NATIVE_STACK_LIMIT) {
            ret->truncated = true;
            break;
        }
        previous_sp = frame->sp.addr;
        previous_pc = frame->pc.addr;
        if (unw_step(&cursor) <= 0)
            break;
    }
    ret->truncated |= unwinder->accesses == NATIVE_ACCESS_LIMIT;
    unwinder->registers = NULL;
    return err;
}
