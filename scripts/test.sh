#!/bin/sh
# Runs the tests. `make test` calls it after set-up, .ci/run too.
#
# Usage: test.sh [lean|docs|light|c|python|onnx|all|corpus]...
#        Without arguments: lean docs light c python onnx all, and corpus where DDRMJPEG_CORPUS is set.
#   lean    the library without libtorch
#   docs    the examples in the documentation
#   light   command and plugin as they are installed: what they link, whether GStreamer can load the
#           plugin, every test of the plugin, and what the command does for want of libtorch
#   c       the C library: its functions, and its example against the command
#   python  the Python package as its wheel installs it, against the command; Ray and Daft with it
#   onnx    exported networks by ONNX Runtime, which is fetched from PyPI into the target folder
#   all     every test of library, laboratory and command with libtorch, and of the two programs together
#   corpus  the tests named *corpus*, which need the folder that DDRMJPEG_CORPUS names; those of the
#           Python package are in its own part
# cargo-nextest is used where it is installed, else cargo test.
set -eu
cd "$(dirname "$0")/.."

cargo=${CARGO:-cargo}
profile=default
# Cargo builds all packages of one call with the features that any of them asks for, and the plugin is
# never linked with libtorch: so the two builds are two calls.
torch="-p ddrmjpeg -p ddrmjpeg-lab -p ddrmjpeg-cli
--features ddrmjpeg/torch,ddrmjpeg-lab/torch,ddrmjpeg-cli/torch"
built=${TARGET_DIR:-${CARGO_TARGET_DIR:-$PWD/target}}/debug
[ -z "${CI:-}" ] || profile=ci

have_nextest() {
    "$cargo" nextest --version >/dev/null 2>&1
}

lean() {
    if have_nextest; then
        "$cargo" nextest run --profile "$profile" -p ddrmjpeg
    else
        "$cargo" test -p ddrmjpeg --lib --bins --tests
    fi
}

docs() {
    "$cargo" test --workspace --doc
}

light() {
    "$cargo" build --workspace
    links_no_libtorch "$built/ddrmjpeg"
    links_no_libtorch "$built/libgstddrmjpeg.so"
    plugin_loads
    if have_nextest; then
        "$cargo" nextest run --profile "$profile" -p gst-plugin-ddrmjpeg
        "$cargo" nextest run --profile "$profile" -p ddrmjpeg-cli --test without_torch
    else
        "$cargo" test -p gst-plugin-ddrmjpeg --lib --bins --tests --examples
        "$cargo" test -p ddrmjpeg-cli --test without_torch
    fi
}

onnx() {
    if have_nextest; then
        "$cargo" nextest run --profile "$profile" -p ddrmjpeg-cli --test onnx_runtime --run-ignored all
    else
        "$cargo" test -p ddrmjpeg-cli --test onnx_runtime -- --include-ignored
    fi
}

# shellcheck disable=SC2086 # $torch is several words
all() {
    if have_nextest; then
        "$cargo" nextest run --profile "$profile" $torch
    else
        "$cargo" test $torch --lib --bins --tests --examples
    fi
    together
}

c() {
    "$cargo" test -p ddrmjpeg-capi
    "$cargo" build --workspace
    scripts/test_capi.sh
}

python() {
    "$cargo" build --workspace
    scripts/test_python.sh
}

# The command without libtorch, with the real ddrmjpeg-torch.
together() {
    "$cargo" build -p ddrmjpeg-cli --features torch --bin ddrmjpeg-torch
    if have_nextest; then
        DDRMJPEG_TORCH=$built/ddrmjpeg-torch "$cargo" nextest run --profile "$profile" \
            -p ddrmjpeg-cli --test without_torch --run-ignored only
    else
        DDRMJPEG_TORCH=$built/ddrmjpeg-torch "$cargo" test -p ddrmjpeg-cli --test without_torch -- --ignored
    fi
}

# shellcheck disable=SC2086
corpus() {
    : "${DDRMJPEG_CORPUS:?names the folder of JPEG files}"
    if have_nextest; then
        "$cargo" nextest run --profile "$profile" $torch --run-ignored only --no-tests warn \
            -E 'test(corpus)'
        "$cargo" nextest run --profile "$profile" -p gst-plugin-ddrmjpeg --run-ignored only \
            --no-tests warn -E 'test(corpus)'
    else
        "$cargo" test $torch --lib --tests -- --ignored corpus
        "$cargo" test -p gst-plugin-ddrmjpeg --lib --tests -- --ignored corpus
    fi
}

# links_no_libtorch FILE: it needs oneDNN, and neither it nor what it needs is a part of libtorch.
links_no_libtorch() {
    needed=$(readelf -d "$1" | grep NEEDED)
    all=$(env -u LD_LIBRARY_PATH ldd "$1")
    case $needed in
    *libdnnl.so*) ;;
    *)
        printf '%s does not need libdnnl:\n%s\n' "$1" "$needed" >&2
        return 1
        ;;
    esac
    case $needed$all in
    *libtorch* | *libc10*)
        printf '%s needs libtorch:\n%s\n%s\n' "$1" "$needed" "$all" >&2
        return 1
        ;;
    esac
}

# A plugin that cannot be opened is blacklisted in silence; the tests link it statically and
# would not notice. So GStreamer itself is asked, with a registry of its own.
plugin_loads() {
    scratch=$(mktemp -d)
    status=0
    env -u LD_LIBRARY_PATH GST_PLUGIN_PATH="$built" GST_REGISTRY="$scratch/registry" \
        gst-inspect-1.0 ddrmjpeg >"$scratch/about" || status=$?
    if [ "$status" != 0 ]; then
        echo "gst-inspect-1.0 does not find the element ddrmjpeg in $built; its blacklist:" >&2
        GST_REGISTRY="$scratch/registry" GST_PLUGIN_PATH="$built" gst-inspect-1.0 --print-blacklist >&2
        readelf -d "$built/libgstddrmjpeg.so" | grep -E 'NEEDED|RUNPATH' >&2
    fi
    rm -r "$scratch"
    return "$status"
}

[ $# -gt 0 ] || set -- lean docs light c python onnx ${DDRMJPEG_CORPUS:+corpus} all
for part in "$@"; do
    case $part in
    lean | docs | light | c | python | onnx | all | corpus) ;;
    *)
        echo "test.sh: no part is called '$part': lean, docs, light, c, python, onnx, all or corpus" >&2
        exit 2
        ;;
    esac
done
for part in "$@"; do
    echo "== tests: $part"
    "$part"
done
