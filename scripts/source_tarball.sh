#!/bin/sh
# Makes a tarball that builds without network: the tree of the last commit, and the sources of every
# crate.
#
# Usage: source_tarball.sh [FOLDER]    writes ddrmjpeg-VERSION.tar.gz into FOLDER (default: .)
set -eu
out=$(realpath "${1:-.}")
cd "$(dirname "$0")/.."

version=$(scripts/version.sh)
name=ddrmjpeg-$version
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

mkdir "$scratch/$name"
git archive HEAD | tar -x -C "$scratch/$name"
echo "$version" >"$scratch/$name/.version"
git log -1 --format='%an <%ae>' >"$scratch/$name/.maintainer"
(
    cd "$scratch/$name"
    cargo vendor --quiet --locked --versioned-dirs vendor >/dev/null
    # The tree's own settings stay.
    cat >>.cargo/config.toml <<'SETTINGS'

[source.crates-io]
replace-with = "vendored-sources"

[source.vendored-sources]
directory = "vendor"
SETTINGS
    # Import libraries of Windows: binaries, half of the whole, and nothing here links them.
    find vendor/win* -name '*.a' -delete
)
tar -C "$scratch" --sort=name --owner=0 --group=0 --numeric-owner \
    --mtime="@$(git log -1 --format=%ct)" -czf "$out/$name.tar.gz" "$name"
echo "$out/$name.tar.gz"
