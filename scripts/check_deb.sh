#!/bin/sh
# Builds the Debian packages in a clean root of a release of Debian, without network; installs them
# in another; tries them; removes them; and fails if anything is left.
#
# Usage: check_deb.sh bookworm|trixie [FOLDER]    keeps the packages in FOLDER, if given
# As root. Needs mmdebstrap, unshare and Rust by rustup (which the root borrows).
set -eu
suite=${1:?names the release: bookworm, trixie}
out=${2:+$(realpath "$2")}
cd "$(dirname "$0")/.."

mirror=${MIRROR:-http://deb.debian.org/debian}
scratch=$(mktemp -d)
build=$scratch/build
clean=$scratch/clean

unmount() {
    for folder in "$build/rust" "$build/cargo" "$build/proc" "$clean/proc"; do
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

# in_build COMMAND: without network, with the Rust of this machine.
in_build() {
    unshare --net -- chroot "$build" env HOME=/root RUSTUP_HOME=/rust CARGO_HOME=/tmp/cargo \
        PATH=/cargo/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 \
        DEBFULLNAME="${DEBFULLNAME:-}" DEBEMAIL="${DEBEMAIL:-}" sh -euc "$1"
}

in_clean() {
    chroot "$clean" env HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive sh -euc "$1"
}

step "sources"
scripts/source_tarball.sh "$scratch" >"$scratch/name"
tarball=$(cat "$scratch/name")

step "a root to build in"
root "$build" "build-essential,debhelper,pkg-config,libdnnl-dev,libgstreamer1.0-dev,libgstreamer-plugins-base1.0-dev"
mkdir "$build/rust" "$build/cargo" "$build/src" "$build/packages"
mount --bind "$(rustup show home)" "$build/rust"
mount --bind "${CARGO_HOME:-$HOME/.cargo}" "$build/cargo"
tar -C "$build/src" --strip-components=1 -xzf "$tarball"

step "build, without network"
in_build "cd /src && scripts/build_deb.sh /packages"

step "lintian"
if command -v lintian >/dev/null; then
    lintian --fail-on error "$build"/packages/*.deb
else
    echo "lintian is not installed: the packages are not looked at (apt-get install lintian)"
fi

step "a root to install in"
root "$clean" "gcc,libc6-dev,pkg-config,gstreamer1.0-tools,gstreamer1.0-plugins-base,gstreamer1.0-plugins-good"
mkdir "$clean/try"
cp "$build"/packages/*.deb "$clean/try/"
cp tests/data/*.jpg "$clean/try/"
in_clean "find / -xdev ! -path '/proc/*' ! -path '/try*' ! -path '/var/*' | sort >/try/before"

step "install"
in_clean "apt-get -qq update && apt-get -qq install -y /try/*.deb"

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
