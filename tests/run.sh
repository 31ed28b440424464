#!/bin/sh
# Passes the tests, doing all the set-up: installs packages, builds, runs ctest.
#
#   sh tests/run.sh                 the release configuration, all tests (what CI runs first)
#   sh tests/run.sh PRESET [ARGS]   another preset (asan-ubsan, checked, gcstress, tsan,
#                                   oom-sweep, dev)
#   sh tests/run.sh ci              release, then the hostile presets (README.md says which tests)
set -eu
cd "$(dirname "$0")/.."
. tests/setup.sh
. tests/conformance/fetch.sh

jobs=$(nproc)

run_preset() {
    preset=$1
    shift
    echo "== $preset"
    cmake --preset "$preset" -DBRILLE_WERROR=ON >/dev/null
    cmake --build "build-$preset" -j "$jobs" | grep -E "warning|error|FAILED" || true
    cmake --build "build-$preset" -j "$jobs" >/dev/null
    # Hosts of virtual machines stop them for moments in which no test of live processes can be
    # right: a failure is shown, and the test gets one more try.
    (cd "build-$preset" && ctest --output-on-failure --repeat until-pass:2 -j "$jobs" "$@")
}

# shellcheck disable=SC2086
need_packages $build_packages $test_packages
install_readers
fetch_suite || echo "no test suite of CPython: ctest -L conformance is skipped" >&2
case "${1:-release}" in
ci)
    run_preset release
    run_preset gcstress -L "lang|unit|replay"
    run_preset tsan -L "threads"
    run_preset oom-sweep -L "oom"
    run_preset checked
    run_preset asan-ubsan
    ;;
*)
    preset=${1:-release}
    [ $# -gt 0 ] && shift
    run_preset "$preset" "$@"
    ;;
esac
