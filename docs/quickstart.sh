#!/bin/sh
# The main job from end to end on a fresh Debian 12: installs what is needed, builds, runs a program
# that leaks, attaches to it while it runs, dumps its heap twice and names the leak.
set -eu
cd "$(dirname "$0")/.."
. tests/setup.sh

build=build-release
work=$(mktemp -d)
pid=
finish() {
    [ -z "$pid" ] || kill "$pid" 2>/dev/null || true
    rm -rf "$work"
}
trap finish EXIT INT TERM

echo "== packages"
# shellcheck disable=SC2086
need_packages $build_packages

echo "== build"
cmake --preset release >/dev/null
cmake --build "$build" -j "$(nproc)" --target brille brille-python >"$work/build.log" 2>&1 || {
    tail -n 30 "$work/build.log" >&2
    exit 1
}

echo "== a program that leaks: docs/tour/leak.py"
"$build/brille-python" docs/tour/leak.py &
pid=$!
sleep 2

echo "== attach to it, twice"
echo "\$ brille dump $pid -o before.heap"
"$build/brille" dump "$pid" -o "$work/before.heap"
sleep 3
echo "\$ brille dump $pid -o after.heap"
"$build/brille" dump "$pid" -o "$work/after.heap"
kill -0 "$pid" # it runs on

echo "== what grew, and what keeps it alive"
echo "\$ brille leaks before.heap after.heap"
"$build/brille" leaks "$work/before.heap" "$work/after.heap"

echo "== go on with \"First look\" in README.md, after"
echo "export PATH=$PWD/$build:\$PATH"
