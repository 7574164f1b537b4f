#!/bin/sh
# Fetches libtorch into .libtorch/, unless LIBTORCH names one that is already there. Only
# ddrmjpeg-torch needs it.
#
# Usage: fetch_libtorch.sh [--cuda]
set -eu
cd "$(dirname "$0")/.."

if [ -n "${LIBTORCH:-}" ]; then
    [ -e "$LIBTORCH/lib/libtorch_cpu.so" ] && exit 0
    echo "LIBTORCH=$LIBTORCH holds no lib/libtorch_cpu.so: unset it, or name a libtorch 2.13.0" >&2
    exit 1
fi
exec python3 scripts/fetch_libtorch.py "$@"
