// See program.h.
//
// The head of the introspection table holds no addresses, so it reads the same in the file as in a
// process.
#include "inspector/target/ownvm/program.h"

#include "inspector/base/cleanup.h"
#include "inspector/proc/elf_image.h"
#include "inspector/target/ownvm/ownvm.h"

#include <elf.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static bool is_elf(const char *path)
{
    char magic[SELFMAG] = "";
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd >= 0 && read(fd, magic, sizeof magic) == (ssize_t)sizeof magic &&
           memcmp(magic, ELFMAG, sizeof magic) == 0;
}

static struct error *is_no_brille_python(const char *path)
{
    return error_create(ERROR_UNSUPPORTED, "%s is no brille-python", path);
}

struct error *ownvm_check_program(const char *path)
{
    _cleanup_(elf_image_close_at) struct elf_image *image = NULL;
    struct elf_section section;
    struct introspect rows = {0};
    if (!is_elf(path))
        return NULL;
    TRY(elf_image_open_file(path, 0, &image));
    struct error *err = elf_image_section(image, INTROSPECT_SECTION, &section);
    if (err) {
        error_destroy(err);
        return is_no_brille_python(path);
    }
    const size_t head = offsetof(struct introspect, size_of_object);
    if (elf_image_read(image, section.address, &rows, head) < head ||
        memcmp(rows.magic, INTROSPECT_MAGIC, sizeof rows.magic) != 0)
        return is_no_brille_python(path);
    return vm_table_check_version(&rows);
}
