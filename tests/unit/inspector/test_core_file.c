// Core files, made by this test: whole, cut short, damaged.
#include "inspector/proc/core_file.h"

#include "inspector/capture/capture.h"
#include "inspector/proc/elf_image.h"
#include "inspector/proc/native_stack.h"
#include "tests/support/probe.h"
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/procfs.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

// ---- a writer of core files, from a capture ----

static size_t note_add(char *notes, size_t at, uint32_t type, const void *bytes, size_t length)
{
    Elf64_Nhdr note = {.n_namesz = 5, .n_descsz = (uint32_t)length, .n_type = type};
    memcpy(notes + at, &note, sizeof note);
    memcpy(notes + at + sizeof note, "CORE\0\0\0", 8);
    memcpy(notes + at + sizeof note + 8, bytes, length);
    return at + sizeof note + 8 + ((length + 3) & ~(size_t)3);
}

static size_t note_add_files(char *notes, size_t at, const struct maps *maps)
{
    enum { LIMIT = 1 << 18 };
    char *bytes = calloc(1, LIMIT);
    uint64_t count = 0;
    for (size_t i = 0; i < maps->list.count; i++)
        count += map_is_file(&maps->list.items[i]);
    uint64_t head[2] = {count, 1};
    memcpy(bytes, head, sizeof head);
    size_t entry = sizeof head, name = sizeof head + count * 24;
    for (size_t i = 0; i < maps->list.count; i++) {
        const struct map *map = &maps->list.items[i];
        if (!map_is_file(map))
            continue;
        uint64_t fields[3] = {map->begin, map->end, map->offset};
        memcpy(bytes + entry, fields, sizeof fields);
        entry += sizeof fields;
        memcpy(bytes + name, map->path, strlen(map->path) + 1);
        name += strlen(map->path) + 1;
    }
    at = note_add(notes, at, NT_FILE, bytes, name);
    free(bytes);
    return at;
}

// As the kernel does it: of unchanged file mappings only the first page is written.
static uint64_t bytes_to_write(const struct map *map)
{
    enum { TOO_LARGE = 64 << 20 }; // the shadow memory of a sanitizer, for example
    if (!map->readable || strcmp(map->path, "[vvar]") == 0 || map_size_bytes(map) > TOO_LARGE)
        return 0;
    return map_is_file(map) && !map->writable ? (map->offset == 0 ? 4096 : 0) : map_size_bytes(map);
}

static void write_core(const char *path, const struct capture *capture)
{
    enum { NOTES_LIMIT = 1 << 20 };
    char *notes = calloc(1, NOTES_LIMIT);
    size_t notes_size = 0;
    struct elf_prpsinfo info = {.pr_pid = capture->pid, .pr_fname = "probe"};
    notes_size = note_add(notes, notes_size, NT_PRPSINFO, &info, sizeof info);
    for (size_t i = 0; i < capture->thread_count; i++) {
        struct elf_prstatus status = {.pr_pid = capture->threads[i].tid};
        memcpy(status.pr_reg, &capture->threads[i].registers, sizeof status.pr_reg);
        notes_size = note_add(notes, notes_size, NT_PRSTATUS, &status, sizeof status);
    }
    notes_size = note_add_files(notes, notes_size, &capture->maps);
    size_t count = capture->maps.list.count + 1;
    Elf64_Ehdr header = {
        .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
        .e_type = ET_CORE,
        .e_machine = EM_X86_64,
        .e_version = EV_CURRENT,
        .e_phoff = sizeof header,
        .e_ehsize = sizeof header,
        .e_phentsize = sizeof(Elf64_Phdr),
        .e_phnum = (uint16_t)count,
    };
    Elf64_Phdr *segments = calloc(count, sizeof *segments);
    uint64_t offset = sizeof header + count * sizeof *segments;
    segments[0] = (Elf64_Phdr){.p_type = PT_NOTE, .p_offset = offset, .p_filesz = notes_size};
    offset = (offset + notes_size + 4095) & ~UINT64_C(4095);
    FILE *file = fopen(path, "wb");
    for (size_t i = 1; i < count; i++) {
        const struct map *map = &capture->maps.list.items[i - 1];
        segments[i] = (Elf64_Phdr){
            .p_type = PT_LOAD,
            .p_offset = offset,
            .p_vaddr = map->begin,
            .p_memsz = map_size_bytes(map),
            .p_filesz = bytes_to_write(map),
            .p_flags = (uint32_t)((map->readable ? PF_R : 0) | (map->writable ? PF_W : 0) |
                                  (map->executable ? PF_X : 0)),
        };
        offset += segments[i].p_filesz;
    }
    fwrite(&header, sizeof header, 1, file);
    fwrite(segments, sizeof *segments, count, file);
    fwrite(notes, notes_size, 1, file);
    static char page[4096];
    for (size_t i = 1; i < count; i++) {
        fseek(file, (long)segments[i].p_offset, SEEK_SET);
        for (uint64_t at = 0; at < segments[i].p_filesz; at += sizeof page) {
            memset(page, 0, sizeof page);
            mem_read_some(capture->mem, remote_at(segments[i].p_vaddr + at), page, sizeof page);
            fwrite(page, sizeof page, 1, file);
        }
    }
    fclose(file);
    free(segments);
    free(notes);
}

// A core of these segments, whose offsets are in the bytes.
static void write_small(char path[64], const Elf64_Phdr *segments, size_t count, const void *bytes,
                        size_t size)
{
    const Elf64_Ehdr header = {
        .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
        .e_type = ET_CORE,
        .e_machine = EM_X86_64,
        .e_version = EV_CURRENT,
        .e_phoff = sizeof header,
        .e_ehsize = sizeof header,
        .e_phentsize = sizeof(Elf64_Phdr),
        .e_phnum = (uint16_t)count,
    };
    strcpy(path, "/tmp/brille-test-core-XXXXXX");
    FILE *file = fdopen(mkstemp(path), "wb");
    assert_non_null(file);
    fwrite(&header, sizeof header, 1, file);
    for (size_t i = 0; i < count; i++) {
        Elf64_Phdr segment = segments[i];
        segment.p_offset += sizeof header + count * sizeof segment;
        fwrite(&segment, sizeof segment, 1, file);
    }
    fwrite(bytes, size, 1, file);
    fclose(file);
}

// Of notes alone, a block that is named by so many headers.
static void write_notes(char path[64], const char *notes, size_t size, size_t headers)
{
    Elf64_Phdr *segments = calloc(headers, sizeof *segments);
    assert_non_null(segments);
    for (size_t i = 0; i < headers; i++)
        segments[i] = (Elf64_Phdr){.p_type = PT_NOTE, .p_filesz = size};
    write_small(path, segments, headers, notes, size);
    free(segments);
}

enum { PAGE = 4096, PARTS_BEGIN = 0x10000 };

// A thread, and parts of files: a page of each, then the next page of each.
static char *notes_of_files(size_t count, const char *const names[], size_t name_count,
                            size_t *size)
{
    size_t name_bytes = 0;
    for (size_t i = 0; i < name_count; i++)
        name_bytes += strlen(names[i]) + 1;
    const size_t limit = 16 + count * 24 + (count / name_count + 1) * name_bytes;
    const struct elf_prstatus status = {.pr_pid = 7};
    char *notes = calloc(1, limit + 1024), *bytes = calloc(1, limit);
    assert_true(notes && bytes);
    memcpy(bytes, (const uint64_t[]){count, 1}, 16);
    char *name = bytes + 16 + count * 24;
    for (size_t i = 0; i < count; i++) {
        const uint64_t begin = PARTS_BEGIN + i * PAGE;
        const uint64_t part[] = {begin, begin + PAGE, i / name_count * PAGE};
        memcpy(bytes + 16 + i * 24, part, sizeof part);
        name = stpcpy(name, names[i % name_count]) + 1;
    }
    *size = note_add(notes, 0, NT_PRSTATUS, &status, sizeof status);
    *size = note_add(notes, *size, NT_FILE, bytes, (size_t)(name - bytes));
    free(bytes);
    return notes;
}

struct fixture {
    struct probe probe;
    struct capture *capture;
    char path[64];
};

static struct fixture fixture_start(void)
{
    struct fixture fixture = {.path = "/tmp/brille-test-core-XXXXXX"};
    fixture.probe = probe_start(probe_heap, 1);
    assert_null(capture_create(fixture.probe.pid, &(struct capture_options){0}, &fixture.capture));
    close(mkstemp(fixture.path));
    write_core(fixture.path, fixture.capture);
    return fixture;
}

static void fixture_end(struct fixture *fixture)
{
    unlink(fixture->path);
    capture_destroy(fixture->capture);
    probe_end(&fixture->probe);
}

// ---- tests ----

static void test_core_agrees_with_the_process(void **state)
{
    (void)state;
    struct fixture fixture = fixture_start();
    assert_true(core_file_probe(fixture.path));
    assert_false(core_file_probe("/proc/self/exe"));
    struct capture *core = NULL;
    struct error *err = capture_open_core(fixture.path, NULL, &core);
    if (err)
        error_print(stderr, err);
    assert_null(err);
    assert_int_equal(core->method, CAPTURE_CORE);
    assert_int_equal(core->pid, fixture.probe.pid);
    assert_int_equal(core->thread_count, fixture.capture->thread_count);
    for (size_t i = 0; i < core->thread_count; i++) {
        assert_int_equal(core->threads[i].tid, fixture.capture->threads[i].tid);
        assert_memory_equal(&core->threads[i].registers, &fixture.capture->threads[i].registers,
                            sizeof core->threads[i].registers);
    }
    assert_int_equal(core->maps.list.count, fixture.capture->maps.list.count);
    for (size_t i = 0; i < core->maps.list.count; i++) {
        const struct map *map = &core->maps.list.items[i];
        char here[256], there[256];
        size_t length = mem_read_some(fixture.capture->mem, remote_at(map->begin), here, 256);
        if (!map->readable || length < sizeof here ||
            bytes_to_write(&fixture.capture->maps.list.items[i]) == 0 ||
            strcmp(fixture.capture->maps.list.items[i].path, "[vvar]") == 0 ||
            fixture.capture->maps.list.items[i].shared)
            continue;
        assert_null(mem_read(core->mem, remote_at(map->begin), there, sizeof there));
        assert_memory_equal(here, there, sizeof here);
    }
    // Symbols and stacks come out of the core and the files it names.
    struct native_unwinder *unwinder = NULL;
    assert_null(native_unwinder_create(0, &core->maps, core->mem, &unwinder));
    struct native_stack stack = {0};
    assert_null(native_stack_walk(unwinder, &core->threads[0].registers, &stack));
    bool found = false;
    for (size_t i = 0; i < stack.frames.count; i++)
        found |= stack.frames.items[i].function &&
                 strcmp(stack.frames.items[i].function, "probe_start") == 0;
    assert_true(found);
    native_stack_deinit(&stack);
    native_unwinder_destroy(unwinder);
    capture_destroy(core);
    fixture_end(&fixture);
}

static void test_core_that_was_cut_short(void **state)
{
    (void)state;
    struct fixture fixture = fixture_start();
    FILE *file = fopen(fixture.path, "rb");
    fseek(file, 0, SEEK_END);
    long size = ftell(file);
    fclose(file);
    for (long keep = size - 1; keep > 0; keep = keep * 2 / 3) {
        assert_int_equal(truncate(fixture.path, keep), 0);
        struct core_file core;
        struct error *err = core_file_open(fixture.path, NULL, &core);
        if (err)
            assert_int_equal(err->code, ERROR_FORMAT);
        else {
            assert_true(core.cut_short);
            char page[64];
            for (size_t i = 0; i < core.maps.list.count; i++)
                mem_read_some(core.mem, remote_at(core.maps.list.items[i].begin), page, 64);
            core_file_close(&core);
        }
        error_destroy(err);
    }
    fixture_end(&fixture);
}

static void test_damaged_cores_are_survived(void **state)
{
    (void)state;
    struct fixture fixture = fixture_start();
    int fd = open(fixture.path, O_RDWR);
    unsigned seed = 3;
    for (int i = 0; i < 300; i++) {
        off_t at[4];
        unsigned char old[4];
        for (int n = 0; n < 4; n++) {
            at[n] = (off_t)((unsigned)rand_r(&seed) % (i % 2 ? 4096 : 64));
            assert_int_equal(pread(fd, &old[n], 1, at[n]), 1);
            unsigned char byte = (unsigned char)rand_r(&seed);
            assert_int_equal(pwrite(fd, &byte, 1, at[n]), 1);
        }
        struct core_file core;
        struct error *err = core_file_open(fixture.path, NULL, &core);
        char page[64];
        for (size_t n = 0; !err && n < core.maps.list.count; n++)
            mem_read_some(core.mem, remote_at(core.maps.list.items[n].begin), page, 64);
        if (!err)
            core_file_close(&core);
        error_destroy(err);
        for (int n = 4; n-- > 0;)
            assert_int_equal(pwrite(fd, &old[n], 1, at[n]), 1);
    }
    close(fd);
    fixture_end(&fixture);
}

static void expect_limit(const char *notes, size_t size, size_t headers,
                         const struct core_options *options, const char *words)
{
    char path[64];
    struct core_file core;
    write_notes(path, notes, size, headers);
    struct error *err = core_file_open(path, options, &core);
    unlink(path);
    assert_non_null(err);
    assert_int_equal(err->code, ERROR_LIMIT);
    assert_non_null(strstr(err->message, words));
    error_destroy(err);
}

static void test_limits_are_those_of_the_whole_file(void **state)
{
    (void)state;
    size_t size;
    char *notes = notes_of_files(1 << 18, (const char *const[]){""}, 1, &size);
    expect_limit(notes, size, 5, NULL, "more than 1048576 parts of mapped files");
    expect_limit(notes, size, 200, NULL, "parts");
    free(notes);
    notes = calloc(1, 16 << 20);
    assert_non_null(notes);
    expect_limit(notes, 16 << 20, 5, NULL, "notes of the core file are too long");
    free(notes);
}

// A name in the file is short, and becomes long where the file is found.
static void test_names_have_a_limit_with_the_sysroot(void **state)
{
    (void)state;
    enum { ROOT = 3900, COUNT = (64 << 20) / ROOT + 1 };
    char root[ROOT];
    memset(root, '/', sizeof root);
    root[sizeof root - 1] = 0;
    size_t size;
    char *notes = notes_of_files(COUNT, (const char *const[]){"/tmp", "/dev"}, 2, &size);
    expect_limit(notes, size, 1, &(struct core_options){.sysroot = root}, "names of files");
    free(notes);
}

static void test_parts_of_a_file_share_its_name(void **state)
{
    (void)state;
    static const char *const names[] = {"/a", "/a", "/b", "/b", "/b"};
    size_t size;
    char path[64], *notes = notes_of_files(5, names, 5, &size);
    struct core_file core;
    write_notes(path, notes, size, 1);
    assert_null(core_file_open(path, NULL, &core));
    assert_int_equal(core.maps.list.count, 5);
    const struct map *maps = core.maps.list.items;
    for (size_t i = 0; i < 5; i++)
        assert_string_equal(maps[i].path, names[i]);
    assert_ptr_equal(maps[0].path, maps[1].path);
    assert_ptr_equal(maps[2].path, maps[4].path);
    core_file_close(&core);
    unlink(path);
    free(notes);
}

// ---- many files ----

enum { FILES = 100, FILE_PAGES = 3 };

struct many {
    char folder[32], core[64];
    char *names[FILES];
};

static void fill_page(unsigned char page[PAGE], size_t file, size_t number)
{
    memset(page, (int)(1 + file + 100 * number), PAGE);
}

// The core has the first page of each file, which are executable, as libraries are.
static struct many many_start(void)
{
    struct many many = {.folder = "/tmp/brille-test-many-XXXXXX"};
    static Elf64_Phdr segments[1 + FILES];
    unsigned char page[PAGE];
    assert_non_null(mkdtemp(many.folder));
    for (size_t i = 0; i < FILES; i++) {
        assert_true(asprintf(&many.names[i], "%s/%zu", many.folder, i) > 0);
        FILE *file = fopen(many.names[i], "wb");
        assert_non_null(file);
        for (size_t n = 0; n < FILE_PAGES; n++) {
            fill_page(page, i, n);
            fwrite(page, sizeof page, 1, file);
        }
        fclose(file);
    }
    size_t size;
    char *notes = notes_of_files(FILES * FILE_PAGES, (const char *const *)many.names, FILES, &size);
    segments[0] = (Elf64_Phdr){.p_type = PT_NOTE, .p_filesz = size};
    notes = realloc(notes, size + FILES * PAGE);
    assert_non_null(notes);
    for (size_t i = 0; i < FILES; i++) {
        fill_page(page, i, 0);
        memcpy(notes + size + i * PAGE, page, PAGE);
        segments[1 + i] = (Elf64_Phdr){.p_type = PT_LOAD,
                                       .p_offset = size + i * PAGE,
                                       .p_vaddr = PARTS_BEGIN + i * PAGE,
                                       .p_memsz = PAGE,
                                       .p_filesz = PAGE,
                                       .p_flags = PF_R | PF_X};
    }
    write_small(many.core, segments, 1 + FILES, notes, size + FILES * PAGE);
    free(notes);
    return many;
}

static void many_end(struct many *many)
{
    for (size_t i = 0; i < FILES; i++) {
        unlink(many->names[i]);
        free(many->names[i]);
    }
    rmdir(many->folder);
    unlink(many->core);
}

static size_t descriptor_count(void)
{
    size_t count = 0;
    for (int fd = 0; fd < 4096; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static void test_a_file_needs_one_descriptor(void **state)
{
    (void)state;
    struct many many = many_start();
    struct rlimit limit;
    struct core_file core;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    const size_t before = descriptor_count();
    limit.rlim_cur = before + FILES / 2; // is raised
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_null(core_file_open(many.core, NULL, &core));
    assert_null(core.missing);
    unsigned char expected[PAGE], page[PAGE];
    for (size_t i = 0; i < FILES * FILE_PAGES; i++) {
        fill_page(expected, i % FILES, i / FILES);
        assert_null(mem_read(core.mem, remote_at(PARTS_BEGIN + i * PAGE), page, sizeof page));
        assert_memory_equal(page, expected, sizeof page);
    }
    assert_int_equal(descriptor_count(), before + FILES + 1);
    core_file_close(&core);
    assert_int_equal(descriptor_count(), before);
    many_end(&many);
}

// In a child, because a hard limit cannot be raised again.
static int open_with_few(const char *path)
{
    const size_t few = descriptor_count() + FILES / 2;
    struct core_file core;
    if (setrlimit(RLIMIT_NOFILE, &(struct rlimit){few, few}) != 0)
        return 1;
    struct error *err = core_file_open(path, NULL, &core);
    if (!err)
        return 2;
    return err->errnum == EMFILE && strstr(err->why, "ulimit -n") ? 0 : 3;
}

static void test_too_few_descriptors_are_no_other_files(void **state)
{
    (void)state;
    struct many many = many_start();
    const pid_t pid = fork();
    if (pid == 0)
        _exit(open_with_few(many.core));
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    many_end(&many);
}

static void test_what_is_no_core(void **state)
{
    (void)state;
    static const char *const paths[] = {"/proc/self/exe", "/dev/null", "/nonexistent/core", "/"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct capture *capture = NULL;
        struct error *err = capture_open_core(paths[i], NULL, &capture);
        assert_non_null(err);
        assert_int_equal(error_exit_status(err), 3);
        error_destroy(err);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        probe_unit_test(test_core_agrees_with_the_process),
        probe_unit_test(test_core_that_was_cut_short),
        probe_unit_test(test_damaged_cores_are_survived),
        cmocka_unit_test(test_limits_are_those_of_the_whole_file),
        cmocka_unit_test(test_names_have_a_limit_with_the_sysroot),
        cmocka_unit_test(test_parts_of_a_file_share_its_name),
        cmocka_unit_test(test_a_file_needs_one_descriptor),
        cmocka_unit_test(test_too_few_descriptors_are_no_other_files),
        probe_unit_test(test_what_is_no_core),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
