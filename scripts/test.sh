#!/bin/sh
# Runs the tests. `make test` calls it after set-up, .ci/run too.
#
# Usage: test.sh [lean|docs|light|all|corpus]...
#        Without arguments: lean docs light all, and corpus where DDRMJPEG_CORPUS is set.
#   lean    the library without features
#   docs    the examples in the documentation
#   all     library, laboratory and command with libtorch
#   light   command and plugin as they are installed, without libtorch: what they link, whether
#           GStreamer can load the plugin, their tests, and those with ddrmjpeg-torch beside them
#   corpus  the tests named *corpus*, which need the folder that DDRMJPEG_CORPUS names
# cargo-nextest is used where it is installed, else cargo test.
set -eu
cd "$(dirname "$0")/.."

cargo=${CARGO:-cargo}
built=${TARGET_DIR:-${CARGO_TARGET_DIR:-$PWD/target}}/debug
profile=default
[ -z "${CI:-}" ] || profile=ci

# Features are of one call of cargo: the plugin is in none of these, and never has libtorch.
torch="-p ddrmjpeg -p ddrmjpeg-lab -p ddrmjpeg-cli
--features ddrmjpeg/torch,ddrmjpeg-lab/torch,ddrmjpeg-cli/torch"

have_nextest() {
    "$cargo" nextest --version >/dev/null 2>&1
}

# run ARGUMENT...: all tests of these packages, or of one test file.
run() {
    if have_nextest; then
        "$cargo" nextest run --profile "$profile" "$@"
    else
        "$cargo" test "$@"
    fi
}

# run_ignored NAME ARGUMENT...: the ignored tests with NAME in theirs.
run_ignored() {
    name=$1
    shift
    if have_nextest; then
        "$cargo" nextest run --profile "$profile" --run-ignored only --no-tests warn \
            -E "test($name)" "$@"
    else
        "$cargo" test --lib --tests "$@" -- --ignored "$name"
    fi
}

lean() {
    run -p ddrmjpeg
}

docs() {
    "$cargo" test --workspace --doc
}

all() {
    # shellcheck disable=SC2086 # several words
    run $torch
}

# ddrmjpeg-torch first: both are made from one library, and the command has to be the light one when
# its tests run.
light() {
    "$cargo" build -p ddrmjpeg-cli --features torch --bin ddrmjpeg-torch
    "$cargo" build -p gst-plugin-ddrmjpeg
    "$cargo" build -p ddrmjpeg-cli
    links_no_libtorch
    plugin_loads
    run -p gst-plugin-ddrmjpeg
    run -p ddrmjpeg-cli --test without_torch --test command_restore
    DDRMJPEG_TORCH="$built/ddrmjpeg-torch" run_ignored together \
        -p ddrmjpeg-cli --test without_torch
}

corpus() {
    : "${DDRMJPEG_CORPUS:?names the folder of JPEG files}"
    run_ignored corpus --workspace
}

links_no_libtorch() {
    for file in "$built/ddrmjpeg" "$built/libgstddrmjpeg.so"; do
        needed=$(readelf -d "$file" | grep -E 'NEEDED|RUNPATH')
        case $needed in
        *torch* | *c10*) bad="links libtorch" ;;
        *libdnnl*) continue ;;
        *) bad="does not link oneDNN" ;;
        esac
        echo "$file $bad:" >&2
        echo "$needed" >&2
        return 1
    done
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

[ $# -gt 0 ] || set -- lean docs ${DDRMJPEG_CORPUS:+corpus} light all
for part in "$@"; do
    case $part in
    lean | docs | light | all | corpus) ;;
    *)
        echo "test.sh: no part is called '$part': lean, docs, light, all or corpus" >&2
        exit 2
        ;;
    esac
done
for part in "$@"; do
    echo "== tests: $part"
    "$part"
done
