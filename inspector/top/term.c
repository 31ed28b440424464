// See term.h.
#include "inspector/top/term.h"

#include "inspector/top/model.h"

#define NCURSES_WIDECHAR 1
#include <ncurses.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termcap.h>
#include <unistd.h>

enum { PAIR_ALERT = 1, ESCAPE_MS = 50 };

static SCREEN *terminal;
static bool colored;

static struct error *no_terminal(void)
{
    return error_add_try(error_create(ERROR_USAGE, "top needs a terminal to draw on"),
                         "--json, which looks once and draws nothing");
}

static struct error *unusable(const char *why)
{
    const char *type = getenv("TERM");
    return error_add_try(
        error_add_why(error_create(ERROR_USAGE, "top cannot draw on a terminal of type '%s'",
                                   type ? type : ""),
                      "%s", why),
        "TERM=xterm");
}

static void set_up(bool color)
{
    set_term(terminal);
    cbreak();
    noecho();
    nonl();
    nodelay(stdscr, TRUE);
    keypad(stdscr, TRUE);
    set_escdelay(ESCAPE_MS);
    curs_set(0);
    colored = color && has_colors() && start_color() == OK && use_default_colors() == OK &&
              init_pair(PAIR_ALERT, COLOR_MAGENTA, -1) == OK;
}

struct error *term_open(bool color)
{
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
        return no_terminal();
    // newterm() would say it too, and keep what it has begun.
    const char *type = getenv("TERM");
    if (tgetent(NULL, type ? type : "unknown") <= 0)
        return unusable("nothing is known of it");
    terminal = newterm(NULL, stdout, stdin);
    if (!terminal)
        return unusable("it cannot be opened");
    const char *place = tigetstr("cup");
    if (!place || place == (const char *)-1) {
        term_close();
        return unusable("it cannot place the cursor");
    }
    set_up(color);
    return NULL;
}

void term_close(void)
{
    if (!terminal)
        return;
    endwin();
    delscreen(terminal);
    terminal = NULL;
}

void term_size(unsigned *rows, unsigned *columns)
{
    struct winsize size;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row && size.ws_col &&
        (size.ws_row != LINES || size.ws_col != COLS))
        resizeterm(size.ws_row, size.ws_col);
    *rows = (unsigned)LINES;
    *columns = (unsigned)COLS;
}

static attr_t attributes_of(unsigned look)
{
    return (look & LOOK_BOLD ? A_BOLD : 0) | (look & LOOK_DIM ? A_DIM : 0) |
           (look & LOOK_REVERSE ? A_REVERSE : 0) | (look & LOOK_ALERT && !colored ? A_BOLD : 0);
}

static void show_cell(unsigned row, unsigned column, const struct screen_cell *cell)
{
    const wchar_t text[2] = {(wchar_t)cell->character, 0};
    const short pair = cell->look & LOOK_ALERT && colored ? PAIR_ALERT : 0;
    cchar_t character;
    if (setcchar(&character, text, attributes_of(cell->look), pair, NULL) == OK)
        mvadd_wch((int)row, (int)column, &character);
}

void term_show(const struct screen *screen)
{
    erase();
    for (unsigned row = 0; row < screen->rows; row++)
        for (unsigned column = 0; column < screen->columns; column++) {
            const struct screen_cell *cell = &screen->cells[(size_t)row * screen->columns + column];
            if (cell->character != ' ' || cell->look)
                show_cell(row, column, cell);
        }
    refresh();
}

void term_redraw(void)
{
    clearok(curscr, TRUE);
}

static int translate(int result, wint_t key)
{
    if (result == OK)
        return key == 27                    ? TOP_KEY_ESCAPE
               : key == '\r' || key == '\n' ? TOP_KEY_ENTER
               : key == '\t'                ? TOP_KEY_TAB
               : key == 127 || key == 8     ? TOP_KEY_BACKSPACE
                                            : (int)key;
    switch (key) {
    case KEY_UP:
        return TOP_KEY_UP;
    case KEY_DOWN:
        return TOP_KEY_DOWN;
    case KEY_PPAGE:
        return TOP_KEY_PAGE_UP;
    case KEY_NPAGE:
        return TOP_KEY_PAGE_DOWN;
    case KEY_HOME:
        return TOP_KEY_HOME;
    case KEY_END:
        return TOP_KEY_END;
    case KEY_ENTER:
        return TOP_KEY_ENTER;
    case KEY_BACKSPACE:
        return TOP_KEY_BACKSPACE;
    default:
        return TOP_KEY_NONE;
    }
}

int term_key(int wait_ms, bool *gone)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    wint_t key = 0;
    int result = get_wch(&key);
    if (result == ERR && poll(&input, 1, wait_ms) > 0) {
        *gone = input.revents & (POLLHUP | POLLERR | POLLNVAL) && !(input.revents & POLLIN);
        result = *gone ? ERR : get_wch(&key);
    }
    return result == ERR ? TOP_KEY_NONE : translate(result, key);
}

// ---- the clipboard ----

static void add_base64(const unsigned char *bytes, size_t count, FILE *out)
{
    static const char DIGITS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < count; i += 3) {
        const uint32_t word = (uint32_t)bytes[i] << 16 |
                              (uint32_t)(i + 1 < count ? bytes[i + 1] : 0) << 8 |
                              (uint32_t)(i + 2 < count ? bytes[i + 2] : 0);
        fputc(DIGITS[word >> 18], out);
        fputc(DIGITS[word >> 12 & 63], out);
        fputc(i + 1 < count ? DIGITS[word >> 6 & 63] : '=', out);
        fputc(i + 2 < count ? DIGITS[word & 63] : '=', out);
    }
}

void term_copy(const char *text)
{
    fputs("\033]52;c;", stdout);
    add_base64((const unsigned char *)text, strlen(text), stdout);
    fputs("\a", stdout);
    fflush(stdout);
}
