#!/bin/sh
# Tests the C library as a C program uses it: installed into a folder of its own, found by
# pkg-config, and the example compared with the command, byte for byte. Then the same under
# AddressSanitizer, and under valgrind where that is installed. scripts/test.sh calls it.
set -eu
cd "$(dirname "$0")/.."

target=${TARGET_DIR:-${CARGO_TARGET_DIR:-$PWD/target}}
command=$target/debug/ddrmjpeg
scratch=$(mktemp -d)
trap 'rm -r "$scratch"' EXIT
failed=0

fail() {
    echo "test_capi.sh: $*" >&2
    failed=1
}

# The example as a program. Usage: compile NAME FLAG...
compile() {
    name=$1
    shift
    # shellcheck disable=SC2046 # flags are several words
    cc -std=c11 -Wall -Wextra -Wpedantic -Werror "$@" capi/examples/restore.c -o "$scratch/$name" \
        $(pkg-config --define-variable=prefix="$scratch" --cflags --libs ddrmjpeg)
}

# The example picture as a JPEG of that format of pixels. Usage: make_jpeg FORMAT FILE
make_jpeg() {
    gst-launch-1.0 -q filesrc location=examples/pictures/coffee.png ! pngdec ! videoconvert \
        ! "video/x-raw,format=$1" ! jpegenc quality=30 ! filesink location="$2"
}

# Runs the example and compares it with what the command wrote. Usage: same FILE PROGRAM...
same() {
    file=$1
    shift
    "$@" "$file" "$scratch/out.pnm" model nano >"$scratch/log" 2>&1 || {
        cat "$scratch/log" >&2
        fail "$1 of $file"
        return
    }
    cmp "$scratch/out.pnm" "$scratch/$(basename "$file").pnm" || fail "$1 of $file: other bytes"
}

PREFIX=$scratch DESTDIR='' TARGET_DIR=$target scripts/build_capi.sh --dev
export PKG_CONFIG_PATH=$scratch/lib/pkgconfig LD_LIBRARY_PATH=$scratch/lib

soname=$(readelf -d "$scratch/lib/libddrmjpeg.so" | sed -n 's/.*soname: \[\(.*\)\]/\1/p')
[ -e "$scratch/lib/$soname" ] || fail "the soname '$soname' is no file"
others=$(nm -D --defined-only "$scratch/lib/libddrmjpeg.so" | awk '{print $3}' | grep -v '^ddrmjpeg_' || true)
[ -z "$others" ] || fail "symbols that are not in the header:" $others

files="tests/data/huffman.jpg tests/data/restart_markers.jpg tests/data/arithmetic_progressive.jpg
$scratch/grey.jpg $scratch/photo.jpg"
make_jpeg I420 "$scratch/photo.jpg"
make_jpeg GRAY8 "$scratch/grey.jpg"
for file in $files; do
    "$command" restore "$file" -o "$scratch/$(basename "$file").pnm" --model nano --orient keep
done

compile plain
for file in $files; do
    same "$file" "$scratch/plain"
done
if "$scratch/plain" README.md "$scratch/no.pnm" 2>"$scratch/log"; then
    fail "README.md was restored"
fi
grep -q 'not a JPEG' "$scratch/log" || fail "the message on README.md: $(cat "$scratch/log")"

compile checked -g -fsanitize=address,undefined -fno-sanitize-recover=all
for file in $files; do
    same "$file" "$scratch/checked"
done

# The header is one of C++ too.
c++ -std=c++11 -Wall -Wextra -Wpedantic -Werror -fsyntax-only -x c++ capi/include/ddrmjpeg.h ||
    fail "the header in C++"

# Of a small file, since every instruction is translated; in f32, because valgrind's processor has
# no arithmetic of eight or sixteen bits for oneDNN to use.
if command -v valgrind >/dev/null; then
    valgrind --quiet --error-exitcode=9 --leak-check=full --show-leak-kinds=definite \
        --errors-for-leak-kinds=definite "$scratch/plain" tests/data/huffman.jpg \
        "$scratch/out.pnm" model nano precision f32 || fail "valgrind"
else
    echo "test_capi.sh: valgrind is not installed: that part is left out" >&2
fi
exit "$failed"
