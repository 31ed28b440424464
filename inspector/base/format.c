#include "inspector/base/format.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

// Three significant digits, and never "1000" where the next unit should have taken over: the caller
// divides until the value is below `next`, and rounding is looked at here.
static void format_three_digits(struct formatted *out, double value, const char *unit)
{
    int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
    snprintf(out->text, sizeof out->text, "%.*f %s", decimals, value, unit);
}

struct formatted format_bytes(uint64_t size_bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    struct formatted out;
    if (size_bytes < 1024) {
        snprintf(out.text, sizeof out.text, "%" PRIu64 " B", size_bytes);
        return out;
    }
    double value = (double)size_bytes;
    unsigned unit = 0;
    while (value >= 1023.5 && unit < 6) {
        value /= 1024;
        unit++;
    }
    format_three_digits(&out, value, units[unit]);
    return out;
}

struct formatted format_count(uint64_t count)
{
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%" PRIu64, count);
    struct formatted out;
    char *to = out.text;
    for (int i = 0; i < length; i++) {
        if (i && (length - i) % 3 == 0)
            *to++ = ',';
        *to++ = digits[i];
    }
    *to = 0;
    return out;
}

struct formatted format_short_count(uint64_t count)
{
    static const char *const units[] = {"", "k", "M", "G", "T", "P", "E"};
    if (count < 10000)
        return format_count(count);
    double value = (double)count;
    unsigned unit = 0;
    while (value >= 999.5 && unit < 6) {
        value /= 1000;
        unit++;
    }
    struct formatted out;
    snprintf(out.text, sizeof out.text, "%.*f %s", value < 99.95 ? 1 : 0, value, units[unit]);
    return out;
}

static uint64_t magnitude(int64_t value)
{
    return value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
}

static struct formatted format_signed(int64_t value, struct formatted unsigned_text)
{
    struct formatted out;
    if (value == 0) {
        snprintf(out.text, sizeof out.text, "%s", ".");
        return out;
    }
    snprintf(out.text, sizeof out.text, "%c%.38s", value < 0 ? '-' : '+', unsigned_text.text);
    return out;
}

struct formatted format_change(int64_t change)
{
    return format_signed(change, format_count(magnitude(change)));
}

struct formatted format_bytes_change(int64_t size_bytes)
{
    return format_signed(size_bytes, format_bytes(magnitude(size_bytes)));
}

struct formatted format_time_ns(uint64_t time_ns)
{
    struct formatted out;
    double value = (double)time_ns;
    if (time_ns < 1000)
        snprintf(out.text, sizeof out.text, "%" PRIu64 " ns", time_ns);
    else if (time_ns < 100000)
        snprintf(out.text, sizeof out.text, "%.*f us", time_ns < 9950 ? 1 : 0, value / 1e3);
    else if (time_ns < 999500000)
        snprintf(out.text, sizeof out.text, "%.*f ms", time_ns < 9995000 ? 2 : 0, value / 1e6);
    else if (time_ns < UINT64_C(119500000000))
        format_three_digits(&out, value / 1e9, "s");
    else {
        uint64_t seconds = (time_ns + 500000000) / UINT64_C(1000000000);
        snprintf(out.text, sizeof out.text, "%" PRIu64 " m %02" PRIu64 " s", seconds / 60,
                 seconds % 60);
    }
    return out;
}

struct formatted format_share(double part, double whole)
{
    struct formatted out;
    double percent = whole != 0 ? 100 * part / whole : 0;
    if (whole == 0)
        snprintf(out.text, sizeof out.text, "%s", "-");
    else if (part > 0 && percent < 0.1)
        snprintf(out.text, sizeof out.text, "%s", "<0.1 %");
    else if (percent >= 99.95)
        snprintf(out.text, sizeof out.text, "%.0f %%", percent);
    else
        snprintf(out.text, sizeof out.text, "%.1f %%", percent);
    return out;
}

struct formatted format_address(uint64_t address)
{
    struct formatted out;
    snprintf(out.text, sizeof out.text, "0x%" PRIx64, address);
    return out;
}

struct formatted format_utc(int64_t unix_seconds)
{
    struct formatted out = {"?"};
    time_t seconds = (time_t)unix_seconds;
    struct tm fields;
    if (gmtime_r(&seconds, &fields))
        strftime(out.text, sizeof out.text, "%Y-%m-%d %H:%M:%S UTC", &fields);
    return out;
}
