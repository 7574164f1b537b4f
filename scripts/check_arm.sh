#!/bin/sh
# Builds the command for ARM (aarch64) on another Linux machine, and restores a picture by it under
# qemu, which has to be that of this machine, to one level.
# Not part of CI: the build takes 10 minutes on two busy cores. Restorations take some hundred times
# as long as here, so the picture is small.
#
# Needs Rust's standard library for ARM, a cross compiler, qemu, and mmdebstrap for the libraries to
# link with, which go to a folder of their own:
#     rustup target add aarch64-unknown-linux-gnu
#     apt-get install gcc-aarch64-linux-gnu g++-aarch64-linux-gnu qemu-user-static mmdebstrap
set -eu
cd "$(dirname "$0")/.."

cargo=${CARGO:-cargo}
target=${CARGO_TARGET_DIR:-$PWD/target}
arm=aarch64-unknown-linux-gnu
root=$target/$arm/root
libraries=$root/usr/lib/aarch64-linux-gnu

for tool in aarch64-linux-gnu-g++ qemu-aarch64-static mmdebstrap; do
    command -v "$tool" >/dev/null || {
        echo "check_arm.sh: $tool is not there; the head of this script says what is needed" >&2
        exit 1
    }
done

# oneDNN for ARM, with what it links. Extracted only: nothing of it is installed here.
if [ ! -e "$libraries/libdnnl.so" ]; then
    rm -rf "$root"
    mkdir -p "$target/$arm"
    mmdebstrap --quiet --arch=arm64 --variant=extract \
        --include=libdnnl-dev,libgomp1,libstdc++6,libc6-dev "${SUITE:-bookworm}" "$root"
fi
# As build.rs wants it, and without the C library, which comes with the compiler.
mkdir -p "$root/dnnl/include" "$root/dnnl/lib"
ln -sfn "$root"/usr/include/dnnl* "$root/usr/include/oneapi" "$root/dnnl/include/"
ln -sfn "$libraries/libdnnl.so" "$root/dnnl/lib/"

export DNNL_ROOT="$root/dnnl"
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUSTFLAGS="-C link-arg=-Wl,-rpath-link,$libraries"
export QEMU_LD_PREFIX="$root"

"$cargo" build -p ddrmjpeg-cli --target "$arm"
"$cargo" build -p ddrmjpeg-cli

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
picture=tests/data/huffman.jpg
for model in nano lean; do
    flags="restore $picture --model $model --precision f32 -o"
    "$target/debug/ddrmjpeg" $flags "$scratch/here.ppm"
    qemu-aarch64-static "$target/$arm/debug/ddrmjpeg" $flags "$scratch/arm.ppm"
    python3 - "$model" "$scratch/here.ppm" "$scratch/arm.ppm" <<'EOF'
import sys

name, *files = sys.argv[1:]
here, arm = (open(file, "rb").read() for file in files)
assert len(here) == len(arm), (len(here), len(arm))
apart = [abs(a - b) for a, b in zip(here, arm)]
print(f"{name}: {sum(map(bool, apart))} of {len(apart)} bytes differ, by {max(apart)} at most")
sys.exit(max(apart) > 1)
EOF
done
