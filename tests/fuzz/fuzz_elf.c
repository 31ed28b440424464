// A hostile program file: what `brille run` looks at before it starts one, and what a capture looks
// up symbols and sections in. The introspection table is found in it by its section.
//
// The seeds are small ELF files: a header, the section with a table, a symbol table, an end. One
// has a program header too.
#include "tests/fuzz/fuzz.h"

#include "inspector/proc/elf_image.h"
#include "inspector/target/ownvm/program.h"
#include "tracer/abi/introspect.h"

#include <assert.h>
#include <elf.h>
#include <stddef.h>
#include <string.h>

enum { SECTIONS = 5, SYMBOLS = 3, LOADED_AT = 0x400000 };

struct file {
    Elf64_Ehdr header;
    Elf64_Phdr load;
    struct introspect table;
    Elf64_Sym symbols[SYMBOLS];
    char strings[64];
    char names[96];
    Elf64_Shdr sections[SECTIONS];
};

static uint32_t add_name(struct file *f, uint32_t *used, const char *name)
{
    const uint32_t at = *used;
    memcpy(f->names + at, name, strlen(name) + 1);
    *used += (uint32_t)strlen(name) + 1;
    return at;
}

static void fill_header(struct file *f, bool loads)
{
    memcpy(f->header.e_ident, ELFMAG, SELFMAG);
    f->header.e_ident[EI_CLASS] = ELFCLASS64;
    f->header.e_ident[EI_DATA] = ELFDATA2LSB;
    f->header.e_ident[EI_VERSION] = EV_CURRENT;
    f->header.e_type = loads ? ET_EXEC : ET_DYN;
    f->header.e_machine = EM_X86_64;
    f->header.e_version = EV_CURRENT;
    f->header.e_ehsize = sizeof f->header;
    f->header.e_phoff = offsetof(struct file, load);
    f->header.e_phentsize = sizeof f->load;
    f->header.e_phnum = 1;
    f->header.e_shoff = offsetof(struct file, sections);
    f->header.e_shentsize = sizeof(Elf64_Shdr);
    f->header.e_shnum = SECTIONS;
    f->header.e_shstrndx = 4;
    f->load = (Elf64_Phdr){.p_type = PT_LOAD,
                           .p_flags = PF_R,
                           .p_vaddr = LOADED_AT,
                           .p_filesz = sizeof *f,
                           .p_memsz = sizeof *f,
                           .p_align = 4096};
}

static void fill_sections(struct file *f)
{
    uint32_t used = 1;
    f->sections[1] = (Elf64_Shdr){.sh_name = add_name(f, &used, INTROSPECT_SECTION),
                                  .sh_type = SHT_PROGBITS,
                                  .sh_flags = SHF_ALLOC,
                                  .sh_addr = LOADED_AT + offsetof(struct file, table),
                                  .sh_offset = offsetof(struct file, table),
                                  .sh_size = sizeof f->table};
    f->sections[2] = (Elf64_Shdr){.sh_name = add_name(f, &used, ".symtab"),
                                  .sh_type = SHT_SYMTAB,
                                  .sh_offset = offsetof(struct file, symbols),
                                  .sh_size = sizeof f->symbols,
                                  .sh_link = 3,
                                  .sh_entsize = sizeof(Elf64_Sym)};
    f->sections[3] = (Elf64_Shdr){.sh_name = add_name(f, &used, ".strtab"),
                                  .sh_type = SHT_STRTAB,
                                  .sh_offset = offsetof(struct file, strings),
                                  .sh_size = sizeof f->strings};
    f->sections[4] = (Elf64_Shdr){.sh_name = add_name(f, &used, ".shstrtab"),
                                  .sh_type = SHT_STRTAB,
                                  .sh_offset = offsetof(struct file, names),
                                  .sh_size = sizeof f->names};
    memcpy(f->strings + 1, "_PyRuntime", sizeof "_PyRuntime");
    f->symbols[1] = (Elf64_Sym){.st_name = 1,
                                .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT),
                                .st_shndx = 1,
                                .st_value = LOADED_AT + offsetof(struct file, table),
                                .st_size = 64};
}

void fuzz_seeds(fuzz_seed *seed, void *context)
{
    for (int loads = 0; loads < 2; loads++) {
        static struct file f;
        memset(&f, 0, sizeof f);
        fill_header(&f, loads);
        fill_sections(&f);
        memcpy(f.table.magic, INTROSPECT_MAGIC, sizeof f.table.magic);
        f.table.abi_major = INTROSPECT_ABI_MAJOR;
        f.table.size = sizeof f.table;
        f.table.row_count = INTROSPECT_ROWS;
        seed(context, loads ? "program" : "library", (const uint8_t *)&f, sizeof f);
    }
}

static void accept_error(struct error *err)
{
    assert(!err || (err->message && !strchr(err->message, '\n') && err->code != ERROR_NO_MEMORY));
    error_destroy(err);
}

static void look_up(struct elf_image *image)
{
    struct elf_section section;
    struct elf_symbol symbol;
    struct remote_ptr address;
    uint8_t id[ELF_BUILD_ID_BYTES], bytes[256];
    uint64_t size = 0;
    struct error *err = elf_image_section(image, INTROSPECT_SECTION, &section);
    if (!err)
        elf_image_read(image, section.address, bytes, sizeof bytes);
    accept_error(err);
    accept_error(elf_image_symbol(image, "_PyRuntime", &symbol));
    elf_image_build_id(image, id);
    elf_image_unwind_table(image, &address, &size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct elf_image *image = NULL;
    const char *path = fuzz_file(data, size);
    accept_error(ownvm_check_program(path));
    struct error *err = elf_image_open_file(path, 0, &image);
    if (!err)
        look_up(image);
    accept_error(err);
    elf_image_close(image);
    return 0;
}
