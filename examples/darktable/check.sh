#!/bin/sh
# Loads ddrmjpeg.lua in a darktable without a display and a library of its own, restores one file by
# it, and fails unless the result is imported and grouped with the file.
#
# Usage: check.sh FILE.jpg      with ddrmjpeg on the PATH; needs darktable and xvfb
set -eu
file=$(realpath "$1")
here=$(realpath "$(dirname "$0")")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir -p "$scratch/config/lua"
cp "$here/ddrmjpeg.lua" "$scratch/config/lua/"
# A quote, for the shell's sake.
cp "$file" "$scratch/it's one.jpg"
echo 'require "ddrmjpeg"' >"$scratch/config/luarc"
cat >"$scratch/check.lua" <<EOF
local dt = require "darktable"
local restore = require("ddrmjpeg").restore
local image = dt.database.import("$scratch/it's one.jpg")
local new, reason = restore(image)
print("restored", new and new.filename or reason)
print("grouped", new and new.group_leader.filename)
print("again", select(2, restore(image)))
os.exit(new and new.group_leader == image.group_leader and 0 or 1)
EOF
xvfb-run -a darktable --configdir "$scratch/config" --cachedir "$scratch/cache" \
    --library :memory: --luacmd "dofile('$scratch/check.lua')" >"$scratch/said" 2>&1 || {
    cat "$scratch/said" >&2
    exit 1
}
grep -E '^(restored|grouped|again)' "$scratch/said"
