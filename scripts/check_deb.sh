#!/bin/sh
# Builds the Debian packages in a clean root of a release of Debian, without network; installs them
# in another; tries them; removes them; and fails if anything is left.
#
# Usage: check_deb.sh bookworm|trixie [FOLDER]    keeps the packages in FOLDER, if given
# With TORCH=1 the package ddrmjpeg-torch too; LIBTORCH, or .libtorch, is what
# scripts/fetch_libtorch.py has fetched. Build products are kept in CARGO_TARGET_DIR, if that is set.
# As root. Needs mmdebstrap, unshare and Rust by rustup (which the root borrows).
set -eu
suite=${1:?names the release: bookworm, trixie}
out=${2:+$(realpath "$2")}
cd "$(dirname "$0")/.."

mirror=${MIRROR:-http://deb.debian.org/debian}
torch=${TORCH:-}
# The folder with the stamp.
fetched=$(dirname "${LIBTORCH:-$PWD/.libtorch/torch}")
scratch=$(mktemp -d)
build=$scratch/build
clean=$scratch/clean

unmount() {
    for folder in "$build/rust" "$build/cargo" "$build/target" "$build/libtorch" "$build/proc" \
        "$clean/proc"; do
        ! mountpoint -q "$folder" || umount "$folder"
    done
    rm -rf --one-file-system "$scratch"
}
trap unmount EXIT

step() {
    echo "== $suite: $*"
}

root() {
    mmdebstrap --quiet --variant=apt --mode=root --include="$2" "$suite" "$1" "$mirror"
    mount -t proc proc "$1/proc"
}

# lend FOLDER NAME: as that folder of the root to build in.
lend() {
    mkdir -p "$1" "$build/$2"
    mount --bind "$1" "$build/$2"
}

# in_build COMMAND: without network, with the Rust of this machine.
in_build() {
    unshare --net -- chroot "$build" env HOME=/root TMPDIR=/tmp RUSTUP_HOME=/rust CARGO_HOME=/tmp/cargo \
        PATH=/cargo/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 CARGO_TARGET_DIR=/target \
        TORCH="$torch" LIBTORCH=/libtorch/torch \
        DEBFULLNAME="${DEBFULLNAME:-}" DEBEMAIL="${DEBEMAIL:-}" sh -euc "$1"
}

in_clean() {
    chroot "$clean" env HOME=/root TMPDIR=/tmp LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive sh -euc "$1"
}

step "sources"
scripts/source_tarball.sh "$scratch" >"$scratch/name"
tarball=$(cat "$scratch/name")

step "a root to build in"
root "$build" "build-essential,debhelper,chrpath,pkg-config,libdnnl-dev,libgstreamer1.0-dev,libgstreamer-plugins-base1.0-dev,appstream,desktop-file-utils"
mkdir "$build/src" "$build/packages"
lend "$(rustup show home)" rust
lend "${CARGO_HOME:-$HOME/.cargo}" cargo
lend "${CARGO_TARGET_DIR:-$scratch/target}/$suite" target
[ -z "$torch" ] || lend "$fetched" libtorch
tar -C "$build/src" --strip-components=1 -xzf "$tarball"

step "build, without network"
in_build "cd /src && scripts/build_deb.sh /packages"

step "lintian"
if command -v lintian >/dev/null; then
    lintian --fail-on error "$build"/packages/*.deb
else
    echo "lintian is not installed: the packages are not looked at (apt-get install lintian)"
fi

# The project has no homepage yet, of which AppStream of Debian 13 would make a failure.
# The menu of Dolphin is left out: its Type=Service is KDE's own, which the validator refuses.
step "entries for menus and software centres"
in_build '
for deb in /packages/*.deb; do
    dpkg-deb -x "$deb" /unpacked
done
desktop-file-validate /unpacked/usr/share/applications/*.desktop
appstreamcli validate --no-net /unpacked/usr/share/metainfo/*.xml ||
    appstreamcli validate --no-net --override=url-homepage-missing=info /unpacked/usr/share/metainfo/*.xml
'

step "a root to install in"
root "$clean" "gcc,libc6-dev,pkg-config,gstreamer1.0-tools,gstreamer1.0-plugins-base,gstreamer1.0-plugins-good"
mkdir "$clean/try"
cp "$build"/packages/*.deb "$clean/try/"
cp tests/data/*.jpg "$clean/try/"
in_clean "find / -xdev ! -path '/proc/*' ! -path '/try*' ! -path '/var/*' | sort >/try/before"

step "install"
in_clean "apt-get -qq update && apt-get -qq install -y --no-install-recommends /try/*.deb"

step "try"
in_clean '
ddrmjpeg --version
man=$(ls /usr/share/man/man1/ddrmjpeg*.1.gz | wc -l)
[ "$man" -ge 8 ] || { echo "only $man man pages"; exit 1; }
for picture in /try/*.jpg; do
    ddrmjpeg restore "$picture" -o "$picture.png"
done
gst-inspect-1.0 ddrmjpegdec >/dev/null
picture=$(ls /try/*.jpg | head -n 1)
gst-launch-1.0 -q filesrc location="$picture" ! ddrmjpegdec ! pngenc ! filesink location=/try/by_gstreamer.png
[ -s /try/by_gstreamer.png ]
cc -o /try/by_c /usr/share/doc/libddrmjpeg-dev/examples/restore.c $(pkg-config --cflags --libs ddrmjpeg)
/try/by_c "$picture" /try/by_c.ppm
ddrmjpeg restore "$picture" -o /try/by_command.ppm
cmp /try/by_c.ppm /try/by_command.ppm
'

step "try the menus of file managers"
in_clean '
cp "$(ls /try/*.jpg | head -n 1)" "/try/a photo.jpg"
for entry in applications/org.ddrmjpeg.restore kio/servicemenus/ddrmjpeg-dolphin; do
    line=$(grep "^Exec=" /usr/share/$entry.desktop)
    program=${line#Exec=}
    program=${program% %F}
    rm -f /try/*restored*
    "$program" "/try/a photo.jpg"
    [ -s "/try/a photo (restored).png" ]
done
'

# says NUMBER TEXT COMMAND...: in the root, where it must end with that number and say the text.
says() {
    status=$1
    text=$2
    shift 2
    ended=0
    chroot "$clean" env HOME=/root TMPDIR=/tmp LIBTORCH= LC_ALL=C.UTF-8 "$@" >"$scratch/said" 2>&1 || ended=$?
    if [ "$ended" != "$status" ] || { [ "$text" ] && ! grep -qF "$text" "$scratch/said"; }; then
        cat "$scratch/said"
        echo "check_deb.sh: '$*' ended with $ended, not $status, or did not say: $text" >&2
        exit 1
    fi
}

# Writes a published network of the tests, small as it is, and its config into the root.
published_network() {
    python3 - tests/data/golden/net_ddpm.safetensors "$clean/try/net.safetensors" <<'PYTHON'
import json, struct, sys

data = open(sys.argv[1], "rb").read()
end = 8 + struct.unpack("<Q", data[:8])[0]
header, weights, body = {}, json.loads(data[8:end]), b""
for name, entry in weights.items():
    if name.startswith("weights."):
        begun, ended = entry["data_offsets"]
        entry["data_offsets"] = [len(body), len(body) + ended - begun]
        header[name.removeprefix("weights.")] = entry
        body += data[end + begun : end + ended]
text = json.dumps(header).encode()
open(sys.argv[2], "wb").write(struct.pack("<Q", len(text)) + text + body)
PYTHON
    cat >"$clean/try/net.yml" <<'YAML'
model: {type: simple, ch: 32, ch_mult: [1, 2], num_res_blocks: 1, attn_resolutions: [16], image_size: 32}
data: {dataset: x, image_size: 32}
YAML
}

try_torch() {
    program=/usr/libexec/ddrmjpeg/ddrmjpeg-torch
    how="sudo ddrmjpeg-fetch-libtorch"
    picture=/try/huffman.jpg
    step "ddrmjpeg-torch without libtorch"
    says 2 "$how" "$program" --version
    says 2 "$how" ddrmjpeg train --pictures /try --out /try/trained
    says 2 "$how" ddrmjpeg restore "$picture" --device cuda -o /try/by_cuda.png
    says 2 "LIBTORCH=/nowhere holds no" LIBTORCH=/nowhere "$program" --version

    step "ddrmjpeg-torch with libtorch"
    into=$clean/usr/lib/ddrmjpeg/libtorch
    mkdir -p "$into/torch"
    cp -a "$fetched/torch/lib" "$into/torch/"
    cp -a "$fetched/nvidia" "$into/"
    echo "torch==1.0.0" >"$into/stamp"
    says 2 "holds torch==1.0.0" "$program" --version
    says 0 ddrmjpeg LIBTORCH=/usr/lib/ddrmjpeg/libtorch/torch "$program" --version
    cp "$fetched/stamp" "$into/"
    published_network
    network="--model /try/net.safetensors --config /try/net.yml --preset paper --steps 3"
    for flags in "--model lean" "--model nano" "$network"; do
        for name in "$program" ddrmjpeg; do
            # shellcheck disable=SC2086 # flags are several words
            says 0 "" "$name" restore "$picture" --device cpu --precision f32 $flags \
                --overwrite -o "/try/by_${name##*/}.ppm"
        done
        cmp "$clean/try/by_ddrmjpeg-torch.ppm" "$clean/try/by_ddrmjpeg.ppm"
    done
    says 0 "| nano | libtorch | f32 |" \
        ddrmjpeg bench --as-published --networks nano --size 64x48 --rounds 1
}
[ -z "$torch" ] || try_torch

step "remove"
in_clean '
packages=$(for deb in /try/*.deb; do dpkg-deb -f "$deb" Package; done)
apt-get -qq purge -y $packages
apt-get -qq autopurge -y
rm -rf /root/.cache
find / -xdev ! -path "/proc/*" ! -path "/try*" ! -path "/var/*" | sort >/try/after
diff /try/before /try/after || { echo "not what was there before"; exit 1; }
'
[ -z "$out" ] || cp "$build"/packages/*.deb "$out/"
step "passed"
