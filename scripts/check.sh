#!/bin/sh
# Everything that can be said of the code without running it. All steps run; the status tells
# whether any failed. `make check` calls it after set-up, .ci/run too.
set -u
cd "$(dirname "$0")/.."

cargo=${CARGO:-cargo}
torch=ddrmjpeg/torch,ddrmjpeg-lab/torch,ddrmjpeg-cli/torch
failed=""

step() {
    name=$1
    shift
    echo "== check: $name"
    "$@" || failed="$failed, $name"
}

clippy() {
    "$cargo" clippy --quiet --all-targets "$@" -- -D warnings
}

# A workspace of its own, for which --all and --workspace do not stand.
python_format() {
    "$cargo" fmt --manifest-path python/Cargo.toml --check
}

docs() {
    RUSTDOCFLAGS="-D warnings" "$cargo" doc --quiet --workspace --no-deps
}

# Of the pages that `docs` has just written.
public_interface() {
    python3 scripts/public_api.py
}

# Advisories need a database from the network, so they are not part of this.
licences() {
    if "$cargo" deny --version >/dev/null 2>&1; then
        "$cargo" deny --all-features check licenses bans sources
    else
        echo "cargo-deny is not installed: licences are not checked (cargo install cargo-deny)"
    fi
}

# Each script by the interpreter that its first line names; modules of Python by their name.
scripts_parse() {
    status=0
    for script in $(find scripts examples packaging/desktop python/ddrmjpeg python/tests .ci -type f | sort); do
        case $script:$(head -c 64 "$script" | head -n 1 | tr -d '\0') in
        *:'#!/bin/sh') sh -n "$script" || status=1 ;;
        *:'#!'*bash) bash -n "$script" || status=1 ;;
        *.py:* | *:'#!'*python3) python3 -c 'import ast, sys; ast.parse(open(sys.argv[1]).read(), sys.argv[1])' "$script" || status=1 ;;
        esac
    done
    return "$status"
}

step "format" "$cargo" fmt --all --check
step "format, Python's extension module" python_format
step "scripts" scripts_parse
step "clippy, all without libtorch" clippy --workspace
step "clippy, the library alone" clippy -p ddrmjpeg
step "clippy, the library with fetch" clippy -p ddrmjpeg --features fetch
step "clippy, the library with image" clippy -p ddrmjpeg --features image
step "clippy, Python's extension module" clippy --manifest-path python/Cargo.toml
step "clippy, the library with libtorch" clippy -p ddrmjpeg --features torch
step "clippy, all that is built with libtorch" clippy -p ddrmjpeg -p ddrmjpeg-lab -p ddrmjpeg-cli --features "$torch"
step "documentation" docs
step "public interface" public_interface
step "licences" licences

if [ -n "$failed" ]; then
    echo "FAILED: ${failed#, }" >&2
    exit 1
fi
echo "all checks passed"
