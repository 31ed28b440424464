// Sections and symbols of a process's files, at the addresses that they have in it.
#include "inspector/proc/elf_image.h"

#include "inspector/proc/process.h"
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

int elf_test_variable = 4711;
__attribute__((section(".brille.test"), used)) static const char elf_test_section[24] = "found";

__attribute__((noinline)) int elf_test_function(int value);
__attribute__((noinline)) int elf_test_function(int value)
{
    return value * 3 + elf_test_variable;
}

struct fixture {
    struct maps maps;
    struct mem_source *mem;
};

static struct fixture fixture_of(pid_t pid)
{
    struct fixture fixture;
    maps_init(&fixture.maps);
    assert_null(maps_read(&fixture.maps, pid));
    assert_null(mem_live_create(pid, &fixture.mem));
    return fixture;
}

static void fixture_end(struct fixture *fixture)
{
    maps_deinit(&fixture->maps);
    mem_source_destroy(fixture->mem);
}

static void test_section_of_this_program(void **state)
{
    (void)state;
    struct fixture fixture = fixture_of(getpid());
    _cleanup_(elf_image_close_at) struct elf_image *image = NULL;
    struct elf_section section;
    assert_null(
        elf_find_section(getpid(), &fixture.maps, fixture.mem, ".brille.test", &image, &section));
    assert_int_equal(section.address.addr, (uintptr_t)elf_test_section);
    assert_int_equal(section.size_bytes, 24);
    struct elf_image *none = NULL;
    struct error *err =
        elf_find_section(getpid(), &fixture.maps, fixture.mem, ".no.such", &none, &section);
    assert_int_equal(err->code, ERROR_NOT_FOUND);
    assert_null(none);
    error_destroy(err);
    fixture_end(&fixture);
}

static void test_symbols_of_this_program_and_its_libraries(void **state)
{
    (void)state;
    struct fixture fixture = fixture_of(getpid());
    struct elf_image *image = NULL;
    struct elf_symbol symbol, at;
    assert_null(elf_find_symbol(getpid(), &fixture.maps, fixture.mem, "elf_test_function", &image,
                                &symbol));
    assert_int_equal(symbol.address.addr, (uintptr_t)elf_test_function);
    assert_true(elf_image_symbol_at(image, remote_add(symbol.address, 5), &at));
    assert_string_equal(at.name, "elf_test_function");
    assert_int_equal(at.address.addr, symbol.address.addr);
    assert_false(elf_image_symbol_at(image, remote_at(elf_image_load_bias(image) + 1), &at));
    uint8_t bytes[16], id[ELF_BUILD_ID_BYTES];
    assert_int_equal(elf_image_read(image, symbol.address, bytes, 16), 16);
    assert_memory_equal(bytes, (const void *)(uintptr_t)elf_test_function, 8);
    assert_in_range(elf_image_build_id(image, id), 0, ELF_BUILD_ID_BYTES);
    elf_image_close(image);
    assert_null(elf_find_symbol(getpid(), &fixture.maps, fixture.mem, "elf_test_variable", &image,
                                &symbol));
    assert_int_equal(symbol.address.addr, (uintptr_t)&elf_test_variable);
    assert_int_equal(symbol.size_bytes, sizeof elf_test_variable);
    elf_image_close(image);
    fixture_end(&fixture);
}

static void test_vdso_is_read_from_memory(void **state)
{
    (void)state;
    struct fixture fixture = fixture_of(getpid());
    const struct map *map = maps_find_path(&fixture.maps, "[vdso]");
    if (!map)
        skip();
    _cleanup_(elf_image_close_at) struct elf_image *image = NULL;
    assert_null(elf_image_open(getpid(), &fixture.maps, map, fixture.mem, &image));
    struct elf_symbol symbol;
    assert_null(elf_image_symbol(image, "clock_gettime", &symbol));
    assert_ptr_equal(maps_find(&fixture.maps, symbol.address.addr), map);
    struct remote_ptr table;
    uint64_t size;
    assert_true(elf_image_unwind_table(image, &table, &size));
    fixture_end(&fixture);
}

// Copies this program, runs the copy, and deletes or replaces its file under it.
static void check_replaced_file(bool replace)
{
    char path[] = "/tmp/brille-test-XXXXXX", own[512], command[1200];
    int fd = mkstemp(path);
    close(fd);
    ssize_t length = readlink("/proc/self/exe", own, sizeof own - 1);
    own[length] = 0;
    snprintf(command, sizeof command, "cp '%s' %s && chmod 700 %s", own, path, path);
    assert_int_equal(system(command), 0);
    pid_t pid = fork();
    if (pid == 0) {
        execl(path, path, "wait", (char *)NULL);
        _exit(1);
    }
    struct process process;
    for (int i = 0; i < 1000; i++) {
        assert_null(process_read(&process, pid));
        if (strncmp(process.exe, path, strlen(path)) == 0 && process.state == 'S')
            break;
        usleep(1000);
    }
    unlink(path);
    if (replace) {
        FILE *other = fopen(path, "w");
        fputs("not an ELF file", other);
        fclose(other);
    }
    struct fixture fixture = fixture_of(pid);
    _cleanup_(elf_image_close_at) struct elf_image *image = NULL;
    struct elf_section section;
    char text[24];
    assert_null(
        elf_find_section(pid, &fixture.maps, fixture.mem, ".brille.test", &image, &section));
    assert_null(mem_read(fixture.mem, section.address, text, sizeof text));
    assert_string_equal(text, "found");
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    fixture_end(&fixture);
    unlink(path);
}

static void test_file_that_was_deleted(void **state)
{
    (void)state;
    check_replaced_file(false);
}

static void test_file_that_was_replaced(void **state)
{
    (void)state;
    check_replaced_file(true);
}

static void test_damaged_files_are_survived(void **state)
{
    (void)state;
    FILE *own = fopen("/proc/self/exe", "rb");
    size_t size = 65536;
    unsigned char *bytes = malloc(size);
    size = fread(bytes, 1, size, own);
    fclose(own);
    char path[] = "/tmp/brille-test-XXXXXX";
    int fd = mkstemp(path);
    unsigned seed = 1;
    for (int i = 0; i < 200; i++) {
        unsigned char *copy = malloc(size);
        memcpy(copy, bytes, size);
        for (int n = 0; n < 8; n++)
            copy[(unsigned)rand_r(&seed) % (i % 2 ? 64 : size)] = (unsigned char)rand_r(&seed);
        assert_int_equal(ftruncate(fd, 0), 0);
        size_t length = (unsigned)rand_r(&seed) % size;
        assert_int_equal(pwrite(fd, copy, length, 0), (ssize_t)length);
        free(copy);
        struct elf_image *image = NULL;
        struct error *err = elf_image_open_file(path, 0, &image);
        if (!err) {
            struct elf_section section;
            struct elf_symbol symbol;
            uint8_t id[ELF_BUILD_ID_BYTES];
            error_destroy(elf_image_section(image, ".nothing", &section));
            error_destroy(elf_image_symbol(image, "nothing", &symbol));
            elf_image_symbol_at(image, remote_at(0x1000), &symbol);
            elf_image_build_id(image, id);
            elf_image_read(image, remote_at(0x1000), id, sizeof id);
        }
        error_destroy(err);
        elf_image_close(image);
    }
    close(fd);
    unlink(path);
    free(bytes);
}

int main(int argc, char **argv)
{
    (void)argv;
    if (argc > 1)
        for (;;)
            pause();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_section_of_this_program),
        cmocka_unit_test(test_symbols_of_this_program_and_its_libraries),
        cmocka_unit_test(test_vdso_is_read_from_memory),
        cmocka_unit_test(test_file_that_was_deleted),
        cmocka_unit_test(test_file_that_was_replaced),
        cmocka_unit_test(test_damaged_files_are_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
