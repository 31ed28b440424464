#!/bin/sh
# Replay equals capture, for every language test and every benchmark program, in one thread and in
# three at once: at three random moments and at exit (tests/replay/replay_captures.c).
#
#   sh tests/replay.sh                   everything, with the release build (made if there is none)
#   sh tests/replay.sh gc bench          only what has one of these words in its path
#   BUILD=build-checked sh tests/replay.sh    with another build
#   SEED=7 ROUNDS=3 sh tests/replay.sh   other moments; each program three times
set -eu
cd "$(dirname "$0")/.."
build=${BUILD:-build-release}
seed=${SEED:-1}
rounds=${ROUNDS:-1}

if [ ! -x "$build/tests/replay_captures" ]; then
    cmake --preset "${build#build-}" >/dev/null
    cmake --build "$build" -j "$(nproc)" >/dev/null
fi

wanted() {
    [ $# -gt 1 ] || return 0
    path=$1
    shift
    for word in "$@"; do
        case $path in *"$word"*) return 0 ;; esac
    done
    return 1
}

runs=0
failed=""
output=$(mktemp)
trap 'rm -f "$output"' EXIT
for program in tests/lang/*/*.py tests/bench/programs/*.py; do
    wanted "$program" "$@" || continue
    for threads in 1 3; do
        round=0
        while [ "$round" -lt "$rounds" ]; do
            runs=$((runs + 1))
            if "$build/tests/replay_captures" --threads "$threads" --seed $((seed + runs)) \
                "$build/brille" "$build/brille-python" "$program" >"$output" 2>&1; then
                printf '%s: %s\n' "$program" "$(tail -n 1 "$output")"
            else
                failed="$failed $program/$threads/seed=$((seed + runs))"
                printf '%s: FAILED\n' "$program"
                cat "$output"
            fi
            round=$((round + 1))
        done
    done
done
if [ -n "$failed" ]; then
    printf '%d runs, these differ:\n' "$runs"
    printf '  %s\n' $failed
    exit 1
fi
echo "$runs runs: the replay equals the capture in each."
