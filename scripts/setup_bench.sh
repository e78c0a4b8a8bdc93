#!/usr/bin/env bash
# Make .venv-bench, where the benchmarks' peers live by themselves: the extra `bench` of pyproject.toml at the versions of constraints.txt.
# AutoGluon comes without its dependencies: its ensemble selection needs few of them, and the rest is large.
set -euo pipefail
cd "$(dirname "$0")/.."
PYTHON=.venv-bench/bin/python
STAMP=.venv-bench/.installed

extra() { .venv/bin/python -c 'import sys, tomllib
for line in tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["bench"]:
    if line.startswith("autogluon") == (sys.argv[1] == "alone"): print(line)' "$1"; }

want=$(cat pyproject.toml constraints.txt "$0" | sha256sum)
if [ "$(cat $STAMP 2>/dev/null)" = "$want" ]; then
    exit 0
fi
printf '==> installing the peers into .venv-bench: 0.6 GB on disk\n'
[ -x $PYTHON ] || .venv/bin/python -m venv .venv-bench
log=$(mktemp)
trap 'rm -f "$log"' EXIT
for way in alone with; do
    mapfile -t packages < <(extra $way)
    options=(--quiet --disable-pip-version-check --constraint constraints.txt)
    [ $way = with ] || options+=(--no-deps)
    if ! $PYTHON -m pip install "${options[@]}" "${packages[@]}" >"$log" 2>&1; then
        cat "$log" >&2
        printf 'setup: some peers could not be installed; the benchmarks will report them as missing\n' >&2
        exit 0
    fi
done
echo "$want" >$STAMP
