#!/bin/sh
# Copies what `make build` made to PREFIX (default /usr/local), under DESTDIR if set:
#   bin/ddrmjpeg, lib/gstreamer-1.0/libgstddrmjpeg.so, man pages, completions for shells
# and with TORCH=1 what `make build TORCH=1` made:
#   libexec/ddrmjpeg/ddrmjpeg-torch, lib/ddrmjpeg/ (libtorch).
# Command and plugin find ddrmjpeg-torch, and that finds lib/ddrmjpeg, relative to themselves, so
# PREFIX may be moved whole.
set -eu
cd "$(dirname "$0")/.."

prefix=${PREFIX:-/usr/local}
torch=${TORCH:-}
built=${TARGET_DIR:-${CARGO_TARGET_DIR:-$PWD/target}}/release
libtorch=${LIBTORCH:-$PWD/.libtorch/torch}/lib
root=${DESTDIR:-}$prefix
backend=$root/libexec/ddrmjpeg/ddrmjpeg-torch

# require VARIABLE FILE...: the variable is what `make build` is called with.
require() {
    variable=$1
    shift
    for file in "$@"; do
        [ -e "$file" ] && continue
        echo "install.sh: $file is not there: run 'make build$variable' first" >&2
        exit 1
    done
}

require "" "$built/ddrmjpeg" "$built/libgstddrmjpeg.so"
[ -z "$torch" ] || require " TORCH=1" "$built/ddrmjpeg-torch" "$libtorch/libtorch_cpu.so"

install -d "$root/bin" "$root/lib/gstreamer-1.0"
install -m 755 "$built/ddrmjpeg" "$root/bin/ddrmjpeg"
install -m 755 "$built/libgstddrmjpeg.so" "$root/lib/gstreamer-1.0/libgstddrmjpeg.so"
"$built/ddrmjpeg" man "$root/share/man/man1"
# completion SHELL FOLDER FILE
completion() {
    install -d "$root/share/$2"
    "$built/ddrmjpeg" completions "$1" >"$root/share/$2/$3"
}
completion bash bash-completion/completions ddrmjpeg
completion zsh zsh/vendor-completions _ddrmjpeg
completion fish fish/vendor_completions.d ddrmjpeg.fish
echo "installed $root/bin/ddrmjpeg and $root/lib/gstreamer-1.0/libgstddrmjpeg.so"

if [ -n "$torch" ]; then
    install -d "$root/libexec/ddrmjpeg" "$root/lib/ddrmjpeg"
    install -m 755 "$built/ddrmjpeg-torch" "$backend"
    # The links beside libtorch_cpu.so point into the wheels' folders: copy what they point to.
    for library in "$libtorch"/*.so*; do
        install -m 644 "$library" "$root/lib/ddrmjpeg/"
    done
    echo "installed $backend and libtorch in $root/lib/ddrmjpeg"
elif [ -e "$backend" ]; then
    echo "$backend is of an earlier build, and may not fit: 'make install TORCH=1' replaces it" >&2
fi

searched=$(pkg-config --variable=pluginsdir gstreamer-1.0 2>/dev/null || true)
if [ "$searched" != "$prefix/lib/gstreamer-1.0" ]; then
    echo "GStreamer does not look there by itself. To use the plugin:"
    echo "    export GST_PLUGIN_PATH=$prefix/lib/gstreamer-1.0"
fi
