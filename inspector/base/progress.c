#include "inspector/base/progress.h"

#include "inspector/base/clock.h"
#include "inspector/base/format.h"
#include "inspector/base/utf8.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    PROGRESS_DELAY_MS = 300,
    PROGRESS_INTERVAL_MS = 100,
    PROGRESS_FORETELL_MS = 1000,
    PROGRESS_FORETELL_PART = 50,
};

static struct progress *on_screen;

static void progress_wipe(struct progress *progress)
{
    if (progress->drawn_ns)
        fputs("\r\033[K", stderr);
    progress->drawn_ns = 0;
    if (on_screen == progress)
        on_screen = NULL;
}

void progress_begin(struct progress *progress, const char *what, const char *unit, uint64_t total)
{
    *progress = (struct progress){
        .what = what,
        .unit = unit,
        .total = total,
        .begin_ns = clock_now_ns(),
        .enabled = isatty(STDERR_FILENO) == 1,
    };
}

// Nothing is foretold from the first moments, nor of the last second.
uint64_t progress_left_ns(const struct progress *progress, uint64_t done, uint64_t now_ns)
{
    const uint64_t spent_ns = now_ns - progress->begin_ns;
    if (done >= progress->total || spent_ns < PROGRESS_FORETELL_MS * CLOCK_NS_PER_MS ||
        done < progress->total / PROGRESS_FORETELL_PART)
        return 0;
    const double left_s = (double)spent_ns / 1e9 * (double)(progress->total - done) / (double)done;
    return left_s < 1 ? 0 : (uint64_t)(left_s + 0.5) * CLOCK_NS_PER_S;
}

static void progress_draw(const struct progress *progress, uint64_t done)
{
    fprintf(stderr, "\r\033[K%s ", progress->what);
    if (progress->unit)
        fprintf(stderr, "%s %s", format_count(done).text, progress->unit);
    else
        fputs(format_bytes(done).text, stderr);
    if (progress->total)
        fprintf(stderr, " (%s)", format_share((double)done, (double)progress->total).text);
    const unsigned long long left_s =
        progress_left_ns(progress, done, clock_now_ns()) / CLOCK_NS_PER_S;
    if (left_s)
        fprintf(stderr, left_s < 120 ? ", %llu s left" : ", %llu min left",
                left_s < 120 ? left_s : left_s / 60);
    fflush(stderr);
}

void progress_update(struct progress *progress, uint64_t done)
{
    if (!progress->enabled)
        return;
    uint64_t now_ns = clock_now_ns();
    if (now_ns - progress->begin_ns < PROGRESS_DELAY_MS * CLOCK_NS_PER_MS)
        return;
    if (now_ns - progress->drawn_ns < PROGRESS_INTERVAL_MS * CLOCK_NS_PER_MS)
        return;
    progress_draw(progress, done);
    progress->drawn_ns = now_ns;
    on_screen = progress;
}

void progress_end(struct progress *progress)
{
    progress_wipe(progress);
    progress->enabled = false;
}

static void log_line(const char *prefix, const char *format, va_list args)
{
    if (on_screen)
        progress_wipe(on_screen);
    char *text = NULL;
    fputs(prefix, stderr);
    if (vasprintf(&text, format, args) >= 0) {
        utf8_print(stderr, text);
        free(text);
    }
    fputc('\n', stderr);
}

void log_warning(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    log_line("brille: warning: ", format, args);
    va_end(args);
}

static char hint[512];

void log_next(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(hint, sizeof hint, format, args);
    va_end(args);
}

void log_next_show(void)
{
    if (*hint && isatty(STDERR_FILENO) == 1) {
        fputs("next: ", stderr);
        utf8_print(stderr, hint);
        fputc('\n', stderr);
    }
    *hint = 0;
}

void log_debug(const char *format, ...)
{
    if (!getenv("BRILLE_DEBUG"))
        return;
    va_list args;
    va_start(args, format);
    log_line("brille: debug: ", format, args);
    va_end(args);
}
