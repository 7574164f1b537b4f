#!/bin/sh
# Prints the version of this tree: that of Cargo.toml if the commit has its tag, else with the date
# and the commit, so that it sorts before the release (0.1.0~git20260131.0123abc). In an unpacked
# tarball: what that says.
set -eu
cd "$(dirname "$0")/.."

if [ -e .version ]; then
    cat .version
    exit
fi
release=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
if [ "$(git tag --points-at HEAD -l "v$release")" ]; then
    echo "$release"
else
    echo "$release~git$(git log -1 --date=format:%Y%m%d --format=%cd.%h)"
fi
