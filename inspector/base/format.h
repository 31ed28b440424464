// Numbers as people read them.
//
// One spelling for the whole tool: binary units with three significant digits (`1.12 GiB`, `922
// KiB`, `80 B`), counts with commas (`1,204,118`), times (`0.70 ms`, `41 ms`, `1.25 s`), shares
// with one decimal (`71.3 %`, `<0.1 %` but never a false `0.0 %`), changes with a sign. JSON and
// TSV output never goes through here: there digits are raw.
//
// Each function returns its text by value, so a call can stand in the argument list of printf:
//     printf("%9s  %s\n", format_bytes(size).text, name);
// The text lives until the end of the full expression.
#ifndef BRILLE_INSPECTOR_BASE_FORMAT_H
#define BRILLE_INSPECTOR_BASE_FORMAT_H

#include <stdint.h>

struct formatted {
    char text[40];
};

struct formatted format_bytes(uint64_t size_bytes);
struct formatted format_count(uint64_t count);
struct formatted format_short_count(uint64_t count);      // "3.0 M", where space forces it
struct formatted format_change(int64_t change);           // "+214,310", "-2", "." for none
struct formatted format_bytes_change(int64_t size_bytes); // "+212 MiB"
struct formatted format_time_ns(uint64_t time_ns);
struct formatted format_share(double part, double whole); // "-" when the whole is 0
struct formatted format_address(uint64_t address);        // 0x7f3a9c0d4e80
struct formatted format_utc(int64_t unix_seconds);        // 2026-11-22 06:14:07 UTC

#endif
