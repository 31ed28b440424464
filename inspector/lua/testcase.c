// See testcase.h: the host's half, which makes snapshots and events of what is sent.
#include "inspector/lua/testcase.h"

#include "inspector/lua/api.h"
#include "inspector/lua/event_names.h"
#include "inspector/lua/jail.h"
#include "inspector/lua/testcase_wire.h"
#include "inspector/model/builder.h"
#include "inspector/model/heap_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BASE_ADDRESS UINT64_C(0x7f0000000000)
#define STEP_BYTES   4096
#define OBJECTS_MAX  1000000
#define LOAD_TIME_NS UINT64_C(5000000000)

struct built_object {
    const char *name; // with its number when there are several: "row3"
    const char *group;
    struct builder_object object;
    const char *label;
    bool counted; // its refcount was given
};

struct built_ref {
    uint32_t source;
    const char *target, *name;
    enum edge_kind kind;
    enum edge_class class;
};

struct built_root {
    const char *name, *object;
    enum root_kind kind;
};

VEC_DEFINE(built_object_vec, struct built_object);
VEC_DEFINE(built_ref_vec, struct built_ref);
VEC_DEFINE(built_root_vec, struct built_root);

struct loading {
    struct testcases *cases;
    const char *folder;
    bool done;
    // The heap that is being sent:
    struct snapshot_builder *builder;
    struct built_object_vec objects;
    struct built_ref_vec refs;
    struct built_root_vec roots;
    uint32_t first_of_last; // of the object message before
};

// ---- heaps ----

static const char *keep(struct loading *l, const char *text)
{
    const char *copy = arena_strdup(&l->cases->arena, text);
    return copy ? copy : "";
}

static struct testcase *last_case(struct loading *l)
{
    return l->cases->items.count ? &l->cases->items.items[l->cases->items.count - 1] : NULL;
}

// "row*" is every object of the group "row"; "row" alone every object that was made under it, too.
static bool is_meant(const struct built_object *object, const char *name)
{
    const size_t length = strlen(name);
    if (length && name[length - 1] == '*')
        return strncmp(object->name, name, length - 1) == 0;
    return strcmp(object->name, name) == 0 || strcmp(object->group, name) == 0;
}

static struct error *add_edges(struct loading *l, uint32_t source)
{
    for (size_t r = 0; r < l->refs.count; r++) {
        const struct built_ref *ref = &l->refs.items[r];
        bool any = false;
        if (ref->source != source)
            continue;
        for (size_t o = 0; o < l->objects.count; o++) {
            if (!is_meant(&l->objects.items[o], ref->target))
                continue;
            any = true;
            snapshot_builder_edge_named(l->builder, l->objects.items[o].object.address, ref->kind,
                                        ref->class, ref->name);
        }
        if (!any)
            return error_create(ERROR_USAGE, "refs: there is no object '%s'", ref->target);
    }
    return NULL;
}

// Counts that were not given are what the references and roots come to.
static void count_references(struct loading *l)
{
    for (size_t o = 0; o < l->objects.count; o++) {
        struct built_object *object = &l->objects.items[o];
        if (object->counted)
            continue;
        for (size_t r = 0; r < l->refs.count; r++)
            object->object.refcount += edge_class_counts(l->refs.items[r].class) &&
                                       is_meant(object, l->refs.items[r].target);
        for (size_t r = 0; r < l->roots.count; r++)
            object->object.refcount += is_meant(object, l->roots.items[r].object);
    }
}

static struct error *add_objects(struct loading *l)
{
    struct snapshot_builder *b = l->builder;
    count_references(l);
    for (uint32_t o = 0; o < l->objects.count; o++) {
        const struct built_object *object = &l->objects.items[o];
        snapshot_builder_object(b, &object->object);
        if (*object->label)
            snapshot_builder_label(b, object->label, strlen(object->label));
        TRY(add_edges(l, o));
    }
    for (size_t r = 0; r < l->roots.count; r++)
        for (size_t o = 0; o < l->objects.count; o++)
            if (is_meant(&l->objects.items[o], l->roots.items[r].object))
                snapshot_builder_root(
                    b, &(struct builder_root){.target = l->objects.items[o].object.address,
                                              .kind = l->roots.items[r].kind,
                                              .class = CLASS_OWNED,
                                              .name = l->roots.items[r].name,
                                              .thread = ORDINAL_NONE,
                                              .frame = ORDINAL_NONE});
    return NULL;
}

static struct error *keep_heap(struct loading *l, struct snapshot *s)
{
    struct testcase *t = last_case(l);
    if (!t || t->heap_count == PLUGIN_HEAPS_MAX) {
        snapshot_destroy(s);
        return error_create(ERROR_USAGE, "a case has at most %d heaps", PLUGIN_HEAPS_MAX);
    }
    t->snapshots[t->heap_count++] = s;
    return NULL;
}

static struct error *end_heap(struct loading *l)
{
    struct snapshot *s = NULL;
    if (!l->builder)
        return NULL;
    struct error *err = add_objects(l);
    if (!err)
        err = snapshot_builder_finish(l->builder, &s);
    snapshot_builder_destroy(l->builder);
    l->builder = NULL;
    built_object_vec_deinit(&l->objects);
    built_ref_vec_deinit(&l->refs);
    built_root_vec_deinit(&l->roots);
    return err ? err : keep_heap(l, s);
}

static struct error *begin_heap(struct loading *l)
{
    TRY(end_heap(l));
    TRY(snapshot_builder_create(&l->builder));
    struct snapshot_info *info = snapshot_builder_info(l->builder);
    snapshot_builder_text(l->builder, &info->runtime, "brille");
    snapshot_builder_text(l->builder, &info->version, "3.11.2");
    snapshot_builder_text(l->builder, &info->command, "a test");
    info->pid = 1;
    info->start_time = 1;
    info->complete = true;
    info->birth_epoch = 2;
    return NULL;
}

static uint32_t make_type(struct loading *l, const char *qualified)
{
    const char *dot = strrchr(qualified, '.');
    uint64_t address = 0; // the same name is the same type
    for (const char *c = qualified; *c; c++)
        address = address * 31 + (unsigned char)*c;
    char module[128];
    snprintf(module, sizeof module, "%.*s", dot ? (int)(dot - qualified) : 8,
             dot ? qualified : "builtins");
    return snapshot_builder_type(l->builder,
                                 &(struct builder_type){.address = 0x1000 + address % 0xfffffff * 8,
                                                        .name = dot ? dot + 1 : qualified,
                                                        .module = module,
                                                        .size_bytes = 16});
}

static struct error *take_object(struct loading *l, const struct wire_message *m)
{
    const char *type = *wire_get_text(m, 1) ? wire_get_text(m, 1) : "object";
    const int64_t given = wire_get_integer(m, 7), n = given > 0 ? given : 1;
    const bool several = given > 0, has_gen = m->count > 4 && m->fields[4].kind == VALUE_INTEGER;
    const int64_t size = wire_get_integer(m, 2), epoch = wire_get_integer(m, 6);
    if (!l->builder || n > OBJECTS_MAX - (int64_t)l->objects.count)
        return error_create(ERROR_USAGE, "more than %d objects in a test", OBJECTS_MAX);
    l->first_of_last = (uint32_t)l->objects.count;
    const char *group = keep(l, wire_get_text(m, 0)), *label = keep(l, wire_get_text(m, 5));
    for (int64_t i = 0; i < n; i++) {
        char name[160];
        snprintf(name, sizeof name, several ? "%.100s%lld" : "%.100s", group, (long long)i + 1);
        const struct built_object object = {
            .name = keep(l, name),
            .group = group,
            .label = label,
            .counted = m->fields[3].kind == VALUE_INTEGER,
            .object = {.address = BASE_ADDRESS + l->objects.count * STEP_BYTES,
                       .size_bytes = size > 0 ? (uint64_t)size : 64,
                       .refcount = (uint64_t)wire_get_integer(m, 3),
                       .type = make_type(l, type),
                       .epoch = epoch > 0 ? (uint32_t)epoch : 1,
                       .generation = has_gen ? (uint8_t)wire_get_integer(m, 4) : 2,
                       .tracked = true},
        };
        TRY(built_object_vec_push(&l->objects, object));
    }
    return NULL;
}

static int find_word(const char *word, const char *(*name)(int), int count)
{
    for (int i = 0; i < count; i++)
        if (strcmp(name(i), word) == 0)
            return i;
    return -1;
}

static const char *edge_kind_name(int i)
{
    return edge_kind_word((enum edge_kind)i);
}

static const char *edge_class_name(int i)
{
    return edge_class_word((enum edge_class)i);
}

static const char *root_kind_name(int i)
{
    return root_kind_word((enum root_kind)i);
}

// A reference of an object that stands for several is of all of them.
static struct error *take_ref(struct loading *l, const struct wire_message *m)
{
    const int kind = find_word(wire_get_text(m, 2), edge_kind_name, EDGE_KIND_COUNT);
    const int class = find_word(wire_get_text(m, 3), edge_class_name, EDGE_CLASS_COUNT);
    if (kind < 0 || class < 0)
        return error_create(ERROR_USAGE, "refs: there is no %s '%s'", kind < 0 ? "kind" : "class",
                            wire_get_text(m, kind < 0 ? 2 : 3));
    const struct built_ref ref = {.target = keep(l, wire_get_text(m, 0)),
                                  .name =
                                      *wire_get_text(m, 1) ? keep(l, wire_get_text(m, 1)) : NULL,
                                  .kind = (enum edge_kind)kind,
                                  .class = (enum edge_class) class};
    for (uint32_t o = l->first_of_last; o < l->objects.count; o++) {
        struct built_ref one = ref;
        one.source = o;
        TRY(built_ref_vec_push(&l->refs, one));
    }
    return NULL;
}

static struct error *take_root(struct loading *l, const struct wire_message *m)
{
    const int kind = find_word(wire_get_text(m, 2), root_kind_name, ROOT_KIND_COUNT);
    if (kind < 0)
        return error_create(ERROR_USAGE, "roots: there is no kind '%s'", wire_get_text(m, 2));
    return built_root_vec_push(&l->roots,
                               (struct built_root){.name = keep(l, wire_get_text(m, 0)),
                                                   .object = keep(l, wire_get_text(m, 1)),
                                                   .kind = (enum root_kind)kind});
}

// ---- the rest ----

static const char *in_folder(struct loading *l, const char *name)
{
    struct strbuf path;
    if (!*name || *name == '/')
        return keep(l, name);
    strbuf_init(&path);
    strbuf_addf(&path, "%s/%s", l->folder, name);
    const char *result = keep(l, strbuf_text(&path));
    strbuf_deinit(&path);
    return result;
}

static struct error *take_case(struct loading *l, const struct wire_message *m)
{
    TRY(end_heap(l));
    struct testcase t = {.name = keep(l, wire_get_text(m, 0)),
                         .golden = in_folder(l, wire_get_text(m, 1)),
                         .has_events = wire_get_integer(m, 3) != 0};
    if (*wire_get_text(m, 2))
        t.trace = in_folder(l, wire_get_text(m, 2));
    return testcase_vec_push(&l->cases->items, t);
}

static struct error *take_file(struct loading *l, const struct wire_message *m)
{
    struct snapshot *s;
    TRY(end_heap(l));
    TRY(heap_file_open(in_folder(l, wire_get_text(m, 0)), &s));
    return keep_heap(l, s);
}

static const char *text_or_null(struct loading *l, const struct wire_message *m, unsigned i)
{
    return *wire_get_text(m, i) ? keep(l, wire_get_text(m, i)) : NULL;
}

static enum trace_gil_reason reason_of(const char *word)
{
    for (unsigned r = 0; r < 8; r++)
        if (strcmp(event_gil_reason(r), word) == 0)
            return (enum trace_gil_reason)r;
    return (enum trace_gil_reason)0;
}

static struct error *take_event(struct loading *l, const struct wire_message *m)
{
    struct testcase *t = last_case(l);
    const bool has_gen = m->fields[6].kind == VALUE_INTEGER;
    struct event_row row = {
        .type = text_or_null(l, m, 4),
        .func = *wire_get_text(m, 7) ? keep(l, wire_get_text(m, 7)) : "unknown",
        .file = *wire_get_text(m, 8) ? keep(l, wire_get_text(m, 8)) : "unknown",
        .line = (uint32_t)wire_get_integer(m, 9),
        .thread = text_or_null(l, m, 13),
        .event = {.kind = (enum trace_event_kind)event_find(wire_get_text(m, 2)),
                  .time_ns = (uint64_t)wire_get_integer(m, 0),
                  .tid = m->fields[1].kind == VALUE_INTEGER ? (uint32_t)wire_get_integer(m, 1) : 1,
                  .address = (uint64_t)wire_get_integer(m, 3),
                  .size = (uint64_t)wire_get_integer(m, 5),
                  .generation = has_gen ? (int)wire_get_integer(m, 6) : -1,
                  .seq = t->events.count},
    };
    struct trace_event *e = &row.event;
    e->delta = e->kind == TRACE_EVENT_incref ? 1 : e->kind == TRACE_EVENT_decref ? -1 : 0;
    e->refcount = e->kind == TRACE_EVENT_alloc;
    if (e->kind >= TRACE_EVENT_gil_request && e->kind <= TRACE_EVENT_gil_release) {
        e->gil.other_tid = (uint32_t)wire_get_integer(m, 10);
        e->gil.reason = reason_of(wire_get_text(m, 11));
        e->gil.duration_ns = (uint64_t)wire_get_integer(m, 12);
    } else if (e->kind == TRACE_EVENT_gc_done) {
        e->gc.collected = (uint64_t)wire_get_integer(m, 14);
        e->gc.examined = (uint64_t)wire_get_integer(m, 15);
    }
    return event_row_vec_push(&t->events, row);
}

static struct error *take_expect(struct loading *l, const struct wire_message *m)
{
    struct testcase *t = last_case(l);
    if (t->expect_count == TESTCASE_EXPECTS_MAX)
        return error_create(ERROR_USAGE, "more than %d expectations", TESTCASE_EXPECTS_MAX);
    struct value v = m->count > 2 ? m->fields[2] : value_none();
    if (v.kind == VALUE_TEXT)
        v = value_text(keep(l, v.text));
    t->expects[t->expect_count].what = (enum testcase_expect)wire_get_integer(m, 0);
    t->expects[t->expect_count].key = keep(l, wire_get_text(m, 1));
    t->expects[t->expect_count++].value = v;
    return NULL;
}

static struct error *take_arg(struct loading *l, const struct wire_message *m)
{
    struct testcase *t = last_case(l);
    if (t->arg_count == TESTCASE_ARGS_MAX)
        return error_create(ERROR_USAGE, "more than %d arguments", TESTCASE_ARGS_MAX);
    t->args[t->arg_count].name = keep(l, wire_get_text(m, 0));
    t->args[t->arg_count++].text = keep(l, wire_get_text(m, 1));
    return NULL;
}

static struct error *receive(void *host, const struct wire_message *m)
{
    struct loading *l = host;
    if (m->tag == WIRE_ERROR)
        return error_create(ERROR_USAGE, "%s", wire_get_text(m, 0));
    if (m->tag == WIRE_CASE)
        return take_case(l, m);
    if (m->tag == WIRE_DONE) {
        l->done = true;
        return end_heap(l);
    }
    if (!last_case(l))
        return NULL;
    switch (m->tag) {
    case WIRE_CASE_ARG:
        return take_arg(l, m);
    case WIRE_CASE_HEAP:
        return begin_heap(l);
    case WIRE_CASE_OBJECT:
        return take_object(l, m);
    case WIRE_CASE_REF:
        return take_ref(l, m);
    case WIRE_CASE_ROOT:
        return take_root(l, m);
    case WIRE_CASE_FILE:
        return take_file(l, m);
    case WIRE_CASE_EVENT:
        return m->count == 16 ? take_event(l, m) : NULL;
    case WIRE_CASE_EXPECT:
        return take_expect(l, m);
    default:
        return NULL;
    }
}

// ---- in the child ----

struct test_file {
    const char *path;
    struct libs libs;
    char *source;
    size_t length;
};

static int open_output(lua_State *L)
{
    api_out_open(L);
    return 0;
}

static void evaluate_in_child(void *context, struct wire *wire)
{
    const struct test_file *file = context;
    const struct sandbox_limits limits = {.time_ns = LOAD_TIME_NS,
                                          .memory_bytes = UINT64_C(256) << 20};
    struct strbuf name;
    lua_State *L = sandbox_create(&limits, wire);
    if (!L)
        _exit(119);
    lua_pushcfunction(L, open_output); // brille.sorted and its like
    if (!sandbox_call(L, 0, 0))
        return;
    strbuf_init(&name);
    const char *slash = strrchr(file->path, '/');
    strbuf_addf(&name, "@%s", slash ? slash + 1 : file->path);
    sandbox_set_libs(file->libs.items, file->libs.count);
    sandbox_start_clock();
    if (!sandbox_evaluate(L, file->source, file->length, strbuf_text(&name))) {
        sandbox_report(L);
        return;
    }
    lua_pushcfunction(L, testcase_send);
    lua_insert(L, -2);
    if (!sandbox_call(L, 1, 0))
        return;
    wire_begin(wire, WIRE_DONE);
    wire_end(wire);
}

static struct error *read_libs(struct loading *l, struct test_file *file,
                               const struct libs *of_plugin)
{
    struct strbuf parent;
    strbuf_init(&parent);
    strbuf_addf(&parent, "%s/", l->folder);
    struct error *err = libs_read(&file->libs, &l->cases->arena, strbuf_text(&parent));
    strbuf_deinit(&parent);
    return err ? err : libs_add(&file->libs, of_plugin);
}

static struct error *load(struct loading *l, struct test_file *file, const struct libs *of_plugin)
{
    enum jail_end end;
    int signal;
    _cleanup_fclose_ FILE *stream = fopen(file->path, "re");
    if (!stream)
        return error_create_errno(errno, "cannot open %s", file->path);
    file->length = fread(file->source, 1, SANDBOX_SOURCE_MAX + 1, stream);
    TRY(read_libs(l, file, of_plugin));
    const struct jail jail = {.time_ns = LOAD_TIME_NS,
                              .memory_bytes = UINT64_C(1) << 30,
                              .body = evaluate_in_child,
                              .context = file,
                              .receive = receive,
                              .host = l};
    TRY(jail_run(&jail, &end, &signal));
    if (end != JAIL_DONE || !l->done)
        return error_create(ERROR_USAGE, "%s does not end", file->path);
    return NULL;
}

struct error *testcases_load(const char *path, const char *folder, const struct libs *libs,
                             struct testcases *ret)
{
    struct loading l = {.cases = ret, .folder = folder};
    struct test_file file = {.path = path, .source = malloc(SANDBOX_SOURCE_MAX + 2)};
    *ret = (struct testcases){.items = {0}};
    arena_init(&ret->arena);
    struct error *err = file.source ? load(&l, &file, libs) : &error_no_memory;
    free(file.source);
    snapshot_builder_destroy(l.builder);
    built_object_vec_deinit(&l.objects);
    built_ref_vec_deinit(&l.refs);
    built_root_vec_deinit(&l.roots);
    return err;
}

void testcases_deinit(struct testcases *cases)
{
    for (size_t i = 0; i < cases->items.count; i++) {
        for (unsigned h = 0; h < cases->items.items[i].heap_count; h++)
            snapshot_destroy(cases->items.items[i].snapshots[h]);
        event_row_vec_deinit(&cases->items.items[i].events);
    }
    testcase_vec_deinit(&cases->items);
    arena_deinit(&cases->arena);
}
