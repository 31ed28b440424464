# Sourced by tests/run.sh and docs/quickstart.sh: installs what a stock Debian 12 lacks.
# Sets `run_as_root` and installs only what is missing, so that a second run needs no network.

need_packages() {
    missing=""
    for package in "$@"; do
        dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q "install ok installed" ||
            missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" = 0 ]; then
        run_as_root=""
    elif command -v sudo >/dev/null 2>&1; then
        run_as_root="sudo"
    else
        echo "needs these packages, and neither root nor sudo to install them:$missing" >&2
        return 1
    fi
    echo "installing:$missing"
    export DEBIAN_FRONTEND=noninteractive
    $run_as_root apt-get -qq update >/dev/null
    # shellcheck disable=SC2086
    $run_as_root apt-get -qq install -y --no-install-recommends $missing >/dev/null
}

build_packages="gcc libc6-dev make cmake ninja-build pkg-config libelf-dev libunwind-dev
    liblua5.4-dev libsqlite3-dev libzstd-dev libgmp-dev libutf8proc-dev nettle-dev libb2-dev
    zlib1g-dev libncurses-dev libedit-dev
    unicode-data libpython3-stdlib" # the last for the modules that programs import
test_packages="libcmocka-dev python3 clang-format procps tmux lua-check
    python3-greenlet python3-numpy"

. tests/readers/install.sh
