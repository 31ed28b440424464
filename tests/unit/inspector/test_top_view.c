// The live view without a terminal: the model's order, filter, keys and findings, and what is drawn
// of it, read as text.
#include "inspector/base/clock.h"
#include "inspector/top/draw.h"
#include "inspector/top/job.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static struct top_model model;
static uint64_t now_ns;

static int begin(void **state)
{
    (void)state;
    top_model_init(&model);
    now_ns = 1000 * CLOCK_NS_PER_S;
    snprintf(model.name, sizeof model.name, "shop-api");
    snprintf(model.runtime, sizeof model.runtime, "brille");
    snprintf(model.version, sizeof model.version, "3.11.2");
    model.pid = 48213;
    return 0;
}

static int end(void **state)
{
    (void)state;
    top_model_deinit(&model);
    return 0;
}

// ---- samples ----

static struct top_sample sample(uint64_t rss_bytes)
{
    now_ns += CLOCK_NS_PER_S;
    return (struct top_sample){.now_ns = now_ns,
                               .unix_s = (int64_t)(now_ns / CLOCK_NS_PER_S),
                               .window_ns = CLOCK_NS_PER_S,
                               .since_ns = 1000 * CLOCK_NS_PER_S,
                               .rss_bytes = rss_bytes};
}

static void add_thread(struct top_sample *s, pid_t tid, const char *name, enum top_state state,
                       double held, double wait)
{
    struct top_thread thread = {.tid = tid, .state = state, .held = held, .wait = wait};
    snprintf(thread.name, sizeof thread.name, "%s", name);
    if (wait > 0) {
        thread.behind[0] = (struct top_behind){1, 0.71};
        thread.behind_count = 1;
    }
    thread.depth = 1;
    snprintf(thread.frames[0].function, sizeof thread.frames[0].function, "export_csv");
    snprintf(thread.frames[0].file, sizeof thread.frames[0].file, "export.py");
    thread.frames[0].line = 88;
    assert_null(top_thread_vec_push(&s->threads, thread));
    s->has_gil = s->gil_exact = true;
    s->gil_held += held;
    s->gil_waiting += wait;
}

static void add_type(struct top_sample *s, uint64_t id, const char *name, uint64_t bytes,
                     int64_t since_bytes)
{
    struct top_group group = {
        .id = id, .live = bytes / 16, .live_bytes = bytes, .since_bytes = since_bytes};
    snprintf(group.name, sizeof group.name, "%s", name);
    s->has_types = true;
    assert_null(top_group_vec_push(&s->types, group));
}

static void take(struct top_sample *s)
{
    assert_null(top_model_take(&model, s));
}

static void take_threads(double first_waits, double second_waits)
{
    struct top_sample s = sample(100 << 20);
    add_thread(&s, 1, "worker-1", TOP_HOLDS, 0.6, first_waits);
    add_thread(&s, 2, "worker-2", TOP_WAITS, 0.3, second_waits);
    add_thread(&s, 3, "MainThread", TOP_IDLE, 0, 0);
    take(&s);
}

static pid_t row_tid(size_t index)
{
    assert_true(index < model.rows.count);
    return (pid_t)model.rows.items[index].id;
}

static enum top_wish press(int key)
{
    return top_model_key(&model, key, now_ns);
}

// ---- the model ----

static void test_rows_keep_their_places_between_sorts(void **state)
{
    (void)state;
    take_threads(0.1, 0.5); // sorts: the first sample
    assert_int_equal(row_tid(0), 2);
    take_threads(0.9, 0);
    take_threads(0.9, 0);
    assert_int_equal(row_tid(0), 2);
    take_threads(0.9, 0); // and the fourth
    assert_int_equal(row_tid(0), 1);
}

static void test_a_new_thread_comes_last_and_one_that_ends_leaves(void **state)
{
    (void)state;
    take_threads(0.1, 0.5);
    struct top_sample s = sample(100 << 20);
    add_thread(&s, 1, "worker-1", TOP_HOLDS, 0.6, 0);
    add_thread(&s, 9, "late", TOP_WAITS, 0, 0.9);
    take(&s);
    assert_int_equal(model.rows.count, 2);
    assert_int_equal(row_tid(0), 1);
    assert_int_equal(row_tid(1), 9);
    assert_string_equal(top_model_thread_name(&model, 2), "worker-2"); // for whom it waited behind
}

static void test_sorting_by_each_column_and_back(void **state)
{
    (void)state;
    take_threads(0.1, 0.5);
    press('s'); // BEHIND
    press('s'); // WHERE
    press('s'); // THREAD
    assert_int_equal(model.sort[TOP_THREADS], 0);
    assert_int_equal(row_tid(0), 3);
    press('S');
    assert_int_equal(row_tid(0), 2);
    press('s');
    press('s'); // HELD
    assert_int_equal(row_tid(0), 1);
}

static void test_a_filter_takes_what_is_typed(void **state)
{
    (void)state;
    take_threads(0.1, 0.5);
    press('/');
    press('W');
    press('O');
    press('x');
    assert_int_equal(model.rows.count, 0);
    press(TOP_KEY_BACKSPACE);
    assert_int_equal(model.rows.count, 2);
    press('q'); // a letter, not the key
    press(TOP_KEY_BACKSPACE);
    press(TOP_KEY_ENTER);
    take_threads(0.1, 0.5);
    assert_int_equal(model.rows.count, 2);
    assert_int_equal(press(TOP_KEY_ESCAPE), TOP_WISH_NONE);
    assert_int_equal(model.rows.count, 3);
    assert_int_equal(press('q'), TOP_WISH_QUIT);
}

static void test_a_pause_holds_the_screen_and_not_the_counting(void **state)
{
    (void)state;
    take_threads(0.1, 0.5);
    press('p');
    take_threads(0.9, 0);
    take_threads(0.9, 0);
    assert_int_equal((int)(model.now.threads.items[0].wait * 10), 1);
    assert_int_equal(model.samples, 3);
    press('p');
    assert_int_equal((int)(model.now.threads.items[0].wait * 10), 9);
}

static void test_the_selection_follows_its_row(void **state)
{
    (void)state;
    take_threads(0.1, 0.5);
    press('j');
    assert_int_equal(top_model_selected(&model)->id, 1);
    for (int i = 0; i < 3; i++)
        take_threads(0.9, 0);
    assert_int_equal(top_model_selected(&model)->id, 1);
    press(TOP_KEY_END);
    press(TOP_KEY_DOWN);
    assert_int_equal(top_model_selected(&model)->id, (uint64_t)row_tid(2));
    press(TOP_KEY_HOME);
    press(TOP_KEY_UP);
    assert_int_equal(top_model_selected(&model)->id, (uint64_t)row_tid(0));
}

static void test_a_dump_is_asked_for_twice(void **state)
{
    (void)state;
    take_threads(0, 0);
    assert_int_equal(press('d'), TOP_WISH_NONE);
    assert_int_equal(press('n'), TOP_WISH_NONE);
    assert_int_equal(model.mode, TOP_MODE_TABLE);
    press('d');
    assert_int_equal(press('y'), TOP_WISH_DUMP);
}

static void test_waiting_stands_out(void **state)
{
    (void)state;
    for (int i = 0; i < 10; i++)
        take_threads(0, 0.5);
    assert_non_null(strstr(model.finding, "worker-2 waits"));
    assert_non_null(strstr(model.finding, "GIL, behind worker-1"));
    press('2');
    press('!');
    assert_int_equal(model.view, TOP_THREADS);
    assert_int_equal(top_model_selected(&model)->id, 2);
    assert_true(model.detail);
}

static void test_growth_stands_out(void **state)
{
    (void)state;
    for (int i = 1; i <= 30; i++) {
        struct top_sample s = sample((100u << 20) + (uint64_t)i * (100 << 10));
        add_thread(&s, 1, "MainThread", TOP_HOLDS, 1, 0);
        take(&s);
    }
    assert_non_null(strstr(model.finding, "memory grows by"));
    struct top_sample s = sample(200 << 20);
    add_type(&s, 7, "list", 4 << 20, 0);
    add_type(&s, 8, "dict", 90 << 20, 10 << 20);
    take(&s);
    assert_non_null(strstr(model.finding, "dict +"));
    assert_int_equal(model.finding_id, 8);
}

static void test_a_step_is_no_growth(void **state)
{
    (void)state;
    for (int i = 1; i <= 40; i++) {
        struct top_sample s = sample(i < 5 ? 100u << 20 : 110u << 20);
        add_thread(&s, 1, "MainThread", TOP_HOLDS, 1, 0);
        take(&s);
        assert_null(strstr(model.finding, "memory grows"));
    }
}

// ---- drawing ----

// The whole screen as text, rows ended by newlines.
static char *draw(unsigned rows, unsigned columns, bool unicode)
{
    struct screen screen;
    struct strbuf text;
    assert_null(screen_init(&screen, rows, columns));
    strbuf_init(&text);
    draw_model(&model, unicode, now_ns, &screen);
    for (unsigned row = 0; row < rows; row++) {
        screen_add_row(&screen, row, &text);
        strbuf_add_char(&text, '\n');
    }
    screen_deinit(&screen);
    return strbuf_take(&text);
}

static void assert_drawn(unsigned rows, unsigned columns, const char *const *words)
{
    char *text = draw(rows, columns, false);
    for (; *words; words++)
        if (!strstr(text, *words))
            fail_msg("'%s' is not on the screen:\n%s", *words, text);
    for (const char *line = text; *line; line = strchr(line, '\n') + 1)
        assert_true((size_t)(strchr(line, '\n') - line) <= columns);
    free(text);
}

static void test_the_smallest_screen_has_everything(void **state)
{
    (void)state;
    for (int i = 0; i < 10; i++)
        take_threads(0, 0.5);
    const char *const words[] = {"shop-api",
                                 "pid 48213",
                                 "brille 3.11.2",
                                 "[running]",
                                 "memory",
                                 "100 MiB",
                                 "GIL",
                                 "held 90 %",
                                 "GC",
                                 "! worker-2",
                                 "[1 Threads]",
                                 "sort: WAIT v",
                                 "filter: -",
                                 ">worker-2",
                                 "~ waits",
                                 "50 %",
                                 "worker-1",
                                 "# holds",
                                 "export_csv  export.py:88",
                                 ". idle",
                                 "q quit",
                                 NULL};
    assert_drawn(24, 80, words);
}

static void test_a_wide_screen_tells_more_of_the_selected_row(void **state)
{
    (void)state;
    take_threads(0, 0.5);
    const char *const words[] = {"worker-2  tid 2", "# held  ~ waited", "behind  worker-1 71 %",
                                 "stack", NULL};
    assert_drawn(40, 120, words);
    press(TOP_KEY_ENTER); // on a narrow one, when asked for
    assert_drawn(24, 80, words);
}

static void test_a_small_screen_says_so_in_one_line(void **state)
{
    (void)state;
    take_threads(0, 0.5);
    char *text = draw(20, 72, false);
    assert_non_null(strstr(text, "terminal too small: need 80x24, have 72x20"));
    assert_string_equal(strchr(text, '\n') + 1, "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n");
    free(text);
}

static void test_every_size_can_be_drawn(void **state)
{
    (void)state;
    for (int i = 0; i < 10; i++)
        take_threads(0.2, 0.5);
    for (int detail = 0; detail < 2; detail++, press(TOP_KEY_ENTER))
        for (int view = '1'; view <= '4'; view++) {
            press(view);
            for (unsigned rows = 1; rows < 60; rows += 7)
                for (unsigned columns = 1; columns < 260; columns += 13)
                    free(draw(rows, columns, rows % 2));
        }
    press('?');
    for (unsigned rows = 20; rows < 50; rows++)
        free(draw(rows, 80, false));
}

static void test_help_and_footer_tell_the_same_keys(void **state)
{
    (void)state;
    take_threads(0, 0);
    press('?');
    const char *const words[] = {
        "1-4", "sort by the next column", "dump the heap", "this help", "quit", "any key goes back",
        NULL};
    assert_drawn(26, 80, words);
    press('x');
    const char *const footer[] = {"1-4 view", "s sort", "/ filter", "enter detail",
                                  "p pause",  "? help", "q quit",   NULL};
    assert_drawn(24, 80, footer);
}

static void test_names_of_the_target_do_no_harm(void **state)
{
    (void)state;
    struct top_sample s = sample(1 << 20);
    add_thread(&s, 1,
               "\033[2J\x9b\xff evil\n\t\xe4\xb8\xad"
               "\xcc\x81",
               TOP_RUNS, 0, 0);
    add_thread(&s, 2, "caf\xc3\xa9", TOP_RUNS, 0, 0);
    take(&s);
    char *text = draw(24, 80, false);
    assert_null(strchr(text, '\033'));
    assert_non_null(strstr(text, "?[2J"));
    assert_non_null(strstr(text, "caf\xc3\xa9"));
    free(text);
}

static void test_states_of_the_view_are_told(void **state)
{
    (void)state;
    take_threads(0, 0);
    press('p');
    now_ns += 14 * CLOCK_NS_PER_S;
    const char *const paused[] = {"[paused 14 s]", NULL};
    assert_drawn(24, 80, paused);
    press('p');
    model.ended_unix_s = 86400;
    const char *const ended[] = {"[exited ", ">", "worker-1", NULL};
    assert_drawn(24, 80, ended);
}

static void test_what_is_missing_is_told(void **state)
{
    (void)state;
    struct top_sample s = sample(1 << 20);
    snprintf(s.notes[TOP_TYPES], sizeof s.notes[TOP_TYPES], "no types without events");
    snprintf(s.lost, sizeof s.lost, "events: process 7 is recording");
    take(&s);
    press('2');
    const char *const words[] = {"[outside]",
                                 "! events: process 7 is recording",
                                 "GIL    not known",
                                 "GC     not known",
                                 "no types without events",
                                 "nothing to show",
                                 NULL};
    assert_drawn(24, 80, words);
}

static void test_counts_that_are_estimates_say_so(void **state)
{
    (void)state;
    for (char view = '2'; view <= '3'; view++) {
        struct top_sample s = sample(1 << 20);
        take(&s);
        press(view);
        const char *const exact[] = {"every allocation counted, for ", NULL};
        assert_drawn(24, 80, exact);
        s = sample(1 << 20);
        s.groups_drifted = true;
        s.dropped = 4711;
        take(&s);
        const char *const words[] = {"~ estimates: ", " events dropped so as not to hold", NULL};
        assert_drawn(24, 80, words);
    }
}

static void test_a_summary_of_six_lines_is_left(void **state)
{
    (void)state;
    struct strbuf text;
    for (int i = 0; i < 10; i++)
        take_threads(0, 0.5);
    strbuf_init(&text);
    draw_summary(&model, &text);
    unsigned lines = 0;
    for (const char *c = strbuf_text(&text); *c; c++)
        lines += *c == '\n';
    assert_in_range(lines, 3, 6);
    assert_non_null(strstr(strbuf_text(&text), "worker-2 waits"));
    strbuf_deinit(&text);
}

// ---- what a dump says ----

static void test_lines_of_a_dump(void **state)
{
    (void)state;
    struct top_dump dump = {0};
    char text[] = "dump\t4100000\t12345\t99000\n"
                  "holder\t750\t1000\tdict\tsys.modules['shop'].CACHE\n"
                  "type\t3\t600\t750\tdict\tsys.modules['shop'].CACHE\n"
                  "type\t9\t100\t20\tlist\t\nnonsense\n";
    top_dump_parse(text, &dump);
    assert_string_equal(dump.failed, "");
    assert_int_equal(dump.objects, 12345);
    assert_int_equal((int)(dump.holder_share * 100), 75);
    assert_string_equal(dump.holder, "sys.modules['shop'].CACHE (dict) holds 750 B");
    assert_int_equal(dump.types.count, 2);
    assert_string_equal(dump.types.items[0].holder, "sys.modules['shop'].CACHE");
    top_dump_deinit(&dump);
    dump = (struct top_dump){0};
    char failed[] = "error\tcannot read process 3\n", nothing[] = "";
    top_dump_parse(failed, &dump);
    assert_string_equal(dump.failed, "cannot read process 3");
    top_dump_parse(nothing, &dump);
    assert_true(*dump.failed);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(test_rows_keep_their_places_between_sorts),
        TEST(test_a_new_thread_comes_last_and_one_that_ends_leaves),
        TEST(test_sorting_by_each_column_and_back),
        TEST(test_a_filter_takes_what_is_typed),
        TEST(test_a_pause_holds_the_screen_and_not_the_counting),
        TEST(test_the_selection_follows_its_row),
        TEST(test_a_dump_is_asked_for_twice),
        TEST(test_waiting_stands_out),
        TEST(test_growth_stands_out),
        TEST(test_a_step_is_no_growth),
        TEST(test_the_smallest_screen_has_everything),
        TEST(test_a_wide_screen_tells_more_of_the_selected_row),
        TEST(test_a_small_screen_says_so_in_one_line),
        TEST(test_every_size_can_be_drawn),
        TEST(test_help_and_footer_tell_the_same_keys),
        TEST(test_names_of_the_target_do_no_harm),
        TEST(test_states_of_the_view_are_told),
        TEST(test_what_is_missing_is_told),
        TEST(test_counts_that_are_estimates_say_so),
        TEST(test_a_summary_of_six_lines_is_left),
        TEST(test_lines_of_a_dump),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
