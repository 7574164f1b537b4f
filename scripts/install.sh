#!/bin/sh
# Copies what `make build` made to PREFIX (default /usr/local), under DESTDIR if set:
#   bin/ddrmjpeg, lib/gstreamer-1.0/libgstddrmjpeg.so
# and with TORCH=1
#   libexec/ddrmjpeg/ddrmjpeg-torch, lib/ddrmjpeg/ (libtorch).
# Command and plugin find ddrmjpeg-torch, and that finds lib/ddrmjpeg, relative to themselves, so
# PREFIX may be moved whole.
set -eu
cd "$(dirname "$0")/.."

prefix=${PREFIX:-/usr/local}
built=${TARGET_DIR:-${CARGO_TARGET_DIR:-$PWD/target}}/release
libtorch=${LIBTORCH:-$PWD/.libtorch/torch}/lib
root=${DESTDIR:-}$prefix

# need TARGET FILE...: files that `make TARGET` makes.
need() {
    target=$1
    shift
    for file in "$@"; do
        [ -e "$file" ] && continue
        echo "install.sh: $file is not there: run 'make $target' first" >&2
        exit 1
    done
}

need build "$built/ddrmjpeg" "$built/libgstddrmjpeg.so"
[ -z "${TORCH:-}" ] || need "build TORCH=1" "$built/ddrmjpeg-torch" "$libtorch/libtorch_cpu.so"

install -d "$root/bin" "$root/lib/gstreamer-1.0"
install -m 755 "$built/ddrmjpeg" "$root/bin/ddrmjpeg"
install -m 755 "$built/libgstddrmjpeg.so" "$root/lib/gstreamer-1.0/libgstddrmjpeg.so"
echo "installed $root/bin/ddrmjpeg and $root/lib/gstreamer-1.0/libgstddrmjpeg.so"

if [ -n "${TORCH:-}" ]; then
    install -d "$root/libexec/ddrmjpeg" "$root/lib/ddrmjpeg"
    install -m 755 "$built/ddrmjpeg-torch" "$root/libexec/ddrmjpeg/ddrmjpeg-torch"
    # The links beside libtorch_cpu.so point into the wheels' folders: copy what they point to.
    for library in "$libtorch"/*.so*; do
        install -m 644 "$library" "$root/lib/ddrmjpeg/"
    done
    echo "installed $root/libexec/ddrmjpeg/ddrmjpeg-torch and libtorch in $root/lib/ddrmjpeg"
elif [ -e "$root/libexec/ddrmjpeg/ddrmjpeg-torch" ]; then
    # Of another build it would refuse to work with the new command.
    echo "$root/libexec/ddrmjpeg/ddrmjpeg-torch is of an earlier installation: make install TORCH=1 renews it"
fi
searched=$(pkg-config --variable=pluginsdir gstreamer-1.0 2>/dev/null || true)
if [ "$searched" != "$prefix/lib/gstreamer-1.0" ]; then
    echo "GStreamer does not look there by itself. To use the plugin:"
    echo "    export GST_PLUGIN_PATH=$prefix/lib/gstreamer-1.0"
fi
