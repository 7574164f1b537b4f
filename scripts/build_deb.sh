#!/bin/sh
# Builds the Debian packages of this tree, for the Debian or Ubuntu that it runs on.
#
# Usage: build_deb.sh [FOLDER]    writes the packages into FOLDER (default: .)
# With TORCH=1 the package ddrmjpeg-torch too, built with the libtorch in LIBTORCH, or in .libtorch of
# scripts/fetch_libtorch.py. It does not hold libtorch.
# Who builds them is their maintainer: DEBFULLNAME and DEBEMAIL, else the author of the last commit,
# which a tarball of source_tarball.sh names.
# Needs debhelper, with TORCH=1 chrpath, and what scripts/install_system.sh installs. Build products
# go to CARGO_TARGET_DIR, if that is set.
set -eu
out=$(realpath "${1:-.}")
cd "$(dirname "$0")/.."

command -v dh >/dev/null || {
    echo "build_deb.sh: debhelper is not installed: apt-get install debhelper" >&2
    exit 1
}

profile=
if [ -n "${TORCH:-}" ]; then
    profile=-Ppkg.ddrmjpeg.torch
    export LIBTORCH="${LIBTORCH:-$PWD/.libtorch/torch}"
    [ -e "$LIBTORCH/lib/libtorch_cpu.so" ] || {
        echo "build_deb.sh: $LIBTORCH holds no lib/libtorch_cpu.so: run scripts/fetch_libtorch.py" >&2
        exit 1
    }
fi

version=$(scripts/version.sh)
if [ -d .git ] || [ -f .git ]; then
    author=$(git log -1 --format='%an <%ae>')
    date=$(git log -1 --format=%cD)
else
    author=$(cat .maintainer)
    date=$(date -R -r .version)
fi
[ -z "${DEBEMAIL:-}" ] || author="${DEBFULLNAME:-The ddrmjpeg contributors} <$DEBEMAIL>"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
tree=$scratch/ddrmjpeg-$version
mkdir "$tree"
# In git the last commit, elsewhere all there is.
if [ -d .git ] || [ -f .git ]; then
    git archive HEAD | tar -x -C "$tree"
    echo "$version" >"$tree/.version"
else
    tar -c --exclude=./target . | tar -x -C "$tree"
fi

cp -r packaging/debian "$tree/debian"
for file in control changelog; do
    sed -e "s/@VERSION@/$version/" -e "s/@DATE@/$date/" -e "s/@MAINTAINER@/$author/" \
        "$tree/debian/$file.in" >"$tree/debian/$file"
    rm "$tree/debian/$file.in"
done

(cd "$tree" && dpkg-buildpackage -b -us -uc $profile)
for package in "$scratch"/*.deb; do
    cp "$package" "$out/"
    echo "$out/$(basename "$package")"
done
