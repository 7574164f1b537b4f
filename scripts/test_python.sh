#!/bin/sh
# Tests the Python package as it is installed: builds the wheel, installs it into a fresh virtual
# environment and runs python/tests there, which compare with the command. scripts/test.sh calls it.
#
# Usage: test_python.sh [--without-engines] [ARGUMENT...]      of pytest
#        Ray and Daft are installed from PyPI too (0.6 GB), and ddrmjpeg.ray and ddrmjpeg.daft
#        tested with them; --without-engines leaves both out.
#
# DDRMJPEG_CORPUS, where it is set, names a folder of files that are restored or refused too.
set -eu
cd "$(dirname "$0")/.."

extras="[ray,daft]"
if [ "${1:-}" = --without-engines ]; then
    shift
    extras=
    set -- --ignore=test_ray.py --ignore=test_daft.py "$@"
fi
target=${TARGET_DIR:-${CARGO_TARGET_DIR:-$PWD/target}}
folder=$target/python
rm -rf "$folder/tested" "$folder/dev"
scripts/build_wheel.sh --dev "$folder/dev"
python3 -m venv "$folder/tested"
"$folder/tested/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: \
    'numpy' 'pillow' 'pytest' 'mypy' "$(echo "$folder"/dev/ddrmjpeg-*.whl)$extras"

# From a folder of its own, so that `import ddrmjpeg` finds what is installed.
cd python/tests
DDRMJPEG_COMMAND=$target/debug/ddrmjpeg PYTHONDONTWRITEBYTECODE=1 \
    "$folder/tested/bin/python" -m pytest -q -p no:cacheprovider --durations 5 "$@"
