#!/bin/sh
# Installs the Debian or Ubuntu packages that building and running need, with sudo if not root.
# When all are there it does nothing: no network, no password.
#
# Usage: install_system.sh [--list]      --list prints the missing packages and installs nothing.
set -eu

# To build: compiler, pkg-config, oneDNN, GStreamer's headers. To fetch libtorch: pip, certificates.
# To run: gst-launch-1.0, and the elements of the examples (videotestsrc and compositor are in
# base, jpegdec, pngdec, v4l2src, HTTP, RTP, AVI and Matroska in good, jpegparse in bad before
# GStreamer 1.24; openh264enc, hlssink2 and mpegtsmux of the media servers are in bad too). libav for
# avdec_mjpeg, in tests: a decoder that keeps all of the chroma. python3-gi and the RTSP server's
# introspection data for examples/pipelines/rtsp_server.py. venv for the Python wheel and its tests.
packages="build-essential pkg-config ca-certificates python3 python3-pip python3-venv
libdnnl-dev libgstreamer1.0-dev libgstreamer-plugins-base1.0-dev gstreamer1.0-tools
gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad
gstreamer1.0-libav python3-gi gir1.2-gst-rtsp-server-1.0"

rust_needed=1.95

fail() {
    echo "install_system.sh: $*" >&2
    exit 1
}

# A Python or pip of the user's own (pyenv, conda) does as well as the package.
is_there() {
    case $1 in
    python3) command -v python3 >/dev/null ;;
    python3-pip) python3 -m pip --version >/dev/null 2>&1 ;;
    python3-venv) python3 -c 'import ensurepip' 2>/dev/null ;;
    *) [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ] ;;
    esac
}

list_missing() {
    for package in $packages; do
        is_there "$package" || echo "$package"
    done
}

require_debian() {
    command -v dpkg-query >/dev/null && command -v apt-get >/dev/null && return
    fail "this is not Debian or Ubuntu. Install by hand what these packages hold," \
        "then use cargo directly (README, \"Other systems\"):" $packages
}

require_rust() {
    command -v cargo >/dev/null && command -v rustc >/dev/null ||
        fail "cargo and rustc $rust_needed or newer are needed, and none is on the PATH: install Rust by rustup"
    found=$(rustc --version | cut -d' ' -f2)
    oldest=$(printf '%s\n%s\n' "$rust_needed" "$found" | sort -V | head -n 1)
    [ "$oldest" = "$rust_needed" ] ||
        fail "rustc $found is too old: $rust_needed or newer is needed (rustup update)"
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        env DEBIAN_FRONTEND=noninteractive "$@"
    elif command -v sudo >/dev/null; then
        sudo env DEBIAN_FRONTEND=noninteractive "$@"
    else
        fail "neither root nor sudo. Have an administrator install:" $missing
    fi
}

require_rust
require_debian
missing=$(list_missing)
if [ "${1:-}" = --list ]; then
    echo "$missing"
    exit 0
fi
[ -n "$missing" ] || exit 0

echo "installing:" $missing
as_root apt-get update -q
as_root apt-get install -q -y --no-install-recommends $missing
missing=$(list_missing)
[ -z "$missing" ] || fail "apt-get ended well, but these are still missing:" $missing
