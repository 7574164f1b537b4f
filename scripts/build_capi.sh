#!/bin/sh
# Builds the C library and installs it under PREFIX (default /usr/local), under DESTDIR if set:
#   include/ddrmjpeg.h, lib/libddrmjpeg.so with its versions, lib/pkgconfig/ddrmjpeg.pc
# (LIBDIR names another folder than lib, such as lib/x86_64-linux-gnu).
# `make capi` calls it after set-up.
#
# Usage: build_capi.sh [--dev]      --dev builds as tests are built, which takes less time.
#
# The soname is named as cargo-c would: libddrmjpeg.so.MAJOR, and before 1.0 libddrmjpeg.so.0.MINOR,
# because each 0.MINOR may break what was.
set -eu
cd "$(dirname "$0")/.."

cargo=${CARGO:-cargo}
prefix=${PREFIX:-/usr/local}
root=${DESTDIR:-}$prefix
lib=${LIBDIR:-lib}
target=${TARGET_DIR:-${CARGO_TARGET_DIR:-$PWD/target}}
profile=release
folder=release
if [ "${1:-}" = --dev ]; then
    profile=dev
    folder=debug
fi

version=$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"$/\1/p' Cargo.toml)
major=${version%%.*}
minor=${version#*.}
minor=${minor%%.*}
case $major in
0) soname=libddrmjpeg.so.0.$minor ;;
*) soname=libddrmjpeg.so.$major ;;
esac

# As root by sudo what was built before is installed: cargo would leave files of root's behind.
if [ -z "${SUDO_USER:-}" ]; then
    "$cargo" rustc --profile "$profile" --target-dir "$target" -p ddrmjpeg-capi --lib \
        --crate-type cdylib -- -C "link-arg=-Wl,-soname,$soname"
elif [ ! -e "$target/$folder/libddrmjpeg_capi.so" ]; then
    echo "build_capi.sh: nothing is built yet: run 'make capi DESTDIR=/tmp/any' first, without sudo" >&2
    exit 1
fi

install -d "$root/include" "$root/$lib/pkgconfig"
install -m 644 capi/include/ddrmjpeg.h "$root/include/ddrmjpeg.h"
install -m 755 "$target/$folder/libddrmjpeg_capi.so" "$root/$lib/libddrmjpeg.so.$version"
ln -sf "libddrmjpeg.so.$version" "$root/$lib/$soname"
ln -sf "$soname" "$root/$lib/libddrmjpeg.so"
cat >"$root/$lib/pkgconfig/ddrmjpeg.pc" <<EOF
prefix=$prefix
libdir=\${prefix}/$lib
includedir=\${prefix}/include

Name: ddrmjpeg
Description: JPEG and MJPEG restoration by diffusion
Version: $version
Libs: -L\${libdir} -lddrmjpeg
Cflags: -I\${includedir}
EOF
echo "installed $root/include/ddrmjpeg.h, $root/$lib/$soname and $root/$lib/pkgconfig/ddrmjpeg.pc"
