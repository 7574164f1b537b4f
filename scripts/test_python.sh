#!/bin/sh
# Tests the Python package as it is installed: builds the wheel, installs it into a fresh virtual
# environment and runs python/tests there, which compare with the command. scripts/test.sh calls it.
#
# Usage: test_python.sh [--without-engines] [ARGUMENT...]      of pytest
#        Ray, Daft and WebDataset are installed from PyPI too (0.6 GB), and what they do with the
#        package and the command is tested; --without-engines leaves them out.
#
# DDRMJPEG_CORPUS, where it is set, names a folder of files that are restored or refused too.
set -eu
cd "$(dirname "$0")/.."

extras="[ray,daft]" webdataset=webdataset
if [ "${1:-}" = --without-engines ]; then
    shift
    extras='' webdataset=''
    set -- --ignore=test_ray.py --ignore=test_daft.py --ignore=test_webdataset.py "$@"
fi
target=${TARGET_DIR:-${CARGO_TARGET_DIR:-$PWD/target}}
folder=$target/python
rm -rf "$folder/tested" "$folder/dev"
scripts/build_wheel.sh --dev "$folder/dev"
python3 -m venv "$folder/tested"
# shellcheck disable=SC2086 # $webdataset is a word or none
"$folder/tested/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: \
    'numpy' 'pillow' 'pytest' 'mypy' $webdataset "$(echo "$folder"/dev/ddrmjpeg-*.whl)$extras"

# From a folder of its own, so that `import ddrmjpeg` finds what is installed.
cd python/tests
DDRMJPEG_COMMAND=$target/debug/ddrmjpeg PYTHONDONTWRITEBYTECODE=1 \
    "$folder/tested/bin/python" -m pytest -q -p no:cacheprovider --durations 5 "$@"
