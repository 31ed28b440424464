# Sourced by tests/setup.sh: installs what the tests of exported formats read them with. Nothing
# here is needed to build; what cannot be installed skips its test.

reader_packages="graphviz protobuf-compiler python3-networkx openjdk-17-jdk-headless chromium"
reader_tools=".tools/readers"

install_npm_readers() {
    [ -d "$reader_tools/node_modules/@memlab/core" ] && [ -d "$reader_tools/node_modules/speedscope" ] && return 0
    command -v npm >/dev/null 2>&1 || need_packages npm || return 1
    mkdir -p "$reader_tools"
    cp tests/readers/package.json "$reader_tools/"
    PUPPETEER_SKIP_DOWNLOAD=1 npm install --prefix "$reader_tools" --ignore-scripts --no-audit \
        --no-fund --no-package-lock --loglevel=error >/dev/null
}

# The library alone: the package as a whole brings a desktop application with it.
install_visualvm_reader() {
    [ -f "$reader_tools/jfluid-heap.jar" ] && return 0
    folder=$(mktemp -d)
    (cd "$folder" && apt-get -qq download visualvm >/dev/null 2>&1 && dpkg -x visualvm_*.deb .) &&
        mkdir -p "$reader_tools" &&
        cp "$folder"/usr/share/visualvm/visualvm/modules/org-graalvm-visualvm-lib-jfluid-heap.jar \
            "$reader_tools/jfluid-heap.jar"
    status=$?
    rm -rf "$folder"
    return $status
}

install_readers() {
    # shellcheck disable=SC2086
    need_packages $reader_packages || echo "some readers of exported formats are missing: their tests are skipped" >&2
    install_npm_readers || echo "no memlab and speedscope from npm: their tests are skipped" >&2
    install_visualvm_reader || echo "no heap reader of VisualVM: its test is skipped" >&2
}
