# Sourced by tests/conformance.sh and tests/run.sh: CPython's own test files, unpacked, not
# installed, because the package would bring a newer interpreter and so change the oracle.

suite_folder=".tools/testsuite"

fetch_suite() {
    [ -f "$suite_folder/test/test_grammar.py" ] && return 0
    folder=$(mktemp -d)
    chmod 755 "$folder"
    (cd "$folder" && apt-get -qq download libpython3.11-testsuite >/dev/null 2>&1 &&
        dpkg -x libpython3.11-testsuite_*.deb unpacked) &&
        rm -rf "$suite_folder" &&
        mkdir -p "$suite_folder" &&
        cp -r /usr/lib/python3.11/test "$suite_folder/" &&
        rm -rf "$suite_folder/test/__pycache__" &&
        cp -r "$folder"/unpacked/usr/lib/python3.11/test "$suite_folder/"
    status=$?
    rm -rf "$folder"
    return $status
}
