#!/bin/sh
# CPython's own tests under brille-python, with /usr/bin/python3.11 as the oracle.
#
#   sh tests/conformance.sh                 tiers A and B; writes docs/conformance.md
#   sh tests/conformance.sh --tier C        only tier C (any selection writes nothing)
#   sh tests/conformance.sh test_abc ...    only these files
#   BUILD=build-checked sh tests/conformance.sh ...    with another build
set -eu
cd "$(dirname "$0")/.."
. tests/conformance/fetch.sh
build=${BUILD:-build-release}

fetch_suite || {
    echo "the package libpython3.11-testsuite cannot be downloaded" >&2
    exit 1
}
if [ ! -x "$build/brille-python" ]; then
    cmake --preset "${build#build-}" >/dev/null
    cmake --build "$build" -j "$(nproc)" --target brille-python >/dev/null
fi
exec /usr/bin/python3.11 tests/conformance/compare.py --brille "$build/brille-python" \
    --suite "$suite_folder" "$@"
