/* The module time: clocks, sleeping, calendar time.
 *
 * sleep gives the GIL up and can be interrupted by a signal whose handler raises; otherwise it
 * goes on until its time is over. Calendar functions are libc's; struct_time is a tuple of nine
 * with names (CPython's tm_zone and tm_gmtoff are not there).
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/float.h"
#include "vm/object/int.h"
#include "vm/object/module.h"
#include "vm/object/namespace.h"
#include "vm/object/str.h"
#include "vm/object/structseq.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"
#include "vm/runtime/gil.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/import.h"
#include "vm/runtime/ops.h"
#include "vm/runtime/signals.h"

#define FN(name)                                                                         \
    static struct py_object *name(struct py_object *self, struct py_object *const *args, \
                                  size_t nargs, struct py_tuple *kwnames)
#define UNUSED_ARGS (void)self, (void)args, (void)nargs, (void)kwnames

/* ---- clocks ------------------------------------------------------------------------------------
 */

static int64_t clock_ns(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

#define CLOCK(name, id)                                    \
    FN(time_##name)                                        \
    {                                                      \
        UNUSED_ARGS;                                       \
        return py_float_from((double)clock_ns(id) * 1e-9); \
    }                                                      \
    FN(time_##name##_ns)                                   \
    {                                                      \
        UNUSED_ARGS;                                       \
        return py_int_from_i64(clock_ns(id));              \
    }
CLOCK(time, CLOCK_REALTIME)
CLOCK(monotonic, CLOCK_MONOTONIC)
CLOCK(perf_counter, CLOCK_MONOTONIC)
CLOCK(process_time, CLOCK_PROCESS_CPUTIME_ID)
CLOCK(thread_time, CLOCK_THREAD_CPUTIME_ID)

static int clock_id_of(struct py_object *o, clockid_t *id)
{
    const int64_t n = py_int_as_i64(o);
    if (n == -1 && py_error_occurred())
        return -1;
    *id = (clockid_t)n;
    struct timespec t;
    if (clock_gettime(*id, &t) < 0) {
        py_raise_os_error(errno, NULL);
        return -1;
    }
    return 0;
}

FN(time_clock_gettime)
{
    (void)self, (void)nargs, (void)kwnames;
    clockid_t id;
    return clock_id_of(args[0], &id) < 0 ? NULL : py_float_from((double)clock_ns(id) * 1e-9);
}

FN(time_clock_gettime_ns)
{
    (void)self, (void)nargs, (void)kwnames;
    clockid_t id;
    return clock_id_of(args[0], &id) < 0 ? NULL : py_int_from_i64(clock_ns(id));
}

FN(time_clock_getres)
{
    (void)self, (void)nargs, (void)kwnames;
    clockid_t id;
    struct timespec t;
    if (clock_id_of(args[0], &id) < 0)
        return NULL;
    clock_getres(id, &t);
    return py_float_from((double)t.tv_sec + (double)t.tv_nsec * 1e-9);
}

/* ---- sleep -------------------------------------------------------------------------------------
 */

/* Seconds as nanoseconds, rounded up; -1 with an exception. */
static int64_t duration_ns(struct py_object *o)
{
    if (py_int_check(o)) {
        const int64_t s = py_int_as_i64_clip(o);
        if (s > INT64_MAX / 1000000000)
            return py_raise_int(&py_exc_OverflowError,
                                "timestamp too large to convert to C _PyTime_t");
        return s < 0 ? -2 : s * 1000000000;
    }
    const double d = py_float_as_double(o);
    if (d == -1.0 && py_error_occurred())
        return -1;
    if (isnan(d))
        return py_raise_int(&py_exc_ValueError, "Invalid value NaN (not a number)");
    if (d > 9e9)
        return py_raise_int(&py_exc_OverflowError, "timestamp too large to convert to C _PyTime_t");
    return d < 0 ? -2 : (int64_t)ceil(d * 1e9);
}

FN(time_sleep)
{
    (void)self, (void)nargs, (void)kwnames;
    const int64_t ns = duration_ns(args[0]);
    if (ns == -1)
        return NULL;
    if (ns < 0)
        return py_raise(&py_exc_ValueError, "sleep length must be non-negative");
    const int64_t until = clock_ns(CLOCK_MONOTONIC) + ns;
    for (;;) {
        struct py_signals_wait wait = {
            .until = {.tv_sec = until / 1000000000, .tv_nsec = until % 1000000000}};
        py_signals_wait_begin(&wait);
        py_allow_threads_begin();
        const int r = clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &wait.until, NULL);
        py_allow_threads_end();
        py_signals_wait_end(&wait);
        if (r != 0 && r != EINTR)
            return py_raise_os_error(r, NULL);
        if (py_signals_run() < 0)
            return NULL;
        if (r == 0 && !wait.hurried)
            return PY_NONE;
    }
}

/* ---- struct_time -------------------------------------------------------------------------------
 */

static const struct py_member_def struct_time_members[] = {
    PY_STRUCTSEQ_MEMBER("tm_year", 0, "year, for example, 1993"),
    PY_STRUCTSEQ_MEMBER("tm_mon", 1, "the month of its year, from 1"),
    PY_STRUCTSEQ_MEMBER("tm_mday", 2, "the day of its month, from 1"),
    PY_STRUCTSEQ_MEMBER("tm_hour", 3, "hours, range [0, 23]"),
    PY_STRUCTSEQ_MEMBER("tm_min", 4, "minutes, range [0, 59]"),
    PY_STRUCTSEQ_MEMBER("tm_sec", 5, "seconds, range [0, 61])"),
    PY_STRUCTSEQ_MEMBER("tm_wday", 6, "the day of its week, 0 for Monday"),
    PY_STRUCTSEQ_MEMBER("tm_yday", 7, "the day of its year, from 1"),
    PY_STRUCTSEQ_MEMBER("tm_isdst", 8, "Summer time: 1 yes, 0 no, -1 not known"),
    PY_STRUCTSEQ_MEMBER("tm_zone", 9, "abbreviation of timezone name"),
    PY_STRUCTSEQ_MEMBER("tm_gmtoff", 10, "offset from UTC in seconds"),
    {.name = NULL}};
enum { TIME_SHOWN = 9, TIME_ITEMS = 11 };
static const struct py_field struct_time_fields[] = {PY_STRUCTSEQ_HIDDEN("tm_zone", 9),
                                                     PY_STRUCTSEQ_HIDDEN("tm_gmtoff", 10)};

extern struct py_type py_struct_time_type; /* static_types.def */
struct py_type py_struct_time_type = {
    .base = {.base = PY_STATIC_HEADER(&py_type_type)},
    .name = "time.struct_time",
    .super = &py_tuple_type,
    .flags = PY_TYPE_IMMUTABLE,
    .field_count = TIME_ITEMS - TIME_SHOWN,
    .fields = struct_time_fields,
    .dealloc = py_structseq_dealloc,
    .size_of = py_structseq_size_of,
    .repr = py_structseq_repr,
    .new_ = py_structseq_new,
    .methods = py_structseq_methods,
    .members = struct_time_members,
    .doc = "A moment taken apart into year, month, day and so on: what gmtime() gives and mktime() "
           "takes.",
};

static struct py_object *from_tm(const struct tm *t)
{
    const int values[TIME_SHOWN] = {t->tm_year + 1900,    t->tm_mon + 1,  t->tm_mday,
                                    t->tm_hour,           t->tm_min,      t->tm_sec,
                                    (t->tm_wday + 6) % 7, t->tm_yday + 1, t->tm_isdst};
    struct py_object *items[TIME_ITEMS];
    for (int i = 0; i < TIME_SHOWN; i++)
        items[i] = py_int_from_i64(values[i]);
    items[9] = PY_OBJ(py_str_from_cstr(t->tm_zone));
    items[10] = py_int_from_i64(t->tm_gmtoff);
    return py_structseq_from_array(&py_struct_time_type, items, TIME_ITEMS);
}

/* A sequence of nine ints as a struct tm, unchecked as far as libc can normalise it. */
static int to_tm(struct py_object *o, struct tm *t)
{
    if (!py_tuple_check(o))
        return py_raise_int(&py_exc_TypeError, "Tuple or struct_time argument required");
    const struct py_tuple *tuple = (const struct py_tuple *)o;
    if (tuple->base.size != 9)
        return py_raise_int(&py_exc_TypeError, "function takes exactly 9 arguments (%zd given)",
                            (size_t)tuple->base.size);
    int v[9];
    for (int i = 0; i < 9; i++) {
        const int64_t n = py_int_as_i64(tuple->items[i]);
        if (n == -1 && py_error_occurred())
            return -1;
        if (n != (int)n)
            return py_raise_int(&py_exc_OverflowError, "signed integer is %s",
                                n > 0 ? "greater than maximum" : "less than minimum");
        v[i] = (int)n;
    }
    *t = (struct tm){.tm_year = v[0] - 1900,
                     .tm_mon = v[1] - 1,
                     .tm_mday = v[2],
                     .tm_hour = v[3],
                     .tm_min = v[4],
                     .tm_sec = v[5],
                     .tm_wday = (v[6] + 1) % 7,
                     .tm_yday = v[7] - 1,
                     .tm_isdst = v[8]};
    if (o->type == &py_struct_time_type) {
        if (py_str_check(tuple->items[9]))
            t->tm_zone = py_str_utf8((struct py_str *)tuple->items[9], NULL);
        if (py_int_check(tuple->items[10]))
            t->tm_gmtoff = py_int_as_i64(tuple->items[10]);
        py_error_clear(); /* a text that is none, an offset beyond all bounds: left out */
    }
    return 0;
}

static int check_tm(const struct tm *t)
{
    const struct {
        bool bad;
        const char *message;
    } checks[] = {{t->tm_mon < -1 || t->tm_mon > 11, "month out of range"},
                  {t->tm_mday < 0 || t->tm_mday > 31, "day of month out of range"},
                  {t->tm_hour < 0 || t->tm_hour > 23, "hour out of range"},
                  {t->tm_min < 0 || t->tm_min > 59, "minute out of range"},
                  {t->tm_sec < 0 || t->tm_sec > 61, "seconds out of range"},
                  {t->tm_wday < 0, "day of week out of range"},
                  {t->tm_yday < -1 || t->tm_yday > 365, "day of year out of range"}};
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++)
        if (checks[i].bad)
            return py_raise_int(&py_exc_ValueError, "%s", checks[i].message);
    return 0;
}

/* Seconds from an optional argument; now without one. */
static int seconds_of(struct py_object *const *args, size_t nargs, time_t *out)
{
    if (nargs == 0 || args[0] == PY_NONE) {
        *out = time(NULL);
        return 0;
    }
    if (py_float_check(args[0])) {
        const double d = floor(py_float_as_double(args[0]));
        if (isnan(d))
            return py_raise_int(&py_exc_ValueError, "Invalid value NaN (not a number)");
        if (fabs(d) > 9e18)
            return py_raise_int(&py_exc_OverflowError,
                                "timestamp out of range for platform time_t");
        *out = (time_t)d;
        return 0;
    }
    const int64_t n = py_int_as_i64(args[0]);
    if (n == -1 && py_error_occurred())
        return -1;
    *out = (time_t)n;
    return 0;
}

FN(time_localtime)
{
    (void)self, (void)kwnames;
    time_t s;
    struct tm t;
    if (seconds_of(args, nargs, &s) < 0)
        return NULL;
    return localtime_r(&s, &t) ? from_tm(&t) : py_raise_os_error(errno, NULL);
}

FN(time_gmtime)
{
    (void)self, (void)kwnames;
    time_t s;
    struct tm t;
    if (seconds_of(args, nargs, &s) < 0)
        return NULL;
    return gmtime_r(&s, &t) ? from_tm(&t) : py_raise_os_error(errno, NULL);
}

FN(time_mktime)
{
    (void)self, (void)nargs, (void)kwnames;
    struct tm t;
    if (to_tm(args[0], &t) < 0)
        return NULL;
    t.tm_wday = -1; /* mktime sets it if it succeeds */
    const time_t s = mktime(&t);
    if (s == (time_t)-1 && t.tm_wday == -1)
        return py_raise(&py_exc_OverflowError, "mktime argument out of range");
    return py_float_from((double)s);
}

static int tm_or_now(struct py_object *const *args, size_t nargs, struct tm *t)
{
    if (nargs)
        return to_tm(args[0], t) < 0 ? -1 : check_tm(t);
    const time_t s = time(NULL);
    localtime_r(&s, t);
    return 0;
}

FN(time_strftime)
{
    (void)self, (void)kwnames;
    struct tm t;
    if (!py_str_check(args[0]))
        return py_raise(&py_exc_TypeError, "strftime() argument 1 must be str, not %s",
                        args[0]->type->name);
    if (tm_or_now(args + 1, nargs - 1, &t) < 0)
        return NULL;
    if (t.tm_mon < 0)
        t.tm_mon = 0;
    if (t.tm_mday == 0)
        t.tm_mday = 1;
    if (t.tm_yday < 0)
        t.tm_yday = 0;
    const char *format = py_str_utf8((struct py_str *)args[0], NULL);
    if (!format)
        return NULL;
    if (!*format)
        return PY_OBJ(py_newref(py_str_empty()));
    for (size_t bytes = 256; bytes <= 1u << 20; bytes *= 4) {
        char *buffer = py_mem_alloc(bytes);
        if (!buffer)
            return py_raise_no_memory();
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        const size_t n = strftime(buffer, bytes, format, &t);
#pragma GCC diagnostic pop
        /* 0 is "too small" or a text that is really empty ("%p" in some locales). */
        struct py_str *s = n || bytes > 256 * strlen(format) ? py_str_from_utf8(buffer, n) : NULL;
        py_mem_free(buffer);
        if (s || py_error_occurred())
            return PY_OBJ(s);
    }
    return PY_OBJ(py_newref(py_str_empty()));
}

static struct py_object *ascii_time(const struct tm *t)
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    char text[64];
    snprintf(text, sizeof text, "%s %s %2d %02d:%02d:%02d %d", days[t->tm_wday % 7],
             months[t->tm_mon < 0 ? 0 : t->tm_mon], t->tm_mday ? t->tm_mday : 1, t->tm_hour,
             t->tm_min, t->tm_sec, t->tm_year + 1900);
    return PY_OBJ(py_str_from_cstr(text));
}

FN(time_asctime)
{
    (void)self, (void)kwnames;
    struct tm t;
    return tm_or_now(args, nargs, &t) < 0 ? NULL : ascii_time(&t);
}

FN(time_ctime)
{
    (void)self, (void)kwnames;
    time_t s;
    struct tm t;
    if (seconds_of(args, nargs, &s) < 0)
        return NULL;
    return localtime_r(&s, &t) ? ascii_time(&t) : py_raise_os_error(errno, NULL);
}

FN(time_strptime)
{
    (void)self, (void)kwnames;
    struct py_object *module = py_import_module("_strptime");
    if (!module)
        return NULL;
    PY_HOLD(&module);
    struct py_object *fn = py_getattr_cstr(module, "_strptime_time");
    PY_HOLD(&fn);
    struct py_object *result = fn ? py_call(fn, args, nargs, NULL) : NULL;
    py_clear(fn);
    py_clear(module);
    return result;
}

static int add_zone(struct py_module *m)
{
    tzset();
    struct tm jan = {.tm_year = 100, .tm_mday = 1, .tm_isdst = -1};
    struct tm jul = {.tm_year = 100, .tm_mon = 6, .tm_mday = 1, .tm_isdst = -1};
    mktime(&jan);
    mktime(&jul);
    const long winter = -jan.tm_gmtoff, summer = -jul.tm_gmtoff;
    const long standard = winter > summer ? winter : summer;
    const long other = winter > summer ? summer : winter;
    if (py_module_add_steal(m, "timezone", py_int_from_i64(standard)) < 0 ||
        py_module_add_steal(m, "altzone", py_int_from_i64(other)) < 0 ||
        py_module_add_steal(m, "daylight", py_int_from_i64(winter != summer)) < 0)
        return -1;
    struct py_str *first = py_str_from_cstr(tzname[0]);
    struct py_str *second = first ? py_str_from_cstr(tzname[1]) : NULL;
    struct py_tuple *names = second ? py_tuple_pack(2, first, second) : NULL;
    py_xdecref(first);
    py_xdecref(second);
    return names ? py_module_add_steal(m, "tzname", PY_OBJ(names)) : -1;
}

FN(time_tzset)
{
    (void)args, (void)nargs, (void)kwnames;
    return add_zone((struct py_module *)self) < 0 ? NULL : PY_NONE;
}

/* What a clock is made of, as a namespace. */
FN(time_get_clock_info)
{
    (void)self, (void)nargs, (void)kwnames;
    static const struct {
        const char *name;
        clockid_t id;
        bool adjustable, monotonic;
    } clocks[] = {{"time", CLOCK_REALTIME, true, false},
                  {"monotonic", CLOCK_MONOTONIC, false, true},
                  {"perf_counter", CLOCK_MONOTONIC, false, true},
                  {"process_time", CLOCK_PROCESS_CPUTIME_ID, false, true},
                  {"thread_time", CLOCK_THREAD_CPUTIME_ID, false, true}};
    static const char *const ids[] = {"CLOCK_REALTIME", "CLOCK_MONOTONIC",
                                      "CLOCK_PROCESS_CPUTIME_ID", "CLOCK_THREAD_CPUTIME_ID"};
    if (!py_str_check(args[0]))
        return py_raise(&py_exc_TypeError, "get_clock_info() argument 1 must be str, not %T",
                        args[0]);
    for (size_t i = 0; i < sizeof clocks / sizeof *clocks; i++) {
        if (!py_str_equal_cstr((struct py_str *)args[0], clocks[i].name))
            continue;
        struct timespec t;
        clock_getres(clocks[i].id, &t);
        struct py_object *info = py_namespace_new();
        struct py_str *how = py_str_format_c("clock_gettime(%s)", ids[clocks[i].id]);
        struct py_object *step = py_float_from((double)t.tv_sec + (double)t.tv_nsec * 1e-9);
        if (info && how && step &&
            (py_setattr_cstr(info, "implementation", PY_OBJ(how)) < 0 ||
             py_setattr_cstr(info, "monotonic", py_bool_from(clocks[i].monotonic)) < 0 ||
             py_setattr_cstr(info, "adjustable", py_bool_from(clocks[i].adjustable)) < 0 ||
             py_setattr_cstr(info, "resolution", step) < 0))
            py_clear(info);
        py_xdecref(how);
        py_xdecref(step);
        return info;
    }
    return py_raise(&py_exc_ValueError, "unknown clock");
}

#define CLOCK_ROWS(clock)                             \
    {.name = #clock, .fn = time_##clock},             \
    {                                                 \
        .name = #clock "_ns", .fn = time_##clock##_ns \
    }
static const struct py_method_def time_functions[] = {
    CLOCK_ROWS(time),
    CLOCK_ROWS(monotonic),
    CLOCK_ROWS(perf_counter),
    CLOCK_ROWS(process_time),
    CLOCK_ROWS(thread_time),
    {.name = "clock_gettime", .fn = time_clock_gettime, .min_args = 1, .max_args = 1},
    {.name = "clock_gettime_ns", .fn = time_clock_gettime_ns, .min_args = 1, .max_args = 1},
    {.name = "clock_getres", .fn = time_clock_getres, .min_args = 1, .max_args = 1},
    {.name = "get_clock_info", .fn = time_get_clock_info, .min_args = 1, .max_args = 1},
    {.name = "sleep",
     .fn = time_sleep,
     .min_args = 1,
     .max_args = 1,
     .doc = "sleep(seconds)\n\nDelay execution for a given number of seconds."},
    {.name = "localtime", .fn = time_localtime, .min_args = 0, .max_args = 1},
    {.name = "gmtime", .fn = time_gmtime, .min_args = 0, .max_args = 1},
    {.name = "mktime", .fn = time_mktime, .min_args = 1, .max_args = 1},
    {.name = "strftime", .fn = time_strftime, .min_args = 1, .max_args = 2},
    {.name = "strptime", .fn = time_strptime, .min_args = 1, .max_args = 2},
    {.name = "asctime", .fn = time_asctime, .min_args = 0, .max_args = 1},
    {.name = "ctime", .fn = time_ctime, .min_args = 0, .max_args = 1},
    {.name = "tzset", .fn = time_tzset},
    {.name = NULL}};

struct py_module *py_mod_time_init(void); /* modules.def */

struct py_module *py_mod_time_init(void)
{
    static const struct {
        const char *name;
        int value;
    } constants[] = {{"CLOCK_REALTIME", CLOCK_REALTIME},
                     {"CLOCK_MONOTONIC", CLOCK_MONOTONIC},
                     {"CLOCK_MONOTONIC_RAW", CLOCK_MONOTONIC_RAW},
                     {"CLOCK_BOOTTIME", CLOCK_BOOTTIME},
                     {"CLOCK_TAI", CLOCK_TAI},
                     {"CLOCK_PROCESS_CPUTIME_ID", CLOCK_PROCESS_CPUTIME_ID},
                     {"CLOCK_THREAD_CPUTIME_ID", CLOCK_THREAD_CPUTIME_ID},
                     {"_STRUCT_TM_ITEMS", 11}};
    struct py_module *m = py_module_new("time", "Clocks, waiting, and dates.");
    if (!m)
        return NULL;
    bool ok = py_module_add_methods(m, time_functions) == 0 &&
              py_module_add(m, "struct_time", PY_OBJ(&py_struct_time_type)) == 0 &&
              add_zone(m) == 0;
    for (size_t i = 0; ok && i < sizeof constants / sizeof constants[0]; i++)
        ok = py_module_add_steal(m, constants[i].name, py_int_from_i64(constants[i].value)) == 0;
    if (!ok)
        py_clear(m);
    return m;
}
