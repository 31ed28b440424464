#!/bin/sh
# A short run of a libFuzzer target on its seeds: short.sh TARGET CORPUS [SECONDS]
# What was found in earlier runs stays in CORPUS. The limits are those of fuzz.h.
set -eu
"$1" --seeds "$2"
exec "$1" -max_total_time="${3:-20}" -timeout=10 -rss_limit_mb=2048 -malloc_limit_mb=2048 \
    -max_len=131072 -print_final_stats=1 -verbosity=0 -artifact_prefix="$2-" "$2"
